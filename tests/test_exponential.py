"""exp(A) and its action on samples against hand cases and scipy.linalg.expm, route by route."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from symdisc.errors import InputError
from symdisc.exponential import exponential_action, matrix_exponential
from symdisc.factored import FactoredRotations
from symdisc.problems import make

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
SE2 = np.zeros((3, 3, 3))  # d/dx, d/dy, rotation, on (x, y, 1)
SE2[0, 0, 2] = SE2[1, 1, 2] = SE2[2, 1, 0] = 1.0
SE2[2, 0, 1] = -1.0


def reference(generators, t, x):
    """One dense exponential a sample, by scipy."""
    return np.stack(
        [scipy.linalg.expm(np.tensordot(row, generators, 1)) @ part for row, part in zip(t, x, strict=True)]
    )


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, np.pi / 2, 40.0])
def test_a_turn_is_a_turn(angle):
    x = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    moved = exponential_action(TURN[None], np.array([angle]), x)
    c, s = np.cos(angle), np.sin(angle)
    np.testing.assert_allclose(moved[0], [[c, -s], [s, c]], atol=1e-13)


def test_translations_are_exact_and_turns_with_them_go_about_their_centre():
    points = np.array([[1.0, 2.0], [3.0, -4.0]])[:, :, None]
    moved = exponential_action(SE2, np.array([[0.25, -8.0, 0.0], [1e6, 1.0, 0.0]]), points, homogeneous=True)
    assert moved[:, :, 0].tolist() == [[1.25, -6.0], [1000003.0, -3.0]]
    # Half a turn about (a, b) is p -> 2 (a, b) - p; its generator is the rotation less its value at the centre.
    a, b = 1e5, -3e4
    half = exponential_action(SE2, np.pi * np.array([b, -a, 1.0]), points, homogeneous=True)
    np.testing.assert_allclose(half[:, :, 0], 2 * np.array([a, b]) - points[:, :, 0], rtol=1e-13)


def test_nilpotent_and_diagonal_matrices():
    step = np.diag([1.0, 1.0, 1.0], 1) * 1e4
    powers = np.eye(4) + step + step @ step / 2 + step @ step @ step / 6
    np.testing.assert_allclose(matrix_exponential(step[None])[0], powers, rtol=1e-14)
    for values in ([-300.0, -20.0, 0.0, 5.0], [700.0, 1.0, -1.0, -700.0]):
        np.testing.assert_allclose(matrix_exponential(np.diag(values)[None])[0], np.diag(np.exp(values)), rtol=1e-12)
    shrunk = exponential_action(-np.eye(40)[None], np.array([[3.0], [30.0]]), np.ones((2, 40, 1)))
    np.testing.assert_allclose(shrunk[:, :, 0], np.exp([[-3.0], [-30.0]]) * np.ones((1, 40)), rtol=1e-14)


# --- against scipy


@pytest.mark.parametrize(
    ("k", "d", "m", "size"),
    [
        (1, 1, 1, 3.0),
        (3, 4, 2, 1.0),
        (2, 16, 1, 2.0),  # the last size of one exponential a sample
        (2, 17, 1, 2.0),  # the first of the series by products
        (1, 49, 3, 6.0),
        (20, 18, 2, 0.5),  # many generators: a matrix a sample
    ],
)
@pytest.mark.parametrize("rotation", [True, False])
def test_every_route_agrees_with_scipy(k, d, m, size, rotation):
    rng = np.random.default_rng([k, d])
    generators = rng.standard_normal((k, d, d)) / np.sqrt(d)
    if rotation:
        generators = generators - generators.transpose(0, 2, 1)
    t, x = size * rng.uniform(-1, 1, (30, k)), rng.standard_normal((30, d, m))
    t[0] = 0
    truth = reference(generators, t, x)
    scale = np.abs(truth).max(axis=(1, 2), keepdims=True)
    assert np.abs((exponential_action(generators, t, x) - truth) / scale).max() < 1e-12
    common = exponential_action(generators, t[1], x)
    np.testing.assert_allclose(
        common, reference(generators, np.tile(t[1], (30, 1)), x), atol=1e-12 * np.abs(common).max()
    )
    single = exponential_action(generators, t[1], x[:1])
    np.testing.assert_allclose(single, common[:1], atol=1e-12 * np.abs(common).max())


@pytest.mark.parametrize("sign", [-1, 1])
def test_one_symmetric_or_antisymmetric_generator_with_equal_eigenvalues(sign):
    """Equal and vanishing eigenvalues leave the eigenvectors open, not the answer; a little off, another route."""
    rng = np.random.default_rng(0)
    block = rng.standard_normal((6, 6))
    generator = np.kron(np.diag([1.0, 1.0, 2.0, 0.0]), block + sign * block.T)[None]
    t, x = rng.uniform(-1, 1, (20, 1)), rng.standard_normal((20, 24, 2))
    for changed in (generator, generator + 1e-13 * rng.standard_normal((24, 24))):
        truth = reference(changed, t, x)
        moved = exponential_action(changed, t, x)
        assert np.abs((moved - truth) / np.abs(truth).max(axis=(1, 2), keepdims=True)).max() < 1e-12
    if sign > 0:
        with pytest.raises(InputError, match="smaller t"):
            exponential_action(generator, 1e4 * t, x)


def test_large_and_small_samples_side_by_side_both_keep_their_digits():
    rng = np.random.default_rng(0)
    generators = rng.standard_normal((2, 24, 24)) / 5
    t, x = rng.standard_normal((40, 2)), rng.standard_normal((40, 24, 2)) * 10.0 ** rng.integers(-12, 12, (40, 1, 2))
    truth = reference(generators, t, x)
    assert (
        np.abs((exponential_action(generators, t, x) - truth) / np.abs(truth).max(axis=1, keepdims=True)).max() < 1e-12
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 6))
def test_blocks_of_copies_take_another_route_to_the_same_answer(seed, k, d):
    """L on d dimensions and 1 (x) L on 24 d: a matrix exponential against the series; and p(t) p(-t) = 1."""
    rng = np.random.default_rng(seed)
    generators = rng.standard_normal((k, d, d))
    copies = np.stack([np.kron(np.eye(24), generator) for generator in generators])
    t, x = rng.standard_normal((5, k)), rng.standard_normal((5, 24 * d, 1))
    small = exponential_action(generators, t, x.reshape(5, 24, d).transpose(0, 2, 1))
    large = exponential_action(copies, t, x).reshape(5, 24, d).transpose(0, 2, 1)
    np.testing.assert_allclose(large, small, atol=1e-12 * np.abs(small).max(), rtol=0)
    back = exponential_action(generators, -t, small).transpose(0, 2, 1).reshape(x.shape)
    growth = np.abs(small).max() * np.exp(np.abs(t) @ np.linalg.norm(generators, axis=(1, 2))).max()
    np.testing.assert_allclose(back, x, atol=1e-13 * growth)


@pytest.mark.parametrize("r", [5, 20])
def test_factored_rotations_act_as_their_dense_stack_and_keep_the_covariance(r):
    rng = np.random.default_rng(r)
    vectors = np.linalg.qr(rng.standard_normal((24, 24)))[0][:, :r]
    factored = FactoredRotations(np.geomspace(0.01, 10, r), vectors)
    t, x = rng.standard_normal((12, len(factored))) / r, rng.standard_normal((12, 24, 2))
    truth = reference(factored.dense(), t, x)
    np.testing.assert_allclose(exponential_action(factored, t, x), truth, atol=1e-12 * np.abs(truth).max())
    g = exponential_action(factored, 9 * t[0], np.eye(24)[None])[0]
    h = vectors * factored.eigenvalues @ vectors.T
    np.testing.assert_allclose(g @ h @ g.T, h, atol=1e-11)


@pytest.mark.parametrize("name", ["vectors-se2", "vectors-so13", "vectors-heis3"])
def test_pairs_of_a_problem_are_what_its_generators_make(name):
    made = make(name, samples=50)
    moved = exponential_action(
        made.generators, made.arrays["t"], made.arrays["x"], homogeneous=made.blocks[0].role == "homogeneous"
    )
    np.testing.assert_allclose(moved, made.arrays["y"], atol=1e-11)


def test_single_precision_stays_single_and_is_right_to_its_rounding():
    rng = np.random.default_rng(0)
    for d in (5, 30):
        generators, t, x = (
            rng.standard_normal((2, d, d)) / d,
            rng.standard_normal((20, 2)),
            rng.standard_normal((20, d, 1)),
        )
        single = exponential_action(generators, t, x.astype(np.float32))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, reference(generators, t, x), atol=3e-5)


def test_inputs_are_left_alone_and_answers_do_not_vary():
    rng = np.random.default_rng(0)
    generators, t, x = rng.standard_normal((2, 20, 20)), rng.standard_normal((9, 2)), rng.standard_normal((9, 20, 1))
    copies = generators.copy(), t.copy(), x.copy()
    first, second = exponential_action(generators, t, x), exponential_action(generators, t, x)
    assert (first == second).all()
    assert all((one == two).all() for one, two in zip((generators, t, x), copies, strict=True))


@pytest.mark.parametrize("d", [3, 30])
def test_what_overflows_is_refused(d):
    for t in ([[800.0], [1.0]], [1e8], [[1e300], [0.0]]):
        with pytest.raises(InputError, match="smaller t"):
            exponential_action(np.eye(d)[None] + np.eye(d, k=1), np.array(t), np.ones((2, d, 1)))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="k = 1"):
        exponential_action(TURN[None], np.zeros((3, 2)), np.zeros((3, 2, 1)))
    with pytest.raises(InputError, match="dimension 3"):
        exponential_action(TURN[None], np.zeros((3, 1)), np.zeros((3, 3, 1)))
