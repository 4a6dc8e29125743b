"""Algebras that are not semisimple, from their definitions: matrices of those that have a given dimension.

All but a few are linear |x V, generators of a linear algebra with the translations of the space V that it acts on, or
linear |x heis(2n+1), a subalgebra of sp(2n,R) with the Heisenberg algebra. Bacry and Levy-Leblond, J. Math. Phys. 9
(1968) 1605 for kinematical algebras (newton-hooke(n,+) is the expanding one, with real eigenvalues); Niederer, Helv.
Phys. Acta 45 (1972) 802 for schrodinger(n), here with its central mass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np


@dataclass(frozen=True)
class Definition:
    """An algebra: its name, isomorphic ones, and a function that makes generators (k, m, m).

    A name with |x, or that of a complex algebra, is only a description: it stands among the aliases.
    """

    name: str
    aliases: tuple[str, ...]
    make: Callable[[], np.ndarray]
    complex: bool = False
    """Whether it is a complex algebra seen as a real one."""

    @property
    def described(self) -> bool:
        """Whether it has no name of its own."""
        return "|x" in self.name or (self.name.startswith("heis") and self.complex)


def definitions(dimension: int) -> Iterator[Definition]:
    """Indecomposable algebras of one dimension; solvable ones of dimension 4 or less are in `lowdim`."""
    for family in (_kinematical, _linear, _solvable):
        for size, definition in family(dimension):
            if size == dimension:
                yield definition


Sized = Iterator[tuple[int, Definition]]
SHEAR = np.array([[0.0, 1.0], [0.0, 0.0]])
BOOST = np.array([[0.0, 1.0], [1.0, 0.0]])
TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])


def _kinematical(most: int) -> Sized:
    for n in range(2, most):
        rotations = n * (n - 1) // 2
        if rotations + n > most:
            break
        if n > 2:
            yield rotations + n, _affine(f"e({n})", [f"so({n}) |x R^{n}"], partial(rotation, n))
            yield rotations + n + 1, _affine(f"sim({n})", [], partial(_scaled_rotation, n))
            for q in range(1, n // 2 + 1):
                p = n - q
                yield (
                    rotations + n,
                    _affine(f"poincare({p},{q})", [f"so({p},{q}) |x R^{n}"], partial(rotation, p, q)),
                )
                yield rotations + n + 1, _affine(f"sim({p},{q})", [], partial(_scaled_rotation, p, q))
        yield rotations + 2 * n + 1, _affine(f"galilei({n})", [], partial(_twice, n, SHEAR))
        # newton-hooke(2,+) is e(1,1) over the complex numbers.
        yield rotations + 2 * n + 1, _affine(f"newton-hooke({n},+)", [], partial(_twice, n, BOOST), n == 2)
        yield rotations + 2 * n + 1, _affine(f"newton-hooke({n},-)", [], partial(_twice, n, TURN))
        yield rotations + 2 * n + 2, _jacobi(f"bargmann({n})", [], partial(_twice, n, SHEAR))
        yield rotations + 2 * n + 1, _jacobi(f"carroll({n})", [], partial(_twice, n))
    for n in range(1, most):
        size = n * (n - 1) // 2 + 2 * n + 4
        if size > most:
            break
        extra = ["sl(2,R) |x heis(3)"] if n == 1 else []
        yield size, _jacobi(f"schrodinger({n})", extra, partial(_twice, n, SHEAR, SHEAR.T, TURN @ BOOST))


def _linear(most: int) -> Sized:
    for n in range(2, most):
        if n * n - 1 + n > most:
            break
        yield n * n - 1 + n, _affine(f"sl({n},R) |x R^{n}", [], partial(special, n))
        yield n * n + n, _affine(f"aff({n})", [f"gl({n},R) |x R^{n}"], partial(_general, n))
        names = ("so(3) |x R^4", ["su(2) |x C^2"]) if n == 2 else (f"su({n}) |x C^{n}", [])
        yield n * n - 1 + 2 * n, _affine(*names, partial(_unitary, n))
        extra = ["so(3,1) |x C^2"] if n == 2 else []
        yield 2 * (n * n - 1) + 2 * n, _affine(f"sl({n},C) |x C^{n}", extra, partial(_complex_special, n), True)
    for n in range(2, most):
        size = n * (2 * n + 1) + 2 * n
        if size > most:
            break
        extra = ["so(3,2) |x R^4"] if n == 2 else []
        yield size, _affine(f"sp({2 * n},R) |x R^{2 * n}", extra, partial(symplectic, n))
        yield size + 1, _jacobi(f"sp({2 * n},R) |x heis({2 * n + 1})", [], partial(symplectic, n))


def _solvable(most: int) -> Sized:
    for n in range(2, (most + 1) // 2):
        yield 2 * n + 1, _jacobi(f"heis({2 * n + 1})", [], partial(np.zeros, (0, 2 * n, 2 * n)))
    for n in range(1, most // 4 + 1):
        yield 4 * n + 2, Definition(f"heis({2 * n + 1},C)", (), partial(_complex_heisenberg, n), True)
    for n in range(3, most):
        if n * (n - 1) // 2 > most:
            break
        if n > 3:
            yield n * (n - 1) // 2, Definition(f"n({n})", (), partial(upper, n))
        yield n * (n + 1) // 2 - 1, Definition(f"borel(sl({n},R))", (), partial(_borel, n))


def _scaled_rotation(p: int, q: int = 0) -> np.ndarray:
    return _and(rotation(p, q), np.eye(p + q))


def _twice(n: int, *others: np.ndarray) -> np.ndarray:
    """so(n) on R^n (x) R^2, with others that act on R^2."""
    return _and(np.kron(rotation(n), np.eye(2)), *(np.kron(np.eye(n), other) for other in others))


def _general(n: int) -> np.ndarray:
    return _and(special(n), np.eye(n))


def _unitary(n: int) -> np.ndarray:
    return realified(anti_hermitian(n))


def _complex_special(n: int) -> np.ndarray:
    return realified([*special(n), *(1j * special(n))])


def _complex_heisenberg(n: int) -> np.ndarray:
    return realified([*heisenberg(n), *(1j * heisenberg(n))])


def _borel(n: int) -> np.ndarray:
    return np.concatenate([upper(n), cartan(n)])


def _unit(m: int, i: int, j: int) -> np.ndarray:
    matrix = np.zeros((m, m))
    matrix[i, j] = 1.0
    return matrix


def rotation(p: int, q: int = 0) -> np.ndarray:
    """so(p,q) on its defining space."""
    m = p + q
    metric = np.diag([1.0] * p + [-1.0] * q)
    return np.array([metric @ (_unit(m, i, j) - _unit(m, j, i)) for i, j in combinations(range(m), 2)]).reshape(
        -1, m, m
    )


def upper(m: int) -> np.ndarray:
    """Strictly upper triangular matrices."""
    return np.array([_unit(m, i, j) for i, j in combinations(range(m), 2)])


def cartan(m: int) -> np.ndarray:
    """Traceless diagonal matrices."""
    return np.array([_unit(m, i, i) - _unit(m, i + 1, i + 1) for i in range(m - 1)])


def special(m: int) -> np.ndarray:
    """sl(m,R)."""
    return np.concatenate([upper(m), upper(m).transpose(0, 2, 1), cartan(m)])


def anti_hermitian(m: int) -> list[np.ndarray]:
    """su(m), complex matrices."""
    up = upper(m)
    return [*(up - up.transpose(0, 2, 1)), *(1j * (up + up.transpose(0, 2, 1))), *(1j * cartan(m))]


def symplectic(n: int) -> np.ndarray:
    """sp(2n,R), for the form that pairs (x_1, y_1), (x_2, y_2), ...: J S, S symmetric."""
    form = np.kron(np.eye(n), TURN)
    pairs = [(i, j) for i in range(2 * n) for j in range(i, 2 * n)]
    return np.array([form @ (_unit(2 * n, i, j) + _unit(2 * n, j, i)) for i, j in pairs])


def heisenberg(n: int) -> np.ndarray:
    """heis(2n+1) on R^(n+2)."""
    m = n + 2
    rows = [_unit(m, 0, i) for i in range(1, n + 1)]
    return np.array([*rows, *(_unit(m, i, m - 1) for i in range(1, n + 1)), _unit(m, 0, m - 1)])


def realified(matrices: list[np.ndarray]) -> np.ndarray:
    """a + ib as [[a, -b], [b, a]]."""
    return np.array([np.block([[z.real, -z.imag], [z.imag, z.real]]) for z in matrices])


def _and(linear: np.ndarray, *others: np.ndarray) -> np.ndarray:
    return np.concatenate([linear, np.array(others).reshape(len(others), *linear.shape[1:])])


def _affine(name: str, aliases: list[str], linear: Callable[[], np.ndarray], is_complex: bool = False) -> Definition:
    """linear |x V on V + R."""

    def make() -> np.ndarray:
        matrices = linear()
        m = matrices.shape[1]
        padded = np.zeros((len(matrices), m + 1, m + 1))
        padded[:, :m, :m] = matrices
        return np.concatenate([padded, [_unit(m + 1, i, m) for i in range(m)]])

    return Definition(name, tuple(aliases), make, is_complex)


def _jacobi(name: str, aliases: list[str], linear: Callable[[], np.ndarray]) -> Definition:
    """linear |x heis(2n+1) on R + V + R, linear within sp(2n,R) for the form of `symplectic`."""

    def make() -> np.ndarray:
        matrices = linear()
        m = matrices.shape[1]
        padded = np.zeros((len(matrices), m + 2, m + 2))
        padded[:, 1:-1, 1:-1] = matrices
        form = np.kron(np.eye(m // 2), TURN)
        vectors = np.zeros((m, m + 2, m + 2))
        for i in range(m):
            vectors[i, 1 + i, m + 1] = 1.0
            # The row (J v)^T turns with v under a map A with A^T J + J A = 0, and brackets of pairs become z.
            vectors[i, 0, 1:-1] = form[:, i]
        return np.concatenate([padded, vectors, _unit(m + 2, 0, m + 1)[None]])

    return Definition(name, tuple(aliases), make)
