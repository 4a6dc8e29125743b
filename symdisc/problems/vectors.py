"""Vectors moved by small matrix groups: pairs y = exp(sum_i t_i L_i) x + noise, one t for all channels of a pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import check_condition, invertible, planes
from .pairs import NOISE, check_whole, exponential, noisy
from .problem import Made, Problem

LARGEST = 16


@dataclass(frozen=True)
class Group:
    """A matrix group by a physically scaled basis of its algebra.

    Attributes:
        algebra: its name.
        generators: (k, d, d).
        parameters: what each t is.
        affine: the last coordinate is a 1, and the data are points of R^(d-1).
    """

    algebra: str
    generators: np.ndarray
    parameters: tuple[str, ...]
    affine: bool = False


def _unit(d: int, *entries: tuple[int, int, float]) -> np.ndarray:
    matrix = np.zeros((d, d))
    for row, column, value in entries:
        matrix[row, column] = value
    return matrix


def _turns(d: int, first: int = 0) -> np.ndarray:
    """Rotations by +t from axis i towards axis j, i < j."""
    return -planes(range(first, d), d)


def _turn_names(d: int, first: int = 0) -> tuple[str, ...]:
    return tuple(f"angle in plane {i}-{j}" for i in range(first, d) for j in range(i + 1, d))


def _se2() -> np.ndarray:
    return np.stack([_unit(3, (1, 0, 1.0), (0, 1, -1.0)), _unit(3, (0, 2, 1.0)), _unit(3, (1, 2, 1.0))])


def _boosts() -> np.ndarray:
    return np.stack([_unit(4, (0, i, 1.0), (i, 0, 1.0)) for i in (1, 2, 3)])


SO3 = Group("so(3)", _turns(3), _turn_names(3))
SO4 = Group("so(3) + so(3)", _turns(4), _turn_names(4))
SO13 = Group(
    "so(3,1)",
    np.concatenate([_turns(4, 1), _boosts()]),
    (*_turn_names(4, 1), *(f"rapidity along {i}" for i in (1, 2, 3))),
)
SE2 = Group("e(2)", _se2(), ("angle", "translation along 0", "translation along 1"), affine=True)
SE2_LINEAR = Group("e(2)", _se2(), SE2.parameters)
HEIS3 = Group(
    "heis(3)",
    np.stack([_unit(3, (0, 1, 1.0)), _unit(3, (1, 2, 1.0)), _unit(3, (0, 2, 1.0))]),
    ("shear 1 -> 0", "shear 2 -> 1", "shear 2 -> 0"),
)
SL2 = Group(
    "sl(2,R)",
    np.stack([np.diag([1.0, -1.0]), _unit(2, (0, 1, 1.0)), _unit(2, (1, 0, 1.0))]),
    ("squeeze", "shear 1 -> 0", "shear 0 -> 1"),
)
SO3_SCALE = Group("so(3) + R", np.concatenate([_turns(3), np.eye(3)[None]]), (*_turn_names(3), "log of the scale"))
AFF1 = Group("aff(1)", np.stack([_unit(2, (0, 0, 1.0)), _unit(2, (0, 1, 1.0))]), ("dilation of 0", "shear 1 -> 0"))

DRAWN = {group.algebra: group for group in (SO3, SL2, HEIS3, AFF1, SE2_LINEAR)}


@dataclass(frozen=True)
class VectorOptions:
    """Options of the `vectors-...` problems."""

    channels: int = option(2, "vectors in a pair that are moved alike")
    spread: float = option(0.5, "standard deviation of every t")
    condition: float = option(1.0, "condition number of a random frame, x -> S x; 1: none")
    noise: float = option(0.0, NOISE)


@dataclass(frozen=True)
class RandomOptions(VectorOptions):
    """Options of `vectors-random`."""

    algebra: str | None = option(None, "which algebra; auto: the seed draws one", tuple(DRAWN))
    dimension: int = option(4, "coordinates d; the matrices are padded with zeros, and d grows where they need it")
    condition: float = option(3.0, "condition number of the random frame, x -> S x; 1: none")


def _fixed(group: Group, rng: np.random.Generator, samples: int, options: VectorOptions) -> Made:
    return _moved(rng, samples, group, options)


def _random(rng: np.random.Generator, samples: int, options: RandomOptions) -> Made:
    check_whole("dimension", options.dimension, 2, LARGEST)
    names = list(DRAWN)
    drawn = names[int(rng.integers(len(names)))]
    group = DRAWN[options.algebra or drawn]
    size = group.generators.shape[1]
    pad = max(options.dimension, size) - size
    padded = np.pad(group.generators, ((0, 0), (0, pad), (0, pad)))
    return _moved(rng, samples, Group(group.algebra, padded, group.parameters), options)


def _moved(rng: np.random.Generator, samples: int, group: Group, options: VectorOptions) -> Made:
    """Standard normal vectors x (n, d, c) and their images under the group in a random frame."""
    check_condition(options.condition)
    check_whole("channels", options.channels, 1, 1000)
    if not 0 < options.spread <= 5:
        raise InputError(f"--set spread={options.spread:g}: above 0, at most 5")
    k, size, _ = group.generators.shape
    d = size - group.affine
    x = rng.standard_normal((samples, d, options.channels))
    t = options.spread * rng.standard_normal((samples, k))
    frame = np.eye(size)
    if options.condition > 1:
        frame[:d, :d] = invertible(rng, d, options.condition)
    generators = frame @ group.generators @ np.linalg.inv(frame)
    g = exponential(np.einsum("nk,kij->nij", t, generators))
    y = g[:, :d, :d] @ x
    if group.affine:
        y += g[:, :d, d:]
    role, units = ("homogeneous", "units of x; centre 0") if group.affine else ("space", "units of x")
    return Made(
        arrays={"x": x, "y": noisy(rng, y, options.noise), "t": t},
        kind="pairs",
        axes="nsc",
        generators=generators,
        blocks=(Block(role, 0, size, units),),
        facts={
            "algebra": group.algebra,
            "dimension": k,
            "parameters": list(group.parameters),
            "frame": frame[:d, :d].tolist(),
        },
    )


def _problem(
    name: str,
    what: str,
    build: Callable[[np.random.Generator, int, VectorOptions], Made],
) -> Problem:
    return Problem(
        name=f"vectors-{name}",
        summary=f"Pairs of vectors, y = g x: {what}.",
        kind="pairs",
        options=VectorOptions,
        build=build,
        samples=1000,
    )


vectors = (
    _problem("so3", "rotations of 3-D space", partial(_fixed, SO3)),
    _problem("so4", "rotations of 4-D space", partial(_fixed, SO4)),
    _problem("so13", "rotations and boosts of space-time (t, x, y, z)", partial(_fixed, SO13)),
    _problem("se2", "rotations and translations of points of the plane, y = R x + b", partial(_fixed, SE2)),
    _problem("heis3", "strictly upper triangular maps of 3-D space", partial(_fixed, HEIS3)),
    _problem("sl2", "maps of the plane that preserve area", partial(_fixed, SL2)),
    _problem("so3-scale", "rotations and scaling of 3-D space", partial(_fixed, SO3_SCALE)),
    Problem(
        name="vectors-random",
        summary="Pairs of vectors, y = g x: a small non-abelian group that the seed draws, in a random frame.",
        kind="pairs",
        options=RandomOptions,
        build=_random,
        samples=1000,
    ),
)
