"""`train`: data and generators in, networks compared, a verdict and a saved model out."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._version import __version__
from ..atomic import make_folder, write_all
from ..data import from_arrays
from ..discover import Settings, fit
from ..discover.device import device_of
from ..discover.fit import versions
from ..discover.named import read_generators
from ..discover.task import CHECKPOINT, Checkpoint, Progress, drive, identity_of
from ..errors import Interrupted
from ..symmetry import Symmetry, to_json
from .acting import Action, action_of
from .comparison import Comparison
from .files import SHAPE, VALUES, contents, parameters
from .scaled import Scaled
from .study import NOTHING, ROLES, Samples, StudyOptions, StudyTask

if TYPE_CHECKING:
    from ..data import DataSet

SCHEMA = 1


@dataclass
class Trained:
    """What `train` gives.

    Attributes:
        comparison: the verdict, with its interval. model: trained on all data, in their units.
        summary: what `symdisc train --json` prints. run: what differs between identical runs.
    """

    comparison: Comparison
    model: Scaled
    summary: dict[str, Any]
    run: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of `symdisc train`."""
        return self.summary

    def save(self, folder: str | Path) -> list[Path]:
        """Write `model.safetensors`, `model.json`, `summary.json` and `run.json`, all or none.

        Raises:
            ResourceError: the folder cannot be written; a model that was there is whole.
        """
        about = {key: self.summary[key] for key in ("symdisc", "rep", "group", "classes", "verdict")}
        folder = Path(folder)
        make_folder(folder)
        files = {
            "summary.json": (to_json(self.summary) + "\n").encode(),
            "run.json": (to_json(self.run) + "\n").encode(),
            **contents(self.model, about),
        }
        write_all({folder / name: content for name, content in files.items()})
        return [folder / name for name in (VALUES, SHAPE, "summary.json", "run.json")]


def train(
    x: Any,
    y: Any = None,
    *,
    generators: Any = None,
    group: Any = None,
    axes: str | None = None,
    settings: Settings | None = None,
    options: StudyOptions | None = None,
    rep: str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    watch: Callable[[Progress], None] | None = None,
) -> Trained:
    """Fit an equivariant network, and say on held-out data whether the symmetry helped.

    Args:
        x: array with a sample axis, or a `DataSet` opened from files. y: (n,) or (n, c) targets; integers are classes.
        generators: a result or its path, or (k, v, v) matrices; None: `fit` looks for them, in each training part anew.
        group: (n,) ids; samples of one group are never split. axes: a letter per axis of x.
        settings: of that search; also seed, level, device and dtype of the training.
        options: of networks and splits. rep: how x and y transform, such as `2*V -> Scalar`.
        out: folder of the checkpoint. resume: go on from it. watch: called after every step.

    Raises:
        InputError: data, generators or options are unusable. Interrupted: a signal came; the checkpoint is kept.
    """
    started = time.time()
    settings, options = settings or Settings(), options or StudyOptions()
    data: DataSet = x if hasattr(x, "chunks") else from_arrays(x, y, group=group, kind="labelled", axes=axes)
    if isinstance(generators, (str, Path)):
        generators = read_generators(str(generators))
    samples = Samples.of(data, options.labels)
    device, dtype = device_of(settings.device), settings.dtype or "float32"
    given = None if generators is None else action_of(generators)
    task = StudyTask(
        samples, given, options, search=_search(data, samples, settings), rep=rep, seed=settings.seed, device=device,
        dtype=dtype, level=settings.level,
    )  # fmt: skip
    checkpoint = None
    if out is not None:
        matrices = None if given is None else [np.asarray(part).tolist() for part in given if part is not None]
        known = {key: value for key, value in asdict(replace(settings, function=None)).items() if key != "memory"}
        identity = identity_of(
            {
                "version": __version__, "command": "train", "settings": known, "options": asdict(options), "rep": rep,
                "generators": matrices, "data": data.describe(),
            }
        )  # fmt: skip
        checkpoint = Checkpoint(Path(out) / CHECKPOINT, identity)
        if resume:
            checkpoint.read(task)
    try:
        drive(task, checkpoint, watch)
    except Interrupted as error:
        # A search inside a step was stopped by its own handler, which knows of no checkpoint.
        if checkpoint is None or str(checkpoint.path) in str(error):
            raise
        checkpoint.write(task)
        message = f"stopped; {checkpoint.path} is kept: the same command with --resume goes on from it"
        raise Interrupted(message, error.exit_code) from None
    assert task.model is not None
    made = Trained(task.comparison(), task.model.cpu(), _summary(task, data, generators, settings, device, dtype))
    made.run = {
        "seconds": round(time.time() - started, 3),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "host": platform.node(),
        "system": platform.platform(),
    }
    return made


def _search(data: DataSet, samples: Samples, settings: Settings) -> Callable[[np.ndarray], Action]:
    """What `fit` certifies in some of the samples."""

    def search(rows: np.ndarray) -> Action:
        x = samples.x[rows].reshape(len(rows), samples.d, samples.channels)
        y = samples.y[rows] if samples.classes is None else samples.classes[samples.y[rows]].astype(np.int64)
        part = from_arrays(
            x if samples.channels > 1 else x[:, :, 0], y, group=samples.ids[rows], kind="labelled",
            axes="nsc" if samples.channels > 1 else "ns",
        )  # fmt: skip
        found = fit(part, settings=settings)
        if not found.certified_dimension:
            return Action(np.zeros((0, samples.d, samples.d)))
        return action_of(found)

    return search


def _summary(
    task: StudyTask, data: DataSet, generators: Any, settings: Settings, device: str, dtype: str
) -> dict[str, Any]:
    samples, comparison, plain = task.samples, task.comparison(), task.plain()
    acting = task.whole.acting
    found = acting is not None and acting is not NOTHING
    notes = list(acting.notes) if found and acting is not None else []
    if isinstance(generators, Symmetry):
        own = {file["sha256"] for file in data.fingerprint()}
        if own & {str(file.get("sha256")) for file in generators.data.get("files", [])}:
            notes.append(
                "the generators were found in these very data, held-out parts included; --discover looks for them in "
                "each training part alone"
            )
    none = [number + 1 for number, action in task.found.items() if number >= 0 and not len(action.space)]
    if none and found:
        notes.append(f"no symmetry was certified in the training part of split {', '.join(map(str, sorted(none)))}: "
                     "there the plain network stands for the equivariant one")  # fmt: skip
    return {
        "schema": SCHEMA,
        "symdisc": __version__,
        "verdict": comparison.verdict,
        "reason": comparison.reason,
        "error_ratio": comparison.ratio,
        "ratio_interval": comparison.interval,
        "level": comparison.level,
        "loss": "cross entropy" if samples.classes is not None else "mean squared error, y in units of its spread",
        "splits": [
            {"equivariant": float(errors[0, 0]), "plain": float(best), "plain_candidates": errors[1:, 0].tolist()}
            for errors, best in zip(task.errors, plain, strict=True)
        ],
        "rep": acting.rep if found and acting is not None else None,
        "group": None if not found or acting is None else {"dimension": len(acting.group.lie), "size": acting.group.d},
        "generators": "given" if task.given is not None else "discovered",
        "networks": [
            {"name": name, "parameters": parameters(task._network(task.whole, role).body)}
            for role, name in enumerate(ROLES)
        ],
        "classes": None if samples.classes is None else samples.classes.tolist(),
        "notes": notes,
        "data": data.describe(),
        "options": asdict(task.options),
        "seed": settings.seed,
        "device": device,
        "dtype": dtype,
        "versions": versions(),
    }
