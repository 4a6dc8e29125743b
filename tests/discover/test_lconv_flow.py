"""The action of exp(sum t_i L_i) and its derivative, against scipy's expm and expm_frechet."""

import numpy as np
import pytest
import torch
from scipy.linalg import block_diag, expm, expm_frechet

from symdisc.discover.lconv.derivative import SeriesDerivative
from symdisc.discover.lconv.derivative import derivative as derivative_of
from symdisc.discover.lconv.exponentials import Exponentials
from symdisc.discover.lconv.flow import Eigen, EigenFlow, SmallFlow, TaylorFlow, flow, leans, spectral

B, M = 5, 2


def tensor(values):
    return torch.from_numpy(np.ascontiguousarray(values))


def problem(d, k, size, seed=0):
    """Generators (k, d, d), t (B, k), x (B, M, d) with |A_n| about `size`."""
    rng = np.random.default_rng([d, k, seed])
    generators = rng.standard_normal((k, d, d)) / np.sqrt(d)
    return generators, size * rng.standard_normal((B, k)) / np.sqrt(k), rng.standard_normal((B, M, d))


def group(generators, t, share):
    return expm(share * np.einsum("bk,kij->bij", t, generators))


FLOWS = {
    "small": lambda g, t: SmallFlow(tensor(g), tensor(t)),
    "taylor": lambda g, t: TaylorFlow(tensor(g), tensor(t)),
    "eigen": lambda g, t: EigenFlow(Eigen(tensor(g[0])), tensor(t)),
}
CASES = [
    (kind, d, k, size)
    for kind in FLOWS
    for d, k in ((3, 1), (3, 3), (14, 1), (14, 2))
    for size in (0.1, 3.0)
    if k == 1 or kind != "eigen"
]


@pytest.mark.parametrize(("kind", "d", "k", "size"), CASES)
@pytest.mark.parametrize("share", [1.0, 0.5, -0.5])
def test_actions(kind, d, k, size, share):
    generators, t, x = problem(d, k, size)
    carried, truth = FLOWS[kind](generators, t), group(generators, t, share)
    scale = np.abs(truth).max()
    expected = np.einsum("bij,bmj->bmi", truth, x)
    np.testing.assert_allclose(carried.act(tensor(x), share), expected, atol=1e-12 * scale)
    back = np.einsum("bji,bmj->bmi", truth, x)
    np.testing.assert_allclose(carried.act_transposed(tensor(x), share), back, atol=1e-12 * scale)


def frechet(generators, t, change, x):
    """d exp(sum t_i (L_i + e dL_i)) x / de at 0, by scipy."""
    a, e = (np.einsum("bk,kij->bij", t, stack) for stack in (generators, change))
    return np.stack([row @ expm_frechet(p, q, compute_expm=False).T for p, q, row in zip(a, e, x, strict=True)])


def derivative(kind, generators, t, x, share, nodes=14):
    carried = FLOWS[kind](generators, t)
    return derivative_of(carried, tensor(t), carried.act(tensor(x), 0.5), nodes, share)


@pytest.mark.parametrize(("kind", "d", "k", "size"), CASES)
def test_derivative_with_respect_to_the_generators(kind, d, k, size):
    """At y it is the derivative of exp(A) x; half way it is that, carried back by exp(-A/2)."""
    generators, t, x = problem(d, k, size)
    change = np.random.default_rng(1).standard_normal(generators.shape)
    truth = frechet(generators, t, change, x)
    at_y = derivative(kind, generators, t, x, 0.5).forward(tensor(change))
    np.testing.assert_allclose(at_y, truth, atol=1e-9 * np.abs(truth).max())
    half = np.einsum("bij,bmj->bmi", group(generators, t, -0.5), truth)
    middle = derivative(kind, generators, t, x, 0.0).forward(tensor(change))
    np.testing.assert_allclose(middle, half, atol=1e-9 * np.abs(half).max())


def test_derivative_against_finite_differences():
    generators, t, x = problem(4, 2, 0.8)
    change = np.random.default_rng(2).standard_normal(generators.shape)
    step = 1e-5
    plus, minus = (np.einsum("bij,bmj->bmi", group(generators + s * change, t, 1.0), x) for s in (step, -step))
    found = derivative("small", generators, t, x, 0.5).forward(tensor(change))
    np.testing.assert_allclose(found, (plus - minus) / (2 * step), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("kind", "d", "k", "size"), CASES)
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_jacobian_is_the_derivative_with_respect_to_t(kind, d, k, size, share):
    generators, t, x = problem(d, k, size)
    found = derivative(kind, generators, t, x, share).jacobian(tensor(generators)).numpy().reshape(B, k, M, d)
    back = group(generators, t, share - 0.5)
    for i in range(k):
        truth = np.einsum("bij,bmj->bmi", back, moved_by(generators, t, i, x))
        np.testing.assert_allclose(found[:, i], truth, atol=1e-9 * np.abs(truth).max())


def moved_by(generators, t, i, x):
    """d exp(sum t_j L_j) x / dt_i."""
    a = np.einsum("bk,kij->bij", t, generators)
    return np.stack([row @ expm_frechet(p, generators[i], compute_expm=False).T for p, row in zip(a, x, strict=True)])


@pytest.mark.parametrize(("kind", "d", "k", "size"), CASES)
@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("nodes", [1, 3])
def test_adjoint_identity(kind, d, k, size, share, nodes):
    """<r, forward(dL)> = <adjoint(r), dL>, also where the derivative itself is not exact."""
    generators, t, x = problem(d, k, size)
    rng = np.random.default_rng(3)
    at = derivative(kind, generators, t, x, share, nodes=nodes)
    change, residual = tensor(rng.standard_normal(generators.shape)), tensor(rng.standard_normal(x.shape))
    forward, back = at.forward(change), at.adjoint(residual)
    scale = float(forward.norm() * residual.norm())
    assert abs(float((residual * forward).sum()) - float((back * change).sum())) <= 1e-12 * scale


@pytest.mark.parametrize("size", [0.05, 0.1, 0.2])
def test_one_node_is_wrong_by_a_square(size):
    """sum_i t_i dL_i m alone: the error falls as |A|^2."""
    generators, t, x = problem(4, 1, 1.0)
    change = np.random.default_rng(4).standard_normal(generators.shape)

    def miss(size):
        at = derivative("small", generators, size * t, x, 0.0, nodes=1)
        exact = derivative("small", generators, size * t, x, 0.0).forward(tensor(change))
        middle = np.einsum("bij,bmj->bmi", group(generators, size * t, 0.5), x)
        plain = np.einsum("b,bmd->bmd", size * t[:, 0], middle @ change[0].T)
        np.testing.assert_allclose(at.forward(tensor(change)), plain, atol=1e-13)
        return float((at.forward(tensor(change)) - exact).norm() / exact.norm())

    assert miss(size) / miss(size / 2) == pytest.approx(4, rel=0.15)


def test_a_defective_generator_is_not_taken_by_its_eigenvectors():
    d = 14
    nilpotent = np.diag(np.ones(d - 1), 1)[None]
    t, x = np.linspace(-1, 1, B)[:, None], np.random.default_rng(5).standard_normal((B, M, d))
    carried = flow(tensor(nilpotent), tensor(t))
    assert not Eigen(tensor(nilpotent[0])).sound
    expected = np.einsum("bij,bmj->bmi", group(nilpotent, t, 1.0), x)
    np.testing.assert_allclose(carried.act(tensor(x), 1.0), expected, atol=1e-12)


def test_series_is_wrong_by_a_fourth_power():
    """dL m + [A, [A, dL]] m / 24: the error falls as |A|^4, for the generators and for t."""
    generators, t, x = problem(14, 2, 1.0)
    change = tensor(np.random.default_rng(7).standard_normal(generators.shape))

    def miss(size):
        series = derivative("taylor", generators, size * t, x, 0.0, nodes=1)
        assert isinstance(series, SeriesDerivative)
        exact = derivative("taylor", generators, size * t, x, 0.0)
        pairs = (
            (series.forward(change), exact.forward(change)),
            (series.jacobian(tensor(generators)), exact.jacobian(tensor(generators))),
        )
        return np.array([float((found - true).norm() / true.norm()) for found, true in pairs])

    np.testing.assert_allclose(miss(0.4) / miss(0.2), 16, rtol=0.25)


@pytest.mark.parametrize(("kind", "d", "k"), [("eigen", 14, 1), ("taylor", 14, 2)])
@pytest.mark.parametrize("nodes", [1, 3])
def test_single_precision_differs_by_its_rounding(kind, d, k, nodes):
    generators, t, x = problem(d, k, 1.0)
    change = tensor(np.random.default_rng(8).standard_normal(generators.shape))
    at = derivative(kind, generators, t, x, 0.0, nodes=nodes)
    light = at.single()
    exact = at.forward(change)
    assert float((light.forward(change.float()) - exact).norm()) < 3e-6 * float(exact.norm())
    back = at.adjoint(exact)
    assert float((light.adjoint(exact.float()) - back).norm()) < 3e-6 * float(back.norm())


def test_leans():
    rng = np.random.default_rng(6)
    square, t = rng.standard_normal((2, 4, 4)), tensor(rng.standard_normal((9, 2)))
    assert leans(tensor(square), t)
    assert not leans(tensor(square), 0.01 * t)
    assert not leans(tensor(square - square.transpose(0, 2, 1)), t)


@pytest.mark.parametrize("size", [1e-3, 0.7, 4.0, 40.0])
def test_exponentials_of_several_shares(size):
    matrices = size * np.random.default_rng(3).standard_normal((4, 5, 5)) / np.sqrt(5)
    found = Exponentials(tensor(matrices))
    for share in (0.5, -0.5, 0.113, 0.0, 1.0):
        truth = expm(share * matrices)
        scale = np.abs(truth).max(axis=(1, 2), keepdims=True)
        assert np.all(np.abs(found.at(share).numpy() - truth) <= 1e-13 * max(1.0, size) * scale)


def test_one_matrix_beyond_all_numbers_leaves_the_others():
    matrices = np.stack([0.3 * np.eye(3), np.full((3, 3), np.inf)])
    np.testing.assert_allclose(Exponentials(tensor(matrices)).at(1.0)[0].numpy(), np.exp(0.3) * np.eye(3), rtol=1e-14)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_residuals_at_many_coefficients(d):
    generators, _, x = problem(d, 1, 1.0)
    y = np.random.default_rng(6).standard_normal(x.shape)
    times = np.linspace(-2.0, 2.0, 9)
    found = Eigen(tensor(generators[0])).residuals(tensor(x), tensor(y), tensor(times))
    for column, value in zip(found.T, times, strict=True):
        np.testing.assert_allclose(column, ((y - x @ expm(value * generators[0]).T) ** 2).sum((1, 2)), rtol=1e-10)


@pytest.mark.parametrize(
    ("frequencies", "growth", "period"),
    [((1.0,), 0.0, 2 * np.pi), ((0.5, 1.0), 0.0, 4 * np.pi), ((2.0, 3.0), 0.0, np.inf), ((1.0,), 0.3, np.inf)],
)
def test_a_full_turn(frequencies, growth, period):
    blocks = [np.array([[growth, -w], [w, growth]]) for w in frequencies]
    assert Eigen(tensor(block_diag(*blocks, 0.0))).turn == pytest.approx(period)


@pytest.mark.parametrize("size", [0.1, 2.0, 20.0])
def test_both_ends_at_once(size):
    generators, t, x = problem(14, 2, size)
    y = np.random.default_rng(7).standard_normal(x.shape)
    expected = np.einsum("bij,bmj->bmi", group(generators, t, -0.5), y)
    expected -= np.einsum("bij,bmj->bmi", group(generators, t, 0.5), x)
    found = TaylorFlow(tensor(generators), tensor(t)).apart(tensor(x), tensor(y))
    np.testing.assert_allclose(found, expected, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("size", [0.1, 2.0])
def test_slopes_of_both_ends(size):
    """Against central differences; one pair moves so much further than the others that it needs more terms."""
    generators, t, x = problem(14, 2, size)
    t[2] *= 3.0
    y = np.random.default_rng(7).standard_normal(x.shape)
    ends = tensor(x), tensor(y)
    apart, slopes = TaylorFlow(tensor(generators), tensor(t)).slopes(*ends)
    np.testing.assert_allclose(apart, TaylorFlow(tensor(generators), tensor(t)).apart(*ends), atol=1e-13)
    for i, step in enumerate(1e-5 * np.eye(2)):
        ahead, behind = (TaylorFlow(tensor(generators), tensor(t + sign * step)).apart(*ends) for sign in (1, -1))
        expected = (behind - ahead).numpy() / 2e-5
        np.testing.assert_allclose(slopes[:, i], expected, atol=1e-8 * np.abs(expected).max())


def test_spectral_norms():
    matrices = np.random.default_rng(8).standard_normal((3, 40, 40))
    matrices[2] = 0.0
    truth = np.linalg.norm(matrices, 2, axis=(1, 2))
    found = spectral(tensor(matrices)).numpy()
    assert np.all((0.9 * truth <= found) & (found <= truth * (1 + 1e-12)))
