"""Before solving: independent generators of norm 1, their noise, and the nearest exact algebra.

With noisy generators the exact invariants are gone; the nearest algebra that closes has them again. Where it is rigid
(semisimple) nothing else is left to be wrong. Where it is not, the ideals that `nearest` read off are held, and what
they leave free, the eigenvalues of a central generator, is rounded to whole ratios if noise explains that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt

import numpy as np

from ..algebra.decisions import Ruler
from ..algebra.levi import levi_complement
from ..algebra.nearest import nearest
from ..algebra.series import derived_series, killing_form, radical
from ..algebra.span import span
from ..algebra.structure import affordable, brackets, structure_constants
from ..errors import InputError
from .coordinates import adjoint_coordinates
from .group import Group
from .words import Letter

ROUNDING = 1e-9
EXACT = 1e-9
HOPELESS = 0.5
WORST = 1e3
APART = 0.05
MOST_WHOLE = 6


@dataclass
class Prepared:
    """Generators as the solvers take them.

    Attributes:
        group: where they come from.
        lie: (k, d, d) orthonormal in the Frobenius product.
        discrete: (j, d, d).
        noise: relative noise of `lie`; 0 where they are exact.
        snapped: whether `lie` was moved to the nearest exact algebra.
        rigid: whether what they span has no noise left to matter: exact from the start, or snapped and semisimple.
        notes: what a user should know.
    """

    group: Group
    lie: np.ndarray
    discrete: np.ndarray
    noise: float
    snapped: bool
    rigid: bool
    notes: list[str] = field(default_factory=list)
    _letters: dict[Letter, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)
    _coordinates: dict[object, np.ndarray | None] = field(default_factory=dict, repr=False)

    def canonical(self, letter: Letter) -> Letter:
        """The same letter, not dual where duals are equal to the vectors themselves."""
        block, dual = letter
        return block, dual and not self._orthogonal(block)

    def letter(self, letter: Letter) -> tuple[np.ndarray, np.ndarray]:
        """(k, d, d) and (j, d, d): what the generators do to a letter; one object a letter."""
        found = self._letters.get(letter)
        if found is None:
            block, dual = letter
            lie = np.ascontiguousarray(self.group.block(self.lie, block))
            discrete = np.ascontiguousarray(self.group.block(self.discrete, block))
            if dual:
                lie = -lie.transpose(0, 2, 1)
                discrete = np.linalg.inv(discrete).transpose(0, 2, 1) if len(discrete) else discrete
            found = self._letters[letter] = lie, discrete
        return found

    def _orthogonal(self, block: int) -> bool:
        lie, discrete = self.letter((block, False))
        if not np.array_equal(lie, -lie.transpose(0, 2, 1)):
            return False
        return all(np.abs(h @ h.T - np.eye(len(h))).max() < 1e-14 for h in discrete)

    def coordinates(self, blocks: tuple[int, ...], discrete: bool, part: str) -> dict[int, np.ndarray] | None:
        """S of each block, in which `part` of the Lie generators is closed under transposition; None: there is none.

        Args:
            blocks: that a word uses.
            discrete: whether the discrete generators shall be orthogonal there too.
            part: "all" generators, or the "semisimple" part.
        """
        key = blocks, discrete, part
        if key not in self._coordinates:
            self._coordinates[key] = self._found(blocks, discrete, part)
        joint = self._coordinates[key]
        if joint is None:
            return None
        ends = np.cumsum([0, *(self.group.sizes[block] for block in blocks)])
        pairs = zip(blocks, ends[:-1], ends[1:], strict=True)
        return {block: np.ascontiguousarray(joint[a:b, a:b]) for block, a, b in pairs}

    def _found(self, blocks: tuple[int, ...], discrete: bool, part: str) -> np.ndarray | None:
        lie = self.lie if part == "all" else np.tensordot(self.semisimple, self.lie, axes=1)
        elements = self.discrete if discrete else self.discrete[:0]
        lie, elements = (_joined([self.group.block(stack, block) for block in blocks]) for stack in (lie, elements))
        flat = lie.reshape(len(lie), lie.shape[1] ** 2)
        _, values, rows = np.linalg.svd(flat, full_matrices=False)
        rank = int((values > EXACT * values.max(initial=1e-300)).sum())
        if rank < len(lie):
            # Some generators do nothing here.
            lie = rows[:rank].reshape(rank, *lie.shape[1:])
        return adjoint_coordinates(lie, elements, tuple(self.group.sizes[block] for block in blocks))

    @cached_property
    def semisimple(self) -> np.ndarray:
        """(s, k) rows: combinations of the generators that span a Levi complement of the radical; s = 0: none."""
        k = len(self.lie)
        if k < 3 or not affordable(k, self.lie.shape[1]):
            return np.zeros((0, k))
        constants = structure_constants(self.lie)
        ruler = Ruler(EXACT)
        derived = derived_series(constants, ruler)
        if len(derived) < 2:
            return np.eye(k)
        return levi_complement(constants, radical(killing_form(constants), derived[1], constants, ruler))

    @property
    def rest(self) -> np.ndarray:
        """(k - s, k) rows: what the semisimple part leaves."""
        rows = self.semisimple
        if not len(rows):
            return np.eye(len(self.lie))
        return np.linalg.svd(rows)[2][len(rows) :]


def prepare(group: Group, snap: bool, noise: float | None) -> Prepared:
    """Read the noise off closure and, with `snap`, move the generators to the nearest exact algebra.

    Args:
        group: as given.
        snap: whether to.
        noise: relative noise of the Lie generators where the user knows it.

    Raises:
        InputError: the generators are nowhere near an algebra.
    """
    stated = group.noise if noise is None else noise
    if stated == 0.0 or not len(group.lie):
        return Prepared(group, _orthonormal(group.lie), group.discrete, 0.0, False, True)
    found = span(group.lie, stated)
    k, d, _ = found.basis.shape
    level, notes = (stated or 0.0) * found.spread, []
    if k == d * d:
        # All matrices: whatever the noise was, it is gone.
        return Prepared(group, found.basis, group.discrete, 0.0, False, True)
    shown = brackets(found.basis).noise if affordable(k, d) else None
    if stated is None:
        level = max(found.noise, shown or 0.0)
        if shown is None and k:
            notes.append(
                "closure cannot show the noise of such generators: they are taken as exact unless --noise says "
                "otherwise"
            )
    if level > HOPELESS:
        raise InputError(
            f"the generators do not close under brackets (noise {level:.2g}); if they are exact and generate the "
            "algebra by their brackets, say so with --noise 0"
        )
    if level < ROUNDING:
        return Prepared(group, found.basis, group.discrete, 0.0, False, True, notes)
    if not snap:
        return Prepared(group, found.basis, group.discrete, level, False, False, notes)
    read = nearest(found, level, known=stated is not None)
    if read.reading is None:
        notes.append(f"no exact algebra near the generators was found (noise {level:.2g}): they are used as they are")
        return Prepared(group, found.basis, group.discrete, level, False, False, notes)
    refined = read.reading.refined
    moved = sqrt(
        max(0.0, 1 - float(np.linalg.norm(found.basis.reshape(k, -1) @ refined.basis.reshape(k, -1).T) ** 2) / k)
    )
    level = max(level, read.noise)
    notes.append(f"generators moved by {moved:.2g} of their size to the nearest exact algebra (noise {level:.2g})")
    basis, central = _rounded_centre(refined.basis, refined.constants, level, notes)
    prepared = Prepared(group, basis, group.discrete, level, True, False, notes)
    prepared.rigid = central is not None and len(prepared.semisimple) + central == k
    if not prepared.rigid:
        notes.append("closure does not fix all of such matrices: ranks are read through the window of the noise")
    return prepared


def _rounded_centre(
    basis: np.ndarray, constants: np.ndarray, noise: float, notes: list[str]
) -> tuple[np.ndarray, int | None]:
    """The algebra with an exact centre, and the dimension of that; None where it keeps its noise.

    Closure says nothing about its eigenvalues; those that noise explains as zero, as equal or as small whole multiples
    are made so. Any function of a central element commutes with all generators, so the algebra stays one.
    """
    k, d, _ = basis.shape
    _, values, rows = np.linalg.svd(constants.reshape(k, -1).T, full_matrices=True)
    central = rows[int((values > EXACT).sum()) :]
    if len(central) != 1:
        if len(central) > 1:
            notes.append(
                f"the centre has dimension {len(central)}: closure does not fix ratios of its eigenvalues, which keep "
                "their noise"
            )
        return basis, None if len(central) else 0
    # Central brackets, as in Heisenberg's algebra, have no eigenvalues of their own.
    derived = np.linalg.svd(constants.reshape(k * k, k), full_matrices=False)
    inside = derived[2][derived[1] > EXACT]
    outside = central[0] - (central[0] @ inside.T) @ inside
    if np.linalg.norm(outside) < APART:
        return basis, None
    element = np.tensordot(central[0], basis, axes=1)
    weights, vectors = np.linalg.eig(element)
    if np.linalg.cond(vectors) > WORST:
        return basis, None
    rounded = _rounded(weights, noise * float(np.linalg.cond(vectors)) / np.sqrt(d))
    if rounded is None:
        return basis, None
    cleaned = (vectors * rounded @ np.linalg.inv(vectors)).real
    # The others, in an ideal that holds all brackets, so that they close with the new element too.
    rest = np.tensordot(np.linalg.svd(outside[None])[2][1:], basis, axes=1)
    moved = float(np.linalg.norm(cleaned - element))
    notes.append(f"eigenvalues of the central generator rounded to whole ratios, moving it by {moved:.2g}")
    return _orthonormal(np.concatenate([rest, cleaned[None]])), 1


def _rounded(weights: np.ndarray, noise: float) -> np.ndarray | None:
    """Real and imaginary parts as small whole multiples of one unit; None where noise does not explain that."""
    parts = np.concatenate([weights.real, weights.imag])
    largest = float(np.abs(parts).max())
    if largest == 0:
        return None
    for whole in range(1, MOST_WHOLE + 1):
        scaled = parts * whole / largest
        near = np.round(scaled)
        if np.abs(scaled - near).max() <= 3 * noise * whole / largest and 3 * noise * whole / largest < 0.25:
            unit = float(parts @ near / (near @ near))
            n = len(weights)
            return np.asarray((near[:n] + 1j * near[n:]) * unit)
    return None


def _orthonormal(lie: np.ndarray) -> np.ndarray:
    """Orthonormal matrices of the same span; orthogonal ones are only scaled."""
    k, d, _ = lie.shape
    if not k:
        return lie
    flat = lie.reshape(k, d * d)
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    flat = flat[norms[:, 0] > 0] / norms[norms[:, 0] > 0]
    gram = flat @ flat.T
    if np.abs(gram - np.eye(len(flat))).max(initial=0.0) < 1e-14:
        return flat.reshape(-1, d, d)
    return span(lie).basis


def _joined(stacks: list[np.ndarray]) -> np.ndarray:
    """Block-diagonal stacks."""
    if len(stacks) == 1:
        return stacks[0]
    ends = np.cumsum([0, *(stack.shape[1] for stack in stacks)])
    joint = np.zeros((len(stacks[0]), ends[-1], ends[-1]))
    for stack, a, b in zip(stacks, ends[:-1], ends[1:], strict=True):
        joint[:, a:b, a:b] = stack
    return joint
