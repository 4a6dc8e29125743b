"""The pencil solver: against LAPACK's, against known spectra, dense and matrix-free."""

import numpy as np
import pytest
from scipy.linalg import eigh
from toys import hidden

from symdisc.discover.eigen import smallest
from symdisc.discover.rows import Form


def orthogonal(rng, size):
    return np.linalg.qr(rng.standard_normal((size, size)))[0]


def positive(rng, size, condition):
    basis = orthogonal(rng, size)
    return (basis * np.geomspace(1, condition, size)) @ basis.T


def residual(form, metric, found):
    return np.abs(form @ found.vectors - metric @ found.vectors * found.values).max()


@pytest.mark.parametrize("size", [1, 2, 7, 40])
@pytest.mark.parametrize("count", [1, 5, 100])
def test_dense_agrees_with_lapack(size, count):
    rng = np.random.default_rng(size)
    form = rng.standard_normal((size, size))
    form, metric = form + form.T, positive(rng, size, 100.0)
    found = smallest(Form(size, form), Form(size, metric), count)
    np.testing.assert_allclose(found.values, eigh(form, metric, eigvals_only=True)[:count], atol=1e-10)
    np.testing.assert_allclose(found.vectors.T @ metric @ found.vectors, np.eye(min(count, size)), atol=1e-10)
    assert residual(form, metric, found) < 1e-9
    assert found.unused == 0


def test_null_space_of_the_metric_is_set_apart_and_counted():
    """Both where it lies along candidates and where it does not."""
    rng = np.random.default_rng(0)
    basis = orthogonal(rng, 12)
    for seen in (basis[:, :9], np.eye(12)[:, :9]):
        form = seen @ np.diag(np.arange(9.0)) @ seen.T
        metric = seen @ positive(rng, 9, 10.0) @ seen.T
        found = smallest(Form(12, form), Form(12, metric), 12)
        assert found.unused == 3
        assert found.values.shape == (9,)
        assert abs(found.values[0]) < 1e-12
        assert found.values[1] > 1e-3
        # They lie where the metric sees them.
        assert np.linalg.norm(metric @ found.vectors, axis=0).min() > 0.1


def test_a_metric_that_sees_nothing():
    found = smallest(Form(4, np.eye(4)), Form(4, np.zeros((4, 4))), 3)
    assert found.unused == 4
    assert found.vectors.shape == (4, 0)


@pytest.mark.parametrize("units", [1e-9, 1e-3, 1e6])
def test_units_of_a_candidate_do_not_matter(units):
    rng = np.random.default_rng(3)
    form, metric = positive(rng, 10, 50.0), positive(rng, 10, 50.0)
    scale = np.ones(10)
    scale[2:5] = units
    plain = smallest(Form(10, form), Form(10, metric), 10)
    scaled = smallest(Form(10, form * np.outer(scale, scale)), Form(10, metric * np.outer(scale, scale)), 10)
    np.testing.assert_allclose(scaled.values, plain.values, rtol=1e-9)
    assert scaled.unused == 0
    span = scaled.vectors[:, :3] * scale[:, None]
    np.testing.assert_allclose(np.abs(np.sum(span * (metric @ plain.vectors[:, :3]), axis=0)), 1, rtol=1e-7)


@pytest.mark.parametrize("multiplicity", [0, 5, 40])
@pytest.mark.parametrize("units", [1e-8, 1.0, 1e7])
def test_matrix_free_finds_a_multiple_zero(multiplicity, units):
    """LOBPCG stops at an absolute residual; the answer must not depend on the units of the rows."""
    rng = np.random.default_rng(multiplicity)
    size, count = 300, 12
    basis = orthogonal(rng, size)
    spectrum = np.r_[np.zeros(multiplicity), np.linspace(0.1, 3, size - multiplicity)]
    form = Form(size, units * (basis * spectrum) @ basis.T)
    metric = Form(size, positive(rng, size, 30.0))
    dense, found = smallest(form, metric, count), smallest(hidden(form), hidden(metric), count)
    np.testing.assert_allclose(found.values / units, dense.values / units, atol=1e-9)
    assert residual(form.matrix, metric.matrix, found) < 1e-5 * units


@pytest.mark.parametrize("null", [40, 290])
def test_matrix_free_sets_the_null_space_apart(null):
    """What the data never see has no violation either; it must not pass for the best directions."""
    rng = np.random.default_rng(null)
    seen = orthogonal(rng, 300)[:, null:]
    size = seen.shape[1]
    spectrum = np.r_[np.zeros(3), np.linspace(0.2, 3, size - 3)]
    form = Form(300, seen @ np.diag(spectrum) @ seen.T)
    metric = Form(300, seen @ positive(rng, size, 10.0) @ seen.T)
    dense, found = smallest(form, metric, 8), smallest(hidden(form), hidden(metric), 8)
    assert dense.unused == null
    np.testing.assert_allclose(found.values, dense.values, atol=1e-9)
    np.testing.assert_allclose(np.einsum("kr,kr->r", found.vectors, metric.apply(found.vectors)), 1, rtol=1e-6)
    unseen = found.vectors - seen @ (seen.T @ found.vectors)
    assert np.abs(unseen).max() < 1e-6


def test_matrix_free_at_three_thousand():
    """A reflection of diagonals: the spectrum is known without any solver."""
    size, count = 3000, 16
    rng = np.random.default_rng(9)
    normal = rng.standard_normal(size)
    normal /= np.linalg.norm(normal)

    def reflected(diagonal):
        def apply(v):
            v = v - 2 * normal[:, None] * (normal @ v)
            v = diagonal[:, None] * v
            return v - 2 * normal[:, None] * (normal @ v)

        return Form(size, operator=apply)

    top = np.r_[np.zeros(10), np.linspace(0.02, 4, size - 10)]
    bottom = np.linspace(1, 5, size)
    found = smallest(reflected(top), reflected(bottom), count)
    np.testing.assert_allclose(found.values, np.sort(top / bottom)[:count], atol=1e-8)


def test_equal_input_gives_equal_output():
    rng = np.random.default_rng(5)
    form, metric = (Form(300, positive(rng, 300, 10.0)) for _ in range(2))
    for a, b in ((form, metric), (hidden(form), hidden(metric))):
        one, two = smallest(a, b, 5), smallest(a, b, 5)
        assert one.vectors.tobytes() == two.vectors.tobytes()
        largest = np.abs(one.vectors).argmax(axis=0)
        assert (one.vectors[largest, np.arange(5)] > 0).all()
