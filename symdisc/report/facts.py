"""What a result knows about its algebra, read back from the JSON form that travels in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ..algebra import LieAlgebra
from ..algebra.forms import Form
from ..symmetry import Symmetry

TRUE_OR_NOT = ("simple", "semisimple", "abelian", "nilpotent", "solvable", "compact")
ARRAYS = {"basis", "structure_constants", "killing_form", "canonical_basis", "canonical_frame"}


def algebra_of(symmetry: Symmetry) -> LieAlgebra | None:
    """The algebra of a result, without analysing its matrices again; None where there is none."""
    known = symmetry.algebra
    if not known or not known.get("dimension") or not {"name", "matrix_size"} <= known.keys():
        return None
    plain = {field.name for field in fields(LieAlgebra)} - ARRAYS - {"symmetric_forms", "antisymmetric_forms"}
    listed = (known.get("invariant_forms") or {}).get("symmetric")
    listed = listed if isinstance(listed, list) else []
    return LieAlgebra(
        **{name: value for name, value in known.items() if name in plain and value is not None},
        symmetric_forms=[Form(np.array(form["matrix"]), tuple(form["signature"])) for form in listed],
        canonical_basis=symmetry.canonical,
    )


def facts(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and facts as rows of two columns."""
    if not known.get("name"):
        return []
    rows = [("name", str(known["name"]))]
    if known.get("aliases"):
        rows.append(("also", ", ".join(map(str, known["aliases"]))))
    if known.get("confidence"):
        margin = known.get("margin")
        rows.append(("confidence", f"{known['confidence']}{f'; would change at noise {margin:.2g}' if margin else ''}"))
    if known.get("neighbours"):
        rows.append(("nearest others", ", ".join(map(str, known["neighbours"]))))
    said = [fact for fact in TRUE_OR_NOT if known.get(fact) is True]
    said += [f"not {fact}" for fact in TRUE_OR_NOT if known.get(fact) is False]
    if said:
        rows.append(("facts", ", ".join(said)))
    if known.get("killing_signature"):
        rows.append(("Killing form", "{} positive, {} negative, {} zero".format(*known["killing_signature"])))
    for key, label in (("derived_series", "derived series"), ("lower_central_series", "lower central series")):
        if known.get(key):
            rows.append((label, " > ".join(map(str, known[key]))))
    parts = {"centre": "center_dimension", "radical": "radical_dimension", "nilradical": "nilradical_dimension"}
    sizes = [f"{word} {known[key]}" for word, key in parts.items() if known.get(key) is not None]
    if known.get("rank") is not None:
        sizes.append(f"rank {known['rank']}")
    if sizes:
        rows.append(("dimensions", ", ".join(sizes)))
    for key, label in (("levi_factors", "Levi factors"), ("factors", "direct sum of")):
        if len(known.get(key) or []) > (key == "factors"):
            rows.append((label, "; ".join(map(str, known[key]))))
    if known.get("matrix_compact") is not None:
        rows.append(("group of these matrices", "compact" if known["matrix_compact"] else "not compact"))
    return rows
