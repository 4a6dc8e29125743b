"""The canonical basis: the same span, as sparse as the textbook's, rotations in radians, rational where it may be."""

import numpy as np
import pytest
from disguise import disguised, remixed
from known_algebras import KNOWN
from scipy.linalg import expm

from symdisc.algebra import analyze, principal_angles, sentence, span
from symdisc.algebra.frames import balanced, weight_frames
from symdisc.algebra.graded import graded_frame

TITLES = ["so(3)", "so(4)", "so(3,1)", "sl(3,R)", "su(3)", "e(3)", "poincare(3,1)", "heis(5)", "galilei(3)", "g2(-14)"]


def nonzero(matrices):
    flat = matrices.reshape(len(matrices), -1)
    return int((np.abs(flat) > 1e-6 * np.abs(flat).max(axis=1, keepdims=True)).sum())


@pytest.mark.parametrize("title", TITLES)
def test_as_sparse_as_the_textbook_in_any_basis(title):
    textbook = KNOWN[title].generators
    found = analyze(remixed(textbook, np.random.default_rng(1)))
    assert nonzero(found.canonical_basis) <= nonzero(textbook)
    assert principal_angles(found.canonical_basis, textbook).max() < 1e-6
    halves = 12 * found.canonical_basis
    np.testing.assert_allclose(halves, np.round(halves), atol=1e-12)


def assert_undone(title, seed):
    """In other coordinates the basis is as sparse as the textbook's, and spans what was given."""
    textbook = KNOWN[title].generators
    moved = disguised(textbook, np.random.default_rng(seed))
    found = analyze(moved)
    assert nonzero(found.sparse_basis) <= nonzero(textbook)
    assert principal_angles(found.canonical_basis, moved).max() < 1e-6


@pytest.mark.parametrize(
    "title",
    ["so(3)", "so(5)", "so(3,1)", "so(2,2)", "so(3,2) as sp(4,R)", "sl(2,R)", "su(3)", "so(5) spinor", "su(2,1)",
     "so(3) doubled", "sl(3,R) on V + V*", "sl(2,R) spin 3/2", "g2(2)", "so(3,1) as sl(2,C)", "R^2 torus and boost"],
)  # fmt: skip
def test_a_change_of_coordinates_is_undone(title):
    assert_undone(title, 2)


@pytest.mark.parametrize(
    "title",
    ["so(3) on tensors", "e(3)", "poincare(3,1)", "galilei(3)", "carroll(3)", "sim(3)", "aff(2)", "schrodinger(3)",
     "R |x heis(5)", "heis(5)", "n(4)", "upper triangular(3)", "oscillator", "A4,2(2)", "bianchi(IV)",
     "R^4 commuting shears"],
)  # fmt: skip
def test_reducible_and_nilpotent_actions_are_undone(title):
    assert_undone(title, 6)


@pytest.mark.parametrize("title", ["e(3)", "galilei(3)", "schrodinger(1)", "borel(sl(3,R))", "upper triangular(3)"])
def test_steps_of_the_space(title):
    """The reductive part is closed under transposition and keeps each step."""
    basis = span(disguised(KNOWN[title].generators, np.random.default_rng(7))).basis
    frame, reductive, steps = graded_frame(basis)
    assert principal_angles(reductive, reductive.transpose(0, 2, 1)).max(initial=0.0) < 1e-6
    np.testing.assert_allclose(steps @ reductive, reductive @ steps, atol=1e-6)
    assert np.linalg.cond(frame) < 100


def test_poincare_and_galilei_are_written_as_in_textbooks():
    """Translations in the last column, boosts that preserve diag(1, 1, 1, -1), Galilean ones that shift by time."""
    for title in ("poincare(3,1)", "galilei(3)"):
        found = analyze(disguised(KNOWN[title].generators, np.random.default_rng(8))).sparse_basis
        assert principal_angles(found, KNOWN[title].generators.astype(float)).max() < 1e-6


def test_space_and_time_rather_than_the_light_cone():
    found = analyze(disguised(KNOWN["so(3,1)"].generators, np.random.default_rng(3)))
    metric = found.canonical_frame.T @ found.symmetric_forms[0].matrix @ found.canonical_frame
    np.testing.assert_allclose(metric / metric[0, 0], np.diag([1, 1, 1, -1]), atol=1e-6)
    assert set(np.unique(np.abs(found.sparse_basis.round(9)))) == {0.0, 1.0}


@pytest.mark.parametrize("title", ["so(4,3) spinor", "sl(3,R) adjoint", "su(2,1)", "gl(3,R)", "so(3) on tensors"])
def test_reductive_algebras_are_closed_under_transposition_in_the_balanced_frame(title):
    """Mostow: there is such a frame; the transposes of the moved matrices lie in their span."""
    moved = disguised(KNOWN[title].generators, np.random.default_rng(4), condition=10)
    frame = balanced(span(moved).basis)
    there = np.linalg.solve(frame, moved @ frame)
    assert principal_angles(there, there.transpose(0, 2, 1)).max() < 1e-6


@pytest.mark.parametrize("title", ["e(3)", "heis(5)", "aff(1)", "R nilpotent", "bianchi(V)"])
def test_no_frame_closes_other_algebras_under_transposition(title):
    assert balanced(span(disguised(KNOWN[title].generators, np.random.default_rng(5))).basis) is None


def test_a_rotation_turns_by_t_radians():
    for title in ("so(3)", "so(5)", "so(3) spin 2", "e(3)"):
        found = analyze(remixed(KNOWN[title].generators, np.random.default_rng(3)))
        rotations = [matrix for matrix in found.canonical_basis if np.linalg.eigvals(matrix).imag.any()]
        assert rotations
        for matrix in rotations:
            np.testing.assert_allclose(expm(2 * np.pi * matrix), np.eye(len(matrix)), atol=1e-9)
            assert np.abs(expm(np.pi / 2 * matrix) - np.eye(len(matrix))).max() > 0.5


def test_noise_leaves_the_entries_round():
    moved = KNOWN["so(4)"].generators + 1e-3 * np.random.default_rng(4).standard_normal((6, 4, 4))
    basis = analyze(moved).canonical_basis
    assert set(np.unique(np.abs(basis))) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("so(3)", "so(3), rotations of R^3 preserving the metric diag(1,1,1)"),
        ("so(3,1)", "so(3,1), rotations and boosts of R^4 preserving the metric diag("),
        ("sp(6,R)", "sp(6,R), linear maps of R^6 preserving a symplectic form"),
        ("e(3)", "e(3), linear maps of R^4"),
        ("R as so(2)", "R, rotations of R^2 preserving the metric"),
    ],
)
def test_what_it_does_to_the_space(title, words):
    assert sentence(analyze(KNOWN[title].generators).to_dict()).startswith(words)


def test_weight_frames_stay_frames_where_noise_parts_the_vectors_of_a_plane():
    rng = np.random.default_rng(5)
    rotations = np.stack([np.outer(a, b) - np.outer(b, a) for a, b in (np.eye(6)[[0, 1]], np.eye(6)[[2, 3]])])
    metric = np.diag([1.0, 1.0, 1.0, 1.0, -1.0, -1.0]) + 0.05 * rng.standard_normal((6, 6))
    for frame in weight_frames(rotations / np.sqrt(2), metric + metric.T):
        np.testing.assert_allclose(frame.T @ frame, np.eye(6), atol=1e-9)
