from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import savgol_filter

from symdisc.discover.noether.filters import Polynomial, SavitzkyGolay, Waves
from symdisc.discover.noether.smoothing import candidates, fit_smoother, interior, windows

STEP = 0.05
FILTERS = (Waves(24, 5), Waves(25, 5), Polynomial(24, 6), SavitzkyGolay(24, 9, 5), SavitzkyGolay(200, 79, 6))


def sines(seed: int, runs: int = 12, n: int = 160, components: int = 2, highest: float = 2.5):
    """(values, slopes), each (runs, n, components), of sums of three sines of random frequency and phase."""
    rng = np.random.default_rng(seed)
    t = STEP * np.arange(n)[:, None, None]
    frequency = rng.uniform(0.3, highest, (runs, 1, components, 3))
    phase = frequency * t + rng.uniform(0, 2 * np.pi, frequency.shape)
    amplitude = rng.uniform(0.3, 1, frequency.shape)
    return (amplitude * np.sin(phase)).sum(-1), (amplitude * frequency * np.cos(phase)).sum(-1)


def waves(runs: int, times: int, size: int, highest: int = 6):
    """(values, d/dt, d/ds), each (runs, times, size, 1), periodic in s with step 1."""
    rng = np.random.default_rng(7)
    k = np.arange(1, highest + 1) * 2 * np.pi / size
    t, s = STEP * np.arange(times)[:, None, None], np.arange(size)[:, None]
    amplitude, shift = rng.normal(size=(2, runs, 1, 1, highest))
    rate = 1 + 5 * k
    phase = k * s - rate * t + shift
    parts = (amplitude * np.sin(phase), -amplitude * rate * np.cos(phase), amplitude * k * np.cos(phase))
    return tuple(each.sum(-1)[..., None] for each in parts)


def error(found: np.ndarray, true: np.ndarray) -> float:
    inside = interior(true.shape[1])
    return float(np.sqrt(((found - true)[:, inside] ** 2).mean() / (true[:, inside] ** 2).mean()))


def matrix(filter_, derivative: bool = False) -> np.ndarray:
    identity = np.eye(filter_.n)
    return filter_.derivative(identity, 0) if derivative else filter_.smooth(identity, 0)


@pytest.mark.parametrize("filter_", FILTERS, ids=lambda each: each.name)
def test_freedom_is_the_trace_and_the_gain_of_noise(filter_):
    smoothing = matrix(filter_)
    assert filter_.freedom == pytest.approx(np.trace(smoothing) / filter_.n)
    assert filter_.freedom == pytest.approx((smoothing**2).sum() / filter_.n)


@pytest.mark.parametrize("filter_", FILTERS, ids=lambda each: each.name)
def test_any_axis(filter_):
    values = np.random.default_rng(0).normal(size=(2, filter_.n, 3))
    for apply in (filter_.smooth, filter_.derivative):
        np.testing.assert_allclose(apply(np.moveaxis(values, 1, 2), 2), np.moveaxis(apply(values, 1), 1, 2), atol=1e-13)


@pytest.mark.parametrize("filter_", [Polynomial(60, 4), SavitzkyGolay(60, 9, 5), SavitzkyGolay(400, 99, 4)])
def test_polynomials_are_kept(filter_):
    x = np.arange(filter_.n) / filter_.n
    values = (1 - 3 * x + 5 * x**4)[None, :, None]
    slope = (-3 + 20 * x**3)[None, :, None] / filter_.n
    np.testing.assert_allclose(filter_.smooth(values, 1), values, atol=1e-12)
    np.testing.assert_allclose(filter_.derivative(values, 1), slope, atol=1e-12)


@pytest.mark.parametrize("n", [24, 25])
def test_waves_are_kept(n):
    x = 2 * np.pi * np.arange(n) / n
    values, slope = np.cos(3 * x) - np.sin(5 * x), (-3 * np.sin(3 * x) - 5 * np.cos(5 * x)) * 2 * np.pi / n
    np.testing.assert_allclose(Waves(n, 5).smooth(values, 0), values, atol=1e-13)
    np.testing.assert_allclose(Waves(n, 5).derivative(values, 0), slope, atol=1e-13)
    assert np.abs(Waves(n, 2).smooth(values, 0)).max() < 1e-13


@pytest.mark.parametrize(("window", "order"), [(9, 5), (79, 6)])
def test_savitzky_golay_is_scipys(window, order):
    values = np.random.default_rng(0).normal(size=(2, 200, 3))
    filter_ = SavitzkyGolay(200, window, order)
    for derivative, found in enumerate((filter_.smooth(values, 1), filter_.derivative(values, 1))):
        expected = savgol_filter(values, window, order, deriv=derivative, axis=1, mode="interp")
        np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("periodic", [False, True])
def test_scores_are_leave_one_out(periodic):
    """(y - S y)_i / (1 - S_ii), by the matrix of every candidate."""
    values = np.random.default_rng(0).normal(size=(2, 40, 3)) + sines(0, runs=2, n=40, components=3)[0]
    seen = set()
    for filter_, left_out in candidates(values, 1, periodic):
        smoothing = matrix(filter_)
        residual = (values - np.einsum("ij,rjv->riv", smoothing, values)) / (1 - np.diag(smoothing))[:, None]
        inside = slice(None) if periodic else interior(40)
        np.testing.assert_allclose(left_out, (residual[:, inside] ** 2).mean((0, 1)), rtol=1e-6)
        seen.add(type(filter_))
    assert seen == ({Waves} if periodic else {Polynomial, SavitzkyGolay})


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.1])
@pytest.mark.parametrize("seed", [0, 1])
def test_sigma_and_derivative(seed, noise):
    values, slopes = sines(seed)
    sigma = noise * values.std((0, 1))
    noisy = values + sigma * np.random.default_rng(seed).standard_normal(values.shape)
    smoother = fit_smoother(noisy, (STEP,), (False,))
    np.testing.assert_allclose(smoother.sigma, sigma, rtol=0.1)
    best = min(error(each.derivative(noisy, 1) / STEP, slopes) for each, _ in candidates(noisy, 1, False))
    assert error(smoother.gradient(noisy)[0], slopes) < 1.5 * best


def test_components_of_unlike_noise():
    values, _ = sines(3)
    sigma = np.array([1e-5, 0.1])
    noisy = values + sigma * np.random.default_rng(0).standard_normal(values.shape)
    np.testing.assert_allclose(fit_smoother(noisy, (STEP,), (False,)).sigma, sigma, rtol=0.1)
    scaled = fit_smoother(noisy * [1, 1e6], (STEP,), (False,))
    assert scaled.filters == fit_smoother(noisy, (STEP,), (False,)).filters


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_fields(noise):
    values, *slopes = waves(3, 60, 48)
    sigma = noise * values.std()
    noisy = values + sigma * np.random.default_rng(0).standard_normal(values.shape)
    smoother = fit_smoother(noisy, (STEP, 1), (False, True))
    assert smoother.filters[1] == Waves(48, 6)
    np.testing.assert_allclose(smoother.sigma, sigma, rtol=0.1)
    for found, true in zip(smoother.gradient(noisy), slopes, strict=True):
        assert error(found, true) < 3 * noise
    assert error(smoother.smooth(noisy), values) < 0.5 * noise


def test_axes_commute():
    noisy = np.random.default_rng(0).normal(size=(2, 30, 24, 20, 2))
    smoother = fit_smoother(noisy, (STEP, 1, 1), (False, True, False))
    backwards = noisy
    for axis in (3, 2, 1):
        backwards = smoother.filters[axis - 1].smooth(backwards, axis)
    np.testing.assert_allclose(smoother.smooth(noisy), backwards, atol=1e-13)
    slope = smoother.filters[1].derivative(smoother.filters[2].smooth(smoother.filters[0].smooth(noisy, 1), 3), 2)
    np.testing.assert_allclose(smoother.gradient(noisy)[1], slope, atol=1e-13)


def test_exact_data():
    values, slopes = sines(0)
    smoother = fit_smoother(values, (STEP,), (False,))
    assert error(smoother.gradient(values)[0], slopes) < 1e-8
    assert (smoother.sigma < 1e-12).all()
    field, *slopes = waves(3, 60, 48)
    for found, true in zip(fit_smoother(field, (STEP, 1), (False, True)).gradient(field), slopes, strict=True):
        assert error(found, true) < 1e-8


def test_of_equals_the_smoother():
    x = np.linspace(-1, 1, 100)
    assert fit_smoother((1 + x + x**3)[None, :, None], (1,), (False,)).filters == (Polynomial(100, 3),)
    assert fit_smoother(np.cos(3 * np.pi * x[:-1])[None, :, None], (1,), (True,)).filters[0].freedom < 1


@pytest.mark.parametrize("n", [5, 6, 9, 10, 13])
@pytest.mark.parametrize("periodic", [False, True])
def test_short_axes(n, periodic):
    noisy = np.random.default_rng(0).normal(size=(1, n, 1))
    smoother = fit_smoother(noisy, (1,), (periodic,))
    assert np.isfinite(smoother.gradient(noisy)[0]).all()
    assert np.isfinite(smoother.sigma).all()


@pytest.mark.parametrize("value", [0, 1, -1e6])
def test_constant_data(value):
    values = np.full((2, 20, 12, 2), float(value))
    smoother = fit_smoother(values, (1, 1), (False, True))
    assert smoother.filters == (Polynomial(20, 0), Waves(12, 0))
    np.testing.assert_allclose(smoother.smooth(values), values, rtol=1e-12)
    assert all(np.abs(slope).max() <= 1e-12 * abs(value) for slope in smoother.gradient(values))


def test_long_axes():
    t = STEP * np.arange(3000)
    noisy = np.sin(t)[None, :, None] + 0.1 * np.random.default_rng(0).standard_normal((1, 3000, 1))
    smoother = fit_smoother(noisy, (STEP,), (False,))
    assert isinstance(smoother.filters[0], SavitzkyGolay)
    assert error(smoother.gradient(noisy)[0], np.cos(t)[None, :, None]) < 0.05
    np.testing.assert_allclose(smoother.sigma, 0.1, rtol=0.05)


def test_windows():
    assert windows(5) == windows(11) == [5]
    assert all(window % 2 == 1 for window in windows(200))
    assert max(windows(200)) <= 100


@pytest.mark.parametrize(
    ("shape", "steps", "periodic", "message"),
    [
        ((3, 4, 1), (1,), (False,), "axis t has 4 points; smoothing needs 5"),
        ((3, 9, 4, 1), (1, 1), (False, True), "axis s1 has 4 points"),
        ((3, 9), (), (), "0 axes"),
        ((3, 9, 1), (1, 1), (False,), "2 steps and 1 flags"),
        ((3, 9, 1), (0,), (False,), "positive"),
        ((0, 9, 1), (1,), (False,), "empty"),
    ],
)
def test_errors(shape, steps, periodic, message):
    with pytest.raises(ValueError, match=message):
        fit_smoother(np.zeros(shape), steps, periodic)


def test_gaps_are_refused():
    with pytest.raises(ValueError, match="finite"):
        fit_smoother(np.full((1, 9, 1), np.nan), (1,), (False,))
