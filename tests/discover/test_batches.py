"""Batches by hash and groups of batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from symdisc.discover.batches import BATCHES, GROUPS, batch_numbers, batch_of, group_masks, too_few


def splitmix64(x):
    """The reference algorithm on Python integers (Steele, Lea, Flood 2014)."""
    mask = 2**64 - 1
    x = (x + 0x9E3779B97F4A7C15) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return x ^ (x >> 31)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(1, 200))
def test_hash_is_splitmix64(number, seed, batches):
    expected = splitmix64((number + seed * 0x9E3779B97F4A7C15) % 2**64) % batches
    assert batch_of(np.array([number], dtype=np.uint64), seed, batches)[0] == expected


@pytest.mark.parametrize("step", [1, 2, 60, 61, 3600])
def test_batches_are_even_on_regular_ids(step):
    """Index modulo B is not: all of every 60th sample would fall into one batch."""
    count = np.bincount(batch_of(np.arange(0, 60_000 * step, step), 3), minlength=BATCHES)
    statistic = ((count - 1000) ** 2 / 1000).sum()
    assert statistic < chi2.ppf(1 - 1e-6, BATCHES - 1)


def test_chunks_do_not_matter():
    whole = batch_numbers(0, 1000, None, 5)
    parts = [batch_numbers(start, count, None, 5) for start, count in ((0, 7), (7, 93), (100, 900))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_source_is_never_split():
    group = np.random.default_rng(0).integers(0, 40, 5000).astype(np.uint64) * np.uint64(2**58 + 1)
    numbers = batch_numbers(17, 5000, group, 1)
    assert all(len(set(numbers[group == source])) == 1 for source in np.unique(group))
    assert len(set(numbers)) > 20


def test_seeds_deal_anew():
    ids = np.arange(6000)
    same = [(batch_of(ids, 0) == batch_of(ids, seed)).mean() for seed in (1, 2, 3, 1000)]
    assert max(same) < 1 / BATCHES + 4 * np.sqrt(1 / BATCHES / 6000)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=80))
def test_groups_partition_the_filled_batches(counts):
    weights = np.array(counts, dtype=float)
    masks = group_masks(weights)
    assert masks.shape == (GROUPS, len(weights))
    np.testing.assert_array_equal(masks.sum(axis=0), weights > 0)
    sizes = masks.sum(axis=1)
    assert sizes.max() - sizes.min() <= 2


def test_groups_are_of_about_equal_weight():
    weights = np.random.default_rng(1).lognormal(3, 1, BATCHES)
    held = group_masks(weights) @ weights
    in_turn = weights.reshape(-1, GROUPS).sum(axis=0)
    assert held.std() < in_turn.std()
    assert held.max() - held.min() <= weights.max()


def test_too_few():
    assert too_few(np.ones(BATCHES)) is None
    assert too_few(np.r_[np.ones(20), np.zeros(40)]) is None
    assert "19 independent batches" in too_few(np.r_[np.ones(19), np.zeros(41)])
    # One source with half of all samples: 1 / (1/4 + 20/1600) = 3.8 equal ones.
    assert "worth 3.8 equal ones" in too_few(np.r_[20.0, np.ones(20)])


def test_thirty_sources_fill_enough_batches():
    """What `too_few` promises: of 200 seeds at most a few leave fewer than 20 batches filled."""
    filled = [len(set(batch_of(np.arange(30), seed))) for seed in range(200)]
    assert np.mean(np.array(filled) < 2 * GROUPS) < 0.05
