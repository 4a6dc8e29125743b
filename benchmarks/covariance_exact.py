"""The covariance basis against its definition: dimensions, residuals, merges, and the digits by factors.

    python benchmarks/covariance_exact.py

Dimensions r(r-1)/2 and residuals |L H + H L^T| / (|L| |H|) for d = 3 .. 12 at full rank, deficient rank and repeated
eigenvalues; the relative error of H merged over chunks and shuffled batches against extended precision, at mean
offsets 0 and 1e4; time and size of the digits' result.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import record

import symdisc
from symdisc.discover.scatter import Scatter

DIGITS = Path(__file__).parents[1] / "sample_data" / "digits.h5"


def rows(rng: np.random.Generator, n: int, variances: np.ndarray, d: int) -> np.ndarray:
    """Gaussian samples with these variances along random orthonormal directions of R^d."""
    frame = np.linalg.qr(rng.standard_normal((d, d)))[0][:, : len(variances)]
    return rng.standard_normal((n, len(variances))) * np.sqrt(variances) @ frame.T


def worst(kind: str) -> tuple[int, int, float]:
    """Cases, cases with the right dimension, and the largest residual, over d = 3 .. 12 and five seeds."""
    cases = right = 0
    residual = 0.0
    for d in range(3, 13):
        for seed in range(5):
            rng = np.random.default_rng([d, seed])
            rank = int(rng.integers(2, d)) if kind == "deficient rank" else d
            variances = np.geomspace(1, 100, rank)
            if kind == "repeated eigenvalues":
                variances = np.repeat([1.0, 4.0, 9.0], 4)[:rank]
            x = rows(rng, 50 * d, variances, d)
            found = symdisc.fit(x)
            covariance = np.cov(x.T, bias=True)
            cases += 1
            right += found.dimension == rank * (rank - 1) // 2
            for generator in found.generators:
                violation = np.linalg.norm(generator @ covariance + covariance @ generator.T)
                residual = max(residual, float(violation / np.linalg.norm(generator) / np.linalg.norm(covariance)))
    return cases, right, residual


def merge_error(offset: float) -> float:
    """Largest relative error of H over five seeds, chunks and 60 shuffled batches."""
    error = 0.0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((50_000, 12)) @ rng.standard_normal((12, 12)) + offset
        wide = x.astype(np.longdouble)
        wide -= wide.mean(axis=0)
        expected = (wide.T @ wide / len(x)).astype(float)
        chunked, batched = Scatter(1, 12), Scatter(60, 12)
        for part in np.array_split(x, 13):
            chunked.add(part[:, :, None])
        shuffled = x[rng.permutation(len(x))]
        for part in np.array_split(shuffled, 7):
            batched.add(part[:, :, None], rng.integers(0, 60, len(part)))
        for scatter in (chunked, batched):
            error = max(error, float(np.abs(scatter.pooled()[2] - expected).max() / np.abs(expected).max()))
    return error


def digits() -> tuple[float, int, bool]:
    """Wall seconds of `symdisc fit` with plots (median of three), bytes of generators.npz, and whether reruns agree."""
    seconds, contents = [], []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(3):
            out = Path(folder) / str(run)
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", "symdisc", "fit", str(DIGITS), "-o", str(out), "-q"], check=True)
            seconds.append(time.perf_counter() - start)
            contents.append([(out / name).read_bytes() for name in ("generators.npz", "summary.json")])
    return float(np.median(seconds)), len(contents[0][0]), contents[0] == contents[1] == contents[2]


def start_up() -> float:
    """Wall seconds of `symdisc --help`, median of nine."""
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "symdisc", "--help"], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def main() -> None:
    """Print and record the table."""
    table: list[list[object]] = []
    for kind in ("full rank", "deficient rank", "repeated eigenvalues"):
        cases, right, residual = worst(kind)
        table.append([f"dimension, {kind}, d = 3 .. 12", "all", f"{right} of {cases}"])
        table.append([f"largest residual, {kind}", "<= 1e-12", f"{residual:.1e}"])
    for offset in (0.0, 1e4):
        table.append([f"merge error, mean offset {offset:g}", "<= 1e-13", f"{merge_error(offset):.1e}"])
    seconds, size, same = digits()
    table.append(["`symdisc fit` on the digits, with plots", "< 10 s", f"{seconds:.1f} s"])
    table.append(["their generators.npz (1830 generators)", "by factors", f"{size / 1e3:.0f} kB"])
    table.append(["three runs byte-identical", "yes", "yes" if same else "no"])
    table.append(["`symdisc --help`", "< 0.2 s", f"{start_up():.2f} s"])
    record("covariance_exact", "The covariance basis against its definition", ["figure", "asked", "reached"], table)


if __name__ == "__main__":
    main()
