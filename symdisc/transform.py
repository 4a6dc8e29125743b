"""exp(sum_i t_i L_i) on data: the exponential itself, its action on many samples, and what a result means by it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .data import DataSet, from_arrays
from .data.axes import Layout, order_of
from .errors import InputError
from .exponential import matrix_exponential, too_large
from .factored import FactoredRotations
from .symmetry import Symmetry, load

BASES = ("canonical", "generators")

BLOCK_ITEMS = 1 << 20  # numbers in a block of matrices or of terms: 8 MB each, and a handful of them at once
SMALL = 16  # up to this size a matrix exponential a sample is cheaper than its series
FEW = 16  # up to so many generators, L_i X for all i is cheaper than a matrix a sample
STEP = 3.0  # norm of one step of the series: its terms grow to 4.5 at most, so hardly anything cancels
MOST_TERMS = 64
Matrices = Callable[[slice], np.ndarray]


# --- its action


def exponential_action(
    generators: np.ndarray | FactoredRotations, t: np.ndarray, x: np.ndarray, homogeneous: bool = False
) -> np.ndarray:
    """exp(sum_i t_ni L_i) x_n for every sample, to rounding.

    Args:
        generators: (k, d, d), or factored rotations; (k, d + 1, d + 1) acting on (x, 1) where `homogeneous`.
        t: (n, k), or (k,) for all samples.
        x: (n, d, m): d-dimensional space, m channels that share the action. float32 stays float32.
        homogeneous: whether the last coordinate of the generators is a constant 1.

    Returns:
        (n, d, m). Samples are worked on in blocks; above d = 16 no n matrices of d x d are formed at once.

    Raises:
        InputError: shapes that do not fit; t so large that the exponential overflows.

    Source: one exponential where t is common or d small; eigenvectors for one (anti)symmetric generator; else steps of
    the Taylor series on all samples at once, after Al-Mohy and Higham, SIAM J. Sci. Comput. 33 (2011), short enough
    that no digits cancel.

    Example:
        >>> import numpy as np
        >>> quarter = exponential_action(np.array([[[0.0, -1.0], [1.0, 0.0]]]), [np.pi / 2], np.array([[[1.0], [0.0]]]))
        >>> quarter.round(12).ravel().tolist()
        [0.0, 1.0]
    """
    x = np.asarray(x)
    x = x if x.dtype == np.float32 else x.astype(np.float64, copy=False)
    if homogeneous:
        ones = np.ones((len(x), 1, x.shape[2]), dtype=x.dtype)
        return exponential_action(generators, t, np.concatenate([x, ones], axis=1))[:, :-1]
    k, size, _ = generators.shape
    t = np.asarray(t, dtype=np.float64)
    if t.ndim == 1:
        t = np.broadcast_to(t, (len(x), len(t)))
    if t.shape != (len(x), k):
        raise InputError(f"t has shape {t.shape}; {len(x)} samples and k = {k} generators need ({len(x)}, {k})")
    if x.shape[1] != size:
        raise InputError(f"x has dimension {x.shape[1]}, but the generators are {size} x {size} matrices")
    if not k or not x.size:
        return x.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        moved = _factored(generators, t, x) if isinstance(generators, FactoredRotations) else _dense(generators, t, x)
    if not np.isfinite(moved).all():
        raise too_large()
    return moved


def _dense(generators: np.ndarray, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    k, d, _ = generators.shape

    def matrices(rows: slice) -> np.ndarray:
        return (t[rows] @ generators.reshape(k, -1)).reshape(-1, d, d)

    if d <= SMALL or k > FEW or _common(t):
        return _by_matrices(matrices, x, _common(t))
    for sign in (-1, 1):
        if k == 1 and np.abs(generators[0] - sign * generators[0].T).max() <= 1e-15 * np.abs(generators).max():
            return _by_eigenvectors(generators[0], sign, t[:, 0], x)
    return _by_stack(generators, t, x)


def _factored(generators: FactoredRotations, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """exp(S A R) = 1 + S (exp(A) - 1) R, for R S = 1 and A antisymmetric: the exponential stays r x r."""
    root = np.sqrt(generators.eigenvalues)
    s, inverse = generators.eigenvectors * root, generators.eigenvectors / root
    i, j = np.triu_indices(len(root), 1)
    scale = np.hypot(root[i] / root[j], root[j] / root[i])
    z = inverse.T @ x.astype(np.float64)

    def matrices(rows: slice) -> np.ndarray:
        angles = np.zeros((len(t[rows]), len(root), len(root)))
        angles[:, i, j] = t[rows] / scale
        return angles - angles.transpose(0, 2, 1)

    return (x + s @ (_by_matrices(matrices, z, _common(t)) - z)).astype(x.dtype)


def _common(t: np.ndarray) -> bool:
    return bool((t == t[0]).all())


def _by_matrices(matrices: Matrices, x: np.ndarray, common: bool) -> np.ndarray:
    """One matrix for all samples, or a matrix a sample, in blocks; exponentials where small, else the series."""
    n, d, m = x.shape
    if common:
        matrix = matrices(slice(0, 1))
        # About 10 products of d x d for the exponential, about 25 of d x n m for each step of the series.
        if d <= SMALL or d < 2 * n * m * _norms(matrix)[0]:
            return _columns(lambda columns: matrix_exponential(matrix)[0] @ columns, x)
        return _columns(lambda columns: _series(matrix, columns[None])[0], x)
    result = np.empty_like(x)
    rows = max(1, BLOCK_ITEMS // (d * max(d, m)))
    for low in range(0, n, rows):
        part = slice(low, low + rows)
        block = matrices(part)
        result[part] = matrix_exponential(block) @ x[part] if d <= SMALL else _series(block, x[part])
    return result


def _columns(multiply: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """One matrix on all samples and channels as columns: one large product instead of n small ones."""
    n, d, m = x.shape
    columns = multiply(x.transpose(1, 0, 2).reshape(d, n * m))
    return np.ascontiguousarray(columns.reshape(d, n, m).transpose(1, 0, 2), dtype=x.dtype)


def _series(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """exp(a_n) x_n for (b, d, d) and (b, d, m), samples of equally many steps together."""
    shift = np.trace(a, axis1=1, axis2=2) / a.shape[1]
    a = (a - shift[:, None, None] * np.eye(a.shape[1])).astype(x.dtype)
    steps = _steps(_norms(a))
    result = np.empty_like(x)
    for count in np.unique(steps):
        rows = steps == count
        result[rows] = _taylor(partial(np.matmul, a[rows]), x[rows], steps=int(count), axis=1)
    return result * np.exp(shift)[:, None, None].astype(x.dtype)


def _by_eigenvectors(generator: np.ndarray, sign: int, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One symmetric (`sign` 1) or antisymmetric (-1) generator: orthonormal eigenvectors serve every t."""
    d, m = x.shape[1:]
    values, vectors = np.linalg.eigh(generator if sign > 0 else 1j * generator)
    rates = values if sign > 0 else -1j * values

    def multiply(columns: np.ndarray, phases: np.ndarray) -> np.ndarray:
        # Real products: the imaginary parts of the result cancel, so they are not computed.
        if sign > 0:
            return vectors @ (phases * (vectors.T @ columns))
        turned = phases * (vectors.real.T @ columns - 1j * (vectors.imag.T @ columns))
        return vectors.real @ turned.real - vectors.imag @ turned.imag

    result = np.empty_like(x)
    rows = max(1, BLOCK_ITEMS // (d * m))
    for low in range(0, len(x), rows):
        part = slice(low, low + rows)
        phases = np.exp(np.outer(rates, np.repeat(t[part], m)))
        result[part] = _columns(partial(multiply, phases=phases), x[part])
    return result


def _by_stack(generators: np.ndarray, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The series by products [L_1 .. L_k] (t_1 X; ..; t_k X) on all samples at once, no matrix a sample."""
    d, m = x.shape[1:]
    k = len(generators)
    shifts = np.trace(generators, axis1=1, axis2=2) / d
    traceless = generators - shifts[:, None, None] * np.eye(d)
    sizes = np.array([_spectral_norm(generator) for generator in traceless])
    wide = np.ascontiguousarray(traceless.transpose(1, 0, 2).reshape(d, k * d), dtype=x.dtype)
    steps = _steps(np.abs(t) @ sizes)
    result = np.empty_like(x)
    rows = max(1, 4 * BLOCK_ITEMS // (k * d * m))
    for count in np.unique(steps):
        chosen = np.flatnonzero(steps == count)
        for low in range(0, len(chosen), rows):
            part = chosen[low : low + rows]
            weights = np.repeat(t[part].T, m, axis=1)[:, None, :].astype(x.dtype)

            def multiply(term: np.ndarray, weights: np.ndarray = weights) -> np.ndarray:
                return wide @ (weights * term).reshape(k * d, -1)

            result[part] = _columns(partial(_taylor, multiply, steps=int(count), axis=0), x[part])
    return result * np.exp(t @ shifts)[:, None, None].astype(x.dtype)


def _taylor(multiply: Callable[[np.ndarray], np.ndarray], x: np.ndarray, steps: int, axis: int) -> np.ndarray:
    """`steps` times the series of exp(A / steps), until every column has all its digits; A x along `axis`."""
    rounding = np.finfo(x.dtype).eps / 4
    for _ in range(steps):
        term, total = x, x.copy()
        for order in range(1, MOST_TERMS):
            term = multiply(term) / x.dtype.type(order * steps)
            total += term
            if (np.abs(term).max(axis=axis) <= rounding * np.abs(total).max(axis=axis)).all():
                break
        x = total
    return x


def _steps(norms: np.ndarray) -> np.ndarray:
    if not np.isfinite(norms).all() or norms.max(initial=0) > 1e6:
        raise too_large()
    return np.maximum(1, np.ceil(norms / STEP)).astype(int)


def _norms(a: np.ndarray) -> np.ndarray:
    """(b,) upper bounds of the spectral norms of (b, d, d)."""
    size = np.abs(a)
    mixed = np.sqrt(size.sum(axis=1).max(axis=1) * size.sum(axis=2).max(axis=1))
    return np.minimum(mixed, np.sqrt(np.einsum("bij,bij->b", a, a)))


def _spectral_norm(a: np.ndarray) -> float:
    """By power iteration: a step a little too long costs no digit, so an estimate will do."""
    v = np.random.default_rng(0).standard_normal(a.shape[1])
    for _ in range(20):
        v = a.T @ (a @ (v / max(np.linalg.norm(v), np.finfo(float).tiny)))
    return min(1.1 * float(np.sqrt(np.linalg.norm(v))), float(_norms(a[None])[0]))


# --- what a result means by it


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
        output: (k, c, c), the action on y of labelled data, or None.
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
        return y if self.output is None else exponential_action(self.output, t, y[:, :, None])[:, :, 0]


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
