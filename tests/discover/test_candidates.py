"""Candidate spaces: dimensions by hand, and every space against the null space of its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import null_space

from symdisc.data import from_arrays
from symdisc.discover.candidates import candidates, candidates_of, check_rank, is_grid, low_rank
from symdisc.errors import InputError

MASK = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]])


def load_mask(name):
    return {"band": MASK, "wrong": np.ones((2, 3))}[name]


@pytest.mark.parametrize(
    ("spec", "d", "dimension"),
    [
        ("linear", 1, 1),
        ("linear", 5, 25),
        ("affine", 3, 9 + 3),
        ("antisymmetric", 2, 1),
        ("antisymmetric", 7, 21),
        ("traceless", 4, 15),
        ("traceless+antisymmetric", 4, 6),
        ("affine+antisymmetric", 3, 3 + 3),
        ("affine+traceless", 3, 8 + 3),
        ("shared:2", 6, 4),
        ("shared:6", 6, 36),
        ("shared:1", 6, 1),
        ("antisymmetric+shared:3", 9, 3),
        ("antisymmetric+shared:2", 6, 1),
        ("traceless+shared:2", 6, 3),
        ("affine+shared:2", 6, 4 + 2),
        ("affine+antisymmetric+shared:3", 6, 3 + 3),
        ("blocks:2,3", 5, 4 + 9),
        ("blocks:1,1,1", 3, 3),
        ("blocks:5", 5, 25),
        ("antisymmetric+blocks:2,3", 5, 1 + 3),
        ("traceless+blocks:2,3", 5, 12),
        ("affine+blocks:2,3", 5, 13 + 5),
        ("shared:2+blocks:4,2", 6, 4),
        ("mask:band", 4, 8),
        ("mask:band+traceless", 4, 7),
        ("mask:band+blocks:2,2", 4, 6),
        (" linear + antisymmetric ", 4, 6),
    ],
)
def test_dimension_by_hand(spec, d, dimension):
    space = candidates(spec, d, load_mask)
    assert space.dimension == dimension
    assert space.affine == ("affine" in spec)
    assert space.size == d + space.affine
    assert space.to_dict() == {"space": spec, "dimension": dimension}


def constraints(word, d, m):
    """(c, m m): linear conditions of one space, from its definition on the entries of L."""

    def entry(i, j):
        row = np.zeros((m, m))
        row[i, j] = 1.0
        return row

    rows = [entry(d, j) for j in range(m)] if m > d else []
    head, _, argument = word.partition(":")
    if head == "antisymmetric":
        rows += [entry(i, j) + entry(j, i) for i in range(d) for j in range(d)]
    elif head == "traceless":
        rows.append(sum(entry(i, i) for i in range(d)))
    elif head == "mask":
        rows += [entry(i, j) for i, j in zip(*np.nonzero(MASK == 0), strict=True)]
    elif head in ("blocks", "shared"):
        sizes = [int(x) for x in argument.split(",")]
        sizes = sizes * (d // sizes[0]) if head == "shared" else sizes
        block = np.repeat(np.arange(len(sizes)), sizes)
        rows += [entry(i, j) for i in range(d) for j in range(d) if block[i] != block[j]]
        if head == "shared":
            size = sizes[0]
            for i in range(d):
                for j in range(i - i % size, i - i % size + size):
                    rows.append(entry(i, j) - entry(i % size, j % size))
                if m > d:
                    rows.append(entry(i, d) - entry(i % size, d))
    return np.array(rows).reshape(-1, m * m)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "linear",
                "affine",
                "antisymmetric",
                "traceless",
                "shared:1",
                "shared:2",
                "shared:4",
                "blocks:1,3",
                "blocks:2,2",
                "mask:band",
            ]
        ),
        min_size=1,
        max_size=4,
        unique=True,
    )
)
def test_basis_is_an_orthonormal_basis_of_the_intersection(words):
    d = 4
    m = d + ("affine" in words)
    conditions = np.concatenate([np.zeros((1, m * m)), *[constraints(word, d, m) for word in [*words, "linear"]]])
    expected = null_space(conditions)
    spec = "+".join(words)
    if expected.shape[1] == 0:
        with pytest.raises(InputError, match="no matrix satisfies all"):
            candidates(spec, d, load_mask)
        return
    basis = candidates(spec, d, load_mask).basis.toarray()
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
    np.testing.assert_allclose(basis @ basis.T, expected @ expected.T, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_coefficients_invert_matrices(seed):
    space = candidates("affine+shared:2", 4)
    directions = np.random.default_rng(seed).standard_normal((space.dimension, 3))
    matrices = space.matrices(directions)
    assert matrices.shape == (3, 5, 5)
    np.testing.assert_allclose(space.coefficients(matrices), directions, atol=1e-12)
    # What lies outside is projected away.
    outside = matrices + np.eye(5)[4][:, None] * np.ones(5)
    np.testing.assert_allclose(space.coefficients(outside), directions, atol=1e-12)


def test_large_spaces_stay_sparse():
    space = candidates("antisymmetric", 200)
    assert space.dimension == 199 * 100
    assert space.basis.nnz == 2 * space.dimension


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("lnear", "'lnear' is not a candidate space here; known are linear"),
        ("", "'' is not a candidate space"),
        ("linear+", "'' is not a candidate space"),
        ("affine:2", "'affine:2' is not a candidate space"),
        ("antisymmetric:2", "'antisymmetric:2' is not a candidate space"),
        ("traceless:x", "'traceless:x' is not a candidate space"),
        ("shared", "say the size of a block"),
        ("shared:", "say the size of a block"),
        ("shared:5", "6 coordinates cannot be cut into blocks of 5"),
        ("shared:0", "cannot be cut into blocks of 0"),
        ("shared:-2", "cannot be cut into blocks of -2"),
        ("shared:two", "'two' is not a number"),
        ("blocks:2,3", "must add up to the 6"),
        ("blocks:7,-1", "must add up to the 6"),
        ("blocks", "whole numbers joined by commas"),
        ("blocks:2,,4", "whole numbers joined by commas"),
        ("mask", "name the file"),
        ("mask:wrong", r"wrong has shape \(2, 3\); it must be \(6, 6\)"),
        ("antisymmetric+shared:1", "no matrix satisfies all"),
        ("traceless+shared:1", "no matrix satisfies all"),
        ("local:0", "'0' is no number of steps; use 1, 2, .. or all"),
        ("local:-1", "'-1' is no number of steps"),
        ("local:1.5", "'1.5' is no number of steps"),
        ("local:", "'' is no number of steps"),
        ("locally", "'locally' is not a candidate space"),
        ("grid", "vector fields, no matrices; this method cannot search them"),
        ("grid+antisymmetric", "grid stands alone, it cannot be joined with other spaces"),
        ("linear + grid", "grid stands alone"),
        ("grid:2", "'grid:2' is not a candidate space"),
        ("lowrank:2", "this method cannot search matrices of bounded rank"),
        ("antisymmetric+lowrank", "this method cannot search matrices of bounded rank"),
    ],
)
def test_errors_are_one_clear_line(spec, message):
    with pytest.raises(InputError, match=message) as caught:
        candidates(spec, 6, load_mask, (2, 3))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("--candidates")


def test_mask_needs_a_reader():
    with pytest.raises(InputError, match="name the file"):
        candidates("mask:file.npy", 6)


# Points of a 3 x 3 grid, numbered row by row; a star marks what may act on the row's point.
STAR_3X3 = """
    **. *.. ...
    *** .*. ...
    .** ..* ...
    *.. **. *..
    .*. *** .*.
    ..* .** ..*
    ... *.. **.
    ... .*. ***
    ... ..* .**
"""
LINES_3X3 = """
    *** *.. *..
    *** .*. .*.
    *** ..* ..*
    *.. *** *..
    .*. *** .*.
    ..* *** ..*
    *.. *.. ***
    .*. .*. ***
    ..* ..* ***
"""


def drawn(picture):
    """A boolean matrix from its picture, one line a row."""
    return np.array([[mark == "*" for mark in "".join(line.split())] for line in picture.strip().splitlines()])


def support(spec, shape, periodic=None):
    space = candidates(spec, int(np.prod(shape)), None, shape, periodic)
    return np.asarray(abs(space.basis).sum(axis=1) > 0).reshape(space.size, space.size)


def fourier_derivative(p):
    """The closed form on an odd number of periodic points: (pi / p) (-1)^(i - j) / sin(pi (i - j) / p)."""
    i, j = np.indices((p, p))
    off = i != j
    d = np.zeros((p, p))
    d[off] = np.pi / p * (-1.0) ** (i - j)[off] / np.sin(np.pi * (i - j)[off] / p)
    return d


def holds(space, matrix):
    """Whether a matrix lies in a space."""
    found = space.matrices(space.coefficients(matrix[None]))[0]
    return np.allclose(found, matrix, atol=1e-12)


def test_stencil_of_a_grid_drawn_by_hand():
    np.testing.assert_array_equal(support("local", (3, 3)), drawn(STAR_3X3))
    np.testing.assert_array_equal(support("local:1", (3, 3)), drawn(STAR_3X3))
    np.testing.assert_array_equal(support("local:all", (3, 3)), drawn(LINES_3X3))
    np.testing.assert_array_equal(support("local:2", (3, 3)), drawn(LINES_3X3))
    np.testing.assert_array_equal(support("local:1", (3, 3), (True, True)), drawn(LINES_3X3))


@pytest.mark.parametrize(
    ("spec", "shape", "periodic", "dimension"),
    [
        ("local", (5,), None, 5 + 2 * 4),
        ("local:2", (5,), None, 5 + 2 * 4 + 2 * 3),
        ("local", (5,), (True,), 5 * 3),
        ("local:2", (5,), (True,), 25),
        ("local:99", (5,), None, 25),
        ("local", (1, 4), None, 4 + 2 * 3),
        ("local", (2, 3), None, 6 + 2 * 7),
        ("antisymmetric+local:1", (2, 3), None, 7),
        ("antisymmetric+local:1", (2, 3), (False, True), 3 + 2 * 3),
        ("antisymmetric+local:1", (2, 3), (True, False), 7),
        ("affine+local:1", (2, 3), None, 6 + 2 * 7 + 6),
        ("affine+antisymmetric+local", (2, 3), None, 7 + 6),
        ("traceless+local", (2, 3), None, 6 + 2 * 7 - 1),
        ("local+blocks:3,3", (2, 3), None, 2 * (3 + 2 * 2)),
        ("local+shared:3", (2, 3), None, 3 + 2 * 2),
        ("local", (4, 4), (True, True), 16 * 5),
        ("local:2", (4, 4), (True, True), 16 * 7),
        ("local:all", (4, 4), None, 16 * 7),
        ("local", (2, 2, 2), None, 8 * 4),
        ("local:all", (2, 3, 4), None, 24 * (1 + 1 + 2 + 3)),
    ],
)
def test_dimension_of_stencils_by_hand(spec, shape, periodic, dimension):
    space = candidates(spec, int(np.prod(shape)), None, shape, periodic)
    assert space.dimension == dimension
    assert space.size == np.prod(shape) + ("affine" in spec)


def test_columns_are_the_last_axis():
    """On 2 x 3, point 1 has 0, 2 beside it and 4 below; on 3 x 2 it has 0 beside it and 3 below."""
    assert np.flatnonzero(support("local", (2, 3))[1]).tolist() == [0, 1, 2, 4]
    assert np.flatnonzero(support("local", (3, 2))[1]).tolist() == [0, 1, 3]


def test_an_affine_stencil_moves_the_origin_of_every_point():
    found = support("affine+local", (2, 3))
    np.testing.assert_array_equal(found[:6, :6], support("local", (2, 3)))
    assert found[:6, 6].all()
    assert not found[6].any()


def test_fourier_derivatives_lie_in_lines_and_not_in_a_star():
    d, one = fourier_derivative(5), np.eye(5)
    place = np.diag(np.arange(5) - 2.0)
    turn = np.kron(place, d) - np.kron(d, place)
    spaces = {spec: candidates(spec, 25, None, (5, 5), (True, True)) for spec in ("local:all", "local:1")}
    for matrix in (np.kron(d, one), np.kron(one, d), turn):
        assert holds(spaces["local:all"], matrix)
        assert not holds(spaces["local:1"], matrix)


def test_central_differences_lie_in_a_star_that_wraps():
    difference = (np.roll(np.eye(5), 1, axis=1) - np.roll(np.eye(5), -1, axis=1)) / 2
    matrix = np.kron(np.eye(3), difference)
    assert holds(candidates("antisymmetric+local", 15, None, (3, 5), (False, True)), matrix)
    assert not holds(candidates("antisymmetric+local", 15, None, (3, 5), (True, False)), matrix)


def test_large_stencils_are_quick_and_sparse():
    space = candidates("antisymmetric+local", 784, None, (28, 28))
    assert space.dimension == 2 * 28 * 27
    assert space.basis.nnz == 2 * space.dimension


@pytest.mark.parametrize(
    ("shape", "periodic", "message"),
    [
        (None, None, "local: these data are not on a grid"),
        ((2, 4), None, r"shape \(2, 4\) does not hold the 6 coordinates"),
        ((2, 3), (True,), "1 values of periodic for 2 axes"),
    ],
)
def test_a_stencil_needs_a_grid_that_fits(shape, periodic, message):
    with pytest.raises(InputError, match=message):
        candidates("local", 6, None, shape, periodic)


@pytest.mark.parametrize(("spec", "grid"), [("grid", True), (" grid ", True), ("linear", False), ("mask:grid", False)])
def test_grid_is_known_by_its_word(spec, grid):
    assert is_grid(spec) is grid


def test_grid_stands_alone():
    with pytest.raises(InputError, match="antisymmetric: grid stands alone"):
        is_grid("grid + antisymmetric")


@pytest.mark.parametrize(
    ("spec", "rest", "rank"),
    [
        ("antisymmetric+lowrank:4", "antisymmetric", 4),
        ("lowrank:2 + affine + local:1", "affine+local:1", 2),
        ("lowrank:3", "linear", 3),
        ("antisymmetric + linear", "antisymmetric + linear", None),
        ("mask:lowrank:3", "mask:lowrank:3", None),
    ],
)
def test_low_rank_is_taken_out_of_the_words(spec, rest, rank):
    assert low_rank(spec) == (rest, rank)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("lowrank", "say the rank, lowrank:R"),
        ("linear+lowrank:", "say the rank"),
        ("lowrank:two", "say the rank"),
        ("lowrank:2.5", "say the rank"),
        ("lowrank:2+lowrank:3", "give lowrank once"),
    ],
)
def test_a_rank_must_be_said_once(spec, message):
    with pytest.raises(InputError, match=message):
        low_rank(spec)


def test_a_rank_must_restrict():
    check_rank(1, 6)
    check_rank(5, 6)
    for rank in (-1, 0, 6, 7):
        with pytest.raises(InputError, match=f"lowrank:{rank}: a rank lies between 1 and 5"):
            check_rank(rank, 6)


def images(shape, **given):
    x = np.random.default_rng(0).standard_normal((20, *shape))
    return from_arrays(x, 2 * x, kind="pairs", **given)


def test_a_stencil_takes_its_grid_from_the_data():
    assert candidates_of("antisymmetric+local", images((2, 3))).dimension == 7
    assert candidates_of("antisymmetric+local", images((6,))).dimension == 5
    assert candidates_of("local", images((2, 3, 4), axes="nssc")).dimension == 6 + 2 * 7
    assert candidates_of("local", images((2, 3), periodic=(False, True))).dimension == 6 + 2 * 3 + 4 * 3
    assert candidates_of("affine", images((2, 3))).size == 7


def test_components_of_a_trajectory_are_no_grid():
    x = np.random.default_rng(0).standard_normal((4, 9, 3))
    data = from_arrays(x, kind="trajectory", dt=0.1)
    assert candidates_of("antisymmetric", data).dimension == 3
    with pytest.raises(InputError, match="these data are not on a grid"):
        candidates_of("local", data)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.float32])
@pytest.mark.parametrize("kind", ["npy", "npz", "h5"])
def test_a_mask_is_read_from_any_file(tmp_path, kind, dtype):
    path, mask = tmp_path / f"mask.{kind}", MASK.astype(dtype)
    if kind == "npy":
        np.save(path, mask)
    elif kind == "npz":
        np.savez(path, mask=mask)
    else:
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            file["mask"] = mask
    space = candidates_of(f"mask:{path}", images((4,)))
    np.testing.assert_array_equal(np.asarray(space.basis.sum(axis=1)).reshape(4, 4), MASK)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((5, 5)), r"has shape \(5, 5\); it must be \(4, 4\)"),
        (np.ones((4, 5)), r"has shape \(4, 5\)"),
        (np.ones((2, 4, 4)), "holds 2 matrices; a mask is a single"),
        (np.full((4, 4), np.nan), "not finite"),
        (np.zeros((4, 4)), "no matrix satisfies all of these"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(tmp_path, mask, message):
    np.save(tmp_path / "mask.npy", mask)
    with pytest.raises(InputError, match=message) as caught:
        candidates_of(f"mask:{tmp_path / 'mask.npy'}", images((4,)))
    assert str(caught.value).startswith("--candidates")
    assert "\n" not in str(caught.value)


def test_a_mask_that_is_not_there_is_said():
    with pytest.raises(InputError, match=r"--candidates mask: .*nowhere\.npy"):
        candidates_of("mask:nowhere.npy", images((4,)))
