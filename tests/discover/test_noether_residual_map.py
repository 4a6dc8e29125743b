"""Where the Euler-Lagrange equation fails: the map over the test functions, and what is drawn of it."""

import numpy as np
import pytest

import symdisc
from symdisc.data import from_arrays
from symdisc.discover.noether.method import method
from symdisc.panels import Image
from symdisc.problems.registry import make


def fitted(x, spaces=1, **options):
    data = from_arrays(x, kind="field", axes="nt" + "s" * spaces + "v")
    data.dt, data.spacing, data.periodic = 0.05, (0.1,) * spaces, (True,) * spaces
    return symdisc.fit(data, options=options)


def shown(found):
    (panel,) = [panel for panel in method.panels(found) if panel.name == "euler_lagrange_map"]
    assert isinstance(panel, Image)
    return panel


def test_its_mean_square_is_that_of_the_residual():
    found = fitted(make("place-dependent-mass", 0).arrays["x"])
    residual = found.extras["lagrangian_residuals"][0]
    assert residual > 0.05
    np.testing.assert_allclose(np.sqrt((found.extras["residual_map"] ** 2).mean()), residual, rtol=1e-3)


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_it_shows_where_the_law_fails(noise):
    """A lump at x = 6, t = 4 that no law made, and noise that alone would be as large."""
    x = make("klein-gordon", 1, noise=noise).arrays["x"]
    t, s = 0.05 * np.arange(160)[:, None], 0.1 * np.arange(192)
    x = x + 0.3 * np.exp(-((t - 4) ** 2 + (s - 6) ** 2) / 0.5)[..., None]
    found = fitted(x)
    square, ends = found.extras["residual_map"] ** 2, found.extras["residual_extent"]
    places = np.meshgrid(*(np.linspace(*ends[a], n) for a, n in enumerate(square.shape)), indexing="ij")
    at = [np.average(place, weights=square) for place in places]
    assert at[0] == pytest.approx(4, abs=0.5)
    assert at[1] == pytest.approx(6, abs=0.5)
    assert square.max() > 20 * np.median(square)
    panel = shown(found)
    left, _, bottom, top = panel.extent
    assert (left, top) == (ends[1, 0], ends[0, 0])
    assert bottom > top
    # Row 0 is at the bottom: the last instant.
    np.testing.assert_allclose(panel.array[::-1] ** 2, square)


def test_the_second_axis_of_space_is_averaged():
    found = fitted(make("klein-gordon-2d", 0, 3, times=30, size=32).arrays["x"], 2)
    square = found.extras["residual_map"] ** 2
    assert square.ndim == 3
    np.testing.assert_allclose(shown(found).array[::-1] ** 2, square.mean(axis=2))
