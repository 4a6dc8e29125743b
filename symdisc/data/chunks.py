"""The index of a chunked HDF5 dataset, looked through before it is believed."""

from __future__ import annotations

import math
from array import array
from typing import Any

import h5py
import numpy as np


def chunks_are_sound(dataset: h5py.Dataset, end: int) -> bool:
    """Whether every chunk has the bytes that it should, lies within the file and the array, and no two of them are one.

    HDF5 itself takes the index on trust: reading a chunk of no bytes ends the process (HDF5 2.0, found by mutation).

    Args:
        end: size of the file in bytes.
    """
    places = array("q")
    packed = dataset.id.get_create_plist().get_nfilters() > 0
    whole = math.prod(dataset.chunks) * dataset.id.get_type().get_size()
    grid = [-(-size // step) for size, step in zip(dataset.shape, dataset.chunks, strict=True)]

    def look(chunk: Any) -> bool | None:
        place = 0
        for start, size, step, count in zip(chunk.chunk_offset, dataset.shape, dataset.chunks, grid, strict=True):
            if start % step or start >= size:
                return True
            place = place * count + start // step
        places.append(place)
        sized = chunk.size > 0 if packed else chunk.size == whole
        return None if sized and chunk.size <= end - chunk.byte_offset else True

    wrong = dataset.id.chunk_iter(look)
    return wrong is None and len(np.unique(np.frombuffer(places, np.int64))) == len(places)
