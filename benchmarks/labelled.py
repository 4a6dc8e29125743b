"""False discoveries and power of the labelled covariance method.

    python benchmarks/labelled.py [--null 500] [--planted 100]

Null: canonical correlations drawn at random until every pair's defect (rho_i - rho_j) / sqrt(rho_i^2 + rho_j^2) is at
least twice the tolerance (0.2), d = 3 to 8 columns, 2 to 5 outputs, random invertible maps of x and y. Planted: one
pair of equal correlations. Both Gaussian and with student-t_5 tails.
"""

from __future__ import annotations

import argparse

import numpy as np
from common import record

import symdisc

SAMPLES = (300, 1000, 3000, 10_000, 30_000)
PLANTED = (300, 500, 700, 1000, 3000, 10_000, 30_000)


def draw(rng: np.random.Generator, n: int, d: int, c: int, correlations: np.ndarray, tail: float | None) -> tuple:
    """x (n, d), y (n, c) with these canonical correlations, and the maps that hide them."""
    p = len(correlations)
    z, w = (rng.standard_normal((n, k)) if tail is None else rng.standard_t(tail, (n, k)) for k in (d, c))
    w[:, :p] = correlations * z[:, :p] + np.sqrt(1 - correlations**2) * w[:, :p]
    x_map, y_map = rng.standard_normal((d, d)), rng.standard_normal((c, c))
    return z @ x_map.T, w @ y_map.T, x_map, y_map


def apart(rng: np.random.Generator) -> tuple[int, int, np.ndarray]:
    """Sizes and correlations in [0.2, 0.95] with every pairwise defect at least 0.2."""
    d = int(rng.integers(3, 9))
    c = int(rng.integers(2, min(d, 5) + 1))
    while True:
        rho = np.sort(rng.uniform(0.2, 0.95, c))[::-1]
        defect = np.abs(rho[:, None] - rho) / np.hypot(rho[:, None], rho) + np.eye(c)
        if defect.min() >= 0.2:
            return d, c, rho
        if c > 2 and rng.random() < 0.02:
            c -= 1


def angle(found: np.ndarray, x_map: np.ndarray) -> float:
    """Degrees between the found x generator and the rotation of the first two canonical directions."""
    inner = np.zeros(x_map.shape)
    inner[0, 1], inner[1, 0] = -1, 1
    truth = x_map @ inner @ np.linalg.inv(x_map)
    cosine = abs(np.vdot(found, truth)) / np.linalg.norm(found) / np.linalg.norm(truth)
    return float(np.degrees(np.arccos(min(1.0, cosine))))


def main() -> None:
    """Print and record both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--null", type=int, default=500, help="data sets in all, shared out over the sizes")
    parser.add_argument("--planted", type=int, default=100, help="data sets a size")
    options = parser.parse_args()
    rows: list[list[object]] = []
    for tail in (None, 5.0):
        false = 0
        each = -(-options.null // len(SAMPLES))
        for n in SAMPLES:
            counts = dict.fromkeys(("symmetric", "none", "inconclusive"), 0)
            for run in range(each):
                rng = np.random.default_rng([1, n, run])
                x, y, *_ = draw(rng, n, *apart(rng), tail)
                counts[symdisc.fit(x, y, kind="labelled", seed=run).verdict.value] += 1
            false += counts["symmetric"]
            rows.append([_tail(tail), n, each, counts["symmetric"], counts["none"], counts["inconclusive"]])
        rows.append(
            [_tail(tail), "all", each * len(SAMPLES), f"{false} ({100 * false / each / len(SAMPLES):.1f} %)", "", ""]
        )
    record(
        "labelled_null",
        "Labelled covariance, no symmetry (every defect >= 0.2, tolerance 0.1)",
        ["tails", "n", "data sets", "false discoveries", "none", "inconclusive"],
        rows,
        "Asked: false discoveries <= 1 % over n = 300 .. 30000.",
    )
    rows = []
    for tail in (None, 5.0):
        for n in PLANTED:
            dimensions, angles, missed = [], [], 0
            for run in range(options.planted):
                rng = np.random.default_rng([2, n, run])
                x, y, x_map, _ = draw(rng, n, 6, 4, np.array([0.8, 0.8, 0.5, 0.25]), tail)
                found = symdisc.fit(x, y, kind="labelled", seed=run)
                dimensions.append(found.certified_dimension)
                missed += found.dimension_bounds is not None and found.dimension_bounds[1] < 1
                if found.certified_dimension == 1:
                    angles.append(angle(found.block("space")[0], x_map))
            counted = np.bincount(dimensions, minlength=3)
            spread = "-" if not angles else "{:.2g} ({:.2g} .. {:.2g})".format(*np.percentile(angles, [50, 5, 95]))
            rows.append([_tail(tail), n, f"{counted[1] / len(dimensions):.2f}", int(counted[2:].sum()), missed, spread])
    record(
        "labelled_power",
        "Labelled covariance, planted pair (correlations .8, .8, .5, .25; d = 6, c = 4)",
        ["tails", "n", "certified with dimension 1", "with more", "wrongly none", "degrees, median (5 .. 95 %)"],
        rows,
        f"{options.planted} data sets an entry.",
    )


def _tail(tail: float | None) -> str:
    return "Gaussian" if tail is None else f"student-t_{tail:g}"


if __name__ == "__main__":
    main()
