"""Functions y = f(x) whose symmetry is exactly known: invariant ones, equivariant ones, and some without any.

Sources: Moskalev et al., LieGG (NeurIPS 2022) for `o5`; Hu et al., LieSD (2025) for `inertia`; Kendiukhov, SymCert
(2026) for the setting of `polynomial-map`.

Where a problem has no symmetry its population defect is computed over all linear candidates, from the exact gradient:
the smallest RMS of grad f . L x - L_c f over that of its terms, (L x)^T E[grad f grad f^T] (L x) + |L_c g|^2, g being f
without the multiple of x that commutes with every L.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import check_condition, invertible, planes
from .problem import Made, Problem

POINTS = 20_000
DRAWS = 100
LEAST_DEFECT = 0.2
PROFILES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": lambda s: np.tanh(s / 2),
    "sine": lambda s: np.sin(s / 2) + 0.3 * s,
    "quadratic": lambda s: s,
}

Map = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""x (n, d) -> values (n, c) and exact gradient (n, c, d)."""


@dataclass(frozen=True)
class LorentzOptions:
    """Options of `lorentz`."""

    noise: float = option(0.0, "standard deviation of the noise in y, over the RMS of y about its mean")
    profile: str = option("tanh", "f of s = p.p: tanh(s / 2), sin(s / 2) + 0.3 s, or s itself", tuple(PROFILES))
    spectators: int = option(0, "columns of x that y does not depend on")


@dataclass(frozen=True)
class NoiseOptions:
    """Options of `o5` and `inertia`."""

    noise: float = option(0.0, "standard deviation of the noise in y, over the RMS of y about its mean")


@dataclass(frozen=True)
class RandomOptions:
    """Options of `random-function`."""

    dimension: int = option(5, "columns of x")
    waves: int = option(20, "plane waves that f is the sum of")
    frequency: float = option(1.0, "standard deviation of the phase across the samples")
    linear: bool = option(False, "add a linear term")
    noise: float = option(0.1, "standard deviation of the noise in y, over the RMS of y about its mean")


@dataclass(frozen=True)
class MapOptions:
    """Options of `polynomial-map`."""

    dimension: int = option(3, "columns of x and of y, 2 to 6")
    degree: int = option(3, "degree of the polynomial: 2 or 3; a rotation of every column needs 3")
    symmetry: str = option(
        "none", "planted: none, a rotation of one plane, or all rotations", ("none", "rotation", "rotations")
    )
    condition: float = option(3.0, "condition number of the frame in which the rotation is one")
    noise: float = option(0.05, "standard deviation of the noise in y, over the RMS of y about its mean")


def _noisy(rng: np.random.Generator, y: np.ndarray, noise: float) -> np.ndarray:
    if not 0 <= noise < 100:
        raise InputError(f"--set noise={noise:g}: a number from 0")
    size = np.sqrt(((y - y.mean(axis=0)) ** 2).mean())
    return y + noise * size * rng.standard_normal(y.shape)


def _space(d: int) -> Block:
    return Block("space", 0, d, "units of x")


def _lorentz(rng: np.random.Generator, samples: int, options: LorentzOptions) -> Made:
    if not 0 <= options.spectators <= 60:
        raise InputError(f"--set spectators={options.spectators}: between 0 and 60")
    d = 4 + options.spectators
    x = rng.standard_normal((samples, d))
    square = x[:, 0] ** 2 - (x[:, 1:4] ** 2).sum(axis=1)
    turns = planes(range(4), d)
    turns[:, 0] = np.abs(turns[:, 0])
    turns[:, :, 0] = np.abs(turns[:, :, 0])
    return Made(
        arrays={"x": x, "y": _noisy(rng, PROFILES[options.profile](square), options.noise)},
        kind="labelled",
        axes="ns",
        generators=turns,
        blocks=(_space(d),),
        facts={"algebra": "so(3,1)", "dimension": 6, "unused_dimension": d * options.spectators},
    )


def _o5(rng: np.random.Generator, samples: int, options: NoiseOptions) -> Made:
    x = rng.standard_normal((samples, 10))
    one, other = x[:, :5], x[:, 5:]
    first, second = np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)
    y = np.sin(first) - second**3 / 2 + (one * other).sum(axis=1) / (first * second)
    return Made(
        arrays={"x": x, "y": _noisy(rng, y, options.noise)},
        kind="labelled",
        axes="ns",
        generators=np.array([np.kron(np.eye(2), turn) for turn in planes(range(5), 5)]),
        blocks=(_space(10),),
        facts={"algebra": "so(5)", "dimension": 10, "candidates": "linear+shared:5"},
    )


def _inertia(rng: np.random.Generator, samples: int, options: NoiseOptions) -> Made:
    x = rng.standard_normal((samples, 9))
    points = x.reshape(-1, 3, 3)
    squares = (points**2).sum(axis=(1, 2))[:, None, None]
    y = (squares * np.eye(3) - np.einsum("npi,npj->nij", points, points)).reshape(-1, 9)
    # Twice the scale of x makes four times the tensor, as V (x) V says: the dilation is a symmetry too.
    each = np.concatenate([planes(range(3), 3), np.eye(3)[None]])
    generators = np.zeros((4, 18, 18))
    generators[:, :9, :9] = [np.kron(np.eye(3), one) for one in each]
    generators[:, 9:, 9:] = [np.kron(one, np.eye(3)) + np.kron(np.eye(3), one) for one in each]
    return Made(
        arrays={"x": x, "y": _noisy(rng, y, options.noise)},
        kind="labelled",
        axes="ns",
        generators=generators,
        blocks=(_space(9), Block("output", 9, 18, "units of y")),
        facts={
            "algebra": "so(3) + R",
            "dimension": 4,
            "candidates": "linear+shared:3",
            "output_action": "tensor:2,0",
        },
    )


def _random_function(rng: np.random.Generator, samples: int, options: RandomOptions) -> Made:
    d = options.dimension
    if not 2 <= d <= 12 or not 1 <= options.waves <= 1000:
        raise InputError("--set dimension is between 2 and 12, --set waves between 1 and 1000")
    for _ in range(DRAWS):
        waves = rng.standard_normal((options.waves, d)) * options.frequency / np.sqrt(d)
        size, phase = rng.standard_normal(options.waves), rng.uniform(0, 2 * np.pi, options.waves)
        slope = options.linear * rng.standard_normal(d)

        f = _waves(waves, size, phase, slope)
        defect = population_defect(rng.standard_normal((POINTS, d)), f, same=False)
        if defect >= LEAST_DEFECT:
            break
    else:
        raise InputError(
            f"--set frequency={options.frequency:g}: none of {DRAWS} such functions has a defect of {LEAST_DEFECT} in "
            "every direction; raise frequency or waves"
        )
    x = rng.standard_normal((samples, d))
    return Made(
        arrays={"x": x, "y": _noisy(rng, f(x)[0][:, 0], options.noise)},
        kind="labelled",
        axes="ns",
        generators=np.zeros((0, d, d)),
        blocks=(_space(d),),
        facts={"algebra": "none", "dimension": 0, "population_defect": defect},
    )


def _waves(waves: np.ndarray, size: np.ndarray, phase: np.ndarray, slope: np.ndarray) -> Map:
    """sum_j size_j sin(waves_j . x + phase_j) + slope . x."""

    def f(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        angle = x @ waves.T + phase
        return (np.sin(angle) @ size + x @ slope)[:, None], ((np.cos(angle) * size) @ waves + slope)[:, None]

    return f


def _in_frame(inner: Map, frame: np.ndarray) -> Map:
    """frame inner(frame^-1 x)."""
    back = np.linalg.inv(frame)

    def f(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, gradient = inner(x @ back.T)
        return values @ frame.T, frame @ gradient @ back

    return f


def _polynomial_map(rng: np.random.Generator, samples: int, options: MapOptions) -> Made:
    n = options.dimension
    if not 2 <= n <= 6 or options.degree not in (2, 3):
        raise InputError("--set dimension is between 2 and 6, --set degree 2 or 3")
    if options.symmetry != "none" and options.degree == 2 and (n == 2 or options.symmetry == "rotations"):
        raise InputError("--set degree=2: no generic map of degree 2 has that symmetry; use degree=3")
    check_condition(options.condition)
    turns = {"none": 0, "rotation": 1, "rotations": n * (n - 1) // 2}[options.symmetry]
    for _ in range(DRAWS):
        frame = invertible(rng, n, options.condition)
        inner = _inner_map(rng, n, options)
        f = _in_frame(inner, frame)
        next_defect = population_defect(rng.uniform(-1, 1, (POINTS, n)), f, same=True, skip=turns)
        if next_defect >= LEAST_DEFECT:
            break
    else:
        raise InputError(f"--set condition={options.condition:g}: none of {DRAWS} such maps breaks all else enough")
    x = rng.uniform(-1, 1, (samples, n))
    plane = range(n) if options.symmetry == "rotations" else range(2)
    space = frame @ planes(plane, n) @ np.linalg.inv(frame) if turns else np.zeros((0, n, n))
    generators = np.zeros((turns, 2 * n, 2 * n))
    generators[:, :n, :n] = generators[:, n:, n:] = space
    return Made(
        arrays={"x": x, "y": _noisy(rng, f(x)[0], options.noise)},
        kind="labelled",
        axes="ns",
        generators=generators,
        blocks=(_space(n), Block("output", n, 2 * n, "units of y")),
        facts={
            "algebra": {0: "none", 1: "so(2)"}.get(turns, f"so({n})"),
            "dimension": turns,
            "population_defect": 0.0 if turns else next_defect,
            "next_defect": next_defect,
            "output_action": "same",
        },
    )


def _inner_map(rng: np.random.Generator, n: int, options: MapOptions) -> Map:
    """A random polynomial map of R^n with the planted symmetry, as monomials with their exponents."""
    powers = np.array([row for row in np.ndindex(*[options.degree + 1] * n) if sum(row) <= options.degree])
    size = 1 / np.sqrt(1.0 + powers.sum(axis=1))
    if options.symmetry == "none":
        return _polynomial(powers, rng.standard_normal((len(powers), n)) * size[:, None])
    if options.symmetry == "rotations":
        linear, cubic = rng.uniform(0.5, 1.5, 2) * rng.choice([-1, 1], 2)
        cross = rng.uniform(0.5, 1.5, 2) * (n == 2)
        return _radial(n, linear, cubic, cross)
    # The plane (0, 1) turns: its part is a complex number times a polynomial of the invariants, the rest is invariant.
    rest = powers[(powers[:, 0] == 0) & (powers[:, 1] == 0)]
    degree = rest.sum(axis=1)
    factors = rest[degree <= options.degree - 1]
    complex_factor = rng.standard_normal((2, len(factors))), rng.standard_normal((2, 1 if options.degree == 3 else 0))
    invariant = rng.standard_normal((n - 2, len(rest)))
    squares = rng.standard_normal((n - 2, int((degree <= options.degree - 2).sum())))
    short = rest[degree <= options.degree - 2]

    def f(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        radius = (x[:, :2] ** 2).sum(axis=1)
        slope = np.zeros((len(x), n))
        slope[:, :2] = 2 * x[:, :2]
        value, gradient = np.zeros((len(x), n)), np.zeros((len(x), n, n))
        turned = np.stack([-x[:, 1], x[:, 0]], axis=1)
        quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
        for part, direction, jacobian in ((0, x[:, :2], np.eye(2)), (1, turned, quarter)):
            base, base_slope = _monomials(x, factors)
            factor, factor_slope = base @ complex_factor[0][part], base_slope @ complex_factor[0][part]
            for coefficient in complex_factor[1][part]:
                factor, factor_slope = factor + coefficient * radius, factor_slope + coefficient * slope
            value[:, :2] += factor[:, None] * direction
            gradient[:, :2, :2] += factor[:, None, None] * jacobian
            gradient[:, :2] += direction[:, :, None] * factor_slope[:, None]
        base, base_slope = _monomials(x, rest)
        few, few_slope = _monomials(x, short)
        value[:, 2:] = base @ invariant.T + radius[:, None] * (few @ squares.T)
        gradient[:, 2:] = np.einsum("ndp,ap->nad", base_slope, invariant)
        gradient[:, 2:] += (few @ squares.T)[:, :, None] * slope[:, None]
        gradient[:, 2:] += radius[:, None, None] * np.einsum("ndp,ap->nad", few_slope, squares)
        return value, gradient

    return f


def _radial(n: int, linear: float, cubic: float, cross: np.ndarray) -> Map:
    """(a + b |x|^2) x, in the plane also (c + e |x|^2) J x."""
    quarter = np.zeros((n, n))
    quarter[0, 1], quarter[1, 0] = -1.0, 1.0

    def f(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        square = (x**2).sum(axis=1)
        factor, other = linear + cubic * square, cross[0] + cross[1] * square
        turned = x @ quarter.T
        value = factor[:, None] * x + other[:, None] * turned
        gradient = factor[:, None, None] * np.eye(n) + other[:, None, None] * quarter
        gradient = gradient + 2 * (cubic * x + cross[1] * turned)[:, :, None] * x[:, None]
        return value, gradient

    return f


def _polynomial(powers: np.ndarray, coefficients: np.ndarray) -> Map:
    def f(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = _monomials(x, powers)
        return values @ coefficients, np.einsum("ndp,pa->nad", slopes, coefficients)

    return f


def _monomials(x: np.ndarray, powers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, p) values and (n, d, p) slopes of x^power for powers (p, d)."""
    d = x.shape[1]
    each = x[:, None, :] ** powers
    values = each.prod(axis=2)
    slopes = np.zeros((len(x), d, len(powers)))
    for i in range(d):
        lower = powers[:, i] * x[:, i, None] ** np.maximum(powers[:, i] - 1, 0)
        slopes[:, i] = lower * np.delete(each, i, axis=2).prod(axis=2)
    return values, slopes


def population_defect(x: np.ndarray, f: Map, same: bool, skip: int = 0) -> float:
    """The smallest defect over all linear candidates but the `skip` smallest, from exact values and gradients.

    Args:
        x: (n, d) samples. f: values and gradient. same: y moves as x does, else it is invariant.
    """
    n, d = x.shape
    value, gradient = f(x)
    scale = value.std(axis=0)
    rows = np.einsum("nai,nj->naij", gradient, x)
    energy = np.einsum("nai,naj,a->ij", gradient, gradient, 1 / scale**2) / n
    terms = np.kron(energy, x.T @ x / n)
    if same:
        rows -= np.einsum("ai,nj->naij", np.eye(d), value)
        multiple = ((value - value.mean(0)) * x / scale**2).sum() / (x**2 / scale**2).sum()
        slopes = gradient - multiple * np.eye(d)
        energy = np.einsum("nai,naj,a->ij", slopes, slopes, 1 / scale**2) / n
        left = value - multiple * x
        terms = np.kron(energy, x.T @ x / n) + np.kron(np.diag(1 / scale**2), left.T @ left / n)
    flat = (rows / scale[:, None, None]).reshape(n * len(scale), d * d)
    violation = flat.T @ flat / n
    root = np.linalg.inv(np.linalg.cholesky(terms + 1e-9 * np.trace(terms) / len(terms) * np.eye(len(terms))))
    return float(np.sqrt(max(np.linalg.eigvalsh(root @ violation @ root.T)[skip], 0.0)))


functions = (
    Problem(
        "lorentz",
        "y = f(p.p) of four-vectors p ~ N(0, I), p.p = p0^2 - |p|^2: rotations and boosts.",
        "labelled",
        LorentzOptions,
        _lorentz,
        4000,
    ),
    Problem(
        "o5",
        "y = sin|a| - |b|^3 / 2 + a.b / (|a| |b|) of two vectors in 5-D: rotations of both alike.",
        "labelled",
        NoiseOptions,
        _o5,
        10_000,
    ),
    Problem(
        "inertia",
        "y = sum |r|^2 I - r r^T of three points: a tensor that turns with them.",
        "labelled",
        NoiseOptions,
        _inertia,
        20_000,
    ),
    Problem(
        "random-function",
        "A sum of random plane waves: no symmetry, by a stated defect.",
        "labelled",
        RandomOptions,
        _random_function,
        4000,
    ),
    Problem(
        "polynomial-map",
        "Noisy values of a polynomial map of a box into itself, which commutes with planted rotations or with nothing.",
        "labelled",
        MapOptions,
        _polynomial_map,
        4000,
    ),
)
