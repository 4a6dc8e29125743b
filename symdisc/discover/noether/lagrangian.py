"""The Lagrangian of a field, or all of them, from its weak Euler-Lagrange rows ([002] eq. 19 to 21)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..eigen import smallest
from ..evidence import mixed
from ..rows import Form
from .library import Library

ZERO = 1e-3
ALIKE = 2.0
NOISY = 1.5
DEPENDENT = 1e-6
NO_TIME = 1e-3


@dataclass(frozen=True)
class Fit:
    """Lagrangians whose equations the data obey.

    Attributes:
        library: of the coefficients.
        theta: (P,) coefficients, scaled so that the mean eigenvalue of h^tt is 1 (the largest entry of h, where h^tt is
            0). Where there are several Lagrangians it is the one that has the most of h^tt for the size of its terms.
        null: (nullity, P) coefficients of independent Lagrangians that fit as well as any, theta first, orthogonal and
            of one size in the size of their terms.
        residuals: (r,) Euler-Lagrange residuals of all directions in the order of the eigenvalues, noise removed,
            relative to the terms if they did not cancel.
        values: (r,) eigenvalues against noise (1 is noise; without noise: squared residuals).
    """

    library: Library
    theta: np.ndarray
    null: np.ndarray
    residuals: np.ndarray
    values: np.ndarray

    @property
    def nullity(self) -> int:
        """How many independent Lagrangians fit; 1 where the data decide."""
        return len(self.null)

    @property
    def residual(self) -> float:
        """Of the first: sqrt(max(0, theta (F - N) theta) / theta T theta), the robustness figure of eq. 21."""
        return float(self.residuals[0])

    def named(self) -> dict[str, float]:
        """Name -> coefficient of theta."""
        return dict(zip(self.library.names, self.theta.tolist(), strict=True))


def fit(library: Library, raw: np.ndarray, noise: np.ndarray, sizes: np.ndarray) -> Fit:
    """Solve F theta = lambda (N + eps T) theta for the smallest.

    A direction counts as another Lagrangian where its residual is at most 1e-3 (quadrature and round-off leave 1e-8
    to 1e-4), or at most twice the first one (what smoothing or the library misses, all directions share), or where
    noise explains two thirds of its raw square (no evidence against it). In fields of 1+1 and 2+1 dimensions with up to
    10 % noise true ones came out at .7 to 1.3 times the noise, where the smoothing was not too strong; others at 9
    times and more, but for two stiff random potentials out of ten at 1.6 and 1.9: there 10 % noise hides which of the
    two it is. Where even the first residual is large there is no Lagrangian, and the nullity means nothing.

    Two fields that do not interact have a Lagrangian each (nullity 2); with equal masses and no self-interaction their
    common one may have any metric (3); a wave phi(x - t) asks for h^tt - 2 h^tx + h^xx = 0 only (2).

    Args:
        library: P coefficients.
        raw: (P, P) F, mean of row row^T over all rows of `Library.rows`.
        noise: (P, P) N, mean of e e^T, e the change of a row by noise put in once more; 0: none.
        sizes: (P, P) T, as from `sizes_of`. A coefficient that the data never see (0) is left at 0.
    """
    form, errors, size = (Form(library.size, matrix) for matrix in (raw, noise, sizes))
    found = smallest(form, mixed(errors, size), library.size)
    vectors = found.vectors
    first, second, third = (np.einsum("pk,pq,qk->k", vectors, matrix, vectors) for matrix in (raw, noise, sizes))
    residuals = np.sqrt(np.maximum(first - second, 0.0) / third)
    alike = (residuals <= max(ZERO, ALIKE * residuals[0])) | (first <= NOISY * second)
    alike[0] = True
    null = _independent(vectors[:, alike].T, sizes)
    theta = _most_kinetic(library, null, sizes)
    others = _independent(np.vstack([theta, null]), sizes)[1 : len(null)] * np.sqrt(theta @ sizes @ theta)
    return Fit(library, theta, np.vstack([theta, others]), residuals, found.values)


def stated(library: Library, theta: np.ndarray, raw: np.ndarray, noise: np.ndarray, sizes: np.ndarray) -> Fit:
    """The same for a Lagrangian that was given, not sought: its residual, and no others to compare with."""
    first, second, third = (float(theta @ matrix @ theta) for matrix in (raw, noise, sizes))
    residual = np.sqrt(max(first - second, 0.0) / max(third, np.finfo(float).tiny))
    return Fit(library, theta, theta[None], np.array([residual]), np.array([first / second if second else first]))


def sizes_of(library: Library, signal: np.ndarray) -> np.ndarray:
    """(P, P) T: what the mean square of the rows would be if no term cancelled another.

    Terms are those of `Library.groups`, so the coefficients within one keep their products. Monomials of the field
    cancel each other almost, the more the higher the degree and the more so if they are multiplied by powers of x; it
    is the force then that is small. Taken as terms of their own, potentials that hardly act on the data would pass for
    a law without derivatives.

    Args:
        signal: (P, P) F - N, mean products of the columns.
    """
    form = np.diag(np.maximum(np.diag(signal), 0.0))
    for group in np.unique(library.groups):
        own = np.ix_(library.groups == group, library.groups == group)
        if form[own].size > 1:
            scale = np.sqrt(np.diag(form[own]))
            unit = np.outer(scale, scale)
            values, vectors = np.linalg.eigh(np.divide(signal[own], unit, out=np.zeros_like(unit), where=unit > 0))
            form[own] = (vectors * np.maximum(values, 0.0)) @ vectors.T * unit
    return form


def _independent(vectors: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(k, P): Gram-Schmidt of the rows in the product of `sizes`; rows that depend on those before are dropped."""
    kept: list[np.ndarray] = []
    for vector in vectors:
        vector = vector / np.sqrt(vector @ sizes @ vector)
        for other in (*kept, *kept):
            vector = vector - (other @ sizes @ vector) * other
        length = np.sqrt(max(vector @ sizes @ vector, 0.0))
        if length > DEPENDENT:
            kept.append(vector / length)
    return np.array(kept)


def _most_kinetic(library: Library, null: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(P,): of the span of null (k, P), orthonormal, the vector with the largest trace of h^tt, scaled to v."""
    traces = _traces(library, null)
    # In the size of the terms, as h^tt has its units.
    if np.linalg.norm(_traces(library, null * np.sqrt(np.diag(sizes)))) > NO_TIME:
        return (traces @ null) * (library.components / (traces @ traces))
    return null[0] / (np.abs(library.metric(null[0])).max() or np.abs(null[0]).max())


def _traces(library: Library, null: np.ndarray) -> np.ndarray:
    """(k,): of h^tt."""
    return np.array([np.trace(library.metric(vector)[0, 0]) for vector in null])
