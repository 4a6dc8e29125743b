"""Refinement on the exponential itself: projected Gauss-Newton.

The residual of a pair is y - exp(A) x, and its derivative is exact, so that the steps settle on the best generators
even where the pairs are no group's and the residual stays large; the coefficients t are eliminated (variable
projection), their posterior spread is kept (Laplace), and the generators follow from conjugate gradients with the Gram
matrix sum (t t^T + cov t) (x) m m^T as preconditioner from the right.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import torch

from .derivative import Derivative, derivative
from .flow import Eigen, TaylorFlow, flow, leans
from .model import Model, normalised
from .pairs import Block, Pairs
from .quadratic import Quadratic, conjugate_gradients, quadratic, regularised, second_moments
from .sizes import SMALL
from .space import Space

# A pair is far off when its squared residual exceeds this many medians, and this share of |y|^2.
FAR = 30.0
SLIGHT = 0.01
# Noise below this share of |y|^2 leaves t certain.
FAINT = 1e-4
# What this share of the noise adds to a residual does not show.
NEGLIGIBLE = 1e-3
# Coefficients have settled when a round lowers the sum of squares by less than this share.
SETTLED = 0.03
# Squared residuals above this share of |y|^2 are known to three digits from single precision.
COARSE = 1e-6
# A step whose first estimate is this share of what is asked for need not be known any better.
SLIGHTEST = 1e-3


@dataclass
class Sighted:
    """Pairs carried from x to y, and how that moves with t.

    Attributes:
        residual: (b, m, d), y - exp(A) x; or that half way.
        jacobian: (b, k, m d) and its gram (b, k, k).
        factor: (b, k, k) Cholesky factor of J J^T + s2 P^{-1}.
    """

    at: slice
    t: torch.Tensor
    residual: torch.Tensor
    jacobian: torch.Tensor
    gram: torch.Tensor
    factor: torch.Tensor

    @property
    def size(self) -> torch.Tensor:
        """(b,): squared residuals."""
        return (self.residual**2).sum((1, 2))

    def step(self, model: Model, residual: torch.Tensor) -> torch.Tensor:
        """(b, k): the best change of t for a residual."""
        pull = model.variance * (self.t @ precision_of(model))
        score = self.jacobian @ residual.reshape(len(residual), -1, 1) - pull[:, :, None]
        return torch.cholesky_solve(score, self.factor)[:, :, 0]


@dataclass
class Placed(Sighted):
    """The same with how it moves with the generators.

    Attributes:
        middle: (b, m, d), exp(A/2) x.
        weight: (b, 1, 1), 0 for a pair that is left out.
    """

    middle: torch.Tensor
    derivative: Derivative
    weight: torch.Tensor = field(default_factory=lambda: torch.ones(1))

    def projected(self, values: torch.Tensor) -> torch.Tensor:
        """(b, m, d): values without what a change of t explains."""
        flat = values.reshape(len(values), -1, 1)
        inner = torch.cholesky_solve(self.jacobian @ flat, self.factor)
        return (flat - self.jacobian.transpose(1, 2) @ inner).reshape(values.shape)

    @cached_property
    def _light(self) -> Derivative:
        return self.derivative.single()

    def curvature(self, change: torch.Tensor) -> torch.Tensor:
        """(k, d, d): the Gauss-Newton matrix of these pairs times a change of the generators.

        The derivative is taken in single precision: conjugate gradients stop at a few per cent, and what they leave is
        left to the next step, whose gradient is exact.
        """
        scale = change.abs().max().clamp(min=torch.finfo(change.dtype).tiny)
        light = self._light
        moved = light.forward((change / scale).to(light.t.dtype)).to(change.dtype)
        kept = self.projected(moved) * self.weight
        return light.adjoint(kept.to(light.t.dtype)).to(change.dtype) * scale

    def pull_of_spread(self, covariance: torch.Tensor) -> torch.Tensor:
        """(k, d, d): half the gradient of sum_n tr(cov_n J_n J_n^T), covariance (b, k, k) of t.

        By the whole derivative: where a pair does not see one of its coefficients, the covariance is as wide as the
        prior, and L_i m in place of J_i would tilt the generators by an amount that does not shrink with the noise.
        """
        b, k = self.t.shape
        weighted = (covariance @ self.jacobian).reshape(b, k, *self.residual.shape[1:])
        alone = copy.copy(self.derivative)
        alone.t = torch.ones_like(alone.t[:, :1])
        pulls = [alone.adjoint(weighted[:, i].to(alone.t.dtype))[0].to(weighted.dtype) for i in range(k)]
        return torch.stack(pulls)


def place(block: Block, model: Model, t: torch.Tensor, eigen: Eigen | None, nodes: int = 1) -> Placed:
    """Carry x on to y, and linearise there; half way where that is cheaper and the same."""
    carried = flow(model.generators, t, eigen, NEGLIGIBLE * math.sqrt(model.variance))
    if isinstance(carried, TaylorFlow) and not leans(model.generators, t):
        # Each action of a large group costs as much as all else: a rotation leaves squares as they are half way. The
        # point where the derivative is taken need not be known to more than single precision.
        residual, share = carried.apart(block.x, block.y), 0.0
        middle = carried.single().act(block.x.float(), 0.5).to(block.x.dtype)
        tangent = derivative(carried, t, middle, nodes, share)
        jacobian = tangent.single().jacobian(model.generators.float()).to(middle.dtype)
    else:
        middle = carried.act(block.x, 0.5)
        residual, share = block.y - carried.act(middle, 0.5), 0.5
        tangent = derivative(carried, t, middle, nodes, share)
        jacobian = tangent.jacobian(model.generators)
    gram = jacobian @ jacobian.transpose(1, 2)
    return Placed(block.at, t, residual, jacobian, gram, factor_of(gram, model), middle, tangent)


def sight(block: Block, model: Model, t: torch.Tensor, eigen: Eigen | None, nodes: int) -> Sighted:
    """As `place`, for steps in t alone: there large groups that turn far need the whole derivative."""
    if eigen is not None or model.generators.shape[1] <= SMALL or leans(model.generators, t):
        return place(block, model, t, eigen, nodes)
    carried = TaylorFlow(model.generators, t, NEGLIGIBLE * math.sqrt(model.variance))
    if block.x.dtype == torch.float64:
        residual = carried.apart(block.x, block.y)
        slopes = carried.single().slopes(block.x.float(), block.y.float())[1].to(residual.dtype)
    else:
        residual, slopes = carried.slopes(block.x, block.y)
    jacobian = slopes.flatten(2)
    gram = jacobian @ jacobian.transpose(1, 2)
    return Sighted(block.at, t, residual, jacobian, gram, factor_of(gram, model))


def factor_of(gram: torch.Tensor, model: Model) -> torch.Tensor:
    """Cholesky factors of J J^T + s2 P^{-1}, with a touch more against coefficients that a pair does not see."""
    identity = torch.eye(model.count, dtype=gram.dtype, device=gram.device)
    faint = 1e-12 if gram.dtype == torch.float64 else 1e-6
    ridge = faint * torch.diagonal(gram, dim1=1, dim2=2).nanmean().nan_to_num(posinf=0.0) + torch.finfo(gram.dtype).tiny
    system = gram + model.variance * precision_of(model) + ridge * identity
    # A step too far can carry pairs beyond all numbers; their residual is no number either, so the step is not taken.
    system = torch.where(torch.isfinite(system).all(2, keepdim=True).all(1, keepdim=True), system, identity)
    factor, failed = torch.linalg.cholesky_ex(system)
    if bool(failed.any()):
        # Pairs of very different size: those that the common ridge does not reach get one of their own.
        own = torch.diagonal(system, dim1=1, dim2=2).amax(1).clamp(min=float(ridge))
        factor = torch.linalg.cholesky(system + faint ** (2 / 3) * own[:, None, None] * identity)
    return factor


def precision_of(model: Model) -> torch.Tensor:
    """P^{-1}, positive definite in single precision too: for a pair that does not move it is all there is."""
    spread = regularised(model.spread.double(), 1e-10 if model.spread.dtype == torch.float64 else 1e-6)
    return torch.linalg.inv(spread).to(model.spread.dtype)


def eigen_of(model: Model) -> Eigen | None:
    """Eigenvectors of a single large generator."""
    return Eigen(model.generators[0]) if model.count == 1 and model.generators.shape[1] > SMALL else None


def locate(
    block: Block, model: Model, t: torch.Tensor, rounds: int = 6, rough: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Coefficients of pairs under a fixed model, from a start t (b, k); and their squared residuals (b,).

    Large matrices are carried in single precision first. Double precision follows where what is left could be rounding
    of single, unless the result is a `rough` one for steps that will improve on it.
    """
    eigen = eigen_of(model)
    if eigen is not None or block.x.shape[2] <= SMALL or block.x.dtype != torch.float64:
        return _newton(block, model, t, eigen, rounds)
    light = Model(model.generators.float(), model.spread.float(), model.variance)
    known, left = _newton(Block(block.at, block.x.float(), block.y.float()), light, t.float(), None, rounds)
    known, left = known.double(), left.double()
    if rough or float(left.median()) > COARSE * float((block.y**2).sum((1, 2)).median()):
        return known, left
    return _newton(block, model, known, None, 2)


def _newton(
    block: Block, model: Model, t: torch.Tensor, eigen: Eigen | None, rounds: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """`locate` in the precision of the block.

    A step that makes a pair worse is halved for that pair. Where generators do not commute, one node of the derivative
    of exp would leave every step short by a share of itself: three make it Newton's.
    """
    precision = precision_of(model)
    nodes = 3 if model.count > 1 and block.x.shape[2] <= SMALL else 1
    best, least = t, torch.full((len(t),), math.inf, dtype=t.dtype, device=t.device)
    residual, change, before = least, torch.zeros_like(t), math.inf
    rounding = 10 * torch.finfo(t.dtype).eps ** 2 * float((block.y**2).sum())
    for number in range(rounds):
        placed = sight(block, model, t, eigen, nodes)
        cost = placed.size + model.variance * ((t @ precision) * t).sum(1)
        better = cost < least
        best, least = torch.where(better[:, None], t, best), torch.where(better, cost, least)
        residual = torch.where(better, placed.size, residual)
        total = float(least.sum())
        if total < rounding or (number > 0 and before - total < SETTLED * total):
            break
        before = total
        change = torch.where(better[:, None], placed.step(model, placed.residual), change / 2)
        t = within(best + change, precision)
    return best, residual


def within(t: torch.Tensor, precision: torch.Tensor) -> torch.Tensor:
    """Coefficients no further out than 8 standard deviations: one wild pair would slow all others down."""
    size = ((t @ precision) * t).sum(1, keepdim=True).sqrt()
    return t * (8.0 / size.clamp(min=8.0))


def quadrature(model: Model, t: torch.Tensor) -> int:
    """Nodes that the derivative needs: one while the angles between eigenvalues of A stay small."""
    if not len(t):
        return 1
    if model.generators.shape[1] <= SMALL:
        phase = float(torch.linalg.matrix_norm(torch.einsum("bk,kij->bij", t, model.generators)).max())
    elif model.count == 1:
        phase = float(torch.linalg.eigvals(model.generators[0]).imag.abs().max() * t.abs().max())
    else:
        return 1
    return 1 if phase < 0.05 else min(40, math.ceil(0.6 * phase) + 3)


class Refined(NamedTuple):
    """The model, the coefficients (r, k) of its pairs, and how far the generators moved relative to norm 1."""

    model: Model
    t: torch.Tensor
    change: float


def refine(
    pairs: Pairs,
    rows: torch.Tensor | None,
    model: Model,
    t: torch.Tensor,
    space: Space,
    *,
    iterations: int,
    inner: int = 12,
    accuracy: float = 1e-9,
    nodes: int | None = None,
) -> Iterator[Refined]:
    """Gauss-Newton steps on these pairs, until the generators settle.

    Args:
        rows: numbers of the pairs, sorted; t: (len(rows), k) their coefficients.
        inner: conjugate-gradient iterations a step.
        nodes: of the derivative's quadrature; None: as many as the motion needs.
        accuracy: stop once the generators change by less, relative to their norm.
    """
    for _ in range(iterations):
        step = Step(pairs, rows, model, t, space, inner, nodes).take(accuracy)
        yield step
        if step.change < accuracy:
            return
        model, t = step.model, step.t


class Step:
    """One Gauss-Newton step over all blocks."""

    def __init__(
        self,
        pairs: Pairs,
        rows: torch.Tensor | None,
        model: Model,
        t: torch.Tensor,
        space: Space,
        inner: int,
        nodes: int | None,
    ) -> None:
        self.pairs, self.rows, self.model, self.t, self.space, self.inner = pairs, rows, model, t, space, inner
        self.eigen, self.nodes = eigen_of(model), nodes or quadrature(model, t)
        self._kept: list[Placed] | None = None
        self.admitted = torch.ones(len(t), dtype=torch.bool, device=t.device)

    def placed(self) -> Iterator[Placed]:
        """The blocks, carried on; kept where all pairs are, on the device."""
        if self._kept is not None:
            yield from self._kept
            return
        kept = []
        for block in self.pairs.blocks(self.rows):
            placed = place(block, self.model, self.t[block.at], self.eigen, self.nodes)
            placed.weight = self.admitted[block.at].to(self.t.dtype)[:, None, None]
            if self.pairs.kept_on_device:
                kept.append(placed)
            yield placed
        if self.pairs.kept_on_device:
            self._kept = kept

    def take(self, accuracy: float = 0.0) -> Refined:
        """The next model, coefficients, and the relative change of the generators, which is asked for to `accuracy`."""
        used = self._admit()
        target, loose, gram, second = self._normal_equations()
        if not bool(torch.isfinite(target).all()):
            # Pairs that were carried beyond all numbers say nothing of where to go.
            return Refined(self.model, self.t, 0.0)
        k = self.model.count
        form = quadratic(self.space, regularised(gram, 1e-9))

        def operator(change: torch.Tensor) -> torch.Tensor:
            result = 1e-9 * form.times(change)
            if loose is not None:
                result = result + loose.times(change)
            for placed in self.placed():
                result = result + placed.curvature(change)
            return self._across(result)

        def precondition(change: torch.Tensor) -> torch.Tensor:
            return self._across(form.solve(change))

        start = torch.zeros_like(target)
        if self.pairs.size <= SMALL:
            # Few unknowns: solved so well that a direction which the pairs hardly see settles with the others.
            change, _ = conjugate_gradients(operator, precondition, target, start, 4 * self.inner, 1e-4)
            return self._careful(change, second / used)
        change = precondition(target)
        if float(change.norm()) > SLIGHTEST * accuracy * math.sqrt(k):
            change, _ = conjugate_gradients(operator, precondition, target, start, self.inner, 0.02)
        t, precision = self.t.clone(), precision_of(self.model)
        for placed in self.placed():
            at = placed.at
            step = placed.step(self.model, placed.residual - placed.derivative.forward(change))
            t[at] = within(t[at] + step, precision)
        moved, t = normalised(self.model.generators + change, t, second / used, self.model.variance)
        return Refined(moved, self._relocated(moved, t), float(change.norm()) / math.sqrt(k))

    def _careful(self, change: torch.Tensor, second: torch.Tensor) -> Refined:
        """Few numbers a pair: full steps in t overshoot. Locate every pair anew, and halve a step that misses."""
        before = torch.zeros(len(self.t), dtype=self.t.dtype, device=self.t.device)
        for placed in self.placed():
            before[placed.at] = placed.size
        cap = FAR * before.median()
        for _ in range(5):
            model, start = normalised(self.model.generators + change, self.t, second, self.model.variance)
            t, after = start.clone(), torch.empty_like(before)
            for block in self.pairs.blocks(self.rows):
                t[block.at], after[block.at] = locate(block, model, start[block.at], 4)
            if float(after.clamp(max=cap).sum()) <= 1.05 * float(before.clamp(max=cap).sum()):
                self.admitted &= after <= FAR * after.median()
                return Refined(model, self._relocated(model, t), float(change.norm()) / math.sqrt(model.count))
            change = change / 4
        return Refined(self.model, self.t, 0.0)

    def _admit(self) -> int:
        """Leave out pairs that are far off: their t is wrong. Sets the noise variance; returns how many remain."""
        sizes = torch.zeros(len(self.t), dtype=self.t.dtype, device=self.t.device)
        loose = torch.zeros_like(sizes)
        for placed in self.placed():
            sizes[placed.at] = placed.size
            loose[placed.at] = (torch.cholesky_inverse(placed.factor) * placed.gram).sum((1, 2))
        self.admitted = (sizes <= FAR * sizes.median()) | (sizes <= SLIGHT * self._energy())
        used, values, k = int(self.admitted.sum()), self.pairs.values, self.model.count
        free = used * (values - min(k, values - 1)) - self.space.dimension * k
        total, kept = float(sizes[self.admitted].sum()), self.model.variance * float(loose[self.admitted].sum())
        # Counted by degrees of freedom; or, where the prior holds t as much as the pair does, by expectation.
        variance = min(total / max(free, used * values // 4, 1), (total + kept) / (used * values))
        self.model = Model(self.model.generators, self.model.spread, variance)
        for placed in self._kept or ():
            placed.factor = factor_of(placed.gram, self.model)
            placed.weight = self.admitted[placed.at].to(sizes.dtype)[:, None, None]
        return used

    def _energy(self) -> float:
        """Mean |y|^2 of the pairs."""
        total = sum(float((block.y**2).sum()) for block in self.pairs.blocks(self.rows))
        return total / len(self.t)

    def _normal_equations(self) -> tuple[torch.Tensor, Quadratic | None, torch.Tensor, torch.Tensor]:
        """The gradient, the form of the spread of t, the Gram matrix of spread and mean, and sum t t^T + cov t."""
        model, pairs = self.model, self.pairs
        k, d = model.count, pairs.size
        gram = model.generators.new_zeros((k * d, k * d))
        # Next to no noise: the spread of t would only hold the last digits back.
        spread = None if model.variance * pairs.values < FAINT * self._energy() else torch.zeros_like(gram)
        target = torch.zeros_like(model.generators)
        second = torch.zeros_like(model.spread)
        for placed in self.placed():
            covariance = model.variance * torch.cholesky_inverse(placed.factor) * placed.weight
            outer = placed.t[:, :, None] * placed.t[:, None, :] * placed.weight
            if spread is not None:
                spread += second_moments(covariance, placed.middle)
            gram += second_moments(outer, placed.middle)
            second += (outer + covariance).sum(0)
            inner = placed.step(model, placed.residual)[:, :, None]
            reduced = placed.residual - (placed.jacobian.transpose(1, 2) @ inner).reshape(placed.residual.shape)
            target += placed.derivative.adjoint(reduced * placed.weight)
            if spread is not None:
                target -= placed.pull_of_spread(covariance)
        loose = None
        if spread is not None:
            gram, loose = gram + spread, quadratic(self.space, spread)
        return self._across(target), loose, gram, second

    def _across(self, change: torch.Tensor) -> torch.Tensor:
        """Changes in the candidate space that lead out of the span: the others only rename t."""
        change = self.space.project(change)
        flat, span = change.reshape(len(change), -1), self.model.generators.reshape(self.model.count, -1)
        return (flat - (flat @ span.T) @ span).reshape(change.shape)

    def _relocated(self, model: Model, t: torch.Tensor) -> torch.Tensor:
        """Coefficients with those of the far pairs sought again from zero."""
        far = torch.nonzero(~self.admitted.cpu())[:, 0]
        if not len(far):
            return t
        for block in self.pairs.blocks(far if self.rows is None else self.rows[far]):
            at = far[block.at].to(t.device)
            again, fresh = locate(block, model, torch.zeros_like(t[at]))
            here, kept = locate(block, model, t[at], 4)
            t[at] = torch.where((fresh < kept)[:, None], again, here)
        return t
