"""`fit` and `test` on trajectories: verdicts, dimensions, masses, few runs, resuming."""

import numpy as np
import pytest

import symdisc
from symdisc.algebra import principal_angles
from symdisc.data import from_arrays
from symdisc.discover import Settings
from symdisc.discover.noether.method import NoetherOptions
from symdisc.discover.noether.trajectories import TrajectoryTask
from symdisc.errors import InputError
from symdisc.problems.registry import make


def data_of(name, seed=0, runs=None, **options):
    made = make(name, seed, runs, **options)
    data = from_arrays(made.arrays["x"], kind="trajectory", axes="ntv")
    data.dt = made.attributes["dt"]
    return data, made


def fitted(name, seed=0, runs=None, candidates=None, tolerance=0.1, options=None, **problem):
    data, made = data_of(name, seed, runs, **problem)
    return symdisc.fit(data, candidates=candidates, tolerance=tolerance, options=options or {}), made


@pytest.mark.parametrize(
    ("name", "candidates", "options", "limit"),
    [
        ("oscillator", "linear", {}, 1e-6),
        ("kepler", "linear", {}, 1e-5),
        ("double-spring-pendulum", None, {}, 1e-5),
        ("three-body", "shared:3", {"noether.mass": "1,2,.5"}, 1e-5),
    ],
)
def test_exact_motions(name, candidates, options, limit):
    found, made = fitted(name, candidates=candidates, options=options)
    truth = made.generators if name != "three-body" else made.generators[:3]
    assert found.verdict.value == "symmetric"
    assert len(found) == len(truth)
    assert np.max(principal_angles(found.generators, truth)) < limit
    assert found.next_defect is None or found.next_defect > 0.1


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_the_pendulum_in_noise(noise):
    found, made = fitted("double-spring-pendulum", candidates="shared:3", noise=noise)
    assert found.verdict.value == "symmetric"
    assert len(found) == 1
    assert np.max(principal_angles(found.generators, made.generators)) < 0.5


@pytest.mark.parametrize("seed", [1, 4, 8])
@pytest.mark.parametrize("candidates", [None, "linear"])
def test_no_symmetry_is_found_where_there_is_none(seed, candidates):
    """Nor is one left open: over stretches longer than a period any bounded charge would look conserved."""
    found, made = fitted("anharmonic", seed, candidates=candidates, noise=0.01)
    assert made.facts["broken_by"] > 0.2
    assert found.verdict.value == "none"


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_nearly_equal_frequencies(noise):
    """Frequencies 1 and 1.03: by contract a symmetry at the tolerance 0.1, and none at 0.015."""
    frequencies = {"frequencies": (1.0, 1.03), "noise": noise}
    found, _ = fitted("oscillator", **frequencies)
    # F . L q = (1.03^2 - 1) q1 q2 against |F| |L q| / sqrt 2: .03 for these q.
    assert found.verdict.value == "symmetric"
    assert 0.02 < found.defect[0] < 0.04
    assert fitted("oscillator", tolerance=0.015, **frequencies)[0].verdict.value == "none"


@pytest.mark.parametrize("momenta", [False, True])
def test_phase_space_of_the_oscillator(momenta):
    """u(2): two energies, their mixing, angular momentum."""
    options = {"noether.momenta": "yes"} if momenta else {}
    found, _ = fitted("oscillator", candidates="phase", noise=0.01, momenta=momenta, options=options)
    assert found.verdict.value == "symmetric"
    assert len(found) == 4
    assert found.blocks[0].role == "phase"
    matrices = found.generators
    # They commute with the motion itself, which is Omega.
    omega = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])
    assert np.abs(matrices @ omega - omega @ matrices).max() < 0.02


def test_momenta_and_boosts_of_three_bodies():
    found, _ = fitted(
        "three-body", candidates="affine+shared:3", options={"noether.mass": "1,2,.5", "noether.boosts": "yes"}
    )
    assert found.verdict.value == "symmetric"
    assert len(found) == 9
    assert found.blocks[0].role == "homogeneous"
    assert found.generators.shape[1] == 11


def test_masses_are_found_as_ratios():
    found, _ = fitted("three-body", candidates="shared:3", options={"noether.mass": "unknown"})
    masses = found.extras["masses"][::3]
    np.testing.assert_allclose(masses / masses[0], [1, 2, 0.5], rtol=1e-4)
    assert len(found) == 3
    assert any("masses found" in note for note in found.notes)


@pytest.mark.parametrize("candidates", [None, "linear"])
def test_two_orbits_show_no_symmetry(candidates):
    found, _ = fitted("kepler", runs=2, candidates=candidates)
    assert found.verdict.value == "inconclusive"
    assert "orbit" in found.reason


def test_a_few_orbits_are_cut_into_stretches():
    found, _ = fitted("kepler", runs=6)
    assert found.verdict.value == "symmetric"
    assert len(found) == 3


def test_what_belongs_to_a_few_orbits_is_told_from_a_symmetry():
    """Runs 0 to 2 turn about z, run 3 about x: what the first three share is not there in the last."""
    t = np.arange(400) * 0.05
    turn, zero = [np.cos(t), np.sin(t)], np.zeros_like(t)
    x = np.stack([[scale * turn[0], scale * turn[1], zero] for scale in (1.0, 1.5, 0.7)])
    x = np.concatenate([x, [[zero, 1.2 * turn[0], 0.5 * turn[1] + 0.4 * np.sin(2 * t)]]]).transpose(0, 2, 1)
    data = from_arrays(x, kind="trajectory", axes="ntv")
    data.dt = 0.05
    found = symdisc.fit(data, candidates="antisymmetric")
    assert found.verdict.value != "symmetric"


def test_given_generators():
    data, made = data_of("double-spring-pendulum", noise=0.01)
    assert symdisc.test(data, generators=made.generators).verdict.value == "symmetric"
    wrong = np.kron(np.eye(2), [[0, 0, 1], [0, 0, 0], [-1, 0, 0]])
    assert symdisc.test(data, generators=wrong).verdict.value == "none"


def test_a_stopped_run_goes_on_to_the_same_result():
    data, _ = data_of("double-spring-pendulum", runs=40, noise=0.03)
    data.__class__.chunk_rows, kept = property(lambda self: 8), data.__class__.chunk_rows
    try:
        whole, half = (TrajectoryTask(data, Settings(), NoetherOptions(), None) for _ in range(2))
        while whole.advance():
            pass
        for _ in range(4):
            half.advance()
        again = TrajectoryTask(data, Settings(), NoetherOptions(), None)
        again.restore(half.state())
        while again.advance():
            pass
    finally:
        data.__class__.chunk_rows = kept
    for one, other in zip(whole.tally.forms(), again.tally.forms(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("candidates", "options", "words"),
    [
        ("phase+linear", {}, "stands alone"),
        (None, {"noether.mass": "1,2,3"}, "masses"),
        (None, {"noether.mass": "unknown"}, "shared"),
        (None, {"noether.boosts": "yes"}, "affine"),
        (None, {"noether.renoise": "0"}, "renoise"),
        ("nonsense", {}, "nonsense"),
    ],
)
def test_refusals(candidates, options, words):
    data, _ = data_of("oscillator", runs=20)
    with pytest.raises(InputError, match=words):
        symdisc.fit(data, candidates=candidates, options=options)


def test_short_runs_are_refused():
    x = np.random.default_rng(0).standard_normal((20, 8, 2))
    with pytest.raises(InputError, match="8 time points"):
        symdisc.fit(from_arrays(x, kind="trajectory", axes="ntv"))


def test_a_charge_that_is_zero_for_every_law_is_no_discovery():
    """Two bodies in their centre of mass, q2 = -q1: a turn of (q1x, q2x) has the charge q1x' q2x - q2x' q1x = 0."""
    made = make("anharmonic", 0, 40)
    q = made.arrays["x"]
    doubled = np.stack([q[..., 0], -q[..., 0], q[..., 1], -q[..., 1]], axis=2)
    data = from_arrays(doubled, kind="trajectory", axes="ntv")
    data.dt = made.attributes["dt"]
    assert "2 of 4 dimensions" in symdisc.fit(data, candidates="shared:2").reason
    found = symdisc.fit(data)
    assert found.certified_dimension == 0
    assert any("lead out" in note for note in found.notes)
    turn = np.kron(np.eye(2), [[0.0, 1], [-1, 0]])
    assert symdisc.test(data, generators=turn).certified_dimension == 0


def test_orbits_in_a_plane_show_the_turn_of_that_plane_alone():
    """Out of the plane z = 0 no force was ever seen, so turns about x and y cannot be judged."""
    made = make("oscillator", 0)
    flat = np.concatenate([made.arrays["x"], np.zeros((*made.arrays["x"].shape[:2], 1))], axis=2)
    data = from_arrays(flat, kind="trajectory", axes="ntv")
    data.dt = made.attributes["dt"]
    found = symdisc.fit(data)
    assert found.certified_dimension == 1
    assert abs(found.generators[0][0, 1]) == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert found.dimension_bounds[1] == 3


@pytest.mark.parametrize("kind", ["trajectory", "field"])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_what_does_not_move_is_said(kind, noise):
    shape = (24, 60, 2) if kind == "trajectory" else (6, 40, 40, 2)
    x = 3 + noise * np.random.default_rng(0).standard_normal(shape)
    found = symdisc.fit(from_arrays(x, kind=kind, axes="nt" + "s" * (len(shape) - 3) + "v"))
    assert found.verdict.value == "inconclusive"
    assert "nothing that moves" in found.reason
