"""`orthogonal(n)` in closed form, against exact arithmetic and against measured matrices."""

import exact
import numpy as np
import pytest
from known_algebras import disguised
from matrices import pseudo_orthogonal

from symdisc.algebra import analyze, orthogonal


@pytest.mark.parametrize("n", range(2, 7))
def test_closed_form_agrees_with_exact_arithmetic(n):
    found = orthogonal(n).to_dict()
    expected = exact.facts(pseudo_orthogonal(n))
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("n", range(2, 9))
def test_closed_form_agrees_with_what_is_measured(n):
    known, measured = orthogonal(n).to_dict(), analyze(orthogonal(n).basis).to_dict()
    simple = ("rank", "simple", "compact", "matrix_compact", "nilradical_dimension", "killing_signature")
    assert {key: known[key] for key in simple} == {key: measured[key] for key in simple}
    np.testing.assert_allclose(known["killing_form"], measured["killing_form"], atol=1e-13)
    np.testing.assert_allclose(known["structure_constants"], measured["structure_constants"], atol=1e-13)
    forms = [[form["signature"] for form in facts["invariant_forms"]["symmetric"]] for facts in (known, measured)]
    assert forms[0] == forms[1] == [[n, 0, 0]]
    assert len(known["invariant_forms"]["antisymmetric"]) == len(measured["invariant_forms"]["antisymmetric"])


@pytest.mark.parametrize(
    ("n", "name", "aliases", "factors"),
    [
        (0, "trivial", [], []),
        (1, "trivial", [], []),
        (2, "R", ["so(2)"], ["R"]),
        (3, "so(3)", ["su(2)", "sp(1)"], ["so(3)"]),
        (4, "so(3) + so(3)", ["so(4)"], ["so(3)", "so(3)"]),
        (5, "so(5)", ["sp(2)"], ["so(5)"]),
        (6, "su(4)", ["so(6)"], ["su(4)"]),
        (7, "so(7)", [], ["so(7)"]),
        (61, "so(61)", [], ["so(61)"]),
    ],
)
def test_names(n, name, aliases, factors):
    found = orthogonal(n)
    assert (found.name, found.aliases, found.factors) == (name, aliases, factors)
    assert found.dimension == n * (n - 1) // 2


def test_a_large_one_needs_no_large_array():
    found = orthogonal(61, matrix_size=64).to_dict()
    assert (found["dimension"], found["matrix_size"], found["rank"]) == (1830, 64, 30)
    assert found["killing_signature"] == [0, 1830, 0]
    assert found["structure_constants"] == {"size": [1830, 1830, 1830]}
    assert found["killing_form"] == {"size": [1830, 1830]}
    assert found["commutant_dimension"] is None


@pytest.mark.parametrize("name", ["so(3)", "so(5)"])
def test_constants_belong_to_the_generators_given(name):
    generators = disguised(name, np.random.default_rng(0), 0, 3)
    known, measured = orthogonal(int(name[3]), generators), analyze(generators)
    np.testing.assert_allclose(known.structure_constants, measured.structure_constants, atol=1e-12)
    np.testing.assert_allclose(known.killing_form, measured.killing_form, atol=1e-12)
    assert known.closure_error < 1e-13


def test_jacobi_error_is_measured():
    assert [0 <= orthogonal(n).to_dict()["jacobi_error"] < 1e-13 for n in (3, 6)] == [True, True]
