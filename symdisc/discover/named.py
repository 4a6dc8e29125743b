"""Generators given by a file or by a name such as `so(3)`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..data import read_matrices, read_npz
from ..errors import InputError
from ..symmetry import Symmetry, load

NAMES = "so(n), so(p,q), sl(n,R), gl(n,R), sp(2n,R)"


def read_generators(text: str) -> Symmetry | np.ndarray:
    """A result of `fit` (folder or NPZ), any file of (k, d, d) matrices, or a named algebra's defining matrices.

    Raises:
        InputError: neither a file nor a known name.
    """
    path = Path(text)
    if not path.exists():
        return named(text)
    file = path / "generators.npz" if path.is_dir() else path
    if file.suffix == ".npz" and "metadata" in read_npz(file):
        return load(file)
    return read_matrices(str(file))


def named(text: str) -> np.ndarray:
    """(k, n, n) defining matrices of a classical algebra.

    Raises:
        InputError: unknown name.

    Example:
        >>> named("so(3)").shape
        (3, 3, 3)
    """
    match = re.fullmatch(r"(so|sl|gl|sp)\((\d+)(?:,(\d+|R))?\)", text.replace(" ", ""))
    if match is None:
        raise InputError(f"--generators {text}: no such file, and no name known here; names are {NAMES}")
    family, first, second = match[1], int(match[2]), match[3]
    signature = family == "so" and second not in (None, "R")
    if family != "so" and second not in (None, "R"):
        raise InputError(f"--generators {text}: only so takes a signature; names are {NAMES}")
    n = first + (int(second) if signature else 0)
    least = 1 if family == "gl" else 2
    if n < least or n > 64 or (family == "sp" and n % 2):
        raise InputError(f"--generators {text}: the size must lie between {least} and 64, and be even for sp(2n,R)")
    units = np.eye(n * n).reshape(n * n, n, n)
    if family == "gl":
        return units
    if family == "sl":
        diagonal = [np.diag(np.eye(n)[i] - np.eye(n)[i + 1]) for i in range(n - 1)]
        return np.array([u for u in units if not np.trace(u)] + diagonal)
    if family == "sp":
        half = n // 2
        form = np.block([[np.zeros((half, half)), np.eye(half)], [-np.eye(half), np.zeros((half, half))]])
        symmetric = [units[i * n + j] + units[j * n + i] for i in range(n) for j in range(i, n)]
        return np.array([form @ s for s in symmetric])
    metric = np.diag([1.0] * first + [-1.0] * (n - first))
    i, j = np.triu_indices(n, 1)
    rotations = np.zeros((len(i), n, n))
    rotations[np.arange(len(i)), i, j], rotations[np.arange(len(i)), j, i] = -1.0, 1.0
    return rotations @ metric
