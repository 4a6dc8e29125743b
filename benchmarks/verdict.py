"""Size and power of the equivalence test, for both types of evidence.

    python benchmarks/verdict.py [--runs 2000]

One direction whose population defect is exactly the tolerance (how often is it certified? at most 5 % is asked), or
exactly zero (how often is it certified? the power). "Effective rows" is the number of independent rows over which
the violation and its noise are spread.
"""

from __future__ import annotations

import argparse

import numpy as np
from common import record

from symdisc.discover.batches import BATCHES
from symdisc.discover.evidence import MomentEvidence, PointwiseEvidence
from symdisc.discover.heldout import HeldOut
from symdisc.discover.rows import DenseForms, DenseRows
from symdisc.discover.trial import draw_multipliers

TOLERANCE, ALPHA = 0.1, 0.05
ROWS = (1, 3, 10, 100)


def embed(directions: np.ndarray) -> np.ndarray:
    """One candidate, as a matrix."""
    return directions.T.reshape(-1, 1, 1)


def moments(rng: np.random.Generator, rows: int, signal: float, defect: float) -> MomentEvidence:
    """Means of unequal batches; tolerance^2 over the noise of the mean is `signal`; the denominator has noise too."""
    weights = rng.integers(80, 121, BATCHES).astype(float)
    noise = TOLERANCE / np.sqrt(signal * rows)
    spread = noise * np.sqrt(weights.sum() / weights)[:, None]
    violation = _direction(rng, rows) * defect + spread * rng.standard_normal((BATCHES, rows))
    denominator = _direction(rng, rows) + spread * rng.standard_normal((BATCHES, rows))
    return MomentEvidence(DenseRows(violation[..., None]), weights, embed, DenseRows(denominator[..., None]))


def _direction(rng: np.random.Generator, rows: int) -> np.ndarray:
    direction = rng.standard_normal(rows)
    return direction / np.linalg.norm(direction)


def pointwise(
    rng: np.random.Generator, rows: int, noise_share: float, samples: int, tail: float, defect: float
) -> PointwiseEvidence:
    """Mean squared residuals of samples with `rows` components: signal, noise and a log-normal size a sample."""
    shape = (BATCHES, samples)
    size = np.exp(tail * rng.standard_normal(shape) - tail**2)
    noise = TOLERANCE * np.sqrt(noise_share)
    residual = defect * size[..., None] * rng.standard_normal((*shape, rows)) + noise * rng.standard_normal(
        (*shape, rows)
    )
    scale = size[..., None] * rng.standard_normal((*shape, rows))
    forms = [
        np.mean(residual**2, axis=(1, 2)),
        np.full(BATCHES, noise**2),
        np.mean(scale**2, axis=(1, 2)),
    ]
    violation, known, denominator = (DenseForms(form[:, None, None]) for form in forms)
    return PointwiseEvidence(violation, known, denominator, np.full(BATCHES, float(samples)), embed)


def rate(make, runs: int, seed: int) -> float:
    """Share of runs in which the direction is certified."""
    multipliers = draw_multipliers(BATCHES, 0)
    hits = 0
    for run in range(runs):
        evidence = make(np.random.default_rng([seed, run]))
        hits += HeldOut(evidence, 1).trial(0).certified(TOLERANCE, ALPHA, multipliers)
    return hits / runs


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    table = []
    for signal in (4.0, 9.0, 25.0):
        for rows in ROWS:
            size, power = (
                rate(lambda rng, d=defect, s=signal, r=rows: moments(rng, r, s, d), runs, 1)
                for defect in (TOLERANCE, 0.0)
            )
            table.append(["moment", rows, f"tolerance^2 / noise = {signal:g}", f"{100 * size:.1f} %", f"{power:.2f}"])
    for noise_share, samples, tail in ((1.0, 10, 0.0), (10.0, 30, 0.0), (0.1, 10, 1.0)):
        for rows in ROWS:
            size, power = (
                rate(lambda rng, d=defect, a=(noise_share, samples, tail), r=rows: pointwise(rng, r, *a, d), runs, 2)
                for defect in (TOLERANCE, 0.0)
            )
            shape = f"noise / tolerance^2 = {noise_share:g}, {samples} samples a batch, log-normal tail {tail:g}"
            table.append(["pointwise", rows, shape, f"{100 * size:.1f} %", f"{power:.2f}"])
    error = 100 * np.sqrt(ALPHA * (1 - ALPHA) / runs)
    record(
        "verdict",
        "Size and power of the equivalence test (level 0.95, tolerance 0.1)",
        ["rows", "effective rows", "problem", "certified at the boundary", "certified at zero"],
        table,
        f"{runs} runs an entry, {BATCHES} batches; the standard error of an entry at 5 % is {error:.1f} %.",
    )


if __name__ == "__main__":
    main()
