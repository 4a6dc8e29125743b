"""Flows are judged among all; they are looked for among the rotations that preserve the covariance.

A group that leaves a density as it is keeps its mean and covariance, so every exact symmetry is one of r (r - 1) / 2
rotations. Among these there is less noise to be misled by than among all r (r + 1) flows, and brackets stay inside.
Which rotations these are is read from the training batches alone, and every direction is tested as a flow like any
other; that nothing is symmetric is said of all flows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...algebra.refine import refine
from ..evidence import Evidence, Forms, MomentEvidence
from ..rows import BatchRows, Form, PartRows, moment_forms
from ..trial import MomentTrial, Trial
from .frame import gaussian_fit, preserving
from .hermite import Hermite
from .rows import AT_ONCE

# Rows of each degree count so much less than those of the one before when directions are chosen. Along what breaks,
# rows of degree 4 are 1.5 to 2 times as noisy as those of degree 3 (clouds in 12 dimensions).
TAPER = 0.6
MOST_CLOSED = 36
CLOSED = 1e-6


@dataclass(frozen=True)
class RotationEvidence(MomentEvidence):
    """Moment rows of the rotations that some batches' covariance allows.

    Attributes:
        taper: (q,) weights of the rows when directions are chosen; the test knows none.
    """

    taper: np.ndarray = field(kw_only=True)

    def forms(self, batches: np.ndarray) -> Forms:
        """As for moment rows; the raw violation that directions minimise is tapered."""
        assert isinstance(self.rows, BatchRows)
        mean = self.taper[:, None] * self.rows.mean(np.where(batches, self.weights, 0.0) / self.weights[batches].sum())
        raw = Form(self.size, mean.T @ mean)
        measure = self._measure

        def parts() -> tuple[Form, Form]:
            return moment_forms(self.rows, self.weights, batches)[1:]

        return Forms(raw, measure.times(max(self.reference, 0.0)), measure, parts)

    def closed(self, directions: np.ndarray) -> np.ndarray | None:
        """(K, k): the nearest directions whose generators, antisymmetric where the covariance is 1, close."""
        size, count = directions.shape
        if not 1 < count <= MOST_CLOSED:
            return None
        r = round((1 + np.sqrt(1 + 8 * size)) / 2)
        i, j = np.triu_indices(r, 1)
        basis = np.linalg.qr(directions)[0] / np.sqrt(2)
        turns = np.zeros((count, r, r))
        turns[:, i, j], turns[:, j, i] = basis.T, -basis.T
        found = refine(turns)
        return found.basis[:, i, j].T if found.error <= CLOSED else None


@dataclass(frozen=True)
class FlowEvidence(MomentEvidence):
    """Moment rows of all flows (L, b) of z.

    Attributes:
        hermite, means: the test functions, and (B, Q) batch means of their sums.
    """

    hermite: Hermite = field(kw_only=True)
    means: np.ndarray = field(kw_only=True)

    def view(self, train: np.ndarray) -> RotationEvidence:
        """The rotations that preserve the covariance of the training batches."""
        assert isinstance(self.rows, BatchRows)
        share = np.where(train, self.weights, 0.0) / self.weights[train].sum()
        centre, covariance, _ = gaussian_fit(self.hermite, share @ self.means)
        part = preserving(centre, covariance).reshape(-1, self.size).T
        measure = part.T @ self._measure.apply(part)
        return RotationEvidence(
            PartRows(self.rows, part),
            self.weights,
            lambda directions: self.embed(part @ directions),
            measure=Form(part.shape[1], (measure + measure.T) / 2),
            typical=self.typical,
            taper=TAPER ** (self.hermite.degrees - 1.0),
        )

    def trial(self, directions: Sequence[np.ndarray], views: Sequence[Evidence], folds: np.ndarray) -> Trial:
        """Products of the held-out groups of each fold; rows are made of many directions at a time."""
        flows = []
        for direction, view in zip(directions, views, strict=True):
            assert isinstance(view, RotationEvidence)
            assert isinstance(view.rows, PartRows)
            flows.append(view.rows.part @ direction)
        applied: list[tuple[np.ndarray, np.ndarray | float]] = []
        for first in range(0, len(flows), AT_ONCE):
            some = flows[first : first + AT_ONCE]
            rows = np.moveaxis(self.rows.apply(np.stack(some, axis=1)), 2, 0)
            sizes = [np.sqrt(max(self._measure.value(flow), 0.0)) for flow in some]
            applied += [(part.copy(), self._typical * size) for part, size in zip(rows, sizes, strict=True)]
        return MomentTrial.build(applied, folds, self.weights)
