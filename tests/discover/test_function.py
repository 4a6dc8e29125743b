"""Labelled data through a model of f: what is found, what is not, and that it can be stopped."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import expm

import symdisc
from symdisc.algebra import principal_angles
from symdisc.data import from_arrays
from symdisc.discover.function import choice, method, network
from symdisc.discover.settings import Settings
from symdisc.errors import InputError
from symdisc.problems import make
from symdisc.symmetry import Verdict
from symdisc.transform import Transform


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def fit(x, y, model="polynomial", **settings):
    return symdisc.fit(x, y, kind="labelled", method="function", options={"function.model": model}, **settings)


def fit_made(made, model="polynomial", **settings):
    return fit(made.arrays["x"], made.arrays["y"], model, **settings)


def angle(found, truth):
    assert len(found) == len(truth)
    return float(np.max(principal_angles(found.generators, truth)))


def test_rotations_and_boosts_of_a_noisy_invariant():
    made = make("lorentz", 0, 4000, noise=0.05)
    found = fit_made(made, "kernel")
    assert (found.verdict, found.certified_dimension, found.dimension_bounds) == (Verdict.SYMMETRIC, 6, (6, 6))
    assert angle(found, made.generators) < 3
    assert any("held-out errors" in note and "kernel" in note for note in found.notes)
    again = symdisc.test(
        *(make("lorentz", 1, 4000, noise=0.05).arrays[name] for name in "xy"),
        kind="labelled",
        generators=made.generators,
        options={"function.model": "kernel"},
    )
    assert again.verdict is Verdict.SYMMETRIC


@pytest.mark.parametrize("seed", range(4))
def test_a_model_that_is_itself_symmetric_makes_no_symmetry(seed, monkeypatch):
    # Every quadratic in 4-D is invariant under a group of dimension 6; these functions under none.
    monkeypatch.setattr(choice, "degrees", lambda r, samples: [2])
    made = make("random-function", seed, 3000, dimension=4, linear=bool(seed % 2))
    assert made.facts["population_defect"] >= 0.2
    assert fit_made(made).verdict is not Verdict.SYMMETRIC


def test_a_map_commutes_with_the_rotation_that_was_planted():
    made = make("polynomial-map", 0, 3000, symmetry="rotation")
    found = fit_made(made, output_action="same", tolerance=0.05)
    assert (found.verdict, found.certified_dimension) == (Verdict.SYMMETRIC, 1)
    assert angle(found, made.generators) < 1
    assert [block.role for block in found.blocks] == ["space", "output"]
    none = fit_made(make("polynomial-map", 1, 3000, dimension=2), tolerance=0.05)
    assert none.verdict is Verdict.NONE


def test_a_small_step_is_not_symmetric_for_being_small(rng):
    x = rng.standard_normal((3000, 2))
    step = np.stack([x[:, 1] + 0.5 * x[:, 0] ** 2, -0.3 * x[:, 0] + x[:, 0] * x[:, 1]], axis=1)
    assert fit(x, x + 0.01 * step, output_action="same").verdict is Verdict.NONE


def test_a_tensor_turns_with_its_points():
    made = make("inertia", 0, 1000)
    found = fit_made(made, candidates="linear+shared:3", output_action="tensor:2,0")
    assert (found.certified_dimension, found.dimension_bounds) == (4, (4, 4))
    assert angle(found, made.generators) < 1e-4
    assert any("9 columns of y fill 6" in note for note in found.notes)


def test_an_own_action_on_y_is_found_with_that_on_x(rng):
    x = rng.standard_normal((3000, 2))
    # z -> z^2 on the complex plane: x turns by t, y by 2 t; and x grows by e^t, y by e^2t.
    y = np.stack([x[:, 0] ** 2 - x[:, 1] ** 2, 2 * x[:, 0] * x[:, 1]], axis=1)
    turn, grow = np.array([[0.0, -1.0], [1.0, 0.0]]), np.eye(2)
    truth = np.zeros((2, 4, 4))
    truth[0, :2, :2], truth[0, 2:, 2:], truth[1, :2, :2], truth[1, 2:, 2:] = turn, 2 * turn, grow, 2 * grow
    free = fit(x, y, output_action="free")
    assert angle(free, truth) < 1e-4
    offset = fit(x, y + np.array([3.0, -1.0]), output_action="orthogonal")
    assert free.certified_dimension == 2
    assert offset.certified_dimension == 1
    assert np.max(principal_angles(offset.generators, truth[:1])) < 2


def test_translations(rng):
    x = rng.standard_normal((3000, 2)) + 1
    centre = np.array([1.5, 0.5])
    found = fit(x, np.tanh(((x - centre) ** 2).sum(axis=1) / 2), "kernel", candidates="affine")
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    truth = np.zeros((1, 3, 3))
    truth[0, :2, :2], truth[0, :2, 2] = turn, -turn @ centre
    assert found.blocks[0].role == "homogeneous"
    assert (found.certified_dimension, found.verdict) == (1, Verdict.SYMMETRIC)
    assert angle(found, truth) < 2


def test_classes_by_their_probabilities(rng):
    x = rng.standard_normal((6000, 2)) @ np.array([[1.0, 0.0], [0.0, 2.0]])
    chance = 1 / (1 + np.exp(4 - 2 * (x[:, 0] ** 2 + x[:, 1] ** 2 / 4)))
    label = np.where(rng.random(6000) < chance, 7, 3)
    found = fit(x, label)
    truth = np.array([[[0.0, -0.5], [2.0, 0.0]]])
    assert (found.verdict, found.certified_dimension) == (Verdict.SYMMETRIC, 1)
    assert angle(found, truth) < 4
    assert any("2 classes (3, 7)" in note for note in found.notes)
    with pytest.raises(InputError, match="classes"):
        fit(x, label, output_action="free")


def test_what_f_ignores_is_unused(rng):
    x = rng.standard_normal((4000, 3))
    found = fit(x, np.tanh((x[:, 0] ** 2 + x[:, 1] ** 2) / 2) + 0.02 * rng.standard_normal(4000), "kernel")
    assert (found.certified_dimension, found.unused_dimension) == (1, 3)
    assert any("2 of 3 dimensions" in note for note in found.notes)
    turn = np.zeros((1, 3, 3))
    turn[0, 0, 1], turn[0, 1, 0] = 1.0, -1.0
    assert angle(found, turn) < 3


def test_data_in_a_subspace(rng):
    z = rng.standard_normal((3000, 2))
    x = z @ np.array([[1.0, 0.0, 1.0], [0.0, 1.0, -1.0]])
    found = fit(x, np.tanh((z**2).sum(axis=1) / 2))
    assert (found.certified_dimension, found.unused_dimension) == (1, 5)
    moved = x @ found.generators[0].T
    assert np.allclose(moved[:, 2], moved[:, 0] - moved[:, 1])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda rng: (rng.standard_normal((500, 2)), rng.standard_normal(500)), "no model"),
        (lambda rng: (rng.standard_normal((500, 2)), np.ones(500)), "constant"),
        (lambda rng: (rng.standard_normal((50, 2)), rng.standard_normal(50)), "50 samples"),
        (lambda rng: (rng.standard_normal((500, 40)), rng.standard_normal(500)), "--candidates"),
    ],
)
def test_what_cannot_be_told_is_said(made, words, rng):
    found = fit(*made(rng))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert words in found.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": {"function.folds": 1}}, "folds"),
        ({"options": {"function.model": "forest"}}, "function.model"),
        ({"output_action": "tensor:2"}, "tensor"),
        ({"candidates": "grid"}, "grid"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_wrong_options_are_refused(change, words, rng):
    with pytest.raises(InputError, match=words):
        symdisc.fit(rng.standard_normal((200, 2)), rng.standard_normal(200), kind="labelled", **change)


def test_groups_stay_together(rng):
    group = rng.integers(0, 40, 400)
    x = rng.standard_normal((400, 2))
    task = method.task(from_arrays(x, x[:, 0], kind="labelled", group=group), Settings())
    while task.progress().stage == "reading":
        task.advance()
    assert all(len(set(task.batch[group == g])) == 1 for g in range(40))


def test_a_stopped_run_goes_on_to_the_same_result():
    made = make("random-function", 0, 600, dimension=2)

    def task():
        data = from_arrays(made.arrays["x"], made.arrays["y"], kind="labelled")
        return method.task(data, Settings(options={"function.model": "kernel"}))

    whole = task()
    while whole.advance():
        pass
    first = task()
    for _ in range(3):
        first.advance()
    second = task()
    second.restore({name: np.array(value) for name, value in first.state().items()})
    assert second.progress() == first.progress()
    while second.advance():
        pass
    one, other = whole.outcome().evidence, second.outcome().evidence
    assert np.array_equal(one.rows.array, other.rows.array)
    assert np.array_equal(one.guide, other.guide)


def test_one_seed_gives_identical_files(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "LEAST_STEPS", 200)
    monkeypatch.setattr(network, "MOST_STEPS", 200)
    made = make("lorentz", 0, 500)
    for name in ("one", "two"):
        fit_made(made, "mlp", seed=3).save(tmp_path / name)
    for file in ("generators.npz", "summary.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_torch_function_is_asked_directly(rng):
    x = rng.standard_normal((500, 3))
    found = symdisc.fit(x, function=lambda p: p * (p**2).sum(dim=1, keepdim=True))
    assert (found.method, found.certified_dimension, found.algebra["name"]) == ("function", 3, "so(3)")
    assert found.defect_upper.max() < 1e-4
    network = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(torch.from_numpy(rng.standard_normal(weights.shape)))
    assert symdisc.fit(x.astype(np.float32), function=network).verdict is Verdict.NONE
    tested = symdisc.test(x, function=lambda p: (p**2).sum(dim=1), generators=make("vectors-so3").generators)
    assert tested.verdict is Verdict.SYMMETRIC
    # A broken one, by hand: rows of x -> x0^2 + 2 x1^2 under the turn of (0, 1) are 2 x0 x1 in size.
    broken = symdisc.test(
        x, function=lambda p: p[:, 0] ** 2 + 2 * p[:, 1] ** 2, generators=[[[0, 1, 0], [-1, 0, 0], [0, 0, 0]]]
    )
    assert broken.verdict is Verdict.NONE


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda p: p.sum(), "return"),
        (lambda p: p.detach()[:, 0], "gradient"),
    ],
)
def test_a_function_that_will_not_do_is_refused(function, words, rng):
    with pytest.raises(InputError, match=words):
        symdisc.fit(rng.standard_normal((200, 2)), function=function)


def test_more_columns_than_a_model_could_serve(rng):
    x = rng.standard_normal((1000, 20))
    found = symdisc.fit(x, function=lambda p: torch.tanh((p[:, :3] ** 2).sum(dim=1)))
    assert (found.certified_dimension, found.unused_dimension, found.algebra["name"]) == (3, 340, "so(3)")
    assert fit(x, x[:, 0]).verdict is Verdict.INCONCLUSIVE


def test_a_function_takes_the_place_of_y(rng):
    with pytest.raises(InputError, match="place of y"):
        symdisc.fit(rng.standard_normal((200, 2)), np.ones(200), function=lambda p: p[:, 0])


def test_a_map_with_a_centre_of_its_own_moves_y_as_x():
    x = np.random.default_rng(0).standard_normal((3000, 2)) + 1
    centre, turn = np.array([1.5, 0.5]), np.array([[0.0, -1.0], [1.0, 0.0]])
    away = x - centre
    square = (away**2).sum(axis=1, keepdims=True)
    y = centre + (0.5 - 0.3 * square) * away + 0.7 * square * (away @ turn.T)
    found = fit(x, y, output_action="same", candidates="affine")
    assert found.certified_dimension == 1
    assert [(block.role, block.stop - block.start) for block in found.blocks] == [("homogeneous", 3), ("output", 3)]
    one = found.generators[0]
    assert np.allclose(one[:3, :3], one[3:, 3:])
    assert np.allclose(one[:2, :2] / one[1, 0], turn, atol=0.02)
    assert np.allclose(one[:2, :2] @ centre + one[:2, 2], 0, atol=0.02)
    data = from_arrays(x, y, kind="labelled")
    moved = Transform(found, data, "generators").on_output(y, np.array([0.4]))
    assert np.allclose(moved, (np.column_stack([y, np.ones(3000)]) @ expm(0.4 * one[3:, 3:]).T)[:, :2])
    tested = symdisc.test(x, y, kind="labelled", generators=found, options={"function.model": "polynomial"})
    assert tested.verdict is Verdict.SYMMETRIC
