"""The held-out test of one direction: is its population defect below a tolerance?

An equivalence test: the null hypothesis is "the defect is at least the tolerance", and the statistic is compared
with its distribution at that boundary, built by a multiplier bootstrap over batches. Estimating the spread at the
boundary instead of at the estimate is what keeps the size: near zero the spread of a squared mean collapses.

The statistic must be improbable at the boundary compared with what it would be under exact symmetry (the CLs rule: A.
L. Read, J. Phys. G 28, 2693, 2002). Where the noise exceeds the tolerance the two cannot be told apart; a plain test
would then certify a lucky draw in 5 % of runs whatever the truth, this one certifies nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np

DRAWS = 2000
LARGEST_BOUND = 10.0


def draw_multipliers(batches: int, seed: int) -> np.ndarray:
    """(DRAWS, batches) standard normal multipliers, one a batch, shared by every fold and direction."""
    return np.random.default_rng([seed, 0x5EED]).standard_normal((DRAWS, batches))


class Trial(Protocol):
    """What a test of one direction can say."""

    @property
    def defect(self) -> float:
        """Held-out relative defect, sqrt(max(0, violation / denominator))."""

    def certified(self, tolerance: float, alpha: float, multipliers: np.ndarray) -> bool:
        """Whether the data rule out a defect above `tolerance` at level 1 - alpha."""

    def growth_needed(self, tolerance: float, alpha: float) -> float | None:
        """By which factor the samples must grow until today's estimate is decided, for or against; None: unknown."""


def spread_factor(share: np.ndarray) -> np.ndarray:
    """(B,) factors that make deviations from the weighted mean vary as the batches do; 0 for empty batches.

    A batch pulls the mean towards itself: its deviation varies by 1 - share less than the batch, share its weight.
    """
    return np.where(share > 0, 1 / np.sqrt(np.maximum(1 - share, np.finfo(float).eps)), 0.0)


def ruled_out(statistic: float, at_boundary: np.ndarray, at_zero: np.ndarray, alpha: float) -> bool:
    """Whether the boundary is ruled out: P(<= statistic | boundary) <= alpha P(<= statistic | exact symmetry).

    At most alpha of the runs at the boundary pass, and fewer where the data could not tell it from zero.
    """
    boundary = np.count_nonzero(at_boundary <= statistic) / len(at_boundary)
    # Counted with the statistic itself: never 0, so what no draw at the boundary reaches is ruled out.
    zero = (np.count_nonzero(at_zero <= statistic) + 1) / (len(at_zero) + 1)
    return bool(boundary <= alpha * zero)


def upper_bound(trial: Trial, alpha: float, multipliers: np.ndarray) -> float:
    """The smallest tolerance at which the trial certifies: a marginal upper confidence bound of the defect."""
    low, high = 0.0, LARGEST_BOUND
    if not trial.certified(high, alpha, multipliers):
        return float("nan")
    for _ in range(40):
        middle = (low + high) / 2
        if trial.certified(middle, alpha, multipliers):
            high = middle
        else:
            low = middle
        if high - low < 1e-3 * high:
            break
    return high


@dataclass(frozen=True)
class Component:
    """A U-statistic over held-out groups, split by how it depends on the noise e of the group means.

    With group means mu + e_f it reads  s^2 square + s linear . g + g' quadratic g  for mean s mu and multipliers g.

    Attributes:
        value: the statistic itself, unbiased for |mu|^2.
        square: |mean of all data|^2, averaged over folds.
        linear: (B,) coefficients; quadratic: (B, B), zero within a group.
    """

    value: float
    square: float
    linear: np.ndarray
    quadratic: np.ndarray

    def fluctuation(self, size: float, multipliers: np.ndarray) -> np.ndarray:
        """(DRAWS,) deviations from the expectation when the squared mean is `size`."""
        scale = np.sqrt(max(size, 0.0) / self.square) if self.square > 0 else 0.0
        quadratic = np.einsum("db,db->d", multipliers @ self.quadratic, multipliers)
        return scale * (multipliers @ self.linear) + quadratic

    def scaled(self, factor: float) -> Component:
        """The component of a direction multiplied by sqrt(factor)."""
        return Component(self.value * factor, self.square * factor, self.linear * factor, self.quadratic * factor)

    @staticmethod
    def total(parts: Sequence[Component]) -> Component:
        """The component of several directions taken together."""
        return Component(
            sum(part.value for part in parts),
            sum(part.square for part in parts),
            np.sum([part.linear for part in parts], axis=0),
            np.sum([part.quadratic for part in parts], axis=0),
        )


def component(rows: Iterable[np.ndarray], folds: np.ndarray, weights: np.ndarray) -> Component:
    """Collapse the held-out rows of all folds.

    Args:
        rows: for each fold (B, q) batch means of the rows of that fold's direction.
        folds: (P, h, B) masks of the held-out groups.
        weights: (B,) samples in each batch.
    """
    batches = len(weights)
    share = weights / weights.sum()
    spread = spread_factor(share)
    value = square = norm = 0.0
    linear = np.zeros(batches)
    quadratic = np.zeros((batches, batches))
    for fold_rows, groups in zip(rows, folds, strict=True):
        mean = share @ fold_rows
        residual = (fold_rows - mean) * spread[:, None]
        size = groups @ weights
        within = groups * weights / size[:, None]
        means = within @ fold_rows
        # Pair weights n_f n_g of different groups, both orders.
        pair = np.outer(size, size)
        np.fill_diagonal(pair, 0.0)
        norm += pair.sum()
        value += float(np.einsum("fg,fg->", pair, means @ means.T))
        square += float(pair.sum() * (mean @ mean))
        linear += 2 * (residual @ mean) * (pair.sum(axis=1) @ within)
        quadratic += (residual @ residual.T) * (within.T @ pair @ within)
    return Component(value / norm, square / norm, linear / norm, quadratic / norm)


@dataclass(frozen=True)
class MomentTrial:
    """A direction judged by products of different held-out groups.

    Args:
        violation: U-statistic of the violation.
        denominator: its value.
        denominator_rows: U-statistic of the denominator, where that is measured by rows of its own; its noise then
            enters the test.
    """

    violation: Component
    denominator: float
    denominator_rows: Component | None = None

    @classmethod
    def build(
        cls, applied: Sequence[tuple[np.ndarray, np.ndarray | float]], folds: np.ndarray, weights: np.ndarray
    ) -> MomentTrial:
        """From the rows (B, q) and the denominator (rows (B, p), or a number) of each fold's direction."""
        violation = component([rows for rows, _ in applied], folds, weights)
        if isinstance(applied[0][1], np.ndarray):
            rows = [other for _, other in applied if isinstance(other, np.ndarray)]
            other = component(rows, folds, weights)
            return cls(violation, other.value, other)
        sizes = folds @ weights
        pair_weights = sizes.sum(axis=1) ** 2 - (sizes**2).sum(axis=1)
        values = np.array([other for _, other in applied], dtype=float)
        return cls(violation, float(pair_weights @ values / pair_weights.sum()))

    @classmethod
    def together(cls, trials: Sequence[MomentTrial]) -> MomentTrial:
        """The sum of several directions, each in units of its denominator.

        It bounds any combination of directions that are orthogonal in the denominator's product; where one of them has
        no denominator it says nothing, and its denominator is 0.
        """
        if not all(trial.denominator > 0 for trial in trials):
            return cls(trials[0].violation, 0.0)
        parts = [trial.violation.scaled(1 / trial.denominator) for trial in trials]
        rows = [
            trial.denominator_rows.scaled(1 / trial.denominator / len(trials))
            for trial in trials
            if trial.denominator_rows
        ]
        violation = Component.total(parts)
        return cls(violation, 1.0, Component.total(rows) if rows else None)

    @property
    def defect(self) -> float:
        """Held-out relative defect."""
        if self.denominator <= 0:
            return float("nan")
        return float(np.sqrt(max(0.0, self.violation.value / self.denominator)))

    def certified(self, tolerance: float, alpha: float, multipliers: np.ndarray) -> bool:
        """Compare with the draws at the boundary |mu|^2 = tolerance^2 denominator, and at mu = 0."""
        if not self.denominator > 0:
            return False
        target = tolerance**2 * self.denominator
        boundary = target + self.violation.fluctuation(target, multipliers)
        zero = self.violation.fluctuation(0.0, multipliers)
        if self.denominator_rows is not None:
            shift = tolerance**2 * self.denominator_rows.fluctuation(self.denominator, multipliers)
            boundary, zero = boundary - shift, zero - shift
        return ruled_out(self.violation.value, boundary, zero, alpha)

    def growth_needed(self, tolerance: float, alpha: float) -> float | None:
        """Solve z^2 (s1 / x + s2 / x^2) = gap^2 for x, spread taken at the boundary."""
        gap = abs(tolerance**2 * self.denominator - max(self.violation.value, 0.0))
        if not (self.denominator > 0 and gap > 0):
            return None
        scale = np.sqrt(tolerance**2 * self.denominator / self.violation.square) if self.violation.square > 0 else 0.0
        first = float(((scale * self.violation.linear) ** 2).sum())
        second = float(2 * (((self.violation.quadratic + self.violation.quadratic.T) / 2) ** 2).sum())
        return growth(first, second, gap, alpha)


def growth(first: float, second: float, gap: float, alpha: float) -> float:
    """x with z sqrt(first / x + second / x^2) = gap."""
    z = NormalDist().inv_cdf(1 - alpha)
    return z * (z * first + np.sqrt((z * first) ** 2 + 4 * second * gap**2)) / (2 * gap**2)


@dataclass(frozen=True)
class PointwiseTrial:
    """A direction judged by its held-out mean squared residuals, one entry a batch.

    The spread is taken after the residuals are scaled up to the boundary, so that a small estimate cannot vouch for
    its own precision.
    """

    violation: np.ndarray
    noise: np.ndarray
    denominator: np.ndarray
    weights: np.ndarray

    @property
    def _share(self) -> np.ndarray:
        return self.weights / self.weights.sum()

    @property
    def defect(self) -> float:
        """Held-out relative defect."""
        violation, noise, denominator = (self._share @ x for x in (self.violation, self.noise, self.denominator))
        if denominator <= 0:
            return float("nan")
        return float(np.sqrt(max(0.0, (violation - noise) / denominator)))

    @classmethod
    def together(cls, trials: Sequence[PointwiseTrial]) -> PointwiseTrial:
        """As for moment rows."""
        units = [float(trial._share @ trial.denominator) for trial in trials]
        if not all(unit > 0 for unit in units):
            return cls(trials[0].violation, trials[0].noise, np.zeros_like(trials[0].denominator), trials[0].weights)
        scaled = [
            [part / unit for part in (trial.violation, trial.noise, trial.denominator)]
            for trial, unit in zip(trials, units, strict=True)
        ]
        violation, noise, denominator = (np.sum([row[i] for row in scaled], axis=0) for i in range(3))
        return cls(violation, noise, denominator / len(trials), trials[0].weights)

    @property
    def effective_batches(self) -> float:
        """How many equal batches would spread the violation, noise included, as these do."""
        parts = self._share * self.violation
        return float(parts.sum() ** 2 / (parts**2).sum()) if parts.any() else float(len(parts))

    def _contributions(self, tolerance: float, defect: float) -> tuple[float, np.ndarray]:
        """violation - noise - tolerance^2 denominator at a true defect: its mean, and (B,) centred contributions.

        The residuals are scaled to the size that they would have at that defect.
        """
        share = self._share
        observed = float(share @ self.violation)
        expected = self.noise + defect**2 * self.denominator
        scaled = self.violation * (float(share @ expected) / observed) if observed > 0 else expected
        values = scaled - self.noise - tolerance**2 * self.denominator
        mean = float(share @ values)
        # The scale was fitted to the same batches: one that holds a large part of the violation pulls it until its own
        # contribution all but vanishes. Dividing by 1 - leverage gives it back (HC3: MacKinnon and White 1985).
        leverage = np.maximum(share * self.violation / observed, share) if observed > 0 else share
        return mean, share * (values - mean) / np.maximum(1 - leverage, 0.01)

    def certified(self, tolerance: float, alpha: float, multipliers: np.ndarray) -> bool:
        """Compare with the draws at the boundary, and at an exact symmetry."""
        if not self._share @ self.denominator > 0:
            return False
        statistic = float(self._share @ (self.violation - self.noise - tolerance**2 * self.denominator))
        boundary, zero = (
            mean + multipliers[:, : len(contributions)] @ contributions
            for mean, contributions in (self._contributions(tolerance, defect) for defect in (tolerance, 0.0))
        )
        return ruled_out(statistic, boundary, zero, alpha)

    def growth_needed(self, tolerance: float, alpha: float) -> float | None:
        """As for moment rows, with s2 = 0."""
        statistic = float(self._share @ (self.violation - self.noise - tolerance**2 * self.denominator))
        if statistic == 0:
            return None
        contributions = self._contributions(tolerance, tolerance)[1]
        return growth(float((contributions**2).sum()), 0.0, abs(statistic), alpha)
