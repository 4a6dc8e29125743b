"""A picture of a basis, as in the paper: which entries each invariant vector ties together."""

from __future__ import annotations

from math import isqrt

import numpy as np

from ..panels import Image, ImageGrid, Message, Panel
from .basis import Basis

SHOWN = 16
LARGEST = 4_000_000
DISJOINT = 1e-9


def basis_panels(basis: Basis) -> list[Panel]:
    """One picture with a colour a solution where they do not overlap, and the first solutions one by one."""
    if not basis.rank:
        text = f"{basis.rep} has no invariant vector but zero."
        return [Message(name="basis", title="Equivariant basis", text=text)]
    if basis.size * basis.rank > LARGEST:
        text = f"{basis.rank} solutions of {basis.size} entries are too many to draw; use a smaller representation."
        return [Message(name="basis", title="Equivariant basis", text=text)]
    columns = basis.dense()
    rows, across = basis.shape or _rectangle(basis)
    x_label, y_label = ("entry of the input", "entry of the output") if basis.shape else ("", "")
    weights = np.abs(columns)
    largest = weights.argmax(axis=1)
    rest = np.sort(weights, axis=1)[:, -2] if basis.rank > 1 else np.zeros(basis.size)
    disjoint = bool((rest <= DISJOINT).all())
    colours = np.where(weights.max(axis=1) > DISJOINT, largest + 1.0, 0.0)
    overlap = (
        "entries of one colour are tied together"
        if disjoint
        else "solutions overlap: each entry has the colour of the one that weighs most there"
    )
    panels: list[Panel] = [
        Image(
            name="basis",
            title=f"{basis.rank} {'solution' if basis.rank == 1 else 'solutions'} for {basis.rep}",
            caption=f"A colour for each solution, {overlap}; 0: always zero.",
            array=colours.reshape(rows, across),
            value_label="solution",
            centred=False,
            x_label=x_label,
            y_label=y_label,
        ),
        ImageGrid(
            name="solutions",
            title=f"{'Solution' if basis.rank == 1 else 'Solutions'} for {basis.rep}"
            + ("" if basis.rank <= SHOWN else f", {SHOWN} of {basis.rank}"),
            caption="Orthonormal; any combination of them is equivariant.",
            arrays=columns.T[:SHOWN].reshape(-1, rows, across),
            titles=[str(number + 1) for number in range(min(SHOWN, basis.rank))],
            value_label="value",
            x_label=x_label,
            y_label=y_label,
        ),
    ]
    return panels


def _rectangle(basis: Basis) -> tuple[int, int]:
    """Rows and columns of a vector: half of the indices of a tensor each, else as square as possible."""
    side = isqrt(basis.size)
    while basis.size % side:
        side -= 1
    return side, basis.size // side
