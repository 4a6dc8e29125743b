"""Samples alone: densities with a known linear symmetry beyond what the covariance shows, and densities without one.

Every density is built in coordinates where the truth is plain, then hidden by a random linear map A: x = A y, with
generators A L A^{-1}. Whatever is random about a density itself is drawn before the samples, so that the same seed with
more samples gives the same density.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import check_condition, invertible, planes
from .pairs import check_whole
from .problem import Made, Problem

HOW = ("independent", "mixture", "heavy", "correlated")
CONDITION = "condition number of the hidden linear map"
POINTS = 8
SHAKE = (0.1, 1.0)


@dataclass(frozen=True)
class RingOptions:
    """Options of `ring-so2-so3`."""

    width: float = option(0.15, "radii are uniform between 1 - width and 1 + width")
    condition: float = option(12.0, CONDITION)


@dataclass(frozen=True)
class StudentOptions:
    """Options of `t3-so2-so3`."""

    freedom: float = option(3.0, "degrees of freedom of both blocks")
    condition: float = option(12.0, CONDITION)


@dataclass(frozen=True)
class BrokenRingOptions:
    """Options of `broken-ring`."""

    harmonic: float = option(0.2, "eps: the angle has density (1 + eps cos 4 theta) / 2 pi; 0: the ring is whole")
    others: int = option(3, "further columns, independent, exponential")
    width: float = option(0.15, "radii are uniform between 1 - width and 1 + width")
    condition: float = option(12.0, CONDITION)


@dataclass(frozen=True)
class CloudOptions:
    """Options of `molecule-clouds`."""

    points: int = option(POINTS, "points in space, three columns each")
    condition: float = option(12.0, CONDITION)


@dataclass(frozen=True)
class NullOptions:
    """Options of `no-symmetry-samples`."""

    how: str = option(
        "independent",
        "skewed and flat columns; a mixture of Gaussians; t columns of 1 to 3 degrees of freedom; bent columns",
        HOW,
    )
    dimension: int = option(5, "number of columns")
    condition: float = option(12.0, CONDITION)


def _directions(rng: np.random.Generator, samples: int, d: int) -> np.ndarray:
    u = rng.standard_normal((samples, d))
    return np.asarray(u / np.linalg.norm(u, axis=1, keepdims=True))


def _hidden(y: np.ndarray, mixing: np.ndarray, generators: np.ndarray, **facts: object) -> Made:
    """x = A y, and the generators of y seen in x."""
    d = y.shape[1]
    return Made(
        arrays={"x": y @ mixing.T},
        kind="samples",
        axes="ns",
        generators=mixing @ generators @ np.linalg.inv(mixing),
        blocks=(Block("space", 0, d, "units of x"),),
        facts={"dimension": len(generators), **facts},
    )


def _check_width(width: float) -> None:
    if not 0 <= width < 1:
        raise InputError(f"--set width={width:g}: between 0 and 1")


def _two_blocks() -> np.ndarray:
    """so(2) of the first two coordinates and so(3) of the other three."""
    return np.concatenate([planes((0, 1), 5), planes((2, 3, 4), 5)])


def _ring(rng: np.random.Generator, samples: int, options: RingOptions) -> Made:
    check_condition(options.condition)
    _check_width(options.width)
    mixing = invertible(rng, 5, options.condition)
    blocks = [
        _directions(rng, samples, d) * rng.uniform(1 - options.width, 1 + options.width, (samples, 1)) for d in (2, 3)
    ]
    return _hidden(np.concatenate(blocks, axis=1), mixing, _two_blocks(), algebra="R + so(3)")


def _student(rng: np.random.Generator, samples: int, options: StudentOptions) -> Made:
    check_condition(options.condition)
    if not options.freedom > 0:
        raise InputError(f"--set freedom={options.freedom:g}: above 0")
    mixing = invertible(rng, 5, options.condition)
    blocks = [
        rng.standard_normal((samples, d)) / np.sqrt(rng.chisquare(options.freedom, (samples, 1)) / options.freedom)
        for d in (2, 3)
    ]
    return _hidden(np.concatenate(blocks, axis=1), mixing, _two_blocks(), algebra="R + so(3)")


def _angles(rng: np.random.Generator, samples: int, harmonic: float) -> np.ndarray:
    """(samples,) angles of density (1 + eps cos 4 theta) / 2 pi, by turning the cumulative distribution around."""
    grid = np.linspace(0, 2 * np.pi, 20001)
    cumulative = (grid + harmonic * np.sin(4 * grid) / 4) / (2 * np.pi)
    return np.interp(rng.random(samples), cumulative, grid)


def _broken_ring(rng: np.random.Generator, samples: int, options: BrokenRingOptions) -> Made:
    check_condition(options.condition)
    _check_width(options.width)
    check_whole("others", options.others, 0, 30)
    if not 0 <= options.harmonic <= 1:
        raise InputError(f"--set harmonic={options.harmonic:g}: between 0 and 1")
    d = 2 + options.others
    mixing = invertible(rng, d, options.condition)
    theta = _angles(rng, samples, options.harmonic)
    radius = rng.uniform(1 - options.width, 1 + options.width, samples)
    ring = radius[:, None] * np.stack([np.cos(theta), np.sin(theta)], axis=1)
    y = np.concatenate([ring, rng.exponential(size=(samples, options.others)) - 1], axis=1)
    turn = planes((0, 1), d)
    made = _hidden(
        y, mixing, turn if options.harmonic == 0 else turn[:0], algebra="R" if options.harmonic == 0 else "none"
    )
    made.facts["broken_generator"] = (mixing @ turn[0] @ np.linalg.inv(mixing)).tolist()
    return made


def _rotations(rng: np.random.Generator, samples: int) -> np.ndarray:
    """(samples, 3, 3): uniform rotations, from unit quaternions."""
    w, x, y, z = _directions(rng, samples, 4).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=1) for row in rows], axis=1)


def _clouds(rng: np.random.Generator, samples: int, options: CloudOptions) -> Made:
    """x = A vec(R (T + D)): a shape T, shaken by D in its own frame, turned by a uniform rotation R.

    Every coordinate of every point shakes by an own amount, exponentially: were D Gaussian and alike everywhere, what T
    does not fill would be a Gaussian of its own, with all the rotations that this has.
    """
    check_condition(options.condition)
    check_whole("points", options.points, 1, 20)
    d = 3 * options.points
    mixing = invertible(rng, d, options.condition)
    shape, shake = rng.standard_normal((options.points, 3)), rng.uniform(*SHAKE, (options.points, 3))
    shaken = shape + shake * (rng.exponential(size=(samples, options.points, 3)) - 1)
    y = (shaken @ np.swapaxes(_rotations(rng, samples), 1, 2)).reshape(samples, d)
    generators = np.stack([np.kron(np.eye(options.points), turn) for turn in planes((0, 1, 2), 3)])
    return _hidden(y, mixing, generators, algebra="so(3)")


def _null(rng: np.random.Generator, samples: int, options: NullOptions) -> Made:
    d, how = options.dimension, options.how
    check_condition(options.condition)
    check_whole("dimension", d, 2, 64)
    mixing = invertible(rng, d, options.condition)
    if how == "independent":
        kinds = rng.integers(3, size=d)
        laws = (
            lambda: rng.exponential(size=samples) - 1,
            lambda: rng.uniform(-np.sqrt(3), np.sqrt(3), samples),
            lambda: (rng.gamma(2.0, size=samples) - 2) / np.sqrt(2),
        )
        y = np.stack([laws[kind]() for kind in kinds], axis=1)
    elif how == "mixture":
        centres, spread = 2 * rng.standard_normal((d + 2, d)), rng.uniform(0.5, 1.0, (d + 2, d))
        member = rng.integers(d + 2, size=samples)
        y = centres[member] + spread[member] * rng.standard_normal((samples, d))
    elif how == "heavy":
        freedom = rng.uniform(1.0, 3.0, d)
        y = rng.standard_t(freedom, size=(samples, d))
    else:
        bend, wave = rng.uniform(0.5, 1.0, d), rng.uniform(2.0, 4.0, d)
        z = rng.standard_normal((samples, d))
        y = z + bend * np.roll(z, 1, axis=1) ** 2 + 0.5 * np.sin(wave * np.roll(z, -1, axis=1))
    return _hidden(y, mixing, np.zeros((0, d, d)), algebra="none")


densities = (
    Problem(
        name="ring-so2-so3",
        summary="A ring and a sphere of some width, mixed: SO(2) x SO(3), and nothing else, among the rotations.",
        kind="samples",
        options=RingOptions,
        build=_ring,
        samples=40000,
    ),
    Problem(
        name="t3-so2-so3",
        summary="Two blocks of student-t radii, mixed: SO(2) x SO(3) with heavy tails.",
        kind="samples",
        options=StudentOptions,
        build=_student,
        samples=100000,
    ),
    Problem(
        name="broken-ring",
        summary="A ring whose SO(2) is broken by a fourth harmonic, among skewed columns.",
        kind="samples",
        options=BrokenRingOptions,
        build=_broken_ring,
        samples=40000,
    ),
    Problem(
        name="molecule-clouds",
        summary="Eight points that shake and turn together, under a random map: SO(3) in 24 dimensions.",
        kind="samples",
        options=CloudOptions,
        build=_clouds,
        samples=100000,
    ),
    Problem(
        name="no-symmetry-samples",
        summary="Densities without a linear symmetry: independent, mixed, heavy-tailed or bent columns.",
        kind="samples",
        options=NullOptions,
        build=_null,
        samples=10000,
    ),
)
