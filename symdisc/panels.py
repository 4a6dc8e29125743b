"""What a plot shows, said without a plotting library.

A method describes its own plots with these and `symdisc.report` draws them, so neither knows the other. Text is
plain (no TeX: a dollar sign is a dollar sign); units belong in the axis labels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Mark = Literal["line", "dashed", "area", "band", "dot", "disc", "ring", "cross"]
Tone = Literal["good", "doubt", "bad", "neutral"]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Titled:
    """
    Attributes:
        name: file name without its ending (letters, digits, `_`, `-`), unique in a result.
        title: what is shown, in a few words.
        caption: a sentence or two under the plot: what is seen, and how to read it.
    """

    name: str
    title: str
    caption: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][\w-]*", self.name):
            raise ValueError(f"panel name {self.name!r} is no file name: use letters, digits, _ and -")


@dataclass(frozen=True, eq=False)
class Series:
    """Points of one kind in a `Curve`.

    Attributes:
        label: for the legend; empty to leave it out.
        x, y: (n,) coordinates; points that are NaN are left out.
        mark: how they are drawn; "area" fills from the lower edge up to y, "band" from y to `upper`.
        upper: (n,) end of the band, or of a whisker that starts at y, such as an upper confidence bound (NaN: none).
        tone: a colour by meaning; None for the next one of the palette.
        size: of a marker, in points.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    mark: Mark = "line"
    upper: np.ndarray | None = None
    tone: Tone | None = None
    size: float = 6.0

    def __post_init__(self) -> None:
        for name, values in (("y", self.y), ("upper", self.upper)):
            if values is not None and np.shape(values) != np.shape(self.x):
                raise ValueError(
                    f"series {self.label!r}: {name} has shape {np.shape(values)}, x has {np.shape(self.x)}"
                )


@dataclass(frozen=True)
class Level:
    """A horizontal reference line, such as a tolerance."""

    label: str
    value: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve(_Titled):
    """One or several series over common axes.

    Attributes:
        log_x, log_y: logarithmic axes; on log_y, values of zero are drawn at the lower edge.
        equal: one unit is equally long on both axes (the complex plane, a phase portrait).
        whole_x: x counts things, so its ticks are whole numbers.
    """

    x_label: str
    y_label: str
    series: Sequence[Series]
    levels: Sequence[Level] = ()
    log_x: bool = False
    log_y: bool = False
    equal: bool = False
    whole_x: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Image(_Titled):
    """One array as colours.

    Attributes:
        array: (rows, columns), row 0 at the top unless `extent` is given.
        value_label: what a colour means, with units.
        centred: diverging colours about 0; else from the least to the largest value.
        extent: (left, right, bottom, top) in the units of the axes; then row 0 is at the bottom.
        cuts: where to draw lines between blocks of a matrix: a line before each of these indices.
    """

    array: np.ndarray
    value_label: str
    x_label: str = ""
    y_label: str = ""
    centred: bool = True
    extent: tuple[float, float, float, float] | None = None
    cuts: Sequence[int] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.ndim(self.array) != 2:
            raise ValueError(f"image {self.name!r}: array has {np.ndim(self.array)} axes, not 2")


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageGrid(_Titled):
    """Several arrays of one shape, as colours on one common scale.

    Attributes:
        arrays: (n, rows, columns), n <= 64; row 0 at the top.
        titles: n short ones, of one or several lines.
        value_label, x_label, y_label, centred, cuts: as for `Image`, shared by all.
        across: how many stand side by side; None: as many as look well.
    """

    arrays: np.ndarray
    titles: Sequence[str]
    value_label: str
    x_label: str = ""
    y_label: str = ""
    centred: bool = True
    cuts: Sequence[int] = ()
    across: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.ndim(self.arrays) != 3 or not 0 < len(self.arrays) <= 64:
            raise ValueError(f"image grid {self.name!r}: shape {np.shape(self.arrays)} is not (1..64, rows, columns)")
        if len(self.titles) != len(self.arrays):
            raise ValueError(f"image grid {self.name!r}: {len(self.titles)} titles for {len(self.arrays)} arrays")


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrows(_Titled):
    """Vector fields on a grid of pixels, row 0 at the top.

    Attributes:
        fields: (n, rows, columns, 2), n <= 16: components down the rows and across the columns.
        titles: n short ones.
    """

    fields: np.ndarray
    titles: Sequence[str]
    x_label: str = ""
    y_label: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.ndim(self.fields) != 4 or np.shape(self.fields)[3] != 2 or not 0 < len(self.fields) <= 16:
            raise ValueError(f"arrows {self.name!r}: shape {np.shape(self.fields)} is not (1..16, rows, columns, 2)")
        if len(self.titles) != len(self.fields):
            raise ValueError(f"arrows {self.name!r}: {len(self.titles)} titles for {len(self.fields)} fields")


@dataclass(frozen=True, eq=False, kw_only=True)
class Message(_Titled):
    """Words where there is nothing to draw: what is missing, and why."""

    text: str


Panel = Curve | Image | ImageGrid | Arrows | Message
