"""LaTeX, CSV and safetensors."""

from __future__ import annotations

import json

import numpy as np

from ...atomic import safetensors_bytes
from ...errors import InputError
from .. import latex as tables
from .source import Source

MOST_WIDE = 12


def latex(source: Source) -> dict[str, bytes]:
    """The table of the algebra, then its matrices; needs amsmath and amssymb."""
    parts = [tables.latex(source.algebra)]
    k, d, _ = source.standard.shape
    letter = "C" if source.algebra.canonical_basis is not None else "L"
    if d <= MOST_WIDE:
        parts += [
            f"\\[\n{letter}_{{{index + 1}}} = {_matrix(matrix)}\n\\]"
            for index, matrix in enumerate(source.standard[:MOST_WIDE])
        ]
    if d > MOST_WIDE or k > MOST_WIDE:
        parts.append(f"% {k} matrices of {d} x {d}: not all are written; --to csv writes them")
    return {".tex": ("\n\n".join(parts) + "\n").encode()}


def _matrix(matrix: np.ndarray) -> str:
    small = 5e-4 * float(np.abs(matrix).max())
    rows = [" & ".join("0" if abs(value) < small else f"{value:.4g}" for value in row) for row in matrix]
    # Above ten columns bmatrix needs to be told.
    wide = f"\\setcounter{{MaxMatrixCols}}{{{len(matrix)}}}" if len(matrix) > 10 else ""
    return f"{wide}\\begin{{bmatrix}}\n" + " \\\\\n".join(f"  {row}" for row in rows) + "\n\\end{bmatrix}"


def csv(source: Source) -> dict[str, bytes]:
    """generator,row,column,value: every entry, with all its digits."""
    lines = ["generator,row,column,value"]
    for (k, i, j), value in np.ndenumerate(source.generators):
        lines.append(f"{k},{i},{j},{float(value)!r}")
    return {".csv": ("\n".join(lines) + "\n").encode()}


def safetensors(source: Source) -> dict[str, bytes]:
    """All arrays of numbers of a result, its metadata as text under `symdisc`; or the matrices alone."""
    if source.result is None:
        arrays = {"generators": source.generators}
        if len(source.discrete):
            arrays["discrete"] = source.discrete
        return {".safetensors": safetensors_bytes(arrays)}
    return {".safetensors": result_safetensors(source.result.arrays())}


def result_safetensors(members: dict[str, np.ndarray]) -> bytes:
    """The members of a `generators.npz` in the other format; text goes into the metadata, as JSON.

    Raises:
        InputError: complex numbers, which the format lacks.
    """
    numbers, texts = {}, {}
    for name, array in members.items():
        array = np.asarray(array)
        if array.dtype.kind in "US":
            texts["symdisc" if name == "metadata" else name] = (
                str(array[()]) if not array.ndim else json.dumps(array.tolist())
            )
        elif array.dtype.kind in "biuf":
            numbers[name] = array
        else:
            raise InputError(f"`{name}` holds {array.dtype}, which safetensors cannot; export it to csv")
    return safetensors_bytes(numbers, texts)
