"""HDF5 files: every link is resolved here, and a dataset is checked before a byte of it is read.

HDF5 itself would follow external links, external storage and virtual sources to any file of the host, and fills what is
missing with zeros.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from ..errors import InputError, SymdiscError
from . import attributes
from .chunks import chunks_are_sound
from .files import Handle, guarded, open_hdf5, open_regular
from .hdf5_source import Hdf5Source
from .layouts.columns import place_of
from .listing import ArrayInfo, described
from .memory import format_size
from .sources import require_numbers
from .tree import Tree

# deflate, shuffle, fletcher32, szip, nbit, scaleoffset, lzf: other filters load plugins, code from elsewhere.
FILTERS = {1, 2, 3, 4, 5, 6, 32000}
_PLUGINS = {
    307: "bzip2",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32026: "blosc2",
}
# Groups in which PyTables keeps the index of a table: no data.
INDEX = b"_i_"
_HOPS = 16
_LISTED = 20000
_SPARSE = 100
_LONGEST_SCALE = 10**7
_LARGE = 1 << 30
_OBJECTS = {h5py.h5g.GroupID: h5py.Group, h5py.h5d.DatasetID: h5py.Dataset}
_EXTERNAL = "leaves the folder of the file; copy the data into one file (h5repack), or add --allow-external"


class Hdf5Container:
    """An open HDF5 file and those files that it links to.

    Args:
        handle: the opened file.
        allow_external: whether links, storage and virtual data may leave its folder.
        root: the folder they must not leave; that of the first file.
    """

    def __init__(self, handle: Handle, allow_external: bool = False, root: str | None = None) -> None:
        assert handle.path is not None
        self.label = handle.label
        self.handles = [handle]
        self._folder = os.path.dirname(os.path.realpath(handle.path))
        self._root = root or self._folder
        self._allow = allow_external
        self._file = open_hdf5(handle)
        with guarded(handle.label):
            self._top = self._file["/"].id
        self._others: dict[str, Hdf5Container] = {}
        self._words: dict[str, dict[str, dict[str, list[str]]]] = {}
        self.damaged_words: InputError | None = None
        self.listed: list[ArrayInfo] | None = None

    # --- finding objects

    def exists(self, path: str) -> bool:
        """Whether `path` leads to a dataset; links that must not be followed are errors.

        Raises:
            InputError: the path goes through a refused link.
        """
        return isinstance(self._walk(path)[1], h5py.Dataset)

    def place(self, path: str) -> h5py.HLObject | None:
        """The group or dataset at a path ("" is the root); None where there is none.

        Raises:
            InputError: the path goes through a refused link.
        """
        return self._walk(path)[1]

    @property
    def tree(self) -> Tree:
        """The file as layouts see it."""
        from .hdf5_tree import Hdf5Tree

        return Hdf5Tree(self)

    def _walk(self, path: str, hops: int = _HOPS) -> tuple[Hdf5Container, h5py.HLObject | None]:
        """The file that owns an object, and the object; None where there is none."""
        with guarded(self.label, f"`{path}`"):
            return self._follow(path, hops)

    def _follow(self, path: str, hops: int) -> tuple[Hdf5Container, h5py.HLObject | None]:
        if hops < 0:
            raise InputError(f"{self.label}: `{path}` is a chain of links without end; name the array itself")
        words = [word for word in path.split("/") if word not in ("", ".")]
        here = self._top
        for place, word in enumerate(words):
            rest, name = words[place + 1 :], word.encode()
            if not isinstance(here, h5py.h5g.GroupID) or not here.links.exists(name):
                return self, None
            kind = here.links.get_info(name).type
            if kind == h5py.h5l.TYPE_HARD:
                here = h5py.h5o.open(here, name)
            elif kind == h5py.h5l.TYPE_SOFT:
                target = here.links.get_val(name).decode()
                start = [] if target.startswith("/") else words[:place]
                return self._follow("/".join([*start, target, *rest]), hops - 1)
            elif kind == h5py.h5l.TYPE_EXTERNAL:
                file, target = (part.decode() for part in here.links.get_val(name))
                other = self._neighbour(file, f"`{'/'.join(words[: place + 1])}` links to {file}, which")
                return other._follow("/".join([target, *rest]), hops - 1)
            else:
                raise InputError(f"{self.label}: `{path}` is a link of a kind of its own; copy the data (h5repack)")
        return self, _OBJECTS.get(type(here), h5py.Datatype)(here)

    def _inside(self, file: str, what: str) -> str:
        path = os.path.realpath(os.path.join(self._folder, file))
        if not self._allow and os.path.commonpath([path, self._root]) != self._root:
            raise InputError(f"{self.label}: {what} {_EXTERNAL}")
        return path

    def _neighbour(self, file: str, what: str) -> Hdf5Container:
        path = self._inside(file, what)
        if not os.path.exists(path):
            raise InputError(f"{self.label}: {what} is not there; bring it here, or copy the data into one file")
        if path not in self._others:
            handle = open_regular(path)
            try:
                self._others[path] = Hdf5Container(handle, self._allow, self._root)
            except BaseException:
                handle.close()
                raise
            self.handles.append(handle)
        return self._others[path]

    def _found(self, path: str) -> h5py.Dataset:
        found = self._walk(path)[1]
        assert isinstance(found, h5py.Dataset)
        return found

    # --- checking datasets

    def _dataset(self, path: str, hops: int = _HOPS) -> h5py.Dataset | None:
        """The dataset, checked; None where there is none.

        Raises:
            InputError: anything that must not or cannot be read.
        """
        owner, found = self._walk(path, hops)
        if not isinstance(found, h5py.Dataset):
            return None
        label = f"{self.label}: `{path}`"
        with guarded(label):
            owner._check_storage(found, label, hops)
        return found

    def _check_storage(self, dataset: h5py.Dataset, label: str, hops: int) -> None:
        if dataset.shape is None:
            raise InputError(f"{label} is empty; name an array with values")
        plan = dataset.id.get_create_plist()
        for index in range(plan.get_nfilters()):
            code, _, _, name = plan.get_filter(index)
            if code not in FILTERS:
                word = name.decode("ascii", "replace").strip("\0") or _PLUGINS.get(code, "unnamed")
                raise InputError(
                    f"{label} is packed by filter {code} ({word}), which is not read; repack it (h5repack -f GZIP=4)"
                )
        if plan.get_external_count():
            self._check_external(plan, label)
        elif plan.get_layout() == h5py.h5d.VIRTUAL:
            self._check_virtual(dataset, label, hops)
        else:
            self._check_written(dataset, label)

    def _check_external(self, plan: Any, label: str) -> None:
        # HDF5 resolves relative names against the working directory, not against the file: only absolute
        # names are certain.
        for index in range(plan.get_external_count()):
            name = plan.get_external(index)[0].decode()
            inside = os.path.isabs(name) and self._is_inside(name)
            if not self._allow and not inside:
                raise InputError(f"{label} has its values in {name}, storage that {_EXTERNAL}")
            open_regular(name).close()

    def _is_inside(self, name: str) -> bool:
        return os.path.commonpath([os.path.realpath(name), self._root]) == self._root

    def _check_virtual(self, dataset: h5py.Dataset, label: str, hops: int) -> None:
        if os.environ.get("HDF5_VDS_PREFIX") and not self._allow:
            raise InputError(f"{label} is virtual and HDF5_VDS_PREFIX is set; unset it")
        for source in dataset.virtual_sources():
            name, path = source.file_name, source.dset_name
            if "%" in name or "%" in path:
                raise InputError(f"{label} is virtual with numbered sources, which are not read; repack it (h5repack)")
            owner = self if name == "." else self._neighbour(name, f"`{dataset.name}` takes values from {name}, which")
            if owner._dataset(path, hops - 1) is None:
                raise InputError(f"{label} takes values from `{path}` of {name}, which is not there; repack it")

    def _check_written(self, dataset: h5py.Dataset, label: str) -> None:
        if not dataset.size:
            return
        if not dataset.id.get_storage_size():
            raise InputError(f"{label} was declared, but no value was ever written to it; write the file again")
        if dataset.chunks is None:
            offset = dataset.id.get_offset()
            size = os.stat(self._file.filename).st_size
            if offset is not None and offset + dataset.nbytes > size:
                raise InputError(
                    f"{label} declares {format_size(dataset.nbytes)}, more than the file has; it was cut short"
                )
            return
        if not chunks_are_sound(dataset, os.stat(self._file.filename).st_size):
            raise InputError(f"{label} has chunks that lie where none can be; the file is damaged, write it again")
        if dataset.nbytes > _LARGE and self._written(dataset) * _SPARSE < 1:
            raise InputError(
                f"{label} declares {format_size(dataset.nbytes)}, of which less than 1 % was ever written; "
                "give a slice of what was"
            )

    @staticmethod
    def _written(dataset: h5py.Dataset) -> float:
        """Share of the chunks that were written."""
        needed = math.prod(-(-size // step) for size, step in zip(dataset.shape, dataset.chunks, strict=True))
        return dataset.id.get_num_chunks() / max(needed, 1)

    def source(self, path: str, fields: tuple[str, ...], text: bool = False) -> Hdf5Source:
        """A dataset, or a field of a compound one.

        Raises:
            InputError: not there, refused, or no real numbers.
        """
        label = f"{self.label}: `{path}`"
        dataset = self._dataset(path)
        if dataset is None:
            raise InputError(f"{label} is no array; name one that is listed by `symdisc inspect`")
        column = self._column(path, dataset, fields)
        if column is not None:
            return Hdf5Source(label, dataset, column[:1], column[1])
        with guarded(label):
            dtype = dataset.dtype
            for field in fields:
                if not dtype.names or field not in dtype.names:
                    there = ", ".join(f"`.{name}`" for name in (dtype.names or ())[:10]) or "none"
                    raise InputError(f"{label} has no field `{field}`; its fields: {there}")
                dtype = dtype[field]
            if dtype.kind == "O":
                raise InputError(f"{label} holds {_of_objects(dtype)}")
            require_numbers(dtype.base, label, text)
            return Hdf5Source(label, dataset, fields)

    def _column(self, path: str, dataset: h5py.Dataset, fields: tuple[str, ...]) -> tuple[str, int] | None:
        """Block and place of a column of a pandas table; None where `fields` is no name of one."""
        if not fields or not dataset.dtype.names or fields[0] in dataset.dtype.names:
            return None
        return place_of(self.tree, path, ".".join(fields))

    # --- what is in it

    def arrays(self) -> list[ArrayInfo]:
        """All datasets, and links that lead to one; refused ones with the reason."""
        if self.listed is None:
            found: list[ArrayInfo] = []
            with guarded(self.label, "its list of arrays"):
                for path in self._paths():
                    if len(found) >= _LISTED:
                        break
                    found += self._info(path)
            self.listed = found
        return list(self.listed)

    def _paths(self) -> Iterator[str]:
        """Paths of everything that is no group, breadth first, each object once."""
        seen: set[int] = set()
        waiting = [("", self._top)]
        while waiting:
            below = []
            for prefix, group in waiting:
                for name, kind in _links(group):
                    word = prefix + name.decode("utf-8", "surrogateescape")
                    if kind != h5py.h5l.TYPE_HARD:
                        yield word
                        continue
                    info = h5py.h5o.get_info(group, name)
                    if info.addr in seen:
                        continue
                    seen.add(info.addr)
                    if info.type == h5py.h5o.TYPE_GROUP:
                        if name.startswith(INDEX):
                            continue
                        below.append((word + "/", h5py.h5g.open(group, name)))
                    elif info.type == h5py.h5o.TYPE_DATASET:
                        yield word
                if len(seen) > _LISTED:
                    return
            waiting = below

    def _info(self, path: str) -> list[ArrayInfo]:
        try:
            dataset = self._dataset(path)
            if dataset is None:
                return []
            with guarded(f"{self.label}: `{path}`"):
                dtype, shape, note = dataset.dtype, dataset.shape, self._note(dataset)
        except SymdiscError as error:
            return [ArrayInfo(path, (), "", "", self._why(error, path))]
        columns = [(path, dtype, shape)]
        if dtype.names:
            columns = [(f"{path}.{name}", dtype[name].base, shape + dtype[name].shape) for name in dtype.names]
        return [
            ArrayInfo(name, size, str(kind), note, f"holds {_of_objects(kind)}")
            if kind.kind == "O"
            else described(name, kind, size, note)
            for name, kind, size in columns
        ]

    def _why(self, error: Exception, path: str) -> str:
        text = str(error).removeprefix(f"{self.label}: ")
        return text.removeprefix(f"`{path}`").removeprefix(":").strip()

    def _note(self, dataset: h5py.Dataset) -> str:
        notes = []
        if attributes.fixed(dataset, "CLASS") == "DIMENSION_SCALE":
            notes.append("dimension scale")
        if dataset.chunks is not None:
            packed = f", {dataset.compression}" if dataset.compression else ""
            notes.append(f"chunks {dataset.chunks}{packed}")
            if dataset.id.get_storage_size() and self._written(dataset) < 1:
                notes.append("some chunks were never written and read as the fill value")
        return "; ".join(notes)

    # --- attributes

    def attribute(self, path: str, name: str) -> Any:
        """Attribute of the dataset, else of the root group, if it is a number, a short list or text."""
        with guarded(self.label, f"attribute `{name}`"):
            value = attributes.fixed(self._found(path), name)
            words = self._variable(path)["dataset"].get(name)
            if value is None and not words:
                value = attributes.fixed(self._file, name)
                words = self._variable(path)["root"].get(name)
            return words[0] if value is None and words else value

    def labels(self, path: str) -> tuple[str, ...]:
        """The dimension labels of a dataset, "" where an axis has none; () if none has."""
        with guarded(self.label, "its dimension labels"):
            labels = self._variable(path)["dataset"].get("DIMENSION_LABELS", [])
            rank = len(self._found(path).shape)
            return tuple(labels) if len(labels) == rank and any(labels) else ()

    def step(self, path: str, axis: int) -> float | None:
        """Uniform step of the dimension scale of an axis; None without one."""
        with guarded(self.label, "its dimension scales"):
            names = self._variable(path)["dataset"].get("DIMENSION_LIST", [])
            if axis >= len(names) or not names[axis]:
                return None
            size = self._found(path).shape[axis]
            try:
                scale = self.source(names[axis], ())
            except InputError:  # a netCDF dimension without coordinates is a scale that was never written
                return None
            if scale.shape != (size,) or not 2 <= size <= _LONGEST_SCALE:
                return None
            with np.errstate(all="ignore"):
                steps = np.diff(scale.read((slice(0, size, 1),)).astype(float))
                uniform = bool(np.isfinite(steps).all() and np.ptp(steps) <= 1e-3 * steps.mean())
            return float(steps.mean()) if uniform and steps.mean() > 0 else None

    def _variable(self, path: str) -> dict[str, dict[str, list[str]]]:
        if path not in self._words:
            if self.damaged_words is not None and attributes.took_too_long(self.damaged_words):
                raise self.damaged_words
            dataset = self._found(path)
            self._words[path] = {"dataset": {}, "root": {}}
            if attributes.has_variable(dataset) or attributes.has_variable(self._file):
                found = attributes.variable(dataset.file.filename, dataset.name, self.label)
                self._words[path] = found
        return self._words[path]

    def close(self) -> None:
        """Release this file and those it links to."""
        for other in self._others.values():
            other.close()
        self._file.close()
        self.handles[0].close()


def _links(group: Any) -> list[tuple[bytes, int]]:
    """Name and kind of every link of a group, in one pass over its index."""
    found: list[tuple[bytes, int]] = []
    group.links.iterate(lambda name, info: found.append((name, info.type)), info=True)
    return found


def _of_objects(dtype: np.dtype) -> str:
    if h5py.check_string_dtype(dtype):
        return "text of variable length; encode it as numbers (text of fixed length can be group ids)"
    if h5py.check_vlen_dtype(dtype):
        return "rows of different lengths; pad them to one length"
    return "references; name the array that they point to"
