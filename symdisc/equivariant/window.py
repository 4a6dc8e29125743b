"""The rank of a null space that noise has lifted: between what noise explains and what it cannot.

Noise of the generators lifts an exact null vector to a singular value of about f s: s the standard deviation of the
generators' entries, f = sqrt(D k d) for D generators, tensors of k indices, matrices of size d. A rank r is acceptable
if sigma_r <= 3 f s and sigma_(r+1) >= f s / 2; among these the one with the largest gap is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .action import Action

ABOVE, BELOW = 3.0, 0.5
FLOOR = 1e-8
SMALLEST = 1e-11


@dataclass(frozen=True)
class Window:
    """Where null singular values are expected.

    Attributes:
        lift: f s; 0 for exact generators.
    """

    lift: float

    @property
    def exact(self) -> bool:
        """Whether there is no noise to speak of."""
        return self.lift < FLOOR

    def level(self, largest: float) -> float:
        """f s, or what rounding leaves of singular values up to `largest`."""
        return max(self.lift, FLOOR * largest)

    def rank(self, values: np.ndarray, size: int, largest: float) -> tuple[int, float | None]:
        """Rank of the null space and its gap; the gap is None where there is nothing to compare.

        Args:
            values: singular values, ascending; all of them, or the smallest ones with at least one above the window.
            size: m, how many there are in all.
            largest: the largest of all.

        Raises:
            InputError: no rank is acceptable.
        """
        if largest == 0:
            return size, None
        level = self.level(largest)
        # Identities such as V -> V have no noise at all: below the window all are equally good.
        floor = SMALLEST * largest if self.exact else BELOW * level
        below = np.concatenate([[floor], np.maximum(values, floor)])
        above = np.concatenate([values, [np.inf]]) if len(values) == size else values
        below = below[: len(above)]
        good = (below <= ABOVE * level) & (above >= BELOW * level)
        if not good.any():
            near = ", ".join(f"{value:.2g}" for value in values[:12])
            raise InputError(
                f"no rank fits the noise: null singular values are expected near {level:.2g}, and the smallest are "
                f"{near} with no step between {BELOW * level:.2g} and {ABOVE * level:.2g}; give the noise (--noise) if "
                "you know it, more data, or the group's name if you know that"
            )
        # Rank 0 is compared with what noise explains, full rank with nothing.
        reference = np.concatenate([[max(level, floor)], below[1:]])
        gaps = np.where(good, np.minimum(above, 10 * largest) / reference, 0.0)
        rank = int(gaps.argmax())
        return rank, (None if rank == size else float(gaps[rank]))


def window(action: Action, noise: float) -> Window:
    """Where the null singular values of a word lie.

    Args:
        action: with Lie generators of Frobenius norm 1.
        noise: relative noise of the generators: error over size.
    """
    if not action.shape or noise == 0:
        return Window(0.0)
    d = max(action.shape)
    entry = noise / d
    # An element's error acts on every letter in turn; so does a generator's.
    count = action.dimension + action.elements
    return Window(entry * float(np.sqrt(count * len(action.shape) * d)))
