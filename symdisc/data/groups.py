"""Group ids as 64-bit numbers that depend on the value alone, not on chunk, file or run."""

from __future__ import annotations

import hashlib

import numpy as np

from ..errors import InputError


def group_ids(values: np.ndarray, label: str, first: int = 0) -> np.ndarray:
    """(b,) uint64 ids of (b,) integers, booleans, floats or fixed-length strings: equal values, equal ids.

    Args:
        values: as stored.
        label: what messages call the array.
        first: number of the first sample, for messages.

    Raises:
        InputError: a float that is NaN.
    """
    if values.dtype.kind in "biu":
        return values.astype(np.int64 if values.dtype.kind == "i" else np.uint64).view(np.uint64)
    if values.dtype.kind == "f":
        numbers = values.astype(np.float64) + 0.0
        if np.isnan(numbers).any():
            index = first + int(np.argmax(np.isnan(numbers)))
            raise InputError(f"{label} has NaN at index {index} (the first); give every sample a group id")
        return numbers.view(np.uint64)
    words, inverse = np.unique(values, return_inverse=True)
    ids = [_word_id(word) for word in words.tolist()]
    return np.array(ids, dtype=np.uint64)[inverse.reshape(-1)]


def _word_id(word: str | bytes) -> int:
    content = word.encode() if isinstance(word, str) else word
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
