"""Simple ideals of a semisimple algebra, by which root vectors a generic element ties together.

Over C a generic element x has root vectors e_a as eigenvectors of ad x; a second generic element y maps e_b to a part
along e_a, directly or through the Cartan subalgebra, exactly where both lie in one simple ideal. The connected
components are the simple ideals of the complexified algebra; complex conjugation keeps one (a real form) or swaps two
(a complex algebra).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .decisions import Ruler
from .series import adjoint, killing_form

TRIALS = 4
EXCEPTIONAL = {2: 14, 4: 52, 6: 78, 7: 133, 8: 248}


@dataclass(frozen=True)
class Ideal:
    """A simple ideal.

    Attributes:
        basis: (r, k) orthonormal coefficients.
        complex: whether it is a complex simple algebra seen as real.
        positive: number of positive eigenvalues of its Killing form.
        rank: dimension of its Cartan subalgebra.
    """

    basis: np.ndarray
    complex: bool
    positive: int
    rank: int

    @property
    def dimension(self) -> int:
        """Real dimension."""
        return len(self.basis)

    @property
    def possible(self) -> bool:
        """Whether a simple algebra of this rank and dimension exists (Killing and Cartan's classification)."""
        n, k = (self.rank // 2, self.dimension // 2) if self.complex else (self.rank, self.dimension)
        classical = {n * (n + 2), n * (2 * n + 1)} | ({n * (2 * n - 1)} if n > 2 else set())
        return k in classical or k == EXCEPTIONAL.get(n)


def simple_ideals(constants: np.ndarray, ruler: Ruler) -> list[Ideal] | None:
    """The simple ideals of a semisimple algebra, largest first; None where noise hides them."""
    k = len(constants)
    ad = adjoint(constants)
    rng = np.random.default_rng(0)
    candidates = [np.tensordot(rng.standard_normal(k), ad, axes=1) for _ in range(TRIALS)]
    spectra = [np.linalg.eigvals(matrix) for matrix in candidates]
    ranks = [k - ruler.count(np.abs(e), np.abs(e).max(), record=False) for e in spectra]
    rank = min(ranks)
    if rank == 0 or rank == k:
        return None
    best = max(range(TRIALS), key=lambda i: _separation(spectra[i], rank))
    roots, vectors = np.linalg.eig(candidates[best])
    order = np.argsort(np.abs(roots))[rank:]
    roots, vectors = roots[order], vectors[:, order]
    cartan = np.linalg.svd(candidates[best])[2][-rank:].T
    frame = np.hstack([cartan, vectors])
    other = np.linalg.solve(frame, np.tensordot(rng.standard_normal(k), ad, axes=1) @ frame)
    labels = _components(other, rank, ruler)
    conjugate = np.abs(roots[:, None] - roots[None].conj()).argmin(axis=1)
    form = killing_form(constants)
    ideals: list[Ideal] = []
    seen: set[int] = set()
    for label in range(labels.max() + 1):
        if label in seen:
            continue
        partner = int(labels[conjugate[np.argmax(labels == label)]])
        seen |= {label, partner}
        inside = (labels == label) | (labels == partner)
        ideal = _ideal(inside, other[:rank, rank:], cartan, vectors, form, ruler, partner != label)
        ideals.append(ideal)
    if sum(ideal.dimension for ideal in ideals) != k:
        return None
    return sorted(ideals, key=lambda ideal: -ideal.dimension)


def _separation(roots: np.ndarray, rank: int) -> float:
    """Smallest distance between two roots or from a root to 0, relative to the largest root."""
    nonzero = roots[np.argsort(np.abs(roots))[rank:]]
    points = np.append(nonzero, 0)
    distances = np.abs(points[:, None] - points[None]) + np.diag(np.full(len(points), np.inf))
    return float(distances.min() / np.abs(nonzero).max())


def _components(other: np.ndarray, rank: int, ruler: Ruler) -> np.ndarray:
    """Label of the complex simple ideal that each root vector lies in."""
    from scipy.sparse.csgraph import connected_components

    direct = np.abs(other[rank:, rank:])
    through = np.abs(other[rank:, :rank] @ other[:rank, rank:])
    sizes = [max(float(np.sqrt((part**2).mean())), np.finfo(float).tiny) for part in (direct, through)]
    ties = np.maximum(direct / sizes[0], through / sizes[1])
    return connected_components(ties > ruler.threshold, directed=False)[1]


def _ideal(
    inside: np.ndarray,
    into_cartan: np.ndarray,
    cartan: np.ndarray,
    vectors: np.ndarray,
    form: np.ndarray,
    ruler: Ruler,
    is_complex: bool,
) -> Ideal:
    coroots = cartan @ into_cartan[:, inside]
    coroots = np.hstack([coroots.real, coroots.imag])
    u, s, _ = np.linalg.svd(coroots)
    rank = ruler.count(s, s[0])
    spanning = np.hstack([u[:, :rank], vectors[:, inside].real, vectors[:, inside].imag])
    basis = np.linalg.svd(spanning)[0][:, : rank + int(inside.sum())].T
    values = np.linalg.eigvalsh(basis @ form @ basis.T)
    return Ideal(basis, is_complex, int((values > 0).sum()), rank)
