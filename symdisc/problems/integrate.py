"""Motion to rounding: exact flows of the two parts of H, composed to order 8, steps halved until that changes nothing.

Source: Kahan and Li, Composition constants for raising the orders of unconventional schemes for ordinary differential
equations, Math. Comp. 66, 1089 (1997): the scheme of order 8 with 17 stages; also Hairer, Lubich and Wanner, Geometric
Numerical Integration, (V.3.12).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Flow = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
Drift = Callable[[float], Flow]
"""Duration -> (q, p) after the exact flow of the part of H without the forces of `Force`."""
Force = Callable[[np.ndarray], np.ndarray]
"""q -> dp/dt of the other part of H, which does not depend on p."""

_HALF = (
    *(0.13020248308889008087881763, 0.56116298177510838456196441, -0.38947496264484728640807860),
    *(0.15884190655515560089621075, -0.39590389413323757733623154, 0.18453964097831570709183254),
    *(0.25837438768632204729397911, 0.29501172360931029887096624),
)
WEIGHTS = np.array([*_HALF, 1 - 2 * sum(_HALF), *_HALF[::-1]])

LONGEST_STEP = 0.05
TOLERANCE = 2e-12
MOST_HALVINGS = 8


def first_steps(dt: float) -> int:
    """Steps in dt to begin with."""
    return max(1, int(np.ceil(dt / LONGEST_STEP)))


def sampled(
    drift: Drift, force: Force, q: np.ndarray, p: np.ndarray, times: int, dt: float, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """The motion at `times` instants, with a fixed number of steps from each to the next.

    Args:
        drift, force: the two parts of H.
        q, p: (n, ...) at the first instant.
        times: instants, the first included.
        dt: from one to the next.
        steps: of the scheme, from one to the next.

    Returns:
        q and p, (n, times, ...).
    """
    kicks = np.tile(WEIGHTS * (dt / steps), steps)
    # Half a drift before and after each kick; neighbours merge.
    drifts = (np.append(0.0, kicks) + np.append(kicks, 0.0)) / 2
    flows = {duration: drift(duration) for duration in set(drifts.tolist())}
    schedule = [(kick, flows[duration]) for kick, duration in zip(kicks.tolist(), drifts[1:].tolist(), strict=True)]
    first = flows[drifts[0]]
    all_q = np.empty((len(q), times, *q.shape[1:]), q.dtype)
    all_p = np.empty_like(all_q)
    all_q[:, 0], all_p[:, 0] = q, p
    with np.errstate(over="ignore", invalid="ignore"):  # steps that are much too long
        for instant in range(1, times):
            q, p = first(q, p)
            for kick, flow in schedule:
                q, p = flow(q, p + kick * force(q))
            all_q[:, instant], all_p[:, instant] = q, p
    return all_q, all_p


def solved(
    drift: Drift, force: Force, q: np.ndarray, p: np.ndarray, times: int, dt: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """The same, each run with steps so short that halving them again changes it by less than 2e-12 of its size.

    A chaotic run that is long enough amplifies the rounding itself; halving then stops where it no longer helps.

    Returns:
        q and p, and the largest change of any run by its last halving, over its largest |q| and |p|.
    """
    steps = first_steps(dt)
    all_q, all_p = sampled(drift, force, q, p, times, dt, steps)
    change = np.full(len(q), np.inf)
    active = np.arange(len(q))
    for _ in range(MOST_HALVINGS):
        steps *= 2
        fine_q, fine_p = sampled(drift, force, q[active], p[active], times, dt, steps)
        before = change[active]
        change[active] = np.maximum(_difference(fine_q, all_q[active]), _difference(fine_p, all_p[active]))
        all_q[active], all_p[active] = fine_q, fine_p
        helped = (change[active] < before / 2) | np.isinf(change[active])
        active = active[(change[active] > TOLERANCE) & helped]
        if not len(active):
            break
    return all_q, all_p, float(change.max())


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,): largest difference of each run over its largest value; infinite where either is."""
    axes = tuple(range(1, one.ndim))
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.abs(one - other).max(axis=axes) / np.abs(one).max(axis=axes)
    return np.nan_to_num(ratio, nan=np.inf)
