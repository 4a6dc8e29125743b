"""Completing a span under brackets."""

from __future__ import annotations

import numpy as np

# Brackets of unit generators (relative to the largest of them) whose part outside the span exceeds this are new
# directions; below it they are what noise leaves of a closed span.
CLEAR = 0.3
LEANING, OUTSTANDING = 0.8, 8.0


def completion(generators: np.ndarray, most: int, clear: float = CLEAR) -> np.ndarray | None:
    """What brackets add to a span.

    Args:
        generators: (k, m, m).
        most: give up above so many dimensions altogether.
        clear: share of a bracket outside the span that counts as a new direction.

    Returns:
        (r, m, m) orthonormal, orthogonal to the generators, r = 0 for a closed span; None: more than `most`.
    """
    k, m = len(generators), generators.shape[-1]
    if k == 0:
        return np.zeros((0, m, m))
    basis = np.linalg.qr(generators.reshape(k, -1).T)[0].T
    while True:
        stack = basis.reshape(-1, m, m)
        first, second = np.triu_indices(len(stack), 1)
        brackets = (stack[first] @ stack[second] - stack[second] @ stack[first]).reshape(len(first), m * m)
        sizes = np.linalg.norm(brackets, axis=1)
        if not len(sizes) or sizes.max() < 1e-12:
            break
        outside = brackets - (brackets @ basis.T) @ basis
        left = np.linalg.svd(outside / sizes.max(), full_matrices=False)
        new = left[2][left[1] > clear]
        if not len(new):
            break
        if len(basis) + len(new) > min(most, m * m):
            return None
        basis = np.concatenate([basis, new])
    return basis[k:].reshape(-1, m, m)


def leaning(basis: np.ndarray, share: float = LEANING) -> np.ndarray:
    """(r, m, m): directions outside the span that take an outstanding share of what the brackets have there.

    Noise leaves the span in all directions alike; brackets that want a missing generator all leave it in that one.
    """
    k, m, _ = basis.shape
    if k < 2:
        return np.zeros((0, m, m))
    flat = basis.reshape(k, -1)
    first, second = np.triu_indices(k, 1)
    brackets = (basis[first] @ basis[second] - basis[second] @ basis[first]).reshape(len(first), m * m)
    outside = brackets - (brackets @ flat.T) @ flat
    _, s, vt = np.linalg.svd(outside, full_matrices=False)
    most = min(len(first), m * m - k)
    if most < 4 or not s.any():
        return np.zeros((0, m, m))
    rest = np.sqrt((s[1:] ** 2).sum() / max(most - 1, 1))
    return (
        vt[:1].reshape(1, m, m)
        if s[0] ** 2 > share * (s**2).sum() and s[0] > OUTSTANDING * rest
        else vt[:0].reshape(0, m, m)
    )
