"""The stated truth of every problem, held against the covariances of its own data and the conditions themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symdisc.errors import InputError
from symdisc.options import describe
from symdisc.problems import PROBLEMS, make

EXACT = [name for name, problem in PROBLEMS.items() if any(row["name"] == "exact" for row in describe(problem.options))]
FEW = settings(max_examples=15, deadline=None)
SEEDS = st.integers(0, 10**6)
RUNS = {"trajectory": (5, {"times": 20}), "field": (3, {"times": 12, "size": 32})}


def covariances(made):
    """Of x, of y, and of y with x, straight from the samples."""
    x = made.arrays["x"] - made.arrays["x"].mean(axis=0)
    y = made.arrays["y"] - made.arrays["y"].mean(axis=0)
    return x.T @ x / len(x), y.T @ y / len(x), y.T @ x / len(x)


def rank(stack):
    return np.linalg.matrix_rank(stack.reshape(len(stack), -1)) if len(stack) else 0


def skew(n):
    """A basis of so(n), written without the code under test."""
    basis = []
    for i in range(n):
        for j in range(i):
            a = np.zeros((n, n))
            a[i, j], a[j, i] = 1, -1
            basis.append(a)
    return basis


def labelled_defects(made):
    """Ascending relative defects over all of so(c) + so(d) in the whitened frame, unused directions included."""
    h, g, cross = covariances(made)
    whitened = np.linalg.solve(np.linalg.cholesky(g), np.linalg.solve(np.linalg.cholesky(h), cross.T).T)
    c, d = whitened.shape
    left = [np.concatenate([(a @ whitened).ravel(), 0 * whitened.ravel()]) for a in skew(c)]
    right = [np.concatenate([0 * whitened.ravel(), (whitened @ b).ravel()]) for b in skew(d)]
    terms = np.array(left + right).T
    size = terms.T @ terms
    misfit = (terms[: c * d] - terms[c * d :]).T @ (terms[: c * d] - terms[c * d :])
    values, vectors = np.linalg.eigh(size)
    used = vectors[:, values > 1e-10] / np.sqrt(values[values > 1e-10])
    return np.sqrt(np.maximum(np.linalg.eigvalsh(used.T @ misfit @ used), 0)), int((values <= 1e-10).sum())


@given(seed=SEEDS, d=st.integers(2, 7), condition=st.floats(1, 50))
@FEW
def test_gaussian_truth_preserves_the_covariance_and_is_all_that_does(seed, d, condition):
    made = make("hidden-gaussian", seed, 40, dimension=d, condition=condition, exact=True)
    x = made.arrays["x"]
    h = np.cov(x, rowvar=False, bias=True)
    for generator in made.generators:
        assert np.abs(generator @ h + h @ generator.T).max() <= 1e-12 * np.abs(generator @ h).max() * condition**2
    basis = np.eye(d * d).reshape(-1, d, d)
    system = np.array([(e @ h + h @ e.T).ravel() for e in basis])
    values = np.linalg.svd(system, compute_uv=False)
    nullity = int((values < values[0] * 1e-3 / condition**2).sum())
    assert rank(made.generators) == len(made.generators) == nullity == d * (d - 1) // 2
    assert np.isclose(np.sqrt(np.linalg.cond(h)), condition, rtol=1e-6)
    assert np.allclose(h, made.facts["covariance"], atol=1e-10)
    assert np.allclose(x.mean(axis=0), made.facts["centre"], atol=1e-10)


@given(seed=SEEDS, d=st.integers(3, 8), r=st.integers(1, 7))
@FEW
def test_rank_deficient_truth_lives_on_the_range(seed, d, r):
    r = min(r, d - 1)
    made = make("rank-deficient", seed, 30, dimension=d, rank=r, exact=True)
    h = np.cov(made.arrays["x"], rowvar=False, bias=True)
    basis = np.eye(d * d).reshape(-1, d, d)
    system = np.array([(e @ h + h @ e.T).ravel() for e in basis])
    assert np.linalg.matrix_rank(h, tol=1e-9) == r
    assert d * d - np.linalg.matrix_rank(system, tol=1e-9) == r * (r - 1) // 2 + d * (d - r)
    assert rank(made.generators) == len(made.generators) == r * (r - 1) // 2
    onto = h @ np.linalg.pinv(h, rcond=1e-9)
    for generator in made.generators:
        assert np.allclose(generator @ h + h @ generator.T, 0, atol=1e-10)
        assert np.allclose(onto @ generator @ onto, generator, atol=1e-8)


@given(seed=SEEDS, counts=st.lists(st.integers(1, 3), min_size=1, max_size=3), extra=st.integers(0, 3))
@FEW
def test_planted_multiplicities_are_the_symmetry(seed, counts, extra):
    counts = counts if sum(counts) > 1 else [2]
    rho = [value for value, count in zip((0.9, 0.6, 0.3), counts, strict=False) for _ in range(count)]
    made = make("equal-correlations", seed, 60, correlations=rho, inputs=len(rho) + extra, exact=True)
    d = len(rho) + extra
    h, g, cross = covariances(made)
    for generator in made.generators:
        on_x, on_y = generator[:d, :d], generator[d:, d:]
        assert not generator[:d, d:].any()
        assert not generator[d:, :d].any()
        assert np.allclose(on_x @ h + h @ on_x.T, 0, atol=1e-9)
        assert np.allclose(on_y @ g + g @ on_y.T, 0, atol=1e-9)
        assert np.allclose(on_y @ cross + cross @ on_x.T, 0, atol=1e-9)
    dimension = sum(count * (count - 1) // 2 for count in counts)
    assert rank(made.generators) == len(made.generators) == made.facts["dimension"] == dimension
    defects, unused = labelled_defects(made)
    assert int((defects < 1e-6).sum()) == dimension
    assert unused == made.facts["unused_dimension"] == extra * (extra - 1) // 2
    broken = defects[defects >= 1e-6]
    if made.facts["next_defect"] is None:
        assert len(broken) == 0 or broken[0] > 0.99
    else:
        assert np.isclose(broken[0], made.facts["next_defect"], atol=1e-6)


def test_correlations_of_the_data_are_those_asked_for():
    made = make("equal-correlations", 3, 50, correlations=".9,.9,.6,.3", inputs=6, exact="yes")
    h, g, cross = covariances(made)
    whitened = np.linalg.solve(np.linalg.cholesky(g), np.linalg.solve(np.linalg.cholesky(h), cross.T).T)
    assert np.allclose(np.linalg.svd(whitened, compute_uv=False), [0.9, 0.9, 0.6, 0.3])


@pytest.mark.parametrize(
    "options", [{}, {"inputs": 5}, {"correlations": (0.9, 0.6)}, {"correlations": (0.8, 0.59, 0.4)}]
)
def test_no_symmetry_has_a_defect_of_twice_the_tolerance_in_every_direction(options):
    made = make("no-symmetry", 1, 80, **options, exact=True)
    defects, unused = labelled_defects(made)
    print(f"population defect over {len(defects)} candidates: {defects[0]:.3f}")
    assert defects[0] >= 0.2
    assert np.isclose(defects[0], made.facts["population_defect"], atol=1e-9)
    assert unused == 0
    assert made.generators.shape == (0, *[sum(a.shape[1] for a in made.arrays.values())] * 2)


@pytest.mark.parametrize("name", EXACT)
def test_drawn_samples_approach_the_stated_population(name):
    """Without `exact` the covariances differ by sampling alone: 200,000 samples come within 2 %."""
    many, exact = make(name, 5, 200_000), make(name, 5, 1000, exact=True)
    joint = [np.concatenate(list(made.arrays.values()), axis=1) for made in (many, exact)]
    drawn, truth = (np.cov(columns, rowvar=False) for columns in joint)
    assert np.abs(drawn - truth).max() < 0.02 * np.abs(truth).max()
    assert np.abs(drawn - truth).max() > 1e-6
    assert np.allclose(many.generators, exact.generators)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_seed_decides_everything(name):
    samples, options = RUNS.get(PROBLEMS[name].kind, (100, {}))
    first, again, other = (make(name, seed, samples, **options) for seed in (7, 7, 8))
    for key, array in first.arrays.items():
        assert array.tobytes() == again.arrays[key].tobytes()
        assert not np.array_equal(array, other.arrays[key])
        assert len(array) == samples
    assert first.recipe == again.recipe


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("hidden-gausian", {}, "hidden-gaussian"),
        ("hidden-gaussian", {"dimension": 1}, "dimension"),
        ("hidden-gaussian", {"dimension": "many"}, "whole number"),
        ("hidden-gaussian", {"condition": 0.5}, "condition"),
        ("hidden-gaussian", {"condition": float("nan")}, "condition"),
        ("hidden-gaussian", {"centre": float("nan")}, "centre"),
        ("hidden-gaussian", {"dimenson": 3}, "dimension"),
        ("rank-deficient", {"rank": 8}, "between 1 and"),
        ("equal-correlations", {"correlations": "0.9,1.0"}, "between 0 and 1"),
        ("equal-correlations", {"correlations": ".9,,.8"}, "numbers with commas"),
        ("equal-correlations", {"inputs": 3}, "inputs"),
        ("no-symmetry", {"correlations": ".9,.8"}, "equal-correlations"),
        ("no-symmetry", {"inputs": 6}, "never uses"),
    ],
)
def test_unusable_options_are_refused_with_the_remedy(name, options, word):
    with pytest.raises(InputError, match=word):
        make(name, **options)


@pytest.mark.parametrize(("seed", "samples"), [(-1, 10), (0, 1), (0, 10**20)])
def test_unusable_numbers_are_refused(seed, samples):
    with pytest.raises(InputError):
        make("hidden-gaussian", seed, samples)


def test_exact_needs_enough_samples():
    with pytest.raises(InputError, match="at least 9"):
        make("equal-correlations", samples=8, exact=True)
