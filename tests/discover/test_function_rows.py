"""What the rows of the function method are made of, against integrals and derivatives done by hand or by others."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symdisc.discover.batches import batch_of
from symdisc.discover.candidates import candidates
from symdisc.discover.function import network
from symdisc.discover.function.actions import search_actions, seen_actions
from symdisc.discover.function.choice import Recipe, Target, chosen, fitted, predictions, worth_averaging
from symdisc.discover.function.frame import Frame
from symdisc.discover.function.hermite import Hermite
from symdisc.discover.function.models import wrong_samples
from symdisc.discover.function.weak import Axes, Degrees, degrees_for, in_frame, weak_evidence, weak_moments
from symdisc.errors import InputError


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def differences(f, z, step=1e-6):
    """(n, c, r) central differences of f: (n, r) -> (n, c)."""
    steps = np.eye(z.shape[1]) * step
    return np.stack([(f(z + one) - f(z - one)) / (2 * step) for one in steps], axis=2)


def test_hermite_functions_are_orthonormal_under_the_normal_law():
    points, weights = np.polynomial.hermite_e.hermegauss(12)
    grid = np.stack(np.meshgrid(points, points, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.outer(weights, weights).ravel() / (2 * np.pi)
    values = Hermite(2, 4).values(grid)
    assert values.shape[1] == math.comb(6, 2)
    assert np.allclose(values.T @ (values * weight[:, None]), np.eye(15), atol=1e-10)


@pytest.mark.parametrize("damping", [0.0, 0.1])
def test_products_and_derivatives_stay_in_the_family(damping, rng):
    family, z = Hermite(3, 3, damping), rng.standard_normal((40, 3))
    above = family.raised().values(z)
    slope = differences(family.values, z)
    for i in range(3):
        assert np.allclose(above @ family.times(i), z[:, i, None] * family.values(z), atol=1e-12)
        assert np.allclose(above @ family.derivative(i), slope[:, :, i], atol=1e-7)


@pytest.mark.parametrize("recipe", [Recipe("polynomial", 3), Recipe("kernel", 2.0), Recipe("mlp"), Recipe("forms", 4)])
@pytest.mark.parametrize("classes", [False, True])
def test_gradients_of_models_are_their_slopes(recipe, classes, rng, monkeypatch):
    monkeypatch.setattr(network, "LEAST_STEPS", 100)
    monkeypatch.setattr(network, "MOST_STEPS", 100)
    if classes and recipe.kind == "forms":
        pytest.skip("a model of values alone")
    x = rng.standard_normal((300, 3))
    y = np.stack([np.sin(x[:, 0]), x[:, 1] * x[:, 2]], axis=1) + 0.1 * rng.standard_normal((300, 2))
    if classes:
        y = (np.argmax(y, axis=1)[:, None] == np.arange(2)).astype(float)
    frame = Frame.of(x, y)
    target = Target(frame, y if classes else frame.reduced(y), classes)
    held = np.arange(300) % 10 == 0
    _, model = fitted(Recipe(recipe.kind, recipe.size, 1e-2), frame.inner(x), target, held, 0)
    z = frame.inner(x[:20])
    values, gradient = predictions(model, target, z)
    assert gradient.shape == (20, frame.s, 3)
    assert np.allclose(gradient, differences(lambda p: predictions(model, target, p)[0], z), atol=1e-6)
    assert values.std() > 0.1


def test_the_model_that_fits_has_the_least_error(rng):
    z = rng.standard_normal((600, 2))
    frame = Frame.of(z, z[:, :1] * z[:, 1:])
    z = frame.inner(z)
    target = Target(frame, z[:, :1] * z[:, 1:], False)
    part = np.arange(600) % 10
    errors = {kind: chosen(kind, z, target, part, 0)[0].error for kind in ("polynomial", "kernel")}
    assert errors["polynomial"] < 1e-12
    assert 1e-12 < errors["kernel"] < 0.1


def rows_of(x, y, values, gradient, spec="linear", action="invariant"):
    """Evidence for a model with given values (n, c) and gradient (n, c, d) in the units of the data."""
    frame = Frame.of(x, y)
    z, u = frame.inner(x), frame.reduced(y)
    actions = search_actions(candidates(spec, x.shape[1]), x.shape[1], 1, y.shape[1], action, frame)
    slope = np.einsum("sc,ncd,dr->nsr", frame.reduce, gradient, frame.root)
    axes = Axes(np.eye(frame.r), np.ones(frame.r), np.ones(frame.r))
    batch = batch_of(np.arange(len(x)), 0)
    nothing = np.zeros((frame.s, frame.r + 1))
    weak = weak_moments(z, u, batch, frame.reduced(values), slope, Degrees(2, 4), axes, 0.0, nothing)
    return weak_evidence(weak, actions, frame), actions


def test_rows_do_not_depend_on_the_model(rng):
    # f = x0 x1^2: by hand d_0 f = x1^2, d_1 f = 2 x0 x1. The wrong model is x0: the correction must make up for it.
    x = rng.standard_normal((40_000, 2))
    y = (x[:, 0] * x[:, 1] ** 2)[:, None]
    exact = np.stack([x[:, 1] ** 2, 2 * x[:, 0] * x[:, 1]], axis=1)[:, None]
    wrong = np.zeros_like(exact)
    wrong[:, 0, 0] = 1.0
    true_rows, _ = rows_of(x, y, y, exact)
    corrected, _ = rows_of(x, y, x[:, :1], wrong)
    share = true_rows.weights / true_rows.weights.sum()
    one, other = (np.tensordot(share, evidence.rows.array, axes=1) for evidence in (true_rows, corrected))
    raw = np.abs(one).max()
    assert raw > 0.3
    # Gaussian x: the correction is exact but for the sampling of 40,000.
    assert np.abs(one - other).max() < 0.05 * raw


def test_a_symmetry_has_rows_of_zero_and_others_do_not(rng):
    x = rng.standard_normal((3000, 3)) @ np.diag([1.0, 2.0, 0.5]) + [0.3, 0.0, -0.2]
    square = (x[:, :2] ** 2).sum(axis=1)
    y = np.stack([np.sin(square / 4) + x[:, 2], x[:, 2] ** 2], axis=1)
    gradient = np.zeros((3000, 2, 3))
    gradient[:, 0, :2], gradient[:, 0, 2] = (np.cos(square / 4) / 2)[:, None] * x[:, :2], 1.0
    gradient[:, 1, 2] = 2 * x[:, 2]
    evidence, actions = rows_of(x, y, y, gradient)
    turn = np.zeros((3, 3))
    turn[0, 1], turn[1, 0] = 1.0, -1.0
    held = actions.generators.reshape(9, 9).T
    direction = np.linalg.solve(held, turn.ravel())
    other = np.linalg.solve(held, np.diag([1.0, 0.0, 0.0]).ravel())
    assert np.abs(evidence.applied(direction)[0]).max() < 1e-12
    assert evidence.given(direction).defect < 1e-6
    assert evidence.given(other).defect > 0.3


@pytest.mark.parametrize(
    ("action", "outputs", "spec"),
    [
        ("same", 4, "affine"),
        ("tensor:1,1", 4, "linear+shared:2"),
        ("same", 2, "linear+shared:2"),
        ("free", 3, "linear"),
    ],
)
def test_actions_in_the_frame_are_those_of_the_data(action, outputs, spec, rng):
    x, y = rng.standard_normal((50, 4)) + 1, rng.standard_normal((50, outputs)) * [1, 5, 2, 3][:outputs] - 2
    frame = Frame.of(x, y)
    actions = search_actions(candidates(spec, 4), 4, 1, outputs, action, frame)
    space, output, _ = in_frame(actions, frame)
    ones = np.ones((50, 1))
    moved = np.einsum("kij,nj->kni", actions.space, np.hstack([x, ones])) @ frame.inverse.T
    assert np.allclose(np.einsum("kij,nj->kni", space, np.hstack([frame.inner(x), ones])), moved)
    moved = np.einsum("kij,nj->kni", actions.output, np.hstack([y, ones])) @ frame.reduce.T
    assert np.allclose(np.einsum("kij,nj->kni", output, np.hstack([frame.reduced(y), ones])), moved)
    if action == "tensor:1,1":
        part = actions.space[:, :2, :2]
        matrix = rng.standard_normal((2, 2))
        expected = part @ matrix - matrix @ part
        assert np.allclose(actions.output[:, :, :4] @ matrix.ravel(), expected.reshape(-1, 4))


def test_orthogonal_keeps_the_covariance_of_y_about_its_mean(rng):
    x, y = rng.standard_normal((200, 2)), rng.standard_normal((200, 3)) @ rng.standard_normal((3, 3)) + 5
    actions = search_actions(candidates("linear", 2), 2, 1, 3, "orthogonal", Frame.of(x, y))
    own = actions.output[4:]
    covariance = np.cov(y.T)
    assert len(own) == 3
    for one in own:
        flow = one[:, :3] @ covariance
        assert np.allclose(flow + flow.T, 0, atol=1e-10)
        assert np.allclose(one[:, :3] @ y.mean(axis=0) + one[:, 3], 0, atol=1e-10)


@pytest.mark.parametrize("action", ["tensor:2,0", "same", "tensor:x", "sideways"])
def test_an_action_that_does_not_fit_is_refused(action, rng):
    x, y = rng.standard_normal((50, 3)), rng.standard_normal((50, 2))
    with pytest.raises(InputError, match="output-action"):
        search_actions(candidates("linear", 3), 3, 1, 2, action, Frame.of(x, y))


def test_candidates_of_data_in_a_subspace(rng):
    # x fills the plane x2 = x0 + x1: of gl(3) 4 act inside, 2 lead out, 3 move nothing there.
    x = rng.standard_normal((100, 2)) @ np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    frame = Frame.of(x, x[:, :1])
    actions, leading_out, unseen = seen_actions(
        search_actions(candidates("linear", 3), 3, 1, 1, "invariant", frame), frame
    )
    assert (frame.r, len(actions), leading_out, unseen) == (2, 4, 2, 3)
    moved = np.einsum("kij,nj->kni", actions.generators, x)
    assert np.allclose(moved[..., 2], moved[..., 0] + moved[..., 1])


def test_collinear_outputs_are_counted_once(rng):
    y = rng.standard_normal((100, 2))
    four = np.column_stack([y[:, 0], 3 * y[:, 0] + 1, y[:, 1], np.full(100, 7.0)])
    frame = Frame.of(y, four)
    assert frame.s == 2
    assert np.allclose(frame.centre + frame.reduced(four) @ frame.expand.T, four)


def test_rows_outnumber_candidates_or_nothing_is_looked_for():
    for r, s, k in ((4, 1, 16), (5, 1, 25), (9, 6, 9), (10, 1, 100)):
        chosen = degrees_for(r, s, k, 100_000)
        assert math.comb(r + chosen.tests, r) * s >= 2 * k
        assert chosen.dictionary >= 2
    assert degrees_for(64, 10, 4096, 1797) is None
    # Rows enough, but too many to be held.
    assert degrees_for(40, 100, 10, 10**6) is None


def test_an_axis_on_which_fits_disagree_is_left_out(rng):
    common = rng.standard_normal((500, 1, 3)) * [1.0, 0.3, 0.0]
    slopes = np.stack([common + 0.05 * rng.standard_normal((500, 1, 3)) for _ in range(3)])
    axes = Axes.of(slopes, np.ones(500), 0.1)
    assert axes.vectors.shape == (3, 2)
    assert np.allclose(np.abs(axes.vectors[2]), 0, atol=0.05)
    assert np.allclose(np.sort(axes.sizes), [0.3, 1.0], atol=0.05)


def test_models_that_come_close_are_averaged_and_polynomials_give_way():
    recipes = [Recipe("polynomial", 3, 0.0, 0.010), Recipe("kernel", 2, 0.0, 0.015), Recipe("mlp", 0, 0.0, 0.019)]
    assert [recipe.kind for recipe in worth_averaging(recipes)] == ["kernel", "mlp"]
    assert [recipe.kind for recipe in worth_averaging([recipes[0], Recipe("mlp", 0, 0.0, 0.03)])] == ["polynomial"]


@pytest.mark.parametrize("kind", ["polynomial", "kernel"])
def test_errors_of_all_models_are_shares_of_all_outputs(kind, rng):
    # Three outputs, half of whose variance is noise: no model can leave less than about a half.
    z = rng.standard_normal((1500, 2))
    signal = np.stack([z[:, 0], z[:, 1], (z[:, 0] + z[:, 1]) / np.sqrt(2)], axis=1)
    y = signal + rng.standard_normal((1500, 3))
    frame = Frame.of(z, y)
    target, part = Target(frame, frame.reduced(y), False), np.arange(1500) % 10
    error = chosen(kind, frame.inner(z), target, part, 0)[0].error
    assert 0.4 < error < 0.6


def test_the_degree_of_a_noisy_polynomial_is_found_from_few_samples():
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        z = rng.uniform(-1, 1, (150, 2))
        y = (z[:, :1] ** 3 - z[:, :1] * z[:, 1:] ** 2 + z[:, 1:] ** 2) + 0.02 * rng.standard_normal((150, 1))
        frame = Frame.of(z, y)
        target = Target(frame, frame.reduced(y), False)
        found.append(chosen("polynomial", frame.inner(z), target, np.arange(150) % 10, 0)[0].size)
    # 1 of 5 where a single part judges.
    assert np.mean(np.array(found) == 3) >= 0.6


def test_a_few_wrong_samples_are_told_from_noise(rng):
    losses, z = rng.standard_normal(1000) ** 2, np.linspace(0, 1, 1000)[:, None]
    assert wrong_samples(losses, z) is None
    losses[[3, 500, 999]] = 1e6
    assert np.flatnonzero(wrong_samples(losses, z)).tolist() == [3, 500]
    losses[:20] = 1e6
    assert wrong_samples(losses, z) is None


def test_a_wrong_sample_does_not_bend_the_fit(rng):
    z = rng.standard_normal((800, 2))
    y = np.sin(z[:, :1]) * z[:, 1:]
    frame = Frame.of(z, y)
    z, u = frame.inner(z), frame.reduced(y)
    target, spoilt = Target(frame, u, False), u.copy()
    spoilt[[5, 77]] += 3.0
    held = np.arange(800) % 10 == 5
    for recipe in (Recipe("kernel", 2.0), Recipe("polynomial", 6.0)):
        clean = fitted(recipe, z, target, held, 0)[1].gradient(z[:200])
        again = fitted(recipe, z, Target(frame, spoilt, False), held, 0)[1].gradient(z[:200])
        assert np.sqrt(np.mean((again - clean) ** 2)) < 0.02 * clean.std()
