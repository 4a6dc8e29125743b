"""What test functions see of charges, on motions that can be written down."""

import numpy as np
import pytest

from symdisc.discover.noether.bumps import Bumps
from symdisc.discover.noether.mechanics import Mechanics
from symdisc.discover.noether.smoothing import fit_smoother

DT, TIMES = 0.05, 200
T = np.arange(TIMES) * DT
TURN = np.array([[0.0, -1], [1, 0]])


def look(x, masses, **more):
    grid = (TIMES,), (DT,), (False,)
    return Mechanics(fit_smoother(x, (DT,), (False,)), Bumps(*grid, (30,)), DT, np.asarray(masses, float), **more)


def ellipse(a=1.0, b=0.4):
    return np.stack([a * np.cos(T), b * np.sin(T)], axis=1)[None]


def test_paths():
    q, p = look(ellipse(), [1, 3]).paths(ellipse())
    np.testing.assert_allclose(q, ellipse(), atol=1e-9)
    np.testing.assert_allclose(p[0, 20:-20, 1], 3 * 0.4 * np.cos(T)[20:-20], atol=1e-8)


def test_angular_momentum_is_seen_to_be_constant_and_a_stretch_is_not():
    """q = (a cos t, b sin t): q' . A q = a b for the turn A; q' . q = (b^2 - a^2) sin(2t) / 2."""
    seen = look(ellipse(), [1, 1]).see(ellipse())
    assert np.abs((seen.charge * TURN).sum((2, 3))).max() < 1e-8
    grow = (seen.charge * np.eye(2)).sum((2, 3))
    bumps = Bumps((TIMES,), (DT,), (False,), (30,))
    true = bumps.integrate(((0.16 - 1) * np.sin(2 * T) / 2)[None, :, None], (1,))[..., 0]
    np.testing.assert_allclose(grow, true, atol=1e-8)


def test_force_and_kinetic_parts_add_up_to_the_charge():
    """dQ/dt = F . L q + p . L q', with F = -q for the oscillator of unit mass: R_F = -int psi q q^T."""
    x = ellipse()
    seen = look(x, [1, 1]).see(x)
    bumps = Bumps((TIMES,), (DT,), (False,), (30,))
    true = -bumps.integrate(x[..., :, None] * x[..., None, :], (0,))
    np.testing.assert_allclose(seen.force, true, atol=1e-7)
    np.testing.assert_allclose(seen.charge, -seen.force - seen.kinetic, atol=1e-12)


def test_boost_and_translation_of_a_free_particle():
    """q = a + b t: p and p t - M q are constant; under a constant force they are not."""
    free = (np.array([1.0, -2]) + T[:, None] * np.array([0.5, 0.3]))[None]
    seen = look(free, [2, 2], extended=2).see(free)
    assert np.abs(seen.charge[..., 2:]).max() < 1e-7
    fall = free + np.array([0, -0.5]) * T[:, None] ** 2
    seen = look(fall, [2, 2], extended=2).see(fall)
    # F = (0, -2): int psi F = -2 for the translation, and -2 t at the bump's place for the boost.
    np.testing.assert_allclose(seen.force[0, :, 1, 3], -2, rtol=1e-5)
    np.testing.assert_allclose(seen.charge[0, :, 1, 3], 2, rtol=1e-5)
    centres = Bumps((TIMES,), (DT,), (False,), (30,)).integrate((T - T.mean())[None, :, None], (0,))[0, :, 0]
    np.testing.assert_allclose(seen.charge[0, :, 1, 2], 2 * centres, atol=1e-5)


@pytest.mark.parametrize("momenta", [False, True])
def test_phase_space_charges_of_the_oscillator(momenta):
    """The energies of both axes and the two that mix them are constant, q1^2 alone is not."""
    x = ellipse()
    p = np.stack([-np.sin(T), 0.4 * np.cos(T)], axis=1)[None]
    given = np.concatenate([x, p], axis=2) if momenta else x
    seen = look(given, [1, 1], phase=True, momenta=momenta).see(given)
    kept = [np.diag([1.0, 0, 1, 0]), np.diag([0.0, 1, 0, 1]), np.kron(np.eye(2), [[0, 1], [1, 0]])]
    for form in kept:
        assert np.abs((seen.charge * form).sum((2, 3))).max() < 1e-7
    assert np.abs((seen.charge * np.diag([1.0, 0, 0, 0])).sum((2, 3))).max() > 0.1
