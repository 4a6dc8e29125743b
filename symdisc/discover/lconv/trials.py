"""Held-out trials of generators of pairs: what of the residual grows with the motion is violation, the rest is noise.

For a pair held out of the fit, R is the squared residual of the whole model at its best t, W that without generator i
(t fitted again), and S = W - R what the generator explains. Noise does not know how far a pair moved; a wrong generator
leaves a residual in proportion to the motion, R = noise + defect^2 S. So

    defect^2 = [Cov(R, W) - Var(noise)] / Var(S),

with what noise itself contributes to Var(S) taken off. W and not S stands in the covariance: a pair whose t was missed
has a large R and a small S, and would otherwise speak for the generator. Without any noise to remove, defect^2 <=
E[R] / E[S] holds whatever S does; either may certify.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from ..batches import BATCHES
from ..trial import PointwiseTrial, Trial

# Residuals of exact pairs are rounding, most of it in a few large pairs: no sample of how a violation would be spread.
# A share this small of the motion is added, spread as the motion is; it only raises the defect.
ROUNDING = 1e-12


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

    residual = residual + ROUNDING * np.maximum(explained, 0.0)

    def batched(values: np.ndarray) -> np.ndarray:
        return np.bincount(batch, values, BATCHES) / np.maximum(weights, 1.0)

    # The variance of the noise from the median, so that pairs with a missed t do not pass for noise.
    noise = float(np.median(residual)) / chi2.median(free)
    without = residual + explained
    motion = np.maximum(explained, 0.0)
    # E[S] = |motion|^2 + noise and Var(S) = Var(|motion|^2) + 4 noise |motion|^2 + 2 noise^2.
    scatter = 4 * noise * np.maximum(motion - noise, 0.0) + 2 * noise**2
    growth = PointwiseTrial(
        batched(residual * without) / mean,
        (batched(residual) * without.mean() + 2 * noise**2 * free) / mean,
        batched((motion - motion.mean()) * motion - scatter) / mean,
        weights,
    )
    whole = PointwiseTrial(batched(residual), np.zeros(BATCHES), batched(explained - noise), weights)
    return PairTrial(growth, whole)
