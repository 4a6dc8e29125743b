"""Dimensions of spaces of invariants, from combinatorics and from integrals of characters over tori: no linear algebra,
and nothing of the package."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product
from math import comb, factorial

Weights = Counter


def bell(n: int, blocks: int | None = None) -> int:
    """Partitions of n things into at most so many blocks: rank of T_n of S(blocks)."""
    row = [1] + [0] * n
    for _ in range(n):
        row = [0] + [row[k - 1] + k * row[k] for k in range(1, n + 1)]
    return sum(row[: n + 1 if blocks is None else min(blocks, n) + 1])


def riordan(n: int) -> int:
    """Rank of T_n of SO(3)."""
    return sum((-1) ** (n - k) * comb(n, k) * catalan(k) for k in range(n + 1))


def catalan(n: int) -> int:
    """Rank of T_2n of SU(2) on C^2 and of Sp(1)."""
    return comb(2 * n, n) // (n + 1)


def matchings(n: int) -> int:
    """Pairings of n things: rank of T_n of O(d) for 2 d >= n."""
    return 0 if n % 2 else factorial(n) // (2 ** (n // 2) * factorial(n // 2))


def burnside(group: list[tuple[int, ...]], order: int) -> int:
    """Rank of T_order of a permutation group that is listed whole: the mean of fixed points to that power."""
    total = sum(sum(i == p for i, p in enumerate(element)) ** order for element in group)
    assert total % len(group) == 0
    return total // len(group)


def symmetric(n: int) -> list[tuple[int, ...]]:
    """All permutations."""
    return list(permutations(range(n)))


def alternating(n: int) -> list[tuple[int, ...]]:
    """The even ones."""
    return [p for p in permutations(range(n)) if sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n)) % 2 == 0]


def cyclic(n: int) -> list[tuple[int, ...]]:
    """Rotations of n places."""
    return [tuple((i + k) % n for i in range(n)) for k in range(n)]


def multiply(one: Weights, two: Weights) -> Weights:
    """Weights of a tensor product."""
    found: Weights = Counter()
    for a, m in one.items():
        for b, n in two.items():
            found[tuple(x + y for x, y in zip(a, b, strict=True))] += m * n
    return found


def dual(weights: Weights) -> Weights:
    """Weights of the dual."""
    return Counter({tuple(-x for x in w): n for w, n in weights.items()})


def invariants(vector: Weights, positive: list[tuple[int, ...]], p: int, q: int = 0) -> int:
    """Weyl's integral: the constant term of the character of T(p, q) times the product of 1 - e^-root.

    Args:
        vector: weights of V, with multiplicities.
        positive: positive roots in the same coordinates; [] for a torus.
    """
    rank = len(next(iter(vector)))
    total: Weights = Counter({(0,) * rank: 1})
    for _ in range(p):
        total = multiply(total, vector)
    for _ in range(q):
        total = multiply(total, dual(vector))
    for root in positive:
        total = multiply(total, Counter({(0,) * rank: 1, tuple(-x for x in root): -1}))
    return total[(0,) * rank]


def unit(n: int, i: int, sign: int = 1) -> tuple[int, ...]:
    """+-e_i."""
    return tuple(sign * (i == j) for j in range(n))


def add(a: tuple[int, ...], b: tuple[int, ...], sign: int = 1) -> tuple[int, ...]:
    """a + b or a - b."""
    return tuple(x + sign * y for x, y in zip(a, b, strict=True))


def so(n: int) -> tuple[Weights, list[tuple[int, ...]]]:
    """Weights of the vectors, and positive roots, of so(n)."""
    r = n // 2
    vector: Weights = Counter({unit(r, i, s): 1 for i, s in product(range(r), (1, -1))})
    pairs = [(i, j) for i in range(r) for j in range(i + 1, r)]
    roots = [add(unit(r, i), unit(r, j), s) for i, j in pairs for s in (1, -1)]
    if n % 2:
        vector[(0,) * r] += 1
        roots += [unit(r, i) for i in range(r)]
    return vector, roots


def sp(r: int) -> tuple[Weights, list[tuple[int, ...]]]:
    """The same for sp(2r)."""
    vector, roots = so(2 * r)
    return vector, roots + [tuple(2 * x for x in unit(r, i)) for i in range(r)]


def gl(n: int) -> tuple[Weights, list[tuple[int, ...]]]:
    """The same for gl(n), of which U(n) is the compact form."""
    vector: Weights = Counter({unit(n, i): 1 for i in range(n)})
    return vector, [add(unit(n, i), unit(n, j), -1) for i in range(n) for j in range(i + 1, n)]


def sl(n: int) -> tuple[Weights, list[tuple[int, ...]]]:
    """The same for sl(n), in coordinates of the first n - 1 weights."""
    vector, roots = gl(n)

    def traceless(w: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(x - w[-1] for x in w[:-1])

    return Counter({traceless(w): k for w, k in vector.items()}), [traceless(w) for w in roots]


def realified(made: tuple[Weights, list[tuple[int, ...]]]) -> tuple[Weights, list[tuple[int, ...]]]:
    """A complex representation as a real one of twice the size: with its dual."""
    vector, roots = made
    return vector + dual(vector), roots


def pairs() -> list[tuple[str, int, int, int]]:
    """(group, p, q, rank of T(p, q))."""
    found = [("SO(3)", n, 0, riordan(n)) for n in range(1, 8)]
    found += [("O(3)", n, 0, matchings(n)) for n in (2, 3, 4, 6)]
    found += [("O(5)", n, 0, matchings(n)) for n in (2, 3, 4)]
    found += [("O(2)", n, 0, comb(n, n // 2) // 2) for n in (2, 4, 6)]
    found += [("Sp(1)", 2 * n, 0, catalan(n)) for n in (1, 2, 3, 4)]
    found += [("S(6)", n, 0, bell(n)) for n in (1, 2, 3, 4)] + [("S(3)", n, 0, bell(n, 3)) for n in (3, 4, 5)]
    found += [("A(4)", n, 0, burnside(alternating(4), n)) for n in (2, 3, 4)]
    found += [("Z(5)", n, 0, burnside(cyclic(5), n)) for n in (1, 2, 3)]
    continuous = [
        ("SO(2)", so(2), [(2, 0), (4, 0), (3, 3)]),
        ("SO(4)", so(4), [(2, 0), (4, 0), (2, 1)]),
        ("so(5)", so(5), [(4, 0), (5, 0)]),
        ("SO+(1,3)", so(4), [(1, 1), (2, 2), (4, 0), (3, 2)]),
        ("so(2,1)", so(3), [(2, 1), (4, 0), (3, 3)]),
        ("so(2,2)", so(4), [(2, 2)]),
        ("Sp(2)", sp(2), [(2, 0), (4, 0), (6, 0), (2, 2)]),
        ("SL(2)", sl(2), [(2, 0), (4, 0), (3, 3)]),
        ("SL(3)", sl(3), [(3, 0), (2, 2), (4, 1), (3, 3)]),
        ("gl(2)", gl(2), [(2, 1), (2, 2), (3, 3)]),
        ("gl(3)", gl(3), [(2, 2)]),
        ("SU(2)", realified(sl(2)), [(2, 0), (1, 1), (4, 0)]),
        ("SU(3)", realified(sl(3)), [(1, 1), (3, 0), (2, 2)]),
        ("U(2)", realified(gl(2)), [(2, 0), (3, 1)]),
    ]
    for name, made, reps in continuous:
        found += [(name, p, q, invariants(*made, p, q)) for p, q in reps]
    return found
