"""exp(s A) of many small matrices at several s, from powers of A that all s share.

The Taylor polynomial of degree 16 in the manner of Paterson and Stockmeyer (SIAM J. Comput. 2, 1973): with A^2, A^3 and
A^4 at hand it takes one product with a small matrix of coefficients and three with A^4, where `torch.linalg.matrix_exp`
takes some twelve products and sorts the matrices by size first. At |s A| <= 1 what it leaves out, 1/17! = 3e-15, is
rounding; beyond, exp(s A) = exp(s A / 2)^2.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch

ORDER = 4
# Squaring repeats rounding, for the small ones of a batch too: beyond this, each matrix is better scaled by itself.
WIDE = 8.0


class Exponentials:
    """exp(s A) for matrices A (b, d, d)."""

    def __init__(self, matrices: torch.Tensor) -> None:
        self.matrices = matrices
        self._known: dict[float, torch.Tensor] = {}
        self._size = float(torch.linalg.matrix_norm(matrices).max()) if len(matrices) else 0.0
        self._powers: torch.Tensor | None = None

    def at(self, share: float) -> torch.Tensor:
        """(b, d, d): exp(share A)."""
        if share not in self._known:
            self._known[share] = self._exponential(share)
        return self._known[share]

    def _exponential(self, share: float) -> torch.Tensor:
        reach = abs(share) * self._size
        if not reach <= WIDE:
            return torch.linalg.matrix_exp(share * self.matrices)
        halvings = max(0, math.ceil(math.log2(reach))) if reach > 0 else 0
        powers = self._shared_powers()
        parts = (_coefficients(share / 2**halvings).to(powers) @ powers.flatten(1)).reshape(ORDER, *powers.shape[1:])
        total = parts[ORDER - 1]
        for part in reversed(parts[: ORDER - 1]):
            total = torch.baddbmm(part, total, powers[ORDER])
        for _ in range(halvings):
            total = total @ total
        return total

    def _shared_powers(self) -> torch.Tensor:
        """(5, b, d, d): I, A, .. A^4."""
        if self._powers is None:
            a = self.matrices
            powers = a.new_empty((ORDER + 1, *a.shape))
            powers[0] = torch.eye(a.shape[1], dtype=a.dtype, device=a.device)
            powers[1] = a
            for power in range(2, ORDER + 1):
                torch.bmm(powers[power - 1], a, out=powers[power])
            self._powers = powers
        return self._powers


@lru_cache(maxsize=256)
def _coefficients(share: float) -> torch.Tensor:
    """(4, 5): exp(s A) = sum_j A^(4 j) sum_i c_ji A^i; the last row takes A^16 along."""
    table = torch.zeros((ORDER, ORDER + 1), dtype=torch.float64)
    for power in range(ORDER**2):
        table[power // ORDER, power % ORDER] = share**power / math.factorial(power)
    table[-1, -1] = share ** (ORDER**2) / math.factorial(ORDER**2)
    return table
