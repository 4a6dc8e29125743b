"""Data larger than memory: a virtual data set of 20 GB that tiles one real file fits in less than 2 GB.

`python benchmarks/large.py [--gigabytes 20] [--columns 16] [--method covariance]`. The tiles are the same 64 MB again
and again: nothing but the size is large, so the covariance must be that of one tile, which is checked.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from common import record

TILE = 64 << 20
CHILD = """
import json, resource, sys, time
import symdisc
from symdisc.data import open_dataset
begun = time.process_time()
with open_dataset([sys.argv[1]]) as data:
    found = symdisc.fit(data, method=sys.argv[2])
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([used.ru_maxrss * 1024, time.process_time() - begun, found.extras["covariance_spectrum"].tolist()
                      if "covariance_spectrum" in found.extras else [], data.samples, found.verdict.value]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--columns", type=int, default=16)
    parser.add_argument("--method", default="covariance")
    given = parser.parse_args()
    rows = TILE // (8 * given.columns)
    tiles = int(given.gigabytes * 1e9 / TILE) + 1
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        x = rng.standard_normal((rows, given.columns)) @ rng.standard_normal((given.columns, given.columns))
        with h5py.File(Path(folder, "tile.h5"), "w") as file:
            file["x"] = x
        layout = h5py.VirtualLayout((rows * tiles, given.columns), "f8")
        source = h5py.VirtualSource("tile.h5", "x", x.shape)
        for number in range(tiles):
            layout[number * rows : (number + 1) * rows] = source
        with h5py.File(Path(folder, "large.h5"), "w") as file:
            file.create_virtual_dataset("x", layout)
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(Path(folder, "large.h5")), given.method], capture_output=True, text=True
        )
        wall = time.monotonic() - begun
        if done.returncode:
            raise RuntimeError(done.stderr)
    peak, cpu, spectrum, samples, verdict = json.loads(done.stdout)
    error = float("nan")
    if spectrum:
        exact = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
        error = float(np.max(np.abs(np.array(spectrum) - exact) / exact))
    size = samples * given.columns * 8
    record(
        "large",
        "Data larger than memory",
        [
            "method",
            "samples x columns",
            "size, GB",
            "peak memory, GB",
            "CPU s",
            "wall s",
            "error of the spectrum",
            "verdict",
        ],
        [
            [
                given.method,
                f"{samples} x {given.columns}",
                f"{size / 1e9:.1f}",
                f"{peak / 1e9:.2f}",
                f"{cpu:.0f}",
                f"{wall:.0f}",
                f"{error:.1e}",
                verdict,
            ]
        ],
        "A virtual data set that tiles one file; the error is relative, against one tile by numpy.",
    )


if __name__ == "__main__":
    main()
