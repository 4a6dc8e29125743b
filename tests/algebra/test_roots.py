"""Root systems against their axioms and counts, and names of real forms against Cartan's tables."""

import numpy as np
import pytest
from disguise import disguised
from known_algebras import KNOWN

from symdisc.algebra import root_system, span, structure_constants
from symdisc.algebra.realforms import cartan_type, simple_names

# (rank over C, roots, short roots, Coxeter number): Bourbaki, Lie IV-VI, plates.
SYSTEMS = {
    "so(3)": (1, 2, 0, 2),
    "sl(3,R)": (2, 6, 0, 3),
    "so(5)": (2, 8, 4, 4),
    "g2(2)": (2, 12, 6, 6),
    "su(4)": (3, 12, 0, 4),
    "so(7)": (3, 18, 6, 6),
    "sp(6,R)": (3, 18, 12, 6),
    "so(8)": (4, 24, 0, 6),
    "su(3,2)": (4, 20, 0, 5),
}


def roots(title, rank):
    generators = disguised(KNOWN[title].generators, np.random.default_rng(0))
    return root_system(structure_constants(span(generators).basis), rank)


@pytest.mark.parametrize("title", SYSTEMS)
def test_axioms_of_a_root_system(title):
    rank, count, short, coxeter = SYSTEMS[title]
    system = roots(title, rank)
    vectors = system.vectors
    assert vectors.shape == (count, rank)
    assert system.short == short
    gram = vectors @ vectors.T
    cartan = 2 * gram / np.diag(gram)
    np.testing.assert_allclose(cartan, np.round(cartan), atol=1e-6)
    for root in vectors:
        mirrored = vectors - 2 * np.outer(vectors @ root, root) / (root @ root)
        distances = np.linalg.norm(mirrored[:, None] - vectors, axis=-1)
        assert distances.min(axis=1).max() < 1e-6
    simple = system.simple()
    assert len(simple) == rank
    inner = simple @ simple.T
    assert (inner - np.diag(np.diag(inner)) < 1e-9).all()
    assert count == rank * coxeter


def test_the_coxeter_plane_keeps_the_symmetry_of_order_h():
    plane = roots("so(8)", 4).coxeter_plane()
    turn = np.array([[np.cos(np.pi / 3), -np.sin(np.pi / 3)], [np.sin(np.pi / 3), np.cos(np.pi / 3)]])
    distances = np.linalg.norm((plane @ turn)[:, None] - plane, axis=-1)
    assert distances.min(axis=1).max() < 1e-6


# Killing's dimensions and Cartan's numbers of non-compact generators (Helgason 1978, X, tables II and V).
FORMS = [
    ("A", 2, 8, 0, {0: "su(3)", 4: "su(2,1)", 5: "sl(3,R)"}),
    ("A", 3, 15, 0, {0: "su(4)", 5: "so(5,1)", 6: "su(3,1)", 8: "su(2,2)", 9: "sl(4,R)"}),
    ("A", 5, 35, 0, {0: "su(6)", 10: "su(5,1)", 14: "sl(3,H)", 16: "su(4,2)", 18: "su(3,3)", 20: "sl(6,R)"}),
    ("B", 2, 10, 4, {0: "so(5)", 4: "so(4,1)", 6: "so(3,2)"}),
    ("B", 3, 21, 6, {0: "so(7)", 6: "so(6,1)", 10: "so(5,2)", 12: "so(4,3)"}),
    ("C", 3, 21, 12, {0: "sp(3)", 8: "sp(2,1)", 12: "sp(6,R)"}),
    ("C", 4, 36, 24, {0: "sp(4)", 12: "sp(3,1)", 16: "sp(2,2)", 20: "sp(8,R)"}),
    ("D", 4, 28, 0, {0: "so(8)", 7: "so(7,1)", 12: "so(6,2)", 15: "so(5,3)", 16: "so(4,4)"}),
    (
        "D",
        5,
        45,
        0,
        {0: "so(10)", 9: "so(9,1)", 16: "so(8,2)", 20: "so*(10)", 21: "so(7,3)", 24: "so(6,4)", 25: "so(5,5)"},
    ),
    ("D", 8, 120, 0, {0: "so(16)", 56: "so*(16)", 64: "so(8,8)"}),
    ("G", 2, 14, 6, {0: "g2(-14)", 8: "g2(2)"}),
    ("F", 4, 52, 24, {0: "f4(-52)", 16: "f4(-20)", 28: "f4(4)"}),
    ("E", 6, 78, 0, {0: "e6(-78)", 26: "e6(-26)", 32: "e6(-14)", 40: "e6(2)", 42: "e6(6)"}),
    ("C", 6, 78, 60, {0: "sp(6)", 42: "sp(12,R)"}),
    ("E", 8, 248, 0, {128: "e8(8)"}),
]


@pytest.mark.parametrize(("letter", "rank", "dimension", "short", "forms"), FORMS)
def test_real_forms(letter, rank, dimension, short, forms):
    found = cartan_type(dimension, rank, short)
    assert found == letter or ({found, letter} == {"B", "C"} and rank == 2)
    for positive, name in forms.items():
        assert simple_names(letter, rank, positive, False)[0] == name
    full = 2 if letter in "GF" else 10
    if len(forms) >= full:
        assert sum(bool(simple_names(letter, rank, n, False)) for n in range(dimension)) == len(forms)


def test_no_name_for_a_signature_that_no_real_form_has():
    assert simple_names("A", 2, 3, False) == []
    assert simple_names("G", 2, 6, False) == []
    assert simple_names("A", 9, 0, False) == []
    assert cartan_type(9, 2, 0) is None


def test_isomorphic_real_forms():
    assert "so*(8)" in simple_names("D", 4, 12, False)
    assert "so(3,3)" in simple_names("A", 3, 9, False)
    assert {"sl(2,C)", "so(3,C)"} <= set(simple_names("A", 1, 3, True))
    assert simple_names("C", 2, 10, True) == ["sp(4,C)", "so(5,C)"]
