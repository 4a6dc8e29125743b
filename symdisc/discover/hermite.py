"""Normalised Hermite polynomials of one variable, and keys by which products of them are looked up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .device import Array


def one_dimensional(z: Array, degree: int, library: Any = np) -> list[Array]:
    """He_k(z) / sqrt(k!) for k = 0 .. degree, in NumPy or torch."""
    values = [library.ones_like(z), z]
    for k in range(1, degree):
        values.append((z * values[k] - math.sqrt(k) * values[k - 1]) / math.sqrt(k + 1))
    return values[: degree + 1]


def codes(d: int) -> np.ndarray:
    """(d,) unsigned: the key of a multi-index is its product with these modulo 2^64, different for different ones."""
    return np.random.default_rng(0).integers(1, 2**63, d, dtype=np.uint64)


class Places:
    """Looks up where multi-indices stand among known ones.

    Args:
        known: (p,) keys, all different.
    """

    def __init__(self, known: np.ndarray) -> None:
        self._order = np.argsort(known, kind="stable")
        self._sorted = known[self._order]

    def __call__(self, keys: np.ndarray) -> np.ndarray:
        """Places, in the shape of the keys; each of them is known."""
        return np.asarray(self._order[np.searchsorted(self._sorted, keys)])
