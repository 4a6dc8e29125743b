"""One linear map for all pairs: R = Y X^T (X X^T)^{-1}, and its real logarithm where there is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch

from .pairs import Block, Pairs


@dataclass(frozen=True)
class FixedMap:
    """The map and how well it does.

    Attributes:
        matrix: (d, d), R.
        residuals: (r,) |y - R x|^2 of the held-out pairs.
        moved: mean of |y - x|^2. size: mean of |y|^2.
    """

    matrix: np.ndarray
    residuals: np.ndarray
    moved: float
    size: float

    @property
    def residual(self) -> float:
        """Mean of the residuals."""
        return float(self.residuals.mean())

    def likelihood(self, values: int) -> np.ndarray:
        """(r,) log density of y of the held-out pairs, for pairs of `values` numbers."""
        variance = max(self.residual / values, np.finfo(float).tiny)
        return -0.5 * (self.residuals / variance + values * np.log(2 * np.pi * variance))


@dataclass(frozen=True)
class Logarithm:
    """A real generator of a map.

    Attributes:
        matrix: (d, d), exp(matrix) as near to the map as found.
        misfit: |exp(matrix) - R| / |R|, Frobenius.
        exact: the principal logarithm is real.
        reason: the branch, or why there is no real logarithm.
    """

    matrix: np.ndarray
    misfit: float
    exact: bool
    reason: str


def fixed_map(
    pairs: Pairs, train: torch.Tensor, test: torch.Tensor, refit: bool = True, shifted: bool = False
) -> FixedMap:
    """Fit on the pairs `train`, measure on `test`; with `refit` the matrix returned is fitted on both.

    With `shifted` the map is y = R x + b, and the matrix (d, d + 1) is [R, b].

    The Gram matrix is that of x on the right (as in the paper's solution; the printed order of factors there does not
    multiply).
    """
    d = pairs.size
    sums = []

    def inputs(block: Block) -> torch.Tensor:
        x = block.x.reshape(-1, d)
        return torch.cat([x, torch.ones_like(x[:, :1])], dim=1) if shifted else x

    for rows in (train, test):
        gram = torch.zeros((d + shifted, d + shifted), dtype=pairs.dtype, device=pairs.device)
        cross = torch.zeros((d, d + shifted), dtype=pairs.dtype, device=pairs.device)
        for block in pairs.blocks(rows):
            x, y = inputs(block), block.y.reshape(-1, d)
            gram += x.T @ x
            cross += y.T @ x
        sums.append((gram, cross))
    matrix = _solve(*sums[0])
    residuals = []
    moved = size = 0.0
    for block in pairs.blocks(test):
        mapped = (inputs(block) @ matrix.T).reshape(block.y.shape)
        residuals.append(((block.y - mapped) ** 2).sum((1, 2)))
        moved += float(((block.y - block.x) ** 2).sum())
        size += float((block.y**2).sum())
    whole = _solve(sums[0][0] + sums[1][0], sums[0][1] + sums[1][1]) if refit else matrix
    count = max(len(test), 1)
    left = torch.cat(residuals).double().cpu().numpy()
    return FixedMap(whole.double().cpu().numpy(), left, moved / count, size / count)


def _solve(gram: torch.Tensor, cross: torch.Tensor) -> torch.Tensor:
    return cross @ torch.linalg.pinv(gram, rtol=1e-12, hermitian=True)


def logarithm(matrix: np.ndarray) -> Logarithm:
    """The principal logarithm where it is real; else the generator nearest in the sense of its real part.

    A real matrix has a real logarithm if and only if it is invertible and each Jordan block of a negative eigenvalue
    occurs an even number of times (Culver 1966). Noisy data never hit such a tie, but permutations and half turns do:
    where a negative eigenvalue occurs an even number of times, without Jordan blocks, its space is turned half way
    round in planes that R does not determine. The principal branch has eigenvalues with imaginary parts in (-pi, pi):
    a map that turns further than half way is read as turning the short way round.
    """
    values = np.linalg.eigvals(matrix)
    largest = np.abs(values).max()
    negative = (np.abs(values.imag) <= 1e-9 * largest) & (values.real < -1e-9 * largest)
    vanishing = np.abs(values) <= 1e-9 * largest
    half, rest = _half_turns(matrix, values.real[negative]) if negative.any() else (np.zeros(matrix.shape), matrix)
    if half is not None and not vanishing.any():
        found = half + np.real(scipy.linalg.logm(rest))
        reason = "principal branch: every eigenvalue of the generator turns by less than half a turn"
        if negative.any():
            count = int(negative.sum())
            reason = f"{count} eigenvalues of R are negative, in pairs: half turns, in planes that R leaves open"
        return Logarithm(found, _misfit(found, matrix), True, reason)
    # A logarithm of each eigenvalue's modulus and angle, the angle of a negative one dropped.
    values, vectors = np.linalg.eig(matrix)
    floor = 1e-9 * largest
    logs = np.log(np.maximum(np.abs(values), floor)) + 1j * np.where(negative, 0.0, np.angle(values))
    found = np.real(vectors @ np.diag(logs) @ np.linalg.pinv(vectors))
    if vanishing.any():
        reason = f"{int(vanishing.sum())} eigenvalues of R are zero: no logarithm exists"
    else:
        reason = f"{int(negative.sum())} eigenvalues of R are negative and not paired: no real logarithm exists"
    return Logarithm(found, _misfit(found, matrix), False, reason)


def _half_turns(matrix: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """pi J with J^2 = -1 on the eigenspaces of `negative`, and the map without these turns; None where there is none.

    Left eigenvectors U and right ones V of one eigenvalue c give its projector P = V (U^T V)^{-1} U^T: the map without
    the turn is R + 2 |c| P, and J is any pairing of the columns of V.
    """
    half, rest = np.zeros(matrix.shape), matrix.copy()
    close = 1e-8 * np.linalg.norm(matrix, 2)
    negative = np.sort(negative)
    for group in np.split(negative, np.flatnonzero(np.diff(negative) > close) + 1):
        left, sizes, right = np.linalg.svd(matrix - group.mean() * np.eye(len(matrix)))
        count = len(group)
        if count % 2 or sizes[-count] > close:
            return None, matrix
        u, v = left[:, -count:], right[-count:].T
        dual = np.linalg.solve(u.T @ v, u.T)
        half += np.pi * v @ np.kron(np.eye(count // 2), [[0.0, -1.0], [1.0, 0.0]]) @ dual
        rest += 2 * abs(group.mean()) * v @ dual
    return half, rest


def _misfit(generator: np.ndarray, matrix: np.ndarray) -> float:
    return float(np.linalg.norm(scipy.linalg.expm(generator) - matrix) / np.linalg.norm(matrix))
