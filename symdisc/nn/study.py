"""`symdisc train`: equivariant and plain networks on several splits, the verdict, and the model of all data.

Nothing of a held-out part is seen before it is judged: scales, early stopping and, with `discover`, the generators
themselves come from the training part of each split. The plain network is the better, on the validation part, of two:
as many parameters as the equivariant one, and hidden layers as wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..data.memory import budget, format_size
from ..discover.task import Progress
from ..errors import InputError, ResourceError
from ..options import option
from .acting import Acting, Action, acting
from .bases import Bases
from .comparison import Comparison, compare, folds
from .files import parameters
from .layout import Layout
from .perceptron import EMLP, MLP
from .scaled import Scaled
from .training import Trainer, Training, cross_entropy

if TYPE_CHECKING:
    from ..data import DataSet

MOST_CLASSES = 100
VALIDATION = 0.15
"""Share of a training part that chooses the best weights and the plain network's width."""
LEAST = 30
ROLES = ("equivariant", "plain, as many parameters", "plain, as wide")


@dataclass(frozen=True)
class StudyOptions:
    """Options of `symdisc train` about networks and splits."""

    channels: int = option(96, "width of the hidden layers, shared among tensors of order 0 to `order`")
    layers: int = option(2, "hidden layers")
    order: int = option(2, "highest order of the hidden tensors")
    folds: int = option(5, "splits: each sample is held out in one of them")
    labels: str = option("auto", "integer y: class labels or values", ("auto", "classes", "values"))
    training: Training = field(default_factory=lambda: Training(rate=0.01))

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if min(self.channels, self.layers) < 1 or self.order < 0 or not 2 <= self.folds <= 100:
            raise InputError("channels and layers are whole numbers from 1, order from 0, folds from 2 to 100")


@dataclass
class Samples:
    """Labelled data in memory.

    Attributes:
        x: (n, d * m) float64, the space points of the layout, then channels. y: (n, c), or (n,) class numbers.
        d, channels: of x. ids: (n,) samples of one id stay together. classes: labels, or None.
        pairs: whether x and y are points of one space.
    """

    x: np.ndarray
    y: np.ndarray
    d: int
    channels: int
    ids: np.ndarray
    classes: np.ndarray | None
    pairs: bool = False

    @classmethod
    def of(cls, data: DataSet, labels: str = "auto") -> Samples:
        """Read all of it.

        Raises:
            InputError: not labelled, too few samples, or no classes where they are asked for.
        """
        label = data.columns["x"].parts[0].file
        if data.kind not in ("labelled", "pairs") or "y" not in data.columns:
            raise InputError(f"{label}: a network is trained on labelled data, x and y; say with --y NAME which is y")
        if data.samples < LEAST:
            raise InputError(f"{label}: {data.samples} samples; at least {LEAST} are needed to compare networks")
        need = 4 * 8 * sum(column.samples * column.row_items for column in data.columns.values())
        if need > budget(data.memory):
            raise ResourceError(
                f"{label}: training takes about {format_size(need)}; give fewer samples, or raise --memory"
            )
        parts = list(data.chunks())
        x = np.concatenate([part.x for part in parts])
        y = np.concatenate([part.y for part in parts if part.y is not None]).reshape(len(x), -1)
        ids = np.concatenate(
            [np.arange(part.start, part.start + len(part.x)) if part.group is None else part.group for part in parts]
        )
        classes = _classes(data, y, labels)
        if classes is not None:
            y = np.searchsorted(classes, y[:, 0])
        return cls(x.reshape(len(x), -1), y, data.d, data.channels, ids, classes, data.kind == "pairs")

    @property
    def outputs(self) -> int:
        """Columns that a network has to give."""
        return self.y.shape[1] if self.classes is None else len(self.classes)


def _classes(data: DataSet, y: np.ndarray, labels: str) -> np.ndarray | None:
    whole = data.y_dtype is not None and np.issubdtype(data.y_dtype, np.integer)
    if labels == "values" or y.shape[1] != 1 or (labels == "auto" and not whole):
        return None
    distinct = np.unique(y)
    if len(distinct) < 2 or len(distinct) > MOST_CLASSES or len(distinct) * 5 > len(y):
        if labels == "classes":
            label = data.columns["y"].parts[0].file
            raise InputError(
                f"{label}: y has {len(distinct)} different values, no classes of 5 samples or more; leave out "
                "--labels classes"
            )
        return None
    return distinct


Search = Callable[[np.ndarray], Action]
"""The action that the samples with these numbers show; k = 0 where they show none."""


@dataclass
class Part:
    """One split, or all data (`number` -1)."""

    number: int
    inner: np.ndarray
    validation: np.ndarray
    held: np.ndarray
    acting: Acting | None = None


class StudyTask:
    """All splits, then all data, one epoch a step; resumable.

    Args:
        samples: the data. generators: given ones; None: found anew in each training part by `search`.
        options: of networks and splits. rep: as `acting` takes it. seed, device, dtype, level: as on the command line.
    """

    def __init__(
        self,
        samples: Samples,
        generators: Action | None,
        options: StudyOptions | None = None,
        *,
        search: Search | None = None,
        rep: str | None = None,
        seed: int = 0,
        device: str = "cpu",
        dtype: str = "float32",
        level: float = 0.95,
    ) -> None:
        self.samples, self.given, self.search = samples, generators, search
        self.options, self.rep, self.seed, self.level = options or StudyOptions(), rep, seed, level
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        fold = np.array(folds(samples.ids.tolist(), self.options.folds, seed))
        self.parts = [self._part(number, np.flatnonzero(fold == number)) for number in range(self.options.folds)]
        self.whole = self._part(-1, np.zeros(0, dtype=np.intp))
        if any(len(part.held) == 0 for part in self.parts):
            raise InputError(
                f"{len(np.unique(samples.ids))} groups make no {self.options.folds} folds; take fewer with --folds"
            )
        # Of the three networks of each split: error on the held-out and on the validation part.
        self.errors = np.full((self.options.folds, len(ROLES), 2), np.nan)
        self.found: dict[int, Action] = {}
        self.job = 0
        self.trainer: Trainer | None = None
        self.model: Scaled | None = None
        self._bases: dict[int, Bases] = {}
        if generators is not None:
            # A size that does not fit is said before any work.
            self._set_action(self.whole)

    # --- the task

    @property
    def jobs(self) -> int:
        """How many networks are trained."""
        return len(ROLES) * self.options.folds + 1

    def advance(self) -> bool:
        """Search or one epoch; False once all networks are trained."""
        if self.job >= self.jobs:
            return False
        part, role = self._current()
        if part.acting is None and not self._ready(part):
            return True
        if self.trainer is None:
            self.trainer = self._trainer(part, self._network(part, role))
        self.trainer.step()
        if self.trainer.done:
            self._finish(part, role, self.trainer)
        return self.job < self.jobs

    def progress(self) -> Progress:
        """Which network is trained, and how many are done."""
        share = 0.0 if self.trainer is None else self.trainer.epoch / self.trainer.epochs
        place = min(self.job, self.jobs - 1)
        part, role = self._place(place)
        where = "all data" if part.number < 0 else f"split {part.number + 1} of {self.options.folds}"
        return Progress("train", min(self.job + share, self.jobs), self.jobs, f"{where}, {ROLES[role]}")

    def state(self) -> dict[str, np.ndarray]:
        """All that the work goes on from."""
        found: dict[str, np.ndarray] = {"job": np.array(self.job), "errors": self.errors.copy()}
        for number, (space, output, noise, homogeneous) in self.found.items():
            found[f"space.{number}"], found[f"homogeneous.{number}"] = space, np.array(homogeneous)
            found[f"noise.{number}"] = np.array(np.nan if noise is None else noise)
            if output is not None:
                found[f"output.{number}"] = output
        if self.trainer is not None:
            found |= {f"trainer.{key}": value.cpu().numpy() for key, value in self.trainer.state().items()}
        if self.model is not None:
            found |= {f"model.{key}": value.cpu().numpy() for key, value in self.model.state_dict().items()}
        return found

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to a saved state."""
        self.job, self.errors = int(state["job"]), np.array(state["errors"])
        numbers = [int(key.removeprefix("space.")) for key in state if key.startswith("space.")]
        for number in numbers:
            noise = float(state[f"noise.{number}"])
            known = state[f"space.{number}"], state.get(f"output.{number}"), None if np.isnan(noise) else noise
            self.found[number] = Action(*known, homogeneous=bool(state[f"homogeneous.{number}"]))
        own = {key.removeprefix("trainer."): v for key, v in state.items() if key.startswith("trainer.")}
        for part in (*self.parts, self.whole):
            if part.number in self.found or self.given is not None:
                self._set_action(part)
        if own:
            part, role = self._current()
            self.trainer = self._trainer(part, self._network(part, role))
            self.trainer.restore({key: torch.from_numpy(np.array(v)).to(self.device) for key, v in own.items()})
        values = {key.removeprefix("model."): v for key, v in state.items() if key.startswith("model.")}
        if values:
            self.model = self._network(self.whole, 0)
            self.model.load_state_dict({key: torch.from_numpy(np.array(v)) for key, v in values.items()})

    # --- results

    def comparison(self) -> Comparison:
        """The verdict over all splits."""
        held = np.mean([len(part.held) / (len(part.inner) + len(part.validation)) for part in self.parts])
        if self.given is None and not any(len(action.space) for action in self.found.values()):
            reason = "no symmetry was found, so there is nothing to build a network from; the plain one is written"
            return Comparison("cannot tell", reason, 1.0, None, self.level)
        return compare(self.errors[:, 0, 0].tolist(), self.plain().tolist(), float(held), self.level)

    def plain(self) -> np.ndarray:
        """(folds,) held-out error of the plain network with the lower error on the validation part."""
        best = 1 + np.argmin(self.errors[:, 1:, 1], axis=1)
        return np.asarray(self.errors[np.arange(len(best)), best, 0])

    # --- inside

    def _part(self, number: int, held: np.ndarray) -> Part:
        rest = np.setdiff1d(np.arange(len(self.samples.x)), held)
        inner = np.array(folds(self.samples.ids[rest].tolist(), round(1 / VALIDATION), 7919 * (self.seed + 1) + number))
        return Part(number, rest[inner != 0], rest[inner == 0], held)

    def _place(self, job: int) -> tuple[Part, int]:
        if job >= len(ROLES) * self.options.folds:
            return self.whole, 0
        return self.parts[job // len(ROLES)], job % len(ROLES)

    def _current(self) -> tuple[Part, int]:
        return self._place(self.job)

    def _ready(self, part: Part) -> bool:
        """Whether the action is known; finds it where it is not (one step of work), and is then False."""
        if self.given is None and part.number not in self.found:
            assert self.search is not None
            self.found[part.number] = self.search(np.concatenate([part.inner, part.validation]))
            return False
        self._set_action(part)
        return True

    def _set_action(self, part: Part) -> None:
        action = self.given or self.found[part.number]
        s = self.samples
        none = not len(action.space)
        part.acting = NOTHING if none else acting(action, s.d, s.channels, s.outputs, self.rep, pairs=s.pairs)

    def _network(self, part: Part, role: int) -> Scaled:
        """The network of a part, untrained, with the units of its training part.

        Where no symmetry was found a plain one, as wide, stands for the equivariant one.
        """
        known = part.acting if part.acting is not NOTHING else None
        x, y = self._tensors(part.inner)
        seed = 1000 * self.seed + part.number + 1
        if role == 0 and known is not None:
            body: EMLP | MLP = self._equivariant(part, known, seed)
            layouts: tuple[Layout | None, Layout | None] = known.source, known.target
        else:
            width, layers = self.options.channels, self.options.layers
            size_in, size_out = self.samples.x.shape[1], self.samples.outputs
            if role == 1 and known is not None:
                same = parameters(self._equivariant(part, known, seed))
                width = MLP.width_for(same, size_in, size_out, layers)
            body = MLP(size_in, size_out, width=width, layers=layers, seed=seed, dtype=self.dtype)
            layouts = None, None
        classes = None if self.samples.classes is None else len(self.samples.classes)
        ones = known.ones if role == 0 and known is not None else 0
        return Scaled.around(body, x.cpu(), y.cpu(), *layouts, classes=classes, ones=ones).to(self.device)

    def _equivariant(self, part: Part, known: Acting, seed: int) -> EMLP:
        o, number = self.options, part.number if self.given is None else -1
        solved = self._bases.setdefault(number, Bases(known.group))
        return EMLP.of(
            solved, known.source, known.target, channels=o.channels, layers=o.layers, order=o.order, seed=seed,
            dtype=self.dtype,
        )  # fmt: skip

    def _tensors(self, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.from_numpy(self.samples.x[rows]).to(self.device, self.dtype)
        y = torch.from_numpy(self.samples.y[rows])
        return x, y.to(self.device, torch.long if self.samples.classes is not None else self.dtype)

    def _trainer(self, part: Part, model: Scaled) -> Trainer:
        loss = cross_entropy if self.samples.classes is not None else model.mean_square
        options, seed = self.options.training, 1000 * self.seed + part.number + 1
        return Trainer(model, self._tensors(part.inner), self._tensors(part.validation), loss, options, seed)

    def _finish(self, part: Part, role: int, trainer: Trainer) -> None:
        """Note the errors of a trained network."""
        if part.number < 0:
            self.model = trainer.model  # type: ignore[assignment]
        else:
            held = trainer.error(*self._tensors(part.held))
            self.errors[part.number, role] = held, trainer.best
            if role == len(ROLES) - 1 and part.acting is NOTHING:
                # Without a symmetry a user has the plain network: no gain, no loss.
                plain = self.errors[part.number, 1:]
                self.errors[part.number, 0] = plain[np.argmin(plain[:, 1])]
        self.job, self.trainer = self.job + 1, None


NOTHING = Acting(None, None, None, "")  # type: ignore[arg-type]
"""In the place of an action where no symmetry was found."""
