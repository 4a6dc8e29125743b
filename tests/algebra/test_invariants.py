"""Every structural fact of known algebras, whatever basis, similarity, noise or redundancy they come in."""

import json

import exact
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_algebras import FEW, KNOWN, disguised, known_facts
from matrices import heisenberg, pseudo_orthogonal, special_linear, unit

from symdisc.algebra import analyze

NAMES = list(FEW)
SLOW = pytest.mark.slow


def facts(name, generators, noise):
    # Where every span closes, nothing but the user can know the noise.
    blind = KNOWN[name].fills_gl or len(generators) == 1
    return analyze(generators, noise=noise if blind and noise else None).to_dict()


def assert_right(name, found):
    expected = known_facts(name)
    assert {key: found[key] for key in expected} == expected
    known = KNOWN[name]
    assert (
        found["name"].startswith("unnamed: ")
        if known.called is None
        else found["name"] in (known.called, *known.equally)
    )


@pytest.mark.parametrize(
    ("extra", "noise"), [(5, 0), pytest.param(0, 0, marks=SLOW), (0, 1e-8), pytest.param(5, 1e-8, marks=SLOW)]
)
@pytest.mark.parametrize("name", NAMES)
def test_facts_survive_basis_similarity_noise_and_redundancy(name, extra, noise):
    rng = np.random.default_rng([NAMES.index(name), extra])
    assert_right(name, facts(name, disguised(name, rng, noise, 3, extra), noise))


@pytest.mark.parametrize("name", NAMES)
def test_exact_matrices_are_read_with_high_confidence(name):
    found = analyze(KNOWN[name].generators)
    assert_right(name, found.to_dict())
    blind = KNOWN[name].fills_gl
    assert found.confidence == ("low" if blind else "high")
    assert found.margin is None or found.margin > 0.01
    assert found.jacobi_error < 1e-14


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 2**32 - 1))
def test_a_change_of_basis_changes_no_fact(name, seed):
    generators = KNOWN[name].generators
    rng = np.random.default_rng(seed)
    k = len(generators)
    mix = np.linalg.qr(rng.standard_normal((k, k)))[0] * np.geomspace(1, 10, k)
    mixed = np.tensordot(mix @ np.linalg.qr(rng.standard_normal((k, k)))[0], generators, axes=1)
    assert_right(name, analyze(mixed).to_dict())


@pytest.mark.parametrize("name", NAMES)
def test_structure_constants_and_killing_form_belong_to_the_basis(name):
    found = analyze(disguised(name, np.random.default_rng(0), 0, 3))
    basis, c = found.basis, found.structure_constants
    k = len(basis)
    np.testing.assert_allclose(basis.reshape(k, -1) @ basis.reshape(k, -1).T, np.eye(k), atol=1e-13)
    brackets = np.einsum("iab,jbc->ijac", basis, basis)
    brackets -= brackets.transpose(1, 0, 2, 3)
    np.testing.assert_allclose(np.tensordot(c, basis, axes=1), brackets, atol=1e-12)
    listed = np.zeros((k, k, k))
    for i, j, l, value in found.to_dict()["structure_constants"]:  # noqa: E741
        listed[i, j, l] = value
    np.testing.assert_allclose(listed, c, atol=1e-12)
    ad = [np.array([c[i, j] for j in range(k)]).T for i in range(k)]
    expected = [[np.trace(a @ b) for b in ad] for a in ad]
    np.testing.assert_allclose(found.killing_form, expected, atol=1e-12)


@pytest.mark.parametrize("noise", [1e-8, pytest.param(1e-5, marks=SLOW), pytest.param(1e-3, marks=SLOW), 1e-2])
@pytest.mark.parametrize("name", ["so(3)", "e(3)", "R^3 diagonal", pytest.param("so(5)", marks=SLOW), "heis(5)"])
def test_closure_reveals_the_noise(name, noise):
    estimates = []
    for seed in range(5):
        generators = disguised(name, np.random.default_rng(seed), 0, 1)
        size = np.sqrt((generators**2).mean(axis=(1, 2), keepdims=True))
        noisy = generators + noise * size * np.random.default_rng(seed + 100).standard_normal(generators.shape)
        estimates.append(analyze(noisy).noise)
    assert np.median(estimates) == pytest.approx(noise, rel=0.35)


def test_an_abelian_algebra_with_noise_reads_closed():
    generators = disguised("R^3 diagonal", np.random.default_rng(0), 1e-6, 3)
    found = analyze(generators)
    assert found.abelian
    assert 0 < found.closure_error < 1e-5


def test_a_set_that_does_not_close_gets_no_facts():
    found = analyze(pseudo_orthogonal(3)[:2])
    assert found.closure_error == pytest.approx(1)
    assert found.name.startswith("unnamed: not closed")
    assert found.solvable is found.semisimple is found.rank is found.killing_signature is None
    assert found.confidence == "low"
    assert any("missing" in note for note in found.notes)


@pytest.mark.parametrize("lost", range(0, 28, 9))
def test_a_lost_generator_of_a_large_algebra_is_noticed(lost):
    found = analyze(np.delete(pseudo_orthogonal(8), lost, axis=0))
    assert found.closure_error > 0.1
    assert found.confidence == "low"
    assert found.simple is None
    assert any("missing" in note for note in found.notes)


def test_stated_noise_decides_what_closure_cannot_see():
    generators = np.array([np.eye(2), np.eye(2) + 1e-3 * unit(2, 0, 1)])
    assert analyze(generators).dimension == 2
    assert analyze(generators, noise=1e-2).dimension == 1


def test_stated_noise_that_is_too_small_is_said_so():
    noisy = disguised("so(5)", np.random.default_rng(0), 1e-2, 1)
    assert any("more than the stated noise" in note for note in analyze(noisy, noise=1e-6).notes)


def test_the_empty_set_is_an_algebra():
    for generators in (np.zeros((0, 4, 4)), np.zeros((3, 4, 4))):
        found = analyze(generators).to_dict()
        assert (found["dimension"], found["matrix_size"], found["name"]) == (0, 4, "trivial")
        assert found["derived_series"] == found["upper_central_series"] == [0]
        assert found["commutant_dimension"] == 16
        assert found["structure_constants"] == found["killing_form"] == found["factors"] == []


def test_factors_of_a_direct_sum_are_named():
    assert analyze(KNOWN["so(3) + sl(2,R)"].generators).factors == ["sl(2,R)", "so(3)"]
    assert analyze(KNOWN["gl(3,R)"].generators).factors == ["sl(3,R)", "R"]
    assert analyze(KNOWN["R^2 torus"].generators).factors == ["R", "R"]
    assert analyze(special_linear(3)).factors == ["sl(3,R)"]


def test_isomorphic_names_stand_in_aliases():
    assert analyze(pseudo_orthogonal(4)).aliases == ["so(4)"]
    assert analyze(pseudo_orthogonal(3)).aliases == ["su(2)", "sp(1)"]
    assert analyze(KNOWN["R as so(2)"].generators).aliases == ["so(2)"]
    assert analyze(KNOWN["R as so(1,1)"].generators).aliases == ["so(1,1)"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("R as so(2)", "rotations"),
        ("R as so(1,1)", "boosts"),
        ("R nilpotent", "nilpotent"),
        ("R dilation", "dilation"),
        ("R screw", "general"),
    ],
)
def test_one_generator_says_how_it_acts(name, words):
    generators = disguised(name, np.random.default_rng(1), 0, 3)
    assert any(f"acts as {words}" in note or f"acts as a {words}" in note for note in analyze(generators).notes)


def test_arrays_of_more_than_64_generators_are_left_out():
    rotations = pseudo_orthogonal(12)
    found = analyze(rotations).to_dict()
    assert (found["dimension"], found["rank"], found["name"]) == (66, 6, "so(12)")
    assert found["killing_signature"] == [0, 66, 0]
    assert found["structure_constants"] == {"size": [66, 66, 66]}
    assert found["killing_form"] == {"size": [66, 66]}


def test_more_than_133_generators_are_spanned_and_closed_only():
    rotations = pseudo_orthogonal(18)
    found = analyze(rotations).to_dict()
    assert found["dimension"] == 153
    assert found["closure_error"] < 1e-14
    assert found["abelian"] is False
    assert found["semisimple"] is found["killing_signature"] is None
    diagonal = np.eye(70)[:, :, None] * np.eye(70)
    assert analyze(diagonal).name == "R^70"
    assert analyze(rotations[:140]).closure_error > 0.1


def test_every_key_of_the_contract_is_there():
    text = """
        dimension matrix_size name aliases confidence margin neighbours noise closure_error jacobi_error
        structure_constants killing_signature killing_form abelian nilpotent solvable semisimple simple compact
        matrix_compact derived_series lower_central_series upper_central_series center_dimension radical_dimension
        nilradical_dimension rank levi_factors factors params commutant_dimension invariant_forms canonical_basis
        canonical_frame notes
    """
    for generators in (heisenberg(1), np.zeros((0, 2, 2)), pseudo_orthogonal(3)[:2], pseudo_orthogonal(18)):
        found = analyze(generators).to_dict()
        assert list(found) == text.split()
        assert json.loads(json.dumps(found)) == found


def test_the_oracle_knows_textbook_algebras():
    found = exact.facts(special_linear(2))
    assert (found["killing_signature"], found["derived_series"]) == ([2, 1, 0], [3])
    found = exact.facts(heisenberg(1))
    assert (found["lower_central_series"], found["upper_central_series"]) == ([3, 1, 0], [0, 1, 3])
    assert exact.form_dimensions(pseudo_orthogonal(3)) == (1, 0)
    assert exact.form_dimensions(special_linear(2)) == (0, 1)
