"""Panels to figures. Knows matplotlib and the house style; knows nothing of symmetries.

Everything is placed in inches: matplotlib's constrained layout moves things by 1e-16 from one run to the next (its
solver orders constraints by address), and so changes the bytes of a vector file.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from ..panels import Arrows, Curve, Image, ImageGrid, Message, Panel, Series
from .style import DIVERGING, FAINT, HAIR, INK, MARKERS, PALETTE, SEQUENTIAL, TONES

WIDTH = 7.2
MARGIN = 0.18
LEFT = 0.85  # for tick labels and the label of the y axis
BELOW = 0.55  # for those of the x axis
BAR = 1.05  # for a colour bar with its labels
LEGIBLE = 5
COMPACT = 16
ARROWS = 11  # along the longer side


def draw(panel: Panel) -> Figure:
    """The figure of a panel; call it inside `style()`."""
    if isinstance(panel, Curve):
        return _draw_curve(panel)
    if isinstance(panel, Message):
        return _draw_message(panel)
    if isinstance(panel, Image):
        return _draw_image(panel)
    if isinstance(panel, Arrows):
        return _draw_arrows(panel)
    return _draw_grid(panel)


@dataclass
class _Sheet:
    """A figure with title and caption, and room between them; lengths in inches, from the room's lower left corner."""

    figure: Figure
    foot: float

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        across, down = self.figure.get_size_inches()
        return self.figure.add_axes((left / across, (self.foot + bottom) / down, width / across, height / down))

    def text(self, x: float, y: float, text: str, rotation: float = 0.0) -> None:
        across, down = self.figure.get_size_inches()
        at = x / across, (self.foot + y) / down
        self.figure.text(*at, text, size=9, ha="center", va="center", rotation=rotation)

    def colour_bar(self, image: AxesImage, left: float, bottom: float, height: float, label: str) -> None:
        bar = self.figure.colorbar(image, cax=self.axes(left, bottom, 0.15, height))
        bar.set_label(label)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))


def _sheet(panel: Panel, width: float, height: float) -> _Sheet:
    title = textwrap.wrap(panel.title, int(width * 9.2)) or [""]
    caption = textwrap.wrap(panel.caption, int((width - 2 * MARGIN) * 15.5))
    head = 0.2 + 0.23 * len(title)
    foot = 0.26 + 0.165 * len(caption) if caption else 0.12
    total = head + height + foot
    figure = Figure(figsize=(width, total), facecolor="white")
    left = MARGIN / width
    figure.text(left, 1 - 0.13 / total, "\n".join(title), size=12.5, weight="bold", va="top", linespacing=1.25)
    figure.text(left, 0.12 / total, "\n".join(caption), size=8.5, color=FAINT, va="bottom", linespacing=1.35)
    return _Sheet(figure, foot)


def _draw_message(panel: Message) -> Figure:
    lines = textwrap.wrap(panel.text, 66)
    height = 0.9 + 0.24 * len(lines)
    sheet = _sheet(panel, WIDTH, height)
    axes = sheet.axes(MARGIN, 0.05, WIDTH - 2 * MARGIN, height - 0.1)
    axes.set(xticks=[], yticks=[], facecolor="#F5F6F8")
    axes.spines[:].set_visible(False)
    axes.text(0.5, 0.5, "\n".join(lines), ha="center", va="center", size=11, color=INK, linespacing=1.5)
    return sheet.figure


def _draw_curve(panel: Curve) -> Figure:
    width, height, columns = (6.4, 5.3, 6) if panel.equal else (WIDTH, 3.9, 2)
    entries = sum(map(bool, [*(series.label for series in panel.series), *(level.label for level in panel.levels)]))
    legend = 0.12 + 0.2 * -(-entries // columns) if entries else 0.0
    sheet = _sheet(panel, width, height + legend)
    axes = sheet.axes(LEFT, legend + BELOW, width - LEFT - 0.2, height - BELOW - 0.1)
    axes.set(xlabel=panel.x_label, ylabel=panel.y_label)
    axes.grid(color=HAIR, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if panel.log_x:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    elif panel.whole_x:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    floor = _log_axis(axes, panel) if panel.log_y else -math.inf
    number = 0
    for series in panel.series:
        _draw_series(axes, series, PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)], floor)
        number += series.tone is None
    for level in panel.levels:
        axes.axhline(level.value, color=INK, linewidth=1.1, linestyle=(0, (6, 3)), label=level.label or None)
    if panel.whole_x:
        values = np.concatenate([np.asarray(series.x, float) for series in panel.series] or [np.zeros(1)])
        room = 0.6 + 0.01 * np.ptp(values)
        axes.set_xlim(values.min() - room, values.max() + room)
    if panel.equal:
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.12)
        axes.axhline(0, color=FAINT, linewidth=0.7, zorder=1)
        axes.axvline(0, color=FAINT, linewidth=0.7, zorder=1)
    if entries:
        anchor = (0.5, sheet.foot / sheet.figure.get_size_inches()[1])
        looks = {"handletextpad": 0.7, "columnspacing": 1.8, "markerscale": 0.8}
        sheet.figure.legend(loc="lower center", bbox_to_anchor=anchor, ncols=columns, **looks)
    return sheet.figure


def _log_axis(axes: Axes, panel: Curve) -> float:
    """Set up a logarithmic y axis around all that is drawn; returns where zeros go."""
    values = [np.ravel(item) for s in panel.series for item in (s.y, s.upper) if item is not None]
    values.append(np.array([level.value for level in panel.levels]))
    drawn = np.concatenate(values).astype(float)
    shown = drawn[np.isfinite(drawn) & (drawn > 0)]
    low, high = (shown.min(), shown.max()) if len(shown) else (0.1, 1.0)
    if (drawn == 0).any():
        low /= 30  # zeros must not look like the smallest value
    axes.set_yscale("log")
    axes.set_ylim(low / 2, max(high * 1.6, low * 10))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if high / low < 1e3:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
    return low / 2


def _draw_series(axes: Axes, series: Series, colour: str, marker: str, floor: float) -> None:
    if series.tone:
        colour, marker = TONES[series.tone], "o"
    x, y = np.asarray(series.x, float), np.maximum(np.asarray(series.y, float), floor)
    label = series.label or None
    zorder = 2.0 if series.mark in ("line", "dashed", "area", "dot") else 3.0
    if series.mark == "area":
        bottom = floor if math.isfinite(floor) else 0.0
        axes.fill_between(x, bottom, y, step="mid", color=colour, alpha=0.22, linewidth=0, label=label)
    elif series.mark == "band":
        assert series.upper is not None
        axes.fill_between(x, y, series.upper, color=colour, alpha=0.25, linewidth=0, label=label)
    elif series.mark in ("line", "dashed"):
        axes.plot(x, y, "--" if series.mark == "dashed" else "-", color=colour, linewidth=1.6, label=label)
    else:
        if series.upper is not None:
            _draw_whiskers(axes, x, y, np.maximum(np.asarray(series.upper, float), floor), colour, series.size)
        (points,) = axes.plot(x, y, color=colour, linestyle="", label=label, zorder=zorder, clip_on=False)
        points.set(marker={"dot": "o", "cross": "x"}.get(series.mark, marker), markeredgewidth=1.3)
        points.set_markersize(min(series.size, 3.0) if series.mark == "dot" else series.size)
        if series.mark == "ring":
            points.set_markerfacecolor("none")


def _draw_whiskers(axes: Axes, x: np.ndarray, y: np.ndarray, top: np.ndarray, colour: str, size: float) -> None:
    seen = np.isfinite(top)
    axes.vlines(x[seen], y[seen], top[seen], color=colour, linewidth=1.3, zorder=3)
    axes.plot(x[seen], top[seen], "_", color=colour, markersize=size + 1, markeredgewidth=1.3, zorder=3)


def _draw_image(panel: Image) -> Figure:
    rows, columns = panel.array.shape
    matrix = panel.extent is None
    width, height = _fit(rows, columns, 4.2) if matrix else (WIDTH - LEFT - BAR, 3.7)
    whole = max(LEFT + width + BAR, 6.2)
    sheet = _sheet(panel, whole, height + BELOW + 0.1)
    left = LEFT + (whole - LEFT - width - BAR) / 2
    axes = sheet.axes(left, BELOW, width, height)
    image = _heat(axes, panel.array, panel.centred, _limit(panel.array, panel.centred), panel.cuts, matrix)
    if panel.extent is not None:
        image.set_extent(panel.extent)
    axes.set(xlabel=panel.x_label, ylabel=panel.y_label)
    if matrix:
        _numbers(axes, panel.array, image)
    sheet.colour_bar(image, left + width + 0.15, BELOW, height, panel.value_label)
    return sheet.figure


def _draw_grid(panel: ImageGrid) -> Figure:
    count, rows, columns = panel.arrays.shape
    small = count > COMPACT
    across = panel.across or {1: 1, 2: 2, 3: 3, 4: 2}.get(count, 8 if small else 4)
    down = -(-count // across)
    width, height = _fit(rows, columns, {1: 3.9, 2: 2.8, 3: 2.5}.get(across, 1.0 if small else 2.2))
    lines = max(title.count("\n") + 1 for title in panel.titles)
    step = max(width, 0.0 if small else 2.0) + (0.08 if small else 0.14)
    row = height + (0.2 if small else 0.16 + 0.17 * lines)
    whole = max(LEFT + across * step + BAR, 6.2)
    sheet = _sheet(panel, whole, down * row + BELOW)
    left = LEFT + (whole - LEFT - BAR - across * step) / 2
    limit = _limit(panel.arrays, panel.centred)
    for index, array in enumerate(panel.arrays):
        line, place = divmod(index, across)
        axes = sheet.axes(left + place * step + (step - width) / 2, BELOW + (down - 1 - line) * row, width, height)
        image = _heat(axes, array, panel.centred, limit, panel.cuts)
        axes.set_title(panel.titles[index], size=6.5 if small else 9, pad=3 if small else 5)
        if small:
            axes.set(xticks=[], yticks=[])
        if place:
            axes.tick_params(labelleft=False)
        if index + across < count:
            axes.tick_params(labelbottom=False)
        if across * down <= 4:
            _numbers(axes, array, image)
    middle = BELOW + (down * row - (row - height)) / 2
    sheet.text(left + across * step / 2, BELOW - (0.15 if small else 0.38), panel.x_label)
    sheet.text(left + (step - width) / 2 - (0.15 if small else 0.5), middle, panel.y_label, 90)
    bar = min(3.6, down * row - (row - height))
    sheet.colour_bar(image, left + across * step + 0.12, middle - bar / 2, bar, panel.value_label)
    return sheet.figure


def _draw_arrows(panel: Arrows) -> Figure:
    count, rows, columns, _ = panel.fields.shape
    across = min(count, 3)
    down = -(-count // across)
    width, height = _fit(rows, columns, {1: 4.0, 2: 2.8}.get(across, 2.0))
    step, row = width + 0.25, height + 0.35
    whole = max(LEFT + across * step + MARGIN, 6.2)
    sheet = _sheet(panel, whole, down * row + BELOW)
    left = LEFT + (whole - LEFT - MARGIN - across * step) / 2
    stride = max(1, -(-max(rows, columns) // ARROWS))
    picked = [np.arange((size - 1) % stride // 2, size, stride) for size in (rows, columns)]
    for index, values in enumerate(panel.fields):
        line, place = divmod(index, across)
        axes = sheet.axes(left + place * step, BELOW + (down - 1 - line) * row, width, height)
        part = values[np.ix_(*picked)]
        longest = float(np.hypot(part[..., 0], part[..., 1]).max()) or 1.0
        axes.quiver(
            *(picked[1], picked[0], part[..., 1], part[..., 0]),
            angles="xy",
            scale_units="xy",
            scale=longest / (0.95 * stride),
            pivot="mid",
            color=PALETTE[0],
            width=0.006,
            headwidth=4.5,
        )
        room = 0.5 + stride / 2
        axes.set(xlim=(-room, columns - 1 + room), ylim=(rows - 1 + room, -room))
        axes.xaxis.set_major_locator(_index_ticks(columns))
        axes.yaxis.set_major_locator(_index_ticks(rows))
        axes.set_title(panel.titles[index], size=9, pad=5)
        axes.tick_params(length=2, labelleft=not place, labelbottom=index + across >= count)
    sheet.text(left + across * step / 2, BELOW - 0.38, panel.x_label)
    sheet.text(left - 0.5, BELOW + down * row / 2, panel.y_label, 90)
    return sheet.figure


def _fit(rows: int, columns: int, side: float) -> tuple[float, float]:
    """Inches of a box of that shape within a square; a very long one fills the square."""
    if not 1 / 3 <= rows / columns <= 3:
        return side, side
    return side * min(1.0, columns / rows), side * min(1.0, rows / columns)


def _limit(values: np.ndarray, centred: bool) -> tuple[float, float]:
    finite = np.asarray(values, float)[np.isfinite(values)]
    if not finite.size:
        return -1.0, 1.0
    if centred:
        largest = float(np.abs(finite).max()) or 1.0
        return -largest, largest
    return float(finite.min()), float(finite.max())


def _heat(
    axes: Axes,
    array: np.ndarray,
    centred: bool,
    limit: tuple[float, float],
    cuts: Sequence[int] = (),
    matrix: bool = True,
) -> AxesImage:
    """One array as colours; a matrix gets its indices as ticks, and hairlines between entries where they are few."""
    image = axes.imshow(
        array,
        cmap=DIVERGING if centred else SEQUENTIAL,
        vmin=limit[0],
        vmax=limit[1],
        origin="upper" if matrix else "lower",
        aspect="auto",
    )
    if not matrix:
        return image
    rows, columns = array.shape
    axes.xaxis.set_major_locator(_index_ticks(columns))
    axes.yaxis.set_major_locator(_index_ticks(rows))
    axes.tick_params(length=2)
    edges = (-0.5, columns - 0.5), (-0.5, rows - 0.5)
    lines = [(range(1, columns), range(1, rows), HAIR, 0.5)] if max(rows, columns) <= 16 else []
    for x, y, colour, width in [*lines, (cuts, cuts, INK, 1.0)]:
        axes.vlines(np.asarray(x, float) - 0.5, *edges[1], color=colour, linewidth=width)
        axes.hlines(np.asarray(y, float) - 0.5, *edges[0], color=colour, linewidth=width)
    axes.set(xlim=edges[0], ylim=edges[1][::-1])
    return image


def _index_ticks(size: int) -> FixedLocator | MaxNLocator:
    return FixedLocator(list(range(size))) if size <= 8 else MaxNLocator(5, integer=True, steps=[1, 2, 5, 10])


def _numbers(axes: Axes, array: np.ndarray, image: AxesImage) -> None:
    """The entries of a matrix small enough to be read, dark on light and light on dark."""
    if max(array.shape) > LEGIBLE:
        return
    for (row, column), value in np.ndenumerate(np.asarray(array, float)):
        red, green, blue, _ = image.cmap(image.norm(value))
        dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        text = "0" if abs(value) < 5e-4 else f"{value:.2f}"
        axes.text(column, row, text, ha="center", va="center", size=8, color="white" if dark else INK)
