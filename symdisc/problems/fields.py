"""Fields phi(t, s) on periodic grids with phi_tt = lap phi - dV/dphi, whose symmetries are known.

An internal generator A, phi -> phi + eps A phi, leaves the Lagrangian as it is where A is antisymmetric and dV . A phi
is 0. Linear fields, and their symmetries of space-time, stand in `linear_fields`.
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
from .smooth import FieldOptions, check_grid
from .spectral import Grid, drawn, evolved

RUNS = 6
REACH = 1.6


@dataclass(frozen=True)
class MassiveOptions(FieldOptions):
    """Options of `klein-gordon`, and of other fields with a mass."""

    mass2: float = option(1.0, "squared mass m2")


@dataclass(frozen=True)
class CoupledOptions(MassiveOptions):
    """Options of `complex-phi4`."""

    coupling: float = option(1.0, "g of V = m2 |phi|^2 / 2 + g |phi|^4 / 4")


@dataclass(frozen=True)
class TripletOptions(CoupledOptions):
    """Options of `o3-phi4`."""

    condition: float = option(1.0, "condition number of a hidden frame, phi -> S phi; 1: none")


def check_field(options: FieldOptions) -> None:
    """Refuse a sampling, noise or constants of the law that make no sense.

    Raises:
        InputError: with the limits.
    """
    check_times(options.times, options.dt)
    check_grid(options.size, options.spacing)
    check_noise(options.noise)
    for name, lowest in (("mass2", 0), ("coupling", 0)):
        value = getattr(options, name, 1.0)
        if not lowest <= value <= 100:
            raise InputError(f"--set {name}={value:g}: between {lowest} and 100")


def made_field(
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


def _phi4(
    rng: np.random.Generator, samples: int, components: int, options: CoupledOptions
) -> tuple[np.ndarray, dict[str, Any]]:
    check_field(options)

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
    return made_field(rng, phi, options, planes(range(2), 2), block, {"algebra": "so(2)", **facts})


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
    return made_field(rng, phi, options, generators, Block("internal", 0, 3, "units of x"), facts)


def _two(rng: np.random.Generator, samples: int, options: FieldOptions) -> Made:
    """The null: dV breaks the one rotation of two fields, by the fact `broken_by` over all points of the runs."""
    check_field(options)
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
            return made_field(rng, phi, options, np.zeros((0, 2, 2)), Block("internal", 0, 2, "units of x"), facts)
    raise give_up("two-fields")


def problem_of(
    name: str, summary: str, options: type, build: Callable[[np.random.Generator, int, Any], Made]
) -> Problem:
    """A problem of fields."""
    return Problem(name, summary, "field", options, build, RUNS)


fields = (
    problem_of("complex-phi4", "A complex phi^4 field as two real ones, in 1+1: U(1).", CoupledOptions, _complex),
    problem_of("o3-phi4", "Three real phi^4 fields in 1+1: rotations among them.", TripletOptions, _triplet),
    problem_of(
        "two-fields",
        "Two fields in 1+1 with a random potential without symmetry, by a stated measure.",
        FieldOptions,
        _two,
    ),
)
