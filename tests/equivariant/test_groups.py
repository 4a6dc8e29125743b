"""Groups by name: what their generators preserve, and how large the finite ones are."""

from __future__ import annotations

import numpy as np
import pytest

from symdisc.algebra import analyze
from symdisc.equivariant import Group, T, equivariant_basis, group
from symdisc.errors import InputError


@pytest.mark.parametrize(
    ("name", "algebra"),
    [
        ("so(3)", "so(3)"),
        ("SO(1,3)", "so(3,1)"),
        ("su(2)", "so(3)"),
        ("SU(3)", "su(3)"),
        ("sp(4)", "so(3,2)"),
        ("SL(3)", "sl(3,R)"),
        ("gl(2,R)", "gl(2,R)"),
        ("U(2)", "u(2)"),
        ("se(3)", "e(3)"),
        ("heis(5)", "heis(5)"),
    ],
)
def test_algebras_are_what_their_names_say(name, algebra):
    assert analyze(group(name).lie).name == algebra


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("O(3)", np.eye(3)),
        ("O(1,3)", np.diag([1, -1, -1, -1])),
        ("SO(2,2)", np.diag([1, 1, -1, -1])),
        ("Sp(2)", np.kron([[0, 1], [-1, 0]], np.eye(2))),
    ],
)
def test_forms_are_preserved(name, form):
    chosen = group(name)
    for a in chosen.lie:
        np.testing.assert_array_equal(a.T @ form + form @ a, 0)
    for h in chosen.discrete:
        np.testing.assert_array_equal(h.T @ form @ h, form)


def test_special_groups_have_determinant_one_and_full_ones_do_not():
    for name in ("SO(3)", "SO(1,3)", "SO(2,2)"):
        assert all(np.linalg.det(h) == pytest.approx(1.0) for h in group(name).discrete)
    for name in ("O(3)", "O(2,0)", "O(0,2)", "GL(2)", "E(2)"):
        assert any(np.linalg.det(h) == pytest.approx(-1.0) for h in group(name).discrete)


@pytest.mark.parametrize(("name", "order"), [("S(4)", 24), ("A(5)", 60), ("Z(6)", 6), ("D(5)", 10), ("S(1)", 1)])
def test_orders_of_finite_groups(name, order):
    found = {np.eye(group(name).d).round(6).tobytes(): np.eye(group(name).d)}
    queue = list(found.values())
    while queue:
        g = queue.pop()
        for h in group(name).discrete:
            product = h @ g
            key = (product.round(6) + 0.0).tobytes()
            if key not in found:
                found[key] = product
                queue.append(product)
    assert len(found) == order


def test_rubiks_cube_has_its_order():
    combinatorics = pytest.importorskip("sympy.combinatorics")
    rows = group("Rubik").discrete.argmax(axis=2)
    found = combinatorics.PermutationGroup([combinatorics.Permutation(row.tolist()) for row in rows])
    assert found.order() == 43252003274489856000


def test_rubiks_cube_tells_stickers_of_one_cubie_apart():
    """Pairs of corner stickers: the same, next on one cubie either way round, on another; of edge stickers three."""
    assert equivariant_basis("Rubik", T(1)).rank == 2
    assert equivariant_basis("Rubik", T(2)).rank == 4 + 3 + 2


def test_products_act_side_by_side():
    both = group("SO(3) x S(5)")
    assert (both.d, len(both.lie), len(both.discrete), both.sizes) == (8, 3, 2, (3, 5))
    basis = equivariant_basis(both, "V1*V2 -> V1*V2")
    assert basis.rank == 2
    assert basis.dense().shape == (225, 2)
    assert equivariant_basis(both, "V1 -> V2").rank == 0
    assert (group("SO(3)") * group("S(5)")).digest() == both.digest()


def test_permutations_as_index_arrays():
    row = np.array([[1, 2, 0]])
    np.testing.assert_array_equal(Group(discrete=row).discrete[0] @ [10.0, 20.0, 30.0], [20.0, 30.0, 10.0])
    assert equivariant_basis(group("so(3)", discrete=[[1, 0, 2]]), T(3)).rank == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: group("sox(3)"), "no group named"),
        (lambda: group("SO(3,1,1)"), "with whole numbers"),
        (lambda: group("SO(0)"), "sizes are"),
        (lambda: group("SO(1000)"), "sizes are"),
        (lambda: Group(), "needs generators"),
        (lambda: Group(np.ones((2, 3))), "shape"),
        (lambda: Group(np.full((2, 2), np.nan)), "index"),
        (lambda: Group(discrete=np.zeros((1, 2, 2))), "singular"),
        (lambda: Group(discrete=np.array([[0, 0, 1]])), "permutation"),
        (lambda: Group(np.zeros((1, 2, 2)), np.eye(3)[None]), "must act on the same"),
        (lambda: Group(np.zeros((0, 0, 0))), "at least one coordinate"),
    ],
)
def test_what_is_no_group_is_said(make, words):
    with pytest.raises(InputError) as error:
        make()
    assert words in str(error.value)
