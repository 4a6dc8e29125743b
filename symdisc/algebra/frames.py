"""Coordinates in which a span of matrices looks as a textbook would write it, whatever coordinates it came in.

First those in which a reductive algebra is closed under transposition (Mostow, Ann. Math. 62 (1955) 44): the minimal
vector of Kempf and Ness, where the volume that an orthonormal basis of the span has after a change of coordinates is
least. That is a convex problem, and leaves a rotation. Then eigenvectors of a Cartan subalgebra, as compact or as split
as it can be, and last the rotation near them in which the matrices are sparsest.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

ROUNDS = 60
BALANCED = 1e-10
LONGEST = 1.0
SKEWEST = 1e4
RIDGE = 1e-9
LARGEST_HESSIAN = 4e6
APART = 1e-6
STEPS = 400
FLAT = 1e-11


def balanced(basis: np.ndarray) -> np.ndarray | None:
    """(m, m) coordinates S in which inverse(S) E S is closed under transposition; None where there are none.

    Newton's method on log det <F_i, F_j>, F = exp(-X) E exp(X), over symmetric X: the gradient is -2 sum [F_i, F_i^T],
    the Hessian 4 sum |part of [X, F_i] outside the span|^2.

    Args:
        basis: (k, m, m) orthonormal, closed under brackets.
    """
    from scipy.linalg import expm

    k, m, _ = basis.shape
    i, j = np.triu_indices(m)
    if len(i) * k * m * m > LARGEST_HESSIAN:
        return None
    symmetric = np.zeros((len(i), m, m))
    symmetric[np.arange(len(i)), i, j] = symmetric[np.arange(len(i)), j, i] = np.where(i == j, 1.0, np.sqrt(0.5))
    frame, f = np.eye(m), basis
    volume = 0.0
    for _ in range(ROUNDS):
        moment = np.einsum("iab,icb->ac", f, f) - np.einsum("iba,ibc->ac", f, f)
        if np.linalg.norm(moment) < BALANCED * k:
            return frame
        slope = np.einsum("xac,icb->xiab", symmetric, f) - np.einsum("iac,xcb->xiab", f, symmetric)
        slope = slope.reshape(len(i), k, m * m)
        flat = f.reshape(k, m * m)
        slope -= slope @ flat.T @ flat
        hessian = slope.reshape(len(i), -1) @ slope.reshape(len(i), -1).T
        hessian += RIDGE * np.trace(hessian) * np.eye(len(i))
        step = np.tensordot(np.linalg.solve(hessian, symmetric.reshape(len(i), -1) @ moment.ravel() / 2), symmetric, 1)
        step *= min(1.0, LONGEST / np.linalg.norm(step))
        while True:
            change = expm(step)
            moved, larger = _orthonormal(expm(-step) @ f @ change)
            if larger < 0 or np.linalg.norm(step) < 1e-14:
                break
            step = step / 4
        frame, f, volume = frame @ change, moved, volume + larger
        if np.linalg.cond(frame) > SKEWEST:
            break
    return None


def _orthonormal(matrices: np.ndarray) -> tuple[np.ndarray, float]:
    """An orthonormal basis of a span, and the logarithm of the volume that the given one has."""
    k = len(matrices)
    q, r = np.linalg.qr(matrices.reshape(k, -1).T)
    return q.T.reshape(matrices.shape), float(np.log(np.abs(np.diag(r))).sum())


def rotated(basis: np.ndarray) -> bool:
    """Whether every rotation of the space maps the span to itself."""
    k, m, _ = basis.shape
    turn = np.random.default_rng(0).standard_normal((m, m))
    turn -= turn.T
    moved = (basis @ turn - turn @ basis).reshape(k, -1)
    flat = basis.reshape(k, -1)
    return bool(np.linalg.norm(moved - moved @ flat.T @ flat) < 1e-7 * np.linalg.norm(turn))


def weight_frames(basis: np.ndarray, metric: np.ndarray, split: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Orthogonal (m, m): real eigenvectors and planes of a Cartan subalgebra, a compact one, then a split one.

    The compact one comes first with axes of the metric, then with its own boosts: space and time, then the light cone.

    Args:
        basis: (k, m, m) orthonormal, closed under brackets and transposition.
        metric: (m, m) symmetric, invariant; zero where there is none.
        split: (m, m) symmetric, commutes with the basis: weights of one of its eigenspaces are not mixed with others.
    """
    if split is None:
        split = np.zeros_like(metric)
    turns, boosts = (_part(basis, sign) for sign in (-1, 1))
    rng = np.random.default_rng(0)
    for first, second in ((turns, boosts), (boosts, turns)):
        torus = _centralizer(first, _generic(first, rng))
        rest = second
        for element in torus:
            rest = _centralizer(rest, element)
        rest = _centralizer(rest, _generic(rest, rng))
        both = [_generic(torus, rng), _generic(rest, rng)]
        turn, boost = both if first is turns else both[::-1]
        if first is turns:
            yield _eigenframe(turn, metric + split)
        yield _eigenframe(turn, boost + split)


def _part(basis: np.ndarray, sign: int) -> np.ndarray:
    """What of a span is symmetric (sign 1) or antisymmetric (-1)."""
    k = len(basis)
    wrong = (basis - sign * basis.transpose(0, 2, 1)).reshape(k, -1)
    u, s, _ = np.linalg.svd(wrong)
    inside = np.append(s, np.zeros(k - len(s))) < APART
    return np.tensordot(u[:, inside].T, basis, axes=1)


def _centralizer(basis: np.ndarray, element: np.ndarray) -> np.ndarray:
    if not len(basis):
        return basis
    u, s, _ = np.linalg.svd((basis @ element - element @ basis).reshape(len(basis), -1))
    free = np.append(s, np.zeros(len(basis) - len(s))) < APART * max(float(np.linalg.norm(element)), 1.0)
    return np.tensordot(u[:, free].T, basis, axes=1)


def _generic(basis: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.tensordot(rng.standard_normal(len(basis)), basis, axes=1)


def _eigenframe(turn: np.ndarray, boost: np.ndarray) -> np.ndarray:
    """Common eigenvectors of a symmetric and the square of an antisymmetric matrix; planes of the latter in pairs."""
    m = len(turn)
    values, vectors = np.linalg.eigh(boost + 0.37 * turn @ turn)
    starts = np.flatnonzero(np.diff(values) > APART * max(1.0, np.abs(values).max())) + 1
    columns: list[np.ndarray] = []
    for cluster in np.split(np.arange(m), starts):
        space = vectors[:, cluster]
        while space.shape[1]:
            one = space[:, 0]
            found = [one]
            # Noise can part the two vectors of a plane: what lies in another cluster is found there.
            other = space @ (space.T @ (turn @ one))
            if np.linalg.norm(other) > max(APART, float(np.linalg.norm(turn @ one)) / 2):
                found.append(other / np.linalg.norm(other))
            columns += found
            done = np.array(found).T
            left = space - done @ (done.T @ space)
            u, s, _ = np.linalg.svd(left, full_matrices=False)
            space = u[:, s > 0.5]
    return np.array(columns).T


def sparsest_rotation(basis: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthogonal (m, m) near `start` and an orthonormal basis of the span in these coordinates, both sparse together.

    Ascent on the sum of fourth powers of all entries, over rotations of the space and of the basis.
    """
    frame, c = start, start.T @ basis @ start
    step, before = 0.05, None
    for _ in range(STEPS):
        cubes = c**3
        rows = np.tensordot(cubes, c, axes=((1, 2), (1, 2)))
        space = np.einsum("iba,ibc->ac", c, cubes) - np.einsum("iab,icb->ac", cubes, c)
        rows, space = rows - rows.T, (space - space.T) / 2
        gradient = np.concatenate([rows.ravel(), space.ravel()])
        if np.abs(gradient).max() < FLAT:
            break
        if before is not None:
            change = before - gradient
            step = min(abs(float(before @ before)) * step / max(abs(float(before @ change)), 1e-300), 1.0)
        mixed = _cayley(step * rows)
        turned = _cayley(step * space)
        c = np.tensordot(mixed, turned.T @ c @ turned, axes=1)
        frame = frame @ turned
        before = gradient
    return frame, c


def _cayley(skew: np.ndarray) -> np.ndarray:
    one = np.eye(len(skew))
    return np.linalg.solve(one - skew / 2, one + skew / 2)
