"""What the problems of pairs y_n = exp(sum_i t_ni L_i) x_n + noise share: noise, refusals, exponentials that act."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from ..errors import InputError

Action = Callable[[np.ndarray], np.ndarray]
"""x -> A x on a batch, with an A for every pair."""

NUMBERS_AT_ONCE = 1 << 20
NOISE = "standard deviation of the noise in y, over the RMS of y about its mean"


def noisy(rng: np.random.Generator, y: np.ndarray, noise: float) -> np.ndarray:
    """y with independent Gaussian noise of standard deviation `noise` times the RMS of y about its mean.

    Raises:
        InputError: the noise is negative or not finite.
    """
    if not 0 <= noise < np.inf:
        raise InputError(f"--set noise={noise:g}: 0 or more; .1 is 10 % of the RMS of y")
    return y + noise * y.std() * rng.standard_normal(y.shape) if noise else y


def chunks(n: int, numbers: int) -> Iterator[slice]:
    """Slices of 0..n that hold about a million numbers each, at so many an index."""
    step = max(1, NUMBERS_AT_ONCE // numbers)
    return (slice(first, first + step) for first in range(0, n, step))


def check_whole(name: str, value: int, low: int, high: int) -> None:
    """Refuse a number outside of low..high.

    Raises:
        InputError: with the limits.
    """
    if not low <= value <= high:
        raise InputError(f"--set {name}={value}: between {low} and {high}")


def check_length(name: str, value: float) -> None:
    """Refuse an angle or a distance outside of 1e-6..100.

    Raises:
        InputError: with the limits.
    """
    if not 1e-6 <= value <= 100:
        raise InputError(f"--set {name}={value:g}: between 1e-6 and 100")


def exponential(a: np.ndarray) -> np.ndarray:
    """exp of every matrix, to rounding of its norm: Taylor series at |A| / 2^s <= 1/2, squared s times.

    Args:
        a: (n, d, d).

    Returns:
        (n, d, d).
    """
    d = a.shape[-1]
    largest = float(np.abs(a).sum(axis=-1).max(initial=0.0))
    squarings = max(0, math.ceil(math.log2(2 * largest))) if largest > 0 else 0
    small = a / 2**squarings
    result = term = np.broadcast_to(np.eye(d), a.shape)
    for order in range(1, 16):  # .5^16 / 16! < 1e-18
        term = term @ small / order
        result = result + term
    for _ in range(squarings):
        result = result @ result
    return result


def turned(act: Action, x: np.ndarray, size: float) -> np.ndarray:
    """exp(A) x for antisymmetric A, to rounding, with about `size` + 30 products.

    exp(A) = J_0(r) + 2 sum_k J_k(r) P_k with r = size, P_0 = I, P_1 = A / r, P_k+1 = 2 (A / r) P_k + P_k-1: the
    Chebyshev series of exp on the imaginary axis (Tal-Ezer and Kosloff, J. Chem. Phys. 81, 3967), stable where a
    Taylor series cancels.

    Args:
        act: x -> A x.
        x: any shape.
        size: bound of the spectral norm of every A.
    """
    from scipy.special import jv

    if size == 0:
        return x.copy()
    weights = jv(np.arange(math.ceil(size + 20 * size ** (1 / 3)) + 20), size)
    last = int(np.flatnonzero(np.abs(weights) > 1e-17)[-1])
    before, now = x, act(x) / size
    result = weights[0] * before + 2 * weights[1] * now
    for weight in weights[2 : last + 1]:
        before, now = now, act(now) * (2 / size) + before
        result += 2 * weight * now
    return result
