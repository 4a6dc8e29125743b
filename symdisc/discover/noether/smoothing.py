"""Which filters suit sampled data: those that predict a sample best from the others (leave-one-out).

The noise is independent Gaussian, its level unknown. The mean square error of prediction estimates the error of the
values, not of the derivative: on the noisy sample problems the derivative's error is at most a quarter above that of
the best filter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..device import Array
from .filters import Filter, Polynomial, SavitzkyGolay, Waves, part, polynomials, shaped

SHORTEST = 5
HIGHEST_DEGREE = 80
LONGEST_FOR_POLYNOMIALS = 1500
# Odd: in a symmetric window orders 2m and 2m + 1 smooth alike, but only the derivative of 2m + 1 is as accurate as the
# values, by which the choice is made. Orders to 13 for exact data, whose derivatives they make a hundred times better.
ORDERS = (5, 7, 9, 11, 13)
WIDENING = 1.2
# An order's windows are no longer widened when the prediction has become e^2 times worse.
HOPELESS = 2.0
MARGIN = 0.1
ROUNDING = 4 * np.finfo(np.float64).eps
ENOUGH = 200_000
SWEEPS = 3
CAUTION = 0.3


def pooled(squares: np.ndarray) -> np.ndarray:
    """Mean over all axes but the last."""
    return np.asarray(squares.reshape(-1, squares.shape[-1]).mean(0))


def interior(n: int) -> slice:
    """The points that count: the edges, where a fit has one side only, would decide otherwise."""
    margin = int(MARGIN * n)
    return slice(margin, n - margin)


def waves_left_out(values: np.ndarray, axis: int) -> Iterator[tuple[Filter, np.ndarray]]:
    """Every `Waves` with its mean square error of prediction, (v,): all from the power spectrum."""
    n = values.shape[axis]
    power = np.abs(np.fft.rfft(values, axis=axis)) ** 2
    power = np.moveaxis(power, axis, 0).reshape(power.shape[axis], -1, values.shape[-1])
    power = power.mean(1) * np.where((np.arange(len(power)) == 0) | (2 * np.arange(len(power)) == n), 1, 2)[:, None]
    residual = np.concatenate([np.cumsum(power[:0:-1], 0)[::-1], np.zeros_like(power[:1])]) / n**2
    floor = rounding(values)
    for cutoff in range((n + 1) // 2):
        filter_ = Waves(n, cutoff)
        if filter_.freedom < 1:
            yield filter_, (residual[cutoff] + floor) / (1 - filter_.freedom) ** 2


def polynomials_left_out(values: np.ndarray, axis: int) -> Iterator[tuple[Filter, np.ndarray]]:
    """Every `Polynomial` with its mean square error of prediction in the interior, (v,): one pass over the degrees."""
    n, components = values.shape[axis], values.shape[-1]
    highest = min(n // 2, HIGHEST_DEGREE)
    basis, _ = polynomials(n, highest)
    residual = np.moveaxis(values, axis, 0).reshape(n, -1).copy()
    inside, leverage, floor = interior(n), np.zeros(n), rounding(values)
    for degree in range(highest + 1):
        column = basis[:, degree]
        # From the residual, not from the values: rounding does not add up over the degrees.
        residual -= np.outer(column, column @ residual)
        leverage += column**2
        weights = 1 / (1 - leverage[inside]) ** 2
        squares = (weights @ residual[inside] ** 2).reshape(-1, components).mean(0)
        yield Polynomial(n, degree), (squares + weights.sum() * floor) / len(weights)


def windows_left_out(values: np.ndarray, axis: int) -> Iterator[tuple[Filter, np.ndarray]]:
    """Every `SavitzkyGolay` with its mean square error of prediction in the interior, (v,)."""
    n = values.shape[axis]
    inside = part(axis, values.ndim, interior(n))
    floor = rounding(values)
    for order in ORDERS:
        best = np.inf
        for window in windows(n):
            if window <= order + 1:
                continue
            filter_ = SavitzkyGolay(n, window, order)
            weights = shaped(1 / (1 - filter_.leverage()) ** 2, axis, values.ndim)[inside]
            residual = values[inside] - filter_.smooth(values, axis)[inside]
            left_out = pooled(residual**2 * weights) + weights.mean() * floor
            yield filter_, left_out
            score = pooled_score(left_out)
            best = min(best, score)
            if score > best + HOPELESS:
                break


def windows(n: int) -> list[int]:
    """Odd windows of 5 to n // 2 points, each about a fifth wider than the one before."""
    result = [SHORTEST]
    while (wider := max(result[-1] + 2, 2 * round((WIDENING * result[-1] - 1) / 2) + 1)) <= n // 2:
        result.append(wider)
    return result


def rounding(values: np.ndarray) -> np.ndarray:
    """(v,): the square of what rounding does to values so large; no residual is worth less."""
    largest = np.abs(values).reshape(-1, values.shape[-1]).max(0)
    return np.asarray((ROUNDING * largest) ** 2)


def pooled_score(left_out: np.ndarray) -> float:
    """Mean log error: that of equal weights if every component is measured in units of its own noise."""
    used = left_out > 0
    return float(np.log(left_out[used]).mean()) if used.any() else -np.inf


def candidates(values: np.ndarray, axis: int, periodic: bool) -> Iterator[tuple[Filter, np.ndarray]]:
    """Every filter of an axis with its mean square error of prediction, (v,)."""
    if periodic:
        yield from waves_left_out(values, axis)
        return
    if values.shape[axis] <= LONGEST_FOR_POLYNOMIALS:
        yield from polynomials_left_out(values, axis)
    yield from windows_left_out(values, axis)


def choose(values: np.ndarray, axis: int, periodic: bool, series: float) -> Filter:
    """The filter of an axis that predicts best a sample from the others; of equals, the smoother one.

    Args:
        series: number of independent series along the axis. A single one makes the best of many candidates too good
            by chance, and the choice too rough; hence the charge on freedom, which vanishes as series are pooled.
    """
    scored = [
        (pooled_score(left_out) + 2 * CAUTION / series * filter_.freedom, filter_.freedom, filter_)
        for filter_, left_out in candidates(values, axis, periodic)
    ]
    return min(scored, key=lambda entry: entry[:2])[2]


def thinned(values: np.ndarray, axis: int) -> np.ndarray:
    """Some hundred thousand values, enough to choose: the other axes coarser, which spares runs; then fewer runs."""
    for other in [i for i in range(1, values.ndim - 1) if i != axis % values.ndim] + [0]:
        coarser = min(math.ceil(values.size / ENOUGH), values.shape[other] if other == 0 else 4)
        values = values[part(other, values.ndim, slice(None, None, coarser))]
    return values


@dataclass(frozen=True)
class Smoother:
    """A product of filters, one for each axis t, s.. of values (runs, t, s.., v).

    At the edges of an axis that is not periodic the derivatives are poor, those of polynomials above all: weigh the
    first and last tenth down, as a test function that vanishes there does.

    Attributes:
        filters: one for each of t, s...
        sigma: (v,), the noise's standard deviation, in units of the values: sqrt(RSS / (N (1 - freedom))), which is
            without bias where S keeps the signal. Of exact data, the misfit: rounding, or what the filters miss.
        steps: distance of two samples along each axis, in its units.
    """

    filters: tuple[Filter, ...]
    sigma: np.ndarray
    steps: tuple[float, ...]

    @property
    def freedom(self) -> float:
        """tr(S) / N of the product."""
        return math.prod(filter_.freedom for filter_ in self.filters)

    def smooth(self, values: Array) -> Array:
        """The smoothed values, (runs, t, s.., v), where the values live."""
        return smoothed(values, self.filters)

    def gradient(self, values: Array) -> tuple[Array, ...]:
        """(d/dt, d/ds..) of the smoothed values, each (runs, t, s.., v), in units of values over units of the axis."""
        return tuple(
            own.derivative(smoothed(values, self.filters, but=i), i + 1) / step
            for i, (own, step) in enumerate(zip(self.filters, self.steps, strict=True))
        )


def smoothed(values: Array, filters: Sequence[Filter | None], but: int | None = None) -> Array:
    """Values (runs, t, s.., v) smoothed along every axis with a filter, except one."""
    for i, filter_ in enumerate(filters):
        if filter_ is not None and i != but:
            values = filter_.smooth(values, i + 1)
    return values


def fit_smoother(values: np.ndarray, steps: Sequence[float], periodic: Sequence[bool]) -> Smoother:
    """The product of filters that predicts a left-out sample best, axis by axis.

    Every axis has its turn on values that the others' filters have smoothed (the noise along it stays white), until
    the choice repeats. Components are pooled by the logarithm of their errors: each counts in units of its own noise.

    Args:
        values: (runs, t, s.., v), samples equidistant along t, s...
        steps: distance of two samples along each of t, s.., in its units.
        periodic: whether each of t, s.. is periodic, its last sample followed by the first.

    Raises:
        ValueError: the shapes do not fit, a value is not finite, or an axis has fewer than 5 points.
    """
    values = np.asarray(values, dtype=np.float64)
    axes = values.ndim - 2
    if axes < 1 or not len(steps) == len(periodic) == axes:
        raise ValueError(
            f"values of shape {values.shape}, to be (runs, t, s.., v), have {max(axes, 0)} axes t, s..; "
            f"{len(steps)} steps and {len(periodic)} flags of period are given"
        )
    if not values.size:
        raise ValueError(f"values of shape {values.shape} are empty")
    for i, n in enumerate(values.shape[1:-1]):
        if n < SHORTEST:
            raise ValueError(f"axis {'t' if i == 0 else f's{i}'} has {n} points; smoothing needs {SHORTEST} or more")
    if not all(np.isfinite(step) and step > 0 for step in steps):
        raise ValueError(f"steps {tuple(steps)}: each must be a positive number")
    if not np.isfinite(values).all():
        raise ValueError("values are not all finite; drop the runs with gaps first")

    filters: list[Filter | None] = [None] * axes
    for _ in range(SWEEPS if axes > 1 else 1):
        before = list(filters)
        for i in range(axes):
            others = smoothed(values, filters, but=i)
            series = float(values.shape[0] * values.shape[-1])
            for j, n in enumerate(values.shape[1:-1]):
                if j != i:
                    other = filters[j]
                    series *= n if other is None else n * other.freedom
                    if not periodic[j]:
                        others = others[part(j + 1, values.ndim, interior(n))]
            filters[i] = choose(thinned(others, i + 1), i + 1, periodic[i], series)
        if filters == before:
            break
    chosen = tuple(filter_ for filter_ in filters if filter_ is not None)
    left = 1 - math.prod(filter_.freedom for filter_ in chosen)
    sigma = np.sqrt(pooled((values - smoothed(values, chosen)) ** 2) / left)
    return Smoother(chosen, sigma, tuple(float(step) for step in steps))
