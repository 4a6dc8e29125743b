"""Trajectories q(t) of mechanical systems, unit masses unless said, whose linear point symmetries are known.

A generator here is a matrix A with q -> q + eps A q that leaves the Lagrangian as it is. For H = sum |p_i|^2 / 2 m_i +
V(q) the kinetic part asks for A antisymmetric in the metric of the masses, and V for dV . A q = 0. With `momenta` x is
(q, p) and A acts on p = m q' along with q; the symmetries that mix q with p, such as the motion itself where it is
linear, are left out, and so are translations and boosts, which are no linear maps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import planes
from .integrate import Drift, Flow, Force, first_steps, sampled, solved
from .pairs import check_whole
from .potential import BROKEN_BY, MOST_TRIES, give_up, random_potential
from .problem import Made, Problem
from .runs import NOISE, check_noise, check_times, noisy

RUNS = 30
ROUGH = 64


@dataclass(frozen=True)
class TrajectoryOptions:
    """Options of all trajectories."""

    times: int = option(200, "time points of a run")
    dt: float = option(0.05, "time from one point to the next")
    momenta: bool = option(False, "x is (q, p) with p = m q'; else q")
    noise: float = option(0.0, NOISE)


@dataclass(frozen=True)
class OscillatorOptions(TrajectoryOptions):
    """Options of `oscillator`."""

    dimension: int = option(2, "number of coordinates d")
    frequencies: tuple[float, ...] = option((1.0,), "angular frequencies: one for all, or one a coordinate")


@dataclass(frozen=True)
class ThreeBodyOptions(TrajectoryOptions):
    """Options of `three-body`."""

    masses: tuple[float, ...] = option((1.0, 2.0, 0.5), "of the three bodies")
    soft: float = option(0.5, "length a of the potential -m_i m_j / sqrt(r^2 + a^2) of every two")


@dataclass(frozen=True)
class AnharmonicOptions(TrajectoryOptions):
    """Options of `anharmonic`."""

    dimension: int = option(2, "number of coordinates d, 2 or 3")


def _check(options: TrajectoryOptions) -> None:
    check_times(options.times, options.dt)
    check_noise(options.noise)


def _drift(masses: np.ndarray) -> Drift:
    def drift(duration: float) -> Flow:
        rates = duration / masses
        return lambda q, p: (q + rates * p, p)

    return drift


def _moved(
    force: Force, masses: np.ndarray, q: np.ndarray, v: np.ndarray, options: TrajectoryOptions
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """The motion from q and the velocities v (n, d): q, p = m q' (n, t, d), and how exact they are."""
    q, p, change = solved(_drift(masses), force, q, masses * v, options.times, options.dt)
    return q, p, {"relative_change_by_the_last_halving_of_the_step": change}


def _made(
    rng: np.random.Generator,
    q: np.ndarray,
    p: np.ndarray,
    masses: np.ndarray,
    generators: np.ndarray,
    options: TrajectoryOptions,
    facts: dict[str, Any],
) -> Made:
    """Runs q and p (n, t, d) with their symmetries A (k, d, d), lifted to p where it is asked for."""
    d = q.shape[-1]
    x, block = q, Block("internal", 0, d, "units of x")
    if options.momenta:
        x, block = np.concatenate([q, p], axis=-1), Block("phase", 0, 2 * d, "(q, p), units of x")
        lifted = np.zeros((len(generators), 2 * d, 2 * d))
        lifted[:, :d, :d] = generators
        lifted[:, d:, d:] = masses[:, None] * generators / masses
        generators = lifted
    return Made(
        arrays={"x": noisy(rng, x, options.noise)},
        kind="trajectory",
        axes="ntv",
        generators=generators,
        blocks=(block,),
        facts={"dimension": len(generators), "masses": masses.tolist(), **facts},
        attributes={"dt": options.dt},
    )


def _oscillator(rng: np.random.Generator, samples: int, options: OscillatorOptions) -> Made:
    _check(options)
    d = options.dimension
    check_whole("dimension", d, 1, 1000)
    given = options.frequencies
    if len(given) not in (1, d) or not all(1e-6 <= value <= 1e6 for value in given):
        shown = ",".join(f"{value:g}" for value in given)
        raise InputError(f"--set frequencies={shown}: one above 0 for all, or {d} of them, one a coordinate")
    omega = np.array(given * d if len(given) == 1 else given)
    q, p = rng.standard_normal((2, samples, 1, d))
    angle = omega * (options.dt * np.arange(options.times))[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    groups = [np.flatnonzero(omega == value).tolist() for value in dict.fromkeys(omega.tolist())]
    names = [f"so({len(group)})" for group in groups if len(group) > 1]
    return _made(
        rng,
        q * cos + p / omega * sin,
        p * cos - q * omega * sin,
        np.ones(d),
        np.concatenate([planes(group, d) for group in groups]),
        options,
        {
            "algebra": " + ".join(sorted(names)) if names else "none",
            "potential": "sum omega_i^2 q_i^2 / 2",
            "omega": omega.tolist(),
        },
    )


def _kepler_force(q: np.ndarray) -> np.ndarray:
    square = (q * q).sum(axis=-1, keepdims=True)
    return -q / (square * np.sqrt(square))


def _kepler(rng: np.random.Generator, samples: int, options: TrajectoryOptions) -> Made:
    _check(options)
    masses = np.ones(3)
    outward, other = rng.standard_normal((2, samples, 3))
    radius = rng.uniform(0.8, 1.5, (samples, 1))
    speed = rng.uniform(0.8, 1.1, (samples, 1)) / np.sqrt(radius)
    across = np.cross(outward, other)
    q, v = (size * a / np.linalg.norm(a, axis=1, keepdims=True) for size, a in ((radius, outward), (speed, across)))
    q, p, facts = _moved(_kepler_force, masses, q, v, options)
    facts = {"algebra": "so(3)", "potential": "-1 / |q|", **facts}
    return _made(rng, q, p, masses, planes(range(3), 3), options, facts)


def _attraction(masses: np.ndarray, soft: float) -> Force:
    """-dV/dq of V = -sum m_i m_j / sqrt(|q_i - q_j|^2 + soft^2), for q of shape (..., 9)."""

    def force(q: np.ndarray) -> np.ndarray:
        body = q.reshape(*q.shape[:-1], 3, 3)
        apart = body[..., None, :, :] - body[..., :, None, :]
        square = (apart * apart).sum(axis=-1) + soft**2
        strength = masses[:, None] * masses / (square * np.sqrt(square))
        return (strength[..., None] * apart).sum(axis=-2).reshape(q.shape)

    return force


def _three_body(rng: np.random.Generator, samples: int, options: ThreeBodyOptions) -> Made:
    """Six generators: rotations of all bodies alike, and of their centre of mass alone, q_i -> q_i + eps A Q.

    The latter leave all distances as they are, and the kinetic energy too: that of the centre of mass is a part apart.
    """
    _check(options)
    masses = np.array(options.masses)
    if len(masses) != 3 or not ((masses >= 1e-3) & (masses <= 1e3)).all():
        raise InputError("--set masses: three numbers between 1e-3 and 1e3, such as masses=1,2,.5")
    if not 0.01 <= options.soft <= 100:
        raise InputError(f"--set soft={options.soft:g}: between .01 and 100")
    q = rng.standard_normal((samples, 9))
    v = 0.5 * rng.standard_normal((samples, 9))
    each = np.repeat(masses, 3)
    q, p, facts = _moved(_attraction(masses, options.soft), each, q, v, options)
    alike, centre = np.eye(3), np.tile(masses / masses.sum(), (3, 1))
    turns = planes(range(3), 3)
    facts = {
        "algebra": "so(3) + so(3)",
        "generators": "3 rotations of all bodies alike, then 3 of their centre of mass alone",
        "potential": "-sum m_i m_j / sqrt(|q_i - q_j|^2 + soft^2)",
        "soft": options.soft,
        **facts,
    }
    generators = np.stack([np.kron(on, turn) for on in (alike, centre) for turn in turns])
    return _made(rng, q, p, each, generators, options, facts)


def _springs_force(q: np.ndarray) -> np.ndarray:
    """-dV/dq of V = (|x1| - 1)^2 / 2 + (|x1 - x2| - 1)^2 + z1 + z2, for q = (x1, x2)."""
    first, second = q[..., :3], q[..., 3:] - q[..., :3]
    pull = first - first / np.linalg.norm(first, axis=-1, keepdims=True)
    between = 2 * (second - second / np.linalg.norm(second, axis=-1, keepdims=True))
    force = np.concatenate([between - pull, -between], axis=-1)
    force[..., 2::3] -= 1.0
    return force


def _springs(rng: np.random.Generator, samples: int, options: TrajectoryOptions) -> Made:
    _check(options)
    masses = np.ones(6)
    q = np.array([0, 0, -1.5, 0, 0, -3.0]) + 0.2 * rng.standard_normal((samples, 6))
    q, p, facts = _moved(_springs_force, masses, q, 0.4 * rng.standard_normal((samples, 6)), options)
    facts = {"algebra": "so(2)", "potential": "(|x1| - 1)^2 / 2 + (|x1 - x2| - 1)^2 + z1 + z2", **facts}
    return _made(rng, q, p, masses, np.kron(np.eye(2), planes((0, 1), 3)), options, facts)


def _anharmonic(rng: np.random.Generator, samples: int, options: AnharmonicOptions) -> Made:
    """The null. Unit masses: the kinetic part leaves only A in so(d) of all of gl(d), and V breaks each of these.

    By how much is the fact `broken_by`, over all points of the runs: see `Potential.broken_by`.
    """
    _check(options)
    d = options.dimension
    check_whole("dimension", d, 2, 3)
    masses = np.ones(d)
    for _ in range(MOST_TRIES):
        potential = random_potential(rng, d)
        force = potential.force
        q, v = rng.standard_normal((2, samples, d))
        rough, _ = sampled(
            _drift(masses), force, q[:ROUGH], v[:ROUGH], options.times, options.dt, first_steps(options.dt)
        )
        if not potential.broken_by(rough) >= BROKEN_BY:
            continue
        q, p, facts = _moved(force, masses, q, v, options)
        broken = potential.broken_by(q)
        if broken >= BROKEN_BY:
            facts = {"algebra": "none", "broken_by": broken, **potential.facts(), **facts}
            return _made(rng, q, p, masses, np.zeros((0, d, d)), options, facts)
    raise give_up("anharmonic")


def _problem(name: str, summary: str, options: type, build: Callable[[np.random.Generator, int, Any], Made]) -> Problem:
    return Problem(name, summary, "trajectory", options, build, RUNS)


mechanics = (
    _problem(
        "oscillator",
        "Harmonic oscillators of unit mass: rotations among equal frequencies.",
        OscillatorOptions,
        _oscillator,
    ),
    _problem("kepler", "Bound orbits around a fixed sun, q'' = -q / r^3 in 3-D.", TrajectoryOptions, _kepler),
    _problem("three-body", "Three bodies with softened gravity in 3-D, (q1, q2, q3).", ThreeBodyOptions, _three_body),
    _problem(
        "double-spring-pendulum",
        "Two masses on two springs that hang from each other, in 3-D with gravity: one rotation.",
        TrajectoryOptions,
        _springs,
    ),
    _problem(
        "anharmonic",
        "Motion in a random anharmonic potential without symmetry, by a stated measure.",
        AnharmonicOptions,
        _anharmonic,
    ),
)
