"""From paths and names to a data set: which array is x, which y, what the axes are, and whether all of it fits."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..errors import InputError, SymdiscError
from .arrays import ArrayContainer
from .axes import (
    Layout,
    check_axes,
    check_kind,
    choose_kind,
    default_axes,
    from_labels,
    parse_dt,
    parse_periodic,
    parse_spacing,
)
from .dataset import DataSet
from .door import NpyContainer, open_container
from .layouts import UNKNOWN, Reading, recognise
from .listing import Container
from .naming import parts, source_of
from .selection import Name, spans
from .sources import Column, View

PLAIN = ("samples", "trajectory", "field")
_SETTINGS = {"kind", "axes", "dt", "spacing", "periodic", "metadata", "group"}


def open_dataset(
    paths: Sequence[str | os.PathLike[str]],
    *,
    x: str | None = None,
    y: str | None = None,
    group: str | None = None,
    kind: str | None = None,
    axes: str | None = None,
    dt: float | None = None,
    spacing: str | float | Sequence[float] | None = None,
    periodic: str | bool | Sequence[bool] | None = None,
    allow_external: bool = False,
    memory: int | None = None,
) -> DataSet:
    """Open one HDF5, NPY or NPZ file, two NPY files (x, y), several HDF5 or NPZ files of one layout, or `-`.

    Args:
        paths: the files; `-` is NPY or NPZ on standard input.
        x, y, group: names of the arrays, with `.field` and `[slice]` if wanted; default `x`, `y`, `group`, else x is
            the only array there.
        kind: pairs, samples, labelled, trajectory or field; default the attribute `kind`, else by the shapes.
        axes: a letter per axis of x (after the slice).
        dt: step of t. spacing: steps of the s axes. periodic: which axes wrap around.
        allow_external: follow HDF5 links, storage and virtual data out of the folder.
        memory: ceiling in bytes; default 80 % of what is free.

    Raises:
        InputError: unusable; names file, array and remedy.
        ResourceError: reading alone does not fit into `memory`.
    """
    names = [os.fspath(path) for path in paths]
    if not names:
        raise InputError("no data file given; give an HDF5, NPY or NPZ file")
    real = [os.path.realpath(name) for name in names]
    double = next((name for place, name in enumerate(names) if real[place] in real[:place]), None)
    if double:
        raise InputError(f"{double} is given twice; give every file once")
    containers: list[Container] = []
    try:
        for name in names:
            containers.append(open_container(name, allow_external))
        files = _Files(containers)
        dataset = files.dataset({"x": x, "y": y, "group": group}, kind, axes, dt, spacing, periodic, memory)
        dataset.check_memory()
        return dataset
    except BaseException as error:
        if isinstance(error, SymdiscError):
            lists = {container.label: getattr(container, "listed", None) for container in containers}
            error.listed = {label: listed for label, listed in lists.items() if listed is not None}
        for container in containers:
            container.close()
        raise


class _Files:
    """The open files of one data set, and the notes on what was assumed."""

    def __init__(self, containers: list[Container]) -> None:
        flat = [isinstance(container, NpyContainer) for container in containers]
        if any(flat) and (len(flat) > 2 or not all(flat)):
            raise InputError(
                f"{containers[flat.index(True)].label}: NPY files are read alone or as two, x then y; "
                "put several arrays into one NPZ file (numpy.savez)"
            )
        self.containers = containers
        self.pair = all(flat) and len(flat) == 2
        self.first = containers[0]
        self.reading = UNKNOWN
        self.notes: list[str] = []

    def of(self, role: str) -> list[Container]:
        """The files that hold a role."""
        if not self.pair:
            return self.containers
        return {"x": self.containers[:1], "y": self.containers[1:]}.get(role, [])

    def dataset(
        self,
        names: dict[str, str | None],
        kind: str | None,
        axes: str | None,
        dt: float | None,
        spacing: Any,
        periodic: Any,
        memory: int | None,
    ) -> DataSet:
        self.reading = self.recognised(names, kind)
        name = names["x"] = names["x"] or self.default_x()
        views = {"x": [self.reading.fitted(view, axes) for view in self.views("x", name)]}
        path = parts(self.first, name)[0].path
        label = f"{self.first.label}: `{name}`"
        stated = kind or self.first.attribute(path, "kind")
        if stated is not None:
            stated = check_kind(str(stated), self.first.label)
        names["y"] = self.name_y(names["y"], stated)
        if names["y"] is not None:
            views["y"] = self.views("y", names["y"])
        chosen = stated or self.reading.kind or self.kind_by_shape(views)
        layout = self.layout(views["x"][0], path, chosen, axes, label)
        columns = {"x": self.column("x", views["x"], layout.sample_axis)}
        if "y" in views:
            columns["y"] = self.column_y(views["y"], columns["x"], layout)
        names["group"] = self.name_group(names["group"])
        if names["group"] is not None:
            columns["group"] = self.column_group(self.views("group", names["group"]), columns["x"])
        count = layout.axes.count("s")
        time, around = parse_periodic(self.setting(periodic, path, "periodic"), count, label)
        around = around or self.reading.wraps_of(layout, views["x"][0])
        return DataSet(
            layout,
            columns,
            dt=self.dt(dt, path, layout, views["x"][0], label),
            spacing=self.spacing(spacing, path, layout, views["x"][0], count, label),
            periodic=around,
            periodic_time=time,
            notes=self.notes,
            recognised=self.reading.sentence,
            names={role: name for role, name in names.items() if name is not None},
            memory=memory,
            containers=self.containers,
        )

    def recognised(self, names: dict[str, str | None], kind: str | None) -> Reading:
        """What a known layout says; fills in the names that it knows and the user did not give."""
        reading = recognise(self.first.tree, names["x"]) or UNKNOWN
        names["x"] = names["x"] or reading.x
        if kind in (None, reading.kind):
            names["y"] = names["y"] or reading.y
        self.notes += [reading.sentence, *reading.notes] if reading.layout else []
        return reading

    # --- which arrays

    def default_x(self) -> str:
        if isinstance(self.first, NpyContainer) or self.first.exists("x"):
            return "x"
        infos = [info for info in self.first.arrays() if info.name not in _SETTINGS]
        good = [info.name for info in infos if info.numeric and info.shape]
        others = [name for name in good if name != "y"]
        if len(others) == 1:
            self.notes.append(f"x is `{others[0]}`, the only array there")
            return others[0]
        if not good and len(infos) == 1:
            return infos[0].name
        if not good:
            refused = next((info for info in infos if info.refused), None)
            why = f": `{refused.name}` {refused.refused}" if refused else "; give another file"
            raise InputError(f"{self.first.label} holds no array of real numbers{why}")
        raise InputError(f"{self.first.label}: which array is x? {_choice(good)}")

    def name_y(self, name: str | None, kind: str | None) -> str | None:
        if kind in PLAIN:
            if name is not None:
                raise InputError(f"{self.first.label}: --y {name}: {kind} has no y; leave --y out, or change --kind")
            if self.pair:
                raise InputError(f"{self.containers[1].label}: {kind} has no y; give one file, or change --kind")
            if self.has("y"):
                self.notes.append(f"`y` is there and not used: kind {kind}")
            return None
        if name is None and (self.pair or self.has("y")):
            return "y"
        if name is not None and not self.pair and isinstance(self.first, NpyContainer) and name.split("[")[0] == "y":
            raise InputError(f"{self.first.label}: holds one array, x; give y as a second NPY file, or a slice of x")
        if name is None and kind in ("pairs", "labelled"):
            names = [info.name for info in self.first.arrays() if info.numeric and info.name not in _SETTINGS]
            raise InputError(
                f"{self.first.label}: kind {kind} needs y, and there is no array `y`; {_choice(names, '--y')}"
            )
        return name

    def name_group(self, name: str | None) -> str | None:
        if name is None and self.has("group"):
            self.notes.append("samples with the same value in `group` are kept together")
            return "group"
        return name

    def has(self, name: str) -> bool:
        return not isinstance(self.first, NpyContainer) and self.first.exists(name)

    def views(self, role: str, text: str) -> list[View]:
        containers = self.of(role)
        if not containers:
            raise InputError(f"--{role} {text}: two NPY files hold x and y only; put all arrays into one NPZ file")
        views = []
        for container in containers:
            names = parts(container, text, None if container is containers[0] else containers[0].label)
            label = f"{container.label}: `{text}`"
            source = source_of(container, names, label, role == "group", self.reading.lead if role == "x" else None)
            index = Name.parse(text, container.exists, container.label).index
            views.append(View(source, spans(index, source.shape, label), container.label, text))
            if not views[-1].shape:
                raise InputError(f"{label} is a single number; give an array with an axis of samples")
            if 0 in views[-1].shape:
                raise InputError(f"{label} is empty, shape {views[-1].shape}; give an array with values")
        return views

    # --- what they mean

    def kind_by_shape(self, views: dict[str, list[View]]) -> str:
        shape = views["y"][0].shape if "y" in views else None
        kind = choose_kind(views["x"][0].shape, shape)
        why = {"samples": "there is no y", "pairs": "y has the shape of x", "labelled": "y has another shape than x"}
        self.notes.append(f"kind {kind}: {why[kind]}")
        return kind

    def layout(self, view: View, path: str, kind: str, axes: str | None, label: str) -> Layout:
        if axes is not None:
            return check_axes(axes, kind, view.shape, label)
        labels = self.first.labels(path)
        kept = [labels[axis] for axis in view.kept] if len(labels) == len(view.spans) else []
        letters = from_labels(kept)
        if letters is not None:
            self.notes.append(f"axes {letters}: dimension labels")
            return check_axes(letters, kind, view.shape, f"{label} (its dimension labels)")
        stated = self.first.attribute(path, "axes")
        if isinstance(stated, str):
            if len(stated) != len(view.shape) and len(stated) == len(view.spans):
                stated = "".join(stated[axis] for axis in view.kept)
            self.notes.append(f"axes {stated}: attribute")
            return check_axes(stated, kind, view.shape, f"{label} (its attribute `axes`)")
        known = self.reading.axes_of(view, kind)
        if known is not None:
            return check_axes(known, kind, view.shape, label)
        if any(kept):
            shown = ", ".join(repr(label) for label in kept)
            self.notes.append(
                f"dimension labels {shown} are not understood; use sample, space, channel, time, component"
            )
        layout = check_axes(default_axes(kind, len(view.shape), label), kind, view.shape, label)
        self.notes.append(f"axes {layout.axes}: the default ({layout.words()})")
        return layout

    def column(self, role: str, views: list[View], axis: int) -> Column:
        first = views[0]
        for view in views[1:]:
            one, two = list(first.shape), list(view.shape)
            if len(one) == len(two):
                one[axis] = two[axis] = 0
            if one != two or (first.dtype.kind in "SU") != (view.dtype.kind in "SU"):
                raise InputError(
                    f"{view.file}: `{view.name}` has shape {view.shape}, but {first.file} has {first.shape}; "
                    "files of one data set differ in the number of samples only"
                )
        return Column(role, views, axis)

    def column_y(self, views: list[View], x: Column, layout: Layout) -> Column:
        y, x_view = views[0], x.parts[0]
        same = y.shape == x_view.shape
        if layout.kind == "pairs" and not same:
            raise InputError(
                f"{y.file}: `{y.name}` has shape {y.shape}, but `{x_view.name}` has {x_view.shape}; "
                "pairs have one shape: correct y, or use --kind labelled"
            )
        return self.matched(self.column("y", views, layout.sample_axis if same else 0), x)

    def column_group(self, views: list[View], x: Column) -> Column:
        view = views[0]
        if len(view.shape) != 1:
            raise InputError(f"{view.file}: `{view.name}` has shape {view.shape}; group ids are 1-D, one a sample")
        return self.matched(self.column("group", views, 0), x)

    @staticmethod
    def matched(column: Column, x: Column) -> Column:
        """Refuse unequal numbers of samples, file by file."""
        for one, other in zip(column.parts, x.parts, strict=True):
            count, wanted = one.shape[column.axis], other.shape[x.axis]
            if count != wanted:
                raise InputError(
                    f"{one.file}: `{one.name}` has {count} samples, but `{other.name}` has {wanted}; "
                    "give arrays of one length, or say with --axes which axis counts samples"
                )
        return column

    # --- sampling

    def setting(self, given: Any, path: str, name: str) -> Any:
        return self.first.attribute(path, name) if given is None else given

    def dt(self, given: float | None, path: str, layout: Layout, view: View, label: str) -> float | None:
        if given is not None or "t" not in layout.axes:
            return parse_dt(given, label)
        axis = view.kept[layout.axes.index("t")]
        step = self.first.attribute(path, "dt")
        step = self.reading.steps.get(axis) if step is None else step
        step = self.first.step(path, axis) if step is None else step
        step = parse_dt(step, label)
        return None if step is None else step * abs(view.spans[axis].step)

    def spacing(
        self, given: Any, path: str, layout: Layout, view: View, count: int, label: str
    ) -> tuple[float, ...] | None:
        if given is not None:
            return parse_spacing(given, count, label)
        stored = [view.kept[place] for place, letter in enumerate(layout.axes) if letter == "s"]
        steps = parse_spacing(self.first.attribute(path, "spacing"), count, label)
        if steps is None:
            scales = [self.reading.steps.get(axis) or self.first.step(path, axis) for axis in stored]
            if not scales or None in scales:
                return None
            steps = tuple(float(step or 0) for step in scales)
        return tuple(step * abs(view.spans[axis].step) for step, axis in zip(steps, stored, strict=True))


def _choice(names: Sequence[str], option: str = "--x") -> str:
    shown = ", ".join(f"`{name}`" for name in names[:10]) + (" ..." if len(names) > 10 else "")
    return f"choose with {option} one of {shown}" if names else "the file holds no other array"


def from_arrays(
    x: Any,
    y: Any = None,
    *,
    group: Any = None,
    kind: str | None = None,
    axes: str | None = None,
    dt: float | None = None,
    spacing: float | Sequence[float] | str | None = None,
    periodic: str | bool | Sequence[bool] | None = None,
    memory: int | None = None,
) -> DataSet:
    """The same data set over arrays in memory: NumPy, or anything numpy.asarray takes.

    Args:
        x, y, group: the arrays; y and group may be None.
        kind, axes, dt, spacing, periodic, memory: as for `open_dataset`.

    Raises:
        InputError: unusable; names the array and the remedy.
    """
    given = {"x": x, "y": y, "group": group}
    arrays = {role: value for role, value in given.items() if value is not None}
    names = {role: role if role in arrays else None for role in given}
    files = _Files([ArrayContainer(arrays)])
    return files.dataset(names, kind, axes, dt, spacing, periodic, memory)
