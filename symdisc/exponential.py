"""exp of many small matrices at once."""

from __future__ import annotations

import math

import numpy as np

from .errors import InputError

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
