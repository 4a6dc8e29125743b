"""Irreps of rotations: against textbook actions (vectors, symmetric matrices, tensors), in any frame, with noise."""

from __future__ import annotations

import numpy as np
import pytest

from symdisc.equivariant.irreps import real_so3, rotation_frame, so2_irreps, so3_irreps
from symdisc.errors import InputError

CROSS = np.zeros((3, 3, 3))
for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
    CROSS[a, c, b], CROSS[a, b, c] = 1, -1  # rotation about a takes b to c


def tensor(left, right):
    """The action on the tensor product."""
    one, two = np.eye(left.shape[1]), np.eye(right.shape[1])
    return np.stack([np.kron(x, two) + np.kron(one, y) for x, y in zip(left, right, strict=True)])


def summed(*parts):
    size = sum(part.shape[1] for part in parts)
    whole, at = np.zeros((len(parts[0]), size, size)), 0
    for part in parts:
        whole[:, at : at + part.shape[1], at : at + part.shape[1]] = part
        at += part.shape[1]
    return whole


def framed(generators, condition, seed):
    """In other coordinates, and in another basis of the algebra."""
    rng = np.random.default_rng(seed)
    d = generators.shape[1]
    left, right = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
    skew = left * np.geomspace(1, condition, d) @ right
    mixed = np.linalg.qr(rng.standard_normal((len(generators),) * 2))[0] * rng.uniform(0.5, 2)
    return np.einsum("ij,jab->iab", mixed, skew @ generators @ np.linalg.inv(skew))


SCALAR = np.zeros((3, 1, 1))
REPRESENTATIONS = {
    "vector": (CROSS, (1,)),
    "scalars and vectors": (summed(SCALAR, CROSS, SCALAR, CROSS), (0, 0, 1, 1)),
    "matrices": (tensor(CROSS, CROSS), (0, 1, 2)),
    "third tensors": (tensor(tensor(CROSS, CROSS), CROSS), (0, 1, 1, 1, 2, 2, 3)),
}


def harmonic(l, points):  # noqa: E741
    """A basis of harmonic polynomials of degree l at points, by differences of those of all degrees: (n, 2l+1)."""
    x, y, z = points.T
    if l == 1:
        return np.stack([x, y, z], 1)
    root = np.sqrt(3)
    return np.stack(
        [root * x * z, root * x * y, y * y - (x * x + z * z) / 2, root * y * z, root * (z * z - x * x) / 2], 1
    )


@pytest.mark.parametrize("l", [1, 2])
def test_the_real_basis_is_that_of_harmonic_polynomials(l):  # noqa: E741
    """d/dt Y(exp(t J_a) r) = X_a Y(r), for e3nn's l = 1: (x, y, z) and l = 2: (xz, xy, y2, yz, z2 - x2)."""
    points = np.random.default_rng(0).standard_normal((50, 3))
    step = 1e-5
    for axis in range(3):
        moved = [harmonic(l, points @ (np.eye(3) + s * CROSS[axis]).T) for s in (step, -step)]
        slope = (moved[0] - moved[1]) / (2 * step)
        np.testing.assert_allclose(slope, harmonic(l, points) @ real_so3(l)[axis].T, atol=1e-8)


@pytest.mark.parametrize("l", range(6))
def test_the_real_basis_is_a_representation(l):  # noqa: E741
    x = real_so3(l)
    np.testing.assert_allclose(x[0] @ x[1] - x[1] @ x[0], x[2], atol=1e-12)
    np.testing.assert_allclose(x[1] @ x[2] - x[2] @ x[1], x[0], atol=1e-12)
    np.testing.assert_allclose(-np.einsum("aij,ajk->ik", x, x), l * (l + 1) * np.eye(2 * l + 1), atol=1e-12)
    np.testing.assert_array_equal(x, -x.transpose(0, 2, 1))


@pytest.mark.parametrize("name", REPRESENTATIONS)
@pytest.mark.parametrize("condition", [1, 10])
@pytest.mark.parametrize("pole", ["y", "z"])
def test_irreps_of_so3_in_any_frame(name, condition, pole):
    generators, labels = REPRESENTATIONS[name]
    given = framed(generators, condition, seed=len(labels))
    found = so3_irreps(given, pole)
    assert found.labels == labels
    assert found.residual < 1e-9
    np.testing.assert_allclose(np.einsum("ai,ide->ade", found.mixing, given), found.generators, atol=1e-8)
    inside = np.linalg.solve(found.basis, found.generators @ found.basis)
    order = [0, 1, 2] if pole == "y" else [2, 0, 1]
    np.testing.assert_allclose(inside, summed(*(real_so3(l)[order] for l in labels)), atol=1e-8)  # noqa: E741
    if condition == 1:
        np.testing.assert_allclose(found.basis.T @ found.basis, np.eye(inside.shape[1]), atol=1e-9)


def test_vectors_in_their_own_frame_stay():
    """Whatever basis of so(3) is given, the axes are those of x."""
    mixed = np.einsum("ij,jab->iab", np.random.default_rng(0).standard_normal((3, 3)), CROSS)
    for given in (CROSS, -CROSS, mixed):
        found = so3_irreps(given)
        np.testing.assert_allclose(found.basis, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(found.generators, CROSS, atol=1e-12)


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_noise_leaves_labels_and_an_exact_representation(name):
    generators, labels = REPRESENTATIONS[name]
    rng = np.random.default_rng(1)
    given = framed(generators, 2, seed=3)
    noisy = given + 0.01 * np.abs(given).max() * rng.standard_normal(given.shape)
    found = so3_irreps(noisy)
    assert found.labels == labels
    assert found.residual < 0.2
    j = found.generators
    np.testing.assert_allclose(j[0] @ j[1] - j[1] @ j[0], j[2], atol=1e-9)


def test_frames_of_other_algebras_are_refused():
    boosts = np.zeros((3, 2, 2))
    boosts[0, 0, 1], boosts[1, 1, 0], boosts[2] = 1, 1, np.diag([1, -1])
    with pytest.raises(InputError, match="Killing form"):
        rotation_frame(boosts)
    with pytest.raises(InputError, match="3 generators, not 2"):
        rotation_frame(CROSS[:2])


def test_half_integer_spin_is_refused():
    i, j, k = np.zeros((3, 4, 4))
    i[0, 1], i[1, 0], i[2, 3], i[3, 2] = -1, 1, -1, 1
    j[0, 2], j[2, 0], j[1, 3], j[3, 1] = -1, 1, 1, -1
    k = i @ j
    with pytest.raises(InputError, match=r"SU\(2\)"):
        so3_irreps(np.stack([i, j, k]))


def plane(f):
    return np.array([[[0.0, -f], [f, 0.0]]])


STILL = np.zeros((1, 1, 1))


@pytest.mark.parametrize("condition", [1, 10])
def test_irreps_of_so2_in_any_frame(condition):
    given = framed(summed(plane(2), STILL, plane(3), plane(2), STILL), condition, seed=1)[0] * 0.37
    found = so2_irreps(given)
    assert found.labels == (0, 0, 2, 2, 3)
    inside = np.linalg.solve(found.basis, given @ found.basis) * found.mixing[0, 0]
    signs = summed(STILL, STILL, plane(2), plane(2), plane(3))[0]
    np.testing.assert_allclose(inside, signs, atol=1e-9)


def test_a_common_factor_of_frequencies_is_the_unit():
    assert so2_irreps(summed(plane(2), plane(4))[0]).labels == (1, 2)


def test_irreps_of_o2():
    """A plane, its double, a scalar and a pseudoscalar: the reflection keeps the first axis of each plane."""
    turn = summed(plane(1), STILL, plane(2), STILL)[0]
    mirror = np.diag([1.0, -1, 1, 1, -1, -1])
    rng = np.random.default_rng(0)
    skew = rng.standard_normal((6, 6)) + 3 * np.eye(6)
    inverse = np.linalg.inv(skew)
    found = so2_irreps(skew @ turn @ inverse, skew @ mirror @ inverse)
    assert found.labels == (0, 0, 1, 2)
    assert found.parity == (0, 1, 0, 0)
    inside = np.linalg.solve(found.basis, skew @ mirror @ inverse @ found.basis)
    np.testing.assert_allclose(inside, np.diag([1.0, -1, 1, -1, 1, -1]), atol=1e-9)


def test_what_is_no_circle_is_refused():
    for matrix, words in (
        (np.diag([1.0, -1.0]), "no rotation"),
        (np.zeros((2, 2)), "no rotation"),
        (summed(plane(1), plane(np.sqrt(2)), plane(np.pi))[0], "no common circle"),
    ):
        with pytest.raises(InputError, match=words):
            so2_irreps(matrix)
    with pytest.raises(InputError, match="h L h = -L"):
        so2_irreps(plane(1)[0], np.eye(2))
