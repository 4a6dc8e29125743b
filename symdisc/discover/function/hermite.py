"""Damped Hermite functions of whitened coordinates: test functions, and what corrects a model's error.

h_alpha(z) = prod_i He_{alpha_i}(z_i) / sqrt(alpha_i!) exp(-damping |z|^2). Products and derivatives stay in the family:
z_i h_alpha = sqrt(alpha_i + 1) h_{alpha + e_i} + sqrt(alpha_i) h_{alpha - e_i}, and the derivative of the polynomial
part is sqrt(alpha_i) h_{alpha - e_i}. So linear vector fields act on them as sparse matrices.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from scipy.sparse import csr_array


def count(r: int, degree: int) -> int:
    """How many there are in r coordinates up to a total degree."""
    return math.comb(r + degree, degree)


@dataclass(frozen=True)
class Hermite:
    """All products up to a total degree, the lower degrees first.

    Args:
        r: coordinates. degree: highest total degree. damping: of the Gaussian factor; 0: plain polynomials.
    """

    r: int
    degree: int
    damping: float = 0.0

    def __len__(self) -> int:
        return len(self.exponents)

    @cached_property
    def exponents(self) -> np.ndarray:
        """(p, r) whole numbers."""
        rows = []
        for degree in range(self.degree + 1):
            for chosen in combinations_with_replacement(range(self.r), degree):
                rows.append(np.bincount(chosen, minlength=self.r) if chosen else np.zeros(self.r, dtype=int))
        return np.array(rows, dtype=int).reshape(-1, self.r)

    @cached_property
    def _place(self) -> dict[tuple[int, ...], int]:
        return {tuple(row): place for place, row in enumerate(self.exponents.tolist())}

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, p) at points (n, r)."""
        table = np.ones((self.degree + 1, *z.shape))
        for k in range(self.degree):
            lower = table[k - 1] * math.sqrt(k) if k else 0.0
            table[k + 1] = (z * table[k] - lower) / math.sqrt(k + 1)
        result = np.empty((len(z), len(self)))
        result[:, 0] = np.exp(-self.damping * (z**2).sum(axis=1)) if self.damping else 1.0
        for place, row in enumerate(self.exponents[1:].tolist(), start=1):
            last = max(i for i, power in enumerate(row) if power)
            parent = list(row)
            parent[last] = 0
            np.multiply(result[:, self._place[tuple(parent)]], table[row[last], :, last], out=result[:, place])
        return result

    def raised(self, degrees: int = 1) -> Hermite:
        """The same family, some degrees further."""
        return Hermite(self.r, self.degree + degrees, self.damping)

    def times(self, i: int) -> csr_array:
        """(p of one degree more, p): multiplication by z_i."""
        return self._shifted(i, lambda power: math.sqrt(power + 1), 1) + self._lowered(i)

    def derivative(self, i: int) -> csr_array:
        """(p of one degree more, p): the derivative by z_i."""
        slope = self._lowered(i)
        return slope - 2 * self.damping * self.times(i) if self.damping else slope

    def _lowered(self, i: int) -> csr_array:
        return self._shifted(i, math.sqrt, -1)

    def _shifted(self, i: int, factor: Callable[[int], float], step: int) -> csr_array:
        target = self.raised()
        rows, columns, values = [], [], []
        for place, row in enumerate(self.exponents.tolist()):
            power = row[i]
            if power + step < 0:
                continue
            row[i] = power + step
            rows.append(target._place[tuple(row)])
            columns.append(place)
            values.append(factor(power))
        return csr_array((values, (rows, columns)), shape=(len(target), len(self)))
