"""Known algebras as a user would bring them: another basis, other coordinates, noise, more or fewer generators."""

from __future__ import annotations

import numpy as np


def similarity(m: int, condition: float, rng: np.random.Generator) -> np.ndarray:
    """Random (m, m) change of coordinates with singular values from 1 to `condition`."""
    left, right = (np.linalg.qr(rng.standard_normal((m, m)))[0] for _ in range(2))
    return (left * np.geomspace(1, condition, m)) @ right


def moved(generators: np.ndarray, change: np.ndarray) -> np.ndarray:
    return change @ generators @ np.linalg.inv(change)


def remixed(generators: np.ndarray, rng: np.random.Generator, extra: int = 0, lost: int = 0) -> np.ndarray:
    """A random basis: `extra` more combinations than needed, or `lost` of them taken away."""
    k = len(generators)
    mix = np.linalg.qr(rng.standard_normal((k, k)))[0] * rng.uniform(0.3, 3, (k, 1))
    mix = np.vstack([mix[: k - lost], rng.standard_normal((extra, k))])
    return np.tensordot(mix, generators, axes=1)


def noisy(generators: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian entries, `noise` times the RMS entry of each generator."""
    size = np.sqrt((generators**2).mean(axis=(1, 2), keepdims=True))
    return generators + noise * size * rng.standard_normal(generators.shape)


def disguised(
    generators: np.ndarray,
    rng: np.random.Generator,
    noise: float = 0,
    condition: float = 3,
    extra: int = 0,
    lost: int = 0,
) -> np.ndarray:
    """Random coordinates, then a random basis, then noise."""
    generators = generators.astype(float)
    elsewhere = moved(generators, similarity(generators.shape[1], condition, rng))
    return noisy(remixed(elsewhere, rng, extra, lost), noise, rng)
