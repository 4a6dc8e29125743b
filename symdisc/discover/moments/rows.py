"""Rows of flows, from means of Hermite functions: written out where they are few, else one batch at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rows import DenseRows, Rows
from .hermite import Hermite
from .plan import WRITTEN_VALUES

AT_ONCE = 64
# The rates of all flows are made first where so many directions are wanted of them.
FEW = 2


@dataclass(frozen=True)
class FlowRows:
    """A_b of flows, kept as the means from which they follow.

    Args:
        hermite: the test functions.
        means: (B, Q) means of every batch.
        flows: (d (d + 1), K) candidates, one flow (L, b) a column, row by row; None: its unit entries.
    """

    hermite: Hermite
    means: np.ndarray
    flows: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, q, K)."""
        d = self.hermite.d
        return len(self.means), self.hermite.tests, d * (d + 1) if self.flows is None else self.flows.shape[1]

    def batch(self, number: int) -> np.ndarray:
        """(q, K)."""
        return self._rates(self.means[number])

    def mean(self, share: np.ndarray) -> np.ndarray:
        """(q, K): the rows are linear in the means."""
        return self._rates(share @ self.means)

    def apply(self, directions: np.ndarray) -> np.ndarray:
        """(B, q, r)."""
        along = directions if self.flows is None else self.flows @ directions
        return rates_along(self.hermite, self.means, along)

    def adjoint(self, values: np.ndarray) -> np.ndarray:
        """(K, r)."""
        total = np.zeros((self.shape[2], values.shape[2]))
        for number, part in enumerate(values):
            total += self.batch(number).T @ part
        return total

    def _rates(self, means: np.ndarray) -> np.ndarray:
        rates = self.hermite.rates(means)
        return rates if self.flows is None else np.asarray(rates @ self.flows)


def rates_along(hermite: Hermite, means: np.ndarray, flows: np.ndarray) -> np.ndarray:
    """(B, q, p): rates of every batch along flows (d (d + 1), p)."""
    if flows.shape[1] > FEW:
        return np.stack([hermite.rates(part) @ flows for part in means])
    stacked = flows.T.reshape(-1, hermite.d, hermite.d + 1)
    return np.stack([hermite.rates_along(part, stacked) for part in means])


def written(rows: FlowRows) -> Rows:
    """The same rows as one array where that is small."""
    if np.prod(rows.shape, dtype=float) > WRITTEN_VALUES:
        return rows
    return DenseRows(np.stack([rows.batch(number) for number in range(rows.shape[0])]))


def typical_rows(hermite: Hermite, means: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """(B, B): rows whose products are those of the rows along flows `unit` (d (d + 1), c), averaged over c."""
    kernel = np.zeros((len(means), len(means)))
    for first in range(0, unit.shape[1], AT_ONCE):
        rows = rates_along(hermite, means, unit[:, first : first + AT_ONCE]).reshape(len(means), -1)
        kernel += rows @ rows.T
    values, vectors = np.linalg.eigh(kernel / max(unit.shape[1], 1))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
