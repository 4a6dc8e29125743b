"""Levi decomposition: a semisimple subalgebra s with g = s |x R."""

from __future__ import annotations

import numpy as np

ROUNDS = 20
DONE, ENOUGH = 1e-13, 1e-9
# Complements are as many as the nilradical has automorphisms to move them by. Along these directions a step is noise
# divided by nearly nothing: they are left alone as long as the others are enough.
CUTS = (1e-3, 1e-5, 1e-7, 1e-9)


def levi_complement(constants: np.ndarray, radical: np.ndarray) -> np.ndarray:
    """Rows (k - r, k) that span a Levi complement of the radical (Levi's theorem says that there is one).

    Gauss-Newton on u in [x_i + u_i, x_j + u_j] = c_ij^l (x_l + u_l), u_i in the radical and x a complement; with an
    abelian radical the equations are linear.

    Args:
        constants: (k, k, k), exact.
        radical: (r, k) orthonormal rows.
    """
    k, r = len(constants), len(radical)
    x = np.linalg.svd(radical)[2][r:] if r else np.eye(k)
    s = len(x)
    if not r or not s or not constants.any():
        return x
    best, least = x, np.inf
    for cut in CUTS:
        rows, left = _solved(constants, radical, x, cut)
        if left < least:
            best, least = rows, left
        if least < ENOUGH:
            break
    return best


def _solved(constants: np.ndarray, radical: np.ndarray, x: np.ndarray, cut: float) -> tuple[np.ndarray, float]:
    """Rows of a complement, and how far it is from closing, relative to the structure constants."""
    s, r = len(x), len(radical)
    quotient = _brackets(constants, x) @ x.T
    size = np.abs(constants).max()
    u = np.zeros((s, r))
    i, j = np.triu_indices(s, 1)
    best, least = x, np.inf
    for _ in range(ROUNDS):
        y = x + u @ radical
        wrong = ((_brackets(constants, y) - np.tensordot(quotient, y, axes=1)) @ radical.T)[i, j]
        left = float(np.abs(wrong).max(initial=0.0) / size)
        if left < least:
            best, least = y, left
        if left < DONE or left > 1 / DONE:
            break
        # How [y_i, rho] moves along the radical.
        action = np.einsum("ia,rb,abl,ql->irq", y, radical, constants, radical, optimize=True)
        one = np.eye(s)
        slope = np.einsum("ia,jrq->ijqar", one, -action) + np.einsum("ja,irq->ijqar", one, action)
        slope -= np.einsum("ija,rq->ijqar", quotient, np.eye(r))
        matrix = slope[i, j].reshape(len(i) * r, s * r)
        u -= np.linalg.lstsq(matrix, wrong.ravel(), rcond=cut)[0].reshape(s, r)
    return best, least


def restricted(constants: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Structure constants of the subalgebra that rows (s, k) span, in that basis."""
    return np.tensordot(_brackets(constants, rows), np.linalg.pinv(rows), axes=1)


def _brackets(constants: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.einsum("ia,jb,abl->ijl", rows, rows, constants, optimize=True)
