"""Streamed means and scatter matrices, batch by batch, exact under any order and any cut of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .device import MAIN, Array, Arrays, Blocks
from .ranks import Ranks


class Scatter:
    """Counts, means and scatter of B batches of d-vectors with m channels that share the action.

    Chunks are centred on their own mean and merged by Chan's update (Chan, Golub, LeVeque 1979) in float64, so a large
    offset costs no digits. The scatter sums over channels, each about its own mean. It stays where arrays live: to
    bring it back for every batch of a chunk would take longer than the products.

    Attributes:
        count: (B,) samples; scatter: (B, d, d).
        origin: (d, m), near the data, from which all means are measured; step: (B, d, m), mean minus origin. A mean
            stored as it is would be rounded to the digits of its offset.
    """

    def __init__(self, batches: int, d: int, channels: int = 1, arrays: Arrays = MAIN) -> None:
        """Empty; products are taken in the precision of `arrays`, sums and merges always in float64."""
        self.arrays = arrays
        self.count = np.zeros(batches)
        self.origin: np.ndarray | None = None
        self.step = np.zeros((batches, d, channels))
        self.scatter = np.zeros((batches, d, d))
        self._blocks = Blocks()
        self._buffer = np.zeros(0, dtype=self.arrays.dtype)

    @property
    def scatter(self) -> np.ndarray:
        """(B, d, d), in main memory."""
        return self.arrays.back(self._scatter)

    @scatter.setter
    def scatter(self, values: np.ndarray) -> None:
        self._scatter = self.arrays.here(values, np.float64)

    def add(self, x: np.ndarray, batch: np.ndarray | None = None) -> None:
        """Add samples.

        Args:
            x: (n, d, m), float32 or float64.
            batch: (n,) batch numbers; None: all in batch 0.
        """
        if batch is None:
            self._add(0, x)
            return
        order = np.argsort(batch, kind="stable")
        cuts = np.searchsorted(batch[order], np.arange(len(self.count) + 1))
        gathered = x[order]
        for number in range(len(self.count)):
            if cuts[number + 1] > cuts[number]:
                self._add(number, gathered[cuts[number] : cuts[number + 1]])

    def _add(self, number: int, x: np.ndarray) -> None:
        for n, rough, rest, square in self._blocks.of(lambda part: self._moments(x[part]), len(x)):
            self._scatter[number] += square
            self._scatter[number] -= self.arrays.here(n * (rest.T @ rest), np.float64)
            if self.origin is None:
                self.origin = rough.T.copy()
            self._merge(number, n, (rough.T - self.origin) + rest.T)

    def _moments(self, x: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, Array]:
        """How many; a rough mean (m, d), the mean about it, and the scatter (d, d) about it."""
        n, d, channels = x.shape
        # The order (n, m, d) makes every channel of every sample one row of d.
        rows = self.arrays.here(x.reshape(n, 1, d) if channels == 1 else np.moveaxis(x, 2, 1), x.dtype)
        # A rough mean is enough here: what it misses is measured after centring, and put right.
        rough = self._mean(rows, x.dtype)
        centred = self._centred(rows, rough)
        flat = centred.reshape(-1, d)
        # A matrix times its own transpose: numpy hands this to BLAS as a symmetric product, half the work.
        square = flat.T @ flat
        return n, self.arrays.back(rough), self.arrays.back(self._mean(centred)), square

    def _mean(self, rows: Array, dtype: Any = None) -> Array:
        n = len(rows)
        ones = self.arrays.here(np.full(n, 1 / n), dtype)
        return (ones @ rows.reshape(n, -1)).reshape(rows.shape[1:])

    def _centred(self, rows: Array, rough: Array) -> Array:
        if not self.arrays.ours:
            return self.arrays.cast(rows - rough)
        # Reused memory: fresh pages for every chunk would cost as much as the centring.
        if len(self._buffer) < rows.size:
            self._buffer = np.empty(rows.size, dtype=self.arrays.dtype)
        centred = self._buffer[: rows.size].reshape(rows.shape)
        return np.subtract(rows, rough, out=centred, casting="same_kind")

    def _merge(self, number: int, n: float, step: np.ndarray) -> None:
        before = self.count[number]
        after = before + n
        apart = step - self.step[number]
        if before:
            self._scatter[number] += self.arrays.here((before * n / after) * (apart @ apart.T), np.float64)
        self.step[number] += apart * (n / after)
        self.count[number] = after

    def merge(self, other: Scatter) -> None:
        """Add another accumulator's batches to the batches of the same numbers."""
        if other.origin is None:
            return
        if self.origin is None:
            self.origin = other.origin
        move = other.origin - self.origin
        self.scatter = self.scatter + other.scatter
        for number in np.flatnonzero(other.count):
            self._merge(int(number), other.count[number], other.step[number] + move)

    def of_all(self, ranks: Ranks) -> None:
        """Become the accumulator of all ranks' samples (Chan's update for many sets at once).

        Each rank moves its scatter to the common mean before they are added: what is added is positive, and a mean that
        drifts along the file costs no digits.
        """
        if not ranks.several:
            return
        votes = np.zeros(ranks.size)
        votes[ranks.rank] = self.origin is not None
        speaker = int(np.argmax(ranks.total(votes)))
        mine = self._origin if ranks.rank == speaker else np.zeros_like(self._origin)
        origin = ranks.total(mine)
        step = self.step + (self._origin - origin)
        count = ranks.total(self.count)
        mean = ranks.total(self.count[:, None, None] * step) / np.maximum(count, 1.0)[:, None, None]
        apart = np.where(self.count[:, None, None] > 0, step - mean, 0.0)
        self.scatter += np.einsum("b,bic,bjc->bij", self.count, apart, apart, optimize=True)
        self.count, self.origin, self.step, self.scatter = count, origin, mean, ranks.total(self.scatter)

    def pooled(self, batches: np.ndarray | None = None) -> tuple[float, np.ndarray, np.ndarray]:
        """Count, mean (d, m) and covariance (d, d) of some batches (mask) taken together; per sample, summed over m."""
        chosen = np.flatnonzero(self.count > 0 if batches is None else (self.count > 0) & batches)
        count = self.count[chosen].sum()
        step = np.tensordot(self.count[chosen] / count, self.step[chosen], axes=1)
        held = self.scatter
        scatter = np.zeros(held.shape[1:])
        for number in chosen:
            scatter += held[number]
        apart = self.step[chosen] - step
        scatter += np.einsum("b,bic,bjc->ij", self.count[chosen], apart, apart, optimize=True)
        return float(count), self._origin + step, scatter / count

    @property
    def _origin(self) -> np.ndarray:
        return np.zeros(self.step.shape[1:]) if self.origin is None else self.origin

    def about(self, centre: np.ndarray) -> np.ndarray:
        """(B, d, d): E_b[(x - centre)(x - centre)^T] of each batch, zeros for an empty one."""
        held = self.scatter
        result = np.zeros_like(held)
        shifted = centre - self._origin
        for number in np.flatnonzero(self.count > 0):
            apart = self.step[number] - shifted
            result[number] = held[number] / self.count[number] + apart @ apart.T
        return result

    def state(self) -> dict[str, np.ndarray]:
        """Plain arrays, for a checkpoint."""
        return {"count": self.count, "origin": self._origin, "step": self.step, "scatter": self.scatter}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state."""
        self.count, self.step, self.scatter = (np.array(state[name]) for name in ("count", "step", "scatter"))
        self.origin = np.array(state["origin"]) if self.count.any() else None
