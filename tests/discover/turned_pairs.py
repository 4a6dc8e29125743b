"""Pairs y = exp(sum t_i L_i) x of known groups, by scipy's exponential alone."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from symdisc.data import from_arrays


def unit(i, j, d):
    matrix = np.zeros((d, d))
    matrix[i, j] = 1.0
    return matrix


def turn(i, j, d, sign=-1.0):
    """Rotation (sign -1) or boost (sign 1) of the plane of coordinates i, j."""
    return unit(i, j, d) + sign * unit(j, i, d)


SO2 = turn(0, 1, 2)[None]
SO3 = np.stack([turn(0, 1, 3), turn(0, 2, 3), turn(1, 2, 3)])
SL2 = np.stack([np.diag([1.0, -1.0]), unit(0, 1, 2), unit(1, 0, 2)])
SO13 = np.stack([*(turn(0, i, 4, 1.0) for i in (1, 2, 3)), turn(1, 2, 4), turn(1, 3, 4), turn(2, 3, 4)])
# On homogeneous coordinates (x, y, 1).
SE2 = np.stack([turn(0, 1, 3), unit(0, 2, 3), unit(1, 2, 3)])


def derivative(d):
    """(d, d): the exact derivative of band-limited functions on d periodic points, d odd."""
    frequency = np.fft.fftfreq(d, 1 / d)
    return np.real(np.fft.ifft(1j * frequency[:, None] * np.fft.fft(np.eye(d), axis=0), axis=0)) * 2 * np.pi / d


def image_rotation(p):
    """(p^2, p^2): row d_col - col d_row, antisymmetrised, of images p x p, p odd."""
    place = np.diag(np.arange(p) - (p - 1) / 2)
    field = np.kron(place, derivative(p)) - np.kron(derivative(p), place)
    return ((field - field.T) / 2)[None]


def moved(basis, t, x):
    """(n, d, m): exp(sum t_ni L_i) x_n for t (n, k), x (n, d, m)."""
    return expm(np.einsum("nk,kij->nij", t, basis)) @ x


def draw(basis, n, *, m=1, spread=0.5, noise=0.0, seed=0, t=None, affine=False):
    """x, y (n, d, m) and t (n, k): x and t normal, t of the given spread; noise as a share of the RMS of y.

    Args:
        affine: the generators act on d + 1 homogeneous coordinates.
    """
    rng = np.random.default_rng(seed)
    d = basis.shape[1] - affine
    x = rng.standard_normal((n, d, m))
    t = spread * rng.standard_normal((n, len(basis))) if t is None else t
    start = np.concatenate([x, np.ones((n, 1, m))], axis=1) if affine else x
    y = moved(basis, t, start)[:, :d]
    return x, y + noise * np.sqrt(np.mean(y**2)) * rng.standard_normal(y.shape), t


def data_of(x, y, **options):
    """The data set of pairs (n, d, m)."""
    return from_arrays(x, y, kind="pairs", axes="nsc", **options)


def degrees(found, truth):
    """Largest principal angle between spans of matrices."""
    a, b = (np.linalg.qr(np.reshape(matrices, (len(matrices), -1)).T)[0] for matrices in (found, truth))
    if a.shape != b.shape:
        return 90.0
    # By the sine: the cosine cannot tell small angles apart.
    return float(np.degrees(np.arcsin(min(1.0, np.linalg.norm(b - a @ (a.T @ b), 2)))))
