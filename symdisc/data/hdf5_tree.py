"""An HDF5 file as the known layouts see it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from ..errors import InputError
from . import attributes
from .files import guarded

if TYPE_CHECKING:
    from .hdf5 import Hdf5Container

LONGEST_COORDINATE = 10**7
_NAMES = 20000
_LONG_TEXT = 1 << 20


class Hdf5Tree:
    """The tree of an HDF5 file; links are followed as they are for arrays."""

    def __init__(self, container: Hdf5Container) -> None:
        self._container = container
        self.label = container.label

    def _place(self, path: str) -> h5py.HLObject | None:
        """A group or dataset; a link that must not be followed leads nowhere: whoever asks for it will be told."""
        try:
            return self._container.place(path)
        except InputError:
            return None

    def children(self, path: str = "") -> list[str]:
        """Names in a group."""
        group = self._place(path)
        if not isinstance(group, h5py.Group):
            return []
        with guarded(self.label, f"`{path}`"):
            if group.id.get_num_objs() > _NAMES:
                return []
            return sorted(name.decode("utf-8", "surrogateescape") for name in group.id)

    def _array(self, path: str) -> h5py.Dataset | None:
        found = self._place(path)
        return found if isinstance(found, h5py.Dataset) and found.shape is not None else None

    def shape(self, path: str) -> tuple[int, ...] | None:
        """Shape of an array."""
        array = self._array(path)
        return None if array is None else array.shape

    def fields(self, path: str) -> dict[str, tuple[int, ...]]:
        """Fields of a compound array."""
        array = self._array(path)
        if array is None:
            return {}
        with guarded(self.label, f"`{path}`"):
            return {name: array.dtype[name].shape for name in array.dtype.names or ()}

    def attributes(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
        """Attributes; those of variable length in a process of their own."""
        found: dict[str, dict[str, Any]] = {}
        later: dict[str, list[str]] = {}
        file = None
        for path, names in wanted.items():
            place = self._place(path)
            found[path] = {}
            if place is None:
                continue
            with guarded(self.label, f"attributes of `{path or '/'}`"):
                for name in names:
                    if attributes.is_variable(place, name):
                        file = place.file.filename
                        later.setdefault(path, []).append(name)
                    elif (value := attributes.fixed(place, name)) is not None:
                        found[path][name] = value
        for path, items in (self._words(file, later) if file is not None else {}).items():
            for name, words in items.items():
                found[path][name] = words[0] if len(words) == 1 else words
        return found

    def _words(self, file: str, wanted: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
        """Text attributes of variable length; none any more once some were found damaged, which takes time."""
        if self._container.damaged_words is not None:
            return {}
        try:
            return attributes.words(file, wanted, self.label)
        except InputError as error:
            self._container.damaged_words = error
            return {}

    def raw(self, path: str, name: str) -> bytes | None:
        """The bytes of a text attribute of fixed length."""
        place = self._place(path)
        if place is None:
            return None
        with guarded(self.label, f"attribute `{name}` of `{path}`"):
            return attributes.raw(place, name, _LONG_TEXT)

    def coordinate(self, path: str) -> np.ndarray | None:
        """A small array of numbers."""
        array = self._array(path)
        if array is None or array.dtype.kind not in "iuf" or math.prod(array.shape) > LONGEST_COORDINATE:
            return None
        try:
            source = self._container.source(path, ())
            return source.read(tuple(slice(0, size, 1) for size in source.shape)).astype(np.float64)
        except InputError:  # damaged; or a netCDF dimension without coordinates, a scale that was never written
            return None
