"""Sums over test functions, batch by batch: what the evidence about charges is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..device import MAIN, Array, Arrays, Blocks
from .actions import Actions
from .mechanics import Seen

# Mean squares that rounding may leave, relative to those of the terms that cancel.
ROUNDING = {"float64": 1e-12, "float32": 1e-6}
ALL = Blocks()


@dataclass
class Tally:
    """Sums by batch b.

    Attributes:
        actions: the K candidates.
        violation, noise: (B, K, K), sum of row row^T, and what noise alone gives.
        force: (B, c, c) sum of R_F^T R_F less its noise. kinetic: (B, r, r) of R_K.
        weights: (B,) sum of what the test functions are worth. count: how many there are.
    """

    actions: Actions
    violation: np.ndarray
    noise: np.ndarray
    force: np.ndarray
    kinetic: np.ndarray
    weights: np.ndarray
    count: int = 0

    @staticmethod
    def empty(actions: Actions, batches: int) -> Tally:
        """Nothing yet."""
        k, r, c = actions.charges.shape
        shapes = ((k, k), (k, k), (c, c), (r, r))
        violation, noise, force, kinetic = (np.zeros((batches, *shape)) for shape in shapes)
        return Tally(actions, violation, noise, force, kinetic, np.zeros(batches))

    def add(
        self, seen: Seen, smooth: Seen, noisy: list[Seen], batch: np.ndarray, arrays: Arrays = MAIN, parts: Blocks = ALL
    ) -> None:
        """Count some runs.

        Args:
            seen: what their test functions see. smooth: what they see of the smoothed runs. noisy: of these with noise
                put in anew. All in main memory.
            batch: (r, b) batch of every test function.
            arrays: where products are taken; parts: of how many runs at once.
        """
        worth = _worth(smooth, noisy)
        if arrays.ours:
            self._count(seen, smooth, noisy, batch, worth)
            return

        def some(part: slice) -> Tally:
            # Apart from the others: where memory runs out half way, nothing has been counted.
            own = Tally.empty(self.actions, len(self.weights))
            near, still, *others = (one.part(part, arrays) for one in (seen, smooth, *noisy))
            own._count(near, still, others, batch[part], worth[part])
            return own

        for own in parts.of(some, len(batch)):
            self._join(own)

    def _count(self, seen: Seen, smooth: Seen, noisy: list[Seen], batch: np.ndarray, worth: np.ndarray) -> None:
        at = batch.ravel()
        self.weights += np.bincount(at, worth.ravel(), len(self.weights))
        self.count += at.size
        self._sum(self.violation, at, worth, self._rows(seen.charge))
        self._sum(self.force, at, worth, seen.force)
        if seen.kinetic is not None:
            self._sum(self.kinetic, at, worth, seen.kinetic)
        share = worth / len(noisy)
        for other in noisy:
            self._sum(self.noise, at, share, self._rows(other.charge - smooth.charge))
            self._sum(self.force, at, -share, other.force - smooth.force)
            if smooth.kinetic is not None and other.kinetic is not None:
                self._sum(self.kinetic, at, -share, other.kinetic - smooth.kinetic)

    def _join(self, other: Tally) -> None:
        for name, value in other.state().items():
            setattr(self, name, getattr(self, name) + (int(value) if name == "count" else value))

    def _rows(self, charge: Array) -> Array:
        """(r, b, 1, K): <C_k, G>."""
        arrays = Arrays.of(charge)
        charges = arrays.here(self.actions.charges)
        return arrays.library.tensordot(charge, charges, ([2, 3], [1, 2]))[:, :, None, :]

    @staticmethod
    def _sum(into: np.ndarray, at: np.ndarray, worth: np.ndarray, values: Array) -> None:
        """Add worth values^T values of (r, b, q, c) to the batches `at` (r b,)."""
        arrays = Arrays.of(values)
        flat, share = values.reshape(len(at), *values.shape[2:]), worth.ravel()
        for number in np.unique(at):
            here = np.flatnonzero(at == number)
            part = flat[arrays.here(here, np.int64)].reshape(-1, flat.shape[2])
            # The inverse variance of exact data is beyond what float32 holds.
            scale = np.abs(share[here]).max()
            weights = arrays.here(np.repeat(share[here] / scale, flat.shape[1])[:, None])
            into[number] += scale * arrays.back((part * weights).T @ part)

    def forms(self, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(B, K, K) each: mean violation, noise and size of the violating terms in every batch.

        Args:
            dtype: in which the runs were looked at.
        """
        counts = np.where(self.weights > 0, self.weights, 1.0)[:, None, None]
        actions = self.actions
        size = _squares(self.force, actions.charges)
        if actions.kinetic is not None:
            size = size + _squares(self.kinetic, actions.kinetic)
        size = size / (actions.charges.shape[1] * counts)
        # Exact data leave quadrature and rounding, most of it in a few batches: no sample of how a violation would be
        # spread. What is added is spread as the motion is; it only raises the defect, to 1e-6 at least (float32: 1e-3).
        return self.violation / counts + ROUNDING[dtype] * size, self.noise / counts, size

    @property
    def samples(self) -> np.ndarray:
        """(B,) test functions in every batch, as many as their worth says."""
        return self.weights * self.count / self.weights.sum()

    def state(self) -> dict[str, np.ndarray]:
        """For a checkpoint."""
        return {
            name: np.array(getattr(self, name))
            for name in ("violation", "noise", "force", "kinetic", "weights", "count")
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state."""
        for name, value in state.items():
            setattr(self, name, int(value) if name == "count" else np.array(value))


def _worth(smooth: Seen, noisy: list[Seen]) -> np.ndarray:
    """(r, b): inverse variance that noise gives the charges there; where a body moves fast they are known badly.

    Quiet stretches count at most twice as much as a typical one, lest a few of them be all that counts.
    """
    spread = np.mean([((other.charge - smooth.charge) ** 2).sum((2, 3)) for other in noisy], axis=0)
    return 1 / np.maximum(spread + np.median(spread), np.finfo(float).tiny)


def _squares(sums: np.ndarray, stack: np.ndarray) -> np.ndarray:
    """(B, K, K): sum |R L^T|^2 as forms in L, from sums of R^T R (B, c, c) and candidates (K, r, c)."""
    k = len(stack)
    flat = stack.reshape(k, -1)
    return np.array([(stack @ part).reshape(k, -1) @ flat.T for part in sums])
