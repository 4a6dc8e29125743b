"""The model of pairs: y = exp(sum_i t_i L_i) x + noise, t ~ N(0, P)."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Model:
    """k generators and what is known of their coefficients.

    Attributes:
        generators: (k, d, d), orthonormal in the Frobenius product.
        spread: (k, k), mean of t t^T over the pairs (about zero, not about the mean).
        variance: of the noise, a number of y.
    """

    generators: torch.Tensor
    spread: torch.Tensor
    variance: float

    @property
    def count(self) -> int:
        """k."""
        return len(self.generators)


def normalised(
    generators: torch.Tensor, t: torch.Tensor, spread: torch.Tensor, variance: float
) -> tuple[Model, torch.Tensor]:
    """The same span with orthonormal generators, and the coefficients in that basis; leading spans are kept."""
    k = len(generators)
    basis, triangle = torch.linalg.qr(generators.reshape(k, -1).T)
    sign = torch.where(torch.diagonal(triangle) < 0, -1.0, 1.0).to(triangle.dtype)
    basis, triangle = basis * sign, triangle * sign[:, None]
    model = Model(basis.T.reshape(generators.shape).contiguous(), triangle @ spread @ triangle.T, variance)
    return model, t @ triangle.T


def principal(model: Model, t: torch.Tensor) -> tuple[Model, torch.Tensor]:
    """The same model with uncorrelated coefficients, the widest spread first, and most of t_i positive."""
    values, vectors = torch.linalg.eigh(model.spread)
    vectors = vectors.flip(1)
    sign = torch.where((t @ vectors).sum(0) < 0, -1.0, 1.0).to(t.dtype)
    vectors = vectors * sign
    generators = torch.einsum("ia,ibc->abc", vectors, model.generators).contiguous()
    return Model(generators, torch.diag(values.flip(0)), model.variance), t @ vectors
