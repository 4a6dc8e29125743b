"""Matrix Lie algebras written from their definitions: exact integer generators (k, m, m)."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, combinations_with_replacement
from math import gcd, lcm

import exact
import numpy as np


def unit(m: int, i: int, j: int) -> np.ndarray:
    matrix = np.zeros((m, m), dtype=int)
    matrix[i, j] = 1
    return matrix


def stack(*matrices: np.ndarray) -> np.ndarray:
    return np.array([np.asarray(matrix) for matrix in matrices])


def metric(p: int, q: int) -> np.ndarray:
    return np.diag([1] * p + [-1] * q)


ROTATION = np.array([[[0, -1], [1, 0]]])
BOOST = np.array([[[0, 1], [1, 0]]])


# Real matrices


def pseudo_orthogonal(p: int, q: int = 0) -> np.ndarray:
    """so(p,q): L^T eta + eta L = 0, eta = diag(1 .. 1, -1 .. -1)."""
    m = p + q
    eta = metric(p, q)
    rows = [eta @ (unit(m, i, j) - unit(m, j, i)) for i, j in combinations(range(m), 2)]
    return np.array(rows, dtype=int).reshape(-1, m, m)


def general_linear(m: int) -> np.ndarray:
    return stack(*(unit(m, i, j) for i in range(m) for j in range(m)))


def special_linear(m: int) -> np.ndarray:
    off = [unit(m, i, j) for i in range(m) for j in range(m) if i != j]
    return stack(*off, *(unit(m, i, i) - unit(m, i + 1, i + 1) for i in range(m - 1)))


def symplectic(n: int) -> np.ndarray:
    """sp(2n,R): [[A, B], [C, -A^T]], B and C symmetric."""
    zero = np.zeros((n, n), dtype=int)
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    symmetric = [unit(n, i, j) + unit(n, j, i) for i, j in pairs]
    a = [np.block([[unit(n, i, j), zero], [zero, -unit(n, j, i)]]) for i in range(n) for j in range(n)]
    b = [np.block([[zero, s], [zero, zero]]) for s in symmetric]
    return stack(*a, *b, *(matrix.T for matrix in b))


def upper(m: int, strictly: bool) -> np.ndarray:
    return stack(*(unit(m, i, j) for i in range(m) for j in range(i + strictly, m)))


def borel(m: int) -> np.ndarray:
    return stack(*upper(m, True), *(unit(m, i, i) - unit(m, i + 1, i + 1) for i in range(m - 1)))


def symplectic_form(n: int) -> np.ndarray:
    return np.kron(np.array([[0, 1], [-1, 0]]), np.eye(n, dtype=int))


# Complex matrices, as real ones


def realified(matrices: list[np.ndarray]) -> np.ndarray:
    """a + ib as [[a, -b], [b, a]]."""
    return stack(*(np.block([[z.real, -z.imag], [z.imag, z.real]]).astype(int) for z in matrices))


def complexified(generators: np.ndarray) -> np.ndarray:
    """The complex span of real matrices."""
    return realified([*generators.astype(complex), *(1j * generators)])


def over_dual_numbers(generators: np.ndarray) -> np.ndarray:
    """a + eps b, eps^2 = 0, as [[a, b], [0, a]]: the algebra acting on itself as an abelian one."""
    one, eps = np.eye(2, dtype=int), np.array([[0, 1], [0, 0]])
    return stack(*(np.kron(one, matrix) for matrix in generators), *(np.kron(eps, matrix) for matrix in generators))


def special_linear_complex(m: int) -> np.ndarray:
    return complexified(special_linear(m))


def unitary(p: int, q: int = 0, special: bool = True) -> np.ndarray:
    """su(p,q) or u(p,q): A^+ eta + eta A = 0."""
    m = p + q
    eta = metric(p, q)
    real = [(eta @ (unit(m, i, j) - unit(m, j, i))).astype(complex) for i, j in combinations(range(m), 2)]
    imaginary = [1j * eta @ (unit(m, i, j) + unit(m, j, i)) for i, j in combinations(range(m), 2)]
    diagonal = [1j * (unit(m, i, i) - unit(m, i + 1, i + 1)) for i in range(m - 1)]
    phase = [] if special else [1j * np.eye(m)]
    return realified([*real, *imaginary, *diagonal, *phase])


# Quaternionic matrices: each entry a quaternion, as the real 4 x 4 matrix of its left multiplication


def doubled_product(x: np.ndarray, y: np.ndarray, sign: int) -> np.ndarray:
    """Cayley-Dickson: (a, b)(c, d) = (a c + sign d* b, d a + b c*); the innermost doublings have sign -1."""
    if len(x) == 1:
        return x * y
    half = len(x) // 2
    a, b, c, d = x[:half], x[half:], y[:half], y[half:]

    def conjugate(z: np.ndarray) -> np.ndarray:
        return np.concatenate([z[:1], -z[1:]])

    first = doubled_product(a, c, -1) + sign * doubled_product(conjugate(d), b, -1)
    return np.concatenate([first, doubled_product(d, a, -1) + doubled_product(b, conjugate(c), -1)])


def multiplications(size: int, sign: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Left and right multiplication by each unit: quaternions (size 4), octonions (8), split octonions (8, sign 1)."""
    units = np.eye(size, dtype=int)
    left = stack(*(np.array([doubled_product(u, v, sign) for v in units]).T for u in units))
    right = stack(*(np.array([doubled_product(v, u, sign) for v in units]).T for u in units))
    return left, right


QUATERNIONS = multiplications(4)[0]


def hermitian_quaternionic(n: int, sign: int) -> list[np.ndarray]:
    """Basis of the quaternionic n x n matrices with B* = sign B."""
    diagonal = QUATERNIONS[:1] if sign > 0 else QUATERNIONS[1:]
    on = [np.kron(unit(n, i, i), q) for i in range(n) for q in diagonal]
    # The transpose of a left multiplication is that of the conjugate.
    off = [
        np.kron(unit(n, i, j), q) + sign * np.kron(unit(n, j, i), q.T)
        for i, j in combinations(range(n), 2)
        for q in QUATERNIONS
    ]
    return on + off


def compact_symplectic(p: int, q: int = 0) -> np.ndarray:
    """sp(p,q): A* eta + eta A = 0, hence A = eta B with B* = -B."""
    eta = np.kron(metric(p, q), np.eye(4, dtype=int))
    return stack(*(eta @ b for b in hermitian_quaternionic(p + q, -1)))


def orthogonal_star(n: int) -> np.ndarray:
    """so*(2n): A* j + j A = 0 on H^n, hence A = -j B with B* = B."""
    j = np.kron(np.eye(n, dtype=int), QUATERNIONS[2])
    return stack(*(-j @ b for b in hermitian_quaternionic(n, 1)))


def special_linear_quaternionic(n: int) -> np.ndarray:
    """sl(n,H): real part of the trace zero."""
    off = [np.kron(unit(n, i, j), q) for i in range(n) for j in range(n) if i != j for q in QUATERNIONS]
    on = [np.kron(unit(n, i, i), q) for i in range(n) for q in QUATERNIONS[1:]]
    real = [np.kron(unit(n, i, i) - unit(n, i + 1, i + 1), QUATERNIONS[0]) for i in range(n - 1)]
    return stack(*off, *on, *real)


# Octonions


def independent(generators: np.ndarray) -> np.ndarray:
    """The first of them that span the rest."""
    return generators[exact.echelon(generators.reshape(len(generators), -1).T)[1]]


def g2(split: bool) -> np.ndarray:
    """Derivations [L_a, L_b] + [L_a, R_b] + [R_a, R_b] of the (split) octonions, on the seven imaginary units."""
    left, right = multiplications(8, 1 if split else -1)

    def bracket(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a @ b - b @ a

    pairs = combinations(range(1, 8), 2)
    derivations = [
        bracket(left[a], left[b]) + bracket(left[a], right[b]) + bracket(right[a], right[b]) for a, b in pairs
    ]
    return independent(stack(*derivations)[:, 1:, 1:])


def octonion_spinors(split: bool) -> np.ndarray:
    """so(7), or so(4,3), on spinors: products of two anticommuting left multiplications by imaginary units."""
    left = multiplications(8, 1 if split else -1)[0]
    return stack(*(left[a] @ left[b] for a, b in combinations(range(1, 8), 2)))


def albert(derivations: bool) -> np.ndarray:
    """f4(-52), the derivations of the Jordan algebra of hermitian 3 x 3 octonion matrices, on its 27 dimensions; or
    e6(-26), with multiplications by traceless matrices (Jacobson, Exceptional Lie Algebras, 1971)."""
    left = multiplications(8)[0]
    conjugation = np.diag([1] + [-1] * 7)

    def hermitian(v: np.ndarray) -> np.ndarray:
        x = np.zeros((3, 3, 8), dtype=int)
        x[range(3), range(3), 0] = v[:3]
        for (i, j), entry in zip(combinations(range(3), 2), v[3:].reshape(3, 8), strict=True):
            x[i, j], x[j, i] = entry, conjugation @ entry
        return x

    def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.einsum("ija,abc,jkc->ikb", x, left, y)

    def multiplication(v: np.ndarray) -> np.ndarray:
        columns = []
        for w in np.eye(27, dtype=int):
            z = product(hermitian(v), hermitian(w)) + product(hermitian(w), hermitian(v))
            columns.append(np.concatenate([z[range(3), range(3), 0], *(z[i, j] for i, j in combinations(range(3), 2))]))
        return np.array(columns).T

    units = np.eye(27, dtype=int)
    traceless = [multiplication(v) for v in [units[0] - units[1], units[1] - units[2], *units[3:]]]
    inner = independent(stack(*(a @ b - b @ a for a, b in combinations(traceless, 2))))
    return inner if derivations else np.concatenate([traceless, inner])


# Other representations of the same algebra


def dual(generators: np.ndarray) -> np.ndarray:
    return -generators.transpose(0, 2, 1)


def repeated(generators: np.ndarray, times: int = 2) -> np.ndarray:
    """The same action on several copies of the space."""
    return stack(*(np.kron(np.eye(times, dtype=int), matrix) for matrix in generators))


def on_tensors(generators: np.ndarray) -> np.ndarray:
    """The same algebra on V (x) V."""
    one = np.eye(generators.shape[1], dtype=int)
    return stack(*(np.kron(matrix, one) + np.kron(one, matrix) for matrix in generators))


def on_subspace(generators: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Action on an invariant subspace with the given rows as basis, each generator scaled to coprime integers."""
    k, n = len(generators), len(basis)
    images = (generators @ basis.T).transpose(0, 2, 1).reshape(k * n, -1)
    found = exact.coordinates(basis, images)[0].reshape(k, n, n).transpose(0, 2, 1)
    return stack(*(matrix // max(gcd(*map(int, matrix.ravel())), 1) for matrix in found))


def exterior_square(generators: np.ndarray) -> np.ndarray:
    m = generators.shape[1]
    pairs = combinations(range(m), 2)
    basis = stack(*(unit(m, i, j) - unit(m, j, i) for i, j in pairs)).reshape(-1, m * m)
    return on_subspace(on_tensors(generators), basis)


def symmetric_square(generators: np.ndarray) -> np.ndarray:
    m = generators.shape[1]
    pairs = combinations_with_replacement(range(m), 2)
    basis = stack(*(unit(m, i, j) + unit(m, j, i) for i, j in pairs)).reshape(-1, m * m)
    return on_subspace(on_tensors(generators), basis)


def traceless_symmetric(p: int, q: int = 0) -> np.ndarray:
    """so(p,q) on traceless symmetric tensors: spin 2 where p + q = 3."""
    m = p + q
    eta = metric(p, q)
    off = [unit(m, i, j) + unit(m, j, i) for i, j in combinations(range(m), 2)]
    on = [eta[i, i] * unit(m, i, i) - eta[i + 1, i + 1] * unit(m, i + 1, i + 1) for i in range(m - 1)]
    return on_subspace(on_tensors(pseudo_orthogonal(p, q)), stack(*off, *on).reshape(-1, m * m))


def adjoint(generators: np.ndarray) -> np.ndarray:
    """ad x_i; faithful where the centre is zero."""
    return exact.adjoint(exact.constants(generators))


def binary_forms(degree: int) -> np.ndarray:
    """sl(2,R) on homogeneous polynomials in x, y: x d_y, y d_x, x d_x - y d_y on x^(n-i) y^i."""
    n, m = degree, degree + 1
    raising = np.diag(range(1, m), 1)
    lowering = np.diag(range(n, 0, -1), -1)
    return stack(raising, lowering, np.diag(range(n, -n - 1, -2)))


# Sums


def block(*parts: np.ndarray) -> np.ndarray:
    """Direct sum acting on a direct sum of spaces."""
    m = sum(part.shape[1] for part in parts)
    result, start = [], 0
    for part in parts:
        stop = start + part.shape[1]
        for matrix in part:
            padded = np.zeros((m, m), dtype=int)
            padded[start:stop, start:stop] = matrix
            result.append(padded)
        start = stop
    return stack(*result)


def scaled(m: int) -> np.ndarray:
    return np.eye(m, dtype=int)[None]


def with_dilation(generators: np.ndarray) -> np.ndarray:
    return np.concatenate([generators, scaled(generators.shape[1])])


def affine(linear: np.ndarray) -> np.ndarray:
    """linear |x R^m in homogeneous coordinates."""
    k, m, _ = linear.shape
    padded = np.zeros((k, m + 1, m + 1), dtype=int)
    padded[:, :m, :m] = linear
    return stack(*padded, *(unit(m + 1, i, m) for i in range(m)))


def with_heisenberg(linear: np.ndarray, omega: np.ndarray) -> np.ndarray:
    """linear |x heis(2n+1) on (z, w, 1): w += u, z += omega(u, w), with L^T omega + omega L = 0."""
    m = len(omega) + 2
    padded = np.zeros((len(linear), m, m), dtype=int)
    padded[:, 1:-1, 1:-1] = linear
    shifts = []
    for i, row in enumerate(omega):
        shift = unit(m, i + 1, m - 1)
        shift[0, 1:-1] = row
        shifts.append(shift)
    return stack(*padded, *shifts, unit(m, 0, m - 1))


# Solvable algebras


def heisenberg(n: int) -> np.ndarray:
    """heis(2n+1) on R^(n+2): x_i = E(0, i), y_i = E(i, n+1), z = E(0, n+1)."""
    m = n + 2
    xs = [unit(m, 0, i) for i in range(1, n + 1)]
    return stack(*xs, *(unit(m, i, m - 1) for i in range(1, n + 1)), unit(m, 0, m - 1))


def integral(matrix: list[list[Fraction | int]]) -> np.ndarray:
    """A rational matrix times the common denominator of its entries."""
    scale = lcm(*(Fraction(value).denominator for row in matrix for value in row))
    return np.array([[int(value * scale) for value in row] for row in matrix])


def line_on(matrix: list[list[Fraction | int]]) -> np.ndarray:
    """R |x R^n, the first generator acting by `matrix`, up to scale."""
    return affine(integral(matrix)[None])


def lines_on(*matrices: list[list[int]]) -> np.ndarray:
    """R^j |x R^n, with commuting matrices."""
    return affine(np.array(matrices))


def line_on_heisenberg(matrix: list[list[Fraction | int]]) -> np.ndarray:
    """R |x heis(3), the first generator acting on (x, y) by `matrix`, up to scale, and on z by its trace.

    In coordinates (z, x, y, 1) the action is z += (u, omega w), so that [u, v] = 2 u omega v z.
    """
    act = np.zeros((4, 4), dtype=int)
    act[1:3, 1:3] = integral(matrix)
    act[0, 0] = np.trace(act)
    x = unit(4, 1, 3) + unit(4, 0, 2)
    y = unit(4, 2, 3) - unit(4, 0, 1)
    return stack(act, x, y, unit(4, 0, 3))


def oscillator() -> np.ndarray:
    return line_on_heisenberg([[0, 1], [-1, 0]])


def bianchi(matrix: list[list[int]]) -> np.ndarray:
    return line_on(matrix)


def free_nilpotent(generators: int) -> np.ndarray:
    """Step 2 on R^g: x_i = E(i, 0) + sum over j of [x_i, x_j] / 2, in coordinates (1, x_j, [x_i, x_j])."""
    g = generators
    pairs = list(combinations(range(g), 2))
    m = 1 + g + len(pairs)
    result = []
    for i in range(g):
        matrix = unit(m, 1 + i, 0)
        for index, (a, b) in enumerate(pairs):
            matrix[1 + g + index, 1 + b] += a == i
            matrix[1 + g + index, 1 + a] -= b == i
        result.append(matrix)
    return stack(*result, *(unit(m, 1 + g + index, 0) for index in range(len(pairs))))


# Physics


def galilei(n: int) -> np.ndarray:
    """Rotations, boosts, translations and time shift on (x, t, 1)."""
    m = n + 2
    rotations = np.zeros((n * (n - 1) // 2, m, m), dtype=int)
    rotations[:, :n, :n] = pseudo_orthogonal(n)
    boosts = [unit(m, i, n) for i in range(n)]
    return stack(*rotations, *boosts, *(unit(m, i, n + 1) for i in range(n)), unit(m, n, n + 1))


def bargmann(n: int) -> np.ndarray:
    """Galilei with the mass as centre: on (x, t, s, 1) boosts do x += v t, s -= v x, and the mass shifts s."""
    m, t, s, one = n + 3, n, n + 1, n + 2
    rotations = np.zeros((n * (n - 1) // 2, m, m), dtype=int)
    rotations[:, :n, :n] = pseudo_orthogonal(n)
    boosts = [unit(m, i, t) - unit(m, s, i) for i in range(n)]
    shifts = [unit(m, i, one) for i in range(n)]
    return stack(*rotations, *boosts, *shifts, unit(m, t, one), unit(m, s, one))


def carroll(n: int) -> np.ndarray:
    """Rotations, translations and boosts t += b x on (x, t, 1)."""
    m = n + 2
    rotations = np.zeros((n * (n - 1) // 2, m, m), dtype=int)
    rotations[:, :n, :n] = pseudo_orthogonal(n)
    boosts = [unit(m, n, i) for i in range(n)]
    return stack(*rotations, *boosts, *(unit(m, i, n + 1) for i in range(n)), unit(m, n, n + 1))


def newton_hooke(n: int, sign: int) -> np.ndarray:
    """(so(n) + H) |x (P, K): [H, P] = sign K, [H, K] = P; sign 1 expands (from de Sitter), -1 oscillates."""
    time = np.kron(np.array([[0, 1], [sign, 0]]), np.eye(n, dtype=int))
    rotations = [np.kron(np.eye(2, dtype=int), rotation) for rotation in pseudo_orthogonal(n)]
    return affine(stack(*rotations, time))


def similitude(p: int, q: int = 0) -> np.ndarray:
    """sim(p,q): (so(p,q) + dilation) |x R^(p+q)."""
    return affine(with_dilation(pseudo_orthogonal(p, q)))


def schrodinger(n: int) -> np.ndarray:
    """(sl(2,R) + so(n)) |x heis(2n+1), the mass included."""
    one = np.eye(n, dtype=int)
    linear = [np.kron(matrix, one) for matrix in special_linear(2)]
    linear += [np.kron(np.eye(2, dtype=int), rotation) for rotation in pseudo_orthogonal(n)]
    return with_heisenberg(stack(*linear), np.kron(np.array([[0, 1], [-1, 0]]), one))
