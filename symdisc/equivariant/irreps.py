"""Representations of the rotation groups, given by generators in any frame, as sums of irreducible ones.

A change of basis T with rho(g) = T (irreps of g) T^-1 is what e3nn, escnn and others need to work on data that they
did not design. Irreps of so(3) are those of e3nn: real, with the y axis as pole, l = 1 being rotations of (x, y, z).

Source: weights and the Casimir operator, any text on so(3) (Hall, Lie Groups, Lie Algebras, and Representations,
section 4.6); the real basis is that of e3nn.o3 (Geiger and Smidt, arXiv:2207.09453).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from ..algebra import structure_constants
from ..errors import InputError

MOST_TURNS = 24
"""Largest ratio of frequencies that still counts as one circle."""
SLACK = 0.2  # of the way from one weight to the next
HARMONIC = 0.05  # of a frequency


@dataclass(frozen=True)
class Irreps:
    """x = basis z: in the coordinates z the generators are block-diagonal, one irrep after another.

    Attributes:
        labels: l of each irrep of so(3), or frequency of each of so(2), ascending.
        parity: for O(2), 1 where the reflection turns the first coordinate of an irrep round; zeros else.
        basis: (d, d), T.
        mixing: (n, k): the n standard generators J_a = sum_i mixing[a, i] L_i; [J_a, J_b] = eps_abc J_c for so(3), and
            a full turn takes t = 2 pi.
        generators: (n, d, d): the standard generators as this decomposition has them, exactly a representation.
        residual: their distance from the given ones, relative to these.
    """

    labels: tuple[int, ...]
    parity: tuple[int, ...]
    basis: np.ndarray
    mixing: np.ndarray
    generators: np.ndarray
    residual: float


def real_so3(l: int) -> np.ndarray:  # noqa: E741 - the letter of the field
    """(3, 2l+1, 2l+1): generators of rotations about x, y and z on the real spherical harmonics of degree l.

    The basis is that of e3nn: the pole is y, so the second generator is the one that mixes m with -m.

    Example:
        >>> real_so3(1)[1].tolist()
        [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]
    """
    complex_to_real = _real_harmonics(l)
    m = np.arange(-l, l + 1)
    up, down = np.zeros((2, 2 * l + 1, 2 * l + 1))
    up[np.arange(1, 2 * l + 1), np.arange(2 * l)] = -_step_up(l, m[:-1])
    down[np.arange(2 * l), np.arange(1, 2 * l + 1)] = _step_up(l, m[:-1])
    weights = np.stack([(up + down) / 2, np.diag(1j * m), -0.5j * (up - down)])
    return (complex_to_real.conj().T @ weights @ complex_to_real).real + 0.0


def _step_up(l: int, m: np.ndarray) -> np.ndarray:  # noqa: E741
    return np.sqrt(l * (l + 1) - m * (m + 1.0))


def _real_harmonics(l: int) -> np.ndarray:  # noqa: E741
    """(2l+1, 2l+1) unitary: complex harmonics (rows, m = -l..l) of the real ones (columns)."""
    q = np.zeros((2 * l + 1, 2 * l + 1), dtype=complex)
    q[l, l] = 1
    for m in range(1, l + 1):
        q[l - m, l + m], q[l - m, l - m] = np.sqrt(0.5), -1j * np.sqrt(0.5)
        q[l + m, l + m], q[l + m, l - m] = (-1) ** m * np.sqrt(0.5), 1j * (-1) ** m * np.sqrt(0.5)
    return (-1j) ** l * q


def rotation_frame(generators: np.ndarray) -> np.ndarray:
    """(3, 3) mixing M with J_a = sum_i M[a, i] L_i and [J_a, J_b] = eps_abc J_c.

    Frames differ by a rotation of the axes; this one is nearest to the axes of x for 3 x 3 matrices, else to the given
    generators.

    Args:
        generators: (3, d, d) spanning so(3), as noisy as they are.

    Raises:
        InputError: they span another algebra.
    """
    if len(generators) != 3:
        raise InputError(f"so(3) has 3 generators, not {len(generators)}")
    constants = structure_constants(generators)
    killing = np.einsum("iab,jba->ij", constants, constants)
    values, vectors = np.linalg.eigh(-(killing + killing.T) / 4)
    if values[0] <= 1e-3 * values[-1]:
        raise InputError("these generators do not span so(3): their Killing form is not negative definite")
    mixing = vectors / np.sqrt(values) @ vectors.T
    turned = np.einsum("ai,bj,ijk->abk", mixing, mixing, constants)
    volume = np.einsum("abk,abk->", turned, np.einsum("abc,ck->abk", _epsilon(), mixing))
    mixing = mixing if volume > 0 else -mixing
    if generators.shape[1] != 3:
        return mixing
    overlap = np.einsum("ade,bde->ab", -_epsilon(), np.einsum("bi,ide->bde", mixing, generators))
    left, _, right = np.linalg.svd(overlap)
    return left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right @ mixing


def _epsilon() -> np.ndarray:
    eps = np.zeros((3, 3, 3))
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        eps[a, b, c], eps[b, a, c] = 1, -1
    return eps


def so3_irreps(generators: np.ndarray, pole: str = "y") -> Irreps:
    """The irreps of a representation of so(3) in any frame of R^d.

    Args:
        generators: (3, d, d), noisy if need be.
        pole: "y" for the basis of e3nn; "z" for that of escnn, whose irreps order the same functions about z.

    Raises:
        InputError: not so(3); half-integer spin, which rotations do not have; too noisy to tell the irreps.
    """
    mixing = rotation_frame(np.asarray(generators, float))
    # About z the same functions stand for (y, z, x): the axes are renamed in turn.
    axes = {"y": [0, 1, 2], "z": [1, 2, 0]}[pole]
    frame = np.einsum("ai,ide->ade", mixing, generators)
    about = frame[axes]
    casimir = -np.einsum("ade,aef->df", about, about)
    counts = _spins(casimir)
    columns, blocks = [], []
    for l, copies in counts.items():  # noqa: E741
        for start in _null_space(np.vstack([casimir - l * (l + 1) * np.eye(len(casimir)), about[1]]), copies):
            columns.append(_ladder(about, start, l))
            blocks.append(real_so3(l)[np.argsort(axes)])
    labels = tuple(l for l, copies in counts.items() for _ in range(copies))  # noqa: E741
    return _checked(labels, (0,) * len(labels), np.hstack(columns), mixing, _diagonal(blocks), frame)


def _spins(casimir: np.ndarray) -> dict[int, int]:
    """How often each l occurs, from the eigenvalues l (l + 1)."""
    values = np.linalg.eigvals(casimir).real
    spins = (np.sqrt(np.maximum(1 + 4 * values, 0.0)) - 1) / 2
    nearest = np.round(2 * spins) / 2
    if np.abs(spins - nearest).max() > SLACK:
        raise InputError("the Casimir operator of these generators has no spectrum l (l + 1); they are too noisy")
    if (nearest % 1).any():
        raise InputError(
            "these generators act with half-integer spin: the group is SU(2), not SO(3), and its representations on "
            "real vectors are none that the library has"
        )
    counts = {}
    for l in sorted({int(value) for value in nearest}):  # noqa: E741
        copies, rest = divmod(int((nearest == l).sum()), 2 * l + 1)
        if rest:
            raise InputError(f"the irreps cannot be told apart: {rest} directions too many for l = {l}; too noisy")
        counts[l] = copies
    return counts


def _null_space(matrix: np.ndarray, count: int) -> np.ndarray:
    """(count, d) orthonormal rows, the least singular vectors; signs by the largest entry."""
    rows = np.linalg.svd(matrix)[2][::-1][:count]
    return _signed(_sparse(rows))


def _sparse(rows: np.ndarray) -> np.ndarray:
    """The same span by rows that stay put when the matrix does: the projector's, in order of size."""
    projector, chosen = rows.T @ rows, np.zeros((0, rows.shape[1]))
    for _ in range(len(rows)):
        rest = projector - chosen.T @ chosen
        sizes = np.diag(rest)
        first = int(np.argmax(sizes > sizes.max() * (1 - 1e-6)))
        chosen = np.vstack([chosen, rest[first] / np.sqrt(sizes[first])])
    return np.linalg.qr(chosen.T)[0].T if len(chosen) else chosen


def _signed(rows: np.ndarray) -> np.ndarray:
    at = np.argmax(np.abs(rows) > np.abs(rows).max(axis=1, keepdims=True) * (1 - 1e-6), axis=1)
    return rows * np.sign(rows[np.arange(len(rows)), at])[:, None]


def _ladder(about: np.ndarray, start: np.ndarray, l: int) -> np.ndarray:  # noqa: E741
    """(d, 2l+1): an irrep from its vector of weight 0."""
    up, down = about[0] + 1j * about[2], about[0] - 1j * about[2]
    weights = {0: start.astype(complex)}
    for m in range(l):
        size = _step_up(l, np.array(m))
        weights[m + 1] = -up @ weights[m] / size
        weights[-m - 1] = down @ weights[-m] / size
    columns = np.stack([weights[m] for m in range(-l, l + 1)], axis=1)
    return (1j**l * columns @ _real_harmonics(l)).real


def so2_irreps(generator: np.ndarray, reflection: np.ndarray | None = None) -> Irreps:
    """The irreps of a representation of SO(2), or of O(2) with a reflection, in any frame of R^d.

    An irrep of frequency f > 0 is the rotation by f t of a plane; in O(2) the reflection keeps its first coordinate and
    turns the second round.

    Args:
        generator: (d, d).
        reflection: (d, d) h with h h = 1 and h L h = -L; None for SO(2).

    Raises:
        InputError: the generator is no rotation, its frequencies have no common circle, or no such reflection.
    """
    generator = np.asarray(generator, float)
    base, counts = _frequencies(generator)
    turn = generator / base
    d = len(turn)
    if reflection is not None:
        for fault, words in (
            (reflection @ reflection - np.eye(d), "h h = 1"),
            (reflection @ turn @ reflection + turn, "h L h = -L"),
        ):
            if np.abs(fault).max() > HARMONIC:
                raise InputError(f"the discrete generator is no reflection of this rotation: {words} fails")
    columns, blocks, labels, parity = [], [], [], []
    for f, copies in counts.items():
        operator = turn @ turn + f * f * np.eye(d) if f else turn
        size = 2 * copies if f else copies
        space = _null_space(operator, size).T
        for side, start in _starts(space, turn, reflection, f, copies):
            columns.append(np.stack([start, turn @ start / f], axis=1) if f else start[:, None])
            blocks.append(np.array([[[0.0, -f], [f, 0.0]]]) if f else np.zeros((1, 1, 1)))
            labels.append(f)
            parity.append(int(side < 0))
    mixing = np.array([[1 / base]])
    return _checked(tuple(labels), tuple(parity), np.hstack(columns), mixing, _diagonal(blocks), turn[None])


def _frequencies(generator: np.ndarray) -> tuple[float, dict[int, int]]:
    """The frequency of a full turn, and how many planes (or, for 0, directions) turn how fast in units of it."""
    values = np.linalg.eigvals(generator)
    size = np.abs(values).max(initial=0.0)
    if size <= 1e-9 or np.abs(values.real).max() > HARMONIC * size:
        raise InputError("this generator is no rotation: its eigenvalues are not imaginary, so its group is no circle")
    speeds = np.abs(values.imag)
    moving = speeds[speeds > HARMONIC * size / 2]
    for turns in range(1, MOST_TURNS + 1):
        unit = moving.min() / turns
        whole = np.round(moving / unit)
        # There are about turns^2 / 3 fractions that chance could come near to.
        if np.abs(moving / unit / whole - 1).max() <= HARMONIC / turns**2 and whole.max() <= MOST_TURNS:
            unit *= gcd(*whole.astype(int).tolist())
            whole = np.round(moving / unit)
            base = float(moving @ whole / (whole @ whole))
            planes = {int(f): int((whole == f).sum()) // 2 for f in np.unique(whole)}
            still = len(values) - len(moving)
            return base, ({0: still} if still else {}) | planes
    raise InputError("the frequencies of this generator have no common circle: its group is R, not SO(2)")


def _starts(
    space: np.ndarray, turn: np.ndarray, reflection: np.ndarray | None, f: int, copies: int
) -> list[tuple[int, np.ndarray]]:
    """One vector for each copy, with its sign under the reflection."""
    if reflection is not None:
        inside = np.linalg.lstsq(space, reflection @ space, rcond=None)[0]
        sides = [(sign, _null_space(inside - sign * np.eye(len(inside)), count)) for sign, count in _sides(inside, f)]
        return [(sign, space @ row) for sign, rows in sides for row in rows]
    if not f:
        return [(1, column) for column in space.T]
    starts: list[np.ndarray] = []
    rest = space
    for _ in range(copies):
        start = _signed(_sparse(np.linalg.qr(rest)[0].T))[0]
        starts.append(start)
        taken = np.linalg.qr(np.stack([vector for v in starts for vector in (v, turn @ v)], axis=1))[0]
        left = space - taken @ (taken.T @ space)
        rest = np.linalg.svd(left)[0][:, : max(1, 2 * (copies - len(starts)))]
    return [(1, start) for start in starts]


def _sides(inside: np.ndarray, f: int) -> list[tuple[int, int]]:
    """Signs under the reflection and how many vectors have them; in a plane that turns, the positive one starts."""
    plus = round((len(inside) + float(np.trace(inside))) / 2)
    return [(1, plus)] if f else [(1, plus), (-1, len(inside) - plus)]


def _diagonal(blocks: list[np.ndarray]) -> np.ndarray:
    """(n, d, d) from (n, b, b) each."""
    size = sum(block.shape[1] for block in blocks)
    whole, at = np.zeros((len(blocks[0]), size, size)), 0
    for block in blocks:
        part = slice(at, at + block.shape[1])
        whole[:, part, part] = block
        at = part.stop
    return whole


def _checked(
    labels: tuple[int, ...],
    parity: tuple[int, ...],
    basis: np.ndarray,
    mixing: np.ndarray,
    standard: np.ndarray,
    given: np.ndarray,
) -> Irreps:
    if basis.shape[0] != basis.shape[1] or np.linalg.cond(basis) > 1e8:
        raise InputError("the irreps of these generators cannot be told apart; they are too noisy")
    exact = basis @ standard @ np.linalg.inv(basis)
    residual = float(np.linalg.norm(exact - given) / np.linalg.norm(given))
    if residual > 0.5:
        raise InputError(f"these generators are no representation: {residual:.2g} of them fits none; too noisy")
    return Irreps(labels, parity, basis, mixing, exact, residual)
