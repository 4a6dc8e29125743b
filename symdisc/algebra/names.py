"""Names that follow strictly from computed invariants; everything else is `unnamed: ...`, never a guess."""

from __future__ import annotations

from collections.abc import Sequence

from .ideals import Ideal

TRIVIAL = "trivial"
ALIASES = {
    "so(3)": ["su(2)"],
    "sl(2,R)": ["so(2,1)", "su(1,1)", "sp(2,R)"],
    "so(3,1)": ["sl(2,C)"],
    "so(5)": ["sp(2)"],
    "su(4)": ["so(6)"],
    "so(3) + so(3)": ["so(4)"],
    "sl(2,R) + sl(2,R)": ["so(2,2)"],
    "aff(1)": ["borel(sl(2,R))"],
    "heis(3)": ["n(3)", "galilei(1)"],
}


def aliases(name: str) -> list[str]:
    """Isomorphic names of a canonical one."""
    return list(ALIASES.get(name, []))


def abelian(k: int) -> str:
    """The abelian algebra of dimension k."""
    return TRIVIAL if k == 0 else "R" if k == 1 else f"R^{k}"


def simple(ideal: Ideal) -> str | None:
    """A simple algebra by dimension, Killing signature and complex structure; None if not in the table."""
    if ideal.complex:
        return "so(3,1)" if ideal.dimension == 6 else None
    if ideal.dimension == 3:
        return "sl(2,R)" if ideal.positive else "so(3)"
    return None


def describe(ideal: Ideal) -> str:
    """A simple algebra's name, or its invariants."""
    known = simple(ideal)
    if known:
        return known
    kind = "complex simple" if ideal.complex else "simple"
    signature = f"{ideal.positive},{ideal.dimension - ideal.positive},0"
    return f"unnamed: {kind}, dim {ideal.dimension}, rank {ideal.rank}, Killing signature ({signature})"


def semisimple(ideals: Sequence[Ideal]) -> str | None:
    """Direct sum of simple ideals, sorted; None unless each has a name."""
    names = [simple(ideal) for ideal in ideals]
    return " + ".join(sorted(name for name in names if name)) if all(names) else None


def solvable(k: int, nilpotent: bool) -> str | None:
    """Non-abelian solvable algebras that their dimension alone determines."""
    if k == 2:
        return "aff(1)"
    return "heis(3)" if k == 3 and nilpotent else None


def unnamed(k: int, radical: int, nilpotent: bool, levi: str | None) -> str:
    """What stands in place of a name."""
    if radical == k:
        return f"unnamed: {'nilpotent' if nilpotent else 'solvable'}, dim {k}"
    if not radical:
        return f"unnamed: {levi or 'semisimple'}, dim {k}"
    return f"unnamed: levi factor of dim {k - radical} and radical of dim {radical}, dim {k}"
