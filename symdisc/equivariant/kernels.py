"""Invariants of one word: orthonormal columns, explicit or as factors."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np


class Kernel(ABC):
    """Orthonormal invariant tensors of one word, seen as the columns of an (m, r) matrix Q.

    Attributes:
        size, rank: m, r.
    """

    size: int
    rank: int

    @abstractmethod
    def dense(self) -> np.ndarray:
        """Q itself, (m, r)."""

    @abstractmethod
    def coordinates(self, w: np.ndarray) -> np.ndarray:
        """Q.T w for w (m, b): (r, b)."""

    @abstractmethod
    def combine(self, c: np.ndarray) -> np.ndarray:
        """Q c for c (r, b): (m, b)."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """What a file keeps."""


class Explicit(Kernel):
    """Q as an array."""

    def __init__(self, columns: np.ndarray) -> None:
        self.columns = columns
        self.size, self.rank = columns.shape

    def dense(self) -> np.ndarray:
        """Q itself."""
        return self.columns

    def coordinates(self, w: np.ndarray) -> np.ndarray:
        """Q.T w."""
        return np.asarray(self.columns.T @ w)

    def combine(self, c: np.ndarray) -> np.ndarray:
        """Q c."""
        return np.asarray(self.columns @ c)

    def arrays(self) -> dict[str, np.ndarray]:
        """The array."""
        return {"columns": self.columns}
