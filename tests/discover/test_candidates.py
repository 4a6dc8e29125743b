"""Candidate spaces: dimensions by hand, and every space against the null space of its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import null_space

from symdisc.discover.candidates import candidates
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
    ],
)
def test_errors_are_one_clear_line(spec, message):
    with pytest.raises(InputError, match=message) as caught:
        candidates(spec, 6, load_mask)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("--candidates")


def test_mask_needs_a_reader():
    with pytest.raises(InputError, match="name the file"):
        candidates("mask:file.npy", 6)
