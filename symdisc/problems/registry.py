"""The problems by name. A new problem is a `Problem` in a module of this folder, and one line here."""

from __future__ import annotations

import difflib
from typing import Any

from ..errors import InputError
from . import (
    densities,
    fields,
    functions,
    gaussian,
    grids,
    linear,
    linear_fields,
    mechanics,
    resampled,
    smooth_potential,
    unrelated,
    vectors,
)
from .problem import Made, Problem

PROBLEMS: dict[str, Problem] = {
    problem.name: problem
    for problem in (
        gaussian.hidden_gaussian,
        gaussian.rank_deficient,
        linear.equal_correlations,
        linear.no_symmetry,
        *densities.densities,
        *functions.functions,
        grids.rotated_images,
        grids.shifts,
        grids.warped_images,
        *vectors.vectors,
        resampled.interpolated_images,
        resampled.turned_strokes,
        unrelated.unrelated_pairs,
        *mechanics.mechanics,
        *fields.fields,
        *linear_fields.linear_fields,
        smooth_potential.smooth_potential,
    )
}


def get(name: str) -> Problem:
    """The problem of that name.

    Raises:
        InputError: unknown; the message lists all, nearest first.
    """
    if name not in PROBLEMS:
        known = ", ".join(difflib.get_close_matches(name, PROBLEMS, len(PROBLEMS), 0.0))
        raise InputError(f"no problem {name!r}; choose one of {known}")
    return PROBLEMS[name]


def make(name: str, seed: int = 0, samples: int | None = None, **options: Any) -> Made:
    """Make a problem by name: see `Problem.make`."""
    return get(name).make(seed, samples, options)
