"""Safetensors files, whole: the header is checked against the true size before anything is allocated."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..atomic import SAFETENSORS_TYPES
from ..errors import InputError, ResourceError
from .files import Handle, open_regular
from .memory import budget, format_size
from .text import once

LARGEST_HEADER = 100_000_000
"""The format's own limit."""
_MOST_AXES = 32


@dataclass(frozen=True)
class _Entry:
    name: str
    code: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def dtype(self) -> np.dtype:
        """As stored; brain floats as the upper halves of float32."""
        return np.dtype("<u2" if self.code == "BF16" else SAFETENSORS_TYPES[self.code])


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All arrays of a safetensors file, in the order of their values, and its metadata.

    Brain floats (BF16) become float32, which holds them exactly; all else keeps its element type, little endian.

    Raises:
        InputError: missing, damaged, or with elements that NumPy lacks; names the file and the array.
        ResourceError: it would not fit into memory.
    """
    handle = open_regular(os.fspath(path))
    try:
        entries, metadata, offset = _header(handle)
        need = sum(entry.stop - entry.start for entry in entries)
        if 2 * need > budget(None):
            raise ResourceError(f"{handle.label} needs {format_size(2 * need)} of memory at once; free some")
        arrays = {entry.name: _values(handle, entry, offset) for entry in entries}
        handle.check_unchanged()
        return arrays, metadata
    finally:
        handle.close()


def _values(handle: Handle, entry: _Entry, offset: int) -> np.ndarray:
    array = np.empty(entry.shape, entry.dtype)
    if array.nbytes:
        handle.read_into(offset + entry.start, array.reshape(-1).view(np.uint8).data)
    if entry.code == "BOOL" and (array.view(np.uint8) > 1).any():
        raise InputError(f"{handle.label}: `{entry.name}` holds booleans other than 0 and 1; write it again")
    if entry.code == "BF16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def _header(handle: Handle) -> tuple[list[_Entry], dict[str, str], int]:
    """Checked entries in the order of their values, the metadata, and where the values start."""
    label = handle.label
    length = int.from_bytes(handle.read(0, 8), "little")
    if handle.size < 10 or length > handle.size - 8 or handle.read(8, 1) != b"{":
        raise InputError(f"{label} is not a safetensors file; write it with safetensors.numpy.save_file")
    if length > LARGEST_HEADER:
        raise InputError(f"{label} has a header of {format_size(length)}; the format allows 100 MB")
    try:
        header = json.loads(handle.read(8, length).decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{label}: its header cannot be read ({error}); the file is damaged, write it again") from None
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise InputError(f"{label}: its __metadata__ is not text to text; write it again")
    entries = sorted((_entry(label, name, said) for name, said in header.items()), key=lambda entry: entry.stop)
    place = 0
    for entry in sorted(entries, key=lambda entry: (entry.start, entry.stop)):
        if entry.start != place:
            raise InputError(
                f"{label}: `{entry.name}` starts at byte {entry.start} of the values, not at {place}; "
                "the file is damaged, write it again"
            )
        place = entry.stop
    if place != handle.size - 8 - length:
        raise InputError(
            f"{label} declares {format_size(place)} of values, but {format_size(handle.size - 8 - length)} follow; "
            "it was cut short or damaged, write it again"
        )
    return entries, metadata, 8 + length


def _entry(label: str, name: str, said: Any) -> _Entry:
    fault = InputError(f"{label}: the header of `{name}` is no type, shape and place; the file is damaged")
    if not isinstance(said, dict) or set(said) != {"dtype", "shape", "data_offsets"}:
        raise fault
    code, shape, place = said["dtype"], said["shape"], said["data_offsets"]
    if not isinstance(code, str) or not _counts(shape) or not _counts(place) or len(place) != 2:
        raise fault
    if code != "BF16" and code not in SAFETENSORS_TYPES:
        known = ", ".join([*SAFETENSORS_TYPES, "BF16"])
        raise InputError(f"{label}: `{name}` has elements of type {code[:20]!r}; read here are {known}")
    entry = _Entry(name, code, tuple(shape), *place)
    if len(shape) > _MOST_AXES or entry.stop - entry.start != math.prod(shape) * entry.dtype.itemsize:
        raise InputError(
            f"{label}: `{name}` declares {code} of shape {entry.shape}, but {entry.stop - entry.start} bytes; "
            "the file is damaged, write it again"
        )
    return entry


def _counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)
