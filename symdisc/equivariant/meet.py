"""Meet in the middle: invariants of W1 (x) W2 are the homomorphisms from W2* to W1, so only halves are decomposed.

In coordinates where the generators span a space closed under transposition, a random symmetric element X of the algebra
that they generate has, on a sum of irreducible representations, one eigenspace for each eigenvalue on each irreducible
type: its dimension counts copies. Any other element Z maps eigenspaces of one type to each other by multiples of
isometries, which align them. The same polynomials in the generators, taken on W2*, give frames in the same coordinates.
Commutants of real, complex and quaternionic type show as imaginary units in the corner p Z p of an eigenspace.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import prod

import numpy as np

from .action import Action
from .kernels import Aligned, Explicit, Kernel
from .tensor import along, kronecker, kronecker_sum

LARGEST = 1500
TRIES = 6
DEGREE = 3
TOGETHER = 1e-9
APART = 1e-7
SCALAR = 1e-7
LINKED = 1e-6
REAL = 1e-5
EXPLICIT = 2_000_000
SKEWED = 1e-10


class NotDecomposed(Exception):
    """The halves did not fall into irreducible parts: the algebra is not closed under transposition, or not exact."""


def halves(shape: tuple[int, ...]) -> int:
    """How many letters go to the first half, so that the larger half is as small as possible."""
    sizes = [max(prod(shape[:cut]), prod(shape[cut:])) for cut in range(len(shape) + 1)]
    return len(shape) - int(np.argmin(sizes[::-1]))


def solve(action: Action, coordinates: list[np.ndarray]) -> tuple[Kernel, float]:
    """Invariants, and how clearly eigenvalues fell together or apart.

    Args:
        action: the word.
        coordinates: S (d, d) an axis; the action in coordinates x = S x' is closed under transposition.

    Raises:
        NotDecomposed: it is not.
    """
    plain = all((s == np.eye(len(s))).all() for s in coordinates)
    if plain:
        turned = action
    else:
        inverses = [np.linalg.inv(s) for s in coordinates]
        lie = [i @ a @ s for a, s, i in zip(action.lie, coordinates, inverses, strict=True)]
        discrete = [i @ h @ s for h, s, i in zip(action.discrete, coordinates, inverses, strict=True)]
        turned = Action(tuple(lie), tuple(discrete))
    cut = halves(action.shape)
    first, second = turned.part(range(cut)), turned.part(range(cut, len(action.shape))).dual()
    found, clarity = _with_fresh_draws(first, second)
    sizes = (first.size, second.size)
    if plain:
        return Aligned(found, sizes), clarity
    left, right = coordinates[:cut], coordinates[cut:]
    types = [(_turned(a, left), _turned(b, right)) for a, b in found]
    return _orthonormal(Aligned(types, sizes)), clarity


def _with_fresh_draws(first: Action, second: Action) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
    for draw in range(TRIES):
        try:
            return _homomorphisms(first, second, draw)
        except NotDecomposed as error:
            last = error
    raise last


def _homomorphisms(first: Action, second: Action, draw: int) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
    stacks = {id(stack): stack for stack in (*first.lie, *second.lie)}.values()
    size = max((float(np.linalg.norm(stack, axis=(1, 2)).max(initial=0.0)) for stack in stacks), default=0.0)
    scale = size * max(len(first.shape), len(second.shape)) or 1.0
    recipe = _Recipe(first.dimension, first.elements, scale, draw)
    one = _Half(first, recipe)
    two = one if _same(first, second) else _Half(second, recipe)
    clarity = min(one.clarity, two.clarity)
    found = []
    for tree in one.trees():
        root = two.cluster(one.values[tree[0][0]])
        if root is None:
            continue
        # The same tree of the same type on the other side, eigenvalue by eigenvalue.
        place: dict[int, int] = {}
        for node, _ in tree:
            match = two.cluster(one.values[node])
            if match is None:
                raise NotDecomposed
            place[node] = match
        other: list[tuple[int, int | None]] = [
            (place[node], None if parent is None else place[parent]) for node, parent in tree
        ]
        units = one.units(tree[0][0])
        left = _copies(one.frames(tree), units, True)
        if two is one and len(units) == 1:
            found.append((left, left))
            continue
        others = two.units(other[0][0])
        if len(units) != len(others):
            raise NotDecomposed
        found.append((left, _copies(two.frames(other), others, False)))
    return found, clarity


@dataclass(frozen=True)
class _Recipe:
    """Random polynomials in the generators, the same on every representation."""

    dimension: int
    elements: int
    scale: float
    draw: int

    def element(self, number: int, half: _Half) -> np.ndarray:
        """Product of a few random combinations of 1, the A_i and the h_j."""
        rng = np.random.default_rng([self.draw, number])
        factors = []
        for _ in range(DEGREE):
            # The largest part of each factor is not a multiple of 1.
            matrix = half.combination(rng.standard_normal(self.dimension), rng.standard_normal(self.elements))
            matrix[np.diag_indices(len(matrix))] += 0.3 * rng.standard_normal()
            factors.append(matrix)
        return reduce(np.matmul, factors)


class _Half:
    """One half of the word: eigenspaces of X, and how Z links them."""

    def __init__(self, action: Action, recipe: _Recipe) -> None:
        self.action, self.recipe = action, recipe
        self._h = [kronecker([stack[i] for stack in action.discrete]) for i in range(action.elements)]
        x = recipe.element(0, self)
        self.values, self.vectors = np.linalg.eigh(x + x.T)
        spread = max(float(np.abs(self.values).max()), 1e-300)
        self.apart = APART * spread
        jumps = np.diff(self.values)
        borders = np.flatnonzero(jumps > TOGETHER * spread) + 1
        self.starts = np.concatenate([[0], borders])
        self.dimensions = np.diff([*self.starts, len(self.values)])
        inside = np.delete(jumps, borders - 1)
        across = float(jumps[borders - 1].min()) if len(borders) else spread
        self.clarity = across / max(float(inside.max(initial=0.0)), 1e-16 * spread)
        self.values = np.add.reduceat(self.values, self.starts) / self.dimensions
        if across < self.apart:
            raise NotDecomposed
        self._elements: dict[int, np.ndarray] = {}
        self._z = self.element(1)

    def combination(self, lie: np.ndarray, discrete: np.ndarray) -> np.ndarray:
        """sum_i w_i A_i + sum_j u_j h_j on this half, scaled so that it neither grows nor vanishes."""
        if len(lie):
            letters = {id(stack): np.tensordot(lie / self.recipe.scale, stack, axes=1) for stack in self.action.lie}
            matrix = kronecker_sum([letters[id(stack)] for stack in self.action.lie])
        else:
            matrix = np.zeros((self.action.size, self.action.size))
        for weight, h in zip(discrete, self._h, strict=True):
            matrix = matrix + weight * h
        return matrix

    def cluster(self, value: float) -> int | None:
        """Number of the eigenvalue next to `value`, if it is the same."""
        number = int(np.searchsorted(self.values, value))
        near = [n for n in (number - 1, number) if 0 <= n < len(self.values)]
        best = min(near, key=lambda n: abs(self.values[n] - value))
        return best if abs(self.values[best] - value) < self.apart / 2 else None

    def trees(self) -> list[list[tuple[int, int | None]]]:
        """For each type the numbers of its eigenspaces, each with the one from which it is reached by Z."""
        squares = np.add.reduceat(np.add.reduceat(self._z**2, self.starts, axis=0), self.starts, axis=1)
        weights = np.sqrt(squares / self.dimensions)
        linked = weights > LINKED * max(float(weights.max()), 1e-300)
        left = np.ones(len(self.values), dtype=bool)
        found = []
        for root in range(len(self.values)):
            if not left[root]:
                continue
            left[root] = False
            tree: list[tuple[int, int | None]] = [(root, None)]
            reach = np.where(linked[root] & left, weights[root], 0.0)
            parent = np.full(len(reach), root)
            while reach.any():
                node = int(reach.argmax())
                tree.append((node, int(parent[node])))
                left[node] = False
                better = linked[node] & (weights[node] > reach) & left
                reach, parent = np.where(better, weights[node], reach), np.where(better, node, parent)
                reach[node] = 0.0
            if len({int(self.dimensions[node]) for node, _ in tree}) > 1:
                raise NotDecomposed
            found.append(tree)
        return found

    def frames(self, tree: list[tuple[int, int | None]]) -> np.ndarray:
        """(n, D, c): the eigenspaces of one type, turned so that Z maps each parent's frame along the child's."""
        turns: dict[int, np.ndarray] = {}
        frames = []
        for node, parent in tree:
            part = self._slice(node)
            if parent is None:
                turns[node] = np.eye(self.dimensions[node])
            else:
                block = turns[parent].T @ self._z[self._slice(parent), part]
                size = float(np.sqrt((block**2).sum() / len(block)))
                turn = block.T / max(size, 1e-300)
                if np.abs(turn.T @ turn - np.eye(len(turn))).max() > SCALAR * 100:
                    raise NotDecomposed
                turns[node] = turn
            frames.append(self.vectors[:, part] @ turns[node])
        return np.stack(frames)

    def element(self, number: int) -> np.ndarray:
        """A random element of the algebra on this half, in the eigenvectors of X."""
        if number not in self._elements:
            self._elements[number] = self.vectors.T @ self.recipe.element(number, self) @ self.vectors
        return self._elements[number]

    def units(self, root: int) -> list[np.ndarray]:
        """1 and the imaginary units of the commutant of a type, on one of its eigenspaces: 1, 2 or 4 of (c, c)."""
        part = self._slice(root)
        c = int(self.dimensions[root])
        units = [np.eye(c)]
        if c == 1:
            return units
        for number in (1, 2, 3):
            element = self.element(number)[part, part]
            size = max(float(np.linalg.norm(element)), 1e-300)
            symmetric = (element + element.T) / 2
            if np.abs(symmetric - np.trace(symmetric) / c * units[0]).max() > SCALAR * 10 * max(size, 1.0):
                raise NotDecomposed
            unit = (element - element.T) / 2
            for known in units[1:]:
                unit = unit - np.vdot(known, unit) / c * known
            length = float(np.linalg.norm(unit)) / np.sqrt(c)
            if length < REAL * size:
                if len(units) == 1 and number == 1:
                    return units
                continue
            units.append(unit / length)
            if len(units) == 3:
                units.append(units[1] @ units[2])
                return units
        return units

    def _slice(self, number: int) -> slice:
        return slice(self.starts[number], self.starts[number] + self.dimensions[number])


def _copies(frames: np.ndarray, units: list[np.ndarray], all_multiples: bool) -> np.ndarray:
    """(a, D, n): frames of single copies; with `all_multiples`, of each copy times each unit of its commutant.

    Args:
        frames: (n', D, c), c = copies times len(units).
        units: 1, or 1 and imaginary units, (c, c).
    """
    count, size, _ = frames.shape
    if len(units) == 1:
        return frames.transpose(2, 1, 0)
    ones = _independent(units)
    found = []
    for one in ones:
        for multiple in units if all_multiples else units[:1]:
            # k q e for every unit k: all of the copy, in the order of the units.
            columns = np.stack([unit @ multiple @ one for unit in units], axis=1)
            found.append((frames @ columns).transpose(1, 0, 2).reshape(size, count * len(units)))
    return np.stack(found)


def _independent(units: list[np.ndarray]) -> list[np.ndarray]:
    """Unit vectors e_1, .. such that all unit multiples of all of them are an orthonormal basis."""
    c = len(units[0])
    found: list[np.ndarray] = []
    used = np.zeros((c, 0))
    for _ in range(c // len(units)):
        rest = np.eye(c) - used @ used.T
        one = rest[:, np.linalg.norm(rest, axis=0).argmax()]
        one = one / np.linalg.norm(one)
        found.append(one)
        used = np.concatenate([used, np.stack([unit @ one for unit in units], axis=1)], axis=1)
    if used.shape[1] != c or np.abs(used.T @ used - np.eye(c)).max() > SCALAR:
        raise NotDecomposed
    return found


def _same(first: Action, second: Action) -> bool:
    """Whether two halves are the same representation, letter by letter."""
    if first.shape != second.shape:
        return False
    pairs = {(id(a), id(b)): (a, b) for a, b in zip(first.lie, second.lie, strict=True)}
    more = {(id(a), id(b)): (a, b) for a, b in zip(first.discrete, second.discrete, strict=True)}
    return all(np.array_equal(a, b) for a, b in (*pairs.values(), *more.values()))


def _turned(frames: np.ndarray, coordinates: list[np.ndarray]) -> np.ndarray:
    """Frames (a, D, n) in the coordinates given, one matrix an axis."""
    a, size, n = frames.shape
    tensor = frames.reshape(a, *(len(s) for s in coordinates), n)
    for axis, matrix in enumerate(coordinates, 1):
        tensor = along(matrix, tensor, axis)
    return tensor.reshape(a, size, n)


def _orthonormal(skewed: Aligned) -> Kernel:
    """The same span with orthonormal columns."""
    if not skewed.rank:
        return skewed
    if skewed.size * skewed.rank <= EXPLICIT:
        return Explicit(np.linalg.qr(skewed.dense())[0])
    gram = np.empty((skewed.rank, skewed.rank))
    first = 0
    for left, right in skewed.types:
        a, b, n = len(left), len(right), left.shape[2]
        second = 0
        for other, another in skewed.types:
            c, e, k = len(other), len(another), other.shape[2]
            one = np.tensordot(left, other, axes=(1, 1)).transpose(0, 2, 1, 3).reshape(a * c, n * k)
            two = np.tensordot(right, another, axes=(1, 1)).transpose(0, 2, 1, 3).reshape(b * e, n * k)
            block = (one @ two.T).reshape(a, c, b, e).transpose(0, 2, 1, 3) / np.sqrt(n * k)
            gram[first : first + a * b, second : second + c * e] = block.reshape(a * b, c * e)
            second += c * e
        first += a * b
    scale = 1 / np.sqrt(np.diag(gram))
    values, vectors = np.linalg.eigh(gram * scale * scale[:, None])
    if values[0] < SKEWED * values[-1]:
        return Explicit(np.linalg.qr(skewed.dense())[0])
    mix = scale[:, None] * vectors / np.sqrt(values)
    return Aligned(skewed.types, skewed.sizes, mix)
