"""The smallest directions of a pencil  A v = lambda M v,  dense or matrix-free."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .rows import Form

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

NULL = 1e-12
SMALL = 256
RUNS, CHECK = 8, 12


@dataclass(frozen=True)
class Directions:
    """Eigenpairs in ascending order.

    Attributes:
        values: (r,) eigenvalues; vectors: (K, r), M-orthonormal.
        unused: dimension of the null space of M: directions that the data never see, set apart before solving
            (matrix-free: set apart, but not counted).
    """

    values: np.ndarray
    vectors: np.ndarray
    unused: int = 0


def smallest(form: Form, metric: Form, count: int, seed: int = 0) -> Directions:
    """The `count` smallest eigenpairs of form v = lambda metric v.

    Args:
        form: symmetric, may be indefinite; metric: positive semidefinite, its null space is set apart.
        count: how many (fewer come back when fewer exist).
        seed: of the start vectors of the matrix-free path.
    """
    if form.size <= SMALL or (form.matrix is not None and metric.matrix is not None):
        return _dense(_written(form), _written(metric), count)
    return _matrix_free(form, metric, count, seed)


def _written(form: Form) -> np.ndarray:
    return form.apply(np.eye(form.size)) if form.matrix is None else form.matrix


def _dense(form: np.ndarray, metric: np.ndarray, count: int) -> Directions:
    diagonal = np.sqrt(np.maximum(np.diag(metric), 0.0))
    seen = diagonal > diagonal.max(initial=0.0) * NULL
    if not seen.any():
        return Directions(np.zeros(0), np.zeros((len(form), 0)), len(form))
    scale = diagonal[seen]
    # Candidates in different units: their own scale first, so that "null" does not depend on the units.
    values, vectors = np.linalg.eigh(metric[np.ix_(seen, seen)] / np.outer(scale, scale))
    kept = values > values[-1] * NULL
    whiten = vectors[:, kept] / np.sqrt(values[kept])
    inner = whiten.T @ (form[np.ix_(seen, seen)] / np.outer(scale, scale)) @ whiten
    last = min(count, len(inner)) - 1
    if last < 0:
        return Directions(np.zeros(0), np.zeros((len(form), 0)), len(form))
    smallest_values, small = _lowest((inner + inner.T) / 2, last + 1)
    full = np.zeros((len(form), last + 1))
    full[seen] = (whiten @ small) / scale[:, None]
    return Directions(smallest_values, _signed(full), len(form) - len(inner))


def _lowest(matrix: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` smallest eigenpairs.

    Asking for a part of the spectrum pays for large matrices only: numpy and scipy bring a thread pool each, and two
    of them on few cores wait for each other.
    """
    if len(matrix) <= 512:
        values, vectors = np.linalg.eigh(matrix)
        return values[:count], vectors[:, :count]
    from scipy.linalg import eigh

    values, vectors = eigh(matrix, subset_by_index=[0, count - 1])
    return values, vectors


def _signed(vectors: np.ndarray) -> np.ndarray:
    """Fix each sign so that equal input gives equal output: the largest entry is positive."""
    if not vectors.size:
        return vectors
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.where(vectors[largest, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)


def _matrix_free(form: Form, metric: Form, count: int, seed: int) -> Directions:
    """LOBPCG in blocks, each block orthogonal to those found, until a block brings nothing smaller.

    A single LOBPCG run can miss members of a multiple eigenvalue, so every run is followed by another one in the
    complement; the union is sorted by a final Rayleigh-Ritz step. What the metric never sees is set apart by starting
    in its range, which the iteration does not leave; it is not counted.
    """
    from scipy.sparse.linalg import lobpcg

    size = form.size
    rng = np.random.default_rng(seed)
    probe = rng.standard_normal((size, 8))
    inner, outer = _operator(form, probe), _operator(metric, probe, 1e-9)
    found, values = np.zeros((size, 0)), np.zeros(0)
    for _ in range(RUNS):
        # LOBPCG asks for five times as many free dimensions as vectors.
        width = min(CHECK if len(values) >= count else count + 4, (size - found.shape[1]) // 5)
        start = _independent(metric.apply(rng.standard_normal((size, width))), found, outer)
        if not start.size:
            break
        with warnings.catch_warnings():
            # LOBPCG warns where it stops short of its tolerance; the residuals are judged by the caller's noise.
            warnings.simplefilter("ignore")
            new, vectors = lobpcg(
                inner, start, B=outer, Y=found if found.size else None, tol=1e-7, maxiter=400, largest=False
            )[:2]
        found, values = np.hstack([found, vectors]), np.sort(np.concatenate([values, new]))
        if len(values) >= count and new.min() > values[count - 1]:
            break
    small_form, small_metric = found.T @ form.apply(found), found.T @ metric.apply(found)
    ritz = _dense((small_form + small_form.T) / 2, (small_metric + small_metric.T) / 2, count)
    return Directions(ritz.values, _signed(found @ ritz.vectors), 0)


def _operator(form: Form, probe: np.ndarray, floor: float = 0.0) -> LinearOperator:
    """The form in units of its own size (LOBPCG stops at an absolute residual), plus a floor that makes it definite."""
    from scipy.sparse.linalg import LinearOperator

    scale = float(np.linalg.norm(form.apply(probe)) / np.linalg.norm(probe)) or 1.0

    def product(v: np.ndarray) -> np.ndarray:
        block = v.reshape(form.size, -1)
        return (form.apply(block) / scale + floor * block).reshape(v.shape)

    return LinearOperator((form.size, form.size), matvec=product, matmat=product, dtype=float)


def _independent(block: np.ndarray, found: np.ndarray, metric: LinearOperator) -> np.ndarray:
    """An orthonormal basis of what a block adds to the metric-orthonormal vectors found."""
    block = block / max(float(np.linalg.norm(block)), np.finfo(float).tiny)
    if found.size:
        block = block - found @ (found.T @ metric.matmat(block))
    left, sizes, _ = np.linalg.svd(block, full_matrices=False)
    return left[:, sizes > 1e-10]
