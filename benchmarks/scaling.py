"""What 1e9 samples would cost: CPU seconds at three sizes, the line through them, and what it says of 1e9.

`python benchmarks/scaling.py`: files of float32, 64 columns (covariance) and 6 (moments), one thread. CPU seconds
include reading from the page cache and hashing; waiting for a disk or a network comes on top.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from common import record

import symdisc
from symdisc.data import open_dataset

CASES = {"covariance": (64, [100_000, 200_000, 400_000]), "moments": (6, [50_000, 100_000, 200_000])}
WANTED = 10**9


def seconds(path: Path, method: str) -> float:
    """CPU seconds of a fit; a small one first, so that nothing is loaded or prepared for the first time."""
    with open_dataset([path]) as data:
        begun = time.process_time()
        symdisc.fit(data, method=method)
        return time.process_time() - begun


def main() -> None:
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for method, (columns, sizes) in CASES.items():
            rng = np.random.default_rng(0)
            x = rng.exponential(size=(sizes[-1], columns)).astype(np.float32)
            path = Path(folder, "x.npy")
            np.save(path, x[: sizes[0]])
            seconds(path, method)
            found = []
            for size in sizes:
                np.save(path, x[:size])
                found.append(min(seconds(path, method) for _ in range(3)))
            slope, start = np.polyfit(sizes, found, 1)
            off = np.max(np.abs(np.polyval([slope, start], sizes) - found) / found)
            rows.append(
                [
                    method,
                    columns,
                    ", ".join(f"{value:.2f}" for value in found),
                    f"{1e6 * slope:.2f}",
                    f"{100 * off:.0f} %",
                    f"{slope * WANTED / 3600:.2f}",
                ]
            )
    header = [
        "method",
        "columns",
        "CPU s at three sizes",
        "us a sample",
        "farthest from the line",
        "CPU hours at 1e9",
    ]
    sizes = "; ".join(f"{method} {', '.join(map(str, case[1]))}" for method, case in CASES.items())
    record("scaling", "What a sample costs", header, rows, f"Sizes: {sizes} samples. Least of three runs each.")


if __name__ == "__main__":
    main()
