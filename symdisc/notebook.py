"""A result as HTML, for notebooks: verdict, generators as small pictures, evidence. No script, no style sheet."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from .rounding import short, short_bound

MOST = 6
CELLS = 24
SIDE = 132  # pixels of a picture
# The colours of a plot's diverging map, dark enough on white and light enough on black.
POSITIVE, NEGATIVE = (202, 0, 32), (5, 113, 176)
COLOURS = {"symmetric": "#2da44e", "none": "#e5534b", "inconclusive": "#bf8700", "constructed": "#388bfd"}


def symmetry_html(summary: dict[str, Any], matrices: np.ndarray, canonical: bool) -> str:
    """A fragment of HTML that stands alone.

    Args:
        summary: `Symmetry.to_dict()`.
        matrices: (k, m, m) generators, or the first of them.
        canonical: whether they are the canonical basis.
    """
    verdict = summary["verdict"]
    parts = [
        f"<p><b style='color:{COLOURS[verdict]}'>{verdict}</b>: {html.escape(summary['reason'])}</p>",
        "<table>" + "".join(_row(name, text) for name, text in _facts(summary)) + "</table>",
    ]
    if len(matrices):
        letter = "C" if canonical else "L"
        figures = (_picture(matrix, f"{letter}[{index}]") for index, matrix in enumerate(matrices[:MOST]))
        basis = "canonical basis" if canonical else "generators"
        parts.append(
            f"<div>{''.join(figures)}</div>"
            f"<small>{basis}; entries relative to the largest, red positive, blue negative</small>"
        )
    return f"<div>{''.join(parts)}</div>"


def _facts(summary: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [("certified", f"{summary['certified_dimension']} of {summary['dimension']} written")]
    if summary["algebra"]:
        rows.append(("algebra", str(summary["algebra"].get("name", "unnamed"))))
    if isinstance(summary["generators"], list):
        for index, row in enumerate(summary["generators"][:MOST]):
            bound = row["defect_upper"]
            upper = f" (\u2264 {short_bound(bound)} at {summary['level']:g})" if bound is not None else ""
            rows.append((f"L[{index}]", f"defect {short(row['defect'])}{upper}, {row['verdict']}"))
    rows.append(("method", f"{summary['method']}, kind {summary['kind']}"))
    return rows


def _row(name: str, text: str) -> str:
    left = "style='text-align:left'"
    return f"<tr><th {left}>{html.escape(name)}</th><td {left}>{html.escape(text)}</td></tr>"


def _picture(matrix: np.ndarray, title: str) -> str:
    """An SVG of squares; a matrix of more than CELLS rows is shown by its largest entry in each cell."""
    size = len(matrix)
    cells = min(size, CELLS)
    edges = np.linspace(0, size, cells + 1).astype(int)
    largest = float(np.abs(matrix).max()) or 1.0
    squares = []
    for row in range(cells):
        for column in range(cells):
            block = matrix[edges[row] : edges[row + 1], edges[column] : edges[column + 1]].reshape(-1)
            value = float(block[np.argmax(np.abs(block))]) / largest
            if abs(value) >= 0.02:
                red, green, blue = POSITIVE if value > 0 else NEGATIVE
                squares.append(
                    f"<rect x='{column}' y='{row}' width='1' height='1' "
                    f"fill='rgb({red},{green},{blue})' fill-opacity='{abs(value):.2f}'/>"
                )
    return (
        f"<figure style='display:inline-block;margin:4px 12px 4px 0'><svg width='{SIDE}' height='{SIDE}' "
        f"viewBox='0 0 {cells} {cells}' shape-rendering='crispEdges' role='img' aria-label='{title}' "
        f"style='border:1px solid #8888'>{''.join(squares)}</svg><figcaption>{title}</figcaption></figure>"
    )
