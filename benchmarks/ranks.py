"""Two processes against one, one BLAS thread each, on the same file: seconds, speed, and how far the spans are apart.

`python benchmarks/ranks.py [--ranks 2] [--repeats 3]`. Seconds are those of the reading and summing alone (from the
first step to the result), as the processes themselves measure them; starting torch is told apart.
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

import numpy as np
from common import middle, record

import symdisc
from symdisc.algebra import principal_angles
from symdisc.problems.registry import make

CHILD = """
import json, os, sys, time
import symdisc
from symdisc.data import open_dataset
from symdisc.discover.ranks import joined
with joined() as ranks, open_dataset([sys.argv[1]]) as data:
    begun, used = time.monotonic(), time.process_time()
    found = symdisc.fit(data, **json.loads(sys.argv[2]))
    print(json.dumps([time.monotonic() - begun, time.process_time() - used]))
    if ranks.first:
        found.save(sys.argv[3])
"""


def covariance(folder: Path) -> tuple[Path, dict[str, object], str]:
    """10 chunks of 32 MB, 200 columns."""
    rng = np.random.default_rng(0)
    np.save(folder / "covariance.npy", rng.standard_normal((200_000, 200)) @ rng.standard_normal((200, 200)))
    return folder / "covariance.npy", {"method": "covariance"}, "200000 x 200"


def noether(folder: Path) -> tuple[Path, dict[str, object], str]:
    """Runs of an oscillator, many chunks of them."""
    from symdisc.problems.files import save

    made = make("oscillator", 0, 8000, noise=0.01)
    save(made, folder / "noether.h5")
    return folder / "noether.h5", {"candidates": "linear"}, " x ".join(map(str, made.arrays["x"].shape))


def run(file: Path, options: dict[str, object], out: Path, size: int) -> tuple[float, float]:
    """Largest wall and CPU seconds among the ranks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(size)}
    shared |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    words = [sys.executable, "-c", CHILD, str(file), json.dumps(options), str(out)]
    processes = [
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=shared | {"RANK": str(rank)})
        for rank in range(size)
    ]
    found = [json.loads(process.communicate()[0]) for process in processes]
    return max(wall for wall, _ in found), max(cpu for _, cpu in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in (covariance, noether):
            file, options, shape = case(folder)
            walls: dict[int, list[float]] = {1: [], given.ranks: []}
            cpus: dict[int, list[float]] = {1: [], given.ranks: []}
            for _ in range(given.repeats):
                for size in walls:
                    wall, cpu = run(file, options, folder / str(size), size)
                    walls[size].append(wall)
                    cpus[size].append(cpu)
            one, many = (symdisc.load(folder / str(size)) for size in (1, given.ranks))
            stacks = [np.asarray(found.preview(64)) for found in (one, many)]
            apart = np.radians(np.max(principal_angles(*stacks))) if len(stacks[0]) == len(stacks[1]) else np.nan
            rows.append(
                [
                    case.__name__,
                    shape,
                    middle(walls[1], ".3g"),
                    middle(walls[given.ranks], ".3g"),
                    f"{np.median(walls[1]) / np.median(walls[given.ranks]):.2f}",
                    f"{np.median(cpus[1]) / np.median(cpus[given.ranks]):.2f}",
                    f"{apart:.1e}",
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
        "spans apart, rad",
    ]
    note = (
        f"Load of the machine at the end: {os.getloadavg()[0]:.1f}; wall time means little above the number of cores."
    )
    record("ranks", f"{given.ranks} processes against one", header, rows, note)


if __name__ == "__main__":
    main()
