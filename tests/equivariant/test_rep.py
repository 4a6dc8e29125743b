"""Representations: algebra, text, and matrices against Kronecker products written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symdisc.equivariant import Block, Group, Scalar, T, V, equivariant_basis, group, parse_rep
from symdisc.errors import InputError

ROTATION = group("SO(3)")
BOTH = group("so(3) x S(2)")


def test_they_compose_and_print_as_mathematics():
    assert str(4 * V + Scalar >> V * V) == "4V ⊕ R → V²"
    assert str(T(2, 1)) == "V²⊗V*"
    assert str((V + Scalar) * V.T) == "(V ⊕ R)⊗V*"
    assert str(V.T**3) == "(V*)³"
    assert str(V[1] * V[2].T) == "V₁⊗V₂*"
    assert str(Scalar) == "R"


def test_equal_ones_compare_equal():
    assert V * V == V**2 == T(2)
    assert Scalar * V == V
    assert V + V == 2 * V == V * 2
    assert sum([V, V, Scalar]) == 2 * V + Scalar
    assert V.T.T == V
    assert V.T * V + Scalar == (V * V.T + Scalar).T
    assert Scalar == V**0
    assert V + Scalar != Scalar + V


reps = st.recursive(
    st.sampled_from([V, V.T, Scalar, V[1], V[2].T, T(2), T(1, 1)]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        st.tuples(st.integers(1, 3), inner).map(lambda pair: pair[0] * pair[1]),
        inner.map(lambda rep: rep.T),
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=40)
@given(reps, reps)
def test_text_is_read_back(one, two):
    assert parse_rep(one.text) == one
    assert parse_rep((one >> two).text) == (one >> two)
    assert one.size(BOTH) * two.size(BOTH) == (one >> two).size(BOTH)


@settings(deadline=None, max_examples=40)
@given(reps)
def test_matrix_free_is_the_matrix_and_the_matrix_is_a_representation(rep):
    m = rep.size(BOTH)
    if m > 300:
        return
    rng = np.random.default_rng(0)
    g, h = BOTH.sample(rng, 0.3), BOTH.sample(rng, 0.3)
    a, w = BOTH.lie[0], rng.standard_normal((m, 2))
    np.testing.assert_allclose(rep.rho(BOTH, g @ h), rep.rho(BOTH, g) @ rep.rho(BOTH, h), atol=1e-9)
    np.testing.assert_allclose(rep.apply_rho(BOTH, g, w), rep.rho(BOTH, g) @ w, atol=1e-9)
    np.testing.assert_allclose(rep.apply_drho(BOTH, a, w), rep.drho(BOTH, a) @ w, atol=1e-9)
    step = (rep.rho(BOTH, np.eye(5) + 1e-6 * a) - rep.rho(BOTH, np.eye(5) - 1e-6 * a)) / 2e-6
    np.testing.assert_allclose(step, rep.drho(BOTH, a), atol=1e-7)


def test_rho_written_out():
    g = ROTATION.sample(np.random.default_rng(1)) @ np.diag([1.0, 2.0, 0.5])
    dual = np.linalg.inv(g).T
    np.testing.assert_allclose((V * V.T).rho(ROTATION, g), np.kron(g, dual), atol=1e-12)
    wanted = np.zeros((10, 10))
    wanted[:9, :9], wanted[9, 9] = np.kron(g, dual), 1.0
    np.testing.assert_allclose((V * V.T + Scalar).rho(ROTATION, g), wanted, atol=1e-12)
    # (V + Scalar) * V: the first factor is the slow index.
    blocks = np.zeros((4, 4))
    blocks[:3, :3], blocks[3, 3] = g, 1.0
    np.testing.assert_allclose(((V + Scalar) * V).rho(ROTATION, g), np.kron(blocks, g), atol=1e-12)


def test_maps_are_out_by_in_row_by_row():
    basis = equivariant_basis("SO(3)", V + Scalar >> V)
    (matrix,) = basis.matrices()
    assert matrix.shape == (3, 4)
    np.testing.assert_allclose(np.abs(matrix), np.eye(3, 4) / np.sqrt(3), atol=1e-12)
    np.testing.assert_allclose(basis.dense()[:, 0], matrix.ravel())
    w = np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_allclose(basis.project(w), np.trace(w[:, :3]) / 3 * np.eye(3, 4), atol=1e-12)


def test_blocks_of_one_group_are_letters():
    a = group("so(2)").lie[0]
    lie = np.zeros((1, 5, 5))
    lie[0, :2, :2], lie[0, 3:, 3:] = a, 2 * a
    chosen = Group(lie, blocks=[Block("space", 0, 2), Block("extra", 2, 3), Block("output", 3, 5)], noise=0.0)
    assert (V[3] * V[1]).size(chosen) == 4
    assert equivariant_basis(chosen, "V1 -> V3").rank == 0
    assert equivariant_basis(chosen, "V1*V1 -> V3").rank == 2
    assert equivariant_basis(chosen, "V -> V").rank == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("V*", "at its end"),
        ("", "at its end"),
        ("V ->", "at its end"),
        ("W + V", "at 'W + V'"),
        ("V -> V -> V", "one ->"),
        ("V V", "expected an operator"),
        ("0*V", "number of copies"),
        ("V0", "counted from V1"),
        ("T(2", "expected )"),
        ("V**99", "at most 64"),
        ("V.T2", "at '.T2'"),
    ],
)
def test_what_cannot_be_read_is_said(text, words):
    with pytest.raises(InputError) as error:
        parse_rep(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_block_that_is_not_there():
    with pytest.raises(InputError, match="V1 to V1"):
        equivariant_basis("SO(3)", "V2 -> V")
