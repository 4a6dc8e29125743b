"""Sums of many Hermite functions as products of two tables, each of about half the degree.

Every multi-index gamma of a degree above `half` reads (alpha, k, beta): the variables before j up to a degree
e <= half, the power k of variable j that takes the degree above it, and what follows, of degree m. For all alpha and
beta of one (j, e, k, m)

    sum_n w h_gamma = sum_n [h_alpha] [w He_k(z_j) h_beta]

is one matrix product, and no function is made that is only summed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np

from ..device import MAIN, Array, Arrays
from ..hermite import one_dimensional

TABLE_VALUES = 1 << 22
# From so many sums on, tables of half the degree are multiplied; fewer are made one after the other.
MANY = 2000


def count(variables: int, degree: int) -> int:
    """How many multi-indices of so many variables have just this degree."""
    return comb(variables + degree - 1, degree) if variables else int(degree == 0)


def _tables(powers: Array, degree: int, join: Callable[..., Array], arrays: Arrays) -> list[Array]:
    """For every degree up to `degree` (p, ..), all products of powers of the variables.

    Those of the first variables come first: the first count(j, e) of degree e are those of j variables.

    Args:
        powers: (more than `degree`, d, ..), of every variable; join: what a product is (of keys: a sum).
    """
    d = powers.shape[1]
    tables = [powers[0, :1]]
    for e in range(1, degree + 1):
        table = arrays.empty(powers, count(d, e), *powers.shape[2:])
        at = 0
        for i in range(d):
            for k in range(1, e + 1):
                before = tables[e - k][: count(i, e - k)]
                join(before, powers[k, i], out=table[at : at + len(before)])
                at += len(before)
        tables.append(table)
    return tables


@dataclass(frozen=True)
class Part:
    """One matrix product: alpha of the first j variables and degree e, beta of those after j and degree m."""

    j: int
    e: int
    k: int
    m: int
    place: Array


class Halves:
    """Adds up e h_gamma over samples for all multi-indices of d variables up to a degree.

    Args:
        codes: (d,) keys of the variables. top: highest degree.
        places: where keys stand among the sums. arrays: where these and the samples live.
    """

    def __init__(self, codes: np.ndarray, top: int, places: Callable[[np.ndarray], np.ndarray], arrays: Arrays) -> None:
        self.d, self.top, self.half = len(codes), top, top // 2
        self.codes, self.arrays = codes, arrays
        self._places = lambda keys: arrays.here(places(keys), np.int64)

    @property
    def _after(self) -> int:
        """Highest degree of beta."""
        return self.top - self.half - 1

    @cached_property
    def _plan(self) -> tuple[list[Array], list[Part]]:
        """Places of the functions up to `half`, and the products for the others."""
        keys = np.arange(self.top + 1, dtype=np.uint64)[:, None] * self.codes
        before, after = (_tables(one, self.half, np.add, MAIN) for one in (keys, keys[:, ::-1]))
        parts = []
        for j in range(self.d):
            for e in range(self.half + 1 if j else 1):
                alpha = before[e][: count(j, e)]
                for k in range(self.half - e + 1, self.top - e + 1):
                    for m in range(min(self.top - e - k, self._after) + 1):
                        beta = after[m][: count(self.d - 1 - j, m)]
                        if len(beta):
                            own = alpha[:, None] + beta + keys[k, j]
                            parts.append(Part(j, e, k, m, self._places(own)))
        return [self._places(table) for table in before], parts

    def add(self, sums: Array, z: Array, weights: Array) -> None:
        """Add to `sums` those of samples z (n, d) with weights e (n,)."""
        step = max(64, self.arrays.ample * TABLE_VALUES // comb(self.d + self.half, self.half))
        for first in range(0, len(z), step):
            self._block(sums, z[first : first + step], weights[first : first + step])

    def _block(self, sums: Array, z: Array, weights: Array) -> None:
        low, parts = self._plan
        library = self.arrays.library
        # Stacked, every variable is one stretch of memory.
        powers = library.stack(one_dimensional(library.stack([*z.T]), self.top, library))
        before = _tables(powers, self.half, library.multiply, self.arrays)
        after = _tables(library.flip(powers, (1,)), self._after, library.multiply, self.arrays)
        for place, table in zip(low, before, strict=True):
            sums[place] += table @ weights
        for part in parts:
            left, right = before[part.e][: part.place.shape[0]], after[part.m][: part.place.shape[1]]
            own = weights * powers[part.k, part.j]
            sums[part.place] += left @ (right * own).T if len(right) <= len(left) else (left * own) @ right.T
