"""One map for all pairs: least squares against numpy's, logarithms of matrices whose logarithm is known."""

import numpy as np
import pytest
import torch
from scipy.linalg import block_diag, expm
from turned_pairs import SO3, data_of, draw

from symdisc.discover.lconv.fixed import fixed_map, logarithm
from symdisc.discover.lconv.pairs import Pairs


def rotation(angle):
    return expm(angle * np.array([[0.0, -1.0], [1.0, 0.0]]))


def frame(d, seed=0):
    return np.random.default_rng(seed).standard_normal((d, d)) + 2 * np.eye(d)


@pytest.mark.parametrize("angle", [1e-6, 0.3, -1.2, 3.0])
def test_logarithm_of_a_rotation(angle):
    found = logarithm(block_diag(rotation(angle), rotation(angle / 2), 2.0))
    truth = block_diag(
        angle * np.array([[0.0, -1.0], [1.0, 0.0]]), angle / 2 * np.array([[0, -1.0], [1, 0]]), np.log(2)
    )
    np.testing.assert_allclose(found.matrix, truth, atol=1e-10)
    assert found.exact
    assert found.misfit < 1e-12
    assert "principal" in found.reason


def test_logarithm_in_a_skewed_frame_and_of_a_shear():
    p, inside = frame(4), block_diag(rotation(0.7), np.array([[1.0, 0.4], [0.0, 1.0]]))
    found = logarithm(p @ inside @ np.linalg.inv(p))
    truth = p @ block_diag(0.7 * np.array([[0, -1.0], [1, 0]]), np.array([[0, 0.4], [0, 0]])) @ np.linalg.inv(p)
    np.testing.assert_allclose(found.matrix, truth, atol=1e-6)
    assert found.exact


def test_a_turn_beyond_half_way_is_read_the_short_way_round():
    found = logarithm(rotation(2 * np.pi - 0.4))
    np.testing.assert_allclose(found.matrix, -0.4 * np.array([[0.0, -1.0], [1.0, 0.0]]), atol=1e-12)
    assert "less than half a turn" in found.reason


def test_a_simple_negative_eigenvalue_has_no_real_logarithm():
    p = frame(4, 1)
    found = logarithm(p @ block_diag(rotation(0.5), -0.7, 1.3) @ np.linalg.inv(p))
    assert not found.exact
    assert "negative" in found.reason
    assert np.isrealobj(found.matrix)
    # What it gives instead is right but for the sign of that eigenvalue.
    other = p @ block_diag(rotation(0.5), 0.7, 1.3) @ np.linalg.inv(p)
    np.testing.assert_allclose(expm(found.matrix), other, atol=1e-9)
    matrix = p @ block_diag(rotation(0.5), -0.7, 1.3) @ np.linalg.inv(p)
    assert found.misfit == pytest.approx(np.linalg.norm(other - matrix) / np.linalg.norm(matrix))


def test_paired_negative_eigenvalues_are_half_turns():
    """Of R = P (-0.7, -0.7, -2, -2, a turn by .5) P^-1; and of a permutation of four, whose -1 stands alone."""
    p = frame(6, 3)
    matrix = p @ block_diag(-0.7 * np.eye(2), -2 * np.eye(2), rotation(0.5)) @ np.linalg.inv(p)
    found = logarithm(matrix)
    assert found.exact
    assert "half turns" in found.reason
    np.testing.assert_allclose(expm(found.matrix), matrix, atol=1e-9 * np.abs(matrix).max())
    cycle = np.roll(np.eye(4), 1, axis=0)
    assert not logarithm(cycle).exact
    twice = logarithm(block_diag(cycle, cycle))
    assert twice.exact
    assert twice.misfit < 1e-12


def test_a_jordan_block_that_stands_alone_has_no_real_logarithm():
    found = logarithm(np.array([[-1.0, 1.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 2.0]]))
    assert not found.exact
    assert np.isfinite(found.matrix).all()


@pytest.mark.parametrize("dead", [1, 2])
def test_a_singular_map_has_no_logarithm(dead):
    p = frame(5, 2)
    found = logarithm(p @ block_diag(rotation(0.5), np.diag([1.5] * (3 - dead) + [0.0] * dead)) @ np.linalg.inv(p))
    assert not found.exact
    assert found.reason.startswith(f"{dead} eigenvalue")
    assert "no logarithm exists" in found.reason
    assert np.isfinite(found.matrix).all()
    assert found.misfit < 1e-6


def split(n):
    held = np.arange(n) % 5 == 0
    return torch.from_numpy(np.flatnonzero(~held)), torch.from_numpy(np.flatnonzero(held))


@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("refit", [True, False])
def test_the_map_is_the_least_squares_solution(m, refit):
    x, y, _ = draw(SO3, 200, m=m, spread=0.5, noise=0.1, seed=3)
    train, test = split(200)
    found = fixed_map(Pairs(data_of(x, y), torch.device("cpu"), torch.float64), train, test, refit)

    def solved(rows):
        return np.linalg.lstsq(*(a[rows].transpose(0, 2, 1).reshape(-1, 3) for a in (x, y)), rcond=None)[0].T

    np.testing.assert_allclose(found.matrix, solved(slice(None) if refit else train.numpy()), atol=1e-10)
    left = y[test] - solved(train.numpy()) @ x[test]
    np.testing.assert_allclose(found.residuals, (left**2).sum((1, 2)), rtol=1e-10)
    assert found.residual == pytest.approx(found.residuals.mean())
    assert found.moved == pytest.approx(((y - x)[test] ** 2).sum((1, 2)).mean())
    assert found.size == pytest.approx((y[test] ** 2).sum((1, 2)).mean())


def test_a_known_map_with_an_unseen_direction():
    """x lies in a plane of R^3: R is found on it, and its residual is rounding."""
    rng = np.random.default_rng(4)
    truth = expm(0.4 * (SO3[0] + 0.5 * SO3[2]))
    x = rng.standard_normal((100, 2)) @ rng.standard_normal((2, 3))
    train, test = split(100)
    pairs = Pairs(data_of(x[:, :, None], (x @ truth.T)[:, :, None]), torch.device("cpu"), torch.float64)
    found = fixed_map(pairs, train, test)
    np.testing.assert_allclose(x @ found.matrix.T, x @ truth.T, atol=1e-9)
    assert found.residual < 1e-18 * found.size


def test_likelihood_is_that_of_white_noise():
    """log N(y; R x, s2) with s2 the mean of the residuals."""
    from scipy.stats import norm

    x, y, _ = draw(SO3, 200, spread=0.5, noise=0.1, seed=5)
    train, test = split(200)
    found = fixed_map(Pairs(data_of(x, y), torch.device("cpu"), torch.float64), train, test, refit=False)
    left = (y[test] - found.matrix @ x[test])[:, :, 0]
    density = norm(scale=np.sqrt((left**2).mean())).logpdf(left).sum(axis=1)
    np.testing.assert_allclose(found.likelihood(3), density, rtol=1e-9)
