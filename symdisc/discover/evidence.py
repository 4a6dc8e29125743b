"""What a method hands over: evidence in batches, of two types that must not be confused.

*Moment rows*: a(v) = A v is a population mean that a symmetry makes zero; every batch estimates the same vector, so
products of different batches estimate |a(v)|^2 without bias. *Pointwise rows*: a residual for each sample that a
symmetry makes zero, not only on average; its mean square minus its noise is the violation.

For a direction v both give a violation and a denominator, quadratic forms with unbiased expectations:

    defect(v)^2 = violation(v) / denominator(v)

0 is an exact symmetry, 1 a direction in which nothing cancels. Nothing after this module knows which method ran.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from statistics import NormalDist
from typing import Protocol

import numpy as np

from .rows import DENSE_LIMIT, BatchForms, DenseForms, Form, Rows, moment_forms, raw_form
from .trial import MomentTrial, PointwiseTrial, Trial, spread_factor

NOISE_MIX = 1e-3


@dataclass(frozen=True)
class Forms:
    """Quadratic forms over candidate coefficients, from some of the batches.

    Attributes:
        raw: violation including its noise, F.
        denominator: T.
        metric: what the raw violation is minimised against when directions are chosen, and by which they are ordered.
        parts: gives the next two when they are asked for: a search needs neither, and they take most of the work.
        unbiased: violation without its noise; may be indefinite.
        noise: what noise alone would give, N (zero: the rows have none).
    """

    raw: Form
    denominator: Form
    metric: Form
    parts: Callable[[], tuple[Form, Form]]

    @cached_property
    def _parts(self) -> tuple[Form, Form]:
        return self.parts()

    @property
    def unbiased(self) -> Form:
        """Violation without its noise."""
        return self._parts[0]

    @property
    def noise(self) -> Form:
        """What noise alone would give."""
        return self._parts[1]


class Evidence(Protocol):
    """Batches of evidence about K candidate directions."""

    @property
    def size(self) -> int:
        """Number of candidates K."""

    @property
    def weights(self) -> np.ndarray:
        """(B,) samples in each batch."""

    def matrices(self, directions: np.ndarray) -> np.ndarray:
        """(r, m, m): the generators of candidate coefficients (K, r)."""

    def uninformative(self, alpha: float) -> str | None:
        """Why these data cannot tell symmetric from broken at all, or None."""

    def folds(self, groups: int) -> list[tuple[int, ...]]:
        """Which groups are held out together; directions come from the others."""

    def view(self, train: np.ndarray) -> Evidence:
        """The same evidence in coordinates fixed by the batches in the mask `train` alone."""

    def forms(self, batches: np.ndarray) -> Forms:
        """Forms from the batches in the mask."""

    def trial(self, directions: Sequence[np.ndarray], views: Sequence[Evidence], folds: np.ndarray) -> Trial:
        """The held-out test of one direction, given as one vector a fold.

        Args:
            directions: one (K,) vector for each fold, in the coordinates of that fold's view.
            views: one view for each fold.
            folds: (number of folds, h, B) masks of the held-out groups of each fold.
        """

    def given(self, direction: np.ndarray) -> Trial:
        """The test of a direction that was not chosen by looking at these data: all batches count."""

    def sum_terms(self, directions: np.ndarray, values: np.ndarray) -> tuple[float, float]:
        """Variance components (s1, s2) of sum_i violation(v_i) - values_i denominator(v_i), directions (K, r).

        The variance at n times today's samples is s1 / n + s2 / n^2.
        """


@dataclass(frozen=True)
class MomentEvidence:
    """Moment rows, batch by batch.

    Args:
        rows: batch means of the rows.
        weights: (B,) samples in each batch.
        embed: (K, r) candidate coefficients -> (r, m, m) generators.
        denominator_rows: moment rows whose squared mean is the denominator; or None, then the denominator is
            `reference` times the measure.
        comparison: (K, c) directions of the comparison set when there are no denominator rows: 1 is as broken as
            its typical member. None: all candidates.
        measure: by which directions are compared, v' M v; None: the noise of the mean.
        typical: (B, p) batch means of rows whose squared mean is the reference, where the comparison set lies outside
            the candidates; `comparison` is not used then.
    """

    rows: Rows
    weights: np.ndarray
    embed: Callable[[np.ndarray], np.ndarray]
    denominator_rows: Rows | None = None
    comparison: np.ndarray | None = None
    measure: Form | None = None
    typical: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Number of candidates K."""
        return self.rows.shape[2]

    def matrices(self, directions: np.ndarray) -> np.ndarray:
        """(r, m, m) generators."""
        return self.embed(directions)

    def uninformative(self, alpha: float) -> str | None:
        """With a comparison set: its reference is not above zero at level 1 - alpha."""
        if self.denominator_rows is not None:
            return None
        filled = self.weights > 0
        s1, s2 = u_statistic_variance(self._typical_kernel[np.ix_(filled, filled)], self.weights[filled])
        if self.reference > NormalDist().inv_cdf(1 - alpha) * np.sqrt(s1 + s2):
            return None
        return (
            "uninformative: even a typical direction shows no violation beyond noise, so a small one means nothing "
            "(Gaussian data, for one, look symmetric under every covariance-preserving rotation)"
        )

    def folds(self, groups: int) -> list[tuple[int, ...]]:
        """Pairs of groups: only products of different groups are unbiased."""
        return list(combinations(range(groups), 2))

    def view(self, train: np.ndarray) -> MomentEvidence:
        """Coordinates do not depend on the training batches here."""
        return self

    def forms(self, batches: np.ndarray) -> Forms:
        """F, its unbiased part, N (of the mean of these batches) and T.

        F holds the noise of the mean, so F against T ranks directions by how small a defect they could be shown to
        have; against N a well measured symmetry would rank behind a faint direction that is all noise. With a
        comparison set T is a multiple of N anyway.
        """
        whole = np.array_equal(batches, self.weights > 0)
        raw = self._all[0] if whole else raw_form(self.rows, self.weights, batches)

        def parts() -> tuple[Form, Form]:
            return (self._all if whole else moment_forms(self.rows, self.weights, batches))[1:]

        if self.denominator_rows is None:
            measure = self._measure
            return Forms(raw, measure.times(max(self.reference, 0.0)), measure, parts)
        denominator = raw_form(self.denominator_rows, self.weights, batches)
        return Forms(raw, denominator, denominator, parts)

    @cached_property
    def _all(self) -> tuple[Form, Form, Form]:
        return moment_forms(self.rows, self.weights, self.weights > 0)

    @property
    def _measure(self) -> Form:
        return self._all[2] if self.measure is None else self.measure

    @cached_property
    def _typical(self) -> np.ndarray:
        """(B, p): rows whose squared mean is the reference, those of all directions of an orthonormal comparison set.

        Only their products matter, so no more than B columns are kept.
        """
        rows = self.typical
        if rows is None:
            basis = np.eye(self.size) if self.comparison is None else self.comparison
            unit = basis @ whitened(basis.T @ self._measure.apply(basis))
            rows = self.rows.apply(unit).reshape(len(self.weights), -1) / np.sqrt(max(unit.shape[1], 1))
        if rows.shape[1] <= len(rows):
            return rows
        values, vectors = np.linalg.eigh(rows @ rows.T)
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))

    @cached_property
    def _typical_kernel(self) -> np.ndarray:
        return np.asarray(self._typical @ self._typical.T)

    @cached_property
    def reference(self) -> float:
        """Mean over the comparison set of violation over measure, orthonormal directions, from all data.

        Not above zero: the rows cannot tell a symmetric density from a typical one (Gaussian data).
        """
        pairs = np.outer(self.weights, self.weights)
        np.fill_diagonal(pairs, 0.0)
        return float((pairs * self._typical_kernel).sum() / pairs.sum())

    def trial(self, directions: Sequence[np.ndarray], views: Sequence[Evidence], folds: np.ndarray) -> Trial:
        """Products of the held-out groups of each fold."""
        applied = []
        for direction, view in zip(directions, views, strict=True):
            assert isinstance(view, MomentEvidence)
            applied.append(view.applied(direction))
        return MomentTrial.build(applied, folds, self.weights)

    def applied(self, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(B, q) rows of one direction, and (B, p) rows of its denominator.

        The reference is estimated from the same batches, so its error enters the test as that of any denominator does.
        """
        rows = self.rows.apply(direction[:, None])[..., 0]
        if self.denominator_rows is not None:
            return rows, self.denominator_rows.apply(direction[:, None])[..., 0]
        return rows, self._typical * np.sqrt(max(self._measure.value(direction), 0.0))

    def given(self, direction: np.ndarray) -> Trial:
        """All pairs of different batches."""
        return MomentTrial.build([self.applied(direction)], _one_by_one(self.weights), self.weights)

    def sum_terms(self, directions: np.ndarray, values: np.ndarray) -> tuple[float, float]:
        """Hoeffding's two components of the U-statistic over pairs of batches."""
        filled = self.weights > 0
        rows = self.rows.apply(directions)[filled]
        kernel = np.einsum("aqi,bqi->ab", rows, rows, optimize=True)
        if self.denominator_rows is not None:
            other = self.denominator_rows.apply(directions)[filled]
            kernel -= np.einsum("aqi,bqi,i->ab", other, other, values, optimize=True)
        else:
            sizes = np.einsum("ki,ki->i", directions, self._measure.apply(directions))
            kernel -= float(values @ sizes) * self._typical_kernel[np.ix_(filled, filled)]
        return u_statistic_variance(kernel, self.weights[filled])


def _one_by_one(weights: np.ndarray) -> np.ndarray:
    """(1, h, B): a single fold in which every filled batch is a group of its own."""
    batches = np.flatnonzero(weights > 0)
    single = np.zeros((len(batches), len(weights)), dtype=bool)
    single[np.arange(len(batches)), batches] = True
    return single[None]


def whitened(gram: np.ndarray) -> np.ndarray:
    """(c, r): combinations of c vectors that are orthonormal, from their Gram matrix of rank r."""
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    kept = values > max(values[-1], 0.0) * 1e-12
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


def mixed(noise: Form, denominator: Form) -> Form:
    """N + eps T with eps = 1e-3 tr N / tr T; T alone where there is no noise. Against it, values near 1 are noise."""
    noise_trace, denominator_trace = noise.trace(), denominator.trace()
    if noise_trace <= 0:
        return denominator
    return noise.plus(denominator, NOISE_MIX * noise_trace / denominator_trace) if denominator_trace > 0 else noise


def u_statistic_variance(kernel: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Components (s1, s2) of the variance of sum_{b != b'} w w' k / sum_{b != b'} w w'.

    Hoeffding's decomposition for a bilinear kernel (B, B) of batch means that vary as 1 / w: with shares s, the first
    order is 2 sum_b s_b (1 - s_b) k(e_b, mu), the second sum_{b != b'} s_b s_b' k(e_b, e_b'), both over 1 - sum s^2.
    """
    share = weights / weights.sum()
    unit = share * spread_factor(share)
    rest = 1 - float(share @ share)
    row = kernel @ share
    first = 2 * unit * (1 - share) * (row - share @ row) / rest
    second = np.outer(unit, unit) * (kernel - row[:, None] - row[None, :] + share @ row) / rest
    np.fill_diagonal(second, 0.0)
    s2 = 2 * float((second**2).sum())
    # The estimated first order carries noise of twice the second.
    return max(float(first @ first) - 2 * s2, 0.0), s2


@dataclass(frozen=True)
class PointwiseEvidence:
    """Pointwise rows: mean squared residuals, batch by batch.

    Args:
        violation: mean squared residual of each batch, noise included.
        noise: what noise alone contributes to it; None where the rows have none.
        denominator: mean squared size of the violating terms when nothing cancels.
        weights: (B,) samples in each batch.
        embed: (K, r) candidate coefficients -> (r, m, m) generators.
        floor: defect^2 below which directions need not be told apart. Where the noise is less, they are chosen against
            the denominator: against the noise, the order of exact symmetries is chance, and what a slightly wrong
            model leaves makes those win that noise moves most.
    """

    violation: BatchForms
    noise: BatchForms | None
    denominator: BatchForms
    weights: np.ndarray
    embed: Callable[[np.ndarray], np.ndarray]
    floor: float = 0.0

    @property
    def size(self) -> int:
        """Number of candidates K."""
        return self.violation.shape[2]

    def matrices(self, directions: np.ndarray) -> np.ndarray:
        """(r, m, m) generators."""
        return self.embed(directions)

    def uninformative(self, alpha: float) -> str | None:
        """Residuals of single samples always tell."""
        return None

    def folds(self, groups: int) -> list[tuple[int, ...]]:
        """One group at a time: the residuals are squared within a sample."""
        return [(group,) for group in range(groups)]

    def view(self, train: np.ndarray) -> PointwiseEvidence:
        """Coordinates do not depend on the training batches here."""
        return self

    def forms(self, batches: np.ndarray) -> Forms:
        """Weighted means of the batches' forms."""
        share = np.where(batches, self.weights, 0.0) / self.weights[batches].sum()
        raw = self._mean(self.violation, share)
        noise = self._mean(self.noise, share)
        denominator = self._mean(self.denominator, share)
        metric = mixed(noise, denominator)
        if self.floor:
            metric = metric.plus(denominator, self.floor)
        return Forms(raw, denominator, metric, lambda: (raw.plus(noise, -1.0), noise))

    def _mean(self, forms: BatchForms | None, share: np.ndarray) -> Form:
        if forms is None:
            if self.size <= DENSE_LIMIT:
                return Form(self.size, np.zeros((self.size, self.size)))
            return Form(self.size, operator=np.zeros_like)
        if isinstance(forms, DenseForms):
            return Form(self.size, np.tensordot(share, forms.array, axes=1))
        return Form(self.size, operator=lambda v: np.tensordot(share, forms.apply(v), axes=1))

    def _values(self, directions: np.ndarray) -> np.ndarray:
        """(3, B, r): violation, noise and denominator of each batch for directions (K, r)."""
        parts = (self.violation, self.noise, self.denominator)
        zeros = np.zeros((len(self.weights), directions.shape[1]))
        return np.stack(
            [zeros if form is None else np.einsum("kr,bkr->br", directions, form.apply(directions)) for form in parts]
        )

    def trial(self, directions: Sequence[np.ndarray], views: Sequence[Evidence], folds: np.ndarray) -> Trial:
        """Each batch is judged by the direction that was found without it."""
        values = np.zeros((3, len(self.weights)))
        for direction, view, held in zip(directions, views, folds, strict=True):
            assert isinstance(view, PointwiseEvidence)
            mask = held.any(axis=0)
            values[:, mask] = view._values(direction[:, None])[:, mask, 0]
        return self._trial(values)

    def given(self, direction: np.ndarray) -> Trial:
        """All batches count."""
        return self._trial(self._values(direction[:, None])[..., 0])

    def _trial(self, values: np.ndarray) -> Trial:
        filled = self.weights > 0
        violation, noise, denominator = values[:, filled]
        return PointwiseTrial(violation, noise, denominator, self.weights[filled])

    def sum_terms(self, directions: np.ndarray, values: np.ndarray) -> tuple[float, float]:
        """A plain mean over batches: s2 = 0."""
        filled = self.weights > 0
        violation, noise, denominator = self._values(directions)[:, filled]
        total = (violation - noise - values * denominator).sum(axis=1)
        share = self.weights[filled] / self.weights[filled].sum()
        contributions = share * (total - share @ total) * spread_factor(share)
        return float(contributions @ contributions), 0.0
