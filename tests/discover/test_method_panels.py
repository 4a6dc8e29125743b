"""What each method draws, from the arrays of a result: which panels, and the numbers in them."""

from types import SimpleNamespace

import numpy as np
import pytest

from symdisc.discover.function.panels import panels as function_panels
from symdisc.discover.lconv import panels as lconv_module
from symdisc.discover.lconv.panels import panels as lconv_panels
from symdisc.discover.noether.panels import charges
from symdisc.discover.noether.panels import panels as noether_panels
from symdisc.discover.registry import get
from symdisc.problems.registry import make
from symdisc.symmetry import Block

RNG = np.random.default_rng(0)
TURN = np.array([[0.0, -1], [1, 0]])


def of(**extras):
    return SimpleNamespace(extras={name: np.asarray(value) for name, value in extras.items()})


def names(panels):
    return [panel.name for panel in panels]


def test_lconv_draws_what_there_is():
    assert lconv_panels(of()) == []
    assert lconv_panels(of(coefficients=np.ones((1, 2)), heldout_likelihood=[0.0])) == []
    everything = of(
        coefficients=RNG.standard_normal((30, 2)),
        heldout_likelihood=[0.0, 1.0, 0.9],
        turned=np.zeros((2, 3, 4, 4)),
        turned_by=[-1.0, 0.0, 1.0],
        residual_map=np.ones((4, 4)),
        map=TURN,
    )
    found = lconv_panels(everything)
    assert names(found) == ["coefficients", "count", "turned", "residual", "map"]
    assert found[2].titles == ["x, t = -1", "x", "x, t = 1"] * 2
    assert found[2].arrays.shape == (6, 4, 4)
    (line,) = lconv_panels(of(residual_map=np.ones(5)))
    assert line.name == "residual"


def test_pairs_that_lie_equally_far_apart():
    (panel,) = lconv_panels(of(coefficients=np.full((20, 1), 0.3)))
    (series,) = panel.series
    assert series.x[0] < 0.3 < series.x[-1]
    assert series.y.sum() == 2 * 20
    assert series.mark == "area"
    assert lconv_module.BINS > 1


def test_the_function_method_draws_its_model_and_the_slopes():
    assert function_panels(of()) == []
    found = function_panels(
        of(shown_y=[0.0, 1.0], shown_f=[0.1, 1.2], unexplained=0.05, gradient_energy=[4.0, 1.0, -1e-9])
    )
    assert names(found) == ["model", "gradient"]
    assert found[0].title.startswith("The model of f: 0.05 of the variance")
    np.testing.assert_array_equal(found[0].series[1].x, [0.0, 1.2])
    np.testing.assert_array_equal(found[1].series[0].y, [2.0, 1.0, 0.0])
    assert names(get("function").panels(of(gradient_energy=[1.0]))) == ["gradient"]


def circles(runs=3, steps=40):
    """Runs of an isotropic oscillator of mass 2 and frequency 1, exactly."""
    t = np.linspace(0, 4, steps)
    phase = RNG.uniform(0, 6, (runs, 1))
    q = np.stack([np.cos(t + phase), np.sin(t + phase)], axis=2)
    p = 2 * np.stack([-np.sin(t + phase), np.cos(t + phase)], axis=2)
    return q, p, t[1] - t[0]


@pytest.mark.parametrize("role", ["space", "phase"])
def test_angular_momentum_along_runs(role):
    q, p, dt = circles()
    generator = TURN if role == "space" else np.kron(np.eye(2), TURN)
    charge, noise, size = charges(generator, q, p, np.full(2, 0.1), np.full(2, 0.2), np.full(2, 2.0), dt, role)
    np.testing.assert_allclose(np.abs(charge), 2.0, atol=1e-12)
    assert noise.shape == charge.shape
    assert (noise > 0).all()
    assert size > 0


def test_a_boost_has_the_centre_of_mass_for_a_charge():
    """Free motion: p t - m q is what it was at the middle."""
    t = np.linspace(-1, 1, 21)
    q, p = (0.3 * t + 0.1)[None, :, None], np.full((1, 21, 1), 2 * 0.3)
    boost = np.zeros((3, 3))
    boost[0, 1] = 1.0
    charge, noise, _ = charges(boost, q, p, np.array([0.1]), np.array([0.2]), np.array([2.0]), t[1] - t[0], "x")
    np.testing.assert_allclose(charge, -2 * 0.1, atol=1e-12)
    assert noise.min() > 0


class Run(SimpleNamespace):
    def preview(self, count):
        return self.generators[:count]

    def __len__(self):
        return len(self.generators)


def test_charges_of_the_first_runs_are_drawn():
    q, p, dt = circles()
    extras = {"shown_q": q, "shown_p": p, "dt": np.array(dt), "masses": np.full(2, 2.0)}
    extras |= {"shown_q_noise": np.full(2, 0.1), "shown_p_noise": np.full(2, 0.1)}
    found = noether_panels(Run(extras=extras, generators=TURN[None], blocks=(Block("space", 0, 2),)))
    assert names(found) == ["charge_1"]
    runs, bands = found[0].series[:3], found[0].series[3:]
    assert all(np.ptp(series.y) < 1e-12 for series in runs)
    assert [band.label for band in bands] == ["mean +- 2 noise", "", ""]
    assert all((band.upper > band.y).all() for band in bands)
    assert noether_panels(Run(extras=extras, generators=np.zeros((0, 2, 2)), blocks=())) == []
    assert noether_panels(Run(extras={}, generators=TURN[None], blocks=())) == []


def test_covariance_draws_axes_on_the_grid_and_correlations():
    drawn = get("covariance").panels(
        of(
            covariance_spectrum=[3.0, 1.0, 0.0],
            rank=2,
            principal_axes=np.zeros((2, 4, 4)),
            canonical_correlations=[0.9, 0.5, 0.01],
            used=2,
        )
    )
    assert names(drawn) == ["covariance", "principal_axes", "correlations"]
    assert [series.label for series in drawn[2].series] == ["above noise", "unused: not above noise"]
    (alone,) = get("covariance").panels(of(canonical_correlations=[0.9], used=1))
    assert len(alone.series) == 1


def test_problems_have_what_panels_need():
    assert make("oscillator", 0, 3).arrays["x"].shape[0] == 3
