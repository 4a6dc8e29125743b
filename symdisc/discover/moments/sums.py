"""Everything that is summed over samples, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .hermite import Hermite

STEP = 4096


class FlowSums:
    """Sums of damped Hermite functions for every batch, and of what the covariance of one sample's rows needs.

    Args:
        hermite: the test functions.
        batches: B.
        fields: K, for rows of fields that are no function of z (velocities given with every sample); 0: none.

    Attributes:
        count: (B,); sums: (B, Q) of e h_gamma.
        pushed: (B, Q', K d) of e h_beta V, V the velocities; pushed_second: (K, K) of V' Gamma V.
        second: (d + 1, d + 1) of e^2 A y y^T, fourth: (., .) of e^2 B z z y y, y = (z, 1), upper triangles;
            Gamma = e^2 (A I + B z z^T) is the sum over tests of grad w grad w^T.
    """

    def __init__(self, hermite: Hermite, batches: int, fields: int = 0) -> None:
        d = hermite.d
        self.hermite, self.fields = hermite, fields
        self.count = np.zeros(batches)
        self.sums = np.zeros((batches, hermite.sums))
        self.second = np.zeros((d + 1, d + 1))
        self.fourth = np.zeros((d * (d + 1) // 2, (d + 1) * (d + 2) // 2))
        low = len(hermite.low) if fields else 0
        self.pushed = np.zeros((batches, low, fields * d))
        self.pushed_second = np.zeros((fields, fields))

    def add(self, z: np.ndarray, batch: np.ndarray, velocity: np.ndarray | None = None) -> None:
        """Add samples.

        Args:
            z: (n, d); batch: (n,) numbers; velocity: (n, K, d).
        """
        order = np.argsort(batch, kind="stable")
        cuts = np.searchsorted(batch[order], np.arange(len(self.count) + 1))
        for number in range(len(self.count)):
            rows = order[cuts[number] : cuts[number + 1]]
            if not len(rows):
                continue
            self.count[number] += len(rows)
            if velocity is None:
                self.hermite.add(self.sums[number], z[rows])
            else:
                pushed = self.hermite.add(self.sums[number], z[rows], velocity[rows].reshape(len(rows), -1))
                self.pushed[number] += pushed
        for first in range(0, len(z), STEP):
            part = slice(first, first + STEP)
            self._add_second(z[part], None if velocity is None else velocity[part])

    def _add_second(self, z: np.ndarray, velocity: np.ndarray | None) -> None:
        n, d = z.shape
        a, b, near = self.hermite.spread(z)
        lever = np.concatenate([near, np.ones((n, 1))], axis=1)
        self.second += (lever * a[:, None]).T @ lever
        i, k = np.triu_indices(d)
        j, m = np.triu_indices(d + 1)
        self.fourth += (near[:, i] * near[:, k] * b[:, None]).T @ (lever[:, j] * lever[:, m])
        if velocity is not None:
            flat = velocity * np.sqrt(a)[:, None, None]
            rows = np.swapaxes(flat, 1, 2).reshape(-1, self.fields)
            along = np.einsum("nkd,nd->nk", velocity, near)
            self.pushed_second += rows.T @ rows + (along * b[:, None]).T @ along

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
        return {name: getattr(self, name) for name in self._names}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state."""
        for name in self._names:
            setattr(self, name, np.array(state[name]))

    _names = ("count", "sums", "second", "fourth", "pushed", "pushed_second")
