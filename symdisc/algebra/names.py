"""Words for algebras: direct sums that have a name of their own, isomorphic names, and what stands for no name."""

from __future__ import annotations

import re

TRIVIAL = "trivial"
SUMS = {
    "so(3) + so(3)": ["so(4)"],
    "sl(2,R) + sl(2,R)": ["so(2,2)"],
    "sl(2,R) + so(3)": ["so*(4)"],
    "so(3,1) + so(3,1)": ["so(4,C)"],
    "aff(1) + aff(1)": ["sim(1,1)"],
    "aff(1) + R": ["bianchi(III)", "bianchi(VI,h=-1)"],
    "e(2) + e(2)": ["newton-hooke(2,-)"],
    "sl(2,R) + R": ["u(1,1)"],
    "so(3) + R": ["gl(1,H)"],
    "so(3,1) + R^2": ["gl(2,C)"],
    "so(5,1) + R": ["gl(2,H)"],
}


def aliases(name: str) -> list[str]:
    """Isomorphic names of a direct sum in canonical form."""
    match = re.fullmatch(r"su\((\d+,\d+)\) \+ R|sl\((\d+),C\) \+ R\^2|sl\((\d+),H\) \+ R", name)
    if match:
        unitary, linear, quaternionic = match.groups()
        return [f"u({unitary})" if unitary else f"gl({linear},C)" if linear else f"gl({quaternionic},H)"]
    return list(SUMS.get(name, []))


def canonical(name: str) -> str:
    """gl(n,R) and u(n), which have names of their own."""
    if name == "so(3) + R":
        return "u(2)"
    match = re.fullmatch(r"(sl\((\d+),R\)|su\((\d+)\)) \+ R", name)
    if not match:
        return name
    return f"gl({match[2]},R)" if match[2] else f"u({match[3]})"


def abelian(k: int) -> str:
    """The abelian algebra of dimension k."""
    return TRIVIAL if k == 0 else "R" if k == 1 else f"R^{k}"


def unnamed(k: int, levi: list[str], radical: str, nilpotent: bool) -> str:
    """What stands in place of a name."""
    if not levi:
        return f"unnamed: {'nilpotent' if nilpotent else 'solvable'}, dim {k}"
    simple = " + ".join(name.removeprefix("unnamed: ") for name in levi)
    if radical == TRIVIAL:
        return f"unnamed: {simple}, dim {k}"
    return f"unnamed: {simple if len(levi) == 1 else f'({simple})'} |x {radical}, dim {k}"
