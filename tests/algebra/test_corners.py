"""Nothing, one matrix, and what cannot be said: corners of the algebra."""

import importlib

import numpy as np
import pytest
from matrices import pseudo_orthogonal

from symdisc.algebra import analyze, completion, sentence
from symdisc.algebra.closure import leaning
from symdisc.algebra.decisions import Ruler
from symdisc.algebra.forms import bounded, commutant, symmetric_forms
from symdisc.algebra.frames import sparsest_rotation
from symdisc.algebra.names import TRIVIAL, abelian, aliases, unnamed
from symdisc.algebra.realforms import simple_names
from symdisc.errors import InputError

EXACT = Ruler(1e-14)


def test_noise_is_a_share():
    for noise in (-0.1, 1.0, 2.0):
        with pytest.raises(InputError, match="is not a relative noise; give a number from 0 to below 1"):
            analyze(pseudo_orthogonal(3), noise=noise)


def test_nothing_is_closed():
    nothing = np.zeros((0, 3, 3))
    assert completion(nothing, 5).shape == (0, 3, 3)
    assert leaning(nothing).shape == (0, 3, 3)
    assert leaning(np.eye(3)[None]).shape == (0, 3, 3)
    assert completion(np.eye(3)[None] / np.sqrt(3), 5).shape == (0, 3, 3)
    trivial = analyze(np.zeros((1, 3, 3)))
    assert (trivial.dimension, trivial.name) == (0, TRIVIAL)
    assert trivial.to_dict()["structure_constants"] == []
    assert trivial.to_dict()["canonical_basis"] == []


def test_what_two_rotations_generate_and_when_to_give_up():
    two = pseudo_orthogonal(4)[[0, 3]].astype(float) / np.sqrt(2)
    added = completion(two, 10)
    assert len(added) == 1
    flat = np.concatenate([two, added]).reshape(3, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(3), atol=1e-12)
    assert completion(two, 2) is None
    assert len(completion(two, 3)) == 1


def test_bounded_matrices():
    turn = np.array([[0.0, -1], [1, 0]])
    assert bounded(np.zeros((3, 3)), EXACT)
    assert bounded(turn, EXACT)
    assert bounded(np.kron(np.eye(2), turn), EXACT)
    assert not bounded(np.array([[0.0, 1], [1, 0]]), EXACT)
    assert not bounded(np.array([[0.0, 1], [0, 0]]), EXACT)
    jordan = np.kron(np.eye(2), turn) + np.kron(np.array([[0.0, 1], [0, 0]]), np.eye(2))
    assert not bounded(jordan, EXACT)


def test_everything_commutes_with_nothing():
    nothing = np.zeros((0, 2, 2))
    assert len(commutant(nothing, EXACT)) == 4
    assert len(symmetric_forms(nothing, EXACT)) == 3


def test_a_sentence_without_facts_is_the_name():
    assert sentence({"name": "so(3)"}) == "so(3)"
    assert sentence({}) == "unnamed"
    many = {"name": "so(9)", "dimension": 36, "matrix_size": 9, "invariant_forms": {"symmetric": {"size": [99, 9, 9]}}}
    assert sentence(many) == "so(9)"
    line = analyze(np.array([[[1.0]]])).to_dict()
    assert sentence(line).endswith("of R")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((4, [], TRIVIAL, True), "unnamed: nilpotent, dim 4"),
        ((4, [], TRIVIAL, False), "unnamed: solvable, dim 4"),
        ((6, ["so(3)", "unnamed: E9"], TRIVIAL, False), "unnamed: so(3) + E9, dim 6"),
        ((5, ["sl(2,R)"], "R^2", False), "unnamed: sl(2,R) |x R^2, dim 5"),
        ((8, ["so(3)", "so(3)"], "R^2", False), "unnamed: (so(3) + so(3)) |x R^2, dim 8"),
    ],
)
def test_what_stands_for_a_name(arguments, name):
    assert unnamed(*arguments) == name


def test_names_of_abelian_algebras():
    assert [abelian(k) for k in range(3)] == [TRIVIAL, "R", "R^2"]
    assert "so(3)" not in aliases("so(3)")


@pytest.mark.parametrize(
    ("letter", "rank", "name"),
    [("A", 4, "sl(5,C)"), ("B", 3, "so(7,C)"), ("C", 3, "sp(6,C)"), ("D", 4, "so(8,C)"), ("G", 2, "g2(C)")],
)
def test_complex_algebras_as_real_ones(letter, rank, name):
    assert simple_names(letter, rank, 0, is_complex=True) == [name]


def test_the_noise_at_which_a_decision_turns():
    ruler = Ruler(1e-6)
    assert ruler.margin is None
    assert ruler.count(np.array([1.0, 1e-12]), 1.0) == 1
    assert 0 < ruler.margin <= 1.0
    assert not Ruler(1e-14, known=False).clear
    clear = Ruler(1e-14)
    clear.count(np.array([1.0, 1e-15]), 1.0)
    assert clear.clear


def test_the_sparsest_rotation_keeps_the_span():
    """From a start that is not the identity: what comes back is a basis of the span in the coordinates of the frame."""
    rng = np.random.default_rng(0)
    turn, start = (np.linalg.qr(rng.standard_normal((4, 4)))[0] for _ in range(2))
    basis = np.stack([turn @ matrix @ turn.T for matrix in pseudo_orthogonal(4)]) / np.sqrt(2)
    frame, sparse = sparsest_rotation(basis, start)
    np.testing.assert_allclose(frame.T @ frame, np.eye(4), atol=1e-10)
    inside = np.einsum("ba,kbc,cd->kad", frame, basis, frame).reshape(6, -1)
    flat = sparse.reshape(6, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(6), atol=1e-8)
    np.testing.assert_allclose(flat @ inside.T @ inside, flat, atol=1e-8)
    assert (sparse**4).sum() >= (np.einsum("ba,kbc,cd->kad", start, basis, start) ** 4).sum() - 1e-12


def test_maps_of_a_plane_and_a_one_are_affine():
    turn = np.zeros((1, 3, 3))
    turn[0, 0, 1], turn[0, 1, 0] = -1, 1
    facts = analyze(turn).to_dict()
    assert sentence(facts, ["homogeneous"]).endswith("affine maps of R^2")
    assert sentence(facts, ["homogeneous", "output"]) == sentence(facts) == sentence(facts, ["space"])


def test_nothing_is_read_where_brackets_show_too_much_noise(monkeypatch):
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a reading of large matrices takes minutes")

    matrices = np.random.default_rng(0).standard_normal((3, 40, 40))
    slow = analyze(matrices)
    monkeypatch.setattr(importlib.import_module("symdisc.algebra.analyze"), "nearest", never)
    quick = analyze(matrices)
    assert quick.name == slow.name == "unnamed: not closed, 3 independent generators"
    # An algebra is read.
    rotations = [np.outer(a, b) - np.outer(b, a) for a, b in ((x, y) for x in np.eye(3) for y in np.eye(3))]
    with pytest.raises(AssertionError, match="takes minutes"):
        analyze(np.array(rotations)[[1, 2, 5]])


def test_a_stated_noise_counts_for_many_generators_too():
    rows, columns = np.triu_indices(17, 1)
    many = np.zeros((136, 17, 17))
    many[np.arange(136), rows, columns], many[np.arange(136), columns, rows] = 1.0, -1.0
    assert analyze(many, noise=1e-3).noise == 1e-3
    assert analyze(many).noise < 1e-10
