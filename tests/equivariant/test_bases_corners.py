"""Corners of representations, groups, bases and their solvers: refusals, nothing at all, and everything at once."""

import numpy as np
import pytest

from symdisc.equivariant import (
    Block,
    Group,
    Scalar,
    T,
    V,
    chebyshev,
    dense,
    equivariant_basis,
    group,
    meet,
    orbits,
    torus,
)
from symdisc.equivariant import basis as basis_module
from symdisc.equivariant import solve as solve_module
from symdisc.equivariant.action import Action
from symdisc.equivariant.coordinates import adjoint_coordinates
from symdisc.equivariant.kernels import Aligned, Explicit, Orbits
from symdisc.equivariant.panels import basis_panels
from symdisc.equivariant.window import Window
from symdisc.errors import InputError, ResourceError

SO3 = group("so(3)")
SWAP = np.array([[0.0, 1.0], [1.0, 0.0]])


# --- representations


@pytest.mark.parametrize("other", ["V", 1.5, None])
def test_what_is_no_representation_is_refused_by_python(other):
    for verb in (lambda: V + other, lambda: V * other, lambda: other * V, lambda: V >> other):
        with pytest.raises(TypeError):
            verb()
    with pytest.raises(TypeError):
        _ = SO3 * "so(3)"


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda: 0 * V, "0 copies of V: at least 1 is needed"),
        (lambda: V**-1, "the power must be 0, 1, 2"),
        (lambda: V**0.5, "the power must be 0, 1, 2"),
        (lambda: V[0], "blocks are V"),
        (lambda: V[1][1], "blocks are V"),
        (lambda: V.apply_rho(SO3, np.eye(3), np.ones(4)), "a vector of V has 3 entries, not 4"),
        (lambda: equivariant_basis("SO(3)", "0*V"), "copies"),
        (lambda: equivariant_basis("SO(3)", "*".join(["V"] * 200)), "factors"),
        (lambda: equivariant_basis("SO(3)", "V**200"), "a power is at most"),
        (lambda: equivariant_basis("SO(3)", "T(100, 100)"), "indices"),
        (lambda: equivariant_basis("SO(3)", "T(1234567890)"), "expected a number"),
        (lambda: equivariant_basis("SO(3)", "T(V)"), "expected a number"),
        (lambda: equivariant_basis("SO(3)", "V0"), "blocks are counted from V1"),
        (lambda: equivariant_basis("SO(3)", "V", noise=1.0), "is not a relative noise"),
        (lambda: equivariant_basis("SO(3)", "V", solver="best"), "no solver 'best'"),
        (lambda: equivariant_basis(SO3, "V*V", solver="orbits"), "not all generators are signed permutations"),
        (lambda: equivariant_basis(Group(discrete=[SWAP]), "V", solver="torus"), "there are no Lie generators"),
        (lambda: group("so(3)", discrete=SWAP), "discrete generators of size 2; the group acts on 3"),
        (lambda: group("sp(3)"), "the size of the matrices is even"),
        (lambda: group("heis(4)"), "its dimension is odd"),
        (lambda: Group(np.eye(2) * 1j), "must be real numbers"),
        (lambda: Group(np.array([[0.0, np.inf], [0, 0]])), "inf at index"),
        (lambda: Group(SO3.lie, blocks=[Block("V1", 2, 5)]), "block V1 is 2:5; coordinates are 0:3"),
        (lambda: Group(SO3.lie, blocks=[Block("V1", 0, 2)]), "are mixed with others"),
        (lambda: Group(discrete=np.array([[0, 0, 1]])), "neither"),
        (lambda: Group(discrete=np.zeros((1, 2, 2))), "is singular"),
    ],
)
def test_refusals(verb, words):
    with pytest.raises(InputError) as caught:
        verb()
    assert words in str(caught.value)


def test_small_algebra_of_representations():
    assert 1 * V == V
    assert 1 * (V + Scalar) == V + Scalar
    assert sum([V, V]) == 2 * V
    assert Scalar == V**0
    assert T(0, 2) == T(2, 0).T
    assert V * Scalar == V


def test_groups_say_what_they_are():
    assert repr(SO3).startswith("<Group so(3)")
    assert "dimension 3" in repr(SO3)
    assert "1 discrete generator>" in repr(Group(discrete=[SWAP]))
    both = repr(Group(np.zeros((0, 2, 2)), discrete=[SWAP, -np.eye(2)]))
    assert "2 discrete generators>" in both
    assert "trivial" in repr(Group(np.zeros((0, 2, 2))))
    np.testing.assert_array_equal(Group(discrete=np.array([1, 0])).discrete, [SWAP])


def test_blocks_that_leave_coordinates_out():
    """V is all coordinates all the same."""
    lie = np.zeros((1, 4, 4))
    lie[0, 0, 1], lie[0, 1, 0] = -1, 1
    some = Group(lie, blocks=[Block("V1", 0, 2)])
    assert some.sizes == (2, 4)
    assert equivariant_basis(some, "V").rank == 2
    assert equivariant_basis(some, "V1").rank == 0


# --- bases


def test_bases_refuse_what_does_not_fit(monkeypatch):
    found = equivariant_basis(SO3, "V*V")
    with pytest.raises(InputError, match="not a representation of maps; write source >> target"):
        found.matrices()
    for wrong in (np.ones(4), np.ones((9, 1, 1))):
        with pytest.raises(InputError, match=r"expected an array of shape \(9,\)"):
            found.coordinates(wrong)
    maps = equivariant_basis(SO3, V >> V)
    np.testing.assert_allclose(maps.project(np.diag([1.0, 2.0, 3.0])), 2 * np.eye(3), atol=1e-12)
    assert "rank 1 of 9" in repr(maps)
    monkeypatch.setattr(basis_module, "LARGEST_DENSE", 8)
    with pytest.raises(ResourceError, match="9 x 1 numbers are 72 bytes; use the factors"):
        found.dense()


def test_pictures_of_bases(monkeypatch):
    from symdisc.equivariant import panels

    square = basis_panels(equivariant_basis(SO3, "V*V"))
    assert square[0].array.shape == (3, 3)
    line = basis_panels(equivariant_basis(Group(np.zeros((0, 5, 5))), "V"))
    assert line[0].array.shape == (1, 5)
    (nothing,) = basis_panels(equivariant_basis(SO3, "V"))
    assert "no invariant vector but zero" in nothing.text
    monkeypatch.setattr(panels, "LARGEST", 2)
    (many,) = basis_panels(equivariant_basis(SO3, "V*V"))
    assert "too many to draw" in many.text


# --- solvers


def action(*letters):
    """Of matrices (k, d, d) a letter, no discrete ones."""
    stacks = tuple(np.asarray(letter, dtype=float) for letter in letters)
    return Action(stacks, tuple(stack[:0] for stack in stacks))


def test_without_generators_everything_is_invariant():
    nothing = action(np.zeros((0, 3, 3)))
    for kernel, gap in (dense.solve(nothing, Window(0.0)), chebyshev.solve(nothing, Window(0.0), 1000)):
        assert (kernel.rank, gap) == (3, None)
    zeros = action(np.zeros((1, 3, 3)))
    assert chebyshev.solve(zeros, Window(0.0), 1000)[0].rank == 3
    assert dense.solve(zeros, Window(0.0))[0].rank == 3


def test_a_block_that_would_not_fit():
    with pytest.raises(ResourceError, match="the block would not fit; use a smaller representation"):
        chebyshev.solve(action(SO3.lie, SO3.lie), Window(0.0), 10)


def test_narrowing_nothing_and_by_exact_generators():
    empty = dense.narrow(np.zeros((3, 0)), action(SO3.lie), Window(0.0))
    assert empty[0].rank == 0
    columns = np.eye(9)
    kernel, gap = dense.narrow(columns, action(SO3.lie, SO3.lie), Window(0.0))
    assert kernel.rank == 1
    assert gap > 1e3
    np.testing.assert_allclose(np.abs(kernel.dense().ravel() @ np.eye(3).ravel()) / np.sqrt(3), 1.0)


def test_a_torus_without_invariants():
    boost = np.array([[[0.0, 1.0], [1.0, 0.0]]])
    kernel, gap = torus.solve(action(boost))
    assert (kernel.rank, gap) == (0, None)
    turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    assert torus.solve(action(turn, turn))[0].rank == 2


def test_violations_of_orbits_are_seen():
    swap = Action((np.zeros((0, 2, 2)),), (SWAP[None],))
    whole = orbits.solve(swap)
    assert orbits.violation(swap, whole) == 0.0
    wrong = Orbits(np.array([0, 1]), np.array([1, 1], dtype=np.int8), 2)
    assert orbits.violation(swap, wrong) > 1.0


def test_coordinates_that_are_not_looked_for(monkeypatch):
    from symdisc.equivariant import coordinates

    skew = np.array([[1.0, 0.7], [0.0, 1.0]])
    lie = skew @ np.array([[[0.0, -1.0], [1.0, 0.0]]]) @ np.linalg.inv(skew)
    none = np.zeros((0, 2, 2))
    found = adjoint_coordinates(lie, none)
    moved = np.linalg.inv(found) @ lie[0] @ found
    np.testing.assert_allclose(moved, -moved.T, atol=1e-9)
    monkeypatch.setattr(coordinates, "LARGEST", 1)
    assert adjoint_coordinates(lie, none) is None
    monkeypatch.setattr(coordinates, "LARGEST", 100)
    monkeypatch.setattr(coordinates, "WORST", 1.0)
    assert adjoint_coordinates(lie, none) is None


def test_solvers_that_do_not_fit_make_room_for_others(monkeypatch):
    expected = equivariant_basis("so(3)", "V*V*V*V")
    monkeypatch.setattr(solve_module, "CHECKED", 1)
    monkeypatch.setattr(solve_module, "budget", lambda limit: 1000)
    with pytest.raises(ResourceError, match="more than memory holds; use a smaller representation"):
        equivariant_basis("so(3)", "V*V*V*V")
    monkeypatch.setattr(solve_module, "budget", lambda limit: 81 * 32)
    with pytest.raises(ResourceError, match="the dense solver takes"):
        equivariant_basis("so(3)", "V*V*V*V", solver="dense")
    monkeypatch.setattr(solve_module.meet, "LARGEST", 2)
    with pytest.raises(InputError, match="half of the word has 9 entries, more than 2"):
        equivariant_basis("so(3)", "V*V*V*V", solver="meet")
    monkeypatch.undo()
    assert equivariant_basis("so(3)", "V*V*V*V", solver="dense").rank == expected.rank == 3


def test_solvers_that_need_exact_generators_say_so():
    rng = np.random.default_rng(0)
    noisy = Group(SO3.lie + 1e-3 * rng.standard_normal((3, 3, 3)))
    for solver in ("torus", "meet"):
        with pytest.raises(InputError, match="it needs exact generators"):
            equivariant_basis(noisy, "V*V", solver=solver, snap=False, noise=1e-3)


def test_a_window_without_anything_in_it():
    assert Window(0.0).rank(np.zeros(3), 3, 0.0) == (3, None)
    with pytest.raises(InputError, match=r"no rank fits the noise.*give the noise \(--noise\)"):
        Window(1e-3).rank(np.full(3, 1e-9), 100, 1.0)


def test_an_explicit_kernel_is_what_it_holds():
    kernel = Explicit(np.eye(4)[:, :2])
    assert (kernel.rank, kernel.size) == (2, 4)
    np.testing.assert_array_equal(kernel.coordinates(np.arange(4.0)[:, None]), [[0], [1]])


@pytest.mark.parametrize("nearly", [0.0, 1e-9])
def test_columns_too_many_to_be_listed_are_made_orthonormal_by_their_gram_matrix(monkeypatch, nearly):
    rng = np.random.default_rng(0)
    types = [(rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 4, 3))), (rng.standard_normal((1, 5, 2)),) * 2]
    types[1] = (types[1][0], rng.standard_normal((2, 4, 2)))
    if nearly:
        # Two copies that nearly agree: the Gram matrix is too skewed, and the columns are listed after all.
        types[0][0][1] = types[0][0][0] + nearly * types[0][0][1]
    skewed = Aligned(types, (5, 4))
    monkeypatch.setattr(meet, "EXPLICIT", 0)
    found = meet._orthonormal(skewed)
    assert isinstance(found, Aligned) == (not nearly)
    columns = found.dense()
    assert np.allclose(columns.T @ columns, np.eye(6), atol=1e-10)
    listed = skewed.dense()
    assert np.allclose(columns @ (columns.T @ listed), listed, atol=1e-10)
    assert meet._orthonormal(Aligned([], (5, 4))).rank == 0
