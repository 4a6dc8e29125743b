"""Algebras kept apart: nothing in the tool was set while looking at how it reads them.

Other representations, sums and parameters than those of `known_algebras`; names by theory, facts by exact arithmetic.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import known_solvable
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
    blocks,
    facts_of,
    mixed,
    simple,
    solvable,
    summed,
)

THIRD = Fraction(1, 3)


def on_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The direct sum on V (x) W."""
    one, other = np.eye(left.shape[1], dtype=int), np.eye(right.shape[1], dtype=int)
    return of.stack(*(np.kron(a, other) for a in left), *(np.kron(one, b) for b in right))


def beside(generators: np.ndarray, n: int) -> np.ndarray:
    """With n coordinates on which nothing acts."""
    return of.block(generators, np.zeros((0, n, n), dtype=int))


def representations() -> dict[str, KnownAlgebra]:
    so, sl, su = of.pseudo_orthogonal, of.special_linear, of.unitary
    e3 = of.affine(so(3))
    return {
        "so(4,1) adjoint": simple("so(4,1)", of.adjoint(so(4, 1))),
        "so(5) symmetric square": simple("so(5)", of.symmetric_square(so(5))),
        "sl(2,R) spin 1 and spin 1/2": simple(
            "sl(2,R)", np.array([of.block(a[None], b[None]).sum(0) for a, b in zip(sl(2), sl2_order(), strict=True)])
        ),
        "su(3) beside a plane": simple("su(3)", beside(su(3), 2)),
        "su(2,1) exterior square": simple("su(2,1)", of.exterior_square(su(2, 1))),
        "g2(2) adjoint": simple("g2(2)", of.adjoint(of.g2(split=True))),
        "sl(4,R) dual beside a line": simple("sl(4,R)", beside(of.dual(sl(4)), 1)),
        "so(6,1) beside a line": simple("so(6,1)", beside(so(6, 1), 1)),
        "so(2,1) on V (x) V": simple("sl(2,R)", of.on_tensors(so(2, 1))),
        "so(5,1) as sl(2,H), dual": simple("so(5,1)", of.dual(of.special_linear_quaternionic(2))),
        "so(2,1) + so(3) on V (x) W": summed(on_product(so(2, 1), so(3)), "sl(2,R)", "so(3)"),
        "sl(2,R) + sl(3,R) on V (x) W": summed(on_product(sl(2), sl(3)), "sl(2,R)", "sl(3,R)"),
        "so(3) + so(3) on V (x) W": summed(on_product(so(3), so(3)), "so(3)", "so(3)"),
        "u(2) on R^2 (x) R^3": summed(on_product(of.ROTATION, so(3)), "so(3)", "R", called="u(2)"),
        "gl(2,R) on binary quadratics": summed(
            of.with_dilation(of.binary_forms(2)), "sl(2,R)", "R", called="gl(2,R)", torus=False
        ),
        "gl(3,R) symmetric square": summed(
            of.symmetric_square(of.general_linear(3)), "sl(3,R)", "R", called="gl(3,R)", torus=False
        ),
        "e(3) exterior square": mixed("e(3)", of.exterior_square(e3), "so(3)"),
        "e(3) symmetric square": mixed("e(3)", of.symmetric_square(e3), "so(3)"),
        "poincare(2,1) adjoint": mixed("poincare(2,1)", of.adjoint(of.affine(so(2, 1))), "sl(2,R)"),
        "poincare(3,1) dual": mixed("poincare(3,1)", of.dual(of.affine(so(3, 1))), "so(3,1)"),
        "sim(3) dual beside a line": mixed("sim(3)", beside(of.dual(of.similitude(3)), 1), "so(3)"),
        "galilei(3) dual": mixed("galilei(3)", of.dual(of.galilei(3)), "so(3)"),
        "bargmann(3) dual": mixed("bargmann(3)", of.dual(of.bargmann(3)), "so(3)"),
        "carroll(2) dual": solvable("carroll(2)", of.dual(of.carroll(2))),
        "n(4) exterior square": solvable("n(4)", of.exterior_square(of.upper(4, True))),
        "heis(3) symmetric square": solvable("heis(3)", of.symmetric_square(of.heisenberg(1))),
        "borel(sl(3,R)) exterior square": solvable("borel(sl(3,R))", of.exterior_square(of.borel(3))),
        "e(2) beside a line": solvable("e(2)", beside(of.affine(of.ROTATION), 1)),
    }


def sl2_order() -> np.ndarray:
    """sl(2,R) on binary quadratics, generators in the order of `special_linear(2)`."""
    return of.binary_forms(2)


def sums_and_parameters() -> dict[str, KnownAlgebra]:
    so, sl = of.pseudo_orthogonal, of.special_linear
    so3, sl2, sl3 = simple("so(3)", so(3)), simple("sl(2,R)", sl(2)), simple("sl(3,R)", sl(3))
    so31, so41 = simple("so(3,1)", so(3, 1)), simple("so(4,1)", so(4, 1))
    aff1, heis3 = solvable("aff(1)", of.affine(of.scaled(1))), solvable("heis(3)", of.heisenberg(1))
    e2, e3 = solvable("e(2)", of.affine(of.ROTATION)), mixed("e(3)", of.affine(so(3)), "so(3)")
    e11 = solvable("e(1,1)", of.affine(of.BOOST))
    line = KnownAlgebra(of.ROTATION, "R", (), ("R",))
    oscillator = solvable("oscillator", of.oscillator())
    self_dual = of.block(so(3), so(3))
    return {
        "sl(3,R) + aff(1)": blocks(sl3, aff1),
        "so(3,1) + heis(3)": blocks(so31, heis3),
        "so(4,1) + R": blocks(so41, line),
        "e(2) + sl(2,R)": blocks(e2, sl2),
        "e(1,1) + e(2)": blocks(e11, e2),
        "e(3) + sl(2,R)": blocks(e3, sl2),
        "aff(1) + oscillator": blocks(aff1, oscillator),
        "heis(3) + e(2)": blocks(heis3, e2),
        "aff(1) + aff(1) + R": blocks(aff1, aff1, line),
        "aff(1) + aff(1) + aff(1)": blocks(aff1, aff1, aff1),
        "sl(2,R) + sl(2,R) + R": blocks(sl2, sl2, line),
        "galilei(2) + R": blocks(solvable("galilei(2)", of.galilei(2)), line),
        "n(4) + R": blocks(solvable("n(4)", of.upper(4, True)), line),
        "sim(2) + so(3)": blocks(solvable("sim(2)", of.similitude(2)), so3),
        "aff(2) + R": blocks(mixed("aff(2)", of.affine(of.general_linear(2)), "sl(2,R)"), line),
        "so(4) |x R^3 is e(3) + so(3)": summed(of.affine(self_dual)[:9], "e(3)", "so(3)", levi=("so(3)", "so(3)")),
        "R^2 as shear and shift": summed(of.stack(of.unit(4, 0, 1) + of.unit(4, 2, 3), of.unit(4, 0, 3)), "R", "R"),
        "R^6 shifts": summed(known_solvable.translations(6), *["R"] * 6),
        "bianchi(VI,h=-9) as diag(1,2)": solvable("bianchi(VI,h=-9)", of.line_on([[1, 0], [0, 2]]), h=-9),
        "bianchi(VI,h=-1/9)": bianchi_vi(THIRD),
        "bianchi(VII,h=9)": bianchi_vii(3),
        "A4,2(1/2)": a4_2(Fraction(1, 2)),
        "A4,5(1/3,2/3)": a4_5(THIRD, 2 * THIRD),
        "A4,5(-1/3,-1/3)": a4_5(-THIRD, -THIRD),
        "A4,6(1/2,1)": a4_6(Fraction(1, 2), 1),
        "A4,6(-1,0) is A4,6(1,0)": solvable("A4,6(1,0)", of.line_on([[-1, 0, 0], [0, 0, 1], [0, -1, 0]]), a=1, b=0),
        "A4,9(-1/3)": a4_9(-THIRD),
        "A4,11(2)": a4_11(2),
    }


def nameless() -> dict[str, KnownAlgebra]:
    so = of.pseudo_orthogonal
    return {
        "sl(2,R) |x spin 2": mixed(None, of.affine(of.binary_forms(4)), "sl(2,R)"),
        "so(3) |x R^8": mixed(None, of.affine(of.repeated(of.unitary(2))), "so(3)"),
        "so(3,1) |x adjoint": mixed(None, of.over_dual_numbers(so(3, 1)), "so(3,1)"),
        "sl(2,R) |x heis of spin 3/2": mixed(
            None, of.with_heisenberg(of.binary_forms(3), spin_three_halves()), "sl(2,R)"
        ),
        "R^2 |x R^4, two rotations and a dilation": solvable(
            None, of.lines_on(*(m.tolist() for m in of.with_dilation(of.repeated(of.ROTATION))))
        ),
        "A5 of winding and boost": solvable(
            None, of.line_on([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]])
        ),
    }


def spin_three_halves() -> np.ndarray:
    """The symplectic form of sl(2,R) on binary cubics."""
    return np.array([[0, 0, 0, 3], [0, 0, -1, 0], [0, 1, 0, 0], [-3, 0, 0, 0]])


HELD_OUT: dict[str, KnownAlgebra] = {**representations(), **sums_and_parameters(), **nameless()}


@cache
def held_out_facts(title: str) -> dict[str, object]:
    """As `known_algebras.known_facts`."""
    return facts_of(HELD_OUT[title])
