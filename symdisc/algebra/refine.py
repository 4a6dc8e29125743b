"""The nearest exact algebra: matrices that close under brackets, as little moved from noisy ones as possible.

Gauss-Newton on what leaves the span. With R_ij the part of [E_i, E_j] outside the subspace V_ij where it belongs (the
whole span, or a smaller part of it where a flag of ideals is imposed), each round solves

    min_X  sum_ij |(1 - P_ij)([X_i, E_j] + [E_i, X_j] - sum_l c_ij^l X_l) + R_ij|^2 + lambda^2 |X|^2

by conjugate gradients (CGLS), and orthonormalises E + X. Without damping it jumps to another algebra.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

ROUNDS = 30
STEPS = 60
ENOUGH = 1e-3
CLOSED = 1e-11
DAMPING = 2.0
HOPELESS = 0.75
NEAR = 1e-3
FLOOR = 0.1


@dataclass(frozen=True)
class Refined:
    """Matrices that close.

    Attributes:
        basis: (k, m, m) orthonormal in the Frobenius product, each near the one it started from.
        constants: (k, k, k), [E_i, E_j] = sum_l c[i, j, l] E_l, zero where they were not allowed.
        error: what still leaves the allowed subspaces, relative to the brackets.
    """

    basis: np.ndarray
    constants: np.ndarray
    error: float


def refine(
    basis: np.ndarray, allowed: np.ndarray | None = None, spread: np.ndarray | None = None, rounds: int = ROUNDS
) -> Refined:
    """Matrices near `basis` that close under brackets.

    Args:
        basis: (k, m, m) orthonormal matrices.
        allowed: (k, k, k) booleans: [E_i, E_j] has to lie in the span of the E_l with allowed[i, j, l]; None: of all.
        spread: (k, k) symmetric root of the covariance of their noise, up to a factor; None: the identity.
        rounds: most rounds of Gauss-Newton.
    """
    k = len(basis)
    if allowed is None:
        allowed = np.ones((k, k, k), dtype=bool)
    if spread is None:
        spread = np.eye(k)
    state = _State(basis, allowed)
    for _ in range(rounds):
        if state.error <= CLOSED:
            break
        damping = min(DAMPING * sqrt(k) * state.error, 1.0)
        if state.error < NEAR:
            # What is left to move is too small for its direction to matter.
            spread = np.eye(k)
        moved = _State(orthonormal(_step(state, damping, spread, STEPS)), allowed)
        if moved.error > HOPELESS * state.error:
            # One more try with a weaker damping and more steps; after that it has stalled.
            other = _State(orthonormal(_step(state, damping / 100, spread, 5 * STEPS)), allowed)
            moved = min(moved, other, key=lambda s: s.error)
            if moved.error > HOPELESS * state.error:
                state = min(state, moved, key=lambda s: s.error)
                break
        state = moved
    return Refined(state.basis, state.constants, state.error)


def _step(state: _State, damping: float, spread: np.ndarray, steps: int) -> np.ndarray:
    """E + X of one round, X = spread @ Y with the smallest |Y|."""
    size = state.size
    x = np.zeros_like(state.basis)
    residual = -state.leak
    gradient = np.tensordot(spread, state.adjoint(residual), axes=1)
    direction = gradient.copy()
    gamma = first = float(np.vdot(gradient, gradient))
    weight = (damping * size / sqrt(len(x))) ** 2
    for _ in range(steps):
        if gamma <= ENOUGH**2 * first:
            break
        image = state.forward(np.tensordot(spread, direction, axes=1))
        step = gamma / (float(np.vdot(image, image)) + weight * float(np.vdot(direction, direction)))
        x += step * direction
        residual -= step * image
        gradient = np.tensordot(spread, state.adjoint(residual), axes=1) - weight * x
        previous, gamma = gamma, float(np.vdot(gradient, gradient))
        direction = gradient + gamma / previous * direction
    return state.basis + np.tensordot(spread, x, axes=1)


class _State:
    """Brackets of a basis and the linearised closure map at it."""

    def __init__(self, basis: np.ndarray, allowed: np.ndarray) -> None:
        self.basis, self.allowed = basis, allowed
        k, m, _ = basis.shape
        self.flat = basis.reshape(k, m * m)
        brackets = self._products(basis)
        # Brackets of an abelian algebra are noise alone: nothing to be measured against.
        self.size = max(float(np.linalg.norm(brackets)), FLOOR * k)
        self.constants = (brackets.reshape(k * k, -1) @ self.flat.T).reshape(k, k, k) * allowed
        self.leak = brackets - np.tensordot(self.constants, basis, axes=1)
        self.error = float(np.linalg.norm(self.leak)) / self.size

    def forward(self, x: np.ndarray) -> np.ndarray:
        moved = self._antisymmetric(self._products(x)) - np.tensordot(self.constants, x, axes=1)
        return self._outside(moved)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        y = self._outside(y)
        k, m, _ = self.basis.shape
        pairs = self._antisymmetric(y)
        stacked = pairs.transpose(0, 2, 1, 3).reshape(k * m, k * m)
        right = stacked @ self.basis.transpose(0, 2, 1).reshape(k * m, m)
        stacked = pairs.transpose(0, 3, 1, 2).reshape(k * m, k * m)
        left = stacked @ self.basis.reshape(k * m, m)
        result = right.reshape(k, m, m) - left.reshape(k, m, m).transpose(0, 2, 1)
        return result - np.tensordot(self.constants, y, axes=((0, 1), (0, 1)))

    def _products(self, x: np.ndarray) -> np.ndarray:
        """(k, k, m, m): X_i E_j - E_j X_i."""
        k, m, _ = self.basis.shape
        wide = self.basis.transpose(1, 0, 2).reshape(m, k * m)
        right = (x.reshape(k * m, m) @ wide).reshape(k, m, k, m).transpose(0, 2, 1, 3)
        tall = x.transpose(1, 0, 2).reshape(m, k * m)
        left = (self.basis.reshape(k * m, m) @ tall).reshape(k, m, k, m).transpose(2, 0, 1, 3)
        return right - left

    @staticmethod
    def _antisymmetric(pairs: np.ndarray) -> np.ndarray:
        return pairs - pairs.transpose(1, 0, 2, 3)

    def _outside(self, pairs: np.ndarray) -> np.ndarray:
        k = len(self.basis)
        inside = (pairs.reshape(k * k, -1) @ self.flat.T).reshape(k, k, k) * self.allowed
        return pairs - np.tensordot(inside, self.basis, axes=1)


def orthonormal(basis: np.ndarray) -> np.ndarray:
    """Gram-Schmidt from the last to the first: it keeps every tail span, so an imposed flag stays one."""
    k = len(basis)
    flat = basis.reshape(k, -1)[::-1]
    q, r = np.linalg.qr(flat.T)
    return ((q * np.sign(np.diag(r))).T)[::-1].reshape(basis.shape)
