"""Gaussian samples: the covariance is all there is to know, and its rotations are all the symmetry there is.

Source: Dehmamy et al., Lie Algebra Convolutional Networks with Automatic Symmetry Extraction, appendix C.1.

For x = S z + centre, z ~ N(0, I_r), the linear maps about the centre that preserve the covariance H = S S^T on its
range are S so(r) S^+ = H^{1/2} so(r) H^{-1/2}; a Gaussian has no other moments that could break them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..options import option
from ..symmetry import Block
from .draws import check_condition, invertible, normal, offset, orthogonal, planes
from .problem import Made, Problem

LARGEST = 64


@dataclass(frozen=True)
class GaussianOptions:
    """Options of `hidden-gaussian`."""

    dimension: int = option(5, "number of columns d")
    condition: float = option(12.0, "condition number of the hidden linear map S; that of H is its square")
    centre: float = option(1.0, "distance of the mean from the origin")
    exact: bool = option(False, "make the sample covariance equal H to rounding")


@dataclass(frozen=True)
class SubspaceOptions:
    """Options of `rank-deficient`."""

    dimension: int = option(8, "number of columns d")
    rank: int = option(4, "dimension r of the subspace that the samples fill")
    condition: float = option(4.0, "condition number of the map from R^r into R^d")
    centre: float = option(1.0, "distance of the mean from the origin")
    exact: bool = option(False, "make the sample covariance equal H to rounding")


def _hidden_gaussian(rng: np.random.Generator, samples: int, options: GaussianOptions) -> Made:
    d = options.dimension
    if not 2 <= d <= LARGEST:
        raise InputError(f"--set dimension={d}: between 2 and {LARGEST}")
    check_condition(options.condition)
    return _gaussian(rng, samples, invertible(rng, d, options.condition), options.centre, options.exact)


def _rank_deficient(rng: np.random.Generator, samples: int, options: SubspaceOptions) -> Made:
    d, r = options.dimension, options.rank
    if not 2 <= d <= LARGEST:
        raise InputError(f"--set dimension={d}: between 2 and {LARGEST}")
    if not 1 <= r < d:
        raise InputError(f"--set rank={r}: between 1 and dimension - 1 = {d - 1}")
    check_condition(options.condition)
    root = orthogonal(rng, d)[:, :r] @ invertible(rng, r, options.condition)
    return _gaussian(rng, samples, root, options.centre, options.exact)


def _gaussian(rng: np.random.Generator, samples: int, root: np.ndarray, distance: float, exact: bool) -> Made:
    """Samples of N(centre, S S^T) for a root S (d, r)."""
    d, r = root.shape
    centre = offset(rng, d, distance)
    x = normal(rng, samples, r, exact) @ root.T + centre
    generators = root @ planes(range(r), r) @ np.linalg.pinv(root)
    return Made(
        arrays={"x": x},
        kind="samples",
        axes="ns",
        generators=generators,
        blocks=(Block("space", 0, d, "units of x"),),
        facts={
            "algebra": f"so({r})",
            "dimension": len(generators),
            "rank": r,
            "centre": centre.tolist(),
            "covariance": (root @ root.T).tolist(),
        },
    )


hidden_gaussian = Problem(
    name="hidden-gaussian",
    summary="Gaussian samples under a random linear map: the rotations that preserve its covariance.",
    kind="samples",
    options=GaussianOptions,
    build=_hidden_gaussian,
    samples=2000,
)
rank_deficient = Problem(
    name="rank-deficient",
    summary="Gaussian samples on a subspace: rotations live on the range of the covariance alone.",
    kind="samples",
    options=SubspaceOptions,
    build=_rank_deficient,
    samples=2000,
)
