"""LaTeX of an algebra."""

import numpy as np
import pytest

from symdisc.algebra import analyze
from symdisc.report.algebra_panels import algebra_panels
from symdisc.report.latex import latex, name

ROTATIONS = np.array(
    [[[0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [-1, 0, 0]], [[0, -1, 0], [1, 0, 0], [0, 0, 0]]]
)


@pytest.mark.parametrize(
    ("called", "text"),
    [
        ("so(3)", r"\mathfrak{so}(3)"),
        ("sl(2,R) + R^2", r"\mathfrak{sl}(2,\mathbb{R}) \oplus \mathbb{R}^{2}"),
        ("so*(10)", r"\mathfrak{so}^*(10)"),
        ("so(3) |x R^3", r"\mathfrak{so}(3) \ltimes \mathbb{R}^{3}"),
        ("poincare(3,1)", r"\mathrm{poincare}(3,1)"),
        ("A4,5(0.5,1)", r"A_{4,5}(0.5,1)"),
        ("A3,6", r"A_{3,6}"),
        ("newton-hooke(1,-)", r"\mathrm{newton\text{-}hooke}(1,-)"),
        ("sl(3,H)", r"\mathfrak{sl}(3,\mathbb{H})"),
    ],
)
def test_names(called, text):
    assert name(called) == text


def test_the_table_has_the_brackets_of_the_canonical_basis():
    text = latex(analyze(ROTATIONS))
    assert text.startswith("\\begin{tabular}{ll}")
    assert text.endswith("\\end{tabular}")
    assert text.count("[C_") == 3
    assert all(line.count("&") == 1 and line.endswith("\\\\") for line in text.splitlines()[1:-1])
    assert text.count("{") == text.count("}")


def test_brackets_of_many_generators_are_neither_computed_nor_listed(monkeypatch):
    """Those of so(20) would take 55 MB, and as much again for each step of the work on them."""
    from symdisc.report import latex as module

    i, j = np.triu_indices(12, 1)
    many = np.zeros((66, 12, 12))
    many[np.arange(66), i, j], many[np.arange(66), j, i] = 1.0, -1.0
    algebra = analyze(many)
    algebra.canonical_basis = many
    assert algebra.name == "so(12)"
    monkeypatch.setattr(module, "structure_constants", lambda basis: pytest.fail("computed"))
    assert "brackets" not in latex(algebra)


def test_no_letter_of_an_unnamed_algebra_breaks_latex():
    generators = np.array([np.diag([1.0, 2, 3, 5, 0]), *(np.eye(25).reshape(25, 5, 5)[4:20:5])])
    text = latex(analyze(generators))
    assert "unnamed" in text
    assert "|x" not in text


def test_panels_of_an_algebra():
    assert [panel.name for panel in algebra_panels(analyze(ROTATIONS))] == [
        "canonical",
        "killing_form",
        "structure_constants",
        "roots",
    ]
    assert [panel.name for panel in algebra_panels(analyze(ROTATIONS[:1]))] == ["canonical"]
