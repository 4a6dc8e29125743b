"""Registration of pairs and the span of the fields that relate them: against images moved by scipy, expm and logm."""

from __future__ import annotations

import numpy as np
import pytest
from blobs import blobs, flat, moved
from scipy import ndimage
from scipy.linalg import expm, logm, subspace_angles

from symdisc.discover.lconv.registration import missed, register, register_widely, rotations, symmetric_derivative
from symdisc.discover.lconv.span import FieldSearch, blur
from symdisc.warp import Warp, boundary_of

ROTATION = np.array([0, -1, 0, 1, 0, 0]) / np.sqrt(2)
SCALE = np.array([1, 0, 0, 0, 1, 0]) / np.sqrt(2)
DOWN, RIGHT = np.eye(6)[2], np.eye(6)[5]


def degrees(found, true):
    return np.degrees(subspace_angles(found, true.reshape(6, -1)).max())


def pairs(basis, n=80, spread=0.12, seed=0, order=3):
    basis = basis.reshape(6, -1)
    t = spread * np.random.default_rng(seed + 1).standard_normal((n, basis.shape[1]))
    x = blobs(n, (20, 20), seed)
    return flat(x), flat(moved(x, t @ basis.T, order)), t


def test_registration_recovers_every_logarithm():
    warp = Warp((20, 20))
    a = 0.15 * np.random.default_rng(6).standard_normal((40, 6))
    x = blobs(40, (20, 20), 6, count=10, margin=7)
    found = register(warp, flat(x), flat(moved(x, a)))
    error = np.linalg.norm(found.coefficients - a, axis=1) / np.linalg.norm(a, axis=1)
    assert np.median(error) < 0.005
    assert np.median(found.residual / found.displacement) < 1e-4


def test_information_is_that_of_the_logarithm():
    """The pseudo-logarithm of one Newton step from a wrong a is nearly right: information and score fit together."""
    warp = Warp((20, 20))
    a = 0.1 * np.random.default_rng(7).standard_normal((1, 6))
    x = blobs(1, (20, 20), 7, count=10)
    start = a + 0.01 * np.random.default_rng(8).standard_normal((1, 6))
    at = register(warp, flat(x), flat(moved(x, a)), start=start, levels=(0.0,), iterations=0)
    np.testing.assert_array_equal(at.coefficients, start)
    step = np.linalg.solve(at.information[0], at.natural[0])
    assert np.linalg.norm(step - a) < 0.1 * np.linalg.norm(start - a)


def test_the_symmetric_step_follows_the_logarithm_of_the_group():
    warp = Warp((10, 10))
    rng = np.random.default_rng(9)
    a, e = 0.5 * rng.standard_normal(6), 1e-6 * rng.standard_normal(6)
    half = expm(warp.algebra(a) / 2)
    da = warp.coefficients(logm(half @ expm(warp.algebra(e)) @ half)) - a
    np.testing.assert_allclose(symmetric_derivative(warp, a[None])[0] @ da, e, atol=1e-10)


def test_large_rotations_need_several_starts():
    warp = Warp((20, 20))
    x = blobs(30, (20, 20), 10, count=10, margin=7)
    angles = np.linspace(1.0, 1.4, 30)
    y = moved(x, np.sqrt(2) * angles[:, None] * ROTATION)
    first = register(warp, flat(x), flat(y))
    widely = register_widely(warp, flat(x), flat(y), rotations(warp, 80), first)
    right = [np.abs(r.coefficients @ ROTATION / np.sqrt(2) - angles) < 0.02 for r in (first, widely)]
    assert right[0].mean() < 0.9
    assert right[1].all()


@pytest.mark.parametrize(
    ("true", "limit"),
    [
        (ROTATION, 0.3),
        (np.stack([ROTATION, SCALE], 1), 0.5),
        (np.stack([DOWN, RIGHT], 1), 0.5),
    ],
    ids=["rotation", "rotation and scale", "translations"],
)
def test_the_span_and_its_dimension_are_found(true, limit):
    x, y, t = pairs(true)
    found = FieldSearch(Warp((20, 20)), x, y).run()
    assert found.basis.shape[1] == np.reshape(true, (6, -1)).shape[1]
    assert degrees(found.basis, true) < limit
    assert found.explained > 0.99 > found.chance + 0.3
    error = np.linalg.norm(found.coefficients @ found.basis.T - t @ np.reshape(true, (6, -1)).T, axis=1)
    assert np.quantile(error, 0.9) < 0.01
    np.testing.assert_allclose(found.generators, Warp((20, 20)).algebra(found.basis.T))


def test_all_six_affine_fields_are_found():
    x, y, _ = pairs(np.eye(6), spread=0.1)
    assert FieldSearch(Warp((20, 20)), x, y).run().basis.shape == (6, 6)


def test_one_sided_rotations_with_linear_interpolation_and_noise():
    x = blobs(120, (20, 20), 11, width=1.2)
    angles = np.random.default_rng(12).uniform(0, 1, 120)
    y = np.array([ndimage.rotate(i, np.degrees(t), reshape=False, order=1) for i, t in zip(x, angles, strict=True)])
    y = y + 0.1 * x.std() * np.random.default_rng(13).standard_normal(y.shape)
    found = FieldSearch(Warp((20, 20)), flat(x), flat(y)).run()
    assert found.basis.shape[1] == 1
    assert degrees(found.basis, ROTATION) < 1
    assert found.blur > 5 * found.blur_error
    assert np.corrcoef(found.coefficients[:, 0] * (found.basis[:, 0] @ ROTATION), angles)[0, 1] > 0.99


def test_content_cut_off_at_the_edge_is_not_compared():
    """A window of a larger picture: what leaves and enters it is no evidence."""
    large = blobs(80, (32, 32), 14, count=40, margin=0)
    t = 0.25 * np.random.default_rng(15).standard_normal((80, 1))
    turned = np.array(
        [ndimage.rotate(i, -np.degrees(v / np.sqrt(2)), reshape=False) for i, v in zip(large, t[:, 0], strict=True)]
    )
    x, y = flat(large[:, 8:24, 8:24]), flat(turned[:, 8:24, 8:24])
    assert boundary_of((16, 16), x, y) == "mirror"
    assert boundary_of((32, 32), flat(blobs(5, (32, 32)))) == "zero"
    found = FieldSearch(Warp((16, 16), "mirror"), x, y).run()
    assert found.basis.shape[1] == 1
    assert degrees(found.basis, ROTATION) < 1


def test_blur_is_measured_and_is_no_field():
    # A Gaussian of variance w^2 under a blur of variance v: exp(v / 2 Laplacian).
    x = blobs(60, (20, 20), 16, width=2.5, margin=8)
    y = (2.5**2 / (2.5**2 + 0.04)) * blobs(60, (20, 20), 16, width=np.sqrt(2.5**2 + 0.04), margin=8)
    found = FieldSearch(Warp((20, 20)), flat(x), flat(y)).run()
    assert found.basis.shape[1] == 0
    assert found.blur == pytest.approx(0.02, rel=0.05)
    assert blur(Warp((20, 20)), flat(x), flat(x), np.zeros((60, 6)))[0] == 0


def test_noise_alone_moves_nothing():
    x = blobs(100, (20, 20), 17)
    y = x + 0.2 * x.std() * np.random.default_rng(18).standard_normal(x.shape)
    found = FieldSearch(Warp((20, 20)), flat(x), flat(y)).run()
    assert found.basis.shape[1] == 0
    assert found.generators.shape == (0, 3, 3)


def test_unrelated_images_are_matched_no_better_than_by_chance():
    x, y = flat(blobs(30, (20, 20), 19)), flat(blobs(30, (20, 20), 20))
    found = FieldSearch(Warp((20, 20)), x, y, count=1).run()
    assert abs(found.explained - found.chance) < 0.2


def test_a_missing_field_is_missed_and_a_found_one_is_not():
    true = np.stack([ROTATION, SCALE], 1)
    x, y, _ = pairs(true, spread=0.1)
    warp = Warp((20, 20))
    within = register(warp, x, y, basis=ROTATION[:, None])
    both = register(warp, x, y, basis=true)
    distance = both.displacement.sum()
    assert missed(within, ROTATION[:, None]).sum() / distance > 0.1
    assert abs(missed(both, true).sum()) / distance < 0.01


def test_results_repeat():
    x, y, _ = pairs(ROTATION, n=40)
    first, second = (FieldSearch(Warp((20, 20)), x, y).run() for _ in range(2))
    np.testing.assert_array_equal(first.basis, second.basis)
    np.testing.assert_array_equal(first.coefficients, second.coefficients)


def test_signals_and_volumes_are_registered_too():
    signals = blobs(60, (48,), 21, count=4, width=2.0, margin=14)
    t = 0.1 * np.random.default_rng(22).standard_normal((60, 1))
    found = FieldSearch(Warp((48,)), flat(signals), flat(moved(signals, t @ np.array([[0.0, 1]])))).run()
    assert np.abs(found.basis[:, 0]) @ np.array([0, 1]) > 0.999
    volumes = blobs(4, (14, 14, 14), 23, count=8, width=1.8, margin=5)
    a = 0.05 * np.random.default_rng(24).standard_normal((4, 12))
    registered = register(Warp((14, 14, 14)), flat(volumes), flat(moved(volumes, a)))
    assert np.median(np.linalg.norm(registered.coefficients - a, axis=1) / np.linalg.norm(a, axis=1)) < 0.05
    assert np.median(registered.residual / registered.displacement) < 1e-3
