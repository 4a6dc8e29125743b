"""Coordinates in which a reductive algebra is closed under transposition.

There every tensor representation is a sum of irreducible ones that are orthogonal to each other. With the trace form
B_ij = tr(A_i A_j) and N_ij = tr(A_i.T A_j), f = |N^(1/2) B^-1 N^(1/2)|^2 >= k, with equality in just these coordinates
(Cauchy and Schwarz). f is the squared length of the tensor sum B^ij A_i (x) A_j, so it is convex along geodesics of
positive matrices, and has a minimum if the algebra is reductive (Kempf and Ness 1979; Mostow 1955). Orthogonality of
discrete elements, |h|^2 + |h^-1|^2 >= 2 d, is convex in the same way.
"""

from __future__ import annotations

import numpy as np

ROUNDS = 40
HALVINGS = 30
ROUNDING = 1e-11
LAST = 1e-7
ACCEPTED = 1e-9
LARGEST = 24
WORST = 1e5
DEGENERATE = 1e-9


def adjoint_coordinates(
    lie: np.ndarray, discrete: np.ndarray, sizes: tuple[int, ...] | None = None
) -> np.ndarray | None:
    """S (d, d), det 1, such that inverse(S) A S span a space closed under transposition and inverse(S) h S is
    orthogonal.

    Args:
        lie: (k, d, d) independent generators.
        discrete: (j, d, d).
        sizes: of the diagonal blocks, which S keeps; None: one block.

    Returns:
        None where there are no such coordinates, or none were found.
    """
    d = lie.shape[1]
    coordinates = np.eye(d)
    if is_adjoint(lie, discrete):
        return coordinates
    if d > LARGEST:
        return None
    symmetric = _symmetric(sizes or (d,))
    state = _length(lie, discrete, symmetric)
    if state is None:
        return None
    for _ in range(ROUNDS):
        length, rows, target = state
        # Newton: along exp(t H) the squared length is |x|^2 + 2 t <x, H x> + 2 t^2 |H x|^2 + ..
        step = np.tensordot(np.linalg.lstsq(rows, -target / 2, rcond=1e-10)[0], symmetric, axes=1)
        size = float(np.abs(np.linalg.eigvalsh(step)).max())
        step *= min(1.0, 1.0 / max(size, 1e-300))
        for _ in range(HALVINGS):
            moved = coordinates @ _exponential(step)
            inverse = np.linalg.inv(moved)
            trial = _length(inverse @ lie @ moved, inverse @ discrete @ moved, symmetric)
            if trial is not None and trial[0] <= length * (1 + ROUNDING):
                break
            step = step / 2
        else:
            break
        if np.linalg.cond(moved) > WORST:
            return None
        coordinates, state = moved, trial
        if size < LAST:
            # The next one would be its square.
            break
    inverse = np.linalg.inv(coordinates)
    return coordinates if is_adjoint(inverse @ lie @ coordinates, inverse @ discrete @ coordinates) else None


def is_adjoint(lie: np.ndarray, discrete: np.ndarray) -> bool:
    """Whether the span is closed under transposition and the discrete elements are orthogonal."""
    if len(discrete):
        products = discrete @ discrete.transpose(0, 2, 1)
        if np.abs(products - np.eye(discrete.shape[1])).max() > ACCEPTED:
            return False
    if not len(lie):
        return True
    flat = lie.reshape(len(lie), -1)
    turned = lie.transpose(0, 2, 1).reshape(len(lie), -1)
    if (turned == -flat).all():
        return True
    basis = np.linalg.qr(flat.T)[0]
    outside = turned - (turned @ basis) @ basis.T
    return bool(np.abs(outside).max() <= ACCEPTED * np.abs(flat).max())


Length = tuple[float, np.ndarray, np.ndarray]


def _length(lie: np.ndarray, discrete: np.ndarray, symmetric: np.ndarray) -> Length | None:
    """Squared length of the tensors, their derivatives along every H (columns), and the tensors."""
    tensors, moves = [], []
    if len(lie):
        # Orthonormal: then N = 1.
        lie = np.linalg.qr(lie.reshape(len(lie), -1).T)[0].T.reshape(lie.shape)
        form = np.einsum("aij,bji->ab", lie, lie)
        values = np.linalg.eigvalsh(form)
        if np.abs(values).min() < DEGENERATE:
            return None
        dual = np.tensordot(np.linalg.inv(form), lie, axes=1)
        tensor = np.einsum("aij,akl->ijkl", dual, lie)
        brackets = lie[:, None] @ symmetric - symmetric @ lie[:, None]
        duals = dual[:, None] @ symmetric - symmetric @ dual[:, None]
        move = np.einsum("aij,abkl->bijkl", dual, brackets) + np.einsum("abij,akl->bijkl", duals, lie)
        tensors.append(tensor.ravel())
        moves.append(move.reshape(len(symmetric), -1))
    for h in (*discrete, *np.linalg.inv(discrete)):
        tensors.append(h.ravel())
        moves.append((h @ symmetric - symmetric @ h).reshape(len(symmetric), -1))
    target = np.concatenate(tensors)
    return float(target @ target), np.concatenate(moves, axis=1).T, target


def _symmetric(sizes: tuple[int, ...]) -> np.ndarray:
    """(s, d, d) orthonormal block-diagonal symmetric matrices."""
    block = np.repeat(np.arange(len(sizes)), sizes)
    first, second = np.triu_indices(len(block))
    inside = block[first] == block[second]
    first, second = first[inside], second[inside]
    made = np.zeros((len(first), len(block), len(block)))
    rows = np.arange(len(first))
    made[rows, first, second] += 0.5
    made[rows, second, first] += 0.5
    return np.asarray(made / np.linalg.norm(made, axis=(1, 2), keepdims=True))


def _exponential(symmetric: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.exp(values)) @ vectors.T)
