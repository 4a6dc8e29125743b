"""Streamed means and scatter against two-pass references in extended precision."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symdisc.discover.device import Arrays
from symdisc.discover.scatter import Scatter


def reference(x):
    """Mean (d, m) and covariance (d, d), summed over channels, in extended precision by two passes."""
    wide = x.astype(np.longdouble)
    centred = wide - wide.mean(axis=0)
    return wide.mean(axis=0), np.einsum("nic,njc->ij", centred, centred) / len(x)


def streamed(x, cuts, batches=1, numbers=None):
    scatter = Scatter(batches, x.shape[1], x.shape[2])
    edges = [0, *sorted(cuts), len(x)]
    for low, high in pairwise(edges):
        if high > low:
            scatter.add(x[low:high], None if numbers is None else numbers[low:high])
    return scatter


def error(found, expected):
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(2, 200),
    d=st.integers(1, 5),
    channels=st.integers(1, 3),
    cuts=st.lists(st.integers(0, 200), max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_cut_gives_the_two_pass_covariance(n, d, channels, cuts, seed):
    x = np.random.default_rng(seed).standard_normal((n, d, channels))
    count, mean, covariance = streamed(x, [c for c in cuts if c < n]).pooled()
    expected_mean, expected = reference(x)
    assert count == n
    assert np.abs(mean - expected_mean).max() <= 1e-13
    assert np.abs(covariance - expected).max() <= 1e-13 * max(np.abs(expected).max(), 1e-3)


@pytest.mark.parametrize("offset", [0.0, 1e4, -1e4])
@pytest.mark.parametrize("seed", range(5))
def test_offset_and_shuffled_batches(offset, seed):
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((8, 8))
    x = (rng.standard_normal((20_000, 8)) @ mixing + offset)[:, :, None]
    expected = reference(x)[1]
    chunks = streamed(x, range(1000, 20_000, 1700)).pooled()[2]
    order = rng.permutation(len(x))
    shuffled = streamed(x[order], [5000], 60, rng.integers(0, 60, len(x))).pooled()[2]
    assert error(chunks, expected) <= 1e-13
    assert error(shuffled, expected) <= 1e-13


def test_an_ordered_file_that_drifts_far():
    rng = np.random.default_rng(3)
    x = (rng.standard_normal((10_000, 3)) + np.linspace(0, 1e5, 10_000)[:, None] * [1.0, 0.0, 0.0])[:, :, None]
    assert error(streamed(x, range(100, 10_000, 100)).pooled()[2], reference(x)[1]) <= 1e-13


def test_merge_equals_one_accumulator():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((3000, 4, 2)) + 1e4
    numbers = rng.integers(0, 7, 3000)
    whole = streamed(x, [], 7, numbers)
    left, right = streamed(x[:1100], [], 7, numbers[:1100]), streamed(x[1100:], [400], 7, numbers[1100:])
    left.merge(right)
    assert np.array_equal(left.count, whole.count)
    centre = x.mean(axis=0)
    assert error(left.about(centre), whole.about(centre)) <= 1e-13


def test_float32_chunks_keep_float64_accuracy():
    rng = np.random.default_rng(5)
    x = (rng.standard_normal((5000, 6)) + 1000).astype(np.float32)[:, :, None]
    assert error(streamed(x, [1234]).pooled()[2], reference(x)[1]) <= 1e-13


def test_float32_products_are_as_good_as_their_digits():
    rng = np.random.default_rng(6)
    x = (rng.standard_normal((5000, 6)) + 10).astype(np.float32)[:, :, None]
    scatter = Scatter(1, 6, 1, Arrays(dtype="float32"))
    scatter.add(x)
    assert error(scatter.pooled()[2], reference(x)[1]) <= 1e-5


def test_state_goes_on_to_the_same_bits():
    x = np.random.default_rng(7).standard_normal((900, 3, 1))
    whole = streamed(x, [300, 600])
    first = streamed(x[:300], [])
    second = Scatter(1, 3)
    second.restore({name: array.copy() for name, array in first.state().items()})
    second.add(x[300:600])
    second.add(x[600:])
    assert all(np.array_equal(a, b) for a, b in zip(whole.state().values(), second.state().values(), strict=True))


def test_batches_about_a_centre():
    rng = np.random.default_rng(8)
    x, numbers = rng.standard_normal((500, 3, 1)) + 2, rng.integers(0, 4, 500)
    centre = np.array([[1.0], [0.0], [-1.0]])
    found = streamed(x, [100], 5, numbers).about(centre)
    for number in range(4):
        part = x[numbers == number, :, 0] - centre[:, 0]
        assert np.allclose(found[number], part.T @ part / len(part), atol=1e-13)
    assert not found[4].any()
