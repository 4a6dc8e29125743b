"""Fields phi(t, s) on periodic grids with phi_tt = lap phi - dV/dphi, whose symmetries are known.

An internal generator A, phi -> phi + eps A phi, leaves the Lagrangian as it is where A is antisymmetric and dV . A phi
is 0. A generator of space-time moves the points, (t, s, 1) -> (t, s, 1) + eps L (t, s, 1), with phi at them; its last
row is 0, and its coordinates are those of the data minus their means over the grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import check_condition, invertible, planes
from .potential import BROKEN_BY, MOST_TRIES, give_up, random_potential
from .problem import Made, Problem
from .runs import check_noise, check_times, noisy
from .smooth import FieldOptions, check_grid, waves
from .spectral import Grid, drawn, evolved

RUNS = 6
REACH = 1.6


@dataclass(frozen=True)
class MassiveOptions(FieldOptions):
    """Options of `klein-gordon`."""

    mass2: float = option(1.0, "squared mass m2")


@dataclass(frozen=True)
class PlaneOptions(MassiveOptions):
    """Options of `klein-gordon-2d`."""

    times: int = option(60, "time points of a run")
    size: int = option(60, "points along each side, periodic")


@dataclass(frozen=True)
class CoupledOptions(MassiveOptions):
    """Options of `complex-phi4`."""

    coupling: float = option(1.0, "g of V = m2 |phi|^2 / 2 + g |phi|^4 / 4")


@dataclass(frozen=True)
class TripletOptions(CoupledOptions):
    """Options of `o3-phi4`."""

    condition: float = option(1.0, "condition number of a hidden frame, phi -> S phi; 1: none")


def _check(options: FieldOptions) -> None:
    check_times(options.times, options.dt)
    check_grid(options.size, options.spacing)
    check_noise(options.noise)
    for name, lowest in (("mass2", 0), ("coupling", 0)):
        value = getattr(options, name, 1.0)
        if not lowest <= value <= 100:
            raise InputError(f"--set {name}={value:g}: between {lowest} and 100")


def _made(
    rng: np.random.Generator,
    x: np.ndarray,
    options: FieldOptions,
    generators: np.ndarray,
    block: Block,
    facts: dict[str, Any],
) -> Made:
    """Fields x (n, t, s.., v) with their symmetries."""
    space = x.ndim - 3
    return Made(
        arrays={"x": noisy(rng, x, options.noise)},
        kind="field",
        axes="nt" + "s" * space + "v",
        generators=generators,
        blocks=(block,),
        facts={"dimension": len(generators), **facts},
        attributes={"dt": options.dt, "spacing": [options.spacing] * space, "periodic": [True] * space},
    )


# --- with self-interaction: internal symmetries


def _phi4(
    rng: np.random.Generator, samples: int, components: int, options: CoupledOptions
) -> tuple[np.ndarray, dict[str, Any]]:
    _check(options)

    def force(phi: np.ndarray) -> np.ndarray:
        return -options.coupling * (phi * phi).sum(axis=-1, keepdims=True) * phi

    phi, facts = evolved(drawn(rng, samples, components, options), force, options.mass2, options)
    potential = {
        "potential": "mass2 |phi|^2 / 2 + coupling |phi|^4 / 4",
        "mass2": options.mass2,
        "coupling": options.coupling,
    }
    return phi, {**potential, **facts}


def _complex(rng: np.random.Generator, samples: int, options: CoupledOptions) -> Made:
    phi, facts = _phi4(rng, samples, 2, options)
    block = Block("internal", 0, 2, "units of x")
    return _made(rng, phi, options, planes(range(2), 2), block, {"algebra": "so(2)", **facts})


def _triplet(rng: np.random.Generator, samples: int, options: TripletOptions) -> Made:
    check_condition(options.condition)
    phi, facts = _phi4(rng, samples, 3, options)
    # Drawn even where it is not used: the noise of one seed is then the same in every frame.
    frame = invertible(rng, 3, options.condition)
    generators = planes(range(3), 3)
    if options.condition > 1:
        phi = phi @ frame.T
        hidden = (frame @ generators @ np.linalg.inv(frame)).reshape(3, 9)
        generators = np.linalg.qr(hidden.T)[0].T.reshape(3, 3, 3)
    else:
        frame = np.eye(3)
    facts = {"algebra": "so(3)", "frame": frame.tolist(), **facts}
    return _made(rng, phi, options, generators, Block("internal", 0, 3, "units of x"), facts)


def _two(rng: np.random.Generator, samples: int, options: FieldOptions) -> Made:
    """The null: dV breaks the one rotation of two fields, by the fact `broken_by` over all points of the runs."""
    _check(options)
    for _ in range(MOST_TRIES):
        potential = random_potential(rng, 2, REACH)
        start = drawn(rng, samples, 2, options)
        rough = Grid(start, potential.force, 0.0, options, 1)
        if not potential.broken_by(rough.of_data(rough.rough())) >= BROKEN_BY:
            continue
        phi, facts = evolved(start, potential.force, 0.0, options)
        broken = potential.broken_by(phi)
        if broken >= BROKEN_BY:
            facts = {"algebra": "none", "broken_by": broken, **potential.facts(), **facts}
            return _made(rng, phi, options, np.zeros((0, 2, 2)), Block("internal", 0, 2, "units of x"), facts)
    raise give_up("two-fields")


# --- linear: symmetries of space-time


def _linear(rng: np.random.Generator, samples: int, space: int, mass2: float, options: FieldOptions) -> np.ndarray:
    """(n, t, s.., 1): sums of waves, each with its exact motion; without mass there is none of k = 0, which drifts."""
    basis = waves(options.size, options.spacing, space, constant=mass2 > 0)
    start, rate = rng.standard_normal((2, samples, 1, len(basis.k)))
    omega = np.sqrt(basis.k**2 + mass2)
    angle = omega * (options.dt * np.arange(options.times))[:, None]
    phi = (start * np.cos(angle) + rate / omega * np.sin(angle)) @ basis.values
    return phi.reshape(samples, options.times, *(options.size,) * space, 1)


def _spacetime(space: int, dilation: bool) -> tuple[np.ndarray, list[str]]:
    """Generators (k, space + 2, space + 2) on (t, s.., 1), and what each is."""
    letters = "txy"[: space + 1]
    found = []
    for i, letter in enumerate(letters):
        found.append((f"translation of {letter}", [(i, -1, 1.0)]))
    if space == 2:
        found.append(("rotation from x to y", [(2, 1, 1.0), (1, 2, -1.0)]))
    for i, letter in enumerate(letters[1:], 1):
        found.append((f"boost along {letter}", [(0, i, 1.0), (i, 0, 1.0)]))
    if dilation:
        found.append(("dilation of t and x, phi as it is", [(0, 0, 1.0), (1, 1, 1.0)]))
    generators = np.zeros((len(found), space + 2, space + 2))
    for generator, (_, entries) in zip(generators, found, strict=True):
        for row, column, value in entries:
            generator[row, column] = value
    return generators, [name for name, _ in found]


def _waving(
    rng: np.random.Generator, samples: int, space: int, mass2: float, algebra: str, options: FieldOptions
) -> Made:
    generators, names = _spacetime(space, dilation=mass2 == 0)
    centre = [options.dt * (options.times - 1) / 2, *[options.spacing * (options.size - 1) / 2] * space]
    coordinates = "t, x" if space == 1 else "t, x, y"
    facts = {
        "algebra": algebra,
        "generators": names,
        "coordinates": f"{coordinates}, 1, in the units of dt and spacing, minus their means over the grid",
        "centre": centre,
        "mass2": mass2,
    }
    block = Block("spacetime", 0, space + 2, f"({coordinates}, 1) from the centre of the grid")
    return _made(rng, _linear(rng, samples, space, mass2, options), options, generators, block, facts)


def _klein_gordon(rng: np.random.Generator, samples: int, options: MassiveOptions) -> Made:
    _check(options)
    if options.mass2 == 0:
        raise InputError("--set mass2=0: without a mass there is the dilation too, and this is the problem wave")
    plane = isinstance(options, PlaneOptions)
    algebra = "iso(2,1)" if plane else "iso(1,1)"
    return _waving(rng, samples, 1 + plane, options.mass2, algebra, options)


def _wave(rng: np.random.Generator, samples: int, options: FieldOptions) -> Made:
    _check(options)
    return _waving(rng, samples, 1, 0.0, "aff(1) + aff(1)", options)


def _problem(name: str, summary: str, options: type, build: Callable[[np.random.Generator, int, Any], Made]) -> Problem:
    return Problem(name, summary, "field", options, build, RUNS)


fields = (
    _problem("complex-phi4", "A complex phi^4 field as two real ones, in 1+1: U(1).", CoupledOptions, _complex),
    _problem("o3-phi4", "Three real phi^4 fields in 1+1: rotations among them.", TripletOptions, _triplet),
    _problem("klein-gordon", "A free massive field in 1+1: translations and the boost.", MassiveOptions, _klein_gordon),
    _problem("wave", "The wave equation in 1+1: translations, the boost and the dilation.", FieldOptions, _wave),
    _problem(
        "klein-gordon-2d",
        "A free massive field in 2+1: translations, the rotation and the boosts.",
        PlaneOptions,
        _klein_gordon,
    ),
    _problem(
        "two-fields",
        "Two fields in 1+1 with a random potential without symmetry, by a stated measure.",
        FieldOptions,
        _two,
    ),
)
