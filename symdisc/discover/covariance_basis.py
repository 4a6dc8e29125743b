"""Roots of a covariance on its range, and the rotations that preserve it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError, ResourceError
from ..factored import FactoredRotations


def column_scale(covariance: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(d,) standard deviations; infinite for a constant column, whose variance is the rounding of its mean (d, m)."""
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    rounding = 64 * np.finfo(np.float64).eps * np.abs(mean).max(axis=1)
    return np.where(spread > rounding, spread, np.inf)


def standardised(covariance: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Correlations; zero in the rows and columns of constant columns."""
    return covariance / scale[:, None] / scale


def whitening(covariance: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Root S (d, r) of H on its range, H = S S^T, and S^+ (r, d) with S^+ H S^{+T} = I.

    Decided on standardised columns, so that the rank does not depend on units.
    """
    values, vectors = np.linalg.eigh(standardised(covariance, scale))
    kept = values > max(values[-1], 0.0) * len(values) * 1e-12
    root = np.sqrt(values[kept])
    scale = np.where(np.isfinite(scale), scale, 1.0)
    return scale[:, None] * vectors[:, kept] * root, (vectors[:, kept] / root / scale[:, None]).T


@dataclass(frozen=True)
class CovarianceBasis:
    """Root S of H on its range, H = S S^T: S A S^+ with A in so(r) are all generators that preserve H.

    Any root gives the same span. The principal axes of H serve where they are resolved; columns whose scales differ
    by more than float64 can hold in one eigenproblem use the principal axes of the correlation matrix instead.

    Attributes:
        root: (d, r); inverse: (r, d), S^+ in the sense S^+ S = I.
        spectrum: (d,) eigenvalues of H, descending.
        axes: (d, r) orthonormal principal axes of H (or of the correlations).
        scale: (d,) standard deviations of the columns (1 for a constant one).
    """

    root: np.ndarray
    inverse: np.ndarray
    spectrum: np.ndarray
    axes: np.ndarray
    scale: np.ndarray
    graded: bool

    @classmethod
    def of(cls, covariance: np.ndarray, mean: np.ndarray, source: np.dtype, rank: int | None = None) -> CovarianceBasis:
        """From H (d, d).

        Args:
            mean: (d, m) means of the columns, beside which a constant one is told from a varying one.
            source: dtype in which the data were stored; its rounding limits the rank.
            rank: given by the user instead of decided.
        """
        d = len(covariance)
        unit = column_scale(covariance, mean)
        values, vectors = _eigh(standardised(covariance, unit))
        eps = np.finfo(np.float64).eps
        stored = np.finfo(source).eps if np.issubdtype(source, np.floating) else eps
        floor = values[0] * d * max(8 * eps, (8 * stored) ** 2)
        r = int((values > max(floor, 0.0)).sum()) if rank is None else rank
        if not 0 <= r <= d or (r and values[r - 1] <= 0):
            raise InputError(f"--set covariance.rank={rank}: H has only {int((values > 0).sum())} positive eigenvalues")
        varying = np.isfinite(unit)
        unit = np.where(varying, unit, 1.0)
        raw_values, raw_vectors = _eigh(covariance * np.outer(varying, varying))
        if r and raw_values[r - 1] > 64 * d * eps * raw_values[0]:
            axes, scale = raw_vectors[:, :r], np.sqrt(raw_values[:r])
            return cls(axes * scale, (axes / scale).T, raw_values, axes, unit, False)
        axes, scale = vectors[:, :r], np.sqrt(np.maximum(values[:r], 0.0))
        return cls(unit[:, None] * axes * scale, (axes / scale / unit[:, None]).T, raw_values, axes, unit, True)

    @property
    def rank(self) -> int:
        """r."""
        return self.root.shape[1]

    def factored(self) -> FactoredRotations:
        """By eigenvalues and eigenvectors of H.

        Raises:
            ResourceError: the columns' scales differ too much for one eigen-decomposition in float64.
        """
        if self.graded:
            raise ResourceError(
                "the columns of x differ in scale by more than float64 can hold in one eigenvalue problem; "
                "divide each column by its standard deviation first"
            )
        return FactoredRotations(self.spectrum[: self.rank], self.axes)

    def dense(self, unit: bool) -> np.ndarray:
        """(k, d, d): s_i r_j^T - s_j r_i^T for i < j, of Frobenius norm 1 if `unit`, else turning by t radians."""
        i, j = np.triu_indices(self.rank, 1)
        s, inverse = self.root, self.inverse
        stack = s.T[i, :, None] * inverse[j, None, :] - s.T[j, :, None] * inverse[i, None, :]
        if unit and self.graded and len(stack):
            # S and S^+ are not mutually orthogonal here: orthonormalise the span instead of scaling its members.
            flat = np.linalg.qr(stack.reshape(len(stack), -1).T)[0]
            return flat.T.reshape(stack.shape)
        return stack / np.linalg.norm(stack, axis=(1, 2), keepdims=True) if unit and len(stack) else stack

    def defects(self, covariance: np.ndarray) -> np.ndarray:
        """(k,): |L H + H L^T| / (sqrt(2) |L H|) of every generator, from Gram matrices, without the stack.

        Columns are divided by their standard deviations. L H = s_i g_j^T - s_j g_i^T with g = H S^{+T} = s + e; only e
        can violate.
        """
        s = self.root / self.scale[:, None]
        g = covariance @ self.inverse.T / self.scale[:, None]
        e = g - s
        i, j = np.triu_indices(self.rank, 1)
        ss, se, ee, gg = s.T @ s, s.T @ e, e.T @ e, g.T @ g

        def outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return a[i, i] * b[j, j] + a[j, j] * b[i, i] - 2 * a[i, j] * b[i, j]

        violation = 2 * outer(ss, ee) + 2 * (se[i, j] ** 2 + se[j, i] ** 2 - 2 * se[i, i] * se[j, j])
        size = 2 * outer(ss, gg)
        return np.sqrt(np.maximum(violation, 0.0) / np.where(size > 0, size, 1.0))


def _eigh(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenpairs in descending order, signs fixed by the largest entry."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    return values, vectors * np.where(vectors[largest, np.arange(len(values))] < 0, -1.0, 1.0)
