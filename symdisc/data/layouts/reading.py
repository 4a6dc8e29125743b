"""What a known layout says about the arrays of a file, and small helpers that layouts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..assembled import Folded, Selected, Stacked
from ..axes import Layout
from ..selection import Span
from ..sources import View

# Coordinates kept in single precision are uniform to about this.
UNIFORM = 1e-3


@dataclass(frozen=True)
class Reading:
    """How a file of a known layout is read. What is None is left to the options and to the defaults.

    Attributes:
        layout: its name.
        says: what was recognised, for a person: "tensor (N,T,X), dx = 0.1, dt = 0.05".
        x, y: names as --x and --y take them: `A+B` are components side by side, `*/A` one sample a group.
        kind: of the data; axes: a letter per axis of x as it is named.
        lead: of `A+B`: how many axes all have in common; the others are components.
        steps: uniform steps by axis of x; wraps: whether an axis is periodic.
        fold: fold the last axis of x into rows of that many numbers: channels, then space.
        lone: x is one run: an axis of one sample is put before its axes (and counted in `axes`, `steps`, `wraps`).
        notes: what a user should know, such as arrays left out.
    """

    layout: str
    says: str
    x: str | None = None
    y: str | None = None
    kind: str | None = None
    axes: str | None = None
    lead: int | None = None
    steps: Mapping[int, float] = field(default_factory=dict)
    wraps: Mapping[int, bool] = field(default_factory=dict)
    fold: int | None = None
    lone: bool = False
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """`layout PDEBench (a): ...`; "" where none was recognised."""
        return f"layout {self.layout}: {self.says}" if self.layout else ""

    def fitted(self, view: View, axes: str | None) -> View:
        """x with one run as one sample, or with its rows folded; as it is where `axes` has a letter per axis of it."""
        if axes is not None and len(axes) == len(view.shape):
            return view
        last, source, width = view.spans[-1], Selected(view), self.fold
        if self.lone:
            run = Stacked([lambda: view.source], source.label)
            return View(run, (Span(0, 1, 1), *view.spans), view.file, view.name)
        if width and last.kept and last.step == 1 and not last.start % width and not last.count % width:
            return source.whole(Folded(source, width))
        return view

    def axes_of(self, view: View, kind: str) -> str | None:
        """Letters of the view's axes; None where the layout does not say, or the data are taken for another kind."""
        if self.axes is None or self.kind != kind or len(self.axes) != len(view.spans):
            return None
        return "".join(self.axes[axis] for axis in view.kept)

    def wraps_of(self, layout: Layout, view: View) -> tuple[bool, ...] | None:
        """Which s axes are periodic; None where the layout does not know it of all."""
        if layout.kind != "field":
            return None
        known = [self.wraps.get(view.kept[place]) for place, letter in enumerate(layout.axes) if letter == "s"]
        return None if None in known else tuple(bool(around) for around in known)


UNKNOWN = Reading("", "")


def step_of(values: np.ndarray | None, count: int) -> float | None:
    """The step of the first `count` coordinates along the last axis; None where it is not one uniform step.

    Args:
        values: (m,) or (b, m) with m >= count, or None.
        count: length of the axis of the data.
    """
    if values is None or values.ndim not in (1, 2) or values.shape[-1] < count or count < 2:
        return None
    steps = np.diff(values[..., :count], axis=-1)
    mean = float(steps.mean())
    if not np.isfinite(steps).all() or mean <= 0 or np.ptp(steps) > UNIFORM * mean:
        return None
    return mean


def told(steps: Mapping[str, float | None]) -> str:
    """`dx = 0.1, dt = 0.05`; "step of t unknown" where it is not uniform."""
    known = [f"d{name} = {step:.6g}" for name, step in steps.items() if step is not None]
    unknown = [name for name, step in steps.items() if step is None]
    return ", ".join(known + ([f"step of {', '.join(unknown)} not known"] if unknown else []))


def parts_of(name: str | None, known: Sequence[str]) -> list[str] | None:
    """The arrays in `A+B[...]`, where all of them are known; None otherwise."""
    if name is None:
        return None
    parts = name.split("[")[0].strip().split("+")
    return parts if all(part in known for part in parts) else None
