"""Invariants of integer matrices in exact arithmetic: the ground truth, written apart from the code under test.

Structure constants and the Killing form are integers. Ranks are taken modulo a prime, for speed: equal to the rational
ones unless the prime divides a minor, which entries this small do not reach.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import lcm

import numpy as np

PRIME = 2**26 - 5  # sums of 2048 products of residues stay below 2^63


def echelon(rows: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Reduced row echelon form modulo PRIME without zero rows, and its pivot columns."""
    rows = np.array(rows % PRIME, dtype=np.int64)
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
        rows[others] = (rows[others] - rows[others, column, None] * rows[done]) % PRIME
        pivots.append(column)
    return rows[: len(pivots)], pivots


def rank(rows: np.ndarray) -> int:
    return len(echelon(rows)[1])


def null_space(rows: np.ndarray) -> np.ndarray:
    """Basis of {x: rows @ x = 0} modulo PRIME."""
    reduced, pivots = echelon(rows)
    free = [column for column in range(rows.shape[1]) if column not in pivots]
    basis = np.zeros((len(free), rows.shape[1]), dtype=np.int64)
    basis[np.arange(len(free)), free] = 1
    basis[:, pivots] = -reduced[:, free].T % PRIME
    return basis


def product(a: np.ndarray, b: np.ndarray, axes: int | tuple[int, int] = 1) -> np.ndarray:
    """tensordot of residues modulo PRIME."""
    return np.tensordot(a, b, axes) % PRIME


def inverse(matrix: np.ndarray) -> tuple[np.ndarray, int]:
    """Integers N and D with N / D the inverse of a square integer matrix."""
    size = len(matrix)
    rows = [
        [Fraction(int(value)) for value in row] + [Fraction(i == j) for j in range(size)]
        for i, row in enumerate(matrix)
    ]
    for column in range(size):
        pivot = next(i for i in range(column, size) if rows[i][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = rows[column][column]
        rows[column] = [value / scale if value else value for value in rows[column]]
        for i, row in enumerate(rows):
            if i != column and row[column]:
                factor = row[column]
                rows[i] = [a - factor * b if b else a for a, b in zip(row, rows[column], strict=True)]
    right = [row[size:] for row in rows]
    denominator = lcm(*(value.denominator for row in right for value in row))
    return np.array([[int(value * denominator) for value in row] for row in right], dtype=np.int64), denominator


def coordinates(basis: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, int]:
    """Integers C and D with C @ basis = D vectors; fails if basis is dependent or does not span the vectors."""
    pivots = echelon(basis)[1]
    assert len(pivots) == len(basis), "dependent"
    numerators, denominator = inverse(basis[:, pivots])
    found = vectors[:, pivots] @ numerators
    assert np.array_equal(found @ basis, denominator * vectors), "not in the span"
    return found, denominator


def brackets(generators: np.ndarray) -> np.ndarray:
    """(k, k, m, m) commutators."""
    products = np.tensordot(generators, generators, (2, 1)).transpose(0, 2, 1, 3)
    return products - products.transpose(1, 0, 2, 3)


def constants(generators: np.ndarray) -> np.ndarray:
    """(k, k, k) integer structure constants, up to one positive factor: those of an isomorphic algebra.

    Fails if the matrices are dependent or do not close.
    """
    k = len(generators)
    return coordinates(generators.reshape(k, -1), brackets(generators).reshape(k * k, -1))[0].reshape(k, k, k)


def adjoint(c: np.ndarray) -> np.ndarray:
    """(k, k, k) matrices of ad x_i on columns."""
    return c.transpose(0, 2, 1)


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
    """tr(ad x_i ad x_j)."""
    return np.tensordot(c, c, ([1, 2], [2, 1]))


def signature(form: np.ndarray) -> tuple[int, int, int]:
    """Sylvester: congruence to a diagonal matrix."""
    form = np.array([[Fraction(int(value)) for value in row] for row in form], dtype=object)
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
        for i in np.flatnonzero(column):
            form[i] -= column[i] / pivot * column
        keep = [i for i in range(len(form)) if i != p]
        form = form[np.ix_(keep, keep)]


def nilradical_dimension(c: np.ndarray, radical: np.ndarray) -> int:
    """x in the radical r with tr(ad x a) = 0 for all a in the associative algebra that ad r generates.

    De Graaf, Lie Algebras: Theory and Algorithms (2000), section 2.2; the nilradicals of r and of the algebra agree.
    """
    r = len(radical)
    if r == 0:
        return 0
    reduced, pivots = echelon(radical)
    inner = product(reduced, product(reduced, c), (1, 1)).transpose(1, 0, 2)[:, :, pivots]
    ad = adjoint(inner)
    span = echelon(ad.reshape(r, -1))[0]
    while True:
        products = product(span.reshape(-1, r, r), ad, (2, 1)).transpose(0, 2, 1, 3).reshape(-1, r * r)
        larger = echelon(np.concatenate([span, products]))[0]
        if len(larger) == len(span):
            break
        span = larger
    traces = product(span.reshape(-1, r, r).transpose(0, 2, 1).reshape(-1, r * r), ad.reshape(r, -1).T)
    return len(null_space(traces)) if len(span) else r


def cartan_dimension(c: np.ndarray) -> int:
    """Dimension of a Cartan subalgebra: what ad of a generic element is nilpotent on."""
    k = len(c)
    weights = np.random.default_rng(0).integers(PRIME, size=k)
    power = product(weights, c)
    for _ in range(k.bit_length()):
        power = product(power, power)
    return k - rank(power)


def generated(c: np.ndarray, lost: int) -> np.ndarray:
    """What a generic subspace of codimension `lost` generates."""
    k = len(c)
    span = echelon(np.random.default_rng(0).integers(PRIME, size=(k - lost, k)))[0]
    while True:
        larger = echelon(np.concatenate([span, bracket_space(c % PRIME, span, span)]))[0]
        if len(larger) == len(span):
            return span
        span = larger


def intertwiners(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Basis (r, m, m) modulo PRIME of {X: A_i X + X B_i = 0}."""
    m = left.shape[1]
    one = np.eye(m, dtype=int)
    weights = np.random.default_rng(0).integers(1000, size=len(left))
    # A generic element first: few X are left for the others to rule out.
    a, b = np.tensordot(weights, left, 1), np.tensordot(weights, right, 1)
    basis = null_space(np.kron(a, one) + np.kron(one, b.T)).reshape(-1, m, m)
    for a, b in zip(left % PRIME, right % PRIME, strict=True):
        image = (a @ basis + basis @ b) % PRIME
        if image.any():
            basis = product(null_space(image.reshape(len(basis), -1).T), basis)
    return basis


def commutant_dimension(generators: np.ndarray) -> int:
    return len(intertwiners(generators, -generators))


def form_dimensions(generators: np.ndarray) -> tuple[int, int]:
    """Dimensions of the symmetric and the antisymmetric g with L^T g + g L = 0."""
    forms = intertwiners(generators.transpose(0, 2, 1), generators)
    transposed, size = forms.transpose(0, 2, 1), forms[:1].size
    return rank((forms + transposed).reshape(-1, size or 1)), rank((forms - transposed).reshape(-1, size or 1))


def facts(generators: np.ndarray) -> dict[str, object]:
    """All invariants that exact linear algebra gives, under the keys of `analyze --json`."""
    integers = constants(generators)
    k, c = len(integers), integers % PRIME
    form = killing(integers)
    plus, minus, zero = signature(form)
    derived_terms, lower_terms = series(c, lower=False), series(c, lower=True)
    derived, lower = [len(term) for term in derived_terms], [len(term) for term in lower_terms]
    upper = upper_central(c)
    center = upper[min(1, len(upper) - 1)]
    # Cartan: the radical is orthogonal to [g, g] in the Killing form.
    radical = null_space(product(derived_terms[min(1, len(derived) - 1)], form % PRIME))
    return {
        "dimension": k,
        "killing_signature": [plus, minus, zero],
        "derived_series": derived,
        "lower_central_series": lower,
        "upper_central_series": upper,
        "center_dimension": center,
        "radical_dimension": len(radical),
        "nilradical_dimension": nilradical_dimension(c, radical),
        "rank": cartan_dimension(c),
        "abelian": not c.any(),
        "nilpotent": lower[-1] == 0,
        "solvable": derived[-1] == 0,
        "semisimple": len(radical) == 0,
        # Negative semidefinite with the centre as its kernel: Helgason, Differential Geometry (1978), II.6.
        "compact": (plus, minus, zero) == (0, k - center, center),
        "commutant_dimension": commutant_dimension(generators),
    }
