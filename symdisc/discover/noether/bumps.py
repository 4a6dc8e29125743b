"""Test functions of compact support, onto which every derivative that the data cannot bear is moved."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from math import gamma, pi, prod, sqrt
from typing import Any

import numpy as np

from ...errors import InputError
from ..device import MAIN, Array, Arrays, out_of_memory

POWER = 8
LEAST_WIDTH = 4
SHARE = 0.05
CURRENTS, EQUATION = 0.5, 1.0
SPARSE_FROM = 512


class Bumps:
    """psi(x) = prod_a b((x_a - c_a) / w_a) with b(u) = (1 - u^2)^8 on |u| < 1, each of integral 1, on a lattice.

    Their integrals are sums over the grid. Measured against the exact integral of exp(i k x) times psi' and psi'', over
    periods from w to 8 w, the relative error is at most 1e-3 and 2e-2 for w = 4 points, 2e-5 and 6e-4 for 6, 1e-6 and
    6e-5 for 8, 2e-7 and 1e-5 for 10. A lower power of the same effective width is worse, as its edges are rougher: with
    power 4 in place of w = 10, 3e-4 and 7e-3.

    Attributes:
        sizes: (D,) points of the grid, time first; steps: (D,) distances; periodic: (D,).
        widths: (D,) half-widths w in points.
        shape: (D,) bumps along each axis: one every half of w, inside the grid, or all around a periodic axis.
        centres: D arrays of where they are along each axis, in points.
        arrays: where arrays in main memory are taken to be integrated, and brought back from.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        steps: Sequence[float],
        periodic: Sequence[bool],
        widths: Sequence[int] | None = None,
    ) -> None:
        """Place the bumps.

        Args:
            sizes, steps, periodic: (D,), of the grid.
            widths: (D,) half-widths in points, at least 4; None: see `widths_for`, without data.

        Raises:
            InputError: an axis too short for its width.
        """
        self.sizes, self.steps = tuple(int(n) for n in sizes), tuple(float(h) for h in steps)
        self.periodic = tuple(bool(p) for p in periodic)
        for axis, n in enumerate(self.sizes):
            if n < 2 * LEAST_WIDTH + 1:
                raise InputError(f"axis {axis} of the grid has {n} points; test functions need {2 * LEAST_WIDTH + 1}")
        chosen = widths_for(self.sizes, self.steps, self.periodic) if widths is None else widths
        self.widths = tuple(int(w) for w in chosen)
        self.centres: list[np.ndarray] = []
        for axis, (n, wraps, w) in enumerate(zip(self.sizes, self.periodic, self.widths, strict=True)):
            if not LEAST_WIDTH <= w <= (n if wraps else n - 1) / 2:
                raise InputError(f"axis {axis} of the grid: half-width {w} for {n} points; from 4 to half of them")
            self.centres.append(_centres(n, wraps, w))
        self.shape = tuple(len(centres) for centres in self.centres)
        self.arrays = MAIN
        self._matrices: dict[tuple[int, int, int, Arrays], Any] = {}

    def on(self, arrays: Arrays) -> Bumps:
        """The same test functions, whose integrals are taken elsewhere."""
        other = copy(self)
        other.arrays = arrays
        return other

    @property
    def dimensions(self) -> int:
        """D, of space-time."""
        return len(self.sizes)

    @property
    def count(self) -> int:
        """Number of bumps."""
        return int(np.prod(self.shape))

    def coordinates(self) -> tuple[np.ndarray, ...]:
        """D arrays that broadcast to the grid: x^a minus its mean over the grid."""
        lines = (h * (np.arange(n) - (n - 1) / 2) for n, h in zip(self.sizes, self.steps, strict=True))
        return tuple(np.meshgrid(*lines, indexing="ij", sparse=True))

    def integrate(self, f: Array, orders: Sequence[int], moment: int | None = None) -> Array:
        """Integrals of f x^c d^orders psi over the grid, for every bump.

        Across the seam of a periodic axis x^c goes on as a straight line within a bump, measured from the grid's
        centre to the bump's own.

        Costs runs v n_0 .. n_D-1 b_0 (1 + b_1 / n_0 + ..) multiplications for b_a bumps on axis a: one axis is
        contracted at a time. Axes of 512 points and more use sparse matrices, 4 multiplications a point.

        Args:
            f: (runs, t, s.., v..), wherever they live.
            orders: (D,) derivative orders 0, 1 or 2 of psi along each axis.
            moment: c, the coordinate that multiplies f; None: none.

        Returns:
            (runs, bumps.., v..).
        """
        if self.arrays.ours or not isinstance(f, np.ndarray):
            return self._integrated(f, orders, moment)
        try:
            return self.arrays.back(self._integrated(self.arrays.here(f), orders, moment))
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            # One run of a field at a time: what has no room there is small enough for main memory.
            return self._integrated(f, orders, moment)

    def _integrated(self, f: Array, orders: Sequence[int], moment: int | None) -> Array:
        arrays = Arrays.of(f)
        library = arrays.library
        for axis, order in enumerate(orders):
            matrix = self._matrix(axis, order, int(moment == axis), arrays)
            before, after = f.shape[: axis + 1], f.shape[axis + 2 :]
            if self.sizes[axis] < SPARSE_FROM:
                f = matrix @ f.reshape(prod(before), f.shape[axis + 1], -1)
            else:
                columns = library.moveaxis(f, axis + 1, 0)
                summed = (matrix @ columns.reshape(len(columns), -1)).reshape(-1, *before, *after)
                f = library.moveaxis(summed, 0, axis + 1)
            f = f.reshape(*before, self.shape[axis], *after)
        return f

    def _matrix(self, axis: int, order: int, moment: int, arrays: Arrays) -> Any:
        """(bumps, points): step times d^order psi times x^moment, sparse along a long axis."""
        key = (axis, order, moment, arrays)
        if key not in self._matrices:
            n, h, w, centres = self.sizes[axis], self.steps[axis], self.widths[axis], self.centres[axis]
            # Points near each centre, beyond the grid where a bump wraps.
            near = np.ceil(centres - w).astype(int)[:, None] + np.arange(2 * w + 1)
            values = _profile((near - centres[:, None]) / w, order) * h / (h * w) ** (order + 1)
            values = values * (h * (near - (n - 1) / 2)) ** moment
            from scipy.sparse import csr_array

            rows = np.repeat(np.arange(len(centres)), near.shape[1])
            built = csr_array((values.ravel(), (rows, near.ravel() % n)), shape=(len(centres), n))
            self._matrices[key] = _there(built, arrays) if n >= SPARSE_FROM else arrays.here(built.toarray())
        return self._matrices[key]


def _there(built: Any, arrays: Arrays) -> Any:
    """A sparse matrix of SciPy, where the work is done."""
    if arrays.ours:
        return built
    places = built.tocoo()
    at = arrays.here(np.stack([places.row, places.col]), np.int64)
    return arrays.library.sparse_coo_tensor(at, arrays.here(places.data), built.shape, check_invariants=True)


def _centres(n: int, wraps: bool, w: int) -> np.ndarray:
    if wraps:
        count = int(np.ceil(2 * n / w))
        return np.arange(count) * n / count
    return np.linspace(w, n - 1 - w, int(np.ceil(2 * (n - 1 - 2 * w) / w)) + 1)


def _profile(u: np.ndarray, order: int) -> np.ndarray:
    """b, b' or b'' at u, for an integral of b of 1."""
    inside = np.maximum(1 - u**2, 0.0)
    unit = gamma(POWER + 1.5) / (sqrt(pi) * gamma(POWER + 1))
    if order == 0:
        return unit * inside**POWER
    if order == 1:
        return -2 * POWER * unit * u * inside ** (POWER - 1)
    if order == 2:
        return 2 * POWER * unit * (2 * (POWER - 1) * u**2 - inside) * inside ** (POWER - 2)
    raise ValueError(f"derivative order {order} of a test function; 0, 1 or 2")


def widths_for(
    sizes: Sequence[int],
    steps: Sequence[float],
    periodic: Sequence[bool],
    gradient: Sequence[np.ndarray] | None = None,
    fraction: float = CURRENTS,
) -> tuple[int, ...]:
    """Half-widths of bumps in points: along each axis a fraction of the shortest period that counts.

    That is the period beyond whose frequency d_a phi has 5 % of its power. A bump is near a Gaussian of deviation
    .23 w and takes a wave of that period down to .77 for a fraction of .5 (`CURRENTS`), .35 for 1 (`EQUATION`). Wider
    bumps average noise better. The equation, linear in the waves, may use them: its terms go down together. Currents
    are products, and what breaks a symmetry often oscillates at twice the frequency: measured, the second defect of a
    complex phi^4 field is .72, .58, .37, .14 for fractions .35, .5, .7, 1.

    Args:
        sizes, steps, periodic: (D,), of the grid.
        gradient: D arrays (runs, t, s.., v), of smoothed data; None, or zero along an axis: a sixteenth of the axis.
        fraction: of that period.

    Returns:
        (D,), from 4 to a quarter of the axis.
    """
    chosen = []
    for axis, (n, wraps) in enumerate(zip(sizes, periodic, strict=True)):
        period = _shortest_period(gradient[axis], axis + 1, wraps) if gradient is not None else None
        width = n / 16 if period is None else fraction * period
        chosen.append(int(np.clip(round(width), LEAST_WIDTH, max(LEAST_WIDTH, n // 4))))
    return tuple(chosen)


def _shortest_period(slope: np.ndarray, axis: int, wraps: bool) -> float | None:
    """In points; the power is summed over all other axes."""
    line = np.moveaxis(slope, axis, -1)
    n = line.shape[-1]
    # A taper keeps the jump between the two ends of an open axis out of the high frequencies.
    taper = np.ones(n) if wraps else np.sin(pi * (np.arange(n) + 0.5) / n) ** 2
    power = (np.abs(np.fft.rfft(line * taper)) ** 2).reshape(-1, n // 2 + 1).sum(axis=0)
    power[0] = 0.0
    above = np.cumsum(power[::-1])[::-1]
    if not above[0] > 0:
        return None
    return n / int(np.flatnonzero(above >= SHARE * above[0])[-1])
