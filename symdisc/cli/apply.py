"""`symdisc apply`: data transformed by the group that generators make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from ..data import DataSet
from ..data.writing import NewArray, new_file
from ..discover.named import read_generators
from ..discover.task import Progress
from ..errors import InputError
from ..transform import BASES, Transform, arranged_back, result_dtype
from .common import Output, data_options, open_data, output_options, progress_bar, progress_options

ENDINGS = (".npy", ".npz", ".h5", ".hdf5")
MOST_T = 1 << 22  # numbers t drawn at once: 32 MB


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("generators", metavar="GENERATORS")
@data_options
@click.option("-t", "t", metavar="T1,T2,...", help="One t for each generator, the same for all samples.")
@click.option("--random", type=click.FloatRange(min=0), metavar="SD", help="Draw t of every sample from N(0, SD^2).")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the drawn t.")
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="R",
    help="Write each sample R times, each with its own drawn t; needs --random.",
)
@click.option(
    "--basis",
    type=click.Choice(BASES),
    help="Which basis of a result t refers to; default: the canonical one (a rotation turns by t radians), "
    "where one was found, else the generators as written (Frobenius norm 1).",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write: .npy (x alone), .npz or .h5; default: <first file's stem>.applied with its ending.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@output_options
@progress_options
def command(
    generators: str,
    t: str | None,
    random: float | None,
    seed: int,
    repeat: int,
    basis: str | None,
    out: Path | None,
    force: bool,
    output: Output,
    **options: Any,
) -> None:
    """Transform data by exp(sum t_i L_i), t given or drawn.

    GENERATORS is a result of `fit`, a file of (k, d, d) matrices, or a name such as so(3). x keeps its axes; it becomes
    float32 where that holds the input exactly, else float64. NPZ and HDF5 output is read again by `fit`: it also has
    the drawn t, y (transformed where a labelled result has an action on y), and group ids, which keep the R copies of a
    sample together.

    \b
    Example:
      symdisc apply "so(6)" sample_data/gaussian.npy --random 0.2 --repeat 3 -o more.npz
    """
    out = _out(options["data"], out, force)
    if (t is None) == (random is None):
        raise InputError("say how far to transform: either -t T1,T2,... or --random SD")
    if repeat > 1 and random is None:
        raise InputError("--repeat writes each sample with several t, so it needs --random SD")
    with open_data(options) as data:
        transform = Transform(_generators(generators), data, basis)
        draw = _Given(_numbers(t, transform.k)) if t is not None else _Drawn(random or 0.0, seed, transform.k)
        arrays = _arrays(data, transform, draw, repeat, out)
        with progress_bar(output) as watch, new_file(out, arrays, _attributes(data)) as store:
            for place, blocks in _transformed(data, transform, draw, repeat):
                for name, block in blocks.items():
                    if name in arrays:
                        store.write(name, place, block)
                watch(Progress("apply", place, data.samples * repeat))
    output.result({"files": [str(out)]}, lambda: click.echo(_written(out, arrays, transform)))


def _out(data: tuple[str, ...], out: Path | None, force: bool) -> Path:
    if out is None:
        first = Path(data[0])
        if data[0] == "-" or first.suffix not in ENDINGS:
            raise InputError(f"{data[0]}: its name does not say a format; say with -o FILE where to write")
        out = Path(f"{first.stem}.applied{first.suffix}")
    if out.suffix not in ENDINGS:
        raise InputError(f"{out}: the ending says the format; use .npy, .npz or .h5")
    if out.exists() and not force:
        raise InputError(f"{out}: exists; choose another name with -o, or replace it with --force")
    return out


def _generators(text: str) -> Any:
    try:
        return read_generators(text)
    except InputError as error:
        raise InputError(str(error).removeprefix("--generators ")) from error


def _numbers(text: str, k: int) -> np.ndarray:
    try:
        values = np.array([float(word) for word in text.split(",")])
    except ValueError:
        raise InputError(f"-t {text}: write numbers with commas between them, such as -t 0.1,0.2") from None
    if len(values) != k:
        raise InputError(f"-t {text}: {len(values)} given, but there are k = {k} generators; give one t for each")
    if not np.isfinite(values).all():
        raise InputError(f"-t {text}: give finite numbers")
    return values


# --- the transformed samples


class _Given(NamedTuple):
    """The same t for all samples."""

    t: np.ndarray

    def __call__(self, rows: int) -> np.ndarray:
        return np.broadcast_to(self.t, (rows, len(self.t)))


class _Drawn:
    """t ~ N(0, sd^2), one stream for all samples: what a sample gets does not depend on the blocks."""

    def __init__(self, sd: float, seed: int, k: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._sd = sd
        self._k = k

    def __call__(self, rows: int) -> np.ndarray:
        return self._sd * self._rng.standard_normal((rows, self._k))


def _transformed(
    data: DataSet, transform: Transform, draw: _Given | _Drawn, repeat: int
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Blocks of what is written, by name, in the axes of the user; how many samples stand before each."""
    rows = max(1, min(data.chunk_rows, MOST_T // transform.k))
    for chunk in data.chunks():
        count = len(chunk.x)
        y = _stored_y(data, chunk.start, count) if chunk.y is not None and transform.output is None else None
        for low in range(0, count * repeat, rows):
            source = np.arange(low, min(low + rows, count * repeat)) // repeat
            t = draw(len(source))
            block = transform(chunk.x[source], t)
            blocks = {"x": arranged_back(block, data.layout, data.x_shape), "t": t}
            if y is not None:
                blocks["y"] = y.take(source, axis=data.columns["y"].axis)
            elif chunk.y is not None:
                blocks["y"] = _restored_y(data, transform.on_output(chunk.y[source], t))
            blocks["group"] = chunk.start + source if chunk.group is None else chunk.group[source]
            yield chunk.start * repeat + low, blocks


def _stored_y(data: DataSet, start: int, count: int) -> np.ndarray:
    return data.columns["y"].read(start, start + count)


def _restored_y(data: DataSet, y: np.ndarray) -> np.ndarray:
    """(b, c) in the axes of the user: those of x where y has its shape, else samples first."""
    shape = data.columns["y"].shape
    if shape == data.x_shape:
        return arranged_back(y, data.layout, shape)
    return y.reshape(len(y), *shape[1:])


def _arrays(data: DataSet, transform: Transform, draw: _Given | _Drawn, repeat: int, out: Path) -> dict[str, NewArray]:
    samples = data.samples * repeat
    arrays = {"x": _repeated(data, "x", repeat, result_dtype(data.x_dtype))}
    if out.suffix == ".npy":
        return arrays
    if "y" in data.columns:
        stored = data.columns["y"].dtype
        kept = stored.newbyteorder("=") if transform.output is None else result_dtype(stored)
        arrays["y"] = _repeated(data, "y", repeat, kept)
    if isinstance(draw, _Drawn):
        arrays["t"] = NewArray((samples, transform.k), np.dtype(np.float64))
    if data.has_group or repeat > 1:
        arrays["group"] = NewArray((samples,), np.dtype(np.uint64))
    return arrays


def _repeated(data: DataSet, role: str, repeat: int, dtype: np.dtype) -> NewArray:
    column = data.columns[role]
    shape = (*column.shape[: column.axis], column.samples * repeat, *column.shape[column.axis + 1 :])
    return NewArray(shape, dtype, column.axis)


def _attributes(data: DataSet) -> dict[str, Any]:
    """What lets `fit` read the output as it read the input."""
    known = {"kind": data.kind, "axes": data.axes, "dt": data.dt, "spacing": data.spacing}
    if data.periodic_time:
        known["periodic"] = "s,t" if data.periodic and all(data.periodic) else "t"
    elif data.periodic:
        known["periodic"] = ",".join("yes" if wraps else "no" for wraps in data.periodic)
    return {name: value for name, value in known.items() if value is not None}


def _written(out: Path, arrays: Mapping[str, NewArray], transform: Transform) -> str:
    listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    basis = {"canonical": "canonical basis", "generators": "basis of Frobenius norm 1", "given": "as given"}
    plural = "s" if transform.k > 1 else ""
    return f"{out}: {listed}; {transform.k} generator{plural}, {basis[transform.basis]}"
