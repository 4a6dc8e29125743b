"""Pairs on periodic grids whose group is exact: generators built of Fourier derivatives are matrices like any other.

On p periodic points the Fourier derivative D multiplies the wave of k periods by 2 pi i k / p; on an even p the Nyquist
wave stays fixed, so that D is real and antisymmetric. exp(t D) x is x, band-limited, at s + t. On an image, with row
and column coordinates from the centre in pixels, row x d_col - col x d_row turns it; each product commutes, so the
generator is antisymmetric as it stands and the group is orthogonal.

Source: Rao and Ruderman, Learning Lie Groups for Invariant Visual Perception (1999), section 4, for the interpolation
on periodic points; Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network, fig. 4, for the
7 x 7 images turned by up to pi/3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..options import option
from ..symmetry import Block
from .pairs import NOISE, check_length, check_whole, chunks, noisy, turned
from .problem import Made, Problem

LARGEST = 32


@dataclass(frozen=True)
class RotatedOptions:
    """Options of `rotated-images`."""

    size: int = option(7, "rows and columns p of an image; d = p^2")
    angle: float = option(math.pi / 3, "largest angle in radians")
    symmetric: bool = option(False, "angles from -angle to angle; else from 0")
    channels: int = option(1, "images in a pair that are turned alike")
    noise: float = option(0.0, NOISE)


@dataclass(frozen=True)
class WarpedOptions:
    """Options of `warped-images`."""

    size: int = option(16, "rows and columns p of an image; d = p^2")
    reach: float = option(0.1, "largest |t|: pixels of the two translations, radians of the rotation")
    scrambled: bool = option(False, "one random permutation of the pixels, for x, y and the generators")
    noise: float = option(0.0, NOISE)


@dataclass(frozen=True)
class ShiftOptions:
    """Options of `shifts`."""

    size: int = option(33, "periodic points d; --samples is best at 20 d or more")
    reach: float = option(2.0, "largest shift to either side, in points")
    noise: float = option(0.0, NOISE)


def wave_numbers(p: int) -> np.ndarray:
    """(p // 2 + 1,): radians a point of the real Fourier modes; 0 for Nyquist."""
    k = 2 * np.pi * np.arange(p // 2 + 1) / p
    if p % 2 == 0:
        k[-1] = 0.0
    return k


def derivative(p: int) -> np.ndarray:
    """(p, p): Fourier derivative on p periodic points, antisymmetric."""
    d = np.fft.irfft(1j * wave_numbers(p)[:, None] * np.fft.rfft(np.eye(p), axis=0), p, axis=0)
    return (d - d.T) / 2


def coordinates(p: int) -> np.ndarray:
    """(p,): positions from the centre, in pixels."""
    return np.arange(p) - (p - 1) / 2


def grid_generators(p: int) -> np.ndarray:
    """(3, p^2, p^2): d_row, d_col and row x d_col - col x d_row, on images flattened row by row."""
    d, one, place = derivative(p), np.eye(p), np.diag(coordinates(p))
    return np.stack([np.kron(d, one), np.kron(one, d), np.kron(place, d) - np.kron(d, place)])


def warped(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """exp(t_0 d_row + t_1 d_col + t_2 (row x d_col - col x d_row)) x, to rounding.

    The dense generators are never formed: a product costs p^3 an image, not p^4.

    Args:
        x: (n, p, p) images.
        t: (n, 3) pixels, pixels, radians.

    Returns:
        (n, p, p).
    """
    p = x.shape[1]
    d, place = derivative(p), coordinates(p)
    rate = float(wave_numbers(p).max())
    size = rate * float(np.max(np.abs(t[:, 0]) + np.abs(t[:, 1]) + (p - 1) * np.abs(t[:, 2])))
    y = np.empty_like(x)
    for part in chunks(len(x), p * p):
        down, across, turn = t[part].T[:, :, None, None]
        along_rows, along_columns = down - turn * place, across + turn * place[:, None]

        def act(v: np.ndarray, f: np.ndarray = along_rows, g: np.ndarray = along_columns) -> np.ndarray:
            return f * (d @ v) + g * (v @ d.T)

        y[part] = turned(act, x[part], size)
    return y


def _rotated(rng: np.random.Generator, samples: int, options: RotatedOptions) -> Made:
    p, c = options.size, options.channels
    check_whole("size", p, 3, LARGEST)
    check_whole("channels", c, 1, 1000)
    check_length("angle", options.angle)
    x = rng.uniform(-0.5, 0.5, (samples, c, p, p))
    angle = rng.uniform(-options.angle if options.symmetric else 0.0, options.angle, samples)
    t = np.zeros((samples * c, 3))
    t[:, 2] = np.repeat(angle, c)
    y = warped(x.reshape(-1, p, p), t).reshape(x.shape)
    x, y = (a[:, 0] if c == 1 else np.ascontiguousarray(np.moveaxis(a, 1, -1)) for a in (x, y))
    return Made(
        arrays={"x": x, "y": noisy(rng, y, options.noise), "t": angle[:, None]},
        kind="pairs",
        axes="nss" if c == 1 else "nssc",
        generators=grid_generators(p)[2:],
        blocks=(Block("space", 0, p * p, "pixels, row by row"),),
        facts={"algebra": "R", "dimension": 1, "parameters": ["angle in radians"]},
    )


def _warped(rng: np.random.Generator, samples: int, options: WarpedOptions) -> Made:
    p = options.size
    check_whole("size", p, 3, LARGEST)
    check_length("reach", options.reach)
    x = rng.uniform(-0.5, 0.5, (samples, p, p))
    t = rng.uniform(-options.reach, options.reach, (samples, 3))
    y = warped(x, t)
    generators = grid_generators(p)
    # Drawn even where it is not used: the noise of one seed is then the same, scrambled or not.
    order = rng.permutation(p * p)
    y = noisy(rng, y, options.noise)
    if options.scrambled:
        x, y = (a.reshape(samples, -1)[:, order].reshape(a.shape) for a in (x, y))
        generators = generators[:, order][:, :, order]
    return Made(
        arrays={"x": x, "y": y, "t": t},
        kind="pairs",
        axes="nss",
        generators=generators,
        blocks=(Block("space", 0, p * p, "pixels, scrambled" if options.scrambled else "pixels, row by row"),),
        facts={
            "algebra": "e(2) on smooth images; the span of the matrices does not close",
            "dimension": 3,
            "parameters": ["translation of rows in pixels", "translation of columns in pixels", "angle in radians"],
            **({"permutation": order.tolist()} if options.scrambled else {}),
        },
    )


def _shifted(rng: np.random.Generator, samples: int, options: ShiftOptions) -> Made:
    d = options.size
    check_whole("size", d, 3, LARGEST**2)
    check_length("reach", options.reach)
    x = rng.uniform(-0.5, 0.5, (samples, d))
    t = rng.uniform(-options.reach, options.reach, (samples, 1))
    y = np.fft.irfft(np.exp(1j * t * wave_numbers(d)) * np.fft.rfft(x), d)
    return Made(
        arrays={"x": x, "y": noisy(rng, y, options.noise), "t": t},
        kind="pairs",
        axes="ns",
        generators=derivative(d)[None],
        blocks=(Block("space", 0, d, "periodic points"),),
        facts={"algebra": "R", "dimension": 1, "parameters": ["shift in points, y(s) = x(s + t)"]},
    )


rotated_images = Problem(
    name="rotated-images",
    summary="Random images turned by unknown angles, an exact group of Fourier derivatives.",
    kind="pairs",
    options=RotatedOptions,
    build=_rotated,
    samples=2000,
)
warped_images = Problem(
    name="warped-images",
    summary="Random images shifted and turned a little, an exact group of Fourier derivatives.",
    kind="pairs",
    options=WarpedOptions,
    build=_warped,
    samples=3000,
)
shifts = Problem(
    name="shifts",
    summary="Random periodic signals shifted by unknown fractions of a point, 20 a point of the default size.",
    kind="pairs",
    options=ShiftOptions,
    build=_shifted,
    samples=660,
)
