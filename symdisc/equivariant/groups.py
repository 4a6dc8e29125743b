"""Groups by name: `so(3)`, `SO(1,3)`, `O(5)`, `S(6)`, `Rubik`; products as `SO(3) x S(5)`.

Capitals name groups, discrete generators included; small letters the Lie algebra, that is, the connected group.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from itertools import combinations
from math import cos, pi, sin
from typing import Any

import numpy as np

from ..errors import InputError
from ..symmetry import Symmetry
from .group import Block, Group

LARGEST = 256
CALL = re.compile(r"([A-Za-z]+\+?)(?:\(([^()]*)\))?")


def group(source: str | Group | Symmetry | np.ndarray | list[Any], discrete: Any = None) -> Group:
    """A group from its name, from generators of its Lie algebra, or from a result of `fit`.

    Args:
        source: `so(3)`, `SO(3) x S(5)`, ... (docs/bases.md lists the names); a Symmetry, whose blocks become V1, V2,
            ...; (k, d, d) Lie generators.
        discrete: (j, d, d) further discrete generators, or permutations as index arrays (j, d).

    Raises:
        InputError: an unknown name (the message lists the names), or no usable matrices.
    """
    if isinstance(source, str):
        found = named(source)
    elif isinstance(source, Group):
        found = source
    elif isinstance(source, Symmetry):
        found = of_symmetry(source)
    else:
        found = Group(source)
    if discrete is None:
        return found
    more = Group(discrete=discrete).discrete
    if more.shape[1:] != (found.d, found.d):
        raise InputError(f"discrete generators of size {more.shape[1]}; the group acts on {found.d} coordinates")
    blocks = found.blocks
    return Group(found.lie, np.concatenate([found.discrete, more]), found.name, blocks, found.noise, found.notes)


def of_symmetry(symmetry: Symmetry) -> Group:
    """The group of a result: what its generators generate, its array `discrete` if it has one, its blocks."""
    generators = symmetry.generated()
    blocks = [Block(block.role, block.start, block.stop) for block in symmetry.blocks]
    name = (symmetry.algebra or {}).get("name", "") if len(generators) == len(symmetry) else ""
    discrete = symmetry.extras.get("discrete")
    # One generator always closes; how far the data see it broken bounds its error.
    noise = min(float(symmetry.defect[0]), 0.5) if len(generators) == 1 and np.isfinite(symmetry.defect[0]) else None
    return Group(generators, discrete, name if discrete is None else "", blocks, noise, _doubts(symmetry))


def _doubts(symmetry: Symmetry) -> list[str]:
    """What a basis inherits from a result whose generators the data do not all certify."""
    open_ones = [word for word in symmetry.status if word in ("consistent", "broken")]
    if not open_ones:
        return []
    counts = ", ".join(f"{open_ones.count(word)} {word}" for word in sorted(set(open_ones), reverse=True))
    return [
        f"{len(open_ones)} of {len(symmetry)} generators of the result are not certified by its data ({counts}): the "
        "basis is right as far as they are symmetries"
    ]


def named(text: str) -> Group:
    """A group from its name; ` x ` between names sets groups side by side.

    Raises:
        InputError: unknown, with the names there are; sizes out of range.
    """
    words = re.split(r"\s+[x×]\s+|×", text.strip())
    found = [_single(word.strip()) for word in words]
    product = found[0]
    for other in found[1:]:
        product = product * other
    return product


def is_name(text: str) -> bool:
    """Whether a text has the form of a name, known or not, rather than that of a path."""
    return all(CALL.fullmatch(word.strip()) is not None for word in re.split(r"\s+[x×]\s+|×", text.strip()))


def _single(word: str) -> Group:
    match = CALL.fullmatch(word)
    head = match[1] if match else ""
    if match is None or head not in GROUPS:
        near = difflib.get_close_matches(head or word, GROUPS, n=3, cutoff=0.4)
        hint = f"; nearest: {', '.join(FORMS[name] for name in near)}" if near else ""
        raise InputError(f"no group named {word!r}{hint}. Known: {', '.join(FORMS.values())}")
    arguments = [part.strip() for part in match[2].split(",")] if match[2] else []
    if arguments and arguments[-1] in ("R", "ℝ"):
        arguments.pop()
    counts = ARGUMENTS[head]
    if len(arguments) not in counts or not all(part.isdigit() for part in arguments):
        raise InputError(f"{word}: write {FORMS[head]} with whole numbers")
    numbers = [int(part) for part in arguments]
    least, size = (0 if len(numbers) == 2 else 1), sum(numbers)
    if any(number < least for number in numbers) or size > LARGEST or (numbers and size < 1):
        raise InputError(f"{word}: sizes are {least or 1} to {LARGEST}")
    lie, discrete = GROUPS[head](*numbers)
    return Group(lie, discrete if len(discrete) else None, word, noise=0.0)


Made = tuple[np.ndarray, np.ndarray]


def _unit(n: int, i: int, j: int) -> np.ndarray:
    matrix = np.zeros((n, n))
    matrix[i, j] = 1.0
    return matrix


def _stack(matrices: list[np.ndarray], n: int) -> np.ndarray:
    return np.stack(matrices) if matrices else np.zeros((0, n, n))


def metric(p: int, q: int) -> np.ndarray:
    """diag(1, .., 1, -1, .., -1): the form that SO(p,q) preserves."""
    return np.diag([1.0] * p + [-1.0] * q)


def rotations(p: int, q: int = 0) -> np.ndarray:
    """Generators of so(p,q): e_ij g - e_ji g for i < j, g the metric; turns and boosts."""
    n, g = p + q, metric(p, q)
    return _stack([(_unit(n, j, i) - _unit(n, i, j)) @ g for i, j in combinations(range(n), 2)], n)


def _flip(n: int, *where: int) -> np.ndarray:
    diagonal = np.ones(n)
    diagonal[list(where)] = -1.0
    return np.diag(diagonal)


def _connected_orthogonal(p: int, q: int = 0) -> Made:
    return rotations(p, q), np.zeros((0, p + q, p + q))


def _special_orthogonal(p: int, q: int = 0) -> Made:
    # SO(p,q) has a second component: reversal of one direction of each sign.
    flips = [_flip(p + q, 0, p)] if p and q else []
    return rotations(p, q), _stack(flips, p + q)


def _orthogonal(p: int, q: int = 0) -> Made:
    n = p + q
    flips = [_flip(n, 0)] if p and not q else [_flip(n, p)] if q and not p else [_flip(n, 0), _flip(n, p)]
    return rotations(p, q), _stack(flips, n)


def _permutations(rows: list[np.ndarray], n: int) -> Made:
    return np.zeros((0, n, n)), np.eye(n)[np.stack(rows)]


def _symmetric(n: int) -> Made:
    swap, cycle = np.arange(n), np.roll(np.arange(n), -1)
    swap[: min(n, 2)] = swap[: min(n, 2)][::-1]
    return _permutations([swap, cycle] if n > 2 else [swap], n)


def _alternating(n: int) -> Made:
    rows = [np.arange(n)]
    for i in range(2, n):
        row = np.arange(n)
        row[[0, 1, i]] = [1, i, 0]
        rows.append(row)
    return _permutations(rows[1:] or rows, n)


def _cyclic(n: int) -> Made:
    return _permutations([np.roll(np.arange(n), 1)], n)


def _dihedral(n: int) -> Made:
    c, s = cos(2 * pi / n), sin(2 * pi / n)
    return np.zeros((0, 2, 2)), np.array([[[c, -s], [s, c]], [[-1.0, 0.0], [0.0, 1.0]]])


def _linear(n: int) -> Made:
    units = [_unit(n, i, j) for i in range(n) for j in range(n)]
    return _stack(units, n), _flip(n, 0)[None]


def _connected_linear(n: int) -> Made:
    return _linear(n)[0], np.zeros((0, n, n))


def _special_linear(n: int) -> Made:
    off = [_unit(n, i, j) for i in range(n) for j in range(n) if i != j]
    diagonal = [_unit(n, i, i) - _unit(n, i + 1, i + 1) for i in range(n - 1)]
    return _stack([*off, *diagonal], n), np.zeros((0, n, n))


def _symplectic(n: int) -> Made:
    """Sp(2n,R) on (q, p): J S for symmetric S."""
    j = np.block([[np.zeros((n, n)), np.eye(n)], [-np.eye(n), np.zeros((n, n))]])
    symmetric = [
        _unit(2 * n, a, b) + _unit(2 * n, b, a) if a != b else _unit(2 * n, a, a)
        for a in range(2 * n)
        for b in range(a, 2 * n)
    ]
    return _stack([j @ s for s in symmetric], 2 * n), np.zeros((0, 2 * n, 2 * n))


def real(matrix: np.ndarray) -> np.ndarray:
    """A complex (n, n) matrix as a real (2n, 2n) one on (Re z, Im z)."""
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])


def _special_unitary(n: int) -> Made:
    made = []
    for i, j in combinations(range(n), 2):
        made += [real(_unit(n, i, j) - _unit(n, j, i) + 0j), real(1j * (_unit(n, i, j) + _unit(n, j, i)))]
    made += [real(1j * (_unit(n, i, i) - _unit(n, i + 1, i + 1))) for i in range(n - 1)]
    return _stack(made, 2 * n), np.zeros((0, 2 * n, 2 * n))


def _unitary(n: int) -> Made:
    special, none = _special_unitary(n)
    return np.concatenate([special, real(1j * np.eye(n))[None]]), none


def _algebra_sp(n: int) -> Made:
    if n % 2:
        raise InputError(f"sp({n}): the size of the matrices is even, as in sp(4,R)")
    return _symplectic(n // 2)


def affine(linear: np.ndarray) -> np.ndarray:
    """Linear generators and the translations, on (x, 1)."""
    n = linear.shape[1]
    wide = np.zeros((len(linear), n + 1, n + 1))
    wide[:, :n, :n] = linear
    return np.concatenate([wide, [_unit(n + 1, i, n) for i in range(n)]])


def _special_euclidean(n: int) -> Made:
    return affine(rotations(n)), np.zeros((0, n + 1, n + 1))


def _euclidean(n: int) -> Made:
    return affine(rotations(n)), _flip(n + 1, 0)[None]


def _heisenberg(m: int) -> Made:
    if m % 2 == 0:
        raise InputError(f"heis({m}): its dimension is odd, as in heis(3)")
    n = (m - 1) // 2
    rows = [_unit(n + 2, 0, i) for i in range(1, n + 2)] + [_unit(n + 2, i, n + 1) for i in range(1, n + 1)]
    return np.stack(rows), np.zeros((0, n + 2, n + 2))


def _rubik() -> Made:
    """Quarter turns of the six faces on 48 stickers, all but the centres of the faces, numbered by their place."""
    stickers = [
        (cell, normal)
        for cell in np.ndindex(3, 3, 3)
        for normal in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
        if np.dot(np.subtract(cell, 1), normal) == 1 and np.abs(np.subtract(cell, 1)).sum() > 1
    ]
    number: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {
        sticker: index for index, sticker in enumerate(stickers)
    }
    rows = []
    for axis in range(3):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        for layer in (0, 2):
            row = np.arange(len(stickers))
            for (cell, normal), index in number.items():
                if cell[axis] == layer:
                    turned, facing = list(cell), list(normal)
                    turned[first], turned[second] = 2 - cell[second], cell[first]
                    facing[first], facing[second] = -normal[second], normal[first]
                    row[index] = number[tuple(turned), (facing[0], facing[1], facing[2])]
            rows.append(row)
    return _permutations(rows, len(stickers))


def _trivial(n: int) -> Made:
    return np.zeros((0, n, n)), np.zeros((0, n, n))


GROUPS: dict[str, Callable[..., Made]] = {
    "SO": _special_orthogonal,
    "SO+": _connected_orthogonal,
    "so": _connected_orthogonal,
    "O": _orthogonal,
    "SU": _special_unitary,
    "su": _special_unitary,
    "U": _unitary,
    "u": _unitary,
    "Sp": _symplectic,
    "sp": _algebra_sp,
    "SL": _special_linear,
    "sl": _special_linear,
    "GL": _linear,
    "gl": _connected_linear,
    "SE": _special_euclidean,
    "E": _euclidean,
    "e": _special_euclidean,
    "se": _special_euclidean,
    "heis": _heisenberg,
    "S": _symmetric,
    "A": _alternating,
    "Z": _cyclic,
    "C": _cyclic,
    "D": _dihedral,
    "Rubik": _rubik,
    "trivial": _trivial,
}
_TWO = ("SO", "SO+", "so", "O")
ARGUMENTS = {head: (0,) if head == "Rubik" else (1, 2) if head in _TWO else (1,) for head in GROUPS}
FORMS = {
    head: "Rubik" if head == "Rubik" else f"{head}(n), {head}(p,q)" if head in _TWO else f"{head}(n)" for head in GROUPS
}
