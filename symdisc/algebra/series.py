"""Killing form, derived and central series, radical and nilradical, from structure constants and a `Ruler`.

Subspaces of the algebra are (r, k) arrays of orthonormal rows. Definitions: Humphreys, Introduction to Lie Algebras and
Representation Theory (1972), sections 3 to 5; the nilradical by traces as in Ronyai, J. Symb. Comput. 9 (1990).
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from .decisions import Ruler

MANY = 40


def adjoint(constants: np.ndarray) -> np.ndarray:
    """(k, k, k): the matrix of ad E_i, acting on coefficient columns, at index i."""
    return constants.transpose(0, 2, 1)


def scale(constants: np.ndarray) -> float:
    """Root-mean-square Frobenius norm of ad x over unit x: what structure constants are small or large against."""
    return float(np.linalg.norm(constants)) / sqrt(len(constants))


def killing_form(constants: np.ndarray) -> np.ndarray:
    """(k, k): tr(ad E_i ad E_j)."""
    k = len(constants)
    flat = constants.reshape(k, k * k)
    return flat @ adjoint(constants).reshape(k, k * k).T


def killing_signature(form: np.ndarray, constants: np.ndarray, ruler: Ruler) -> tuple[int, int, int]:
    """(n_plus, n_minus, n_zero) of the Killing form."""
    values = np.linalg.eigvalsh(form)
    size = scale(constants) ** 2
    plus, minus = ruler.count(values[values > 0], size), ruler.count(values[values < 0], size)
    return plus, minus, len(values) - plus - minus


def bracket_space(constants: np.ndarray, a: np.ndarray, b: np.ndarray, ruler: Ruler) -> np.ndarray:
    """[A, B] for subspaces A (p, k) and B (q, k)."""
    k = len(constants)
    products = np.tensordot(b, np.tensordot(a, constants, axes=1), axes=(1, 1)).reshape(-1, k)
    if k > MANY:
        values, vectors = np.linalg.eigh(products.T @ products)
        s, vt = np.sqrt(np.maximum(values[::-1], 0.0)), vectors.T[::-1]
    else:
        _, s, vt = np.linalg.svd(products, full_matrices=False)
    return vt[: ruler.count(s, scale(constants))]


def derived_series(constants: np.ndarray, ruler: Ruler) -> list[np.ndarray]:
    """g, [g, g], [[g, g], [g, g]], ... until the dimension stops falling."""
    series = [np.eye(len(constants))]
    while True:
        last = series[-1]
        smaller = bracket_space(constants, last, last, ruler)
        if len(smaller) >= len(last):
            return series
        series.append(smaller)


def upper_central_series(constants: np.ndarray, ruler: Ruler) -> list[np.ndarray]:
    """0, the centre, what commutes with g up to the centre, ... until the dimension stops growing."""
    k = len(constants)
    series = [np.zeros((0, k))]
    while True:
        last = series[-1]
        rest = constants - (constants @ last.T) @ last
        u, s, _ = np.linalg.svd(rest.reshape(k, k * k), full_matrices=False)
        grown = u[:, ruler.count(s, scale(constants)) :].T
        if len(grown) <= len(last):
            return series
        series.append(grown)


def radical(form: np.ndarray, derived: np.ndarray, constants: np.ndarray, ruler: Ruler) -> np.ndarray:
    """The largest solvable ideal: the complement of [g, g] in the Killing form."""
    u, s, _ = np.linalg.svd(form @ derived.T)
    return u[:, ruler.count(s, scale(constants) ** 2) :].T


def nilradical(constants: np.ndarray, radical: np.ndarray, ruler: Ruler) -> np.ndarray:
    """The largest nilpotent ideal: {x in the radical: tr(W ad x) = 0 for all W in the algebra that ad g generates}.

    Exponentials of random elements span that associative algebra, and unlike random words all have a size near 1.
    """
    from scipy.linalg import expm

    r, k = radical.shape
    if not r:
        return radical
    ad = adjoint(constants)
    rng = np.random.default_rng(0)
    random = np.tensordot(rng.standard_normal((2 * r + 8, k)), ad, axes=1)
    norms = np.linalg.norm(random, ord=2, axis=(1, 2), keepdims=True)
    words = expm(1.5 * random / np.maximum(norms, np.finfo(float).tiny))
    inside = np.tensordot(radical, ad, axes=1)
    traces = np.einsum("wab,xba->wx", words, inside, optimize=True)
    _, s, vt = np.linalg.svd(traces)
    return vt[ruler.count(s, sqrt(len(words)) * scale(constants)) :] @ radical


def derivation_dimension(constants: np.ndarray, threshold: float) -> int:
    """Dimension of {D: D[x, y] = [Dx, y] + [x, Dy]}: singular values below `threshold` of the largest vanish."""
    k = len(constants)
    one = np.eye(k)
    equations = np.einsum("ijl,pq->ijpql", constants, one) - np.einsum("qjp,il->ijpql", constants, one)
    equations -= np.einsum("iqp,jl->ijpql", constants, one)
    i, j = np.triu_indices(k, 1)
    s = np.linalg.svd(equations[i, j].reshape(len(i) * k, k * k), compute_uv=False)
    return k * k - int((s > threshold * s[0]).sum())
