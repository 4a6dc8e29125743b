"""Brackets of an orthonormal basis: structure constants, what leaves the span, and the noise that this reveals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

LARGEST = 133
LISTED = 64
MOST_FLOPS = 1e12
MOST_ENTRIES = 8e6
PROBED_PAIRS = 64
PROBES = 4
CHUNK_BYTES = 64e6


@dataclass(frozen=True)
class Brackets:
    """All [E_i, E_j] of an orthonormal basis E (k, m, m), or a sample of random combinations of them.

    Attributes:
        constants: (k, k, k), [E_i, E_j] = sum_k c[i, j, k] E_k by least squares; None if only sampled.
        pairs: number of brackets taken.
        size: Frobenius norm of all these brackets.
        leak: Frobenius norm of their parts outside the span.
        response: the leak that noise of relative size 1 on every basis matrix would cause; 0 where closure is blind
            to noise (one generator, or all m^2 of them).
    """

    constants: np.ndarray | None
    pairs: int
    size: float
    leak: float
    response: float

    @property
    def noise(self) -> float | None:
        """Relative noise of the basis matrices that explains the leak; None where closure cannot show it."""
        return self.leak / self.response if self.response > 0 else None

    @property
    def typical(self) -> float:
        """Root-mean-square |ad x| over unit x where all brackets are there, else root-mean-square bracket."""
        if self.constants is None:
            return self.size / sqrt(max(self.pairs, 1))
        return self.size * sqrt(2 / len(self.constants))

    def closure_error(self, abelian: bool) -> float:
        """The leak relative to the brackets; to |E_i||E_j| = 1 where the brackets are themselves only noise."""
        scale = sqrt(self.pairs) if abelian else self.size
        return self.leak / scale if scale > 0 else 0.0


def structure_constants(generators: np.ndarray) -> np.ndarray:
    """(k, k, k): [L_i, L_j] = sum_k c[i, j, k] L_k by least squares, in the basis given.

    Args:
        generators: (k, m, m) linearly independent matrices; they need not be orthonormal.
    """
    generators = np.asarray(generators, dtype=float)
    k, m, _ = generators.shape
    dual = np.linalg.pinv(generators.reshape(k, m * m))
    constants = np.zeros((k, k, k))
    for i, first, commutators in _rows(generators):
        part = commutators.reshape(-1, m * m) @ dual
        stop = first + len(part)
        constants[i, first:stop] = part
        constants[first:stop, i] = -part
    return constants


def affordable(k: int, m: int) -> bool:
    """Whether all brackets of k matrices of size m are worth their time and memory."""
    large = k > LISTED and k * k * m * m > MOST_ENTRIES
    return k <= LARGEST and 2.0 * k * k * m**3 <= MOST_FLOPS and not large


def brackets(basis: np.ndarray) -> Brackets:
    """All brackets of an orthonormal basis (k, m, m)."""
    k, m, _ = basis.shape
    flat = basis.reshape(k, m * m)
    constants = np.zeros((k, k, k))
    size = leak = 0.0
    for i, first, commutators in _rows(basis):
        vectors = commutators.reshape(-1, m * m)
        part = vectors @ flat.T
        stop = first + len(part)
        constants[i, first:stop] = part
        constants[first:stop, i] = -part
        size += float((vectors**2).sum())
        leak += float(((vectors - part @ flat) ** 2).sum())
    pairs = k * (k - 1) // 2
    return Brackets(constants, pairs, sqrt(size), sqrt(leak), _response(basis, constants))


def sampled_brackets(basis: np.ndarray, count: int = 16) -> Brackets:
    """Brackets of random pairs of orthogonal unit elements of the span: generic, so they vanish only if all do."""
    k, m, _ = basis.shape
    flat = basis.reshape(k, m * m)
    rng = np.random.default_rng(0)
    count = count if k > 1 else 0
    size = leak = response = 0.0
    for _ in range(count):
        mix = np.linalg.qr(rng.standard_normal((k, 2)))[0].T
        a, b = (mix @ flat).reshape(2, m, m)
        bracket = _commutator(a, b).ravel()
        part = flat @ bracket
        size += float(bracket @ bracket)
        leak += float(((bracket - part @ flat) ** 2).sum())
        noise = _outside(rng.standard_normal((3, m * m)) / m, flat).reshape(3, m, m)
        moved = _commutator(noise[0], b) + _commutator(a, noise[1]) - np.linalg.norm(part) * noise[2]
        response += float((_outside(moved.reshape(1, -1), flat) ** 2).sum())
    blind = k >= m * m
    return Brackets(None, count, sqrt(size), sqrt(leak), 0.0 if blind else sqrt(response))


def jacobi_error(constants: np.ndarray) -> float:
    """|[ad_i, ad_j] - sum_k c_ij^k ad_k| over the size of its terms if nothing cancelled; 0 for an abelian algebra.

    Products of typical adjoints bound that size from below: in a nilpotent algebra the terms may be noise alone.
    """
    adjoint = constants.transpose(0, 2, 1)
    wrong = size = 0.0
    k = len(constants)
    # Of many generators, random elements: each is a sample of all identities.
    chosen = np.eye(k) if k <= LISTED else np.random.default_rng(0).standard_normal((PROBES, k)) / sqrt(PROBES)
    for weights in chosen:
        inner = np.tensordot(weights, adjoint, axes=1)
        product, reverse = inner @ adjoint, adjoint @ inner
        combined = np.tensordot(np.tensordot(weights, constants, axes=1), adjoint, axes=1)
        wrong += float(((product - reverse - combined) ** 2).sum())
        size += float((product**2).sum() + (reverse**2).sum() + (combined**2).sum())
    typical = 3 * float((constants**2).sum()) ** 2 / max(len(constants), 1)
    return sqrt(wrong / max(size, typical)) if typical > 0 else 0.0


def _commutator(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a @ b - b @ a


def _outside(vectors: np.ndarray, flat: np.ndarray) -> np.ndarray:
    return vectors - (vectors @ flat.T) @ flat


def _rows(matrices: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """(i, first j, [M_i, M_j] for some consecutive j > i), a bounded number of matrices at a time."""
    k, m, _ = matrices.shape
    step = max(1, int(CHUNK_BYTES // (8 * max(m, 1) ** 2)))
    for i in range(k - 1):
        for first in range(i + 1, k, step):
            yield i, first, _commutator(matrices[i], matrices[first : first + step])


def _response(basis: np.ndarray, constants: np.ndarray) -> float:
    """Root-mean-square leak for noise of relative size 1: the norm of the linearised closure map, by random probes."""
    k, m, _ = basis.shape
    if k < 2 or k >= m * m:
        return 0.0
    flat = basis.reshape(k, m * m)
    rng = np.random.default_rng(0)
    i, j = np.triu_indices(k, 1)
    pairs = len(i)
    total = 0.0
    for _ in range(PROBES):
        chosen = rng.permutation(pairs)[:PROBED_PAIRS]
        noise = _outside(rng.standard_normal((k, m * m)) / m, flat).reshape(k, m, m)
        for a, b in zip(i[chosen], j[chosen], strict=True):
            moved = _commutator(noise[a], basis[b]) + _commutator(basis[a], noise[b])
            moved -= np.tensordot(constants[a, b], noise, axes=1)
            total += float((_outside(moved.reshape(1, -1), flat) ** 2).sum()) * pairs / len(chosen)
    return sqrt(total / PROBES)
