"""Test functions: their integrals, their lattice, and their widths."""

import numpy as np
import pytest

from symdisc.discover.noether import bumps as module
from symdisc.discover.noether.bumps import CURRENTS, EQUATION, Bumps, widths_for
from symdisc.errors import InputError

SHAPES = {
    "t": ((100,), (0.1,), (False,), (10,)),
    "tx": ((60, 48), (0.1, 0.2), (False, True), (9, 8)),
    "txy": ((40, 24, 30), (0.1, 0.2, 0.3), (False, True, False), (8, 7, 9)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_integrals_of_ones_and_coordinates(name):
    sizes, steps, periodic, widths = SHAPES[name]
    bumps = Bumps(sizes, steps, periodic, widths)
    d = len(sizes)
    ones = np.ones((2, *sizes, 3))
    none = [0] * d
    total = bumps.integrate(ones, none)
    assert total.shape == (2, *bumps.shape, 3)
    np.testing.assert_allclose(total, 1, atol=1e-6)
    for a in range(d):
        once = [int(a == b) for b in range(d)]
        np.testing.assert_allclose(bumps.integrate(ones, once), 0, atol=1e-5 / steps[a])
        # By parts, and across the seam of a periodic axis too: int x d_a psi = -1.
        for c in range(d):
            np.testing.assert_allclose(bumps.integrate(ones, once, moment=c), -(a == c), atol=1e-3)
        twice = [2 * int(a == b) for b in range(d)]
        np.testing.assert_allclose(bumps.integrate(ones, twice, moment=a), 0, atol=3e-2 / (steps[a] * widths[a]))


@pytest.mark.parametrize(
    ("w", "first", "second"), [(4, 1e-3, 2e-2), (6, 2e-5, 6e-4), (8, 1e-6, 6e-5), (10, 2e-7, 1e-5)]
)
def test_quadrature_of_waves_is_as_good_as_said(w, first, second):
    n = 64 * w
    bumps, finer = Bumps((n,), (1.0,), (True,), (w,)), Bumps((16 * n,), (1 / 16,), (True,), (16 * w,))
    for period in (8 * w, 4 * w, 2 * w, w):
        for order, most in ((1, first), (2, second)):
            coarse, fine = (
                b.integrate(
                    np.sin(2 * np.pi * b.steps[0] * np.arange(b.sizes[0]) / period + 0.7)[None, :, None], (order,)
                )
                for b in (bumps, finer)
            )
            assert np.abs(coarse - fine).max() <= 1.2 * most * np.abs(fine).max()


def test_derivatives_move_onto_the_bump():
    t = 0.05 * np.arange(120)
    f, second = np.sin(3 * t), -9 * np.sin(3 * t)
    bumps = Bumps((120,), (0.05,), (False,), (12,))
    np.testing.assert_allclose(
        bumps.integrate(f[None, :, None], (2,)), bumps.integrate(second[None, :, None], (0,)), atol=1e-4
    )


def test_wrapped_bumps_are_shifted_copies():
    sizes, w = (48, 40), (8, 8)
    bumps = Bumps(sizes, (0.1, 0.1), (True, True), w)
    assert bumps.shape == (12, 10)
    f = np.random.default_rng(0).standard_normal((1, *sizes, 1))
    moved = np.roll(f, (4, 8), axis=(1, 2))
    np.testing.assert_allclose(
        bumps.integrate(moved, (1, 0)), np.roll(bumps.integrate(f, (1, 0)), (1, 2), axis=(1, 2)), atol=1e-10
    )


def test_open_axes_keep_bumps_inside():
    f = np.zeros((1, 50, 1))
    f[0, [0, -1]] = 1e9
    assert not Bumps((50,), (0.1,), (False,), (7,)).integrate(f, (0,)).any()


def test_long_axes_use_sparse_matrices(monkeypatch):
    f = np.random.default_rng(0).standard_normal((2, 30, 600, 2))
    grid = ((30, 600), (0.1, 0.1), (False, True), (7, 9))
    sparse = Bumps(*grid).integrate(f, (1, 2), moment=1)
    monkeypatch.setattr(module, "SPARSE_FROM", 10**6)
    np.testing.assert_allclose(sparse, Bumps(*grid).integrate(f, (1, 2), moment=1), rtol=1e-10, atol=1e-8)


def test_widths_follow_the_shortest_period_that_counts():
    t, x = np.meshgrid(0.05 * np.arange(320), 0.1 * np.arange(200), indexing="ij")
    # Periods of 64 points in t and 40 in x, and a faint wave of 8 points in x with 1 % of the power.
    slope = np.cos(2 * np.pi * t / 3.2) * (np.cos(2 * np.pi * x / 4) + 0.1 * np.cos(2 * np.pi * x / 0.8))
    gradient = [slope[None, ..., None]] * 2
    grid = ((320, 200), (0.05, 0.1), (False, True))
    for fraction in (CURRENTS, EQUATION):
        wide = widths_for(*grid, gradient, fraction)
        assert wide[0] == pytest.approx(64 * fraction, rel=0.25)
        assert wide[1] == 40 * fraction
    assert widths_for(*grid, [np.zeros_like(slope)[None, ..., None]] * 2) == (20, 12)
    assert Bumps(*grid).widths == (20, 12)


def test_errors():
    with pytest.raises(InputError, match="axis 0 of the grid has 8 points"):
        Bumps((8,), (0.1,), (False,))
    with pytest.raises(InputError, match="half-width 30"):
        Bumps((50,), (0.1,), (False,), (30,))
    with pytest.raises(ValueError, match="order 3"):
        Bumps((50,), (0.1,), (False,)).integrate(np.ones((1, 50, 1)), (3,))
