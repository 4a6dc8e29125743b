"""Terms of which Lagrangians are made, each with its Euler-Lagrange equation in weak form.

Lag = h^{ab}_ij d_a phi^i d_b phi^j / 2 - m2_ij phi^i phi^j / 2 - (monomials of phi of degree 1, 3, 4 ..).

A new kind of term is a class with the methods of `Term`, given to `Library` among its terms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Protocol

import numpy as np

from .bumps import Bumps

AXES = "txyz"
Gradient = Sequence[np.ndarray]


class Term(Protocol):
    """A part of the Lagrangian that is linear in p coefficients.

    Arrays: phi (runs, t, s.., v), gradient D such arrays (d/dt, d/ds..), x D centred coordinates that broadcast to
    (t, s..), as from `Bumps.coordinates`.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """(p,) names of the coefficients."""

    def rows(self, phi: np.ndarray, bumps: Bumps) -> np.ndarray:
        """(runs, bumps.., v, p): integral of psi (dLag/dphi^i - d_a dLag/d(d_a phi^i)) for each coefficient.

        With no derivatives of the data: they are moved onto psi.
        """

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """(runs, t, s..): this part of Lag for coefficients theta (p,)."""

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """a -> dLag/d(d_a phi) (runs, t, s.., v), for the axes on whose derivatives this part depends."""

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray | None:
        """dLag/dphi (runs, t, s.., v), None where it is 0."""


def _pairs(components: int) -> list[tuple[int, int]]:
    return list(combinations_with_replacement(range(components), 2))


def _symmetric(theta: np.ndarray, components: int) -> np.ndarray:
    """(v, v) from its upper triangle."""
    matrix = np.zeros((components, components))
    for (i, j), value in zip(_pairs(components), theta, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


def _paired(values: np.ndarray) -> np.ndarray:
    """(.., v, p): for each pair i <= j a column with value j in row i and value i in row j; values (.., v)."""
    components = values.shape[-1]
    pairs = _pairs(components)
    columns = np.zeros((*values.shape, len(pairs)))
    for number, (i, j) in enumerate(pairs):
        columns[..., i, number] = values[..., j]
        columns[..., j, number] = values[..., i]
    return columns


class Kinetic:
    """h^{ab}_ij d_a phi^i d_b phi^j / 2 of one pair of axes in both orders, h symmetric in ab and in ij."""

    def __init__(self, a: int, b: int, components: int) -> None:
        self.a, self.b, self.components = a, b, components
        label = AXES[a] + AXES[b]
        self.names = tuple(f"h_{label}[{i + 1},{j + 1}]" for i, j in _pairs(components))

    def rows(self, phi: np.ndarray, bumps: Bumps) -> np.ndarray:
        """Minus d_a d_b phi^j, with both derivatives on psi."""
        orders = [0] * bumps.dimensions
        orders[self.a] += 1
        orders[self.b] += 1
        return -self._both * _paired(bumps.integrate(phi, orders))

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """h^{ab} d_a phi d_b phi / 2."""
        lowered = gradient[self.b] @ _symmetric(theta, self.components)
        return self._both * np.einsum("...i,...i->...", gradient[self.a], lowered) / 2

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """Along a: h^{ab} d_b phi, and with a and b exchanged."""
        metric = _symmetric(theta, self.components)
        return {self.a: gradient[self.b] @ metric, self.b: gradient[self.a] @ metric}

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> None:
        """None."""

    @property
    def _both(self) -> int:
        """Orders of (a, b)."""
        return 1 if self.a == self.b else 2


class Mass:
    """- m2_ij phi^i phi^j / 2, m2 symmetric."""

    def __init__(self, components: int) -> None:
        self.components = components
        self.names = tuple(f"m2[{i + 1},{j + 1}]" for i, j in _pairs(components))

    def rows(self, phi: np.ndarray, bumps: Bumps) -> np.ndarray:
        """- phi^j."""
        return -_paired(bumps.integrate(phi, [0] * bumps.dimensions))

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """- m2 phi phi / 2."""
        return -np.einsum("...i,...i->...", phi, phi @ _symmetric(theta, self.components)) / 2

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """None along any axis."""
        return {}

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """- m2 phi."""
        return -phi @ _symmetric(theta, self.components)


class Power:
    """- sum of c_m m(phi) over the monomials of one degree."""

    def __init__(self, components: int, degree: int) -> None:
        self.components = components
        self.monomials = list(combinations_with_replacement(range(components), degree))
        self.names = tuple(_monomial(monomial) for monomial in self.monomials)
        # Their derivatives: (monomial, i, how often, the monomial of one degree less).
        self._lower = list(combinations_with_replacement(range(components), degree - 1))
        place = {monomial: number for number, monomial in enumerate(self._lower)}
        self._derivatives = []
        for number, monomial in enumerate(self.monomials):
            for i, times in Counter(monomial).items():
                rest = list(monomial)
                rest.remove(i)
                self._derivatives.append((number, i, times, place[tuple(rest)]))

    def rows(self, phi: np.ndarray, bumps: Bumps) -> np.ndarray:
        """- dm/dphi^i, as it is at the points: smoothed data, as powers of noise have a mean."""
        lower = bumps.integrate(_products(phi, self._lower), [0] * bumps.dimensions)
        rows = np.zeros((*lower.shape[:-1], self.components, len(self.monomials)))
        for number, i, times, rest in self._derivatives:
            rows[..., i, number] = -times * lower[..., rest]
        return rows

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """- sum c_m m(phi)."""
        return -_products(phi, self.monomials) @ theta

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """None along any axis."""
        return {}

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """- sum c_m dm/dphi."""
        weights = np.zeros((len(self._lower), self.components))
        for number, i, times, rest in self._derivatives:
            weights[rest, i] -= times * theta[number]
        return _products(phi, self._lower) @ weights


def _monomial(monomial: tuple[int, ...]) -> str:
    powers = Counter(monomial)
    return " ".join(f"phi{i + 1}" + (f"^{n}" if n > 1 else "") for i, n in powers.items())


def _products(phi: np.ndarray, monomials: Sequence[tuple[int, ...]]) -> np.ndarray:
    """(.., m): monomials of phi (.., v)."""
    values = np.ones((*phi.shape[:-1], len(monomials)))
    for number, monomial in enumerate(monomials):
        for i in monomial:
            values[..., number] *= phi[..., i]
    return values


class Library:
    """Terms and their P coefficients theta, one after the other.

    Attributes:
        components: v; dimensions: D, of space-time; degree: highest power of phi.
        terms: the terms; names: (P,) names of all coefficients.
    """

    def __init__(self, components: int, dimensions: int, degree: int = 4, extra: Sequence[Term] = ()) -> None:
        """Kinetic terms of each pair of axes, masses, and powers 1, 3 .. degree of the fields.

        Args:
            components: v; dimensions: D, 1 (trajectories) to 4; degree: highest power of phi, 2: free fields.
            extra: further terms.
        """
        self.components, self.dimensions, self.degree = components, dimensions, degree
        self.terms: tuple[Term, ...] = (
            *(Kinetic(a, b, components) for a, b in combinations_with_replacement(range(dimensions), 2)),
            Mass(components),
            *(Power(components, power) for power in range(1, degree + 1) if power != 2),
            *extra,
        )
        self.names = tuple(name for term in self.terms for name in term.names)

    @property
    def size(self) -> int:
        """P."""
        return len(self.names)

    def parts(self, theta: np.ndarray) -> list[tuple[Term, np.ndarray]]:
        """Each term with its coefficients out of theta (P,)."""
        ends = np.cumsum([len(term.names) for term in self.terms])
        return list(zip(self.terms, np.split(theta, ends[:-1]), strict=True))

    def rows(self, phi: np.ndarray, bumps: Bumps) -> np.ndarray:
        """Weak Euler-Lagrange rows, linear in theta: rows @ theta = 0 where Lag holds ([002] eq. 21).

        Args:
            phi: (runs, t, s.., v).

        Returns:
            (R, P), R = runs x bumps x components.
        """
        return np.concatenate([term.rows(phi, bumps) for term in self.terms], axis=-1).reshape(-1, self.size)

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """(runs, t, s..): Lag."""
        return sum((term.value(part, phi, gradient, x) for term, part in self.parts(theta)), np.zeros(phi.shape[:-1]))

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> tuple[np.ndarray, ...]:
        """D arrays (runs, t, s.., v): Pi^a = dLag/d(d_a phi)."""
        total = [np.zeros(phi.shape) for _ in range(self.dimensions)]
        for term, part in self.parts(theta):
            for a, momentum in term.momentum(part, phi, gradient, x).items():
                total[a] += momentum
        return tuple(total)

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """(runs, t, s.., v): dLag/dphi."""
        total = np.zeros(phi.shape)
        for term, part in self.parts(theta):
            force = term.force(part, phi, gradient, x)
            if force is not None:
                total += force
        return total

    def metric(self, theta: np.ndarray) -> np.ndarray:
        """(D, D, v, v): h^{ab}_ij ([002] eq. 20)."""
        h = np.zeros((self.dimensions, self.dimensions, self.components, self.components))
        for term, part in self.parts(theta):
            if isinstance(term, Kinetic):
                h[term.a, term.b] = h[term.b, term.a] = _symmetric(part, self.components)
        return h

    def mass(self, theta: np.ndarray) -> np.ndarray:
        """(v, v): m2_ij ([002] eq. 19)."""
        for term, part in self.parts(theta):
            if isinstance(term, Mass):
                return _symmetric(part, self.components)
        return np.zeros((self.components, self.components))
