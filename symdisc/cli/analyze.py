"""`symdisc analyze`: which Lie algebra a set of matrices spans."""

from __future__ import annotations

from pathlib import Path

import click

from ..algebra import LieAlgebra, analyze, orthogonal
from ..atomic import write_text
from ..factored import FactoredRotations
from ..report.algebra import print_algebra
from ..symmetry import to_json
from .common import Output, output_options
from .matrices import read_span


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("generators", metavar="GENERATORS")
@click.option("--array", metavar="NAME", help="Which array holds the matrices (k, d, d); default: `generators`.")
@click.option(
    "--noise",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="LEVEL",
    help="Relative noise of the entries, if known; default: what the failure to close reveals.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the JSON object there too.")
@output_options
def command(generators: str, array: str | None, noise: float | None, out: Path | None, output: Output) -> None:
    """Say which Lie algebra a set of matrices spans, with every structural fact and how sure it is.

    GENERATORS is a result of `fit` or any NPZ, NPY or HDF5 file with square matrices, noisy and redundant if need be.

    \b
    Example:
      symdisc analyze digits.symdisc --json
    """
    algebra = _analyzed(generators, array, noise)
    if out is not None:
        write_text(out, to_json(algebra.to_dict()) + "\n")
        output.log(f"written {out}")
    output.result(algebra.to_dict(), lambda: print_algebra(algebra))


def _analyzed(path: str, array: str | None, noise: float | None) -> LieAlgebra:
    matrices = read_span(path, array)
    if isinstance(matrices, FactoredRotations):
        return orthogonal(len(matrices.eigenvalues), matrix_size=matrices.shape[1])
    return analyze(matrices, noise=noise)
