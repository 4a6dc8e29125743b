"""Isotropy: which rotations of the coordinates, as they are, keep the second moments of samples.

A method in one file, for docs/adding-a-method.md. For a symmetry x -> exp(tL) x of the density, E[x x^T] = C obeys
L C + C L^T = 0. That is a mean over samples, linear in L: *moment rows*, one set a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..options import option
from ..panels import Image, Panel
from ..symmetry import Block
from .batches import BATCHES, batch_numbers
from .candidates import candidates
from .evidence import MomentEvidence
from .method import Given, Outcome
from .rows import DenseRows
from .settings import Settings
from .task import Progress

if TYPE_CHECKING:
    from ..data import Chunk, DataSet
    from ..symmetry import Symmetry


@dataclass(frozen=True)
class IsotropyOptions:
    """The single source of `--set isotropy.centre=...`, of the Python keyword and of the table in the docs."""

    centre: bool = option(True, "moments about the mean, not about the origin")


class Isotropy:
    """The method, as the registry knows it."""

    name = "isotropy"
    kinds: tuple[str, ...] = ("samples",)
    summary = "Rotations of the coordinates, as they stand in the file, that keep the second moments."
    formula = "defect^2 = |L C + C L^T|^2 / (|L C|^2 + |C L^T|^2), C = E[x x^T], L antisymmetric."
    limits = "Second moments alone: necessary for a symmetry of the density, not enough. d^4 / 2 numbers a batch."
    source = "a worked example"
    cites: tuple[str, ...] = ()
    options = IsotropyOptions

    def task(self, data: DataSet, settings: Settings, given: Given | None = None) -> IsotropyTask:
        """One pass over the data."""
        return IsotropyTask(data, settings, settings.of(self.name, IsotropyOptions))

    def estimate(self, data: DataSet, settings: Settings) -> tuple[int, float]:
        """Rows of every batch for every candidate; one multiply-add a sample and entry of C."""
        return 8 * BATCHES * 3 * data.d**4 // 2, 1.0 + data.samples * data.d**2 / 10e9

    def panels(self, symmetry: Symmetry) -> Sequence[Panel]:
        """Drawn from what travels in the result; the method is not run again."""
        if "second_moments" not in symmetry.extras:
            return []
        moments = symmetry.extras["second_moments"]
        return [Image(name="second_moments", title="Second moments C", array=moments, value_label="E[x x^T]")]


class IsotropyTask:
    """Sums of x and x x^T, batch by batch: a step a chunk, so that a long run can stop and go on."""

    def __init__(self, data: DataSet, settings: Settings, options: IsotropyOptions) -> None:
        self.data, self.settings, self.options = data, settings, options
        self.count = np.zeros(BATCHES)
        self.first = np.zeros((BATCHES, data.d))
        self.second = np.zeros((BATCHES, data.d, data.d))
        self.seen = 0
        self._chunks: Iterator[Chunk] | None = None

    def advance(self) -> bool:
        """Read one chunk; False once all are read."""
        if self._chunks is None:
            self._chunks = self.data.chunks(self.seen)
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        batch = batch_numbers(chunk.start, len(chunk.x), chunk.group, self.settings.seed)
        for number in range(BATCHES):
            # Channels share the action: each is a vector of its own.
            x = chunk.x[batch == number].transpose(0, 2, 1).reshape(-1, self.data.d)
            self.count[number] += len(x)
            self.first[number] += x.sum(axis=0)
            self.second[number] += x.T @ x
        self.seen += len(chunk.x)
        return self.seen < self.data.samples

    def progress(self) -> Progress:
        """For the progress bar."""
        return Progress("reading", self.seen, self.data.samples)

    def state(self) -> dict[str, np.ndarray]:
        """All that a checkpoint needs."""
        return {"count": self.count, "first": self.first, "second": self.second, "seen": np.array(self.seen)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a checkpoint; the next chunk is the one after it."""
        self.count, self.first, self.second = state["count"], state["first"], state["second"]
        self.seen = int(state["seen"])

    def outcome(self) -> Outcome:
        """Evidence, and nothing more: search, held-out bounds and verdict are shared by all methods."""
        space = candidates(self.settings.candidates or "antisymmetric", self.data.d)
        weight = np.maximum(self.count, 1)[:, None, None]
        moments = self.second / weight
        if self.options.centre:
            mean = self.first.sum(axis=0) / self.count.sum()
            cross = self.first[:, :, None] * mean / weight
            moments = moments - cross - cross.transpose(0, 2, 1) + np.outer(mean, mean)
        basis = space.matrices(np.eye(space.dimension))
        left = np.einsum("kde,bef->bdfk", basis, moments)
        right = left.transpose(0, 2, 1, 3)
        shape = (BATCHES, -1, space.dimension)
        rows, terms = left + right, np.concatenate([left.reshape(shape), right.reshape(shape)], axis=1)
        return Outcome(
            blocks=(Block("space", 0, self.data.d, "units of x"),),
            candidates=space.to_dict(),
            evidence=MomentEvidence(
                DenseRows(rows.reshape(shape)), self.count, space.matrices, denominator_rows=DenseRows(terms)
            ),
            necessary="second moments alone do not make a density symmetric",
            extras={"second_moments": (self.count[:, None, None] * moments).sum(axis=0) / self.count.sum()},
        )


method = Isotropy()
