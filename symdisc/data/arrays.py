"""Arrays in memory behind the same interface as files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from .files import guarded
from .listing import ArrayInfo
from .sources import ArraySource, require_numbers
from .tree import FlatTree, Tree


class ArrayContainer:
    """Named arrays of the caller.

    Args:
        values: NumPy arrays, torch tensors on any device, or anything numpy.asarray takes.
    """

    label = "the given arrays"

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._arrays = {name: self._array(name, value) for name, value in values.items()}
        self.handles = [_Digest(name, array) for name, array in self._arrays.items()]

    def _array(self, name: str, value: Any) -> np.ndarray:
        try:
            return np.asarray(_on_cpu(value))
        except Exception as error:
            raise InputError(f"{name}: is no array ({error}); give a NumPy array") from error

    def arrays(self) -> list[ArrayInfo]:
        """All of them."""
        return [ArrayInfo(name, array.shape, str(array.dtype)) for name, array in self._arrays.items()]

    def exists(self, path: str) -> bool:
        """Whether it was given."""
        return path in self._arrays

    def source(self, path: str, fields: tuple[str, ...], text: bool = False) -> ArraySource:
        """An array, or a field of a structured one.

        Raises:
            InputError: no real numbers.
        """
        array = self._arrays[path]
        label = f"{self.label}: `{path}`"
        with guarded(label):
            for field in fields:
                array = array[field]
        require_numbers(array.dtype, label, text)
        return ArraySource(array, label)

    @property
    def tree(self) -> Tree:
        """Empty: nothing to recognise."""
        return FlatTree(self.label, {})

    def attribute(self, path: str, name: str) -> Any:
        """None: arrays have no attributes."""
        return None

    def labels(self, path: str) -> tuple[str, ...]:
        """None: arrays have no labels."""
        return ()

    def step(self, path: str, axis: int) -> float | None:
        """None: arrays have no scales."""
        return None

    def close(self) -> None:
        """Nothing to release."""


def _on_cpu(value: Any) -> Any:
    """A torch tensor as one that NumPy takes, without importing torch: off the graph and the GPU, of a known type."""
    if not (hasattr(value, "detach") and hasattr(value, "cpu")):
        return value
    tensor = value.detach().cpu()
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor.resolve_conj().resolve_neg()


class _Digest:
    """The hash of an array's bytes in C order."""

    def __init__(self, name: str, array: np.ndarray) -> None:
        self.name = name
        self.size = array.nbytes
        self._array = array

    def sha256(self) -> str:
        digest = hashlib.sha256()
        rows = self._array.reshape(1, -1) if self._array.flags.c_contiguous else self._array
        for row in rows:
            digest.update(np.ascontiguousarray(row).reshape(-1).view(np.uint8).data)
        return digest.hexdigest()

    def check_unchanged(self) -> None:
        """Arrays in memory are the caller's."""

    def close(self) -> None:
        """Nothing to release."""
