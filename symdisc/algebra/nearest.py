"""The most degenerate exact algebra that the noise allows.

Noise always sits nearer a generic algebra: e(3) with noise is an so(4) or so(3,1) of tiny curvature. So each flag of
ideals that some threshold sees is imposed and the matrices refined to it; by how much farther they then lie from the
given ones, in units of the noise, is a likelihood ratio. The most degenerate flag that passes is the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from .flag import Flag, flag
from .refine import CLOSED, ROUNDS, Refined, orthonormal, refine
from .span import Span

COARSEST, FINEST, STEP = 0.6, 1e-6, 2.0
ROUNDING = 1e-11
EXACT = 1e3 * CLOSED
LOOSE = 0.05
CLOSE = 1e-3
LOST, FAR = 0.5, 1e2
# Noise moves a flag by at most this much more than itself.
SKEW = 1e6
# Largest increase of the squared distance, in units of the variance, that noise explains; a flag takes at most as many
# degrees of freedom as it sets brackets to zero.
BASE, PER_ZERO = 16.0, 0.7
FEW = 12.0
DRAWS = 12
UNSEEN = 4.0


@dataclass(frozen=True)
class Reading:
    """An exact algebra near the given matrices.

    Attributes:
        refined: its matrices, in a basis adapted to `flag`, and structure constants.
        flag: its ideals; the frame refers to the basis it was refined from.
        excess: increase of the squared distance to the given matrices over the nearest exact algebra, in units of the
            variance of the noise.
        limit: the largest excess that noise explains.
    """

    refined: Refined
    flag: Flag
    excess: float
    limit: float

    @property
    def accepted(self) -> bool:
        """Whether noise explains the distance."""
        return self.excess <= self.limit


@dataclass(frozen=True)
class Nearest:
    """The reading, those that were tried, and the noise.

    Attributes:
        reading: None where the matrices lie near no algebra.
        others: more degenerate readings, all rejected, then less degenerate ones that noise would also allow.
        noise: relative noise of the given matrices.
        distance: relative distance of the given matrices to the nearest exact algebra, per degree of freedom.
    """

    reading: Reading | None
    others: list[Reading]
    noise: float
    freedom: int


def nearest(found: Span, noise: float, known: bool = False) -> Nearest:
    """Read an algebra off noisy matrices.

    Args:
        found: their span.
        noise: relative noise of the given matrices as far as it is known; with `known`, nothing is added to it.
    """
    k, m, _ = found.basis.shape
    coordinates = found.rows @ found.basis.reshape(k, -1).T
    spread = _inverse_root(coordinates.T @ coordinates)
    generic = refine(found.basis, spread=spread)
    base = _squared(found.rows, generic.basis)
    freedom = max((len(found.rows) - 1) * (m * m - k), 1)
    if not known:
        noise = max(noise, m * sqrt(base / freedom))
    variance = (max(noise, ROUNDING) / m) ** 2
    if generic.error > LOOSE:
        return Nearest(None, [], noise, freedom)
    found_exact: list[tuple[Flag, Refined, float]] = []
    for candidate in _flags(generic.constants, noise):
        frame = candidate.frame
        if not _plausible(generic.constants, candidate, noise):
            continue
        adapted = np.tensordot(frame, found.basis, axes=1)
        refined = refine(adapted, candidate.allowed(), frame @ spread @ frame.T)
        if refined.error > max(EXACT, CLOSE * noise):
            continue
        squared = _squared(found.rows, refined.basis)
        found_exact.append((candidate, refined, squared))
        if noise < FINEST and squared - base < BASE * variance:
            break
    if generic.error > EXACT:
        # Where many algebras meet, the nearest may not be reached without a flag.
        base = min([squared for *_, squared in found_exact], default=base)
    readings = [_reading(*exact, base, variance, freedom) for exact in found_exact]
    chosen = next((reading for reading in readings if reading.accepted), None)
    if chosen is not None and chosen.refined.error > CLOSED:
        finished = refine(chosen.refined.basis, chosen.flag.allowed(), rounds=4 * ROUNDS)
        readings = [replace(r, refined=finished) if r is chosen else r for r in readings]
        chosen = next(reading for reading in readings if reading.accepted)
    return Nearest(chosen, [other for other in readings if other is not chosen], noise, freedom)


def _reading(candidate: Flag, refined: Refined, squared: float, base: float, variance: float, freedom: int) -> Reading:
    k = len(candidate.frame)
    zeros = int((~candidate.allowed()).sum()) // 2
    limit = BASE + PER_ZERO * zeros * min(1.0, (candidate.radical + 1) / k)
    if not candidate.derived and candidate.radical == k:
        # Brackets of an abelian algebra may all be free of each other: four standard deviations of chi squared.
        limit = max(limit, zeros + 4 * sqrt(2 * zeros))
        # What generic closure leaves shows only part of the noise of commuting matrices.
        variance = max(variance, min(squared / freedom, UNSEEN * variance))
    limit *= 1 + FEW / freedom
    return Reading(refined, candidate, (squared - base) / variance, limit)


def _flags(constants: np.ndarray, noise: float) -> list[Flag]:
    """Every flag that some threshold sees, the most degenerate first; the abelian one too where brackets are small."""
    k = len(constants)
    seen: dict[tuple[int, ...], list[Flag]] = {}
    if np.abs(constants).max(initial=0.0) < COARSEST:
        abelian = Flag(np.eye(k), k, k, 0, ())
        seen[abelian.dimensions] = [abelian]
    thresholds = [COARSEST]
    while thresholds[-1] > max(FINEST, noise / 8):
        thresholds.append(thresholds[-1] / STEP)
    # The last is that of the generic algebra itself, which skewed coordinates can hide far below the noise.
    for threshold in [*thresholds[:-1], FINEST * STEP]:
        found = flag(constants, threshold)
        if found is not None:
            seen.setdefault(found.dimensions, []).append(found)
            if not found.radical:
                break  # a lower threshold sees as much
    middle = [flags[len(flags) // 2] for flags in seen.values()]
    return sorted(middle, key=_degeneracy, reverse=True)


def _degeneracy(found: Flag) -> tuple[int, int, int]:
    return found.radical, found.nilradical, int((~found.allowed()).sum())


def _plausible(constants: np.ndarray, candidate: Flag, noise: float) -> bool:
    """Whether what the flag would set to zero is small enough to be worth a try."""
    frame = candidate.frame
    moved = np.einsum("ai,bj,cl,ijl->abc", frame, frame, frame, constants, optimize=True)
    lost = np.linalg.norm(moved[~candidate.allowed()])
    share = min(LOST, SKEW * max(noise, ROUNDING))
    return bool(lost < share * np.linalg.norm(constants) + FAR * noise)


def _squared(rows: np.ndarray, basis: np.ndarray) -> float:
    flat = basis.reshape(len(basis), -1)
    return float(((rows - rows @ flat.T @ flat) ** 2).sum())


def _inverse_root(gram: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(gram)
    root = (vectors / np.sqrt(np.maximum(values, 1e-12 * values.max()))) @ vectors.T
    return root / np.linalg.norm(root, ord=2)


def drawn(reading: Reading, found: Span, noise: float, count: int = DRAWS) -> list[np.ndarray]:
    """Structure constants that other draws of the noise would have given."""
    exact = reading.refined.basis
    k, m, _ = exact.shape
    coordinates = found.rows @ exact.reshape(k, -1).T
    inverse = np.linalg.pinv(coordinates)
    rng = np.random.default_rng(0)
    allowed = reading.flag.allowed()
    results = []
    for _ in range(count):
        noisy = rng.standard_normal((len(found.rows), m * m)) * noise / m
        moved = (exact.reshape(k, -1) + inverse @ noisy).reshape(k, m, m)
        refined = refine(orthonormal(moved), allowed)
        if refined.error < max(EXACT, CLOSE * noise):
            results.append(refined.constants)
    return results
