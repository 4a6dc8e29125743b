"""`Group`: generators of a Lie algebra, discrete generators, and the blocks of coordinates that letters name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class Block:
    """A range of coordinates that every generator maps into itself: V_i."""

    label: str
    start: int
    stop: int


class Group:
    """A matrix group: all products of exp(sum t_i A_i) and discrete generators h_k, acting on column vectors.

    Attributes:
        lie: (k, d, d) generators of its Lie algebra, k = 0 for a discrete group.
        discrete: (j, d, d) invertible matrices.
        name: as it is printed.
        blocks: diagonal blocks; V1, V2, ... in representations. One block, V itself, unless stated.
        noise: relative noise of `lie`, where known; None: what closure reveals.
        notes: what a user of it should know.
    """

    def __init__(
        self,
        lie: Any = None,
        discrete: Any = None,
        name: str = "",
        blocks: Sequence[Block] | None = None,
        noise: float | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        """Args:
            lie: (k, d, d), or one (d, d).
            discrete: (j, d, d), or permutations as index arrays (j, d) of integers: (h x)_i = x[p_i].
            name, blocks, noise, notes: as the attributes.

        Raises:
            InputError: neither given, not square, not finite, of different sizes, a singular discrete generator, not a
                permutation, or generators that mix blocks.
        """
        if lie is None and discrete is None:
            raise InputError("a group needs generators: lie=(k, d, d), discrete=(j, d, d), or both")
        self.discrete = _elements(discrete)
        if lie is None:
            lie = np.zeros((0, *self.discrete.shape[1:]))
        self.lie = _matrices(lie, "lie")
        if discrete is None:
            self.discrete = np.zeros((0, *self.lie.shape[1:]))
        if self.lie.shape[1:] != self.discrete.shape[1:]:
            raise InputError(
                f"Lie generators of size {self.lie.shape[1]} and discrete ones of size {self.discrete.shape[1]}: "
                "they must act on the same vectors"
            )
        if self.d == 0:
            raise InputError("generators are 0 x 0 matrices; a group acts on at least one coordinate")
        self.name = name
        self.noise = noise
        self.notes = tuple(notes)
        self.prepared: dict[tuple[bool, float | None], Any] = {}
        """What solvers have made of the generators so far."""
        self.blocks = tuple(blocks) if blocks else (Block("V", 0, self.d),)
        self._ranges = [(block.start, block.stop) for block in self.blocks]
        if [0, *(stop for _, stop in self._ranges)] == [*(start for start, _ in self._ranges), self.d]:
            self.whole = tuple(range(len(self._ranges)))
        else:
            self.whole = (len(self._ranges),)
            self._ranges.append((0, self.d))
        self.sizes = tuple(stop - start for start, stop in self._ranges)
        self._check_blocks()
        for array in (self.lie, self.discrete):
            array.setflags(write=False)

    @property
    def d(self) -> int:
        """Size of the matrices."""
        return int(self.lie.shape[1])

    def block(self, matrices: np.ndarray, number: int) -> np.ndarray:
        """(.., d_i, d_i): one diagonal block of (.., d, d) matrices."""
        start, stop = self._ranges[number]
        return matrices[..., start:stop, start:stop]

    def __mul__(self, other: Group) -> Group:
        """Both side by side: pairs (g, h), acting on V1 of the first and V2 of the second."""
        if not isinstance(other, Group):
            return NotImplemented
        d, e = self.d, other.d

        def padded(first: np.ndarray, second: np.ndarray, rest: float) -> np.ndarray:
            stack = np.zeros((len(first) + len(second), d + e, d + e))
            stack[:] = rest * np.eye(d + e)
            stack[: len(first), :d, :d] = first
            stack[len(first) :, d:, d:] = second
            return stack

        shifted = [Block(block.label, block.start + d, block.stop + d) for block in other.blocks]
        blocks = [Block(f"V{i}", b.start, b.stop) for i, b in enumerate([*self.blocks, *shifted], 1)]
        noises = [noise for noise in (self.noise, other.noise) if noise is not None]
        return Group(
            padded(self.lie, other.lie, 0.0),
            padded(self.discrete, other.discrete, 1.0),
            f"{self.name} x {other.name}" if self.name and other.name else "",
            blocks,
            max(noises) if len(noises) == 2 else None,
            [*self.notes, *other.notes],
        )

    def sample(self, rng: np.random.Generator, spread: float = 1.0, words: int = 8) -> np.ndarray:
        """(d, d) random element: products of exp(sum t_i A_i), t ~ N(0, spread^2), and discrete generators.

        Not Haar measure: for tests of equivariance.
        """
        from ..exponential import matrix_exponential

        g = np.eye(self.d)
        for _ in range(words if len(self.discrete) else 1):
            if len(self.lie):
                t = rng.standard_normal(len(self.lie)) * spread
                g = matrix_exponential(np.tensordot(t, self.lie, axes=1)[None])[0] @ g
            if len(self.discrete) and rng.random() < 0.7:
                g = self.discrete[rng.integers(len(self.discrete))] @ g
        return g

    def digest(self) -> str:
        """SHA-256 of the generators and blocks: equal for equal content, whatever the name."""
        state = hashlib.sha256()
        for array in (self.lie, self.discrete):
            state.update(str(array.shape).encode())
            state.update(np.ascontiguousarray(array + 0.0, dtype="<f8").tobytes())
        state.update(str([(block.start, block.stop) for block in self.blocks]).encode())
        return state.hexdigest()

    def __repr__(self) -> str:
        kinds = [f"dimension {len(self.lie)}"] if len(self.lie) else []
        if len(self.discrete):
            kinds.append(f"{len(self.discrete)} discrete generator{'s' * (len(self.discrete) > 1)}")
        return f"<Group {self.name or 'of matrices'}: {self.d} x {self.d}, {', '.join(kinds) or 'trivial'}>"

    def _check_blocks(self) -> None:
        for block in self.blocks:
            if not 0 <= block.start < block.stop <= self.d:
                raise InputError(f"block {block.label} is {block.start}:{block.stop}; coordinates are 0:{self.d}")
            outside = np.ones(self.d, dtype=bool)
            outside[block.start : block.stop] = False
            for array in (self.lie, self.discrete):
                inside = array[:, block.start : block.stop]
                leak = max(
                    np.abs(inside[:, :, outside]).max(initial=0.0),
                    np.abs(array[:, outside, block.start : block.stop]).max(initial=0.0),
                )
                if leak > 1e-9 * np.abs(array).max(initial=1.0):
                    raise InputError(
                        f"block {block.label}: coordinates {block.start}:{block.stop} are mixed with others by the "
                        "generators; blocks have to be block-diagonal"
                    )


def _matrices(array: Any, label: str) -> np.ndarray:
    stack = np.asarray(array)
    if stack.dtype.kind not in "fiub":
        raise InputError(f"{label}: generators must be real numbers, not {stack.dtype}")
    stack = np.array(stack, dtype=np.float64, order="C")
    if stack.ndim == 2:
        stack = stack[None]
    if stack.ndim != 3 or stack.shape[1] != stack.shape[2]:
        raise InputError(f"{label}: generators must have shape (k, d, d), not {np.shape(array)}")
    if not np.isfinite(stack).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(stack))[0])
        raise InputError(f"{label}: {stack[where]} at index {where}; remove or replace it")
    return stack


def _elements(array: Any) -> np.ndarray:
    """(j, d, d) invertible matrices; (j, d) integers are permutations."""
    if array is None:
        return np.zeros((0, 0, 0))
    given = np.asarray(array)
    if given.ndim == 1 and given.dtype.kind in "iu":
        given = given[None]
    if given.ndim == 2 and given.dtype.kind in "iu" and _permutes(given):
        return np.eye(given.shape[1])[given]
    if given.ndim == 2 and given.shape[0] != given.shape[1]:
        raise InputError(
            f"discrete: an array of shape {given.shape} is neither (j, d, d) matrices nor (j, d) integers, each row a "
            "permutation of 0 .. d-1"
        )
    stack = _matrices(given, "discrete")
    for index, matrix in enumerate(stack):
        values = np.linalg.svd(matrix, compute_uv=False)
        if not values.size or values[-1] <= 1e-12 * values[0]:
            raise InputError(f"discrete: generator {index} is singular; a group element has an inverse")
    return stack


def _permutes(rows: np.ndarray) -> bool:
    return rows.shape[1] > 0 and bool((np.sort(rows, axis=1) == np.arange(rows.shape[1])).all())
