"""Where generators are looked for: linear spaces of matrices, joined by `+` (their intersection).

Each space is a rule on the entries of L: some are zero, some equal to plus or minus others. Intersecting rules
joins classes of entries, which needs no linear algebra and gives a sparse orthonormal basis.

Two words of `--candidates` are no such space and are taken care of by the method that knows them: `grid`, vector fields
instead of matrices, which stands alone, and `lowrank:R`, which bounds the rank of what is searched in the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from ..data import DataSet, read_matrices
from ..errors import InputError

GRID = "grid"
LOW_RANK = "lowrank"
KNOWN = "linear, affine, antisymmetric, traceless, shared:B, blocks:B1,B2, mask:FILE, local:R, lowrank:R, grid"

Ties = tuple[np.ndarray, np.ndarray, int]


@dataclass(frozen=True)
class Candidates:
    """A K-dimensional space of (m, m) matrices.

    Attributes:
        name: as the user wrote it.
        size: m.
        basis: (m m, K) sparse, orthonormal columns: vec(L) = basis v, row-major.
        affine: the last column moves the origin (m = d + 1, homogeneous coordinates, last row zero).
    """

    name: str
    size: int
    basis: csc_array
    affine: bool = False

    @property
    def dimension(self) -> int:
        """K."""
        return int(self.basis.shape[1])

    def matrices(self, directions: np.ndarray) -> np.ndarray:
        """(r, m, m) for coefficient vectors (K, r)."""
        return (self.basis @ directions).T.reshape(-1, self.size, self.size)

    def coefficients(self, matrices: np.ndarray) -> np.ndarray:
        """(K, r): least-squares coefficients of (r, m, m) matrices."""
        return self.basis.T @ matrices.reshape(len(matrices), -1).T

    def to_dict(self) -> dict[str, object]:
        """JSON form."""
        return {"space": self.name, "dimension": self.dimension}


def candidates_of(spec: str, data: DataSet) -> Candidates:
    """The candidate space of matrices that act on the space axes of a data set.

    `local` sees the grid that these axes span, wrapped where the data say so; `mask:FILE` reads a (d, d) array, not
    zero where an entry is free, from NPY, NPZ or HDF5.

    Raises:
        InputError: as `candidates`; a mask that cannot be read.
    """
    # Components of trajectories and fields are no grid, whatever grid the fields live on.
    shape, periodic = (None, None) if "t" in data.axes else (data.space_shape, data.periodic)
    return candidates(spec, data.d, read_mask, shape, periodic)


def candidates(
    spec: str,
    d: int,
    load_mask: Callable[[str], np.ndarray] | None = None,
    shape: Sequence[int] | None = None,
    periodic: Sequence[bool] | None = None,
) -> Candidates:
    """The candidate space of a specification such as `antisymmetric+shared:2`.

    Args:
        spec: names joined by `+`: `linear`, `affine`, `antisymmetric`, `traceless`, `shared:B` (one B x B action on
            every block of B coordinates), `blocks:B1,B2,...`, `mask:FILE`, `local:R` (entry (i, j) where i and j lie
            in one line of the grid, at most R steps apart; R = 1 where left out, any distance for `local:all`).
        d: dimension of the space acted on.
        load_mask: reads the (d, d) array of `mask:FILE`.
        shape: points along each axis of the grid, flattened row by row to d, for `local`; None: not a grid.
        periodic: whether each axis of the grid wraps; None: none does.

    Raises:
        InputError: unknown name, sizes that do not fit d, a grid that is missing or does not fit; `grid` and
            `lowrank:R`, which are no linear spaces of matrices.
    """
    words = _words(spec)
    if is_grid(spec):
        raise InputError(f"--candidates {GRID}: these are vector fields, no matrices; this method cannot search them")
    affine = "affine" in words
    m = d + 1 if affine else d
    free = np.zeros((m, m), dtype=bool)
    free[:d, :] = True
    ties: list[Ties] = []
    traceless = False
    for word in words:
        head, _, argument = word.partition(":")
        if word in ("linear", "affine"):
            continue
        if word == "antisymmetric":
            ties.append(_antisymmetric(d, m))
        elif word == "traceless":
            traceless = True
        elif head == "shared":
            width = _number(word, argument, d) if argument else _shared_size(d)
            free[:d, :d] &= _block_support([width] * (d // width))
            ties.append(_shared(width, d, m))
        elif head == "blocks":
            free[:d, :d] &= _block_support(_sizes(word, argument, d))
        elif head == "mask":
            free[:d, :d] &= _mask(argument, d, load_mask)
        elif head == "local":
            free[:d, :d] &= _stencil(word, argument, d, shape, periodic)
        elif head == LOW_RANK:
            raise InputError(f"--candidates {word}: this method cannot search matrices of bounded rank; drop it")
        else:
            raise InputError(f"--candidates: {word!r} is not a candidate space here; known are {KNOWN}")
    basis = _classes(free, ties)
    if traceless:
        basis = _without_trace(basis, m)
    if basis.shape[1] == 0:
        raise InputError(f"--candidates {spec}: no matrix satisfies all of these; drop one")
    return Candidates(spec, m, basis, affine)


def is_grid(spec: str) -> bool:
    """Whether a specification asks for smooth vector fields on the grid instead of matrices.

    Raises:
        InputError: `grid` joined with another space.
    """
    words = _words(spec)
    if GRID in words and len(words) > 1:
        raise InputError(f"--candidates {spec}: {GRID} stands alone, it cannot be joined with other spaces")
    return GRID in words


def low_rank(spec: str) -> tuple[str, int | None]:
    """A specification without `lowrank:R`, and R: `antisymmetric+lowrank:4` gives ("antisymmetric", 4).

    Without such a word R is None; where nothing else is asked for, the space is `linear`.

    Raises:
        InputError: R is missing, not a whole number, or given twice.
    """
    words = _words(spec)
    ranks = [word for word in words if word.partition(":")[0] == LOW_RANK]
    if not ranks:
        return spec, None
    if len(ranks) > 1:
        raise InputError(f"--candidates {spec}: give {LOW_RANK} once")
    text = ranks[0].partition(":")[2]
    try:
        rank = int(text)
    except ValueError:
        raise InputError(f"--candidates {ranks[0]}: say the rank, {LOW_RANK}:R with R a whole number") from None
    return "+".join(word for word in words if word not in ranks) or "linear", rank


def check_rank(rank: int, d: int) -> None:
    """Refuse a rank that is no restriction on (d, d) matrices, or leaves none.

    Raises:
        InputError: not between 1 and d - 1.
    """
    if not 1 <= rank < d:
        raise InputError(
            f"--candidates {LOW_RANK}:{rank}: a rank lies between 1 and {d - 1}, below the {d} coordinates of s"
        )


def _words(spec: str) -> list[str]:
    return [word.strip() for word in spec.split("+")]


def _number(word: str, text: str, d: int) -> int:
    try:
        size = int(text)
    except ValueError:
        raise InputError(f"--candidates {word}: {text!r} is not a number of coordinates") from None
    if size < 1 or d % size:
        raise InputError(f"--candidates {word}: {d} coordinates cannot be cut into blocks of {size}")
    return size


def _shared_size(d: int) -> int:
    raise InputError(f"--candidates shared: say the size of a block, shared:B with B a divisor of {d}")


def _sizes(word: str, text: str, d: int) -> list[int]:
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--candidates {word}: sizes are whole numbers joined by commas, as in blocks:2,3") from None
    if min(sizes) < 1 or sum(sizes) != d:
        raise InputError(f"--candidates {word}: the sizes must add up to the {d} coordinates of s")
    return sizes


def _block_support(sizes: list[int]) -> np.ndarray:
    label = np.repeat(np.arange(len(sizes)), sizes)
    return label[:, None] == label[None, :]


def _mask(argument: str, d: int, load_mask: Callable[[str], np.ndarray] | None) -> np.ndarray:
    if not argument or load_mask is None:
        raise InputError("--candidates mask: name the file, mask:FILE")
    mask = load_mask(argument)
    if mask.shape != (d, d):
        raise InputError(f"--candidates mask: {argument} has shape {mask.shape}; it must be ({d}, {d})")
    return mask != 0


def read_mask(file: str) -> np.ndarray:
    """(d, d): the one matrix of a file."""
    try:
        matrices = read_matrices(file)
    except InputError as error:
        raise InputError(f"--candidates mask: {error}") from None
    if len(matrices) != 1:
        raise InputError(f"--candidates mask: {file} holds {len(matrices)} matrices; a mask is a single (d, d) array")
    return np.asarray(matrices[0])


def _stencil(
    word: str, argument: str, d: int, shape: Sequence[int] | None, periodic: Sequence[bool] | None
) -> np.ndarray:
    """(d, d): which points of the grid lie in one line, close enough.

    Within one step these are the edges of the grid, the incidence form of L-conv's discrete vector fields, and the
    diagonal (Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network, appendix B.1).
    """
    if shape is None:
        raise InputError(f"--candidates {word}: these data are not on a grid; give x an axis s for each of its axes")
    if math.prod(shape) != d:
        raise InputError(f"--candidates {word}: a grid of shape {tuple(shape)} does not hold the {d} coordinates of s")
    wraps = [False] * len(shape) if periodic is None else list(periodic)
    if len(wraps) != len(shape):
        raise InputError(f"--candidates {word}: {len(wraps)} values of periodic for {len(shape)} axes of the grid")
    reach = _reach(word, argument)
    support = np.zeros((d, d), dtype=bool)
    for axis, (size, wrapped) in enumerate(zip(shape, wraps, strict=True)):
        steps = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
        if wrapped:
            steps = np.minimum(steps, size - steps)
        near = np.ones((size, size), dtype=bool) if reach is None else steps <= reach
        before, after = (np.eye(math.prod(part), dtype=bool) for part in (shape[:axis], shape[axis + 1 :]))
        support |= np.kron(np.kron(before, near), after)
    return support


def _reach(word: str, argument: str) -> int | None:
    """R of `local:R`; None: any distance."""
    if word == "local":
        return 1
    if argument == "all":
        return None
    try:
        reach = int(argument)
    except ValueError:
        reach = 0
    if reach < 1:
        raise InputError(f"--candidates {word}: {argument!r} is no number of steps; use 1, 2, .. or all")
    return reach


def _antisymmetric(d: int, m: int) -> Ties:
    """L_ij = -L_ji, the diagonal included (it is tied to minus itself, so zero)."""
    i, j = np.triu_indices(d)
    return i * m + j, j * m + i, -1


def _shared(size: int, d: int, m: int) -> Ties:
    """Every block equals the first one, translations included."""
    first: list[int] = []
    other: list[int] = []
    columns = [*range(size), d] if m > d else list(range(size))
    for start in range(size, d, size):
        for i in range(size):
            for j in columns:
                first.append(i * m + j)
                other.append((start + i) * m + (j if j == d else start + j))
    return np.array(first, dtype=int), np.array(other, dtype=int), 1


def _classes(free: np.ndarray, ties: list[Ties]) -> csc_array:
    """Orthonormal basis from signed classes of entries.

    Every entry e has two nodes, +e and -e; a tie joins +a with +-b and -a with -+b. Components are classes; one
    that holds both +e and -e, or an entry that is not free, is zero.
    """
    count = free.size
    rows = [np.zeros(0, dtype=int)]
    columns = [np.zeros(0, dtype=int)]
    for a, b, parity in ties:
        rows += [a, a + count]
        columns += [b, b + count] if parity > 0 else [b + count, b]
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = csr_array((np.ones(len(row)), (row, column)), shape=(2 * count, 2 * count))
    labels = connected_components(graph, directed=False)[1]
    plus, minus = labels[:count], labels[count:]
    zero = np.zeros(int(labels.max()) + 1, dtype=bool)
    zero[plus[plus == minus]] = True
    zero[plus[~free.ravel()]] = True
    zero[minus[~free.ravel()]] = True
    # Of a class and its mirror image the one that holds the first entry is kept.
    entries = np.flatnonzero(~zero[plus])
    representative = np.minimum(plus[entries], minus[entries])
    sign = np.where(plus[entries] == representative, 1.0, -1.0)
    _, column_of, members = np.unique(representative, return_inverse=True, return_counts=True)
    values = sign / np.sqrt(members[column_of])
    return csc_array((values, (entries, column_of)), shape=(count, len(members)))


def _without_trace(basis: csc_array, m: int) -> csc_array:
    """The subspace of trace zero: only the columns that carry trace are mixed."""
    trace = np.asarray(basis[np.arange(m) * (m + 1), :].sum(axis=0)).ravel()
    carrying = np.abs(trace) > 1e-12
    if not carrying.any():
        return basis
    null = np.linalg.svd(trace[carrying][None, :])[2][1:].T
    mixed = csc_array(basis[:, np.flatnonzero(carrying)] @ csc_array(null))
    return csc_array(hstack([basis[:, np.flatnonzero(~carrying)], mixed]))
