"""Generators of an L-conv layer, given or learnable: dense matrices, low rank L = U V, stencils on a grid.

Each acts on features h (..., d, m) and returns all images L_i h, (k, ..., d, m); `matrices()` is the dense oracle.
Source: Dehmamy et al., Lie Algebra Convolutional Networks with Automatic Symmetry Extraction, section 3 (low rank);
Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network, section 4 (local weights).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..recursion import closure_penalty, orthogonality_penalty

DIFFERENCES = {2: {1: 1 / 2}, 4: {1: 2 / 3, 2: -1 / 12}}
"""Order of the error -> weights w_j of the central difference sum_j w_j (f(p + j) - f(p - j))."""


class Generators(nn.Module):
    """k generators on a space of d points.

    Attributes:
        k: how many. d: points of the space, the last axis but one of the features.
    """

    k: int
    d: int
    held = "weight"

    def forward(self, h: Tensor) -> Tensor:
        """(k, ..., d, m): L_i h for h (..., d, m)."""
        raise TypeError(f"{type(self).__name__} must say how its generators act")

    def matrices(self) -> Tensor:
        """(k, d, d): the L_i as dense matrices, differentiable."""
        return self(getattr(self, self.held).new_ones(self.d).diag())

    def penalty(self, closure: float = 1.0, orthogonality: float = 1.0, form: str = "killing") -> Tensor:
        """What to add to a loss so that learnable generators become a Lie algebra's basis (preprint, section 3).

        Args:
            closure: weight of the share of all brackets [L_i, L_j] that leaves the span.
            orthogonality: weight of the overlaps of different generators.
            form: in which they are to be orthogonal: `killing`, tr(ad_i ad_j), or `frobenius`, tr(L_i^T L_j).
        """
        full = self.matrices()
        return closure * closure_penalty(full) + orthogonality * orthogonality_penalty(full, form)

    def _hold(self, name: str, value: Tensor, learnable: bool) -> None:
        if learnable:
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value)


class Dense(Generators):
    """Any (k, d, d) matrices.

    Args:
        matrices: (k, d, d), or (d, d) for one.
        learnable: whether they are trained with the weights.

    Raises:
        InputError: not square.

    Example:
        >>> import torch
        >>> turn = Dense(torch.tensor([[0.0, -1.0], [1.0, 0.0]]))
        >>> turn(torch.tensor([[1.0], [0.0]])).flatten().tolist()
        [0.0, 1.0]
    """

    weight: Tensor

    def __init__(self, matrices: Tensor, learnable: bool = False) -> None:
        super().__init__()
        matrices = _stack(matrices)
        self.k, self.d = matrices.shape[0], matrices.shape[1]
        self._hold("weight", matrices, learnable)

    @classmethod
    def random(
        cls, k: int, d: int, *, learnable: bool = True, seed: int = 0, dtype: torch.dtype | None = None
    ) -> Dense:
        """Entries N(0, 1 / d): |L h| is about |h|."""
        return cls(_normal((k, d, d), seed, dtype) / math.sqrt(d), learnable)

    def forward(self, h: Tensor) -> Tensor:
        """(k, ..., d, m): L_i h for h (..., d, m)."""
        return torch.einsum("kij,...jm->k...im", self.weight, h)

    def matrices(self) -> Tensor:
        """(k, d, d)."""
        return self.weight


class LowRank(Generators):
    """L_i = U_i V_i of rank r: 2 k d r numbers in place of k d^2.

    Args:
        left: U (k, d, r); right: V (k, r, d). learnable: whether they are trained.

    Raises:
        InputError: shapes that do not fit.
    """

    left: Tensor
    right: Tensor
    held = "left"

    def __init__(self, left: Tensor, right: Tensor, learnable: bool = True) -> None:
        super().__init__()
        if left.dim() != 3 or left.shape != right.transpose(-1, -2).shape:
            raise InputError(f"low-rank generators are U (k, d, r) and V (k, r, d), not {_of(left)} and {_of(right)}")
        self.k, self.d, self.rank = left.shape
        self._hold("left", left, learnable)
        self._hold("right", right, learnable)

    @classmethod
    def random(
        cls, k: int, d: int, rank: int, *, learnable: bool = True, seed: int = 0, dtype: torch.dtype | None = None
    ) -> LowRank:
        """Random factors, scaled so that |L h| is about |h| in root-mean-square."""
        left, right = _normal((k, d, rank), seed, dtype), _normal((k, rank, d), seed + 1, dtype)
        return cls(left * (d * rank) ** -0.25, right * (d * rank) ** -0.25, learnable)

    @classmethod
    def of(cls, matrices: Tensor, rank: int, learnable: bool = True) -> LowRank:
        """The nearest generators of that rank: the leading singular vectors of each matrix."""
        u, s, v = torch.linalg.svd(_stack(matrices))
        root = s[:, :rank].sqrt()
        return cls(u[:, :, :rank] * root[:, None], root[:, :, None] * v[:, :rank], learnable)

    def forward(self, h: Tensor) -> Tensor:
        """(k, ..., d, m): U_i V_i h for h (..., d, m)."""
        return torch.einsum("kir,k...rm->k...im", self.left, torch.einsum("krj,...jm->k...rm", self.right, h))


class Stencil(Generators):
    """Local generators on a grid: [L_i h](p) = sum_o c_i(o, p) h(p + o).

    Args:
        shape: the grid; d is the product of its sizes, points row by row.
        offsets: o, each of one whole number an axis.
        coefficients: (k, o, d); or (k, o, 1), the same at every point: then L_i is a convolution.
        periodic: whether the grid wraps; else what lies outside is 0.
        learnable: whether the coefficients are trained.

    Raises:
        InputError: shapes that do not fit.

    Example:
        The shift of a ring by one, as CNNs use it:

        >>> import torch
        >>> shift = Stencil((4,), [(-1,)], torch.ones(1, 1, 1), periodic=True)
        >>> shift(torch.arange(4.0)[:, None]).flatten().tolist()
        [3.0, 0.0, 1.0, 2.0]
    """

    weight: Tensor
    source: Tensor
    inside: Tensor

    def __init__(
        self,
        shape: Sequence[int],
        offsets: Sequence[Sequence[int]],
        coefficients: Tensor,
        periodic: bool = False,
        learnable: bool = False,
    ) -> None:
        super().__init__()
        self.shape, self.d = tuple(shape), math.prod(shape)
        if any(len(offset) != len(self.shape) for offset in offsets):
            raise InputError(f"every offset has one number for each of the {len(self.shape)} axes of the grid")
        if coefficients.dim() != 3 or coefficients.shape[1] != len(offsets) or coefficients.shape[2] not in (1, self.d):
            raise InputError(
                f"coefficients have shape {_of(coefficients)}; needed: (k, {len(offsets)}, {self.d}), or 1 at the end"
            )
        self.k = coefficients.shape[0]
        points = torch.tensor(list(product(*map(range, self.shape)))).reshape(self.d, len(self.shape))
        moved = points[None] + torch.tensor([list(offset) for offset in offsets])[:, None]
        sizes = torch.tensor(self.shape)
        inside = torch.ones(moved.shape[:2], dtype=torch.bool) if periodic else ((moved >= 0) & (moved < sizes)).all(-1)
        steps = torch.tensor([math.prod(self.shape[axis + 1 :]) for axis in range(len(self.shape))])
        self.register_buffer("source", ((moved % sizes) * steps).sum(-1), persistent=False)
        self.register_buffer("inside", inside.to(coefficients.dtype)[..., None], persistent=False)
        self._hold("weight", coefficients, learnable)

    @classmethod
    def shifts(
        cls,
        shape: Sequence[int],
        offsets: Sequence[Sequence[int]],
        *,
        periodic: bool = False,
        dtype: torch.dtype | None = None,
    ) -> Stencil:
        """One shift for each offset, [L_i h](p) = h(p + o_i): the generators that make an L-conv a CNN."""
        return cls(shape, offsets, torch.eye(len(offsets), dtype=dtype)[:, :, None], periodic)

    @classmethod
    def random(
        cls,
        k: int,
        shape: Sequence[int],
        reach: int = 1,
        *,
        periodic: bool = False,
        learnable: bool = True,
        seed: int = 0,
        dtype: torch.dtype | None = None,
    ) -> Stencil:
        """Random weights on the box of offsets -reach .. reach, |L h| about |h|."""
        offsets = list(product(range(-reach, reach + 1), repeat=len(shape)))
        size = (k, len(offsets), math.prod(shape))
        return cls(shape, offsets, _normal(size, seed, dtype) / math.sqrt(len(offsets)), periodic, learnable)

    @classmethod
    def of_fields(
        cls,
        homogeneous: Tensor,
        shape: Sequence[int],
        *,
        order: int = 4,
        periodic: bool = False,
        learnable: bool = False,
    ) -> Stencil:
        """The action of smooth fields A p + b on images: [L f](p) = -(A p + b) . grad f, by central differences.

        Args:
            homogeneous: (k, s + 1, s + 1) matrices [[A, b], [0, 0]], p in pixels from the grid's centre, as the
                `homogeneous` block of a result found with `--candidates grid` has them.
            shape: the grid, s axes. order: of the differences' error, 2 or 4.

        Raises:
            InputError: sizes that do not fit, or an order that is not there.
        """
        fields, axes = _stack(homogeneous), len(shape)
        if fields.shape[1] != axes + 1:
            raise InputError(f"fields on {axes} axes are {axes + 1} x {axes + 1} matrices, not {_of(fields)}")
        if order not in DIFFERENCES:
            raise InputError(f"order {order}: differences of order {', '.join(map(str, DIFFERENCES))} are here")
        points = torch.tensor(list(product(*map(range, shape))), dtype=fields.dtype)
        points = points - (torch.tensor(shape, dtype=fields.dtype) - 1) / 2
        speed = points @ fields[:, :-1, :-1].transpose(1, 2) + fields[:, None, :-1, -1]
        offsets, weights = [], []
        for axis in range(axes):
            for step, weight in DIFFERENCES[order].items():
                for sign in (1, -1):
                    offsets.append([sign * step * (a == axis) for a in range(axes)])
                    weights.append(-sign * weight * speed[:, :, axis])
        return cls(shape, offsets, torch.stack(weights, dim=1), periodic, learnable)

    def forward(self, h: Tensor) -> Tensor:
        """(k, ..., d, m): L_i h for h (..., d, m)."""
        near = h[..., self.source, :] * self.inside
        weight = self.weight.expand(-1, -1, self.d)
        return torch.einsum("kod,...odm->k...dm", weight, near)


def _stack(matrices: Tensor) -> Tensor:
    matrices = matrices[None] if matrices.dim() == 2 else matrices
    if matrices.dim() != 3 or matrices.shape[1] != matrices.shape[2]:
        raise InputError(f"generators are square matrices (k, d, d), not an array of shape {_of(matrices)}")
    return matrices


def _of(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)


def _normal(shape: tuple[int, ...], seed: int, dtype: torch.dtype | None) -> Tensor:
    """From a generator of our own, so that nothing depends on torch's global one."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
