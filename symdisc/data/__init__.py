"""The one door through which files come in, and the typed data sets they become."""

from __future__ import annotations

from .dataset import Chunk, DataSet
from .door import list_arrays, read_npz
from .listing import ArrayInfo
from .matrices import read_matrices
from .memory import available_memory, parse_size
from .opening import from_arrays, open_dataset
from .safetensors import read_safetensors
from .text import read_json

__all__ = [
    "ArrayInfo",
    "Chunk",
    "DataSet",
    "available_memory",
    "from_arrays",
    "list_arrays",
    "open_dataset",
    "parse_size",
    "read_json",
    "read_matrices",
    "read_npz",
    "read_safetensors",
]
