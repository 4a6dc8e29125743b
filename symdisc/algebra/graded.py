"""Coordinates for algebras that are closed under transposition in none, because nilpotent matrices act in them.

A linear algebra is a reductive part S, a Levi complement and the semisimple parts of a Cartan subalgebra of what
commutes with it in the radical, and nilpotent matrices T (Jacobson, Lie Algebras (1962), III.11). S alone has
coordinates in which it is closed under transposition. There V > T V > T T V > ... are invariant under S, and so are the
orthogonal complements of each in the one before: the steps that T takes.
"""

from __future__ import annotations

import numpy as np

from . import forms, frames
from .decisions import Ruler
from .flag import flag
from .levi import levi_complement, restricted
from .structure import structure_constants

ROUNDING, EXACT, ZERO, CLUSTER = 1e-11, 1e-7, 1e-6, 1e-2
TRIALS = 6


def graded_frame(basis: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Coordinates in which nilpotent matrices take steps; None where nothing acts nilpotently.

    Args:
        basis: (k, m, m) orthonormal, closed under brackets.

    Returns:
        (m, m) coordinates; (r, m, m) the reductive part in them, orthonormal; (m, m) symmetric, commutes with that
        part: i on the i-th step, from 0.
    """
    parts = _parts(basis)
    if parts is None:
        return None
    reductive, nilpotent = parts
    m = basis.shape[1]
    frame: np.ndarray | None = np.eye(m)
    if len(reductive):
        frame = frames.balanced(_spanned(reductive))
    if frame is None:
        return None
    reductive = _spanned(np.linalg.solve(frame, reductive @ frame)) if len(reductive) else reductive
    steps = _steps(np.linalg.solve(frame, nilpotent @ frame))
    if len(steps) < 2:
        return None
    grading: np.ndarray = np.sum([index * rows.T @ rows for index, rows in enumerate(steps)], axis=0)
    return frame, reductive, grading


def split(basis: np.ndarray) -> np.ndarray:
    """A symmetric matrix that commutes with a span closed under transposition: one eigenvalue an irreducible part."""
    found = forms.commutant(basis, Ruler(EXACT))
    mixed = np.tensordot(np.random.default_rng(0).standard_normal(len(found)), found, axes=1)
    symmetric: np.ndarray = mixed + mixed.T
    return symmetric - np.trace(symmetric) / len(symmetric) * np.eye(len(symmetric))


def semisimple_forms(reductive: np.ndarray) -> np.ndarray:
    """(f, m, m) symmetric forms that the brackets of (r, m, m) matrices preserve."""
    m = reductive.shape[1]
    products = np.einsum("iab,jbc->ijac", reductive, reductive)
    derived = _spanned((products - products.transpose(1, 0, 2, 3)).reshape(-1, m, m))
    if not len(derived):
        return np.zeros((0, m, m))
    return np.array([form.matrix for form in forms.symmetric_forms(derived, Ruler(EXACT))]).reshape(-1, m, m)


def _parts(basis: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Reductive and nilpotent matrices; None where there are no nilpotent ones."""
    k = len(basis)
    constants = structure_constants(basis)
    constants[np.abs(constants) < ROUNDING] = 0.0
    seen = flag(constants, ZERO)
    if seen is None or not seen.radical:
        return None
    adapted = restricted(constants, seen.frame)
    radical = np.eye(k)[k - seen.radical :]
    levi = levi_complement(adapted, radical)
    moved = np.einsum("ia,rb,abl->ril", levi, radical, adapted).reshape(len(radical), -1)
    center = _null(moved.T) @ radical
    torus = _cartan(adapted, center)
    matrices = np.tensordot(seen.frame, basis, axes=1)
    of_torus = np.tensordot(torus, matrices, axes=1)
    semisimple = _semisimple(of_torus)
    reductive = np.concatenate([np.tensordot(levi, matrices, axes=1), semisimple])
    derived = matrices[k - seen.derived :]
    nilpotent = _spanned(np.concatenate([derived, of_torus - semisimple]))
    return (_spanned(reductive), nilpotent) if len(nilpotent) else None


def _cartan(constants: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows of a Cartan subalgebra of the subalgebra that rows (s, k) span."""
    s = len(rows)
    if s < 2:
        return rows
    inner = restricted(constants, rows)
    element = np.tensordot(np.random.default_rng(0).standard_normal(s), inner, axes=1).T
    sizes = np.abs(np.linalg.eigvals(element))
    if sizes.max() < CLUSTER * np.linalg.norm(element) or not element.any():
        return rows
    zero = int((sizes < CLUSTER * sizes.max()).sum())
    power: np.ndarray = np.linalg.matrix_power(element / sizes.max(), s)
    return np.linalg.svd(power)[2][s - zero :] @ rows


def _semisimple(matrices: np.ndarray) -> np.ndarray:
    """(h, m, m): the semisimple parts of matrices that span a nilpotent algebra: one number on each weight space."""
    if not len(matrices):
        return matrices
    rng = np.random.default_rng(1)
    # An unlucky element has close weights that others tell apart.
    trials = [_weight_spaces(np.tensordot(rng.standard_normal(len(matrices)), matrices, axes=1)) for _ in range(TRIALS)]
    spaces = max(trials, key=len)
    inverse = np.linalg.inv(np.concatenate(spaces, axis=1))
    result = np.zeros(matrices.shape, dtype=complex)
    start = 0
    for space in spaces:
        size = space.shape[1]
        projector = space @ inverse[start : start + size]
        result += np.einsum("hab,ba->h", matrices, projector)[:, None, None] / size * projector
        start += size
    return result.real


def _weight_spaces(matrix: np.ndarray) -> list[np.ndarray]:
    """(m, size) columns of each generalised eigenspace."""
    m = len(matrix)
    matrix = matrix / np.linalg.norm(matrix)
    values = np.linalg.eigvals(matrix)
    left, spaces = list(range(m)), []
    while left:
        cluster = [left.pop(0)]
        for index in cluster:
            near = [i for i in left if abs(values[i] - values[index]) < CLUSTER]
            cluster += near
            left = [i for i in left if i not in near]
        shifted = np.linalg.matrix_power(matrix - values[cluster].mean() * np.eye(m), len(cluster))
        spaces.append(np.linalg.svd(shifted)[2][m - len(cluster) :].conj().T)
    return spaces


def _steps(nilpotent: np.ndarray) -> list[np.ndarray]:
    """Orthonormal rows of the complement of T V in V, of T T V in T V, and so on."""
    m = nilpotent.shape[1]
    steps, whole = [], np.eye(m)
    while len(whole):
        images = (nilpotent @ whole.T).transpose(0, 2, 1).reshape(-1, m)
        _, s, vt = np.linalg.svd(images, full_matrices=False)
        inner = vt[: int((s > ZERO).sum())]
        if len(inner) >= len(whole):
            return []
        rest = whole - whole @ inner.T @ inner
        steps.append(np.linalg.svd(rest)[2][: len(whole) - len(inner)])
        whole = inner
    return steps


def _null(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal rows x with matrix @ x = 0."""
    if not matrix.shape[0]:
        return np.eye(matrix.shape[1])
    _, s, vt = np.linalg.svd(matrix)
    return vt[int((s > ZERO).sum()) :]


def _spanned(matrices: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the span."""
    k, m = len(matrices), matrices.shape[1]
    if not k:
        return matrices
    _, s, vt = np.linalg.svd(matrices.reshape(k, m * m), full_matrices=False)
    return vt[: int((s > ZERO).sum())].reshape(-1, m, m)
