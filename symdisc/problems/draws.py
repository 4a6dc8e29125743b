"""Random matrices and samples with exactly known properties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError


def orthogonal(rng: np.random.Generator, d: int) -> np.ndarray:
    """(d, d): uniformly distributed orthogonal matrix (Mezzadri, Notices AMS 54, 592: QR with positive diagonal)."""
    q, r = np.linalg.qr(rng.standard_normal((d, d)))
    return q * np.sign(np.diag(r))


def invertible(rng: np.random.Generator, d: int, condition: float) -> np.ndarray:
    """(d, d): random matrix whose singular values go geometrically from 1 to 1 / condition."""
    return (orthogonal(rng, d) * np.geomspace(1.0, 1.0 / condition, d)) @ orthogonal(rng, d)


def normal(rng: np.random.Generator, samples: int, d: int, exact: bool) -> np.ndarray:
    """(samples, d): independent standard normal columns.

    Args:
        exact: make the sample mean 0 and the sample covariance (divided by `samples`) the identity, to rounding.

    Raises:
        InputError: `exact` with too few samples.
    """
    z = rng.standard_normal((samples, d))
    if not exact:
        return z
    if samples <= d:
        raise InputError(f"--samples {samples}: an exact covariance of {d} columns needs at least {d + 1}")
    return np.linalg.qr(z - z.mean(axis=0))[0] * np.sqrt(samples)


def offset(rng: np.random.Generator, d: int, length: float) -> np.ndarray:
    """(d,): a vector of that length in a random direction.

    Raises:
        InputError: the length is negative or not finite.
    """
    if not 0 <= length < np.inf:
        raise InputError(f"--set centre={length:g}: a distance, 0 or more")
    direction = rng.standard_normal(d)
    return length * direction / np.linalg.norm(direction)


def planes(axes: Sequence[int], d: int) -> np.ndarray:
    """(k, d, d): rotations e_i e_j^T - e_j e_i^T in all planes of the given axes, k = len(axes) choose 2."""
    pairs = [(i, j) for place, i in enumerate(axes) for j in axes[place + 1 :]]
    stack = np.zeros((len(pairs), d, d))
    for generator, (i, j) in zip(stack, pairs, strict=True):
        generator[i, j], generator[j, i] = 1.0, -1.0
    return stack


def check_condition(condition: float) -> None:
    """Refuse a condition number below 1.

    Raises:
        InputError: with the remedy.
    """
    if not 1 <= condition <= 1e6:
        raise InputError(f"--set condition={condition:g}: between 1 and 1e6")
