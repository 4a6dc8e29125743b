"""Names of simple real Lie algebras up to rank 8 (Helgason, Differential Geometry, Lie Groups, and Symmetric Spaces,
1978, chapter X, table V): type, rank and number of positive eigenvalues of the Killing form decide."""

from __future__ import annotations

from functools import lru_cache

HIGHEST_RANK = 8
EXCEPTIONAL: dict[tuple[str, int], dict[int, str]] = {
    ("G", 2): {0: "g2(-14)", 8: "g2(2)"},
    ("F", 4): {0: "f4(-52)", 16: "f4(-20)", 28: "f4(4)"},
    ("E", 6): {0: "e6(-78)", 26: "e6(-26)", 32: "e6(-14)", 40: "e6(2)", 42: "e6(6)"},
    ("E", 7): {0: "e7(-133)", 54: "e7(-25)", 64: "e7(-5)", 70: "e7(7)"},
    ("E", 8): {0: "e8(-248)", 112: "e8(-24)", 128: "e8(8)"},
}
EXCEPTIONAL_SIZE = {("G", 2): 14, ("F", 4): 52, ("E", 6): 78, ("E", 7): 133, ("E", 8): 248}


def cartan_type(dimension: int, rank: int, short: int) -> str | None:
    """Letter of a complex simple algebra.

    Args:
        dimension, rank: over the complex numbers.
        short: number of roots shorter than the longest.
    """
    n = rank
    if dimension == n * (n + 2):
        return "A"
    if dimension == EXCEPTIONAL_SIZE.get(("E", n)) and short == 0:
        return "E"
    if dimension == n * (2 * n + 1):
        return "B" if short == 2 * n else "C" if short == 2 * n * (n - 1) else None
    if n > 3 and dimension == n * (2 * n - 1):
        return "D"
    return next((letter for (letter, r), size in EXCEPTIONAL_SIZE.items() if (r, size) == (n, dimension)), None)


def simple_names(letter: str, rank: int, positive: int, is_complex: bool) -> list[str]:
    """The canonical name of a simple algebra, then its other names; empty where there is no such real form.

    Args:
        letter, rank: of the complex algebra.
        positive: number of positive eigenvalues of the Killing form.
        is_complex: a complex algebra seen as a real one.
    """
    if rank > HIGHEST_RANK:
        return []
    if is_complex:
        return list(_complex(letter, rank))
    return list(_real(letter, rank).get(positive, ()))


def _complex(letter: str, n: int) -> tuple[str, ...]:
    names = {
        ("A", 1): ("so(3,1)", "sl(2,C)", "so(3,C)", "sp(2,C)"),
        ("B", 2): ("sp(4,C)", "so(5,C)"),
        ("C", 2): ("sp(4,C)", "so(5,C)"),
        ("A", 3): ("sl(4,C)", "so(6,C)"),
    }.get((letter, n))
    if names:
        return names
    size = {"A": n + 1, "B": 2 * n + 1, "C": 2 * n, "D": 2 * n}.get(letter)
    return (f"{ {'A': 'sl', 'C': 'sp'}.get(letter, 'so') }({size},C)",) if size else (f"{letter.lower()}{n}(C)",)


SMALL: dict[tuple[str, int], dict[int, tuple[str, ...]]] = {
    ("A", 1): {0: ("so(3)", "su(2)", "sp(1)"), 2: ("sl(2,R)", "so(2,1)", "su(1,1)", "sp(2,R)")},
    ("B", 2): {
        0: ("so(5)", "sp(2)"),
        4: ("so(4,1)", "sp(1,1)"),
        6: ("so(3,2)", "sp(4,R)"),
    },
    ("A", 3): {
        0: ("su(4)", "so(6)"),
        5: ("so(5,1)", "sl(2,H)", "su*(4)"),
        6: ("su(3,1)", "so*(6)"),
        8: ("su(2,2)", "so(4,2)"),
        9: ("sl(4,R)", "so(3,3)"),
    },
}
SMALL["C", 2] = SMALL["B", 2]


@lru_cache
def _real(letter: str, n: int) -> dict[int, tuple[str, ...]]:
    if (letter, n) in SMALL:
        return SMALL[letter, n]
    forms: dict[int, tuple[str, ...]] = {}
    if letter == "A":
        m = n + 1
        forms = {2 * (m - q) * q: (_pair("su", m - q, q),) for q in range(m // 2 + 1)}
        forms[(m - 1) * (m + 2) // 2] = (f"sl({m},R)",)
        if m % 2 == 0:
            forms[(m // 2 - 1) * (m + 1)] = (f"sl({m // 2},H)", f"su*({m})")
    elif letter in "BD":
        m = 2 * n + (letter == "B")
        forms = {(m - q) * q: (_pair("so", m - q, q),) for q in range(m // 2 + 1)}
        if letter == "D":
            star = f"so*({m})"
            forms[n * (n - 1)] = (*forms.get(n * (n - 1), ()), star)
    elif letter == "C":
        forms = {4 * (n - q) * q: (_pair("sp", n - q, q),) for q in range(n // 2 + 1)}
        forms[n * (n + 1)] = (f"sp({2 * n},R)",)
    else:
        forms = {positive: (name,) for positive, name in EXCEPTIONAL[letter, n].items()}
    return forms


def _pair(family: str, p: int, q: int) -> str:
    return f"{family}({p},{q})" if q else f"{family}({p})"
