"""Solvable algebras: abelian, nilpotent, the tables of dimension 2 to 4, and larger ones."""

from __future__ import annotations

from fractions import Fraction

import matrices as of
import numpy as np
from known import (
    KnownAlgebra,
    a4_2,
    a4_5,
    a4_6,
    a4_9,
    a4_11,
    bianchi_vi,
    bianchi_vii,
    patera_winternitz,
    solvable,
    summed,
)

HALF = Fraction(1, 2)
SCREW = np.array([[[0, -1, 1, 0], [1, 0, 0, 1], [0, 0, 0, -1], [0, 0, 1, 0]]])  # a rotation with a Jordan block


def translations(n: int) -> np.ndarray:
    """R^n as shifts of R^n."""
    return of.stack(*(of.unit(n + 1, i, n) for i in range(n)))


def abelian() -> dict[str, KnownAlgebra]:
    shear = of.unit(3, 0, 1) + of.unit(3, 1, 2)
    tilted = np.array([[[1, -2], [1, -1]]])

    def lines(generators: np.ndarray, torus: bool | None = None) -> KnownAlgebra:
        return summed(generators, *["R"] * len(generators), torus=torus)

    return {
        "R as so(2)": lines(of.ROTATION),
        "R as so(2), tilted": lines(tilted, torus=True),
        "R as so(1,1)": lines(of.BOOST),
        "R nilpotent": lines(shear[None]),
        "R dilation": lines(of.scaled(3)),
        "R screw": lines(SCREW),
        "R spiral": lines(np.array([[[1, -1], [1, 1]]])),
        "R^2 torus": lines(of.block(of.ROTATION, of.ROTATION)),
        "R^2 torus and boost": lines(of.block(of.ROTATION, of.BOOST)),
        "R^2 as gl(1,C)": lines(of.with_dilation(of.ROTATION)),
        "R^2 as dual numbers": lines(of.with_dilation(of.unit(2, 0, 1)[None])),
        "R^3 diagonal": lines(of.stack(*(of.unit(3, i, i) for i in range(3)))),
        "R^3 shifts": lines(translations(3)),
        "R^3 torus": lines(of.block(of.ROTATION, of.ROTATION, of.ROTATION)),
        "R^4 commuting shears": lines(of.stack(*(of.unit(4, i, j) for i in (0, 1) for j in (2, 3)))),
        "R^5 shifts": lines(translations(5)),
    }


def low_solvable() -> dict[str, KnownAlgebra]:
    """Dimension 2 and 3 (Bianchi) and indecomposable dimension 4 (Patera-Winternitz)."""
    aff1 = of.affine(of.scaled(1))
    return {
        "aff(1)": solvable("aff(1)", aff1),
        "aff(1) as borel(sl(2,R))": solvable("aff(1)", of.borel(2)),
        "aff(1) adjoint": solvable("aff(1)", of.adjoint(aff1)),
        "bianchi(II)": solvable("heis(3)", of.upper(3, True)),
        "bianchi(III)": summed(of.line_on([[1, 0], [0, 0]]), "aff(1)", "R"),
        "bianchi(IV)": solvable("bianchi(IV)", of.line_on([[1, 1], [0, 1]])),
        "bianchi(IV) dual": solvable("bianchi(IV)", of.dual(of.line_on([[1, 1], [0, 1]]))),
        "bianchi(V)": solvable("bianchi(V)", of.line_on([[1, 0], [0, 1]])),
        "bianchi(V) adjoint": solvable("bianchi(V)", of.adjoint(of.line_on([[1, 0], [0, 1]]))),
        "e(1,1)": solvable("e(1,1)", of.line_on([[1, 0], [0, -1]])),
        "e(1,1) as poincare(1,1)": solvable("e(1,1)", of.affine(of.BOOST)),
        "e(1,1) as newton-hooke(1,+)": solvable("e(1,1)", of.newton_hooke(1, 1)),
        "bianchi(VI,h=-9)": bianchi_vi(3),
        "bianchi(VI,h=-4)": bianchi_vi(2),
        "bianchi(VI,h=-4) diagonal": solvable("bianchi(VI,h=-4)", of.line_on([[1, 0], [0, 3]]), h=-4),
        "bianchi(VI,h=-0.25)": bianchi_vi(HALF),
        "bianchi(VI,h=-4) dual": solvable("bianchi(VI,h=-4)", of.dual(bianchi_vi(2).generators), h=-4),
        "e(2)": solvable("e(2)", of.affine(of.ROTATION)),
        "e(2) as newton-hooke(1,-)": solvable("e(2)", of.newton_hooke(1, -1)),
        "bianchi(VII,h=1)": bianchi_vii(1),
        "bianchi(VII,h=4)": bianchi_vii(2),
        "bianchi(VII,h=0.25)": bianchi_vii(HALF),
        "A4,1": patera_winternitz(1, of.line_on([[0, 1, 0], [0, 0, 1], [0, 0, 0]])),
        "A4,1 as bargmann(1)": patera_winternitz(1, of.bargmann(1)),
        "A4,2(2)": a4_2(2),
        "A4,2(-1)": a4_2(-1),
        "A4,2(1)": a4_2(1),
        "A4,2(-2)": a4_2(-2),
        "A4,3": patera_winternitz(3, of.line_on([[1, 0, 0], [0, 0, 1], [0, 0, 0]])),
        "A4,4": patera_winternitz(4, of.line_on([[1, 1, 0], [0, 1, 1], [0, 0, 1]])),
        "A4,5(1,1)": a4_5(1, 1),
        "A4,5(-0.5,-0.5)": a4_5(-HALF, -HALF),
        "A4,5(0.5,1)": a4_5(HALF, 1),
        "A4,5(-0.5,0.25)": a4_5(-HALF, Fraction(1, 4)),
        "A4,5(0.25,0.5)": a4_5(Fraction(1, 4), HALF),
        "A4,5(-1,1)": a4_5(-1, 1),
        "A4,6(1,0)": a4_6(1, 0),
        "A4,6(1,1)": a4_6(1, 1),
        "A4,6(-2,1)": a4_6(-2, 1),
        "A4,6(2,0.5)": a4_6(2, HALF),
        "A4,7": patera_winternitz(7, of.line_on_heisenberg([[1, 1], [0, 1]])),
        "A4,8": patera_winternitz(8, of.line_on_heisenberg([[1, 0], [0, -1]])),
        "A4,9(1)": a4_9(1),
        "A4,9(0.5)": a4_9(HALF),
        "A4,9(0)": a4_9(0),
        "A4,9(-0.5)": a4_9(-HALF),
        "A4,9(0) as aff(1) over dual numbers": solvable("A4,9(0)", of.over_dual_numbers(aff1), b=0),
        "oscillator": solvable("oscillator", of.oscillator()),
        "A4,11(1)": a4_11(1),
        "A4,11(0.5)": a4_11(HALF),
        "sim(2)": solvable("sim(2)", of.similitude(2)),
        "sim(2) as aff(1,C)": solvable("sim(2)", of.realified(complex_affine_line())),
    }


def complex_affine_line() -> list[np.ndarray]:
    """z -> a z + b."""
    linear, shift = of.unit(2, 0, 0).astype(complex), of.unit(2, 0, 1).astype(complex)
    return [linear, 1j * linear, shift, 1j * shift]


def larger_solvable() -> dict[str, KnownAlgebra]:
    rotation_and_boost = of.affine(of.block(of.ROTATION, of.BOOST))
    return {
        "heis(3)": solvable("heis(3)", of.heisenberg(1)),
        "heis(3) on (z, x, y, 1)": solvable("heis(3)", of.line_on_heisenberg([[0, 0], [0, 0]])[1:]),
        "heis(3) as galilei(1)": solvable("heis(3)", of.galilei(1)),
        "heis(3) as carroll(1)": solvable("heis(3)", of.carroll(1)),
        "heis(5)": solvable("heis(5)", of.heisenberg(2)),
        "heis(7)": solvable("heis(7)", of.heisenberg(3)),
        "heis(3,C)": KnownAlgebra(of.complexified(of.heisenberg(1)), None, factors=(None,), also=("heis(3,C)",)),
        "heis(3) over dual numbers": solvable(None, of.over_dual_numbers(of.heisenberg(1))),
        "A5,1": solvable(None, of.line_on([[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])),
        "n(4)": solvable("n(4)", of.upper(4, True)),
        "n(5)": solvable("n(5)", of.upper(5, True)),
        "borel(sl(3,R))": solvable("borel(sl(3,R))", of.borel(3)),
        "borel(sl(3,R)) adjoint": solvable("borel(sl(3,R))", of.adjoint(of.borel(3))),
        "borel(sl(4,R))": solvable("borel(sl(4,R))", of.borel(4)),
        "upper triangular(2)": summed(of.upper(2, False), "aff(1)", "R"),
        "upper triangular(3)": summed(of.upper(3, False), "borel(sl(3,R))", "R"),
        "sim(1,1)": summed(of.similitude(1, 1), "aff(1)", "aff(1)"),
        "newton-hooke(2,-)": summed(of.newton_hooke(2, -1), "e(2)", "e(2)"),
        "aff(1) + aff(1) as diagonal |x R^2": summed(
            of.lines_on([[1, 0], [0, 0]], [[0, 0], [0, 1]]), "aff(1)", "aff(1)"
        ),
        "newton-hooke(2,+)": solvable("newton-hooke(2,+)", of.newton_hooke(2, 1)),
        "galilei(2)": solvable("galilei(2)", of.galilei(2)),
        "bargmann(2)": solvable("bargmann(2)", of.bargmann(2)),
        "carroll(2)": solvable("carroll(2)", of.carroll(2)),
        "e(2) + e(1,1) affine": summed(rotation_and_boost, "e(2)", "e(1,1)"),
        "free nilpotent, 3 generators": solvable(None, of.free_nilpotent(3)),
        "filiform(5)": solvable(None, of.line_on([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])),
        "R |x R^4 diagonal": solvable(None, of.line_on([[1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0], [0, 0, 0, 5]])),
        "R |x R^4 dilation": solvable(None, of.line_on(np.eye(4, dtype=int).tolist())),
        "R |x R^4 winding 1 : 2": solvable(
            None, of.line_on([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -2], [0, 0, 2, 0]])
        ),
        "R^2 |x R^3": solvable(None, of.lines_on([[1, 0, 0], [0, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 1, 0], [0, 0, 1]])),
        "R |x heis(5)": solvable(None, of.with_heisenberg(np.diag([1, 2, -1, -2])[None], of.symplectic_form(2))),
    }
