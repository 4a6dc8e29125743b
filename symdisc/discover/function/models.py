"""Models of f that are linear in their parameters: features, ridge regression, softmax regression for classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .hermite import Hermite
from .sizes import CENTRES

PENALTIES = 10.0 ** np.arange(-10, 2.1)
WIDTHS = (0.7, 1.4, 2.8, 5.6)
FAINT = 1e-11
# Residuals that are so many times the median are those of wrong samples, if they are no more than this share, and lie
# among this share of all around their mean.
FAR, WRONG, MIDST = 100.0, 0.01, 0.95
SOFT_PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
STEPS = 150


class Fitted(Protocol):
    """A model of f on whitened coordinates."""

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, c) at points (n, r): values, or logits of the classes."""

    def gradient(self, z: np.ndarray) -> np.ndarray:
        """(n, c, r)."""


class Features(Protocol):
    """Functions whose linear combinations are the model."""

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, p) at points (n, r)."""

    def slope(self, z: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """(n, c, r): gradient of the combinations (p, c)."""

    def root(self) -> np.ndarray:
        """(p, k): combinations that are orthonormal in what ridge regression keeps small."""


@dataclass(frozen=True)
class Polynomial:
    """Polynomials up to a total degree."""

    family: Hermite

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, p)."""
        return self.family.values(z)

    def slope(self, z: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """(n, c, r)."""
        above = self.family.raised().values(z)
        parts = [above @ (self.family.derivative(i) @ coefficients) for i in range(z.shape[1])]
        return np.stack(parts, axis=2)

    def root(self) -> np.ndarray:
        """Every term but the constant."""
        return np.eye(len(self.family))[:, 1:]


@dataclass(frozen=True)
class Kernel:
    """Gaussians of one width about some of the samples: kernel ridge regression in Nystroem's form.

    Attributes:
        factor: (p, p) lower triangular, of the kernel at the centres.

    Sources: Williams and Seeger, Using the Nystroem method to speed up kernel machines (NIPS 2000); Fine and
    Scheinberg, Efficient SVM training using low-rank kernel representations (JMLR 2, 2001).
    """

    centres: np.ndarray
    width: float
    factor: np.ndarray

    @classmethod
    def of(cls, centres: np.ndarray, width: float) -> Kernel:
        """Of the centres (p, r) only those stay, in order of what they add, that the others do not replace."""
        from scipy.linalg.lapack import dpstrf

        factor, order, rank, _ = dpstrf(_gaussians(centres, centres, width), tol=FAINT, lower=1)
        return cls(centres[order[:rank] - 1], width, np.tril(factor[:rank, :rank]))

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, p)."""
        return _gaussians(z, self.centres, self.width)

    def slope(self, z: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """(n, c, r)."""
        k = self.values(z)
        total = k @ coefficients
        parts = [
            (k @ (coefficients * self.centres[:, i, None]) - z[:, i, None] * total) / self.width**2
            for i in range(z.shape[1])
        ]
        return np.stack(parts, axis=2)

    def root(self) -> np.ndarray:
        """In the norm of the kernel's space."""
        from scipy.linalg import solve_triangular

        return np.asarray(solve_triangular(self.factor, np.eye(len(self.factor)), lower=True).T)


def _gaussians(z: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    squares = (z**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * z @ centres.T
    return np.exp(-np.maximum(squares, 0.0) / (2 * width**2))


@dataclass(frozen=True)
class Linear:
    """A combination of features, on top of a constant."""

    features: Features
    coefficients: np.ndarray
    constant: np.ndarray

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, c)."""
        return self.features.values(z) @ self.coefficients + self.constant

    def gradient(self, z: np.ndarray) -> np.ndarray:
        """(n, c, r)."""
        return self.features.slope(z, self.coefficients)


def centres_of(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some of the samples (n, r), drawn without repetition."""
    return z[np.sort(rng.permutation(len(z))[:CENTRES])]


class Ridge:
    """Ridge regression on features for any penalty, from one decomposition.

    Args:
        phi: (n, p) features of the samples; root: (p, k), of `Features`; y: (n, c).
    """

    def __init__(self, phi: np.ndarray, root: np.ndarray, y: np.ndarray) -> None:
        self.mean, self.constant = phi.mean(axis=0), y.mean(axis=0)
        centred = phi - self.mean
        gram = centred.T @ centred / len(phi)
        right = centred.T @ (y - self.constant) / len(phi)
        values, turned = np.linalg.eigh(root.T @ gram @ root)
        self.values, self.basis = np.maximum(values, 0.0), root @ turned
        self.right = self.basis.T @ right

    def coefficients(self, penalty: float) -> np.ndarray:
        """(p, c) for a penalty relative to the largest eigenvalue."""
        shift = penalty * self.values[-1] if self.values[-1] > 0 else 1.0
        return self.basis @ (self.right / (self.values + shift)[:, None])

    def model(self, features: Features, penalty: float) -> Linear:
        """The fit."""
        coefficients = self.coefficients(penalty)
        return Linear(features, coefficients, self.constant - self.mean @ coefficients)


def wrong_samples(losses: np.ndarray, z: np.ndarray) -> np.ndarray | None:
    """(n,) mask of the few samples z (n, r) whose losses are far beyond the others; None: there are none, or many.

    Squares give such samples all the weight, and the slope of a fit that follows a wrong one is wrong around it. So
    they are left out where a model is fitted and directions are chosen; the test counts them like all others. Beyond
    most of the samples it may be the model that is wrong, so none is called so there.
    """
    square = (z**2).sum(axis=1)
    far = (losses > FAR**2 * float(np.median(losses))) & (square <= np.quantile(square, MIDST))
    return far if 0 < far.sum() <= WRONG * len(far) else None


def typical(losses: np.ndarray, z: np.ndarray) -> float:
    """The mean of losses (n,) of samples z (n, r) without those of wrong ones."""
    wrong = wrong_samples(losses, z)
    return float(losses.mean() if wrong is None else losses[~wrong].mean())


def best_penalty(ridge: Ridge, phi: np.ndarray, y: np.ndarray, z: np.ndarray) -> float:
    """The penalty with the least error on held-out samples z (n, r), summed over outputs; of equal ones the largest.

    Args:
        phi: (n, p) their features; y: (n, c).
    """
    errors = []
    for penalty in PENALTIES:
        coefficients = ridge.coefficients(penalty)
        rest = y - phi @ coefficients - (ridge.constant - ridge.mean @ coefficients)
        errors.append(typical((rest**2).sum(axis=1), z))
    return float(PENALTIES[np.flatnonzero(np.array(errors) == min(errors))[-1]])


def softmax(logits: np.ndarray) -> np.ndarray:
    """(n, c) probabilities."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def softmax_fit(features: Features, phi: np.ndarray, onehot: np.ndarray, penalty: float) -> Linear:
    """Softmax regression with a ridge penalty, by quasi-Newton steps: the problem is convex.

    Args:
        phi: (n, p) features of the samples; onehot: (n, c).
    """
    from scipy.optimize import minimize

    root = features.root()
    mean = phi.mean(axis=0)
    inner = (phi - mean) @ root
    scale = float(np.sqrt((inner**2).mean())) or 1.0
    inner /= scale
    n, p, c = len(inner), inner.shape[1], onehot.shape[1]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, constant = flat[: p * c].reshape(p, c), flat[p * c :]
        chances = softmax(inner @ weights + constant)
        value = -float(np.log(np.maximum((chances * onehot).sum(axis=1), 1e-300)).mean())
        away = (chances - onehot) / n
        slope = np.concatenate([(inner.T @ away + penalty * weights).ravel(), away.sum(axis=0)])
        return value + penalty * float((weights**2).sum()) / 2, slope

    start = np.concatenate([np.zeros(p * c), np.log(np.maximum(onehot.mean(axis=0), 1e-6))])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    coefficients = root @ found[: p * c].reshape(p, c) / scale
    return Linear(features, coefficients, found[p * c :] - mean @ coefficients)
