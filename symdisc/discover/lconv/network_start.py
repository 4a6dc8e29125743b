"""Where the training of the network form starts: how far pairs lie apart, and the spectral start on near ones."""

from __future__ import annotations

import numpy as np

SPREAD = 0.1
SPECTRAL_ROWS = 1500


def spread(weights: np.ndarray) -> np.ndarray:
    """Each weights[i] scaled to root-mean-square SPREAD: how far one step of Adam turns it depends on that alone."""
    size = np.sqrt(np.mean(weights**2, axis=tuple(range(1, weights.ndim)), keepdims=True))
    return np.asarray(SPREAD * weights / size)


def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(b,): |y - x| / |x|; infinite at x = 0 unless y is 0 too."""
    far = np.linalg.norm((y - x).reshape(len(x), -1), axis=1)
    size = np.linalg.norm(x.reshape(len(x), -1), axis=1)
    return np.divide(far, size, out=np.where(far > 0, np.inf, 0.0), where=size > 0)


def spectral_start(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray | None:
    """(k, d, d): leading left singular vectors of the matrices (y - x) (C^{-1/2} m)^T, times C^{-1/2}; None if fewer.

    m = (x + y) / 2 with second moments C, over the nearest third of the pairs. For pairs of one generator L and round
    m the first is L itself: L m m^T has mean L. Found through the (n, n) Gram matrix, since d^2 may be large.
    """
    d, m = x.shape[1:]
    count = min(-(-len(x) // 3), max(SPECTRAL_ROWS // m, 1))
    nearest = np.argsort(distance(x, y), kind="stable")
    nearest = nearest[np.any(x != y, axis=(1, 2))[nearest]][: -(-len(x) // 3)]
    if not len(nearest):
        return None
    nearest = nearest[:: -(-len(nearest) // count)]
    moved = np.moveaxis(y[nearest] - x[nearest], 2, 1).reshape(-1, d).astype(np.float64)
    middle = np.moveaxis(x[nearest] + y[nearest], 2, 1).reshape(-1, d).astype(np.float64) / 2
    values, vectors = np.linalg.eigh(middle.T @ middle / len(middle))
    root = (vectors / np.sqrt(np.maximum(values, 1e-3 * values[-1] + np.finfo(float).tiny))) @ vectors.T
    white = middle @ root
    gram = (moved @ moved.T) * (white @ white.T)
    gram = gram.reshape(len(nearest), m, len(nearest), m).sum((1, 3))
    values, vectors = np.linalg.eigh(gram)
    if len(values) < k or values[-k] <= 1e-12 * values[-1]:
        return None
    weights = np.repeat(vectors[:, : -k - 1 : -1], m, axis=0)
    return np.stack([(moved * weight[:, None]).T @ white @ root for weight in weights.T])
