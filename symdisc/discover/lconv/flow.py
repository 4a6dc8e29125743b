"""exp(s A_n) x_n for every pair, A_n = sum_i t_ni L_i."""

from __future__ import annotations

import copy
import math
from typing import Protocol

import torch

from .exponentials import Exponentials
from .sizes import SMALL

TOLERANCE = 1e-15
CONDITION = 1e4
LEAN = 0.3
# Of what one series may carry on: it loses no more than four digits to terms that cancel; of single precision two.
FAR_APART = 8.0
FAR_SINGLE = 4.0
ROUNDS = 12


class Flow(Protocol):
    """The action of exp(s A_n) on rows (b, m, d)."""

    def act(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n) x_n."""

    def act_transposed(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n)^T x_n."""

    def single(self) -> Flow:
        """The same in single precision."""


def combine(generators: torch.Tensor, t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """(b, m, d): sum_i t_ni L_i x_n, for t (b, k) and x (b, m, d)."""
    if x.shape[2] <= SMALL:
        return x @ combined(generators, t).transpose(1, 2)
    moved = images(generators, x)
    if len(generators) == 1:
        return moved[:, 0] * t[:, 0, None, None]
    return torch.einsum("bkmd,bk->bmd", moved, t)


def combined(generators: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """(b, d, d): A_n = sum_i t_ni L_i."""
    return (t @ generators.flatten(1)).reshape(len(t), *generators.shape[1:])


def images(generators: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """(b, k, m, d): L_i x_n."""
    k, d = len(generators), x.shape[2]
    product = x.reshape(-1, d) @ generators.reshape(k * d, d).T
    return product.reshape(x.shape[0], x.shape[1], k, d).transpose(1, 2)


class SmallFlow:
    """One dense exponential a pair: for small d."""

    def __init__(self, generators: torch.Tensor, t: torch.Tensor) -> None:
        self._group = Exponentials(combined(generators, t))

    def act(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n) x_n."""
        return x @ self._group.at(share).transpose(1, 2)

    def act_transposed(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n)^T x_n."""
        return x @ self._group.at(share)

    def single(self) -> SmallFlow:
        """As it is: small matrices cost little."""
        return self


class TaylorFlow:
    """Taylor series on all pairs at once: matrix products only.

    Args:
        accuracy: terms below this are left out, in the units of x; 0: those below rounding.

    Attributes:
        reach: (b,) no less than the norms of A_n.
    """

    def __init__(self, generators: torch.Tensor, t: torch.Tensor, accuracy: float = 0.0) -> None:
        self.generators, self.t, self.accuracy = generators, t, accuracy
        self.reach = t.abs() @ spectral(generators)

    def act(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n) x_n."""
        return self._act(self.generators, x, share)

    def act_transposed(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n)^T x_n."""
        return self._act(self.generators.transpose(1, 2), x, share)

    def apart(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """exp(-A_n / 2) y_n - exp(A_n / 2) x_n.

        Even powers of A/2 meet y - x and odd ones -(x + y): one chain of products, from the highest power down, where
        carrying both ends takes two.
        """
        if not self._largest / 2 <= FAR_APART:
            return self.act(y, -0.5) - self.act(x, 0.5)
        return self._series(self.generators, (y - x, -(x + y)), 0.5)[0]

    def slopes(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`apart`, and (b, k, m, d) how it falls with each t_i: the chain and its derivative, term by term."""
        if not self._largest / 2 <= FAR_APART:
            middle = self.act(x, 0.5)
            return self.act(y, -0.5) - middle, images(self.generators, middle)
        total, slopes = self._series(self.generators, (y - x, -(x + y)), 0.5, slopes=True)
        return total, -slopes

    def once(self, x: torch.Tensor) -> torch.Tensor:
        """A_n x_n."""
        return combine(self.generators, self.t, x)

    def once_transposed(self, x: torch.Tensor) -> torch.Tensor:
        """A_n^T x_n."""
        return combine(self.generators.transpose(1, 2), self.t, x)

    def single(self) -> TaylorFlow:
        """The same in single precision."""
        other = copy.copy(self)
        other.generators, other.t, other.reach = self.generators.float(), self.t.float(), self.reach.float()
        return other

    @property
    def _largest(self) -> float:
        return float(self.reach.max()) if len(self.reach) else 0.0

    def _act(self, generators: torch.Tensor, x: torch.Tensor, share: float) -> torch.Tensor:
        pieces = max(1, math.ceil(abs(share) * self._largest / (FAR_APART if x.dtype == torch.float64 else FAR_SINGLE)))
        for _ in range(pieces):
            x = self._series(generators, (x, x), share / pieces)[0]
        return x

    def _series(
        self, generators: torch.Tensor, ends: tuple[torch.Tensor, torch.Tensor], share: float, slopes: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """sum_p (share A_n)^p / p! ends_(p mod 2), from the highest power down; and its derivatives, where asked for.

        The pair that moves furthest needs most terms; a pair joins the chain where its own terms begin to count.
        """
        size = float(ends[1].square().mean().sqrt()) + torch.finfo(ends[0].dtype).tiny
        limit = max(TOLERANCE if ends[0].dtype == torch.float64 else 1e-7, self.accuracy / size)
        reach, order = torch.sort(abs(share) * self.reach, descending=True, stable=True)
        starts = _joining(reach.double().cpu(), limit)
        even = ends[0][order]
        odd = even if ends[1] is ends[0] else ends[1][order]
        t = share * self.t[order]
        total, k = even[:0], len(generators)
        slope = total.new_zeros((0, k, *total.shape[1:]))
        for power in range(len(starts) - 1, 0, -1):
            total = torch.cat([total, (odd if power % 2 else even)[len(total) : starts[power]]])
            weights, b = t[: len(total)] / power, len(total)
            moved = images(generators, total)
            if slopes:
                slope = torch.cat([slope, slope.new_zeros((b - len(slope), *slope.shape[1:]))])
                carried = combine(generators, weights, slope.flatten(1, 2)).reshape(slope.shape)
                slope = carried + (share / power) * moved
            total = torch.einsum("bkmd,bk->bmd", moved, weights) + (even if power % 2 else odd)[:b]
        result = torch.empty_like(even)
        result[order] = torch.cat([total, even[len(total) :]])
        falls = slope.new_zeros((len(even), k, *even.shape[1:]))
        falls[order[: len(slope)]] = slope
        return result, falls


def _joining(reach: torch.Tensor, limit: float) -> list[int]:
    """How many of the pairs, whose reach falls, have a term of each power above the limit; the first entry is all."""
    counts, term = [len(reach)], reach.clone()
    while bool((alive := (term > limit) | (reach > len(counts))).any()):
        counts.append(int(torch.nonzero(alive)[-1, 0]) + 1)
        term = term * reach / len(counts)
    return counts


class EigenFlow:
    """One generator by its eigenvectors: L = V diag(w) V^{-1}."""

    def __init__(self, eigen: Eigen, t: torch.Tensor) -> None:
        self.eigen, self.t = eigen, t[:, 0]

    def phases(self, share: float) -> torch.Tensor:
        """(b, 1, h): exp(share t w)."""
        return torch.exp(share * self.t[:, None, None] * self.eigen.values)

    def act(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n) x_n."""
        return self.eigen.back(self.eigen.into(x) * self.phases(share))

    def act_transposed(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n)^T x_n = V^{-T} e^{share t w} V^T x."""
        eigen = self.eigen
        inside = (x.to(eigen.vectors.dtype).reshape(-1, x.shape[2]) @ eigen.vectors).reshape(*x.shape[:2], -1)
        inside = inside * self.phases(share) * eigen.times
        return (inside.reshape(-1, inside.shape[2]) @ eigen.inverse).real.reshape(x.shape).contiguous()

    def single(self) -> EigenFlow:
        """The same in single precision."""
        other = copy.copy(self)
        other.eigen, other.t = self.eigen.single(), self.t.float()
        return other


class Eigen:
    """Eigenvectors of one real matrix, where they are well conditioned.

    Of two conjugate ones the upper is kept: the other half of every real vector follows from it.

    Attributes:
        values: (h,) eigenvalues with no negative imaginary part.
        vectors: (d, h). inverse: (h, d), rows of V^{-1}.
        times: (h,) how often each counts in a real vector: 2 for one of a pair, 1 for a real one.
        sound: whether they serve as coordinates.
    """

    def __init__(self, generator: torch.Tensor) -> None:
        values, vectors = torch.linalg.eig(generator)
        inverse = torch.linalg.pinv(vectors)
        # Of the vectors themselves: a pseudo-inverse leaves out what makes them ill-conditioned.
        singular = torch.linalg.svdvals(vectors)
        upper, paired = values.imag >= 0, values.imag > 0
        self.values, self.vectors, self.inverse = values[upper], vectors[:, upper], inverse[upper]
        self.times = torch.where(paired[upper], 2.0, 1.0).to(generator.dtype)
        self._paired = torch.nonzero(paired[upper])[:, 0]
        whole = len(self.values) + len(self._paired) == len(values)
        self.sound = whole and bool(singular[0] < CONDITION * singular[-1])

    def single(self) -> Eigen:
        """The same in single precision."""
        other = copy.copy(self)
        other.values, other.vectors = self.values.to(torch.complex64), self.vectors.to(torch.complex64)
        other.inverse, other.times = self.inverse.to(torch.complex64), self.times.float()
        return other

    @property
    def radius(self) -> float:
        """Largest |eigenvalue|."""
        return float(self.values.abs().max())

    @property
    def turn(self) -> float:
        """The least t > 0 with exp(t L) = 1, where all frequencies are multiples of the lowest; else infinity."""
        rounding = 1e-6 * self.radius
        frequencies = self.values.imag[self.values.imag > rounding]
        if not len(frequencies) or float(self.values.real.abs().max()) > rounding:
            return math.inf
        ratios = frequencies / frequencies.min()
        whole = bool(((ratios - ratios.round()).abs() < 1e-6).all())
        return 2 * math.pi / float(frequencies.min()) if whole else math.inf

    def into(self, x: torch.Tensor) -> torch.Tensor:
        """(b, m, h): V^{-1} x on rows."""
        return (x.to(self.vectors.dtype).reshape(-1, x.shape[2]) @ self.inverse.T).reshape(*x.shape[:2], -1)

    def back(self, z: torch.Tensor) -> torch.Tensor:
        """V z on rows, real part."""
        return ((z * self.times).reshape(-1, z.shape[2]) @ self.vectors.T).real.reshape(*z.shape[:2], -1).contiguous()

    def residuals(self, x: torch.Tensor, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """(b, g): |y - exp(t L) x|^2 of all pairs at all t (g,), from three products of matrices.

        With z = V^{-1} x, <y, exp(t L) x> is linear in exp(t w) and |exp(t L) x|^2 in the products of two of them: d^2
        numbers a pair, so for small d.
        """
        vectors, values = self.whole(self.vectors, 1), self.whole(self.values, 0)
        z = self.whole(self.into(x), 2)
        along = ((y.to(vectors.dtype) @ vectors) * z).sum(1)
        both = ((z.conj().transpose(1, 2) @ z) * (vectors.conj().T @ vectors)).flatten(1)
        once = torch.exp(values[:, None] * t)
        twice = (once.conj()[:, None] * once[None]).flatten(0, 1)
        size = (y * y).sum((1, 2))[:, None] - 2 * _real_product(along, once) + _real_product(both, twice)
        return size.clamp(min=0)

    def whole(self, upper: torch.Tensor, dim: int) -> torch.Tensor:
        """Coordinates along `dim` and behind them the conjugates of those that have one."""
        return torch.cat([upper, upper.index_select(dim, self._paired).conj()], dim)


def _real_product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.cat([a.real, -a.imag], 1) @ torch.cat([b.real, b.imag], 0)


def flow(generators: torch.Tensor, t: torch.Tensor, eigen: Eigen | None = None, accuracy: float = 0.0) -> Flow:
    """The cheapest action for these sizes.

    Args:
        eigen: of a single generator where it is known.
        accuracy: that suffices, in the units of x; 0: rounding.
    """
    if generators.shape[1] <= SMALL:
        return SmallFlow(generators, t)
    if len(generators) == 1:
        eigen = eigen or Eigen(generators[0])
        if eigen.sound:
            return EigenFlow(eigen, t)
    return TaylorFlow(generators, t, accuracy)


def leans(generators: torch.Tensor, t: torch.Tensor) -> bool:
    """Whether exp(A/2) clearly stretches: its symmetric part would move squares by more than a third, on average."""
    even = (generators + generators.transpose(1, 2)) / 2
    return bool((t.abs() @ spectral(even)).mean() > LEAN)


def spectral(matrices: torch.Tensor) -> torch.Tensor:
    """(k,): spectral norms of (k, d, d) by powers of L^T L, within a few per cent: exact ones cost more than a step."""
    k, d, _ = matrices.shape
    seeded = torch.Generator().manual_seed(d)
    vector = torch.randn((1, d, 1), generator=seeded, dtype=torch.float64).to(matrices).expand(k, d, 1)
    tiny = torch.finfo(matrices.dtype).tiny
    for _ in range(ROUNDS):
        vector = matrices.transpose(1, 2) @ (matrices @ (vector / vector.norm(dim=1, keepdim=True).clamp(min=tiny)))
    return vector.norm(dim=(1, 2)).sqrt()
