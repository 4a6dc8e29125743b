"""PDEBench: the four layouts of its writers (Data_Merge.py, gen_diff_react.py and others, sim_ns_incomp_2d.py)."""

from __future__ import annotations

import re

from ..tree import Tree
from .reading import Reading, parts_of, step_of, told

NAMES = ("density", "pressure", "Vx", "Vy", "Vz")
UNSTATED = "the file does not say which axes are periodic; say so with --periodic s where they are"


def recognise(tree: Tree, x: str | None) -> Reading | None:
    """By the names of arrays and groups."""
    names = tree.children()
    if "x-coordinate" in names:
        return _tensor(tree, x) or _fluid(tree, x, names)
    return _groups(tree, x, names) or _velocity(tree, x, names)


def _coordinates(
    tree: Tree, shape: tuple[int, ...], first: int, suffix: str = "-coordinate"
) -> dict[str, float | None]:
    """Steps of x, y, z as far as the array has such axes, from axis `first` on."""
    return {
        name: step_of(tree.coordinate(name + suffix), shape[first + place])
        for place, name in enumerate("xyz"[: len(shape) - first])
    }


def _reading(
    letter: str,
    what: str,
    name: str,
    spaces: int,
    steps: dict[str, float | None],
    lead: int | None = None,
    components: int = 0,
    notes: tuple[str, ...] = (),
) -> Reading:
    """A field: steps are those of t, then of each axis of space."""
    return Reading(
        f"PDEBench ({letter})",
        f"{what}, {told(steps)}",
        x=name,
        kind="field",
        axes="nt" + "s" * spaces + "v" * components,
        lead=lead,
        steps={place: step for place, step in enumerate(steps.values(), 1) if step is not None},
        notes=(*notes, UNSTATED),
    )


def _tensor(tree: Tree, x: str | None) -> Reading | None:
    """(a) `tensor` (N,T,X[,Y[,Z]]); with `nu` and no time it is Darcy flow, whose y is the flow of the medium x."""
    shape = tree.shape("tensor")
    if shape is None or len(shape) not in (3, 4, 5):
        return None
    medium = tree.shape("nu")
    if medium is not None and tree.shape("t-coordinate") is None:
        if x not in (None, "nu") or shape[1] != 1 or medium != (shape[0], *shape[2:]):
            return None
        return Reading(
            "PDEBench (a)",
            f"steady flow `tensor` {shape} of the medium `nu` {medium}, {told(_coordinates(tree, shape, 2))}",
            x="nu",
            y="tensor[:, 0]",
            kind="labelled",
            axes="n" + "s" * (len(medium) - 1),
        )
    if parts_of(x or "tensor", ["tensor"]) is None:
        return None
    steps = {"t": step_of(tree.coordinate("t-coordinate"), shape[1])} | _coordinates(tree, shape, 2)
    axes = ",".join("NTXYZ"[: len(shape)])
    return _reading("a", f"tensor ({axes})", "tensor", len(shape) - 2, steps)


def _fluid(tree: Tree, x: str | None, names: list[str]) -> Reading | None:
    """(b) `density`, `pressure`, `Vx`, ... each (N,T,X[,Y[,Z]])."""
    known = [name for name in NAMES if name in names]
    if not {"density", "pressure", "Vx"} <= set(known):
        return None
    chosen = known if x is None else parts_of(x, known)
    shape = tree.shape(known[0])
    if not chosen or shape is None or len(shape) not in (3, 4, 5):
        return None
    steps = {"t": step_of(tree.coordinate("t-coordinate"), shape[1])} | _coordinates(tree, shape, 2)
    axes = ",".join("NTXYZ"[: len(shape)])
    single = len(chosen) == 1
    return _reading(
        "b",
        f"{' + '.join(chosen)}, each ({axes})",
        "+".join(chosen),
        len(shape) - 2,
        steps,
        None if single else len(shape),
        0 if single else 1,
    )


def _groups(tree: Tree, x: str | None, names: list[str]) -> Reading | None:
    """(c) groups `0000`, `0001`, ..., each a run with `data` (T,X[,Y],V) and its `grid`."""
    runs = [name for name in names if re.fullmatch(r"\d{4,}", name)]
    if not runs or len(runs) != len(names):
        return None
    shape, grid = tree.shape(f"{runs[0]}/data"), tree.children(f"{runs[0]}/grid")
    spaces = [name for name in "xyz" if name in grid]
    if shape is None or not spaces or len(shape) != len(spaces) + 2 or x not in (None, "*/data"):
        return None
    steps = {"t": step_of(tree.coordinate(f"{runs[0]}/grid/t"), shape[0])}
    steps |= _coordinates_of(tree, f"{runs[0]}/grid/", spaces, shape)
    axes = ",".join(["T", *(name.upper() for name in spaces), "V"])
    notes = (f"dt, dx from the grid of run {runs[0]}",)
    what = f"{len(runs)} runs */data ({axes})"
    return _reading("c", what, "*/data", len(spaces), steps, components=1, notes=notes)


def _coordinates_of(tree: Tree, prefix: str, names: list[str], shape: tuple[int, ...]) -> dict[str, float | None]:
    return {name: step_of(tree.coordinate(prefix + name), shape[place]) for place, name in enumerate(names, 1)}


def _velocity(tree: Tree, x: str | None, names: list[str]) -> Reading | None:
    """(d) incompressible flow: `velocity` (B,T,X,Y,2), `particles` (B,T,X,Y,1), `force`, `t` (B,T)."""
    shape, times = tree.shape("velocity"), tree.shape("t")
    if not {"velocity", "particles", "force", "t"} <= set(names) or shape is None or times is None:
        return None
    spaces = len(shape) - 3
    if spaces not in (2, 3) or shape[-1] != spaces or times != shape[:2]:
        return None
    chosen = ["velocity"] if x is None else parts_of(x, ["velocity", "particles"])
    if not chosen:
        return None
    steps = {"t": step_of(tree.coordinate("t"), shape[1])}
    axes = ",".join(["B", "T", *"XYZ"[:spaces], "V"])
    single = len(chosen) == 1
    notes = (
        f"{shape[0]} runs" if shape[0] > 2 else f"{shape[0]} runs: give several files of one simulation together",
        "the file has no coordinates of space; lengths are counted in cells, or say --spacing",
    )
    return _reading(
        "d", f"{' + '.join(chosen)} ({axes})", "+".join(chosen), spaces, steps, None if single else 2 + spaces, 1, notes
    )
