"""The noether method on trajectories as a resumable task: filters from some runs, then all runs, a chunk at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

from ...errors import InputError
from ..batches import BATCHES, batch_numbers
from ..candidates import candidates, read_mask
from ..evidence import PointwiseEvidence
from ..method import Given, Outcome
from ..rows import DenseForms
from ..settings import Settings
from ..task import Progress
from .actions import INTERNAL, PHASE, Actions, given_actions, phase_actions, point_actions
from .bumps import LEAST_WIDTH, Bumps, widths_for
from .masses import UNKNOWN, mass_ratios, masses_of
from .mechanics import Mechanics
from .smoothing import fit_smoother
from .tally import Tally

if TYPE_CHECKING:
    from ...data import Chunk, DataSet
    from .method import NoetherOptions

SAMPLE_BYTES = 2**26
MANY_RUNS = 20
UNITS = 40
ENOUGH_RUNS = 3
OUTSIDE = 2.0
SHOWN = 5
LONGER = 2
MISFIT = 0.2


class NoetherTask:
    """Charges of trajectories."""

    def __init__(self, data: DataSet, settings: Settings, options: NoetherOptions, given: Given | None) -> None:
        self.data, self.settings, self.options, self.given = data, settings, options, given
        label = data.names["x"]
        self.dt = 1.0 if data.dt is None else data.dt
        self.notes = [] if data.dt is not None else ["the step of t is not known: taken as 1 (--dt)"]
        if options.renoise < 1:
            raise InputError("--set noether.renoise: at least 1")
        shape = data.layout.arranged_shape(data.x_shape)
        self.runs, self.times, components = shape
        if self.times < 12:
            raise InputError(
                f"{label}: runs of {self.times} time points; 12 are needed to see a charge change"
            )
        spec = settings.candidates or INTERNAL
        if PHASE in [word.strip() for word in spec.split("+")] and spec != PHASE:
            raise InputError(f"--candidates {spec}: {PHASE} stands alone, it cannot be joined with other spaces")
        if options.momenta and components % 2:
            raise InputError(f"{label}: {components} components are not (q, p); leave out --set noether.momenta=yes")
        d = components // 2 if options.momenta else components
        self.spec, self.block = spec, _shared(spec)
        self.masses = np.ones(d) if options.mass == UNKNOWN else masses_of(options.mass, d)
        if options.mass == UNKNOWN and (given is not None or self.block is None or d % self.block or d == self.block):
            raise InputError(
                "--set noether.mass=unknown: say which coordinates are one particle's, --candidates shared:3"
            )
        self.open: str | None = None
        self.actions = given_actions(given, self.masses) if given else self._actions(spec, d)
        self.phase = self.actions.kinetic is None
        self.segments = 1 if self.runs >= MANY_RUNS else math.ceil(UNITS / self.runs)
        self._chunks: Iterator[Chunk] | None = None
        self._start = 0
        self.tally: Tally | None = None
        self._kept: Mapping[str, np.ndarray] = {}

    def _actions(self, spec: str, d: int) -> Actions:
        if spec == PHASE:
            return phase_actions(d)
        words = [word for word in spec.split("+") if word.strip() != INTERNAL]
        found = candidates("+".join(words) or "linear", d, read_mask)
        return point_actions(found, self.masses, self.options.boosts, free="linear" in map(str.strip, words))

    # Steps.

    def advance(self) -> bool:
        """The filters, then a chunk of runs."""
        if self.tally is None:
            self._prepare()
            return True
        if self._chunks is None:
            self._chunks = self.data.chunks(self._start, np.float64)
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._count(chunk)
        return True

    def progress(self) -> Progress:
        """Runs read."""
        if self.tally is None:
            return Progress("reading", 0, 1)
        return Progress("charges", self._start, self.runs, f"{self.words}; {len(self.actions.charges)} candidates")

    def state(self) -> dict[str, np.ndarray]:
        """The sums so far."""
        if self.tally is None:
            return {}
        return {"start": np.array(self._start), **self.tally.state()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to the sums; the filters follow from the data again."""
        if state:
            self._prepare()
            assert self.tally is not None
            self.tally.restore({name: value for name, value in state.items() if name != "start"})
            self._start = int(state["start"])

    def _prepare(self) -> None:
        """Filters and test functions, from the first runs."""
        wanted = max(1, min(self.runs, SAMPLE_BYTES // (8 * self.times * self.data.d)))
        parts, have = [], 0
        for chunk in self.data.chunks(0, np.float64):
            parts.append(chunk.x[: wanted - have])
            have += len(parts[-1])
            if have >= wanted:
                break
        sample = np.concatenate(parts)
        self._check(sample)
        self.smoother = fit_smoother(sample, (self.dt,), (self.data.periodic_time,))
        grid = (self.times,), (self.dt,), (self.data.periodic_time,)
        widths = widths_for(*grid, self.smoother.gradient(sample))
        # A charge is a number a moment, not a number a point of space: it takes longer stretches to average noise.
        longest = self.times // 4
        if self.segments > 1:
            # Of few runs each must hold test functions enough for the batches of a held-out test.
            longest = max(LEAST_WIDTH, int((self.times - 1) / (math.ceil(UNITS / self.runs) / 2 + 2)))
        self.bumps = Bumps(*grid, tuple(max(LEAST_WIDTH, min(LONGER * width, longest)) for width in widths))
        # A bump has integral 1 and is even, so it finds the number of its own centre.
        self.centres = self.bumps.integrate(np.arange(self.times, dtype=float)[None, :, None], (0,))[0, :, 0]
        if self.options.mass == UNKNOWN:
            self._find_masses(sample)
        extended = 0 if self.phase else self.actions.generators.shape[1] - self.actions.charges.shape[1]
        self.look = Mechanics(
            self.smoother, self.bumps, self.dt, self.masses, self.options.momenta, self.phase, extended
        )
        batches = BATCHES if self.segments == 1 else self.runs * self.segments
        self.tally = Tally.empty(self.actions, batches)
        q, p = self.look.paths(sample[:SHOWN])
        self.shown = {"shown_q": q, "shown_p": p}

    def _find_masses(self, sample: np.ndarray) -> None:
        """Ratios of the masses, from the charges that particles have with a rotation of each by itself."""
        assert self.block is not None
        d = len(self.masses)
        particles = d // self.block
        found = candidates(f"antisymmetric+blocks:{','.join([str(self.block)] * particles)}", d)
        alone = point_actions(found, self.masses, boosts=False, free=False)
        look = Mechanics(self.smoother, self.bumps, self.dt, self.masses, self.options.momenta)
        tally = Tally.empty(alone, 1)
        everything = np.zeros((len(sample), len(self.centres)), dtype=np.intp)
        self._tally(tally, look, sample, 0, everything)
        violation, noise, size = (form[0] for form in tally.forms())
        values, vectors = eigh(violation - noise, _sound(size))
        kept = vectors[:, : max(1, int((values[: math.comb(self.block, 2)] < self.settings.tolerance**2).sum()))]
        ratios, misfit = mass_ratios(alone.matrices(kept / np.linalg.norm(kept, axis=0)), particles)
        told = (
            " : ".join(f"{ratio:.4g}" for ratio in ratios / ratios.min()) if ratios.min() > 0 else "no positive ratios"
        )
        self.notes.append(f"masses found, relative to the least: {told}; their misfit is {misfit:.2g}")
        if values[0] > self.settings.tolerance**2 or misfit > MISFIT or not ratios.min() > 0:
            self.open = "the masses of the particles could not be found from these runs; give them, --set noether.mass"
            return
        self.masses = np.repeat(ratios, self.block)
        self.actions = self._actions(self.spec, d)

    def _check(self, sample: np.ndarray) -> None:
        label = self.data.names["x"]
        size = float(np.abs(sample).max(initial=0.0))
        if size > 1e100 or 0 < size < 1e-100:
            raise InputError(f"{label}: values of size {size:.0e}, whose squares float64 cannot hold; rescale them")

    def _count(self, chunk: Chunk) -> None:
        assert self.tally is not None
        self._tally(self.tally, self.look, chunk.x, chunk.start, self._batch(chunk))
        self._start = chunk.start + len(chunk.x)

    def _tally(self, tally: Tally, look: Mechanics, x: np.ndarray, start: int, batch: np.ndarray) -> None:
        """Count runs x (r, t, v), with noise put into their smoothed values anew."""
        smooth = self.smoother.smooth(x)
        noisy = []
        for turn in range(self.options.renoise):
            rng = np.random.default_rng([self.settings.seed, start, turn])
            noisy.append(look.see(smooth + self.smoother.sigma * rng.standard_normal(smooth.shape)))
        tally.add(look.see(x), look.see(smooth), noisy, batch)

    def _batch(self, chunk: Chunk) -> np.ndarray:
        """(r, b): batch of every test function: its run, or with few runs a stretch of it."""
        count = len(chunk.x)
        runs = np.arange(chunk.start, chunk.start + count)
        if self.segments > 1:
            stretch = np.minimum(self.centres * self.segments // self.times, self.segments - 1).astype(int)
            return runs[:, None] * self.segments + stretch[None]
        if chunk.group is not None:
            number = batch_numbers(chunk.start, count, chunk.group, self.settings.seed)
        else:
            # Dealt out, not drawn: so few runs must fill as many batches as they can.
            number = np.random.default_rng([self.settings.seed, 1]).permutation(self.runs)[runs] % BATCHES
        return np.broadcast_to(number[:, None], (count, len(self.centres)))

    # The result.

    def outcome(self) -> Outcome:
        """Evidence about charges."""
        assert self.tally is not None
        violation, noise, size = self.tally.forms()
        evidence = PointwiseEvidence(
            DenseForms(violation), DenseForms(noise), DenseForms(size), self.tally.samples, self.actions.matrices
        )
        share = self.smoother.sigma / np.maximum(self._spread(), np.finfo(float).tiny)
        notes = [
            *self.notes,
            f"filter in t: {self.words}; noise {', '.join(f'{s:.2g}' for s in self.smoother.sigma)} "
            f"({100 * float(share.max()):.2g} % of a component at most); test functions of "
            f"{2 * self.bumps.widths[0] + 1} points",
        ]
        return Outcome(
            (self.actions.block,),
            self.actions.to_dict(),
            evidence=evidence,
            necessary=self.open or self._too_few_runs(violation - noise, size),
            extras={"noise": self.smoother.sigma, "masses": self.masses, "dt": np.array(self.dt), **self.shown},
            notes=notes,
        )

    @property
    def words(self) -> str:
        """The filter in words."""
        return ", ".join(part.name for part in self.smoother.filters)

    def _spread(self) -> np.ndarray:
        q = self.shown["shown_q"]
        return (
            q.std(axis=(0, 1))
            if not self.options.momenta
            else np.concatenate([q.std(axis=(0, 1)), self.shown["shown_p"].std(axis=(0, 1))])
        )

    def _too_few_runs(self, violation: np.ndarray, size: np.ndarray) -> str | None:
        """Why these runs may conserve what no symmetry makes them conserve, or None."""
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


def _shared(spec: str) -> int | None:
    """B of `shared:B`."""
    for word in spec.split("+"):
        head, _, size = word.strip().partition(":")
        if head == "shared" and size.isdigit():
            return int(size)
    return None


def _left_out(violation: np.ndarray, size: np.ndarray, out: np.ndarray, tolerance: float) -> float:
    """Largest defect, in the batches `out`, of the directions that the others show to be below the tolerance."""
    values, vectors = eigh(violation[~out].mean(axis=0), _sound(size[~out].mean(axis=0)))
    kept = vectors[:, values < tolerance**2]
    if not kept.shape[1]:
        return 0.0
    inside, sizes = kept.T @ violation[out].mean(axis=0) @ kept, kept.T @ _sound(size[out].mean(axis=0)) @ kept
    return float(np.sqrt(max(eigh(inside, sizes, eigvals_only=True)[-1], 0.0)))


def _sound(form: np.ndarray) -> np.ndarray:
    """A form with a floor under directions that it does not see."""
    return form + 1e-12 * np.trace(form) / len(form) * np.eye(len(form))
