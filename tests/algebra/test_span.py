"""Rank, orthonormal basis and principal angles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_algebras import KNOWN, disguised
from matrices import pseudo_orthogonal, special_linear

from symdisc.algebra import principal_angles, span, structure_constants
from symdisc.errors import InputError


@pytest.mark.parametrize("noise", [0, 1e-8, 1e-4, 1e-2])
@pytest.mark.parametrize("name", ["so(3)", "so(4)", "e(3)", "sl(3,R)", "heis(5)", "R^3 diagonal", "R as so(2)"])
def test_redundant_matrices_are_counted_once(name, noise):
    for seed in range(5):
        generators = disguised(name, np.random.default_rng(seed), noise, 3, extra=6)
        assert len(span(generators).basis) == len(KNOWN[name].generators)


def test_orthonormal_matrices_are_returned_as_given():
    basis = pseudo_orthogonal(4) / np.sqrt(2)
    np.testing.assert_allclose(span(basis).basis, basis, atol=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.floats(1e-150, 1e150))
def test_independent_matrices_keep_their_span_at_any_scale(seed, k, scale):
    generators = np.random.default_rng(seed).standard_normal((k, 4, 4))
    found = span(scale * generators)
    flat = found.basis.reshape(len(found.basis), 16)
    np.testing.assert_allclose(flat @ flat.T, np.eye(k), atol=1e-12)
    given_rows = generators.reshape(k, 16)
    np.testing.assert_allclose(given_rows @ flat.T @ flat, given_rows, atol=1e-10)


def test_known_angles():
    unit = np.eye(4).reshape(4, 2, 2)
    turned = np.array([unit[0], np.cos(0.3) * unit[1] + np.sin(0.3) * unit[2]])
    np.testing.assert_allclose(principal_angles(unit[:2], turned), [0, np.degrees(0.3)], atol=1e-12)
    np.testing.assert_allclose(principal_angles(unit[:2], unit[2:]), [90, 90])
    assert len(principal_angles(unit[:3], turned)) == 2


@pytest.mark.parametrize("degrees", [1e-10, 1e-4, 1, 89.9])
def test_angles_are_accurate_from_tiny_to_right(degrees):
    unit = np.eye(9).reshape(9, 3, 3)
    t = np.radians(degrees)
    moved = np.array([np.cos(t) * unit[0] + np.sin(t) * unit[5], 7 * unit[1]])
    assert principal_angles(unit[:2], moved)[-1] == pytest.approx(degrees, rel=1e-5)


def test_angles_do_not_depend_on_the_basis():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3, 5, 5))
    mixed = np.tensordot(rng.standard_normal((3, 3)), a, axes=1)
    np.testing.assert_allclose(principal_angles(a, b), principal_angles(mixed, b), rtol=1e-9)


def test_an_empty_span_has_no_angles():
    assert principal_angles(np.zeros((0, 3, 3)), pseudo_orthogonal(3)).shape == (0,)


@pytest.mark.parametrize("generators", [special_linear(3), pseudo_orthogonal(3) * [[[2]], [[3]], [[0.5]]]])
def test_structure_constants_in_the_basis_given(generators):
    c = structure_constants(generators)
    for i, a in enumerate(generators):
        for j, b in enumerate(generators):
            np.testing.assert_allclose(np.tensordot(c[i, j], generators, axes=1), a @ b - b @ a, atol=1e-12)


@pytest.mark.parametrize(
    ("generators", "words"),
    [
        (np.zeros((2, 3, 4)), "shape"),
        (np.zeros(3), "shape"),
        (np.full((1, 2, 2), np.nan), "index"),
        (np.zeros((1, 2, 2), dtype=complex), "real"),
        (np.array([[["a", "b"], ["c", "d"]]]), "real"),
    ],
)
def test_unusable_matrices_are_refused(generators, words):
    with pytest.raises(InputError, match=words):
        span(generators)


def test_angles_between_sizes_are_refused():
    with pytest.raises(InputError, match="size 3 and 4"):
        principal_angles(pseudo_orthogonal(3), pseudo_orthogonal(4))
