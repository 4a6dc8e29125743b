"""The method as a resumable task: read, choose a model, fit it without each fold, see what its rows say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from ...symmetry import Block, Verdict
from ..batches import BATCHES, batch_numbers, too_few
from ..candidates import candidates_of
from ..device import device_of
from ..evidence import Evidence
from ..method import Given, Outcome
from ..ranks import current
from ..settings import Settings
from ..task import Progress
from .actions import Actions, given_actions, search_actions, seen_actions
from .choice import (
    ENOUGH,
    JUDGED,
    KINDS,
    Average,
    Recipe,
    Target,
    chosen,
    fitted,
    possible,
    predictions,
    worth_averaging,
)
from .frame import Frame
from .models import FAR, Fitted, wrong_samples
from .sizes import PARTS
from .weak import Axes, Degrees, degrees_for, guide_forms, middle, precision, used_actions, weak_evidence, weak_moments

if TYPE_CHECKING:
    from ...data import Chunk, DataSet
    from .method import FunctionOptions

MOST_CLASSES = 100
LEAST_SAMPLES = 100
SHARED = 2000
SHOWN = 2000
NEARLY_LINEAR = 0.01


class FunctionTask:
    """Steps: chunks of data, the kinds of models, the folds."""

    def __init__(self, data: DataSet, settings: Settings, options: FunctionOptions, given: Given | None) -> None:
        self.data, self.settings, self.options, self.given = data, settings, options, given
        columns = data.columns["y"].row_items
        same = data.y_shape == data.x_shape
        self.action = settings.output_action or ("same" if same else "invariant")
        self.kinds = KINDS if options.model == "auto" else (options.model,)
        if options.folds < 2:
            raise InputError("--set function.folds: at least 2")
        self.classes = self._classes(columns)
        if self.classes is not None and self.action != "invariant":
            raise InputError(f"--output-action {self.action}: y holds classes, which can only stay what they are")
        self.found = None if given is not None else candidates_of(settings.candidates or "linear", data)
        self.device = device_of(settings.device)
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._chunks: Iterator[Chunk] | None = None
        self._read = 0
        self.recipes: list[Recipe] = []
        self._models: dict[str, Fitted] = {}
        self.folds_done = 0
        self.ranks = current()

    def _classes(self, columns: int) -> np.ndarray | None:
        """The class labels, where a single integer y is to be read as classes."""
        data, labels = self.data, self.options.labels
        whole = data.y_dtype is not None and np.issubdtype(data.y_dtype, np.integer)
        if labels == "values" or columns != 1 or (labels == "auto" and not whole):
            return None
        distinct = data.distinct_labels(MOST_CLASSES)
        if distinct is None or len(distinct) * 5 > data.samples:
            if labels == "classes":
                raise InputError(
                    f"{data.names['y']}: more than {MOST_CLASSES} classes, or fewer than 5 samples a class; "
                    "use --set function.labels=values"
                )
            return None
        return distinct

    # Steps.

    def advance(self) -> bool:
        """A chunk, a kind of model, or a fold."""
        if self._read < self.data.samples:
            self._take()
            return True
        if self._silent() is not None:
            return False
        if len(self.recipes) < len(self.kinds):
            self._try(self.kinds[len(self.recipes)])
            return True
        if self.folds_done < self.options.folds:
            self._fold(self.folds_done)
            self.folds_done += 1
            return True
        return False

    def progress(self) -> Progress:
        """Where the task stands."""
        if self._read < self.data.samples:
            return Progress("reading", self._read, self.data.samples)
        if len(self.recipes) < len(self.kinds):
            return Progress("choosing a model", len(self.recipes), len(self.kinds))
        return Progress("fitting", self.folds_done, self.options.folds, self.words)

    def state(self) -> dict[str, np.ndarray]:
        """Models tried, and what those fitted so far say of the samples they have not seen.

        Data are read again, and models of the first fold fitted again where it was not done.
        """
        state = {"recipes": np.array(json.dumps([asdict(recipe) for recipe in self.recipes]))}
        if self.folds_done:
            state |= {"folds_done": np.array(self.folds_done), "fitted": self.fitted, "gradient": self.gradient}
            state["shared"] = self.shared
        return state

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state."""
        while self._read < self.data.samples:
            self._take()
        self.recipes = [Recipe(**entry) for entry in json.loads(str(state["recipes"]))]
        if "folds_done" in state:
            self.folds_done = int(state["folds_done"])
            self.fitted, self.gradient = np.array(state["fitted"]), np.array(state["gradient"])
            self.shared = np.array(state["shared"])

    def _take(self) -> None:
        if self._chunks is None:
            self._chunks = self.data.chunks(0, np.float64)
        chunk = next(self._chunks)
        assert chunk.y is not None
        batch = batch_numbers(chunk.start, len(chunk.x), chunk.group, self.settings.seed)
        count = len(chunk.x)
        self._parts.append((chunk.x.reshape(count, -1), chunk.y.reshape(count, -1), batch))
        self._read = chunk.start + count
        if self._read == self.data.samples:
            self._arrange()

    def _arrange(self) -> None:
        """The arrays in the coordinates of the frame."""
        self.x, y, self.batch = (np.concatenate([part[i] for part in self._parts]) for i in range(3))
        self._parts = []
        for name, values in (("x", self.x), ("y", y)):
            size = float(np.abs(values).max(initial=0.0))
            if size > 1e100 or 0 < size < 1e-100:
                raise InputError(
                    f"{self.data.names[name]}: values of size {size:.0e}, whose squares float64 cannot hold; rescale"
                )
        if self.classes is not None:
            y = (y == self.classes).astype(float)
        self.y = y
        self.frame = Frame.of(self.x, y)
        self.z, self.u = self.frame.inner(self.x), self.frame.reduced(y)
        dtype = self.settings.dtype or "float32"
        classes = self.classes is not None
        self.target = Target(self.frame, y if classes else self.u, classes, self.device, dtype)
        self._candidates(self.data.d, self.data.channels, y.shape[1])

    def _candidates(self, d: int, channels: int, outputs: int) -> None:
        """Matrices of the candidates, and how many test functions they need."""
        self.leading_out = self.unseen = 0
        self.blocks: tuple[Block, ...] = (Block("space", 0, d, "units of x"),)
        if self.found is None:
            assert self.given is not None
            self.actions = given_actions(self.given, d, channels, outputs, self.action, self.frame)
            self.blocks, self.space = self.actions.blocks, self.actions.to_dict()
            self.count = len(self.actions)
            self.degrees = self._enough(self.count)
            return
        self.space = self.found.to_dict()
        self.count = min(self.found.dimension, self.frame.r * (self.frame.r + 1))
        self.degrees = self._enough(self.count)
        if self.degrees is None:
            # Too many to be told apart, and perhaps to be held in memory.
            return
        actions = search_actions(self.found, d, channels, outputs, self.action, self.frame)
        self.blocks, self.space = actions.blocks, actions.to_dict()
        self.actions, self.leading_out, self.unseen = seen_actions(actions, self.frame)
        self.count = len(self.actions)
        self.degrees = self._enough(self.count)

    def _enough(self, candidates: int) -> Degrees | None:
        """What rows tell so many candidates apart; None: the samples cannot."""
        return degrees_for(self.frame.r, self.frame.s, candidates, len(self.x))

    def _silent(self) -> str | None:
        """Why nothing can be said, before any model is fitted."""
        weights = np.bincount(self.batch, minlength=BATCHES).astype(float)
        if len(self.x) < LEAST_SAMPLES:
            return f"only {len(self.x)} samples; {LEAST_SAMPLES} are needed to fit f and to hold some out"
        if not self.frame.r or not self.frame.s:
            return f"{'x' if not self.frame.r else 'y'} is constant: there is no function to look at"
        if self.degrees is None:
            return (
                f"{self.count} candidates are more than {len(self.x)} samples of {self.frame.r} dimensions can "
                "decide; take fewer columns, or say more with --candidates (shared:B, antisymmetric, mask:FILE)"
            )
        if not len(self.actions):
            return "no candidate keeps the samples in the subspace that they fill"
        return too_few(weights)

    def _parts_of(self, fold: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n,) masks: samples judged by a fold's fit, and those it is fitted to; in which part each of these is."""
        filled = np.flatnonzero(np.bincount(self.batch, minlength=BATCHES))
        place = np.searchsorted(filled, self.batch)
        folds = self.options.folds
        mine = place % folds == fold
        return mine, ~mine, (place // folds % PARTS)[~mine]

    def _try(self, kind: str) -> None:
        """Fit a kind of model without the first fold, unless another one has left nothing to it."""
        enough = min((recipe.error for recipe in self.recipes), default=np.inf) < ENOUGH
        _, rest, part = self._parts_of(0)
        if not possible(kind, self.z[rest], self.target):
            if len(self.kinds) == 1:
                raise InputError(
                    f"--set function.model={kind}: not for classes, nor for {len(self.z)} samples of {self.frame.r} "
                    f"dimensions and {self.frame.s} outputs; use function.model=auto"
                )
            enough = True
        if enough and kind in ("forms", "mlp"):
            self.recipes.append(Recipe(kind))
            return
        recipe, model = chosen(kind, self.z[rest], self.target[rest], part, self.settings.seed)
        self._models[kind] = model
        self.recipes.append(recipe)

    @property
    def used(self) -> list[Recipe]:
        """The model with the least held-out error, and those that it is averaged with."""
        return worth_averaging(self.recipes)

    @property
    def words(self) -> str:
        """What f is fitted by."""
        kinds = [recipe.kind for recipe in self.used]
        return kinds[0] if len(kinds) == 1 else f"the mean of {' and '.join(kinds)}"

    def _fold(self, fold: int) -> None:
        """One fold, by the rank whose turn it is; after the last one all ranks know all of them."""
        if not fold:
            n, (s, r) = len(self.z), (self.frame.s, self.frame.r)
            self.fitted, self.gradient = np.zeros((n, s)), np.zeros((n, s, r))
            self.shared = np.zeros((self.options.folds, min(SHARED, n), s, r))
        if self.ranks.mine(fold):
            self._fit(fold)
        if fold == self.options.folds - 1:
            self.fitted, self.gradient, self.shared = map(self.ranks.total, (self.fitted, self.gradient, self.shared))

    def _fit(self, fold: int) -> None:
        """Fit without one fold of the batches, and keep what the model says there."""
        mine, rest, part = self._parts_of(fold)
        held = part == JUDGED
        seed = self.settings.seed + fold
        known = {} if fold else self._models
        model = Average(
            [
                known.get(recipe.kind) or fitted(recipe, self.z[rest], self.target[rest], held, seed)[1]
                for recipe in self.used
            ]
        )
        self._models = {}
        self.fitted[mine], self.gradient[mine] = predictions(model, self.target, self.z[mine])
        self.shared[fold] = predictions(model, self.target, self.z[self._common()])[1]

    def _common(self) -> np.ndarray:
        """Samples at which all fits are compared."""
        return np.random.default_rng([self.settings.seed, 5]).permutation(len(self.z))[:SHARED]

    # What it says.

    def outcome(self) -> Outcome:
        """Evidence about the candidates, or why there is none."""
        silent = self._silent()
        outcome = Outcome(self.blocks, self.space, device=self.device)
        outcome.unused = self.leading_out + self.unseen
        outcome.notes = self._notes_on_data()
        outcome.extras = {"output_centre": self.frame.centre}
        if silent is None:
            silent = self._unpredicted()
        if silent is not None:
            outcome.nothing, outcome.nothing_verdict = silent, Verdict.INCONCLUSIVE
            return outcome
        identity, as_output = self._identity()
        multiple = identity * as_output[:, :-1]
        axes = Axes.of(self.shared - multiple, middle(self.z[self._common()]), self.settings.tolerance)
        outcome.extras["gradient_energy"] = axes.energy
        if not len(axes.sizes):
            outcome.nothing = (
                "two fits of f agree on no direction in which it changes: too few samples, or too much noise"
            )
            outcome.nothing_verdict = Verdict.INCONCLUSIVE
            return outcome
        actions, ignored = self._used(axes)
        outcome.unused += ignored
        assert self.degrees is not None
        weak = weak_moments(
            self.z, self.u, self.batch, self.fitted, self.gradient, self.degrees, axes, identity, as_output
        )
        weight = precision(self.shared, self.z[self._common()], self.z)
        guide = guide_forms(self.z, self.batch, self.fitted, self.gradient, actions, self.frame, axes, multiple, weight)
        evidence: Evidence = weak_evidence(weak, actions, self.frame, guide)
        outcome.evidence = evidence
        rest = float(((self.u - self.fitted) ** 2).mean() / (self.u**2).mean())
        outcome.notes += self._notes_on_model(rest, len(axes.sizes))
        chosen = np.sort(np.random.default_rng([self.settings.seed, 9]).permutation(len(self.u))[:SHOWN])
        outcome.extras |= {
            "shown_y": self.u[chosen, -1],
            "shown_f": self.fitted[chosen, -1],
            "model_errors": np.array([recipe.error for recipe in self.recipes]),
            "unexplained": np.array(rest),
        }
        return outcome

    def _used(self, axes: Axes) -> tuple[Actions, int]:
        """The candidates without what f never sees, of a search; given generators stay as they are."""
        return (self.actions, 0) if self.given is not None else used_actions(self.actions, self.frame, axes)

    def _unpredicted(self) -> str | None:
        """Why there is no function to speak of: no model predicts y better than its mean."""
        gain = (self.u**2).sum(axis=1) - ((self.u - self.fitted) ** 2).sum(axis=1)
        weights = np.bincount(self.batch, minlength=BATCHES)
        filled = weights > 0
        means = np.bincount(self.batch, gain, BATCHES)[filled] / weights[filled]
        if means.mean() > 2 * means.std() / np.sqrt(filled.sum()):
            return None
        return f"no model ({', '.join(self.kinds)}) predicts y better than its mean: there is no function to look at"

    def _identity(self) -> tuple[float, np.ndarray]:
        """The multiple of x that is in y where y moves as x does, and (s, r + 1), x as a y.

        The identity commutes with every L. A step map is close to it, and would seem to have every symmetry if what it
        contributes counted among the terms that may cancel.
        """
        frame = self.frame
        if len(frame.mean) != len(frame.centre) or self.action not in ("same", "tensor:1,0"):
            return 0.0, np.zeros((frame.s, frame.r + 1))
        shift = (frame.reduce @ (frame.mean - frame.centre))[:, None]
        as_output = np.concatenate([frame.reduce @ frame.root, shift], axis=1)
        seen = self.z @ as_output[:, :-1].T
        return float((self.u * seen).sum() / (seen**2).sum()), as_output

    def _notes_on_data(self) -> list[str]:
        notes, frame = [], self.frame
        if self.classes is not None:
            shown = ", ".join(f"{label:g}" for label in self.classes[:12]) + (", ..." if len(self.classes) > 12 else "")
            notes.append(f"y was read as {len(self.classes)} classes ({shown}); f is their probabilities")
        if frame.r < len(frame.mean) and self.leading_out + self.unseen:
            notes.append(
                f"x fills {frame.r} of {len(frame.mean)} dimensions: {self.leading_out} candidates lead out of them, "
                f"{self.unseen} move nothing there; unused, neither symmetric nor broken"
            )
        if frame.s < len(frame.centre) and self.classes is None:
            notes.append(f"the {len(frame.centre)} columns of y fill {frame.s} dimensions; the rest repeats them")
        return notes

    def _notes_on_model(self, rest: float, axes: int) -> list[str]:
        tried_out = ", ".join(recipe.words() for recipe in sorted(self.recipes, key=lambda recipe: recipe.error))
        what = "of no model's loss" if self.classes is not None else "of the variance of y"
        notes = [f"f: {self.words}; held-out errors, as a share {what}: {tried_out}"]
        notes.append(f"{self.options.folds} fits, each judged on the samples it has not seen: {rest:.2g} unexplained")
        wrong = None if self.classes is not None else wrong_samples(((self.u - self.fitted) ** 2).sum(axis=1), self.z)
        if wrong is not None:
            count = int(wrong.sum())
            notes.append(
                f"{count} of {len(wrong)} samples {'are' if count > 1 else 'is'} missed by more than {FAR:g} times the "
                "median error (wrong values?): left out in fits of f and the choice of directions, counted in the test"
            )
        if axes < self.frame.r:
            notes.append(self._unused_note(axes))
        if self.actions.moves_output and self._linear_rest() < NEARLY_LINEAR:
            notes.append(
                "y is nearly a linear function of x: maps that commute with it are symmetries whatever the data, and "
                "finding them says no more than that"
            )
        return notes

    def _unused_note(self, axes: int) -> str:
        return (
            f"f changes along {axes} of {self.frame.r} dimensions of x; what moves x along the others only is unused, "
            "neither symmetric nor broken"
        )

    def _linear_rest(self) -> float:
        """Share of y that the best linear function of x leaves over."""
        slope = self.z.T @ self.u / len(self.z)
        return float(((self.u - self.z @ slope) ** 2).mean() / (self.u**2).mean())
