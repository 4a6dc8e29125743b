"""Representations as values: V, its dual, direct sums and tensor products; they compose and print as mathematics.

A representation knows no group. Given one, it expands into *words*, products of letters V_i and V_i*, each with the
places in the vector where it stands. Vectors are C-ordered: the first factor of a product is the slowest index, and a
map `source >> target` is `target * source.T`, so its vector is the (out, in) matrix flattened row by row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from .tensor import along, kronecker, kronecker_sum
from .words import Blocks, Letter, Piece, Word

if TYPE_CHECKING:
    from .group import Group


class Rep(ABC):
    """A representation. Made from `V`, `Scalar` and `T` by `+`, `*`, `**`, `.T` and `>>`; equal ones compare equal."""

    def __add__(self, other: Rep) -> Rep:
        """Direct sum."""
        if not isinstance(other, Rep):
            return NotImplemented
        parts: list[tuple[Rep, int]] = []
        for part, count in (*self._summands(), *other._summands()):
            if parts and parts[-1][0] == part:
                parts[-1] = (part, parts[-1][1] + count)
            else:
                parts.append((part, count))
        return parts[0][0] if len(parts) == 1 and parts[0][1] == 1 else Sum(tuple(parts))

    def __radd__(self, other: object) -> Rep:
        # sum() starts with 0.
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __mul__(self, other: Rep | int) -> Rep:
        """Tensor product; with a number, so many copies."""
        if isinstance(other, int):
            return other * self
        if not isinstance(other, Rep):
            return NotImplemented
        factors = tuple(f for f in (*self._factors(), *other._factors()) if f != Scalar)
        return Scalar if not factors else factors[0] if len(factors) == 1 else Product(factors)

    def __rmul__(self, count: int) -> Rep:
        """So many copies, as a direct sum."""
        if not isinstance(count, int):
            return NotImplemented
        if count < 1:
            raise InputError(f"{count} copies of {self}: at least 1 is needed")
        parts = self._summands()
        if len(parts) == 1:
            part, times = parts[0]
            return part if count * times == 1 else Sum(((part, count * times),))
        return self if count == 1 else Sum(((self, count),))

    def __pow__(self, power: int) -> Rep:
        """Tensor product with itself; power 0 is a scalar."""
        if not isinstance(power, int) or power < 0:
            raise InputError(f"({self})**{power}: the power must be 0, 1, 2, ...")
        factors = self._factors() * power
        return factors[0] if len(factors) == 1 else Product(factors)

    def __rshift__(self, target: Rep) -> Map:
        """Linear maps from this representation to `target`."""
        if not isinstance(target, Rep):
            return NotImplemented
        return Map(self, target)

    @property
    @abstractmethod
    def T(self) -> Rep:
        """The dual."""

    @property
    @abstractmethod
    def text(self) -> str:
        """As `parse_rep` reads it."""

    def __repr__(self) -> str:
        return self.text

    def _summands(self) -> tuple[tuple[Rep, int], ...]:
        return ((self, 1),)

    def _factors(self) -> tuple[Rep, ...]:
        return (self,)

    def pieces(self, group: Blocks) -> tuple[Piece, ...]:
        """The words of the representation with their places, in the order of their first place."""
        return _pieces(self, group.sizes, group.whole)

    def size(self, group: Blocks) -> int:
        """Dimension m of the vectors."""
        return _size(self, group.sizes, group.whole)

    def rho(self, group: Group, g: np.ndarray) -> np.ndarray:
        """(m, m) matrix of a group element.

        Args:
            group: says which blocks of g the letters mean.
            g: (d, d) invertible.
        """
        return self._dense(group, g, derivative=False)

    def drho(self, group: Group, a: np.ndarray) -> np.ndarray:
        """(m, m) matrix of an element `a` (d, d) of the Lie algebra: the derivative of rho(exp(t a)) at t = 0."""
        return self._dense(group, a, derivative=True)

    def apply_rho(self, group: Group, g: np.ndarray, v: np.ndarray) -> np.ndarray:
        """rho(g) v for v (m,) or (m, b), one small product an axis; rho(g) is never formed."""
        letters = _letters(group, g, derivative=False)

        def act(tensor: np.ndarray, word: Word) -> np.ndarray:
            for axis, letter in enumerate(word):
                tensor = along(letters(letter), tensor, axis + 1)
            return tensor

        return self._apply(group, v, act)

    def apply_drho(self, group: Group, a: np.ndarray, v: np.ndarray) -> np.ndarray:
        """drho(a) v for v (m,) or (m, b), one small product an axis; drho(a) is never formed."""
        letters = _letters(group, a, derivative=True)

        def act(tensor: np.ndarray, word: Word) -> np.ndarray:
            total = np.zeros_like(tensor)
            for axis, letter in enumerate(word):
                total += along(letters(letter), tensor, axis + 1)
            return total

        return self._apply(group, v, act)

    def _apply(self, group: Group, v: np.ndarray, act: Callable[[np.ndarray, Word], np.ndarray]) -> np.ndarray:
        v = np.asarray(v, dtype=float)
        m = self.size(group)
        if v.shape[0] != m:
            raise InputError(f"a vector of {self} has {m} entries, not {v.shape[0]}")
        columns = v.reshape(m, -1)
        result = np.empty_like(columns)
        for piece in self.pieces(group):
            places = piece.places(group.sizes)
            shape = [group.sizes[factor] for factor, _ in piece.word]
            tensor = columns[places].reshape(len(places), *shape, columns.shape[1])
            result[places] = act(tensor, piece.word).reshape(*places.shape, -1)
        return result.reshape(v.shape)

    def _dense(self, group: Group, g: np.ndarray, derivative: bool) -> np.ndarray:
        m = self.size(group)
        letters = _letters(group, g, derivative)
        result = np.zeros((m, m))
        for piece in self.pieces(group):
            factors = [letters(letter) for letter in piece.word]
            block = kronecker_sum(factors) if derivative else kronecker(factors)
            places = piece.places(group.sizes)
            result[places[:, :, None], places[:, None, :]] = block
        return result


@dataclass(frozen=True, repr=False)
class Defining(Rep):
    """V: column vectors on which the group's matrices act; V[1], V[2], ... are its blocks."""

    block: int | None = None
    dual: bool = False

    def __getitem__(self, number: int) -> Defining:
        """V_number, counted from 1: the vectors of one group of a product, or of one block of a result."""
        if self.block is not None or number < 1:
            raise InputError(f"{self}[{number}]: blocks are V[1], V[2], ...")
        return Defining(number - 1, self.dual)

    @property
    def T(self) -> Defining:
        """V*, on which g acts by inverse(g).T."""
        return Defining(self.block, not self.dual)

    def __str__(self) -> str:
        number = "" if self.block is None else str(self.block + 1).translate(_LOWER)
        return f"V{number}{'*' if self.dual else ''}"

    @property
    def text(self) -> str:
        """As `parse_rep` reads it."""
        return f"V{'' if self.block is None else self.block + 1}{'.T' if self.dual else ''}"


@dataclass(frozen=True, repr=False)
class Product(Rep):
    """Tensor product; of nothing, it is the scalar."""

    factors: tuple[Rep, ...] = ()

    @property
    def T(self) -> Rep:
        """The product of the duals."""
        return Product(tuple(factor.T for factor in self.factors))

    def _factors(self) -> tuple[Rep, ...]:
        return self.factors

    def __str__(self) -> str:
        if not self.factors:
            return "R"
        return "⊗".join(_enclosed(str(factor), factor, count) for factor, count in _runs(self.factors))

    @property
    def text(self) -> str:
        """As `parse_rep` reads it."""
        if not self.factors:
            return "Scalar"
        runs = [(_bracketed(factor), count) for factor, count in _runs(self.factors)]
        return "*".join(text if count == 1 else f"{text}**{count}" for text, count in runs)


@dataclass(frozen=True, repr=False)
class Sum(Rep):
    """Direct sum of representations with how many copies of each."""

    parts: tuple[tuple[Rep, int], ...]

    @property
    def T(self) -> Rep:
        """The sum of the duals."""
        return Sum(tuple((part.T, count) for part, count in self.parts))

    def _summands(self) -> tuple[tuple[Rep, int], ...]:
        return self.parts

    def __str__(self) -> str:
        return " ⊕ ".join(
            f"{'' if count == 1 else count}{f'({part})' if isinstance(part, Sum) else part}"
            for part, count in self.parts
        )

    @property
    def text(self) -> str:
        """As `parse_rep` reads it."""
        return " + ".join(
            f"{'' if count == 1 else f'{count}*'}{_bracketed(part) if isinstance(part, Sum) else part.text}"
            for part, count in self.parts
        )


@dataclass(frozen=True, repr=False)
class Map(Rep):
    """Linear maps from one representation to another: target * source.T, the matrix flattened row by row."""

    source: Rep
    target: Rep

    @property
    def tensor(self) -> Rep:
        """The same representation as a tensor product."""
        return self.target * self.source.T

    @property
    def T(self) -> Rep:
        """The dual: the dual of the tensor product."""
        return self.tensor.T

    def _factors(self) -> tuple[Rep, ...]:
        return self.tensor._factors()

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"

    @property
    def text(self) -> str:
        """As `parse_rep` reads it."""
        return f"{self.source.text} -> {self.target.text}"


V = Defining()
Scalar = Product()


def T(p: int, q: int = 0) -> Rep:
    """Tensors of p vector indices and q dual ones: V^p (x) V*^q."""
    return V**p * V.T**q


def _letters(group: Group, g: np.ndarray, derivative: bool) -> Callable[[Letter], np.ndarray]:
    @cache
    def matrix(letter: Letter) -> np.ndarray:
        block, dual = letter
        part = group.block(np.asarray(g, dtype=float), block)
        if not dual:
            return part
        return -part.T if derivative else np.linalg.inv(part).T

    return matrix


@lru_cache(maxsize=1024)
def _size(rep: Rep, sizes: tuple[int, ...], whole: tuple[int, ...]) -> int:
    if isinstance(rep, Defining):
        return sum(sizes[block] for block in _blocks(rep, sizes, whole))
    if isinstance(rep, Sum):
        return sum(count * _size(part, sizes, whole) for part, count in rep.parts)
    return prod(_size(factor, sizes, whole) for factor in rep._factors())


@lru_cache(maxsize=256)
def _pieces(rep: Rep, sizes: tuple[int, ...], whole: tuple[int, ...]) -> tuple[Piece, ...]:
    found = [Piece(word, strides, np.sort(starts)) for (word, strides), starts in _expand(rep, sizes, whole).items()]
    return tuple(sorted(found, key=lambda piece: int(piece.starts[0])))


Expansion = dict[tuple[Word, tuple[int, ...]], np.ndarray]


def _expand(rep: Rep, sizes: tuple[int, ...], whole: tuple[int, ...]) -> Expansion:
    """(word, strides) -> where its copies start."""
    if isinstance(rep, Defining):
        blocks = _blocks(rep, sizes, whole)
        starts = np.cumsum([0, *(sizes[block] for block in blocks)])
        found: Expansion = {}
        for block, start in zip(blocks, starts, strict=False):
            found[((block, rep.dual),), (1,)] = np.array([start])
        return found
    if isinstance(rep, Sum):
        offset = 0
        total: Expansion = {}
        for part, count in rep.parts:
            size = _size(part, sizes, whole)
            copies = offset + size * np.arange(count)
            for key, starts in _expand(part, sizes, whole).items():
                shifted = (copies[:, None] + starts).ravel()
                total[key] = np.concatenate([total[key], shifted]) if key in total else shifted
            offset += count * size
        return total
    product: Expansion = {((), ()): np.zeros(1, dtype=np.intp)}
    for factor in rep._factors():
        size = _size(factor, sizes, whole)
        parts = _expand(factor, sizes, whole)
        longer: Expansion = {}
        for (word, strides), starts in product.items():
            for (more, steps), places in parts.items():
                key = ((*word, *more), (*(stride * size for stride in strides), *steps))
                joined = (starts[:, None] * size + places).ravel()
                longer[key] = np.concatenate([longer[key], joined]) if key in longer else joined
        product = longer
    return product


def _blocks(rep: Defining, sizes: tuple[int, ...], whole: tuple[int, ...]) -> tuple[int, ...]:
    if rep.block is None:
        return whole
    if rep.block >= len(sizes):
        raise InputError(f"{rep.text}: the group has {len(sizes)} block{'s' * (len(sizes) > 1)}, V1 to V{len(sizes)}")
    return (rep.block,)


def _runs(factors: Sequence[Rep]) -> list[tuple[Rep, int]]:
    runs: list[tuple[Rep, int]] = []
    for factor in factors:
        if runs and runs[-1][0] == factor:
            runs[-1] = (factor, runs[-1][1] + 1)
        else:
            runs.append((factor, 1))
    return runs


def _bracketed(rep: Rep) -> str:
    return rep.text if isinstance(rep, Defining) else f"({rep.text})"


def _enclosed(text: str, rep: Rep, count: int) -> str:
    power = "" if count == 1 else str(count).translate(_UPPER)
    if isinstance(rep, Defining):
        return f"({text}){power}" if rep.dual and power else f"{text}{power}"
    return f"({text}){power}"


_UPPER = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWER = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
