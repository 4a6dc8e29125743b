"""Where generators are looked for: linear spaces of matrices, joined by `+` (their intersection).

Each space is a rule on the entries of L: some are zero, some equal to plus or minus others. Intersecting rules
joins classes of entries, which needs no linear algebra and gives a sparse orthonormal basis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from ..errors import InputError

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


def candidates(spec: str, d: int, load_mask: Callable[[str], np.ndarray] | None = None) -> Candidates:
    """The candidate space of a specification such as `antisymmetric+shared:2`.

    Args:
        spec: names joined by `+`: `linear`, `affine`, `antisymmetric`, `traceless`, `shared` or `shared:B` (one
            B x B action on every block of B coordinates), `blocks:B1,B2,...`, `mask:FILE`.
        d: dimension of the space acted on.
        load_mask: reads the (d, d) array of `mask:FILE`.

    Raises:
        InputError: unknown name, or sizes that do not fit d.
    """
    words = [word.strip() for word in spec.split("+")]
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
        else:
            known = "linear, affine, antisymmetric, traceless, shared:B, blocks:B1,B2, mask:FILE"
            raise InputError(f"--candidates: {word!r} is not a candidate space here; known are {known}")
    basis = _classes(free, ties)
    if traceless:
        basis = _without_trace(basis, m)
    if basis.shape[1] == 0:
        raise InputError(f"--candidates {spec}: no matrix satisfies all of these; drop one")
    return Candidates(spec, m, basis, affine)


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
