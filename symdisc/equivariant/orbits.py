"""Signed permutations: invariants are constant, up to signs, on the orbits of the entries. No linear algebra."""

from __future__ import annotations

import numpy as np

from .action import Action
from .kernels import Orbits


def applies(action: Action) -> bool:
    """Whether nothing but signed permutations acts."""
    if any(stack.any() for stack in action.lie):
        return False
    return all(_signed(stack) for stack in {id(s): s for s in action.discrete}.values())


def solve(action: Action) -> Orbits:
    """Orbits as connected components; where signs occur, of the entries and their negatives."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    m, count = action.size, action.elements
    images = np.empty((m, count), dtype=np.int32 if 2 * m < 2**31 else np.int64)
    flips = None
    if any((stack < 0).any() for stack in action.discrete):
        flips = np.empty((m, count), dtype=bool)
    for number in range(count):
        image, negative = _image(action, number)
        images[:, number] = image
        if flips is not None:
            flips[:, number] = negative
    if flips is None:
        nodes = m
    else:
        nodes = 2 * m
        images = np.concatenate([images + m * flips, images + m * ~flips]).astype(images.dtype)
    # Cycles of permutations lead back, so the strong components, which need no transpose, are the weak ones.
    graph = csr_matrix(
        (np.ones(images.size, dtype=np.int8), images.ravel(), np.arange(nodes + 1) * count), (nodes,) * 2
    )
    total, found = connected_components(graph, directed=True, connection="strong")
    if flips is None:
        return Orbits(_by_first(found, total), np.ones(m, dtype=np.int8), total)
    plus, minus = found[:m], found[m:]
    # The orbit as a component without signs; the sign says on which of its two sheets an entry lies.
    sheet = np.minimum(plus, minus)
    labels, rank = _compressed(np.where(plus == minus, -1, sheet))
    signs = np.where(plus == sheet, 1, -1).astype(np.int8)
    return Orbits(labels, signs, rank)


def violation(action: Action, kernel: Orbits) -> float:
    """Largest |rho(h) v - v| over the basis: exact, entry by entry."""
    worst = 0.0
    reached = kernel.labels >= 0
    counts = np.bincount(kernel.labels[reached], minlength=kernel.rank)
    for number in range(action.elements):
        image, negative = _image(action, number)
        wrong = kernel.labels[image] != kernel.labels
        wrong |= reached & (kernel.signs[image] * np.where(negative, -1, 1) != kernel.signs)
        if wrong.any():
            lost = np.bincount(kernel.labels[wrong & reached], minlength=kernel.rank)
            worst = max(worst, float(np.sqrt(4 * lost / np.maximum(counts, 1)).max(initial=0.0)))
    return worst


def _compressed(labels: np.ndarray) -> tuple[np.ndarray, int]:
    kept, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    order = order[kept[order] >= 0]
    number = np.full(len(kept), -1)
    number[order] = np.arange(len(order))
    return number[inverse], len(order)


def _by_first(labels: np.ndarray, total: int) -> np.ndarray:
    """Orbits numbered in the order of their first entry."""
    first = np.full(total, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    number = np.empty(total, dtype=np.int64)
    number[np.argsort(first)] = np.arange(total)
    return np.asarray(number[labels])


def _image(action: Action, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Where h sends each entry, and whether with a minus."""
    image = np.zeros(1, dtype=np.int64)
    negative = np.zeros(1, dtype=bool)
    for stack in action.discrete:
        matrix = stack[number]
        target = np.abs(matrix).argmax(axis=0)
        sign = matrix[target, np.arange(len(matrix))] < 0
        image = (image[:, None] * len(matrix) + target).ravel()
        negative = (negative[:, None] ^ sign).ravel()
    return image, negative


def _signed(stack: np.ndarray) -> bool:
    values = np.abs(stack)
    return bool(
        ((values == 0) | (values == 1)).all() and (values.sum(axis=1) == 1).all() and (values.sum(axis=2) == 1).all()
    )
