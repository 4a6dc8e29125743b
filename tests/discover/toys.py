"""A toy method of each type of evidence, with the truth known by hand, and a toy long task.

Both look for rotations: candidates are antisymmetric, E_ij (L_ij = 1, L_ji = -1, i < j) spans them, and in that basis
every population form is diagonal, so that the defects over the full candidate set are the defects of the E_ij.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symdisc.discover.batches import BATCHES, batch_numbers
from symdisc.discover.candidates import Candidates, candidates
from symdisc.discover.evidence import MomentEvidence, PointwiseEvidence
from symdisc.discover.rows import DenseForms, DenseRows, Form
from symdisc.discover.task import Progress


def planes(d):
    """(K, d, d): E_ij for i < j."""
    i, j = np.triu_indices(d, 1)
    basis = np.zeros((len(i), d, d))
    basis[np.arange(len(i)), i, j], basis[np.arange(len(i)), j, i] = 1.0, -1.0
    return basis


def pairs_of(values):
    i, j = np.triu_indices(len(values), 1)
    values = np.asarray(values, dtype=float)
    return values[i], values[j]


@dataclass(frozen=True)
class HiddenRows:
    """The same rows without their array: what a method gives when there are too many candidates."""

    array: np.ndarray

    @property
    def shape(self):
        return self.array.shape

    def apply(self, directions):
        return np.einsum("bqk,kr->bqr", self.array, directions, optimize=True)

    def adjoint(self, values):
        return np.einsum("bqk,bqr->kr", self.array, values, optimize=True)


@dataclass(frozen=True)
class HiddenForms:
    """The same forms without their array."""

    array: np.ndarray

    @property
    def shape(self):
        return self.array.shape

    def apply(self, directions):
        return np.einsum("bkl,lr->bkr", self.array, directions, optimize=True)


def hidden(form):
    """The same form as an operator."""
    return Form(form.size, operator=lambda v: form.matrix @ v)


class Moment:
    """Rotations that keep E[x x^T] = diag(h): rows L C + C L^T, uncancelled [L C, C L^T].

    x has independent entries of variance h. For E_ij by hand: |row|^2 = 2 (h_i - h_j)^2, |uncancelled|^2 =
    2 (h_i^2 + h_j^2).
    """

    def __init__(self, h, **frame):
        self.h = np.asarray(h, dtype=float)
        self.space: Candidates = candidates("antisymmetric", len(self.h))

    @property
    def defects(self):
        """(K,) population defects over the full candidate set, NaN where the data see nothing."""
        a, b = pairs_of(self.h)
        with np.errstate(invalid="ignore"):
            return np.abs(a - b) / np.hypot(a, b)

    @property
    def reference_defects(self):
        """(K,) defects when the denominator is the mean violation-to-noise ratio, for Gaussian x.

        The summed variance of the rows of E_ij: 8 h_i h_j + 4 (h_i^2 + h_j^2) + 2 (h_i + h_j) sum of the other h.
        """
        a, b = pairs_of(self.h)
        noise = 8 * a * b + 4 * (a**2 + b**2) + 2 * (a + b) * (self.h.sum() - a - b)
        ratio = 2 * (a - b) ** 2 / noise
        return np.sqrt(ratio / ratio.mean())

    def sample(self, n, seed, tail="normal"):
        rng = np.random.default_rng([seed, n])
        shape = (n, len(self.h))
        raw = rng.standard_normal(shape) if tail == "normal" else rng.standard_t(6, shape) / np.sqrt(1.5)
        return raw * np.sqrt(self.h)

    def evidence(self, n, seed, *, group=None, reference=False, rows=DenseRows, tail="normal"):
        x = self.sample(n, seed, tail)
        number = batch_numbers(0, n, group, seed)
        weights = np.bincount(number, minlength=BATCHES).astype(float)
        second = np.stack([x[number == b].T @ x[number == b] for b in range(BATCHES)])
        second /= np.maximum(weights, 1)[:, None, None]
        basis = self.space.matrices(np.eye(self.space.dimension))
        left = np.einsum("kde,bef->bdfk", basis, second)
        right = left.transpose(0, 2, 1, 3)
        shape = (BATCHES, -1, len(basis))
        both = np.concatenate([left.reshape(shape), right.reshape(shape)], axis=1)
        return MomentEvidence(
            rows((left + right).reshape(shape)), weights, self.space.matrices, None if reference else rows(both)
        )


class Pointwise:
    """Rotations that keep f(x) = x^T diag(s) x / 2: residual grad f . L x of every sample, x of unit variance.

    For E_ij by hand, Gaussian x: mean squared residual (s_i - s_j)^2; |grad f|^2 |L x|^2 has the mean
    2 sum s^2 + 2 (s_i^2 + s_j^2). Gradients may carry noise of a known standard deviation. A coordinate that is not
    `seen` is always zero.
    """

    def __init__(self, s, seen=None):
        self.s = np.asarray(s, dtype=float)
        self.seen = np.ones(len(self.s)) if seen is None else np.asarray(seen, dtype=float)
        self.space: Candidates = candidates("antisymmetric", len(self.s))

    @property
    def defects(self):
        """(K,) population defects over the full candidate set, all coordinates seen."""
        a, b = pairs_of(self.s)
        return np.abs(a - b) / np.sqrt(2 * (self.s**2).sum() + 2 * (a**2 + b**2))

    def evidence(self, n, seed, *, noise=0.0, group=None, forms=DenseForms):
        rng = np.random.default_rng([seed, n, 1])
        d = len(self.s)
        x = rng.standard_normal((n, d)) * self.seen
        gradient = x * self.s + noise * rng.standard_normal((n, d))
        number = batch_numbers(0, n, group, seed)
        weights = np.bincount(number, minlength=BATCHES).astype(float)
        basis = self.space.matrices(np.eye(self.space.dimension))
        moved = np.einsum("kde,ne->nkd", basis, x)
        residual = np.einsum("nkd,nd->nk", moved, gradient)
        size = (gradient**2).sum(axis=1) - d * noise**2
        violation, spread, denominator = (np.zeros((BATCHES, len(basis), len(basis))) for _ in range(3))
        for b in range(BATCHES):
            mine = number == b
            share = 1 / max(weights[b], 1)
            violation[b] = residual[mine].T @ residual[mine] * share
            spread[b] = np.einsum("nkd,nld->kl", moved[mine], moved[mine]) * noise**2 * share
            denominator[b] = np.einsum("n,nkd,nld->kl", size[mine], moved[mine], moved[mine], optimize=True) * share
        return PointwiseEvidence(
            forms(violation), forms(spread) if noise else None, forms(denominator), weights, self.space.matrices
        )


class Walk:
    """A long task: a chaotic map with noise, whose end tells whether a single bit of any step was lost."""

    def __init__(self, steps, pause=0.0, seed=0):
        self.steps, self.pause, self.seed = steps, pause, seed
        self.done = 0
        self.x = np.random.default_rng([seed, 10**9]).random(5)

    def advance(self):
        if self.done >= self.steps:
            return False
        time.sleep(self.pause)
        kick = np.random.default_rng([self.seed, self.done]).random(5)
        self.x = (3.999 * self.x * (1 - self.x) + 1e-3 * kick) % 1.0
        self.done += 1
        return self.done < self.steps

    def progress(self):
        return Progress("walk", self.done, self.steps)

    def state(self):
        return {"x": self.x, "done": np.array(self.done)}

    def restore(self, state: Mapping[str, np.ndarray]):
        self.x, self.done = state["x"], int(state["done"])
