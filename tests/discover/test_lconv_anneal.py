"""The linear mid-point model: posterior and likelihood against dense Gaussians, the M-step against a dense solve."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from turned_pairs import SO3, degrees, draw

from symdisc.discover.candidates import candidates
from symdisc.discover.lconv.anneal import anneal, expect, spectral_start
from symdisc.discover.lconv.quadratic import (
    ByRows,
    conjugate_gradients,
    quadratic,
    second_moments,
    side_by_side,
    solve_in,
    stacked,
)
from symdisc.discover.lconv.space import Space

CPU = torch.device("cpu")


def tensor(values):
    return torch.from_numpy(np.ascontiguousarray(values))


def space(spec, d, shape=None):
    found = candidates(spec, d, shape=shape, load_mask=lambda name: np.eye(d) + np.eye(d, k=2))
    return found, Space(found, CPU, torch.float64)


@pytest.mark.parametrize(("k", "d", "m"), [(1, 4, 1), (3, 4, 2), (5, 3, 1), (2, 6, 3)])
def test_posterior_and_likelihood_of_the_gaussian_model(k, d, m):
    """D = J t + noise with t ~ N(0, P): everything from the joint covariance of (t, D). k may exceed d m."""
    rng = np.random.default_rng([k, d, m])
    generators, middle, moved = (rng.standard_normal(shape) for shape in ((k, d, d), (5, m, d), (5, m, d)))
    root, variance = rng.standard_normal((k, k)), 0.3
    prior = root @ root.T + 0.1 * np.eye(k)
    found = expect(tensor(generators), tensor(np.linalg.inv(prior)), variance, tensor(middle), tensor(moved))
    for n in range(5):
        jacobian = np.stack([(middle[n] @ g.T).ravel() for g in generators], axis=1)
        covariance = variance * np.eye(m * d) + jacobian @ prior @ jacobian.T
        gain = prior @ jacobian.T @ np.linalg.inv(covariance)
        mean, spread = gain @ moved[n].ravel(), prior - gain @ jacobian @ prior
        left = moved[n].ravel() - jacobian @ mean
        np.testing.assert_allclose(found.mean[n], mean, atol=1e-10)
        np.testing.assert_allclose(found.covariance[n], spread, atol=1e-10)
        density = multivariate_normal(np.zeros(m * d), covariance).logpdf(moved[n].ravel())
        assert float(found.likelihood[n]) == pytest.approx(density, rel=1e-10)
        expected = left @ left + np.trace(jacobian @ spread @ jacobian.T)
        assert float(found.residual[n]) == pytest.approx(expected, rel=1e-9)


def test_no_generators_is_white_noise():
    moved = np.random.default_rng(0).standard_normal((4, 2, 3))
    none = torch.zeros((0, 3, 3), dtype=torch.float64)
    found = expect(none, torch.zeros((0, 0), dtype=torch.float64), 0.5, tensor(moved), tensor(moved))
    density = multivariate_normal(np.zeros(6), 0.5 * np.eye(6)).logpdf(moved.reshape(4, 6))
    np.testing.assert_allclose(found.likelihood, density, rtol=1e-12)
    np.testing.assert_allclose(found.residual, (moved**2).sum((1, 2)))


def test_second_moments_and_layout():
    rng = np.random.default_rng(1)
    rows, weights = rng.standard_normal((6, 2, 3)), rng.standard_normal((6, 2, 2))
    weights = weights + weights.transpose(0, 2, 1)
    expected = np.einsum("nij,nma,nmb->iajb", weights, rows, rows).reshape(6, 6)
    np.testing.assert_allclose(second_moments(tensor(weights), tensor(rows)), expected, atol=1e-12)
    stack = tensor(rng.standard_normal((4, 3, 3)))
    np.testing.assert_array_equal(side_by_side(stack), np.concatenate(list(stack.numpy()), axis=1))
    np.testing.assert_array_equal(stacked(side_by_side(stack), 4), stack)


def equations(k, d, seed=0):
    """The sums of an M-step: gram = sum S (x) m m^T, cross_i = sum mu_i D m^T."""
    rng = np.random.default_rng(seed)
    middle, moved, mean = (rng.standard_normal(shape) for shape in ((200, d), (200, d), (200, k)))
    spread = 0.2 * np.eye(k) + np.einsum("ni,nj->nij", mean, mean)
    gram = np.einsum("nij,na,nb->iajb", spread, middle, middle).reshape(k * d, k * d)
    return gram, np.einsum("ni,na,nb->iab", mean, moved, middle)


SPACES = [
    ("linear", None, False),
    ("antisymmetric", None, False),
    ("traceless", None, False),
    ("blocks:2,4", None, False),
    ("mask:m", None, True),
    ("mask:m+affine", None, False),
    ("local:1", (3, 5), True),
    ("local:1+antisymmetric", (3, 5), True),
    ("local:2", (3, 5), False),
]


@pytest.mark.parametrize(("spec", "shape", "narrow"), SPACES)
def test_m_step_solves_its_normal_equations(spec, shape, narrow):
    """min over the space of sum_n E|D_n - sum t_i L_i m_n|^2, by a dense solve over the coefficients of its basis."""
    k, d = 2, 6 if shape is None else 15
    found, within = space(spec, d, shape)
    d = found.size
    gram, cross = equations(k, d)
    basis = np.kron(np.eye(k), found.basis.toarray())
    # <L, M> -> <L G, M> as a matrix on stacks, row-major.
    matrix = np.einsum("ab,icjd->iacjbd", np.eye(d), gram.reshape(k, d, k, d)).reshape(k * d * d, k * d * d)
    truth = basis @ np.linalg.solve(basis.T @ matrix @ basis, basis.T @ cross.ravel())
    start = torch.zeros((k, d, d), dtype=torch.float64)
    solved = solve_in(within, tensor(gram), tensor(cross), start, iterations=60)
    direct = within.mask is not None and narrow
    np.testing.assert_allclose(solved.reshape(-1), truth, atol=(1e-8 if direct else 2e-3) * np.abs(truth).max())
    assert isinstance(quadratic(within, tensor(gram)), ByRows) == narrow
    if spec == "linear":
        row = np.concatenate(list(solved.numpy()), axis=1)
        np.testing.assert_allclose(row @ gram, np.concatenate(list(cross), axis=1), atol=1e-7)


def test_rows_apart_multiply_as_the_whole():
    """Edges of the grid have fewer neighbours: padded rows must add nothing."""
    _, within = space("local:1+antisymmetric", 15, (3, 5))
    gram, _ = equations(2, 15)
    stack = within.project(tensor(np.random.default_rng(5).standard_normal((2, 15, 15))))
    expected = within.project(tensor(np.einsum("iab,ibjc->jac", stack.numpy(), gram.reshape(2, 15, 2, 15))))
    np.testing.assert_allclose(within.project(ByRows(within.columns, tensor(gram)).times(stack)), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        ("linear", None),
        ("affine", None),
        ("antisymmetric", None),
        ("traceless", None),
        ("shared:3", None),
        ("blocks:2,4+antisymmetric", None),
        ("mask:m", None),
        ("affine+antisymmetric", None),
        ("local:1", (2, 3)),
        ("local:1+antisymmetric", (2, 3)),
    ],
)
def test_projector(spec, shape):
    """The nearest member of the space: B B^T on the entries."""
    found, within = space(spec, 6, shape)
    basis = found.basis.toarray()
    stack = np.random.default_rng(2).standard_normal((3, found.size, found.size))
    expected = (stack.reshape(3, -1) @ basis @ basis.T).reshape(stack.shape)
    np.testing.assert_allclose(within.project(tensor(stack)), expected, atol=1e-13)


def test_conjugate_gradients():
    rng = np.random.default_rng(3)
    root = rng.standard_normal((8, 8))
    matrix, target = root @ root.T + np.eye(8), rng.standard_normal(8)
    operator, inverse = tensor(matrix), tensor(np.diag(1 / np.diag(matrix)))
    for start in (np.zeros(8), rng.standard_normal(8)):
        x, steps = conjugate_gradients(
            lambda v: operator @ v, lambda v: inverse @ v, tensor(target), tensor(start), 50, 1e-10
        )
        np.testing.assert_allclose(x, np.linalg.solve(matrix, target), atol=1e-8)
        assert steps <= 12
    exact = tensor(np.linalg.solve(matrix, target))
    assert conjugate_gradients(lambda v: operator @ v, lambda v: v, tensor(target), exact, 50, 1e-6)[1] == 0


def test_spectral_start_of_exact_small_motions():
    """Rows vec(D (C^-1 m)^T) of D = A m average to the A_n: for many pairs their span is near the truth."""
    x, y, _ = draw(SO3, 3000, m=2, spread=0.05)
    x, y = tensor(x.transpose(0, 2, 1)), tensor(y.transpose(0, 2, 1))
    start = spectral_start(3, (x + y) / 2, y - x, space("linear", 3)[1])
    assert degrees(start.numpy(), SO3) < 25
    assert degrees(spectral_start(3, (x + y) / 2, y - x, space("antisymmetric", 3)[1]).numpy(), SO3) < 1e-6


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_annealing_finds_generators_and_noise(noise):
    """so(3) on pairs of vectors, from nothing. With noise the variance is that of y - x, which is the noise of y."""
    x, y, _ = draw(SO3, 600, m=2, spread=0.2, noise=noise)
    sigma = noise * np.sqrt(np.mean(draw(SO3, 600, m=2, spread=0.2)[1] ** 2))
    x, y = tensor(x.transpose(0, 2, 1)), tensor(y.transpose(0, 2, 1))
    generators, variance = anneal(3, (x + y) / 2, y - x, space("linear", 3)[1], 6)
    assert degrees(generators.numpy(), SO3) < (1.0 if noise else 0.2)
    if noise:
        # The chi^2 of 600 x 3 degrees of freedom: 3 standard errors are 10 %.
        assert variance == pytest.approx(sigma**2, rel=0.15)
