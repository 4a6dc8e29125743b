"""What is known of a Lie algebra: exact matrices, its name, and the facts that theory gives.

Names follow the tool's naming rules: one canonical name for each isomorphism class, ' + ' between sorted summands
with R^n last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

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
    "heis(3)": ("galilei(1)", "carroll(1)", "n(3)"),
    "aff(1)": ("borel(sl(2,R))", "sim(1)"),
    "aff(1) + aff(1)": ("sim(1,1)",),
    "e(2)": ("newton-hooke(1,-)",),
    "e(1,1)": ("newton-hooke(1,+)",),
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
    "A4,5(-1,1)": ("A4,5(-1,-1)",),
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
    also: tuple[str, ...] = ()  # names that the list does not have, but might be thought to
    torus: bool | None = None  # whether a centre that is not written antisymmetric generates a compact group

    @property
    def equally(self) -> tuple[str, ...]:
        """Names that are as right as `called`."""
        return self.also + UNDECIDED.get(self.called or "", ())

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


def facts_of(known: KnownAlgebra) -> dict[str, object]:
    """Everything that `analyze` must say about an entry besides names, by exact arithmetic."""
    found = exact.facts(known.generators)
    antisymmetric = not (known.generators + known.generators.transpose(0, 2, 1)).any()
    # Weyl: a representation of a compact semisimple algebra preserves a positive form; a centre need not.
    torus = known.torus if known.torus is not None else antisymmetric or not found["center_dimension"]
    return {**found, "simple": known.simple, "matrix_compact": bool(found["compact"] and torus)}


def simple(called: str, generators: np.ndarray) -> KnownAlgebra:
    return KnownAlgebra(generators, called, (called,), (called,))


def solvable(called: str | None, generators: np.ndarray, **params: Fraction | int) -> KnownAlgebra:
    """Indecomposable."""
    return KnownAlgebra(generators, called, (), (called,), {key: Fraction(value) for key, value in params.items()})


def mixed(called: str | None, generators: np.ndarray, *levi: str) -> KnownAlgebra:
    """Indecomposable, neither simple nor solvable."""
    return KnownAlgebra(generators, called, tuple(sorted(levi)), (called,))


def summed(
    generators: np.ndarray,
    *factors: str,
    levi: tuple[str, ...] | None = None,
    called: str | None = None,
    torus: bool | None = None,
) -> KnownAlgebra:
    """A direct sum of named summands, written otherwise than in blocks."""
    if levi is None:
        levi = tuple(sorted(name for name in factors if is_simple(name)))
    return KnownAlgebra(generators, called or sum_name(factors), levi, in_order(factors), torus=torus)


def blocks(*parts: KnownAlgebra, called: str | None = None) -> KnownAlgebra:
    """A direct sum in blocks."""
    factors = [name for part in parts for name in part.factors]
    levi = tuple(sorted(name for part in parts for name in part.levi))
    generators = of.block(*(part.generators for part in parts))
    if None in factors:
        return KnownAlgebra(generators, None, levi, in_order(factors))
    return KnownAlgebra(generators, called or sum_name(factors), levi, in_order(factors))


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


def bianchi_vi(a: Fraction | int) -> KnownAlgebra:
    """[e1, .] on R^2 with eigenvalues a + 1, a - 1; h = -a^2."""
    h = -(Fraction(a) ** 2)
    return solvable(f"bianchi(VI,h={number(h)})", of.line_on([[Fraction(a), 1], [1, Fraction(a)]]), h=h)


def bianchi_vii(a: Fraction | int) -> KnownAlgebra:
    """[e1, .] on R^2 with eigenvalues a + i, a - i; h = a^2."""
    h = Fraction(a) ** 2
    return solvable(f"bianchi(VII,h={number(h)})", of.line_on([[Fraction(a), -1], [1, Fraction(a)]]), h=h)


def patera_winternitz(k: int, generators: np.ndarray, **params: Fraction | int) -> KnownAlgebra:
    """A4,k of Patera, Sharp, Winternitz, Zassenhaus, J. Math. Phys. 17 (1976) 986, table I."""
    listed = ",".join(number(value) for value in params.values())
    return solvable(f"A4,{k}({listed})" if params else f"A4,{k}", generators, **params)


def a4_2(a: Fraction | int) -> KnownAlgebra:
    return patera_winternitz(2, of.line_on([[a, 0, 0], [0, 1, 1], [0, 0, 1]]), a=a)


def a4_5(a: Fraction | int, b: Fraction | int) -> KnownAlgebra:
    """-1 <= a <= b <= 1, a b not 0."""
    return patera_winternitz(5, of.line_on([[1, 0, 0], [0, a, 0], [0, 0, b]]), a=a, b=b)


def a4_6(a: Fraction | int, b: Fraction | int) -> KnownAlgebra:
    """a not 0, b >= 0."""
    return patera_winternitz(6, of.line_on([[a, 0, 0], [0, b, 1], [0, -1, b]]), a=a, b=b)


def a4_9(b: Fraction | int) -> KnownAlgebra:
    """-1 < b <= 1."""
    return patera_winternitz(9, of.line_on_heisenberg([[1, 0], [0, b]]), b=b)


def a4_11(a: Fraction | int) -> KnownAlgebra:
    """a > 0."""
    return patera_winternitz(11, of.line_on_heisenberg([[a, 1], [-1, a]]), a=a)
