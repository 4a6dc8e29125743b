"""Invariant forms and commutant, against exact null spaces and known signatures."""

import exact
import numpy as np
import pytest
from known_algebras import FEW, KNOWN, disguised
from matrices import affine, block, pseudo_orthogonal, symplectic

from symdisc.algebra import analyze


@pytest.mark.parametrize("name", FEW)
def test_forms_are_invariant_and_as_many_as_there_are(name):
    generators = disguised(name, np.random.default_rng(3), 0, 3)
    found = analyze(generators)
    symmetric = [form.matrix for form in found.symmetric_forms]
    antisymmetric = found.antisymmetric_forms
    assert (len(symmetric), len(antisymmetric)) == exact.form_dimensions(KNOWN[name].generators)
    for sign, forms in ((1, symmetric), (-1, antisymmetric)):
        for g in forms:
            np.testing.assert_allclose(g, sign * g.T, atol=1e-12 * np.abs(g).max())
            left = generators.transpose(0, 2, 1) @ g + g @ generators
            assert np.abs(left).max() < 1e-10 * np.abs(generators).max() * np.abs(g).max()


@pytest.mark.parametrize("noise", [0, 1e-8])
@pytest.mark.parametrize(
    ("generators", "signature"),
    [
        (pseudo_orthogonal(4), (4, 0, 0)),
        (pseudo_orthogonal(3, 1), (3, 1, 0)),
        (pseudo_orthogonal(2, 2), (2, 2, 0)),
    ],
)
def test_the_metric_is_found_with_its_signature(generators, signature, noise):
    rng = np.random.default_rng(0)
    m = generators.shape[1]
    similarity = np.linalg.qr(rng.standard_normal((m, m)))[0] * np.geomspace(1, 3, m)
    moved = similarity @ generators @ np.linalg.inv(similarity)
    moved += noise * np.sqrt((moved**2).mean()) * rng.standard_normal(moved.shape)
    (form,) = analyze(moved).symmetric_forms
    assert form.signature == signature
    inverse = np.linalg.inv(similarity)
    expected = inverse.T @ np.diag([1] * signature[0] + [-1] * signature[1]) @ inverse
    cosine = abs(np.vdot(form.matrix, expected)) / np.linalg.norm(form.matrix) / np.linalg.norm(expected)
    assert cosine == pytest.approx(1, abs=1e-6)


def test_forms_of_a_block_sum_are_those_of_the_blocks():
    found = analyze(block(pseudo_orthogonal(3), pseudo_orthogonal(2, 1)))
    matrices = sorted((form.matrix.tolist(), form.signature) for form in found.symmetric_forms)
    expected = sorted(
        [
            (np.diag([1.0, 1, 1, 0, 0, 0]).tolist(), (3, 0, 3)),
            (np.diag([0.0, 0, 0, 1, 1, -1]).tolist(), (2, 1, 3)),
        ]
    )
    for (matrix, signature), (true, true_signature) in zip(matrices, expected, strict=True):
        assert signature == true_signature
        np.testing.assert_allclose(matrix, true, atol=1e-12)


def test_symplectic_matrices_preserve_one_antisymmetric_form():
    found = analyze(symplectic(2))
    assert found.symmetric_forms == []
    (form,) = found.antisymmetric_forms
    one, zero = np.eye(2), np.zeros((2, 2))
    expected = np.block([[zero, one], [-one, zero]])
    np.testing.assert_allclose(form * expected[0, 2] / form[0, 2], expected, atol=1e-12)


def test_forms_of_affine_matrices_are_degenerate():
    (form,) = analyze(affine(pseudo_orthogonal(3))).symmetric_forms
    assert form.signature == (1, 0, 3)


def test_large_matrices_leave_forms_open():
    generators = np.zeros((3, 30, 30))
    generators[:, :3, :3] = pseudo_orthogonal(3)
    found = analyze(generators)
    assert found.commutant_dimension is None
    assert found.name == "so(3)"
    assert any("left open above matrix size" in note for note in found.notes)


@pytest.mark.parametrize("gap", [0, 1e-12, 1e-9, 1e-6, 1e-4, 3e-4, 1e-2, 0.3])
@pytest.mark.parametrize("jordan", [False, True])
def test_rotations_are_compact_however_close_their_frequencies_and_jordan_blocks_never(gap, jordan):
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    generator = np.zeros((6, 6))
    for i, omega in enumerate((1, 1 + gap, 0.5)):
        generator[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = omega * turn
    if jordan:
        generator[2:4, 2:4] = turn
        generator[:2, 2:4] = np.eye(2)
    rng = np.random.default_rng(0)
    similarity = rng.standard_normal((6, 6))
    moved = similarity @ generator @ np.linalg.inv(similarity)
    assert analyze(moved).matrix_compact is not jordan
