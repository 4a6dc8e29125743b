"""The held-out trial of a generator of pairs, on residuals drawn from its model with a known violation.

A pair moves by s; what the generator misses is defect * s in a direction of its own, noise is white. The squared
residual of the whole model is R = |defect s w + noise|^2 in `FREE` dimensions, and without the generator the motion is
left too, R + S with S = (s + noise)^2.
"""

import numpy as np
import pytest
from scipy.stats import binom

from symdisc.discover.batches import BATCHES, batch_numbers
from symdisc.discover.lconv.trials import generator_trial
from symdisc.discover.trial import draw_multipliers

TOLERANCE, ALPHA = 0.1, 0.05
FREE, N = 5, 600
BATCH = batch_numbers(0, N, None, 0)
MOTIONS = {
    "normal": lambda rng: rng.standard_normal(N),
    "uniform": lambda rng: rng.uniform(-1.5, 1.5, N),
    "heavy": lambda rng: rng.standard_t(5, N) / np.sqrt(5 / 3),
}


def simulated(rng, defect, noise, motion="normal"):
    s = MOTIONS[motion](rng)
    missed = defect * s[:, None] * np.eye(FREE)[0] + noise * rng.standard_normal((N, FREE))
    return (missed**2).sum(axis=1), (s + noise * rng.standard_normal(N)) ** 2


def trial(residual, explained):
    return generator_trial(residual, explained, FREE, BATCH)


def test_exact_pairs():
    rng = np.random.default_rng(0)
    _, explained = simulated(rng, 0.0, 0.0)
    found = trial(np.zeros(N), explained)
    assert found.defect < 1e-5
    assert found.certified(1e-3, ALPHA, draw_multipliers(BATCHES, 0))


def test_rounding_in_one_pair_does_not_hide_an_exact_symmetry():
    """Where exp(A) is large, nearly all of the rounding is that of one pair."""
    rng = np.random.default_rng(1)
    _, explained = simulated(rng, 0.0, 0.0, "heavy")
    residual = 1e-31 * rng.chisquare(5, N)
    residual[17] = 1e-24
    assert trial(residual, explained).certified(TOLERANCE, ALPHA, draw_multipliers(BATCHES, 0))


def growth_of(found):
    """defect^2 by growth, not cut off at zero."""
    growth = found.parts[0]
    return growth.weights @ (growth.violation - growth.noise) / (growth.weights @ growth.denominator)


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_noise_alone_is_no_violation(motion, noise):
    """Noise of the size of the tolerance and three times that: zero on average, where the whole residual is 2 noise."""
    rng = np.random.default_rng(2)
    found = [trial(*simulated(rng, 0.0, noise, motion)) for _ in range(60)]
    values = [growth_of(one) for one in found]
    assert np.mean([one.whole.defect for one in found]) > 2 * noise
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values)) + 0.02 * noise**2
    assert all(one.defect <= one.whole.defect for one in found)


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("defect", [0.1, 0.3])
def test_a_known_violation_is_recovered(defect, noise, motion):
    """The mean over data sets is the truth, within its statistical error and a share of about defect^2 of it."""
    rng = np.random.default_rng(3)
    values = [growth_of(trial(*simulated(rng, defect, noise, motion))) for _ in range(60)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - defect**2) < 4 * error + (0.03 + 2 * defect**2) * defect**2
    assert noise == 0.2 or error < 0.1 * defect**2


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_the_whole_residual_is_an_upper_bound(noise):
    rng = np.random.default_rng(4)
    found = [trial(*simulated(rng, 0.2, noise)).whole.defect for _ in range(40)]
    expected = np.sqrt(0.2**2 + FREE * noise**2)
    assert np.mean(found) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.15])
def test_size_at_the_boundary(motion, noise):
    """A defect equal to the tolerance is certified in no more than the largest size that the trial allows."""
    rng = np.random.default_rng(5)
    multipliers, runs = draw_multipliers(BATCHES, 0), 120
    passed = sum(
        trial(*simulated(rng, TOLERANCE, noise, motion)).certified(TOLERANCE, ALPHA, multipliers) for _ in range(runs)
    )
    assert passed <= binom.ppf(1 - 1e-4, runs, 0.083)


@pytest.mark.parametrize(("noise", "least"), [(0.0, 1.0), (0.02, 0.95), (0.05, 0.9)])
def test_power_at_an_exact_symmetry(noise, least):
    rng = np.random.default_rng(6)
    multipliers, runs = draw_multipliers(BATCHES, 0), 40
    passed = sum(trial(*simulated(rng, 0.0, noise)).certified(TOLERANCE, ALPHA, multipliers) for _ in range(runs))
    assert passed >= binom.ppf(1e-4, runs, least)


def test_a_broken_generator_is_not_certified():
    rng = np.random.default_rng(7)
    multipliers = draw_multipliers(BATCHES, 0)
    assert not any(
        trial(*simulated(rng, 0.3, noise)).certified(TOLERANCE, ALPHA, multipliers)
        for noise in (0.0, 0.1, 1.0)
        for _ in range(20)
    )


def test_a_generator_that_explains_nothing_is_never_certified():
    rng = np.random.default_rng(8)
    residual = rng.chisquare(FREE, N)
    for explained in (np.zeros(N), -0.1 * rng.chisquare(1, N), rng.standard_normal(N) * 1e-3 - 1e-4):
        found = trial(residual, explained)
        assert not found.certified(TOLERANCE, ALPHA, draw_multipliers(BATCHES, 0))
        assert not found.defect < 1


def test_more_pairs_are_asked_for_where_noise_hides_the_answer():
    rng = np.random.default_rng(9)
    found = trial(*simulated(rng, 0.0, 0.6))
    assert not found.certified(TOLERANCE, ALPHA, draw_multipliers(BATCHES, 0))
    assert found.growth_needed(TOLERANCE, ALPHA) > 1
