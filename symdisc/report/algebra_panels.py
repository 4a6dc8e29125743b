"""Plots of a Lie algebra: Killing form, structure constants, canonical generators, roots."""

from __future__ import annotations

import numpy as np

from ..algebra import LieAlgebra, RootSystem, root_system
from ..panels import Curve, Image, ImageGrid, Panel, Series
from .numbers import plural

SHOWN = 16


def algebra_panels(algebra: LieAlgebra) -> list[Panel]:
    """Those that there is something to show for."""
    panels: list[Panel] = []
    c = algebra.structure_constants
    if algebra.sparse_basis is not None and algebra.dimension:
        panels.append(_canonical(algebra))
    if c is not None and algebra.killing_form is not None and np.abs(c).max(initial=0.0) > 0:
        panels += [_killing(algebra), _constants(algebra)]
        if algebra.semisimple and algebra.rank:
            panels += roots(c, algebra.rank, algebra.name)
    return panels


def roots(constants: np.ndarray, rank: int, called: str) -> list[Panel]:
    """The root system on the plane that shows most of its symmetry; empty where the roots cannot be told apart."""
    system = root_system(constants, rank)
    return [] if system is None else [_roots(system, called)]


def _roots(system: RootSystem, called: str) -> Panel:
    plane = _upright(system.coxeter_plane())
    lengths = np.linalg.norm(system.vectors, axis=1)
    kinds = np.round(lengths / lengths.max(), 2)
    series = [
        Series(
            f"{int((kinds == kind).sum())} roots of length {kind:g}",
            plane[kinds == kind, 0],
            plane[kinds == kind, 1],
            "disc",
        )
        for kind in sorted(set(kinds.tolist()), reverse=True)
    ]
    rank = system.vectors.shape[1]
    return Curve(
        name="roots",
        title=f"Root system of {called}: {plural(len(plane), 'root')}, rank {rank}",
        caption="Over the complex numbers, in the metric of the Killing form"
        + ("." if rank < 3 else ", projected on the plane that a Coxeter element turns."),
        x_label="first coordinate of the root",
        y_label="second coordinate of the root",
        series=series,
        equal=True,
    )


def _upright(plane: np.ndarray) -> np.ndarray:
    """Turned so that one of the longest points to the right."""
    sizes = np.linalg.norm(plane, axis=1).round(6)
    x, y = plane[sizes.argmax()] / sizes.max()
    return plane @ np.array([[x, -y], [y, x]])


def _canonical(algebra: LieAlgebra) -> Panel:
    basis = algebra.sparse_basis
    assert basis is not None
    shown = basis[:SHOWN]
    return ImageGrid(
        name="canonical",
        title=f"Canonical basis of {algebra.name}: {plural(len(shown), 'matrix', 'matrices')} of {algebra.dimension}",
        caption="The same span, sparse and physically scaled (a rotation turns by t radians); one colour scale, white "
        "is 0.",
        arrays=shown,
        titles=[f"C[{index}]" for index in range(len(shown))],
        value_label="matrix entry",
        x_label="input component",
        y_label="output component",
    )


def _killing(algebra: LieAlgebra) -> Panel:
    assert algebra.killing_form is not None
    return Image(
        name="killing_form",
        title=f"Killing form of {algebra.name}",
        caption="tr(ad E_i ad E_j) in the orthonormal basis of the analysis; negative definite for a compact "
        "semisimple algebra.",
        array=algebra.killing_form,
        value_label="tr(ad E_i ad E_j)",
        x_label="generator j",
        y_label="generator i",
    )


def _constants(algebra: LieAlgebra) -> Panel:
    assert algebra.structure_constants is not None
    arrays = algebra.structure_constants.transpose(2, 0, 1)[:SHOWN]
    return ImageGrid(
        name="structure_constants",
        title=f"Structure constants of {algebra.name}",
        caption="[E_i, E_j] = sum_l c[i, j, l] E_l in the orthonormal basis of the analysis.",
        arrays=arrays,
        titles=[f"l = {index}" for index in range(len(arrays))],
        value_label="c[i, j, l]",
        x_label="j",
        y_label="i",
    )
