"""The same run again: bytes at one number of threads, angles between two numbers.

`python benchmarks/determinism.py [--runs 20]`: every run in half of the cases in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

import numpy as np
from common import record

from symdisc.algebra import principal_angles

CASES = ("covariance", "labelled", "moments", "noether", "function", "lconv")
CHILD = """
import hashlib, json, sys
import numpy as np, symdisc
from symdisc.atomic import npz_bytes
from symdisc.data import from_arrays
from symdisc.problems.registry import make
rng = np.random.default_rng(0)
x = rng.standard_normal((20000, 40)) @ rng.standard_normal((40, 40))
def labelled():
    made = make("equal-correlations", 0, 5000)
    return from_arrays(made.arrays["x"], made.arrays["y"], kind="labelled"), {"method": "covariance"}
def runs():
    made = make("oscillator", 0, 40, noise=0.01)
    data = from_arrays(made.arrays["x"], kind="trajectory", axes="ntv")
    data.dt = made.attributes["dt"]
    return data, {"candidates": "linear"}
def function():
    made = make("lorentz", 0, 2000)
    return from_arrays(made.arrays["x"], made.arrays["y"], kind="labelled"), {"method": "function"}
def pairs():
    made = make("vectors-so3", 0, 300)
    return from_arrays(made.arrays["x"], made.arrays["y"], kind="pairs"), {"generators": 3}
cases = {"covariance": lambda: (from_arrays(x), {"method": "covariance"}), "labelled": labelled,
         "moments": lambda: (from_arrays(make("ring-so2-so3", 1, 6000).arrays["x"]), {"method": "moments"}),
         "noether": runs, "function": function, "lconv": pairs}
for _ in range(int(sys.argv[2])):
    data, options = cases[sys.argv[1]]()
    found = symdisc.fit(data, **options)
    print(json.dumps([hashlib.sha256(npz_bytes(found.arrays())).hexdigest(), found.preview(40).tolist()]))
"""


def outcomes(case: str, threads: int, runs: int) -> list[tuple[str, np.ndarray]]:
    """Hash and generators of every run, half of them in each of two processes."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    found = []
    for part in (runs // 2, runs - runs // 2):
        words = [sys.executable, "-c", CHILD, case, str(part)]
        lines = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()
        found += [(digest, np.array(stack)) for digest, stack in map(json.loads, lines)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    given = parser.parse_args()
    rows: list[list[object]] = []
    runs = max(2, given.runs)
    for case in CASES:
        one, two = (outcomes(case, threads, runs) for threads in (1, 2))
        different = [len({digest for digest, _ in found}) for found in (one, two)]
        stacks = one[0][1], two[0][1]
        apart = np.max(principal_angles(*stacks)) if stacks[0].shape == stacks[1].shape else np.nan
        same = "yes" if one[0][0] == two[0][0] else "no"
        rows.append([case, runs, different[0], different[1], same, f"{apart:.1e}"])
        print(rows[-1], flush=True)
    header = ["case", "runs", "results, 1 thread", "results, 2 threads", "same bytes", "between them, degrees"]
    record("determinism", "The same run again", header, rows)


if __name__ == "__main__":
    main()
