"""exp(s A_n) x_n for every pair, A_n = sum_i t_ni L_i, and the derivative of the action with respect to L.

Everything happens half way between x and y: u = exp(A/2) x and v = exp(-A/2) y agree where the model is exact, and a
change dL of the generators moves v - u by

    K(dL) m = sum_i t_i int_{-1/2}^{1/2} exp(-s A) dL_i exp(s A) m ds,    m = (u + v) / 2.

The integral is taken by Gauss-Legendre nodes; with one node it is sum_i t_i dL_i m, wrong by |ad A|^2 / 24. The noise
is white at y, so both are carried on by exp(A/2) where that is not orthogonal.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch

SMALL = 12
TOLERANCE = 1e-15
CONDITION = 1e4


class Flow(Protocol):
    """The action of exp(s A_n) on rows (b, m, d)."""

    def act(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n) x_n."""

    def act_transposed(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n)^T x_n."""


def combine(generators: torch.Tensor, t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """(b, m, d): sum_i t_ni L_i x_n, for t (b, k) and x (b, m, d)."""
    moved = images(generators, x)
    if len(generators) == 1:
        return moved[:, 0] * t[:, 0, None, None]
    return torch.einsum("bkmd,bk->bmd", moved, t)


def images(generators: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """(b, k, m, d): L_i x_n."""
    k, d = len(generators), x.shape[2]
    product = x.reshape(-1, d) @ generators.reshape(k * d, d).T
    return product.reshape(x.shape[0], x.shape[1], k, d).transpose(1, 2)


class SmallFlow:
    """One dense exponential a pair: for small d."""

    def __init__(self, generators: torch.Tensor, t: torch.Tensor) -> None:
        self.algebra = torch.einsum("bk,kij->bij", t, generators)
        self._known: dict[float, torch.Tensor] = {}

    def _group(self, share: float) -> torch.Tensor:
        if share not in self._known:
            self._known[share] = torch.linalg.matrix_exp(share * self.algebra)
        return self._known[share]

    def act(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n) x_n."""
        return x @ self._group(share).transpose(1, 2)

    def act_transposed(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n)^T x_n."""
        return x @ self._group(share)


class TaylorFlow:
    """Scaled Taylor series on all pairs at once: matrix products only."""

    def __init__(self, generators: torch.Tensor, t: torch.Tensor) -> None:
        self.generators, self.t = generators, t
        size = torch.linalg.matrix_norm(generators, 2)
        self.largest = float((t.abs() @ size).max()) if len(t) else 0.0

    def act(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n) x_n."""
        return self._act(self.generators, x, share)

    def act_transposed(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n)^T x_n."""
        return self._act(self.generators.transpose(1, 2), x, share)

    def _act(self, generators: torch.Tensor, x: torch.Tensor, share: float) -> torch.Tensor:
        pieces = max(1, math.ceil(abs(share) * self.largest / 3.0))
        t = self.t * (share / pieces)
        limit = TOLERANCE if x.dtype == torch.float64 else 1e-7
        for _ in range(pieces):
            term, total = x, x.clone()
            for order in range(1, 60):
                term = combine(generators, t, term) / order
                total += term
                if float(term.abs().max()) <= limit * float(total.abs().max()):
                    break
            x = total
        return x


class EigenFlow:
    """One generator by its eigenvectors: L = V diag(w) V^{-1}."""

    def __init__(self, eigen: Eigen, t: torch.Tensor) -> None:
        self.eigen, self.t = eigen, t[:, 0]

    def phases(self, share: float) -> torch.Tensor:
        """(b, 1, d): exp(share t w)."""
        return torch.exp(share * self.t[:, None, None] * self.eigen.values)

    def act(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n) x_n."""
        return self.eigen.back(self.eigen.into(x) * self.phases(share))

    def act_transposed(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """exp(share A_n)^T x_n = V^{-T} e^{share t w} V^T x."""
        eigen = self.eigen
        inside = (x.to(eigen.vectors.dtype).reshape(-1, x.shape[2]) @ eigen.vectors).reshape(x.shape)
        inside = inside * self.phases(share)
        return (inside.reshape(-1, x.shape[2]) @ eigen.inverse).real.reshape(x.shape).contiguous()


class Eigen:
    """Eigenvectors of one real matrix, where they are well conditioned."""

    def __init__(self, generator: torch.Tensor) -> None:
        self.values, self.vectors = torch.linalg.eig(generator)
        self.inverse = torch.linalg.pinv(self.vectors)
        # Of the vectors themselves: a pseudo-inverse leaves out what makes them ill-conditioned.
        singular = torch.linalg.svdvals(self.vectors)
        self.sound = bool(singular[0] < CONDITION * singular[-1])

    @property
    def radius(self) -> float:
        """Largest |eigenvalue|."""
        return float(self.values.abs().max())

    def into(self, x: torch.Tensor) -> torch.Tensor:
        """V^{-1} x on rows."""
        return (x.to(self.vectors.dtype).reshape(-1, x.shape[2]) @ self.inverse.T).reshape(x.shape)

    def back(self, z: torch.Tensor) -> torch.Tensor:
        """V z on rows, real part."""
        return (z.reshape(-1, z.shape[2]) @ self.vectors.T).real.reshape(z.shape).contiguous()


def flow(generators: torch.Tensor, t: torch.Tensor, eigen: Eigen | None = None) -> Flow:
    """The cheapest action for these sizes; `eigen` of a single generator where it is known."""
    if generators.shape[1] <= SMALL:
        return SmallFlow(generators, t)
    if len(generators) == 1:
        eigen = eigen or Eigen(generators[0])
        if eigen.sound:
            return EigenFlow(eigen, t)
    return TaylorFlow(generators, t)


class Derivative:
    """exp(share A) K(dL) m and its adjoint at one set of pairs.

    Args:
        flow: of the pairs. t: (b, k). middle: (b, m, d). nodes: how many.
        share: 0 half way between x and y, 1/2 at y.
    """

    def __init__(self, flow: Flow, t: torch.Tensor, middle: torch.Tensor, nodes: int, share: float) -> None:
        self.flow, self.t, self.middle = flow, t, middle
        places, weights = np.polynomial.legendre.leggauss(nodes)
        self.nodes = [(float(s) / 2, float(w) / 2) for s, w in zip(places, weights, strict=True)]
        self.share = share
        if isinstance(flow, EigenFlow):
            inside = flow.eigen.into(middle)
            self._inside = [inside * flow.phases(s) for s, _ in self.nodes]
            self._outside = [flow.phases(share - s) * w for s, w in self.nodes]
        else:
            self._moved = [middle if s == 0 else flow.act(middle, s) for s, _ in self.nodes]

    def jacobian(self, generators: torch.Tensor) -> torch.Tensor:
        """(b, k, m d): how the pairs move with each t_i."""
        b, k = self.t.shape
        if k == 1:
            # A commutes with its own exponential: no integral.
            moved = combine(generators, torch.ones_like(self.t), self.middle)
            return (moved if self.share == 0 else self.flow.act(moved, self.share)).reshape(b, 1, -1)
        total = self.middle.new_zeros((b, k, *self.middle.shape[1:]))
        for (s, w), x in zip(self.nodes, self._moved, strict=True):
            part = images(generators, x)
            if s != self.share:
                part = torch.stack([self.flow.act(part[:, i], self.share - s) for i in range(k)], dim=1)
            total += w * part
        return total.reshape(b, k, -1)

    def forward(self, change: torch.Tensor, t: torch.Tensor | None = None) -> torch.Tensor:
        """(b, m, d) for a change (k, d, d) of the generators; `t` instead of the coefficients of the flow."""
        t = self.t if t is None else t
        if isinstance(self.flow, EigenFlow):
            eigen = self.flow.eigen
            inner = (eigen.inverse @ change[0].to(eigen.vectors.dtype) @ eigen.vectors).T
            total = torch.zeros_like(self._inside[0])
            for inside, outside in zip(self._inside, self._outside, strict=True):
                total += (inside.reshape(-1, len(inner)) @ inner).reshape(inside.shape) * outside
            return eigen.back(total) * t[:, :, None]
        moved = torch.zeros_like(self.middle)
        for (s, w), x in zip(self.nodes, self._moved, strict=True):
            part = combine(change, t, x)
            moved += w * (part if s == self.share else self.flow.act(part, self.share - s))
        return moved

    def adjoint(self, residual: torch.Tensor, t: torch.Tensor | None = None) -> torch.Tensor:
        """(k, d, d): the gradient of <residual, forward(dL)>."""
        t = self.t if t is None else t
        d = self.middle.shape[2]
        if isinstance(self.flow, EigenFlow):
            eigen = self.flow.eigen
            inner = residual * t[:, :, None]
            inner = (inner.to(eigen.vectors.dtype).reshape(-1, d) @ eigen.vectors.conj()).reshape(residual.shape)
            total = torch.zeros_like(eigen.vectors)
            for inside, outside in zip(self._inside, self._outside, strict=True):
                total += (inner * outside.conj()).reshape(-1, d).T @ inside.reshape(-1, d).conj()
            return (eigen.inverse.conj().T @ total @ eigen.vectors.conj().T).real[None]
        k = self.t.shape[1]
        gradient = residual.new_zeros((k * d, d))
        for (s, w), x in zip(self.nodes, self._moved, strict=True):
            back = residual if s == self.share else self.flow.act_transposed(residual, self.share - s)
            weighted = torch.einsum("bk,bmd->bmkd", t * w, back).reshape(-1, k * d)
            gradient += weighted.T @ x.reshape(-1, d)
        return gradient.reshape(k, d, d)


def leans(generators: torch.Tensor) -> bool:
    """Whether exp(A) is clearly not orthogonal."""
    even = generators + generators.transpose(1, 2)
    return bool(even.norm() > 0.1 * generators.norm())
