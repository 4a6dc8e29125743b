"""Currents of fields as a resumable task: the Lagrangian from one pass over all runs, its currents from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from ...symmetry import Block
from ..evidence import PointwiseEvidence
from ..method import Given, Outcome
from ..ranks import Ranks
from ..rows import DenseForms
from ..settings import Settings
from .actions import INTERNAL
from .currents import Currents
from .dependence import AXES, factors_of
from .lagrangian import Fit, fit, sizes_of, stated
from .library import Library
from .potential import FUNCTION, Smooth, check_smooth, smooth_functions
from .runs import RunsTask
from .spaces import SPACETIME, given_spaces, spaces_of
from .stated import read_functions, read_lagrangian

if TYPE_CHECKING:
    from ...data import Chunk, DataSet
    from .method import NoetherOptions

ROUNDING = 1e-8
SHARE = 0.5
NEGLIGIBLE = 0.1
CLOSE = 0.04
SKEW = 3.0
# What a library misses of V turns the metric by (first residual / second)^2 radians, measured; so at most 3.6 deg.
APART = 4.0
ROWS_A_FUNCTION = 20
SMOOTH = "smooth"


class FieldTask(RunsTask):
    """Lagrangian and currents of fields."""

    stages = ("Lagrangian", "currents")

    def __init__(self, data: DataSet, settings: Settings, options: NoetherOptions, given: Given | None) -> None:
        super().__init__(data, settings, options)
        if options.mass != "1" or options.momenta or options.boosts:
            raise InputError("--set noether.mass, momenta and boosts are for trajectories; fields have none of them")
        v, d = self.components, len(self.shape)
        self.factors = factors_of(options.terms, options.order, self.shape, self.steps, self.periodic)
        given_functions = read_functions(options.lagrangian, v) if options.lagrangian is not None else None
        self._sought = options.potential == SMOOTH and options.lagrangian is None
        if options.potential == SMOOTH:
            if options.lagrangian is not None and given_functions is None:
                raise InputError(
                    f"--set noether.potential=smooth: the Lagrangian of {options.lagrangian} is given, and has no such "
                    "potential; leave one of the two out"
                )
            check_smooth(v)
        self._build(given_functions)
        self.stated = read_lagrangian(options.lagrangian, self.library) if options.lagrangian is not None else None
        spec = settings.candidates or (INTERNAL if v > 1 else SPACETIME)
        self.internal, self.spacetime = spaces_of(spec, v, d) if given is None else given_spaces(given, v, d)
        self.name = spec if given is None else "given"
        k = len(self.internal) + len(self.spacetime)
        if given is not None:
            k = max(len(self.internal), len(self.spacetime))
        self.together = given is not None
        self._sums = {name: np.zeros((self.batches, k, k)) for name in ("violation", "noise", "size")}
        self._map: dict[str, np.ndarray] = {}
        self._weights = np.zeros(self.batches)
        self.fit: Fit | None = None
        self._theta: np.ndarray | None = None

    def _build(self, functions: Smooth | None) -> None:
        """The library, and sums for its coefficients."""
        v, d = self.components, len(self.shape)
        self.library = Library(v, d, self.options.degree, factors=self.factors, smooth=functions)
        p = self.library.size
        self._lag = {name: np.zeros((p, p)) for name in ("raw", "noise")} | {"rows": np.zeros(1)}

    def prepare(self, sample: np.ndarray, gradient: tuple[np.ndarray, ...]) -> None:
        """The frame, the functions of the potential where they are sought, and a map of the test functions."""
        self.bumps = self.bumps.on(self.arrays)
        self.frame = np.eye(self.components) if self.stated is None else self.stated[1]
        flat = self.smoother.smooth(sample).reshape(-1, self.components)
        self._whiten(flat)
        if self._sought:
            rows = self.runs * self.bumps.count * self.components
            self._build(smooth_functions(flat @ self.frame.T, rows // ROWS_A_FUNCTION))
        self._map = {name: np.zeros((*self.bumps.shape, self.components)) for name in ("raw", "noise")}

    def _whiten(self, flat: np.ndarray) -> None:
        """Components that are nearly one another's multiples are told apart only where they are whitened."""
        v = self.components
        if self.stated is not None or self.together or len(self.internal) < v * v or v == 1:
            return
        values, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
        if values[0] > 0 and values[-1] > SKEW**2 * values[0]:
            self.frame = vectors / np.sqrt(values) @ vectors.T
            self.notes.append(
                "the components were whitened for the search, since some of them are nearly multiples of others; the "
                "Lagrangian is that of the whitened ones (`frame` in the result)"
            )

    def count(self, stage: int, chunk: Chunk) -> None:
        """Sums over a chunk of runs, one run at a time."""
        for number in range(len(chunk.x)):
            x = chunk.x[number : number + 1]
            if stage == 0:
                self._count_equation(x, chunk.start + number)
            else:
                self._count_currents(x, chunk.start + number, self.batch(chunk)[number])

    def _count_equation(self, x: np.ndarray, run: int) -> None:
        rows = self._equation(x)
        self._lag["raw"] += rows.T @ rows
        self._lag["rows"] += len(rows)
        smooth = self.smoother.smooth(x)
        still = self._equation(smooth)
        for values in self.noisy(smooth, run):
            change = self._equation(values) - still
            self._lag["noise"] += change.T @ change / self.options.renoise

    def _equation(self, x: np.ndarray) -> np.ndarray:
        """(R, P) weak Euler-Lagrange rows of one run."""
        return self.library.rows(self.smoother.smooth(x) @ self.frame.T, self.bumps)

    def _count_currents(self, x: np.ndarray, run: int, batch: np.ndarray) -> None:
        phi, gradient = self._in_frame(x)
        rows, size = self._look(phi, gradient)
        self._weights += np.bincount(batch, minlength=self.batches)
        here = np.bincount(batch, minlength=self.batches)[:, None, None]
        self._add("violation", batch, rows, 1.0)
        self._map["raw"] += self._misfit(phi, gradient) ** 2
        smooth = self.smoother.smooth(x)
        phi, gradient = self._in_frame(smooth)
        still, plain = self._look(phi, gradient)
        unmoved = self._misfit(phi, gradient)
        for values in self.noisy(smooth, run):
            phi, gradient = self._in_frame(values)
            noisy, larger = self._look(phi, gradient)
            self._add("noise", batch, noisy - still, 1 / self.options.renoise)
            size = size - (larger - plain) / self.options.renoise
            self._map["noise"] += (self._misfit(phi, gradient) - unmoved) ** 2 / self.options.renoise
        self._sums["size"] += here * size

    def _in_frame(self, x: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Smoothed values and gradient of one run, in the frame of the search."""
        gradient = tuple(slope @ self.frame.T for slope in self.smoother.gradient(x))
        return self.smoother.smooth(x) @ self.frame.T, gradient

    def _misfit(self, phi: np.ndarray, gradient: tuple[np.ndarray, ...]) -> np.ndarray:
        """(bumps.., v): the equation of the Lagrangian chosen."""
        assert self._theta is not None
        return np.asarray(self.library.equation(self._theta[0], phi, gradient, self.bumps)[0])

    def _look(self, phi: np.ndarray, gradient: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
        """(Lagrangians, bumps, K) rows of one run, and (K, K) sizes."""
        currents = self._currents()
        rows = currents.rows(phi, gradient, self.bumps).reshape(len(currents.thetas), self.bumps.count, -1)
        size = currents.sizes(phi, gradient, self.bumps)
        if self.together:
            # Given generators act on both spaces at once: their parts belong together.
            inner, outer = len(self.internal), len(self.spacetime)
            mix = np.vstack([part for part in (np.eye(inner), np.eye(outer)) if len(part)])
            return rows @ mix, mix.T @ size @ mix
        return rows, size

    def _add(self, name: str, batch: np.ndarray, rows: np.ndarray, share: float) -> None:
        for number in np.unique(batch):
            part = rows[:, batch == number].reshape(-1, rows.shape[2])
            self._sums[name][number] += share * (part.T @ part) / len(rows)

    def _currents(self) -> Currents:
        assert self._theta is not None
        return Currents(
            self.library,
            self._theta,
            self.internal if len(self.internal) else None,
            self.spacetime if len(self.spacetime) else None,
        )

    def merge(self, stage: int, ranks: Ranks) -> None:
        """The sums of all runs: for the equation, then for the currents."""
        if stage == 0:
            self._lag = ranks.totals(self._lag)
        else:
            self._sums, self._map = ranks.totals(self._sums), ranks.totals(self._map)
            self._weights = ranks.total(self._weights)

    def finish(self, stage: int) -> None:
        """The Lagrangian."""
        if stage == 0:
            self._fit()

    def _fit(self) -> None:
        rows = self._lag["rows"][0]
        raw, noise = self._lag["raw"] / rows, self._lag["noise"] / rows
        sizes = sizes_of(self.library, raw - noise)
        if self.stated is None:
            self.fit = fit(self.library, raw, noise, sizes)
        else:
            self.fit = stated(self.library, self.stated[0], raw, noise, sizes)
        self._theta, theta = self.fit.null, self.fit.theta
        # Coefficients that were given are not made uncertain by noise.
        self._terms = max(theta @ sizes @ theta, np.finfo(float).tiny)
        share = theta @ noise @ theta / self._terms
        self.buried = float(np.sqrt(share)) if self.stated is None else 0.0

    def sums(self) -> dict[str, np.ndarray]:
        """All sums."""
        lag = {f"lag/{name}": value.copy() for name, value in self._lag.items()}
        if self.stated is not None:
            lag |= {"stated": self.stated[0], "stated_frame": self.stated[1]}
            lag |= {f"stated_{name}": value for name, value in self._functions().items()}
        sums = {f"sum/{name}": value.copy() for name, value in self._sums.items()}
        return (
            lag | sums | {f"map/{name}": value.copy() for name, value in self._map.items()} | {"weights": self._weights}
        )

    def _functions(self) -> dict[str, np.ndarray]:
        """What a smooth potential is made of, nothing for powers."""
        return self.library.smooth.arrays() if self.library.smooth is not None else {}

    def recall(self, sums: Mapping[str, np.ndarray]) -> None:
        """Back to sums.

        Raises:
            InputError: the file of the Lagrangian is no longer what it was.
        """
        if self.stated is not None:
            now = {"": self.stated[0], "_frame": self.stated[1]}
            now |= {f"_{name}": value for name, value in self._functions().items()}
            before = {key.removeprefix("stated"): value for key, value in sums.items() if key.startswith("stated")}
            if set(now) != set(before) or not all(np.array_equal(now[key], before[key]) for key in now):
                raise InputError(f"--resume: {self.options.lagrangian} has changed since; start afresh with --force")
        self._lag = {name: np.array(sums[f"lag/{name}"]) for name in self._lag}
        self._sums = {name: np.array(sums[f"sum/{name}"]) for name in self._sums}
        self._map = {name: np.array(sums[f"map/{name}"]) for name in self._map}
        self._weights = np.array(sums["weights"])
        if self._stage > 0:
            self._fit()

    def matrices(self, directions: np.ndarray) -> np.ndarray:
        """(r, m, m): coefficients (K, r) as block-diagonal matrices, space-time first."""
        inner = len(self.internal)
        m = sum(block.stop - block.start for block in self.blocks)
        result = np.zeros((directions.shape[1], m, m))
        for block in self.blocks:
            part = slice(block.start, block.stop)
            if block.role == SPACETIME:
                chosen, basis = directions if self.together else directions[inner:], self.spacetime
            else:
                chosen, basis = directions if self.together else directions[:inner], self.internal
            stack = np.tensordot(chosen.T, basis, axes=1)
            if block.role == INTERNAL:
                stack = np.linalg.solve(self.frame, stack @ self.frame)
            result[:, part, part] = stack
        return result

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Space-time, then the components."""
        blocks, start = [], 0
        if len(self.spacetime):
            start = len(self.shape) + 1
            blocks.append(
                Block(SPACETIME, 0, start, "(t, s.., 1), from the centre of the grid, in units of dt and spacing")
            )
        if len(self.internal):
            blocks.append(Block(INTERNAL, start, start + self.components, "units of x"))
        return tuple(blocks)

    @property
    def space(self) -> dict[str, object]:
        """JSON form of the candidate space."""
        return {"space": self.name, "dimension": self._sums["violation"].shape[1]}

    def judged(self) -> Outcome:
        """Evidence about currents."""
        assert self.fit is not None
        counts = np.where(self._weights > 0, self._weights, 1.0)[:, None, None]
        violation, noise, size = (self._sums[name] / counts for name in ("violation", "noise", "size"))
        found = self.fit
        # Exact data leave quadrature and rounding, no sample of how a violation would be spread; this only adds to it.
        violation = violation + ROUNDING * size
        evidence = PointwiseEvidence(
            DenseForms(violation),
            DenseForms(noise),
            DenseForms(size),
            self._weights,
            self.matrices,
            floor=(NEGLIGIBLE * self.settings.tolerance) ** 2 + found.residual**2,
        )
        told = ", ".join(
            f"{name} {value:.3g}"
            for name, value in found.named().items()
            if abs(value) > 5e-3 and not name.startswith(FUNCTION)
        )
        if self.library.smooth is not None:
            told += f", and a potential of {self.library.smooth.count} smooth functions"
        notes = [
            *self.notes,
            self.filter_note(),
            f"Lagrangian{' as given' if self.stated else ''}: {told}; its Euler-Lagrange residual is "
            f"{found.residual:.2g} of the terms",
        ]
        built_in = [AXES[axis] for axis in range(len(self.shape)) if axis not in self.library.depends]
        if len(self.spacetime) and built_in:
            notes.append(
                f"no term of the Lagrangian depends on {', '.join(built_in)}, so translations along it change the "
                "Lagrangian in no case: that their currents are conserved tests whether the data obey it"
            )
        return Outcome(
            self.blocks,
            self.space,
            evidence=evidence,
            open=violation.shape[1] if self._lost else 0,
            necessary=self._unsettled(found) or self._rivalled(found) or self.too_few_runs(violation - noise, size),
            doubted=self._unsettled(found),
            extras={
                "noise": self.smoother.sigma,
                "lagrangian": found.theta,
                "lagrangian_names": np.array(self.library.names),
                "lagrangian_residuals": found.residuals,
                "frame": self.frame,
                **self._functions(),
                **self._where(),
                "half_extent": np.array(self.steps) * (np.array(self.shape) - 1) / 2,
            },
            notes=notes,
        )

    def _where(self) -> dict[str, np.ndarray]:
        """The residual over the test functions, and where the first and last of them are along t and the first s."""
        square = (self._map["raw"] - self._map["noise"]).mean(axis=-1) / (self.runs * self._terms)
        ends = [[step * line[0], step * line[-1]] for step, line in zip(self.steps, self.bumps.centres, strict=True)]
        return {"residual_map": np.sqrt(np.maximum(square, 0.0)), "residual_extent": np.array(ends)}

    @property
    def _lost(self) -> bool:
        """Noise in the terms themselves makes their coefficients smaller, however many rows there are."""
        return self.buried > self.settings.tolerance

    def _unsettled(self, found: Fit) -> str | None:
        """Why neither conserved nor broken currents decide about the law, or None."""
        if self._lost:
            return (
                f"noise makes up {self.buried:.2g} of the terms of their equation, so the coefficients of the "
                "Lagrangian are too uncertain"
            )
        if found.residual > SHARE * self.settings.tolerance:
            return (
                f"the Lagrangian explains these fields with a residual of {found.residual:.2g} only: its terms are not "
                "those of their law"
            )
        if found.nullity > 1:
            return (
                f"{found.nullity} independent Lagrangians explain these fields (free fields of equal mass, plane waves "
                "and waves of one direction have several): what all of them conserve need not be a symmetry of the law"
            )
        return None

    def _rivalled(self, found: Fit) -> str | None:
        """Why conserved currents would not yet be those of a symmetry though this Lagrangian fits best, or None."""
        if len(found.residuals) < 2:
            return None
        if self.components > 1 and found.residuals[1] < APART * found.residuals[0]:
            return (
                f"the Lagrangian leaves a residual of {found.residual:.2g}, and another one of "
                f"{found.residuals[1]:.2g}: too near for generators of the right angle"
            )
        if found.residuals[1] < CLOSE:
            return (
                f"another Lagrangian explains these fields with a residual of {found.residuals[1]:.2g}, so theirs is "
                "not settled (components that hardly act on each other have two)"
            )
        return None

    def too_few_runs(self, violation: np.ndarray, size: np.ndarray) -> str | None:
        """A field is many patches, so one run is no single orbit; but it must not stand alone."""
        return super().too_few_runs(violation, size) if self.runs > 1 else None
