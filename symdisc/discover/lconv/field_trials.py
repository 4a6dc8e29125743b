"""Held-out trials of smooth fields on images: what they leave of the distance between the images of a pair.

Both images of a pair are moved half the way towards each other and compared at a resolution of one pixel. R is their
squared distance there, S_i what it grows by without generator i (t located again), less the share that the same
generator removes between images matched at random. Then defect_i^2 = E[R - noise] / E[S_i].

Interpolation is no violation: what it takes from fine detail is a blur, whose size is one number for all pairs and
which is taken out first, and aliasing, which alternates from pixel to pixel and so is not seen at this resolution.
A residual that does not grow with the motion is no excuse: of smooth deformations that are not affine, or of unrelated
images, the residual does not grow either. Noise is only what is white, and its size is read where the images are flat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...warp import CHUNK_VALUES, Warp
from ..batches import BATCHES
from ..trial import PointwiseTrial
from .registration import Pairs, register, register_widely, rotations
from .span import WIDEST, spread_starts

RESOLUTION = 1.0  # pixels
RANDOM_PAIRS = 64
BEYOND_CHANCE = 3.0  # standard errors
FLAT = 0.1015310  # lower quartile of chi-squared with one degree of freedom: that of the squares of white noise
REFUTED = 1.1


@dataclass(frozen=True)
class Held:
    """Held-out pairs, judged with a basis that was found without them.

    Attributes:
        rows: (n,) which pairs.
        residual: (n,) R, noise included; noise: (n,) what white noise contributes to it.
        explained: (n, k) what R grows by without each generator, chance included.
        coefficients: (n, k) t.
    """

    rows: np.ndarray
    residual: np.ndarray
    noise: np.ndarray
    explained: np.ndarray
    coefficients: np.ndarray


def hold(
    warp: Warp,
    x: np.ndarray,
    y: np.ndarray,
    rows: np.ndarray,
    basis: np.ndarray,
    start: np.ndarray,
    blur: float,
    seed: int,
) -> Held:
    """Judge some pairs.

    Args:
        warp: the grid; x, y: (N, d, m) all pairs; rows: (n,) those judged.
        basis: (K, k), found without them; start: (N, k) first t.
        blur: square pixels, of all pairs.
        seed: of the white noise that calibrates.
    """
    return Held(rows, *_judge(warp, x[rows], y[rows], basis, start[rows], blur, seed))


def by_chance(
    warp: Warp,
    x: np.ndarray,
    y: np.ndarray,
    basis: np.ndarray,
    start: np.ndarray,
    blur: float,
    seed: int,
    widely: bool,
) -> np.ndarray:
    """(r, k + 1): R between images matched at random, then what it grows by without each generator.

    Args:
        warp: the grid; x, y: (N, d, m) all pairs; basis: (K, k); start: (N, k) t of the pairs; blur: square pixels.
        seed: of the matching.
        widely: search from as many starts as a poor pair gets; where the pairs were poor, for a fair comparison.
    """
    order = np.random.default_rng([seed, 1]).permutation(len(x))
    one, other = x[order[:RANDOM_PAIRS]], y[np.roll(order, 1)[:RANDOM_PAIRS]]
    first = np.zeros((len(one), basis.shape[1]))
    if widely:
        inverse = np.linalg.pinv(basis).T
        full = register_widely(warp, one, other, rotations(warp, WIDEST), register(warp, one, other))
        within = register(warp, one, other, basis=basis, start=full.coefficients @ inverse, levels=(0.0,))
        best = register_widely(warp, one, other, spread_starts(start, seed), within, basis=basis)
        first = best.coefficients @ inverse
    residual, _, grown, _ = _judge(warp, one, other, basis, first, blur, seed)
    return np.column_stack([residual, grown])


def _judge(
    warp: Warp, x: np.ndarray, y: np.ndarray, basis: np.ndarray, start: np.ndarray, blur: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """R (n,), its noise (n,), what it grows by without each generator (n, k), and t (n, k)."""
    t = locate(warp, x, y, basis, start)
    residual, flat = distances(warp, x, y, t @ basis.T, blur)
    noise = flat * _calibration(warp, x, t @ basis.T, seed)
    columns = []
    for left_out in range(basis.shape[1]):
        others = np.delete(basis, left_out, axis=1)
        less = locate(warp, x, y, others, np.delete(t, left_out, axis=1))
        columns.append(distances(warp, x, y, less @ others.T, blur)[0] - residual)
    return residual, noise, np.column_stack(columns), t


def locate(warp: Warp, x: np.ndarray, y: np.ndarray, basis: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(n, k): t of every pair within a span, the better one of a search from `start` (n, k) and one from rest."""
    if not basis.shape[1]:
        return start
    near = register(warp, x, y, basis=basis, start=start, levels=(0.0,))
    wide = register(warp, x, y, basis=basis)
    better = wide.residual < near.residual
    # Coordinates in a basis that need not be orthonormal.
    best = np.where(better[:, None], wide.coefficients, near.coefficients)
    return np.asarray(best @ np.linalg.pinv(basis).T)


def distances(warp: Warp, x: np.ndarray, y: np.ndarray, a: np.ndarray, blur: float) -> tuple[np.ndarray, np.ndarray]:
    """Squared distance of the images of each pair at a (n, K), blur removed, at the resolution of the comparison.

    Returns:
        (n,), and (n,) the variance of white noise, by the finest detail of what is left where the images are flat.
    """
    whole, flat = np.empty(len(x)), np.empty(len(x))
    step = max(1, CHUNK_VALUES // (4 * warp.pixels * x.shape[2]))
    for first in range(0, len(x), step):
        rows = slice(first, first + step)
        pairs = Pairs(warp, x[rows], y[rows])
        u, v, weights = pairs.halfway(a[rows], np.arange(len(x[rows])))
        weights = np.ones(u.shape[:2]) if weights is None else weights
        left = v - u - blur * warp.laplacian((u + v) / 2)
        seen = (weights > 0)[:, :, None].astype(float)
        # What lies outside the compared pixels is unknown: neither counted nor smoothed into them.
        cover = np.maximum(warp.smooth(seen, RESOLUTION), 1e-3)
        smooth = warp.smooth(left * seen, RESOLUTION) / cover
        whole[rows] = np.einsum("nd,ndm->n", weights, smooth**2)
        flat[rows] = _finest(warp, left, seen)
    return whole, flat


def _finest(warp: Warp, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(n,): lower quartile of the squared second differences along all axes, 1 for white noise of variance 1.

    It is that of the flat parts of images: along edges interpolation leaves fine detail that is no noise.
    """
    images, mask = (part.reshape(len(part), *warp.shape, -1) for part in (values, seen > 0))
    for axis in range(1, warp.axes + 1):
        low, middle, high = (_cut(images, axis, shift) for shift in range(3))
        images = (low - 2 * middle + high) / np.sqrt(6)
        mask = _cut(mask, axis, 0) & _cut(mask, axis, 1) & _cut(mask, axis, 2)
    squares = np.where(mask, images**2, np.nan).reshape(len(values), -1)
    empty = ~mask.reshape(len(values), -1).any(axis=1)
    squares[empty] = 0.0
    return np.asarray(np.nanquantile(squares, 0.25, axis=1) / FLAT)


def _cut(images: np.ndarray, axis: int, shift: int) -> np.ndarray:
    return np.take(images, range(shift, images.shape[axis] - 2 + shift), axis=axis)


def _calibration(warp: Warp, x: np.ndarray, a: np.ndarray, seed: int) -> float:
    """Squared distance that white noise in x and y leaves at these a, over its variance as it is estimated.

    Interpolation colours white noise; drawn noise that goes the same way says by how much.
    """
    rng = np.random.default_rng([seed, 2])
    rows = slice(0, 200)
    noise = rng.standard_normal((2, *x[rows].shape))
    whole, flat = distances(warp, noise[0], noise[1], a[rows], 0.0)
    return float(whole.sum() / flat.sum()) if flat.sum() > 0 else 0.0


def trials_of(
    held: list[Held], chance: np.ndarray, batch: np.ndarray
) -> tuple[list[PointwiseTrial], np.ndarray, np.ndarray]:
    """The trial of every generator, and how far what it explains is beyond chance.

    Args:
        held: folds; chance: (r, k + 1) from `by_chance`; batch: (N,) batch of every pair.

    Returns:
        k trials; (k,) standard errors by which each generator explains more of the pairs than of images matched at
        random; (k,) the share of the distance that it explains, chance included.
    """
    rows = np.concatenate([part.rows for part in held])
    residual = np.concatenate([part.residual for part in held])
    noise = np.concatenate([part.noise for part in held])
    explained = np.concatenate([part.explained for part in held])
    if noise.sum() > REFUTED * residual.sum():
        # White noise of this size would leave more than there is: the finest detail is no noise, nothing is taken off.
        noise = np.zeros_like(noise)
    numbers = batch[rows]
    weights = np.bincount(numbers, minlength=BATCHES).astype(float)

    def batched(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.bincount(numbers, values, BATCHES) / np.maximum(weights, 1.0))

    trials, beyond, shares = [], [], []
    for i in range(explained.shape[1]):
        distance = explained[:, i] + residual
        random = chance[:, 1 + i] + chance[:, 0]
        share = float(chance[:, 1 + i].sum() / random.sum()) if random.sum() > 0 else 0.0
        share_error = _ratio_error(chance[:, 1 + i], random, share)
        share = max(share, 0.0)
        net = explained[:, i] - share * distance
        mean = batched(net)
        total = float(weights @ mean)
        error = np.hypot(np.linalg.norm(weights * (mean - total / weights.sum())), share_error * distance.sum())
        beyond.append(total / error if error > 0 else 0.0)
        shares.append(float(explained[:, i].sum() / distance.sum()) if distance.sum() > 0 else 0.0)
        trials.append(PointwiseTrial(batched(residual), batched(noise), mean, weights))
    return trials, np.array(beyond), np.array(shares)


def _ratio_error(top: np.ndarray, bottom: np.ndarray, ratio: float) -> float:
    total = float(bottom.sum())
    return float(np.linalg.norm(top - ratio * bottom) / total) if total > 0 else 0.0
