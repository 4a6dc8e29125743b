"""Held-out trials of generators of pairs: what of the residual grows with the motion is violation, the rest is noise.

For a pair held out of the fit, R is the squared residual of the whole model at its best t, W that without generator i
(t fitted again), and S = W - R what the generator explains. Noise does not know how far a pair moved; a wrong generator
leaves a residual that does, R = noise + defect^2 S. That gives two measures of the defect:

    growth:    [Cov(R, W) - Var(noise)] / Var(S), with what noise itself contributes to Var(S) taken off;
    contrast:  (E[R | far] - E[R | near]) / (E[S | far] - E[S | near]), near the tenth of the pairs with the least S.

W and not S stands in the covariance: a pair whose t was missed has a large R and a small S, and would otherwise speak
for the generator; among the near pairs, R is cut where noise would hardly reach, for the same reason. The contrast sees
a residual that is there as soon as a pair moves at all and then stays. Both must be small; or the whole residual,
E[R] / E[S], from which no noise is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from ..batches import BATCHES
from ..trial import PointwiseTrial, Trial

# Residuals of exact pairs are rounding, most of it in a few large pairs: no sample of how a violation would be spread.
# A share this small of the motion is added, spread as the motion is; it only raises the defect.
ROUNDING = 1e-12
NEAR = 0.1


@dataclass(frozen=True)
class PairTrial:
    """A generator judged by its residual less the noise, in two ways that must agree; or by the whole residual.

    The whole residual bounds the violation from above, so that test never certifies more than it may.
    """

    parts: Sequence[PointwiseTrial]
    whole: PointwiseTrial

    @property
    def defect(self) -> float:
        """Held-out relative defect: the larger of the two, at most that of the whole residual."""
        known = [part.defect for part in self.parts if np.isfinite(part.defect)]
        whole = self.whole.defect
        if len(known) < len(self.parts):
            return whole
        return min(max(known), whole) if np.isfinite(whole) else max(known)

    def certified(self, tolerance: float, alpha: float, multipliers: np.ndarray) -> bool:
        """Whether either way rules out a defect above the tolerance; each is given half of alpha."""
        if self.whole.certified(tolerance, alpha / 2, multipliers):
            return True
        # A residual that shrinks as pairs move further is no noise either.
        return all(
            part.certified(tolerance, alpha / 2, multipliers) and _ratio(part) > -(tolerance**2) for part in self.parts
        )

    def growth_needed(self, tolerance: float, alpha: float) -> float | None:
        """As for pointwise rows: what the slower of the two needs."""
        needed = [part.growth_needed(tolerance, alpha / 2) for part in self.parts]
        known = [value for value in needed if value is not None]
        return max(known) if len(known) == len(needed) else None


def _ratio(part: PointwiseTrial) -> float:
    """defect^2, not cut off at zero."""
    return float(part.weights @ (part.violation - part.noise)) / float(part.weights @ part.denominator)


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
        return PairTrial((silent,), silent)

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
    near = explained <= np.quantile(explained, NEAR)
    far, close = ~near / max(np.mean(~near), 1e-300), near / np.mean(near)
    reached = np.median(residual[near]) * chi2.ppf(0.999, free) / chi2.median(free)
    contrast = PointwiseTrial(
        batched(residual * far),
        batched(np.minimum(residual, reached) * close),
        batched(motion * far - motion * close),
        weights,
    )
    whole = PointwiseTrial(batched(residual), np.zeros(BATCHES), batched(explained - noise), weights)
    return PairTrial((growth, contrast), whole)
