"""What axes are called in NeXus, CF and netCDF, and the letters of symdisc for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Names, CF attributes `axis` and CF standard names. What is not here has no meaning: nothing is guessed.
LETTERS = {
    "t": ("t", "time", "tt"),
    "n": ("sample", "samples", "run", "runs", "trajectory", "trajectories", "realization", "ensemble", "member"),
    "s": (
        *("x", "y", "z", "x_coordinate", "y_coordinate", "z_coordinate", "lon", "lat", "longitude", "latitude"),
        *("projection_x_coordinate", "projection_y_coordinate", "depth", "height", "altitude"),
    ),
    "v": ("component", "components", "vector", "channel", "variable", "v"),
}
ATTRIBUTES = ("axis", "standard_name", "units", "long_name")


def letter_of(name: str, attributes: Mapping[str, Any]) -> str | None:
    """The letter of an axis, by its CF attributes, else by its name; None where neither is known."""
    axis = str(attributes.get("axis", "")).upper()
    if axis in ("T", "X", "Y", "Z"):
        return "t" if axis == "T" else "s"
    if " since " in str(attributes.get("units", "")):
        return "t"
    for word in (str(attributes.get("standard_name", "")), name):
        found = next((letter for letter, names in LETTERS.items() if word.lower() in names), None)
        if found:
            return found
    return None


def meaning(letters: list[str | None]) -> tuple[str | None, str | None, bool]:
    """Kind, axes, and whether they are one run without an axis of samples; Nones where the letters do not say.

    A field has time and space, a trajectory time and components.
    """
    if not letters or None in letters:
        return None, None, False
    axes = "".join(letter for letter in letters if letter)
    if axes.count("t") != 1 or axes.count("n") > 1 or not ({"s", "v"} & set(axes)):
        return None, None, False
    kind = "field" if "s" in axes else "trajectory"
    lone = "n" not in axes
    return kind, ("n" + axes if lone else axes), lone
