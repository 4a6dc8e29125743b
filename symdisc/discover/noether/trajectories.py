"""Charges of trajectories as a resumable task: one pass over all runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

from ...errors import InputError
from ...symmetry import Block
from ..candidates import candidates, read_mask
from ..device import Blocks
from ..evidence import PointwiseEvidence
from ..method import Given, Outcome
from ..ranks import Ranks
from ..rows import DenseForms
from ..settings import Settings
from .actions import INTERNAL, PHASE, Actions, given_actions, phase_actions, point_actions, seen_actions
from .masses import UNKNOWN, mass_ratios, masses_of
from .mechanics import Mechanics, Seen
from .runs import RunsTask, sound
from .tally import Tally

if TYPE_CHECKING:
    from ...data import Chunk, DataSet
    from .method import NoetherOptions

SHOWN = 5
EDGE = 20
MISFIT = 0.2
# Of the variance along the widest direction, and of the noise that smoothing leaves: below these a direction is empty.
FLAT = 1e-10
BURIED = 1.5


class TrajectoryTask(RunsTask):
    """Charges of trajectories.

    The test functions stay shorter than the shortest period: whatever is bounded has a derivative that averages to zero
    over long stretches (the virial theorem, for one), and would pass for conserved.
    """

    stages = ("charges",)

    def __init__(self, data: DataSet, settings: Settings, options: NoetherOptions, given: Given | None) -> None:
        super().__init__(data, settings, options)
        self.given = given
        self._parts = Blocks()
        label, components = data.names["x"], self.components
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

    def _actions(self, spec: str, d: int) -> Actions:
        if spec == PHASE:
            return phase_actions(d)
        words = [word for word in spec.split("+") if word.strip() != INTERNAL]
        found = candidates("+".join(words) or "linear", d, read_mask)
        return point_actions(found, self.masses, self.options.boosts, free="linear" in map(str.strip, words))

    def prepare(self, sample: np.ndarray, gradient: tuple[np.ndarray, ...]) -> None:
        """Masses, and how to look."""
        if self.options.mass == UNKNOWN:
            self._find_masses(sample)
        self._restrict(sample)
        extended = 0 if self.phase else self.actions.generators.shape[1] - self.actions.charges.shape[1]
        self.look = Mechanics(
            self.smoother, self.bumps, self.steps[0], self.masses, self.options.momenta, self.phase, extended
        )
        self.tally = Tally.empty(self.actions, self.batches)
        self.shown = self._show(sample[:SHOWN])

    def _show(self, sample: np.ndarray) -> dict[str, np.ndarray]:
        """Runs (r, t, v) whose charges are drawn: q and p (r, t, d), and what noise does to them (d,)."""
        smooth = self.smoother.smooth(sample)
        still = self.look.paths(smooth)
        changes = [[a - b for a, b in zip(self.look.paths(x), still, strict=True)] for x in self.noisy(smooth, 0)]
        inner = slice(sample.shape[1] // EDGE, sample.shape[1] - sample.shape[1] // EDGE)
        spread = np.sqrt(np.mean(np.square(changes)[:, :, :, inner], axis=(0, 2, 3)))
        q, p = self.look.paths(sample)
        return {"shown_q": q, "shown_p": p, "shown_q_noise": spread[0], "shown_p_noise": spread[1]}

    def _restrict(self, sample: np.ndarray) -> None:
        """Leave out candidates that lead out of where the coordinates lie, or that they never see."""
        q, p = Mechanics(self.smoother, self.bumps, self.steps[0], self.masses, self.options.momenta, self.phase).paths(
            sample
        )
        points = np.concatenate([q, p], axis=2) if self.phase else q
        flat = points.reshape(-1, points.shape[2])
        scale = np.maximum(np.sqrt((flat**2).mean(axis=0)), np.finfo(float).tiny)
        values, vectors = np.linalg.eigh((flat / scale).T @ (flat / scale) / len(flat))
        moving = self.spread > 0
        buried = (
            BURIED * self.smoother.freedom * float(np.mean((self.smoother.sigma[moving] / self.spread[moving]) ** 2))
        )
        filled = values > max(FLAT * values[-1], buried)
        self.unseen = self.leading_out = 0
        if filled.all():
            return
        seen = np.linalg.qr(scale[:, None] * vectors[:, filled])[0]
        left, leading_out, unseen = seen_actions(self.actions, seen)
        where = f"the coordinates lie in {int(filled.sum())} of {len(filled)} dimensions"
        if self.given is not None:
            if leading_out:
                self.open = f"{where}, and these generators lead out of them: no law is tested there"
            return
        if not len(left.charges):
            self.silent = f"{where}, and no candidate stays inside: take fewer components, or other --candidates"
            return
        self.actions, self.leading_out, self.unseen = left, leading_out, unseen
        self.notes.append(
            f"{where}: {leading_out} candidates that lead out of them cannot be judged, {unseen} are never seen"
        )

    def _find_masses(self, sample: np.ndarray) -> None:
        """Ratios of the masses, from the charges that particles have with a rotation of each by itself."""
        assert self.block is not None
        d = len(self.masses)
        particles = d // self.block
        found = candidates(f"antisymmetric+blocks:{','.join([str(self.block)] * particles)}", d)
        alone = point_actions(found, self.masses, boosts=False, free=False)
        look = Mechanics(self.smoother, self.bumps, self.steps[0], self.masses, self.options.momenta)
        tally = Tally.empty(alone, 1)
        everything = np.zeros((len(sample), len(self.centres)), dtype=np.intp)
        self._tally(tally, look, sample, 0, everything)
        violation, noise, size = (form[0] for form in tally.forms())
        values, vectors = eigh(violation - noise, sound(size))
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

    def count(self, stage: int, chunk: Chunk) -> None:
        """Sums over a chunk of runs."""
        self._tally(self.tally, self.look, chunk.x, chunk.start, self.batch(chunk))

    def merge(self, stage: int, ranks: Ranks) -> None:
        """One tally of all runs."""
        self.tally.restore(ranks.totals(self.tally.state()))

    def finish(self, stage: int) -> None:
        """Nothing is left to do."""

    def sums(self) -> dict[str, np.ndarray]:
        """The tally."""
        return self.tally.state()

    def recall(self, sums: Mapping[str, np.ndarray]) -> None:
        """Back to a tally."""
        self.tally.restore(sums)

    def _tally(self, tally: Tally, look: Mechanics, x: np.ndarray, start: int, batch: np.ndarray) -> None:
        """Count runs x (r, t, v), with noise put into their smoothed values anew."""

        def some(part: slice) -> list[Seen]:
            there = self.arrays.here(x[part])
            smooth = self.smoother.smooth(there)
            noisy = [look.see(smooth + self.arrays.here(noise[part])).home() for noise in self.noise(x.shape, start)]
            return [look.see(there).home(), look.see(smooth).home(), *noisy]

        seen, smooth, *noisy = map(Seen.joined, zip(*self._parts.of(some, len(x)), strict=True))
        # What a test function is worth depends on all of the runs: they are weighed together, however few fit at once.
        tally.add(seen, smooth, noisy, batch, self.arrays, self._parts)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Coordinates, extended ones, or phase space."""
        return (self.actions.block,)

    @property
    def space(self) -> dict[str, object]:
        """JSON form of the candidate space."""
        return self.actions.to_dict()

    def judged(self) -> Outcome:
        """Evidence about charges."""
        violation, noise, size = self.tally.forms(self.arrays.dtype)
        evidence = PointwiseEvidence(
            DenseForms(violation), DenseForms(noise), DenseForms(size), self.tally.samples, self.actions.matrices
        )
        return Outcome(
            self.blocks,
            self.space,
            evidence=evidence,
            unused=self.unseen,
            open=0 if self.given is not None else self.leading_out,
            necessary=self.open or self.too_few_runs(violation - noise, size),
            extras={
                "noise": self.smoother.sigma,
                "masses": self.masses,
                "dt": np.array(self.steps[0]),
                **self.shown,
            },
            notes=[*self.notes, self.filter_note()],
        )


def _shared(spec: str) -> int | None:
    """B of `shared:B`."""
    for word in spec.split("+"):
        head, _, size = word.strip().partition(":")
        if head == "shared" and size.isdigit():
            return int(size)
    return None
