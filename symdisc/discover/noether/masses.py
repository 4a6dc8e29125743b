"""The masses of a trajectory's coordinates: given, or found from what its charges have in common."""

from __future__ import annotations

import numpy as np

from ...errors import InputError

UNKNOWN = "unknown"


def masses_of(text: str, d: int) -> np.ndarray:
    """(d,): masses, one a coordinate.

    Args:
        text: one number for all, or numbers with commas: one a coordinate, or one a particle where they divide d.

    Raises:
        InputError: not positive numbers, or a number of them that does not fit.
    """
    try:
        masses = np.array([float(part) for part in text.split(",")])
    except ValueError:
        masses = np.zeros(0)
    if not len(masses) or not (np.isfinite(masses).all() and (masses > 0).all()):
        raise InputError(f"--set noether.mass={text}: positive numbers with commas, or {UNKNOWN}")
    if d % len(masses):
        raise InputError(f"--set noether.mass={text}: {len(masses)} masses for {d} coordinates; one, or one a particle")
    return np.repeat(masses, d // len(masses))


def mass_ratios(charges: np.ndarray, particles: int) -> tuple[np.ndarray, float]:
    """Masses that make several charges the same rotation of all particles.

    A charge of particles with one rotation A for all is sum_i m_i q_i' . A q_i: seen with unit masses, every block of
    its matrix is m_i A.

    Args:
        charges: (k, d, d) block-diagonal matrices P = M L. particles: number of blocks.

    Returns:
        (particles,) ratios with mean 1, and the misfit: the share of the charges that no ratios explain.
    """
    n = charges.shape[1] // particles
    blocks = np.stack([charges[:, i * n : (i + 1) * n, i * n : (i + 1) * n].ravel() for i in range(particles)])
    left, values, _ = np.linalg.svd(blocks, full_matrices=False)
    ratios = left[:, 0] * np.sign(left[:, 0].sum())
    misfit = float(np.sqrt((values[1:] ** 2).sum() / (values**2).sum()))
    return ratios / ratios.mean(), misfit
