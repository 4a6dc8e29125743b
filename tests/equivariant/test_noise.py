"""Noisy generators: ranks, snapping, the window, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from symdisc.equivariant import Group, T, V, equivariant_basis, group
from symdisc.equivariant.window import Window
from symdisc.errors import InputError


def noisy(name: str, level: float, seed: int) -> Group:
    lie = group(name).lie
    lie = np.linalg.qr(lie.reshape(len(lie), -1).T)[0].T.reshape(lie.shape)
    return Group(lie + level * np.random.default_rng(seed).standard_normal(lie.shape) / lie.shape[1])


RANKS = {"so(3)": (T(4), 3), "su(2)": (T(2), 4), "SO+(1,3)": (T(1, 1) + T(2), 2), "gl(2)": (T(2, 2), 2)}


@pytest.mark.parametrize("level", [1e-6, 1e-2, 0.2])
@pytest.mark.parametrize("name", RANKS)
def test_ranks_are_those_of_the_exact_group(name, level):
    rep, rank = RANKS[name]
    for seed in range(4):
        basis = equivariant_basis(noisy(name, level, seed), rep)
        assert basis.rank == rank
        assert basis.residual < 1e-9
        assert basis.snapped == (name != "gl(2)")
        assert equivariant_basis(noisy(name, level, seed), rep, snap=False).rank == rank


@pytest.mark.parametrize(("name", "rep", "rank"), [("se(3)", T(1, 1) + T(0, 2), 2), ("heis(3)", T(1, 1), 2)])
def test_algebras_that_are_not_rigid_keep_their_structure(name, rep, rank):
    assert equivariant_basis(group(name), rep, solver="dense").rank == rank
    basis = equivariant_basis(noisy(name, 0.05, 1), rep)
    assert (basis.rank, basis.snapped) == (rank, True)
    assert basis.residual < 0.05
    nilpotent = equivariant_basis(noisy("heis(3)", 1e-3, 0), T(2) + T(0, 2) + T(2, 1))
    assert nilpotent.rank == equivariant_basis("heis(3)", T(2) + T(0, 2) + T(2, 1)).rank
    assert any("window" in note for note in nilpotent.notes)


def test_without_snapping_the_residual_is_the_noise():
    chosen = noisy("so(3)", 0.01, 0)
    basis = equivariant_basis(chosen, T(2), snap=False)
    assert basis.rank == 1
    assert 1e-4 < basis.residual < 0.05
    assert not basis.snapped


def test_one_generator_needs_its_noise_said():
    """Every line closes: a turn with noise is a spiral, which leaves no length invariant."""
    turn = np.array([[[0.013, -1.0], [1.02, 0.004]]])
    basis = equivariant_basis(Group(turn), T(2))
    assert basis.rank == 0
    assert "closure cannot show the noise" in basis.notes[0]
    told = equivariant_basis(Group(turn), T(2), noise=0.03)
    assert told.rank == 2
    assert told.residual < 1e-12
    assert any("whole ratios" in note for note in told.notes)
    assert equivariant_basis(Group(turn), T(2), noise=0.03, snap=False).rank == 2


def test_a_central_phase_is_made_exact():
    chosen = noisy("U(2)", 0.01, 2)
    basis = equivariant_basis(chosen, V >> V)
    assert basis.rank == 2
    assert equivariant_basis(chosen, T(2)).rank == equivariant_basis("U(2)", T(2)).rank


def test_what_does_not_close_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="do not close"):
        equivariant_basis(Group(rng.standard_normal((3, 6, 6))), V >> V)


def test_the_window_takes_the_largest_gap_within_it():
    window = Window(0.1)
    assert window.rank(np.array([0.05, 0.1, 0.12, 1.0, 2.0]), 5, 2.0)[0] == 3
    # Exact identities among noisy invariants are no reason to stop early.
    assert window.rank(np.array([1e-16, 0.1, 0.12, 1.0, 2.0]), 5, 2.0)[0] == 3
    assert window.rank(np.array([0.9, 1.0]), 2, 1.0) == (0, pytest.approx(9.0))
    assert window.rank(np.array([0.05, 0.06]), 2, 0.06)[0] == 2
    assert Window(0.0).rank(np.array([1e-13, 1e-3, 1.0]), 3, 1.0)[0] == 1


def test_a_spectrum_without_a_step_is_refused_with_the_reason():
    with pytest.raises(InputError, match=r"no rank fits the noise.*--noise"):
        Window(1e-3).rank(np.array([1e-5, 1e-4, 4e-4]), 100, 1.0)


def test_an_unclear_gap_is_said():
    basis = equivariant_basis(Group(np.diag([0.05, 0.1, 0.17, 0.4])), V, noise=0.1, snap=False)
    assert basis.gap is not None
    assert basis.gap < 3
    assert any("not clear" in note for note in basis.notes)


def test_exact_generators_of_the_algebra_suffice():
    two = group("so(3)").lie[:2]
    with pytest.raises(InputError, match="--noise 0"):
        equivariant_basis(Group(two), T(2))
    for order, rank in ((2, 1), (4, 3), (6, 15)):
        assert equivariant_basis(Group(two), T(order), noise=0.0).rank == rank
