"""Small words: eigenvectors of sum C_i.T C_i; and null spaces within a subspace that is known already."""

from __future__ import annotations

import numpy as np

from .action import Action
from .kernels import Explicit, Kernel
from .window import Window

LARGEST = 1200
ACCURATE = 1e-5


def solve(action: Action, window: Window) -> tuple[Kernel, float | None]:
    """Invariants from the whole operator, (m, m)."""
    matrices = action.matrices()
    if not matrices:
        return Explicit(np.eye(action.size)), None
    gram = np.zeros((action.size, action.size))
    for matrix in matrices:
        gram += matrix.T @ matrix
    values, vectors = np.linalg.eigh(gram)
    sigma = np.sqrt(np.maximum(values, 0.0))
    # Squares lose the digits of small ones: these again, from the operator on their own vectors.
    small = int((sigma <= ACCURATE * sigma[-1]).sum())
    if small:
        inside, outside = vectors[:, :small], vectors[:, small:]
        if small < len(sigma):
            leak = outside.T @ (gram @ inside) / values[small:, None]
            inside = np.linalg.qr(inside - outside @ leak)[0]
        images = np.concatenate([matrix @ inside for matrix in matrices])
        exact, turn = np.linalg.eigh(images.T @ images)
        sigma[:small] = np.sqrt(np.maximum(exact, 0.0))
        vectors = np.concatenate([inside @ turn, outside], axis=1)
    rank, gap = window.rank(sigma, action.size, float(sigma[-1]))
    return Explicit(np.ascontiguousarray(vectors[:, :rank])), gap


def narrow(columns: np.ndarray, action: Action, window: Window) -> tuple[Kernel, float | None]:
    """Which combinations of orthonormal columns (m, r) the generators of `action` leave invariant."""
    r = columns.shape[1]
    if not r:
        return Explicit(columns), None
    gram = np.zeros((r, r))
    images = []
    for constraint in action.constraints():
        image = constraint(columns)
        gram += image.T @ image
        images.append(image)
    values, vectors = np.linalg.eigh(gram)
    sigma = np.sqrt(np.maximum(values, 0.0))
    small = int((sigma <= ACCURATE * max(sigma[-1], 1e-300)).sum())
    if small:
        inside = vectors[:, :small]
        again = np.zeros((small, small))
        for image in images:
            part = image @ inside
            again += part.T @ part
        exact, turn = np.linalg.eigh(again)
        sigma[:small] = np.sqrt(np.maximum(exact, 0.0))
        vectors[:, :small] = inside @ turn
    # What is zero is judged by the size of the generators, not of what is left of them here.
    size = max(float(sigma[-1]), 1.0)
    rank, gap = window.rank(sigma, r, size)
    return Explicit(columns @ vectors[:, :rank]), gap
