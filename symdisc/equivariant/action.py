"""What the generators of a group do to one word: one small matrix an axis, never the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from .tensor import along, kronecker, kronecker_sum

PROBES = 6
SMALL = 125_000


@dataclass(frozen=True)
class Action:
    """A word seen from its generators.

    Attributes:
        lie: an (k, d, d) stack an axis; generator i acts by sum over the axes.
        discrete: a (j, d, d) stack an axis; generator i acts by all axes at once.
    """

    lie: tuple[np.ndarray, ...]
    discrete: tuple[np.ndarray, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return tuple(stack.shape[1] for stack in self.lie)

    @cached_property
    def size(self) -> int:
        """m, entries of a tensor."""
        return prod(self.shape)

    @property
    def dimension(self) -> int:
        """Number of Lie generators."""
        return len(self.lie[0]) if self.lie else 0

    @property
    def elements(self) -> int:
        """Number of discrete generators."""
        return len(self.discrete[0]) if self.discrete else 0

    def derivative(self, i: int, x: np.ndarray) -> np.ndarray:
        """drho(A_i) x for x (m, b)."""
        tensor = x.reshape(*self.shape, -1)
        total = along(self.lie[0][i], tensor, 0)
        for axis in range(1, len(self.lie)):
            total += along(self.lie[axis][i], tensor, axis)
        return total.reshape(x.shape)

    def element(self, i: int, x: np.ndarray) -> np.ndarray:
        """rho(h_i) x for x (m, b)."""
        tensor = x.reshape(*self.shape, -1)
        for axis, stack in enumerate(self.discrete):
            tensor = along(stack[i], tensor, axis)
        return tensor.reshape(x.shape)

    def constraints(self) -> list[Callable[[np.ndarray], np.ndarray]]:
        """The maps C that vanish on invariant vectors, each on (m, b)."""
        lie = [lambda x, i=i: self.derivative(i, x) for i in range(self.dimension)]
        discrete = [lambda x, i=i: self.element(i, x) - x for i in range(self.elements)]
        return [*lie, *discrete]

    def matrices(self) -> list[np.ndarray]:
        """The constraints as dense (m, m) matrices."""
        found = [kronecker_sum([stack[i] for stack in self.lie]) for i in range(self.dimension)]
        for i in range(self.elements):
            found.append(kronecker([stack[i] for stack in self.discrete]) - np.eye(self.size))
        return found

    def part(self, axes: Sequence[int]) -> Action:
        """The word of some of its letters."""
        return Action(tuple(self.lie[axis] for axis in axes), tuple(self.discrete[axis] for axis in axes))

    def lie_part(self) -> Action:
        """Without discrete generators."""
        return Action(self.lie, tuple(stack[:0] for stack in self.discrete))

    def only(self, lie: Sequence[int], discrete: Sequence[int]) -> Action:
        """Some of the generators."""
        rows, more = list(lie), list(discrete)
        return Action(tuple(stack[rows] for stack in self.lie), tuple(stack[more] for stack in self.discrete))

    def dual(self) -> Action:
        """The dual word: -A.T on every axis, and inverse(h).T."""
        lie = {id(stack): -stack.transpose(0, 2, 1) for stack in self.lie}
        discrete = {id(stack): np.linalg.inv(stack).transpose(0, 2, 1) for stack in self.discrete}
        return Action(
            tuple(lie[id(stack)] for stack in self.lie), tuple(discrete[id(stack)] for stack in self.discrete)
        )

    def violation(self, x: np.ndarray) -> np.ndarray:
        """(b,) largest |C x| over the constraints, for the columns of x (m, b)."""
        worst = np.zeros(x.shape[1])
        for constraint in self.constraints():
            worst = np.maximum(worst, np.linalg.norm(constraint(x), axis=0))
        return worst
