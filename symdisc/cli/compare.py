"""`symdisc compare`: principal angles between two spans."""

from __future__ import annotations

import math

import click
import numpy as np

from ..algebra import principal_angles, span
from ..data.memory import budget, format_size
from ..errors import InputError, RequirementNotMet, ResourceError
from ..factored import FactoredRotations
from .common import Output, output_options
from .matrices import read_span


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--array-a", metavar="NAME", help="Which array of A holds the matrices; default: `generators`.")
@click.option("--array-b", metavar="NAME", help="Which array of B holds the matrices; default: `generators`.")
@click.option(
    "--max-degrees",
    type=click.FloatRange(min=0),
    metavar="ANGLE",
    help="Exit with 3 if the largest angle exceeds this or the dimensions differ.",
)
@output_options
def command(
    first: str,
    second: str,
    array_a: str | None,
    array_b: str | None,
    max_degrees: float | None,
    output: Output,
) -> None:
    """Measure the principal angles between two spans of generators, in degrees.

    A and B are results of `fit`, `sample` files with their truth, or any files of square matrices. There are as many
    angles as the smaller dimension: all zero means that one span contains the other.

    \b
    Example:
      symdisc compare pair.symdisc pair.h5 --max-degrees 1
    """
    one, two = _dense(first, array_a), _dense(second, array_b)
    if one.shape[1] != two.shape[1]:
        raise InputError(
            f"{first} holds matrices of size {one.shape[1]}, {second} of size {two.shape[1]}; "
            "give two spans of one size (--array-a, --array-b choose the arrays)"
        )
    one, two = span(one).basis, span(two).basis
    angles = principal_angles(one, two)
    dimensions = (len(one), len(two))
    largest = float(angles[-1]) if len(angles) else (0.0 if dimensions == (0, 0) else None)
    result = {"dimension": list(dimensions), "angles_degrees": angles.tolist(), "largest_degrees": largest}
    output.result(result, lambda: _show(dimensions, angles, largest))
    if max_degrees is not None:
        _require(dimensions, largest, max_degrees)


def _dense(path: str, array: str | None) -> np.ndarray:
    matrices = read_span(path, array)
    if not isinstance(matrices, FactoredRotations):
        return matrices
    need = 3 * 8 * math.prod(matrices.shape)
    if need > budget(None):
        raise ResourceError(
            f"{path}: its {len(matrices)} generators need {format_size(need)} of memory as matrices; "
            "compare a result with fewer columns"
        )
    return matrices.dense()


def _show(dimensions: tuple[int, int], angles: np.ndarray, largest: float | None) -> None:
    click.echo(f"dimensions     {dimensions[0]} and {dimensions[1]}")
    if largest is None:
        click.echo("largest angle  none: one of the spans is empty")
        return
    shown = ", ".join(f"{angle:.3g}" for angle in angles[:12]) + (", ..." if len(angles) > 12 else "")
    click.echo(f"largest angle  {largest:.3g} degrees")
    if len(angles) > 1:
        click.echo(f"all angles     {shown}")


def _require(dimensions: tuple[int, int], largest: float | None, most: float) -> None:
    if dimensions[0] != dimensions[1]:
        raise RequirementNotMet(f"the dimensions differ: {dimensions[0]} and {dimensions[1]}")
    if largest is not None and largest > most:
        raise RequirementNotMet(f"the largest angle, {largest:.3g} degrees, exceeds --max-degrees {most:g}")
