"""`grid` candidates: smooth vector fields A p + b on the pixels, seen by the leading principal components.

A field moves an image by -(A p + b) . grad x, a linear map of its pixels. So the rates of functions of the components
are means over samples as for any linear map, without those components being a space that the field keeps.
"""

from __future__ import annotations

import numpy as np

from ...data import DataSet
from ...errors import InputError
from ...symmetry import Block
from ...warp import Boundary, Warp, boundary_of
from ..method import Given
from .frame import Frame
from .space import Space

PIXELS_AT_ONCE = 256


class Fields:
    """The fields of a grid, as velocities of the components.

    Args:
        data: samples with one to three s axes; channels move together.
        sample: (n, D) images from which the boundary is told.
        frame: of the components.
        boundary: zero, mirror, or auto.

    Attributes:
        velocity: (D, K, r), what samples (n, D) are multiplied with to give the velocities of their components.

    Raises:
        InputError: a grid that cannot be searched.
    """

    def __init__(self, data: DataSet, sample: np.ndarray, frame: Frame, boundary: str = "auto") -> None:
        periodic = bool(data.periodic) and all(data.periodic or ())
        if data.periodic and any(data.periodic) and not periodic:
            raise InputError("--candidates grid: either all s axes are periodic or none; leave --periodic out")
        shape, channels = data.space_shape, data.channels
        images = sample.reshape(len(sample), -1, channels)
        outside: Boundary = "mirror" if boundary == "mirror" else "zero"
        if periodic:
            outside = "periodic"
        elif boundary == "auto":
            outside = boundary_of(shape, images)
        self.warp = Warp(shape, outside)
        size = images.shape[1] * channels
        self.velocity = np.empty((size, self.warp.dimension, frame.rank))
        for first in range(0, size, PIXELS_AT_ONCE):
            part = np.eye(size)[first : first + PIXELS_AT_ONCE]
            moved = self.warp.fields(part.reshape(len(part), -1, channels))
            self.velocity[first : first + len(part)] = moved @ frame.inverse.T

    @property
    def count(self) -> int:
        """K."""
        return self.warp.dimension

    def space(self) -> Space:
        """All fields."""
        return self._space({"space": "grid", "dimension": self.count}, np.eye(self.count))

    def space_given(self, given: Given) -> Space:
        """Given fields, (k, s + 1, s + 1) matrices in pixels about the centre.

        Raises:
            InputError: they are of another size.
        """
        size = self.warp.axes + 1
        matrices = given.part("homogeneous")
        matrices = given.generators if matrices is None else matrices
        if matrices.shape[1] != size or np.abs(matrices[:, -1]).max(initial=0.0) > 0 or not len(matrices):
            raise InputError(
                f"--generators: fields on a grid of {size - 1} axes are {size} x {size} matrices with a last row of "
                f"zeros, not {matrices.shape[1]} x {matrices.shape[2]}"
            )
        return self._space({"space": "given", "dimension": len(matrices)}, self.warp.coefficients(matrices).T)

    def _space(self, description: dict[str, object], columns: np.ndarray) -> Space:
        centre = ", ".join(f"{(p - 1) / 2:g}" for p in self.warp.shape)
        block = Block("homogeneous", 0, self.warp.axes + 1, f"pixels about the centre ({centre})")
        return Space((block,), description, columns, lambda directions: self.warp.algebra((columns @ directions).T))
