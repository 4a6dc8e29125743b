"""`grid` candidates: smooth vector fields p -> A p + b that move the content of real, interpolated images.

A resampled image is not a linear image of the original (turning twice blurs twice), so generators are searched among
the fields on the grid, s (s + 1) of them, and scored by the images that they make.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ...symmetry import Block, Verdict
from ...warp import Warp, boundary_of, field
from ..batches import BATCHES, batch_numbers, too_few
from ..method import Given, Outcome
from ..settings import Settings
from ..task import Progress
from ..verdict import Found
from .field_panels import field_panels as field_panels
from .field_trials import BEYOND_CHANCE, Held, by_chance, hold, trials_of
from .registration import Registration, register, register_widely, rotations, variance_of
from .span import STEP_PAIRS, WIDEST, FieldSearch, blur, span

if TYPE_CHECKING:
    from ...data import DataSet

FOLDS = 5
MOST_PAIRS = 4000
MANY = 0.1
EXAMPLES = 3
TURNS = np.array([-2.0, -1.0, 1.0, 2.0])
NEAR = np.cos(np.deg2rad(5.0))


def estimate(data: DataSet) -> tuple[int, float]:
    """Peak memory in bytes and time in seconds of a `FieldsTask`, by counting."""
    pairs = min(data.samples, MOST_PAIRS)
    values = pairs * data.d * data.channels
    # The interpreter with scipy, no torch; the pairs, their copies half way, and derivatives of a step's pairs.
    return int(9e7 + 170 * values + data.read_bytes), 3.0 + 7e-5 * values


class FieldsTask:
    """Searches the fields that relate pairs of images, and judges them on pairs held out.

    Args:
        data: pairs with one to three s axes; channels move together.
        settings: of the run.
        options: of the method; none of them matters here.
        given: generators (k, s + 1, s + 1) to test instead of searching.

    Raises:
        InputError: data that are no images, or given generators of another size.
    """

    def __init__(self, data: DataSet, settings: Settings, options: Any = None, given: Given | None = None) -> None:
        self.data, self.settings = data, settings
        if data.kind != "pairs":
            raise InputError(f"--candidates grid: pairs of images are needed, not {data.kind}")
        periodic = bool(data.periodic) and all(data.periodic or ())
        if data.periodic and any(data.periodic) and not periodic:
            raise InputError("--candidates grid: either all s axes are periodic or none; leave --periodic out")
        self._periodic = periodic
        most = Warp(data.space_shape).dimension
        if given is None and settings.generators is not None and settings.generators > most:
            raise InputError(f"--generators {settings.generators}: a grid of this kind has {most} smooth fields")
        self._given = None if given is None else self._matrices_of(given)
        self._tested: list[Registration] = []
        self._held: list[Held] = []
        self._chance: np.ndarray | None = None

    def _matrices_of(self, given: Given) -> np.ndarray:
        size = len(self.data.space_shape) + 1
        matrices = given.part("homogeneous")
        matrices = given.generators if matrices is None else matrices
        if matrices.shape[1] != size or np.abs(matrices[:, -1]).max(initial=0.0) > 0 or not len(matrices):
            raise InputError(
                f"--generators: fields on a grid of {size - 1} axes are {size} x {size} matrices with a last row of "
                f"zeros, not {matrices.shape[1]} x {matrices.shape[2]}"
            )
        return np.asarray(matrices, dtype=np.float64)

    # --- what is worked on

    @cached_property
    def _rows(self) -> np.ndarray:
        """Numbers of the pairs used: all, or so many drawn at random that more would not matter to a few unknowns."""
        count = self.data.samples
        if count <= MOST_PAIRS:
            return np.arange(count)
        return np.sort(np.random.default_rng([self.settings.seed, 3]).choice(count, MOST_PAIRS, replace=False))

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, y (n, d, m) and batch (n,)."""
        xs, ys, batches = [], [], []
        for chunk in self.data.chunks():
            assert chunk.y is not None
            low, high = np.searchsorted(self._rows, [chunk.start, chunk.start + len(chunk.x)])
            rows = self._rows[low:high] - chunk.start
            xs.append(chunk.x[rows])
            ys.append(chunk.y[rows])
            batches.append(batch_numbers(chunk.start, len(chunk.x), chunk.group, self.settings.seed)[rows])
        return np.concatenate(xs), np.concatenate(ys), np.concatenate(batches)

    @cached_property
    def _warp(self) -> Warp:
        shape = self.data.space_shape
        x, y, _ = self._pairs
        return Warp(shape, "periodic" if self._periodic else boundary_of(shape, x, y))

    @cached_property
    def _search(self) -> FieldSearch:
        x, y, _ = self._pairs
        return FieldSearch(self._warp, x, y, count=self.settings.generators, seed=self.settings.seed)

    @property
    def _searched(self) -> bool:
        if self._given is not None:
            return len(self._tested) * STEP_PAIRS >= len(self._rows)
        return self._search.stage == "done"

    @cached_property
    def _registration(self) -> Registration:
        if self._given is not None:
            return Registration.joined(self._tested)
        assert self._search.found is not None
        return self._search.found

    @cached_property
    def _basis(self) -> np.ndarray:
        """(K, k): coefficients of the generators, orthonormal in pixels, those that move the pairs most first."""
        if self._given is not None:
            return self._warp.coefficients(self._given).T
        found = self._search.basis
        if not found.shape[1]:
            return found
        t = self._registration.coefficients @ found
        order = np.linalg.eigh(t.T @ t / len(t))[1][:, ::-1]
        matrices = self._warp.algebra((found @ order).T).reshape(found.shape[1], -1)
        axes = np.linalg.qr(matrices.T)[0]
        size = self._warp.axes + 1
        generators = axes.T.reshape(-1, size, size)
        # Rotations turn rows towards columns, scalings enlarge: a sign that no rounding can turn over.
        ones = np.ones((size, size))
        sense = np.einsum("kij,ij->k", generators, np.tril(ones) - 0.5 * np.triu(ones, 1))
        return self._warp.coefficients(generators * np.where(sense < 0, -1.0, 1.0)[:, None, None]).T

    @cached_property
    def _t(self) -> np.ndarray:
        """(n, k): coefficients of the pairs in the basis of the generators."""
        return np.asarray(self._registration.coefficients @ np.linalg.pinv(self._basis).T)

    @cached_property
    def _blur(self) -> tuple[float, float]:
        x, y, _ = self._pairs
        return blur(self._warp, x, y, self._registration.coefficients)

    @cached_property
    def _folds(self) -> list[np.ndarray]:
        """(n,) masks: the pairs of every fifth batch."""
        batch = self._pairs[2]
        if too_few(np.bincount(batch, minlength=BATCHES).astype(float)) or not self._basis.shape[1]:
            return []
        return [mask for fold in range(FOLDS) if (mask := batch % FOLDS == fold).any()]

    # --- steps

    def advance(self) -> bool:
        """Register a few hundred pairs, try one more field, judge one fold, or match images at random."""
        if not self._searched:
            if self._given is not None:
                self._register_given()
            else:
                self._search.advance()
            return True
        if len(self._held) < len(self._folds):
            self._held.append(self._judge(self._folds[len(self._held)]))
            return True
        if self._chance is None and self._folds:
            x, y, _ = self._pairs
            widely = float(self._registration.poor(x).mean()) > MANY
            self._chance = by_chance(self._warp, x, y, self._basis, self._t, self._blur[0], self.settings.seed, widely)
        return False

    def _register_given(self) -> None:
        first = len(self._tested) * STEP_PAIRS
        x, y = (part[first : first + STEP_PAIRS] for part in self._pairs[:2])
        starts = rotations(self._warp, WIDEST) @ np.linalg.pinv(self._basis).T
        plain = register(self._warp, x, y, basis=self._basis)
        self._tested.append(register_widely(self._warp, x, y, starts, plain, basis=self._basis))

    def _judge(self, mask: np.ndarray) -> Held:
        x, y, _ = self._pairs
        basis = self._basis if self._given is not None else self._turned(self._without(mask))
        start = self._registration.coefficients @ np.linalg.pinv(basis).T
        return hold(self._warp, x, y, np.flatnonzero(mask), basis, start, self._blur[0], self.settings.seed)

    def _without(self, mask: np.ndarray) -> np.ndarray:
        """(K, k): the span found without some pairs."""
        x = self._pairs[0]
        variance = variance_of(self._registration, x.shape[1] * x.shape[2])
        soft, rest = variance + np.median(variance), self._registration.rows(~mask)
        return span(rest.information, rest.natural, soft[~mask], self._basis.shape[1])

    def _turned(self, found: np.ndarray) -> np.ndarray:
        """The basis of a held-out span that is nearest to the written one: the span decides, not its axes."""
        axes, triangle = np.linalg.qr(self._basis)
        left, _, right = np.linalg.svd(found.T @ axes)
        return np.asarray(found @ (left @ right) @ triangle)

    def progress(self) -> Progress:
        """Pairs registered, fields tried, folds judged."""
        if not self._searched:
            if self._given is not None:
                return Progress("registration", len(self._tested) * STEP_PAIRS, len(self._rows))
            search = self._search
            detail = f"k = {search.tried}" if search.tried else f"{len(search.parts) * STEP_PAIRS} pairs"
            return Progress(search.stage, search.share, 1.0, detail)
        return Progress("held-out pairs", len(self._held), max(1, len(self._folds)), f"k = {self._basis.shape[1]}")

    def state(self) -> dict[str, np.ndarray]:
        """The registrations and the folds judged so far."""
        state = {"held": np.array(len(self._held))}
        if self._chance is not None:
            state["chance"] = self._chance
        for number, part in enumerate(self._held):
            state |= {f"held{number}_{name}": getattr(part, name) for name in Held.__dataclass_fields__}
        if self._given is None:
            return state | {f"search_{name}": values for name, values in self._search.state().items()}
        state["tested"] = np.array(len(self._tested))
        if self._tested:
            state |= {f"tested_{name}": v for name, v in Registration.joined(self._tested).arrays().items()}
        return state

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state."""
        self._held = [
            Held(**{name: np.array(state[f"held{number}_{name}"]) for name in Held.__dataclass_fields__})
            for number in range(int(state["held"]))
        ]
        self._chance = np.array(state["chance"]) if "chance" in state else None
        if self._given is None:
            self._search.restore({n.removeprefix("search_"): v for n, v in state.items() if n.startswith("search_")})
            return
        self._tested = []
        if int(state["tested"]):
            whole = Registration.of({name: state[f"tested_{name}"] for name in Registration.__dataclass_fields__})
            for first in range(0, int(state["tested"]) * STEP_PAIRS, STEP_PAIRS):
                self._tested.append(whole.rows(slice(first, first + STEP_PAIRS)))

    # --- the result

    def outcome(self) -> Outcome:
        """Generators with their trials; the images of a few pairs for the plots."""
        warp, size = self._warp, self._warp.axes + 1
        centre = ", ".join(f"{(p - 1) / 2:g}" for p in warp.shape)
        blocks = (Block("homogeneous", 0, size, f"pixels about the centre ({centre})"),)
        candidates = {"space": "grid", "dimension": warp.dimension}
        notes = self._notes()
        width = np.array(self._blur)
        if not self._basis.shape[1]:
            nothing = "no smooth field moves x towards y: what sets the images of a pair apart is no motion"
            return Outcome(
                blocks,
                candidates,
                nothing=nothing,
                nothing_verdict=Verdict.INCONCLUSIVE,
                extras={"blur": width},
                notes=notes,
            )
        batch = self._pairs[2]
        weights = np.bincount(batch, minlength=BATCHES).astype(float)
        matrices = warp.algebra(self._basis.T)
        t = self._t
        extras = {"blur": width, "coefficients": t}
        if not self._held or self._chance is None:
            found = Found(matrices, (), weights)
            return Outcome(blocks, candidates, found=found, extras=extras, notes=notes)
        trials, beyond, shares = trials_of(self._held, self._chance, batch)
        kept = np.flatnonzero(beyond > BEYOND_CHANCE)
        extras |= {"explained": shares, "beyond_chance": beyond}
        if not len(kept):
            fields = "no field brings" if self._given is None else "the given fields do not bring"
            nothing = (
                f"{fields} the images of a pair nearer to each other than images matched at random: nothing shows "
                "that a smooth motion relates them"
            )
            return Outcome(
                blocks, candidates, nothing=nothing, nothing_verdict=Verdict.INCONCLUSIVE, extras=extras, notes=notes
            )
        if self._given is not None:
            kept = np.arange(len(trials))
        elif len(kept) < len(trials):
            notes.append(f"{len(trials) - len(kept)} of the fields explain no more than by chance and are left out")
        matrices = matrices[kept]
        extras |= {"coefficients": t[:, kept], **self._pictures(matrices, t[:, kept])}
        found = Found(matrices, [trials[i] for i in kept], weights, self._angle())
        return Outcome(blocks, candidates, found=found, extras=extras, notes=[*notes, *self._words(matrices)])

    def _angle(self) -> float | None:
        """Degrees: median over folds of the largest principal angle between the held-out spans and the written one."""
        if self._given is not None:
            return None
        angles = []
        axes = [self._frame(self._basis)]
        for mask in self._folds:
            axes.append(self._frame(self._without(mask)))
            cosine = np.linalg.svd(axes[0].T @ axes[-1], compute_uv=False).min()
            angles.append(np.degrees(np.arccos(min(1.0, cosine))))
        return float(np.median(angles))

    def _frame(self, basis: np.ndarray) -> np.ndarray:
        """Orthonormal columns for matrices in pixels."""
        return np.asarray(np.linalg.qr(self._warp.algebra(basis.T).reshape(basis.shape[1], -1).T)[0])

    def _notes(self) -> list[str]:
        notes = []
        if len(self._rows) < self.data.samples:
            notes.append(f"{len(self._rows)} of the {self.data.samples} pairs, drawn at random, were used")
        size, error = self._blur
        if size > 3 * error:
            notes.append(
                f"interpolation blurs the images by sigma^2 = {2 * size:.2g} px^2 (+- {2 * error:.1g}); "
                "that is no symmetry and is not among the generators"
            )
        return notes

    def _words(self, matrices: np.ndarray) -> list[str]:
        words = []
        for number, matrix in enumerate(matrices, 1):
            name = describe(matrix, self._warp.shape)
            if name:
                words.append(f"generator {number}: {name}")
        words.append(
            "coefficients: t of every pair in the basis of the generators (Frobenius norm 1, pixels): a rotation turns "
            "by t / sqrt(2) radians, rows towards columns"
        )
        return words

    def _pictures(self, matrices: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
        """Fields, a few pairs with x moved onto y, and one image under the flow of each generator; first channel."""
        warp, shape = self._warp, self._warp.shape
        x, y, _ = self._pairs
        fields = np.stack([field(matrix, shape) for matrix in matrices])
        if warp.axes != 2:
            return {"fields": fields}
        distance = np.einsum("ndm,ndm->n", y - x, y - x)
        # Pairs that lie apart as three quarters of all do: something to see, and no outliers.
        rows = np.argsort(np.abs(distance - np.quantile(distance, 0.75)), kind="stable")[:EXAMPLES]
        splines = warp.splines(x[rows])
        moved = warp.transport(splines, np.tensordot(t[rows], matrices, axes=1))
        pairs = np.stack([x[rows], moved, y[rows], moved - y[rows]], axis=1)[..., 0].reshape(-1, 4, *shape)
        turns = TURNS[None] * np.sqrt(np.mean(t**2, axis=0))[:, None]
        flow = [
            warp.transport(np.repeat(splines[:1], len(TURNS), axis=0), turn[:, None, None] * matrix)[..., 0]
            for turn, matrix in zip(turns, matrices, strict=True)
        ]
        return {
            "fields": fields,
            "example_pairs": pairs,
            "example_flow": np.stack(flow).reshape(len(matrices), -1, *shape),
            "example_t": turns,
        }


def describe(matrix: np.ndarray, shape: tuple[int, ...]) -> str | None:
    """A field in words, where it is within 5 degrees of one that has a name; None else.

    Args:
        matrix: (s + 1, s + 1) in pixels; shape: the grid.
    """
    s = len(shape)
    linear, shift = matrix[:s, :s], matrix[:s, s]
    centre = (np.array(shape) - 1) / 2
    size = np.linalg.norm(linear)
    # Compared by how far they move content, half the larger side from the centre.
    if size * max(shape) / 2 < np.tan(np.arccos(NEAR)) * np.linalg.norm(shift):
        direction = ", ".join(f"{v:+.2f}" for v in shift / np.linalg.norm(shift))
        return f"a translation along ({direction})"
    turn = (linear - linear.T) / 2
    scale = np.trace(linear) / s * np.eye(s)
    for name, part in (("rotation", turn), ("scaling", scale)):
        if np.linalg.norm(part) > NEAR * size:
            fixed = centre - np.linalg.lstsq(linear, shift, rcond=1e-6)[0]
            where = ", ".join(f"{v:.2f}" for v in fixed)
            off = np.degrees(np.arccos(min(1.0, float(np.linalg.norm(part) / size))))
            return f"a {name} about ({where}) px, to {off:.2g} deg"
    return None
