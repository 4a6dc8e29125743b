"""What a file holds, array by array, and the question every kind of file answers."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..errors import InputError
from .files import Hashed
from .sources import Source, require_numbers
from .tree import Tree

TEXT = "text, for --group only"


@dataclass(frozen=True)
class ArrayInfo:
    """One array of a file.

    Attributes:
        name: what --x takes.
        shape: its shape; () where unknown.
        dtype: element type, as NumPy writes it.
        note: what a reader should know (storage, units, a link).
        refused: why it cannot be read; empty where it can.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    note: str = ""
    refused: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it can be read as x or y."""
        return not self.refused and not self.note.startswith("text") and "scale" not in self.note


def described(name: str, dtype: np.dtype, shape: tuple[int, ...], note: str) -> ArrayInfo:
    """The entry of an array whose header was read: refused where it holds no real numbers."""
    if dtype.kind in "SU":
        return ArrayInfo(name, shape, str(dtype), TEXT if shape else "text")
    try:
        require_numbers(dtype, name)
    except InputError as error:
        return ArrayInfo(name, shape, str(dtype), note, str(error).removeprefix(f"{name} "))
    return ArrayInfo(name, shape, str(dtype), note)


class Container(Protocol):
    """An open file with named arrays."""

    @property
    def label(self) -> str:
        """What messages call it."""

    @property
    def handles(self) -> Sequence[Hashed]:
        """The files it is read from."""

    def arrays(self) -> list[ArrayInfo]:
        """Everything in it, without reading any values."""

    def exists(self, path: str) -> bool:
        """Whether `path` names an array."""

    def source(self, path: str, fields: tuple[str, ...], text: bool = False) -> Source:
        """The array, or a field of it; `text` allows fixed-length strings."""

    @property
    def tree(self) -> Tree:
        """The file as layouts see it."""

    def attribute(self, path: str, name: str) -> Any:
        """A small attribute (number, list of numbers, text) of the array or else of the file; None: not there."""

    def labels(self, path: str) -> tuple[str, ...]:
        """A label an axis, or ()."""

    def step(self, path: str, axis: int) -> float | None:
        """Uniform step of the coordinate attached to an axis; None: no coordinate, or not uniform."""

    def close(self) -> None:
        """Release the file."""


def unknown(label: str, name: str, names: Sequence[str]) -> InputError:
    """The error for a name that is not there: lists those that are, nearest first."""
    if not names:
        return InputError(f"{label}: no array `{name}` in it; it holds no array that can be read")
    near = difflib.get_close_matches(name, names, n=10, cutoff=0.0)
    others = [other for other in names if other not in near]
    shown = [f"`{other}`" for other in [*near, *others][:10]]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return InputError(f"{label}: no array `{name}` in it; choose one of {', '.join(shown)}{more} with --x or --y")
