"""Smooth vector fields p -> A p + b on a grid, and their action on interpolated images.

Content at a point q moves to g q, so (g.x)(p) = x(g^-1 p) with g = exp([[A, b], [0, 0]]) on (row, column, .., 1), p in
pixels from the grid's centre (p - 1) / 2. Coefficients a (K = s (s + 1)) are the entries of the first s rows of that
matrix, row-major, with b in units of half the grid's larger side, so that all of them move content about equally far.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

import numpy as np
from scipy.ndimage import correlate1d, gaussian_filter1d, map_coordinates

from .errors import InputError
from .exponential import matrix_exponential

Boundary = Literal["zero", "mirror", "periodic"]
_FILTER_MODE = {"zero": "constant", "mirror": "mirror", "periodic": "wrap"}
_PAD_MODE = {"mirror": "reflect", "periodic": "wrap"}
# A cubic spline's coefficients decay as .268^i beyond the last pixel: 6e-6 of an edge after nine.
_MARGIN = {"zero": 9, "mirror": 3, "periodic": 3}
CHUNK_VALUES = 1 << 22


def boundary_of(shape: tuple[int, ...], *images: np.ndarray) -> Boundary:
    """`zero` where images (n, d, m) are dark at the edge of the grid, else `mirror`: they are cut off there."""
    inner = np.zeros(shape, dtype=bool)
    inner[(slice(1, -1),) * len(shape)] = True
    edge = ~inner.ravel()
    dark = all(np.square(part[:, edge]).mean() < 0.01 * np.square(part).mean() for part in images)
    return "zero" if dark else "mirror"


def field(algebra: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The vector field of one generator on a grid, for a quiver plot.

    Args:
        algebra: (s + 1, s + 1) matrix [[A, b], [0, 0]], b in pixels.
        shape: the grid, s axes.

    Returns:
        (*shape, s): A p + b at every pixel, pixels per unit of t along each axis.
    """
    points = _points(shape)
    return (points @ algebra[:-1, :-1].T + algebra[:-1, -1]).reshape(*shape, len(shape))


@dataclass(frozen=True)
class Warp:
    """The action of affine fields on images of one shape.

    Attributes:
        shape: the grid, one to three axes.
        boundary: what lies outside: `zero`; `mirror`, for images that are cut off there (only pixels that come from
            inside are then compared); `periodic`.

    Raises:
        InputError: more than three axes, or an axis shorter than 4 pixels.

    Example:
        >>> warp = Warp((28, 28))
        >>> warp.dimension, warp.unit
        (6, 14.0)
    """

    shape: tuple[int, ...]
    boundary: Boundary = "zero"

    def __post_init__(self) -> None:
        if not 1 <= len(self.shape) <= 3 or min(self.shape) < 4:
            raise InputError(
                f"--candidates grid: images of {' x '.join(map(str, self.shape))} pixels cannot be searched; "
                "it takes one to three axes of at least 4 pixels each"
            )

    @property
    def axes(self) -> int:
        """s."""
        return len(self.shape)

    @property
    def pixels(self) -> int:
        """d."""
        return prod(self.shape)

    @property
    def dimension(self) -> int:
        """K = s (s + 1)."""
        return self.axes * (self.axes + 1)

    @property
    def unit(self) -> float:
        """Pixels in one unit of b: half the larger side."""
        return max(self.shape) / 2

    @cached_property
    def points(self) -> np.ndarray:
        """(d, s): pixels from the centre."""
        return _points(self.shape)

    def algebra(self, coefficients: np.ndarray) -> np.ndarray:
        """(..., s + 1, s + 1) matrices in pixels for coefficients (..., K)."""
        s = self.axes
        matrices = np.zeros((*coefficients.shape[:-1], s + 1, s + 1))
        matrices[..., :s, :] = coefficients.reshape(*coefficients.shape[:-1], s, s + 1)
        matrices[..., :s, s] *= self.unit
        return matrices

    def coefficients(self, algebra: np.ndarray) -> np.ndarray:
        """(..., K) coefficients of (..., s + 1, s + 1) matrices in pixels."""
        rows = algebra[..., : self.axes, :].copy()
        rows[..., -1] /= self.unit
        return rows.reshape(*algebra.shape[:-2], self.dimension)

    @cached_property
    def board(self) -> np.ndarray:
        """(d,): 1 on the black squares of a chess board of seven squares or more a side, 0 on the white ones."""
        width = max(2, round(self.unit / 3.5))
        squares = np.floor((self.points - self.points[0]) / width).sum(axis=1)
        return np.asarray(squares % 2)

    @cached_property
    def brackets(self) -> np.ndarray:
        """(K, K, K): [E_i, E_j] = sum_l brackets[i, j, l] E_l."""
        units = self.algebra(np.eye(self.dimension))
        products = np.einsum("iab,jbc->ijac", units, units)
        return self.coefficients(products - products.transpose(1, 0, 2, 3))

    def splines(self, images: np.ndarray) -> np.ndarray:
        """(n, m, P_1, .., P_s): cubic-spline coefficients, with a margin, of images (n, d, m)."""
        values = np.moveaxis(images.reshape(len(images), *self.shape, -1), -1, 1)
        return self._along_axes(values, self._prefilters)

    def transport(self, splines: np.ndarray, algebra: np.ndarray, order: int = 3) -> np.ndarray:
        """(n, d, m): image n moved by exp(algebra[n]), interpolated by cubic splines.

        Args:
            splines: (n, m, P_1, .., P_s) from `splines`; algebra: (n, s + 1, s + 1) in pixels.
            order: 3; 1 where `splines` holds values, to interpolate linearly.
        """
        n, channels = splines.shape[:2]
        result = np.empty((n, self.pixels, channels))
        step = max(1, CHUNK_VALUES // (self.pixels * (self.axes + 1)))
        for start in range(0, n, step):
            part = slice(start, start + step)
            sources = self._sources(algebra[part])
            # Images stand on top of one another, so that one call interpolates all of them.
            sources[0] += (np.arange(sources.shape[1]) * splines.shape[2])[:, None]
            for channel in range(channels):
                tall = splines[part, channel].reshape(-1, *splines.shape[3:])
                result[part, :, channel] = map_coordinates(tall, sources, order=order, mode="nearest", prefilter=False)
        return result

    def inside(self, algebra: np.ndarray) -> np.ndarray:
        """(n, d): pixels whose content under exp(algebra[n]) came from inside the grid."""
        sources = _moved(self.points, matrix_exponential(-algebra))
        half = (np.array(self.shape) - 1) / 2 + 1e-9
        return np.asarray((np.abs(sources) <= half[:, None, None]).all(axis=0))

    def carried(self, mask: np.ndarray, algebra: np.ndarray) -> np.ndarray:
        """(n, d): pixels whose content under exp(algebra[n]) is made of pixels in the mask (n, d) alone."""
        values = np.moveaxis(mask.reshape(len(mask), *self.shape, 1).astype(float), -1, 1)
        margin = _MARGIN[self.boundary]
        padded = np.pad(values, [(0, 0), (0, 0)] + [(margin, margin)] * self.axes, mode="edge")
        return self.transport(padded, algebra, order=1)[:, :, 0] > 0.999

    def gradients(self, images: np.ndarray) -> np.ndarray:
        """(s, n, d, m): derivative of the images' splines along each axis, per pixel."""
        values = np.moveaxis(images.reshape(len(images), *self.shape, -1), -1, 1)
        parts = [np.moveaxis(_apply(self._slopes[axis], values, axis + 2), 1, -1) for axis in range(self.axes)]
        return np.stack([part.reshape(images.shape) for part in parts])

    def laplacian(self, images: np.ndarray) -> np.ndarray:
        """(n, d, m): sum of the second derivatives of the images' splines, per square pixel."""
        values = np.moveaxis(images.reshape(len(images), *self.shape, -1), -1, 1)
        total = sum(_apply(self._bends[axis], values, axis + 2) for axis in range(self.axes))
        return np.moveaxis(np.asarray(total), 1, -1).reshape(images.shape)

    def fields(self, images: np.ndarray) -> np.ndarray:
        """(n, K, d m): derivative of `transport` at 0 along every coefficient, -(E_k p) . grad x."""
        moved = -self.gradients(images)[:, None] * self._weights[None, :, None, :, None]
        return np.ascontiguousarray(np.moveaxis(moved, 2, 0)).reshape(len(images), self.dimension, -1)

    def normal_equations(
        self, images: np.ndarray, residuals: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Information J'WJ (n, K, K) and score J'Wr (n, K) of J = `fields(images)`, without forming J.

        Args:
            images, residuals: (n, d, m); weights: (n, d), 1 if not given.
        """
        n, s = len(images), self.axes
        gradients = self.gradients(images)
        weighted = gradients if weights is None else gradients * weights[None, :, :, None]
        lever = self._weights
        levers = (lever[:, None] * lever[None, :]).reshape(-1, self.pixels).T
        information = np.empty((n, s, s + 1, s, s + 1))
        for i in range(s):
            for j in range(i, s):
                block = (np.einsum("ndm,ndm->nd", weighted[i], gradients[j]) @ levers).reshape(n, s + 1, s + 1)
                information[:, i, :, j] = information[:, j, :, i] = block
        score = np.stack([-np.einsum("ndm,ndm->nd", part, residuals) @ lever.T for part in weighted], axis=1)
        return information.reshape(n, self.dimension, self.dimension), score.reshape(n, self.dimension)

    def smooth(self, images: np.ndarray, sigma: float) -> np.ndarray:
        """(n, d, m): images under a Gaussian of `sigma` pixels."""
        if sigma == 0:
            return images
        values = np.moveaxis(images.reshape(len(images), *self.shape, -1), -1, 1)
        kernels = [
            gaussian_filter1d(np.eye(size), sigma, axis=0, mode=_FILTER_MODE[self.boundary]) for size in self.shape
        ]
        return np.moveaxis(self._along_axes(values, kernels), 1, -1).reshape(images.shape)

    def _sources(self, algebra: np.ndarray) -> np.ndarray:
        """(s, n, d): where in the spline's array each pixel's content comes from."""
        sources = _moved(self.points, matrix_exponential(-algebra))
        margin = _MARGIN[self.boundary]
        for axis, size in enumerate(self.shape):
            sources[axis] += (size - 1) / 2
            if self.boundary == "periodic":
                sources[axis] %= size
            else:
                reach = margin - 2 if self.boundary == "zero" else 0
                np.clip(sources[axis], -reach, size - 1 + reach, out=sources[axis])
            sources[axis] += margin
        return sources

    @cached_property
    def _weights(self) -> np.ndarray:
        """(s + 1, d): the coordinates that A multiplies, and the unit of b."""
        return np.vstack([self.points.T, np.full(self.pixels, self.unit)])

    @cached_property
    def _prefilters(self) -> list[np.ndarray]:
        """(P, p) for each axis: coefficients from values."""
        return [_prefilter(size, self.boundary) for size in self.shape]

    @cached_property
    def _slopes(self) -> list[np.ndarray]:
        """(p, p) for each axis: the spline's derivative at the pixels."""
        return [self._stencil(matrix, np.array([-0.5, 0.0, 0.5])) for matrix in self._prefilters]

    @cached_property
    def _bends(self) -> list[np.ndarray]:
        """(p, p) for each axis: the spline's second derivative at the pixels."""
        return [self._stencil(matrix, np.array([1.0, -2.0, 1.0])) for matrix in self._prefilters]

    def _stencil(self, prefilter: np.ndarray, stencil: np.ndarray) -> np.ndarray:
        margin = _MARGIN[self.boundary]
        return np.asarray(correlate1d(prefilter, stencil, axis=0)[margin:-margin])

    def _along_axes(self, values: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
        for axis, matrix in enumerate(matrices):
            values = _apply(matrix, values, axis + 2)
        return values


def _points(shape: tuple[int, ...]) -> np.ndarray:
    """(d, s): pixels from the centre of the grid."""
    axes = [np.arange(size) - (size - 1) / 2 for size in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(shape))


def _moved(points: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(s, n, d): g p for points (d, s) and g (n, s + 1, s + 1)."""
    s = points.shape[1]
    moved = group[:, :s, :s] @ points.T + group[:, :s, s:]
    return np.ascontiguousarray(moved.transpose(1, 0, 2))


def _apply(matrix: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    """A matrix applied along one axis."""
    return np.ascontiguousarray(np.moveaxis(np.moveaxis(values, axis, -1) @ matrix.T, -1, axis))


def _prefilter(size: int, boundary: Boundary) -> np.ndarray:
    """(P, p): cubic-spline coefficients of p values and of the margin on both sides."""
    margin = _MARGIN[boundary]
    if boundary == "zero":
        inverse = np.linalg.inv(correlate1d(np.eye(size + 2 * margin), [1 / 6, 4 / 6, 1 / 6], axis=0, mode="constant"))
        return np.asarray(inverse[:, margin:-margin])
    inverse = np.linalg.inv(correlate1d(np.eye(size), [1 / 6, 4 / 6, 1 / 6], axis=0, mode=_FILTER_MODE[boundary]))
    return np.pad(inverse, ((margin, margin), (0, 0)), mode=_PAD_MODE[boundary])  # type: ignore[call-overload]
