"""Invariants of integer matrices in exact arithmetic: the ground truth, written apart from the code under test.

Structure constants and the Killing form are rational. Ranks are taken modulo a 31-bit prime, for speed: equal to the
rational ones unless the prime divides a minor, which entries this small do not reach.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np

PRIME = 2**31 - 1


def rational_echelon(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Reduced row echelon form without zero rows."""
    done: list[list[Fraction]] = []
    rows = [list(row) for row in rows]
    for column in range(len(rows[0])):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        pivot = [value / pivot[column] for value in pivot]
        for group in (rows, done):
            for index, row in enumerate(group):
                if row[column]:
                    group[index] = [a - row[column] * b for a, b in zip(row, pivot, strict=True)]
        done.append(pivot)
    return done


def echelon(rows: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Reduced row echelon form modulo PRIME without zero rows, and its pivot columns."""
    rows = np.asarray(rows % PRIME, dtype=np.int64)
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        done = len(pivots)
        below = np.flatnonzero(rows[done:, column])
        if not len(below):
            continue
        rows[[done, done + below[0]]] = rows[[done + below[0], done]]
        rows[done] = rows[done] * pow(int(rows[done, column]), -1, PRIME) % PRIME
        others = np.flatnonzero(rows[:, column])
        others = others[others != done]
        rows[others] = (rows[others] - rows[others, column, None] * rows[done] % PRIME) % PRIME
        pivots.append(column)
    return rows[: len(pivots)], pivots


def null_space(rows: np.ndarray) -> np.ndarray:
    """Basis of {x: rows @ x = 0} modulo PRIME."""
    reduced, pivots = echelon(rows)
    free = [column for column in range(rows.shape[1]) if column not in pivots]
    basis = np.zeros((len(free), rows.shape[1]), dtype=np.int64)
    basis[np.arange(len(free)), free] = 1
    basis[:, pivots] = -reduced[:, free].T % PRIME
    return basis


def product(a: np.ndarray, b: np.ndarray, axes: int | tuple[int, int] = 1) -> np.ndarray:
    """tensordot modulo PRIME; Python integers do not overflow."""
    return np.asarray(np.tensordot(a.astype(object), b.astype(object), axes) % PRIME, dtype=np.int64)


def constants(generators: np.ndarray) -> np.ndarray:
    """(k, k, k) rational structure constants; fails if the matrices are dependent or do not close."""
    k = len(generators)
    brackets = [a @ b - b @ a for a in generators for b in generators]
    columns = np.concatenate([generators.reshape(k, -1), np.array(brackets).reshape(k * k, -1)]).T
    rows = rational_echelon([[Fraction(int(value)) for value in row] for row in columns])
    assert len(rows) == k, "not closed"
    assert all(row[i] == 1 for i, row in enumerate(rows)), "dependent"
    return np.array([row[k:] for row in rows], dtype=object).T.reshape(k, k, k)


def bracket_space(c: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return echelon(product(b, product(a, c), (1, 1)).reshape(-1, len(c)))[0]


def series(c: np.ndarray, lower: bool) -> list[np.ndarray]:
    terms = [np.eye(len(c), dtype=np.int64)]
    while True:
        smaller = bracket_space(c, terms[0] if lower else terms[-1], terms[-1])
        if len(smaller) == len(terms[-1]):
            return terms
        terms.append(smaller)


def upper_central(c: np.ndarray) -> list[int]:
    """x is in the next term iff phi([x, y]) = 0 for all y and all functionals phi that vanish on the last term."""
    k = len(c)
    dimensions, last = [0], np.zeros((0, k), dtype=np.int64)
    while True:
        functionals = null_space(last)
        last = null_space(product(c, functionals, (2, 1)).transpose(1, 2, 0).reshape(-1, k))
        if len(last) == dimensions[-1]:
            return dimensions
        dimensions.append(len(last))


def killing(c: np.ndarray) -> np.ndarray:
    return np.array([[(a * b.T).sum() for b in c] for a in c], dtype=object)


def signature(form: np.ndarray) -> tuple[int, int, int]:
    """Sylvester: congruence to a diagonal matrix."""
    form = form.copy()
    size, plus, minus = len(form), 0, 0
    while True:
        on_diagonal = [i for i in range(len(form)) if form[i, i]]
        if not on_diagonal:
            pair = next(((i, j) for i, j in combinations(range(len(form)), 2) if form[i, j]), None)
            if pair is None:
                return plus, minus, size - plus - minus
            form[pair[0]] += form[pair[1]]
            form[:, pair[0]] += form[:, pair[1]]
            on_diagonal = [pair[0]]
        p = on_diagonal[0]
        pivot, column = form[p, p], form[:, p].copy()
        plus, minus = plus + (pivot > 0), minus + (pivot < 0)
        keep = [i for i in range(len(form)) if i != p]
        form = (form - np.outer(column, column) / pivot)[np.ix_(keep, keep)]


def invariant_dimension(left: np.ndarray, right: np.ndarray, parity: int = 0) -> int:
    """Dimension of {X: A_i X + X B_i = 0}, all X, or only those with X^T = parity X."""
    m = left.shape[1]
    one = np.eye(m, dtype=int)
    rows = [np.kron(a, one) + np.kron(one, b.T) for a, b in zip(left, right, strict=True)]
    if parity:
        transpose = np.eye(m * m, dtype=int).reshape(m, m, m * m).transpose(1, 0, 2).reshape(m * m, m * m)
        rows.append(transpose - parity * np.eye(m * m, dtype=int))
    return m * m - len(echelon(np.concatenate(rows))[1])


def commutant_dimension(generators: np.ndarray) -> int:
    return invariant_dimension(generators, -generators)


def form_dimensions(generators: np.ndarray) -> tuple[int, int]:
    """Dimensions of the symmetric and the antisymmetric g with L^T g + g L = 0."""
    transposed = generators.transpose(0, 2, 1)
    return invariant_dimension(transposed, generators, 1), invariant_dimension(transposed, generators, -1)


def facts(generators: np.ndarray) -> dict[str, object]:
    """All invariants that exact linear algebra gives, under the keys of `analyze --json`."""
    rational = constants(generators)
    form = killing(rational)
    to_prime = np.vectorize(lambda x: x.numerator * pow(x.denominator, -1, PRIME) % PRIME, otypes=[np.int64])
    c = to_prime(rational)
    derived_terms, lower_terms = series(c, lower=False), series(c, lower=True)
    derived, lower = [len(term) for term in derived_terms], [len(term) for term in lower_terms]
    upper = upper_central(c)
    # Cartan: the radical is orthogonal to [g, g] in the Killing form.
    radical = len(null_space(product(derived_terms[min(1, len(derived) - 1)], to_prime(form))))
    return {
        "dimension": len(c),
        "killing_signature": list(signature(form)),
        "derived_series": derived,
        "lower_central_series": lower,
        "upper_central_series": upper,
        "center_dimension": upper[min(1, len(upper) - 1)],
        "radical_dimension": radical,
        "abelian": not c.any(),
        "nilpotent": lower[-1] == 0,
        "solvable": derived[-1] == 0,
        "semisimple": radical == 0,
        "commutant_dimension": commutant_dimension(generators),
    }
