"""The weights behind the generators of the network form: all entries, a candidate space, or factors of rank R."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from .network_start import spread

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Parametrisation:
    """How weights make k generators.

    Args:
        d: dimension of the space acted on; k: generators.
        basis: (d d, K) sparse, orthonormal columns; None: all matrices.
        rank: R, for L_i = U_i V_i^T; or None.
        device, dtype: of the weights.
    """

    def __init__(self, d: int, k: int, basis: Any, rank: int | None, device: torch.device, dtype: torch.dtype) -> None:
        import torch

        self.d, self.k, self.rank = d, k, rank
        self._basis: Tensor | None = None
        if basis is not None:
            rows = basis.tocoo()
            self._basis = torch.sparse_coo_tensor(
                torch.from_numpy(np.stack([rows.row, rows.col]).astype(np.int64)),
                torch.from_numpy(np.asarray(rows.data, dtype=np.float64)).to(dtype),
                rows.shape,
                device=device,
                check_invariants=True,
            ).coalesce()
        self._onto = None if basis is None else basis.T

    def drawn(self, rng: np.random.Generator) -> np.ndarray:
        """(k, d, d): at random."""
        if self._onto is None:
            return rng.standard_normal((self.k, self.d, self.d))
        columns = self._onto.T @ rng.standard_normal((self._onto.shape[0], self.k))
        return np.asarray(columns.T.reshape(self.k, self.d, self.d))

    def directions(self, generators: np.ndarray) -> dict[str, np.ndarray]:
        """The weights that stand for (k, d, d) generators, up to their sizes.

        Raises:
            InputError: one of them has no part in the candidate space.
        """
        if self.rank is not None:
            u, s, v = np.linalg.svd(generators)
            root = np.sqrt(s[:, None, : self.rank])
            left, right = u[:, :, : self.rank] * root, v[:, : self.rank].transpose(0, 2, 1) * root
            return {"left": spread(left), "right": spread(right)}
        flat = np.reshape(generators, (self.k, -1)).T
        flat = flat if self._onto is None else self._onto @ flat
        if not np.linalg.norm(flat, axis=0).all():
            raise InputError("a generator to start from vanishes in the candidate space; leave it out")
        return {"generators": spread(flat.T).T.copy()}

    def factors(self, weights: Mapping[str, Tensor], size: float) -> tuple[Tensor, Tensor | None]:
        """The L_i at norm `size`, as `recursion.act` wants them."""
        import torch

        if self.rank is not None:
            left, right = weights["left"], weights["right"]
            squares = ((left.transpose(1, 2) @ left) * (right.transpose(1, 2) @ right)).sum((1, 2))
            return (size * left / squares.sqrt()[:, None, None]).permute(1, 0, 2), right.transpose(1, 2)
        flat = weights["generators"]
        flat = size * flat / torch.linalg.vector_norm(flat, dim=0)
        full = flat if self._basis is None else torch.sparse.mm(self._basis, flat)
        return full.reshape(self.d, self.d, self.k).permute(0, 2, 1), None


def whole(factors: tuple[Tensor, Tensor | None]) -> Tensor:
    """(k, d, d): the L_i."""
    left, right = factors
    return left.transpose(0, 1) if right is None else left.transpose(0, 1) @ right


def orthonormal(generators: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The L_i (k, d, d) as orthonormal matrices times (k, k): A = sum_j (mix t)_j Q_j."""
    full = generators.reshape(len(generators), -1).T
    # Through the singular vectors, the zeros of a mask stay exact zeros.
    _, values, right = np.linalg.svd(full.T @ full, hermitian=True)
    # Dependent generators come out shorter than 1 rather than as magnified rounding.
    values = np.sqrt(np.maximum(values, 1e-14 * values[0]))
    directions = (full @ right.T) / values
    return directions.T.reshape(generators.shape), values[:, None] * right
