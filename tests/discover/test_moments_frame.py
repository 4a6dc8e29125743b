"""Standardised coordinates, the rotations compared with, and what tells a Gaussian."""

from __future__ import annotations

import numpy as np
import pytest
from test_moments_hermite import slopes

from symdisc.discover.batches import BATCHES, batch_of
from symdisc.discover.moments.frame import Frame, gaussian_fit, looks_gaussian, preserving
from symdisc.discover.moments.hermite import Hermite
from symdisc.discover.moments.rows import FlowRows, typical_rows, written
from symdisc.discover.moments.sums import FlowSums
from symdisc.discover.rows import moment_forms
from symdisc.discover.scatter import Scatter


def frame_of(x):
    scatter = Scatter(1, x.shape[1])
    scatter.add(x[:, :, None])
    return Frame.of(scatter, x[:20_000], np.dtype(float))


def summed(z, degree=3):
    sums = FlowSums(Hermite(z.shape[1], degree), BATCHES)
    sums.add(z, batch_of(np.arange(len(z)), 0))
    return sums


def test_plain_data_are_whitened_by_their_covariance():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (5000, 3)) @ rng.standard_normal((3, 3)) + 50.0
    frame = frame_of(x)
    assert not frame.heavy
    np.testing.assert_allclose(np.cov(frame(x), rowvar=False, bias=True), np.eye(3), atol=1e-9)
    np.testing.assert_allclose(frame.centre + frame(x) @ frame.root.T, x, atol=1e-9)


def test_heavy_tails_are_scaled_by_their_middle():
    rng = np.random.default_rng(1)
    mixing = np.diag([1.0, 100.0, 1e-3])
    x = rng.standard_cauchy((20_000, 1)) * rng.standard_normal((20_000, 3)) @ mixing + 5.0
    frame = frame_of(x)
    assert frame.heavy
    z = frame(x)
    assert np.abs(np.median(z, axis=0)).max() < 0.05
    shape = frame.root @ frame.root.T / np.outer(np.diag(mixing), np.diag(mixing))
    np.testing.assert_allclose(shape / shape[0, 0], np.eye(3), atol=0.1)
    np.testing.assert_allclose(frame.inverse @ frame.root, np.eye(3), atol=1e-9)
    assert abs(np.median((z**2).sum(axis=1)) - 2.366) < 0.1  # the median of chi^2 with 3 degrees of freedom


def test_rarely_varying_columns_fall_back_on_the_covariance():
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.standard_normal((2000, 2)), (rng.random((2000, 1)) < 0.02) * 1.0], axis=1)
    frame = frame_of(x)
    assert not frame.heavy
    assert frame.rank == 3


def test_flows_there_and_back():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((500, 3)) @ rng.standard_normal((3, 3)) + 4.0
    frame = frame_of(x)
    matrices, shifts = rng.standard_normal((2, 3, 3)), rng.standard_normal((2, 3))
    flows = frame.flow(matrices, shifts)
    velocity = frame(x) @ flows[0, :, :3].T + flows[0, :, 3]
    np.testing.assert_allclose(velocity @ frame.root.T, x @ matrices[0].T + shifts[0], atol=1e-9)
    back = frame.back(flows)
    np.testing.assert_allclose(back[:, :3, :3], matrices, atol=1e-9)
    np.testing.assert_allclose(back[:, :3, 3], shifts, atol=1e-8)
    assert not back[:, 3].any()
    assert np.abs(frame.leading_out(matrices, shifts)).max() < 1e-9


def test_a_gaussian_is_told_by_its_damped_samples():
    rng = np.random.default_rng(4)
    root = np.array([[1.2, 0.0], [0.5, 0.7]])
    z = rng.standard_normal((200_000, 2)) @ root.T + [0.3, -0.2]
    sums = summed(z)
    centre, covariance, misfit = gaussian_fit(sums.hermite, sums.sums.sum(axis=0) / len(z))
    np.testing.assert_allclose(centre, [0.3, -0.2], atol=0.02)
    np.testing.assert_allclose(covariance, root @ root.T, atol=0.03)
    assert abs(misfit) < 0.01
    flows = preserving(centre, covariance)
    linear = flows[0, :, :2]
    np.testing.assert_allclose(linear @ covariance + covariance @ linear.T, 0, atol=1e-9)
    np.testing.assert_allclose(linear @ centre + flows[0, :, 2], 0, atol=1e-12)


@pytest.mark.parametrize(("law", "least", "most"), [("normal", 15, 20), ("sphere", 0, 0), ("student", 0, 0)])
def test_the_radius_tells_a_gaussian_from_what_is_spherical(law, least, most):
    told = 0
    for seed in range(20):
        rng = np.random.default_rng([5, seed])
        z = rng.standard_normal((5000, 3))
        if law == "sphere":
            z *= np.sqrt(3) / np.linalg.norm(z, axis=1, keepdims=True)
        elif law == "student":
            z /= np.sqrt(rng.chisquare(4, (5000, 1)) / 2)
        sums = summed(z)
        told += looks_gaussian(sums.hermite, sums.sums, sums.count, 0.05)
    assert least <= told <= most


def test_the_covariance_of_one_samples_rows():
    """Against rows of every sample, written out."""
    z = 1.2 * np.random.default_rng(6).standard_normal((300, 2))
    sums = summed(z)
    degrees = sums.hermite.low.sum(axis=1)
    tests = sums.hermite.low[(degrees >= 1) & (degrees <= 3)]
    lever = np.concatenate([z, np.ones((300, 1))], axis=1)
    rows = np.stack([np.einsum("nd,ne->nde", slopes(alpha, z), lever).reshape(300, -1) for alpha in tests])
    np.testing.assert_allclose(sums.covariance(), np.einsum("qnk,qnl->kl", rows, rows) / 300, atol=1e-6)
    np.testing.assert_allclose(sums.hermite.rates(sums.sums.sum(axis=0)), rows.sum(axis=1), atol=1e-6)


@pytest.mark.parametrize("restricted", [False, True])
def test_rows_one_batch_at_a_time_are_those_written_out(restricted):
    rng = np.random.default_rng(7)
    sums = summed(rng.exponential(size=(2000, 3)))
    rows = FlowRows(sums.hermite, sums.means, rng.standard_normal((12, 5)) if restricted else None)
    dense = written(rows)
    assert dense.shape == rows.shape
    directions = rng.standard_normal((rows.shape[2], 20))
    np.testing.assert_allclose(rows.apply(directions), dense.apply(directions), atol=1e-10)
    values = rng.standard_normal((*rows.shape[:2], 2))
    np.testing.assert_allclose(rows.adjoint(values), dense.adjoint(values), atol=1e-9)
    some = np.arange(BATCHES) % 3 > 0
    for first, second in zip(moment_forms(rows, sums.count, some), moment_forms(dense, sums.count, some), strict=True):
        np.testing.assert_allclose(first.matrix, second.matrix, atol=1e-10)


def test_typical_rows_have_the_products_of_all():
    rng = np.random.default_rng(8)
    sums = summed(rng.exponential(size=(2000, 3)))
    unit = rng.standard_normal((12, 20))
    rows = np.stack([sums.hermite.rates(means) @ unit for means in sums.means]).reshape(BATCHES, -1)
    found = typical_rows(sums.hermite, sums.means, unit)
    np.testing.assert_allclose(found @ found.T, rows @ rows.T / 20, atol=1e-10)
