"""Images turned or warped by interpolation, as image libraries do it: close to a group, and none.

`interpolated-images` resamples white noise bilinearly (torch's `affine_grid` and `grid_sample`, zeros outside, corners
not aligned): two turns in a row are far from one of the sum. `turned-strokes` warps smooth drawings by cubic splines:
the group acts on the coordinates, so its generators are those of the plane, in homogeneous coordinates.

Source: Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network, fig. 4 and appendix C, for
the 7 x 7 images turned by an angle in [0, pi/3), or by a fixed one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .grids import coordinates
from .pairs import NOISE, check_length, check_whole, chunks, exponential, noisy
from .problem import Made, Problem

LARGEST = 256
MAP_SHOWN = 8
STROKES, POINTS = 3, 24
WIDTH, RADIUS, INK = 0.035, 0.36, 0.3


@dataclass(frozen=True)
class InterpolatedOptions:
    """Options of `interpolated-images`."""

    size: int = option(7, "rows and columns p of an image; d = p^2")
    angle: float = option(math.pi / 3, "largest angle in radians, from 0; or the one of all pairs")
    fixed: bool = option(False, "one angle for all pairs: one linear map")
    noise: float = option(0.0, NOISE)


@dataclass(frozen=True)
class StrokeOptions:
    """Options of `turned-strokes`."""

    size: int = option(28, "rows and columns p of an image")
    warp: str = option("rotation", "what moves the drawing about its centre", ("rotation", "affine"))
    angle: float = option(math.pi / 6, "rotation: largest angle in radians, to either side")
    spread: float = option(0.1, "affine: standard deviation of the six t; translations in units of p/2 pixels")
    noise: float = option(0.0, NOISE)


def bilinear(x: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Turn images as torch's `affine_grid` with [[cos, -sin, 0], [sin, cos, 0]] and `grid_sample` do.

    Zeros outside, corners not aligned: the value at q is that of the image at R(angle) q, q = (column, row) from the
    centre.

    Args:
        x: (n, p, p).
        angle: (n,) radians.

    Returns:
        (n, p, p).
    """
    n, p, _ = x.shape
    place = coordinates(p)
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    row = sin * place + cos * place[:, None] + (p - 1) / 2
    column = cos * place - sin * place[:, None] + (p - 1) / 2
    top, left = np.floor(row), np.floor(column)
    image = np.arange(n)[:, None, None]
    y = np.zeros_like(x)
    for i in (top, top + 1):
        for j in (left, left + 1):
            weight = (1 - np.abs(row - i)) * (1 - np.abs(column - j))
            inside = (i >= 0) & (i < p) & (j >= 0) & (j < p)
            at = [np.clip(index, 0, p - 1).astype(np.intp) for index in (i, j)]
            y += weight * inside * x[image, at[0], at[1]]
    return y


def strokes(rng: np.random.Generator, samples: int, p: int) -> np.ndarray:
    """(samples, p, p) in [0, 1]: smooth drawings of a few bent strokes, well inside of the image.

    Each stroke is a quadratic Bezier curve through three random points of the inner disc, drawn with a Gaussian pen.
    """
    radius = RADIUS * p * np.sqrt(rng.uniform(size=(samples, STROKES, 3)))
    turn = rng.uniform(0, 2 * np.pi, radius.shape)
    s = np.linspace(0, 1, POINTS)
    blend = np.stack([(1 - s) ** 2, 2 * s * (1 - s), s**2])
    row, column = ((radius * f(turn) @ blend).reshape(samples, -1) for f in (np.sin, np.cos))
    place = coordinates(p)
    x = np.empty((samples, p, p))
    for part in chunks(samples, p * p):
        pens = [np.exp(-((place - centre[part, :, None]) ** 2) / (2 * (WIDTH * p) ** 2)) for centre in (row, column)]
        x[part] = 1 - np.exp(-INK * pens[0].transpose(0, 2, 1) @ pens[1])
    return x


def plane_generators() -> np.ndarray:
    """(6, 3, 3): the entries of gl(2), row by row, then the two translations, on (row, column, 1)."""
    units = np.zeros((6, 3, 3))
    for unit, place in zip(units, ((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (1, 2)), strict=True):
        unit[place] = 1.0
    return units


def resampled(x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Images whose content at q now lies at g q, q = (row, column, 1) in pixels from the centre; by cubic splines.

    Args:
        x: (n, p, p); 0 outside.
        g: (n, 3, 3) affine maps.

    Returns:
        (n, p, p).
    """
    from scipy.ndimage import affine_transform

    centre = (x.shape[1] - 1) / 2
    back = np.linalg.inv(g)
    offset = back[:, :2, 2] + centre - back[:, :2, :2].sum(axis=2) * centre
    y = np.empty_like(x)
    for image, matrix, shift, out in zip(x, back[:, :2, :2], offset, y, strict=True):
        affine_transform(image, matrix, shift, order=3, output=out)
    return y


def _interpolated(rng: np.random.Generator, samples: int, options: InterpolatedOptions) -> Made:
    p = options.size
    check_whole("size", p, 2, LARGEST)
    check_length("angle", options.angle)
    x = rng.uniform(-0.5, 0.5, (samples, p, p))
    angle = np.full(samples, options.angle) if options.fixed else rng.uniform(0, options.angle, samples)
    y = np.empty_like(x)
    for part in chunks(samples, p * p):
        y[part] = bilinear(x[part], angle[part])
    facts: dict[str, object] = {
        "algebra": "none: turns by interpolation are no group",
        "parameters": ["angle in radians"],
    }
    if options.fixed and p <= MAP_SHOWN:
        basis = np.eye(p * p).reshape(-1, p, p)
        facts["linear map"] = bilinear(basis, np.full(p * p, options.angle)).reshape(p * p, -1).T.tolist()
    return Made(
        arrays={"x": x, "y": noisy(rng, y, options.noise), "t": angle[:, None]},
        kind="pairs",
        axes="nss",
        generators=None,
        blocks=(),
        facts=facts,
    )


def _strokes(rng: np.random.Generator, samples: int, options: StrokeOptions) -> Made:
    p = options.size
    check_whole("size", p, 8, LARGEST)
    x = strokes(rng, samples, p)
    if options.warp == "rotation":
        check_length("angle", options.angle)
        basis = plane_generators()
        generators = (basis[2] - basis[1])[None]
        t = rng.uniform(-options.angle, options.angle, (samples, 1))
        algebra, parameters = "R", ["angle in radians, rows towards columns"]
    else:
        if not 0 < options.spread <= 1:
            raise InputError(f"--set spread={options.spread:g}: above 0, at most 1")
        generators = plane_generators()
        t = options.spread * rng.standard_normal((samples, 6)) * np.array([1, 1, 1, 1, p / 2, p / 2])
        algebra = "aff(2)"
        parameters = [*(f"linear map, entry {i},{j}" for i in (0, 1) for j in (0, 1)), "rows down", "columns across"]
    y = resampled(x, exponential(np.einsum("nk,kij->nij", t, generators)))
    return Made(
        arrays={"x": x, "y": noisy(rng, y, options.noise), "t": t},
        kind="pairs",
        axes="nss",
        generators=generators,
        blocks=(Block("homogeneous", 0, 3, f"pixels (row, column, 1); centre ({(p - 1) / 2:g}, {(p - 1) / 2:g})"),),
        facts={"algebra": algebra, "dimension": len(generators), "parameters": parameters},
    )


interpolated_images = Problem(
    name="interpolated-images",
    summary="Random images turned by bilinear interpolation: linear maps that form no group.",
    kind="pairs",
    options=InterpolatedOptions,
    build=_interpolated,
    samples=2000,
)
turned_strokes = Problem(
    name="turned-strokes",
    summary="Smooth drawings turned or warped about their centre by cubic splines, like real images.",
    kind="pairs",
    options=StrokeOptions,
    build=_strokes,
    samples=1000,
)
