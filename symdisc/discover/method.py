"""What a method is: options, and a task that turns data into evidence.

A new method is one module with an object of this protocol, and one line in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from ..factored import FactoredRotations
from ..symmetry import Block, Verdict
from .evidence import Evidence
from .settings import Settings
from .task import Task
from .verdict import Found

if TYPE_CHECKING:
    from ..data import DataSet
    from ..panels import Panel
    from ..symmetry import Symmetry


@dataclass
class Constructed:
    """Generators that hold by construction, not by evidence.

    Attributes:
        generators: (k, m, m) or by factors.
        defect: (k,) of the construction on these data (rounding).
        reason: the honest sentence.
        orthogonal: n when the span is a copy of so(n), known without structure constants.
        canonical: (k, m, m) physically scaled basis.
    """

    generators: np.ndarray | FactoredRotations
    defect: np.ndarray
    reason: str
    orthogonal: int | None = None
    canonical: np.ndarray | None = None


@dataclass
class Outcome:
    """What a task hands over when it is done: evidence to be judged, or a construction.

    Attributes:
        evidence: about the method's candidates, or about the given generators.
        found: generators that the method searched for itself, with their held-out trials; `evidence` is None then.
        nothing: why there is neither, with the verdict that follows.
        unused: dimension of directions that the method itself set apart as never seen by the data.
        open: dimension of directions that are neither in the evidence nor unused: too faint to be judged.
        necessary: why passing this evidence is not enough to be a symmetry, where it is not.
        doubted: why failing it is not enough to be broken, where it is not.
        extras: arrays that travel in the NPZ.
        device: where it was computed.
    """

    blocks: tuple[Block, ...]
    candidates: dict[str, Any]
    evidence: Evidence | None = None
    found: Found | None = None
    constructed: Constructed | None = None
    nothing: str | None = None
    nothing_verdict: Verdict = Verdict.NONE
    unused: int = 0
    open: int = 0
    necessary: str | None = None
    doubted: str | None = None
    extras: dict[str, np.ndarray] = field(default_factory=dict)
    device: str = "cpu"
    notes: list[str] = field(default_factory=list)


class DiscoveryTask(Task, Protocol):
    """A task with a result."""

    def outcome(self) -> Outcome:
        """Called once, after the last step."""


class Method(Protocol):
    """A way to turn data into evidence.

    Attributes:
        source: where it comes from, for a person; cites: the same as keys of `symdisc.citations`.
    """

    name: str
    kinds: tuple[str, ...]
    summary: str
    formula: str
    limits: str
    source: str
    cites: tuple[str, ...]
    options: type

    def task(self, data: DataSet, settings: Settings, given: Given | None = None) -> DiscoveryTask:
        """Check data and settings, and prepare the work.

        Args:
            given: generators to test instead of searching.

        Raises:
            InputError: the data or options do not suit the method.
        """

    def estimate(self, data: DataSet, settings: Settings) -> tuple[int, float]:
        """Peak memory in bytes and time in seconds, by counting."""

    def panels(self, symmetry: Symmetry) -> Sequence[Panel]:
        """Plots of its own, drawn from the arrays in `symmetry.extras`."""


@runtime_checkable
class Declining(Protocol):
    """A method that `auto` passes over where it would take too much."""

    def declines(self, data: DataSet, settings: Settings) -> str | None:
        """Why these data are too much to be chosen without being asked for, or None."""


@runtime_checkable
class Unshared(Protocol):
    """A method of which several processes each do the whole work; `unshared` says why, for the notes."""

    unshared: str


@dataclass(frozen=True)
class Given:
    """Generators to test: (k, m, m) block-diagonal matrices, their blocks, and hashes of the data they came from."""

    generators: np.ndarray
    blocks: tuple[Block, ...]
    found_in: frozenset[str] = frozenset()

    def part(self, role: str) -> np.ndarray | None:
        """(k, b, b) of one role, or None."""
        for block in self.blocks:
            if block.role == role:
                return self.generators[:, block.start : block.stop, block.start : block.stop]
        return None
