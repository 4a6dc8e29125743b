"""What isomorphic algebras share: the numbers that tell algebras apart, from an exact algebra and its flag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import series
from .decisions import Ruler
from .flag import Flag
from .ideals import Ideal, simple_ideals
from .levi import levi_complement, restricted
from .realforms import cartan_type, simple_names
from .roots import root_system

SAME = 0.08
EXACT_NOISE = 1e-9
EXACT_ZERO = 1e-4
TRIALS = 8


@dataclass(frozen=True)
class Factor:
    """A simple factor of the Levi complement.

    Attributes:
        names: the canonical one, then isomorphic ones; empty for none that is known.
        rows: (r, k) coefficients of a basis, orthonormal within the Levi complement's own basis.
        short: number of short roots.
    """

    names: tuple[str, ...]
    rows: np.ndarray
    ideal: Ideal

    @property
    def name(self) -> str:
        """The canonical name, or what is known."""
        if self.names:
            return self.names[0]
        ideal = self.ideal
        kind = "complex simple" if ideal.complex else "simple"
        signature = f"{ideal.positive},{ideal.dimension - ideal.positive},0"
        return f"unnamed: {kind}, dim {ideal.dimension}, rank {ideal.rank}, Killing signature ({signature})"


@dataclass(frozen=True)
class Invariants:
    """Dimensions and signatures; subspaces are orthonormal rows of coefficients.

    Attributes:
        flag: dimensions of the flag of ideals.
        killing: numbers of positive, negative and zero eigenvalues.
        derived, lower, upper: dimensions of the series.
        derived_rows, center_rows, levi_rows: [g, g], the centre, a Levi complement.
        rank: dimension of a Cartan subalgebra.
        factors: simple factors of the Levi complement; None where noise hides them.
        casimirs: for each factor, its Casimir operator's eigenvalues on the nilradical (1 on the factor itself).
        weights: eigenvalues on the nilradical of what spans the radical over it, where that is one element; up to
            scale.
    """

    flag: tuple[int, ...]
    killing: tuple[int, int, int]
    derived: tuple[int, ...]
    lower: tuple[int, ...]
    upper: tuple[int, ...]
    derived_rows: np.ndarray
    center_rows: np.ndarray
    levi_rows: np.ndarray
    rank: int
    factors: tuple[Factor, ...] | None
    casimirs: tuple[tuple[str, np.ndarray], ...]
    weights: np.ndarray

    @property
    def exact(self) -> tuple[object, ...]:
        """The discrete part."""
        names = None if self.factors is None else tuple(sorted(factor.name for factor in self.factors))
        return self.flag, self.killing, self.derived, self.lower, self.upper, self.rank, names

    def matches(self, other: Invariants) -> bool:
        """Whether two algebras agree in everything here."""
        if self.exact != other.exact or len(self.weights) != len(other.weights):
            return False
        for (name, one), (called, two) in zip(self.casimirs, other.casimirs, strict=True):
            if name != called or np.abs(one - two).max(initial=0.0) > SAME:
                return False
        return _same_weights(self.weights, other.weights)


def invariants(constants: np.ndarray, seen: Flag, ruler: Ruler) -> Invariants:
    """All of them.

    Args:
        constants: (k, k, k) in the basis adapted to the flag: its last basis vectors span the ideals.
    """
    k = len(constants)
    whole = np.eye(k)
    radical, nilradical, inside = (whole[k - n :] for n in (seen.radical, seen.nilradical, seen.derived))
    levi = levi_complement(constants, radical)
    derived_rows = np.linalg.qr(np.concatenate([levi, inside]).T)[0].T
    derived = _series(constants, derived_rows, ruler, lower=False)
    lower = _series(constants, derived_rows, ruler, lower=True)
    upper = series.upper_central_series(constants, ruler)
    factors = _factors(constants, levi)
    killing = _killing_signature(constants, seen, factors, ruler)
    return Invariants(
        seen.dimensions,
        killing,
        tuple(derived),
        tuple(lower),
        tuple(map(len, upper)),
        derived_rows,
        upper[min(1, len(upper) - 1)],
        levi,
        _rank(constants, seen, factors or (), ruler),
        factors,
        _casimirs(constants, factors or (), nilradical),
        _weights(constants, seen),
    )


def _killing_signature(
    constants: np.ndarray, seen: Flag, factors: tuple[Factor, ...] | None, ruler: Ruler
) -> tuple[int, int, int]:
    """That of the simple factors, whose signs no noise can change, and that of the radical over the nilradical."""
    k = len(constants)
    form = series.killing_form(constants)
    form[k - seen.nilradical :] = form[:, k - seen.nilradical :] = 0.0
    if factors is None:
        return series.killing_signature(form, constants, ruler)
    # The radical is orthogonal to [g, g] and so to the Levi complement, on which the form is that of the factors.
    inner = slice(k - seen.radical, k - seen.nilradical)
    values = np.linalg.eigvalsh(form[inner, inner])
    size = series.scale(constants) ** 2
    positive = sum(factor.ideal.positive for factor in factors)
    negative = k - seen.radical - positive
    plus, minus = (ruler.count(values[sign * values > 0], size) for sign in (1, -1))
    return positive + plus, negative + minus, k - positive - plus - negative - minus


def _series(c: np.ndarray, derived: np.ndarray, ruler: Ruler, lower: bool) -> list[int]:
    """Dimensions of the derived or lower central series; the first step is known from the flag."""
    k = len(c)
    dimensions, last = [k], derived
    while len(last) < dimensions[-1]:
        dimensions.append(len(last))
        last = series.bracket_space(c, np.eye(k) if lower else last, last, ruler)
    return dimensions


def _factors(constants: np.ndarray, levi: np.ndarray) -> tuple[Factor, ...] | None:
    if not len(levi):
        return ()
    levi = np.linalg.qr(levi.T)[0].T
    c = restricted(constants, levi)
    ideals = simple_ideals(c, Ruler(EXACT_NOISE))
    if ideals is None:
        return None
    found = []
    for ideal in ideals:
        if not ideal.possible:
            return None
        rank, dimension = (ideal.rank // 2, ideal.dimension // 2) if ideal.complex else (ideal.rank, ideal.dimension)
        short = 0
        if rank > 2 and dimension == rank * (2 * rank + 1):
            roots = root_system(restricted(c, ideal.basis), ideal.rank)
            short = -1 if roots is None else roots.short // (2 if ideal.complex else 1)
        letter = cartan_type(dimension, rank, short) if rank > 2 or dimension != 10 else "B"
        names = simple_names(letter, rank, ideal.positive, ideal.complex) if letter else []
        found.append(Factor(tuple(names), ideal.basis @ levi, ideal))
    return tuple(sorted(found, key=lambda factor: factor.name))


def _rank(c: np.ndarray, seen: Flag, factors: tuple[Factor, ...], ruler: Ruler) -> int:
    """Dimension of a Cartan subalgebra: those of the Levi factors, of the radical over the nilradical, and what both
    leave of the nilradical.

    Weights of the Levi factors are 0 or far from it, whatever the noise; only those of the radical have to be judged.
    """
    k, n, over = len(c), seen.nilradical, seen.radical - seen.nilradical
    rank = sum(factor.ideal.rank for factor in factors) + over
    rng = np.random.default_rng(0)
    kept = np.eye(k)[k - n :]
    if factors and n:
        rows = np.concatenate([factor.rows for factor in factors])
        kept = _null_part(c, rng.standard_normal(len(rows)) @ rows, kept)
    zero = len(kept)
    for _ in range(TRIALS if over and zero else 0):
        element = np.zeros(k)
        element[k - seen.radical : k - n] = rng.standard_normal(over)
        size = float(np.linalg.norm(np.tensordot(element, c, axes=1)[k - n :, k - n :])) / np.sqrt(n)
        values = np.abs(np.linalg.eigvals(_on(c, element, kept)))
        zero = min(zero, int((values <= ruler.threshold * size).sum()))
    return rank + zero


def _null_part(c: np.ndarray, element: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The generalised null space of ad element on the ideal that rows span; it acts semisimply there."""
    _, s, vt = np.linalg.svd(_on(c, element, rows))
    size = float(np.linalg.norm(np.tensordot(element, c, axes=1))) / np.sqrt(len(c))
    return vt[int((s > EXACT_ZERO * size).sum()) :] @ rows


def _on(c: np.ndarray, element: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return rows @ np.tensordot(element, c, axes=1).T @ rows.T


def _casimirs(c: np.ndarray, factors: tuple[Factor, ...], nilradical: np.ndarray) -> tuple[tuple[str, np.ndarray], ...]:
    found = []
    ad = series.adjoint(c)
    for factor in factors:
        inner = series.killing_form(restricted(c, factor.rows))
        acting = np.tensordot(factor.rows, ad, axes=1)
        acting = np.einsum("na,iab,mb->inm", nilradical, acting, nilradical, optimize=True)
        total = np.einsum("iab,ij,jbc->ac", acting, np.linalg.inv(inner), acting, optimize=True)
        values = np.sort(np.linalg.eigvals(total).real) if len(nilradical) else np.zeros(0)
        found.append((factor.name, values))
    return tuple(sorted(found, key=lambda item: (item[0], item[1].round(2).tolist())))


def _weights(c: np.ndarray, seen: Flag) -> np.ndarray:
    if seen.radical - seen.nilradical != 1:
        return np.zeros(0)
    k, n = len(c), seen.nilradical
    values = np.linalg.eigvals(c[k - n - 1, k - n :, k - n :].T)
    return values / np.abs(values).max(initial=1e-300)


def _same_weights(one: np.ndarray, two: np.ndarray) -> bool:
    """As multisets, up to sign."""
    if not len(one):
        return True
    return min(_farthest(one, two), _farthest(-one, two)) < 2 * SAME


def _farthest(one: np.ndarray, two: np.ndarray) -> float:
    from scipy.optimize import linear_sum_assignment

    apart = np.abs(one[:, None] - two)
    return float(apart[linear_sum_assignment(apart)].max())
