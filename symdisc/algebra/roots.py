"""Root systems of semisimple algebras, over the complex numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .series import adjoint, killing_form

TRIALS = 6
APART = 0.25


@dataclass(frozen=True)
class RootSystem:
    """Roots as vectors of a Euclidean space, up to rotation.

    Attributes:
        vectors: (number, rank), in the Killing form's inner product.
    """

    vectors: np.ndarray

    @property
    def short(self) -> int:
        """How many roots are shorter than the longest; 0 where all have one length."""
        lengths = (self.vectors**2).sum(axis=1)
        return int((lengths < (1 - APART) * lengths.max()).sum())

    def simple(self) -> np.ndarray:
        """(rank, rank): simple roots, the positive ones that are no sum of two positive ones."""
        rank = self.vectors.shape[1]
        height = self.vectors @ np.random.default_rng(1).standard_normal(rank)
        positive = self.vectors[height > 0]
        sums = positive[:, None] + positive
        decomposable = [np.abs(sums - root).sum(axis=-1).min() < 1e-3 * np.abs(root).sum() for root in positive]
        return positive[~np.array(decomposable)]

    def coxeter_plane(self) -> np.ndarray:
        """(number, 2): projection on the plane that the Coxeter element turns by 2 pi / h; rank 1 lies on a line."""
        rank = self.vectors.shape[1]
        if rank == 1:
            return np.hstack([self.vectors, np.zeros_like(self.vectors)])
        if rank == 2:
            return self.vectors
        element = np.eye(rank)
        for root in self.simple():
            element = element @ (np.eye(rank) - 2 * np.outer(root, root) / (root @ root))
        values, vectors = np.linalg.eig(element)
        angles = np.abs(np.angle(values))
        plane = vectors[:, np.argmin(np.where(angles > 1e-6, angles, np.inf))]
        axes = np.linalg.qr(np.stack([plane.real, plane.imag], axis=1))[0]
        return self.vectors @ axes


def root_system(constants: np.ndarray, rank: int) -> RootSystem | None:
    """Roots of a semisimple algebra; None where they could not be told apart.

    Args:
        constants: (k, k, k).
        rank: dimension of its Cartan subalgebras.
    """
    k = len(constants)
    ad = adjoint(constants)
    form = killing_form(constants)
    rng = np.random.default_rng(0)
    best, widest = None, 0.0
    for _ in range(TRIALS):
        matrix = np.tensordot(rng.standard_normal(k), ad, axes=1)
        values = np.linalg.eigvals(matrix)
        values = values[np.argsort(np.abs(values))]
        apart = np.abs(values[rank:, None] - values[rank:]) + np.diag(np.full(k - rank, np.inf))
        width = min(float(apart.min()), float(np.abs(values[rank]))) / float(np.abs(values[-1]))
        if width > widest:
            best, widest = matrix, width
    if best is None:
        return None
    values, vectors = np.linalg.eig(best)
    vectors = vectors[:, np.argsort(np.abs(values))[rank:]]
    cartan = np.linalg.svd(best)[2][k - rank :]
    inverse = np.linalg.pinv(vectors)
    acting = np.tensordot(cartan, ad, axes=1)
    roots = np.einsum("na,iab,bn->ni", inverse, acting, vectors, optimize=True)
    gram = (roots @ np.linalg.solve(cartan @ form @ cartan.T, roots.T)).real
    lengths, frame = np.linalg.eigh(gram)
    embedded = frame[:, -rank:] * np.sqrt(np.maximum(lengths[-rank:], 0.0))
    return RootSystem(embedded)
