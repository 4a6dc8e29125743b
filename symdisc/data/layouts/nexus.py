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
    groups = tree.attributes(dict.fromkeys(["", *_groups(tree)], ("NX_class", "signal", "axes", "default")))
    data = [(path, entry) for path, entry in groups.items() if entry.get("NX_class") == "NXdata"]
    found = [(path, entry) for path, entry in data if isinstance(entry.get("signal"), str)]
    if x is not None:
        found = [(path, entry) for path, entry in found if parts_of(x, [_joined(path, str(entry["signal"]))])]
    if len(found) > 1:
        found = [(path, entry) for path, entry in found if path == _default(groups)]
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


def _groups(tree: Tree) -> list[str]:
    """Paths of groups, level by level, as many as are looked at."""
    level, found = [""], list[str]()
    for _ in range(_DEEPEST):
        children = [_joined(path, name) for path in level for name in tree.children(path)[:_GROUPS]]
        level = [path for path in children if tree.shape(path) is None][: _GROUPS - len(found)]
        found += level
    return found


def _default(groups: dict[str, dict[str, Any]]) -> str:
    """The NXdata that the attributes `default` lead to, from the root down."""
    path = ""
    for _ in range(_DEEPEST):
        name = groups.get(path, {}).get("default")
        if not isinstance(name, str):
            break
        path = _joined(path, name)
    return path


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
