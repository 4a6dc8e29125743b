"""Annealed expectation maximisation in the linear mid-point model: from nothing to a start.

With m = (x + y) / 2, y - x = 2 tanh(A/2) m = A m + O(A^3): D_n = y_n - x_n is Gaussian with covariance
s2 I + J_n P J_n^T, J_n = [L_1 m_n .. L_k m_n]. Lowering s2 slowly keeps the search from the nearest poor optimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from .flow import images
from .quadratic import regularised, second_moments, solve_in
from .sizes import SMALL
from .space import Space

FALL = 0.75
FLOOR = 1e-8
STEPS = 80
SPECTRAL_PAIRS = 1500
# Generators that change by less than this share, and t known to better than this share of its variance: nothing that a
# lower s2 could still bring out.
STEADY = 0.01
RESOLVED = 0.1


@dataclass(frozen=True)
class Expectation:
    """Posterior of t for every pair.

    Attributes:
        mean: (b, k). covariance: (b, k, k). likelihood: (b,) log density of D.
        residual: (b,) expected |D - J t|^2.
    """

    mean: torch.Tensor
    covariance: torch.Tensor
    likelihood: torch.Tensor
    residual: torch.Tensor


def expect(
    generators: torch.Tensor, precision: torch.Tensor, variance: float, middle: torch.Tensor, moved: torch.Tensor
) -> Expectation:
    """The E-step.

    Args:
        precision: (k, k), inverse of the prior covariance of t.
        middle, moved: (b, m, d) m and D.
    """
    b, m, d = middle.shape
    k, values = len(generators), middle.shape[1] * middle.shape[2]
    size = (moved * moved).sum((1, 2))
    constant = values * math.log(2 * math.pi * variance)
    if k == 0:
        empty = middle.new_zeros((b, 0))
        return Expectation(empty, empty[:, :, None], -0.5 * (size / variance + constant), size)
    jacobian = images(generators, middle).reshape(b, k, m * d)
    gram = jacobian @ jacobian.transpose(1, 2)
    score = (jacobian @ moved.reshape(b, m * d, 1))[:, :, 0]
    factor = torch.linalg.cholesky(gram + variance * precision)
    mean = torch.cholesky_solve(score[:, :, None], factor)[:, :, 0]
    covariance = variance * torch.cholesky_inverse(factor)
    explained = (mean * score).sum(1)
    logdet = 2 * torch.log(torch.diagonal(factor, dim1=1, dim2=2)).sum(1) - k * math.log(variance)
    logdet = logdet - torch.logdet(precision)
    likelihood = -0.5 * ((size - explained) / variance + logdet + constant)
    residual = size - 2 * explained + torch.einsum("bi,bij,bj->b", mean, gram, mean) + (covariance * gram).sum((1, 2))
    return Expectation(mean, covariance, likelihood, residual.clamp(min=0))


def spectral_start(k: int, middle: torch.Tensor, moved: torch.Tensor, space: Space) -> torch.Tensor:
    """(k, d, d): leading right singular vectors of the rows vec(D_n (C^{-1/2} m_n)^T), mapped back by C^{-1/2}.

    By the Gram matrix of the pairs, so that no d^2 x d^2 matrix is made.
    """
    middle, moved = middle[:SPECTRAL_PAIRS], moved[:SPECTRAL_PAIRS]
    b, m, d = middle.shape
    rows = middle.reshape(b * m, d)
    inverse = torch.linalg.inv(regularised(rows.T @ rows / len(rows), 1e-6))
    white = (rows @ inverse).reshape(b, m, d)
    gram = middle.new_zeros((b, b))
    for a in range(m):
        for c in range(m):
            gram += (moved[:, a] @ moved[:, c].T) * (middle[:, a] @ white[:, c].T)
    seeded = torch.Generator().manual_seed(k)
    basis = torch.randn((b, min(k + 6, b)), generator=seeded, dtype=torch.float64).to(gram)
    for _ in range(30):
        basis = torch.linalg.qr(gram @ basis)[0]
    leading = (basis @ torch.linalg.eigh(basis.T @ gram @ basis)[1]).flip(1)[:, :k]
    weighted = torch.einsum("bk,bmd->bmkd", leading, moved).reshape(b * m, -1)
    start = (weighted.T @ white.reshape(b * m, d)).reshape(-1, d, d)
    return space.project(start)


def anneal(
    k: int,
    middle: torch.Tensor,
    moved: torch.Tensor,
    space: Space,
    values: int,
    start: torch.Tensor | None = None,
    floor: float = FLOOR,
) -> tuple[torch.Tensor, float]:
    """Generators with t ~ N(0, I), and the noise variance.

    Args:
        middle, moved: (b, m, d) of the pairs to learn from.
        values: numbers of y a pair (d channels, without a homogeneous coordinate).
        floor: s2 is lowered to this share of mean D^2, but never below its maximum-likelihood value.
    """
    b = len(middle)
    first = max(float((moved * moved).sum()) / (b * values), 1e-280)
    generators = spectral_start(k, middle, moved, space) if start is None else start
    size = float((images(generators, middle) ** 2).sum())
    generators = generators * math.sqrt(first * b * values / size) if size > 0 else generators
    identity = torch.eye(k, dtype=middle.dtype, device=middle.device)
    target, likely, settled, steady = first, first, 0, 0
    for _ in range(STEPS):
        variance = max(target, likely, floor * first)
        posterior = expect(generators, identity, variance, middle, moved)
        likely = float(posterior.residual.sum()) / (b * values)
        second = posterior.covariance + posterior.mean[:, :, None] * posterior.mean[:, None, :]
        weighted = torch.einsum("bk,bmd->bmkd", posterior.mean, moved).reshape(-1, k * middle.shape[2])
        cross = (weighted.T @ middle.reshape(-1, middle.shape[2])).reshape(generators.shape)
        before = generators
        generators = solve_in(space, second_moments(second, middle), cross, generators)
        # Whiten: t ~ N(0, I) again.
        root = torch.linalg.cholesky(regularised(second.mean(0), 1e-12))
        generators = torch.einsum("ji,jab->iab", root, generators).contiguous()
        settled += target < likely
        still = float((generators - before).norm()) < STEADY * float(before.norm())
        resolved = float(torch.linalg.matrix_norm(posterior.covariance.mean(0), 2)) < RESOLVED
        steady = steady + 1 if still and resolved and middle.shape[2] > SMALL else 0
        if settled > 8 or steady > 1 or target < floor * first:
            break
        target *= FALL
    return generators, max(likely, floor * first)
