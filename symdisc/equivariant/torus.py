"""Torus: invariants lie among the index tuples whose eigenvalues under one random element sum to zero.

In coordinates of eigenvectors of that element the other generators are small and sparse on those tuples. It needs a
diagonalisable element, not coordinates closed under transposition.
"""

from __future__ import annotations

import numpy as np

from .action import Action
from .kernels import Explicit, Kernel

LARGEST = 2500
DRAWS = 5
ZERO = 1e-8
WORST = 1e6
NULL = 1e-8


class NotDiagonalisable(Exception):
    """No element with a usable basis of eigenvectors, or too many tuples left."""


def solve(action: Action) -> tuple[Kernel, float | None]:
    """Invariants of the Lie generators of a word.

    Raises:
        NotDiagonalisable: this solver does not apply.
    """
    values, vectors = _element(action)
    m = action.size
    sums = np.zeros(1, dtype=complex)
    for letter in action.lie:
        sums = (sums[:, None] + values[id(letter)]).ravel()
    scale = max(float(np.abs(v).max()) for v in values.values())
    tuples = np.flatnonzero(np.abs(sums) <= ZERO * max(scale, 1e-300) * len(action.shape))
    if not len(tuples):
        return Explicit(np.zeros((m, 0))), None
    if len(tuples) > LARGEST:
        raise NotDiagonalisable(f"{len(tuples)} index tuples of eigenvalue 0 are left of {m}")
    gram = _gram(action, tuples, vectors)
    found, turn = np.linalg.eigh(gram)
    size = max(float(found[-1]), 1e-300)
    rank = int((found <= (NULL**2) * size * 1e4).sum()) if found[-1] > 1e-20 else len(found)
    gap = float(np.sqrt(found[rank] / max(found[rank - 1], NULL**2 * size))) if 0 < rank < len(found) else None
    if not rank:
        return Explicit(np.zeros((m, 0))), None
    columns = np.zeros((m, rank), dtype=complex)
    columns[tuples] = turn[:, :rank]
    tensor = columns.reshape(*action.shape, rank)
    for axis, letter in enumerate(action.lie):
        tensor = np.moveaxis(np.tensordot(vectors[id(letter)], tensor, axes=(1, axis)), 0, axis)
    columns = tensor.reshape(m, rank)
    # The space is closed under conjugation: real and imaginary parts span it, twice over.
    both = np.concatenate([columns.real, columns.imag], axis=1)
    u, s, _ = np.linalg.svd(both / np.linalg.norm(both), full_matrices=False)
    if len(s) > rank and s[rank] > 1e-6 * s[rank - 1]:
        raise NotDiagonalisable("the invariants found are not those of real generators")
    return Explicit(np.ascontiguousarray(u[:, :rank])), gap


Letters = dict[int, np.ndarray]


def _element(action: Action) -> tuple[Letters, Letters]:
    """A random element: eigenvalues and eigenvectors of its letters."""
    stacks = {id(stack): stack for stack in action.lie}
    best = None
    for draw in range(DRAWS):
        weights = np.random.default_rng(draw).standard_normal(action.dimension)
        values, vectors, worst = {}, {}, 1.0
        for key, stack in stacks.items():
            matrix = np.tensordot(weights, stack, axes=1)
            values[key], vectors[key] = np.linalg.eig(matrix)
            worst = max(worst, float(np.linalg.cond(vectors[key])))
        if best is None or worst < best[0]:
            best = worst, values, vectors
    assert best is not None
    if best[0] > WORST:
        raise NotDiagonalisable("no element has a usable basis of eigenvectors")
    return best[1], best[2]


def _gram(action: Action, tuples: np.ndarray, vectors: Letters) -> np.ndarray:
    """Gram matrix of the images of the tuples under all generators, in the eigenvectors' coordinates."""
    from scipy.sparse import csr_matrix

    inverses = {key: np.linalg.inv(basis) for key, basis in vectors.items()}
    index = np.unravel_index(tuples, action.shape)
    count, m = len(tuples), action.size
    columns = np.arange(count)
    gram = np.zeros((count, count), dtype=complex)
    strides = np.cumprod([1, *action.shape[:0:-1]])[::-1]
    for i in range(action.dimension):
        rows, places, entries = [], [], []
        for axis, stack in enumerate(action.lie):
            letter = inverses[id(stack)] @ stack[i] @ vectors[id(stack)]
            size = action.shape[axis]
            targets = (tuples - index[axis] * strides[axis])[:, None] + np.arange(size) * strides[axis]
            rows.append(targets.ravel())
            places.append(np.repeat(columns, size))
            entries.append(letter[:, index[axis]].T.ravel())
        image = csr_matrix((np.concatenate(entries), (np.concatenate(rows), np.concatenate(places))), shape=(m, count))
        gram += (image.conj().T @ image).toarray()
    return gram
