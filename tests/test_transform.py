"""exp(sum t_i L_i) against hand cases and scipy.linalg.expm, route by route."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import symdisc
from symdisc.errors import InputError
from symdisc.factored import FactoredRotations
from symdisc.problems import make
from symdisc.symmetry import Block, Symmetry, Verdict
from symdisc.transform import Transform, exponential_action, matrix_exponential

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
SE2 = np.zeros((3, 3, 3))  # d/dx, d/dy, rotation, on (x, y, 1)
SE2[0, 0, 2] = SE2[1, 1, 2] = SE2[2, 1, 0] = 1.0
SE2[2, 0, 1] = -1.0


def reference(generators, t, x):
    """One dense exponential a sample, by scipy."""
    return np.stack(
        [scipy.linalg.expm(np.tensordot(row, generators, 1)) @ part for row, part in zip(t, x, strict=True)]
    )


def result(generators, role, canonical=None, extra=()):
    """A `Symmetry` with one block that acts on x, and perhaps others."""
    k, m, _ = generators.shape
    return Symmetry(
        generators,
        "made",
        "samples",
        Verdict.SYMMETRIC,
        "",
        (Block(role, 0, m - sum(size for _, size in extra)), *_after(m, extra)),
        np.zeros(k),
        np.zeros(k),
        ("certified",) * k,
        ("learned",) * k,
        k,
        k,
        canonical=canonical,
    )


def _after(m, extra):
    return tuple(Block(role, m - size, m) for role, size in extra)


# --- hand cases


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


# --- the verb


def test_apply_keeps_axes_and_precision():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 2, 7, 5))  # channel, space, sample, space
    generators = rng.standard_normal((2, 10, 10)) / 3
    t = rng.standard_normal((7, 2))
    for dtype, kept in ((">f8", "f8"), ("f4", "f4"), ("f2", "f4")):
        moved = symdisc.apply(generators, x.astype(dtype), t, axes="csns")
        assert moved.shape == x.shape
        assert moved.dtype == np.dtype(kept)
    moved = symdisc.apply(generators, x, t, axes="csns")
    for n in range(7):
        flat = x[:, :, n].reshape(3, 10).T
        truth = scipy.linalg.expm(np.tensordot(t[n], generators, 1)) @ flat
        np.testing.assert_allclose(moved[:, :, n].reshape(3, 10).T, truth, atol=1e-12)


def test_components_of_fields_and_trajectories_turn():
    rng = np.random.default_rng(0)
    for kind, shape in (("trajectory", (4, 6, 2)), ("field", (3, 6, 5, 4, 2))):
        x = rng.standard_normal(shape)
        np.testing.assert_allclose(symdisc.apply(TURN, x, np.pi / 2, kind=kind), x @ TURN.T, atol=1e-14)
    q = rng.standard_normal((2, 6, 4))
    np.testing.assert_allclose(
        symdisc.apply(result(TURN[None], "internal"), q, np.pi, kind="trajectory", axes="vtn"), -q, atol=1e-14
    )


def test_points_are_moved_by_homogeneous_generators():
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    for given_ in (SE2, result(SE2, "homogeneous")):
        assert symdisc.apply(given_, points, [1.0, -1.0, 0.0]).tolist() == [[2.0, 1.0], [4.0, 3.0]]


def test_images_are_moved_by_pixel_coordinates():
    images = np.random.default_rng(0).standard_normal((3, 6, 6))
    turn = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    for given_ in (turn, result(turn, "homogeneous")):
        turned = symdisc.apply(given_, images, np.pi / 2, axes="nss")
        # (row, column) = (1, 0) from the centre goes to (0, 1): down becomes right.
        np.testing.assert_allclose(turned, np.rot90(images, axes=(1, 2)), atol=1e-12)
    down = np.zeros((1, 3, 3))
    down[0, 0, 2] = 1.0
    dark = np.pad(images[:, 1:5, 1:5], ((0, 0), (1, 1), (1, 1))).astype(np.float32)
    moved = symdisc.apply(down, dark, np.array([[0.0], [1.0], [-1.0]]), axes="nss")
    assert moved.dtype == np.float32
    for image, before, shift in zip(moved, dark, (0, 1, -1), strict=True):
        np.testing.assert_allclose(image, np.roll(before, shift, 0), atol=1e-5)
    with pytest.raises(InputError, match="points of 2 dimensions"):
        symdisc.apply(SE2, np.zeros((2, 5)), [0.0, 0.0, 0.1])


def test_an_image_moves_alike_in_whatever_company():
    """Whether what flows in is dark or mirrored is decided for each image by itself."""
    rng = np.random.default_rng(1)
    dark, bright = np.pad(rng.uniform(size=(1, 6, 6)), ((0, 0), (2, 2), (2, 2))), 2 + rng.uniform(size=(1, 10, 10))
    t = [0.2, -0.7, 0.3]
    together = symdisc.apply(SE2, np.concatenate([dark, bright]), t, axes="nss")
    np.testing.assert_array_equal(together[0], symdisc.apply(SE2, dark, t, axes="nss")[0])
    np.testing.assert_array_equal(together[1], symdisc.apply(SE2, bright, t, axes="nss")[0])
    assert together[1].min() > 1


def test_the_basis_says_what_t_means():
    found = result(TURN[None] / np.sqrt(2), "space", canonical=TURN[None])
    x = np.array([[1.0, 0.0]])
    np.testing.assert_allclose(symdisc.apply(found, x, np.pi / 2), [[0, 1]], atol=1e-15)
    turned = symdisc.apply(found, x, np.pi / 2, basis="generators")
    np.testing.assert_allclose(turned, [[np.cos(np.pi / 8**0.5), np.sin(np.pi / 8**0.5)]], atol=1e-15)
    with pytest.raises(InputError, match="--basis generators"):
        symdisc.apply(result(TURN[None], "space"), x, 1.0, basis="canonical")


def test_labels_move_with_the_block_that_acts_on_them():
    from symdisc.data import from_arrays

    both = np.zeros((1, 4, 4))
    both[0, :2, :2], both[0, 2:, 2:] = TURN, 2 * TURN
    x, y = np.ones((3, 2)), np.array([[1.0, 0.0]] * 3)
    data = from_arrays(x, y, kind="labelled")
    transform = Transform(result(both, "space", extra=[("output", 2)]), data)
    np.testing.assert_allclose(transform.on_output(y, np.array([np.pi / 4])), [[0.0, 1.0]] * 3, atol=1e-15)


@pytest.mark.parametrize(
    ("generators", "t", "words"),
    [
        (TURN, [1.0, 2.0], "k = 1"),
        (TURN, np.nan, "finite"),
        (TURN, [[1.0]] * 3, "2 samples"),
        (np.eye(3), 1.0, "3 x 3 matrices"),
        (np.zeros((0, 2, 2)), 1.0, "k = 0"),
        (np.zeros((2, 3)), 1.0, "square"),
        (np.full((2, 2), np.inf), 1.0, "infinite"),
        (result(TURN[None], "internal"), 1.0, "acts on internal"),
    ],
)
def test_what_does_not_fit_is_said(generators, t, words):
    with pytest.raises(InputError, match=words):
        symdisc.apply(generators, np.ones((2, 2)), t)


def test_chunks_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    generators, t, x = (
        rng.standard_normal((3, 20, 20)) / 5,
        rng.standard_normal((300, 3)),
        rng.standard_normal((300, 20)),
    )
    whole = symdisc.apply(generators, x, t)
    monkeypatch.setattr("symdisc.data.dataset.CHUNK_BYTES", 4000)
    monkeypatch.setattr("symdisc.transform.BLOCK_ITEMS", 700)
    np.testing.assert_allclose(symdisc.apply(generators, x, t), whole, atol=1e-13)
