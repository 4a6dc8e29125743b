"""NPZ files as Keras keeps its data sets: `x_train`, `y_train`, `x_test`, `y_test` (MNIST and others)."""

from __future__ import annotations

from ..tree import Tree
from .reading import Reading


def recognise(tree: Tree, x: str | None) -> Reading | None:
    """By the names of the arrays."""
    part = next((part for part in ("train", "test") if x in (None, f"x_{part}") and tree.shape(f"x_{part}")), None)
    if part is None or tree.shape("x_train") is None:
        return None
    shape, labels = tree.shape(f"x_{part}"), tree.shape(f"y_{part}")
    assert shape is not None
    other = "test" if part == "train" else "train"
    notes = [f"the part `{other}` is there too: --x x_{other}"] if tree.shape(f"x_{other}") else []
    if labels is None or labels[:1] != shape[:1]:
        return Reading("Keras NPZ", f"x_{part} {shape}, no labels", x=f"x_{part}", kind="samples", notes=tuple(notes))
    notes.append("for what moves the images whatever their labels: --kind samples --candidates grid")
    return Reading(
        "Keras NPZ",
        f"x_{part} {shape} with labels y_{part} {labels}",
        x=f"x_{part}",
        y=f"y_{part}",
        kind="labelled",
        notes=tuple(notes) if len(shape) > 2 else tuple(notes[:-1]),
    )
