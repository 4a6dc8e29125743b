"""What a result does to data: axes, precision, roles of blocks, images."""

import numpy as np
import pytest
import scipy.linalg

import symdisc
from symdisc.errors import InputError
from symdisc.symmetry import Block, Symmetry, Verdict
from symdisc.transform import Transform

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
SE2 = np.zeros((3, 3, 3))  # d/dx, d/dy, rotation, on (x, y, 1)
SE2[0, 0, 2] = SE2[1, 1, 2] = SE2[2, 1, 0] = 1.0
SE2[2, 0, 1] = -1.0


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
    monkeypatch.setattr("symdisc.exponential.BLOCK_ITEMS", 700)
    np.testing.assert_allclose(symdisc.apply(generators, x, t), whole, atol=1e-13)
