"""A few of the user's own images, kept in the result so that its report can show what the generators do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..symmetry import Symmetry

if TYPE_CHECKING:
    from ..data import DataSet

LOOKED_AT = 64
KEPT = 2
SMALLEST = 4
MOST_PIXELS = 1 << 16


def shown_images(symmetry: Symmetry, data: DataSet) -> dict[str, np.ndarray]:
    """`shown_images` (n <= 2, rows, columns): those of the first samples with most contrast, their first channel.

    Empty where x is no grid of two axes (an array of 3 x 3 numbers is none), where there is nothing to apply, and
    where the method kept examples of its own.
    """
    shape = data.space_shape
    if "t" in data.axes or len(shape) != 2 or min(shape) < SMALLEST or data.d > MOST_PIXELS or not len(symmetry):
        return {}
    if "example_flow" in symmetry.extras:
        return {}
    images = data.first(LOOKED_AT).x[:, :, 0]
    contrast = images.std(axis=1)
    chosen = np.sort(np.argsort(-contrast, kind="stable")[:KEPT])
    return {"shown_images": images[chosen].reshape(-1, *shape)}
