"""The basis that a textbook would print: sparse, physically scaled, with rational entries where the noise allows.

Among orthonormal bases the one with the largest sum of fourth powers of its entries is sparse (Zhai, Yang, Liao,
Wright and Ma, JMLR 21 (2020): O <- polar of (O Q)^3 Q^T). Elements whose supports overlap, as the diagonal ones of
sl(n) do, are then reduced to echelon form, since a sparse basis of them is not orthogonal. Where the matrices preserve
a form, all this happens in coordinates in which that form is diagonal, which undoes a change of coordinates up to a
rotation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import forms
from .structure import brackets

STARTS = 8
STEPS = 200
ZERO = 1e-7
LARGEST_ENTRIES = 8192
DENOMINATORS = (1, 2, 3, 4, 5, 6)
NILPOTENT = 1e-3
CLOSED = 1e-9
SINGULAR = 1e-3


@dataclass(frozen=True)
class Canonical:
    """A sparse basis.

    Attributes:
        sparse: (k, m, m) in the coordinates of `frame`.
        frame: (m, m); the basis of the given span is frame @ sparse @ inverse(frame).
        rational: whether the entries of `sparse` were rounded to fractions that close exactly.
    """

    sparse: np.ndarray
    frame: np.ndarray
    rational: bool

    @property
    def basis(self) -> np.ndarray:
        """(k, m, m), in the coordinates of the given matrices."""
        if np.array_equal(self.frame, np.eye(len(self.frame))):
            return self.sparse
        return self.frame @ self.sparse @ np.linalg.inv(self.frame)


def canonical(
    basis: np.ndarray, symmetric: list[forms.Form], antisymmetric: list[np.ndarray], noise: float
) -> Canonical | None:
    """The canonical basis of a span; None where it is too large for the search.

    Args:
        basis: (k, m, m) orthonormal, closed.
        symmetric, antisymmetric: forms that the matrices preserve.
        noise: relative noise of the entries.
    """
    k, m, _ = basis.shape
    if not k or k * m * m > LARGEST_ENTRIES:
        return None
    frame = _frame([form.matrix for form in symmetric], antisymmetric, m)
    tolerance = max(5 * noise, ZERO)
    candidates = [_sparsest(basis, tolerance)]
    if not np.array_equal(frame, np.eye(m)):
        moved = np.linalg.solve(frame, basis @ frame)
        candidates.append(_sparsest(moved, tolerance))
    counts = [_nonzero(candidate, tolerance) for candidate in candidates]
    best = int(np.argmin(counts))
    sparse = candidates[best]
    scaled = np.array([_physical(matrix, tolerance) for matrix in sparse])
    rounded = _rational(scaled, tolerance)
    chosen = scaled if rounded is None else rounded
    return Canonical(chosen, frame if best else np.eye(m), rounded is not None)


def _sparsest(basis: np.ndarray, tolerance: float) -> np.ndarray:
    """(k, m, m): the sparsest basis found of a span."""
    k, m, _ = basis.shape
    q = np.linalg.qr(basis.reshape(k, m * m).T)[0].T
    rng = np.random.default_rng(0)
    best, fewest = _unit(forms.reduced(q)), np.inf
    fewest = _nonzero(best, tolerance)
    for start in range(STARTS):
        o = np.eye(k) if start == 0 else np.linalg.qr(rng.standard_normal((k, k)))[0]
        for _ in range(STEPS):
            u, _, vt = np.linalg.svd((o @ q) ** 3 @ q.T)
            moved = u @ vt
            done = np.abs(moved - o).max() < 1e-12
            o = moved
            if done:
                break
        rows = _unit(_untangled(o @ q, tolerance))
        count = _nonzero(rows, tolerance)
        if count < fewest:
            best, fewest = rows, count
    order = np.lexsort(best.shape[1] - 1 - np.argsort(np.abs(best) > tolerance, axis=1, kind="stable")[:, ::-1].T[::-1])
    return best[order].reshape(k, m, m)


def _untangled(rows: np.ndarray, tolerance: float) -> np.ndarray:
    """Echelon form of each group of rows that share entries, where that is sparser."""
    from scipy.sparse.csgraph import connected_components

    support = np.abs(rows) > tolerance
    labels = connected_components(support.astype(int) @ support.T.astype(int) > 0, directed=False)[1]
    parts = []
    for label in range(labels.max() + 1):
        group = rows[labels == label]
        other = forms.reduced(group)
        parts.append(min(group, _unit(other), key=lambda part: _nonzero(part, tolerance)))
    return np.concatenate(parts)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.abs(rows).max(axis=1, keepdims=True)


def _nonzero(rows: np.ndarray, tolerance: float) -> int:
    flat = rows.reshape(len(rows), -1)
    return int((np.abs(flat) > tolerance * np.abs(flat).max(axis=1, keepdims=True)).sum())


def _physical(matrix: np.ndarray, tolerance: float) -> np.ndarray:
    """Scaled so that a rotation turns by t radians and a boost has rapidity t; else the largest entry is 1."""
    size = np.abs(matrix).max()
    matrix = np.where(np.abs(matrix) > tolerance * size, matrix, 0.0) / size
    first = matrix.ravel()[np.abs(matrix.ravel()) > 1 - tolerance - 1e-9][-1]
    matrix = matrix * np.sign(first)
    values = np.abs(np.linalg.eigvals(matrix))
    if values.max() < max(NILPOTENT, tolerance) ** (1 / len(matrix)) * 0.5:
        return matrix
    present = values[values > 0.05 * values.max()]
    base = present.min()
    ratios = present / base
    if np.abs(ratios - ratios.round()).max() > max(10 * tolerance, 1e-6):
        base = present.max()
    return matrix / base


def _rational(basis: np.ndarray, tolerance: float) -> np.ndarray | None:
    """Entries as small fractions, if these fit the noise and close under brackets without an error."""
    rounded = basis.copy()
    left = np.ones(basis.shape, dtype=bool)
    for denominator in DENOMINATORS:
        nearest = np.round(basis * denominator) / denominator
        fits = left & (np.abs(nearest - basis) <= tolerance * np.maximum(1.0, np.abs(basis)))
        rounded[fits] = nearest[fits]
        left &= ~fits
    if left.any():
        return None
    k = len(basis)
    flat = rounded.reshape(k, -1)
    if np.linalg.matrix_rank(flat) < k:
        return None
    q = np.linalg.qr(flat.T)[0].T
    found = brackets(q.reshape(basis.shape))
    return rounded + 0.0 if found.leak <= CLOSED * max(found.size, 1.0) else None


def _frame(symmetric: list[np.ndarray], antisymmetric: list[np.ndarray], m: int) -> np.ndarray:
    """Coordinates in which an invariant form is diagonal with entries 1 and -1, or pairs neighbours with 1 and -1."""
    metric = _regular(symmetric)
    if metric is not None:
        values, vectors = np.linalg.eigh(metric)
        # The symmetric root changes no more than is needed.
        frame = (vectors / np.sqrt(np.abs(values))) @ vectors.T
        signs = frame.T @ metric @ frame
        if np.abs(signs - np.diag(np.diag(signs))).max() > 1e-6:
            frame = frame @ np.linalg.eigh(signs)[1][:, ::-1]
        others = sum(np.cos(1 + i) * (frame.T @ form @ frame) for i, form in enumerate(symmetric))
        if len(symmetric) > 1 and (values > 0).all() and np.abs(others - np.diag(np.diag(others))).max() > 1e-6:
            frame = frame @ np.linalg.eigh(others)[1]
        return _scaled(frame)
    form = _regular(antisymmetric)
    if form is None:
        return np.eye(m)
    values, vectors = np.linalg.eigh(-form @ form)
    root = (vectors / np.sqrt(np.sqrt(np.abs(values)))) @ vectors.T
    turn = root.T @ form @ root
    if _permutation(turn):
        return _scaled(root)
    # Real Schur form of an antisymmetric orthogonal matrix: blocks ((0, 1), (-1, 0)).
    from scipy.linalg import schur

    return _scaled(root @ schur(turn, output="real")[1])


def _scaled(frame: np.ndarray) -> np.ndarray:
    """The identity where that is what it is, up to a factor."""
    factor = np.trace(frame) / len(frame)
    if np.abs(frame - factor * np.eye(len(frame))).max() < 1e-9 * np.abs(factor):
        return np.eye(len(frame))
    return frame


def _permutation(matrix: np.ndarray) -> bool:
    return bool(((np.abs(matrix) > 1e-6).sum(axis=0) == 1).all())


def _regular(matrices: list[np.ndarray]) -> np.ndarray | None:
    """A form that is not degenerate: one of them, a sum, or none; a definite one if there is."""
    if not matrices:
        return None
    rng = np.random.default_rng(0)
    tried = [*matrices, np.sum(matrices, axis=0)]
    tried += [np.tensordot(rng.standard_normal(len(matrices)), matrices, axes=1) for _ in range(4)]
    symmetric = np.array_equal(matrices[0], matrices[0].T)
    regular = []
    for matrix in tried:
        s = np.linalg.svd(matrix, compute_uv=False)
        if s[-1] > SINGULAR * s[0]:
            if symmetric:
                values = np.linalg.eigvalsh(matrix)
                if (values < 0).all():
                    matrix, values = -matrix, -values
                if (values > 0).all():
                    return matrix
            regular.append(matrix)
    return regular[0] if regular else None
