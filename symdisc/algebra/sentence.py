"""What an algebra does to the space, in one line: "so(3), rotations of R^3 preserving the metric diag(1,1,1)"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

DIGITS = 6
# Roles of blocks that act on coordinates and a 1.
AFFINE = ("homogeneous", "spacetime")


def sentence(facts: dict[str, Any], roles: Sequence[str] = ()) -> str:
    """The line, from what `analyze --json` prints.

    Args:
        facts: `LieAlgebra.to_dict()`; forms that were not listed are left out.
        roles: of the blocks of the matrices, where they are those of a result.
    """
    name = str(facts.get("name") or "unnamed")
    listed = facts.get("invariant_forms") or {}
    symmetric, antisymmetric = listed.get("symmetric", []), listed.get("antisymmetric", [])
    m = facts.get("matrix_size", 0)
    if not facts.get("dimension") or not isinstance(symmetric, list) or not isinstance(antisymmetric, list):
        return name
    if len(roles) == 1 and roles[0] in AFFINE:
        return f"{name}, affine maps of {_space(m - 1)}{' (space and time)' if roles[0] == 'spacetime' else ''}"
    space = _space(m)
    if len(symmetric) == 1 and not symmetric[0]["signature"][2]:
        plus, minus, _ = symmetric[0]["signature"]
        kind = "rotations" if not minus else "rotations and boosts"
        return f"{name}, {kind} of {space} preserving the metric {_metric(symmetric[0]['matrix'], plus, minus)}"
    if any(form["signature"] == [m, 0, 0] for form in symmetric) or facts.get("matrix_compact"):
        return f"{name}, acting by rotations of {space}"
    if len(antisymmetric) == 1 and np.linalg.matrix_rank(np.array(antisymmetric[0]["matrix"]), tol=1e-6) == m:
        return f"{name}, linear maps of {space} preserving a symplectic form"
    return f"{name}, linear maps of {space}"


def _space(m: int) -> str:
    return f"R^{m}" if m != 1 else "R"


def _metric(matrix: list[list[float]], plus: int, minus: int) -> str:
    form = np.array(matrix)
    diagonal = np.diag(form)
    if np.abs(form - np.diag(diagonal)).max() < 0.05 * np.abs(form).max() and len(form) <= DIGITS:
        return f"diag({','.join(f'{value:.2g}' for value in diagonal)})"
    return f"of signature ({plus},{minus}) in their own coordinates"
