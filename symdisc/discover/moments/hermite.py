"""Damped Hermite functions, their sums over samples, and how a linear flow changes their means.

    w_alpha(z) = e(z) h_alpha(z),   h_alpha = prod_i He_alpha_i(z_i) / sqrt(alpha_i!),   e = exp(-|z|^2 / (4 d))

The rate at which a flow z -> z + eps (L z + b) changes E[w] is E[grad w . (L z + b)]. Since both z_j and d/dz_j take
Hermite functions to their neighbours, every such rate, for every L and b, is a combination of the means E[e h_gamma]
with |gamma| up to the degree plus two. So one pass sums these, C(d + degree + 2, d) numbers, where the rates themselves
would be d^2 numbers a test function.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from ..device import MAIN, Array, Arrays
from ..hermite import Places, codes, one_dimensional
from .halves import MANY, Halves

BLOCK_VALUES = 1 << 20
# e is below the smallest float64 beyond this |z|^2 / (4 d); the polynomials may overflow there.
FARTHEST = 700.0


def damping(z: Array, library: Any = np) -> tuple[Array, Array]:
    """Weights e (n,) of samples z (n, d), and z with the samples that weigh nothing moved to 0."""
    exponent = library.einsum("nd,nd->n", z, z) / (4 * z.shape[1])
    near = exponent < FARTHEST
    weights = library.exp(-library.clip(exponent, None, FARTHEST))
    return library.where(near, weights, 0.0), library.where(near[:, None], z, 0.0)


@dataclass(frozen=True)
class Hermite:
    """The functions of d variables, and what a flow makes of them.

    Multi-indices are built one variable after the other, so those of the first variables are a prefix. The low ones
    have degree up to `degree` + 1; sums are kept for all up to `degree` + 2; the tests have degree 1 to `degree`.

    Args:
        d: number of variables; degree: highest degree of a test function.
        arrays: where samples and their sums live.
    """

    d: int
    degree: int
    arrays: Arrays = MAIN

    @property
    def sums(self) -> int:
        """Q: how many means are kept."""
        return comb(self.d + self.degree + 2, self.d)

    @property
    def tests(self) -> int:
        """q: how many test functions."""
        return comb(self.d + self.degree, self.d) - 1

    @cached_property
    def _codes(self) -> np.ndarray:
        return codes(self.d)

    @cached_property
    def _plan(self) -> tuple[list[list[np.ndarray]], np.ndarray, np.ndarray, np.ndarray]:
        """What is multiplied with what, and keys and degrees of the low multi-indices and keys of all."""
        top = self.degree + 2
        keys, degrees = np.zeros(1, dtype=np.uint64), np.zeros(1, dtype=np.int64)
        everything: list[np.ndarray] = [keys]
        plan: list[list[np.ndarray]] = []
        for j in range(self.d):
            steps = [np.flatnonzero(degrees <= top - k) for k in range(1, top + 1)]
            made = [keys[part] + np.uint64(k) * self._codes[j : j + 1] for k, part in enumerate(steps, 1)]
            everything += made
            low = [degrees[part] + k < top for k, part in enumerate(steps, 1)]
            plan.append(steps)
            keys = np.concatenate([keys, *(new[few] for new, few in zip(made, low, strict=True))])
            degrees = np.concatenate(
                [degrees, *(degrees[p][few] + k for k, (p, few) in enumerate(zip(steps, low, strict=True), 1))]
            )
        return plan, keys, degrees, np.concatenate(everything)

    @cached_property
    def _places(self) -> Places:
        """Where multi-indices stand among the sums."""
        return Places(self._plan[3])

    @cached_property
    def low(self) -> np.ndarray:
        """(Q', d): the low multi-indices."""
        exponents = np.zeros((len(self._plan[1]), self.d), dtype=np.int8)
        stop = 1
        for j, steps in enumerate(self._plan[0]):
            size = stop
            for k, part in enumerate(steps, 1):
                few = part[self._plan[2][:size][part] + k < self.degree + 2]
                exponents[stop : stop + len(few)] = exponents[few]
                exponents[stop : stop + len(few), j] = k
                stop += len(few)
        return exponents

    @cached_property
    def _neighbours(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For the low ones: where they, and each raised and lowered in one variable, stand among the sums."""
        keys = self._plan[1]
        up = self._places(keys[:, None] + self._codes)
        down = self._places(np.where(self.low > 0, keys[:, None] - self._codes, keys[:, None]))
        return self._places(keys), up, down

    @cached_property
    def degrees(self) -> np.ndarray:
        """(q,) degrees of the test functions."""
        degrees = self._plan[2]
        return degrees[(degrees >= 1) & (degrees <= self.degree)]

    @cached_property
    def _tests(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """For the tests: where each, raised and lowered, stands among the low ones, and with what factors."""
        keys, degrees = self._plan[1], self._plan[2]
        chosen = np.flatnonzero((degrees >= 1) & (degrees <= self.degree))
        own, alpha = keys[chosen, None], self.low[chosen].astype(float)
        low = Places(keys)
        up, down = low(own + self._codes), low(np.where(alpha > 0, own - self._codes, own))
        half = 1 / (2 * self.d)
        return up, down, -half * np.sqrt(alpha + 1), (1 - half) * np.sqrt(alpha)

    @cached_property
    def _halves(self) -> Halves:
        return Halves(self._codes, self.degree + 2, self._places, self.arrays)

    @cached_property
    def _steps(self) -> list[list[tuple[Array, Array]]]:
        """For every variable and power: what is multiplied, and what of it is kept for the next variables."""
        plan, _, degrees, _ = self._plan
        steps, stop = [], 1
        for parts in plan:
            kept = [part[degrees[:stop][part] + k < self.degree + 2] for k, part in enumerate(parts, 1)]
            both = ([self.arrays.here(at, np.int64) for at in one] for one in (parts, kept))
            steps.append(list(zip(*both, strict=True)))
            stop += sum(len(few) for few in kept)
        return steps

    # --- sums over samples

    def add(self, sums: Array, z: Array, fields: Array | None = None) -> Array | None:
        """Add sum e h_gamma over samples to `sums` (Q,).

        Args:
            z: (n, d).
            fields: (n, f) factors.

        Returns:
            (Q', f): sum e h_beta fields over the low multi-indices, where there are fields.
        """
        if fields is None and self.sums >= MANY:
            weights, near = damping(z, self.arrays.library)
            self._halves.add(sums, near, weights)
            return None
        low, empty = len(self._plan[1]), self.arrays.empty
        step = self.arrays.ample * int(np.clip(BLOCK_VALUES // low, 16, 4096))
        table = empty(z, low, min(step, max(len(z), 1)))
        total = None if fields is None else self.arrays.zeros(low, fields.shape[1])
        for first in range(0, len(z), step):
            weights, near = damping(z[first : first + step], self.arrays.library)
            rows = table[:, : len(near)] if len(near) == table.shape[1] else empty(z, low, len(near))
            self._block(sums, near, weights, rows)
            if total is not None and fields is not None:
                total += rows @ (weights[:, None] * fields[first : first + step])
        return total

    def _block(self, sums: Array, z: Array, weights: Array, rows: Array) -> None:
        library = self.arrays.library
        rows[0] = 1.0
        sums[0] += weights.sum()
        stop, at = 1, 1
        for j, steps in enumerate(self._steps):
            powers = one_dimensional(z[:, j], self.degree + 2, library)
            products = rows[:stop] @ (library.stack(powers[1:], 1) * weights[:, None])
            for k, (part, few) in enumerate(steps, 1):
                sums[at : at + len(part)] += products[part, k - 1]
                at += len(part)
                library.multiply(rows[few], powers[k], out=rows[stop : stop + len(few)])
                stop += len(few)

    # --- what a flow makes of them

    def levers(self, means: np.ndarray) -> np.ndarray:
        """(Q', d + 1): E[e h_beta z_j], and E[e h_beta] in the last column, from means E[e h_gamma] (Q,)."""
        place, up, down = self._neighbours
        beta = self.low.astype(float)
        return np.concatenate(
            [np.sqrt(beta + 1) * means[up] + np.sqrt(beta) * means[down], means[place][:, None]], axis=1
        )

    def gradient(self, low: np.ndarray) -> np.ndarray:
        """(q, d, ..): E[d_i w F] of every test from E[e h_beta F] (Q', ..) of the low multi-indices."""
        up, down, rise, fall = self._tests
        shape = (*rise.shape, *[1] * (low.ndim - 1))
        return np.asarray(rise.reshape(shape) * low[up] + fall.reshape(shape) * low[down])

    def rates(self, means: np.ndarray) -> np.ndarray:
        """(q, d (d + 1)): E[grad w . (L z + b)] for unit entries of (L, b), row by row, from means (Q,)."""
        return self.gradient(self.levers(means)).reshape(self.tests, -1)

    def rates_along(self, means: np.ndarray, flows: np.ndarray) -> np.ndarray:
        """(q, p): the rates along flows (p, d, d + 1), without those of the unit entries."""
        velocity = self.levers(means) @ flows.reshape(-1, self.d + 1).T
        return self.divergence(velocity.reshape(-1, len(flows), self.d))

    def divergence(self, velocity: np.ndarray) -> np.ndarray:
        """(q, p): E[grad w . V] from E[e h_beta V_i] (Q', p, d)."""
        up, down, rise, fall = self._tests
        total = np.zeros((len(up), velocity.shape[1]))
        for i in range(self.d):
            total += rise[:, i, None] * velocity[up[:, i], :, i] + fall[:, i, None] * velocity[down[:, i], :, i]
        return total

    def tilted(self, means: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """E[e], and mean (d,) and covariance (d, d) of the samples weighted by e, from means (Q,)."""
        codes = self._codes
        first = means[self._places(codes)]
        second = means[self._places(codes[:, None] + codes)]
        second[np.diag_indices(self.d)] = np.sqrt(2) * np.diag(second) + means[0]
        mean = first / means[0]
        return float(means[0]), mean, second / means[0] - np.outer(mean, mean)

    # --- the covariance of one sample's rates

    @cached_property
    def _spread(self) -> tuple[np.ndarray, np.ndarray]:
        """Polynomials in |z|^2, lowest power first, with sum_w grad w grad w^T = e^2 (A I + B z z^T).

        From Mehler's kernel, sum_alpha t^|alpha| h_alpha(z) h_alpha(y) = (1 - t^2)^{-d/2} exp((2 t z.y - t^2 (|z|^2 +
        |y|^2)) / (2 (1 - t^2))), differentiated in z and y and taken at y = z, power by power of t.
        """
        order = self.degree + 1
        ratio = np.array([0.0, *(-((-1.0) ** k) for k in range(1, order))])  # t / (1 + t)
        kernel = np.zeros((order, order))  # of t, of |z|^2: exp(|z|^2 t / (1 + t)) / (1 - t^2)^{d/2}
        factor = np.zeros(order)
        factor[0] = 1.0
        for k in range(2, order, 2):
            factor[k] = factor[k - 2] * (self.d / 2 + k / 2 - 1) / (k / 2)
        term = factor
        for j in range(order):
            kernel[:, j] = term
            term = _product(term, ratio) / (j + 1)
        along = ratio.copy()
        along[0] -= 1 / (2 * self.d)
        across = np.array([k % 2 for k in range(order)], dtype=float)  # t / (1 - t^2)
        parts = []
        for series in (across, _product(along, along)):
            coefficients = np.stack([_product(kernel[:, j], series) for j in range(order)], axis=1)
            parts.append(coefficients[1:].sum(axis=0))
        return parts[0], parts[1]

    def spread(self, z: Array) -> tuple[Array, Array, Array]:
        """e^2 A and e^2 B (n,) of samples z (n, d), and z without those that weigh nothing."""
        weights, near = damping(z, self.arrays.library)
        square = self.arrays.library.einsum("nd,nd->n", near, near)
        a, b = (_polynomial(part.tolist(), square) for part in self._spread)
        return weights**2 * a, weights**2 * b, near


def _polynomial(coefficients: list[float], at: Array) -> Array:
    """By Horner's rule, lowest power first."""
    value = coefficients[-1] + 0 * at
    for coefficient in coefficients[-2::-1]:
        value = coefficient + value * at
    return value


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Product of two power series, to their length."""
    return np.convolve(a, b)[: len(a)]
