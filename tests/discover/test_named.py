"""Named algebras: dimension by the textbook, and the form that each preserves."""

import numpy as np
import pytest

from symdisc.discover.named import named, read_generators
from symdisc.errors import InputError


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("so(2)", (1, 2, 2)),
        ("so(5)", (10, 5, 5)),
        ("so(3,R)", (3, 3, 3)),
        ("so(3,1)", (6, 4, 4)),
        ("so(0,3)", (3, 3, 3)),
        ("sl(3,R)", (8, 3, 3)),
        ("gl(2,R)", (4, 2, 2)),
        ("gl(1)", (1, 1, 1)),
        ("sp(4,R)", (10, 4, 4)),
        (" sp( 2, R ) ", (3, 2, 2)),
    ],
)
def test_shape_and_independence(name, shape):
    generators = named(name)
    assert generators.shape == shape
    assert np.linalg.matrix_rank(generators.reshape(len(generators), -1)) == len(generators)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("so(4)", np.eye(4)),
        ("so(3,1)", np.diag([1, 1, 1, -1])),
        ("so(2,2)", np.diag([1, 1, -1, -1])),
        ("sp(4,R)", np.kron([[0, 1], [-1, 0]], np.eye(2))),
    ],
)
def test_form_is_preserved(name, form):
    for generator in named(name):
        np.testing.assert_allclose(generator.T @ form + form @ generator, 0, atol=1e-15)


def test_sl_has_no_trace():
    assert not np.trace(named("sl(4,R)"), axis1=1, axis2=2).any()


@pytest.mark.parametrize("name", ["so(3,1)", "sp(4,R)", "sl(3,R)"])
def test_closed_under_brackets(name):
    generators = named(name)
    flat = generators.reshape(len(generators), -1)
    brackets = np.array([(a @ b - b @ a).ravel() for a in generators for b in generators])
    outside = brackets - brackets @ np.linalg.pinv(flat) @ flat
    assert np.abs(outside).max() < 1e-12


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("su(3)", "no such file, and no name known here"),
        ("so3", "no such file"),
        ("so(1)", "between 2 and 64"),
        ("sl(1,R)", "between 2 and 64"),
        ("so(40,40)", "between 2 and 64"),
        ("sp(3,R)", "even for sp"),
        ("sl(2,3)", "only so takes a signature"),
        ("sp(4,2)", "only so takes a signature"),
    ],
)
def test_errors(name, message):
    with pytest.raises(InputError, match=message):
        named(name)


def test_a_file_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matrices = np.arange(8.0).reshape(2, 2, 2)
    np.savez(tmp_path / "mine.npz", generators=matrices)
    np.testing.assert_array_equal(read_generators("mine.npz"), matrices)
    assert read_generators("so(3)").shape == (3, 3, 3)
