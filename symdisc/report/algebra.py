"""What is known about a Lie algebra, as a table of at most 80 columns on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TextIO

import numpy as np
from rich.table import Table

from ..algebra import LieAlgebra
from .numbers import plural, short
from .table import FACTS, IMPLIES, _console, _plain

MOST_SHOWN = 15
MOST_TERMS = 6
ONE = 1e-6


def print_algebra(algebra: LieAlgebra, out: TextIO | None = None) -> None:
    """Print name, facts and their certainty; facts that a printed one implies are left out.

    Args:
        out: a text stream; standard output by default.
    """
    out = out or sys.stdout
    console = _console(out)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in _rows(algebra):
        table.add_row(label, _plain(text))
    with console.capture() as capture:
        console.print(table)
    out.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _rows(algebra: LieAlgebra) -> Iterator[tuple[str, str]]:
    also = f" (also {', '.join(algebra.aliases)})" if algebra.aliases else ""
    yield "algebra", f"{algebra.name}{also}"
    margin = "" if algebra.margin is None else f"; would change at relative noise {short(algebra.margin)}"
    yield "confidence", f"{algebra.confidence}{margin}"
    size = algebra.matrix_size
    yield "dimension", f"{plural(algebra.dimension, 'independent generator')} of size {size} x {size}"
    yield "noise", f"{short(algebra.noise)} relative to the entries"
    jacobi = "" if algebra.jacobi_error is None else f"; Jacobi identity violated by {short(algebra.jacobi_error)}"
    yield "closure", f"{short(algebra.closure_error)} of the brackets lies outside the span{jacobi}"
    yield from _facts(algebra)
    yield from _structure(algebra)
    yield from _action(algebra)
    yield from _generators(algebra)
    for note in algebra.notes:
        yield "note", note


def _facts(algebra: LieAlgebra) -> Iterator[tuple[str, str]]:
    known = {fact: getattr(algebra, fact) for fact in FACTS}
    true = [fact for fact, value in known.items() if value]
    shown = [fact for fact in true if not any(fact in IMPLIES.get(other, ()) for other in true)]
    shown += [f"not {fact}" for fact in ("solvable", "semisimple", "compact") if known[fact] is False]
    if shown:
        yield "facts", ", ".join(shown)


def _structure(algebra: LieAlgebra) -> Iterator[tuple[str, str]]:
    if algebra.killing_signature is not None:
        yield "Killing form", "{} positive, {} negative, {} zero".format(*algebra.killing_signature)
    if algebra.derived_series:
        yield "derived series", _dimensions(algebra.derived_series)
        yield "lower central", _dimensions(algebra.lower_central_series)
        yield "upper central", _dimensions(algebra.upper_central_series)
        parts = {
            "centre": algebra.center_dimension,
            "radical": algebra.radical_dimension,
            "nilradical": algebra.nilradical_dimension,
            "Cartan subalgebra": algebra.rank,
        }
        yield "dimensions", ", ".join(f"{name} {value}" for name, value in parts.items() if value is not None)
    if len(algebra.factors) > 1 and not algebra.abelian:
        yield "direct sum of", "; ".join(algebra.factors)


def _action(algebra: LieAlgebra) -> Iterator[tuple[str, str]]:
    if algebra.matrix_compact is not None:
        yield "group", "compact" if algebra.matrix_compact else "not compact"
    if algebra.commutant_dimension is not None:
        yield "commutant", f"dimension {algebra.commutant_dimension}"
        signatures = [f"({', '.join(map(str, form.signature))})" for form in algebra.symmetric_forms[:4]]
        more = ", ..." if len(algebra.symmetric_forms) > 4 else ""
        listed = f" with signature {', '.join(signatures)}{more}" if signatures else ""
        yield (
            "invariant forms",
            f"{len(algebra.symmetric_forms)} symmetric{listed}, {len(algebra.antisymmetric_forms)} antisymmetric",
        )


def _generators(algebra: LieAlgebra) -> Iterator[tuple[str, str]]:
    """The canonical basis in units E_ij, and the coordinates in which it is that sparse."""
    basis, frame = algebra.sparse_basis, algebra.canonical_frame
    if basis is None or frame is None or not 0 < algebra.dimension <= MOST_SHOWN:
        return
    if np.count_nonzero(basis) > MOST_TERMS * len(basis):
        return
    yield "generators", "; ".join(_sum_of_units(matrix) for matrix in basis)
    if not np.array_equal(frame, np.eye(len(frame))):
        columns = ("(" + ", ".join(f"{value:.3g}" for value in column) + ")" for column in frame.T)
        yield "in the frame", ", ".join(columns)


def _sum_of_units(matrix: np.ndarray) -> str:
    """A matrix as a sum of units, "E12 - 2 E21"; indices above 9 are parted by a comma."""
    comma = "," if len(matrix) > 9 else ""
    text = ""
    for i, j in np.argwhere(matrix):
        value = float(matrix[i, j])
        size = "" if abs(abs(value) - 1) < ONE else f"{abs(value):.4g} "
        sign = "-" if value < 0 else "+"
        text += f" {sign} {size}E{i + 1}{comma}{j + 1}" if text else f"{sign.strip('+')}{size}E{i + 1}{comma}{j + 1}"
    return text


def _dimensions(series: list[int]) -> str:
    return ", ".join(map(str, series))
