"""The estimate of memory against the true peak of a run: figure 5 of the hardening notes.

`python benchmarks/memory.py [--fresh] [--only METHOD]`: each configuration in a process of its own, which reads a file
as the command line does. The peak is that of the whole process, interpreter and libraries included, as the estimate is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile

from common import record

# method, words of the configuration, how the arrays are made (rng, np -> name: array), more options of `fit`
SAMPLES = "dict(x=rng.standard_normal(({n}, {d})))"
LABELLED = (
    "dict(x=(x := rng.standard_normal(({n}, {d}))), "
    "y=x[:, :{c}] * np.linspace(2, 0.5, {c}) + rng.standard_normal(({n}, {c})))"
)
SQUARES = "dict(x=(x := rng.standard_normal(({n}, {d}))), y=(x**2).sum(1) + .1 * rng.standard_normal({n}))"
PAIRS = "made('vectors-so3', {n})"
IMAGES = "made('rotated-images', {n})"
CONFIGURATIONS = [
    ("covariance", SAMPLES, {"n": 2000, "d": 5}, []),
    ("covariance", SAMPLES, {"n": 500000, "d": 20}, []),
    ("covariance", SAMPLES, {"n": 50000, "d": 200}, []),
    ("covariance", SAMPLES, {"n": 4000, "d": 800}, []),
    ("covariance", SAMPLES, {"n": 3000, "d": 1500}, []),
    ("covariance", LABELLED, {"n": 3000, "d": 5, "c": 3}, []),
    ("covariance", LABELLED, {"n": 200000, "d": 20, "c": 10}, []),
    ("covariance", LABELLED, {"n": 20000, "d": 100, "c": 3}, []),
    ("covariance", LABELLED, {"n": 5000, "d": 250, "c": 2}, []),
    ("moments", SAMPLES, {"n": 3000, "d": 3}, []),
    ("moments", SAMPLES, {"n": 400000, "d": 3}, []),
    ("moments", SAMPLES, {"n": 20000, "d": 6}, []),
    ("moments", SAMPLES, {"n": 20000, "d": 10}, []),
    ("moments", SAMPLES, {"n": 4000, "d": 8}, []),
    ("function", SQUARES, {"n": 1000, "d": 3}, ["--set", "function.model=polynomial"]),
    ("function", SQUARES, {"n": 4000, "d": 5}, ["--set", "function.model=kernel"]),
    ("function", SQUARES, {"n": 20000, "d": 5}, ["--set", "function.model=polynomial"]),
    ("function", SQUARES, {"n": 100000, "d": 10}, ["--set", "function.model=polynomial"]),
    ("function", SQUARES, {"n": 2000, "d": 8}, ["--set", "function.model=mlp"]),
    ("lconv", PAIRS, {"n": 500}, ["--generators", "3"]),
    ("lconv", PAIRS, {"n": 20000}, ["--generators", "3", "--set", "lconv.folds=2"]),
    ("lconv", IMAGES, {"n": 500}, ["--generators", "1"]),
    ("lconv", IMAGES, {"n": 5000}, ["--generators", "1"]),
    ("lconv", "made('warped-images', {n})", {"n": 100}, ["--candidates", "grid"]),
    ("noether", "made('oscillator', {n})", {"n": 30}, []),
    ("noether", "made('oscillator', {n})", {"n": 1000}, []),
    ("noether", "made('double-spring-pendulum', {n})", {"n": 60}, ["--candidates", "shared:3"]),
    ("noether", "made('complex-phi4', {n})", {"n": 4}, []),
    ("noether", "made('wave', {n})", {"n": 40}, []),
    ("noether", "made('klein-gordon-2d', {n})", {"n": 3}, []),
]
# Configurations on which no estimate was tuned.
FRESH = [
    ("covariance", SAMPLES, {"n": 100000, "d": 60}, []),
    ("covariance", LABELLED, {"n": 40000, "d": 40, "c": 5}, []),
    ("moments", SAMPLES, {"n": 60000, "d": 5}, []),
    ("moments", SAMPLES, {"n": 8000, "d": 7}, []),
    ("function", SQUARES, {"n": 3000, "d": 4}, []),
    ("function", SQUARES, {"n": 12000, "d": 6}, ["--set", "function.model=kernel"]),
    ("function", SQUARES, {"n": 40000, "d": 7}, ["--set", "function.model=polynomial"]),
    ("lconv", "made('warped-images', {n})", {"n": 500}, ["--candidates", "grid"]),
    ("lconv", "made('vectors-so2', {n})", {"n": 3000}, ["--generators", "1"]),
    ("noether", "made('kepler', {n})", {"n": 100}, []),
    ("noether", "made('wave', {n})", {"n": 10}, []),
]

CHILD = """
import contextlib, io, json, resource, subprocess, sys
import numpy as np
from pathlib import Path
recipe, method, more, folder = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), Path(sys.argv[4])
file = folder / "data.h5"
if sys.argv[5:] == ["make"]:
    from symdisc.problems.files import save
    from symdisc.problems.registry import make
    import h5py
    rng = np.random.default_rng(0)
    def made(name, n):
        save(make(name, 0, n), file)
        return {}
    arrays = eval(recipe)
    if arrays:
        with h5py.File(file, "w") as new:
            for name, value in arrays.items():
                new[name] = value
            new.attrs["kind"] = np.bytes_(b"labelled" if "y" in arrays else b"samples")
    sys.exit()
from symdisc.cli.common import read_settings
from symdisc.data import open_dataset
from symdisc.discover.registry import get
from symdisc.cli.main import run
words = ["fit", str(file), "--method", method, "--no-plots", "-q", "-o", str(folder / "out"), "--force", *more]
with open_dataset([file]) as data:
    from symdisc.discover import Settings
    options = dict(word.split("=") for word in more if "=" in word)
    named = dict(zip(more[::2], more[1::2]))
    count = named.get("--generators")
    settings = Settings(candidates=named.get("--candidates"), generators=int(count) if count else None, options=options)
    estimate = max(get(method).estimate(data, settings)[0], data.read_bytes)
sys.argv = ["symdisc", *words]
try:
    run()
except SystemExit as end:
    code = end.code
# In kB; of this process alone, since the children that read attributes are small.
print(json.dumps([int(estimate), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, code]))
"""


def measured(method: str, recipe: str, sizes: dict[str, int], more: list[str]) -> tuple[int, int, int]:
    """Estimate and peak in bytes, and the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-c", CHILD, recipe.format(**sizes), method, json.dumps(more), folder]
        subprocess.run([*words, "make"], check=True)
        done = subprocess.run(words, capture_output=True, text=True)
        if not done.stdout:
            raise RuntimeError(done.stderr)
        estimate, peak, code = json.loads(done.stdout.splitlines()[-1])
    return estimate, peak, code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one method")
    parser.add_argument("--fresh", action="store_true", help="configurations on which no estimate was tuned")
    given = parser.parse_args()
    only = given.only
    rows: list[list[object]] = []
    inside = 0
    for method, recipe, sizes, more in FRESH if given.fresh else CONFIGURATIONS:
        if only in (None, method):
            estimate, peak, code = measured(method, recipe, sizes, more)
            what = (
                recipe.format(**sizes) if recipe.startswith("made") else ", ".join(f"{k}={v}" for k, v in sizes.items())
            )
            ratio = estimate / peak
            inside += 0.5 <= ratio <= 1.2
            rows.append([method, what, f"{estimate / 1e6:.0f}", f"{peak / 1e6:.0f}", f"{ratio:.2f}", code])
            print(rows[-1], flush=True)
    header = ["method", "data", "estimate, MB", "peak, MB", "estimate / peak", "exit"]
    name = "_".join(["memory", *(["fresh"] if given.fresh else []), *([only] if only else [])])
    record(name, "Memory: estimate and true peak", header, rows, f"{inside} of {len(rows)} within [0.5, 1.2].")


if __name__ == "__main__":
    main()
