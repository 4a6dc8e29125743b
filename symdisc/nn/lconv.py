"""The Lie algebra convolution: a layer made of infinitesimal generators.

Source: Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network, eq. 17; Dehmamy et al., Lie
Algebra Convolutional Networks with Automatic Symmetry Extraction, eq. 6.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..errors import InputError
from .generators import Dense, Generators, LowRank, Stencil

if TYPE_CHECKING:
    from ..symmetry import Symmetry


class LConv(nn.Module):
    """Features (..., d, m_in) to (..., d, m_out): generators act on the d points, weights on the channels.

    `residual` (eq. 17 of the paper): Q[f] = (f + sum_i L_i f eps^i) W0^T + b, eps^i square on the input channels. With
    `layers` N it is applied recursively, (1 + (1/N) sum_i L_i . eps^i)^N f W0^T, which tends to an exponential.
    Otherwise (eq. 6 of the preprint): Q[f] = sum_i L_i f W^i + b with L_0 = I and free W^i (m_in, m_out).

    Args:
        channels_in, channels_out: m_in and m_out.
        generators: a `Generators` module, or a tensor (k, d, d) of fixed ones.
        residual: which of the two forms.
        layers: N of the residual form.
        bias: whether to add b, one number an output channel.
        seed: of the weights. dtype: of the weights.

    Shapes:
        input (..., d, m_in), output (..., d, m_out).

    Raises:
        InputError: `layers` without the residual form, or below 1.

    Example:
        >>> import torch
        >>> turn = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
        >>> LConv(3, 5, turn)(torch.randn(10, 2, 3)).shape
        torch.Size([10, 2, 5])
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        generators: Generators | Tensor,
        *,
        residual: bool = True,
        layers: int = 1,
        bias: bool = True,
        seed: int = 0,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if layers < 1 or (layers > 1 and not residual):
            raise InputError(f"layers {layers}: 1 or more, and more than 1 only in the residual form")
        self.generators = generators if isinstance(generators, Generators) else Dense(generators)
        self.residual, self.layers = residual, layers
        k, rng = self.generators.k, torch.Generator().manual_seed(seed)

        def uniform(*shape: int, fan: int) -> nn.Parameter:
            return nn.Parameter((2 * torch.rand(shape, generator=rng, dtype=dtype) - 1) / math.sqrt(fan))

        if residual:
            self.epsilon = uniform(k, channels_in, channels_in, fan=k * channels_in)
            self.weight = uniform(channels_in, channels_out, fan=channels_in)
        else:
            self.weight = uniform(k + 1, channels_in, channels_out, fan=(k + 1) * channels_in)
        self.bias = nn.Parameter(torch.zeros(channels_out, dtype=dtype)) if bias else None

    @classmethod
    def from_symmetry(
        cls,
        symmetry: Symmetry,
        channels_in: int,
        channels_out: int,
        *,
        shape: tuple[int, ...] | None = None,
        rank: int | None = None,
        learnable: bool = False,
        residual: bool = True,
        layers: int = 1,
        bias: bool = True,
        seed: int = 0,
        dtype: torch.dtype | None = None,
    ) -> LConv:
        """A layer with the generators of a result of `symdisc.fit`, in its canonical basis where it has one.

        Args:
            symmetry: with a block `space` or `internal`; or `homogeneous` together with `shape`: fields on images.
            shape: the grid of the images that homogeneous generators move.
            rank: keep this rank of each generator, L = U V. learnable: whether training may change them.
            channels_in, channels_out, residual, layers, bias, seed, dtype: as for `LConv`.

        Raises:
            InputError: no generators, or none that act on features.
        """
        roles = {block.role: slice(block.start, block.stop) for block in symmetry.blocks}
        role = "homogeneous" if shape is not None else next((r for r in ("space", "internal") if r in roles), None)
        if not len(symmetry) or role is None or role not in roles:
            raise InputError(
                f"this result has {len(symmetry)} generators on {', '.join(roles)}; a layer needs some on `space` or "
                "`internal`, or on `homogeneous` with shape=(rows, columns) of the images"
            )
        whole = symmetry.generators if symmetry.canonical is None else symmetry.canonical
        kept = dtype or torch.get_default_dtype()
        matrices = torch.stack([torch.as_tensor(one)[roles[role], roles[role]] for one in whole]).to(kept)
        if shape is not None:
            made: Generators = Stencil.of_fields(matrices, shape, learnable=learnable)
        else:
            made = Dense(matrices, learnable) if rank is None else LowRank.of(matrices, rank, learnable)
        return cls(channels_in, channels_out, made, residual=residual, layers=layers, bias=bias, seed=seed, dtype=kept)

    def forward(self, h: Tensor) -> Tensor:
        """(..., d, m_out) for h (..., d, m_in)."""
        if self.residual:
            for _ in range(self.layers):
                h = h + torch.einsum("k...da,kab->...db", self.generators(h), self.epsilon) / self.layers
            h = h @ self.weight
        else:
            h = h @ self.weight[0] + torch.einsum("k...da,kab->...db", self.generators(h), self.weight[1:])
        return h if self.bias is None else h + self.bias

    def penalty(self, closure: float = 1.0, orthogonality: float = 1.0, form: str = "killing") -> Tensor:
        """Closure and orthogonality of the generators, to be added to a loss: see `Generators.penalty`."""
        return self.generators.penalty(closure, orthogonality, form)

    def extra_repr(self) -> str:
        """For `print`."""
        form = f"residual, layers={self.layers}" if self.residual else "general"
        return f"{self.weight.shape[-2]}, {self.weight.shape[-1]}, {form}"
