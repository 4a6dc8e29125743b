"""Known algebras as exact integer matrices, written from their definitions, with the facts that theory gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import exact
import numpy as np


@dataclass(frozen=True)
class Known:
    """Integer generators (k, m, m) and what textbooks say; the other facts follow by exact arithmetic.

    called: the name that the tool must give; None where it must say `unnamed: ...`.
    """

    generators: np.ndarray
    nilradical: int
    rank: int
    simple: bool = False
    compact: bool = False
    matrix_compact: bool = False
    called: str | None = None

    @property
    def fills_gl(self) -> bool:
        """Whether closure is blind to noise."""
        k, m, _ = self.generators.shape
        return k == m * m


def unit(m: int, i: int, j: int) -> np.ndarray:
    matrix = np.zeros((m, m), dtype=int)
    matrix[i, j] = 1
    return matrix


def stack(*matrices: np.ndarray) -> np.ndarray:
    return np.array([np.asarray(matrix) for matrix in matrices])


def pseudo_orthogonal(p: int, q: int = 0) -> np.ndarray:
    """so(p,q): L^T eta + eta L = 0, eta = diag(1 .. 1, -1 .. -1)."""
    m = p + q
    eta = np.diag([1] * p + [-1] * q)
    return stack(*(eta @ (unit(m, i, j) - unit(m, j, i)) for i, j in combinations(range(m), 2)))


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


def heisenberg(n: int) -> np.ndarray:
    """heis(2n+1) on R^(n+2): x_i = E(0, i), y_i = E(i, n+1), z = E(0, n+1)."""
    m = n + 2
    xs = [unit(m, 0, i) for i in range(1, n + 1)]
    return stack(*xs, *(unit(m, i, m - 1) for i in range(1, n + 1)), unit(m, 0, m - 1))


def affine(linear: np.ndarray) -> np.ndarray:
    """linear |x R^m in homogeneous coordinates."""
    k, m, _ = linear.shape
    padded = np.zeros((k, m + 1, m + 1), dtype=int)
    padded[:, :m, :m] = linear
    return stack(*padded, *(unit(m + 1, i, m) for i in range(m)))


def realified(matrices: list[np.ndarray]) -> np.ndarray:
    """a + ib as [[a, -b], [b, a]]."""
    return stack(*(np.block([[z.real, -z.imag], [z.imag, z.real]]).astype(int) for z in matrices))


def unitary(p: int, q: int = 0) -> np.ndarray:
    """su(p,q): A^+ eta + eta A = 0, traceless, as real matrices."""
    m = p + q
    eta = np.diag([1] * p + [-1] * q)
    real = [eta @ (unit(m, i, j) - unit(m, j, i)) for i, j in combinations(range(m), 2)]
    imaginary = [1j * eta @ (unit(m, i, j) + unit(m, j, i)) for i, j in combinations(range(m), 2)]
    diagonal = [1j * (unit(m, i, i) - unit(m, i + 1, i + 1)) for i in range(m - 1)]
    return realified([*(matrix.astype(complex) for matrix in real), *imaginary, *diagonal])


def special_linear_complex(m: int) -> np.ndarray:
    real = special_linear(m).astype(complex)
    return realified([*real, *(1j * real)])


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


def on_tensors(generators: np.ndarray) -> np.ndarray:
    """The same algebra on V (x) V."""
    one = np.eye(generators.shape[1], dtype=int)
    return stack(*(np.kron(matrix, one) + np.kron(one, matrix) for matrix in generators))


def galilei(n: int) -> np.ndarray:
    """Rotations, boosts, translations and time shift on (x, t, 1)."""
    m = n + 2
    rotations = np.zeros((n * (n - 1) // 2, m, m), dtype=int)
    if n > 1:
        rotations[:, :n, :n] = pseudo_orthogonal(n)
    boosts = [unit(m, i, n) for i in range(n)]
    return stack(*rotations, *boosts, *(unit(m, i, n + 1) for i in range(n)), unit(m, n, n + 1))


def oscillator() -> np.ndarray:
    """heis(3) = <q, p, z> with the rotation of (q, p), on (z, q, p, 1)."""
    rotation = unit(4, 1, 2) - unit(4, 2, 1)
    q = unit(4, 1, 3) + unit(4, 0, 2)
    p = unit(4, 2, 3) - unit(4, 0, 1)
    return stack(rotation, q, p, unit(4, 0, 3))


def bianchi(matrix: list[list[int]]) -> np.ndarray:
    """R |x R^2, the first generator acting on R^2 by `matrix`."""
    return affine(np.array([matrix]))


ROTATION = np.array([[[0, -1], [1, 0]]])
BOOST = np.array([[[0, 1], [1, 0]]])
SO3_SO3 = "so(3) + so(3)"

REGISTRY = {
    "R as so(2)": Known(ROTATION, 1, 1, compact=True, matrix_compact=True, called="R"),
    "R as so(1,1)": Known(BOOST, 1, 1, compact=True, called="R"),
    "R nilpotent": Known(unit(3, 0, 1)[None] + unit(3, 1, 2)[None], 1, 1, compact=True, called="R"),
    "R dilation": Known(np.eye(3, dtype=int)[None], 1, 1, compact=True, called="R"),
    "R^3 diagonal": Known(stack(*(unit(3, i, i) for i in range(3))), 3, 3, compact=True, called="R^3"),
    "R^2 torus": Known(block(ROTATION, ROTATION), 2, 2, compact=True, matrix_compact=True, called="R^2"),
    "R^2 torus and boost": Known(block(ROTATION, BOOST), 2, 2, compact=True, called="R^2"),
    "R^4 commuting shears": Known(
        stack(*(unit(4, i, j) for i in (0, 1) for j in (2, 3))), 4, 4, compact=True, called="R^4"
    ),
    "R complex shear": Known(
        np.array([[[0, -1, 1, 0], [1, 0, 0, 1], [0, 0, 0, -1], [0, 0, 1, 0]]]), 1, 1, compact=True, called="R"
    ),
    "so(3)": Known(pseudo_orthogonal(3), 0, 1, True, True, True, "so(3)"),
    "so(3) on tensors": Known(on_tensors(pseudo_orthogonal(3)), 0, 1, True, True, True, "so(3)"),
    "su(2)": Known(unitary(2), 0, 1, True, True, True, "so(3)"),
    "so(4)": Known(pseudo_orthogonal(4), 0, 2, False, True, True, SO3_SO3),
    "so(3) + so(3) block": Known(block(pseudo_orthogonal(3), pseudo_orthogonal(3)), 0, 2, False, True, True, SO3_SO3),
    "so(5)": Known(pseudo_orthogonal(5), 0, 2, True, True, True),
    "so(6)": Known(pseudo_orthogonal(6), 0, 3, True, True, True),
    "su(3)": Known(unitary(3), 0, 2, True, True, True),
    "so(2,1)": Known(pseudo_orthogonal(2, 1), 0, 1, True, called="sl(2,R)"),
    "sl(2,R)": Known(special_linear(2), 0, 1, True, called="sl(2,R)"),
    "so(2,2)": Known(pseudo_orthogonal(2, 2), 0, 2, called="sl(2,R) + sl(2,R)"),
    "so(3,1)": Known(pseudo_orthogonal(3, 1), 0, 2, True, called="so(3,1)"),
    "sl(2,C)": Known(special_linear_complex(2), 0, 2, True, called="so(3,1)"),
    "so(3) + sl(2,R)": Known(block(pseudo_orthogonal(3), special_linear(2)), 0, 2, called="sl(2,R) + so(3)"),
    "sl(3,R)": Known(special_linear(3), 0, 2, True),
    "sl(3,C)": Known(special_linear_complex(3), 0, 4, True),
    "su(2,1)": Known(unitary(2, 1), 0, 2, True),
    "sp(4,R)": Known(symplectic(2), 0, 2, True),
    "so(3,2)": Known(pseudo_orthogonal(3, 2), 0, 2, True),
    "gl(2,R)": Known(general_linear(2), 1, 2),
    "gl(3,R)": Known(general_linear(3), 1, 3),
    "so(3) + R": Known(block(pseudo_orthogonal(3), ROTATION), 1, 2, False, True, True),
    "so(3) + boost": Known(block(pseudo_orthogonal(3), BOOST), 1, 2, False, True, False),
    "aff(1)": Known(affine(np.eye(1, dtype=int)[None]), 1, 1, called="aff(1)"),
    "aff(2)": Known(affine(general_linear(2)), 2, 2),
    "sl(2,R) |x R^2": Known(affine(special_linear(2)), 2, 1),
    "heis(3)": Known(heisenberg(1), 3, 3, called="heis(3)"),
    "heis(5)": Known(heisenberg(2), 5, 5),
    "galilei(1)": Known(galilei(1), 3, 3, called="heis(3)"),
    "galilei(3)": Known(galilei(3), 7, 4),
    "e(2)": Known(affine(pseudo_orthogonal(2)), 2, 1),
    "e(3)": Known(affine(pseudo_orthogonal(3)), 3, 2),
    "poincare(2,1)": Known(affine(pseudo_orthogonal(2, 1)), 3, 2),
    "poincare(3,1)": Known(affine(pseudo_orthogonal(3, 1)), 4, 2),
    "sim(2)": Known(affine(stack(*pseudo_orthogonal(2), np.eye(2, dtype=int))), 2, 2),
    "oscillator": Known(oscillator(), 3, 2),
    "n(4)": Known(upper(4, True), 6, 6),
    "borel(sl(3,R))": Known(borel(3), 3, 2),
    "upper triangular(3)": Known(upper(3, False), 4, 3),
    "bianchi(III)": Known(bianchi([[1, 0], [0, 0]]), 2, 2),
    "bianchi(IV)": Known(bianchi([[1, 1], [0, 1]]), 2, 1),
    "bianchi(V)": Known(bianchi([[1, 0], [0, 1]]), 2, 1),
    "e(1,1)": Known(bianchi([[1, 0], [0, -1]]), 2, 1),
    "bianchi(VI,h=-9)": Known(bianchi([[4, 0], [0, 2]]), 2, 1),
    "bianchi(VII,h=1)": Known(bianchi([[1, -1], [1, 1]]), 2, 1),
}


@cache
def truth(name: str) -> dict[str, object]:
    """Everything that `analyze` must say about a registry entry, whatever the basis."""
    known = REGISTRY[name]
    return {
        **exact.facts(known.generators),
        "nilradical_dimension": known.nilradical,
        "rank": known.rank,
        "simple": known.simple,
        "compact": known.compact,
        "matrix_compact": known.matrix_compact,
    }


def disguised(name: str, rng: np.random.Generator, noise: float, condition: float, extra: int = 0) -> np.ndarray:
    """Random basis of the algebra after a random similarity, with `extra` redundant combinations and noisy entries."""
    generators = REGISTRY[name].generators.astype(float)
    k, m, _ = generators.shape
    left, right = (np.linalg.qr(rng.standard_normal((m, m)))[0] for _ in range(2))
    similarity = (left * np.geomspace(1, condition, m)) @ right
    moved = similarity @ generators @ np.linalg.inv(similarity)
    mix = np.linalg.qr(rng.standard_normal((k, k)))[0] * rng.uniform(0.3, 3, (k, 1))
    mix = np.vstack([mix, rng.standard_normal((extra, k))])
    mixed = np.tensordot(mix, moved, axes=1)
    size = np.sqrt((mixed**2).mean(axis=(1, 2), keepdims=True))
    return mixed + noise * size * rng.standard_normal(mixed.shape)
