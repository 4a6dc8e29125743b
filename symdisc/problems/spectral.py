"""Motion of interacting periodic fields in 1+1 by Fourier coefficients, on grids refined until that changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .integrate import Flow, Force, first_steps, sampled, solved
from .smooth import FieldOptions, waves

TAIL = 1e-13
FINEST = 8


def drawn(rng: np.random.Generator, samples: int, components: int, options: FieldOptions) -> np.ndarray:
    """(2, n, v, m): how much of each wave is in phi and in phi_t at the start."""
    count = len(waves(options.size, options.spacing, 1, constant=True).k)
    return rng.standard_normal((2, samples, components, count))


class Grid:
    """The motion phi_tt = lap phi - m2 phi + force(phi) on a grid that is `fine` times as fine as that of the data."""

    def __init__(self, start: np.ndarray, force: Force, mass2: float, options: FieldOptions, fine: int) -> None:
        self.fine, self.times, self.dt = fine, options.times, options.dt
        self.size, spacing = options.size * fine, options.spacing / fine
        self.q, self.p = np.fft.rfft(start @ waves(self.size, spacing, 1, constant=True).values)
        self.omega = np.sqrt((2 * np.pi * np.fft.rfftfreq(self.size, spacing)) ** 2 + mass2)
        self.on_components = force

    def drift(self, duration: float) -> Flow:
        """The exact flow of the linear part, on Fourier coefficients (n, v, modes)."""
        angle = self.omega * duration
        cos, ratio, rate = np.cos(angle), duration * np.sinc(angle / np.pi), self.omega * np.sin(angle)
        return lambda q, p: (cos * q + ratio * p, cos * p - rate * q)

    def force(self, q: np.ndarray) -> np.ndarray:
        """What the rest of the equation adds to phi_tt."""
        phi = np.fft.irfft(q, self.size).swapaxes(1, 2)
        return np.fft.rfft(self.on_components(phi).swapaxes(1, 2))

    def rough(self) -> np.ndarray:
        """Coefficients (n, t, v, modes) with the longest steps."""
        return sampled(self.drift, self.force, self.q, self.p, self.times, self.dt, first_steps(self.dt))[0]

    def exact(self) -> tuple[np.ndarray, float]:
        """Coefficients, and their change by the last halving of the step."""
        q, _, change = solved(self.drift, self.force, self.q, self.p, self.times, self.dt)
        return q, change

    def of_data(self, q: np.ndarray) -> np.ndarray:
        """(n, t, s, v) at the points of the data."""
        return np.ascontiguousarray(np.fft.irfft(q, self.size)[..., :: self.fine].swapaxes(2, 3))


def evolved(start: np.ndarray, force: Force, mass2: float, options: FieldOptions) -> tuple[np.ndarray, dict[str, Any]]:
    """The field (n, t, s, v), on a grid so fine that its shortest waves are rounding, and how exact it is.

    Args:
        start: (2, n, v, m), as from `drawn`.
        force: on (n, points, v).
        mass2: of the linear part.
    """
    grid = Grid(start, force, mass2, options, 2)
    while grid.fine < FINEST:
        size = np.abs(grid.rough()).max(axis=(0, 1, 2))
        if size[-len(size) // 8 :].max() <= TAIL * size.max():
            break
        grid = Grid(start, force, mass2, options, 2 * grid.fine)
    q, change = grid.exact()
    return grid.of_data(q), {"relative_change_by_the_last_halving_of_the_step": change}
