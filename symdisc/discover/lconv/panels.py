"""Plots of the lconv method, from the arrays it leaves in a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...panels import Curve, Image, ImageGrid, Panel, Series
from .field_panels import field_panels

if TYPE_CHECKING:
    from ...symmetry import Symmetry

BINS = 40
SHOWN = 6


def panels(symmetry: Symmetry) -> list[Panel]:
    """Distribution of t, held-out likelihood by k, before and after, residual."""
    extras = symmetry.extras
    drawn: list[Panel] = list(field_panels(symmetry)) if "blur" in extras else []
    if "coefficients" in extras and extras["coefficients"].shape[0] > 1:
        drawn.append(_distribution(extras["coefficients"]))
    if "heldout_likelihood" in extras and len(extras["heldout_likelihood"]) > 1:
        drawn.append(_likelihood(extras["heldout_likelihood"]))
    if "turned" in extras:
        drawn.append(_turned(extras["turned"], extras["turned_by"]))
    if "residual_map" in extras:
        drawn.append(_residual(extras["residual_map"]))
    if "map" in extras:
        drawn.append(
            Image(
                name="map",
                title="The one map R that relates all pairs",
                caption="y = R x, least squares over all pairs.",
                array=extras["map"],
                value_label="entry of R",
            )
        )
    return drawn


def _distribution(t: np.ndarray) -> Panel:
    series = []
    edges = np.linspace(float(t.min()), float(t.max()), BINS + 1)
    if not edges[-1] > edges[0]:
        edges = np.linspace(edges[0] - 0.5, edges[0] + 0.5, BINS + 1)
    for i in range(min(SHOWN, t.shape[1])):
        counts = np.histogram(t[:, i], edges)[0]
        x = np.repeat(edges, 2)[1:-1]
        series.append(Series(f"t_{i + 1}", x, np.repeat(counts, 2), mark="area" if t.shape[1] == 1 else "line"))
    return Curve(
        name="coefficients",
        title="How far the pairs lie apart: distribution of t",
        caption="t_i is the coefficient of generator i in y = exp(sum t_i L_i) x, for generators of Frobenius norm 1.",
        x_label="t (generators of norm 1)",
        y_label="pairs",
        series=series,
    )


def _likelihood(values: np.ndarray) -> Panel:
    k = np.arange(len(values), dtype=float)
    return Curve(
        name="count",
        title="How many generators: likelihood of held-out pairs",
        caption="Mean log likelihood of pairs that the model of k generators was not fitted to. The smallest k within "
        "two standard errors of the best is taken.",
        x_label="generators k",
        y_label="log likelihood a pair",
        series=[Series("", k, values, mark="line"), Series("", k, values, mark="disc")],
        whole_x=True,
    )


def _turned(turned: np.ndarray, by: np.ndarray) -> Panel:
    examples, turns = turned.shape[:2]
    arrays = turned.reshape(examples * turns, *turned.shape[2:])
    titles = [f"x, t = {value:.2g}" if value else "x" for _ in range(examples) for value in by]
    return ImageGrid(
        name="turned",
        title="What the first generator does: exp(t L) x",
        caption="One of the user's samples a row; the middle column is the sample itself. t in units of a generator "
        "of norm 1, up to twice its root mean square in the data.",
        arrays=arrays,
        titles=titles,
        value_label="value of x",
        across=turns,
    )


def _residual(left: np.ndarray) -> Panel:
    if left.ndim == 2:
        return Image(
            name="residual",
            title="Where the model misses",
            caption="Mean squared residual of y at the fitted t. Even: noise. A pattern: something that the "
            "generators do not say.",
            array=left,
            value_label="mean squared residual (units of y, squared)",
            centred=False,
        )
    number = np.arange(1, len(left) + 1, dtype=float)
    return Curve(
        name="residual",
        title="Where the model misses",
        caption="Mean squared residual of y at the fitted t. Even: noise. A pattern: something that the generators do "
        "not say.",
        x_label="coordinate",
        y_label="mean squared residual (units of y, squared)",
        series=[Series("", number, left, mark="disc")],
        whole_x=True,
    )
