"""Every rank decision of the analysis is taken here, at one noise level, and remembers how clear it was.

A noise nu moves a singular value that should vanish to about nu, times a condition number nobody knows. The threshold
therefore lies between nu and 1, near their geometric mean: 0.7 sqrt(0.15 nu), never above 0.06.
"""

from __future__ import annotations

from math import inf, sqrt

import numpy as np

ROUNDING_LEVEL = 1e-10
FACTOR = 0.7
SLOPE = 0.15
HIGHEST = 0.06
CLEAR_BELOW = 0.03
CLEAR_ABOVE = 100.0
TINY = 1e-300


class Ruler:
    """Counts what does not vanish at a relative noise, and records the closest calls.

    `known` is False where the noise is only a lower bound: then nothing is ever clear.
    """

    def __init__(self, noise: float, known: bool = True, threshold: float | None = None) -> None:
        self.noise = noise
        self.known = known
        self.threshold = min(FACTOR * sqrt(SLOPE * noise), HIGHEST) if threshold is None else threshold
        self._smallest_kept = inf
        self._largest_dropped = 0.0

    def count(self, values: np.ndarray, scale: float, record: bool = True) -> int:
        """How many of the values (in any order) exceed the threshold times `scale`."""
        ratios = np.abs(np.asarray(values, dtype=float)) / max(scale, TINY)
        kept = ratios > self.threshold
        if record:
            self._smallest_kept = min(self._smallest_kept, *ratios[kept], inf)
            self._largest_dropped = max(self._largest_dropped, *ratios[~kept], 0.0)
        return int(kept.sum())

    @property
    def margin(self) -> float | None:
        """The relative noise at which the first decision so far would turn; None if nothing could turn."""
        if self._smallest_kept == inf:
            return None
        return min(float(self._smallest_kept), float(self._smallest_kept / FACTOR) ** 2 / SLOPE, 1.0)

    @property
    def clear(self) -> bool:
        """Whether the noise is at rounding level and no value came near the threshold."""
        return (
            self.known
            and self.noise < ROUNDING_LEVEL
            and self._smallest_kept > CLEAR_ABOVE * self.threshold
            and self._largest_dropped < CLEAR_BELOW * self.threshold
        )
