"""Registration: the affine field whose flow carries one image of a pair to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...warp import CHUNK_VALUES, Warp

POOR = 0.1


@dataclass(frozen=True)
class Registration:
    """Each pair's coefficients, and the quadratic form of its squared residual about them.

    Attributes:
        coefficients: (n, K) a, so that y is close to exp(a) x.
        information: (n, K, K) J'J of the residual's derivative, and score: (n, K) J'r, both with respect to a over all
            K directions: near a the squared residual is |r|^2 - 2 score . e + e' information e at a + e.
        half: (n, K) the part of the score from half of the pixels (`Warp.board`).
        residual: (n,) squared residual, halfway between the two images.
        displacement: (n,) squared distance of y from x.
    """

    coefficients: np.ndarray
    information: np.ndarray
    score: np.ndarray
    half: np.ndarray
    residual: np.ndarray
    displacement: np.ndarray

    @property
    def natural(self) -> np.ndarray:
        """(n, K): information @ a + score, what a least-squares fit of the logarithms needs beside the information."""
        return np.einsum("nij,nj->ni", self.information, self.coefficients) + self.score

    @property
    def explained(self) -> float:
        """Share of the pairs' squared distance that the motions remove."""
        distance = float(self.displacement.sum())
        return 1 - float(self.residual.sum()) / distance if distance > 0 else 0.0

    def poor(self, x: np.ndarray) -> np.ndarray:
        """(n,): pairs whose residual is above a tenth of the square of x (n, d, m)."""
        return np.asarray(self.residual > POOR * np.einsum("ndm,ndm->n", x, x))

    def rows(self, chosen: np.ndarray | slice) -> Registration:
        """The registration of some pairs."""
        return Registration.of({name: values[chosen] for name, values in self.arrays().items()})

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Registration:
        """The inverse of `arrays`."""
        return cls(**{name: np.array(values) for name, values in arrays.items()})

    @classmethod
    def joined(cls, parts: Sequence[Registration]) -> Registration:
        """Pairs of several registrations, one after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))

    def replace(self, rows: np.ndarray, other: Registration) -> Registration:
        """This registration with other's pairs at `rows`."""
        merged = []
        for name in self.__dataclass_fields__:
            values = getattr(self, name).copy()
            values[rows] = getattr(other, name)
            merged.append(values)
        return Registration(*merged)


def register(
    warp: Warp,
    x: np.ndarray,
    y: np.ndarray,
    *,
    basis: np.ndarray | None = None,
    start: np.ndarray | None = None,
    prior: np.ndarray | None = None,
    levels: tuple[float, ...] = (0.28, 0.14, 0.07, 0.0),
    iterations: int = 8,
) -> Registration:
    """Registers every pair: the field whose flow carries x to y, by Gauss-Newton, coarse to fine.

    Both images are moved half the way, u = exp(a/2) x and v = exp(-a/2) y, so that interpolation blurs them alike.
    With h = exp(a/2), y = h exp(e) h x moves a by e only to first order: the Jacobian carries the factor
    sinh(ad_a / 2) / (ad_a / 2).

    Args:
        warp: the grid.
        x, y: (n, d, m).
        basis: (K, k) directions searched, a = basis @ t; all if not given.
        start: (n, k) first t, 0 if not given.
        prior: (k, k) precision of t times the variance of the noise of a pixel.
        levels: widths of the Gaussians that smooth both images, in units of half the larger side.
        iterations: at each level; twice as many at the last one.
    """
    n = len(x)
    basis = np.eye(warp.dimension) if basis is None else basis
    t = np.zeros((n, basis.shape[1])) if start is None else np.array(start, dtype=float)
    prior = np.zeros((basis.shape[1],) * 2) if prior is None else prior
    parts = []
    step = max(1, CHUNK_VALUES // (4 * warp.pixels * x.shape[2]))
    for first in range(0, n, step):
        rows = slice(first, first + step)
        for number, level in enumerate(levels):
            pairs = Pairs(warp, warp.smooth(x[rows], level * warp.unit), warp.smooth(y[rows], level * warp.unit))
            last = number == len(levels) - 1
            t[rows] = _descend(pairs, basis, t[rows], prior, iterations * (2 if last else 1))
        parts.append(pairs.registration(t[rows] @ basis.T))
    return Registration.joined(parts)


def register_widely(
    warp: Warp,
    x: np.ndarray,
    y: np.ndarray,
    starts: np.ndarray,
    first: Registration,
    *,
    basis: np.ndarray | None = None,
) -> Registration:
    """Registers again, from every one of some starts, the pairs that `first` left poorly explained.

    A pair is poor where its residual is above a tenth of x's square, or four times the median share.

    Args:
        warp, x, y, basis: as in `register`.
        starts: (r, k) coefficients t.
        first: what a first registration found.
    """
    size = np.maximum(np.einsum("ndm,ndm->n", x, x), 1e-300)
    limit = min(POOR, max(4 * float(np.median(first.residual / size)), 1e-12)) * size
    poor = np.flatnonzero(first.residual > limit)
    best = first
    for start in starts:
        # A start that mends none of the first few pairs will not pay for the others: images that no field relates.
        for rows in (poor[:64], poor[64:]):
            if not len(rows):
                break
            found = register(warp, x[rows], y[rows], basis=basis, start=np.tile(start, (len(rows), 1)))
            better = found.residual < best.residual[rows]
            best = best.replace(rows[better], found.rows(better))
            if not (better & (found.residual <= limit[rows])).any():
                break
    return best


def rotations(warp: Warp, widest: float) -> np.ndarray:
    """(r, K): starts rotated by half and all of `widest` degrees, both ways, in every coordinate plane."""
    starts = []
    for i in range(warp.axes):
        for j in range(i + 1, warp.axes):
            for angle in np.deg2rad(widest) * np.array([0.5, -0.5, 1.0, -1.0]):
                matrix = np.zeros((warp.axes + 1,) * 2)
                matrix[i, j], matrix[j, i] = -angle, angle
                starts.append(warp.coefficients(matrix))
    return np.array(starts).reshape(-1, warp.dimension)


def missed(registration: Registration, basis: np.ndarray) -> np.ndarray:
    """(n,): the squared residual that motions outside the span would remove, without bias from the residual's noise.

    Score from one half of the pixels times score from the other half: what fits one half by accident does not fit the
    other. With I_1 + I_2 = I the product through I^+ sees I_1 I^+ I_2, about a quarter of I.

    Args:
        registration: at motions within the span; basis: (K, k).
    """
    information, one = registration.information, registration.half
    two = registration.score - one
    whole = np.einsum("ni,ni->n", solve(information, one), two)
    within = np.einsum("ni,ni->n", solve(basis.T @ information @ basis, one @ basis), two @ basis)
    return np.asarray(4 * (whole - within))


def variance_of(registration: Registration, values: int) -> np.ndarray:
    """(n,): variance of one value's noise, from the residual that no field explains."""
    score, information = registration.score, registration.information
    rest = registration.residual - np.einsum("ni,ni->n", solve(information, score), score)
    spare = max(1, values - score.shape[1])
    variance = np.maximum(rest, 0.0) / spare
    return np.asarray(np.maximum(variance, 1e-12 * registration.displacement.mean() / values + 1e-300))


def solve(information: np.ndarray, natural: np.ndarray) -> np.ndarray:
    """(n, K): information^+ natural, directions that an image does not show left at 0."""
    values, vectors = np.linalg.eigh(information)
    rotated = np.einsum("nji,nj->ni", vectors, natural)
    seen = values > 1e-9 * np.maximum(values[:, -1:], 1e-300) if values.shape[1] else values > 0
    return np.einsum("nij,nj->ni", vectors, np.where(seen, rotated / np.where(seen, values, 1.0), 0.0))


class Pairs:
    """Pairs at one level of smoothing: their squared residual at any a, and its quadratic form."""

    def __init__(self, warp: Warp, x: np.ndarray, y: np.ndarray) -> None:
        self.warp, self.x, self.y = warp, x, y
        self.splines_x, self.splines_y = warp.splines(x), warp.splines(y)

    def halfway(self, a: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """exp(a/2) x, exp(-a/2) y (n, d, m), and the weights (n, d) of the pixels compared."""
        half = self.warp.algebra(a / 2)
        u = self.warp.transport(self.splines_x[rows], half)
        v = self.warp.transport(self.splines_y[rows], -half)
        if self.warp.boundary != "mirror":
            return u, v, None
        shared = self.warp.inside(-half) & self.warp.carried(self.warp.inside(2 * half), -half)
        count = shared.sum(axis=1)
        # Under a quarter of the pixels in common, two images can be made to agree on nothing.
        share = np.where(count >= self.warp.pixels / 4, self.warp.pixels / np.maximum(count, 1), 0.0)
        return u, v, shared * share[:, None]

    def cost(self, u: np.ndarray, v: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """(n,): squared residual."""
        squares = np.einsum("ndm,ndm->nd", v - u, v - u)
        if weights is None:
            return np.asarray(squares.sum(axis=1))
        apart = 1e3 * (np.einsum("ndm,ndm->n", u, u) + np.einsum("ndm,ndm->n", v, v) + 1e-300)
        return np.where(weights.any(axis=1), (squares * weights).sum(axis=1), apart)

    def quadratic(
        self, a: np.ndarray, u: np.ndarray, v: np.ndarray, weights: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Information (n, K, K) and score (n, K) with respect to a."""
        information, score = self.warp.normal_equations((u + v) / 2, v - u, weights)
        chain = symmetric_derivative(self.warp, a)
        return chain.transpose(0, 2, 1) @ information @ chain, np.einsum("nji,nj->ni", chain, score)

    def registration(self, a: np.ndarray) -> Registration:
        """All that is known of the pairs at a."""
        u, v, weights = self.halfway(a, np.arange(len(a)))
        information, score = self.quadratic(a, u, v, weights)
        board = self.warp.board if weights is None else weights * self.warp.board
        _, half = self.quadratic(a, u, v, np.broadcast_to(board, u.shape[:2]))
        distance = np.einsum("ndm,ndm->n", self.y - self.x, self.y - self.x)
        return Registration(a, information, score, half, self.cost(u, v, weights), distance)


def _descend(pairs: Pairs, basis: np.ndarray, t: np.ndarray, prior: np.ndarray, iterations: int) -> np.ndarray:
    """Levenberg-Marquardt for each pair; (n, k)."""
    t = t.copy()
    damping = np.full(len(t), 1e-2)
    active = np.arange(len(t))
    u, v, weights = pairs.halfway(t @ basis.T, active)
    cost = pairs.cost(u, v, weights) + np.einsum("ni,ij,nj->n", t, prior, t)
    information, score = _reduced(pairs, basis, prior, t, u, v, weights)
    for _ in range(iterations):
        diagonal = np.einsum("nii->ni", information)
        floor = 1e-6 * diagonal.mean(axis=1, keepdims=True) + 1e-300
        damped = information + (damping[active, None] * (diagonal + floor) + floor)[:, :, None] * np.eye(t.shape[1])
        move = np.linalg.solve(damped, score[..., None])[..., 0]
        # Half a unit is as far as one linear step can be believed.
        move *= np.minimum(1.0, 0.5 / np.maximum(np.linalg.norm(move @ basis.T, axis=1), 1e-300))[:, None]
        trial = t[active] + move
        u, v, weights = pairs.halfway(trial @ basis.T, active)
        after = pairs.cost(u, v, weights) + np.einsum("ni,ij,nj->n", trial, prior, trial)
        better = after < cost[active]
        damping[active] = np.where(better, damping[active] / 8, damping[active] * 8)
        small = np.linalg.norm(move @ basis.T, axis=1) < 1e-5
        gained = cost[active] - after > 1e-4 * cost[active]
        t[active[better]], cost[active[better]] = trial[better], after[better]
        going = ~small & (gained | ~better) & (damping[active] < 1e6)
        if not going.any():
            break
        moved = going & better
        if moved.any():
            kept = None if weights is None else weights[moved]
            information[moved], score[moved] = _reduced(pairs, basis, prior, trial[moved], u[moved], v[moved], kept)
        active, information, score = active[going], information[going], score[going]
    return t


def _reduced(
    pairs: Pairs,
    basis: np.ndarray,
    prior: np.ndarray,
    t: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
    weights: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Information (n, k, k) and score (n, k) with respect to t, prior included."""
    information, score = pairs.quadratic(t @ basis.T, u, v, weights)
    return basis.T @ information @ basis + prior, score @ basis - t @ prior


def symmetric_derivative(warp: Warp, a: np.ndarray) -> np.ndarray:
    """(n, K, K): e = S da where exp(a + da) = exp(a/2) exp(e) exp(a/2), S = sinh(ad_a / 2) / (ad_a / 2)."""
    adjoint = np.einsum("ni,ijl->nlj", a, warp.brackets)
    square = adjoint @ adjoint / 4
    identity = np.broadcast_to(np.eye(warp.dimension), square.shape)
    result = identity.copy()
    for order in range(8, 0, -1):
        result = identity + square @ result / (2 * order * (2 * order + 1))
    return result
