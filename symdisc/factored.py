"""The covariance-preserving generators kept by factors, for when the dense stack would not fit.

With H = Q diag(lambda) Q^T, s_i = lambda_i^{1/2} q_i and r_i = lambda_i^{-1/2} q_i, the generators
s_i r_j^T - s_j r_i^T (i < j) span H^{1/2} so(r) H^{-1/2}, are mutually orthogonal in the Frobenius product
and have rank 2. Source: Dehmamy et al., Lie Algebra Convolutional Networks with Automatic Symmetry Extraction,
appendix C.1, with the root S = Q Lambda^{1/2}.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FactoredRotations:
    """All r(r-1)/2 generators of the rotations that preserve H, without the (k, d, d) stack.

    Args:
        eigenvalues: (r,) positive eigenvalues of H.
        eigenvectors: (d, r) orthonormal eigenvectors.

    Behaves as a read-only sequence of (d, d) matrices of Frobenius norm 1, in the order
    (0, 1), (0, 2), ..., (r-2, r-1).
    """

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    def __len__(self) -> int:
        r = len(self.eigenvalues)
        return r * (r - 1) // 2

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape that the dense stack would have."""
        d = self.eigenvectors.shape[0]
        return len(self), d, d

    def pair(self, index: int) -> tuple[int, int]:
        """The two principal axes (i, j), i < j, that generator `index` rotates into each other."""
        k = len(self)
        if not -k <= index < k:
            raise IndexError(f"generator {index} of {k}")
        i, rest = 0, index % k
        row = len(self.eigenvalues) - 1
        while rest >= row:
            rest -= row
            row -= 1
            i += 1
        return i, i + 1 + rest

    def _scaled(self) -> tuple[np.ndarray, np.ndarray]:
        root = np.sqrt(self.eigenvalues)
        return self.eigenvectors * root, self.eigenvectors / root

    def __getitem__(self, index: int) -> np.ndarray:
        i, j = self.pair(index)
        s, r = self._scaled()
        generator = np.outer(s[:, i], r[:, j]) - np.outer(s[:, j], r[:, i])
        return generator / np.linalg.norm(generator)

    def eigenvalues_of(self, index: int) -> np.ndarray:
        """(d,) complex eigenvalues of a generator: a rotation of one plane, seen in its own frame, and zeros."""
        i, j = self.pair(index)
        ratio = np.sqrt(self.eigenvalues[i] / self.eigenvalues[j])
        values = np.zeros(self.eigenvectors.shape[0], dtype=complex)
        values[:2] = np.array([1j, -1j]) / np.hypot(ratio, 1 / ratio)
        return values

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    def dense(self) -> np.ndarray:
        """The (k, d, d) stack: mind its size."""
        d = self.eigenvectors.shape[0]
        return np.stack(list(self)) if len(self) else np.zeros((0, d, d))

    def combine(self, coefficients: np.ndarray) -> np.ndarray:
        """sum_k coefficients[k] L_k as one (d, d) matrix, in O(r^2 d) and without the stack."""
        r = len(self.eigenvalues)
        upper = np.triu_indices(r, 1)
        ratio = np.sqrt(self.eigenvalues[upper[0]] / self.eigenvalues[upper[1]])
        angles = np.zeros((r, r))
        angles[upper] = np.asarray(coefficients) / np.hypot(ratio, 1 / ratio)
        angles -= angles.T
        s, inverse = self._scaled()
        return s @ angles @ inverse.T

    def preview(self, count: int) -> np.ndarray:
        """The first `count` generators, dense: what plots show."""
        d = self.eigenvectors.shape[0]
        chosen = [self[index] for index in range(min(count, len(self)))]
        return np.stack(chosen) if chosen else np.zeros((0, d, d))
