"""Charges of trajectories in weak form: what each test function sees of them, and of the terms that may cancel.

For a generator L the charge Q = p . L q is constant where L is a symmetry, so int psi' Q dt = 0 for every test function
psi. With q~ = (q.., t, 1) and G = int psi' p q~^T dt this is <L, G>, linear in L; a boost changes the Lagrangian by a
total derivative, so its column is int psi' (p t - M q) dt. The terms that cancel are F . L q and p . L q' of dQ/dt:
by R_F = int psi F q~^T dt and R_K = int psi p q'^T dt, of which no second derivative is needed since
R_F = -G - int psi p dq~^T/dt dt. If F_i and q_j did not work together the mean square would be |R_F L^T|^2 / d, which
no rotation of the coordinates changes; of p . L q' only the part counts by which L changes the kinetic energy:

    defect^2 = mean <L, G>^2 / mean (|R_F L^T|^2 + |R_K L_s^T|^2) / d.

On phase space Q = z^T S z / 2 with G = int psi' z z^T / 2 dt and R = int psi z' z^T dt.

Source: Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network (NeurIPS 2021), section 6;
weak form: Messenger and Bortz, Weak SINDy (2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..device import Array, Arrays
from .bumps import Bumps
from .smoothing import Smoother


@dataclass(frozen=True)
class Seen:
    """What the test functions see of some runs.

    Attributes:
        charge: (r, b, d, c) G. force: (r, b, d, c) R_F, or R on phase space. kinetic: (r, b, d, d) R_K, or None.
    """

    charge: Array
    force: Array
    kinetic: Array | None

    def part(self, runs: slice, arrays: Arrays) -> Seen:
        """Some of the runs, put elsewhere."""
        kinetic = None if self.kinetic is None else arrays.here(self.kinetic[runs])
        return Seen(arrays.here(self.charge[runs]), arrays.here(self.force[runs]), kinetic)

    def home(self) -> Seen:
        """The same in main memory."""
        back = Arrays.of(self.charge).back
        return Seen(back(self.charge), back(self.force), None if self.kinetic is None else back(self.kinetic))

    @staticmethod
    def joined(parts: Sequence[Seen]) -> Seen:
        """One after the other, all in main memory."""
        if len(parts) == 1:
            return parts[0]
        kinetic = [part.kinetic for part in parts if part.kinetic is not None]
        return Seen(
            np.concatenate([part.charge for part in parts]),
            np.concatenate([part.force for part in parts]),
            np.concatenate(kinetic) if kinetic else None,
        )


@dataclass(frozen=True)
class Mechanics:
    """How trajectories are looked at.

    Attributes:
        smoother: of x. bumps: the test functions.
        masses: (d,) one a coordinate.
        momenta: whether the second half of x are momenta.
        phase: charges on phase space.
        extended: columns after q: 0, 1 for (q, 1), 2 for (q, t, 1).
    """

    smoother: Smoother
    bumps: Bumps
    dt: float
    masses: np.ndarray
    momenta: bool = False
    phase: bool = False
    extended: int = 0

    def paths(self, x: Array) -> tuple[Array, Array]:
        """Positions and momenta (r, t, d) of runs x (r, t, v)."""
        d = len(self.masses)
        if self.momenta:
            smooth = self.smoother.smooth(x)
            return smooth[..., :d], smooth[..., d:]
        return self.smoother.smooth(x), Arrays.of(x).here(self.masses) * self.smoother.gradient(x)[0]

    def see(self, x: Array) -> Seen:
        """The integrals of runs x (r, t, v), where these live."""
        q, p = self.paths(x)
        return self._see_phase(q, p) if self.phase else self._see_points(q, p)

    def _see_points(self, q: Array, p: Array) -> Seen:
        masses = Arrays.of(q).here(self.masses)
        d, velocity = q.shape[2], p / masses
        wide, moving = self._extend(q, velocity)
        product = p[..., :, None] * wide[..., None, :]
        if self.extended == 2:
            product[..., :, d] -= masses * q
        charge = self.bumps.integrate(product, (1,))
        power = p[..., :, None] * moving[..., None, :]
        if self.extended == 2:
            # d(p t - M q)/dt = F t: what p adds by dt/dt, M q' takes away.
            power[..., :, d] = 0.0
        drift = self.bumps.integrate(power, (0,))
        return Seen(charge, -charge - drift, drift[..., :d])

    def _extend(self, q: Array, velocity: Array) -> tuple[Array, Array]:
        """(q.., t, 1) and its time derivative; t is counted from the middle of the run."""
        if not self.extended:
            return q, velocity
        arrays = Arrays.of(q)
        join, times = arrays.library.concatenate, q.shape[1]
        zero = arrays.library.zeros_like(q[..., :1])
        one = zero + 1
        if self.extended == 1:
            return join([q, one], 2), join([velocity, zero], 2)
        t = zero + arrays.here((np.arange(times) - (times - 1) / 2) * self.dt)[:, None]
        return join([q, t, one], 2), join([velocity, one, zero], 2)

    def _see_phase(self, q: Array, p: Array) -> Seen:
        arrays = Arrays.of(q)
        join = arrays.library.concatenate
        d, velocity = len(self.masses), p / arrays.here(self.masses)
        z = join([q, p], 2)
        square = self.bumps.integrate(z[..., :, None] * z[..., None, :], (1,))
        still = self.bumps.integrate(velocity[..., :, None] * z[..., None, :], (0,))
        # Of int psi p' z^T: the part with q by parts, the symmetric part with p from the square; the rest is left out.
        with_q = -square[..., d:, :d] - self.bumps.integrate(p[..., :, None] * velocity[..., None, :], (0,))
        with_p = -square[..., d:, d:] / 2
        force = join([still, join([with_q, with_p], -1)], -2)
        return Seen(square / 2, force, None)
