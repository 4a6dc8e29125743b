"""The Well (Polymathic AI): fields of scalars, vectors and tensors on a grid, by their docs/data_format.md."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tree import Tree
from .reading import Reading, parts_of, step_of, told

RANKS = {"t0_fields": "scalar", "t1_fields": "vector", "t2_fields": "tensor"}
VARYING = ("sample_varying", "time_varying", "dim_varying")


def recognise(tree: Tree, x: str | None) -> Reading | None:
    """By the group `dimensions`, a group of fields, and `n_spatial_dims` and `grid_type` of the root."""
    if not tree.children("dimensions") or not any(tree.children(group) for group in RANKS):
        return None
    there = [f"{group}/{name}" for group in RANKS for name in tree.children(group)]
    wanted: dict[str, tuple[str, ...]] = dict.fromkeys(there, VARYING)
    wanted |= {"dimensions": ("spatial_dims",)} | dict.fromkeys(RANKS, ("field_names",))
    walls = [f"boundary_conditions/{name}" for name in tree.children("boundary_conditions")]
    wanted |= dict.fromkeys(walls, ("bc_type", "associated_dims")) | {"": ("n_spatial_dims", "grid_type")}
    found = tree.attributes(wanted)
    root = found[""]
    if not isinstance(root.get("n_spatial_dims"), int) or "grid_type" not in root:
        return None
    order = [f"{group}/{name}" for group in RANKS for name in _listed(found[group], "field_names")]
    fields = [*(field for field in order if field in there), *(field for field in there if field not in order)]
    moving = [field for field in fields if _varies(found[field])]
    chosen = moving if x is None else parts_of(x, moving)
    if not chosen:
        return None
    dims = _listed(found["dimensions"], "spatial_dims")
    if len(dims) != root["n_spatial_dims"]:
        return None
    shape = tree.shape(chosen[0]) or ()
    lead = 2 + len(dims)
    if len(shape) < lead:
        return None
    steps = {"t": step_of(tree.coordinate("dimensions/time"), shape[1])}
    steps |= {name: step_of(tree.coordinate(f"dimensions/{name}"), shape[2 + i]) for i, name in enumerate(dims)}
    wraps = _periodic([found[wall] for wall in walls], dims)
    single = len(chosen) == 1
    trailing = len(shape) - lead if single else 1
    around = [name for name in dims if wraps.get(name)]
    words = f"{root['grid_type']} grid (N,T,{','.join(name.upper() for name in dims)}), {told(steps)}"
    return Reading(
        "The Well",
        f"{' + '.join(chosen)}, {words}; {'periodic in ' + ', '.join(around) if around else 'no periodic axis'}",
        x="+".join(chosen),
        kind="field",
        axes="nt" + "s" * len(dims) + "v" * trailing,
        lead=None if single else lead,
        steps={place: step for place, step in enumerate(steps.values(), 1) if step is not None},
        wraps={place: wraps.get(name, False) for place, name in enumerate(dims, 2)},
        notes=_notes(tree, chosen, [field for field in moving if field not in chosen], fields, moving, lead, root),
    )


def _varies(attributes: dict[str, Any]) -> bool:
    """Whether a field has all axes: it varies from sample to sample, in time, and along every dimension."""
    return all(bool(np.all(attributes.get(name, False))) for name in VARYING)


def _listed(attributes: dict[str, Any], name: str) -> list[str]:
    """A list of names; one alone may come without a list."""
    names = attributes.get(name, [])
    return [names] if isinstance(names, str) else [str(word) for word in names]


def _periodic(walls: list[dict[str, Any]], dims: list[str]) -> dict[str, bool]:
    """Which dimensions a boundary condition of type PERIODIC is associated with."""
    wraps: dict[str, bool] = {}
    for wall in walls:
        if str(wall.get("bc_type", "")).upper() == "PERIODIC":
            wraps |= {name: True for name in _listed(wall, "associated_dims") if name in dims}
    return wraps


def _notes(
    tree: Tree,
    chosen: list[str],
    other: list[str],
    fields: list[str],
    moving: list[str],
    lead: int,
    root: dict[str, Any],
) -> tuple[str, ...]:
    notes, place = [], 0
    pieces = []
    for field in chosen:
        width = int(np.prod((tree.shape(field) or ())[lead:], dtype=int))
        last = place + width - 1
        pieces.append(f"{place if width == 1 else f'{place} to {last}'} {field} ({RANKS[field.split('/')[0]]})")
        place += width
    notes.append(f"components: {', '.join(pieces)}")
    fixed = [field for field in fields if field not in moving]
    if fixed:
        notes.append(f"left out, not varying in all of sample, time and space: {', '.join(fixed)}")
    if other:
        notes.append(f"other fields: {', '.join(other)}")
    if str(root["grid_type"]).lower() != "cartesian":
        notes.append(
            f"grid {root['grid_type']}: steps are those of its coordinates; lengths differ from place to place"
        )
    return tuple(notes)
