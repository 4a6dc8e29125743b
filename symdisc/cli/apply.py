"""`symdisc apply`: data transformed by the group that generators make."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import click
import numpy as np

from ..data import DataSet
from ..data.memory import format_size
from ..discover.named import read_generators
from ..discover.task import Progress
from ..errors import InputError, ResourceError
from ..transform import BASES, Transform, arranged_back, result_dtype
from .common import Output, data_options, open_data, output_options, progress_bar

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
        with progress_bar(output) as watch, _new_file(out, arrays, _attributes(data)) as store:
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


@dataclass(frozen=True)
class _Array:
    """What one array of the output will be; samples along `axis`."""

    shape: tuple[int, ...]
    dtype: np.dtype
    axis: int = 0

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def _arrays(data: DataSet, transform: Transform, draw: _Given | _Drawn, repeat: int, out: Path) -> dict[str, _Array]:
    samples = data.samples * repeat
    arrays = {"x": _repeated(data, "x", repeat, result_dtype(data.x_dtype))}
    if out.suffix == ".npy":
        return arrays
    if "y" in data.columns:
        stored = data.columns["y"].dtype
        kept = stored.newbyteorder("=") if transform.output is None else result_dtype(stored)
        arrays["y"] = _repeated(data, "y", repeat, kept)
    if isinstance(draw, _Drawn):
        arrays["t"] = _Array((samples, transform.k), np.dtype(np.float64))
    if data.has_group or repeat > 1:
        arrays["group"] = _Array((samples,), np.dtype(np.uint64))
    return arrays


def _repeated(data: DataSet, role: str, repeat: int, dtype: np.dtype) -> _Array:
    column = data.columns[role]
    shape = (*column.shape[: column.axis], column.samples * repeat, *column.shape[column.axis + 1 :])
    return _Array(shape, dtype, column.axis)


def _attributes(data: DataSet) -> dict[str, Any]:
    """What lets `fit` read the output as it read the input."""
    known = {"kind": data.kind, "axes": data.axes, "dt": data.dt, "spacing": data.spacing}
    if data.periodic_time:
        known["periodic"] = "s,t" if data.periodic and all(data.periodic) else "t"
    elif data.periodic:
        known["periodic"] = ",".join("yes" if wraps else "no" for wraps in data.periodic)
    return {name: value for name, value in known.items() if value is not None}


def _written(out: Path, arrays: Mapping[str, _Array], transform: Transform) -> str:
    listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    basis = {"canonical": "canonical basis", "generators": "basis of Frobenius norm 1", "given": "as given"}
    plural = "s" if transform.k > 1 else ""
    return f"{out}: {listed}; {transform.k} generator{plural}, {basis[transform.basis]}"


# --- the file


class _Store(Protocol):
    """A file under way."""

    def write(self, name: str, place: int, block: np.ndarray) -> None:
        """Samples `place`, `place` + 1, ... of an array, in the axes of the user."""

    def finish(self, path: Path) -> None:
        """Complete the file under its temporary name `path`."""


@contextlib.contextmanager
def _new_file(out: Path, arrays: Mapping[str, _Array], attributes: Mapping[str, Any]) -> Iterator[_Store]:
    """A store that becomes `out` in one step when all is written; on failure the old file stays whole.

    Raises:
        ResourceError: the folder is missing, read-only or too full.
    """
    try:
        need = sum(array.nbytes for array in arrays.values()) * (2 if out.suffix == ".npz" else 1)
        free = shutil.disk_usage(out.parent).free
        if need > free:
            raise ResourceError(
                f"{out}: writing takes {format_size(need)} of disk, and {format_size(free)} are free; "
                "free space, or choose another place with -o"
            )
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent) as folder:
            build = _Hdf5 if out.suffix in (".h5", ".hdf5") else _Npy
            with build(Path(folder), arrays, attributes) as store:
                yield store
                done = Path(folder, f"done{out.suffix}")
                store.finish(done)
            with done.open("rb") as file:
                os.fsync(file.fileno())
            done.replace(out)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResourceError(
            f"{out}: cannot be written ({reason}); free space, or choose another place with -o"
        ) from error


class _Npy(contextlib.ExitStack):
    """One NPY file an array, in the end the only one or packed into an NPZ."""

    def __init__(self, folder: Path, arrays: Mapping[str, _Array], attributes: Mapping[str, Any]) -> None:
        super().__init__()
        self._arrays, self._attributes = arrays, attributes
        self._files = {name: self.enter_context((folder / f"{name}.npy").open("wb")) for name in arrays}
        self._starts = {}
        for name, array in arrays.items():
            head = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
            np.lib.format.write_array_header_1_0(self._files[name], head)
            self._starts[name] = self._files[name].tell()

    def write(self, name: str, place: int, block: np.ndarray) -> None:
        """Samples from `place` on: one run of bytes for each index of the axes before theirs."""
        array, file = self._arrays[name], self._files[name]
        before = math.prod(array.shape[: array.axis])
        step = array.dtype.itemsize * math.prod(array.shape[array.axis + 1 :])
        runs = np.ascontiguousarray(block, dtype=array.dtype).reshape(before, -1)
        for row, run in enumerate(runs):
            file.seek(self._starts[name] + step * (row * array.shape[array.axis] + place))
            file.write(run.data)

    def finish(self, path: Path) -> None:
        """The NPY file of x, or an NPZ file with equal bytes for equal arrays."""
        for file in self._files.values():
            file.flush()
        if path.suffix == ".npy":
            Path(self._files["x"].name).replace(path)
            return
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, file in self._files.items():
                with Path(file.name).open("rb") as source, _member(archive, name, Path(file.name).stat().st_size) as to:
                    shutil.copyfileobj(source, to, 1 << 20)
            for name, value in self._attributes.items():
                with _member(archive, name, 0) as to:
                    np.lib.format.write_array(to, np.array(value), allow_pickle=False)


def _member(archive: zipfile.ZipFile, name: str, size: int) -> Any:
    entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    entry.file_size = size
    return archive.open(entry, "w")


class _Hdf5(contextlib.ExitStack):
    """Datasets of one HDF5 file, the axes of x as dimension labels, the rest as attributes of the file."""

    def __init__(self, folder: Path, arrays: Mapping[str, _Array], attributes: Mapping[str, Any]) -> None:
        import h5py

        super().__init__()
        self._path = folder / "new.h5"
        self._file = self.enter_context(h5py.File(self._path, "w"))
        self._arrays = arrays
        for name, array in arrays.items():
            self._file.create_dataset(name, array.shape, array.dtype, track_times=False)
        for axis, letter in enumerate(attributes["axes"]):
            self._file["x"].dims[axis].label = letter
        self._file.attrs.update({name: value for name, value in attributes.items() if name != "axes"})

    def write(self, name: str, place: int, block: np.ndarray) -> None:
        """Samples from `place` on."""
        axis = self._arrays[name].axis
        self._file[name][(slice(None),) * axis + (slice(place, place + block.shape[axis]),)] = block

    def finish(self, path: Path) -> None:
        """The file as it is."""
        self._file.close()
        self._path.replace(path)
