"""Simple algebras: real forms of rank up to 4, in several representations."""

from __future__ import annotations

import matrices as of
import numpy as np
from known import KnownAlgebra, simple


def compact_simple() -> dict[str, KnownAlgebra]:
    so, su, sp = of.pseudo_orthogonal, of.unitary, of.compact_symplectic
    return {
        "so(3)": simple("so(3)", so(3)),
        "so(3) on tensors": simple("so(3)", of.on_tensors(so(3))),
        "so(3) spin 2": simple("so(3)", of.traceless_symmetric(3)),
        "so(3) doubled": simple("so(3)", of.repeated(so(3))),
        "so(3) as su(2)": simple("so(3)", su(2)),
        "so(3) as sp(1)": simple("so(3)", sp(1)),
        "so(3) fixing a line": simple("so(3)", of.block(so(3), np.zeros((0, 1, 1), dtype=int))),
        "so(5)": simple("so(5)", so(5)),
        "so(5) spinor": simple("so(5)", sp(2)),
        "so(5) adjoint": simple("so(5)", of.exterior_square(so(5))),
        "su(3)": simple("su(3)", su(3)),
        "su(3) adjoint": simple("su(3)", of.adjoint(su(3))),
        "su(4)": simple("su(4)", su(4)),
        "su(4) as so(6)": simple("su(4)", so(6)),
        "so(7)": simple("so(7)", so(7)),
        "so(7) spinor": simple("so(7)", of.octonion_spinors(split=False)),
        "sp(3)": simple("sp(3)", sp(3)),
        "su(5)": simple("su(5)", su(5)),
        "so(8)": simple("so(8)", so(8)),
        "g2(-14)": simple("g2(-14)", of.g2(split=False)),
    }


def noncompact_simple() -> dict[str, KnownAlgebra]:
    so, su, sl = of.pseudo_orthogonal, of.unitary, of.special_linear
    return {
        "sl(2,R)": simple("sl(2,R)", sl(2)),
        "sl(2,R) as so(2,1)": simple("sl(2,R)", so(2, 1)),
        "sl(2,R) as so(1,2)": simple("sl(2,R)", so(1, 2)),
        "sl(2,R) as su(1,1)": simple("sl(2,R)", su(1, 1)),
        "sl(2,R) doubled": simple("sl(2,R)", of.repeated(sl(2))),
        "sl(2,R) spin 3/2": simple("sl(2,R)", of.binary_forms(3)),
        "sl(2,R) spin 2": simple("sl(2,R)", of.binary_forms(4)),
        "sl(3,R)": simple("sl(3,R)", sl(3)),
        "sl(3,R) dual": simple("sl(3,R)", of.dual(sl(3))),
        "sl(3,R) on V + V*": simple("sl(3,R)", np.array([of.block(a[None], -a.T[None]).sum(0) for a in sl(3)])),
        "sl(3,R) symmetric square": simple("sl(3,R)", of.symmetric_square(sl(3))),
        "sl(3,R) adjoint": simple("sl(3,R)", of.adjoint(sl(3))),
        "sl(4,R)": simple("sl(4,R)", sl(4)),
        "sl(4,R) as so(3,3)": simple("sl(4,R)", so(3, 3)),
        "sl(4,R) antisymmetric square": simple("sl(4,R)", of.exterior_square(sl(4))),
        "sl(5,R)": simple("sl(5,R)", sl(5)),
        "so(3,1)": simple("so(3,1)", so(3, 1)),
        "so(3,1) as so(1,3)": simple("so(3,1)", so(1, 3)),
        "so(3,1) as sl(2,C)": simple("so(3,1)", of.special_linear_complex(2)),
        "so(3,1) as so(3,C)": simple("so(3,1)", of.complexified(so(3))),
        "so(3,1) adjoint": simple("so(3,1)", of.exterior_square(so(3, 1))),
        "so(3,1) traceless tensors": simple("so(3,1)", of.traceless_symmetric(3, 1)),
        "so(4,1)": simple("so(4,1)", so(4, 1)),
        "so(4,1) spinor": simple("so(4,1)", of.compact_symplectic(1, 1)),
        "so(3,2)": simple("so(3,2)", so(3, 2)),
        "so(3,2) as sp(4,R)": simple("so(3,2)", of.symplectic(2)),
        "so(3,2) antisymmetric square": simple("so(3,2)", of.exterior_square(of.symplectic(2))),
        "so(5,1)": simple("so(5,1)", so(5, 1)),
        "so(5,1) as sl(2,H)": simple("so(5,1)", of.special_linear_quaternionic(2)),
        "su(2,2)": simple("su(2,2)", su(2, 2)),
        "su(2,2) as so(4,2)": simple("su(2,2)", so(4, 2)),
        "so(6,1)": simple("so(6,1)", so(6, 1)),
        "so(5,2)": simple("so(5,2)", so(5, 2)),
        "so(4,3)": simple("so(4,3)", so(4, 3)),
        "so(4,3) spinor": simple("so(4,3)", of.octonion_spinors(split=True)),
        "so(7,1)": simple("so(7,1)", so(7, 1)),
        "so(6,2)": simple("so(6,2)", so(6, 2)),
        "so(5,3)": simple("so(5,3)", so(5, 3)),
        "so(4,4)": simple("so(4,4)", so(4, 4)),
        "su(2,1)": simple("su(2,1)", su(2, 1)),
        "su(2,1) adjoint": simple("su(2,1)", of.adjoint(su(2, 1))),
        "su(3,1)": simple("su(3,1)", su(3, 1)),
        "su(3,1) as so*(6)": simple("su(3,1)", of.orthogonal_star(3)),
        "su(4,1)": simple("su(4,1)", su(4, 1)),
        "su(3,2)": simple("su(3,2)", su(3, 2)),
        "sp(6,R)": simple("sp(6,R)", of.symplectic(3)),
        "sp(2,1)": simple("sp(2,1)", of.compact_symplectic(2, 1)),
        "sl(3,C)": simple("sl(3,C)", of.special_linear_complex(3)),
        "sp(4,C)": simple("sp(4,C)", of.complexified(of.symplectic(2))),
        "sp(4,C) as so(5,C)": simple("sp(4,C)", of.complexified(so(5))),
        "g2(2)": simple("g2(2)", of.g2(split=True)),
    }


def large_simple() -> dict[str, KnownAlgebra]:
    """Rank 4, k = 30 to 36, and two reducible or larger spaces: for the slow sweeps."""
    so = of.pseudo_orthogonal
    return {
        **{f"so({p},{9 - p})": simple(f"so({p},{9 - p})", so(p, 9 - p)) for p in (5, 6, 7, 8)},
        "so(9)": simple("so(9)", so(9)),
        "so(6,2) as so*(8)": simple("so(6,2)", of.orthogonal_star(4)),
        "sp(8,R)": simple("sp(8,R)", of.symplectic(4)),
        "sp(4)": simple("sp(4)", of.compact_symplectic(4)),
        "sp(3,1)": simple("sp(3,1)", of.compact_symplectic(3, 1)),
        "sp(2,2)": simple("sp(2,2)", of.compact_symplectic(2, 2)),
        "sl(4,C)": simple("sl(4,C)", of.special_linear_complex(4)),
        "sl(3,H)": simple("sl(3,H)", of.special_linear_quaternionic(3)),
    }
