"""The fallback for large words: a block Chebyshev filter on sum C_i.T C_i, applied axis by axis.

A polynomial that is small on [c, largest] and large at 0 is applied to a random block. Null vectors are only scaled by
it, so none is missed while the block is larger than the number of eigenvalues below c; if it is not, it grows.
"""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np

from ..errors import ResourceError
from .action import Action
from .kernels import Explicit, Kernel
from .window import Window

CUT = 1e-2
DIGITS = 34.0
BLOCK = 16
ROUNDS = 6
MARGIN = 1.1
DONE = 1e-11


def solve(action: Action, window: Window, most: int) -> tuple[Kernel, float | None]:
    """Invariants of a word.

    Args:
        action: the word.
        window: where null singular values lie.
        most: most numbers that a block may hold.

    Raises:
        InputError: no rank is acceptable.
        ResourceError: too many eigenvalues are small for a block of that size.
    """
    constraints = action.constraints()
    m = action.size
    if not constraints:
        return Explicit(np.eye(m)), None
    adjoints = Action(
        tuple(stack.transpose(0, 2, 1) for stack in action.lie), tuple(s.transpose(0, 2, 1) for s in action.discrete)
    ).constraints()

    def operator(x: np.ndarray) -> np.ndarray:
        total = np.zeros_like(x)
        for constraint, adjoint in zip(constraints, adjoints, strict=True):
            total += adjoint(constraint(x))
        return total

    rng = np.random.default_rng(0)
    largest = MARGIN * _largest(operator, rng.standard_normal((m, 4)))
    if largest <= 1e-300:
        return Explicit(np.eye(m)), None
    cut = max(CUT * largest, (4 * window.level(sqrt(largest))) ** 2)
    cut = min(cut, largest / 4)
    block = min(BLOCK, m)
    while True:
        if block * m > most:
            raise ResourceError(
                f"more than {block // 2} small singular values among {m}: the block would not fit; use a smaller "
                "representation"
            )
        x = np.linalg.qr(rng.standard_normal((m, block)))[0]
        for _ in range(ROUNDS):
            x = np.linalg.qr(_filter(operator, x, cut, largest))[0]
            values, turn = np.linalg.eigh(x.T @ operator(x))
            x = x @ turn
            if block < m and values[-1 - block // 8] < cut:
                break
            wrong = np.linalg.norm(operator(x) - x * values, axis=0)
            if wrong[values < cut].max(initial=0.0) < DONE * largest:
                break
        if block == m or values[-1 - block // 8] >= cut:
            break
        block = min(2 * block, m)
    sigma = np.sqrt(np.maximum(values, 0.0))
    kept = values < cut
    small = np.concatenate([c(x[:, kept]) for c in constraints])
    exact, turn = np.linalg.eigh(small.T @ small)
    sigma[kept] = np.sqrt(np.maximum(exact, 0.0))
    x[:, kept] = x[:, kept] @ turn
    rank, gap = window.rank(sigma, m, sqrt(largest))
    return Explicit(np.ascontiguousarray(x[:, :rank])), gap


def _filter(operator, x: np.ndarray, cut: float, largest: float) -> np.ndarray:  # type: ignore[no-untyped-def]
    """T_n of the operator mapped so that [cut, largest] becomes [-1, 1], scaled to 1 at zero."""
    degree = ceil(DIGITS / (2 * sqrt(cut / largest)))
    centre, half = (largest + cut) / 2, (largest - cut) / 2
    # Recurrence with scaled terms, so that nothing overflows (Zhou and Saad 2007).
    scale = -half / centre
    first = scale
    before, now = x, (operator(x) - centre * x) * (scale / half)
    for _ in range(degree - 1):
        after = 1 / (2 / first - scale)
        before, now = now, 2 * (after / half) * (operator(now) - centre * now) - scale * after * before
        scale = after
    return now


def _largest(operator, x: np.ndarray) -> float:  # type: ignore[no-untyped-def]
    value = 0.0
    for _ in range(30):
        x = np.linalg.qr(x)[0]
        image = operator(x)
        value = float(np.linalg.eigvalsh(x.T @ image)[-1])
        x = image
        if not np.isfinite(value) or value <= 0:
            return 0.0
    return value
