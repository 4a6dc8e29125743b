"""What the plots of charges show."""

from __future__ import annotations

import numpy as np

from symdisc.discover.noether.panels import bands, charges

TIMES, DT = 50, 0.1


def free_bodies(masses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q, p (2, t, d) of bodies that move freely on a line each."""
    rng = np.random.default_rng(0)
    t = (np.arange(TIMES) * DT)[None, :, None]
    start, velocity = rng.standard_normal((2, 2, 1, len(masses)))
    q = start + velocity * t
    return q, np.broadcast_to(masses * velocity, q.shape)


def test_the_charge_of_a_boost_weighs_places_by_mass():
    masses = np.array([1.0, 2.0, 0.5])
    boost = np.zeros((5, 5))
    boost[:3, 3] = 1.0  # q -> q + eps t
    q, p = free_bodies(masses)
    charge, _, _ = charges(boost, q, p, np.zeros(3), np.zeros(3), masses, DT, "homogeneous")
    assert np.ptp(charge, axis=1).max() < 1e-12
    assert np.ptp(charge) > 0.1


def test_the_band_is_as_wide_as_noise_makes_the_charge():
    masses, rng = np.array([1.0, 3.0]), np.random.default_rng(1)
    q, p = free_bodies(masses)
    rotation = np.array([[0.0, -1.0], [1.0, 0.0]])
    q_noise, p_noise = np.array([0.01, 0.03]), np.array([0.02, 0.05])
    still, noise, _ = charges(rotation, q, p, q_noise, p_noise, masses, DT, "space")
    draws = [
        charges(
            rotation,
            q + q_noise * rng.standard_normal(q.shape),
            p + p_noise * rng.standard_normal(p.shape),
            q_noise,
            p_noise,
            masses,
            DT,
            "space",
        )[0]
        for _ in range(2000)
    ]
    np.testing.assert_allclose(np.std(draws, axis=0), noise, rtol=0.15)
    low, upper = bands(still, noise)[0]
    np.testing.assert_allclose(upper - low, 4 * noise[0])
