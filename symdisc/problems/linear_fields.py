"""Fields with a linear law on periodic grids, each with its exact motion: symmetries of space-time, whole or broken.

A generator moves the points, (t, s, 1) -> (t, s, 1) + eps L (t, s, 1), with phi at them; its last row is 0, and its
coordinates are those of the data minus their means over the grid. It counts as a symmetry where it leaves a Lagrangian
of the law as it is, but for a total derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .fields import MassiveOptions, check_field, made_field, problem_of
from .pairs import check_whole
from .problem import Made
from .smooth import LARGEST_WAVE, FieldOptions, waves

BEYOND = 16


@dataclass(frozen=True)
class PlaneOptions(MassiveOptions):
    """Options of `klein-gordon-2d`."""

    times: int = option(60, "time points of a run")
    size: int = option(60, "points along each side, periodic")


@dataclass(frozen=True)
class PlaceOptions(MassiveOptions):
    """Options of `place-dependent-mass`."""

    depth: float = option(0.5, "d of m2(x) = mass2 (1 + d cos(2 pi w x / length)), 0 to 1")
    waves: int = option(3, "w: how many of these waves fill the length")


@dataclass(frozen=True)
class DampedOptions(MassiveOptions):
    """Options of `damped-field`."""

    damping: float = option(0.4, "gamma of phi_tt + gamma phi_t, below twice the root of mass2")


@dataclass(frozen=True)
class StiffOptions(MassiveOptions):
    """Options of `stiff-string`."""

    stiffness: float = option(0.1, "kappa of - kappa phi_xxxx")


def _translations(space: int, letters: str) -> list[tuple[str, list[tuple[int, int, float]]]]:
    return [
        (f"translation of {letter}", [(i, -1, 1.0)]) for i, letter in enumerate("txy"[: space + 1]) if letter in letters
    ]


def _relativistic(space: int, dilation: bool) -> list[tuple[str, list[tuple[int, int, float]]]]:
    """Names of the generators, and their entries (row, column, value)."""
    found = _translations(space, "txy")
    if space == 2:
        found.append(("rotation from x to y", [(2, 1, 1.0), (1, 2, -1.0)]))
    for i, letter in enumerate("xy"[:space], 1):
        found.append((f"boost along {letter}", [(0, i, 1.0), (i, 0, 1.0)]))
    if dilation:
        found.append(("dilation of t and x, phi as it is", [(0, 0, 1.0), (1, 1, 1.0)]))
    return found


def _modes(
    rng: np.random.Generator,
    samples: int,
    space: int,
    square: Callable[[np.ndarray], np.ndarray],
    options: FieldOptions,
    damping: float = 0.0,
) -> np.ndarray:
    """(n, t, s.., 1): sums of waves, each with its exact motion.

    Args:
        square: omega^2 of wave numbers |k|, positive; without mass there is no wave of k = 0, which drifts.
        damping: gamma; a wave decays as exp(-gamma t / 2).
    """
    basis = waves(options.size, options.spacing, space, constant=bool(square(np.zeros(1))[0] > 0))
    start, rate = rng.standard_normal((2, samples, 1, len(basis.k)))
    omega = np.sqrt(square(basis.k) - damping**2 / 4)
    t = (options.dt * np.arange(options.times))[:, None]
    moving = start * np.cos(omega * t) + (rate + damping / 2 * start) / omega * np.sin(omega * t)
    phi = (np.exp(-damping / 2 * t) * moving) @ basis.values
    return phi.reshape(samples, options.times, *(options.size,) * space, 1)


def _made(
    rng: np.random.Generator,
    phi: np.ndarray,
    options: FieldOptions,
    found: list[tuple[str, list[tuple[int, int, float]]]],
    facts: dict[str, Any],
) -> Made:
    """Fields phi (n, t, s.., 1) with their symmetries of space-time."""
    space = phi.ndim - 3
    generators = np.zeros((len(found), space + 2, space + 2))
    for generator, (_, entries) in zip(generators, found, strict=True):
        for row, column, value in entries:
            generator[row, column] = value
    coordinates = "t, x" if space == 1 else "t, x, y"
    facts = {
        "algebra": facts.pop("algebra"),
        "generators": [name for name, _ in found],
        "coordinates": f"{coordinates}, 1, in the units of dt and spacing, minus their means over the grid",
        "centre": [options.dt * (options.times - 1) / 2, *[options.spacing * (options.size - 1) / 2] * space],
        **facts,
    }
    block = Block("spacetime", 0, space + 2, f"({coordinates}, 1) from the centre of the grid")
    return made_field(rng, phi, options, generators, block, facts)


def _klein_gordon(rng: np.random.Generator, samples: int, options: MassiveOptions) -> Made:
    check_field(options)
    if options.mass2 == 0:
        raise InputError("--set mass2=0: without a mass there is the dilation too, and this is the problem wave")
    space = 1 + isinstance(options, PlaneOptions)
    phi = _modes(rng, samples, space, lambda k: k**2 + options.mass2, options)
    facts = {"algebra": f"iso({space},1)", "mass2": options.mass2}
    return _made(rng, phi, options, _relativistic(space, dilation=False), facts)


def _wave(rng: np.random.Generator, samples: int, options: FieldOptions) -> Made:
    check_field(options)
    phi = _modes(rng, samples, 1, lambda k: k**2, options)
    return _made(rng, phi, options, _relativistic(1, dilation=True), {"algebra": "aff(1) + aff(1)", "mass2": 0.0})


def _place(rng: np.random.Generator, samples: int, options: PlaceOptions) -> Made:
    """phi_tt = phi_xx - m2(x) phi, in as many waves as the mass can reach from those of the start."""
    _check_massive(options)
    if not 0 < options.depth <= 1:
        raise InputError(f"--set depth={options.depth:g}: above 0, at most 1; without it this is klein-gordon")
    check_whole("waves", options.waves, 1, options.size // 8)
    basis = waves(options.size, options.spacing, 1, constant=True)
    unit = 2 * np.pi / (options.size * options.spacing)
    most = int(LARGEST_WAVE / unit) + BEYOND * options.waves
    number = np.arange(-most, most + 1)
    apart = np.abs(number[:, None] - number)
    law = np.diag((unit * number) ** 2) + options.mass2 * ((apart == 0) + options.depth / 2 * (apart == options.waves))
    square, vectors = np.linalg.eigh(law)
    omega = np.sqrt(square)
    drawn = rng.standard_normal((2, samples, 1, len(basis.k)))
    place = np.arange(options.size)
    turning = np.exp(2j * np.pi / options.size * np.outer(number, place))
    # Of the start only waves up to the largest one are there, fewer than the points.
    there = np.abs(number) <= options.size // 2 - 1
    start, rate = (
        np.where(there, values @ basis.values @ turning.conj().T, 0) / options.size @ vectors for values in drawn
    )
    angle = omega * (options.dt * np.arange(options.times))[:, None]
    phi = ((start * np.cos(angle) + rate / omega * np.sin(angle)) @ vectors.T @ turning).real
    facts = {
        "algebra": "R",
        "mass2": options.mass2,
        "depth": options.depth,
        "waves": options.waves,
        "law": "phi_tt = phi_xx - mass2 (1 + depth cos(2 pi waves x / length)) phi, x from the first point",
    }
    return _made(rng, phi[..., None], options, _translations(1, "t"), facts)


def _damped(rng: np.random.Generator, samples: int, options: DampedOptions) -> Made:
    _check_massive(options)
    if not 0 < options.damping < 2 * np.sqrt(options.mass2):
        raise InputError(f"--set damping={options.damping:g}: above 0 and below twice the root of mass2")
    phi = _modes(rng, samples, 1, lambda k: k**2 + options.mass2, options, options.damping)
    facts = {
        "algebra": "R",
        "mass2": options.mass2,
        "damping": options.damping,
        "law": "phi_tt + damping phi_t = phi_xx - mass2 phi",
        "remark": "its Lagrangian has the factor exp(damping t): a translation of t is one of its symmetries only "
        "together with phi -> exp(-damping t / 2) phi",
    }
    return _made(rng, phi, options, _translations(1, "x"), facts)


def _stiff(rng: np.random.Generator, samples: int, options: StiffOptions) -> Made:
    _check_massive(options)
    if not 0 < options.stiffness <= 100:
        raise InputError(f"--set stiffness={options.stiffness:g}: above 0, at most 100")
    phi = _modes(rng, samples, 1, lambda k: k**2 + options.stiffness * k**4 + options.mass2, options)
    facts = {
        "algebra": "R^2",
        "mass2": options.mass2,
        "stiffness": options.stiffness,
        "law": "phi_tt = phi_xx - stiffness phi_xxxx - mass2 phi",
    }
    return _made(rng, phi, options, _translations(1, "tx"), facts)


def _check_massive(options: MassiveOptions) -> None:
    check_field(options)
    if options.mass2 == 0:
        raise InputError("--set mass2=0: above 0 here")


linear_fields = (
    problem_of(
        "klein-gordon", "A free massive field in 1+1: translations and the boost.", MassiveOptions, _klein_gordon
    ),
    problem_of("wave", "The wave equation in 1+1: translations, the boost and the dilation.", FieldOptions, _wave),
    problem_of(
        "klein-gordon-2d",
        "A free massive field in 2+1: translations, the rotation and the boosts.",
        PlaneOptions,
        _klein_gordon,
    ),
    problem_of(
        "place-dependent-mass", "A field in 1+1 whose mass depends on x: the translation of t.", PlaceOptions, _place
    ),
    problem_of("damped-field", "A damped field in 1+1: the translation of x, not that of t.", DampedOptions, _damped),
    problem_of("stiff-string", "A stiff string in 1+1: translations and no boost.", StiffOptions, _stiff),
)
