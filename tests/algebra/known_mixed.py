"""Algebras that are neither simple nor solvable: those of physics, direct sums, semidirect sums."""

from __future__ import annotations

import matrices as of
from known import KnownAlgebra, bianchi_vi, bianchi_vii, blocks, mixed, patera_winternitz, simple, solvable, summed

LINE = KnownAlgebra(of.ROTATION, "R", (), ("R",))


def physics() -> dict[str, KnownAlgebra]:
    so = of.pseudo_orthogonal
    vector_as_forms = of.affine(of.binary_forms(2))
    return {
        "e(3)": mixed("e(3)", of.affine(so(3)), "so(3)"),
        "e(3) on so(3) |x so(3)": mixed("e(3)", of.adjoint(of.affine(so(3))), "so(3)"),
        "e(3) as so(3) over dual numbers": mixed("e(3)", of.over_dual_numbers(so(3)), "so(3)"),
        "e(3) dual": mixed("e(3)", of.dual(of.affine(so(3))), "so(3)"),
        "e(4)": mixed("e(4)", of.affine(so(4)), "so(3)", "so(3)"),
        "e(5)": mixed("e(5)", of.affine(so(5)), "so(5)"),
        "poincare(2,1)": mixed("poincare(2,1)", of.affine(so(2, 1)), "sl(2,R)"),
        "poincare(2,1) as sl(2,R) |x adjoint": mixed("poincare(2,1)", vector_as_forms, "sl(2,R)"),
        "poincare(2,1) as sl(2,R) over dual numbers": mixed(
            "poincare(2,1)", of.over_dual_numbers(of.special_linear(2)), "sl(2,R)"
        ),
        "poincare(3,1)": mixed("poincare(3,1)", of.affine(so(3, 1)), "so(3,1)"),
        "poincare(3,1) from (1,3)": mixed("poincare(3,1)", of.affine(so(1, 3)), "so(3,1)"),
        "poincare(2,2)": mixed("poincare(2,2)", of.affine(so(2, 2)), "sl(2,R)", "sl(2,R)"),
        "poincare(4,1)": mixed("poincare(4,1)", of.affine(so(4, 1)), "so(4,1)"),
        "poincare(3,2)": mixed("poincare(3,2)", of.affine(so(3, 2)), "so(3,2)"),
        "galilei(3)": mixed("galilei(3)", of.galilei(3), "so(3)"),
        "galilei(4)": mixed("galilei(4)", of.galilei(4), "so(3)", "so(3)"),
        "bargmann(4)": mixed("bargmann(4)", of.bargmann(4), "so(3)", "so(3)"),
        "bargmann(3)": mixed("bargmann(3)", of.bargmann(3), "so(3)"),
        "carroll(3)": mixed("carroll(3)", of.carroll(3), "so(3)"),
        "carroll(3) as so(3) |x heis(7)": mixed(
            "carroll(3)", of.with_heisenberg(of.repeated(so(3)), of.symplectic_form(3)), "so(3)"
        ),
        "carroll(4)": mixed("carroll(4)", of.carroll(4), "so(3)", "so(3)"),
        "newton-hooke(3,+)": mixed("newton-hooke(3,+)", of.newton_hooke(3, 1), "so(3)"),
        "newton-hooke(3,-)": mixed("newton-hooke(3,-)", of.newton_hooke(3, -1), "so(3)"),
        "newton-hooke(4,+)": mixed("newton-hooke(4,+)", of.newton_hooke(4, 1), "so(3)", "so(3)"),
        "newton-hooke(4,-)": mixed("newton-hooke(4,-)", of.newton_hooke(4, -1), "so(3)", "so(3)"),
        "sim(3)": mixed("sim(3)", of.similitude(3), "so(3)"),
        "sim(4)": mixed("sim(4)", of.similitude(4), "so(3)", "so(3)"),
        "schrodinger(1)": mixed("schrodinger(1)", of.schrodinger(1), "sl(2,R)"),
        "schrodinger(2)": mixed("schrodinger(2)", of.schrodinger(2), "sl(2,R)"),
        "schrodinger(3)": mixed("schrodinger(3)", of.schrodinger(3), "sl(2,R)", "so(3)"),
        "aff(2)": mixed("aff(2)", of.affine(of.general_linear(2)), "sl(2,R)"),
        "aff(3)": mixed("aff(3)", of.affine(of.general_linear(3)), "sl(3,R)"),
        "aff(2) dual": mixed("aff(2)", of.dual(of.affine(of.general_linear(2))), "sl(2,R)"),
        "gl(2,R)": summed(of.general_linear(2), "sl(2,R)", "R", called="gl(2,R)"),
        "gl(2,R) doubled": summed(of.repeated(of.general_linear(2)), "sl(2,R)", "R", called="gl(2,R)"),
        "gl(2,R) as u(1,1)": summed(of.unitary(1, 1, special=False), "sl(2,R)", "R", called="gl(2,R)"),
        "gl(2,R) as so(2,1) and dilation": summed(of.with_dilation(so(2, 1)), "sl(2,R)", "R", called="gl(2,R)"),
        "gl(3,R)": summed(of.general_linear(3), "sl(3,R)", "R", called="gl(3,R)"),
        "gl(4,R)": summed(of.general_linear(4), "sl(4,R)", "R", called="gl(4,R)"),
        "u(2)": summed(of.unitary(2, special=False), "so(3)", "R", called="u(2)"),
        "u(2) as so(3) + rotation": summed(of.block(so(3), of.ROTATION), "so(3)", "R", called="u(2)"),
        "u(2) as so(3) and dilation": summed(of.with_dilation(so(3)), "so(3)", "R", called="u(2)"),
        "u(2) as gl(1,H)": summed(of.with_dilation(of.compact_symplectic(1)), "so(3)", "R", called="u(2)"),
        "u(3)": summed(of.unitary(3, special=False), "su(3)", "R", called="u(3)"),
        "u(4)": summed(of.unitary(4, special=False), "su(4)", "R", called="u(4)"),
    }


def sums() -> dict[str, KnownAlgebra]:
    so, su = of.pseudo_orthogonal, of.unitary
    so3, so5, su3 = simple("so(3)", so(3)), simple("so(5)", so(5)), simple("su(3)", su(3))
    so31, sl2 = simple("so(3,1)", so(3, 1)), simple("sl(2,R)", of.special_linear(2))
    sl3 = simple("sl(3,R)", of.special_linear(3))
    spin = simple("so(3)", su(2))
    aff1, heis3 = solvable("aff(1)", of.affine(of.scaled(1))), solvable("heis(3)", of.heisenberg(1))
    heis5 = solvable("heis(5)", of.heisenberg(2))
    e2, e3 = solvable("e(2)", of.affine(of.ROTATION)), mixed("e(3)", of.affine(so(3)), "so(3)")
    e11 = solvable("e(1,1)", of.affine(of.BOOST))
    boost, dilation = KnownAlgebra(of.BOOST, "R", (), ("R",)), KnownAlgebra(of.scaled(1), "R", (), ("R",))
    four = solvable("bianchi(IV)", of.line_on([[1, 1], [0, 1]]))
    five = solvable("bianchi(V)", of.line_on([[1, 0], [0, 1]]))
    a41 = patera_winternitz(1, of.line_on([[0, 1, 0], [0, 0, 1], [0, 0, 0]]))
    heis3c = solvable(None, of.complexified(of.heisenberg(1)))
    left_right = so(4)
    return {
        "so(4)": summed(left_right, "so(3)", "so(3)"),
        "so(4) on spinors": blocks(spin, spin),
        "so(3) + so(3)": blocks(so3, so3),
        "so(3) + so(3) on tensors": summed(of.exterior_square(left_right), "so(3)", "so(3)"),
        "so(2,2)": summed(so(2, 2), "sl(2,R)", "sl(2,R)"),
        "sl(2,R) + sl(2,R)": blocks(sl2, sl2),
        "so*(4)": summed(of.orthogonal_star(2), "sl(2,R)", "so(3)"),
        "so(3) + sl(2,R)": blocks(so3, sl2),
        "so(4,C)": summed(of.complexified(left_right), "so(3,1)", "so(3,1)"),
        "so(3) + so(3) + so(3)": blocks(so3, spin, so3),
        "su(3) + so(3)": blocks(su3, so3),
        "standard model": blocks(su3, spin, LINE),
        "so(3,1) + so(3)": blocks(so31, so3),
        "so(3,1) + so(3,1)": blocks(so31, so31),
        "so(5) + sl(2,R)": blocks(so5, sl2),
        "sl(3,R) + sl(2,R)": blocks(sl3, sl2),
        "so(3,1) + R": blocks(so31, dilation),
        "so(3,1) and dilation": summed(of.with_dilation(so(3, 1)), "so(3,1)", "R"),
        "gl(2,C)": summed(of.complexified(of.general_linear(2)), "so(3,1)", "R", "R"),
        "so(5) + R": blocks(so5, LINE),
        "so(5) and boost": blocks(so5, boost),
        "u(2,1)": summed(of.unitary(2, 1, special=False), "su(2,1)", "R"),
        "so(4) and dilation": summed(of.with_dilation(left_right), "so(3)", "so(3)", "R"),
        "so(3) + R^2": blocks(so3, LINE, LINE),
        "sl(2,R) + R^2": blocks(sl2, LINE, boost),
        "aff(1) + aff(1)": blocks(aff1, aff1),
        "aff(1) + R": blocks(aff1, LINE),
        "aff(1) + R^2": blocks(aff1, LINE, dilation),
        "aff(1) + so(3)": blocks(aff1, so3),
        "aff(1) + sl(2,R)": blocks(aff1, sl2),
        "heis(3) + R": blocks(heis3, dilation),
        "heis(3) + R^2": blocks(heis3, LINE, boost),
        "heis(3) + heis(3)": blocks(heis3, heis3),
        "heis(3) + sl(2,R)": blocks(heis3, sl2),
        "heis(3) + so(3)": blocks(heis3, so3),
        "heis(3) + aff(1)": blocks(heis3, aff1),
        "heis(5) + R": blocks(heis5, dilation),
        "e(2) + R": blocks(e2, LINE),
        "e(2) + e(2)": blocks(e2, e2),
        "e(2) + so(3)": blocks(e2, so3),
        "e(1,1) + R": blocks(e11, LINE),
        "e(3) + R": blocks(e3, LINE),
        "e(3) + so(3)": blocks(e3, so3),
        "e(3) + e(3)": blocks(e3, e3),
        "e(3) + e(3) as so(4) |x adjoint": summed(
            of.affine(of.exterior_square(left_right)), "e(3)", "e(3)", levi=("so(3)", "so(3)")
        ),
        "galilei(3) + R": blocks(mixed("galilei(3)", of.galilei(3), "so(3)"), dilation),
        "bianchi(IV) + R": blocks(four, LINE),
        "bianchi(V) + R": blocks(five, dilation),
        "bianchi(VI,h=-9) + R": blocks(bianchi_vi(3), LINE),
        "bianchi(VII,h=1) + R": blocks(bianchi_vii(1), LINE),
        "bianchi(V) + so(3)": blocks(five, so3),
        "A4,1 + R": blocks(a41, LINE),
        "A4,8 + so(3)": blocks(patera_winternitz(8, of.line_on_heisenberg([[1, 0], [0, -1]])), so3),
        "oscillator + R": blocks(solvable("oscillator", of.oscillator()), LINE),
        "poincare(2,1) + R": blocks(mixed("poincare(2,1)", of.affine(so(2, 1)), "sl(2,R)"), dilation),
        "heis(3,C) + R": blocks(heis3c, LINE),
    }


def semidirect() -> dict[str, KnownAlgebra]:
    """Semidirect sums that no name in the list covers, often next to one that it does."""
    so, su = of.pseudo_orthogonal, of.unitary
    massless = of.schrodinger(3)[:6, 1:-1, 1:-1]
    two_planes = of.affine(of.repeated(of.special_linear(2)))
    return {
        "sl(2,R) |x R^2": mixed(None, of.affine(of.special_linear(2)), "sl(2,R)"),
        "sl(2,R) |x (R^2 + R^2)": mixed(None, two_planes, "sl(2,R)"),
        "sl(2,R) |x spin 3/2": mixed(None, of.affine(of.binary_forms(3)), "sl(2,R)"),
        "so(3) |x spin 2": mixed(None, of.affine(of.traceless_symmetric(3)), "so(3)"),
        "so(3) |x H": mixed(None, of.affine(of.compact_symplectic(1)), "so(3)"),
        "so(3) |x (R^3 + R^3)": mixed(None, of.affine(of.repeated(so(3))), "so(3)"),
        "so(3,C) |x C^3": mixed(None, of.affine(of.complexified(so(3))), "so(3,1)"),
        "(sl(2,R) + so(3)) |x R^6": mixed(None, of.affine(massless), "sl(2,R)", "so(3)"),
        "sim(2,1)": KnownAlgebra(of.similitude(2, 1), None, ("sl(2,R)",), (None,), also=("sim(2,1)",)),
        "sim(3,1)": KnownAlgebra(of.similitude(3, 1), None, ("so(3,1)",), (None,), also=("sim(3,1)",)),
        "u(2) |x C^2": mixed(None, of.affine(su(2, special=False)), "so(3)"),
        "sl(2,C) |x C^2": mixed(None, of.affine(of.special_linear_complex(2)), "so(3,1)"),
        "sl(3,R) |x R^3": mixed(None, of.affine(of.special_linear(3)), "sl(3,R)"),
        "su(3) |x C^3": mixed(None, of.affine(su(3)), "su(3)"),
        "sp(4,R) |x R^4": mixed(None, of.affine(of.symplectic(2)), "so(3,2)"),
        "sp(4,R) |x heis(5)": mixed(None, of.with_heisenberg(of.symplectic(2), of.symplectic_form(2)), "so(3,2)"),
        "su(2) |x heis(5)": mixed(None, of.with_heisenberg(su(2), of.symplectic_form(2)), "so(3)"),
    }
