"""Random polynomial potentials without a linear symmetry, by a stated measure: V = q.K q / 2 + cubic + quartic.

The quartic part is a sum of fourth powers, which bounds V from below, and the cubic part .8 of what would bring V down
to 0 somewhere else than at q = 0.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from ..errors import InputError
from .draws import orthogonal, planes
from .integrate import Force

BROKEN_BY = 0.3
MOST_TRIES = 100
DRAWS = 40
POINTS = 500
DIRECTIONS = 500
CUBIC = 0.8


@dataclass(frozen=True)
class Potential:
    """V(q) = q.K q / 2 + sum C_ijk q_i q_j q_k + sum_a (w_a . q)^4.

    Attributes:
        quadratic: K (d, d), symmetric.
        cubic: C (d, d, d), symmetric.
        quartic: rows w_a (r, d).
    """

    quadratic: np.ndarray
    cubic: np.ndarray
    quartic: np.ndarray

    def force(self, q: np.ndarray) -> np.ndarray:
        """-dV/dq, for q of shape (..., d)."""
        d = len(self.quadratic)
        pairs = (q[..., :, None] * q[..., None, :]).reshape(*q.shape[:-1], d * d)
        along = q @ self.quartic.T
        return (
            -(q @ self.quadratic)
            - pairs @ (3 * self.cubic.reshape(d * d, d))
            - (along * along * along) @ (4 * self.quartic)
        )

    def broken_by(self, q: np.ndarray) -> float:
        """How much each rotation about 0 changes V: min over A in so(d) of rms(dV . A q) / rms(|dV| |A q|).

        Args:
            q: (..., d), where the motion was.

        Returns:
            0 where a force is infinite or NaN.
        """
        return broken_by(self.force, q)

    def facts(self) -> dict[str, Any]:
        """The coefficients in JSON types."""
        return {
            "potential": "q.K q / 2 + sum C_ijk q_i q_j q_k + sum_a (w_a . q)^4",
            "quadratic": self.quadratic.tolist(),
            "cubic": self.cubic.tolist(),
            "quartic": self.quartic.tolist(),
        }


def broken_by(force: Force, q: np.ndarray) -> float:
    """The same of any potential, by its force -dV/dq."""
    q = q.reshape(-1, q.shape[-1])
    pull = force(q)
    if not np.isfinite(pull).all():
        return 0.0
    moved = np.einsum("aij,nj->nai", planes(range(q.shape[1]), q.shape[1]), q)
    change = np.einsum("ni,nai->na", pull, moved)
    weighted = (np.linalg.norm(pull, axis=1)[:, None, None] * moved).swapaxes(0, 1).reshape(moved.shape[1], -1)
    root = np.linalg.inv(np.linalg.cholesky(weighted @ weighted.T))
    return float(np.linalg.svd(change @ root.T, compute_uv=False)[-1])


def random_potential(rng: np.random.Generator, d: int, reach: float = 1.0) -> Potential:
    """A generic potential whose parts are of one size at |q| about `reach`: of many draws the one that breaks most.

    How much is measured at normal points, which are near those of a motion and cost nothing; the motion itself may
    differ, so hold `broken_by` against it.
    """
    points = 0.8 * reach * rng.standard_normal((POINTS, d))
    drawn = [_draw(rng, d, reach) for _ in range(DRAWS)]
    return max(drawn, key=lambda potential: potential.broken_by(points))


def _draw(rng: np.random.Generator, d: int, reach: float) -> Potential:
    values = np.cumprod([rng.uniform(0.7, 1.0), *rng.uniform(2.0, 3.0, d - 1)])
    frame = orthogonal(rng, d)
    drawn = rng.standard_normal((d, d, d))
    cubic = np.sum([drawn.transpose(order) for order in permutations(range(3))], axis=0) / 6
    potential = Potential((frame * values) @ frame.T, cubic, 0.4 / np.sqrt(reach) * rng.standard_normal((2 * d, d)))
    # Along a direction u, V = a s^2 + b s^3 + c s^4 has another zero from b^2 = 4 a c on.
    u = rng.standard_normal((DIRECTIONS, d))
    a = ((u @ potential.quadratic) * u).sum(axis=1) / 2
    b = ((u[:, :, None] * u[:, None]).reshape(-1, d * d) @ cubic.reshape(d * d, d) * u).sum(axis=1)
    c = ((u @ potential.quartic.T) ** 4).sum(axis=1)
    return dataclasses.replace(potential, cubic=CUBIC * cubic / np.sqrt((b**2 / (4 * a * c)).max()))


def give_up(name: str) -> InputError:
    """What to say where no draw broke every rotation."""
    return InputError(
        f"{name}: no potential out of {MOST_TRIES} broke every rotation by {BROKEN_BY:g}; use another --seed, or more "
        "--samples"
    )
