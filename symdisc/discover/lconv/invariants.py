"""A start that needs no near pairs: the quadratic forms that a one-parameter group keeps.

Where exp(t L) turns planes at different rates, every form Q that it keeps satisfies y^T Q y = x^T Q x for every pair,
whatever its t: linear equations in Q. Their solutions share the planes of L. In each plane the pair shows its angle
omega_j t_n up to whole turns, and the plane that turns slowest gives t_n without that doubt, so the other rates follow
one by one.
"""

from __future__ import annotations

import torch

from .pairs import Pairs

LARGEST = 76
RATES = 48.0
STEP = 0.01


def invariant_start(pairs: Pairs, rows: torch.Tensor) -> tuple[torch.Tensor, float] | None:
    """(d, d) generator with unit slowest rate, and the largest |t|; None where the equations do not determine it."""
    d = pairs.size
    forms = d * (d + 1) // 2
    if d > LARGEST or len(rows) * pairs.channels < 1.02 * forms:
        return None
    kept, covariance = _kept_forms(pairs, rows)
    if kept is None:
        return None
    # The form nearest to the inverse covariance, which the group keeps if it keeps the distribution, is the metric.
    inverse = torch.linalg.pinv(covariance, hermitian=True)
    metric = torch.einsum("a,aij->ij", torch.einsum("aij,ij->a", kept, inverse), kept)
    values, vectors = torch.linalg.eigh(metric)
    if not float(values[0]) > 1e-6 * float(values[-1]):
        return None
    root = (vectors * values.sqrt()) @ vectors.T
    unroot = (vectors / values.sqrt()) @ vectors.T
    planes = _planes(torch.einsum("ij,ajk,kl->ail", unroot, kept, unroot))
    if not planes:
        return None
    angles = _angles(pairs, rows, root, planes)
    rates, reach = _rates(angles)
    generator = torch.zeros_like(metric)
    for rate, (p, q) in zip(rates, planes, strict=True):
        generator += rate * (torch.outer(q, p) - torch.outer(p, q))
    return unroot @ generator @ root, reach


def _kept_forms(pairs: Pairs, rows: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
    """(a, d, d) orthonormal symmetric forms that all pairs keep, and the covariance of x."""
    d = pairs.size
    i, j = torch.triu_indices(d, d)
    weight = torch.where(i == j, 1.0, 2.0**0.5).to(pairs.dtype).to(pairs.device)
    gram = torch.zeros((len(i), len(i)), dtype=pairs.dtype, device=pairs.device)
    covariance = torch.zeros((d, d), dtype=pairs.dtype, device=pairs.device)
    size = 0.0
    for block in pairs.blocks(rows):
        x, y = block.x.reshape(-1, d), block.y.reshape(-1, d)
        features = (y[:, i] * y[:, j] - x[:, i] * x[:, j]) * weight
        gram += features.T @ features
        covariance += x.T @ x
        size += float(((x[:, i] * x[:, j] * weight) ** 2).sum())
    values, vectors = torch.linalg.eigh(gram)
    # A form is kept when the pairs change it by far less than they change a typical one.
    typical = size / len(i)
    count = int((values < 1e-4 * typical).sum())
    if count < 2:
        return None, covariance
    kept = torch.zeros((count, d, d), dtype=pairs.dtype, device=pairs.device)
    kept[:, i, j] = vectors[:, :count].T / weight
    kept[:, j, i] = kept[:, i, j]
    return kept / torch.linalg.matrix_norm(kept)[:, None, None], covariance


def _planes(forms: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Planes on which every form is a multiple of the identity: pairs of equal eigenvalues of a mixture of them."""
    weights = torch.randn(len(forms), generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(forms)
    values, vectors = torch.linalg.eigh(torch.einsum("a,aij->ij", weights, forms))
    gaps = torch.diff(values)
    close = float(gaps.median()) if len(gaps) else 0.0
    planes, taken = [], torch.zeros(len(values), dtype=torch.bool)
    for index in torch.argsort(gaps).tolist():
        # Half of all gaps, those inside planes, are the small ones.
        if gaps[index] <= close and not taken[index] and not taken[index + 1]:
            taken[index] = taken[index + 1] = True
            planes.append((vectors[:, index], vectors[:, index + 1]))
    return planes


def _angles(
    pairs: Pairs, rows: torch.Tensor, root: torch.Tensor, planes: list[tuple[torch.Tensor, torch.Tensor]]
) -> torch.Tensor:
    """(n, planes): by how much each pair turns in each plane, in (-pi, pi]."""
    first, second = (torch.stack([plane[a] for plane in planes]) @ root for a in (0, 1))
    parts = []
    for block in pairs.blocks(rows):
        z = torch.complex(block.x @ first.T, block.x @ second.T)
        w = torch.complex(block.y @ first.T, block.y @ second.T)
        parts.append(torch.angle((w * z.conj()).sum(1)))
    return torch.cat(parts)


def _rates(angles: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Rates (planes,) relative to the slowest plane, and the largest |t|: the base on which all others agree best."""
    count = angles.shape[1]
    rates = torch.arange(-RATES, RATES + STEP, STEP, dtype=angles.dtype, device=angles.device)
    best_score, best, reach = -1.0, torch.zeros(count, dtype=angles.dtype), 0.0
    shown = angles[:400]
    phases = torch.exp(1j * shown)
    for base in range(count):
        t = shown[:, base]
        turned = torch.exp(-1j * rates[:, None] * t[None, :]).to(phases.dtype)
        agreement = (turned @ phases).abs() / len(shown)
        top = agreement.max(0)
        score = float(top.values.sum())
        if score > best_score + 1e-9:
            best_score, best, reach = score, rates[top.indices], float(angles[:, base].abs().max())
    return best, reach
