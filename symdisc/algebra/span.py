"""The span of matrices that may be noisy and redundant, and the angles between two spans."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

from ..errors import InputError
from .structure import affordable, brackets, sampled_brackets

ZERO = 1e-12
SURE_GAP = 1e3
BLIND_GAP = 20.0
LEAST_GAP = 2.0
CONSISTENT = 3.0
BELIEVABLE = 0.1
AGREEING, FEW_AGREEING, AGREEING_GAP, BELIEVABLE_SHOWN = 2.0, 4.0, 3.0, 0.15


@dataclass(frozen=True)
class Span:
    """An orthonormal basis of the span, and how it was told from noise.

    Attributes:
        basis: (k, m, m), orthonormal in the Frobenius product. Where the given matrices are independent it is the
            orthonormal basis nearest to them; orthonormal matrices are returned as given.
        given: number of matrices given.
        noise: relative noise that the discarded directions show (rounding where none were discarded).
        spread: factor by which noise of the given matrices grows in the basis, 1 if they were orthonormal.
        gap: ratio of the smallest kept to the largest discarded singular value; None if none was discarded.
        rows: (n', m^2) the nonzero matrices given, each of norm 1.
    """

    basis: np.ndarray
    given: int
    noise: float
    spread: float
    gap: float | None
    rows: np.ndarray = field(repr=False, default_factory=lambda: np.zeros((0, 0)))


def matrices(generators: Any) -> np.ndarray:
    """(k, m, m) float64 from anything array-like; a single (m, m) is k = 1.

    Raises:
        InputError: not square matrices, complex, or not finite.
    """
    array = np.asarray(generators)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[1] != array.shape[2]:
        raise InputError(f"generators must have shape (k, m, m), not {array.shape}")
    if array.dtype.kind not in "fiub":
        raise InputError(f"generators must be real numbers, not {array.dtype}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"generators: {array[where]} at index {where}; remove or replace it")
    return array


def span(generators: Any, noise: float | None = None) -> Span:
    """Orthonormal basis of what the matrices span.

    The rank is the position of the largest gap in the singular values of the normalised stack, unless all matrices
    together close under brackets better than that gap explains: then nothing is discarded. Where all of them span
    gl(m), which always closes, what is left has to close up to the noise that the discarded directions show.

    Args:
        generators: (n, m, m); zero matrices are ignored.
        noise: relative noise of their entries (error over root-mean-square entry), if known: it decides the rank.

    Raises:
        InputError: not square finite real matrices.
    """
    array = matrices(generators)
    n, m, _ = array.shape
    peak = np.abs(array).max(axis=(1, 2), initial=0.0)
    array = array[peak > ZERO * peak.max(initial=0.0)]
    if not len(array):
        return Span(np.zeros((0, m, m)), n, 0.0, 1.0, None)
    # Dividing by the largest entry first keeps the norm of entries near 1e200 finite.
    stack = (array / np.abs(array).max(axis=(1, 2), keepdims=True)).reshape(len(array), m * m)
    stack /= np.linalg.norm(stack, axis=1, keepdims=True)
    floor = 8 * np.finfo(float).eps * m
    if len(stack) <= m * m and np.abs(stack @ stack.T - np.eye(len(stack))).max() < floor:
        return Span(stack.reshape(-1, m, m), n, floor, 1.0, None, stack)
    u, s, vt = np.linalg.svd(stack, full_matrices=False)
    rank = _rank(u, s, vt, len(stack), m, noise)
    spread, discarded = _noise(s, rank, len(stack), m)
    gap = None
    # Where all m^2 directions are kept nothing was discarded, however many matrices there are.
    if rank < len(s):
        gap = float(s[rank - 1] / max(s[rank], floor))
    basis = _basis(u, vt, rank).reshape(rank, m, m)
    return Span(basis, n, max(discarded, floor) * spread, spread, gap, stack)


def principal_angles(first: Any, second: Any) -> np.ndarray:
    """Principal angles between two spans of matrices in degrees, ascending, min(k1, k2) of them.

    Small angles come from sines, large ones from cosines, so both are accurate to rounding (Bjorck and Golub 1973,
    Knyazev and Argentati 2002).

    Args:
        first, second: (k, m, m) with the same m; they may be redundant.

    Raises:
        InputError: not square finite real matrices, or of different sizes.
    """
    one, two = (span(generators).basis for generators in (first, second))
    if one.shape[1:] != two.shape[1:]:
        raise InputError(f"matrices of size {one.shape[1]} and {two.shape[1]} have no angles between them")
    if len(one) < len(two):
        one, two = two, one
    if not len(two):
        return np.zeros(0)
    a, b = one.reshape(len(one), -1), two.reshape(len(two), -1)
    overlap = b @ a.T
    cosines = np.linalg.svd(overlap, compute_uv=False).clip(0, 1)
    sines = np.linalg.svd(b - overlap @ a, compute_uv=False)[::-1].clip(0, 1)
    return np.degrees(np.where(cosines**2 > 0.5, np.arcsin(sines), np.arccos(cosines)))


def _rank(u: np.ndarray, s: np.ndarray, vt: np.ndarray, n: int, m: int, noise: float | None) -> int:
    floor = 8 * np.finfo(float).eps * max(n, m) * s[0]
    if noise is not None:
        # Largest singular value of n rows of white noise, each of norm `noise`, twice over.
        return max(1, int((s > max(floor, 2 * noise * (1 + sqrt(n) / m))).sum()))
    full = int((s > floor).sum())
    if full < 2:
        return full
    spread, _ = _noise(s, full, n, m)
    leaks = _closure(u, vt, full, m)
    if leaks is not None and leaks < s[full - 1] / CONSISTENT * spread:
        return full
    ratios = s[: full - 1] / s[1:full]
    rank = int(np.argmax(ratios)) + 1
    gap = ratios[rank - 1]
    if gap >= SURE_GAP:
        return rank
    remaining = _closure(u, vt, rank, m)
    if remaining is None:
        return rank if gap >= BLIND_GAP else full
    spread, discarded = _noise(s, rank, n, m)
    # Brackets and discarded directions tell of the same noise, where it is noise that was discarded.
    shown = discarded * spread
    freedom = (m * m - rank) * min(n - rank, rank * (rank - 1) // 2)
    ratio = max(AGREEING, 1 + FEW_AGREEING / sqrt(freedom))
    agrees = n - rank > 1 and remaining < ratio * shown
    closes = shown < BELIEVABLE_SHOWN and (agrees or remaining < min(CONSISTENT / gap, BELIEVABLE))
    needed = LEAST_GAP if leaks is not None else AGREEING_GAP if agrees else BLIND_GAP
    return rank if gap >= needed and closes else full


def _noise(s: np.ndarray, rank: int, n: int, m: int) -> tuple[float, float]:
    """How much noise of the rows grows in the basis, and the relative noise of the rows that s[rank:] show."""
    spread = sqrt(float((1 / s[:rank] ** 2).mean()))
    return spread, m * sqrt(float((s[rank:] ** 2).sum()) / (max(n - rank, 1) * max(m * m - rank, 1)))


def _closure(u: np.ndarray, vt: np.ndarray, rank: int, m: int) -> float | None:
    """Noise of the first `rank` directions that explains how far they are from closing; None where it cannot tell."""
    basis = _basis(u, vt, rank).reshape(rank, m, m)
    return (brackets(basis) if affordable(rank, m) else sampled_brackets(basis)).noise


def _basis(u: np.ndarray, vt: np.ndarray, rank: int) -> np.ndarray:
    if rank == len(u):
        return u @ vt
    basis = vt[:rank]
    largest = np.abs(basis).argmax(axis=1)
    return basis * np.sign(basis[np.arange(rank), largest])[:, None]
