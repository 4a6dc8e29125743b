"""Standardised coordinates, and the rotations that a direction is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..covariance_basis import CovarianceBasis
from ..scatter import Scatter
from .hermite import Hermite

# Interquartile range of a normal distribution, and the share of it below which a coordinate has heavy tails.
QUARTILES = 2 * NormalDist().inv_cdf(0.75)
HEAVY = 0.5
ITERATIONS, CONVERGED = 300, 1e-4


@dataclass(frozen=True)
class Frame:
    """z = inverse (x - centre) and x = centre + root z, on the range of the covariance.

    Attributes:
        centre: (D,); root: (D, r); inverse: (r, D).
        heavy: the covariance would have been ruled by a few samples, so a robust scatter was taken.
    """

    centre: np.ndarray
    root: np.ndarray
    inverse: np.ndarray
    heavy: bool = False

    @property
    def rank(self) -> int:
        """r."""
        return self.root.shape[1]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(n, r) coordinates of samples (n, D)."""
        return np.asarray((x - self.centre) @ self.inverse.T)

    @classmethod
    def of(cls, scatter: Scatter, sample: np.ndarray, source: np.dtype) -> Frame:
        """From the covariance of all data, which gives the range, and from a sample (n, D) of them.

        Where some coordinate of the sample has a far smaller middle than its standard deviation, location and scatter
        are those of the Cauchy maximum likelihood (Kent and Tyler, Ann. Statist. 19, 2102, 1991) within the range.
        """
        _, mean, covariance = scatter.pooled()
        centre = mean[:, 0]
        basis = CovarianceBasis.of(covariance, mean, source)
        plain = cls(centre, basis.root, basis.inverse)
        if not basis.rank:
            return plain
        y = plain(sample)
        low, high = np.quantile(y, [0.25, 0.75], axis=0)
        middle = (high - low) / QUARTILES
        if middle.min() >= HEAVY or middle.min() == 0:
            return plain
        found = _cauchy(y, middle)
        if found is None:
            return plain
        step, values, vectors = found
        size = np.sqrt(values)
        return cls(
            centre + basis.root @ step,
            basis.root @ (vectors * size),
            (vectors / size).T @ basis.inverse,
            heavy=True,
        )

    @classmethod
    def principal(cls, scatter: Scatter, source: np.dtype, most: int) -> Frame:
        """The leading principal components alone: `root` leads back into their span."""
        _, mean, covariance = scatter.pooled()
        basis = CovarianceBasis.of(covariance, mean, source)
        return cls(mean[:, 0], basis.root[:, :most], basis.inverse[:most])

    def flow(self, matrices: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """(K, r, r + 1): fields x -> L x + b, L (K, D, D) and b (K, D), in these coordinates."""
        linear = self.inverse @ matrices @ self.root
        shift = (matrices @ self.centre + shifts) @ self.inverse.T
        return np.concatenate([linear, shift[:, :, None]], axis=2)

    def leading_out(self, matrices: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """(K, D, r + 1): the part of the same fields that leads out of where the data lie, in standard deviations."""
        moved = np.concatenate([matrices @ self.root, (matrices @ self.centre + shifts)[:, :, None]], axis=2)
        scale = np.sqrt(np.mean(self.root**2)) or 1.0
        return np.asarray((moved - self.root @ (self.inverse @ moved)) / scale)

    def back(self, flows: np.ndarray) -> np.ndarray:
        """(K, D + 1, D + 1): flows (K, r, r + 1) of z as matrices on (x, 1)."""
        size = len(self.centre)
        matrices = np.zeros((len(flows), size + 1, size + 1))
        matrices[:, :size, :size] = self.root @ flows[:, :, :-1] @ self.inverse
        matrices[:, :size, size] = flows[:, :, -1] @ self.root.T - matrices[:, :size, :size] @ self.centre
        return matrices


def _cauchy(y: np.ndarray, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Location, and eigenpairs of a scatter in which the median of |z|^2 is that of a Gaussian; None: no such thing."""
    n, d = y.shape
    centre, scatter = np.median(y, axis=0), np.diag(middle**2)
    for _ in range(ITERATIONS):
        try:
            inverse = np.linalg.inv(np.linalg.cholesky(scatter))
        except np.linalg.LinAlgError:
            return None
        z = (y - centre) @ inverse.T
        weight = (d + 1) / (1 + np.einsum("nd,nd->n", z, z))
        step = weight @ z / weight.sum()
        change = (z * weight[:, None]).T @ z / n
        centre = centre + np.linalg.solve(inverse, step)
        scatter = np.linalg.solve(inverse, np.linalg.solve(inverse, change).T)
        scatter = (scatter + scatter.T) / 2
        if np.abs(change - np.eye(d)).max() < CONVERGED and np.abs(step).max() < CONVERGED:
            break
    else:
        return None
    square = np.einsum("nd,nd->n", z, z)
    values, vectors = np.linalg.eigh(scatter * float(np.median(square)) / (d * (1 - 2 / (9 * d)) ** 3))
    return centre, values, vectors


def gaussian_fit(hermite: Hermite, means: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and covariance of the Gaussian that, weighted by e, has the mean and covariance seen; and a misfit.

    Under the weight a Gaussian stays one, its precision grown by 1 / (2 d), so this is exact for Gaussian data, and no
    far sample rules it. The misfit is log E[e] less that of this Gaussian: 0 for Gaussian data.
    """
    d = hermite.d
    total, mean, covariance = hermite.tilted(means)
    values, vectors = np.linalg.eigh(covariance)
    # At most 20 d: of a density that grows outward faster than the weight falls nothing better is known.
    precision = np.maximum(1 / values - 1 / (2 * d), 1 / (20 * d))
    found = (vectors / precision) @ vectors.T
    centre = found @ np.linalg.solve(covariance, mean)
    wide = found + 2 * d * np.eye(d)
    expected = -0.5 * np.linalg.slogdet(wide / (2 * d))[1] - 0.5 * centre @ np.linalg.solve(wide, centre)
    return centre, found, float(np.log(total) - expected)


def preserving(centre: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(d (d - 1) / 2, d, d + 1): flows z -> L (z - centre), L in H^{1/2} so(d) H^{-1/2}."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(values)
    inverse = vectors / np.sqrt(values)
    i, j = np.triu_indices(len(values), 1)
    linear = root.T[i, :, None] * inverse.T[j, None, :] - root.T[j, :, None] * inverse.T[i, None, :]
    return np.concatenate([linear, -(linear @ centre)[:, :, None]], axis=2)


def looks_gaussian(hermite: Hermite, sums: np.ndarray, count: np.ndarray, alpha: float) -> bool:
    """Whether |z|^2, in units of the covariance, can be a Gaussian's: the misfit is within its jackknife error."""
    filled = np.flatnonzero(count > 0)
    total, samples = sums.sum(axis=0), count.sum()
    misfit = gaussian_fit(hermite, total / samples)[2]
    without = np.array([gaussian_fit(hermite, (total - sums[b]) / (samples - count[b]))[2] for b in filled])
    error = np.sqrt((len(filled) - 1) * np.var(without))
    return bool(abs(misfit) <= NormalDist().inv_cdf(1 - alpha / 2) * error)
