"""Sums and rates of damped Hermite functions, against numpy's Hermite polynomials and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermeval

from symdisc.discover.moments import hermite as hermite_module
from symdisc.discover.moments.hermite import Hermite, damping


def polynomial(alpha, z):
    factors = [hermeval(z[:, i], [0] * k + [1]) / math.sqrt(math.factorial(k)) for i, k in enumerate(alpha)]
    return np.prod(factors, axis=0)


def function(alpha, z):
    return polynomial(alpha, z) * np.exp(-(z**2).sum(axis=1) / (4 * z.shape[1]))


def slopes(alpha, z, step=1e-5):
    """(n, d) by central differences."""
    parts = []
    for i in range(z.shape[1]):
        shift = np.zeros(z.shape[1])
        shift[i] = step
        parts.append((function(alpha, z + shift) - function(alpha, z - shift)) / (2 * step))
    return np.stack(parts, axis=1)


def functions_of(hermite):
    degrees = hermite.low.sum(axis=1)
    return hermite.low[(degrees >= 1) & (degrees <= hermite.degree)]


@pytest.fixture(params=[(1, 4), (2, 3), (3, 4)], ids=lambda p: f"d{p[0]}-degree{p[1]}")
def case(request):
    d, degree = request.param
    rng = np.random.default_rng(d)
    z = 1.5 * rng.standard_normal((40, d))
    hermite = Hermite(d, degree)
    sums = np.zeros(hermite.sums)
    return hermite, z, sums, rng.standard_normal((40, 2))


def test_counts_and_multi_indices(case):
    hermite = case[0]
    d, degree = hermite.d, hermite.degree
    assert hermite.sums == math.comb(d + degree + 2, d)
    assert len(functions_of(hermite)) == hermite.tests == math.comb(d + degree, d) - 1
    assert len(np.unique(hermite.low, axis=0)) == len(hermite.low) == math.comb(d + degree + 1, d)
    assert hermite.low.sum(axis=1).max() == degree + 1


def test_sums_with_factors(case):
    hermite, z, sums, factors = case
    pushed = hermite.add(sums, z, factors)
    for place, alpha in enumerate(hermite.low):
        np.testing.assert_allclose(pushed[place], function(alpha, z) @ factors, atol=1e-10)


def test_rates_are_those_of_the_functions(case):
    hermite, z, sums, _ = case
    hermite.add(sums, z)
    rng = np.random.default_rng(5)
    flows = rng.standard_normal((3, hermite.d, hermite.d + 1))
    expected = np.stack(
        [
            [np.einsum("nd,nd->", slopes(alpha, z), z @ flow[:, :-1].T + flow[:, -1]) for flow in flows]
            for alpha in functions_of(hermite)
        ]
    )
    np.testing.assert_allclose(hermite.rates_along(sums, flows), expected, atol=1e-6)
    np.testing.assert_allclose(hermite.rates(sums) @ flows.reshape(3, -1).T, expected, atol=1e-6)


def test_spread_is_the_sum_of_squared_gradients(case):
    hermite, z, _, _ = case
    gradients = np.stack([slopes(alpha, z) for alpha in functions_of(hermite)], axis=1)
    a, b, near = hermite.spread(z)
    found = a[:, None, None] * np.eye(hermite.d) + b[:, None, None] * near[:, :, None] * near[:, None, :]
    np.testing.assert_allclose(found, np.einsum("nqi,nqj->nij", gradients, gradients), atol=1e-6)


def test_tilted_mean_and_covariance(case):
    hermite, z, sums, _ = case
    hermite.add(sums, z)
    weights = np.exp(-(z**2).sum(axis=1) / (4 * hermite.d))
    total, mean, covariance = hermite.tilted(sums / len(z))
    np.testing.assert_allclose(total, weights.mean())
    np.testing.assert_allclose(mean, weights @ z / weights.sum())
    expected = np.atleast_2d(np.cov(z.T, aweights=weights, bias=True))
    np.testing.assert_allclose(covariance, expected, atol=1e-12)


def test_sums_do_not_depend_on_blocks():
    z = np.random.default_rng(0).standard_normal((5000, 6))
    hermite = Hermite(6, 4)
    whole, parts = np.zeros(hermite.sums), np.zeros(hermite.sums)
    hermite.add(whole, z)
    for first in range(0, len(z), 700):
        hermite.add(parts, z[first : first + 700])
    np.testing.assert_allclose(whole, parts, rtol=1e-12, atol=1e-9)


def test_samples_beyond_all_numbers_weigh_nothing():
    z = np.array([[1e150, 1.0], [0.5, -0.5], [np.sqrt(1e4), 0.0]])
    weights, _ = damping(z)
    assert weights[0] == 0
    assert weights[2] == 0
    hermite = Hermite(2, 4)
    sums, alone = np.zeros(hermite.sums), np.zeros(hermite.sums)
    hermite.add(sums, z)
    hermite.add(alone, z[1:2])
    np.testing.assert_array_equal(sums, alone)


@pytest.mark.parametrize(("d", "degree"), [(1, 4), (2, 3), (3, 4), (6, 3), (7, 4)])
def test_products_of_tables_give_the_same_sums(d, degree, monkeypatch):
    z = 1.5 * np.random.default_rng(d).standard_normal((300, d))
    found = {}
    for many in (0, 10**9):
        monkeypatch.setattr(hermite_module, "MANY", many)
        hermite = Hermite(d, degree)
        sums = np.zeros(hermite.sums)
        hermite.add(sums, z)
        found[many] = sums
    np.testing.assert_allclose(found[0], found[10**9], atol=1e-12 * np.abs(found[0]).max())
