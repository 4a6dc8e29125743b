"""The units of the data around a network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layout import Layout


class Scaled(nn.Module):
    """y = shift_y + scale_y body((x - shift_x) / scale_x): a body that sees numbers of order 1.

    Equivariant if the body is: shifts stand at scalars alone, and all entries of one copy of a word share a scale.

    Args:
        body: takes size_in numbers. size_in, size_out: of x and y. dtype: of the units.
        ones: so many of size_in are not in x but follow it as 1: homogeneous coordinates, on which translations act.
    """

    shift_x: Tensor
    scale_x: Tensor
    shift_y: Tensor
    scale_y: Tensor

    def __init__(
        self, body: nn.Module, size_in: int, size_out: int, dtype: torch.dtype | None = None, ones: int = 0
    ) -> None:
        super().__init__()
        self.body, self.ones = body, ones
        for name, size in (("x", size_in), ("y", size_out)):
            self.register_buffer(f"shift_{name}", torch.zeros(size, dtype=dtype))
            self.register_buffer(f"scale_{name}", torch.ones(size, dtype=dtype))

    @classmethod
    def around(
        cls,
        body: nn.Module,
        x: Tensor,
        y: Tensor,
        source: Layout | None = None,
        target: Layout | None = None,
        classes: int | None = None,
        ones: int = 0,
    ) -> Scaled:
        """The units of samples x (n, size_in) and y (n, size_out) around a body; layouts where it is equivariant.

        With so many `classes` y has no units, and the body's outputs are their logits.
        """
        x = _with(x, ones)
        made = cls(body, x.shape[1], y.shape[1] if classes is None else classes, x.dtype, ones)
        made.shift_x, made.scale_x = fit_scales(x, source)
        if classes is None:
            made.shift_y, made.scale_y = fit_scales(y, target)
        return made

    def mean_square(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean squared error in the units of the body: the loss to train by."""
        return (((outputs - targets) / self.scale_y) ** 2).mean()

    def forward(self, x: Tensor) -> Tensor:
        """(..., size_out) for x (..., size_in - ones), both in the units of the data."""
        return self.shift_y + self.scale_y * self.body((_with(x, self.ones) - self.shift_x) / self.scale_x)


def _with(x: Tensor, ones: int) -> Tensor:
    return torch.cat([x, x.new_ones((*x.shape[:-1], ones))], dim=-1) if ones else x


def fit_scales(values: Tensor, layout: Layout | None) -> tuple[Tensor, Tensor]:
    """Shift and scale (size,) for values (n, size): each column's own; with a layout, as `Scaled` allows."""
    mean, size = values.mean(0), values.shape[1]
    if layout is None:
        scalars, copies = torch.ones(size, dtype=torch.bool), torch.arange(size)
    else:
        scalars, copies = layout.scalars(), layout.copy_of()
    scalars, copies = scalars.to(values.device), copies.to(values.device)
    shift = torch.where(scalars, mean, torch.zeros_like(mean))
    squares = ((values - shift) ** 2).mean(0)
    count = int(copies.max()) + 1
    sums = squares.new_zeros(count).index_add_(0, copies, squares)
    scale = (sums / torch.bincount(copies, minlength=count))[copies].sqrt()
    return shift, torch.where(scale > 1e-12 * (scale.max() + 1e-300), scale, torch.ones_like(scale))
