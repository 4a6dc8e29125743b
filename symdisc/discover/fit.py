"""`fit` and `test`: data and settings in, a `Symmetry` out. Nothing here knows which method runs."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._version import __version__
from ..algebra import analyze, completion, orthogonal, structure_constants
from ..atomic import make_folder
from ..data import from_arrays
from ..data.memory import budget, format_size
from ..errors import ExitCode, InputError, Interrupted, ResourceError
from ..symmetry import Block, Symmetry, Verdict, load
from .device import device_of
from .examples import shown_images
from .method import DiscoveryTask, Given, Method, Outcome, Unshared
from .rank_checkpoints import checkpoint_of
from .ranks import current
from .registry import check_owners, choose
from .settings import Settings
from .task import Progress, drive, identity_of
from .verdict import Decision, decide, judge, settle

if TYPE_CHECKING:
    from ..data import DataSet

Watch = Callable[[Progress], None]
LARGEST = 64
PACKAGES = ("torch", "numpy", "scipy", "h5py")


def fit(
    x: Any,
    y: Any = None,
    *,
    group: Any = None,
    kind: str | None = None,
    axes: str | None = None,
    settings: Settings | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    watch: Watch | None = None,
    function: Callable[..., Any] | None = None,
    **options: Any,
) -> Symmetry:
    """Discover generators in data: the library call behind `symdisc fit`.

    Args:
        x: array with a sample axis (`axes` says which), or a `DataSet` opened from files.
        y: array of targets or partners, or None.
        group: (n,) ids; samples of one group are never split between parts of a test.
        kind: "samples", "pairs", "labelled", "trajectory", "field"; else by the shapes.
        axes: a letter per axis of x, as in `symdisc fit --axes`.
        settings: all options at once; or give them by name (`tolerance=0.05`, `method="covariance"`).
        out: folder for the checkpoint of a long run. Nothing else is written (see `Symmetry.save`), and the checkpoint
            stays until the caller has saved the result.
        resume: go on from the checkpoint in `out`.
        watch: called with a `Progress` after every step.
        function: instead of y, a torch function of x (n, d) with values (n,) or (n, c), such as a trained module: its
            own symmetries are looked for, on the samples x.
        options: fields of `Settings`.

    Returns:
        A `Symmetry`; its `to_dict()` is what `symdisc fit --json` prints.

    Raises:
        InputError: data or options are unusable. ResourceError: more memory is needed than allowed.
        Interrupted: a signal came; the checkpoint is kept.

    Example:
        >>> import numpy as np, symdisc
        >>> x = np.random.default_rng(0).standard_normal((500, 3))
        >>> symdisc.fit(x, method="covariance").algebra["name"]
        'so(3)'
    """
    settings = _settings(settings, options)
    if function is not None:
        x, y, kind, settings = _of_function(x, y, kind, function, settings)
    data = _data_set(x, y, group, kind, axes)
    return _run(data, settings, None, out, resume, watch)


def test(
    x: Any,
    y: Any = None,
    *,
    generators: Any,
    group: Any = None,
    kind: str | None = None,
    axes: str | None = None,
    settings: Settings | None = None,
    watch: Watch | None = None,
    function: Callable[..., Any] | None = None,
    **options: Any,
) -> Symmetry:
    """Ask whether given generators are a symmetry of the data: the evidence of `fit`, without its search.

    Args:
        generators: (k, d, d) or (d, d) matrices, a `Symmetry`, or the path of a result.
        x, y, group, kind, axes, settings, watch, function, options: as for `fit`.

    Returns:
        A `Symmetry` whose generators are those given, each "certified", "broken" or "consistent".

    Raises:
        InputError: data, options or generators are unusable.
    """
    settings = _settings(settings, options)
    if function is not None:
        x, y, kind, settings = _of_function(x, y, kind, function, settings)
    data = _data_set(x, y, group, kind, axes)
    return _run(data, settings, _given(generators), None, False, watch)


test.__test__ = False  # type: ignore[attr-defined]


def _data_set(x: Any, y: Any, group: Any, kind: str | None, axes: str | None) -> DataSet:
    if hasattr(x, "chunks") and hasattr(x, "fingerprint"):
        return x
    return from_arrays(x, y, group=group, kind=kind, axes=axes)


def _of_function(
    x: Any, y: Any, kind: str | None, function: Callable[..., Any], settings: Settings
) -> tuple[Any, np.ndarray, str, Settings]:
    """x, its values, their kind, and settings that know the function."""
    if y is not None or kind not in (None, "labelled") or settings.method not in ("auto", "function"):
        raise InputError(
            "function: it takes the place of y, for labelled data and the function method; leave those out"
        )
    from .function.pointwise import values_of

    return x, values_of(function, x), "labelled", replace(settings, method="function", function=function)


def _settings(settings: Settings | None, options: Mapping[str, Any]) -> Settings:
    if settings is not None and options:
        raise InputError("give either settings or single options, not both")
    if settings is not None:
        return settings
    unknown = [name for name in options if name not in Settings.__dataclass_fields__]
    if unknown:
        known = ", ".join(Settings.__dataclass_fields__)
        raise InputError(f"unknown option {', '.join(unknown)}; known are {known}")
    return Settings(**options)


def _given(generators: Any) -> Given:
    if isinstance(generators, (str, Path)):
        generators = load(generators)
    if isinstance(generators, Symmetry):
        matrices = generators.generators
        if not isinstance(matrices, np.ndarray):
            raise InputError(
                "--generators: this result is kept by factors, and holds for every distribution; test a part of it"
            )
        found_in = {str(file.get("sha256")) for file in generators.data.get("files", [])}
        return Given(matrices, generators.blocks, frozenset(found_in))
    array = np.asarray(generators, dtype=float)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[1] != array.shape[2] or not np.isfinite(array).all():
        raise InputError(f"--generators: an array of shape (k, d, d) of finite numbers is needed, not {array.shape}")
    return Given(array, (Block("space", 0, array.shape[1]),))


def _run(
    data: DataSet, settings: Settings, given: Given | None, out: str | Path | None, resume: bool, watch: Watch | None
) -> Symmetry:
    started = time.time()
    check_owners(settings)
    if settings.device != "auto":
        device_of(settings.device)
    method, choice = choose(settings.method, data, settings)
    refuse_over_memory(method, data, settings)
    current().fingerprint(data)
    task = method.task(data, settings, given)
    checkpoint = None
    if out is not None:
        make_folder(Path(out))
        checkpoint = checkpoint_of(Path(out), run_identity(method, data, settings), current())
        if resume:
            checkpoint.read(task)
    drive(task, checkpoint, watch)
    try:
        return _conclude(method, task, data, settings, given, started, choice, watch)
    except (KeyboardInterrupt, Interrupted) as error:
        if checkpoint is None:
            raise
        checkpoint.write(task)
        code = error.exit_code if isinstance(error, Interrupted) else ExitCode.INTERRUPTED
        raise Interrupted(
            f"stopped; {checkpoint.kept} is kept: the same command with --resume goes on from it", code
        ) from None


def _conclude(
    method: Method,
    task: DiscoveryTask,
    data: DataSet,
    settings: Settings,
    given: Given | None,
    started: float,
    choice: list[str],
    watch: Watch | None,
) -> Symmetry:
    """From the finished task to the result."""
    outcome = task.outcome()
    outcome.notes[:0] = choice
    if outcome.device != "cpu":
        outcome.notes.append(
            f"computed on {outcome.device}, which adds in another order than a CPU: expect the last digits to differ"
        )
    elif settings.device not in ("auto", "cpu"):
        outcome.notes.append(f"--device {settings.device}: this work has no part for a GPU, the CPU did it")
    if current().several and isinstance(method, Unshared):
        outcome.notes.append(f"{current().size} processes: {method.unshared}")
    if given is not None and given.found_in & {file["sha256"] for file in data.fingerprint()}:
        outcome.notes.insert(
            0, "these generators were found in these very data: the bounds are too small, test them on others"
        )
    symmetry = _assemble(method, data, settings, outcome, given is not None, watch)
    symmetry.extras |= shown_images(symmetry, data)
    symmetry.run = {
        "seconds": round(time.time() - started, 3),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "host": platform.node(),
        "system": platform.platform(),
        "threads": _threads(),
        "processes": current().size,
    }
    return symmetry


def _threads() -> str:
    """Of the linear algebra, as far as the environment says: results are the same to the bit for one number only."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    said = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    return ", ".join(said) or f"as many as cores ({os.cpu_count()})"


def run_identity(method: Method, data: DataSet, settings: Settings) -> str:
    """What a checkpoint must agree with: data, method, options and version."""
    # A function given from Python is known by its values, which are the y of the data.
    known = asdict(replace(settings, function=None))
    options = {key: value for key, value in known.items() if key not in ("memory", "function")}
    return identity_of({"version": __version__, "method": method.name, "settings": options, "data": data.describe()})


def refuse_over_memory(method: Method, data: DataSet, settings: Settings) -> None:
    """Refuse before the work what would not fit.

    Raises:
        ResourceError: with what to change.
    """
    needed, ceiling = method.estimate(data, settings)[0], budget(settings.memory)
    if needed > ceiling:
        raise ResourceError(
            f"{data.names['x']}: the {method.name} method takes about {format_size(needed)} for {data.d} columns, over "
            f"the ceiling of {format_size(ceiling)}; take fewer columns (--x 'NAME[:, ::2]'), or raise --memory"
        )


def _assemble(
    method: Method, data: DataSet, settings: Settings, outcome: Outcome, given: bool, watch: Watch | None
) -> Symmetry:
    common: dict[str, Any] = {
        "method": method.name,
        "kind": data.kind,
        "blocks": outcome.blocks,
        "candidates": outcome.candidates,
        "tolerance": settings.tolerance,
        "level": settings.level,
        "seed": settings.seed,
        "device": outcome.device,
        "dtype": settings.dtype or "float64",
        "data": data.describe(),
        "versions": versions(),
        "options": asdict(settings.of(method.name, method.options)),
        "extras": dict(outcome.extras),
        "notes": [*data.notes, *outcome.notes],
    }
    if outcome.constructed is not None:
        built = outcome.constructed
        k = len(built.generators)
        symmetry = Symmetry(
            generators=built.generators,
            verdict=Verdict.CONSTRUCTED,
            reason=built.reason,
            defect=built.defect,
            defect_upper=np.full(k, np.nan),
            status=("constructed",) * k,
            origin=("constructed",) * k,
            dimension=k,
            certified_dimension=0,
            unused_dimension=outcome.unused,
            canonical=built.canonical,
            **common,
        )
        return _with_algebra(symmetry, built.orthogonal)
    decision = _limited(_decision(outcome, settings, given, watch), outcome)
    count = len(decision.matrices)
    certified = sum(status == "certified" for status in decision.status)
    if decision.noise_floor.size:
        common["extras"]["noise_floor"] = decision.noise_floor
    common["notes"] += decision.notes
    if decision.span_upper is not None:
        common["extras"]["span_defect_upper"] = np.array(decision.span_upper)
        common["notes"].append(f"any combination of these generators: defect at most {decision.span_upper:.2g}")
    symmetry = Symmetry(
        generators=decision.matrices,
        verdict=decision.verdict,
        reason=decision.reason,
        defect=decision.defect,
        defect_upper=decision.defect_upper,
        status=decision.status,
        origin=("given" if given else "learned",) * count,
        dimension=count,
        certified_dimension=certified,
        dimension_bounds=decision.bounds,
        samples_needed=decision.samples_needed,
        unused_dimension=outcome.unused + decision.unused,
        spectrum=decision.spectrum,
        next_defect=decision.next_defect,
        **common,
    )
    return _with_algebra(symmetry, None)


def _limited(decision: Decision, outcome: Outcome) -> Decision:
    """What the method could not judge limits what may be said."""
    if outcome.open and decision.bounds is not None:
        decision.bounds = (decision.bounds[0], decision.bounds[1] + outcome.open)
        if decision.verdict is Verdict.NONE:
            decision.verdict = Verdict.INCONCLUSIVE
            decision.reason = f"what could be judged is broken; {outcome.open} directions are too faint to be judged"
    if outcome.doubted:
        decision.status = tuple("consistent" if word == "broken" else word for word in decision.status)
        if decision.bounds is not None and outcome.evidence is not None:
            decision.bounds = (decision.bounds[0], outcome.evidence.size)
        if decision.verdict is Verdict.NONE:
            decision.verdict = Verdict.INCONCLUSIVE
            decision.reason = f"these candidates look broken, but {outcome.doubted}"
    if outcome.necessary and "certified" in decision.status:
        decision.status = tuple("consistent" if word == "certified" else word for word in decision.status)
        decision.bounds = None if decision.bounds is None else (0, decision.bounds[1])
        if decision.verdict is Verdict.SYMMETRIC:
            decision.verdict = Verdict.INCONCLUSIVE
            decision.reason = f"the data do not contradict these generators, but {outcome.necessary}"
    return decision


def _decision(outcome: Outcome, settings: Settings, given: bool, watch: Watch | None) -> Decision:
    shared = {"tolerance": settings.tolerance, "level": settings.level, "seed": settings.seed}
    if outcome.found is not None:
        return settle(outcome.found, most=settings.generators, **shared)  # type: ignore[arg-type]
    if outcome.evidence is None:
        m = outcome.blocks[-1].stop
        bounds = (0, 0) if outcome.nothing_verdict is Verdict.NONE else None
        empty = np.zeros(0)
        return Decision(outcome.nothing_verdict, outcome.nothing or "", np.zeros((0, m, m)), empty, empty, (), bounds)
    if given:
        return judge(outcome.evidence, np.eye(outcome.evidence.size), **shared)  # type: ignore[arg-type]

    def report(stage: str, share: float) -> None:
        if watch is not None:
            watch(Progress(stage, share, 1.0))

    return decide(outcome.evidence, most=settings.generators, watch=report, **shared)  # type: ignore[arg-type]


def _with_algebra(symmetry: Symmetry, orthogonal_size: int | None) -> Symmetry:
    """Name what the generators span. A copy of so(n) by construction is known without looking at its matrices."""
    generators = symmetry.generators
    if orthogonal_size is None:
        assert isinstance(generators, np.ndarray)
        algebra = analyze(generators)
    else:
        dense = generators if isinstance(generators, np.ndarray) and len(generators) <= LARGEST else None
        algebra = orthogonal(orthogonal_size, generators=dense, matrix_size=symmetry.blocks[-1].stop)
    symmetry.closure_error = algebra.closure_error
    if isinstance(generators, np.ndarray) and symmetry.certified_dimension and len(generators) <= LARGEST:
        _complete(symmetry, generators)
    if isinstance(generators, np.ndarray) and 0 < len(generators) <= LARGEST:
        # In the basis that is written; given generators need not be the orthonormal one of the analysis.
        symmetry.structure_constants = structure_constants(generators)
    if symmetry.canonical is None and isinstance(generators, np.ndarray):
        symmetry.canonical = algebra.canonical_basis
    symmetry.algebra = algebra.to_dict()
    return symmetry


def _complete(symmetry: Symmetry, generators: np.ndarray) -> None:
    """Say what brackets add to certified generators: it follows from them, but was not learned."""
    added = completion(generators, 2 * len(generators) + 2)
    if added is None or not len(added):
        return
    whole = analyze(np.concatenate([generators, added]))
    symmetry.extras["closure"] = added
    symmetry.notes.append(
        f"{len(generators)} learned; their brackets add {len(added)}, which makes {whole.dimension} in all: "
        f"{whole.name} (the added ones are the array `closure`; they follow from the learned ones if these are exact)"
    )


def versions() -> dict[str, str]:
    """Versions of Python and of what the numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
