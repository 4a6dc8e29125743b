"""A third registry: algebras that a stranger might bring, written after the tool could read the other two.

How it read them at first is recorded in benchmarks/README.md. Names by theory, facts by exact arithmetic.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

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
    patera_winternitz,
    simple,
    solvable,
    summed,
)
from known_heldout import beside

so, sl, su, sp = of.pseudo_orthogonal, of.special_linear, of.unitary, of.compact_symplectic
AFF1 = solvable("aff(1)", of.affine(of.scaled(1)))
HEIS3, HEIS5 = (solvable(f"heis({2 * n + 1})", of.heisenberg(n)) for n in (1, 2))
E2, E3 = solvable("e(2)", of.affine(of.ROTATION)), mixed("e(3)", of.affine(so(3)), "so(3)")
E11 = solvable("e(1,1)", of.affine(of.BOOST))
TURN, BOOST, DILATION, SHEAR = (
    KnownAlgebra(one, "R", (), ("R",)) for one in (of.ROTATION, of.BOOST, of.scaled(1), of.unit(2, 0, 1)[None])
)
SO3, SL2 = simple("so(3)", so(3)), simple("sl(2,R)", sl(2))
POINCARE = mixed("poincare(3,1)", of.affine(so(3, 1)), "so(3,1)")


def together(*representations: np.ndarray) -> np.ndarray:
    """One algebra on a sum of spaces; its generators in the same order in each."""
    return np.array([of.block(*(a[None] for a in each)).sum(0) for each in zip(*representations, strict=True)])


def on_both(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """One algebra on V (x) W."""
    one, other = np.eye(left.shape[1], dtype=int), np.eye(right.shape[1], dtype=int)
    return np.array([np.kron(a, other) + np.kron(one, b) for a, b in zip(left, right, strict=True)])


def turns(spin: bool) -> np.ndarray:
    """[x, y] = 2 z and so on: so(3) on R^3, or on the quaternions from the left."""
    if spin:
        return of.QUATERNIONS[1:]
    return 2 * of.stack(*(of.unit(3, j, i) - of.unit(3, i, j) for i, j in ((1, 2), (2, 0), (0, 1))))


def null_stabiliser(p: int, q: int = 0, line: bool = False) -> np.ndarray:
    """Within so(p+1,q+1), metric 2 u v + x eta x: so(p,q) |x R^(p+q) fixes a null vector, sim(p,q) its line."""
    m = p + q + 2
    eta = of.metric(p, q)
    rotations = np.pad(so(p, q), ((0, 0), (1, 1), (1, 1)))
    shifts = [of.unit(m, 0, 1 + i) - eta[i, i] * of.unit(m, 1 + i, m - 1) for i in range(p + q)]
    dilation = [of.unit(m, 0, 0) - of.unit(m, m - 1, m - 1)] if line else []
    return of.stack(*rotations, *shifts, *dilation)


def line_stabiliser() -> np.ndarray:
    """Within sl(3,R), what fixes a line."""
    linear = [np.pad(a, ((1, 0), (1, 0))) - np.trace(a) * of.unit(3, 0, 0) for a in of.general_linear(2)]
    return of.stack(*linear, of.unit(3, 0, 1), of.unit(3, 0, 2))


def abelian() -> dict[str, KnownAlgebra]:
    cycle, step = np.roll(np.eye(5, dtype=int), 1, axis=0), np.diag([1, 1, 1, 1], 1)
    one = np.eye(2, dtype=int)
    spaces = {
        "circulant": [np.linalg.matrix_power(cycle, i) for i in range(1, 5)],
        "polynomials of a Jordan block": [np.linalg.matrix_power(step, i) for i in range(5)],
        "diagonal": [of.unit(5, i, i) for i in range(5)],
        "torus": of.block(*[of.ROTATION] * 4),
        "complex diagonal": of.block(of.with_dilation(of.ROTATION), of.with_dilation(of.ROTATION)),
        "two turns on a product": [np.kron(of.ROTATION[0], one), np.kron(one, of.ROTATION[0])],
        "shift and dilation": [of.unit(3, 0, 2), of.unit(3, 1, 1)],
        "shears": [of.unit(6, i, j) for i in range(3) for j in range(3, 6)],
        "turn, shift, dilation": [of.block(of.ROTATION, np.zeros((1, 2, 2), dtype=int))[0], of.unit(4, 2, 3),
                                  np.diag([0, 0, 1, 1])],
    }  # fmt: skip
    return {f"R^{len(g)}, {title}": summed(of.stack(*g), *["R"] * len(g)) for title, g in spaces.items()}


def representations() -> dict[str, KnownAlgebra]:
    forms, vector, spinor = of.binary_forms, turns(False), turns(True)
    e3_and_spinor = np.concatenate(
        [together(np.pad(vector, ((0, 0), (0, 1), (0, 1))), spinor), beside(of.affine(so(3))[3:], 4)]
    )
    return {
        "so(3) beside R^3": simple("so(3)", beside(so(3), 3)),
        "so(3) vector + spinor": simple("so(3)", together(vector, spinor)),
        "so(3) vector x spinor": simple("so(3)", on_both(vector, spinor)),
        "so(3) vector + vector x vector": simple("so(3)", together(vector, on_both(vector, vector))),
        "so(3) symmetric square": simple("so(3)", of.symmetric_square(so(3))),
        "sl(2,R) spins 1/2, 1, 3/2": simple("sl(2,R)", together(forms(1), forms(2), forms(3))),
        "sl(2,R) spin 5/2": simple("sl(2,R)", forms(5)),
        "sl(2,R) spin 3": simple("sl(2,R)", forms(6)),
        "sl(2,R) spin 1/2 x spin 1": simple("sl(2,R)", on_both(forms(1), forms(2))),
        "su(3) on V + V*": simple("su(3)", together(su(3), of.dual(su(3)))),
        "su(3) adjoint beside a line": simple("su(3)", beside(of.adjoint(su(3)), 1)),
        "su(2,1) doubled": simple("su(2,1)", of.repeated(su(2, 1))),
        "so(3,1) vector + tensor": simple("so(3,1)", together(so(3, 1), of.exterior_square(so(3, 1)))),
        "so(3,C) doubled": simple("so(3,1)", of.repeated(of.complexified(so(3)))),
        "so(1,4)": simple("so(4,1)", so(1, 4)),
        "so(2,3) adjoint": simple("so(3,2)", of.adjoint(so(2, 3))),
        "so(2,4)": simple("su(2,2)", so(2, 4)),
        "so(5) traceless tensors": simple("so(5)", of.traceless_symmetric(5)),
        "sl(4,R) adjoint": simple("sl(4,R)", of.adjoint(sl(4))),
        "sl(3,C) adjoint": simple("sl(3,C)", of.adjoint(of.special_linear_complex(3))),
        "so*(6) adjoint": simple("su(3,1)", of.adjoint(of.orthogonal_star(3))),
        "sp(1,1) adjoint": simple("so(4,1)", of.adjoint(sp(1, 1))),
        "sp(6,R) exterior square": simple("sp(6,R)", of.exterior_square(of.symplectic(3))),
        "g2(-14) adjoint": simple("g2(-14)", of.adjoint(of.g2(split=False))),
        "g2(2) beside a line": simple("g2(2)", beside(of.g2(split=True), 1)),
        "e(2) fixes a null vector": solvable("e(2)", null_stabiliser(2)),
        "e(3) fixes a null vector": mixed("e(3)", null_stabiliser(3), "so(3)"),
        "sim(2) fixes a null line": solvable("sim(2)", null_stabiliser(2, line=True)),
        "sim(3) fixes a null line": mixed("sim(3)", null_stabiliser(3, line=True), "so(3)"),
        "poincare(2,1) fixes a null vector": mixed("poincare(2,1)", null_stabiliser(2, 1), "sl(2,R)"),
        "aff(2) fixes a line": mixed("aff(2)", line_stabiliser(), "sl(2,R)"),
        "sim(2,1) as gl(2,R) |x symmetric square": KnownAlgebra(
            of.affine(of.symmetric_square(of.general_linear(2))), None, ("sl(2,R)",), (None,), also=("sim(2,1)",)
        ),
        "galilei(3) adjoint": mixed("galilei(3)", of.adjoint(of.galilei(3)), "so(3)"),
        "poincare(3,1) adjoint": mixed("poincare(3,1)", of.adjoint(of.affine(so(3, 1))), "so(3,1)"),
        "aff(2) adjoint": mixed("aff(2)", of.adjoint(of.affine(of.general_linear(2))), "sl(2,R)"),
        "newton-hooke(3,-) adjoint": mixed("newton-hooke(3,-)", of.adjoint(of.newton_hooke(3, -1)), "so(3)"),
        "sim(2) adjoint": solvable("sim(2)", of.adjoint(of.similitude(2))),
        "e(2) adjoint": solvable("e(2)", of.adjoint(of.affine(of.ROTATION))),
        "e(2) on tensors": solvable("e(2)", of.on_tensors(of.affine(of.ROTATION))),
        "e(3) and a spinor": mixed("e(3)", e3_and_spinor, "so(3)"),
        "e(4) dual": mixed("e(4)", of.dual(of.affine(so(4))), "so(3)", "so(3)"),
        "schrodinger(2) dual": mixed("schrodinger(2)", of.dual(of.schrodinger(2)), "sl(2,R)"),
        "heis(5) exterior square": solvable("heis(5)", of.exterior_square(of.heisenberg(2))),
        "heis(9)": solvable("heis(9)", of.heisenberg(4)),
        "n(4) dual": solvable("n(4)", of.dual(of.upper(4, True))),
        "oscillator dual": solvable("oscillator", of.dual(of.oscillator())),
    }


def sums() -> dict[str, KnownAlgebra]:
    right = of.multiplications(4)[1][1:]
    turned = (np.kron(np.eye(2, dtype=int), each) for each in right)
    u2 = summed(su(2, special=False), "so(3)", "R", called="u(2)")
    u11 = summed(su(1, 1, special=False), "sl(2,R)", "R", called="gl(2,R)")
    return {
        "so(4) adjoint": summed(of.adjoint(so(4)), "so(3)", "so(3)"),
        "so(2,2) doubled": summed(of.repeated(so(2, 2)), "sl(2,R)", "sl(2,R)"),
        "sp(2) + sp(1) on H^2": summed(of.stack(*sp(2), *turned), "so(5)", "so(3)"),
        "u(2) + u(1)": blocks(u2, TURN, called="so(3) + R^2"),
        "u(1,1) + R": blocks(u11, DILATION, called="sl(2,R) + R^2"),
        "u(3) doubled": summed(of.repeated(su(3, special=False)), "su(3)", "R", called="u(3)"),
        "u(3,1)": summed(su(3, 1, special=False), "su(3,1)", "R"),
        "gl(3,C)": summed(of.complexified(of.general_linear(3)), "sl(3,C)", "R", "R"),
        "gl(2,H)": summed(of.with_dilation(of.special_linear_quaternionic(2)), "so(5,1)", "R"),
        "so(4,2) and dilation": summed(of.with_dilation(so(4, 2)), "su(2,2)", "R"),
        "sl(2,R) + sl(2,R) + sl(2,R)": blocks(SL2, SL2, SL2),
        "u(2) as so(3) + shear": blocks(SO3, SHEAR, called="u(2)"),
        "su(2,1) + so(3)": blocks(simple("su(2,1)", su(2, 1)), SO3),
        "g2(-14) + R": blocks(simple("g2(-14)", of.g2(split=False)), TURN),
        "poincare(3,1) + R": blocks(POINCARE, TURN),
        "poincare(3,1) + so(3)": blocks(POINCARE, SO3),
        "e(3) + heis(3)": blocks(E3, HEIS3),
        "e(2) + R^2": blocks(E2, TURN, DILATION),
        "e(1,1) + so(3)": blocks(E11, SO3),
        "heis(5) + heis(3)": blocks(HEIS5, HEIS3),
        "heis(3) + heis(3) + R": blocks(HEIS3, HEIS3, BOOST),
        "borel(sl(3,R)) + sl(2,R)": blocks(solvable("borel(sl(3,R))", of.borel(3)), SL2),
        "upper triangular(4)": summed(of.upper(4, False), "borel(sl(4,R))", "R"),
        "bianchi(VII,h=1) + so(3)": blocks(bianchi_vii(1), SO3),
    }


def parameters() -> dict[str, KnownAlgebra]:
    tenth, hundredth = Fraction(1, 10), Fraction(1, 100)
    half = bianchi_vi(Fraction(3, 2))
    return {
        "bianchi(VI,h=-0.1369)": bianchi_vi(37 * hundredth),
        "bianchi(VI,h=-2.25) adjoint": solvable(half.called, of.adjoint(half.generators), h=Fraction(-9, 4)),
        "bianchi(VII,h=0.01)": bianchi_vii(tenth),
        "bianchi(VII,h=2.0449)": bianchi_vii(143 * hundredth),
        "bianchi(VII,h=1) adjoint": solvable("bianchi(VII,h=1)", of.adjoint(bianchi_vii(1).generators), h=1),
        "bianchi(IV) adjoint": solvable("bianchi(IV)", of.adjoint(of.line_on([[1, 1], [0, 1]]))),
        "A4,2(3)": a4_2(3),
        "A4,5(-0.37,0.61)": a4_5(-37 * hundredth, 61 * hundredth),
        "A4,6(3,0.7)": a4_6(3, 7 * tenth),
        "A4,7 dual": patera_winternitz(7, of.dual(of.line_on_heisenberg([[1, 1], [0, 1]]))),
        "A4,9(0.3)": a4_9(3 * tenth),
        "A4,11(0.2)": a4_11(2 * tenth),
    }


def nameless() -> dict[str, KnownAlgebra]:
    two = of.affine(of.repeated(of.general_linear(2)))
    return {
        "gl(2,R) |x (R^2 + R^2)": KnownAlgebra(two, None, ("sl(2,R)",), (None,)),
        "sl(2,R) |x (spin 1/2 + spin 1)": mixed(
            None, of.affine(together(of.binary_forms(1), of.binary_forms(2))), "sl(2,R)"
        ),
        "so(4) |x (R^4 + R^4)": mixed(None, of.affine(of.repeated(so(4))), "so(3)", "so(3)"),
        "so(5) |x H^2": mixed(None, of.affine(sp(2)), "so(5)"),
    }


FURTHER: dict[str, KnownAlgebra] = {**abelian(), **representations(), **sums(), **parameters(), **nameless()}


def brought(known: KnownAlgebra) -> KnownAlgebra:
    """Its generators with largest entry 1: the integer matrices of a parameter like 0.37 hide the others' noise."""
    largest = np.abs(known.generators).max(axis=(1, 2), keepdims=True)
    return replace(known, generators=known.generators / largest)


@cache
def further_facts(title: str) -> dict[str, object]:
    """As `known_algebras.known_facts`."""
    return facts_of(FURTHER[title])
