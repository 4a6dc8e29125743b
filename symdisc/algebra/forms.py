"""What matrices leave alone: bilinear forms, commuting matrices; and whether the group they generate is compact."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from .decisions import Ruler

LARGEST = 28
SINGULAR = 1e-5


@dataclass(frozen=True)
class Form:
    """An invariant symmetric form and its signature (n_plus, n_minus, n_zero)."""

    matrix: np.ndarray
    signature: tuple[int, int, int]


def commutant(basis: np.ndarray, ruler: Ruler) -> np.ndarray:
    """(r, m, m): orthonormal basis of {X: X L = L X for all L}, m <= 28."""
    m = basis.shape[1]
    return _null_space(basis, -basis.transpose(0, 2, 1), np.eye(m * m), ruler).reshape(-1, m, m)


def symmetric_forms(basis: np.ndarray, ruler: Ruler) -> list[Form]:
    """A reduced basis of the symmetric g with L^T g + g L = 0 for all L, m <= 28."""
    forms = []
    for matrix in _forms(basis, 1, ruler):
        values = np.linalg.eigvalsh(matrix)
        values = values[np.abs(values) > ruler.threshold * np.abs(values).max()]
        if (values > 0).sum() < (values < 0).sum():
            matrix, values = -matrix, -values
        plus, minus = int((values > 0).sum()), int((values < 0).sum())
        forms.append(Form(matrix, (plus, minus, len(matrix) - plus - minus)))
    return forms


def antisymmetric_forms(basis: np.ndarray, ruler: Ruler) -> list[np.ndarray]:
    """A reduced basis of the antisymmetric g with L^T g + g L = 0 for all L, m <= 28."""
    return _forms(basis, -1, ruler)


def bounded(matrix: np.ndarray, ruler: Ruler) -> bool:
    """Whether exp(t matrix) stays bounded for all t: imaginary eigenvalues and no Jordan blocks."""
    m = len(matrix)
    size = np.linalg.norm(matrix) / sqrt(m)
    if size == 0:
        return True
    matrix = matrix / size
    values = np.linalg.eigvals(matrix)
    if np.abs(values.real).max() > ruler.threshold:
        return False
    # A Jordan block splits its eigenvalues like a root of the noise: frequencies that close are taken as equal.
    coarse = sqrt(ruler.threshold)
    frequencies = np.sort(np.abs(values.imag))
    starts = np.flatnonzero(np.diff(frequencies) > coarse) + 1
    geometric = 0
    for cluster in np.split(frequencies, starts):
        omega = cluster.mean()
        tested = matrix @ matrix + omega**2 * np.eye(m) if omega > coarse else matrix
        near = 4 * coarse + cluster[-1] ** 2 - cluster[0] ** 2
        null = int((np.linalg.svd(tested, compute_uv=False) < near).sum())
        geometric += min(null, len(cluster))
    return geometric == m


def _forms(basis: np.ndarray, sign: int, ruler: Ruler) -> list[np.ndarray]:
    m = basis.shape[1]
    i, j = np.triu_indices(m, 0 if sign > 0 else 1)
    frame = np.zeros((m, m, len(i)))
    frame[i, j, np.arange(len(i))] = 1
    frame[j, i, np.arange(len(i))] = sign
    frame /= np.linalg.norm(frame, axis=(0, 1))
    vectors = _null_space(basis.transpose(0, 2, 1), basis.transpose(0, 2, 1), frame.reshape(m * m, -1), ruler)
    return [_scaled(vector.reshape(m, m)) for vector in reduced(vectors)]


def _null_space(left: np.ndarray, right: np.ndarray, frame: np.ndarray, ruler: Ruler) -> np.ndarray:
    """(r, m^2): orthonormal X within the frame (m^2, p) with A_i X + X B_i^T = 0 for all i.

    The Gram matrix squares the singular values, so it only proposes candidates; their residuals decide.
    """
    k, m, _ = left.shape
    if not k or not frame.size:
        return frame.T
    one = np.eye(m)
    gram = np.kron(np.einsum("iba,ibc->ac", left, left), one)
    gram += np.kron(one, np.einsum("iba,ibc->ac", right, right))
    cross = np.einsum("ica,ibd->abcd", left, right, optimize=True).reshape(m * m, m * m)
    gram += cross + cross.T
    values, vectors = np.linalg.eigh(frame.T @ gram @ frame)
    size = sqrt(2 * k / m)
    few = values < (max(SINGULAR, 10 * ruler.threshold) * size) ** 2
    candidates = frame @ vectors[:, few]
    if not candidates.size:
        return np.zeros((0, m * m))
    x = candidates.T.reshape(-1, 1, m, m)
    images = left @ x + x @ right.transpose(0, 2, 1)
    s, vt = np.linalg.svd(images.reshape(len(x), -1).T, full_matrices=False)[1:]
    kept = ruler.count(s, size, record=False)
    return vt[kept:] @ candidates.T


def reduced(vectors: np.ndarray) -> np.ndarray:
    """The same span in reduced echelon form with the largest pivots: sparse where a sparse basis exists."""
    from scipy.linalg import qr

    if len(vectors) < 2:
        return vectors
    pivots = np.sort(qr(vectors, mode="r", pivoting=True)[1][: len(vectors)])
    return np.linalg.solve(vectors[:, pivots], vectors)


def _scaled(matrix: np.ndarray) -> np.ndarray:
    """Largest entry 1."""
    flat = matrix.ravel()
    return matrix / flat[np.abs(flat).argmax()]
