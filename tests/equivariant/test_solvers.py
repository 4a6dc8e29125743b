"""Each solver against a null space written out with scipy, against each other, and where they do not apply."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import null_space, subspace_angles

from symdisc.equivariant import Group, T, equivariant_basis, group, parse_rep
from symdisc.equivariant.coordinates import adjoint_coordinates, is_adjoint
from symdisc.errors import InputError


def written_out(chosen: Group, text: str) -> np.ndarray:
    """All constraints of a representation, stacked, and their null space."""
    rep = parse_rep(text)
    rows = [rep.drho(chosen, a) for a in chosen.lie]
    rows += [rep.rho(chosen, h) - np.eye(rep.size(chosen)) for h in chosen.discrete]
    return null_space(np.concatenate(rows), rcond=1e-9)


CASES = [
    ("orbits", "S(3)", "T(3) -> V"),
    ("orbits", "Z(4)", "V*V -> V"),
    ("meet", "SO(3)", "T(2) + V -> T(2)"),
    ("meet", "O(1,2)", "T(2,1) -> V"),
    ("meet", "SU(2)", "V*V -> V*V"),
    ("meet", "U(1)", "V*V.T*V -> V"),
    ("meet", "S(3)", "V*V -> V"),
    ("meet", "D(5)", "T(3) -> T(2)"),
    ("meet", "so(3) x D(4)", "V1*V2 -> V1*V2"),
    ("torus", "SL(2)", "T(2,2) -> V*V.T"),
    ("torus", "O(3)", "T(4)"),
    ("chebyshev", "SO(3)", "T(4)"),
    ("chebyshev", "heis(3)", "V*V -> V"),
    ("chebyshev", "D(3)", "T(5)"),
    ("dense", "se(2)", "T(2) -> V"),
    ("dense", "E(2)", "V -> T(1,1)"),
    ("auto", "se(3)", "V*V -> V*V"),
    ("auto", "SO(2) x trivial(2)", "V1*V2 -> V"),
    ("auto", "trivial(2)", "V -> V"),
]


@pytest.mark.parametrize(("solver", "name", "text"), CASES)
def test_every_solver_finds_the_null_space(solver, name, text):
    chosen = group(name)
    if not len(chosen.lie) and not len(chosen.discrete):
        wanted = np.eye(parse_rep(text).size(chosen))
    else:
        wanted = written_out(chosen, text)
    basis = equivariant_basis(chosen, text, solver=solver)
    columns = basis.dense()
    assert columns.shape == wanted.shape
    np.testing.assert_allclose(columns.T @ columns, np.eye(basis.rank), atol=1e-10)
    if basis.rank:
        assert subspace_angles(columns, wanted).max() < 1e-7
    if solver != "auto":
        assert solver in basis.solver
    rng = np.random.default_rng(0)
    w, c = rng.standard_normal((basis.size, 2)), rng.standard_normal((basis.rank, 3))
    np.testing.assert_allclose(basis.coordinates(w), columns.T @ w, atol=1e-10)
    np.testing.assert_allclose(basis.combine(c), columns @ c, atol=1e-10)
    np.testing.assert_allclose(basis.project(w[:, 0]), columns @ (columns.T @ w[:, 0]), atol=1e-10)


def test_signed_permutations_lose_orbits_that_meet_their_negatives():
    flip = np.array([[[0.0, -1.0], [-1.0, 0.0]]])
    quarter = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    for h, order in ((flip, 2), (quarter, 2), (quarter, 3), (flip, 3)):
        chosen = Group(discrete=h)
        basis = equivariant_basis(chosen, T(order))
        assert basis.solver == "orbits"
        assert basis.rank == written_out(chosen, f"T({order})").shape[1]


@pytest.mark.parametrize(
    ("solver", "name", "text", "words"),
    [
        ("orbits", "SO(3)", "V -> V", "signed permutations"),
        ("meet", "heis(3)", "V*V -> V", "no semisimple part"),
        ("torus", "S(3)", "V -> V", "no Lie generators"),
        ("torus", "heis(3)", "V -> V", "eigenvectors"),
        ("no-such", "SO(3)", "V", "there are auto"),
    ],
)
def test_a_solver_that_does_not_apply_says_why(solver, name, text, words):
    with pytest.raises(InputError) as error:
        equivariant_basis(name, text, solver=solver)
    assert words in str(error.value)


def test_sums_are_solved_word_by_word():
    basis = equivariant_basis("SO(3)", "70*Scalar + 23*V + 7*T(2) -> 20*V + 5*T(2)")
    assert len(basis.steps) == 4
    assert basis.rank == 23 * 20 + 7 * 20 + 70 * 5 + 23 * 5 + 3 * 7 * 5
    assert basis.residual < 1e-12


@pytest.mark.parametrize("name", ["so(3)", "SO(1,3)", "sl(2)", "su(2)", "D(5)", "gl(2)", "O(2,2)"])
def test_coordinates_closed_under_transposition_are_found(name):
    chosen = group(name)
    s = np.linalg.qr(np.random.default_rng(3).standard_normal((chosen.d, chosen.d)))[0] * np.geomspace(1, 10, chosen.d)
    lie, discrete = np.linalg.inv(s) @ chosen.lie @ s, np.linalg.inv(s) @ chosen.discrete @ s
    if name not in ("gl(2)", "sl(2)"):
        assert not is_adjoint(lie, discrete)
    found = adjoint_coordinates(lie, discrete)
    assert found is not None
    assert is_adjoint(np.linalg.inv(found) @ lie @ found, np.linalg.inv(found) @ discrete @ found)


@pytest.mark.parametrize("name", ["se(2)", "heis(3)"])
def test_algebras_that_are_not_reductive_have_no_such_coordinates(name):
    chosen = group(name)
    assert adjoint_coordinates(chosen.lie, chosen.discrete) is None


def test_the_same_input_gives_the_same_bits():
    for name, text in (("SO(1,3)", "V*V -> V*V"), ("S(4)", "T(4)"), ("heis(3)", "V*V -> V")):
        one, two = (equivariant_basis(name, text).dense() for _ in range(2))
        assert one.tobytes() == two.tobytes()


def test_large_bases_stay_factored():
    basis = equivariant_basis("SO(3)", T(9))
    assert basis.rank == 232
    w = np.random.default_rng(0).standard_normal(basis.size)
    once = basis.project(w)
    np.testing.assert_allclose(basis.project(once), once, atol=1e-10)
    g = group("SO(3)").sample(np.random.default_rng(1))
    np.testing.assert_allclose(T(9).apply_rho(group("SO(3)"), g, once), once, atol=1e-10)
    assert sum(part.kernel.numbers for part in basis.parts) < basis.size * basis.rank / 50
