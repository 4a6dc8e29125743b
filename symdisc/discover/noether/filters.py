"""Linear smoothers of sampled data along one axis, and their first derivatives.

Each is y -> S y with rows of S that are rows of projections, so that the error with which it predicts a sample from the
others is (y - S y)_i / (1 - S_ii), without a second fit (Stone 1974; exact for projections, and for Savitzky and Golay
1964, whose row i is that of a projection in a window).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.polynomial import legendre
from scipy.ndimage import correlate1d
from scipy.signal import oaconvolve

from ..device import Array, Arrays

LONGEST_DIRECT = 65


class Filter(Protocol):
    """A linear smoother S along one axis of n points.

    Attributes:
        name: for people, as "12 of 96 waves".
        freedom: tr(S) / n, which is also tr(S^T S) / n, the share of the variance of white noise that S lets through:
            every row of S here is a row of a projection, so that its square is its diagonal element.
    """

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def freedom(self) -> float:
        """tr(S) / n."""
        ...

    def smooth(self, values: Array, axis: int) -> Array:
        """S along the axis; the shape of values, which stay where they live."""
        ...

    def derivative(self, values: Array, axis: int) -> Array:
        """First derivative of the smoothed values, a sample (not a unit of the axis)."""
        ...


@lru_cache(maxsize=64)
def polynomials(n: int, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal polynomials on n equidistant points and their derivatives a sample, both (n, degree + 1)."""
    x = np.linspace(-1, 1, n)
    basis, triangle = np.linalg.qr(legendre.legvander(x, degree))
    slopes = legendre.legvander(x, max(degree - 1, 0)) @ legendre.legder(np.eye(degree + 1))
    slopes = np.linalg.solve(triangle.T, slopes.T).T * (2 / (n - 1))
    for shared in (basis, slopes):
        shared.setflags(write=False)
    return basis, slopes


def along(left: np.ndarray, right: np.ndarray, values: Array, axis: int) -> Array:
    """left @ right^T applied along an axis."""
    arrays = Arrays.of(values)
    library = arrays.library
    coefficients = library.tensordot(arrays.here(right), values, ([0], [axis]))
    return library.moveaxis(library.tensordot(arrays.here(left), coefficients, ([1], [0])), 0, axis)


@dataclass(frozen=True)
class Waves:
    """Projection of n periodic points on the waves of at most `cutoff` periods."""

    n: int
    cutoff: int

    @property
    def name(self) -> str:
        """As "12 of 96 waves"."""
        return f"{self.cutoff} of {self.n // 2} waves"

    @property
    def freedom(self) -> float:
        """tr(S) / n."""
        return min(2 * self.cutoff + 1, self.n) / self.n

    def _weighed(self, values: Array, axis: int, weights: np.ndarray) -> Array:
        arrays = Arrays.of(values)
        fourier = arrays.library.fft
        spectrum = fourier.rfft(values, self.n, axis)
        weights = shaped(np.where(np.arange(len(weights)) <= self.cutoff, weights, 0), axis, values.ndim)
        kind = np.result_type(arrays.dtype, np.complex64) if np.iscomplexobj(weights) else np.dtype(arrays.dtype)
        return fourier.irfft(spectrum * arrays.here(weights, kind), self.n, axis)

    def smooth(self, values: Array, axis: int) -> Array:
        """The waves kept."""
        return self._weighed(values, axis, np.ones(self.n // 2 + 1))

    def derivative(self, values: Array, axis: int) -> Array:
        """Spectral derivative a sample; that of the wave of two samples is zero."""
        waves = np.arange(self.n // 2 + 1)
        return self._weighed(values, axis, np.where(2 * waves < self.n, 2j * np.pi * waves / self.n, 0))


@dataclass(frozen=True)
class Polynomial:
    """Least-squares polynomial through all n points. Its derivative is poor at the edges: weigh them down."""

    n: int
    degree: int

    @property
    def name(self) -> str:
        """As "polynomial of degree 17"."""
        return f"polynomial of degree {self.degree}"

    @property
    def freedom(self) -> float:
        """tr(S) / n."""
        return (self.degree + 1) / self.n

    def smooth(self, values: Array, axis: int) -> Array:
        """The polynomial."""
        basis, _ = polynomials(self.n, self.degree)
        return along(basis, basis, values, axis)

    def derivative(self, values: Array, axis: int) -> Array:
        """The polynomial's derivative a sample."""
        basis, slopes = polynomials(self.n, self.degree)
        return along(slopes, basis, values, axis)


@dataclass(frozen=True)
class SavitzkyGolay:
    """Least-squares polynomial of degree `order` in a moving window; at the edges, the first and last window's."""

    n: int
    window: int
    order: int

    @property
    def name(self) -> str:
        """As "Savitzky-Golay, 21 points, order 4"."""
        return f"Savitzky-Golay, {self.window} points, order {self.order}"

    @property
    def freedom(self) -> float:
        """tr(S) / n."""
        return float(self.leverage().mean())

    def leverage(self) -> np.ndarray:
        """(n,): the diagonal of S."""
        half = self.window // 2
        local = (polynomials(self.window, self.order)[0] ** 2).sum(1)
        return np.concatenate([local[:half], np.full(self.n - 2 * half, local[half]), local[half + 1 :]])

    def _apply(self, values: Array, axis: int, left: np.ndarray, right: np.ndarray) -> Array:
        half = self.window // 2
        result = correlated(values, right @ left[half], axis)

        def ends(points: int) -> tuple[tuple[slice, ...], ...]:
            return tuple(part(axis, values.ndim, cut) for cut in (slice(points), slice(self.n - points, None)))

        rows = left[:half], left[half + 1 :]
        for end, whole, row in zip(ends(half), ends(self.window), rows, strict=True):
            result[end] = along(row, right, values[whole], axis)
        return result

    def smooth(self, values: Array, axis: int) -> Array:
        """The windows' polynomials."""
        basis, _ = polynomials(self.window, self.order)
        return self._apply(values, axis, basis, basis)

    def derivative(self, values: Array, axis: int) -> Array:
        """The derivative of each window's polynomial, a sample."""
        basis, slopes = polynomials(self.window, self.order)
        return self._apply(values, axis, slopes, basis)


def shaped(weights: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    """Weights (n,) as an array that multiplies along the axis."""
    return weights.reshape([-1 if i == axis % ndim else 1 for i in range(ndim)])


def part(axis: int, ndim: int, cut: slice) -> tuple[slice, ...]:
    """Index of a slice along one axis."""
    return tuple(cut if i == axis % ndim else slice(None) for i in range(ndim))


def correlated(values: Array, kernel: np.ndarray, axis: int) -> Array:
    """sum_j kernel_j values_(i + j - half), of the shape of values; the edges are the caller's."""
    arrays = Arrays.of(values)
    if not arrays.ours:
        lines = arrays.library.moveaxis(values, axis, -1)
        flat = lines.reshape(-1, 1, lines.shape[-1])
        weights = arrays.here(kernel)[None, None]
        summed = arrays.library.nn.functional.conv1d(flat, weights, padding=len(kernel) // 2)
        return arrays.library.moveaxis(summed.reshape(lines.shape), -1, axis)
    if len(kernel) <= LONGEST_DIRECT:
        return np.asarray(correlate1d(values, kernel, axis, mode="constant"))
    return np.asarray(oaconvolve(values, shaped(kernel[::-1], axis, values.ndim), mode="same", axes=axis))
