"""Held-out trials of generators of pairs: what of the residual grows with the motion is violation, the rest is noise.

For a pair held out of the fit, R is the squared residual of the whole model at its best t, and S_i what it grows by
without generator i (t fitted again). Noise does not know how far a pair moved; a wrong generator leaves a residual in
proportion to the motion. So

    R = noise + defect^2 S_i     and     defect^2 = Cov(R, S_i) / Var(S_i),

with what noise itself contributes to Var(S_i) taken off. Without any noise to remove, defect^2 <= E[R] / E[S_i] holds
whatever S_i does; either may certify.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..batches import BATCHES
from ..trial import PointwiseTrial, Trial


@dataclass(frozen=True)
class PairTrial:
    """A generator judged by the growth of the residual, or by the whole residual where that is enough.

    The whole residual bounds the violation from above, so its test never certifies more than it may; `defect` is its
    ratio where the motion varies too little to tell noise from violation.
    """

    growth: PointwiseTrial
    whole: PointwiseTrial

    @property
    def defect(self) -> float:
        """Held-out relative defect."""
        whole = self.whole.defect
        growth = self.growth.defect
        if not np.isfinite(growth):
            return whole
        return min(growth, whole) if np.isfinite(whole) else growth

    def certified(self, tolerance: float, alpha: float, multipliers: np.ndarray) -> bool:
        """Whether either test rules out a defect above the tolerance; each is given half of alpha."""
        return any(trial.certified(tolerance, alpha / 2, multipliers) for trial in (self.growth, self.whole))

    def growth_needed(self, tolerance: float, alpha: float) -> float | None:
        """As for pointwise rows."""
        return self.growth.growth_needed(tolerance, alpha / 2)


def generator_trial(residual: np.ndarray, explained: np.ndarray, free: int, batch: np.ndarray) -> Trial:
    """The trial of one generator.

    Args:
        residual: (n,) R, squared residuals of the whole model on held-out pairs.
        explained: (n,) S, what R grows by without the generator.
        free: numbers of y a pair less the coefficients fitted.
        batch: (n,) batch of each pair.
    """
    weights = np.bincount(batch, minlength=BATCHES).astype(float)
    mean = float(explained.mean())
    if not mean > 0:
        nothing = np.zeros(BATCHES)
        silent = PointwiseTrial(nothing + 1.0, nothing, nothing, weights)
        return PairTrial(silent, silent)

    def batched(values: np.ndarray) -> np.ndarray:
        return np.bincount(batch, values, BATCHES) / np.maximum(weights, 1.0)

    noise = residual / free
    # E[S] = |motion|^2 + noise and Var(S) = Var(|motion|^2) + 4 noise |motion|^2 + 2 noise^2.
    scatter = 4 * noise * (explained - noise) + 2 * noise**2
    growth = PointwiseTrial(
        batched(residual * explained) / mean,
        batched(residual),
        batched((explained - mean) * explained - scatter) / mean,
        weights,
    )
    whole = PointwiseTrial(batched(residual), np.zeros(BATCHES), batched(explained - noise), weights)
    return PairTrial(growth, whole)
