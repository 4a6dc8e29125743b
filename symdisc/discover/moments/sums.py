"""Everything that is summed over samples, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..device import MAIN, Array, Blocks
from .hermite import Hermite

STEP = 4096


class FlowSums:
    """Sums of damped Hermite functions for every batch, and of what the covariance of one sample's rows needs.

    Args:
        hermite: the test functions, and where the sums live while they are made.
        batches: B.
        fields: (D, K, d), for rows of K fields that are no function of z: what samples (n, D) are multiplied with to
            give the velocities V of z; None: none.

    Attributes:
        count: (B,); sums: (B, Q) of e h_gamma.
        pushed: (B, Q', K d) of e h_beta V, V the velocities; pushed_second: (K, K) of V' Gamma V.
        second: (d + 1, d + 1) of e^2 A y y^T, fourth: (., .) of e^2 B z z y y, y = (z, 1), upper triangles;
            Gamma = e^2 (A I + B z z^T) is the sum over tests of grad w grad w^T.
    """

    def __init__(self, hermite: Hermite, batches: int, fields: np.ndarray | None = None) -> None:
        d = hermite.d
        self.hermite, self.arrays = hermite, hermite.arrays
        self.fields = None if fields is None else self.arrays.here(fields)
        count, low = (0, 0) if fields is None else (fields.shape[1], len(hermite.low))
        zeros = self.arrays.zeros
        self.count = np.zeros(batches)
        self.sums = zeros(batches, hermite.sums)
        self.second = zeros(d + 1, d + 1)
        self.fourth = zeros(d * (d + 1) // 2, (d + 1) * (d + 2) // 2)
        self.pushed = zeros(batches, low, count * d)
        self.pushed_second = zeros(count, count)
        self._blocks = Blocks()

    def add(self, z: np.ndarray, batch: np.ndarray, x: np.ndarray | None = None) -> None:
        """Add samples.

        Args:
            z: (n, d); batch: (n,) numbers; x: (n, D), where there are fields.
        """
        if self.arrays.ours:
            self._add(z, batch, x)
            return

        def some(part: slice) -> FlowSums:
            # Apart from the others: where memory runs out half way, nothing has been counted.
            own = self._none()
            own._add(z[part], batch[part], None if x is None else x[part])
            return own

        for own in self._blocks.of(some, len(z)):
            for name in self._names:
                total = getattr(self, name)
                total += getattr(own, name)

    def _none(self) -> FlowSums:
        """The same sums of no samples."""
        own = copy(self)
        own.count = np.zeros_like(self.count)
        for name in self._names[1:]:
            setattr(own, name, self.arrays.library.zeros_like(getattr(self, name)))
        return own

    def _add(self, z: np.ndarray, batch: np.ndarray, x: np.ndarray | None) -> None:
        here = self.arrays.here
        order = np.argsort(batch, kind="stable")
        cuts = np.searchsorted(batch[order], np.arange(len(self.count) + 1))
        points, ordered = here(z), here(order, np.int64)
        moved = None if x is None else self.arrays.library.tensordot(here(x), self.fields, 1)
        for number in range(len(self.count)):
            rows = ordered[cuts[number] : cuts[number + 1]]
            if not len(rows):
                continue
            self.count[number] += len(rows)
            if moved is None:
                self.hermite.add(self.sums[number], points[rows])
            else:
                pushed = self.hermite.add(self.sums[number], points[rows], moved[rows].reshape(len(rows), -1))
                self.pushed[number] += pushed
        step = self.arrays.ample * STEP
        for first in range(0, len(z), step):
            part = slice(first, first + step)
            self._add_second(points[part], None if moved is None else moved[part])

    @cached_property
    def _pairs(self) -> tuple[Array, ...]:
        """The upper triangles of z z and of y y."""
        pairs = (*np.triu_indices(self.hermite.d), *np.triu_indices(self.hermite.d + 1))
        return tuple(self.arrays.here(at, np.int64) for at in pairs)

    def _add_second(self, z: Array, velocity: Array | None) -> None:
        library = self.arrays.library
        a, b, near = self.hermite.spread(z)
        lever = library.concatenate([near, library.ones_like(near[:, :1])], 1)
        self.second += (lever * a[:, None]).T @ lever
        i, k, j, m = self._pairs
        self.fourth += (near[:, i] * near[:, k] * b[:, None]).T @ (lever[:, j] * lever[:, m])
        if velocity is not None:
            flat = velocity * library.sqrt(a)[:, None, None]
            rows = library.swapaxes(flat, 1, 2).reshape(-1, len(self.pushed_second))
            along = library.einsum("nkd,nd->nk", velocity, near)
            self.pushed_second += rows.T @ rows + (along * b[:, None]).T @ along

    def home(self) -> FlowSums:
        """The same sums in main memory, from which everything else is made."""
        if self.arrays.ours:
            return self
        home = FlowSums(replace(self.hermite, arrays=MAIN), len(self.count))
        home.restore(self.state())
        return home

    @property
    def means(self) -> np.ndarray:
        """(B, Q) means of every batch, zero for an empty one."""
        return np.asarray(self.sums / np.maximum(self.count, 1.0)[:, None])

    def covariance(self) -> np.ndarray:
        """(d (d + 1), d (d + 1)): second moment of one sample's rows, summed over tests, of unit entries of (L, b)."""
        d = self.hermite.d
        n = self.count.sum()
        i, k = np.triu_indices(d)
        j, m = np.triu_indices(d + 1)
        half = np.zeros((len(i), d + 1, d + 1))
        half[:, j, m] = self.fourth / n
        half[:, m, j] = self.fourth / n
        whole = np.zeros((d, d, d + 1, d + 1))
        whole[i, k] = half
        whole[k, i] = half
        whole[np.arange(d), np.arange(d)] += self.second / n
        return whole.transpose(0, 2, 1, 3).reshape(d * (d + 1), -1)

    def state(self) -> dict[str, np.ndarray]:
        """Plain arrays."""
        return {"count": self.count} | {name: self.arrays.back(getattr(self, name)) for name in self._names[1:]}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state."""
        self.count = np.array(state["count"])
        for name in self._names[1:]:
            setattr(self, name, self.arrays.here(np.array(state[name])))

    _names = ("count", "sums", "second", "fourth", "pushed", "pushed_second")
