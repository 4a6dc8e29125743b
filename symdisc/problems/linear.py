"""y linear in x plus noise, with chosen canonical correlations.

Source: Dehmamy et al., Lie Algebra Convolutional Networks with Automatic Symmetry Extraction, Theorem 1.

With x = P z, y = R w, w_i = rho_i z_i + sqrt(1 - rho_i^2) e_i and z, e standard normal, the rho_i are the canonical
correlations of x and y. Maps of x and y that preserve H, the covariance of y and that of y with x are, jointly,
P A P^-1 and R A R^-1 with A in so(multiplicity) of each group of equal rho; beside these, so(d - c) on the inputs
that y never uses. The plane of rho_i and rho_j has the relative defect |rho_i - rho_j| / sqrt(rho_i^2 + rho_j^2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import check_condition, invertible, normal, offset, planes
from .problem import Made, Problem

SMALLEST_DEFECT = 0.2


@dataclass(frozen=True)
class LinearOptions:
    """Options of `equal-correlations`."""

    correlations: tuple[float, ...] = option((0.9, 0.9, 0.6, 0.3), "canonical correlations; equal ones are a symmetry")
    inputs: int | None = option(None, "columns of x; more than correlations leaves some unused; auto: as many")
    condition: float = option(5.0, "condition number of the random maps of x and of y")
    centre: float = option(1.0, "distance of the means of x and y from the origin")
    exact: bool = option(False, "make the sample covariances equal the true ones to rounding")


@dataclass(frozen=True)
class DistinctOptions(LinearOptions):
    """Options of `no-symmetry`."""

    correlations: tuple[float, ...] = option(
        (0.95, 0.66, 0.46, 0.32),
        f"canonical correlations, every two with a relative defect of at least {SMALLEST_DEFECT}",
    )


def _equal_correlations(rng: np.random.Generator, samples: int, options: LinearOptions) -> Made:
    return _linear(rng, samples, options)


def _no_symmetry(rng: np.random.Generator, samples: int, options: DistinctOptions) -> Made:
    made = _linear(rng, samples, options)
    if made.facts["unused_dimension"]:
        raise InputError(f"--set inputs={options.inputs}: two inputs that y never uses turn freely; at most one more")
    if made.facts["population_defect"] < SMALLEST_DEFECT:
        raise InputError(
            f"--set correlations={_words(options.correlations)}: every two need a relative defect "
            f"|a - b| / sqrt(a^2 + b^2) of at least {SMALLEST_DEFECT} (a ratio of 3/4 or less); for others use "
            "equal-correlations"
        )
    return made


def _linear(rng: np.random.Generator, samples: int, options: LinearOptions) -> Made:
    rho = np.array(options.correlations)
    c, d = len(rho), len(rho) if options.inputs is None else options.inputs
    if c < 2 or not ((rho > 0) & (rho < 1)).all():
        raise InputError(
            f"--set correlations={_words(options.correlations)}: two numbers or more, between 0 and 1 (both excluded)"
        )
    if not c <= d <= 64:
        raise InputError(f"--set inputs={d}: between {c} (the number of correlations) and 64")
    check_condition(options.condition)
    to_x, to_y = invertible(rng, d, options.condition), invertible(rng, c, options.condition)
    centre_x, centre_y = offset(rng, d, options.centre), offset(rng, c, options.centre)
    latent = normal(rng, samples, d + c, options.exact)
    z, noise = latent[:, :d], latent[:, d:]
    w = rho * z[:, :c] + np.sqrt(1 - rho**2) * noise

    groups = [np.flatnonzero(rho == value).tolist() for value in dict.fromkeys(rho.tolist())]
    turns = np.concatenate([planes(group, c) for group in groups])
    generators = np.zeros((len(turns), d + c, d + c))
    on_x = np.zeros((len(turns), d, d))
    on_x[:, :c, :c] = turns
    generators[:, :d, :d] = to_x @ on_x @ np.linalg.inv(to_x)
    generators[:, d:, d:] = to_y @ turns @ np.linalg.inv(to_y)
    defects = {(i, j): _defect(rho[i], rho[j]) for i, j in combinations(range(c), 2) if rho[i] != rho[j]}
    names = [f"so({len(group)})" for group in groups if len(group) > 1]
    return Made(
        arrays={"x": z @ to_x.T + centre_x, "y": w @ to_y.T + centre_y},
        kind="labelled",
        axes="ns",
        generators=generators,
        blocks=(Block("space", 0, d, "units of x"), Block("output", d, d + c, "units of y")),
        facts={
            "algebra": " + ".join(sorted(names)) if names else "none",
            "dimension": len(generators),
            "unused_dimension": (d - c) * (d - c - 1) // 2,
            "canonical_correlations": rho.tolist(),
            "population_defect": 0.0 if names else min(defects.values()),
            "next_defect": min(defects.values()) if defects else None,
            "centre_x": centre_x.tolist(),
            "centre_y": centre_y.tolist(),
        },
    )


def _defect(a: float, b: float) -> float:
    return float(abs(a - b) / math.hypot(a, b))


def _words(values: tuple[float, ...]) -> str:
    return ",".join(f"{value:g}" for value in values)


equal_correlations = Problem(
    name="equal-correlations",
    summary="y linear in x plus noise; canonical correlations planted equal are a joint rotation of x and y.",
    kind="labelled",
    options=LinearOptions,
    build=_equal_correlations,
    samples=5000,
)
no_symmetry = Problem(
    name="no-symmetry",
    summary="y linear in x plus noise with canonical correlations far apart: no symmetry, by a stated defect.",
    kind="labelled",
    options=DistinctOptions,
    build=_no_symmetry,
    samples=5000,
)
