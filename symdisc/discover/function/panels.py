"""Plots of the function method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...panels import Curve, Panel, Series

if TYPE_CHECKING:
    from ...symmetry import Symmetry


def panels(symmetry: Symmetry) -> Sequence[Panel]:
    """The model against the data, and along how many axes f changes."""
    extras = symmetry.extras
    shown: list[Panel] = []
    if "shown_y" in extras:
        y, f = extras["shown_y"], extras["shown_f"]
        ends = np.array([min(y.min(), f.min()), max(y.max(), f.max())])
        shown.append(
            Curve(
                name="model",
                title=f"The model of f: {float(extras['unexplained']):.2g} of the variance unexplained",
                caption="Samples that the model has not seen; of several outputs the combination that varies most, in "
                "units of their standard deviations.",
                x_label="y",
                y_label="model of f(x)",
                series=[
                    Series("samples", y, f, mark="dot", size=2.0),
                    Series("y = f(x)", ends, ends, mark="dashed", tone="neutral"),
                ],
            )
        )
    if "gradient_energy" in extras:
        energy = np.sqrt(np.maximum(extras["gradient_energy"], 0.0))
        shown.append(
            Curve(
                name="gradient",
                title="How much f changes along each axis of x",
                caption="Root mean square slope along the principal axes of the gradient, x whitened. Along axes with "
                "less than a tenth of the tolerance times the largest f is taken not to change at all.",
                x_label="axis",
                y_label="slope (spreads of y per spread of x)",
                series=[Series("", np.arange(1, len(energy) + 1), energy, mark="disc")],
                whole_x=True,
            )
        )
    return shown
