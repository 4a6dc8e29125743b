"""The basis that a textbook would print: sparse, physically scaled, with rational entries where the noise allows.

Among orthonormal bases the one with the largest sum of fourth powers of its entries is sparse (Zhai, Yang, Liao,
Wright and Ma, JMLR 21 (2020): O <- polar of (O Q)^3 Q^T). Elements whose supports overlap, as the diagonal ones of
sl(n) do, are then reduced to echelon form, since a sparse basis of them is not orthogonal. Where the given coordinates
hide that, it is done in others (`frames`): those in which a reductive algebra is closed under transposition, turned to
where it is sparsest; and for other algebras those in which an invariant form is diagonal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import forms, frames
from .graded import graded_frame, semisimple_forms, split
from .structure import brackets

STARTS, FEW = 8, 2
STEPS = 200
ZERO = 1e-7
LARGEST_ENTRIES = 8192
DENOMINATORS = (1, 2, 3, 4, 5, 6)
NILPOTENT = 1e-3
CLOSED = 1e-9
SINGULAR = 1e-3
# The given coordinates are kept where others leave more than half as many entries, unless most are nonzero.
WORTH, DENSE = 2, 0.5


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
    tolerance = max(5 * noise, ZERO)
    frame, sparse = np.eye(m), _sparsest(basis, tolerance)
    # Of larger matrices no forms are known, and images have no better coordinates than pixels.
    small = m <= forms.LARGEST
    found = _elsewhere(basis, [form.matrix for form in symmetric], antisymmetric, tolerance) if small else None
    if found is not None:
        here, there = _nonzero(sparse, tolerance), _nonzero(found[1], tolerance)
        if there < here and (here >= WORTH * there or here > DENSE * sparse.size):
            frame, sparse = found
    scaled = np.array([_physical(matrix, tolerance) for matrix in sparse])
    rounded = _rational(scaled, tolerance)
    return Canonical(scaled if rounded is None else rounded, frame, rounded is not None)


def _elsewhere(
    basis: np.ndarray, symmetric: list[np.ndarray], antisymmetric: list[np.ndarray], tolerance: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Other coordinates and the sparse basis there; None where nothing suggests any."""
    k, m, _ = basis.shape
    frame = frames.balanced(basis)
    if frame is None:
        graded = _graded(basis, tolerance)
        if graded is not None:
            return graded
        frame = _frame(symmetric, antisymmetric, m)
        if np.array_equal(frame, np.eye(m)):
            return None
        return frame, _sparsest(np.linalg.solve(frame, basis @ frame), tolerance)
    adjoint_closed = np.linalg.qr(np.linalg.solve(frame, basis @ frame).reshape(k, -1).T)[0].T.reshape(basis.shape)
    if frames.rotated(adjoint_closed):
        return frame, _sparsest(adjoint_closed, tolerance)
    weights = np.random.default_rng(0).standard_normal(len(symmetric))
    metric = frame.T @ np.tensordot(weights, np.array(symmetric).reshape(-1, m, m), axes=1) @ frame
    found = list(_turned(adjoint_closed, [np.eye(m), *frames.weight_frames(adjoint_closed, metric)], tolerance))
    parts = split(adjoint_closed)
    if np.abs(parts).max() > SINGULAR:
        apart = list(frames.weight_frames(adjoint_closed, metric, parts))
        found += [*_as_they_are(adjoint_closed, apart, tolerance), *_turned(adjoint_closed, apart, tolerance)]
    # Among equals, coordinates in which metrics are diagonal: space and time rather than the light cone.
    turn, rows = min(found, key=lambda pair: (_nonzero(pair[1], tolerance), _oblique(frame @ pair[0], symmetric)))
    frame, rows = _arranged(frame @ turn, rows.reshape(basis.shape), symmetric)
    return frame, _sorted(rows.reshape(k, -1), tolerance).reshape(basis.shape)


def _graded(basis: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Coordinates and a sparse basis where nilpotent matrices act; None where none do."""
    graded = graded_frame(basis)
    if graded is None:
        return None
    frame, reductive, grading = graded
    parts = grading + split(np.concatenate([reductive, grading[None]]))
    moved = np.linalg.solve(frame, basis @ frame)
    moved = np.linalg.qr(moved.reshape(len(basis), -1).T)[0].T.reshape(basis.shape)
    symmetric = semisimple_forms(reductive)
    metric = np.tensordot(np.random.default_rng(0).standard_normal(len(symmetric)), symmetric, axes=1)
    starts = list(frames.weight_frames(reductive, metric, parts)) if len(reductive) else [np.linalg.eigh(parts)[1]]
    found = [*_as_they_are(moved, starts, tolerance), *_turned(moved, starts, tolerance)]
    turn, rows = min(found, key=lambda pair: (_nonzero(pair[1], tolerance), _oblique(pair[0], list(symmetric))))
    # Where nilpotent matrices lead to comes first, as in triangular matrices; within a step, space before time.
    signs = np.sign(np.diag(turn.T @ metric @ turn).round(6))
    depth = np.diag(turn.T @ grading @ turn).round()
    more = np.array([np.sign(signs[depth == step].sum() + 0.5) for step in depth])
    order = np.lexsort((-signs * more, -depth))
    rows = rows.reshape(basis.shape)[:, order[:, None], order].reshape(len(basis), -1)
    return frame @ turn[:, order], _sorted(rows, tolerance).reshape(basis.shape)


Turned = Iterator[tuple[np.ndarray, np.ndarray]]
"""Rotations of the coordinates, and sparse rows there."""


def _as_they_are(basis: np.ndarray, starts: list[np.ndarray], tolerance: float) -> Turned:
    for start in starts:
        yield start, _sparsest(start.T @ basis @ start, tolerance, FEW).reshape(len(basis), -1)


def _turned(basis: np.ndarray, starts: list[np.ndarray], tolerance: float) -> Turned:
    """From each start to where all entries are sparsest."""
    for start in starts:
        turn, rows = frames.sparsest_rotation(basis, start)
        yield turn, _unit(_untangled(rows.reshape(len(basis), -1), tolerance))


def _oblique(frame: np.ndarray, symmetric: list[np.ndarray]) -> int:
    """How many entries off the diagonal invariant metrics have in these coordinates."""
    seen = [frame.T @ form @ frame for form in symmetric]
    return sum(int((np.abs(form - np.diag(np.diag(form))) > 1e-6 * np.abs(form).max()).sum()) for form in seen)


def _arranged(frame: np.ndarray, rows: np.ndarray, symmetric: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in the order of the signs of the one metric there is: space before time."""
    if len(symmetric) != 1:
        return frame, rows
    order = np.argsort(-np.sign(np.diag(frame.T @ symmetric[0] @ frame)), kind="stable")
    return frame[:, order], rows[:, order[:, None], order]


def _sparsest(basis: np.ndarray, tolerance: float, starts: int = STARTS) -> np.ndarray:
    """(k, m, m): the sparsest basis found of a span."""
    k, m, _ = basis.shape
    q = np.linalg.qr(basis.reshape(k, m * m).T)[0].T
    rng = np.random.default_rng(0)
    best, fewest = _unit(forms.reduced(q)), np.inf
    fewest = _nonzero(best, tolerance)
    for start in range(starts):
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
    return _sorted(best, tolerance).reshape(k, m, m)


def _sorted(rows: np.ndarray, tolerance: float) -> np.ndarray:
    """By the first entries that do not vanish."""
    order = np.lexsort(rows.shape[1] - 1 - np.argsort(np.abs(rows) > tolerance, axis=1, kind="stable")[:, ::-1].T[::-1])
    return rows[order]


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
