"""Lagrangians of fields, linear in their coefficients: kinetic terms, masses, powers, and what these depend on.

Lag = h^{ab}_ij d_a phi^i d_b phi^j / 2 - m2_ij phi^i phi^j / 2 - (monomials of phi of degree 1, 3, 4 ..), the monomials
replaced by smooth functions of phi where these are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement

import numpy as np

from .bumps import Bumps
from .dependence import Factor
from .potential import Smooth, SmoothPotential
from .terms import Gradient, Kinetic, Mass, Power, Scaled, Term, Varying, symmetric


class Library:
    """Terms and their P coefficients theta, one after the other.

    Attributes:
        components: v; dimensions: D, of space-time; degree: highest power of phi.
        terms: the terms; names: (P,) names of all coefficients; smooth: the functions in place of powers, or None.
    """

    def __init__(
        self,
        components: int,
        dimensions: int,
        degree: int = 4,
        extra: Sequence[Term] = (),
        factors: Mapping[str, Sequence[Factor]] | None = None,
        smooth: Smooth | None = None,
    ) -> None:
        """Kinetic terms of each pair of axes, masses, and powers 1, 3 .. degree of the fields, or smooth functions.

        Args:
            components: v; dimensions: D, 1 (trajectories) to 4; degree: highest power of phi, 2: free fields.
            extra: further terms.
            factors: functions of the place that multiply "h", "m2" and "V", as from `factors_of`.
            smooth: functions of the components in place of the powers.
        """
        self.components, self.dimensions, self.degree = components, dimensions, degree
        by = factors or {}
        kinetic = [Kinetic(a, b, components) for a, b in combinations_with_replacement(range(dimensions), 2)]
        powers: list[Scaled] = [Power(components, power) for power in range(1, degree + 1) if power != 2]
        self.smooth = smooth
        rest = powers if smooth is None else [SmoothPotential(smooth)]
        self.terms: tuple[Term, ...] = (
            *(_varied(term, by.get("h", ())) for term in kinetic),
            _varied(Mass(components), by.get("m2", ())),
            *(_varied(term, by.get("V", ())) for term in rest),
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

    def equation(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, bumps: Bumps) -> np.ndarray:
        """(runs, bumps.., v): what `rows` @ theta is, from first derivatives: int psi dLag/dphi + d_a psi Pi^a."""
        x = bumps.coordinates()
        total = bumps.integrate(self.force(theta, phi, gradient, x), [0] * self.dimensions)
        for a, momentum in enumerate(self.momentum(theta, phi, gradient, x)):
            total += bumps.integrate(momentum, [int(a == b) for b in range(self.dimensions)])
        return total

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

    def explicit(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """a -> dLag/dx^a with phi and its derivatives held (runs, t, s..), for the axes on which Lag depends."""
        total: dict[int, np.ndarray] = {}
        for term, part in self.parts(theta):
            for a, change in term.explicit(part, phi, gradient, x).items():
                total[a] = total.get(a, 0.0) + change
        return total

    @property
    def groups(self) -> np.ndarray:
        """(P,): coefficients of one number make up one term of the equation: dV/dphi, or one h^{ab}_ij.

        V is one term, whatever monomials and functions of the place it is made of, and so is each h.
        """
        found, start = [], 1
        for term in self.terms:
            base = term.base if isinstance(term, Varying) else term
            numbers = start + np.arange(len(term.names)) % len(base.names)
            found.append(np.zeros_like(numbers) if isinstance(base, (Mass, Power, SmoothPotential)) else numbers)
            start += len(term.names)
        return np.concatenate(found)

    @property
    def depends(self) -> tuple[int, ...]:
        """Axes on which a coefficient may depend."""
        varying = [term for term in self.terms if isinstance(term, Varying)]
        return tuple(sorted({factor.axis for term in varying for factor in term.factors}))

    def metric(self, theta: np.ndarray) -> np.ndarray:
        """(D, D, v, v): h^{ab}_ij ([002] eq. 20), without what depends on the place."""
        h = np.zeros((self.dimensions, self.dimensions, self.components, self.components))
        for term, part in self._plain(theta):
            if isinstance(term, Kinetic):
                h[term.a, term.b] = h[term.b, term.a] = symmetric(part, self.components)
        return h

    def mass(self, theta: np.ndarray) -> np.ndarray:
        """(v, v): m2_ij ([002] eq. 19), without what depends on the place."""
        for term, part in self._plain(theta):
            if isinstance(term, Mass):
                return symmetric(part, self.components)
        return np.zeros((self.components, self.components))

    def _plain(self, theta: np.ndarray) -> list[tuple[Term, np.ndarray]]:
        """Each term with its coefficients that are constant."""
        found = []
        for term, part in self.parts(theta):
            found.append((term.base, part[: len(term.base.names)]) if isinstance(term, Varying) else (term, part))
        return found


def _varied(term: Scaled, factors: Sequence[Factor]) -> Term:
    return Varying(term, factors) if factors else term
