"""From an exact algebra and its flag of ideals to its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from . import lowdim, names, series
from .decisions import Ruler
from .decompose import Summand, summands
from .definitions import Definition, definitions
from .flag import Flag, flag
from .invariants import Invariants, invariants
from .levi import restricted
from .structure import structure_constants

LARGEST_CENTROID = 40
FINE = 1e-9
LARGEST_DERIVED = 16
DERIVED = 1e-5
UNIMODULAR = 0.3
SMALL = 4
SPLIT = 5.0


@dataclass(frozen=True)
class Samples:
    """What other draws of the noise would have given.

    Attributes:
        noise: the relative noise there is.
        probe: that of the draws, which may be larger, so that they show more than rounding.
        draw: makes their structure constants, in the basis of those that are judged.
    """

    noise: float
    probe: float
    draw: Callable[[], Sequence[np.ndarray]]

    def inside(self, rows: np.ndarray) -> Samples:
        """Those of a summand."""
        return Samples(self.noise, self.probe, lambda: [restricted(c, rows) for c in self.draw()])


NO_SAMPLES = Samples(0.0, 1.0, lambda: [])


@dataclass
class Identity:
    """A name, what it is made of, and the noise at which a parameter or Jordan type would first be read otherwise."""

    name: str | None
    aliases: list[str] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    params: dict[str, float] = field(default_factory=dict)
    margin: float = np.inf
    neighbours: list[str] = field(default_factory=list)
    """Names that it would have with one decision in doubt taken the other way."""


def identify(constants: np.ndarray, seen: Invariants, ruler: Ruler, samples: Samples) -> Identity:
    """The name of an algebra.

    Args:
        constants: (k, k, k) in a basis adapted to its flag.
        seen: its invariants.
        samples: structure constants that other draws of the noise would have given, in the same basis.
    """
    k = len(constants)
    if seen.factors is None:
        return Identity(None)
    free = len(seen.center_rows)
    if len(seen.derived_rows) + free == k and len(seen.levi_rows) + free == k:
        simple = [Identity(f.names[0] if f.names else None, list(f.names[1:]), [f.name]) for f in seen.factors]
        return _sum(simple, free)
    if k > LARGEST_CENTROID:
        return Identity(None)
    parts, free, apart = summands(constants, seen.derived_rows, seen.center_rows, ruler)
    whole = _sum([_part(part, ruler, samples) for part in parts], free)
    # Noise splits a double eigenvalue of the centroid like its root.
    whole.margin = min(whole.margin, (apart / SPLIT) ** 2)
    return whole


def _part(part: Summand, ruler: Ruler, samples: Samples) -> Identity:
    """An indecomposable ideal."""
    k = part.dimension
    seen = flag(part.constants, ruler.threshold)
    if seen is None:
        return Identity(None, [], [_unknown(k)])
    rows = seen.frame @ part.rows
    constants = restricted(part.constants, seen.frame)
    found = invariants(constants, seen, ruler)
    if seen.radical == 0 and found.factors is not None and len(found.factors) == 1:
        known = found.factors[0]
        return Identity(known.names[0] if known.names else None, list(known.names[1:]), [known.name])
    if k <= SMALL and seen.radical == k:
        named = _small(constants, seen, samples.inside(rows))
        if named is not None:
            return Identity(named.name, named.aliases, [named.name], named.params, named.margin, named.neighbours)
    else:
        for definition, expected in _known(k):
            alike = definition.complex == part.complex and found.matches(expected)
            if alike and _as_free(constants, definition, ruler):
                if definition.described:
                    return Identity(None, [definition.name, *definition.aliases], [_unknown(k)])
                return Identity(definition.name, list(definition.aliases), [definition.name])
    return Identity(None, [], [_unknown(k)])


def _as_free(constants: np.ndarray, definition: Definition, ruler: Ruler) -> bool:
    """Whether an algebra has as many derivations as a defined one, and no traces of ad x where that has none.

    Its flag leaves open some brackets that the defined one sets to zero: there noise remains.
    """
    k = len(constants)
    trace = np.linalg.norm(np.einsum("ijj->i", constants))
    if trace > UNIMODULAR * series.scale(constants) and _unimodular(k, definition.name):
        return False
    if k > LARGEST_DERIVED:
        return True
    return series.derivation_dimension(constants, max(DERIVED, ruler.threshold)) == _derivations(k, definition.name)


@lru_cache(maxsize=256)
def _unimodular(dimension: int, name: str) -> bool:
    matrices = next(item.make() for item in definitions(dimension) if item.name == name)
    return bool(np.abs(np.einsum("ijj->i", structure_constants(_orthonormal(matrices)))).max() < FINE)


@lru_cache(maxsize=256)
def _derivations(dimension: int, name: str) -> int:
    matrices = next(item.make() for item in definitions(dimension) if item.name == name)
    return series.derivation_dimension(structure_constants(_orthonormal(matrices)), DERIVED)


def _small(constants: np.ndarray, seen: Flag, samples: Samples) -> lowdim.Named | None:
    drawn: list[Sequence[np.ndarray]] = []

    def deviation(quantity: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        if not drawn:
            drawn.append(samples.draw())
        if not drawn[0]:
            return np.zeros_like(quantity(constants))
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.array([quantity(c) for c in drawn[0]])
        # A draw of another type (real eigenvalues for complex ones) has no such number.
        values = values[np.isfinite(values).all(axis=1)]
        return np.std(values, axis=0) / samples.probe if len(values) > 1 else np.full(values.shape[1:], np.inf)

    def judged(judge: lowdim.Judge) -> lowdim.Named | None:
        if len(constants) == 2:
            return lowdim.Named("aff(1)", ["borel(sl(2,R))", "sim(1)"])
        if len(constants) == 3:
            return lowdim.bianchi(judge, seen.nilradical)
        return lowdim.four(judge, seen.nilradical, seen.powers, seen.derived)

    judge = lowdim.Judge(constants, deviation, samples.noise)
    named = judged(judge)
    if named is not None:
        named.margin = judge.margin
        others = (judged(lowdim.Judge(constants, deviation, samples.noise, turned)) for turned in judge.doubtful)
        named.neighbours = [other.name for other in others if other is not None]
    return named


@lru_cache(maxsize=256)
def _known(dimension: int) -> tuple[tuple[Definition, Invariants], ...]:
    """Invariants of the defined algebras of a dimension, by the code that judges others: they cannot disagree."""
    return tuple((item, _invariants_of(item.make())) for item in definitions(dimension))


def _invariants_of(matrices: np.ndarray) -> Invariants:
    constants = structure_constants(_orthonormal(matrices))
    ruler = Ruler(FINE)
    seen = flag(constants, ruler.threshold)
    assert seen is not None
    return invariants(restricted(constants, seen.frame), seen, ruler)


def _orthonormal(matrices: np.ndarray) -> np.ndarray:
    return np.linalg.qr(matrices.reshape(len(matrices), -1).T)[0].T.reshape(matrices.shape)


def _sum(parts: Sequence[Identity], free: int) -> Identity:
    """A direct sum with R^free."""
    factors = sorted(name for part in parts for name in part.factors) + ["R"] * free
    margin = min((part.margin for part in parts), default=np.inf)
    params = parts[0].params if len(parts) == 1 else _numbered(parts)
    if any(part.name is None for part in parts):
        aliases = list(parts[0].aliases) if len(parts) == 1 and not free else []
        return Identity(None, aliases, factors, params, margin)
    called = sorted(part.name for part in parts if part.name)
    whole = " + ".join([*called, *([names.abelian(free)] if free else [])])
    aliases = list(parts[0].aliases) if len(parts) == 1 and not free else names.aliases(whole)
    neighbours = [
        " + ".join([*sorted([*called[:i], other, *called[i + 1 :]]), *([names.abelian(free)] if free else [])])
        for part in parts
        for i in [called.index(part.name or "")]
        for other in part.neighbours
    ]
    canonical = names.canonical(whole)
    if canonical != whole:
        aliases = [whole, *(alias for alias in aliases if alias != canonical)]
    return Identity(canonical, aliases, factors, params, margin, neighbours)


def _numbered(parts: Sequence[Identity]) -> dict[str, float]:
    """Parameters of several summands, told apart by number."""
    with_params = sorted((part for part in parts if part.params), key=lambda part: part.name or "")
    if len(with_params) == 1:
        return with_params[0].params
    return {f"{key}{i + 1}": value for i, part in enumerate(with_params) for key, value in part.params.items()}


def _unknown(k: int) -> str:
    return f"unnamed: dim {k}"


def radical_name(constants: np.ndarray, seen: Invariants, ruler: Ruler) -> str:
    """What stands for the radical in the name of an algebra that has none."""
    k = len(constants)
    _, radical, nilradical, *_ = seen.flag
    kind = "nilpotent" if nilradical == radical else "solvable"
    rows = np.eye(k)[k - radical :]
    inner = restricted(constants, rows)
    if np.abs(inner).max(initial=0.0) < max(ruler.threshold, FINE) * series.scale(constants):
        return names.abelian(radical)
    found = flag(inner, ruler.threshold)
    if found is not None:
        adapted = restricted(inner, found.frame)
        known = identify(adapted, invariants(adapted, found, ruler), ruler, NO_SAMPLES)
        if known.name and not known.params:
            return known.name if " + " not in known.name else f"({known.name})"
    return f"({kind}, dim {radical})"
