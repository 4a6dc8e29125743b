"""The registry: known Lie algebras with the names and the facts that theory gives.

Names follow the tool's naming rules: one canonical name for each isomorphism class, ' + ' between sorted summands
with R^n last. What exact arithmetic can tell is not written here: `facts` computes it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import exact
import matrices as of
import numpy as np

ISOMORPHIC = {
    "so(3)": ("su(2)", "sp(1)"),
    "sl(2,R)": ("so(2,1)", "su(1,1)", "sp(2,R)"),
    "so(3,1)": ("sl(2,C)", "so(3,C)", "sp(2,C)"),
    "so(5)": ("sp(2)",),
    "so(4,1)": ("sp(1,1)",),
    "so(3,2)": ("sp(4,R)",),
    "su(4)": ("so(6)",),
    "so(5,1)": ("sl(2,H)",),
    "su(2,2)": ("so(4,2)",),
    "sl(4,R)": ("so(3,3)",),
    "su(3,1)": ("so*(6)",),
    "so(6,2)": ("so*(8)",),
    "sp(4,C)": ("so(5,C)",),
    "so(3) + so(3)": ("so(4)",),
    "sl(2,R) + sl(2,R)": ("so(2,2)",),
    "sl(2,R) + so(3)": ("so*(4)",),
    "so(3,1) + so(3,1)": ("so(4,C)",),
    "heis(3)": ("galilei(1)", "carroll(1)", "n(3)", "bianchi(II)"),
    "aff(1)": ("borel(sl(2,R))", "sim(1)"),
    "aff(1) + aff(1)": ("sim(1,1)",),
    "aff(1) + R": ("bianchi(III)",),
    "e(2)": ("bianchi(VII,h=0)", "newton-hooke(1,-)"),
    "e(1,1)": ("bianchi(VI,h=0)", "newton-hooke(1,+)"),
}
"""Canonical name and isomorphic ones, as the naming rules state them or as they follow."""

UNDECIDED = {
    "gl(2,R)": ("sl(2,R) + R",),
    "gl(3,R)": ("sl(3,R) + R",),
    "gl(4,R)": ("sl(4,R) + R",),
    "u(2)": ("so(3) + R",),
    "u(3)": ("su(3) + R",),
    "u(4)": ("su(4) + R",),
    "e(1,1)": ("poincare(1,1)",),
    "e(2) + e(2)": ("newton-hooke(2,-)",),
    "A4,1": ("bargmann(1)",),
    "sim(2)": ("A4,12",),
    "oscillator": ("A4,10",),
    "sl(4,C)": ("so(6,C)",),
}
"""Isomorphic names between which the rules do not choose: any of them is right."""


@dataclass(frozen=True)
class KnownAlgebra:
    """Integer generators (k, m, m) and what textbooks say.

    called: the canonical name; None where the list of names has none and the tool must say `unnamed: ...`.
    levi, factors: names of the simple ideals of a Levi factor and of the indecomposable summands, sorted, R last; a
    summand without a name is None.
    """

    generators: np.ndarray
    called: str | None
    levi: tuple[str, ...] = ()
    factors: tuple[str | None, ...] = ()
    params: dict[str, Fraction] = field(default_factory=dict)
    torus: bool | None = None  # whether a centre that is not written antisymmetric generates a compact group

    @property
    def equally(self) -> tuple[str, ...]:
        return UNDECIDED.get(self.called or "", ())

    @property
    def aliases(self) -> tuple[str, ...]:
        return ISOMORPHIC.get(self.called or "", ())

    @property
    def simple(self) -> bool:
        return len(self.levi) == 1 and self.factors == self.levi

    @property
    def fills_gl(self) -> bool:
        """Whether closure is blind to noise."""
        k, m, _ = self.generators.shape
        return k == m * m


Algebra = KnownAlgebra


def simple(called: str, generators: np.ndarray) -> Algebra:
    return Algebra(generators, called, (called,), (called,))


def solvable(called: str | None, generators: np.ndarray, **params: Fraction | int) -> Algebra:
    """Indecomposable."""
    return Algebra(generators, called, (), (called,), {key: Fraction(value) for key, value in params.items()})


def mixed(called: str | None, generators: np.ndarray, *levi: str) -> Algebra:
    """Indecomposable, neither simple nor solvable."""
    return Algebra(generators, called, tuple(sorted(levi)), (called,))


def summed(generators: np.ndarray, *factors: str, called: str | None = None, torus: bool | None = None) -> Algebra:
    """A direct sum of named summands, written otherwise than in blocks."""
    levi = tuple(sorted(name for name in factors if is_simple(name)))
    return Algebra(generators, called or sum_name(factors), levi, in_order(factors), torus=torus)


def blocks(*parts: Algebra, called: str | None = None) -> Algebra:
    """A direct sum in blocks."""
    factors = [name for part in parts for name in part.factors]
    levi = tuple(sorted(name for part in parts for name in part.levi))
    generators = of.block(*(part.generators for part in parts))
    if None in factors:
        return Algebra(generators, None, levi, in_order(factors))
    return Algebra(generators, called or sum_name(factors), levi, in_order(factors))


def is_simple(name: str) -> bool:
    return name.startswith(("so(", "su(", "sl(", "sp(", "so*(", "g2("))


def in_order(factors: list[str | None] | tuple[str | None, ...]) -> tuple[str | None, ...]:
    return tuple(sorted(factors, key=lambda name: (name == "R", name or "~")))


def sum_name(factors: list[str | None] | tuple[str | None, ...]) -> str:
    """Sorted summands, R^n last."""
    names = sorted(name for name in factors if name and name != "R")
    lines = len(factors) - len(names)
    return " + ".join([*names, *(["R" if lines == 1 else f"R^{lines}"] if lines else [])])


def number(value: Fraction | int) -> str:
    return f"{float(value):g}"


def bianchi_vi(a: Fraction | int) -> Algebra:
    """[e1, .] on R^2 with eigenvalues a + 1, a - 1; h = -a^2."""
    h = -(Fraction(a) ** 2)
    return solvable(f"bianchi(VI,h={number(h)})", of.line_on([[Fraction(a), 1], [1, Fraction(a)]]), h=h)


def bianchi_vii(a: Fraction | int) -> Algebra:
    """[e1, .] on R^2 with eigenvalues a + i, a - i; h = a^2."""
    h = Fraction(a) ** 2
    return solvable(f"bianchi(VII,h={number(h)})", of.line_on([[Fraction(a), -1], [1, Fraction(a)]]), h=h)


def patera_winternitz(k: int, generators: np.ndarray, **params: Fraction | int) -> Algebra:
    """A4,k of Patera, Sharp, Winternitz, Zassenhaus, J. Math. Phys. 17 (1976) 986, table I."""
    listed = ",".join(number(value) for value in params.values())
    return solvable(f"A4,{k}({listed})" if params else f"A4,{k}", generators, **params)


def a4_2(a: Fraction | int) -> Algebra:
    return patera_winternitz(2, of.line_on([[a, 0, 0], [0, 1, 1], [0, 0, 1]]), a=a)


def a4_5(a: Fraction | int, b: Fraction | int) -> Algebra:
    """-1 <= a <= b <= 1, a b not 0."""
    return patera_winternitz(5, of.line_on([[1, 0, 0], [0, a, 0], [0, 0, b]]), a=a, b=b)


def a4_6(a: Fraction | int, b: Fraction | int) -> Algebra:
    """a not 0, b >= 0."""
    return patera_winternitz(6, of.line_on([[a, 0, 0], [0, b, 1], [0, -1, b]]), a=a, b=b)


def a4_9(b: Fraction | int) -> Algebra:
    """-1 < b <= 1."""
    return patera_winternitz(9, of.line_on_heisenberg([[1, 0], [0, b]]), b=b)


def a4_11(a: Fraction | int) -> Algebra:
    """a > 0."""
    return patera_winternitz(11, of.line_on_heisenberg([[a, 1], [-1, a]]), a=a)


def translations(n: int) -> np.ndarray:
    """R^n as shifts of R^n."""
    return of.stack(*(of.unit(n + 1, i, n) for i in range(n)))


HALF, THIRD = Fraction(1, 2), Fraction(1, 3)
ROTATION = np.array([[[0, -1], [1, 0]]])
BOOST = np.array([[[0, 1], [1, 0]]])
SCREW = np.array([[[0, -1, 1, 0], [1, 0, 0, 1], [0, 0, 0, -1], [0, 0, 1, 0]]])  # a rotation with a Jordan block
LINE = Algebra(ROTATION, "R", (), ("R",))
OF_R2 = of.special_linear(2)
COMPLEX_VOLUME = of.special_linear_complex(2)


def compact_simple() -> dict[str, Algebra]:
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


def noncompact_simple() -> dict[str, Algebra]:
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
        "so(3,1) as sl(2,C)": simple("so(3,1)", COMPLEX_VOLUME),
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


def large_simple() -> dict[str, Algebra]:
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


def abelian() -> dict[str, Algebra]:
    shear = of.unit(3, 0, 1) + of.unit(3, 1, 2)
    tilted = np.array([[[1, -2], [1, -1]]])

    def lines(generators: np.ndarray, torus: bool | None = None) -> Algebra:
        return summed(generators, *["R"] * len(generators), torus=torus)

    return {
        "R as so(2)": lines(ROTATION),
        "R as so(2), tilted": lines(tilted, torus=True),
        "R as so(1,1)": lines(BOOST),
        "R nilpotent": lines(shear[None]),
        "R dilation": lines(of.scaled(3)),
        "R screw": lines(SCREW),
        "R spiral": lines(np.array([[[1, -1], [1, 1]]])),
        "R^2 torus": lines(of.block(ROTATION, ROTATION)),
        "R^2 torus and boost": lines(of.block(ROTATION, BOOST)),
        "R^2 as gl(1,C)": lines(of.with_dilation(ROTATION)),
        "R^2 as dual numbers": lines(of.with_dilation(of.unit(2, 0, 1)[None])),
        "R^3 diagonal": lines(of.stack(*(of.unit(3, i, i) for i in range(3)))),
        "R^3 shifts": lines(translations(3)),
        "R^3 torus": lines(of.block(ROTATION, ROTATION, ROTATION)),
        "R^4 commuting shears": lines(of.stack(*(of.unit(4, i, j) for i in (0, 1) for j in (2, 3)))),
        "R^5 shifts": lines(translations(5)),
    }


def low_solvable() -> dict[str, Algebra]:
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
        "e(1,1) as poincare(1,1)": solvable("e(1,1)", of.affine(BOOST)),
        "e(1,1) as newton-hooke(1,+)": solvable("e(1,1)", of.newton_hooke(1, 1)),
        "bianchi(VI,h=-9)": bianchi_vi(3),
        "bianchi(VI,h=-4)": bianchi_vi(2),
        "bianchi(VI,h=-0.25)": bianchi_vi(HALF),
        "bianchi(VI,h=-4) dual": solvable("bianchi(VI,h=-4)", of.dual(bianchi_vi(2).generators), h=-4),
        "e(2)": solvable("e(2)", of.affine(ROTATION)),
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


def larger_solvable() -> dict[str, Algebra]:
    rotation_and_boost = of.affine(of.block(ROTATION, BOOST))
    return {
        "heis(3)": solvable("heis(3)", of.heisenberg(1)),
        "heis(3) on (z, x, y, 1)": solvable("heis(3)", of.line_on_heisenberg([[0, 0], [0, 0]])[1:]),
        "heis(3) as galilei(1)": solvable("heis(3)", of.galilei(1)),
        "heis(3) as carroll(1)": solvable("heis(3)", of.carroll(1)),
        "heis(5)": solvable("heis(5)", of.heisenberg(2)),
        "heis(7)": solvable("heis(7)", of.heisenberg(3)),
        "heis(3,C)": solvable(None, of.complexified(of.heisenberg(1))),
        "n(4)": solvable("n(4)", of.upper(4, True)),
        "n(5)": solvable("n(5)", of.upper(5, True)),
        "borel(sl(3,R))": solvable("borel(sl(3,R))", of.borel(3)),
        "borel(sl(3,R)) adjoint": solvable("borel(sl(3,R))", of.adjoint(of.borel(3))),
        "borel(sl(4,R))": solvable("borel(sl(4,R))", of.borel(4)),
        "upper triangular(2)": summed(of.upper(2, False), "aff(1)", "R"),
        "upper triangular(3)": summed(of.upper(3, False), "borel(sl(3,R))", "R"),
        "sim(1,1)": summed(of.similitude(1, 1), "aff(1)", "aff(1)"),
        "newton-hooke(2,-)": summed(of.newton_hooke(2, -1), "e(2)", "e(2)"),
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
        "R |x heis(5)": solvable(None, of.with_heisenberg(np.diag([1, 2, -1, -2])[None], symplectic_form(2))),
    }


def symplectic_form(n: int) -> np.ndarray:
    return np.kron(np.array([[0, 1], [-1, 0]]), np.eye(n, dtype=int))


def physics() -> dict[str, Algebra]:
    so = of.pseudo_orthogonal
    vector_as_forms = of.affine(of.binary_forms(2))
    return {
        "e(3)": mixed("e(3)", of.affine(so(3)), "so(3)"),
        "e(3) on so(3) |x so(3)": mixed("e(3)", of.adjoint(of.affine(so(3))), "so(3)"),
        "e(4)": mixed("e(4)", of.affine(so(4)), "so(3)", "so(3)"),
        "e(5)": mixed("e(5)", of.affine(so(5)), "so(5)"),
        "poincare(2,1)": mixed("poincare(2,1)", of.affine(so(2, 1)), "sl(2,R)"),
        "poincare(2,1) as sl(2,R) |x adjoint": mixed("poincare(2,1)", vector_as_forms, "sl(2,R)"),
        "poincare(3,1)": mixed("poincare(3,1)", of.affine(so(3, 1)), "so(3,1)"),
        "poincare(3,1) from (1,3)": mixed("poincare(3,1)", of.affine(so(1, 3)), "so(3,1)"),
        "poincare(2,2)": mixed("poincare(2,2)", of.affine(so(2, 2)), "sl(2,R)", "sl(2,R)"),
        "poincare(4,1)": mixed("poincare(4,1)", of.affine(so(4, 1)), "so(4,1)"),
        "poincare(3,2)": mixed("poincare(3,2)", of.affine(so(3, 2)), "so(3,2)"),
        "galilei(3)": mixed("galilei(3)", of.galilei(3), "so(3)"),
        "galilei(4)": mixed("galilei(4)", of.galilei(4), "so(3)", "so(3)"),
        "bargmann(3)": mixed("bargmann(3)", of.bargmann(3), "so(3)"),
        "carroll(3)": mixed("carroll(3)", of.carroll(3), "so(3)"),
        "carroll(3) as so(3) |x heis(7)": mixed(
            "carroll(3)", of.with_heisenberg(of.repeated(so(3)), symplectic_form(3)), "so(3)"
        ),
        "carroll(4)": mixed("carroll(4)", of.carroll(4), "so(3)", "so(3)"),
        "newton-hooke(3,+)": mixed("newton-hooke(3,+)", of.newton_hooke(3, 1), "so(3)"),
        "newton-hooke(3,-)": mixed("newton-hooke(3,-)", of.newton_hooke(3, -1), "so(3)"),
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
        "gl(3,R)": summed(of.general_linear(3), "sl(3,R)", "R", called="gl(3,R)"),
        "gl(4,R)": summed(of.general_linear(4), "sl(4,R)", "R", called="gl(4,R)"),
        "u(2)": summed(of.unitary(2, special=False), "so(3)", "R", called="u(2)"),
        "u(2) as so(3) + rotation": summed(of.block(so(3), ROTATION), "so(3)", "R", called="u(2)"),
        "u(2) as so(3) and dilation": summed(of.with_dilation(so(3)), "so(3)", "R", called="u(2)"),
        "u(3)": summed(of.unitary(3, special=False), "su(3)", "R", called="u(3)"),
        "u(4)": summed(of.unitary(4, special=False), "su(4)", "R", called="u(4)"),
    }


def sums() -> dict[str, Algebra]:
    so, su = of.pseudo_orthogonal, of.unitary
    so3, so5, su3 = simple("so(3)", so(3)), simple("so(5)", so(5)), simple("su(3)", su(3))
    so31, sl2, sl3 = simple("so(3,1)", so(3, 1)), simple("sl(2,R)", OF_R2), simple("sl(3,R)", of.special_linear(3))
    spin = simple("so(3)", su(2))
    aff1, heis3 = solvable("aff(1)", of.affine(of.scaled(1))), solvable("heis(3)", of.heisenberg(1))
    heis5 = solvable("heis(5)", of.heisenberg(2))
    e2, e3 = solvable("e(2)", of.affine(ROTATION)), mixed("e(3)", of.affine(so(3)), "so(3)")
    e11 = solvable("e(1,1)", of.affine(BOOST))
    boost, dilation = Algebra(BOOST, "R", (), ("R",)), Algebra(of.scaled(1), "R", (), ("R",))
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


def semidirect() -> dict[str, Algebra]:
    """Semidirect sums that no name in the list covers, often next to one that it does."""
    so, su = of.pseudo_orthogonal, of.unitary
    two_planes = of.affine(of.repeated(OF_R2))
    return {
        "sl(2,R) |x R^2": mixed(None, of.affine(OF_R2), "sl(2,R)"),
        "sl(2,R) |x (R^2 + R^2)": mixed(None, two_planes, "sl(2,R)"),
        "sl(2,R) |x spin 3/2": mixed(None, of.affine(of.binary_forms(3)), "sl(2,R)"),
        "so(3) |x spin 2": mixed(None, of.affine(of.traceless_symmetric(3)), "so(3)"),
        "so(3) |x H": mixed(None, of.affine(of.compact_symplectic(1)), "so(3)"),
        "so(3) |x (R^3 + R^3)": mixed(None, of.affine(of.repeated(so(3))), "so(3)"),
        "u(2) |x C^2": mixed(None, of.affine(su(2, special=False)), "so(3)"),
        "sl(2,C) |x C^2": mixed(None, of.affine(COMPLEX_VOLUME), "so(3,1)"),
        "sl(3,R) |x R^3": mixed(None, of.affine(of.special_linear(3)), "sl(3,R)"),
        "su(3) |x C^3": mixed(None, of.affine(su(3)), "su(3)"),
        "sp(4,R) |x R^4": mixed(None, of.affine(of.symplectic(2)), "so(3,2)"),
        "sp(4,R) |x heis(5)": mixed(None, of.with_heisenberg(of.symplectic(2), symplectic_form(2)), "so(3,2)"),
        "su(2) |x heis(5)": mixed(None, of.with_heisenberg(su(2), symplectic_form(2)), "so(3)"),
    }


SMALL: dict[str, Algebra] = {
    **compact_simple(),
    **noncompact_simple(),
    **abelian(),
    **low_solvable(),
    **larger_solvable(),
    **physics(),
    **sums(),
    **semidirect(),
}
"""k <= 28."""

LARGE: dict[str, Algebra] = large_simple()

KNOWN: dict[str, Algebra] = SMALL | LARGE


@cache
def known_facts(title: str) -> dict[str, object]:
    """Everything that `analyze` must say about an entry besides names, whatever the basis."""
    known = KNOWN[title]
    found = exact.facts(known.generators)
    antisymmetric = not (known.generators + known.generators.transpose(0, 2, 1)).any()
    # Weyl: a representation of a compact semisimple algebra preserves a positive form; a centre need not.
    torus = known.torus if known.torus is not None else antisymmetric or not found["center_dimension"]
    return {**found, "simple": known.simple, "matrix_compact": bool(found["compact"] and torus)}


def distinct_names() -> Counter[str]:
    return Counter(known.called for known in KNOWN.values() if known.called)
