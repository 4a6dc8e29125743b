"""Direct sums: the indecomposable ideals of an algebra, from its centroid {X: X ad x = ad x X for all x}.

Abelian summands are split off first. A generic element of the centroid of the rest has one eigenvalue (or complex pair)
on each indecomposable ideal, because an indecomposable algebra's centroid is local.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import forms, series
from .decisions import Ruler
from .levi import restricted

TRIALS = 6
CLUSTER = 0.08
DECOMPOSED = 1e-3
SAME = 0.05


@dataclass(frozen=True)
class Summand:
    """An ideal that is a direct summand.

    Attributes:
        rows: (r, k) coefficients of a basis, not orthonormal.
        constants: (r, r, r) structure constants in an orthonormal basis of these rows.
        complex: whether its centroid holds a complex structure.
    """

    rows: np.ndarray
    constants: np.ndarray
    complex: bool

    @property
    def dimension(self) -> int:
        """Real dimension."""
        return len(self.rows)


def summands(
    constants: np.ndarray, derived: np.ndarray, center: np.ndarray, ruler: Ruler
) -> tuple[list[Summand], int, float]:
    """Indecomposable non-abelian ideals, largest first, the dimension of the abelian rest, and how far apart
    the eigenvalues are that tell them apart (near 1, or infinite where nothing has to be told apart).

    Args:
        constants: (k, k, k), exact or nearly so.
        derived, center: orthonormal rows of [g, g] and of the centre.
    """
    k = len(constants)
    if not len(derived):
        return [], k, np.inf
    body, free = np.eye(k), 0
    if len(center):
        # The centre outside [g, g] splits off; any complement that holds [g, g] is an ideal.
        cosines = np.linalg.svd(center @ derived.T)
        inside = int((cosines[1] > 1 - SAME).sum())
        free = len(center) - inside
        abelian = cosines[0][:, inside:].T @ center
        outside = np.linalg.qr((abelian - (abelian @ derived.T) @ derived).T)[0].T if free else np.zeros((0, k))
        spanned = np.concatenate([derived, outside])
        body = np.concatenate([derived, np.linalg.svd(spanned)[2][len(spanned) :]])
    inner = np.linalg.qr(body.T)[0].T
    c = restricted(constants, inner)
    parts, apart = _split(c, ruler)
    result = []
    for rows, is_complex in parts:
        basis = np.linalg.qr((rows @ inner).T)[0].T
        result.append(Summand(basis, restricted(constants, basis), is_complex))
    return sorted(result, key=lambda part: -part.dimension), free, apart


def _split(c: np.ndarray, ruler: Ruler) -> tuple[list[tuple[np.ndarray, bool]], float]:
    """Rows of each indecomposable ideal of an algebra without abelian summands, and whether it is complex; and by how
    much the eigenvalues are apart that tell them apart."""
    k = len(c)
    rng = np.random.default_rng(0)
    mixes = rng.standard_normal((min(k, 6), k)) / np.sqrt(k)
    ad = np.tensordot(mixes, series.adjoint(c), axes=1)
    ad /= max(float(np.linalg.norm(ad)) / np.sqrt(len(ad)), 1e-300)
    centroid = forms.commutant(ad, ruler)
    if len(centroid) < 2:
        return [(np.eye(k), False)], np.inf
    best: list[tuple[np.ndarray, bool]] = [(np.eye(k), False)]
    widest = 0.0
    for _ in range(TRIALS):
        x = np.tensordot(rng.standard_normal(len(centroid)), centroid, axes=1)
        x /= np.linalg.norm(x) / np.sqrt(k)
        found, apart = _eigenspaces(x)
        rows = [space for space, _ in found]
        better = (len(found), found[0][1], apart) > (len(best), best[0][1], widest)
        # Without abelian summands none has dimension 1.
        whole = len(np.concatenate(rows)) == k and min(map(len, rows)) > 1
        if better and whole and _commute(c, rows, ruler):
            best, widest = found, apart
    return best, widest


def _eigenspaces(x: np.ndarray) -> tuple[list[tuple[np.ndarray, bool]], float]:
    """Invariant subspaces of x, one for each cluster of eigenvalues, conjugate ones together; and the smallest distance
    between clusters or of a pair from the real line."""
    values = np.linalg.eigvals(x)
    points = values.real + 1j * np.abs(values.imag)
    left = list(range(len(points)))
    spaces, apart = [], np.inf
    while left:
        cluster = [left.pop(0)]
        grown = True
        while grown:
            near = [i for i in left if np.abs(points[cluster] - points[i]).min() < CLUSTER]
            grown = bool(near)
            cluster += near
            left = [i for i in left if i not in near]
        middle = points[cluster].mean()
        is_complex = bool(middle.imag > 2 * CLUSTER)
        if left:
            apart = min(apart, float(np.abs(points[left] - middle).min()))
        if is_complex:
            apart = min(apart, float(middle.imag))
        k = len(x)
        if is_complex:
            shifted = (x - middle.real * np.eye(k)) @ (x - middle.real * np.eye(k)) + middle.imag**2 * np.eye(k)
        else:
            shifted = x - middle.real * np.eye(k)
        power = np.linalg.matrix_power(shifted, 3)
        spaces.append((np.linalg.svd(power)[2][k - len(cluster) :], is_complex))
    return spaces, apart


def _commute(c: np.ndarray, parts: list[np.ndarray], ruler: Ruler) -> bool:
    size = series.scale(c)
    for i, a in enumerate(parts):
        for b in parts[:i]:
            between = np.tensordot(b, np.tensordot(a, c, axes=1), axes=(1, 1))
            if np.linalg.norm(between) > 4 * max(ruler.threshold, DECOMPOSED) * size:
                return False
    return True
