"""Plots of fields on a grid, from the arrays that they leave in a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...panels import Arrows, ImageGrid, Panel

if TYPE_CHECKING:
    from ...symmetry import Symmetry

COLUMNS = ("x", "exp(t L) x", "y", "exp(t L) x - y")


def field_panels(symmetry: Symmetry) -> list[Panel]:
    """The fields as arrows, a few pairs before and after, and one image under the flow; two s axes only."""
    extras = symmetry.extras
    if "example_pairs" not in extras:
        return []
    shown = slice(0, len(symmetry))
    turns = extras["example_t"][shown]
    pairs, flow = (extras[name].reshape(-1, *extras[name].shape[2:]) for name in ("example_pairs", "example_flow"))
    return [
        Arrows(
            name="fields",
            title="Where the generators move the content of an image",
            caption="Arrows: A p + b at pixel p, scaled to the largest; +- is the same generator.",
            fields=extras["fields"][shown],
            titles=[f"L{number}" for number in range(1, len(turns) + 1)],
            x_label="column",
            y_label="row",
        ),
        ImageGrid(
            name="before_after",
            title="Pairs before and after: x moved onto y, and what is left",
            caption="A row is a pair: x, x moved by its own t, y, and the difference of the last two. Interpolation "
            "leaves fine detail along edges; a wrong motion leaves pairs of bright and dark strokes.",
            arrays=pairs,
            titles=list(COLUMNS) * len(extras["example_pairs"]),
            value_label="value of x and y",
            x_label="column",
            y_label="row",
        ),
        ImageGrid(
            name="flow",
            title="One image under the flow of each generator",
            caption="t is one and two root-mean-squares of the pairs' own, both ways.",
            arrays=flow[: turns.size],
            titles=[f"L{number}, t = {t:.2g}" for number, row in enumerate(turns, 1) for t in row],
            value_label="value of x",
            x_label="column",
            y_label="row",
        ),
    ]
