"""The flag of ideals g > R > N > [g, R] > N^2 > N^3 > ..., as a threshold sees it, and the zeros it puts into brackets.

R is the radical, N the nilradical, N^(i+1) = [N, N^i]. In a basis adapted to the flag, [g, R] lies in the derived part
of R, which lies in N, and [N^i, N^j] in N^(i+j): these zeros are what noise fills in and what `refine` puts back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import series
from .decisions import Ruler


@dataclass(frozen=True)
class Flag:
    """Dimensions of the flag, and an adapted basis.

    Attributes:
        frame: (k, k) orthonormal rows; the last `radical` of them span R, the last `nilradical` of them N, and so on.
        radical, nilradical, derived: dimensions of R, N and [g, R].
        powers: dimensions of N^2, N^3, ... down to the last that is not 0.
    """

    frame: np.ndarray
    radical: int
    nilradical: int
    derived: int
    powers: tuple[int, ...]

    @property
    def dimensions(self) -> tuple[int, ...]:
        """What tells two flags apart."""
        return (len(self.frame), self.radical, self.nilradical, self.derived, *self.powers)

    def allowed(self) -> np.ndarray:
        """(k, k, k) booleans: which adapted basis vectors the bracket of two of them may involve."""
        k = len(self.frame)
        index = np.arange(k)
        in_radical = index >= k - self.radical
        powers = np.array([self.nilradical, *self.powers])
        depth = (index[:, None] >= k - powers).sum(axis=1)
        first = np.append(k - powers, k)
        start = np.zeros((k, k), dtype=int)
        start[in_radical[:, None] | in_radical] = k - self.derived
        deepest = np.maximum(depth[:, None], depth)
        start = np.maximum(start, np.where(deepest > 1, first[np.maximum(deepest - 1, 0)], 0))
        both = (depth[:, None] > 0) & (depth > 0)
        product = first[np.clip(depth[:, None] + depth - 1, 0, len(powers))]
        start = np.where(both, np.maximum(start, product), start)
        return index >= start[:, :, None]


def flag(constants: np.ndarray, threshold: float) -> Flag | None:
    """The flag as far as it exceeds `threshold`; None where what is seen at it is no flag.

    Args:
        constants: (k, k, k) structure constants in an orthonormal basis.
        threshold: singular values below it, relative to the size of a typical ad x, count as 0.
    """
    k = len(constants)
    ruler = Ruler(0.0, threshold=threshold)
    size = series.scale(constants)
    if size == 0:
        return Flag(np.eye(k), k, k, 0, ())
    whole = np.eye(k)
    derived = series.bracket_space(constants, whole, whole, ruler)
    radical = series.radical(series.killing_form(constants), derived, constants, ruler)
    nilradical = series.nilradical(constants, radical, ruler)
    inside = _inside(constants, whole, radical, nilradical, ruler)
    levels, powers, last, parent = [radical, nilradical, inside], [], nilradical, inside
    while len(parent):
        smaller = _inside(constants, nilradical, last, parent, ruler)
        if not len(smaller):
            break
        if len(smaller) == len(last):
            return None
        levels.append(smaller)
        powers.append(len(smaller))
        last = parent = smaller
    return Flag(_adapted(levels, k), len(radical), len(nilradical), len(inside), tuple(powers))


def _inside(c: np.ndarray, a: np.ndarray, b: np.ndarray, parent: np.ndarray, ruler: Ruler) -> np.ndarray:
    """[A, B] as far as it lies in `parent`."""
    if not len(a) or not len(b) or not len(parent):
        return np.zeros((0, len(c)))
    products = np.tensordot(b, np.tensordot(a, c, axes=1), axes=(1, 1)).reshape(-1, len(c)) @ parent.T
    _, s, vt = np.linalg.svd(products, full_matrices=False)
    return vt[: ruler.count(s, series.scale(c))] @ parent


def _adapted(levels: list[np.ndarray], k: int) -> np.ndarray:
    """Orthonormal rows whose tails span the nested levels, largest level first."""
    done = np.zeros((0, k))
    for level in [*levels[::-1], np.eye(k)]:
        rest = level - (level @ done.T) @ done
        done = np.vstack([done, np.linalg.svd(rest)[2][: len(level) - len(done)]])
    return done[::-1]
