"""What the problems of runs in time share: how they are sampled, and noise in x."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .pairs import check_whole

NOISE = "standard deviation of the noise, over the RMS of x about its mean"
MOST_TIMES = 10**6


def check_times(times: int, dt: float) -> None:
    """Refuse a sampling in time that makes no sense.

    Raises:
        InputError: with the limits.
    """
    check_whole("times", times, 2, MOST_TIMES)
    if not 1e-6 <= dt <= 100:
        raise InputError(f"--set dt={dt:g}: between 1e-6 and 100")


def check_noise(noise: float) -> None:
    """Refuse noise that is negative or not finite.

    Raises:
        InputError: with an example.
    """
    if not 0 <= noise < np.inf:
        raise InputError(f"--set noise={noise:g}: 0 or more; .1 is 10 % of the RMS of x")


def noisy(rng: np.random.Generator, x: np.ndarray, noise: float) -> np.ndarray:
    """x with independent Gaussian noise of standard deviation `noise` times the RMS of all of x about its mean.

    To be drawn last: one seed then has the same clean runs with any noise.
    """
    return x + noise * x.std() * rng.standard_normal(x.shape) if noise else x
