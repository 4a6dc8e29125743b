"""Forms of moment rows against double sums over batches, dense and matrix-free."""

import numpy as np
import pytest
from toys import HiddenForms, HiddenRows, hidden

from symdisc.discover.rows import DenseForms, DenseRows, Form, moment_forms

BATCHES, ROWS, CANDIDATES = 9, 5, 4


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    array = 0.7 + rng.standard_normal((BATCHES, ROWS, CANDIDATES))
    weights = np.array([3.0, 0, 50, 7, 1, 20, 5, 90, 11])
    mask = (weights > 0) & (np.arange(BATCHES) != 3)
    return array, weights, mask


def by_double_sum(array, weights, mask):
    """The definition: products of different batches only."""
    used = np.flatnonzero(mask)
    n = weights[used].sum()
    mean = sum(weights[b] * array[b] for b in used) / n
    total = np.zeros((CANDIDATES, CANDIDATES))
    norm = 0.0
    for b in used:
        for c in used:
            if b != c:
                total += weights[b] * weights[c] * array[b].T @ array[c]
                norm += weights[b] * weights[c]
    return mean.T @ mean, total / norm


@pytest.mark.parametrize("kind", [DenseRows, HiddenRows])
def test_forms_are_the_double_sums(case, kind):
    array, weights, mask = case
    raw, unbiased, noise = (form.apply(np.eye(CANDIDATES)) for form in moment_forms(kind(array), weights, mask))
    expected_raw, expected_unbiased = by_double_sum(array, weights, mask)
    np.testing.assert_allclose(raw, expected_raw, atol=1e-13)
    np.testing.assert_allclose(unbiased, expected_unbiased, atol=1e-13)
    np.testing.assert_allclose(noise, noise.T, atol=1e-13)
    assert np.linalg.eigvalsh((noise + noise.T) / 2)[0] > -1e-12


def test_masked_batches_do_not_count(case):
    array, weights, mask = case
    other = array.copy()
    other[~mask] = 1e6
    for a, b in zip(
        moment_forms(DenseRows(array), weights, mask), moment_forms(DenseRows(other), weights, mask), strict=True
    ):
        np.testing.assert_array_equal(a.matrix, b.matrix)


def test_noise_is_the_variance_of_the_mean():
    """E[N] = sum over rows of Cov(mean), also with unequal batches; Monte Carlo."""
    rng = np.random.default_rng(1)
    weights = np.array([1.0, 2, 5, 10, 30, 4, 8])
    root = np.array([[1.0, 0], [0.5, 2.0]])
    draws = rng.standard_normal((4000, 7, 3, 2)) @ root.T / np.sqrt(weights)[:, None, None]
    rows = 1.5 + draws
    values = [moment_forms(DenseRows(row), weights, weights > 0) for row in rows]
    noise = np.mean([form[2].matrix for form in values], axis=0)
    unbiased = np.mean([form[1].matrix for form in values], axis=0)
    np.testing.assert_allclose(noise, 3 * root @ root.T / weights.sum(), rtol=0.05)
    np.testing.assert_allclose(unbiased, np.full((2, 2), 3 * 1.5**2), rtol=0.03)


def test_rows_and_forms_agree_with_their_operators():
    rng = np.random.default_rng(2)
    array, directions, values = (rng.standard_normal(s) for s in ((6, 5, 4), (4, 3), (6, 5, 3)))
    assert DenseRows(array).shape == HiddenRows(array).shape == (6, 5, 4)
    np.testing.assert_allclose(DenseRows(array).apply(directions), HiddenRows(array).apply(directions))
    np.testing.assert_allclose(DenseRows(array).adjoint(values), HiddenRows(array).adjoint(values))
    # The adjoint is one: <A v, y> = <v, A^T y>.
    np.testing.assert_allclose(
        (DenseRows(array).apply(directions) * values).sum(), (DenseRows(array).adjoint(values) * directions).sum()
    )
    forms = rng.standard_normal((6, 4, 4))
    np.testing.assert_allclose(DenseForms(forms).apply(directions), HiddenForms(forms).apply(directions))


def test_form_arithmetic():
    rng = np.random.default_rng(3)
    a, b = (x + x.T for x in rng.standard_normal((2, 6, 6)))
    v = rng.standard_normal(6)
    for one, two in ((Form(6, a), Form(6, b)), (hidden(Form(6, a)), Form(6, b)), (Form(6, a), hidden(Form(6, b)))):
        assert one.plus(two, -0.3).value(v) == pytest.approx(v @ (a - 0.3 * b) @ v)
        assert one.times(2.5).value(v) == pytest.approx(2.5 * v @ a @ v)


def test_trace():
    rng = np.random.default_rng(4)
    root = rng.standard_normal((400, 400)) / 20
    form = Form(400, root @ root.T)
    assert form.trace() == pytest.approx(np.trace(form.matrix))
    # Hutchinson with 32 sign vectors: variance 2 |A - diag A|^2 / 32.
    off = form.matrix - np.diag(np.diag(form.matrix))
    assert abs(hidden(form).trace() - form.trace()) < 5 * np.sqrt(2 * (off**2).sum() / 32)
    assert hidden(form).trace() == hidden(form).trace()
    assert hidden(Form(400, np.diag(np.arange(400.0)))).trace() == pytest.approx(399 * 200)
