"""Invariants of one word: orthonormal columns, explicit or as factors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Arrays = dict[str, np.ndarray]


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
    def arrays(self) -> Arrays:
        """What a file keeps, by name."""

    @property
    def numbers(self) -> int:
        """How many numbers it keeps."""
        return sum(array.size for array in self.arrays().values())


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

    def arrays(self) -> Arrays:
        """`columns`."""
        return {"columns": self.columns}


class Orbits(Kernel):
    """Sums over the orbits of a group of signed permutations, normalised: one nonzero entry a row at most."""

    def __init__(self, labels: np.ndarray, signs: np.ndarray, rank: int) -> None:
        """Args:
        labels: (m,) number of the orbit of each entry; -1 where no invariant reaches.
        signs: (m,) +1 or -1 (int8).
        rank: number of orbits.
        """
        self.labels, self.signs = labels, signs
        self.size, self.rank = len(labels), rank

    def _values(self) -> np.ndarray:
        reached = self.labels >= 0
        counts = np.bincount(self.labels[reached], minlength=self.rank)
        return np.asarray(np.where(reached, self.signs / np.sqrt(np.maximum(counts, 1))[self.labels], 0.0))

    def _sparse(self) -> csr_matrix:
        from scipy.sparse import csr_matrix

        reached = np.flatnonzero(self.labels >= 0)
        places = (reached, self.labels[reached])
        return csr_matrix((self._values()[reached], places), shape=(self.size, self.rank))

    def dense(self) -> np.ndarray:
        """Q itself."""
        result = np.zeros((self.size, self.rank))
        reached = np.flatnonzero(self.labels >= 0)
        result[reached, self.labels[reached]] = self._values()[reached]
        return result

    def coordinates(self, w: np.ndarray) -> np.ndarray:
        """Q.T w."""
        return np.asarray(self._sparse().T @ w)

    def combine(self, c: np.ndarray) -> np.ndarray:
        """Q c."""
        return np.asarray(self._values()[:, None] * c[self.labels]) if self.rank else np.zeros((self.size, c.shape[1]))

    def arrays(self) -> Arrays:
        """`labels` and `signs`."""
        return {"labels": self.labels, "signs": self.signs}


class Aligned(Kernel):
    """Homomorphisms between two halves of a word, one irreducible type at a time.

    For each type, `left` (a, D1, n) and `right` (b, D2, n) are frames of its copies in the first half and in the dual
    of the second, in matching coordinates; the columns are left_i right_j.T / sqrt(n) flattened, types in their order,
    i slow, j fast. Orthonormal frames make orthonormal columns; in other coordinates Q is columns @ `mix`,
    (r, r).
    """

    def __init__(
        self, types: list[tuple[np.ndarray, np.ndarray]], sizes: tuple[int, int], mix: np.ndarray | None = None
    ) -> None:
        self.types, self.sizes, self.mix = types, sizes, mix
        self.size = prod(sizes)
        self.rank = sum(len(left) * len(right) for left, right in types)

    def dense(self) -> np.ndarray:
        """Q itself; column by column in memory."""
        rows = np.empty((self.rank, *self.sizes))
        first = 0
        for left, right in self.types:
            a, b, n = len(left), len(right), left.shape[2]
            out = rows[first : first + a * b].reshape(a, b, *self.sizes)
            np.matmul((left / sqrt(n))[:, None], right.transpose(0, 2, 1)[None], out=out)
            first += a * b
        columns = rows.reshape(self.rank, self.size).T
        return columns if self.mix is None else columns @ self.mix

    def coordinates(self, w: np.ndarray) -> np.ndarray:
        """Q.T w."""
        batch = w.shape[1]
        tensor = np.ascontiguousarray(w.T).reshape(batch, *self.sizes)
        found = []
        for left, right in self.types:
            (a, rows, n), b = left.shape, len(right)
            half = tensor @ right.transpose(1, 0, 2).reshape(-1, b * n)
            half = half.reshape(batch, rows, b, n).transpose(1, 3, 0, 2).reshape(rows * n, batch * b)
            part = left.reshape(a, rows * n) @ half / sqrt(n)
            found.append(part.reshape(a, batch, b).transpose(0, 2, 1).reshape(a * b, batch))
        stacked = np.concatenate(found) if found else np.zeros((0, batch))
        return stacked if self.mix is None else np.asarray(self.mix.T @ stacked)

    def combine(self, c: np.ndarray) -> np.ndarray:
        """Q c."""
        batch = c.shape[1]
        weights = c if self.mix is None else self.mix @ c
        result = np.zeros((batch, *self.sizes))
        first = 0
        for left, right in self.types:
            (a, rows, n), b = left.shape, len(right)
            block = weights[first : first + a * b].reshape(a, b * batch)
            first += a * b
            half = (left.transpose(1, 2, 0).reshape(rows * n, a) @ block).reshape(rows, n, b, batch) / sqrt(n)
            half = half.transpose(3, 0, 2, 1).reshape(batch, rows, b * n)
            result += half @ right.transpose(0, 2, 1).reshape(b * n, -1)
        return np.ascontiguousarray(result.reshape(batch, self.size).T)

    def arrays(self) -> Arrays:
        """`left_t` and `right_t` for every type t, and `mix` where there is one."""
        found = {}
        for number, (left, right) in enumerate(self.types):
            found[f"left_{number}"], found[f"right_{number}"] = left, right
        return found if self.mix is None else {**found, "mix": self.mix}


@dataclass(frozen=True)
class Reordered(Kernel):
    """Another kernel with its axes in another order: entry i of a column is entry order[i] of the other's."""

    inner: Kernel
    order: np.ndarray

    @property
    def size(self) -> int:  # type: ignore[override]
        """m."""
        return self.inner.size

    @property
    def rank(self) -> int:  # type: ignore[override]
        """r."""
        return self.inner.rank

    def dense(self) -> np.ndarray:
        """Q itself."""
        return np.asarray(self.inner.dense()[self.order])

    def coordinates(self, w: np.ndarray) -> np.ndarray:
        """Q.T w."""
        sorted_ = np.empty_like(w)
        sorted_[self.order] = w
        return self.inner.coordinates(sorted_)

    def combine(self, c: np.ndarray) -> np.ndarray:
        """Q c."""
        return np.asarray(self.inner.combine(c)[self.order])

    def arrays(self) -> Arrays:
        """Those of the other, and `order`."""
        return {**self.inner.arrays(), "order": self.order}


@dataclass(frozen=True)
class Outer(Kernel):
    """Tensor products of two kernels: the invariants where two groups act on letters of their own."""

    first: Kernel
    second: Kernel

    @property
    def size(self) -> int:  # type: ignore[override]
        """m."""
        return self.first.size * self.second.size

    @property
    def rank(self) -> int:  # type: ignore[override]
        """r."""
        return self.first.rank * self.second.rank

    def dense(self) -> np.ndarray:
        """Q itself."""
        return np.kron(self.first.dense(), self.second.dense())

    def coordinates(self, w: np.ndarray) -> np.ndarray:
        """Q.T w."""
        return self._through(w, self.first.coordinates, self.second.coordinates, self.second.size)

    def combine(self, c: np.ndarray) -> np.ndarray:
        """Q c."""
        return self._through(c, self.first.combine, self.second.combine, self.second.rank)

    @staticmethod
    def _through(x, first, second, inner: int) -> np.ndarray:  # type: ignore[no-untyped-def]
        outer, batch = len(x) // max(inner, 1), x.shape[1]
        half = first(x.reshape(outer, inner * batch))
        rows = len(half)
        half = half.reshape(rows, inner, batch).transpose(1, 0, 2).reshape(inner, rows * batch)
        whole = second(np.ascontiguousarray(half))
        return np.asarray(whole.reshape(len(whole), rows, batch).transpose(1, 0, 2).reshape(len(whole) * rows, batch))

    def arrays(self) -> Arrays:
        """Those of both, under `first_` and `second_`."""
        found = {f"first_{name}": array for name, array in self.first.arrays().items()}
        return {**found, **{f"second_{name}": array for name, array in self.second.arrays().items()}}
