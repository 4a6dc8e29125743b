"""netCDF-4 (CF) and other HDF5 files whose axes have dimension scales: names and steps of axes come from them."""

from __future__ import annotations

from typing import Any

from ..tree import Tree
from .coordinates import ATTRIBUTES, letter_of, meaning
from .reading import Reading, step_of, told

_ARRAYS = 200


def recognise(tree: Tree, x: str | None) -> Reading | None:
    """By the dimension scales of x, or of the only array that has them on all its axes."""
    names = [name for name in tree.children()[:_ARRAYS] if tree.shape(name)]
    found = tree.attributes(dict.fromkeys(names, ("CLASS", "DIMENSION_LIST")))
    plain = [name for name in names if found[name].get("CLASS") != "DIMENSION_SCALE"]
    if len(plain) == len(names):
        return None
    parts = None if x is None else x.split("[")[0].strip().split("+")
    if parts is None:
        scaled = [name for name in plain if _scales(tree, name, found[name])]
        parts = scaled if len(scaled) == 1 and "x" not in plain else None
    if not parts or not all(part in plain for part in parts):
        return None
    scales, shape = _scales(tree, parts[0], found[parts[0]]), tree.shape(parts[0]) or ()
    if not scales or any(_scales(tree, part, found[part]) != scales for part in parts):
        return None
    attributes = tree.attributes(dict.fromkeys(scales, ATTRIBUTES) | {"": ("Conventions",)})
    words = [scale.split("/")[-1] for scale in scales]
    letters = [letter_of(word, attributes[scale]) for word, scale in zip(words, scales, strict=True)]
    values = [tree.coordinate(scale) for scale in scales]
    # A netCDF dimension without coordinates has a scale of zeros.
    steps = {
        word: step_of(value, size)
        for word, value, size in zip(words, values, shape, strict=True)
        if value is not None and value.any()
    }
    kind, axes, lone = meaning(letters)
    if axes is not None and len(parts) > 1:
        axes += "v"
    convention = attributes[""].get("Conventions")
    return Reading(
        f"netCDF ({convention})" if convention else "dimension scales",
        ", ".join(text for text in (f"{'+'.join(parts)} ({','.join(words)})", told(steps)) if text),
        x="+".join(parts),
        kind=kind,
        axes=axes,
        lead=len(shape) if len(parts) > 1 else None,
        lone=lone,
        steps={words.index(word) + lone: step for word, step in steps.items() if step is not None},
        notes=("one run: an axis of samples is put before it",) if lone else (),
    )


def _scales(tree: Tree, name: str, attributes: dict[str, Any]) -> list[str]:
    """Paths of the scales of an array with one on every axis, two axes at least; else []."""
    found = attributes.get("DIMENSION_LIST", [])
    scales = [str(path).strip("/") for path in found] if isinstance(found, list) else []
    return scales if len(scales) == len(tree.shape(name) or ()) > 1 and all(scales) else []
