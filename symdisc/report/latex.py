"""A Lie algebra as LaTeX that can be pasted into a paper."""

from __future__ import annotations

import re

import numpy as np

from ..algebra import LieAlgebra, structure_constants
from ..algebra.structure import LISTED
from .numbers import short

MOST_BRACKETS = 45
MOST_TERMS = 3
SMALL = 1e-6
HYPHEN = r"\text{-}"


def latex(algebra: LieAlgebra) -> str:
    """A tabular of name, facts and the brackets of the canonical basis; needs no package but amsmath and amssymb."""
    rows = [("algebra", f"${name(algebra.name)}$" if not _unnamed(algebra.name) else _text(algebra.name))]
    if algebra.aliases:
        rows.append(("isomorphic to", ", ".join(f"${name(alias)}$" for alias in algebra.aliases)))
    size = algebra.matrix_size
    rows.append(("dimension", f"{algebra.dimension} (matrices of size ${size} \\times {size}$)"))
    if algebra.killing_signature is not None:
        rows.append(("Killing form", "signature $({}, {}, {})$".format(*algebra.killing_signature)))
    if algebra.derived_series:
        rows.append(("derived series", _dimensions(algebra.derived_series)))
        rows.append(("lower central series", _dimensions(algebra.lower_central_series)))
        parts = {
            "centre": algebra.center_dimension,
            "radical": algebra.radical_dimension,
            "nilradical": algebra.nilradical_dimension,
            "rank": algebra.rank,
        }
        rows.append(("dimensions", ", ".join(f"{key} {value}" for key, value in parts.items() if value is not None)))
    if algebra.levi_factors:
        rows.append(("Levi factor", " $\\oplus$ ".join(_name_or_text(factor) for factor in algebra.levi_factors)))
    for form in algebra.symmetric_forms[:2]:
        rows.append(("invariant form", "signature $({}, {}, {})$".format(*form.signature)))
    brackets = _brackets(algebra)
    if brackets:
        rows.append(("brackets", brackets[0]))
        rows += [("", bracket) for bracket in brackets[1:]]
    rows.append(("noise, confidence", f"{short(algebra.noise)}, {algebra.confidence}"))
    body = "\n".join(f"  {label} & {value} \\\\" for label, value in rows)
    return f"\\begin{{tabular}}{{ll}}\n{body}\n\\end{{tabular}}"


def name(called: str) -> str:
    """A name in mathematics: so(3) + R^2 as \\mathfrak{so}(3) \\oplus \\mathbb{R}^{2}."""
    text = called.replace(" |x ", " \\ltimes ").replace(" + ", " \\oplus ")
    text = re.sub(r"\b([CRH])(?=\b|\^)", r"\\mathbb{\1}", text)
    text = re.sub(r"\^(\d+)", r"^{\1}", text)
    text = re.sub(r"\bA([34]),(\d+)", r"A_{\1,\2}", text)
    return re.sub(r"\b([a-z][a-z0-9-]*)(\*?)\(", _letters, text)


def _letters(match: re.Match[str]) -> str:
    word, star = match.groups()
    if len(word) < 4:
        return f"\\mathfrak{{{word}}}{'^*' if star else ''}("
    # In mathematics a bare hyphen is a minus sign.
    return f"\\mathrm{{{word.replace('-', HYPHEN)}}}("


def _unnamed(called: str) -> bool:
    return called.startswith("unnamed")


def _name_or_text(called: str) -> str:
    return _text(called) if _unnamed(called) else f"${name(called)}$"


def _text(text: str) -> str:
    return re.sub(r"([_^#&%$])", r"\\\1", text).replace("|x", "$\\ltimes$")


def _dimensions(series: list[int]) -> str:
    return "$" + " \\supset ".join(map(str, series)) + "$"


def _brackets(algebra: LieAlgebra) -> list[str]:
    """[C_i, C_j] of the canonical basis, those that do not vanish; none where noise or coordinates fill them.

    None of more generators than structure constants are written for: their cubes would take more memory than the fit.
    """
    if algebra.canonical_basis is None or not 2 <= algebra.dimension <= LISTED:
        return []
    c = structure_constants(algebra.canonical_basis)
    c = np.where(np.abs(c) > max(SMALL, 3 * algebra.noise) * np.abs(c).max(initial=0.0), c, 0.0)
    if np.count_nonzero(c) > MOST_TERMS * np.count_nonzero(c.any(axis=2)):
        return []
    lines = []
    for i in range(len(c)):
        for j in range(i + 1, len(c)):
            terms = [_term(value, k) for k, value in enumerate(c[i, j]) if value]
            if terms:
                lines.append(f"$[C_{{{i + 1}}}, C_{{{j + 1}}}] = {' '.join(terms).removeprefix('+ ')}$")
    return lines if len(lines) <= MOST_BRACKETS else []


def _term(value: float, k: int) -> str:
    size = abs(value)
    factor = "" if abs(size - 1) < SMALL else f"{size:.4g}\\,"
    return f"{'-' if value < 0 else '+'} {factor}C_{{{k + 1}}}"
