"""so(4) on two vectors: the bound where a pair cannot show all of t, and the error of fits over it.

    python benchmarks/lconv_hidden.py [--seeds 8] [--noise 0.01,0.1] [--minutes 15]

Two vectors stay where they are under turns of the plane orthogonal to both, so y = g x is also y = g h x for all such
turns h, and t = log(g h) is any point of a curve. `lconv_bound.py` takes the derivative by the generators at the true
t. No estimate can: what y says of the generators is that derivative averaged over the curve, each t with its weight
given y, and the information is that of the average. For small noise the weight is p(t) ds / (product of the five
singular values of dy/dt), s the length along the curve, p the normal law that t is drawn from.
"""

from __future__ import annotations

import argparse
import os
import time

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
from common import record
from lconv import deviation
from lconv_bound import NODES, excess, informed
from lconv_runs import fitted
from scipy.linalg import expm

from symdisc.problems.registry import make

TURNS = 48
SPREAD = 0.5
# The logarithm jumps at half turns; t that far out weighs nothing.
EDGE = 0.05


def averaged(generators: np.ndarray, x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(96, 96) information of pairs about the generators in an orthonormal basis, for unit noise, t known up to a turn.

    Args:
        generators: (6, 4, 4); x: (n, 4, 2); t: (n, 6).
    """
    k, d, _ = generators.shape
    basis, mix = np.linalg.qr(generators.reshape(k, -1).T)
    matrices = basis.T.reshape(k, d, d)
    back = np.linalg.inv(mix.T)
    information = np.zeros((k * d * d, k * d * d))
    for vectors, turn in zip(x, t @ mix.T, strict=True):
        moved = expm(np.tensordot(turn, matrices, axes=1))
        along, weights, slopes = _curve(matrices, back, moved, vectors)
        mean = np.einsum("f,fk,fye->yke", weights, along, slopes).reshape(-1, k * d * d)
        tangent = np.stack([(m @ moved @ vectors).ravel() for m in matrices], axis=1)
        axes, singular, _ = np.linalg.svd(tangent, full_matrices=False)
        axes = axes[:, singular > 1e-9 * singular[0]]
        mean -= axes @ (axes.T @ mean)
        information += mean.T @ mean
    return information


def _curve(
    matrices: np.ndarray, back: np.ndarray, moved: np.ndarray, vectors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All t (F, 6) that take the vectors to the same place, their weights (F,), and d exp(A)[E] x there (F, 8, 16)."""
    k, d, _ = matrices.shape
    angles = np.linspace(-np.pi, np.pi, TURNS, endpoint=False) + np.pi / TURNS
    plane = np.linalg.svd(vectors, full_matrices=True)[0][:, 2:]
    turn = np.outer(plane[:, 1], plane[:, 0]) - np.outer(plane[:, 0], plane[:, 1])
    still = np.eye(d) + np.sin(angles)[:, None, None] * turn - (1 - np.cos(angles))[:, None, None] * plane @ plane.T
    values, frame = np.linalg.eig(moved @ still)
    phases, inverse = np.angle(values), np.linalg.inv(frame)

    def power(share: float) -> np.ndarray:
        return np.real(frame @ (np.exp(1j * share * phases)[:, :, None] * inverse))

    logarithm = np.real(frame @ (1j * phases[:, :, None] * inverse))
    along = np.einsum("fij,kij->fk", logarithm, matrices)
    slopes = np.zeros((TURNS, d * 2, d * d))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        part = np.einsum("fie,fjm->fimej", power(1 - node), power(node) @ vectors)
        slopes += weight * part.reshape(slopes.shape)
    singular = np.linalg.svd(slopes @ matrices.reshape(k, -1).T, compute_uv=False)[:, :5]
    length = np.linalg.norm(np.roll(along, -1, 0) - np.roll(along, 1, 0), axis=1)
    own = along @ back
    log = np.log(length) - np.log(singular).sum(1) - (own**2).sum(1) / (2 * SPREAD**2)
    log[np.abs(phases).max(axis=1) > np.pi - EDGE] = -np.inf
    chances = np.exp(log - log.max())
    return along, chances / chances.sum(), slopes


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--noise", default="0.01,0.1", help="with commas")
    parser.add_argument("--minutes", type=float, default=15.0, help="no new data set after this")
    options = parser.parse_args()
    end, rows = time.monotonic() + 60 * options.minutes, []
    for noise in map(float, options.noise.split(",")):
        errors, growth = [], []
        for seed in range(options.seeds):
            if time.monotonic() > end:
                break
            made = make("vectors-so4", seed, 1000, noise=noise, channels=2)
            assert made.generators is not None
            truth, x, t = made.generators, made.arrays["x"], made.arrays["t"]
            found = fitted(made, generators=6, tolerance=1e-9, options={"lconv.folds": 2}).found.preview(6)
            parts = informed(truth, x, t, None), (averaged(truth, x, t), deviation(made))
            (_, across, whole), (part, size) = parts
            both = [excess(truth, found, x, t, size, information)[0] for information in (None, part)]
            errors.append(both)
            variances = [np.trace(np.linalg.inv(across.T @ one @ across)) for one in (whole, part)]
            growth.append(variances[1] / variances[0])
            print(
                f"{noise:g} {seed}: chi^2 {both[0]:.1f}, averaged {both[1]:.1f}; variance {growth[-1]:.2f}", flush=True
            )
        free = 60 * len(errors)
        if free:
            known, hidden = np.sqrt(np.sum(errors, axis=0) / free)
            spread = f"+- {1 / np.sqrt(2 * free):.3f}"
            rows.append(
                [
                    f"{100 * noise:g} %",
                    len(errors),
                    f"{known:.3f} {spread}",
                    f"{hidden:.3f} {spread}",
                    f"{np.mean(growth):.2f}",
                ]
            )
    record(
        "lconv_hidden",
        "so(4) on two vectors, n = 1000, k given: error of the span over the bound",
        [
            "noise",
            "data sets",
            "over the bound at the true t",
            "over the bound of the average",
            "its variance, of that",
        ],
        rows,
        "Root of chi^2 over its degrees of freedom, 60 a data set. At the bound it is 1.",
    )


if __name__ == "__main__":
    main()
