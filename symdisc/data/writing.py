"""Arrays written piece by piece into a new NPY, NPZ or HDF5 file that appears in one step when it is whole."""

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
from typing import Any, Protocol

import numpy as np

from ..errors import ResourceError
from .memory import format_size


@dataclass(frozen=True)
class NewArray:
    """What one array of the output will be; samples along `axis`."""

    shape: tuple[int, ...]
    dtype: np.dtype
    axis: int = 0

    @property
    def nbytes(self) -> int:
        """Size of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


class Store(Protocol):
    """A file under way."""

    def write(self, name: str, place: int, block: np.ndarray) -> None:
        """Samples `place`, `place` + 1, ... of an array, in the axes of the user."""

    def finish(self, path: Path) -> None:
        """Complete the file under its temporary name `path`."""


@contextlib.contextmanager
def new_file(out: Path, arrays: Mapping[str, NewArray], attributes: Mapping[str, Any]) -> Iterator[Store]:
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

    def __init__(self, folder: Path, arrays: Mapping[str, NewArray], attributes: Mapping[str, Any]) -> None:
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

    def __init__(self, folder: Path, arrays: Mapping[str, NewArray], attributes: Mapping[str, Any]) -> None:
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
