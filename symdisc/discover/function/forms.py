"""A model of f through a few quadratic forms of x: f(z) = h(q_1(z), .., q_m(z)), h nearly as simple.

What a group of matrices leaves alone is often a function of quadratic forms: lengths, products of two vectors,
Minkowski squares. There are m r (r + 3) / 2 numbers in m forms, so few samples tell them; h is a quadratic function,
for products of forms, with some sigmoid units, for roots and waves. Nothing is asked of the forms: four in general
position are left alone by no group, so that a symmetry of the model comes from the data.

The numbers are found by damped Gauss-Newton steps (Levenberg 1944, Marquardt 1963) under a ridge penalty that falls
with every step, which goes where a gradient's steps would take thousands; of all states the one with the least error
on held-out samples is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .models import typical
from .sizes import FORM_UNITS, form_samples

STARTS, TRIAL_STEPS, MOST_STEPS, PATIENCE = 3, 10, 70, 12
# Of the variance of y.
EXACT = 1e-10
FIRST_RIDGE, FALL, LEAST_RIDGE = 1e-3, 0.7, 1e-10
FIRST_DAMPING, MOST_DAMPING, LEAST_DAMPING = 1e-2, 1e6, 1e-10
HEAD_RIDGE = 1e-3
BLOCK_ITEMS = 2**21


@dataclass(frozen=True)
class Forms:
    """Forms and what is made of them.

    Attributes:
        forms: (m, p), q on the features of `lifted`. units: (h, m + 1), sigmoid units on (q, 1).
        head: (c, 1 + m + m (m + 1) / 2 + h), on one, q, their products, and the units.
    """

    forms: np.ndarray
    units: np.ndarray
    head: np.ndarray

    def of_features(self, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """q (n, m), units (n, h), and what the head acts on, at features (n, p)."""
        q = phi @ self.forms.T
        raised = np.tanh(q @ self.units[:, :-1].T + self.units[:, -1])
        one, other = np.triu_indices(q.shape[1])
        return q, raised, np.concatenate([np.ones((len(q), 1)), q, q[:, one] * q[:, other], raised], axis=1)

    def along(self, q: np.ndarray, raised: np.ndarray, output: int) -> tuple[np.ndarray, np.ndarray]:
        """(n, m) derivative of one output by q; (n, h) by what enters the units."""
        m = q.shape[1]
        row, products = self.head[output], np.zeros((m, m))
        products[np.triu_indices(m)] = row[1 + m : len(row) - len(self.units)]
        bent = (1 - raised**2) * row[len(row) - len(self.units) :]
        return row[1 : 1 + m] + q @ (products + products.T) + bent @ self.units[:, :-1], bent

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, c)."""
        return self.of_features(lifted(z))[2] @ self.head.T

    def gradient(self, z: np.ndarray) -> np.ndarray:
        """(n, c, r)."""
        r, m = z.shape[1], len(self.forms)
        squares = np.zeros((m, r, r))
        one, other = np.triu_indices(r)
        squares[:, one, other] = self.forms[:, r:]
        slopes = np.tensordot(z, squares + squares.transpose(0, 2, 1), axes=(1, 1)) + self.forms[:, :r]
        q, raised, _ = self.of_features(lifted(z))
        each = [np.einsum("nm,nmr->nr", self.along(q, raised, a)[0], slopes) for a in range(len(self.head))]
        return np.stack(each, axis=1)

    def flat(self) -> np.ndarray:
        """All numbers."""
        return np.concatenate([self.forms.ravel(), self.units.ravel(), self.head.ravel()])

    def moved(self, step: np.ndarray) -> Forms:
        """All numbers less a step."""
        forms, units, head = np.split(self.flat() - step, np.cumsum([self.forms.size, self.units.size]))
        return Forms(forms.reshape(self.forms.shape), units.reshape(self.units.shape), head.reshape(self.head.shape))


def lifted(z: np.ndarray) -> np.ndarray:
    """(n, r + r (r + 1) / 2) coordinates, and their products less the mean of those of whitened ones."""
    one, other = np.triu_indices(z.shape[1])
    return np.concatenate([z, z[:, one] * z[:, other] - (one == other)], axis=1)


@dataclass
class State:
    """On the way: the model, its damping and ridge, and the best model so far."""

    model: Forms
    damping: float = FIRST_DAMPING
    ridge: float = FIRST_RIDGE
    best: Forms | None = None
    error: float = np.inf
    idle: int = 0
    ended: bool = False


def train(z: np.ndarray, y: np.ndarray, held: np.ndarray, used: np.ndarray, m: int, seed: int) -> Forms:
    """The model of m forms with the least error on samples held out.

    Args:
        z: (n, r) whitened; y: (n, c) of about unit size; held, used: (n,) masks of the samples that say when it is
            good, and of those that it is fitted to.
    """
    rng = np.random.default_rng([seed, 13])
    fit = np.flatnonzero(used)
    room = form_samples(z.shape[1], y.shape[1], m, len(fit))
    if len(fit) > room:
        fit = np.sort(rng.permutation(fit)[:room])
    exact = EXACT * float(y.var(axis=0).sum())
    phi, apart = lifted(z[fit]), lifted(z[held])
    target, wanted, points = y[fit], y[held], z[held]
    states = [State(_start(phi, target, m, rng)) for _ in range(STARTS)]

    def run(state: State, steps: int) -> State:
        for _ in range(steps):
            if state.ended:
                break
            _step(state, phi, target)
            rest = wanted - state.model.of_features(apart)[2] @ state.model.head.T
            error = typical((rest**2).sum(axis=1), points)
            if error < state.error:
                state.best, state.error, state.idle = state.model, error, 0
            else:
                state.idle += 1
            state.ended |= state.idle >= PATIENCE or error < exact
        return state

    leader = min((run(state, TRIAL_STEPS) for state in states), key=lambda state: state.error)
    run(leader, MOST_STEPS - TRIAL_STEPS)
    return leader.best or leader.model


def _start(phi: np.ndarray, target: np.ndarray, m: int, rng: np.random.Generator) -> Forms:
    """Forms and units by chance, the head by ridge regression on them."""
    p = phi.shape[1]
    forms = rng.standard_normal((m, p)) / np.sqrt(p)
    units = rng.standard_normal((FORM_UNITS, m + 1)) / np.sqrt(m + 1)
    model = Forms(forms, units, np.zeros((target.shape[1], 0)))
    features = model.of_features(phi)[2]
    gram = features.T @ features + HEAD_RIDGE * len(phi) * np.eye(features.shape[1])
    return replace(model, head=np.linalg.solve(gram, features.T @ target).T)


def _step(state: State, phi: np.ndarray, target: np.ndarray) -> None:
    """One damped step that makes the penalised error smaller, or the end where there is none."""
    model, numbers = state.model, state.model.flat()
    normal, slope, error = _normal_equations(model, phi, target)
    before = error + state.ridge * float(numbers @ numbers)
    slope = slope + state.ridge * numbers
    while state.damping <= MOST_DAMPING:
        shifted = normal.copy()
        shifted[np.diag_indices(len(shifted))] += state.damping + state.ridge
        new = model.moved(np.linalg.solve(shifted, slope))
        rest = target - new.of_features(phi)[2] @ new.head.T
        after = float((rest**2).mean()) + state.ridge * float(new.flat() @ new.flat())
        if after < before:
            state.model = new
            state.damping = max(state.damping / 3, LEAST_DAMPING)
            break
        state.damping *= 4
    else:
        state.ended = True
    state.ridge = max(FALL * state.ridge, LEAST_RIDGE)


def _normal_equations(model: Forms, phi: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """(P, P) and (P,) of the mean squared error by all numbers, and that error."""
    m, p = model.forms.shape
    outputs, width = model.head.shape
    shared = m * p + model.units.size
    total = shared + model.head.size
    normal, slope, error = np.zeros((total, total)), np.zeros(total), 0.0
    rows = max(64, BLOCK_ITEMS // (shared + width))
    for low in range(0, len(phi), rows):
        here = phi[low : low + rows]
        q, raised, features = model.of_features(here)
        enters = np.concatenate([q, np.ones((len(q), 1))], axis=1)
        rest = features @ model.head.T - target[low : low + rows]
        error += float((rest**2).sum())
        for output in range(outputs):
            by_forms, by_units = model.along(q, raised, output)
            jacobian = np.concatenate(
                [
                    (by_forms[:, :, None] * here[:, None]).reshape(len(here), -1),
                    (by_units[:, :, None] * enters[:, None]).reshape(len(here), -1),
                    features,
                ],
                axis=1,
            )
            own = np.r_[:shared, shared + output * width : shared + (output + 1) * width]
            normal[np.ix_(own, own)] += jacobian.T @ jacobian
            slope[own] += jacobian.T @ rest[:, output]
    count = target.size
    return normal / count, slope / count, error / count
