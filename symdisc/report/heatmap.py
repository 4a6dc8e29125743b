"""Generators as small pictures of letters: what is where, for a terminal."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from ..symmetry import Symmetry

# From faint to full. Signs differ in the letter too, so that they are told apart without colour.
POSITIVE, NEGATIVE, ZERO = "\u2591\u2592\u2593\u2588", "\u2802\u2812\u2836\u28ff", "\u00b7"
GLYPHS = POSITIVE + NEGATIVE + ZERO
COLOURS = {1: "red", -1: "blue"}
CELLS = 12
LARGEST = 4 * CELLS  # a cell that stands for more entries says little
MOST = 4
GAP = 3


def heat_maps(symmetry: Symmetry, width: int) -> Text:
    """The first generators side by side, as many as fit, in the canonical basis where there is one.

    Args:
        symmetry: with at least one generator.
        width: columns of the terminal.
    """
    canonical = symmetry.canonical is not None and len(symmetry.canonical) > 0
    matrices = symmetry.canonical[:MOST] if symmetry.canonical is not None and canonical else symmetry.preview(MOST)
    pictures = [levels(matrix) for matrix in matrices]
    each = 2 * len(pictures[0]) + GAP
    shown = pictures[: max(1, (width + GAP) // each)]
    text = Text()
    letter = "C" if canonical else "L"
    text.append("".join(f"{f'{letter}[{index}]':<{each}}" for index in range(len(shown))).rstrip() + "\n")
    for row in range(len(pictures[0])):
        for place, picture in enumerate(shown):
            for level in picture[row]:
                text.append(_cell(int(level)), COLOURS.get(int(np.sign(level)), "dim"))
            text.append(" " * GAP if place + 1 < len(shown) else "\n")
    return text.append(_legend(canonical, len(symmetry), len(shown), matrices.shape[1]))


def levels(matrix: np.ndarray) -> np.ndarray:
    """(c, c) whole numbers from -4 to 4, c = CELLS at most: a cell shows the largest entry that it covers.

    Args:
        matrix: (m, m).
    """
    cells = min(CELLS, len(matrix))
    edges = np.linspace(0, len(matrix), cells + 1).astype(int)
    coarse = np.empty((cells, cells))
    for row in range(cells):
        for column in range(cells):
            block = matrix[edges[row] : edges[row + 1], edges[column] : edges[column + 1]].reshape(-1)
            coarse[row, column] = block[np.argmax(np.abs(block))]
    largest = np.abs(coarse).max()
    share = np.abs(coarse) / largest if largest > 0 else coarse
    return (np.sign(coarse) * np.ceil(4 * np.clip(share - 0.05, 0, 1))).astype(int)


def _cell(level: int) -> str:
    if level == 0:
        return ZERO + " "
    return 2 * (POSITIVE[level - 1] if level > 0 else NEGATIVE[-level - 1])


def _legend(canonical: bool, count: int, shown: int, size: int) -> str:
    parts = [f"{POSITIVE[-1]} positive, {NEGATIVE[-1]} negative"]
    parts += ["canonical basis"] if canonical else []
    parts += [f"{shown} of {count}"] if shown < count else []
    parts += [f"{size} x {size} in {CELLS} x {CELLS} cells"] if size > CELLS else []
    return "; ".join(parts)
