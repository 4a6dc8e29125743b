"""A file as the known layouts see it: names, shapes, small attributes, coordinates. No values of the data are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np


class Tree(Protocol):
    """What a layout may ask of an open file. Paths are those that --x takes; "" is the root."""

    @property
    def label(self) -> str:
        """What messages call the file."""

    def children(self, path: str = "") -> list[str]:
        """Names in a group; [] where there is no such group."""

    def shape(self, path: str) -> tuple[int, ...] | None:
        """Shape of an array; None where there is none."""

    def fields(self, path: str) -> dict[str, tuple[int, ...]]:
        """Fields of a compound array, each with its own shape; {} of others."""

    def attributes(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
        """Attributes of groups and arrays: {path: {name: number, text or list}}; what is not there is left out.

        Those of variable length are read in another process: ask for many at once. A list of dimension scales comes as
        their paths.
        """

    def raw(self, path: str, name: str) -> bytes | None:
        """The bytes of a text attribute of fixed length (1 MiB at most), such as a pickle that is only looked at."""

    def coordinate(self, path: str) -> np.ndarray | None:
        """A small array of numbers as float64; None where there is none."""


class FlatTree:
    """The tree of a file without groups and attributes: NPZ."""

    def __init__(self, label: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.label = label
        self._shapes = shapes

    def children(self, path: str = "") -> list[str]:
        """All members."""
        return [] if path else list(self._shapes)

    def shape(self, path: str) -> tuple[int, ...] | None:
        """Shape of a member."""
        return self._shapes.get(path)

    def fields(self, path: str) -> dict[str, tuple[int, ...]]:
        """None are looked at."""
        return {}

    def attributes(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
        """None."""
        return {path: {} for path in wanted}

    def raw(self, path: str, name: str) -> bytes | None:
        """None."""
        return None

    def coordinate(self, path: str) -> np.ndarray | None:
        """None."""
        return None
