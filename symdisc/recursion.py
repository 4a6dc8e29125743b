"""Recursive L-conv, (I + A / N)^N x with A = sum_i t_i L_i, and the penalties of its generators.

Source: Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network, section 4 and appendix C.3;
Dehmamy et al., Lie Algebra Convolutional Networks with Automatic Symmetry Extraction, section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def recursive_lconv(generators: Tensor, t: Tensor, x: Tensor, layers: int, order: int = 1) -> Tensor:
    """x through `layers` equal L-conv layers: (I + A / N)^N x with A_n = sum_i t_ni L_i.

    Args:
        generators: (k, d, d); t: (n, k); x: (n, d, m), the same action on each of the m channels.
        layers: N.
        order: 1 for layers I + A / N; p for the first p terms of exp(A / N) after the identity.

    Returns:
        (n, d, m).
    """
    return flow((generators.permute(1, 0, 2), None), t, x.permute(1, 0, 2), layers, order).permute(1, 0, 2)


def closure_penalty(generators: Tensor) -> Tensor:
    """Share of the brackets that leaves the span: sum |[L_i, L_j] - projection|^2 / sum |[L_i, L_j]|^2, in [0, 1].

    Args:
        generators: (k, d, d). Zero where all brackets vanish (an abelian algebra is closed).
    """
    brackets, projected, _ = _brackets(generators)
    size = _pair_scale(generators)
    return ((brackets - projected) ** 2).sum() / ((brackets**2).sum() + size)


def orthogonality_penalty(generators: Tensor, form: str = "frobenius") -> Tensor:
    """Squared overlaps over all squared entries of the generators' Gram matrix, in [0, 1): zero if orthogonal.

    Args:
        generators: (k, d, d).
        form: `frobenius`, tr(L_i^T L_j); `killing`, tr(ad_i ad_j) with the structure constants of the projected
            brackets (zero where all of them vanish).
    """
    k = len(generators)
    if form == "frobenius":
        flat = generators.reshape(k, -1)
        gram, size = flat @ flat.T, (generators**2).sum() ** 2 * 1e-12
    else:
        constants = _brackets(generators)[2]
        gram = (constants[:, None] * constants[None].transpose(2, 3)).sum((2, 3))
        size = (generators**2).sum() ** 2 * 1e-12
    overlap = (gram**2).sum() - (gram.diagonal() ** 2).sum()
    return overlap / ((gram**2).sum() + size)


def _brackets(generators: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """All [L_i, L_j] and their projections on the span, (k, k, d, d), and the structure constants c[i, j, l]."""
    import torch

    k = len(generators)
    products = generators[:, None] @ generators[None]
    brackets = products - products.transpose(0, 1)
    flat = generators.reshape(k, -1)
    gram = flat @ flat.T
    # Nearly dependent generators: the ridge keeps the projection finite, at 1e-6 of the largest direction.
    ridge = 1e-6 * gram.diagonal().mean() * torch.eye(k, dtype=gram.dtype, device=gram.device)
    constants = torch.linalg.solve(gram + ridge, (brackets.reshape(k * k, -1) @ flat.T).T).T.reshape(k, k, k)
    projected = (constants.reshape(k * k, k) @ flat).reshape(brackets.shape)
    return brackets, projected, constants


def _pair_scale(generators: Tensor) -> Tensor:
    """What counts as a zero bracket: rounding beside the product of the generators' sizes."""
    return (generators**2).sum() ** 2 * 1e-12


def act(factors: tuple[Tensor, Tensor | None], t: Tensor, h: Tensor) -> Tensor:
    """sum_i t_ni L_i h_n for h (d, n, m); L_i = left_i right_i, left (d, k, r), right (k, r, d) or None for I."""
    left, right = factors
    d, n, m = h.shape
    k, r = left.shape[1:]
    seen = h[None] if right is None else (right.reshape(k * r, d) @ h.reshape(d, n * m)).reshape(k, r, n, m)
    return (left.reshape(d, k * r) @ (t.T[:, None, :, None] * seen).reshape(k * r, n * m)).reshape(d, n, m)


def images(factors: tuple[Tensor, Tensor | None], h: Tensor) -> Tensor:
    """(k, d, n, m): L_i h_n for h (d, n, m)."""
    left, right = factors
    d, n, m = h.shape
    k, r = left.shape[1:]
    seen = h.reshape(1, d, n * m) if right is None else (right.reshape(k * r, d) @ h.reshape(d, -1)).reshape(k, r, -1)
    return (left.transpose(0, 1) @ seen).reshape(k, d, n, m)


def flow(factors: tuple[Tensor, Tensor | None], t: Tensor, h: Tensor, layers: int, order: int) -> Tensor:
    """(d, n, m): h after all layers; factors as for `act`."""
    for _ in range(layers):
        term = h
        for power in range(1, order + 1):
            term = act(factors, t / (layers * power), term)
            h = h + term
    return h
