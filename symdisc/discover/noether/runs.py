"""What trajectories and fields share: filters from some runs, all runs a chunk at a time, batches, few runs."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

from ...errors import InputError
from ...symmetry import Block, Verdict
from ..batches import BATCHES, batch_numbers
from ..device import MAIN, Arrays, device_of
from ..method import Outcome
from ..ranks import Ranks, current
from ..settings import Settings
from ..task import Progress
from .bumps import CURRENTS, LEAST_WIDTH, Bumps, widths_for
from .smoothing import Smoother, fit_smoother

if TYPE_CHECKING:
    from ...data import Chunk, DataSet
    from .method import NoetherOptions

SAMPLE_BYTES = 2**26
MANY_RUNS = 20
UNITS = 40
ENOUGH_RUNS = 3
OUTSIDE = 2.0
SHORTEST = 12
STILL = 1e-10


class RunsTask(ABC):
    """Passes over all runs; a subclass says what is counted.

    Attributes:
        runs: how many. shape: (t, s..) points of each. steps, periodic: of its axes.
        fraction: half-width of the test functions in the shortest period that counts.
        arrays: where the work is done.
        segments: stretches that a run is cut into; 1 where there are runs enough to be units themselves.
    """

    stages: tuple[str, ...] = ()
    fraction = CURRENTS

    def __init__(self, data: DataSet, settings: Settings, options: NoetherOptions) -> None:
        self.data, self.settings, self.options = data, settings, options
        chosen = Arrays.on(device_of(settings.device), settings.dtype)
        # In main memory always float64: the filters are chosen in it, and nothing is won by less.
        self.arrays = MAIN if chosen.ours else chosen
        label = data.names["x"]
        self.runs, *shape, self.components = data.layout.arranged_shape(data.x_shape)
        self.shape = tuple(shape)
        space = len(self.shape) - 1
        self.steps = (data.dt or 1.0, *(data.spacing or (1.0,) * space))
        self.periodic = (data.periodic_time, *(data.periodic or (False,) * space))
        self.notes = [] if data.dt is not None else ["the step of t is not known: taken as 1 (--dt)"]
        if space and data.spacing is None:
            self.notes.append("the spacing of s is not known: taken as 1 (--spacing)")
        if options.renoise < 1:
            raise InputError("--set noether.renoise: at least 1")
        for axis, size in enumerate(self.shape):
            if size < SHORTEST:
                what = "time points" if axis == 0 else f"points along s axis {axis}"
                raise InputError(f"{label}: {size} {what}; {SHORTEST} are needed to see a charge change")
        self.segments = 1 if self.runs >= MANY_RUNS else math.ceil(UNITS / self.runs)
        self._chunks: Iterator[Chunk] | None = None
        self.ranks = current()
        self._first, self._last = self.ranks.rows(data)
        self._stage, self._start = -1, self._first
        self.silent: str | None = None

    # What a subclass does.

    @abstractmethod
    def prepare(self, sample: np.ndarray, gradient: tuple[np.ndarray, ...]) -> None:
        """After the filters, with the first runs and their smoothed gradient."""

    @abstractmethod
    def count(self, stage: int, chunk: Chunk) -> None:
        """Sums over a chunk of runs."""

    @abstractmethod
    def merge(self, stage: int, ranks: Ranks) -> None:
        """The sums of a stage, over all ranks."""

    @abstractmethod
    def finish(self, stage: int) -> None:
        """After the last chunk of a stage."""

    @abstractmethod
    def sums(self) -> dict[str, np.ndarray]:
        """What has been counted so far."""

    @abstractmethod
    def recall(self, sums: Mapping[str, np.ndarray]) -> None:
        """Back to sums."""

    @abstractmethod
    def judged(self) -> Outcome:
        """Evidence about charges."""

    @property
    @abstractmethod
    def blocks(self) -> tuple[Block, ...]:
        """What the generators act on."""

    @property
    @abstractmethod
    def space(self) -> dict[str, object]:
        """JSON form of the candidate space."""

    # Steps.

    def advance(self) -> bool:
        """The filters, then a chunk of runs."""
        if self._stage < 0:
            self._filters()
            self._stage = len(self.stages) if self.silent else 0
            return not self.silent
        if self._stage == len(self.stages):
            return False
        if self._chunks is None:
            # A stage that was interrupted after its last chunk has none left.
            left = self._start < self._last
            self._chunks = self.data.chunks(self._start, np.float64, self._last) if left else iter(())
        chunk = next(self._chunks, None)
        if chunk is not None:
            self.count(self._stage, chunk)
            self._start = chunk.start + len(chunk.x)
            return True
        self.merge(self._stage, self.ranks)
        self.finish(self._stage)
        self._stage, self._start, self._chunks = self._stage + 1, self._first, None
        return self._stage < len(self.stages)

    def progress(self) -> Progress:
        """Runs read in this stage."""
        if self._stage < 0:
            return Progress("reading", 0, 1)
        done = min(self._stage, len(self.stages) - 1)
        return Progress(self.stages[done], self._start, self.runs, self.words)

    def state(self) -> dict[str, np.ndarray]:
        """Stage, run and sums."""
        if self._stage < 0:
            return {}
        return {"stage": np.array(self._stage), "start": np.array(self._start), **self.sums()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to the sums; the filters follow from the data again."""
        if state:
            self._filters()
            self._stage, self._start = int(state["stage"]), int(state["start"])
            self.recall({name: value for name, value in state.items() if name not in ("stage", "start")})

    def _filters(self) -> None:
        """Filters and test functions, from the first runs."""
        each = 8 * self.components * math.prod(self.shape)
        wanted, parts, have = max(1, min(self.runs, SAMPLE_BYTES // each)), [], 0
        for chunk in self.data.chunks(0, np.float64):
            parts.append(chunk.x[: wanted - have])
            have += len(parts[-1])
            if have >= wanted:
                break
        sample = np.concatenate(parts)
        size = float(np.abs(sample).max(initial=0.0))
        if size > 1e100 or 0 < size < 1e-100:
            label = self.data.names["x"]
            raise InputError(f"{label}: values of size {size:.0e}, whose squares float64 cannot hold; rescale them")
        self.smoother: Smoother = fit_smoother(sample, self.steps, self.periodic)
        self.spread = sample.std(axis=tuple(range(sample.ndim - 1)))
        gradient = self.smoother.gradient(sample)
        moved = max(float(np.abs(slope).max()) * step for slope, step in zip(gradient, self.steps, strict=True))
        if not moved > STILL * float(self.spread.max()):
            self.silent = (
                "smoothing leaves nothing that moves: these runs are constant, or noise without a motion in it"
            )
            return
        widths = list(widths_for(self.shape, self.steps, self.periodic, gradient, self.fraction))
        if self.segments > 1:
            # Of few runs each must hold test functions enough for the batches of a held-out test.
            longest = int((self.shape[0] - 1) / (self.segments / 2 + 2))
            widths[0] = max(LEAST_WIDTH, min(widths[0], longest))
        self.bumps = Bumps(self.shape, self.steps, self.periodic, tuple(widths))
        # A bump has integral 1 and is even, so it finds the number of its own centre.
        line = np.arange(self.shape[0], dtype=float).reshape(1, -1, *[1] * len(self.shape))
        there = np.broadcast_to(line, (1, *self.shape, 1))
        self.centres = self.bumps.integrate(there, [0] * len(self.shape)).ravel()
        self.prepare(sample, gradient)

    def outcome(self) -> Outcome:
        """Evidence about charges; or why there is none."""
        if self.silent is None:
            found = self.judged()
            found.device = self.arrays.device
            return found
        return Outcome(
            self.blocks,
            self.space,
            nothing=self.silent,
            nothing_verdict=Verdict.INCONCLUSIVE,
            extras={"noise": self.smoother.sigma},
            notes=self.notes,
        )

    @property
    def batches(self) -> int:
        """B."""
        return BATCHES if self.segments == 1 else self.runs * self.segments

    def batch(self, chunk: Chunk) -> np.ndarray:
        """(r, b): batch of every test function: its run, or with few runs a stretch of it."""
        count = len(chunk.x)
        runs = np.arange(chunk.start, chunk.start + count)
        if self.segments > 1:
            stretch = np.minimum(self.centres * self.segments // self.shape[0], self.segments - 1).astype(int)
            return runs[:, None] * self.segments + stretch[None]
        if chunk.group is not None:
            number = batch_numbers(chunk.start, count, chunk.group, self.settings.seed)
        else:
            # Dealt out, not drawn: so few runs must fill as many batches as they can.
            number = np.random.default_rng([self.settings.seed, 1]).permutation(self.runs)[runs] % BATCHES
        return np.broadcast_to(number[:, None], (count, len(self.centres)))

    def noise(self, shape: tuple[int, ...], start: int) -> Iterator[np.ndarray]:
        """What is put anew into smoothed runs of that shape, from number `start` on."""
        sigma = self.smoother.sigma
        if self.arrays.dtype == "float32":
            # Less would be lost in rounding.
            sigma = np.maximum(sigma, np.finfo(np.float32).eps * self.spread)
        for turn in range(self.options.renoise):
            rng = np.random.default_rng([self.settings.seed, start, turn])
            yield sigma * rng.standard_normal(shape)

    def noisy(self, smooth: np.ndarray, start: int) -> Iterator[np.ndarray]:
        """Smoothed runs, from number `start` on, with noise put in anew."""
        for noise in self.noise(smooth.shape, start):
            yield smooth + noise

    @property
    def words(self) -> str:
        """The filters in words."""
        return "; ".join(part.name for part in self.smoother.filters)

    def filter_note(self) -> str:
        """Filters, noise and test functions, for people."""
        share = self.smoother.sigma / np.maximum(self.spread, np.finfo(float).tiny)
        axes = "t" if len(self.shape) == 1 else "t, s"
        points = " x ".join(str(2 * width + 1) for width in self.bumps.widths)
        return (
            f"filters in {axes}: {self.words}; noise {', '.join(f'{s:.2g}' for s in self.smoother.sigma)} "
            f"({100 * float(share.max()):.2g} % of a component at most); test functions of {points} points"
        )

    def too_few_runs(self, violation: np.ndarray, size: np.ndarray) -> str | None:
        """Why these runs may conserve what no symmetry makes them conserve, or None; forms (B, K, K), less noise."""
        if self.runs >= MANY_RUNS:
            return None
        if self.runs < ENOUGH_RUNS:
            return (
                f"{self.runs} run{'s' * (self.runs > 1)} conserve what belongs to them, such as the ellipse of one "
                f"orbit: at least {ENOUGH_RUNS} are needed"
            )
        for run in range(self.runs):
            defect = _left_out(violation, size, np.arange(len(size)) // self.segments == run, self.settings.tolerance)
            if defect > OUTSIDE * self.settings.tolerance:
                return (
                    f"what the other runs conserve has a defect of {defect:.2g} in run {run}: {self.runs} runs are too "
                    "few to tell a symmetry from what belongs to them"
                )
        return None


def _left_out(violation: np.ndarray, size: np.ndarray, out: np.ndarray, tolerance: float) -> float:
    """Largest defect, in the batches `out`, of the directions that the others show to be below the tolerance."""
    values, vectors = eigh(violation[~out].mean(axis=0), sound(size[~out].mean(axis=0)))
    kept = vectors[:, values < tolerance**2]
    if not kept.shape[1]:
        return 0.0
    inside, sizes = kept.T @ violation[out].mean(axis=0) @ kept, kept.T @ sound(size[out].mean(axis=0)) @ kept
    return float(np.sqrt(max(eigh(inside, sizes, eigvals_only=True)[-1], 0.0)))


def sound(form: np.ndarray) -> np.ndarray:
    """A form with a floor under directions that it does not see."""
    return form + 1e-12 * np.trace(form) / len(form) * np.eye(len(form))
