"""Pairs that no common group of linear maps relates: what a search must not find anything in.

Two of them are built to mislead: y = x + t f(x) with one f for all pairs and an own t for each is, to first order, the
flow of f, and passes every test but the one that f is linear. How far it is from linear is stated as
`population_defect`: the misfit of the best linear field, sqrt(E|f(x) - L x|^2 / E|L x|^2), smallest over all L.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import orthogonal
from .pairs import NOISE, check_whole, noisy
from .problem import Made, Problem

MAP_SIZE = 0.5
FIELD_SPREAD = 0.3
TANH_GAIN = 2.0
NOISE_ALONE = 0.5
HOW = ("independent", "maps", "sine", "tanh", "noise")


@dataclass(frozen=True)
class UnrelatedOptions:
    """Options of `unrelated-pairs`."""

    how: str = option(
        "independent",
        "y: an independent copy; (I + .5 M_n) x with a random M_n a pair; x + t sin(3 x); x + t tanh(W x); x and noise",
        HOW,
    )
    dimension: int = option(6, "number of coordinates d")
    channels: int = option(2, "vectors in a pair")
    noise: float | None = option(None, f"{NOISE}; auto: {NOISE_ALONE:g} for how=noise, else 0")


def linear_misfit(f: Callable[[np.ndarray], np.ndarray], deviation: float) -> float:
    """sqrt(E[(f(u) - c u)^2] / E[(c u)^2]) at its smallest over c, for u ~ N(0, deviation^2).

    The misfit of the best linear field for x -> f(W x) entry by entry, x ~ N(0, I), rows of W orthogonal of that
    length: each entry depends on x through u alone, and no other direction of x is correlated with it.
    """
    u = np.linspace(-12, 12, 24001)
    density = np.exp(-(u**2) / 2)
    density /= density.sum()  # the trapezoid rule, exact to rounding for smooth f under a Gaussian
    value = f(deviation * u)
    square, overlap = float(density @ value**2), float(density @ (value * u))
    return math.sqrt(square / overlap**2 - 1)


def _unrelated(rng: np.random.Generator, samples: int, options: UnrelatedOptions) -> Made:
    d, c, how = options.dimension, options.channels, options.how
    check_whole("dimension", d, 1, 1000)
    check_whole("channels", c, 1, 1000)
    noise = options.noise if options.noise is not None else NOISE_ALONE if how == "noise" else 0.0
    if how == "noise" and noise == 0:
        raise InputError("--set noise=0: how=noise is x and noise alone; give some")
    x = rng.standard_normal((samples, d, c))
    arrays, facts = {"x": x, "y": x}, dict[str, Any](algebra="none", dimension=0)
    if how == "independent":
        arrays["y"] = rng.standard_normal(x.shape)
    elif how == "maps":
        arrays["y"] = x + MAP_SIZE / math.sqrt(d) * rng.standard_normal((samples, d, d)) @ x
    elif how in ("sine", "tanh"):
        t = FIELD_SPREAD * rng.standard_normal((samples, 1))
        arrays["t"] = t
        if how == "sine":
            field = np.sin(3 * x)
            facts["population_defect"] = linear_misfit(lambda u: np.sin(3 * u), 1.0)
        else:
            mixing = TANH_GAIN * orthogonal(rng, d)
            field = np.tanh(mixing @ x)
            facts |= {"population_defect": linear_misfit(np.tanh, TANH_GAIN), "mixing": mixing.tolist()}
        arrays["y"] = x + t[:, :, None] * field
    arrays["y"] = noisy(rng, arrays["y"], noise)
    return Made(
        arrays=arrays,
        kind="pairs",
        axes="nsc",
        generators=np.zeros((0, d, d)),
        blocks=(Block("space", 0, d, "units of x"),),
        facts=facts,
    )


unrelated_pairs = Problem(
    name="unrelated-pairs",
    summary="Pairs of vectors that no common group of linear maps relates, in five ways.",
    kind="pairs",
    options=UnrelatedOptions,
    build=_unrelated,
    samples=1000,
)
