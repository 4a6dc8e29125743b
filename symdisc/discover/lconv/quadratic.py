"""The quadratic forms of the generators' normal equations, Q(L) = tr(L G L^T) with L = [L_1 .. L_k], on a space.

G = sum_n S_n (x) m_n m_n^T, (k d, k d), is the same for every row of L, so without ties between rows they part: with
J_a the free entries of row a, |J_a| = p, d systems of k p unknowns each with its own part of G. Gathering and factoring
them takes d (k p)^2 numbers and d (k p)^3 / 3 operations, where one product of L with G takes 2 k^2 d^3: for three
generators of 28 x 28 images whose entries lie in one line (p = 55) 1.2e9, all of it, against 8.7e9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch

from .space import Space

# Rows of more entries than this share of them are no easier apart than together; and numbers that parts may take.
NARROW = 3
PARTS = 2**27
GATHERED = 2**22


def second_moments(weights: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """(k d, k d): sum_n weights_n (x) m_n m_n^T, for weights (b, k, k) and rows (b, m, d)."""
    b, m, d = rows.shape
    k = weights.shape[1]
    flat = rows.reshape(b * m, d)
    result = rows.new_empty((k, d, k, d))
    for i in range(k):
        for j in range(i + 1):
            part = (rows * weights[:, i, j, None, None]).reshape(b * m, d).T @ flat
            result[i, :, j] = part
            if i != j:
                result[j, :, i] = part.T
    return result.reshape(k * d, k * d)


def side_by_side(generators: torch.Tensor) -> torch.Tensor:
    """(d, k d): [L_1 .. L_k]."""
    k, d, _ = generators.shape
    return generators.permute(1, 0, 2).reshape(d, k * d)


def stacked(row: torch.Tensor, k: int) -> torch.Tensor:
    """The inverse of `side_by_side`."""
    d = len(row)
    return row.reshape(d, k, d).permute(1, 0, 2).contiguous()


def regularised(gram: torch.Tensor, share: float = 1e-10) -> torch.Tensor:
    """Gram matrix with a small multiple of its mean eigenvalue on the diagonal."""
    ridge = share * torch.trace(gram) / len(gram)
    return gram + (ridge + torch.finfo(gram.dtype).tiny) * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)


class Quadratic(Protocol):
    """G on stacks (k, d, d) of a space."""

    def times(self, stack: torch.Tensor) -> torch.Tensor:
        """L G; entries outside the space need not be right."""

    def solve(self, stack: torch.Tensor) -> torch.Tensor:
        """L G^{-1} where the space is full; of a part of the entries, the solution of every row for itself."""


def quadratic(space: Space, gram: torch.Tensor) -> Quadratic:
    """The form of a positive definite G (k d, k d), row by row where rows have few free entries."""
    k = len(gram) // space.size
    columns = space.columns
    if columns is not None:
        narrow = NARROW * columns.shape[1] <= space.size
        if narrow and space.size * (k * columns.shape[1]) ** 2 <= PARTS:
            return ByRows(columns, gram)
    return Whole(gram)


class Whole:
    """G as one matrix."""

    def __init__(self, gram: torch.Tensor) -> None:
        self.gram = gram
        self._inverse: torch.Tensor | None = None

    def times(self, stack: torch.Tensor) -> torch.Tensor:
        """L G."""
        return stacked(side_by_side(stack) @ self.gram, len(stack))

    def solve(self, stack: torch.Tensor) -> torch.Tensor:
        """L G^{-1}."""
        if self._inverse is None:
            self._inverse = torch.linalg.inv(self.gram)
        return stacked(side_by_side(stack) @ self._inverse, len(stack))


class ByRows:
    """The part of G that each row of L meets.

    Args:
        columns: (d, p) free entries of every row; behind them, where there are fewer, d.
    """

    def __init__(self, columns: torch.Tensor, gram: torch.Tensor) -> None:
        d, p = columns.shape
        k = len(gram) // d
        free = columns < d
        columns = torch.where(free, columns, 0)
        # (d, p k): where the free entries of a row of [L_1 .. L_k] stand, those of one column side by side.
        self._at = (columns[:, :, None] + d * torch.arange(k, device=columns.device)).reshape(d, p * k)
        self._free = free.repeat_interleave(k, 1)
        # So G is moved in pieces of k x k.
        pieces = gram.reshape(k, d, k, d).permute(1, 3, 0, 2).reshape(d * d, k * k)
        self.parts = gram.new_empty((d, p * k, p * k))
        step = max(1, GATHERED // (k * p) ** 2)
        for start in range(0, d, step):
            at = columns[start : start + step]
            found = pieces.index_select(0, (at[:, :, None] * d + at[:, None, :]).flatten())
            self.parts[start : start + step].reshape(len(at), p, k, p, k).copy_(
                found.reshape(len(at), p, p, k, k).transpose(2, 3)
            )
        for row in torch.nonzero(~free.all(1))[:, 0].tolist():
            used = self._free[row]
            self.parts[row] = torch.where(used[:, None] & used, self.parts[row], torch.diag(1.0 - used.to(gram.dtype)))
        self._factors: torch.Tensor | None = None

    def times(self, stack: torch.Tensor) -> torch.Tensor:
        """L G at the free entries, zero elsewhere."""
        rows = self._taken(stack)
        return self._put(torch.bmm(self.parts, rows[:, :, None])[:, :, 0], stack)

    def solve(self, stack: torch.Tensor) -> torch.Tensor:
        """Every row for itself."""
        if self._factors is None:
            self._factors, failed = torch.linalg.cholesky_ex(self.parts)
            if bool(failed.any()):
                # Rounding: numbers that always move together.
                size = torch.diagonal(self.parts, dim1=1, dim2=2).mean()
                more = 1e-8 * size * torch.eye(self.parts.shape[1], dtype=self.parts.dtype, device=self.parts.device)
                self._factors = torch.linalg.cholesky(self.parts + more)
        return self._put(torch.cholesky_solve(self._taken(stack)[:, :, None], self._factors)[:, :, 0], stack)

    def _taken(self, stack: torch.Tensor) -> torch.Tensor:
        return torch.gather(side_by_side(stack), 1, self._at) * self._free

    def _put(self, rows: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        out = torch.zeros_like(side_by_side(like))
        return stacked(out.scatter_add_(1, self._at, rows * self._free), len(like))


def solve_in(
    space: Space, gram: torch.Tensor, cross: torch.Tensor, start: torch.Tensor, iterations: int = 8
) -> torch.Tensor:
    """(k, d, d): argmin over the space of tr(L G L^T) - 2 <cross, L>.

    At once where rows are free of each other; else by conjugate gradients, with the rows' own solutions, or without
    few entries that of the full space, as preconditioner.

    Args:
        gram: (k d, k d). cross: (k, d, d).
    """
    gram = regularised(gram)
    if space.full:
        return stacked(torch.linalg.solve(gram, side_by_side(cross).T).T, len(start))
    form = quadratic(space, gram)
    if space.mask is not None and isinstance(form, ByRows):
        return form.solve(cross)
    return conjugate_gradients(
        lambda v: space.project(form.times(v)),
        lambda v: space.project(form.solve(v)),
        space.project(cross),
        start,
        iterations,
        1e-3,
    )[0]


def conjugate_gradients(
    operator: Callable[[torch.Tensor], torch.Tensor],
    precondition: Callable[[torch.Tensor], torch.Tensor],
    target: torch.Tensor,
    start: torch.Tensor,
    iterations: int,
    tolerance: float,
) -> tuple[torch.Tensor, int]:
    """Preconditioned conjugate gradients for operator(x) = target; returns x and the number of iterations."""
    x, fresh = start, not bool(start.any())
    residual = target.clone() if fresh else target - operator(x)
    z = precondition(residual)
    direction, size = z, (residual * z).sum()
    scale = size if fresh else (target * precondition(target)).sum()
    done = 0
    for done in range(1, iterations + 1):
        if float(size) <= tolerance**2 * float(scale):
            return x, done - 1
        image = operator(direction)
        curvature = (direction * image).sum()
        if not float(curvature) > 0:
            break
        step = size / curvature
        x = x + step * direction
        residual = residual - step * image
        z = precondition(residual)
        following = (residual * z).sum()
        direction, size = z + (following / size) * direction, following
    return x, done
