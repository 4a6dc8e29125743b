"""Gauss-Newton on the exponential: from a rough start to the truth, its coefficients and noise; wild pairs left out."""

import numpy as np
import pytest
import torch
from turned_pairs import SL2, SO3, data_of, degrees, derivative, draw, image_rotation

from symdisc.discover.candidates import candidates
from symdisc.discover.lconv.model import Model, normalised, principal
from symdisc.discover.lconv.pairs import Block, Pairs
from symdisc.discover.lconv.quadratic import second_moments, side_by_side, stacked
from symdisc.discover.lconv.refine import factor_of, locate, place, precision_of, quadrature, refine
from symdisc.discover.lconv.space import Space

CPU = torch.device("cpu")
ORDERED = [(i, j) for i in range(4) for j in range(i + 1, 4)]


def pairs_of(x, y):
    return Pairs(data_of(x, y), CPU, torch.float64)


def orthonormal(basis):
    return np.linalg.qr(np.reshape(basis, (len(basis), -1)).T)[0].T.reshape(np.shape(basis))


def model_of(basis, t, variance=1e-12, wrong=0.0, seed=0):
    """The true span, orthonormal, turned off by a random change of relative size `wrong`; t in that basis."""
    basis = torch.from_numpy(np.asarray(basis))
    error = np.random.default_rng(seed).standard_normal(basis.shape)
    basis = basis + wrong * float(basis.norm()) * torch.from_numpy(error) / np.linalg.norm(error)
    t = torch.from_numpy(t)
    return normalised(basis, t, t.T @ t / len(t), variance)


def space(spec, d):
    return Space(candidates(spec, d), CPU, torch.float64)


CASES = {
    "so(3)": (SO3, 3, 2, 0.5, "linear"),
    "sl(2)": (SL2, 2, 3, 0.4, "linear"),
    "images": (image_rotation(5), 25, 1, 0.3, "linear"),
    "images, antisymmetric": (image_rotation(5), 25, 1, 0.3, "antisymmetric"),
    "shifts": (derivative(15)[None], 15, 2, 1.0, "linear"),
}


@pytest.mark.parametrize("case", CASES)
def test_converges_to_the_truth_on_exact_pairs(case):
    basis, d, m, spread, spec = CASES[case]
    x, y, t = draw(basis, 400, m=m, spread=spread, seed=1)
    model, start = model_of(basis, t, 1e-4, wrong=0.15)
    within = space(spec, d)
    model, start = normalised(within.project(model.generators), start, model.spread, model.variance)
    before = degrees(model.generators.numpy(), basis)
    steps = list(refine(pairs_of(x, y), None, model, start, within, iterations=25, inner=40))
    model, found, change = steps[-1]
    assert degrees(model.generators.numpy(), basis) < 1e-5 < before / 1e5
    assert change < 1e-6
    algebra, truth = (
        np.einsum("nk,kij->nij", *pair) for pair in ((found.numpy(), model.generators.numpy()), (t, basis))
    )
    np.testing.assert_allclose(algebra, truth, atol=1e-5)


def test_the_noise_of_y_is_found():
    x, y, t = draw(SO3, 1000, m=2, spread=0.5, seed=2)
    sigma = 0.05
    y = y + sigma * np.random.default_rng(3).standard_normal(y.shape)
    model, start = model_of(SO3, t, 1e-3, wrong=0.1)
    model = list(refine(pairs_of(x, y), None, model, start, space("linear", 3), iterations=8))[-1][0]
    assert degrees(model.generators.numpy(), SO3) < 1.5
    # Four standard errors of a variance from 1000 (6 - 3) residuals.
    assert model.variance == pytest.approx(sigma**2, rel=4 * np.sqrt(2 / 3000))


def test_wild_pairs_are_left_out():
    """A twentieth of the y have nothing to do with x: least squares over all would be bent by degrees."""
    x, y, t = draw(SO3, 400, m=3, spread=0.4, noise=0.005, seed=4)
    y[::20] = 3 * np.random.default_rng(5).standard_normal(y[::20].shape)
    model, start = model_of(SO3, t, 1e-4, wrong=0.05)
    model = list(refine(pairs_of(x, y), None, model, start, space("linear", 3), iterations=10))[-1][0]
    assert degrees(model.generators.numpy(), SO3) < 0.3


@pytest.mark.parametrize("case", CASES)
def test_locate_finds_the_coefficients(case):
    basis, _, m, spread, _ = CASES[case]
    basis = orthonormal(basis)
    x, y, t = draw(basis, 60, m=max(m, 2), spread=spread, seed=6)
    model, truth = model_of(basis, t, 1e-20)
    block = pairs_of(x, y).whole()
    found, left = locate(block, model, 0.8 * truth, 12)
    np.testing.assert_allclose(found, truth, atol=1e-7)
    assert float(left.max()) < 1e-12 * float((block.y**2).sum((1, 2)).max())


@pytest.mark.parametrize("case", ["so(3)", "sl(2)", "shifts"])
def test_place_is_the_model_linearised(case):
    """At the true coefficients nothing is left; near them the residual is the Jacobian times what is missing."""
    basis, _, m, spread, _ = CASES[case]
    basis = orthonormal(basis)
    x, y, t = draw(basis, 30, m=m, spread=spread, seed=7)
    model, t = model_of(basis, t, 1e-20)
    block = pairs_of(x, y).whole()
    at = place(block, model, t, None, nodes=10)
    assert float(at.size.max()) < 1e-20
    change = torch.from_numpy(np.random.default_rng(8).standard_normal(t.shape))
    for step in (1e-4, 1e-5):
        off = place(block, model, t - step * change, None, nodes=10)
        predicted = torch.einsum("bk,bkv->bv", step * change, off.jacobian).reshape(off.residual.shape)
        miss = float((off.residual - predicted).norm() / predicted.norm())
        assert miss < 20 * step
    # What a change of t explains is projected away, what is orthogonal to it stays.
    tangent = torch.einsum("bk,bkv->bv", change, at.jacobian).reshape(at.residual.shape)
    assert float(at.projected(tangent).norm()) < 1e-6 * float(tangent.norm())
    other = torch.randn(tangent.shape, dtype=tangent.dtype, generator=torch.Generator().manual_seed(0))
    left = at.projected(other).reshape(len(other), -1, 1)
    assert float((at.jacobian @ left).abs().max()) < 1e-6 * float(at.jacobian.abs().max())


def test_quadrature_grows_with_the_angle():
    model, t = model_of(orthonormal(SO3), np.full((4, 3), 0.01))
    assert quadrature(model, t) == 1
    assert 1 < quadrature(model, 30 * t) < quadrature(model, 300 * t) <= 40
    assert quadrature(model, t[:0]) == 1


def test_normalised_and_principal_keep_the_motions():
    rng = np.random.default_rng(9)
    raw, t = rng.standard_normal((3, 4, 4)), torch.from_numpy(rng.standard_normal((50, 3)) + 0.3)
    model, turned = normalised(torch.from_numpy(raw), t, t.T @ t / 50, 0.1)
    gram = model.generators.reshape(3, -1) @ model.generators.reshape(3, -1).T
    np.testing.assert_allclose(gram, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(model.spread, turned.T @ turned / 50, atol=1e-12)
    motions = np.einsum("nk,kij->nij", t, raw)
    np.testing.assert_allclose(np.einsum("nk,kij->nij", turned, model.generators), motions, atol=1e-12)
    leading, coefficients = principal(model, turned)
    np.testing.assert_allclose(np.einsum("nk,kij->nij", coefficients, leading.generators), motions, atol=1e-12)
    second = (coefficients.T @ coefficients / 50).numpy()
    np.testing.assert_allclose(second, leading.spread, atol=1e-12)
    assert np.allclose(second, np.diag(np.diag(second)), atol=1e-12)
    assert (np.diff(np.diag(second)) < 0).all()
    assert (coefficients.sum(0) >= 0).all()


def test_the_model_counts_its_generators():
    assert Model(torch.zeros((3, 4, 4)), torch.eye(3), 0.0).count == 3


def test_a_step_beyond_all_numbers_is_left_out():
    """Coefficients so large that exp overflows: those pairs are not better there, and the others are as before."""
    basis = np.array([[[1.0, 0.0], [0.0, 1.0]]]) / np.sqrt(2)
    x = np.random.default_rng(0).standard_normal((5, 3, 2))
    y = np.exp(0.3 / np.sqrt(2)) * x
    model = Model(torch.from_numpy(basis), torch.ones((1, 1), dtype=torch.float64), 1e-6)
    start = torch.zeros((5, 1), dtype=torch.float64)
    start[0] = 1e5
    found, left = locate(Block(slice(0, 5), torch.from_numpy(x), torch.from_numpy(y)), model, start, 8)
    np.testing.assert_allclose(found[1:, 0].numpy(), 0.3, rtol=1e-5)
    assert not left[0] < 1e-6
    assert bool((left[1:] < 1e-9).all())


def test_coefficients_that_pairs_do_not_see_leave_the_generators_alone():
    """so(4) on two vectors: one combination of six moves neither. However wide its spread, it must not pull."""
    basis = np.array([np.eye(16)[4 * i + j].reshape(4, 4) - np.eye(16)[4 * j + i].reshape(4, 4) for i, j in ORDERED])
    x, y, t = draw(basis, 30, m=2, spread=0.5, seed=3)
    model, t = model_of(basis, t)
    pairs = pairs_of(x, y)
    (block,) = pairs.blocks()
    placed = place(block, model, t, None, 8)
    unseen = torch.linalg.eigh(placed.gram)[1][:, :, 0]
    assert float((placed.gram @ unseen[:, :, None]).abs().max()) < 1e-10
    covariance = unseen[:, :, None] * unseen[:, None, :]
    naive = stacked(side_by_side(model.generators) @ second_moments(covariance, placed.middle), model.count)
    assert float(placed.pull_of_spread(covariance).norm()) < 1e-8 < 0.1 < float(naive.norm())


def test_the_pull_of_a_spread_is_half_a_gradient():
    """tr(C J J^T) is quadratic in the generators at fixed A, so its derivative along L itself is twice its value."""
    x, y, t = draw(SL2, 20, m=3, spread=0.4, seed=5)
    model, t = model_of(SL2, t, wrong=0.1)
    (block,) = pairs_of(x, y).blocks()
    placed = place(block, model, t, None, 8)
    root = torch.from_numpy(np.random.default_rng(6).standard_normal((20, 3, 3)))
    covariance = root @ root.transpose(1, 2)
    along = float((placed.pull_of_spread(covariance) * model.generators).sum())
    assert along == pytest.approx(float((covariance * placed.gram).sum()), rel=1e-8)


def test_a_pair_that_does_not_move_has_a_factor_in_single_precision():
    """Seen on 100,000 exact images: a second generator whose t are those of the first but for rounding."""
    spread = torch.tensor([[1.0, 1.0000001], [1.0000001, 1.0]])
    model = Model(torch.zeros((2, 3, 3)), spread, 1e-12)
    assert float(torch.linalg.eigvalsh(precision_of(model).double()).min()) > 0
    factor = factor_of(torch.zeros((1, 2, 2)), model)
    assert torch.isfinite(factor).all()
    assert float(torch.diagonal(factor[0]).min()) > 0
