"""`equivariant_basis`: the invariant vectors of a representation, word by word, each by the solver that suits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.memory import budget
from ..errors import InputError, ResourceError
from . import chebyshev, dense, meet, orbits, torus
from .action import PROBES, SMALL, Action
from .basis import Basis, Part
from .exact import Prepared, prepare
from .files import Cache
from .group import Group
from .groups import group as as_group
from .kernels import Explicit, Kernel, Orbits, Outer, Reordered
from .parse import parse_rep
from .rep import Map, Rep
from .window import Window, window
from .words import Letter, Word

if TYPE_CHECKING:
    from ..symmetry import Symmetry

TINY = 27
CHECKED = 1_000_000
RESIDUAL = 1e-9
"""Largest residual that exact generators may leave."""
UNCLEAR = 3.0
SOLVERS = {
    "orbits": "orbits of entries under (signed) permutations",
    "meet": "halves of the word decomposed into irreducible parts",
    "torus": "tuples of eigenvalue 0 under one random element",
    "chebyshev": "block Chebyshev filter on the operator, axis by axis",
    "dense": "eigenvectors of the whole operator",
}


def equivariant_basis(
    group: str | Group | Symmetry | np.ndarray,
    rep: Rep | str,
    solver: str = "auto",
    snap: bool = True,
    noise: float | None = None,
    cache: str | Path | None = None,
) -> Basis:
    """All v with rho(g) v = v for every g of a group; for maps, all W with rho_out(g) W = W rho_in(g).

    Args:
        group: a `Group`, a name such as `SO(3) x S(5)`, a result of `fit`, or (k, d, d) Lie generators.
        rep: the representation, or its text. A map `source >> target` is `target * source.T`: the vector is the
            (out, in) matrix flattened row by row.
        solver: "auto", or one of `SOLVERS`, forced on every word.
        snap: first move noisy generators to the nearest exact algebra.
        noise: relative noise of the Lie generators (error over size), if known; else what closure reveals.
        cache: a folder where bases are kept, under names made of the content of generators and options; None: none.

    Raises:
        InputError: a solver that does not apply, generators that do not close, or no rank that fits the noise.
        ResourceError: it would not fit into memory.

    Example:
        >>> equivariant_basis("SO(3)", "V -> V").rank
        1
        >>> equivariant_basis("S(5)", "V*V -> V").rank
        5
    """
    chosen = as_group(group)
    rep = parse_rep(rep) if isinstance(rep, str) else rep
    if solver != "auto" and solver not in SOLVERS:
        raise InputError(f"no solver {solver!r}; there are auto, {', '.join(SOLVERS)}")
    if noise is not None and not 0 <= noise < 1:
        raise InputError(f"noise {noise:g} is not a relative noise; give a number from 0 to below 1")
    if cache is None:
        return _solved(chosen, rep, solver, snap, noise)
    kept = Cache(cache)
    path = kept.path(chosen, rep, solver, snap, noise)
    basis = kept.get(path)
    if basis is None:
        basis = _solved(chosen, rep, solver, snap, noise)
        kept.put(path, basis, chosen)
    return basis


def _solved(chosen: Group, rep: Rep, solver: str, snap: bool, noise: float | None) -> Basis:
    size = rep.size(chosen)
    _affordable(rep, size)
    key = snap, noise
    if key not in chosen.prepared:
        chosen.prepared[key] = prepare(chosen, snap, noise)
    task = _Task(chosen.prepared[key], solver)
    parts: list[Part] = []
    first = 0
    for piece in rep.pieces(chosen):
        kernel = task.word(piece.word)
        if kernel.rank:
            parts.append(Part(piece, piece.places(chosen.sizes), kernel, first))
            first += parts[-1].copies * kernel.rank
    return Basis(
        rep,
        chosen.sizes,
        tuple(parts),
        size,
        residual=task.residual,
        gap=min(task.gaps) if task.gaps else None,
        solver=", ".join(dict.fromkeys(task.used)) or "none",
        snapped=task.prepared.snapped,
        notes=tuple(task.all_notes()),
        steps=tuple(task.steps),
        shape=(rep.target.size(chosen), rep.source.size(chosen)) if isinstance(rep, Map) else None,
    )


class Refused(Exception):
    """A solver does not apply to a word; says why."""


Found = tuple[Kernel, "float | None", str]


@dataclass
class _Task:
    """Words solved so far."""

    prepared: Prepared
    solver: str
    known: dict[Word, Kernel] = field(default_factory=dict)
    residual: float = 0.0
    gaps: list[float] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def all_notes(self) -> list[str]:
        """What a user should know."""
        found = [*self.prepared.group.notes, *self.prepared.notes, *self.notes]
        if self.gaps and min(self.gaps) < UNCLEAR:
            found.append(
                f"the rank is not clear: the next singular value is only {min(self.gaps):.2g} times what was taken as "
                "zero"
            )
        return found

    def word(self, word: Word) -> Kernel:
        """Invariants of one word."""
        canonical = [self.prepared.canonical(letter) for letter in word]
        component = self._components({block for block, _ in canonical})
        order = sorted(range(len(word)), key=lambda axis: (component[canonical[axis][0]], canonical[axis], axis))
        sorted_word = tuple(canonical[axis] for axis in order)
        if sorted_word not in self.known:
            self.known[sorted_word] = self._sorted(sorted_word, component)
        kernel = self.known[sorted_word]
        if order == list(range(len(word))):
            return kernel
        sizes = self.prepared.group.sizes
        places = np.arange(kernel.size).reshape([sizes[block] for block, _ in sorted_word])
        return Reordered(kernel, places.transpose(np.argsort(order)).ravel())

    def _components(self, blocks: set[int]) -> dict[int, int]:
        """Blocks on which some generator acts together share a number."""
        number = {block: block for block in blocks}
        if len(blocks) == 1:
            return number
        acts = {block: self._active(block) for block in sorted(blocks)}
        for one in acts:
            for two in acts:
                if one < two and (acts[one] & acts[two]).any() and number[one] != number[two]:
                    old = number[two]
                    number.update({block: number[one] for block in number if number[block] == old})
        return number

    def _active(self, block: int) -> np.ndarray:
        lie, discrete = self.prepared.letter((block, False))
        scale = np.abs(self.prepared.lie).max(initial=1.0)
        moves = np.abs(lie).max(axis=(1, 2)) > 1e-12 * scale
        return np.concatenate([moves, np.abs(discrete - np.eye(lie.shape[1])).max(axis=(1, 2)) > 0])

    def _sorted(self, word: Word, component: dict[int, int]) -> Kernel:
        numbers = list(dict.fromkeys(component[block] for block, _ in word))
        if len(numbers) > 1:
            parts = [tuple(letter for letter in word if component[letter[0]] == number) for number in numbers]
            kernel = self.word(parts[0])
            for part in parts[1:]:
                kernel = Outer(kernel, self.word(part))
            return kernel
        if not word:
            return Explicit(np.ones((1, 1)))
        letters = {letter: self.prepared.letter(letter) for letter in word}
        action = Action(tuple(letters[letter][0] for letter in word), tuple(letters[letter][1] for letter in word))
        active = np.any([self._active(block) for block in {block for block, _ in word}], axis=0)
        if not active.all():
            k = action.dimension
            kept = {key: (lie[active[:k]], h[active[k:]]) for key, (lie, h) in letters.items()}
            action = Action(tuple(kept[letter][0] for letter in word), tuple(kept[letter][1] for letter in word))
        kernel, gap, name = self._solved(action, word)
        self.used.append(name)
        if gap is not None:
            self.gaps.append(gap)
        shown = "" if gap is None else f", gap {gap:.2g}"
        self.steps.append(f"{_shown(word)}: {name}, rank {kernel.rank} of {kernel.size}{shown}")
        return kernel

    def _solved(self, action: Action, word: Word) -> Found:
        lift = Window(0.0) if self.prepared.rigid else window(action, self.prepared.noise)
        whys = []
        last: Exception | None = None
        for name in self._order(action, lift) if self.solver == "auto" else [self.solver]:
            try:
                kernel, gap, used = _Word(self.prepared, action, word, lift).by(name)
            except (Refused, meet.NotDecomposed, torus.NotDiagonalisable) as error:
                whys.append(f"{name}: {str(error) or 'the halves did not fall into irreducible parts'}")
                continue
            except ResourceError as error:
                last = error
                continue
            residual = _residual(action, kernel)
            if residual > RESIDUAL and lift.exact:
                whys.append(f"{name}: its residual is {residual:.1g}")
                continue
            self.residual = max(self.residual, residual)
            return kernel, gap, used
        if last is not None:
            raise last
        raise InputError(f"{_shown(word)}: no solver applies. {'; '.join(whys)}")

    def _order(self, action: Action, lift: Window) -> list[str]:
        if orbits.applies(action):
            return ["orbits"]
        first = ["dense"] if action.size <= TINY else []
        small = ["dense"] if action.size <= dense.LARGEST else []
        large = ["torus"] if lift.exact else []
        return [*first, *(["meet"] if lift.exact else []), *small, *large, "chebyshev"]


@dataclass(frozen=True)
class _Word:
    """One word and the solvers that may be asked for it."""

    prepared: Prepared
    action: Action
    word: Word
    lift: Window

    def by(self, name: str) -> Found:
        """Invariants by one solver."""
        solve: Callable[[], Found] = getattr(self, f"_{name}")
        return solve()

    def _orbits(self) -> Found:
        if not orbits.applies(self.action):
            raise Refused("not all generators are signed permutations")
        return orbits.solve(self.action), None, "orbits"

    def _dense(self) -> Found:
        m = self.action.size
        need = 8 * m * m * (4 + self.action.dimension + self.action.elements)
        if need > 100 * CHECKED and need > budget(None):
            raise ResourceError(f"the dense solver takes {need / 1e9:.1f} GB for {m} entries; use another solver")
        return *dense.solve(self.action, self.lift), "dense"

    def _chebyshev(self) -> Found:
        return *chebyshev.solve(self.action, self.lift, budget(None) // 64), "chebyshev"

    def _torus(self) -> Found:
        if not self.lift.exact:
            raise Refused("it needs exact generators")
        if not self.action.dimension:
            raise Refused("there are no Lie generators")
        kernel, gap = torus.solve(self.action.lie_part())
        return self._narrowed(kernel, gap, "torus", self.action.only([], range(self.action.elements)))

    def _meet(self) -> Found:
        if not self.lift.exact:
            raise Refused("it needs exact generators")
        cut = meet.halves(self.action.shape)
        half = max(prod(self.action.shape[:cut]), prod(self.action.shape[cut:]))
        if half > meet.LARGEST:
            raise Refused(f"half of the word has {half} entries, more than {meet.LARGEST}")
        blocks = tuple(sorted({block for block, _ in self.word}))
        for discrete in (True, False) if self.action.elements else (True,):
            frames = self.prepared.coordinates(blocks, discrete, "all")
            if frames is not None and (discrete or self.action.dimension):
                inner = self.action if discrete else self.action.lie_part()
                kernel, gap = meet.solve(inner, self._axes(frames))
                rest = self.action.only([], [] if discrete else range(self.action.elements))
                return self._narrowed(kernel, gap, "meet", rest)
        return self._levi(blocks)

    def _levi(self, blocks: tuple[int, ...]) -> Found:
        """The semisimple part first, then what is left on its invariants."""
        rows = self.prepared.semisimple
        if not len(rows):
            raise Refused("the algebra has no semisimple part in coordinates closed under transposition")
        frames = self.prepared.coordinates(blocks, False, "semisimple")
        if frames is None:
            raise Refused("no coordinates closed under transposition were found")
        letters = {letter: self.prepared.letter(letter) for letter in self.word}
        part = {key: np.tensordot(rows, lie, axes=1) for key, (lie, _) in letters.items()}
        rest = {key: np.tensordot(self.prepared.rest, lie, axes=1) for key, (lie, _) in letters.items()}
        none = {key: discrete[:0] for key, (_, discrete) in letters.items()}
        inner = Action(tuple(part[x] for x in self.word), tuple(none[x] for x in self.word))
        outer = Action(tuple(rest[x] for x in self.word), tuple(letters[x][1] for x in self.word))
        kernel, gap = meet.solve(inner, self._axes(frames))
        return self._narrowed(kernel, gap, "meet", outer)

    def _axes(self, frames: dict[int, np.ndarray]) -> list[np.ndarray]:
        turned: dict[Letter, np.ndarray] = {}
        for block, dual in set(self.word):
            s = frames[block]
            plain = (s == np.eye(len(s))).all()
            turned[block, dual] = s if plain or not dual else np.linalg.inv(s).T
        return [turned[letter] for letter in self.word]

    def _narrowed(self, kernel: Kernel, gap: float | None, name: str, rest: Action) -> Found:
        if (not rest.dimension and not rest.elements) or not kernel.rank:
            return kernel, gap, name
        need = 8 * kernel.rank * kernel.size * 4
        if need > CHECKED and need > budget(None):
            raise Refused(f"{kernel.rank} invariants of the first part are too many to narrow down")
        narrowed, more = dense.narrow(kernel.dense(), rest, self.lift)
        gaps = [value for value in (gap, more) if value is not None]
        return narrowed, min(gaps) if gaps else None, name


def _residual(action: Action, kernel: Kernel) -> float:
    """Largest |C v| over unit vectors of the basis; a random sample of them where it is large."""
    if not kernel.rank:
        return 0.0
    if isinstance(kernel, Orbits):
        return orbits.violation(action, kernel)
    if kernel.rank * kernel.size <= SMALL or kernel.rank <= PROBES:
        columns = kernel.dense()
    else:
        weights = np.random.default_rng(0).standard_normal((kernel.rank, PROBES))
        columns = kernel.combine(weights / np.linalg.norm(weights, axis=0))
    return float(action.violation(columns).max(initial=0.0))


def _affordable(rep: Rep, size: int) -> None:
    if size > CHECKED and 8 * 4 * size > budget(None):
        raise ResourceError(f"{rep.text} has {size} entries, more than memory holds; use a smaller representation")


def _shown(word: Word) -> str:
    return "*".join(f"V{block + 1}{'.T' if dual else ''}" for block, dual in word) or "Scalar"
