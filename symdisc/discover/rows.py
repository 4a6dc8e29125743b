"""Batches of rows and of forms, dense or matrix-free, behind one small interface.

Dense arrays serve up to `DENSE_LIMIT` candidates; beyond, a method gives operators and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

DENSE_LIMIT = 2500


class Rows(Protocol):
    """Batch means of moment rows, A_b for b = 0 .. B-1, each (q, K)."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, q, K)."""

    def apply(self, directions: np.ndarray) -> np.ndarray:
        """(B, q, r): A_b V for directions V (K, r)."""

    def adjoint(self, values: np.ndarray) -> np.ndarray:
        """(K, r): sum_b A_b^T Y_b for values Y (B, q, r)."""


@runtime_checkable
class BatchRows(Rows, Protocol):
    """Rows that can be written out one batch at a time, so that forms need no more than one batch in memory."""

    def batch(self, number: int) -> np.ndarray:
        """(q, K): A_b."""

    def mean(self, share: np.ndarray) -> np.ndarray:
        """(q, K): sum_b share_b A_b."""


@dataclass(frozen=True)
class DenseRows:
    """Rows held as one (B, q, K) array."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, q, K)."""
        batches, rows, candidates = self.array.shape
        return batches, rows, candidates

    def apply(self, directions: np.ndarray) -> np.ndarray:
        """(B, q, r)."""
        return self.array @ directions

    def adjoint(self, values: np.ndarray) -> np.ndarray:
        """(K, r)."""
        return np.tensordot(self.array, values, axes=([0, 1], [0, 1]))

    def batch(self, number: int) -> np.ndarray:
        """(q, K)."""
        return self.array[number]

    def mean(self, share: np.ndarray) -> np.ndarray:
        """(q, K)."""
        used = share != 0
        return np.tensordot(share[used], self.array[used], axes=1)


@dataclass(frozen=True)
class PartRows:
    """Rows of combinations of the candidates.

    Args:
        rows: of all candidates. part: (K, k), one combination a column.
    """

    rows: BatchRows
    part: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, q, k)."""
        return *self.rows.shape[:2], self.part.shape[1]

    def apply(self, directions: np.ndarray) -> np.ndarray:
        """(B, q, r)."""
        return self.rows.apply(self.part @ directions)

    def adjoint(self, values: np.ndarray) -> np.ndarray:
        """(k, r)."""
        return self.part.T @ self.rows.adjoint(values)

    def batch(self, number: int) -> np.ndarray:
        """(q, k)."""
        return self.rows.batch(number) @ self.part

    def mean(self, share: np.ndarray) -> np.ndarray:
        """(q, k)."""
        return self.rows.mean(share) @ self.part


class BatchForms(Protocol):
    """A quadratic form for each batch, Q_b, each (K, K)."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, K, K)."""

    def apply(self, directions: np.ndarray) -> np.ndarray:
        """(B, K, r): Q_b V."""


@dataclass(frozen=True)
class DenseForms:
    """Forms held as one (B, K, K) array."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, K, K)."""
        batches, rows, candidates = self.array.shape
        return batches, rows, candidates

    def apply(self, directions: np.ndarray) -> np.ndarray:
        """(B, K, r)."""
        return self.array @ directions


@dataclass(frozen=True)
class Form:
    """One symmetric (K, K) form: a matrix, or an operator when K is too large for one."""

    size: int
    matrix: np.ndarray | None = None
    operator: Callable[[np.ndarray], np.ndarray] | None = None

    def apply(self, directions: np.ndarray) -> np.ndarray:
        """(K, r)."""
        if self.matrix is not None:
            return self.matrix @ directions
        assert self.operator is not None
        return self.operator(directions)

    def value(self, direction: np.ndarray) -> float:
        """v' Q v."""
        return float(direction @ self.apply(direction[:, None])[:, 0])

    def plus(self, other: Form, factor: float) -> Form:
        """Q + factor * other."""
        if self.matrix is not None and other.matrix is not None:
            return Form(self.size, self.matrix + factor * other.matrix)
        return Form(self.size, operator=lambda v: self.apply(v) + factor * other.apply(v))

    def times(self, factor: float) -> Form:
        """factor * Q."""
        if self.matrix is not None:
            return Form(self.size, factor * self.matrix)
        return Form(self.size, operator=lambda v: factor * self.apply(v))

    def trace(self, probes: int = 32) -> float:
        """Trace; of an operator by Hutchinson's estimate with fixed random signs (a scale, not a result)."""
        if self.matrix is not None:
            return float(np.trace(self.matrix))
        signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(self.size, probes))
        return float(np.einsum("kr,kr->", signs, self.apply(signs)) / probes)


def moment_forms(rows: Rows, weights: np.ndarray, batches: np.ndarray) -> tuple[Form, Form, Form]:
    """Squared mean of moment rows, its unbiased part, and its noise, from some of the batches.

    Args:
        rows: batch means; weights: (B,) samples a batch; batches: (B,) mask.

    Returns:
        F = Abar' Abar;  U = sum_{b != b'} n_b n_b' A_b' A_b' / sum_{b != b'} n_b n_b', so that E[U] is the squared
        population mean; N: covariance of the mean, summed over rows (positive semidefinite).
    """
    share = np.where(batches, weights, 0.0) / weights[batches].sum()
    squares = float((share**2).sum())
    candidates = rows.shape[2]
    if isinstance(rows, DenseRows) and candidates <= DENSE_LIMIT:
        used = share > 0
        array, part = rows.array[used], share[used]
        mean = np.tensordot(part, array, axes=1)
        centred = ((array - mean) * part[:, None, None]).reshape(-1, candidates)
        raw = mean.T @ mean
        noise = centred.T @ centred / (1 - squares)
        # sum_b w_b^2 A_b' A_b has a cross term with the mean when the batches are unequal.
        cross = (part @ centred.reshape(len(part), -1)).reshape(-1, candidates).T @ mean / (1 - squares)
        unbiased = raw - noise - cross - cross.T
        return Form(candidates, raw), Form(candidates, unbiased), Form(candidates, noise)

    if isinstance(rows, BatchRows) and candidates <= DENSE_LIMIT:
        return _written_forms(rows, share)

    def split(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values = rows.apply(directions)
        mean = np.tensordot(share, values, axes=1)
        return values, mean, (values - mean) * share[:, None, None]

    def raw_apply(directions: np.ndarray) -> np.ndarray:
        _, mean, _ = split(directions)
        return rows.adjoint(share[:, None, None] * mean)

    def noise_apply(directions: np.ndarray) -> np.ndarray:
        _, _, centred = split(directions)
        centred = centred - np.tensordot(share, centred, axes=1)
        return rows.adjoint(share[:, None, None] * centred) / (1 - squares)

    def unbiased_apply(directions: np.ndarray) -> np.ndarray:
        values, mean, _ = split(directions)
        products = share[:, None, None] * mean - (share**2)[:, None, None] * values
        return rows.adjoint(products) / (1 - squares)

    return tuple(Form(candidates, operator=f) for f in (raw_apply, unbiased_apply, noise_apply))  # type: ignore[return-value]


def raw_form(rows: Rows, weights: np.ndarray, batches: np.ndarray) -> Form:
    """F of `moment_forms` alone."""
    if not isinstance(rows, BatchRows) or rows.shape[2] > DENSE_LIMIT:
        return moment_forms(rows, weights, batches)[0]
    mean = rows.mean(np.where(batches, weights, 0.0) / weights[batches].sum())
    return Form(rows.shape[2], mean.T @ mean)


def _written_forms(rows: BatchRows, share: np.ndarray) -> tuple[Form, Form, Form]:
    """The three forms with one batch in memory at a time."""
    _, size, candidates = rows.shape
    used = np.flatnonzero(share)
    mean = rows.mean(share)
    noise, drift = np.zeros((candidates, candidates)), np.zeros((size, candidates))
    for number in used.tolist():
        centred = share[number] * (rows.batch(number) - mean)
        noise += centred.T @ centred
        drift += share[number] * centred
    rest = 1 - float((share**2).sum())
    raw, noise, cross = mean.T @ mean, noise / rest, drift.T @ mean / rest
    return Form(candidates, raw), Form(candidates, raw - noise - cross - cross.T), Form(candidates, noise)
