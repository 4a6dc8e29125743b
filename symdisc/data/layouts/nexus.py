"""NeXus: the group of class NXdata says which array is the signal and what its axes are (NeXus manual, NXdata)."""

from __future__ import annotations

from typing import Any

from ..tree import Tree
from .coordinates import ATTRIBUTES, letter_of, meaning
from .reading import Reading, parts_of, step_of, told

_DEEPEST = 4
_GROUPS = 200


def recognise(tree: Tree, x: str | None) -> Reading | None:
    """By the attributes `NX_class` and `signal`; of several NXdata the one that `default` names, or that holds x."""
    found = [(path, entry) for path, entry in _groups(tree) if isinstance(entry.get("signal"), str)]
    if x is not None:
        found = [(path, entry) for path, entry in found if parts_of(x, [_joined(path, str(entry["signal"]))])]
    if len(found) > 1:
        found = [(path, entry) for path, entry in found if path == _default(tree)]
    if len(found) != 1:
        return None
    path, entry = found[0]
    signal, stated = _joined(path, entry["signal"]), entry.get("axes", [])
    shape = tree.shape(signal)
    names = [stated] if isinstance(stated, str) else [str(name) for name in stated]
    if shape is None or len(names) != len(shape):
        return None
    places = [_joined(path, name) for name in names]
    attributes = tree.attributes(dict.fromkeys(places, ATTRIBUTES))
    letters = [
        letter_of(name, attributes[place]) if name != "." else None for name, place in zip(names, places, strict=True)
    ]
    steps = {
        name: step_of(tree.coordinate(place), size)
        for name, place, size in zip(names, places, shape, strict=True)
        if name != "."
    }
    kind, axes, lone = meaning(letters)
    words = ",".join(names)
    return Reading(
        "NeXus",
        f"signal {signal} ({words}), {told(steps)}",
        x=signal,
        kind=kind,
        axes=axes,
        lone=lone,
        steps={names.index(name) + lone: step for name, step in steps.items() if step is not None},
        notes=("one run: an axis of samples is put before it",) if lone else (),
    )


def _groups(tree: Tree) -> list[tuple[str, dict[str, Any]]]:
    """Groups of class NXdata with their attributes, level by level."""
    level, found, seen = [""], [], 0
    if not any(
        "NX_class" in entry for entry in tree.attributes(dict.fromkeys(_below(tree, level), ("NX_class",))).values()
    ):
        return []
    for _ in range(_DEEPEST):
        level = _below(tree, level)[: _GROUPS - seen]
        seen += len(level)
        for path, entry in tree.attributes(dict.fromkeys(level, ("NX_class", "signal", "axes"))).items():
            if entry.get("NX_class") == "NXdata":
                found.append((path, entry))
    return found


def _below(tree: Tree, paths: list[str]) -> list[str]:
    children = [_joined(path, name) for path in paths for name in tree.children(path)]
    return [path for path in children[:_GROUPS] if tree.shape(path) is None]


def _default(tree: Tree) -> str:
    """The NXdata that the attributes `default` lead to, from the root down."""
    path = ""
    for _ in range(_DEEPEST):
        name = tree.attributes({path: ("default",)})[path].get("default")
        if not isinstance(name, str):
            break
        path = _joined(path, name)
    return path


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
