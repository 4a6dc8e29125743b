"""The streamed covariance of 1e6 x 1024 float32 rows from HDF5: memory, and speed against the machine's own gemm.

    python benchmarks/covariance_speed.py [--samples 1000000] [--columns 1024] [--folder /tmp]

The work is n d^2 multiply-adds (2 n d^2 flops as a plain product, half of that done here by symmetry) and n d 4 bytes
read. The rate counts 2 n d^2 flops over the wall time of the whole pass (reading, checking for NaN, centring,
products), the gemm rate is that of a 4096 x 4096 float64 product, measured before and after in the same run.
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

CHILD = """
import json, resource, sys, time
import numpy as np
from symdisc.data import open_dataset
from symdisc.discover import Settings
from symdisc.discover.registry import get
from symdisc.discover.task import drive

def gemm():
    a = np.random.default_rng(0).standard_normal((4096, 4096))
    a @ a
    start = time.perf_counter(); a @ a
    return 2 * 4096**3 / (time.perf_counter() - start)

before = gemm()
with open_dataset([sys.argv[1]]) as data:
    estimate = get("covariance").estimate(data, Settings())[0]
    task = get("covariance").task(data, Settings())
    start = time.perf_counter(); drive(task); seconds = time.perf_counter() - start
    flops = 2 * data.samples * data.d**2
    outcome = task.outcome()
after = gemm()
print(json.dumps({"gemm": [before, after], "seconds": seconds, "flops": flops, "estimate": estimate,
                  "rank": int(outcome.extras["rank"])}))
"""


def write(path: Path, samples: int, columns: int) -> None:
    """Rows of a random covariance, written in blocks."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((columns, columns)).astype(np.float32) / np.sqrt(columns)
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (samples, columns), "f4")
        for start in range(0, samples, 16384):
            stop = min(start + 16384, samples)
            x[start:stop] = rng.standard_normal((stop - start, columns), dtype=np.float32) @ mixing + 3


def peak(command: list[str]) -> tuple[float, str, float]:
    """Wall seconds, stdout and peak resident bytes of a child process."""
    import resource

    start = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return time.perf_counter() - start, result.stdout, usage


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=1024)
    parser.add_argument("--folder", default=None, help="where the 4 GB of data go")
    options = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "rows.h5"
        write(path, options.samples, options.columns)
        size = path.stat().st_size
        for run in range(3):
            _, text, _ = peak([sys.executable, "-c", CHILD, str(path)])
            seen = json.loads(text)
            gemm = float(np.mean(seen["gemm"]))
            rate = seen["flops"] / seen["seconds"]
            rows.append(
                [
                    f"pass {run + 1}",
                    f"{seen['seconds']:.1f}",
                    f"{rate / 1e9:.1f}",
                    f"{gemm / 1e9:.1f}",
                    f"{rate / gemm:.2f}",
                    "",
                ]
            )
        command = [sys.executable, "-m", "symdisc", "fit", str(path), "-o", str(Path(folder) / "out"), "--force", "-q"]
        seconds, _, memory = peak([*command, "--no-plots"])
        rows.append(["`symdisc fit` whole", f"{seconds:.1f}", "", "", "", f"{memory / 1e9:.2f}"])
    record(
        "covariance_speed",
        f"Streamed covariance of {options.samples:g} x {options.columns} float32 ({size / 1e9:.1f} GB of HDF5)",
        ["run", "seconds", "GF/s (2 n d^2)", "gemm GF/s", "ratio", "peak GB"],
        rows,
        "Asked: ratio >= 0.7, peak < 2 GB. The peak is the largest of all children of the benchmark.",
    )


if __name__ == "__main__":
    main()
