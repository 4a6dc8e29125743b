"""Algebras that are not semisimple, from their definitions: matrices of those that have a given dimension.

All but a few are linear |x V, generators of a linear algebra with the translations of the space V that it acts on, or
linear |x heis(2n+1), a subalgebra of sp(2n,R) with the Heisenberg algebra. Levy-Leblond and Bacry (1968) for kinematical
algebras; Niederer (1972) for schrodinger(n), here with its central mass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
        return "|x" in self.name or self.name.startswith("heis") and self.complex


def definitions(dimension: int) -> Iterator[Definition]:
    """Indecomposable algebras of one dimension from 3 on; those of dimension 4 or less that are solvable are not here."""
    for family in (_kinematical, _linear, _solvable):
        for size, definition in family(dimension):
            if size == dimension:
                yield definition


Sized = Iterator[tuple[int, Definition]]


def _kinematical(most: int) -> Sized:
    for n in range(2, most):
        rotations = n * (n - 1) // 2
        if rotations + n > most:
            break
        if n > 2:
            yield rotations + n, _affine(f"e({n})", [f"so({n}) |x R^{n}"], lambda n=n: rotation(n))
            yield rotations + n + 1, _affine(f"sim({n})", [], lambda n=n: _and(rotation(n), np.eye(n)))
        for q in range(1, n // 2 + 1):
            p = n - q
            if n == 2:
                continue
            pair = lambda p=p, q=q: rotation(p, q)  # noqa: E731
            yield rotations + n, _affine(f"poincare({p},{q})", [f"so({p},{q}) |x R^{n}"], pair)
            with_scale = lambda p=p, q=q: _and(rotation(p, q), np.eye(p + q))  # noqa: E731
            yield rotations + n + 1, _affine(f"sim({p},{q})", [], with_scale)
        twice = lambda n, h: _and(np.kron(rotation(n), np.eye(2)), np.kron(np.eye(n), h))  # noqa: E731
        yield rotations + 2 * n + 1, _affine(f"galilei({n})", [], lambda n=n: twice(n, SHEAR))
        yield rotations + 2 * n + 1, _affine(f"newton-hooke({n},+)", [], lambda n=n: twice(n, BOOST), n == 2)
        yield rotations + 2 * n + 1, _affine(f"newton-hooke({n},-)", [], lambda n=n: twice(n, TURN))
        yield rotations + 2 * n + 2, _jacobi(f"bargmann({n})", [], lambda n=n: twice(n, SHEAR))
        yield rotations + 2 * n + 1, _jacobi(f"carroll({n})", [], lambda n=n: np.kron(rotation(n), np.eye(2)))
    for n in range(1, most):
        if n * (n - 1) // 2 + 2 * n + 4 > most:
            break
        conformal = lambda n=n: np.concatenate(  # noqa: E731
            [np.kron(rotation(n), np.eye(2)), np.kron(np.eye(n), np.stack([SHEAR, SHEAR.T, TURN @ BOOST]))]
        )
        extra = ["sl(2,R) |x heis(3)"] if n == 1 else []
        yield n * (n - 1) // 2 + 2 * n + 4, _jacobi(f"schrodinger({n})", extra, conformal)


def _linear(most: int) -> Sized:
    for n in range(2, most):
        if n * n - 1 + n > most:
            break
        yield n * n - 1 + n, _affine(f"sl({n},R) |x R^{n}", [], lambda n=n: special(n))
        yield n * n + n, _affine(f"aff({n})", [f"gl({n},R) |x R^{n}"], lambda n=n: _and(special(n), np.eye(n)))
        if n == 2:
            yield 7, _affine("so(3) |x R^4", ["su(2) |x C^2"], lambda: realified(anti_hermitian(2)))
        else:
            make = lambda n=n: realified(anti_hermitian(n))  # noqa: E731
            yield n * n - 1 + 2 * n, _affine(f"su({n}) |x C^{n}", [], make)
        extra = ["so(3,1) |x C^2"] if n == 2 else []
        make = lambda n=n: realified([*special(n), *(1j * special(n))])  # noqa: E731
        yield 2 * (n * n - 1) + 2 * n, _affine(f"sl({n},C) |x C^{n}", extra, make, True)
    for n in range(2, most):
        if n * (2 * n + 1) + 2 * n > most:
            break
        extra = ["so(3,2) |x R^4"] if n == 2 else []
        yield n * (2 * n + 1) + 2 * n, _affine(f"sp({2 * n},R) |x R^{2 * n}", extra, lambda n=n: symplectic(n))
        yield n * (2 * n + 1) + 2 * n + 1, _jacobi(f"sp({2 * n},R) |x heis({2 * n + 1})", [], lambda n=n: symplectic(n))


def _solvable(most: int) -> Sized:
    for n in range(2, (most + 1) // 2):
        yield 2 * n + 1, _jacobi(f"heis({2 * n + 1})", [], lambda n=n: np.zeros((0, 2 * n, 2 * n)))
    for n in range(1, most // 4 + 1):
        make = lambda n=n: realified([*heisenberg(n), *(1j * heisenberg(n))])  # noqa: E731
        yield 4 * n + 2, Definition(f"heis({2 * n + 1},C)", (), make, True)
    for n in range(3, most):
        if n * (n - 1) // 2 > most:
            break
        if n > 3:
            yield n * (n - 1) // 2, Definition(f"n({n})", (), lambda n=n: upper(n))
        make = lambda n=n: np.concatenate([upper(n), cartan(n)])  # noqa: E731
        yield n * (n + 1) // 2 - 1, Definition(f"borel(sl({n},R))", (), make)


SHEAR = np.array([[0.0, 1.0], [0.0, 0.0]])
BOOST = np.array([[0.0, 1.0], [1.0, 0.0]])
TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])


def _unit(m: int, i: int, j: int) -> np.ndarray:
    matrix = np.zeros((m, m))
    matrix[i, j] = 1.0
    return matrix


def rotation(p: int, q: int = 0) -> np.ndarray:
    """so(p,q) on its defining space."""
    m = p + q
    metric = np.diag([1.0] * p + [-1.0] * q)
    return np.array([metric @ (_unit(m, i, j) - _unit(m, j, i)) for i, j in combinations(range(m), 2)]).reshape(-1, m, m)


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
    return np.concatenate([linear, np.array(others)])


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
