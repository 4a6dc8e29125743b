"""Fields in a potential that no polynomial of low degree comes near, with U(1) or without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import planes
from .fields import MassiveOptions, check_field, made_field, problem_of
from .potential import broken_by
from .problem import Made
from .spectral import drawn, evolved

# Of r^2: what multiplies - grad r^2 / 2 in the force, and V in words.
SHAPES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "cosine": (lambda square: np.sinc(np.sqrt(square) / np.pi), "1 - cos r"),
    "saturated": (lambda square: 1 / (1 + square) ** 2, "r^2 / (2 (1 + r^2))"),
    "gaussian": (lambda square: 4 * np.exp(-2 * square), "1 - exp(-2 r^2)"),
}


@dataclass(frozen=True)
class SmoothPotentialOptions(MassiveOptions):
    """Options of `smooth-potential`."""

    mass2: float = option(0.0, "squared mass m2")
    shape: str = option("cosine", "V of r: 1 - cos r, r^2 / (2 (1 + r^2)) or 1 - exp(-2 r^2)", tuple(SHAPES))
    amplitude: float = option(1.0, "how many times as large phi and phi_t start as those of complex-phi4")
    broken: float = option(0.0, "b of r^2 = phi1^2 + (1 + b) phi2^2; 0: U(1)")


def _smooth(rng: np.random.Generator, samples: int, options: SmoothPotentialOptions) -> Made:
    check_field(options)
    for name, highest in (("amplitude", 10.0), ("broken", 10.0)):
        value = getattr(options, name)
        if not 0 <= value <= highest or (name == "amplitude" and value == 0):
            raise InputError(f"--set {name}={value:g}: between 0 and {highest:g}")
    factor, words = SHAPES[options.shape]
    weights = np.array([1.0, 1.0 + options.broken])

    def force(phi: np.ndarray) -> np.ndarray:
        return -factor((phi * phi) @ weights)[..., None] * (weights * phi)

    start = drawn(rng, samples, 2, options)
    start *= options.amplitude
    phi, facts = evolved(start, force, options.mass2, options)
    generators = planes(range(2), 2) if options.broken == 0 else np.zeros((0, 2, 2))
    facts = {
        "algebra": "so(2)" if options.broken == 0 else "none",
        "potential": f"{words}, r^2 = phi1^2 + (1 + broken) phi2^2; and mass2 |phi|^2 / 2",
        "mass2": options.mass2,
        "broken": options.broken,
        "broken_by": broken_by(lambda q: force(q) - options.mass2 * q, phi),
        **facts,
    }
    return made_field(rng, phi, options, generators, Block("internal", 0, 2, "units of x"), facts)


smooth_potential = problem_of(
    "smooth-potential",
    "Two fields in 1+1 in a potential that is no polynomial: U(1), or none.",
    SmoothPotentialOptions,
    _smooth,
)
