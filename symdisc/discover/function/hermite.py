"""Damped Hermite functions of whitened coordinates: test functions, and what corrects a model's error.

h_alpha(z) = prod_i He_{alpha_i}(z_i) / sqrt(alpha_i!) exp(-damping |z|^2). Products and derivatives stay in the family:
z_i h_alpha = sqrt(alpha_i + 1) h_{alpha + e_i} + sqrt(alpha_i) h_{alpha - e_i}, and the derivative of the polynomial
part is sqrt(alpha_i) h_{alpha - e_i}. So linear vector fields act on them as sparse matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from ..hermite import Places, codes, one_dimensional
from .sizes import terms as count

BLOCK_VALUES = 1 << 18


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
        return count(self.r, self.degree)

    @cached_property
    def _tree(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """For every function: its exponents (p, r), its last variable, the power of that, and the function without it.

        A degree is made of the one before: each function is multiplied by its own last variable and by later ones.
        """
        exponents = [np.zeros((1, self.r), dtype=np.int64)]
        last, power, stem = ([np.zeros(1, dtype=np.int64)] for _ in range(3))
        first = 0
        for _ in range(self.degree):
            ways = self.r - last[-1]
            parent = np.repeat(np.arange(len(ways)), ways)
            new = np.arange(len(parent)) - np.repeat(np.cumsum(ways) - ways, ways) + last[-1][parent]
            longer = exponents[-1][parent]
            longer[np.arange(len(parent)), new] += 1
            same = (new == last[-1][parent]) & (power[-1][parent] > 0)
            stem.append(np.where(same, stem[-1][parent], first + parent))
            power.append(np.where(same, power[-1][parent] + 1, 1))
            first += len(ways)
            last.append(new)
            exponents.append(longer)
        return np.concatenate(exponents), np.concatenate(last), np.concatenate(power), np.concatenate(stem)

    @property
    def exponents(self) -> np.ndarray:
        """(p, r) whole numbers."""
        return self._tree[0]

    @cached_property
    def _keys(self) -> np.ndarray:
        return self.exponents.astype(np.uint64) @ codes(self.r)

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, p) at points (n, r)."""
        result = np.empty((len(z), len(self)))
        step = max(16, BLOCK_VALUES // len(self))
        _, last, power, stem = self._tree
        ends = [count(self.r, k) for k in range(self.degree + 1)]
        for low in range(0, len(z), step):
            part = z[low : low + step].T
            table = np.stack(one_dimensional(part, max(self.degree, 1)))
            rows = np.empty((len(self), part.shape[1]))
            rows[0] = np.exp(-self.damping * (part**2).sum(axis=0)) if self.damping else 1.0
            for start, stop in pairwise(ends):
                here = slice(start, stop)
                np.multiply(rows[stem[here]], table[power[here], last[here]], out=rows[here])
            result[low : low + step] = rows.T
        return result

    def raised(self, degrees: int = 1) -> Hermite:
        """The same family, some degrees further."""
        return Hermite(self.r, self.degree + degrees, self.damping)

    def times(self, i: int) -> csr_array:
        """(p of one degree more, p): multiplication by z_i."""
        return self._shifted(i, 1) + self._lowered(i)

    def derivative(self, i: int) -> csr_array:
        """(p of one degree more, p): the derivative by z_i."""
        slope = self._lowered(i)
        return slope - 2 * self.damping * self.times(i) if self.damping else slope

    def _lowered(self, i: int) -> csr_array:
        return self._shifted(i, -1)

    @cached_property
    def _above(self) -> Places:
        """Where multi-indices stand in the family one degree further."""
        return Places(self.raised()._keys)

    def _shifted(self, i: int, step: int) -> csr_array:
        """Each function with one power of z_i more or less, times the root of the greater of the two powers."""
        power = self.exponents[:, i]
        columns = np.flatnonzero(power + step >= 0)
        change = np.uint64(1) if step > 0 else ~np.uint64(0)
        rows = self._above(self._keys[columns] + change * codes(self.r)[i : i + 1])
        values = np.sqrt(np.maximum(power, power + step)[columns])
        return csr_array((values, (rows, columns)), shape=(count(self.r, self.degree + 1), len(self)))
