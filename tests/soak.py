"""Repeated fits and refusals for a long time: memory and file handles stay flat. `python tests/soak.py SECONDS`."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

import symdisc
from symdisc.data import open_dataset
from symdisc.errors import SymdiscError
from symdisc.problems.files import save
from symdisc.problems.registry import make

# Caches fill during the first rounds; after them memory may grow by this share, for what the allocator keeps.
WARM, GROWTH = 5, 0.03


def memory() -> int:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def handles() -> int:
    """Open file descriptors."""
    return len(os.listdir("/proc/self/fd"))


def prepare(folder: Path) -> list[tuple[Path, dict[str, object]]]:
    """Files, and how each is fitted."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 5))
    np.save(folder / "samples.npy", x)
    np.savez_compressed(folder / "labelled.npz", x=x, y=(x**2).sum(1))
    with h5py.File(folder / "spoilt.h5", "w") as file:
        file["x"] = np.where(x > 3, np.nan, x)
    save(make("oscillator", 0, 24), folder / "runs.h5")
    save(make("ring-so2-so3", 0, 3000), folder / "ring.h5")
    save(make("vectors-so3", 0, 100), folder / "pairs.h5")
    return [
        (folder / "samples.npy", {"method": "covariance"}),
        (folder / "labelled.npz", {"method": "function", "options": {"function.model": "polynomial"}}),
        (folder / "spoilt.h5", {"method": "covariance"}),
        (folder / "runs.h5", {"candidates": "linear"}),
        (folder / "ring.h5", {"method": "moments"}),
        (folder / "pairs.h5", {"generators": 3}),
    ]


def turn(cases: list[tuple[Path, dict[str, object]]], folder: Path) -> None:
    """Every case once: read, fit, write, read back."""
    for path, options in cases:
        with contextlib.suppress(SymdiscError), open_dataset([path]) as data:
            symdisc.fit(data, out=folder / "out", **options).save(folder / "out")
            symdisc.load(folder / "out")


def main(seconds: float) -> int:
    seen: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = prepare(folder)
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(seen) < 3 * WARM:
            turn(cases, folder)
            seen.append((memory(), handles()))
            print(f"round {len(seen)}: {seen[-1][0] / 1e6:.1f} MB, {seen[-1][1]} handles", flush=True)
    rest = np.array(seen[WARM:], dtype=float)
    early, late = (np.median(part, axis=0) for part in (rest[: len(rest) // 2], rest[len(rest) // 2 :]))
    grown = late[0] / early[0] - 1
    flat = grown <= GROWTH and late[1] <= early[1]
    words = "flat" if flat else "NOT FLAT"
    print(f"{words}: memory {100 * grown:+.1f} %, handles {int(late[1] - early[1]):+d} in {len(seen)} rounds")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 3600))
