"""exp of many small matrices at once, and the action of exp(sum_i t_i L_i) on many samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from .errors import InputError
from .factored import FactoredRotations

BLOCK_ITEMS = 1 << 20  # numbers in a block of matrices or of terms: 8 MB each, and a handful of them at once
SMALL = 16  # up to this size a matrix exponential a sample is cheaper than its series
FEW = 16  # up to so many generators, L_i X for all i is cheaper than a matrix a sample
STEP = 3.0  # norm of one step of the series: its terms grow to 4.5 at most, so hardly anything cancels
MOST_TERMS = 64
Matrices = Callable[[slice], np.ndarray]

# Coefficients of the [13/13] approximant, the first one 1.
PADE = [math.comb(13, j) * math.factorial(26 - j) / math.factorial(26) for j in range(14)]
PADE_RADIUS = 5.371920351148152


def matrix_exponential(matrices: np.ndarray) -> np.ndarray:
    """exp of each of (b, d, d) float64 matrices, to rounding.

    The [13/13] Pade approximant with scaling and squaring. The scaling follows |A^4|^{1/4}, |A^6|^{1/6} and |A^8|^{1/8}
    instead of |A|, so that a large translation beside a small rotation is not squared away.
    Source: Al-Mohy and Higham, SIAM J. Matrix Anal. Appl. 31 (2009), algorithm 5.1, degree 13 alone.
    """
    a = np.asarray(matrices, dtype=np.float64)
    if not a.size:
        return a.copy()
    squarings = _squarings(a)
    a = a * 0.5 ** squarings[:, None, None]
    identity = np.eye(a.shape[-1])
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    c = PADE
    odd = a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2) + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * identity
    even = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2) + c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * identity
    odd = a @ odd
    # As 1 + a difference: translations, and whatever A does not touch, stay exact.
    result = identity + np.linalg.solve(even - odd, 2 * odd)
    for done in range(int(squarings.max())):
        unfinished = squarings > done
        result[unfinished] = result[unfinished] @ result[unfinished]
    return result


def _squarings(a: np.ndarray) -> np.ndarray:
    """(b,) how often each matrix must be halved for the approximant to be exact to rounding."""
    a2 = a @ a
    a4 = a2 @ a2
    norm = _one_norm(a)
    root4 = _one_norm(a4) ** (1 / 4)
    root6 = _one_norm(a4 @ a2) ** (1 / 6)
    root8 = _one_norm(a4 @ a4) ** (1 / 8)
    size = np.minimum(np.maximum(root4, root6), np.maximum(root6, root8))
    size = np.where(np.isfinite(size), size, norm)
    halvings = np.ceil(np.log2(np.maximum(size / PADE_RADIUS, 1.0)))
    # The first term that the approximant misses, for |A|: whether rounding spoils what the powers of A promise.
    power = np.ones((len(a), 1, a.shape[-1]))
    scaled = np.abs(a) * 0.5 ** halvings[:, None, None]
    for _ in range(27):
        power = power @ scaled
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = power.max(axis=(1, 2)) / (norm * 0.5**halvings) / (math.comb(26, 13) * math.factorial(27))
        extra = np.ceil(np.log2(missed / 2**-53) / 26)
    halvings += np.where(np.isfinite(extra), np.maximum(extra, 0), 0)
    if not np.isfinite(norm).all() or halvings.max() > 1000:
        raise too_large()
    return halvings


def _one_norm(a: np.ndarray) -> np.ndarray:
    return np.abs(a).sum(axis=-2).max(axis=-1)


def too_large() -> InputError:
    """The error of an exponential that overflows."""
    return InputError("exp(sum t_i L_i) is too large for floating point numbers; give smaller t")


def exponential_action(
    generators: np.ndarray | FactoredRotations, t: np.ndarray, x: np.ndarray, homogeneous: bool = False
) -> np.ndarray:
    """exp(sum_i t_ni L_i) x_n for every sample, to rounding.

    Args:
        generators: (k, d, d), or factored rotations; (k, d + 1, d + 1) acting on (x, 1) where `homogeneous`.
        t: (n, k), or (k,) for all samples.
        x: (n, d, m): d-dimensional space, m channels that share the action. float32 stays float32.
        homogeneous: whether the last coordinate of the generators is a constant 1.

    Returns:
        (n, d, m). Samples are worked on in blocks; above d = 16 no n matrices of d x d are formed at once.

    Raises:
        InputError: shapes that do not fit; t so large that the exponential overflows.

    Source: one exponential where t is common or d small; eigenvectors for one (anti)symmetric generator; else steps of
    the Taylor series on all samples at once, after Al-Mohy and Higham, SIAM J. Sci. Comput. 33 (2011), short enough
    that no digits cancel.

    Example:
        >>> import numpy as np
        >>> quarter = exponential_action(np.array([[[0.0, -1.0], [1.0, 0.0]]]), [np.pi / 2], np.array([[[1.0], [0.0]]]))
        >>> quarter.round(12).ravel().tolist()
        [0.0, 1.0]
    """
    x = np.asarray(x)
    x = x if x.dtype == np.float32 else x.astype(np.float64, copy=False)
    if homogeneous:
        ones = np.ones((len(x), 1, x.shape[2]), dtype=x.dtype)
        return exponential_action(generators, t, np.concatenate([x, ones], axis=1))[:, :-1]
    k, size, _ = generators.shape
    t = np.asarray(t, dtype=np.float64)
    if t.ndim == 1:
        t = np.broadcast_to(t, (len(x), len(t)))
    if t.shape != (len(x), k):
        raise InputError(f"t has shape {t.shape}; {len(x)} samples and k = {k} generators need ({len(x)}, {k})")
    if x.shape[1] != size:
        raise InputError(f"x has dimension {x.shape[1]}, but the generators are {size} x {size} matrices")
    if not k or not x.size:
        return x.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        moved = _factored(generators, t, x) if isinstance(generators, FactoredRotations) else _dense(generators, t, x)
    if not np.isfinite(moved).all():
        raise too_large()
    return moved


def _dense(generators: np.ndarray, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    k, d, _ = generators.shape

    def matrices(rows: slice) -> np.ndarray:
        return (t[rows] @ generators.reshape(k, -1)).reshape(-1, d, d)

    if d <= SMALL or k > FEW or _common(t):
        return _by_matrices(matrices, x, _common(t))
    for sign in (-1, 1):
        if k == 1 and np.abs(generators[0] - sign * generators[0].T).max() <= 1e-15 * np.abs(generators).max():
            return _by_eigenvectors(generators[0], sign, t[:, 0], x)
    return _by_stack(generators, t, x)


def _factored(generators: FactoredRotations, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """exp(S A R) = 1 + S (exp(A) - 1) R, for R S = 1 and A antisymmetric: the exponential stays r x r."""
    root = np.sqrt(generators.eigenvalues)
    s, inverse = generators.eigenvectors * root, generators.eigenvectors / root
    i, j = np.triu_indices(len(root), 1)
    scale = np.hypot(root[i] / root[j], root[j] / root[i])
    z = inverse.T @ x.astype(np.float64)

    def matrices(rows: slice) -> np.ndarray:
        angles = np.zeros((len(t[rows]), len(root), len(root)))
        angles[:, i, j] = t[rows] / scale
        return angles - angles.transpose(0, 2, 1)

    return (x + s @ (_by_matrices(matrices, z, _common(t)) - z)).astype(x.dtype)


def _common(t: np.ndarray) -> bool:
    return bool((t == t[0]).all())


def _by_matrices(matrices: Matrices, x: np.ndarray, common: bool) -> np.ndarray:
    """One matrix for all samples, or a matrix a sample, in blocks; exponentials where small, else the series."""
    n, d, m = x.shape
    if common:
        matrix = matrices(slice(0, 1))
        # About 10 products of d x d for the exponential, about 25 of d x n m for each step of the series.
        if d <= SMALL or d < 2 * n * m * _norms(matrix)[0]:
            return _columns(lambda columns: matrix_exponential(matrix)[0] @ columns, x)
        return _columns(lambda columns: _series(matrix, columns[None])[0], x)
    result = np.empty_like(x)
    rows = max(1, BLOCK_ITEMS // (d * max(d, m)))
    for low in range(0, n, rows):
        part = slice(low, low + rows)
        block = matrices(part)
        result[part] = matrix_exponential(block) @ x[part] if d <= SMALL else _series(block, x[part])
    return result


def _columns(multiply: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """One matrix on all samples and channels as columns: one large product instead of n small ones."""
    n, d, m = x.shape
    columns = multiply(x.transpose(1, 0, 2).reshape(d, n * m))
    return np.ascontiguousarray(columns.reshape(d, n, m).transpose(1, 0, 2), dtype=x.dtype)


def _series(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """exp(a_n) x_n for (b, d, d) and (b, d, m), samples of equally many steps together."""
    shift = np.trace(a, axis1=1, axis2=2) / a.shape[1]
    a = (a - shift[:, None, None] * np.eye(a.shape[1])).astype(x.dtype)
    steps = _steps(_norms(a))
    result = np.empty_like(x)
    for count in np.unique(steps):
        rows = steps == count
        result[rows] = _taylor(partial(np.matmul, a[rows]), x[rows], steps=int(count), axis=1)
    return result * np.exp(shift)[:, None, None].astype(x.dtype)


def _by_eigenvectors(generator: np.ndarray, sign: int, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One symmetric (`sign` 1) or antisymmetric (-1) generator: orthonormal eigenvectors serve every t."""
    d, m = x.shape[1:]
    values, vectors = np.linalg.eigh(generator if sign > 0 else 1j * generator)
    rates = values if sign > 0 else -1j * values

    def multiply(columns: np.ndarray, phases: np.ndarray) -> np.ndarray:
        # Real products: the imaginary parts of the result cancel, so they are not computed.
        if sign > 0:
            return vectors @ (phases * (vectors.T @ columns))
        turned = phases * (vectors.real.T @ columns - 1j * (vectors.imag.T @ columns))
        return vectors.real @ turned.real - vectors.imag @ turned.imag

    result = np.empty_like(x)
    rows = max(1, BLOCK_ITEMS // (d * m))
    for low in range(0, len(x), rows):
        part = slice(low, low + rows)
        phases = np.exp(np.outer(rates, np.repeat(t[part], m)))
        result[part] = _columns(partial(multiply, phases=phases), x[part])
    return result


def _by_stack(generators: np.ndarray, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The series by products [L_1 .. L_k] (t_1 X; ..; t_k X) on all samples at once, no matrix a sample."""
    d, m = x.shape[1:]
    k = len(generators)
    shifts = np.trace(generators, axis1=1, axis2=2) / d
    traceless = generators - shifts[:, None, None] * np.eye(d)
    sizes = np.array([_spectral_norm(generator) for generator in traceless])
    wide = np.ascontiguousarray(traceless.transpose(1, 0, 2).reshape(d, k * d), dtype=x.dtype)
    steps = _steps(np.abs(t) @ sizes)
    result = np.empty_like(x)
    rows = max(1, 4 * BLOCK_ITEMS // (k * d * m))
    for count in np.unique(steps):
        chosen = np.flatnonzero(steps == count)
        for low in range(0, len(chosen), rows):
            part = chosen[low : low + rows]
            weights = np.repeat(t[part].T, m, axis=1)[:, None, :].astype(x.dtype)

            def multiply(term: np.ndarray, weights: np.ndarray = weights) -> np.ndarray:
                return wide @ (weights * term).reshape(k * d, -1)

            result[part] = _columns(partial(_taylor, multiply, steps=int(count), axis=0), x[part])
    return result * np.exp(t @ shifts)[:, None, None].astype(x.dtype)


def _taylor(multiply: Callable[[np.ndarray], np.ndarray], x: np.ndarray, steps: int, axis: int) -> np.ndarray:
    """`steps` times the series of exp(A / steps), until every column has all its digits; A x along `axis`."""
    rounding = np.finfo(x.dtype).eps / 4
    for _ in range(steps):
        term, total = x, x.copy()
        for order in range(1, MOST_TERMS):
            term = multiply(term) / x.dtype.type(order * steps)
            total += term
            if (np.abs(term).max(axis=axis) <= rounding * np.abs(total).max(axis=axis)).all():
                break
        x = total
    return x


def _steps(norms: np.ndarray) -> np.ndarray:
    if not np.isfinite(norms).all() or norms.max(initial=0) > 1e6:
        raise too_large()
    return np.maximum(1, np.ceil(norms / STEP)).astype(int)


def _norms(a: np.ndarray) -> np.ndarray:
    """(b,) upper bounds of the spectral norms of (b, d, d)."""
    size = np.abs(a)
    mixed = np.sqrt(size.sum(axis=1).max(axis=1) * size.sum(axis=2).max(axis=1))
    return np.minimum(mixed, np.sqrt(np.einsum("bij,bij->b", a, a)))


def _spectral_norm(a: np.ndarray) -> float:
    """By power iteration: a step a little too long costs no digit, so an estimate will do."""
    v = np.random.default_rng(0).standard_normal(a.shape[1])
    for _ in range(20):
        v = a.T @ (a @ (v / max(np.linalg.norm(v), np.finfo(float).tiny)))
    return min(1.1 * float(np.sqrt(np.linalg.norm(v))), float(_norms(a[None])[0]))
