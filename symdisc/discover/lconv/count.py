"""How many generators: the marginal likelihood of pairs that were held out, and the smallest k near its best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from .pairs import Pairs
from .refine import eigen_of, place, precision_of
from .search import Found, located

ERRORS = 2.0
PATIENCE = 2


@dataclass(frozen=True)
class Held:
    """A model on held-out pairs.

    Attributes:
        likelihood: (r,) log density of y, t integrated out (Laplace).
        residual: sum of squared residuals. variance: of the noise, as the held-out pairs show it.
    """

    likelihood: np.ndarray
    residual: float
    variance: float


def held_out(pairs: Pairs, rows: torch.Tensor, found: Found | None) -> Held:
    """Log likelihood of each of these pairs; `found` None is y = x + noise."""
    if found is None:
        moved = torch.cat([((block.y - block.x) ** 2).sum((1, 2)) for block in pairs.blocks(rows)])
        variance = max(float(moved.mean()) / pairs.values, math.ulp(0.0))
        likelihood = -0.5 * (moved / variance + pairs.values * math.log(2 * math.pi * variance))
        return Held(likelihood.double().cpu().numpy(), float(moved.sum()), variance)
    model = found.model
    t, _ = located(pairs, rows, model, reach=1.3 * float(found.t.abs().max()))
    grams, sizes = [], []
    for block in pairs.blocks(rows):
        placed = place(block, model, t[block.at], eigen_of(model))
        grams.append(placed.gram)
        sizes.append(placed.size)
    gram, size = torch.cat(grams), torch.cat(sizes)
    precision = precision_of(model)
    pull = ((t @ precision) * t).sum(1)
    floor = 1e-14 * float((gram.diagonal(dim1=1, dim2=2).sum(1) * t.square().mean()).mean()) / pairs.values
    variance = max(model.variance, floor, math.ulp(0.0))
    for _ in range(20):
        factor = torch.linalg.cholesky(gram + variance * precision)
        loose = (torch.cholesky_inverse(factor) * gram).sum((1, 2))
        updated = float((size + variance * loose).mean()) / pairs.values
        counted = float(size.mean()) / max(pairs.values - model.count, 1)
        variance = max(min(updated, counted), floor, math.ulp(0.0))
    inside = torch.logdet(gram / variance + precision) - torch.logdet(precision)
    likelihood = -0.5 * (size / variance + pull + inside + pairs.values * math.log(2 * math.pi * variance))
    return Held(likelihood.double().cpu().numpy(), float(size.sum()), variance)


def best_count(likelihoods: list[np.ndarray]) -> int:
    """The smallest k whose held-out likelihood is within two standard errors of the best, pair by pair."""
    means = [float(values.mean()) for values in likelihoods]
    best = int(np.argmax(means))
    for k in range(best):
        gap = likelihoods[best] - likelihoods[k]
        if gap.mean() <= ERRORS * gap.std(ddof=1) / math.sqrt(len(gap)):
            return k
    return best


def ahead(likelihood: np.ndarray, other: np.ndarray) -> bool:
    """Whether held-out pairs favour the first model by more than two standard errors."""
    gap = likelihood - other
    return bool(gap.mean() > ERRORS * gap.std(ddof=1) / math.sqrt(len(gap)))


def settled(likelihoods: list[np.ndarray]) -> bool:
    """Whether the last few k have brought nothing: by the means alone, since few pairs can hide a gain that grows."""
    return len(likelihoods) - 1 - int(np.argmax([values.mean() for values in likelihoods])) >= PATIENCE


def most_generators(pairs: Pairs, dimension: int, rows: int) -> int:
    """The largest k worth trying: fewer than the numbers of a pair, and twice as many equations as unknowns."""
    k = 0
    while k < min(pairs.values - 1, dimension, 12) and rows * (pairs.values - k - 1) >= 1.5 * (k + 1) * min(
        dimension, pairs.size * pairs.values
    ):
        k += 1
    return k


def nothing(model_count: int) -> str:
    """Why a search found nothing."""
    return (
        f"no model of up to {model_count} generators tells held-out pairs better than y = x + noise; the search is not "
        "exhaustive, so this does not show that there is none"
    )
