"""Noether currents of candidate generators, and how large their divergence would be if nothing cancelled.

A field moves by delta phi = L phi - xi^b d_b phi with xi = A x + a. Its current ([002] eq. 22, with the sign that makes
omega L_z - H and not omega L_z + H the constant of a rotating potential) is

    J^a = Pi^a . L phi - T^a_b xi^b,    Pi^a = dLag/d(d_a phi),    T^a_b = Pi^a . d_b phi - delta^a_b Lag,

and for any field whatever, with E = dLag/dphi - d_a Pi^a,

    d_a J^a = - E . delta phi + (dLag/dphi . L phi + Pi^a . L d_a phi - T^a_b A^b_a + xi^b d_b Lag):

the residual of the Euler-Lagrange equation, and what the generator changes of Lag. In d_b Lag phi and its slopes are
held, so it is 0 where no coefficient depends on t or place. Where one does, the current of a translation is the same
but not conserved, since d_a T^a_b = - E . d_b phi - d_b Lag. Rows are int d_a psi J^a, which is minus the integral of
psi d_a J^a, so that only first derivatives of data are needed.
"""

from __future__ import annotations

import numpy as np

from .bumps import Bumps
from .library import Library
from .terms import Gradient

UNCHANGED = 0.1
CLEAR = 0.05


class Currents:
    """Candidates K = those of L, then those of (A, a): joint ones are their sums.

    Attributes:
        internal: (K1, v, v) L's; spacetime: (K2, D+1, D+1) matrices [[A, a], [0, 0]] on (t, s.., 1), x from the
            centre of the grid.
    """

    def __init__(
        self,
        library: Library,
        thetas: np.ndarray,
        internal: np.ndarray | None = None,
        spacetime: np.ndarray | None = None,
    ) -> None:
        """Currents of one Lagrangian or, stacked, of several: what they share is conserved by all.

        Args:
            library: of the Lagrangians; thetas: (P,) or (n, P) coefficients.
            internal: basis; None: no such candidates. `all_internal` gives every L.
            spacetime: the same. `all_spacetime` gives every (A, a).
        """
        v, d = library.components, library.dimensions
        self.library, self.thetas = library, np.atleast_2d(thetas)
        self.internal = np.zeros((0, v, v)) if internal is None else internal
        self.spacetime = np.zeros((0, d + 1, d + 1)) if spacetime is None else spacetime

    @property
    def size(self) -> int:
        """K."""
        return len(self.internal) + len(self.spacetime)

    def rows(self, phi: np.ndarray, gradient: Gradient, bumps: Bumps) -> np.ndarray:
        """int d_a psi J^a for each run, bump and candidate.

        Args:
            phi: (runs, t, s.., v), smoothed; gradient: D such arrays, d/dt, d/ds...

        Returns:
            (R, K), R = Lagrangians x runs x bumps.
        """
        return np.concatenate([self._rows(theta, phi, gradient, bumps) for theta in self.thetas])

    def sizes(self, phi: np.ndarray, gradient: Gradient, bumps: Bumps) -> np.ndarray:
        """What the mean square of the rows would be if nothing cancelled, a form in the candidates' coefficients.

        With <.> the mean over runs, bumps and Lagrangians, F = dLag/dphi, and the sums in units where h = +-1:

        L:  ( <|R_F L^T|^2> + sum_a <|R_a S_a^T|^2> + .1 sum_a <|R_a N_a^T|^2> ) / v,
            R_F = int psi F phi^T,  R_a = int psi Pi^a d_a phi^T (no sum),  L = S_a + N_a symmetric and antisymmetric
            in the metric h^aa (N_a = 0 where that is not definite).
            The change of Lag is the sum of the traces tr(R L^T); |R L^T|^2 / v is what a trace squared comes to when L
            is typical, and does not depend on how the components are rotated. The N_a change nothing; a tenth of them
            is a scale for rotations of free massless fields, which only a wrong equation violates.
        A:  sum_ab <(int psi T^a_b)^2> (A^b_a)^2, as -T^a_b A^b_a is the change of Lag; where Lag depends on x itself
            also sum_bc <(int psi x^c d_b Lag)^2> (A^b_c)^2, d_b Lag with phi held.
        a:  sum over the terms e of Lag of <(int psi E_e . d_b phi a^b)^2>, with E_e its part of the equation (d_a d_b
            phi for each pair of axes, m2, each power): a Lagrangian without x has no change under translations, and a
            wrong equation is their only violation. By parts, int psi E_e . d_b phi = int d_a psi T_e^a_b; this is what
            is counted, and holds int psi d_b Lag_e where Lag depends on x.

        There are no products of L, A and a. The equation's part is left out for L and A on purpose: xi grows with the
        distance from the centre, and E . xi d phi with it, until a dilation of a massive field looks conserved in
        proportion; their own change of Lag is a local scale.

        Returns:
            (K, K).
        """
        total = np.zeros((self.size, self.size))
        for theta in self.thetas:
            total += self._sizes(theta, phi, gradient, bumps) / len(self.thetas)
        return total

    def _rows(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, bumps: Bumps) -> np.ndarray:
        d, x = self.library.dimensions, bumps.coordinates()
        momentum = self.library.momentum(theta, phi, gradient, x)
        parts = []
        if len(self.internal):
            along = sum(bumps.integrate(momentum[a][..., :, None] * phi[..., None, :], _once(a, d)) for a in range(d))
            parts.append(np.einsum("...ij,kij->...k", along, self.internal).reshape(-1, len(self.internal)))
        if len(self.spacetime):
            lag = self.library.value(theta, phi, gradient, x)
            full = np.zeros((len(phi), *bumps.shape, d, d + 1))
            for a in range(d):
                stress = _stress(a, momentum[a], gradient, lag)
                for c in range(d):
                    full[..., c] -= bumps.integrate(stress, _once(a, d), moment=c)
                full[..., d] -= bumps.integrate(stress, _once(a, d))
            parts.append(np.einsum("...bc,kbc->...k", full, self.spacetime[:, :d]).reshape(-1, len(self.spacetime)))
        return np.concatenate(parts, axis=1)

    def _sizes(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, bumps: Bumps) -> np.ndarray:
        momentum = self.library.momentum(theta, phi, gradient, bumps.coordinates())
        form, inner = np.zeros((self.size, self.size)), len(self.internal)
        if inner:
            form[:inner, :inner] = self._internal_sizes(theta, momentum, phi, gradient, bumps)
        if len(self.spacetime):
            form[inner:, inner:] = self._spacetime_sizes(theta, momentum, phi, gradient, bumps)
        return form

    def _internal_sizes(
        self, theta: np.ndarray, momentum: Gradient, phi: np.ndarray, gradient: Gradient, bumps: Bumps
    ) -> np.ndarray:
        v = self.library.components
        force = self.library.force(theta, phi, gradient, bumps.coordinates())
        terms = [(1.0, force, phi, self.internal)]
        for a, part in enumerate(self._symmetric(self.library.metric(theta))):
            terms.append((1.0, momentum[a], gradient[a], part))
            terms.append((UNCHANGED, momentum[a], gradient[a], self.internal - part))
        form = np.zeros((len(self.internal),) * 2)
        for weight, left, right, part in terms:
            if part.any():
                changed = bumps.integrate(left[..., :, None] * right[..., None, :], [0] * bumps.dimensions)
                changed = changed.reshape(-1, v, v)
                square = np.einsum("nij,nil->jl", changed, changed) * (weight / (len(changed) * v))
                form += np.einsum("kij,jl,mil->km", part, square, part)
        return form

    def _spacetime_sizes(
        self, theta: np.ndarray, momentum: Gradient, phi: np.ndarray, gradient: Gradient, bumps: Bumps
    ) -> np.ndarray:
        d = self.library.dimensions
        lag = self.library.value(theta, phi, gradient, bumps.coordinates())
        linear, shift = self.spacetime[:, :d, :d], self.spacetime[:, :d, d]
        form = shift @ self._equation(theta, phi, gradient, bumps) @ shift.T
        for a in range(d):
            stress = bumps.integrate(_stress(a, momentum[a], gradient, lag), [0] * d)
            square = (stress**2).reshape(-1, d).mean(axis=0)
            form += np.einsum("kb,b,mb->km", linear[:, :, a], square, linear[:, :, a])
        for b, change in self.library.explicit(theta, phi, gradient, bumps.coordinates()).items():
            for c in range(d):
                square = (bumps.integrate(change[..., None], [0] * d, moment=c) ** 2).mean()
                form += square * np.outer(linear[:, b, c], linear[:, b, c])
        return form

    def _symmetric(self, h: np.ndarray) -> list[np.ndarray]:
        """D stacks (K1, v, v): of each L the part (L + M^-1 L^T M) / 2 with M = h^aa, all of L where M is no metric."""
        least = CLEAR * np.abs(h).max()
        parts = []
        for a in range(len(h)):
            values = np.linalg.eigvalsh(h[a, a])
            if values[0] * values[-1] > 0 and np.abs(values).min() >= least:
                turned = np.linalg.solve(h[a, a], self.internal.swapaxes(1, 2)) @ h[a, a]
                parts.append((self.internal + turned) / 2)
            else:
                parts.append(self.internal)
        return parts

    def _equation(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, bumps: Bumps) -> np.ndarray:
        """(D, D): sum over terms e of the mean of (int psi E_e . d_b phi) (int psi E_e . d_c phi)."""
        d, x = self.library.dimensions, bumps.coordinates()
        form = np.zeros((d, d))
        for term, part in self.library.parts(theta):
            if not part.any():
                continue
            lag = term.value(part, phi, gradient, x)
            momentum = term.momentum(part, phi, gradient, x)
            moved = np.zeros((len(phi), *bumps.shape, d))
            for b in range(d):
                moved[..., b] -= bumps.integrate(lag, _once(b, d))
            for a, along in momentum.items():
                products = np.stack([np.einsum("...i,...i->...", along, slope) for slope in gradient], axis=-1)
                moved += bumps.integrate(products, _once(a, d))
            moved = moved.reshape(-1, d)
            form += moved.T @ moved / len(moved)
        return form


def all_internal(components: int) -> np.ndarray:
    """(v^2, v, v): every L, one entry each."""
    return np.eye(components**2).reshape(-1, components, components)


def all_spacetime(dimensions: int) -> np.ndarray:
    """(D (D+1), D+1, D+1): every [[A, a], [0, 0]], one entry each, row by row."""
    basis = np.zeros((dimensions * (dimensions + 1), dimensions + 1, dimensions + 1))
    basis[:, :dimensions] = np.eye(len(basis)).reshape(-1, dimensions, dimensions + 1)
    return basis


def _once(axis: int, dimensions: int) -> list[int]:
    """Orders of d_axis psi."""
    return [int(a == axis) for a in range(dimensions)]


def _stress(a: int, momentum: np.ndarray, gradient: Gradient, lag: np.ndarray) -> np.ndarray:
    """(runs, t, s.., D): T^a_b."""
    stress = np.stack([np.einsum("...i,...i->...", momentum, slope) for slope in gradient], axis=-1)
    stress[..., a] -= lag
    return stress
