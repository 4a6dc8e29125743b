"""Terms of which Lagrangians are made, each with its Euler-Lagrange equation in weak form.

A new kind of term is a class with the methods of `Term`, given to `Library` among its terms. `Varying` makes the
coefficients of a term depend on time or place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Protocol

import numpy as np

from .bumps import Bumps
from .dependence import AXES, Factor

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

    def explicit(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """a -> dLag/dx^a with phi and its derivatives held (runs, t, s..), for the axes on which this part depends."""


class Scaled(Term, Protocol):
    """A term that can be multiplied by a function of the place."""

    def rows(self, phi: np.ndarray, bumps: Bumps, factor: Factor | None = None) -> np.ndarray:
        """As for `Term`, of the term times the factor."""


def pairs(components: int) -> list[tuple[int, int]]:
    """i <= j."""
    return list(combinations_with_replacement(range(components), 2))


def symmetric(theta: np.ndarray, components: int) -> np.ndarray:
    """(v, v) from its upper triangle."""
    matrix = np.zeros((components, components))
    for (i, j), value in zip(pairs(components), theta, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


def paired(values: np.ndarray) -> np.ndarray:
    """(.., v, p): for each pair i <= j a column with value j in row i and value i in row j; values (.., v)."""
    components = values.shape[-1]
    chosen = pairs(components)
    columns = np.zeros((*values.shape, len(chosen)))
    for number, (i, j) in enumerate(chosen):
        columns[..., i, number] = values[..., j]
        columns[..., j, number] = values[..., i]
    return columns


class Kinetic:
    """h^{ab}_ij d_a phi^i d_b phi^j / 2 of one pair of axes in both orders, h symmetric in ab and in ij."""

    def __init__(self, a: int, b: int, components: int) -> None:
        self.a, self.b, self.components = a, b, components
        label = AXES[a] + AXES[b]
        self.names = tuple(f"h_{label}[{i + 1},{j + 1}]" for i, j in pairs(components))

    def rows(self, phi: np.ndarray, bumps: Bumps, factor: Factor | None = None) -> np.ndarray:
        """Minus d_a d_b phi^j, with both derivatives on psi; with a factor f minus d_a (f d_b phi^j)."""
        orders = [0] * bumps.dimensions
        orders[self.a] += 1
        orders[self.b] += 1
        value, slope = at(factor, bumps)
        total = self._both * bumps.integrate(value * phi, orders)
        if factor is not None and factor.axis in (self.a, self.b):
            once = [0] * bumps.dimensions
            once[self.b if factor.axis == self.a else self.a] = 1
            total = total + bumps.integrate(slope * phi, once)
        return -paired(total)

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """h^{ab} d_a phi d_b phi / 2."""
        lowered = gradient[self.b] @ symmetric(theta, self.components)
        return self._both * np.einsum("...i,...i->...", gradient[self.a], lowered) / 2

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """Along a: h^{ab} d_b phi, and with a and b exchanged."""
        metric = symmetric(theta, self.components)
        return {self.a: gradient[self.b] @ metric, self.b: gradient[self.a] @ metric}

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> None:
        """None."""

    def explicit(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """None along any axis."""
        return {}

    @property
    def _both(self) -> int:
        """Orders of (a, b)."""
        return 1 if self.a == self.b else 2


class Mass:
    """- m2_ij phi^i phi^j / 2, m2 symmetric."""

    def __init__(self, components: int) -> None:
        self.components = components
        self.names = tuple(f"m2[{i + 1},{j + 1}]" for i, j in pairs(components))

    def rows(self, phi: np.ndarray, bumps: Bumps, factor: Factor | None = None) -> np.ndarray:
        """- phi^j."""
        return -paired(bumps.integrate(at(factor, bumps)[0] * phi, [0] * bumps.dimensions))

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """- m2 phi phi / 2."""
        return -np.einsum("...i,...i->...", phi, phi @ symmetric(theta, self.components)) / 2

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """None along any axis."""
        return {}

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """- m2 phi."""
        return -phi @ symmetric(theta, self.components)

    def explicit(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """None along any axis."""
        return {}


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

    def rows(self, phi: np.ndarray, bumps: Bumps, factor: Factor | None = None) -> np.ndarray:
        """- dm/dphi^i, as it is at the points: smoothed data, as powers of noise have a mean."""
        lower = bumps.integrate(at(factor, bumps)[0] * _products(phi, self._lower), [0] * bumps.dimensions)
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

    def explicit(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """None along any axis."""
        return {}


class Varying:
    """A term whose coefficients depend on the place: as they are, and times each of several functions."""

    def __init__(self, base: Scaled, factors: Sequence[Factor]) -> None:
        self.base, self.factors = base, tuple(factors)
        self.names = (*base.names, *(f"{name} {factor.name}" for factor in factors for name in base.names))

    def rows(self, phi: np.ndarray, bumps: Bumps) -> np.ndarray:
        """Of the base, times 1 and each function."""
        return np.concatenate([self.base.rows(phi, bumps, factor) for factor in (None, *self.factors)], axis=-1)

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """Sum of f times that of the base."""
        plain, *rest = self._parts(theta)
        total = self.base.value(plain, phi, gradient, x)
        for factor, part in zip(self.factors, rest, strict=True):
            total = total + factor.value(x[factor.axis]) * self.base.value(part, phi, gradient, x)
        return total

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """Sum of f times those of the base."""
        plain, *rest = self._parts(theta)
        total = self.base.momentum(plain, phi, gradient, x)
        for factor, part in zip(self.factors, rest, strict=True):
            value = factor.value(x[factor.axis])[..., None]
            for a, momentum in self.base.momentum(part, phi, gradient, x).items():
                total[a] = total[a] + value * momentum
        return total

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray | None:
        """Sum of f times that of the base."""
        plain, *rest = self._parts(theta)
        total = self.base.force(plain, phi, gradient, x)
        for factor, part in zip(self.factors, rest, strict=True):
            force = self.base.force(part, phi, gradient, x)
            if total is not None and force is not None:
                total = total + factor.value(x[factor.axis])[..., None] * force
        return total

    def explicit(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """Sum of f' times the value of the base."""
        total: dict[int, np.ndarray] = {}
        for factor, part in zip(self.factors, self._parts(theta)[1:], strict=True):
            change = factor.slope(x[factor.axis]) * self.base.value(part, phi, gradient, x)
            total[factor.axis] = total.get(factor.axis, 0.0) + change
        return total

    def _parts(self, theta: np.ndarray) -> list[np.ndarray]:
        """Coefficients times 1, then times each function."""
        return list(theta.reshape(1 + len(self.factors), -1))


def at(factor: Factor | None, bumps: Bumps) -> tuple[np.ndarray, np.ndarray]:
    """A factor and its slope over the grid, to multiply values (runs, t, s.., v); 1 and 0 for none."""
    if factor is None:
        return np.ones(1), np.zeros(1)
    x = bumps.coordinates()[factor.axis]
    return factor.value(x)[..., None], factor.slope(x)[..., None]


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
