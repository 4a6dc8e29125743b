"""Layouts that files of others have, recognised by their names and attributes, never by shape alone.

A layout is a module with a function `recognise(tree, x)`: the `Reading` of the file, for the array(s) `x` that the user
named or None for its own choice; or None where the file is not of this layout. A new layout is one module and one name
here.
"""

from __future__ import annotations

from ..tree import Tree
from . import keras, nexus, pandas, pdebench, scales, well
from .reading import UNKNOWN, Reading

# In the order in which they are asked: the most particular first.
LAYOUTS = (well, pdebench, pandas, keras, nexus, scales)

__all__ = ["LAYOUTS", "UNKNOWN", "Reading", "recognise"]


def recognise(tree: Tree, x: str | None) -> Reading | None:
    """The first layout that knows the file; None where none does."""
    for layout in LAYOUTS:
        try:
            reading: Reading | None = layout.recognise(tree, x)
        except (TypeError, ValueError, LookupError, OverflowError):
            continue  # attributes of another form than the layout's writers give them: another layout, or damage
        if reading is not None:
            return reading
    return None
