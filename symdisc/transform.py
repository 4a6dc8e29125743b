"""exp(sum_i t_i L_i) on data: which block of a result acts on what, and how the data keep their form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .data import DataSet, from_arrays
from .data.axes import Layout, order_of
from .errors import InputError
from .exponential import exponential_action
from .factored import FactoredRotations
from .symmetry import Symmetry, load

BASES = ("canonical", "generators")


class Transform:
    """exp(sum t_i L_i) as it acts on the x of one data set.

    Args:
        generators: a `Symmetry`, or (k, m, m) matrices. Matrices with a last row of zeros and one row more than x has
            dimensions act on (x, 1).
        data: whose axes say what the generators act on: s (flattened) of samples, pairs and labelled data; v of
            trajectories and fields.
        basis: "canonical" (a rotation turns by t radians; refused where none was found) or "generators" (Frobenius norm
            1); None: the canonical one where there is one.

    Attributes:
        generators: (k, m, m) or factored, the block that acts on x.
        role: space, internal or homogeneous (coordinates and a 1).
        output: (k, c, c), the action on y of labelled data, or (k, c + 1, c + 1) on (y, 1); or None.
        basis: canonical, generators, or given.

    Raises:
        InputError: no generators, no such basis, or sizes that do not fit the data.
    """

    def __init__(self, generators: Symmetry | np.ndarray, data: DataSet, basis: str | None = None) -> None:
        self.layout: Layout = data.layout
        self.space_shape = data.space_shape
        self.d = data.d
        self.output: np.ndarray | None = None
        if isinstance(generators, Symmetry):
            self._from_result(generators, basis)
        else:
            self._from_matrices(np.asarray(generators, dtype=np.float64), basis)
        if not len(self.generators):
            raise InputError("there are no generators to apply: k = 0")
        self.images = self._checked()

    @property
    def k(self) -> int:
        """Number of generators, so of t."""
        return len(self.generators)

    def _from_result(self, result: Symmetry, basis: str | None) -> None:
        if basis == "canonical" and result.canonical is None:
            raise InputError("no canonical basis was found for this result; use --basis generators")
        matrices = result.generators
        self.basis = "generators"
        if basis != "generators" and result.canonical is not None:
            matrices, self.basis = result.canonical, "canonical"
        wanted = ("internal", "space") if "t" in self.layout.axes else ("space", "homogeneous")
        parts = {block.role: slice(block.start, block.stop) for block in result.blocks}
        role = next((role for role in wanted if role in parts), None)
        if role is None:
            raise InputError(f"this result acts on {', '.join(parts)}, not on the x of {self.layout.kind} data")
        self.role = role
        self.generators: np.ndarray | FactoredRotations = matrices
        if isinstance(matrices, np.ndarray):
            self.generators = matrices[:, parts[role], parts[role]]
            if "output" in parts and self.layout.kind == "labelled":
                self.output = matrices[:, parts["output"], parts["output"]]

    def _from_matrices(self, matrices: np.ndarray, basis: str | None) -> None:
        if basis == "canonical":
            raise InputError("these matrices come without a canonical basis; leave --basis out")
        matrices = matrices[None] if matrices.ndim == 2 else matrices
        if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
            raise InputError(f"generators are square matrices (k, m, m), not an array of shape {matrices.shape}")
        if not np.isfinite(matrices).all():
            raise InputError("the generators hold NaN or infinite values; correct them")
        affine = matrices.shape[1] != self.d and not matrices[:, -1].any()
        self.generators, self.basis, self.role = matrices, "given", "homogeneous" if affine else "space"

    def _checked(self) -> bool:
        """Whether homogeneous generators move the pixels of images rather than points."""
        size = self.generators.shape[1]
        if self.role != "homogeneous":
            if size != self.d:
                raise InputError(
                    f"the generators are {size} x {size} matrices, but each x has {self.d} dimensions "
                    f"(axes {self.layout.axes}); give generators and data of one size, or other --axes"
                )
            return False
        if size - 1 == self.d:
            return False
        if size - 1 == len(self.space_shape):
            return True
        raise InputError(
            f"the generators move points of {size - 1} dimensions, but each x has {self.d} dimensions "
            f"(axes {self.layout.axes}); give generators and data of one size, or other --axes"
        )

    def coefficients(self, t: Any) -> np.ndarray:
        """(k,) or (n, k) float64 from what a user gave.

        Raises:
            InputError: not k numbers, or not finite ones.
        """
        values = np.atleast_1d(np.asarray(t, dtype=np.float64))
        if values.shape[-1] != self.k:
            raise InputError(
                f"t has {values.shape[-1]} values, but there are k = {self.k} generators; give one for each"
            )
        if not np.isfinite(values).all():
            raise InputError("t holds NaN or infinite values; give finite numbers")
        return values

    def __call__(self, x: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Samples as `DataSet.chunks` yields them, transformed by t of shape (b, k) or (k,).

        Args:
            x: (b, d, m); (b, t, v) for trajectories; (b, t, s.., v) for fields.

        Raises:
            InputError: t too large.
        """
        if self.images:
            return warp_images(self.generators, t, x, self.space_shape)
        if "t" in self.layout.axes:
            points = x.reshape(len(x), -1, x.shape[-1]).transpose(0, 2, 1)
            return exponential_action(self.generators, t, points).transpose(0, 2, 1).reshape(x.shape)
        return exponential_action(self.generators, t, x, homogeneous=self.role == "homogeneous")

    def on_output(self, y: np.ndarray, t: np.ndarray) -> np.ndarray:
        """(b, c) labels of the transformed samples: y itself where it is invariant."""
        if self.output is None:
            return y
        homogeneous = self.output.shape[1] == y.shape[1] + 1
        return exponential_action(self.output, t, y[:, :, None], homogeneous=homogeneous)[:, :, 0]


def warp_images(
    generators: np.ndarray | FactoredRotations, t: np.ndarray, x: np.ndarray, space_shape: tuple[int, ...]
) -> np.ndarray:
    """Images moved by homogeneous generators that act on pixel coordinates about the centre, by cubic splines.

    Args:
        generators: (k, m, m), m - 1 the number of s axes; translations in pixels.
        t: (b, k) or (k,).
        x: (b, d, c), the s axes flattened row by row.
        space_shape: sizes of the s axes, d their product.

    Returns:
        (b, d, c). What flows in from outside is 0; mirrored for an image that is not dark at its edge.

    Raises:
        InputError: more than three s axes, or one shorter than 4 pixels; t too large.
    """
    from .warp import Warp, boundary_of

    k, size, _ = generators.shape
    t = np.broadcast_to(np.asarray(t, dtype=np.float64), (len(x), k))
    algebra = (t @ np.asarray(generators).reshape(k, -1)).reshape(-1, size, size)
    boundaries = np.array([boundary_of(space_shape, image[None]) for image in x])
    moved = np.empty_like(x)
    for boundary in np.unique(boundaries):
        rows = boundaries == boundary
        warp = Warp(space_shape, boundary)
        moved[rows] = warp.transport(warp.splines(x[rows].astype(np.float64)), algebra[rows])
    return moved


def arranged_back(block: np.ndarray, layout: Layout, shape: tuple[int, ...]) -> np.ndarray:
    """Samples in the canonical axes of a `Chunk`, in the axes of the user again: the inverse of `Layout.arrange`.

    Args:
        block: (b, d, m) or as the kind has it.
        shape: full shape of x; only the number of samples may differ.
    """
    places = [place for letter in order_of(layout.kind) for place, axis in enumerate(layout.axes) if axis == letter]
    sizes = [len(block) if place == layout.sample_axis else shape[place] for place in places]
    return block.reshape(sizes).transpose(np.argsort(places))


def result_dtype(stored: np.dtype) -> np.dtype:
    """float32 for what it holds exactly, else float64."""
    return np.dtype(np.float32 if np.can_cast(stored, np.float32, "safe") else np.float64)


def apply(
    generators: Symmetry | np.ndarray | str | Path,
    x: Any,
    t: Any,
    *,
    kind: str | None = None,
    axes: str | None = None,
    basis: str | None = None,
) -> np.ndarray:
    """Transform data by exp(sum t_i L_i): what `symdisc apply` does, on arrays.

    Args:
        generators: a `Symmetry`, the path of a result, or (k, d, d) matrices; (k, d + 1, d + 1) with a last row of
            zeros act on points (x, 1).
        x: array with a sample axis, n samples.
        t: (k,) for all samples or (n, k); a number where k = 1.
        kind: "samples" (default), "trajectory" or "field".
        axes: a letter per axis of x, as in `symdisc fit --axes`; default n, then s.
        basis: "canonical" or "generators": see `symdisc.transform.Transform`.

    Returns:
        An array of the shape of x: float32 for what float32 holds exactly, else float64.

    Raises:
        InputError: shapes that do not fit, no generators, NaN, t too large.

    Example:
        >>> import numpy as np, symdisc
        >>> turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
        >>> symdisc.apply(turn, [[1.0, 0.0], [0.0, 2.0]], np.pi / 2).round(12).tolist()
        [[0.0, 1.0], [-2.0, 0.0]]
    """
    data = from_arrays(x, kind=kind or "samples", axes=axes)
    if isinstance(generators, (str, Path)):
        generators = load(generators)
    transform = Transform(generators, data, basis)
    values = transform.coefficients(t)
    if values.ndim > 1 and len(values) != data.samples:
        raise InputError(f"t has {len(values)} rows, but x has {data.samples} samples; give one row a sample, or one")
    moved = np.empty(data.x_shape, dtype=result_dtype(data.x_dtype))
    for chunk in data.chunks():
        rows = slice(chunk.start, chunk.start + len(chunk.x))
        block = transform(chunk.x, values[rows] if values.ndim > 1 else values)
        place = (slice(None),) * data.layout.sample_axis + (rows,)
        moved[place] = arranged_back(block, data.layout, data.x_shape)
    return moved
