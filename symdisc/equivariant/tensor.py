"""Small matrices on single axes of a tensor, and what they are as one large matrix."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod

import numpy as np


def along(matrix: np.ndarray, tensor: np.ndarray, axis: int) -> np.ndarray:
    """`matrix` times one axis of a tensor."""
    shape = tensor.shape
    before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
    result = np.matmul(matrix, tensor.reshape(before, shape[axis], after))
    return np.asarray(result.reshape(*shape[:axis], len(matrix), *shape[axis + 1 :]))


def kronecker(factors: Sequence[np.ndarray]) -> np.ndarray:
    """Kronecker product; of nothing, the 1 x 1 identity."""
    return reduce(lambda a, b: np.einsum("ij,kl->ikjl", a, b).reshape(len(a) * len(b), -1), factors, np.eye(1))


def kronecker_sum(factors: Sequence[np.ndarray]) -> np.ndarray:
    """A (x) 1 (x) .. + 1 (x) B (x) .. + ..; of nothing, the 1 x 1 zero."""
    total: np.ndarray = np.zeros((1, 1))
    for factor in factors:
        n, d = len(total), len(factor)
        longer = np.zeros((n, d, n, d))
        np.einsum("iaja->aij", longer)[:] += total
        np.einsum("iaib->iab", longer)[:] += factor
        total = longer.reshape(n * d, n * d)
    return total
