"""Coordinates in which the method works: x whitened on its range, y standardised on its range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..covariance_basis import column_scale, whitening

COLLINEAR = 1e-10


@dataclass(frozen=True)
class Frame:
    """z = inverse (x - mean), and u = reduce (y - centre); x = mean + root z, y = centre + expand u on their ranges.

    Attributes:
        mean: (d,); root: (d, r); inverse: (r, d). centre: (c,); expand: (c, s); reduce: (s, c).
        spread: (s,) standard deviations of u, which is uncorrelated.
    """

    mean: np.ndarray
    root: np.ndarray
    inverse: np.ndarray
    centre: np.ndarray
    expand: np.ndarray
    reduce: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> Frame:
        """From samples x (n, d) and y (n, c).

        x is whitened; the columns of y are brought to unit variance, and collinear ones to as many as they fill, on
        orthonormal axes: whitening y would give its noise the weight of its values.
        """
        mean, centre = x.mean(axis=0), y.mean(axis=0)
        covariance = (x - mean).T @ (x - mean) / len(x)
        root, inverse = whitening(covariance, column_scale(covariance, mean[:, None]))
        spread = (y - centre).T @ (y - centre) / len(y)
        scale = column_scale(spread, centre[:, None])
        values, vectors = np.linalg.eigh(spread / scale[:, None] / scale)
        kept = values > COLLINEAR * max(values[-1], 1e-300)
        axes = vectors[:, kept]
        scale = np.where(np.isfinite(scale), scale, 1.0)
        return cls(mean, root, inverse, centre, scale[:, None] * axes, axes.T / scale, np.sqrt(values[kept]))

    @property
    def r(self) -> int:
        """Dimension of the range of x."""
        return self.root.shape[1]

    @property
    def s(self) -> int:
        """Dimension of the range of y."""
        return self.expand.shape[1]

    def inner(self, x: np.ndarray) -> np.ndarray:
        """(n, r) whitened."""
        return (x - self.mean) @ self.inverse.T

    def reduced(self, y: np.ndarray) -> np.ndarray:
        """(n, s)."""
        return (y - self.centre) @ self.reduce.T
