"""How well generators of pairs can be known: the information of y = exp(sum_i t_i L_i) x + noise about their span.

A Cramer-Rao-like floor, written without the package. Each pair's t is a nuisance: the Jacobian with respect to the
generators is projected off that with respect to t. What only mixes the generators among themselves changes no span and
is left out. The covariance of the rest is the inverse of the information; drawn from it, errors have the largest
principal angles whose median is returned. It assumes nothing about t; what is known of t could bring an estimate below.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

NODES = 10
DRAWS = 400


def bound(
    generators: np.ndarray,
    x: np.ndarray,
    t: np.ndarray,
    deviation: float,
    *,
    free: np.ndarray | None = None,
    seed: int = 0,
) -> float:
    """Median over draws of the largest principal angle, in degrees, of the most efficient unbiased estimate.

    Args:
        generators: (k, d, d).
        x: (n, d, m) columns.
        t: (n, k).
        deviation: of the noise of a number of y.
        free: (d, d) which entries are unknown; all where left out. Rows that are not free are taken as not observed
            (the last of homogeneous coordinates).
        seed: of the draws.
    """
    _, across, information = informed(generators, x, t, free)
    k = len(generators)
    values, vectors = np.linalg.eigh(across.T @ information @ across)
    if values[0] < 1e-9 * values[-1]:
        return float("inf")
    rng = np.random.default_rng(seed)
    drawn = vectors @ (rng.standard_normal((len(values), DRAWS)) * (deviation / np.sqrt(values))[:, None])
    tangents = np.linalg.svd(drawn.T.reshape(DRAWS, k, -1), compute_uv=False)[:, 0]
    return float(np.degrees(np.median(np.arctan(tangents))))


def excess(
    generators: np.ndarray,
    found: np.ndarray,
    x: np.ndarray,
    t: np.ndarray,
    deviation: float,
    information: np.ndarray | None = None,
) -> tuple[float, int]:
    """chi^2 of the error of a span found, in the covariance that the information allows, and its degrees of freedom.

    All directions of the error count, where the largest angle is one number a data set: so few data sets show how
    efficient an estimate is. At the bound the mean of chi^2 is the degrees of freedom.

    Args:
        found: (k, d, d). information: for unit noise, in the orthonormal basis of `informed`; None: the one that it
            gives. The others as for `bound`.
    """
    basis, across, at_true = informed(generators, x, t, None)
    information = at_true if information is None else information
    k = len(generators)
    # The basis of the span found that differs from the true one by what is orthogonal to it.
    rows = found.reshape(k, -1)
    error = np.linalg.solve(rows @ basis, rows) - basis.T
    inside = across.T @ error.ravel()
    return float(inside @ (across.T @ information @ across) @ inside) / deviation**2, len(inside)


def informed(
    generators: np.ndarray, x: np.ndarray, t: np.ndarray, free: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthonormal basis (d^2, k) of the span, the directions across it, and the information for unit noise."""
    k, d, _ = generators.shape
    mask = np.ones((d, d), dtype=bool) if free is None else free
    # The same span in an orthonormal basis, and t with it.
    basis, mix = np.linalg.qr(generators.reshape(k, -1).T)
    matrices, turns = basis.T.reshape(k, d, d), t @ mix.T
    one = k == 1 and bool(np.allclose(matrices[0], -matrices[0].T))
    if one and mask.all():
        information = information_of_one(matrices[0], x, turns[:, 0])
    else:
        information = information_of_many(matrices, x, turns, mask)
    across = np.kron(np.eye(k), _complement(basis[mask.ravel()]))
    return basis, across, information.reshape(len(across), -1)


def _complement(columns: np.ndarray) -> np.ndarray:
    """(r, r - k): orthonormal columns orthogonal to these (r, k)."""
    return np.linalg.svd(columns, full_matrices=True)[0][:, columns.shape[1] :]


def information_of_many(matrices: np.ndarray, x: np.ndarray, t: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(k, K, k, K): sum over pairs of J'PJ for unit noise, K free entries of every generator.

    d exp(A)[E] x = int_0^1 exp((1 - s) A) E exp(s A) x ds, by Gauss-Legendre.
    """
    k = len(matrices)
    seen = mask.any(axis=1)
    row, column = np.nonzero(mask)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    a = np.einsum("nk,kij->nij", t, matrices)
    derivative = np.zeros((len(x), int(seen.sum()), x.shape[2], len(row)))
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        left, right = expm((1 - node) * a), expm(node * a) @ x
        derivative += weight * np.einsum("nie,nem->nime", left[:, seen][:, :, row], right[:, column])
    jacobian = derivative.reshape(len(x), -1, len(row))
    tangent = jacobian @ matrices.reshape(k, -1)[:, mask.ravel()].T
    axes, singular, _ = np.linalg.svd(tangent, full_matrices=False)
    axes = axes * (singular > 1e-9 * singular[:, :1])[:, None, :]
    jacobian = jacobian - axes @ (axes.transpose(0, 2, 1) @ jacobian)
    gram = jacobian.transpose(0, 2, 1) @ jacobian
    return np.asarray(np.einsum("ni,nj,nab->iajb", t, t, gram))


def information_of_one(matrix: np.ndarray, x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(1, d^2, 1, d^2): the same for one antisymmetric generator, in its eigenbasis L = U diag(i w) U^*.

    There d exp(tL)[E] x has entries sum_b t phi_ab (U^* E U)_ab (U^* x)_b: a row of U^* E U meets one entry of y, so
    that J'J is a block a row, and the nuisance takes off a rank one a pair.
    """
    frequencies, frame = np.linalg.eigh(-1j * matrix)
    d = len(matrix)
    apart = frequencies[:, None] - frequencies[None, :]
    entries = np.conj(frame.T) @ x
    blocks = np.zeros((d, d, d), dtype=complex)
    outer = np.zeros((d * d, d * d), dtype=complex)
    for start in range(0, len(x), 500):
        part = slice(start, start + 500)
        when = t[part, None, None]
        # phi_ab = (e^{i w_a t} - e^{i w_b t}) / (i (w_a - w_b) t), at w_a = w_b its limit.
        phi = np.exp(1j * when * (frequencies[:, None] + frequencies[None, :]) / 2) * np.sinc(
            when * apart / (2 * np.pi)
        )
        inside = entries[part]
        weighted = when * phi  # (n, a, b)
        square = np.einsum("nbm,ncm->nbc", np.conj(inside), inside)
        blocks += np.einsum("nab,nac,nbc->abc", np.conj(weighted), weighted, square, optimize=True)
        tangent = 1j * frequencies[:, None] * np.exp(1j * when * frequencies[:, None]) * inside
        size = np.sqrt((np.abs(tangent) ** 2).sum((1, 2)))
        along = np.einsum("nam,nbm,nab->nab", np.conj(tangent), inside, weighted, optimize=True)
        along = along.reshape(len(inside), -1) / size[:, None]
        outer += np.conj(along.T) @ along
    information = -outer
    for a in range(d):
        information[a * d : (a + 1) * d, a * d : (a + 1) * d] += blocks[a]
    # vec(U^* E U) = (U^* (x) U^T) vec(E).
    turn = np.kron(np.conj(frame.T), frame.T)
    return np.real(np.conj(turn.T) @ information @ turn).reshape(1, d * d, 1, d * d)
