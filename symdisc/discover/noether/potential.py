"""Potentials beyond polynomials: smooth functions of the components, found from where the fields are.

A potential need be no polynomial (1 - cos |phi| of a large field). Combinations of Gaussians about points of the data
come near any smooth one, and V stays linear in its coefficients: the weak rows and the eigenproblem are the same, with
no training and no local minima.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .bumps import Bumps
from .dependence import Factor
from .terms import Gradient, at, paired

KEY = "potential_"
FUNCTION = "V["
CENTRES = {1: 24, 2: 120, 3: 240}
WIDTH = 1.5
NEIGHBOURS = {1: 2, 2: 4, 3: 6}
ROUNDS = 10
FLOOR = 1e-7
POINTS = 4000
FLAT = 1e-3


@dataclass(frozen=True, eq=False)
class Smooth:
    """f_k(phi) = sum_c M_ck exp(-|A (phi - c)|^2 / (2 w_c^2)), k = 1 .. K: bounded, and 0 far from all centres.

    Attributes:
        centres: c (C, v). widths: w (C,). scale: A (v, v). mix: M (C, K).
    """

    centres: np.ndarray
    widths: np.ndarray
    scale: np.ndarray
    mix: np.ndarray

    @property
    def count(self) -> int:
        """K."""
        return self.mix.shape[1]

    @property
    def components(self) -> int:
        """v."""
        return self.centres.shape[1]

    def kernels(self, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(.., v) A phi, and the (.., C) Gaussians."""
        z, own = phi @ self.scale.T, self.centres @ self.scale.T
        square = (z**2).sum(-1)[..., None] - 2 * z @ own.T + (own**2).sum(-1)
        return z, np.exp(-np.maximum(square, 0.0) / (2 * self.widths**2))

    def value(self, theta: np.ndarray, phi: np.ndarray) -> np.ndarray:
        """(..): sum_k theta_k f_k at phi (.., v)."""
        return self.kernels(phi)[1] @ (self.mix @ theta)

    def slope(self, theta: np.ndarray, phi: np.ndarray) -> np.ndarray:
        """(.., v): its gradient."""
        z, kernels = self.kernels(phi)
        weights = self.mix @ theta / self.widths**2
        pulled = kernels @ (weights[:, None] * (self.centres @ self.scale.T))
        return (pulled - (kernels @ weights)[..., None] * z) @ self.scale

    def arrays(self) -> dict[str, np.ndarray]:
        """As they stand in a result."""
        return {
            KEY + "centres": self.centres,
            KEY + "widths": self.widths,
            KEY + "scale": self.scale,
            KEY + "mix": self.mix,
        }


class SmoothPotential:
    """- sum of theta_k f_k(phi)."""

    def __init__(self, functions: Smooth) -> None:
        self.functions = functions
        self.names = tuple(f"{FUNCTION}{number + 1}]" for number in range(functions.count))

    def rows(self, phi: np.ndarray, bumps: Bumps, factor: Factor | None = None) -> np.ndarray:
        """- df_k/dphi^i, of smoothed data as they are."""
        chosen = self.functions
        z, kernels = chosen.kernels(phi)
        kernels *= at(factor, bumps)[0]
        own = chosen.centres @ chosen.scale.T
        # Integrated first, as there are fewer test functions than points; one component at a time, to spare memory.
        slopes = [
            bumps.integrate(kernels * (z[..., [j]] - own[:, j]), [0] * bumps.dimensions) for j in range(z.shape[-1])
        ]
        mixed = np.array(slopes) @ (chosen.mix / chosen.widths[:, None] ** 2)
        return np.einsum("ji,j...k->...ik", chosen.scale, mixed)

    def value(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """- sum theta_k f_k."""
        return -self.functions.value(theta, phi)

    def momentum(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """None along any axis."""
        return {}

    def force(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> np.ndarray:
        """- sum theta_k df_k/dphi."""
        return -self.functions.slope(theta, phi)

    def explicit(self, theta: np.ndarray, phi: np.ndarray, gradient: Gradient, x: Gradient) -> dict[int, np.ndarray]:
        """None along any axis."""
        return {}


def smooth_functions(phi: np.ndarray, most: int) -> Smooth:
    """Functions whose slopes are of one size and independent over the points phi (.., v), the smoothest first.

    Centres: points of the data, each as far from those before as can be, in units in which the components have unit
    covariance; so they do not depend on how the components are scaled or turned. The width is twice the distance of
    any point to the nearest centre. Of all combinations those count whose slopes E[grad f_m . grad f_n] (in the same
    units) are orthogonal to the slopes of every quadratic, which are m2's: so m2 is that of the nearest quadratic.
    What is smaller than 1e-3 of the largest is left out, as are those beyond `most`.

    Args:
        phi: smoothed values, of up to three components; 4000 points of them are looked at.
        most: number of functions at most, also 12 / 40 / 80 for 1 / 2 / 3 components.
    """
    v = phi.shape[-1]
    flat = phi.reshape(-1, v)
    # Not every n-th point: the stride may resonate with the grid.
    flat = flat[np.random.default_rng(0).permutation(len(flat))[:POINTS]]
    middle = flat.mean(axis=0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(flat, rowvar=False, bias=True)))
    whiten = (vectors / np.sqrt(np.maximum(values, FLAT**2 * values[-1]))).T
    z = (flat - middle) @ whiten.T
    places, widths = _places(z, CENTRES[v])
    plain = Smooth(places @ np.linalg.inv(whiten).T + middle, WIDTH * widths, whiten, np.eye(len(places)))
    slopes = _slopes(plain, flat) @ np.linalg.inv(whiten)
    quadratic = np.moveaxis(paired(flat), -1, 1) @ np.linalg.inv(whiten)
    gram = np.einsum("nci,ndi->cd", slopes, slopes, optimize=True) / len(flat)
    with_mass = np.einsum("nci,nqi->cq", slopes, quadratic, optimize=True) / len(flat)
    left, sizes, _ = np.linalg.svd(with_mass)
    free = left[:, int((sizes > FLAT * sizes[0]).sum()) :]
    values, vectors = np.linalg.eigh(free.T @ gram @ free)
    kept = np.flatnonzero(values > FLOOR * values[-1])[::-1][: max(1, most)]
    return Smooth(plain.centres, plain.widths, plain.scale, free @ vectors[:, kept] / np.sqrt(values[kept]))


def check_smooth(components: int) -> None:
    """Refuse more components than functions can cover.

    Raises:
        InputError: with the limit.
    """
    if components not in CENTRES:
        raise InputError(
            f"--set noether.potential=smooth: {components} components need too many functions (at most "
            f"{max(CENTRES)}); leave it at polynomial, or give fewer components"
        )


def _places(z: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(C, v) centres that lie as densely as the points (n, v) do, by k-means, and (C,) how far their neighbours are."""
    centres = z[:: max(1, len(z) // count)][:count]
    for _ in range(ROUNDS):
        near = np.argmin((centres**2).sum(1) - 2 * z @ centres.T, axis=1)
        members = np.bincount(near, minlength=len(centres))
        sums = np.stack([np.bincount(near, column, len(centres)) for column in z.T], axis=1)
        centres = (sums / np.maximum(members, 1)[:, None])[members > 0]
    apart = ((centres[:, None] - centres) ** 2).sum(-1)
    neighbour = min(NEIGHBOURS[z.shape[1]], len(centres) - 1)
    widths = np.sqrt(np.sort(apart, axis=1)[:, neighbour])
    return centres, np.maximum(widths, FLAT * widths.max())


def _slopes(functions: Smooth, phi: np.ndarray) -> np.ndarray:
    """(n, K, v)."""
    z, kernels = functions.kernels(phi)
    own = functions.centres @ functions.scale.T
    mix = functions.mix / functions.widths[:, None] ** 2
    along = [kernels @ (own[:, [j]] * mix) - z[:, [j]] * (kernels @ mix) for j in range(z.shape[1])]
    return np.stack(along, axis=-1) @ functions.scale
