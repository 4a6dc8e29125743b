"""Arrays made of several: components side by side, one sample a group, rows folded; read piece by piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..errors import InputError
from .selection import spans
from .sources import Source, View


class Joined:
    """Arrays side by side along one last axis, `A+B`.

    Args:
        sources: all with the same `lead` first axes; what is left of each is flattened.
        lead: how many; None: the rank of the smallest.
        label: what messages call the whole.

    Raises:
        InputError: their first axes differ.
    """

    def __init__(self, sources: Sequence[Source], label: str, lead: int | None = None) -> None:
        self.label = label
        self._sources = sources
        first = min(sources, key=lambda source: len(source.shape))
        lead = len(first.shape) if lead is None else lead
        for source in sources:
            if source.shape[:lead] != first.shape[:lead]:
                raise InputError(
                    f"{source.label} has shape {source.shape}, and {first.label} {first.shape}; arrays joined by + "
                    f"must agree in their first {lead} axes"
                )
        self._lead = lead
        self._widths = [math.prod(source.shape[lead:]) for source in sources]
        self.shape = (*first.shape[:lead], sum(self._widths))
        self.dtype = np.result_type(*(source.dtype for source in sources))
        self.chunks = None
        if all(source.chunks is not None for source in sources):
            blocks = [source.chunks[:lead] for source in sources if source.chunks is not None]
            self.chunks = (*(max(sizes) for sizes in zip(*blocks, strict=True)), self.shape[-1])

    def outer(self, axis: int) -> bool:
        """As its parts."""
        return axis < self._lead and all(source.outer(axis) for source in self._sources)

    def read(self, slices: tuple[slice, ...]) -> np.ndarray:
        """A block; parts that are not asked for are not read."""
        chosen = np.arange(self.shape[-1])[slices[-1]]
        blocks, start = [], 0
        for source, width in zip(self._sources, self._widths, strict=True):
            local = chosen[(chosen >= start) & (chosen < start + width)] - start
            start += width
            if len(local):
                trailing = tuple(slice(0, size, 1) for size in source.shape[self._lead :])
                block = source.read((*slices[:-1], *trailing))
                blocks.append(block.reshape(*block.shape[: self._lead], width)[..., local])
        return np.concatenate(blocks, axis=-1)


class Stacked:
    """Arrays of one shape one behind the other along a new first axis, `*/A`.

    Args:
        sources: opened when they are read.
        label: what messages call the whole.
    """

    def __init__(self, sources: Sequence[Callable[[], Source]], label: str) -> None:
        self.label = label
        self._sources = sources
        first = sources[0]()
        self._each = first.shape
        self.shape = (len(sources), *first.shape)
        self.dtype = first.dtype
        self.chunks = None if first.chunks is None else (1, *first.chunks)

    def outer(self, axis: int) -> bool:
        """One array after the other."""
        return axis == 0

    def read(self, slices: tuple[slice, ...]) -> np.ndarray:
        """A block.

        Raises:
            InputError: an array has another shape than the first.
        """
        blocks = []
        for place in range(self.shape[0])[slices[0]]:
            source = self._sources[place]()
            if source.shape != self._each:
                raise InputError(
                    f"{source.label} has shape {source.shape}, but the first of them has {self._each}; "
                    "arrays read together have one shape"
                )
            blocks.append(source.read(slices[1:]).astype(self.dtype, copy=False))
        return np.stack(blocks)


class Selected:
    """What a user selected of an array, as an array of its own.

    Args:
        view: the selection; it has at least one axis.
    """

    def __init__(self, view: View) -> None:
        self.label = f"{view.file}: `{view.name}`"
        self._view = view
        self.shape, self.dtype = view.shape, view.dtype
        chunks = view.source.chunks
        self.chunks = None if chunks is None else tuple(chunks[axis] for axis in view.kept)

    def outer(self, axis: int) -> bool:
        """As stored."""
        return self._view.source.outer(self._view.kept[axis])

    def read(self, slices: tuple[slice, ...]) -> np.ndarray:
        """A block of slices with step 1."""
        view, taken = self._view, iter(slices)
        stored, after = [], []
        for span in view.spans:
            wanted = next(taken) if span.kept else slice(0, 1)
            part, reverse = span.part(wanted.start, wanted.stop)
            stored.append(part)
            after.append(slice(None, None, -1 if reverse else 1) if span.kept else 0)
        return view.source.read(tuple(stored))[tuple(after)]

    def whole(self, source: Source) -> View:
        """All of an array made of this one, under the same name."""
        return View(source, spans((), source.shape, source.label), self._view.file, self._view.name)


class Folded:
    """The last axis folded into rows of `width` numbers.

    Args:
        source: its last axis is a multiple of `width`.
        width: of a row.
    """

    def __init__(self, source: Source, width: int) -> None:
        self.label = source.label
        self._source = source
        self.shape = (*source.shape[:-1], source.shape[-1] // width, width)
        self.dtype = source.dtype
        self.chunks = None if source.chunks is None else (*source.chunks[:-1], *self.shape[-2:])

    def outer(self, axis: int) -> bool:
        """As it was."""
        return axis < len(self.shape) - 2 and self._source.outer(axis)

    def read(self, slices: tuple[slice, ...]) -> np.ndarray:
        """A block, out of whole rows."""
        block = self._source.read((*slices[:-2], slice(0, self._source.shape[-1], 1)))
        return block.reshape(*block.shape[:-1], *self.shape[-2:])[..., slices[-2], slices[-1]]
