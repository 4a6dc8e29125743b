"""The basis by factors against the dense formulas."""

import numpy as np
import pytest

from symdisc.factored import FactoredRotations


@pytest.fixture
def basis():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((7, 7)))[0][:, :5]
    return FactoredRotations(np.array([9.0, 4.0, 2.0, 1.0, 0.1]), axes)


def test_members_preserve_h_and_are_orthonormal(basis):
    h = basis.eigenvectors * basis.eigenvalues @ basis.eigenvectors.T
    stack = basis.dense()
    assert stack.shape == basis.shape == (10, 7, 7)
    assert max(np.abs(g @ h + h @ g.T).max() for g in stack) <= 1e-13
    flat = stack.reshape(10, -1)
    assert np.allclose(flat @ flat.T, np.eye(10), atol=1e-13)


def test_pairs_are_in_lexicographic_order(basis):
    expected = [(i, j) for i in range(5) for j in range(i + 1, 5)]
    assert [basis.pair(k) for k in range(10)] == expected
    assert basis.pair(-1) == (3, 4)
    with pytest.raises(IndexError):
        basis[10]


def test_eigenvalues_without_an_eigenproblem(basis):
    for index in range(10):
        expected = np.linalg.eigvals(basis[index])
        order = np.argsort(expected.imag)
        found = basis.eigenvalues_of(index)
        assert np.allclose(np.sort(found.imag), expected.imag[order], atol=1e-7)
        assert np.abs(expected.real).max() <= 1e-7


def test_combine_equals_the_dense_sum(basis):
    t = np.random.default_rng(1).standard_normal(10)
    assert np.allclose(basis.combine(t), np.tensordot(t, basis.dense(), axes=1), atol=1e-12)


def test_preview_and_the_empty_basis(basis):
    assert np.array_equal(basis.preview(3), basis.dense()[:3])
    empty = FactoredRotations(np.ones(1), np.eye(4)[:, :1])
    assert len(empty) == 0
    assert empty.dense().shape == empty.preview(2).shape == (0, 4, 4)
