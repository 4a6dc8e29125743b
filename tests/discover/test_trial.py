"""The held-out test: unbiased, of the stated size at the boundary, powerful at zero."""

from itertools import combinations
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import binom

from symdisc.discover.batches import group_masks
from symdisc.discover.evidence import u_statistic_variance
from symdisc.discover.trial import (
    Component,
    MomentTrial,
    PointwiseTrial,
    component,
    draw_multipliers,
    growth,
    spread_factor,
    upper_bound,
)

TOLERANCE, ALPHA = 0.1, 0.05
EQUAL = np.full(60, 100.0)
UNEQUAL = np.ceil(np.random.default_rng(0).lognormal(0, 0.8, 60) * 100)
# The test asks for 5 %; with 60 batches the bootstrap reaches up to 8.3 % with few effective rows.
LARGEST_SIZE = 0.083


def pair_folds(weights):
    masks = group_masks(weights)
    return np.stack([masks[[f, g]] for f, g in combinations(range(len(masks)), 2)])


def batch_means(rng, mean, spread, weights):
    """Means of n_b samples each: variance spread^2 / n_b."""
    return mean + spread * rng.standard_normal((len(weights), len(mean))) / np.sqrt(weights)[:, None]


def moment_trial(rows, weights, folds=None, denominator=1.0):
    folds = pair_folds(weights) if folds is None else folds
    return MomentTrial.build([(rows, denominator)] * len(folds), folds, weights)


def pointwise_trial(rng, weights, defect, noise, draw):
    """Residuals of n_b samples a batch: violation defect^2 * size, size drawn with mean 1, and Gaussian noise."""
    values = []
    for count in weights.astype(int):
        residual = defect * np.sqrt(draw(rng, count)) * rng.choice([-1, 1], count)
        residual = residual + noise * rng.standard_normal(count)
        values.append([(residual**2).mean(), noise**2, rng.chisquare(1, count).mean()])
    return PointwiseTrial(*np.array(values).T, weights)


def allowed(runs, rate=LARGEST_SIZE):
    """A count that a test of this size exceeds once in ten thousand suites."""
    return binom.ppf(1 - 1e-4, runs, rate)


@pytest.mark.parametrize("weights", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
def test_statistic_is_unbiased(weights):
    rng = np.random.default_rng(1)
    folds = pair_folds(weights)
    mean = np.array([0.3, -0.2, 0.0])
    values = [moment_trial(batch_means(rng, mean, 30.0, weights), weights, folds).violation.value for _ in range(300)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - mean @ mean) < 4 * error
    # The squared mean of all data is not: it carries the noise.
    assert 3 * 30.0**2 / weights.sum() > 10 * error


def test_component_against_its_definition():
    """Every term written out with loops over folds, groups and batches; a batch that no fold holds counts in none."""
    rng = np.random.default_rng(2)
    weights = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
    masks = group_masks(weights, 4)
    folds = np.stack([masks[[f, g]] for f, g in combinations(range(4), 2)])
    rows = [rng.standard_normal((8, 3)) for _ in folds]
    result = component(rows, folds, weights)
    share = weights / weights.sum()
    value = norm = 0.0
    g = rng.standard_normal(8)
    scale = 0.7
    moved = 0.0
    for row, groups in zip(rows, folds, strict=True):
        centre = share @ row
        residual = (row - centre) / np.sqrt(1 - share)[:, None]
        world = scale * centre + g[:, None] * residual
        means, again = [], []
        for group in groups:
            means.append(weights[group] @ row[group] / weights[group].sum())
            again.append(weights[group] @ world[group] / weights[group].sum())
        pair = 2 * weights[groups[0]].sum() * weights[groups[1]].sum()
        value += pair * means[0] @ means[1]
        moved += pair * again[0] @ again[1]
        norm += pair
    assert result.value == pytest.approx(value / norm)
    # s^2 square + s linear . g + g' quadratic g is the statistic of the world with mean s centre and noise g residual.
    expected = scale**2 * result.square + result.fluctuation(scale**2 * result.square, g[None])[0]
    assert expected == pytest.approx(moved / norm)


@pytest.mark.parametrize("weights", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("size", [0.0, 1.0])
def test_fluctuation_has_the_spread_of_the_statistic(weights, size):
    """The bootstrap's variance, averaged over data sets, is that of the statistic over data sets."""
    rng = np.random.default_rng(3)
    folds = pair_folds(weights)
    multipliers = draw_multipliers(len(weights), 0)
    mean = np.sqrt(size / 4) * np.ones(4)
    trials = [moment_trial(batch_means(rng, mean, 20.0, weights), weights, folds) for _ in range(250)]
    truth = np.var([t.violation.value for t in trials])
    estimate = np.mean([t.violation.fluctuation(size, multipliers).var() for t in trials])
    assert estimate == pytest.approx(truth, rel=0.3)


@pytest.mark.parametrize("weights", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("strength", [0.3, 1.0, 3.0])
def test_variance_components_of_the_u_statistic(weights, strength):
    """Also where batches differ much and the mean is far from zero (there a formula for equal batches is off by 20)."""
    rng = np.random.default_rng(4)
    share = weights / weights.sum()
    values, estimates = [], []
    for _ in range(1000):
        rows = batch_means(rng, np.full(5, strength), 1.0 * np.sqrt(weights.sum()) / 3, weights)
        kernel = rows @ rows.T
        pairs = np.outer(share, share)
        np.fill_diagonal(pairs, 0.0)
        values.append((pairs * kernel).sum() / pairs.sum())
        estimates.append(sum(u_statistic_variance(kernel, weights)))
    assert 0.9 < np.mean(estimates) / np.var(values) < 1.5


def test_spread_factor_undoes_the_pull_of_the_mean():
    rng = np.random.default_rng(5)
    weights = np.array([1.0, 2, 4, 8, 16, 0])
    share = weights / weights.sum()
    means = rng.standard_normal((40000, 6)) / np.sqrt(np.where(weights > 0, weights, 1))
    deviation = (means - (means @ share)[:, None]) * spread_factor(share)
    np.testing.assert_allclose(deviation[:, :5].var(axis=0), 1 / weights[:5], rtol=0.05)
    assert not deviation[:, 5].any()


@pytest.mark.parametrize("weights", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize("noise", [0.2, 0.5])
def test_moment_size_at_the_boundary(weights, rows, noise):
    """`noise`: standard deviation of the mean of all data over the tolerance."""
    rng = np.random.default_rng([rows, int(10 * noise)])
    runs, folds, multipliers = 120, pair_folds(weights), draw_multipliers(len(weights), 0)
    spread = noise * TOLERANCE * np.sqrt(weights.sum() / rows)
    mean = np.full(rows, TOLERANCE / np.sqrt(rows))
    passed = sum(
        moment_trial(batch_means(rng, mean, spread, weights), weights, folds).certified(TOLERANCE, ALPHA, multipliers)
        for _ in range(runs)
    )
    assert passed <= allowed(runs)


def test_moment_size_with_a_measured_denominator():
    """The denominator's own noise enters; here it is as large as that of the violation."""
    rng = np.random.default_rng(6)
    runs, folds, multipliers = 120, pair_folds(UNEQUAL), draw_multipliers(60, 0)
    root = np.sqrt(UNEQUAL.sum())
    passed = 0
    for _ in range(runs):
        violation = batch_means(rng, np.full(6, TOLERANCE / np.sqrt(6)), 0.02 * root, UNEQUAL)
        denominator = batch_means(rng, np.full(6, 1 / np.sqrt(6)), 0.15 * root, UNEQUAL)
        trial = MomentTrial.build([(violation, denominator)] * len(folds), folds, UNEQUAL)
        passed += trial.certified(TOLERANCE, ALPHA, multipliers)
    assert passed <= allowed(runs)


@pytest.mark.parametrize(("rows", "least"), [(1, 0.25), (3, 0.6), (30, 0.97)])
def test_moment_power_at_zero(rows, least):
    """Noise of a third of the tolerance: more effective rows, more power."""
    rng = np.random.default_rng(rows)
    runs, folds, multipliers = 100, pair_folds(EQUAL), draw_multipliers(60, 0)
    spread = TOLERANCE / 3 * np.sqrt(EQUAL.sum() / rows)
    passed = sum(
        moment_trial(batch_means(rng, np.zeros(rows), spread, EQUAL), EQUAL, folds).certified(
            TOLERANCE, ALPHA, multipliers
        )
        for _ in range(runs)
    )
    assert passed >= binom.ppf(1e-4, runs, least)


TAILS = {
    "chi2": lambda rng, n: rng.chisquare(1, n),
    "lognormal": lambda rng, n: rng.lognormal(-0.5, 1, n),
    "pareto": lambda rng, n: 2 * rng.pareto(3, n),
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("weights", [np.full(60, 20.0), np.ceil(UNEQUAL / 6)], ids=["equal", "unequal"])
def test_pointwise_size_at_the_boundary(tail, noise, weights):
    """Heavy-tailed violations, and noise of up to five times the tolerance."""
    rng = np.random.default_rng([list(TAILS).index(tail), int(10 * noise)])
    runs, multipliers = 120, draw_multipliers(60, 0)
    passed = sum(
        pointwise_trial(rng, weights, TOLERANCE, noise, TAILS[tail]).certified(TOLERANCE, ALPHA, multipliers)
        for _ in range(runs)
    )
    assert passed <= allowed(runs)


def test_pointwise_power_at_zero():
    rng = np.random.default_rng(7)
    multipliers, weights = draw_multipliers(60, 0), np.full(60, 20.0)
    runs = 100
    passed = sum(
        pointwise_trial(rng, weights, 0.0, 0.1, TAILS["chi2"]).certified(TOLERANCE, ALPHA, multipliers)
        for _ in range(runs)
    )
    assert passed >= binom.ppf(1e-4, runs, 0.95)


@pytest.mark.parametrize("defect", [0.1, 0.2])
def test_noise_far_above_the_tolerance_certifies_next_to_nothing(defect):
    """A bare 5 % test would certify one lucky draw in twenty, whatever the truth."""
    rng = np.random.default_rng(8)
    runs, folds, multipliers = 120, pair_folds(EQUAL), draw_multipliers(60, 0)
    spread = 30 * TOLERANCE * np.sqrt(EQUAL.sum() / 20)
    mean = np.full(20, defect / np.sqrt(20))
    moments = sum(
        moment_trial(batch_means(rng, mean, spread, EQUAL), EQUAL, folds).certified(TOLERANCE, ALPHA, multipliers)
        for _ in range(runs)
    )
    pointwise = sum(
        pointwise_trial(rng, np.full(60, 10.0), defect, 3.0, TAILS["chi2"]).certified(TOLERANCE, ALPHA, multipliers)
        for _ in range(runs)
    )
    assert moments <= binom.ppf(1 - 1e-4, runs, 0.01)
    assert pointwise <= binom.ppf(1 - 1e-4, runs, 0.01)


def test_a_luckily_small_statistic_still_certifies():
    """Far below what even an exact symmetry gives on average, and far from the boundary: ruled out all the same."""
    weights = np.full(20, 100.0)
    rows = np.tile([1e-3, -1e-3], 10)[:, None] * np.ones(3)
    folds = np.eye(20, dtype=bool)[None]
    trial = moment_trial(rows, weights, folds)
    assert trial.violation.value < 0
    assert trial.defect == 0.0
    assert trial.certified(TOLERANCE, ALPHA, draw_multipliers(20, 0))


def examples():
    rng = np.random.default_rng(9)
    moment = moment_trial(batch_means(rng, np.full(4, 0.02), 1.5, UNEQUAL), UNEQUAL)
    violation, denominator = (
        batch_means(rng, np.full(4, mean), spread, UNEQUAL) for mean, spread in ((0.02, 1.5), (0.5, 5))
    )
    folds = pair_folds(UNEQUAL)
    measured = MomentTrial.build([(violation, denominator)] * len(folds), folds, UNEQUAL)
    return [moment, measured, pointwise_trial(rng, np.full(60, 20.0), 0.05, 0.1, TAILS["chi2"])]


@pytest.mark.parametrize("trial", examples(), ids=["moment", "measured", "pointwise"])
def test_upper_bound_certifies_at_its_value_and_not_below(trial):
    multipliers = draw_multipliers(60, 0)
    bound = upper_bound(trial, ALPHA, multipliers)
    assert trial.defect < bound < 1
    assert trial.certified(bound, ALPHA, multipliers)
    assert not trial.certified(bound * 0.995, ALPHA, multipliers)


@pytest.mark.parametrize("trial", examples(), ids=["moment", "measured", "pointwise"])
def test_together_with_itself(trial):
    """Two copies: the sum of defects^2 is twice the one, and so is its bound."""
    multipliers = draw_multipliers(60, 0)
    both = type(trial).together([trial, trial])
    assert both.defect == pytest.approx(np.sqrt(2) * trial.defect)
    assert upper_bound(both, ALPHA, multipliers) == pytest.approx(
        np.sqrt(2) * upper_bound(trial, ALPHA, multipliers), rel=0.02
    )


def test_together_bounds_every_combination():
    """|A v|^2 summed over orthonormal v is at least the largest value of any combination."""
    rng = np.random.default_rng(10)
    rows = 0.02 * rng.standard_normal((5, 3)) + rng.standard_normal((60, 5, 3)) * 1e-4
    trials = [moment_trial(rows[..., k], EQUAL) for k in range(3)]
    largest = np.linalg.svd(rows.mean(axis=0), compute_uv=False)[0]
    assert MomentTrial.together(trials).defect >= largest > max(t.defect for t in trials)


@pytest.mark.parametrize("kind", ["moment", "pointwise"])
def test_no_denominator_is_never_certified(kind):
    multipliers = draw_multipliers(60, 0)
    if kind == "moment":
        zero = moment_trial(np.zeros((60, 3)), EQUAL, denominator=0.0)
        other = moment_trial(np.zeros((60, 3)), EQUAL)
        together = MomentTrial.together([other, zero])
    else:
        zero, other = (PointwiseTrial(np.zeros(60), np.zeros(60), np.full(60, t), EQUAL) for t in (0.0, 1.0))
        together = PointwiseTrial.together([other, zero])
    for trial in (zero, together):
        assert np.isnan(trial.defect)
        assert not trial.certified(TOLERANCE, ALPHA, multipliers)
        assert np.isnan(upper_bound(trial, ALPHA, multipliers))
    assert other.certified(TOLERANCE, ALPHA, multipliers)


@pytest.mark.parametrize(("first", "second", "gap"), [(2.0, 0.0, 0.1), (0.0, 3.0, 0.2), (1.0, 5.0, 0.7)])
def test_growth_solves_its_equation(first, second, gap):
    x = growth(first, second, gap, ALPHA)
    z = NormalDist().inv_cdf(1 - ALPHA)
    assert z * np.sqrt(first / x + second / x**2) == pytest.approx(gap)
    assert growth(first, second, gap, 0.5) == 0.0


def test_growth_needed_is_what_it_takes():
    """With the samples grown by that factor, an estimate at zero is certified about half of the time or more."""
    rng = np.random.default_rng(11)
    folds, multipliers = pair_folds(EQUAL), draw_multipliers(60, 0)
    spread = 2.0 * TOLERANCE * np.sqrt(EQUAL.sum() / 30)
    few = [moment_trial(batch_means(rng, np.zeros(30), spread, EQUAL), EQUAL, folds) for _ in range(60)]
    grown = np.median([trial.growth_needed(TOLERANCE, ALPHA) for trial in few])
    assert 1.2 < grown < 30

    def power(factor):
        trials = (
            moment_trial(batch_means(rng, np.zeros(30), spread, EQUAL * factor), EQUAL * factor, folds)
            for _ in range(60)
        )
        return np.mean([trial.certified(TOLERANCE, ALPHA, multipliers) for trial in trials])

    assert power(2 * grown) > 0.5
    assert power(grown / 3) < 0.3


def no_noise_unit_denominator():
    return np.zeros(60), np.ones(60)


def test_growth_needed_of_pointwise_rows():
    """s2 = 0: the spread at the boundary, by hand, for batches that differ only in their violation."""
    violation = np.tile([0.004, 0.006], 30)
    trial = PointwiseTrial(violation, *no_noise_unit_denominator(), EQUAL)
    # Raised from a mean of .005 to .01 the batches lie .002 from it; their leverage is 1/60, or 1.2/60 of the larger.
    spread = 0.002 / 60 * np.sqrt(30 / (1 - 1 / 60) ** 2 + 30 / (1 - 1.2 / 60) ** 2)
    z = NormalDist().inv_cdf(1 - ALPHA)
    assert trial.growth_needed(0.1, ALPHA) == pytest.approx((z * spread / 0.005) ** 2)
    assert PointwiseTrial(np.full(60, 0.25), *no_noise_unit_denominator(), EQUAL).growth_needed(0.5, ALPHA) is None


def test_total_and_scaled():
    rng = np.random.default_rng(12)
    parts = [moment_trial(batch_means(rng, np.ones(2), 1.0, EQUAL), EQUAL).violation for _ in range(2)]
    total = Component.total([parts[0].scaled(2.0), parts[1]])
    g = draw_multipliers(60, 1)[:5]
    assert total.value == pytest.approx(2 * parts[0].value + parts[1].value)
    expected = 2 * parts[0].fluctuation(parts[0].square, g) + parts[1].fluctuation(parts[1].square, g)
    np.testing.assert_allclose(total.fluctuation(total.square, g), expected)


def test_one_heavy_batch_counts_as_one():
    level = np.ones(20)
    heavy = level.copy()
    heavy[3] = 1e6
    even, uneven = (PointwiseTrial(violation, 0 * level, level, level) for violation in (level, heavy))
    assert even.effective_batches == pytest.approx(20)
    assert uneven.effective_batches == pytest.approx(1, rel=1e-3)
