"""Values of an HDF5 dataset that was checked before."""

from __future__ import annotations

import h5py
import numpy as np

from .files import guarded


class Hdf5Source:
    """A dataset, a field of it, or one column of a field."""

    def __init__(self, label: str, dataset: h5py.Dataset, fields: tuple[str, ...], column: int | None = None) -> None:
        self.label = ".".join([label, *fields])
        self._dataset = dataset
        self._fields = fields
        self._column = column
        dtype = dataset.dtype
        for field in fields:
            dtype = dtype[field]
        self.dtype = dtype.base
        own = () if column is not None else dtype.shape
        self.shape = dataset.shape + own
        self.chunks = None if dataset.chunks is None else dataset.chunks + own

    def outer(self, axis: int) -> bool:
        """HDF5 stores in C order."""
        return axis == 0

    def read(self, slices: tuple[slice, ...]) -> np.ndarray:
        """The block of forward slices, in the stored element type."""
        with guarded(self.label):
            if not self._fields:
                return np.asarray(self._dataset[slices])
            rank = len(self._dataset.shape)
            block = self._dataset.fields(self._fields[0])[slices[:rank]]
            for field in self._fields[1:]:
                block = block[field]
            block = np.asarray(block)
            if self._column is not None:
                return block.reshape(*block.shape[:rank], -1)[..., self._column]
            return block[(slice(None),) * rank + slices[rank:]]
