"""From noisy matrices to an exact algebra: what `refine` and `nearest` return closes, stays near, is not generic."""

import numpy as np
import pytest
from disguise import disguised
from known_algebras import KNOWN

from symdisc.algebra import analyze, span
from symdisc.algebra.closure import leaning
from symdisc.algebra.flag import flag
from symdisc.algebra.levi import levi_complement, restricted
from symdisc.algebra.nearest import nearest
from symdisc.algebra.refine import refine
from symdisc.algebra.structure import structure_constants

TITLES = [
    "so(3)",
    "so(3) spin 2",
    "sl(3,R)",
    "e(3)",
    "poincare(3,1)",
    "galilei(3)",
    "heis(5)",
    "oscillator",
    "R^3 diagonal",
]


def noisy(title, noise, seed=0, condition=3):
    return disguised(KNOWN[title].generators, np.random.default_rng(seed), noise, condition)


def apart(one, two):
    """Root-mean-square sine of the angles between two spans."""
    a, b = (stack.reshape(len(stack), -1) for stack in (one, two))
    return np.linalg.norm(a - a @ b.T @ b) / np.sqrt(len(a))


@pytest.mark.parametrize("noise", [0, 1e-6, 1e-2, 5e-2])
@pytest.mark.parametrize("title", TITLES)
def test_refined_matrices_close_and_lie_within_the_noise(title, noise):
    found = span(noisy(title, noise))
    read = nearest(found, noise, known=True)
    exact = read.reading.refined
    products = np.einsum("iab,jbc->ijac", exact.basis, exact.basis)
    brackets = products - products.transpose(1, 0, 2, 3)
    np.testing.assert_allclose(np.tensordot(exact.constants, exact.basis, axes=1), brackets, atol=1e-9)
    # Noise of relative size 1 in the rows is `spread` in the basis.
    assert apart(found.basis, exact.basis) <= 1.5 * noise * found.spread + 1e-9


@pytest.mark.parametrize("title", TITLES)
def test_exact_matrices_are_not_moved(title):
    found = span(noisy(title, 0))
    assert apart(found.basis, refine(found.basis).basis) < 1e-9


@pytest.mark.parametrize(
    ("title", "radical", "nilradical"),
    [
        ("e(3)", 3, 3),
        ("poincare(3,1)", 4, 4),
        ("galilei(3)", 7, 7),
        ("sim(3)", 4, 3),
        ("oscillator", 4, 3),
        ("so(3)", 0, 0),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_most_degenerate_algebra_that_fits_is_read(title, radical, nilradical, seed):
    """The generic algebra next to noisy e(3) is an so(4) or so(3,1); one threshold cannot tell, the distance can."""
    found = span(noisy(title, 1e-2, seed))
    reading = nearest(found, 1e-2, known=True).reading
    assert (reading.flag.radical, reading.flag.nilradical) == (radical, nilradical)


def test_where_noise_hides_the_difference_both_are_said():
    """so(3) at condition 30 lies nearer to e(2) than this noise."""
    names = set()
    for seed in range(6):
        found = analyze(noisy("so(3)", 3e-2, seed, condition=30))
        names.add(found.name)
        assert found.name == "so(3)" or "so(3)" in found.neighbours or found.confidence == "low"
        assert not (found.name != "so(3)" and found.confidence == "high")
    assert names


@pytest.mark.parametrize(
    "title", ["e(3)", "galilei(3)", "schrodinger(1)", "n(4)", "sim(2)", "bargmann(3)", "carroll(3)"]
)
def test_brackets_lie_where_the_flag_allows_them(title):
    basis = span(noisy(title, 0)).basis
    constants = structure_constants(basis)
    seen = flag(constants, 1e-5)
    adapted = np.einsum("ai,bj,cl,ijl->abc", seen.frame, seen.frame, seen.frame, constants)
    assert np.abs(adapted[~seen.allowed()]).max() < 1e-10
    np.testing.assert_allclose(seen.frame @ seen.frame.T, np.eye(len(seen.frame)), atol=1e-12)


@pytest.mark.parametrize(
    "title", ["e(3)", "poincare(3,1)", "schrodinger(3)", "bargmann(3)", "gl(3,R)", "sl(3,R) |x R^3"]
)
def test_a_levi_complement_is_a_semisimple_subalgebra(title):
    basis = span(noisy(title, 0)).basis
    constants = structure_constants(basis)
    seen = flag(constants, 1e-5)
    radical = seen.frame[len(constants) - seen.radical :]
    levi = levi_complement(constants, radical)
    assert len(levi) + len(radical) == len(constants)
    matrices = np.tensordot(levi, basis, axes=1)
    products = np.einsum("iab,jbc->ijac", matrices, matrices)
    brackets = (products - products.transpose(1, 0, 2, 3)).reshape(-1, basis.shape[1] ** 2)
    flat = matrices.reshape(len(matrices), -1)
    inside = brackets @ np.linalg.pinv(flat) @ flat
    np.testing.assert_allclose(inside, brackets, atol=1e-9 * max(1.0, np.abs(brackets).max()))
    c = restricted(constants, levi)
    ad = c.transpose(0, 2, 1)
    killing = np.einsum("iab,jba->ij", ad, ad)
    values = np.abs(np.linalg.eigvalsh(killing))
    assert values.min() > 1e-6 * values.max()


def test_a_missing_generator_shows_in_one_direction_and_noise_in_none():
    rotations = KNOWN["so(5)"].generators.astype(float)
    basis = span(rotations[:-1]).basis
    (direction,) = leaning(basis)
    assert abs(np.vdot(direction, rotations[-1])) / np.linalg.norm(rotations[-1]) == pytest.approx(1, abs=1e-9)
    assert not len(leaning(span(noisy("so(5)", 5e-2)).basis))


def test_what_an_incomplete_set_generates_is_said():
    found = analyze(KNOWN["so(3)"].generators[:2])
    assert found.confidence == "low"
    assert any("which makes 3 in all: so(3)" in note for note in found.notes)


def test_a_rank_that_noise_could_have_made_is_not_sure():
    """Three commuting generators, one of them nearly a combination of the others: two or three?"""
    rng = np.random.default_rng(0)
    mix = np.array([[1, 0.3, 0.1], [0.2, 1, 0.1], [1, 1, 0.25]])
    stack = np.einsum("ij,jab->iab", mix, np.array([np.diag(row) for row in np.eye(3)]))
    stack += 0.02 * np.sqrt((stack**2).mean(axis=(1, 2), keepdims=True)) * rng.standard_normal(stack.shape)
    found = analyze(stack)
    assert found.name == "R^3" or found.confidence == "low"


def test_redundant_matrices_that_fill_gl_vouch_for_nothing():
    """All of gl(2) closes, so eight noisy matrices of sl(2,R) that span it show no noise."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found = analyze(disguised(KNOWN["sl(2,R)"].generators, rng, 0.05, 3.0, 5))
        assert found.name == "sl(2,R)" or found.confidence == "low"
