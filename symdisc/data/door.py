"""The one door through which user files come in: what a file is, what it holds, small files whole."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import InputError
from .files import Handle, guarded, open_regular, spool_stdin
from .listing import ArrayInfo, Container, described
from .npy import MAGIC, NpySource, open_npy
from .npz import NpzContainer, read_members
from .sources import require_numbers
from .tree import FlatTree, Tree

_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLED = (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".p")


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """All arrays of a small NPZ file, whole; no pickles, sizes checked before allocation.

    Raises:
        InputError: missing, damaged, not NPZ, or with object arrays; names the file and the member.
        ResourceError: it would not fit into memory.
    """
    handle = open_regular(os.fspath(path))
    try:
        if content(handle) != "npz":
            raise InputError(f"{handle.label} is not an NPZ file; write it with numpy.savez")
        return read_members(handle)
    finally:
        handle.close()


def list_arrays(path: str | os.PathLike[str], allow_external: bool = False) -> list[ArrayInfo]:
    """What a file holds, without reading any values; refused arrays with the reason.

    Raises:
        InputError: the file as a whole cannot be read.
    """
    container = open_container(os.fspath(path), allow_external)
    try:
        return container.arrays()
    finally:
        container.close()


def names_in(path: str | os.PathLike[str]) -> list[str]:
    """What --x takes of a file: its arrays of numbers, and the columns of tables that pandas wrote.

    Raises:
        InputError: the file as a whole cannot be read.
    """
    from .layouts.columns import column_names

    container = open_container(os.fspath(path))
    try:
        names = [info.name for info in container.arrays() if info.numeric]
        tables = {name.rpartition(".")[0] for name in names} - {""}
        for table in sorted(tables):
            for block in container.tree.fields(table):
                names += [f"{table}.{column}" for column in column_names(container.tree, table, block) or ()]
        return list(dict.fromkeys(names))
    finally:
        container.close()


def open_container(path: str, allow_external: bool = False) -> Container:
    """Open an HDF5, NPZ or NPY file, told apart by content; `-` is NPY or NPZ on standard input.

    Raises:
        InputError: anything else.
    """
    handle = spool_stdin() if path == "-" else open_regular(path)
    try:
        kind = content(handle)
        if kind == "npz":
            return NpzContainer(handle)
        if kind == "npy":
            return NpyContainer(handle)
        if handle.path is None:
            raise InputError("stdin is HDF5, which needs a file; save it and give its path")
        from .hdf5 import Hdf5Container

        return Hdf5Container(handle, allow_external)
    except BaseException:
        handle.close()
        raise


def content(handle: Handle) -> str:
    """`hdf5`, `npz` or `npy`, by the first bytes.

    Raises:
        InputError: something else; says what it looks like and how to convert it.
    """
    with guarded(handle.label):
        head = handle.read(0, 512)
        place = 0
        while place < handle.size:
            if handle.read(place, 8) == _HDF5:
                return "hdf5"
            place = max(512, place * 2)
    if head[:6] == MAGIC:
        return "npy"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "npz"
    raise InputError(f"{handle.label} {_looks_like(handle, head)}")


def _looks_like(handle: Handle, head: bytes) -> str:
    if (head[:1] == b"\x80" and head[1:2] in b"\1\2\3\4\5") or handle.label.lower().endswith(_PICKLED):
        return (
            "is a pickle, which can run code when it is loaded; where you trust it, convert it: "
            "numpy.savez('data.npz', x=..., y=...)"
        )
    if head[:2] == b"\x1f\x8b":
        return "is packed by gzip; unpack it with gunzip"
    if head.startswith(b"MATLAB 5.0"):
        return "is an old MATLAB file; save it with -v7.3, or convert it: numpy.savez('data.npz', x=...)"
    if head and all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "is text; convert it: numpy.save('x.npy', numpy.loadtxt(FILE, delimiter=','))"
    return "is neither HDF5, NPY nor NPZ; convert it: numpy.savez('data.npz', x=..., y=...)"


class NpyContainer:
    """An open NPY file: one array, named `x`, `y` or by the file's stem, as the user likes."""

    def __init__(self, handle: Handle) -> None:
        self.label = handle.label
        self.handles = [handle]
        self._source = open_npy(handle)
        self._stem = os.path.splitext(handle.name)[0]

    def arrays(self) -> list[ArrayInfo]:
        """The one array."""
        return [described(self._stem, self._source.dtype, self._source.shape, "")]

    def exists(self, path: str) -> bool:
        """Whether `path` is one of its names."""
        return path in ("", "x", "y", "group", self._stem)

    def source(self, path: str, fields: tuple[str, ...], text: bool = False) -> NpySource:
        """The array.

        Raises:
            InputError: text, unless allowed.
        """
        require_numbers(self._source.dtype, self.label, text)
        return self._source

    @property
    def tree(self) -> Tree:
        """Empty: nothing to recognise."""
        return FlatTree(self.label, {})

    def attribute(self, path: str, name: str) -> Any:
        """None: NPY has no attributes."""
        return None

    def labels(self, path: str) -> tuple[str, ...]:
        """None: NPY has no labels."""
        return ()

    def step(self, path: str, axis: int) -> float | None:
        """None: NPY has no scales."""
        return None

    def close(self) -> None:
        """Release the file."""
        for handle in self.handles:
            handle.close()
