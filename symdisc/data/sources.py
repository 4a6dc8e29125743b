"""Arrays that can be read in blocks, wherever they are; what a user selected of them; several as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..errors import InputError
from .selection import Span


class Source(Protocol):
    """An array that is read block by block.

    Attributes:
        label: what messages call it.
        shape, dtype: as stored.
        chunks: block shape of its storage, or None where rows lie one after the other.
    """

    label: str
    shape: tuple[int, ...]
    dtype: np.dtype
    chunks: tuple[int, ...] | None

    def read(self, slices: tuple[slice, ...]) -> np.ndarray:
        """A block, by one forward slice an axis."""

    def outer(self, axis: int) -> bool:
        """Whether `axis` is the slowest in storage."""


class ArraySource:
    """An array in memory."""

    chunks: tuple[int, ...] | None = None

    def __init__(self, array: np.ndarray, label: str) -> None:
        self.array = array
        self.label = label
        self.shape = array.shape
        self.dtype = array.dtype

    def read(self, slices: tuple[slice, ...]) -> np.ndarray:
        """A view of the block."""
        return self.array[slices]

    def outer(self, axis: int) -> bool:
        """Memory is fast enough in any order."""
        return True


def require_numbers(dtype: np.dtype, label: str, text: bool = False) -> None:
    """Refuse what is no array of real numbers.

    Args:
        dtype: element type as stored.
        label: what messages call the array.
        text: whether fixed-length strings are fine too (group ids).

    Raises:
        InputError: complex, objects, strings, compound, dates and the like.
    """
    if dtype.kind in "biuf" or (text and dtype.kind in "SU"):
        return
    if dtype.kind == "c":
        raise InputError(f"{label} is complex; store real and imaginary parts side by side as a real array")
    if dtype.names:
        fields = ", ".join(f"`.{name}`" for name in dtype.names[:10])
        raise InputError(f"{label} is compound; add one of its fields to the name: {fields}")
    if dtype.kind == "O":
        raise InputError(f"{label} holds Python objects; convert it to a numeric array where you trust it")
    if dtype.kind in "SU":
        raise InputError(f"{label} holds text; encode it as numbers")
    kind = "raw bytes" if dtype.kind == "V" else dtype
    raise InputError(f"{label} holds {kind}, not real numbers; convert it to integers or floats")


class View:
    """What the user selected of a source.

    Args:
        source: the stored array.
        spans: one for each stored axis.
        file: label of the file.
        name: the user's name for the array.
    """

    def __init__(self, source: Source, spans: tuple[Span, ...], file: str, name: str) -> None:
        self.source = source
        self.spans = spans
        self.file = file
        self.name = name
        self.shape = tuple(span.count for span in spans if span.kept)
        self.dtype = source.dtype
        self.kept = [axis for axis, span in enumerate(spans) if span.kept]

    def read(self, axis: int, start: int, stop: int) -> np.ndarray:
        """Entries start..stop-1 of `axis`, all of the others, in the user's axes."""
        stored = self.kept[axis] if self.kept else -1
        slices, after = [], []
        for place, span in enumerate(self.spans):
            part, reverse = span.part(start, stop) if place == stored else span.part(0, span.count)
            slices.append(part)
            after.append(0 if not span.kept else slice(None, None, -1 if reverse else 1))
        return self.source.read(tuple(slices))[tuple(after)]

    def read_all(self) -> np.ndarray:
        """The whole selection."""
        return self.read(0, 0, self.shape[0]) if self.shape else self.source.read(())

    def scattered(self, axis: int) -> bool:
        """Whether a sample is not contiguous in storage, so that few large reads pay."""
        return self.source.chunks is None and not self.source.outer(self.kept[axis])

    def block(self, axis: int) -> int:
        """How many samples storage keeps together."""
        return 1 if self.source.chunks is None else self.source.chunks[self.kept[axis]]


@dataclass(frozen=True)
class Column:
    """One array of the data set, joined along its sample axis from one or several files."""

    role: str
    parts: Sequence[View]
    axis: int

    @property
    def samples(self) -> int:
        """Samples in all files."""
        return sum(part.shape[self.axis] for part in self.parts)

    @property
    def shape(self) -> tuple[int, ...]:
        """Full shape."""
        first = self.parts[0].shape
        return (*first[: self.axis], self.samples, *first[self.axis + 1 :])

    @property
    def dtype(self) -> np.dtype:
        """Type that holds all parts."""
        return np.result_type(*(part.dtype for part in self.parts))

    @property
    def row_items(self) -> int:
        """Numbers in one sample."""
        shape = self.shape
        return int(np.prod(shape[: self.axis] + shape[self.axis + 1 :], dtype=object))

    def read(self, start: int, stop: int) -> np.ndarray:
        """Samples start..stop-1, in the user's axes and the stored type."""
        blocks = [part.read(self.axis, first, last) for part, first, last in self._pieces(start, stop)]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=self.axis)

    def _pieces(self, start: int, stop: int) -> list[tuple[View, int, int]]:
        pieces, offset = [], 0
        for part in self.parts:
            size = part.shape[self.axis]
            first, last = max(start - offset, 0), min(stop - offset, size)
            if first < last:
                pieces.append((part, first, last))
            offset += size
        return pieces

    def locate(self, index: tuple[int, ...]) -> tuple[View, tuple[int, ...]]:
        """The part that holds a global index, and the index within it."""
        ((part, first, _),) = self._pieces(index[self.axis], index[self.axis] + 1)
        return part, (*index[: self.axis], first, *index[self.axis + 1 :])
