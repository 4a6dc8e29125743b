"""The candidate space as a projector on stacks of matrices, and which entries of a row it leaves free."""

from __future__ import annotations

import numpy as np
import torch

from ..candidates import Candidates


class Space:
    """Projects (k, m, m) matrices orthogonally onto a candidate space.

    Args:
        candidates: with an orthonormal sparse basis.
        device, dtype: of the matrices.

    Attributes:
        mask: (m, m), 1 where an entry is free, if no two entries are tied to each other; else None.
        columns: (m, p) the entries of each row that some candidate has, behind them m; None where all rows are full.
    """

    def __init__(self, candidates: Candidates, device: torch.device, dtype: torch.dtype) -> None:
        self.size, self.dimension = candidates.size, candidates.dimension
        self.full = self.dimension == self.size**2
        basis = candidates.basis.tocoo()
        entries, columns = basis.coords
        # Where every candidate is one free entry, projecting is a mask.
        single = np.bincount(columns, minlength=self.dimension).max(initial=0) == 1
        self.mask: torch.Tensor | None = None
        if single and not self.full:
            mask = torch.zeros(self.size**2, dtype=dtype)
            mask[torch.from_numpy(entries.astype(np.int64))] = 1.0
            self.mask = mask.reshape(self.size, self.size).to(device)
        self.columns = None if self.full else torch.from_numpy(_columns(entries, self.size)).to(device)
        self._entries = torch.from_numpy(entries.astype(np.int64)).to(device)
        self._columns = torch.from_numpy(columns.astype(np.int64)).to(device)
        self._values = torch.from_numpy(basis.data).to(device, dtype)

    def project(self, matrices: torch.Tensor) -> torch.Tensor:
        """(k, m, m): the nearest members of the space."""
        if self.full:
            return matrices
        if self.mask is not None:
            return matrices * self.mask
        flat = matrices.reshape(len(matrices), -1)
        weights = flat.new_zeros((len(flat), self.dimension))
        weights.index_add_(1, self._columns, flat[:, self._entries] * self._values)
        back = torch.zeros_like(flat)
        back.index_add_(1, self._entries, weights[:, self._columns] * self._values)
        return back.reshape(matrices.shape)


def _columns(entries: np.ndarray, size: int) -> np.ndarray:
    """(m, p): of each row, the columns in which flat entries (row-major) lie, padded with m."""
    row, column = np.divmod(np.unique(entries), size)
    count = np.bincount(row, minlength=size)
    columns = np.full((size, int(count.max(initial=0))), size, dtype=np.int64)
    columns[row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)] = column
    return columns
