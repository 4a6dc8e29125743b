"""`symdisc analyze`: which Lie algebra a set of matrices spans."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from ..algebra import LieAlgebra, analyze, completion, orthogonal, span
from ..atomic import make_folder, write_bytes, write_text
from ..errors import InputError
from ..factored import FactoredRotations
from ..report.algebra import print_algebra
from ..report.latex import latex
from ..symmetry import to_json
from .common import Output, output_options
from .matrices import read_span

MOST = 64


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("generators", metavar="GENERATORS")
@click.option("--array", metavar="NAME", help="Which array holds the matrices (k, d, d); default: `generators`.")
@click.option(
    "--noise",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="LEVEL",
    help="Relative noise of the entries, if known; default: what the failure to close reveals.",
)
@click.option("--complete", is_flag=True, help="First close the set under brackets, then analyse what it generates.")
@click.option("--latex", "as_latex", is_flag=True, help="Print the table as LaTeX, to paste into a paper.")
@click.option("--plots", type=click.Path(path_type=Path), metavar="FOLDER", help="Draw the algebra into this folder.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the JSON object there too.")
@output_options
def command(
    generators: str,
    array: str | None,
    noise: float | None,
    complete: bool,
    as_latex: bool,
    plots: Path | None,
    out: Path | None,
    output: Output,
) -> None:
    """Say which Lie algebra a set of matrices spans, with every structural fact and how sure it is.

    GENERATORS is a result of `fit` or any NPZ, NPY or HDF5 file with square matrices, noisy and redundant if need be.

    \b
    Example:
      symdisc analyze digits.symdisc --json
    """
    algebra = _analyzed(generators, array, noise, complete)
    if plots is not None:
        output.log(f"written {', '.join(str(path) for path in _draw(algebra, plots))}")
    if out is not None:
        write_text(out, to_json(algebra.to_dict()) + "\n")
        output.log(f"written {out}")
    output.result(algebra.to_dict(), lambda: click.echo(latex(algebra)) if as_latex else print_algebra(algebra))


def _analyzed(path: str, array: str | None, noise: float | None, complete: bool) -> LieAlgebra:
    matrices = read_span(path, array)
    if isinstance(matrices, FactoredRotations):
        return orthogonal(len(matrices.eigenvalues), matrix_size=matrices.shape[1])
    if not complete:
        return analyze(matrices, noise=noise)
    given = span(matrices, noise).basis
    added = completion(given, MOST)
    if added is None:
        raise InputError(f"{path}: with their brackets the matrices span more than {MOST} dimensions; nothing is named")
    algebra = analyze(np.concatenate([given, added]), noise=noise)
    algebra.notes.insert(0, f"{len(given)} independent matrices given; their brackets add {len(added)}")
    return algebra


def _draw(algebra: LieAlgebra, folder: Path) -> list[Path]:
    from ..report.algebra_panels import algebra_panels
    from ..report.plots import render

    make_folder(folder)
    paths = []
    for panel in algebra_panels(algebra):
        paths.append(folder / f"{panel.name}.png")
        write_bytes(paths[-1], render(panel))
    return paths
