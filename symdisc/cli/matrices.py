"""Generators that `analyze` and `compare` are given: a result of `fit`, or any file of square matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data import list_arrays, read_matrices
from ..factored import FactoredRotations
from ..symmetry import load


def read_span(path: str, array: str | None = None) -> np.ndarray | FactoredRotations:
    """(k, m, m) matrices, or the factored rotations of a large covariance result.

    Args:
        path: a result folder, NPZ, NPY or HDF5.
        array: which array holds the matrices; default: as `symdisc.data.read_matrices`.

    Raises:
        InputError: no such file or array, or not square matrices.
    """
    if array is None and _factored(Path(path)):
        return load(path).generators
    return read_matrices(path, array)


def _factored(path: Path) -> bool:
    file = path / "generators.npz" if path.is_dir() else path
    if not file.is_file():
        return False
    names = {info.name for info in list_arrays(file)}
    return {"eigenvalues", "eigenvectors", "metadata"} <= names and "generators" not in names
