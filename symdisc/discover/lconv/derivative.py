"""How exp(A_n) x_n moves with the generators and with t, and the adjoint of that.

A change dL of the generators moves exp(A) x by

    exp(A/2) sum_i t_i int_{-1/2}^{1/2} exp(-s A) dL_i exp(s A) m ds,    m = exp(A/2) x.

Half way, without the factor exp(A/2), a rotation sees the same squares. The integral is taken by Gauss-Legendre nodes,
or for large matrices that move little by the first terms of its series,

    dL m + [A, [A, dL]] m / 24 + O(A^4).
"""

from __future__ import annotations

import copy
from typing import Protocol

import numpy as np
import torch

from .flow import EigenFlow, Flow, SmallFlow, TaylorFlow, combine, images
from .sizes import SMALL


class Derivative(Protocol):
    """At one set of pairs."""

    t: torch.Tensor

    def jacobian(self, generators: torch.Tensor) -> torch.Tensor:
        """(b, k, m d): how the pairs move with each t_i."""

    def forward(self, change: torch.Tensor) -> torch.Tensor:
        """(b, m, d) for a change (k, d, d) of the generators."""

    def adjoint(self, residual: torch.Tensor) -> torch.Tensor:
        """(k, d, d): the gradient of <residual, forward(dL)>."""

    def single(self) -> Derivative:
        """The same in single precision, where matrices are large."""


def derivative(flow: Flow, t: torch.Tensor, middle: torch.Tensor, nodes: int, share: float) -> Derivative:
    """The derivative that suits a flow.

    Args:
        flow: of the pairs. t: (b, k). middle: (b, m, d), exp(A/2) x. nodes: how many, where there are nodes.
        share: 1/2; or 0, then without the last factor exp(A/2), as seen half way.
    """
    if isinstance(flow, EigenFlow):
        return EigenDerivative(flow, t, middle, nodes, share)
    if isinstance(flow, TaylorFlow) and nodes == 1 and share == 0:
        return SeriesDerivative(flow, t, middle)
    return NodesDerivative(flow, t, middle, nodes, share)


def gauss(nodes: int) -> list[tuple[float, float]]:
    """Places and weights of the integral from -1/2 to 1/2."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return [(float(s) / 2, float(w) / 2) for s, w in zip(places, weights, strict=True)]


def outer(residual: torch.Tensor, t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """(k, d, d): sum_n t_ni r_n x_n^T."""
    k, d = t.shape[1], x.shape[2]
    if d <= SMALL:
        return (t.T @ (residual.transpose(1, 2) @ x).flatten(1)).reshape(k, d, d)
    weighted = torch.einsum("bk,bmd->bmkd", t, residual).reshape(-1, k * d)
    return (weighted.T @ x.reshape(-1, d)).reshape(k, d, d)


class NodesDerivative:
    """By nodes, each carried there and on by the flow."""

    def __init__(self, flow: Flow, t: torch.Tensor, middle: torch.Tensor, nodes: int, share: float) -> None:
        self.flow, self.t, self.middle, self.share = flow, t, middle, share
        self.nodes = gauss(nodes)
        self._moved = [middle if s == 0 else flow.act(middle, s) for s, _ in self.nodes]

    def single(self) -> NodesDerivative:
        """The same in single precision; small matrices stay as they are."""
        if isinstance(self.flow, SmallFlow):
            return self
        other = copy.copy(self)
        other.flow, other.t, other.middle = self.flow.single(), self.t.float(), self.middle.float()
        other._moved = [part.float() for part in self._moved]
        return other

    def jacobian(self, generators: torch.Tensor) -> torch.Tensor:
        """(b, k, m d): how the pairs move with each t_i."""
        b, k = self.t.shape
        if k == 1:
            return _along(self.flow, generators, self.middle, self.share)
        total = self.middle.new_zeros((b, k, *self.middle.shape[1:]))
        for (s, w), x in zip(self.nodes, self._moved, strict=True):
            part = images(generators, x)
            if s != self.share:
                part = torch.stack([self.flow.act(part[:, i], self.share - s) for i in range(k)], dim=1)
            total += w * part
        return total.reshape(b, k, -1)

    def forward(self, change: torch.Tensor) -> torch.Tensor:
        """(b, m, d) for a change (k, d, d) of the generators."""
        moved = torch.zeros_like(self.middle)
        for (s, w), x in zip(self.nodes, self._moved, strict=True):
            part = combine(change, self.t, x)
            moved += w * (part if s == self.share else self.flow.act(part, self.share - s))
        return moved

    def adjoint(self, residual: torch.Tensor) -> torch.Tensor:
        """(k, d, d): the gradient of <residual, forward(dL)>."""
        d = self.middle.shape[2]
        gradient = residual.new_zeros((self.t.shape[1], d, d))
        for (s, w), x in zip(self.nodes, self._moved, strict=True):
            back = residual if s == self.share else self.flow.act_transposed(residual, self.share - s)
            gradient += outer(back, self.t * w, x)
        return gradient


class EigenDerivative:
    """Of one generator, by nodes in its eigenvectors."""

    def __init__(self, flow: EigenFlow, t: torch.Tensor, middle: torch.Tensor, nodes: int, share: float) -> None:
        self.flow, self.t, self.middle, self.share = flow, t, middle, share
        inside = flow.eigen.into(middle)
        self._inside = [flow.eigen.whole(inside * flow.phases(s), 2) for s, _ in gauss(nodes)]
        self._outside = [flow.phases(share - s) * w for s, w in gauss(nodes)]

    def single(self) -> EigenDerivative:
        """The same in single precision."""
        other = copy.copy(self)
        other.flow, other.t, other.middle = self.flow.single(), self.t.float(), self.middle.float()
        other._inside = [part.to(torch.complex64) for part in self._inside]
        other._outside = [part.to(torch.complex64) for part in self._outside]
        return other

    def jacobian(self, generators: torch.Tensor) -> torch.Tensor:
        """(b, 1, m d): how the pairs move with t."""
        return _along(self.flow, generators, self.middle, self.share)

    def forward(self, change: torch.Tensor) -> torch.Tensor:
        """(b, m, d) for a change (1, d, d) of the generator."""
        eigen = self.flow.eigen
        vectors = eigen.whole(eigen.vectors, 1)
        inner = (eigen.inverse @ change[0].to(vectors.dtype) @ vectors).T
        total = torch.zeros((), dtype=inner.dtype, device=inner.device)
        for inside, outside in zip(self._inside, self._outside, strict=True):
            moved = (inside.reshape(-1, len(inner)) @ inner).reshape(*inside.shape[:2], -1)
            total = total + moved * outside
        return eigen.back(total) * self.t[:, :, None]

    def adjoint(self, residual: torch.Tensor) -> torch.Tensor:
        """(1, d, d): the gradient of <residual, forward(dL)>."""
        d, eigen = self.middle.shape[2], self.flow.eigen
        inner = (residual * self.t[:, :, None]).to(eigen.vectors.dtype).reshape(-1, d) @ (eigen.vectors.conj())
        inner = inner.reshape(*residual.shape[:2], -1) * eigen.times
        total = torch.zeros((inner.shape[2], d), dtype=inner.dtype, device=inner.device)
        for inside, outside in zip(self._inside, self._outside, strict=True):
            total += (inner * outside.conj()).reshape(-1, len(total)).T @ inside.reshape(-1, d).conj()
        return (eigen.inverse.conj().T @ total @ eigen.whole(eigen.vectors, 1).conj().T).real[None]


class SeriesDerivative:
    """Half way, by the first terms of the series: a few products, where carrying nodes takes dozens."""

    def __init__(self, flow: TaylorFlow, t: torch.Tensor, middle: torch.Tensor) -> None:
        self.flow, self.t, self.middle = flow, t, middle
        self._once = flow.once(middle)
        self._even = middle + flow.once(self._once) / 24

    def single(self) -> SeriesDerivative:
        """The same in single precision."""
        other = copy.copy(self)
        other.flow, other.t, other.middle = self.flow.single(), self.t.float(), self.middle.float()
        other._once, other._even = self._once.float(), self._even.float()
        return other

    def jacobian(self, generators: torch.Tensor) -> torch.Tensor:
        """(b, k, m d): how the pairs move with each t_i."""
        even, odd = images(generators, self._even), images(generators, self._once)
        for i in range(len(generators)):
            even[:, i] += self.flow.once(self.flow.once(even[:, i].clone()) / 24 - odd[:, i] / 12)
        return even.reshape(len(even), len(generators), -1)

    def forward(self, change: torch.Tensor) -> torch.Tensor:
        """(b, m, d) for a change (k, d, d) of the generators."""
        even, odd = combine(change, self.t, self._even), combine(change, self.t, self._once)
        return even + self.flow.once(self.flow.once(even) / 24 - odd / 12)

    def adjoint(self, residual: torch.Tensor) -> torch.Tensor:
        """(k, d, d): the gradient of <residual, forward(dL)>."""
        back = self.flow.once_transposed(residual)
        even = residual + self.flow.once_transposed(back) / 24
        return outer(even, self.t, self._even) - outer(back / 12, self.t, self._once)


def _along(flow: Flow, generators: torch.Tensor, middle: torch.Tensor, share: float) -> torch.Tensor:
    """(b, 1, m d): A commutes with its own exponential, so there is no integral."""
    moved = images(generators, middle)[:, 0]
    return (moved if share == 0 else flow.act(moved, share)).reshape(len(middle), 1, -1)
