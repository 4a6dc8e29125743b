"""Trajectories: every one against forces and energies written here, every generator against the motion itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from symdisc.data import open_dataset
from symdisc.errors import InputError
from symdisc.problems import make, save

SPRINGS = "double-spring-pendulum"
CASES = [
    ("oscillator", {}),
    ("oscillator", {"dimension": 4, "frequencies": "1,1.03,1,2"}),
    ("kepler", {}),
    ("three-body", {}),
    (SPRINGS, {}),
    ("anharmonic", {}),
]


def unit(a):
    return a / np.linalg.norm(a, axis=-1, keepdims=True)


def potential(made, q):
    """V at points (..., d), from the facts."""
    facts = made.facts
    name = made.recipe["problem"]
    if name == "oscillator":
        return (np.array(facts["omega"]) ** 2 * q**2).sum(-1) / 2
    if name == "kepler":
        return -1 / np.linalg.norm(q, axis=-1)
    if name == "three-body":
        m = facts["masses"][::3]
        bodies = [q[..., 3 * i : 3 * i + 3] for i in range(3)]
        pairs = [(0, 1), (0, 2), (1, 2)]
        return sum(
            -m[i] * m[j] / np.sqrt(((bodies[i] - bodies[j]) ** 2).sum(-1) + facts["soft"] ** 2) for i, j in pairs
        )
    if name == SPRINGS:
        first, second = q[..., :3], q[..., 3:]
        stretch = np.linalg.norm(first, axis=-1) - 1, np.linalg.norm(first - second, axis=-1) - 1
        return stretch[0] ** 2 / 2 + stretch[1] ** 2 + first[..., 2] + second[..., 2]
    k, c, w = (np.array(facts[key]) for key in ("quadratic", "cubic", "quartic"))
    cubic = np.einsum("ijk,...i,...j,...k->...", c, q, q, q)
    return np.einsum("...i,ij,...j->...", q, k, q) / 2 + cubic + ((q @ w.T) ** 4).sum(-1)


def force(made, q):
    """-dV/dq by differences of order 8, exact to about 1e-10."""
    weights, step = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280]), 2e-3
    found = np.zeros(q.shape)
    for i in range(q.shape[-1]):
        aside = np.zeros(q.shape[-1])
        aside[i] = step
        for place, weight in enumerate(weights, 1):
            found[..., i] -= weight * (potential(made, q + place * aside) - potential(made, q - place * aside)) / step
    return found


def phase(name, options, **more):
    made = make(name, 3, 6, momenta=True, **options, **more)
    d = made.arrays["x"].shape[-1] // 2
    return made, made.arrays["x"][..., :d], made.arrays["x"][..., d:]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_energy_is_conserved(name, options):
    made, q, p = phase(name, options)
    kinetic = (p**2 / np.array(made.facts["masses"])).sum(-1) / 2
    energy = kinetic + potential(made, q)
    assert np.ptp(energy, axis=1).max() < 1e-10 * kinetic.max()
    assert np.ptp(kinetic, axis=1).min() > 1e-3


@pytest.mark.parametrize(("name", "options"), CASES)
def test_half_the_step_gives_the_same_run(name, options):
    coarse, q, _ = phase(name, options)
    fine, again, _ = phase(name, options, dt=0.025, times=399)
    assert coarse.facts["masses"] == fine.facts["masses"]
    assert np.abs(again[:, ::2] - q).max() < 1e-11 * np.abs(q).max()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_another_integrator_agrees_and_so_it_does_on_runs_that_were_moved(name, options):
    made, q, _ = phase(name, options, times=21)
    masses, d = np.array(made.facts["masses"]), q.shape[-1]
    moves = [np.eye(2 * d), *(expm(0.7 * generator) for generator in made.generators)]

    def rate(_, state):
        at, momentum = state[:d], state[d:]
        return np.concatenate([momentum / masses, force(made, at)])

    for move in moves[:: max(1, len(moves) // 3)]:
        moved = made.arrays["x"][0] @ move.T
        run = solve_ivp(rate, (0, 1), moved[0], "DOP853", rtol=1e-9, atol=1e-9)
        assert np.abs(run.y[:, -1] - moved[-1]).max() < 1e-6 * np.abs(moved).max()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_generators_leave_both_energies_and_are_all_that_do(name, options):
    made, q, _ = phase(name, options)
    d = q.shape[-1]
    masses = np.diag(made.facts["masses"])
    points = q.reshape(-1, d)[::5]
    for generator in made.generators[:, :d, :d]:
        assert np.allclose(masses @ generator, -(masses @ generator).T)
        moved = points @ expm(0.4 * generator).T
        assert np.allclose(potential(made, moved), potential(made, points), rtol=0, atol=1e-10 * np.abs(points).max())
    root = np.sqrt(masses)
    turns = []
    for i in range(d):
        for j in range(i):
            turn = np.zeros((d, d))
            turn[i, j], turn[j, i] = 1, -1
            turns.append(np.linalg.solve(root, turn) @ root)
    slope = force(made, points)
    rows = np.stack([((points @ turn.T) * slope).sum(-1) for turn in turns], axis=1)
    values = np.linalg.svd(rows, compute_uv=False)
    count = int((values < 1e-6 * np.linalg.norm(np.linalg.norm(points, axis=1) * np.linalg.norm(slope, axis=1))).sum())
    assert count == len(made.generators) == made.facts["dimension"]
    if len(made.generators):
        assert np.linalg.matrix_rank(made.generators.reshape(len(made.generators), -1)) == count


def test_what_the_generators_are():
    axis = np.array([[[0, 1], [-1, 0]]])
    assert np.allclose(make("oscillator", 0, 2).generators, axis)
    assert len(make("oscillator", 0, 2, frequencies="1,1.03").generators) == 0
    both = make(SPRINGS, 0, 2).generators
    assert both.shape == (1, 6, 6)
    assert np.allclose(both[0][np.ix_([0, 1, 3, 4], [0, 1, 3, 4])], np.kron(np.eye(2), axis[0]))
    assert not both[0][[2, 5]].any()
    bodies = make("three-body", 0, 2).generators
    for generator in bodies[:3]:
        assert np.array_equal(generator, np.kron(np.eye(3), generator[:3, :3]))


def test_starts_are_as_described():
    _, q, p = phase("kepler", {})
    start, speed = q[:, 0], np.linalg.norm(p[:, 0], axis=1)
    radius = np.linalg.norm(start, axis=1)
    assert ((radius >= 0.8) & (radius <= 1.5)).all()
    assert ((speed * np.sqrt(radius) >= 0.8) & (speed * np.sqrt(radius) <= 1.1)).all()
    assert np.abs((start * p[:, 0]).sum(1)).max() < 1e-12
    x = make(SPRINGS, 0, 300, times=2).arrays["x"][:, 0]
    assert np.allclose(x.mean(0), [0, 0, -1.5, 0, 0, -3], atol=0.06)
    assert np.allclose(x.std(0), 0.2, atol=0.03)


@pytest.mark.parametrize("d", [2, 3])
def test_the_null_breaks_every_rotation(d):
    made = make("anharmonic", 4, 20, dimension=d, times=100)
    assert made.generators.shape == (0, d, d)
    q = made.arrays["x"].reshape(-1, d)
    f = force(made, q)
    worst = np.inf
    for normal in unit(np.random.default_rng(0).standard_normal((3000 if d == 3 else 1, 3))):
        moved = np.cross(normal, q) if d == 3 else q[:, ::-1] * [1, -1]
        size = np.sqrt(((f**2).sum(1) * (moved**2).sum(1)).mean())
        worst = min(worst, np.sqrt(((f * moved).sum(1) ** 2).mean()) / size)
    print(f"d={d}: broken by {made.facts['broken_by']:.3f}, smallest found here {worst:.3f}")
    assert made.facts["broken_by"] >= 0.3
    assert worst == pytest.approx(made.facts["broken_by"], rel=5e-3)
    quadratic = np.einsum("ni,ij,nj->n", q, np.array(made.facts["quadratic"]), q) / 2
    assert (potential(made, q) - quadratic).std() > 0.1 * quadratic.std()
    everywhere = np.random.default_rng(1).standard_normal((20_000, d)) * 3
    assert potential(made, everywhere).min() > 0


@pytest.mark.parametrize("ending", ["h5", "npz"])
def test_noise_and_sampling(ending, tmp_path):
    clean, noisy = (make("oscillator", 2, 40, dt=0.1, times=150, noise=noise) for noise in (0, 0.1))
    x = clean.arrays["x"]
    added = noisy.arrays["x"] - x
    assert added.std() == pytest.approx(0.1 * np.sqrt(((x - x.mean()) ** 2).mean()), rel=0.03)
    assert abs(added.mean()) < 0.01
    with open_dataset([str(save(noisy, tmp_path / f"run.{ending}"))]) as data:
        assert (data.kind, data.axes, data.dt, data.spacing) == ("trajectory", "ntv", 0.1, None)


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("kepler", {"times": 1}, "times=1"),
        ("kepler", {"dt": 0}, "dt=0"),
        ("kepler", {"noise": -1}, "noise=-1"),
        ("oscillator", {"frequencies": "1,2,3"}, "or 2 of them"),
        ("oscillator", {"frequencies": "0"}, "above 0"),
        ("three-body", {"masses": "1,2"}, "three numbers"),
        ("three-body", {"soft": 0}, "soft=0"),
        ("anharmonic", {"dimension": 4}, "dimension=4"),
    ],
)
def test_unusable_options_are_refused(name, options, word):
    with pytest.raises(InputError, match=word):
        make(name, 0, 3, **options)
