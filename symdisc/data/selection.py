"""Names of arrays as a user types them: `table/table.values_block_0[:, :80]`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import InputError

_ITEM = re.compile(r"\s*(?:(\.\.\.)|([+-]?\d+)|([+-]?\d+)?\s*:\s*([+-]?\d+)?\s*(?::\s*([+-]?\d+)?)?)\s*")


@dataclass(frozen=True)
class Name:
    """A parsed name: the path of an array in its file, fields of a compound array, a NumPy index."""

    path: str
    fields: tuple[str, ...] = ()
    index: tuple[object, ...] = ()
    text: str = ""

    @classmethod
    def parse(cls, text: str, exists: Callable[[str], bool], label: str = "") -> Name:
        """Split `text`, preferring the longest path that is really there: dots and brackets are legal in names.

        Args:
            text: what the user typed.
            exists: whether a path is an array of the file.
            label: what messages call the file.

        Raises:
            InputError: the part in brackets is not an index of integers, slices and `...`.
        """
        if exists(text):
            return cls(text, text=text)
        path = text
        index: tuple[object, ...] = ()
        match = re.fullmatch(r"(.*?)\[([^\[\]]*)\]\s*", text, re.DOTALL)
        if match:
            path, index = match[1].strip(), parse_index(match[2], f"{label}: `{text}`")
        words = path.split(".")
        for cut in range(len(words), 0, -1):
            if exists(".".join(words[:cut])):
                return cls(".".join(words[:cut]), tuple(words[cut:]), index, text)
        return cls(path, (), index, text)


def parse_index(inside: str, label: str) -> tuple[object, ...]:
    """`:, :80` as `(slice(None), slice(None, 80))`.

    Raises:
        InputError: something else than integers, slices and one `...`.
    """
    items: list[object] = []
    pieces = inside.split(",")
    if len(pieces) > 1 and not pieces[-1].strip():
        pieces.pop()
    for piece in pieces:
        match = _ITEM.fullmatch(piece)
        if match is None or (match[5] is not None and int(match[5]) == 0):
            raise InputError(f"{label}: `{piece.strip()}` is not an index; use integers, slices a:b:c and ...")
        if match[1]:
            items.append(Ellipsis)
        elif match[2] is not None:
            items.append(int(match[2]))
        else:
            items.append(slice(*(None if match[k] is None else int(match[k]) for k in (3, 4, 5))))
    if items.count(Ellipsis) > 1:
        raise InputError(f"{label}: `...` can stand only once in an index")
    return tuple(items)


@dataclass(frozen=True)
class Span:
    """Which indices of one axis are taken: start, start + step, ...; `kept` is false under an integer index."""

    start: int
    step: int
    count: int
    kept: bool = True

    def part(self, first: int, last: int) -> tuple[slice, bool]:
        """Entries first..last-1 as a forward slice of the stored axis, and whether they come out reversed."""
        a, b = self.start + first * self.step, self.start + (last - 1) * self.step
        if self.step > 0:
            return slice(a, b + 1, self.step), False
        return slice(b, a + 1, -self.step), True


def spans(index: tuple[object, ...], shape: tuple[int, ...], label: str) -> tuple[Span, ...]:
    """The index spelled out for every axis of `shape`, with NumPy's meaning.

    Raises:
        InputError: too many indices, an integer out of range, or nothing selected.
    """
    items = list(index)
    if Ellipsis in items:
        place = items.index(Ellipsis)
        items[place : place + 1] = [slice(None)] * max(0, len(shape) - len(items) + 1)
    if len(items) > len(shape):
        raise InputError(f"{label}: {len(items)} indices for an array of shape {shape}; give at most {len(shape)}")
    items += [slice(None)] * (len(shape) - len(items))
    result = []
    for axis, (item, size) in enumerate(zip(items, shape, strict=True)):
        if isinstance(item, slice):
            chosen = range(*item.indices(size))
            if size and not chosen:
                raise InputError(f"{label}: the slice of axis {axis} (size {size}) selects nothing; correct it")
            result.append(Span(chosen.start, chosen.step, len(chosen)))
        else:
            assert isinstance(item, int)
            if not -size <= item < size:
                raise InputError(f"{label}: index {item} is outside axis {axis} of size {size}; correct it")
            result.append(Span(item % size, 1, 1, kept=False))
    return tuple(result)
