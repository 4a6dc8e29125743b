"""Pairs as the solvers take them: rows of x and y on the device, in memory or read again in every pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from .sizes import BLOCK, KEPT, ON_GPU, WORKED

if TYPE_CHECKING:
    from ...data import DataSet


@dataclass(frozen=True)
class Block:
    """Some of the pairs.

    Attributes:
        at: where they stand among those asked for.
        x, y: (b, m, d).
    """

    at: slice
    x: torch.Tensor
    y: torch.Tensor


@dataclass
class Pairs:
    """All pairs of a data set, or of some of its rows.

    Args:
        data: pairs with chunks x, y of shape (b, d, m).
        homogeneous: append a constant 1 to every vector (affine candidates).
        shrink: blocks are smaller by this factor, and above 1 no more than a block is on the device at once.
    """

    data: DataSet
    device: torch.device
    dtype: torch.dtype
    homogeneous: bool = False
    shrink: int = 1

    def __post_init__(self) -> None:
        self.count = self.data.samples
        self.channels = self.data.channels
        self.size = self.data.d + self.homogeneous
        self.values = self.data.d * self.channels
        self._kept: Block | None = None
        self.in_memory = self.shrink == 1 and self.bytes <= KEPT

    @property
    def bytes(self) -> int:
        """Of x and y in float64."""
        return 2 * 8 * self.count * self.channels * self.size

    @property
    def _ample(self) -> int:
        return 1 if self.device.type == "cpu" else ON_GPU

    @property
    def block_rows(self) -> int:
        """Pairs in a block."""
        return max(1, self._ample * BLOCK // (self.shrink * self.channels * self.size))

    @property
    def kept_on_device(self) -> bool:
        """Whether there is room on the device for all pairs, and for what is worked out of them."""
        return self.in_memory and self.shrink == 1 and self.bytes <= self._ample * WORKED

    def blocks(self, rows: torch.Tensor | None = None) -> Iterator[Block]:
        """The pairs of these (sorted) numbers, block by block."""
        if self.in_memory:
            whole = self.whole()
            numbers = torch.arange(self.count) if rows is None else rows
            for start in range(0, len(numbers), self.block_rows):
                at = slice(start, min(start + self.block_rows, len(numbers)))
                if at == whole.at:
                    yield whole
                else:
                    part = numbers[at].to(whole.x.device)
                    yield Block(at, whole.x[part].to(self.device), whole.y[part].to(self.device))
            return
        wanted = None if rows is None else np.zeros(self.count, dtype=bool)
        if wanted is not None and rows is not None:
            wanted[rows.numpy()] = True
        last = self.count if rows is None or not len(rows) else int(rows.max())
        done = 0
        for chunk in self.data.chunks(0, np.float64):
            if chunk.start > last:
                return
            assert chunk.y is not None
            keep = slice(None) if wanted is None else wanted[chunk.start : chunk.start + len(chunk.x)]
            x, y = chunk.x[keep], chunk.y[keep]
            step = len(x) if self.shrink == 1 else self.block_rows
            for start in range(0, len(x), max(1, step)):
                part = self._tensor(x[start : start + step])
                yield Block(slice(done, done + len(part)), part, self._tensor(y[start : start + step]))
                done += len(part)

    def whole(self) -> Block:
        """Everything, where it fits in memory."""
        if self._kept is None:
            x = torch.empty((self.count, self.channels, self.size), dtype=self.dtype, device=self.device)
            y = torch.empty_like(x)
            for chunk in self.data.chunks(0, np.float64):
                assert chunk.y is not None
                part = slice(chunk.start, chunk.start + len(chunk.x))
                x[part], y[part] = self._tensor(chunk.x), self._tensor(chunk.y)
            self._kept = Block(slice(0, self.count), x, y)
        return self._kept

    def subset(self, rows: torch.Tensor) -> Pairs:
        """Some of the pairs, in memory, numbered anew."""
        if len(rows) == self.count and self.in_memory:
            return self
        part = replace(self)
        part.count, part.in_memory = len(rows), True
        part._kept = self.take(rows, self.device if self.shrink == 1 else torch.device("cpu"))
        return part

    def take(self, rows: torch.Tensor, device: torch.device | None = None) -> Block:
        """These pairs as one block, on the device of the work unless another one is named."""
        device = device or self.device
        parts = [Block(part.at, part.x.to(device), part.y.to(device)) for part in self.blocks(rows)]
        if len(parts) == 1:
            return parts[0]
        return Block(slice(0, len(rows)), torch.cat([part.x for part in parts]), torch.cat([part.y for part in parts]))

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        """(b, d, m) -> (b, m, d), with the constant behind where there is one."""
        rows = torch.from_numpy(np.ascontiguousarray(values.transpose(0, 2, 1))).to(self.device, self.dtype)
        if not self.homogeneous:
            return rows
        return torch.cat([rows, torch.ones_like(rows[:, :, :1])], dim=2)
