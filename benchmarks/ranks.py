"""Two processes against one, one BLAS thread each, on the same files: seconds, speed, and how far the spans are apart.

`python benchmarks/ranks.py [--ranks 2] [--repeats 3]`. Seconds are those of a fit whose libraries are loaded, as the
processes themselves measure them. Beside them what the machine gives at all: as many runs of one process at once, that
share nothing but its cores and memory, against one alone.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from common import middle, record

import symdisc
from symdisc.algebra import principal_angles
from symdisc.problems.files import save
from symdisc.problems.registry import make

CHILD = """
import json, os, sys, time
import symdisc
from symdisc.data import open_dataset
from symdisc.discover.ranks import joined
files, options = sys.argv[1].split(":"), json.loads(sys.argv[2])
with open_dataset([sys.argv[4]]) as few:
    symdisc.fit(few, **options)
with joined() as ranks, open_dataset(files) as data:
    ranks.meet()
    begun, used = time.monotonic(), time.process_time()
    found = symdisc.fit(data, **options)
    print(json.dumps([time.monotonic() - begun, time.process_time() - used]))
    if ranks.first:
        found.save(sys.argv[3])
"""


Case = tuple[list[Path], dict[str, object], str]


def covariance(folder: Path) -> Case:
    """Two files of many chunks, 600 columns, so that products take longer than reading; the last one warms up."""
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((600, 600))
    files = [folder / f"covariance{number}.h5" for number in range(3)]
    for file, samples in zip(files, (150_000, 150_000, 2000), strict=True):
        with h5py.File(file, "w") as new:
            new["x"] = rng.standard_normal((samples, 600)) @ mix
    return files, {"method": "covariance"}, "2 files of 150000 x 600"


def noether(folder: Path) -> Case:
    """Runs of an oscillator, many chunks of them, in two files: all ranks choose the filters, on the first of them."""
    files = [folder / f"noether{number}.h5" for number in range(3)]
    for number, (file, samples) in enumerate(zip(files, (48_000, 48_000, 40), strict=True)):
        save(make("oscillator", number, samples, noise=0.01), file)
    return files, {"candidates": "linear"}, "2 files of 48000 x 200 x 2"


def run(
    files: list[Path], options: dict[str, object], out: Path, size: int, apart: bool = False
) -> tuple[float, float]:
    """Largest wall and CPU seconds among the processes; `apart`: each does all of the work."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    processes = []
    for rank in range(size):
        place = {"RANK": "0", "WORLD_SIZE": "1"} if apart else {"RANK": str(rank), "WORLD_SIZE": str(size)}
        data = ":".join(map(str, files[:-1]))
        words = [sys.executable, "-c", CHILD, data, json.dumps(options), f"{out}-{rank * apart}", str(files[-1])]
        processes.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=shared | place))
    found = [json.loads(process.communicate()[0]) for process in processes]
    return max(wall for wall, _ in found), max(cpu for _, cpu in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["covariance", "noether"])
    given = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in (covariance, noether):
            if given.only not in (None, case.__name__):
                continue
            files, options, shape = case(folder)
            # one process; several of one run; several runs
            forms = {"one": (1, False), "many": (given.ranks, False), "apart": (given.ranks, True)}
            walls: dict[str, list[float]] = {form: [] for form in forms}
            cpus: dict[str, list[float]] = {form: [] for form in forms}
            for _ in range(given.repeats):
                for form, (size, apart) in forms.items():
                    wall, cpu = run(files, options, folder / form, size, apart)
                    walls[form].append(wall)
                    cpus[form].append(cpu)
            one, many = (symdisc.load(folder / f"{form}-0") for form in ("one", "many"))
            stacks = [np.asarray(found.preview(64)) for found in (one, many)]
            apart_by = np.radians(np.max(principal_angles(*stacks))) if len(stacks[0]) == len(stacks[1]) else np.nan
            wall, cpu = ({form: float(np.median(taken[form])) for form in forms} for taken in (walls, cpus))
            rows.append(
                [
                    case.__name__,
                    shape,
                    middle(walls["one"], ".3g"),
                    middle(walls["many"], ".3g"),
                    f"{wall['one'] / wall['many']:.2f}",
                    f"{cpu['one'] / cpu['many']:.2f}",
                    f"{given.ranks * wall['one'] / wall['apart']:.2f}",
                    f"{given.ranks * cpu['one'] / cpu['apart']:.2f}",
                    f"{apart_by:.1e}",
                ]
            )
            print(rows[-1], flush=True)
    header = [
        "method",
        "data",
        "one process, s",
        f"{given.ranks} processes, s",
        "speed, wall",
        "speed, CPU of the slowest",
        "of the machine, wall",
        "of the machine, CPU",
        "spans apart, rad",
    ]
    note = (
        f"Load of the machine at the end: {os.getloadavg()[0]:.1f}; wall time means little above the number of cores. "
        "`of the machine`: runs that share nothing, at once, against one alone."
    )
    name = "ranks" if given.only is None else f"ranks_{given.only}"
    record(name, f"{given.ranks} processes against one", header, rows, note)


if __name__ == "__main__":
    main()
