"""Words: tensor products of letters V_i and V_i*, and where they stand in the vector of a representation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Letter = tuple[int, bool]
"""Which block of the group's matrices (0 first), and whether its dual."""
Word = tuple[Letter, ...]


class Blocks(Protocol):
    """What a representation needs to know of a group: the sizes of the blocks that letters name."""

    sizes: tuple[int, ...]
    whole: tuple[int, ...]


@dataclass(frozen=True)
class Piece:
    """All places of one word in the vector of a representation.

    Attributes:
        word: letters of the tensor product; () is a scalar.
        strides: how far apart neighbours of each axis lie in the vector.
        starts: (n,) where each copy begins.
    """

    word: Word
    strides: tuple[int, ...]
    starts: np.ndarray

    def places(self, sizes: Sequence[int]) -> np.ndarray:
        """(n, m) indices of the entries of every copy, C-ordered along m."""
        offsets = np.zeros(1, dtype=np.intp)
        for (factor, _), stride in zip(self.word, self.strides, strict=True):
            offsets = (offsets[:, None] + stride * np.arange(sizes[factor])).ravel()
        return np.asarray(self.starts[:, None] + offsets)
