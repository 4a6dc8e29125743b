"""The stated truth of samples alone, held against moments of their own data."""

from __future__ import annotations

import numpy as np
import pytest

from symdisc.errors import InputError
from symdisc.problems import make


def change(x, generator):
    """RMS change of the second and fourth moments under a generator, over that of its parts if none cancelled.

    d/dt E[(u.x)^k] = k E[(u.x)^(k-1) u.Lx] for random u; the parts are its terms with the sign taken off.
    """
    scale = np.linalg.cholesky(np.cov(x, rowvar=False))
    z = np.linalg.solve(scale, (x - x.mean(axis=0)).T).T
    moved = z @ np.linalg.solve(scale, generator @ scale).T
    along = np.random.default_rng(0).standard_normal((x.shape[1], 20))
    u, v = z @ along, moved @ along
    return [
        float(np.sqrt(np.mean((u**k * v).mean(axis=0) ** 2) / np.mean(np.mean(np.abs(u**k * v), axis=0) ** 2)))
        for k in (1, 3)
    ]


@pytest.mark.parametrize(
    ("name", "own", "count"),
    [("ring-so2-so3", {}, 4), ("ring-so2-so3", {"width": 0.5}, 4), ("molecule-clouds", {"points": 2}, 3)],
)
def test_moments_do_not_change_under_the_true_generators(name, own, count):
    made = make(name, 3, 100_000, **own)
    assert made.generators.shape[0] == made.facts["dimension"] == count
    for generator in made.generators:
        assert max(change(made.arrays["x"], generator)) < 0.02
    d = made.arrays["x"].shape[1]
    other = np.random.default_rng(1).standard_normal((d, d))
    assert min(change(made.arrays["x"], other - other.T)) > 0.05


def test_heavy_blocks_keep_their_angles():
    """Tails are too heavy for moments: directions within the planes of the generators are uniform instead."""
    made = make("t3-so2-so3", 0, 100_000)
    values, vectors = np.linalg.eig(made.generators[0].T)
    w = made.arrays["x"] @ vectors[:, np.argmax(values.imag)]
    for k in range(1, 6):
        assert abs(np.mean((w / np.abs(w)) ** k)) < 0.02
    assert np.quantile(np.abs(w), 0.999) / np.median(np.abs(w)) > 8


@pytest.mark.parametrize("harmonic", [0.0, 0.2, 1.0])
def test_the_fourth_harmonic_is_the_one_asked_for(harmonic):
    made = make("broken-ring", 1, 100_000, harmonic=harmonic)
    assert len(made.generators) == (harmonic == 0)
    values, vectors = np.linalg.eig(np.array(made.facts["broken_generator"]).T)
    w = made.arrays["x"] @ vectors[:, np.argmax(values.imag)]
    phase = w / np.abs(w)
    assert abs(abs(np.mean(phase**4)) - harmonic / 2) < 0.02
    assert max(abs(np.mean(phase**k)) for k in (1, 2, 3, 5)) < 0.02
    assert np.ptp(np.abs(w)) / np.median(np.abs(w)) < 0.32


@pytest.mark.parametrize("how", ["independent", "mixture", "correlated"])
def test_more_samples_of_one_seed_are_of_the_same_density(how):
    few, many = (make("no-symmetry-samples", 4, n, how=how).arrays["x"] for n in (20_000, 100_000))
    h, g = np.cov(few, rowvar=False), np.cov(many, rowvar=False)
    assert np.abs(np.linalg.eigvals(np.linalg.solve(h, g)) - 1).max() < 0.15
    assert len(make("no-symmetry-samples", 4, 100, how=how).generators) == 0


@pytest.mark.parametrize(
    ("name", "own", "word"),
    [
        ("ring-so2-so3", {"width": 1.0}, "width"),
        ("ring-so2-so3", {"condition": 0.5}, "condition"),
        ("t3-so2-so3", {"freedom": 0.0}, "freedom"),
        ("broken-ring", {"harmonic": 1.5}, "harmonic"),
        ("broken-ring", {"others": -1}, "others"),
        ("molecule-clouds", {"points": 0}, "points"),
        ("no-symmetry-samples", {"how": "nosuch"}, "how"),
    ],
)
def test_options_that_make_no_sense(name, own, word):
    with pytest.raises(InputError, match=word):
        make(name, 0, 100, **own)
