"""`fit` and `test` on fields: Lagrangian, currents, verdicts, and Lagrangians that are not unique."""

import functools

import numpy as np
import pytest

import symdisc
from symdisc.algebra import principal_angles
from symdisc.data import from_arrays
from symdisc.discover import Settings
from symdisc.discover.noether.fields import FieldTask
from symdisc.discover.noether.method import NoetherOptions
from symdisc.errors import InputError
from symdisc.problems.registry import make


def as_data(x, dt, spacing):
    data = from_arrays(x, kind="field", axes="nt" + "s" * (x.ndim - 3) + "v")
    data.dt, data.spacing = dt, (spacing,) * (x.ndim - 3)
    data.periodic = (True,) * (x.ndim - 3)
    return data


@functools.cache
def fitted(name, noise):
    """The result of the default problem, and the problem."""
    data, made = data_of(name, noise=noise)
    return symdisc.fit(data), made


def data_of(name, seed=0, runs=None, **options):
    made = make(name, seed, runs, **options)
    spacing = float(np.atleast_1d(made.attributes["spacing"])[0])
    return as_data(made.arrays["x"], made.attributes["dt"], spacing), made


@pytest.mark.parametrize(
    ("name", "noise", "limit"),
    [
        ("complex-phi4", 0.0, 1e-3),
        ("complex-phi4", 0.03, 0.1),
        ("klein-gordon", 0.0, 1e-3),
        ("klein-gordon", 0.03, 0.5),
        ("wave", 0.0, 1e-3),
        ("wave", 0.01, 0.3),
    ],
)
def test_fields_of_known_symmetry(name, noise, limit):
    found, made = fitted(name, noise)
    assert found.verdict.value == "symmetric"
    assert len(found) == len(made.generators)
    assert np.max(principal_angles(found.generators, made.generators)) < limit


def test_the_lagrangian_is_reported():
    """h_tt = 1, h_xx = -1, m2 = 1 and (phi1^2 + phi2^2)^2 / 4."""
    found, _ = fitted("complex-phi4", 0.0)
    names = [str(name) for name in found.extras["lagrangian_names"]]
    theta = dict(zip(names, found.extras["lagrangian"], strict=True))
    expected = {"h_tt[1,1]": 1, "h_xx[2,2]": -1, "m2[1,1]": 1, "phi1^4": 0.25, "phi1^2 phi2^2": 0.5, "h_tx[1,1]": 0}
    for name, value in expected.items():
        assert theta[name] == pytest.approx(value, abs=1e-4)
    assert any("Euler-Lagrange residual" in note for note in found.notes)


@pytest.mark.slow
def test_a_hidden_frame_of_condition_20():
    """so(3) of a triplet seen through S: S A S^-1, found in the whitened frame and mapped back."""
    data, made = data_of("o3-phi4", noise=0.03, condition=20.0)
    found = symdisc.fit(data)
    assert len(found) == 3
    assert np.max(principal_angles(found.generators, made.generators)) < 1
    assert np.abs(found.extras["frame"] - np.eye(3)).max() > 1


@pytest.mark.slow
def test_components_that_drown_in_noise_decide_nothing():
    """At 10 % the smallest component is mostly noise, and so are the coefficients of its equation."""
    data, _ = data_of("o3-phi4", noise=0.1, condition=20.0)
    found = symdisc.fit(data)
    assert found.verdict.value == "inconclusive"


@pytest.mark.parametrize(
    ("seed", "noise"),
    [
        pytest.param(0, 0.01, marks=pytest.mark.slow),
        pytest.param(0, 0.1, marks=pytest.mark.slow),
        (12, 0.1),
    ],
)
def test_no_internal_symmetry_where_there_is_none(seed, noise):
    """Seed 12 hardly couples its fields: two Lagrangians explain them at 10 % noise, and one would be symmetric."""
    data, made = data_of("two-fields", seed, noise=noise)
    assert made.facts["broken_by"] > 0.2
    assert symdisc.fit(data).certified_dimension == 0


def test_free_fields_of_equal_mass_have_several_lagrangians():
    rows = [make("klein-gordon", seed).arrays["x"] for seed in range(2)]
    found = symdisc.fit(as_data(np.concatenate(rows, axis=-1), 0.05, 0.1))
    assert found.certified_dimension == 0
    assert found.verdict.value == "none" or "Lagrangians" in found.reason


def test_waves_of_one_direction_show_no_law():
    t, s = np.arange(160) * 0.05, np.arange(192) * 0.1
    rng = np.random.default_rng(0)
    length = 19.2
    runs = []
    for _ in range(6):
        k = 2 * np.pi * np.arange(1, 7) / length
        phase, size = rng.uniform(0, 2 * np.pi, 6), rng.standard_normal(6)
        runs.append((size * np.cos(k * (s[None, :, None] - t[:, None, None]) + phase)).sum(-1))
    found = symdisc.fit(as_data(np.array(runs)[..., None], 0.05, 0.1))
    assert found.verdict.value != "symmetric"


def test_joint_candidates_find_both_parts():
    data, _ = data_of("complex-phi4", noise=0.01)
    found = symdisc.fit(data, candidates="joint")
    assert found.verdict.value == "symmetric"
    assert [block.role for block in found.blocks] == ["spacetime", "internal"]
    assert len(found) == 4


def test_given_generators():
    data, made = data_of("klein-gordon", noise=0.01, times=80, size=96)
    assert symdisc.test(data, generators=symdisc.fit(data)).verdict.value == "symmetric"
    from symdisc.discover.method import Given
    from symdisc.symmetry import Block

    stretch = np.diag([1.0, 1.0, 0.0])[None]
    task = FieldTask(data, Settings(), NoetherOptions(), Given(stretch, (Block("spacetime", 0, 3),)))
    while task.advance():
        pass
    evidence = task.outcome().evidence
    assert evidence.given(np.ones(1)).defect > 0.2
    assert len(made.generators) == 3


def test_a_stopped_run_goes_on_to_the_same_result():
    data, _ = data_of("klein-gordon", noise=0.03, times=60, size=64)
    data.__class__.chunk_rows, kept = property(lambda self: 2), data.__class__.chunk_rows
    try:
        for stop in (2, 6):
            whole, half, again = (FieldTask(data, Settings(), NoetherOptions(), None) for _ in range(3))
            while whole.advance():
                pass
            for _ in range(stop):
                half.advance()
            again.restore(half.state())
            while again.advance():
                pass
            for name, value in whole.sums().items():
                np.testing.assert_array_equal(value, again.sums()[name])
    finally:
        data.__class__.chunk_rows = kept


@pytest.mark.parametrize(
    ("candidates", "options", "words"),
    [
        ("spacetime+antisymmetric", {}, "joint"),
        ("affine", {}, "affine"),
        (None, {"noether.momenta": "yes"}, "trajectories"),
    ],
)
def test_refusals(candidates, options, words):
    data, _ = data_of("complex-phi4", runs=2, times=20, size=32)
    with pytest.raises(InputError, match=words):
        symdisc.fit(data, candidates=candidates, options=options)
