"""Debiased weak rows: what test functions see of  grad f . (L x + b) - L_c f,  free of the model's error.

For a test function w and one output, E[w grad f . xi] is linear in f, so its estimate from a model f^ is put right by
what f^ leaves over:

    E[w grad f . xi] = E[w grad f^ . xi] + E[a (y - f^)],    a = -(xi . grad w + w (div xi + xi . score)),

which is integration by parts, exact whatever the model (Newey 1994). The score of x is not needed: a enters through
its products with functions alone, so it is projected on a dictionary phi, where E[a phi] = E[w grad phi . xi]
(Chernozhukov, Newey and Singh, Automatic debiased machine learning of causal and structural effects, 2022). What is
left is the product of two errors: that of the model and that of the dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..batches import BATCHES
from ..evidence import Forms, MomentEvidence
from ..rows import DenseRows, Form, raw_form
from .actions import Actions, null_space
from .frame import Frame
from .hermite import Hermite, count
from .models import wrong_samples
from .sizes import CHUNK_ITEMS

ROWS_A_CANDIDATE = 2
MOST_TESTS, MOST_TERMS = 1000, 1100
MOST_NUMBERS = 2**27
POINTS_A_TERM = 4
ORTHONORMAL = 1e-6
RIDGE = 1e-9
TAPER = 0.7
FAINT = 0.1


@dataclass(frozen=True)
class Degrees:
    """Highest degree of the test functions and of the dictionary."""

    tests: int
    dictionary: int


def degrees_for(r: int, s: int, candidates: int, samples: int) -> Degrees | None:
    """The fewest test functions that make twice as many rows as candidates; None: the samples cannot carry them."""
    if not r:
        # Functions of nothing: there is one, however high the degree.
        return None
    tests = 2
    while count(r, tests) * s < ROWS_A_CANDIDATE * candidates and count(r, tests) <= MOST_TESTS:
        tests += 1
    numbers = BATCHES * count(r, tests) * s * r * (r + 1)
    if count(r, tests) > MOST_TESTS or numbers > MOST_NUMBERS:
        return None
    dictionary = tests + 2
    while dictionary > 2 and count(r, dictionary) > min(MOST_TERMS, samples // POINTS_A_TERM):
        dictionary -= 1
    if count(r, tests) > samples:
        return None
    return Degrees(tests, dictionary)


def middle(z: np.ndarray) -> np.ndarray:
    """(n,) weights towards the middle of whitened data (n, r): the square of the test functions' damping.

    A model may be anything beyond the samples, and a few of them there would outweigh all others.
    """
    return np.exp(-(z**2).sum(axis=1) / (2 * z.shape[1]))


def precision(slopes: np.ndarray, points: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(n,) weights of the models' own rows, of mean 1: about one over the mean square of their error.

    A row is a gradient times a vector that grows with |z|. How fast the gradient's error grows outward is seen where
    several fits differ.

    Args:
        slopes: (folds, m, s, r), gradients of all fits at points (m, r). z: (n, r), where the weights are wanted.
    """
    r = z.shape[1]
    apart = ((slopes - slopes.mean(axis=0)) ** 2).sum(axis=(0, 2, 3))
    far, square = (points**2).sum(axis=1), (z**2).sum(axis=1)
    away = far - far.mean()
    growth = away @ np.log(np.maximum(apart, 1e-300)) / max(float(away @ away), 1e-300)
    weight = np.exp(-np.clip(growth, 1 / (2 * r), 2 / r) * square) / (1 + square)
    return np.asarray(weight / weight.mean())


@dataclass(frozen=True)
class Axes:
    """Along which axes f changes.

    Attributes:
        vectors: (r, k) orthonormal; sizes: (k,) root mean square slopes along them.
        energy: (r,) all eigenvalues of the gradient's covariance, descending.
    """

    vectors: np.ndarray
    sizes: np.ndarray
    energy: np.ndarray

    @classmethod
    def of(cls, slopes: np.ndarray, weight: np.ndarray, tolerance: float) -> Axes:
        """From the gradients of several fits at the same points, (folds, n, s, r), and weights (n,) of the points.

        Products of different fits are free of the errors of each. Along an axis on which two fits differ more than they
        agree, or that has less than a tenth of the tolerance of the largest slope, f is not shown to change.
        """
        folds, n = slopes.shape[:2]
        slopes = slopes * np.sqrt(weight / weight.mean())[:, None, None]
        total = slopes.sum(axis=0)
        own = np.einsum("fnsi,fnsj->ij", slopes, slopes) / n
        both = (np.einsum("nsi,nsj->ij", total, total) / n - own) / (folds * (folds - 1))
        values, vectors = np.linalg.eigh((both + both.T) / 2)
        apart = np.einsum("ia,ij,ja->a", vectors, own / folds - both, vectors)
        kept = values > np.maximum(apart, (FAINT * tolerance) ** 2 * max(float(values[-1]), 0.0))
        return cls(vectors[:, kept], np.sqrt(values[kept]), values[::-1].copy())


def used_actions(actions: Actions, frame: Frame, axes: Axes) -> tuple[Actions, int]:
    """The candidates without what they do along axes on which f does not change, and how many directions that were.

    What is left is orthogonal to these directions. They cannot be left to the search: the axes are estimated, so the
    candidates that move x along them alone are combinations of all.
    """
    if axes.vectors.shape[1] == frame.r:
        return actions, 0
    space, output, _ = in_frame(actions, frame)
    moved = np.einsum("ia,kij->kaj", axes.vectors, space).reshape(len(space), -1)
    silent = null_space(np.concatenate([moved, output.reshape(len(space), -1)], axis=1).T)
    return actions.mixed(null_space(silent.T)) if silent.shape[1] else actions, silent.shape[1]


@dataclass(frozen=True)
class Weak:
    """Batch means of what every candidate's rows are made of; q test functions, s outputs, r coordinates.

    Attributes:
        weights: (B,) samples.
        slopes: (B, q, s, r, r + 1), E_b[w d_i f_a (z, 1)_j], debiased; model: the same of the model alone, for the size
            of the terms: what few samples far from the model do to it would make that size uncertain.
        calm: the slopes without what samples that the model misses by far put right; None: there are none such.
        values: (B, q, s + 1), E_b[w (u, 1)]; points: (B, q, r + 1), E_b[w (z, 1)].
        axes: along which f, without the identity that `same` leaves out, changes.
        identity: what multiple of x is in y, for `same`; as_output: (s, r + 1), x as u sees it.
    """

    weights: np.ndarray
    slopes: np.ndarray
    model: np.ndarray
    calm: np.ndarray | None
    values: np.ndarray
    points: np.ndarray
    axes: Axes
    identity: float
    as_output: np.ndarray


def weak_moments(
    z: np.ndarray,
    u: np.ndarray,
    batch: np.ndarray,
    fitted: np.ndarray,
    gradient: np.ndarray,
    degrees: Degrees,
    axes: Axes,
    identity: float,
    as_output: np.ndarray,
) -> Weak:
    """One pass over the samples.

    Args:
        z: (n, r); u: (n, s); batch: (n,) numbers; fitted: (n, s) and gradient: (n, s, r) of models that never saw the
            sample; axes, identity, as_output: as in `Weak`.
    """
    n, r = z.shape
    s = u.shape[1]
    tests = Hermite(r, degrees.tests, 1 / (4 * r))
    dictionary = Hermite(r, degrees.dictionary, 1 / (4 * r))
    # Lower degrees come first, so a family is the start of every higher one.
    above, moved_tests = dictionary.raised(), count(r, degrees.tests + 1)
    q, p = len(tests), len(dictionary)
    slopes = np.zeros((BATCHES, q, s * r * (r + 1)))
    values, points = np.zeros((BATCHES, q, s + 1)), np.zeros((BATCHES, q, r + 1))
    rest, wild = np.zeros((BATCHES, p, s)), np.zeros((BATCHES, p, s))
    wrong = wrong_samples(((u - fitted) ** 2).sum(axis=1), z)
    gram, cross = np.zeros((p, p)), np.zeros((moved_tests, len(above)))
    weights = np.bincount(batch, minlength=BATCHES).astype(float)
    order = np.argsort(batch, kind="stable")
    step = max(256, CHUNK_ITEMS // max(len(above), s * r * (r + 1)))
    for low in range(0, n, step):
        chosen = order[low : low + step]
        here, number = z[chosen], batch[chosen]
        phi = above.values(here)
        w = phi[:, :q]
        cross += phi[:, :moved_tests].T @ phi
        gram += phi[:, :p].T @ phi[:, :p]
        extended = np.column_stack([here, np.ones(len(here))])
        target = np.column_stack([u[chosen], np.ones(len(here))])
        product = (gradient[chosen][..., None] * extended[:, None, None, :]).reshape(len(here), -1)
        left = u[chosen] - fitted[chosen]
        # In the order of the batches, so that each is a slice.
        for b in np.unique(number):
            mine = slice(*np.searchsorted(number, [b, b + 1]))
            slopes[b] += w[mine].T @ product[mine]
            values[b] += w[mine].T @ target[mine]
            points[b] += w[mine].T @ extended[mine]
            rest[b] += phi[mine, :p].T @ left[mine]
        if wrong is not None:
            for place in np.flatnonzero(wrong[chosen]):
                wild[number[place]] += np.outer(phi[place, :p], left[place])
    filled = np.maximum(weights, 1.0)[:, None, None]
    slopes, values, points = slopes / filled, values / filled, points / filled
    plain = slopes.reshape(BATCHES, q, s, r, r + 1)
    cross, gram = cross / n, gram / n
    gram[np.diag_indices(p)] += RIDGE * np.trace(gram) / p
    turns = [tests.times(j).T for j in range(r)]

    def put_right(left_over: np.ndarray) -> np.ndarray:
        """(B, q, s, r, r + 1): what the model's slopes miss, from its errors' means (B, p, s) with the dictionary."""
        beta = np.linalg.solve(gram, left_over.transpose(1, 0, 2).reshape(p, -1))
        missed = np.zeros_like(plain)
        for i in range(r):
            seen = cross @ (dictionary.derivative(i) @ beta)
            for j, part in enumerate([*(turn @ seen for turn in turns), seen[:q]]):
                missed[:, :, :, i, j] = part.reshape(q, BATCHES, s).transpose(1, 0, 2)
        return missed

    mix = _orthonormalising(cross[:q, :q]) * TAPER ** tests.exponents.sum(axis=1)

    def mixed(part: np.ndarray) -> np.ndarray:
        return np.tensordot(part, mix, axes=(1, 0)).transpose(0, 4, 1, 2, 3)

    slopes = mixed(plain + put_right(rest / filled))
    calm = None if wrong is None else mixed(plain + put_right((rest - wild) / filled))
    values, points = (np.swapaxes(np.swapaxes(part, 1, 2) @ mix, 1, 2) for part in (values, points))
    return Weak(weights, slopes, mixed(plain), calm, values, points, axes, identity, as_output)


def _orthonormalising(gram: np.ndarray) -> np.ndarray:
    """(q, q) mixing that makes functions orthonormal on the data, each from itself and those before it."""
    floor = ORTHONORMAL * np.trace(gram) / len(gram)
    return np.linalg.inv(np.linalg.cholesky(gram + floor * np.eye(len(gram)))).T


def in_frame(actions: Actions, frame: Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The candidates in the coordinates of the frame.

    Returns:
        (K, r, r + 1) on (z, 1); (K, s, s + 1) on (u, 1); (K, s, r + 1), L_c x of x taken as a y, on (z, 1).
    """
    d, c = len(frame.mean), len(frame.centre)
    linear, shift = actions.space[:, :, :d], actions.space[:, :, d]
    space = np.concatenate(
        [frame.inverse @ linear @ frame.root, (frame.inverse @ (linear @ frame.mean + shift).T).T[:, :, None]], axis=2
    )
    linear, shift = actions.output[:, :, :c], actions.output[:, :, c]
    output = np.concatenate(
        [frame.reduce @ linear @ frame.expand, (frame.reduce @ (linear @ frame.centre + shift).T).T[:, :, None]], axis=2
    )
    if c != d:
        return space, output, np.zeros((len(space), frame.s, frame.r + 1))
    same = np.concatenate(
        [frame.reduce @ linear @ frame.root, (frame.reduce @ (linear @ frame.mean + shift).T).T[:, :, None]], axis=2
    )
    return space, output, same


@dataclass(frozen=True)
class GuidedEvidence(MomentEvidence):
    """Moment rows whose directions are looked for with the model's help; they alone are the test.

    Attributes:
        guide: (B, K, K) mean squared rows of the model itself, sample by sample. They vary less than the debiased rows
            and carry the model's error, so they may choose directions but never vouch for them.
        sought: rows by which directions are looked for, where these are not the rows of the test.
    """

    guide: np.ndarray | None = None
    sought: DenseRows | None = None

    def forms(self, batches: np.ndarray) -> Forms:
        """As for moment rows; the guide joins what directions minimise."""
        forms = super().forms(batches)
        if self.sought is not None:
            forms = replace(forms, raw=raw_form(self.sought, self.weights, batches))
        if self.guide is None:
            return forms
        share = np.where(batches, self.weights, 0.0) / self.weights[batches].sum()
        return replace(forms, raw=forms.raw.plus(Form(self.size, np.tensordot(share, self.guide, axes=1)), 1.0))


def weak_evidence(weak: Weak, actions: Actions, frame: Frame, guide: np.ndarray | None = None) -> GuidedEvidence:
    """Moment rows of every candidate and of their terms apart.

    Args:
        guide: see `GuidedEvidence`.
    """
    space, output, same = in_frame(actions, frame)
    axes, sizes = weak.axes.vectors, weak.axes.sizes
    shown = weak.as_output[:, :-1]
    multiple = weak.identity * np.einsum("si,bqj->bqsij", shown, weak.points, optimize=True)
    turned = np.einsum("bqj,ksj->bqsk", weak.values, output, optimize=True)
    batches, q, s, k = turned.shape

    def rows_of(slopes: np.ndarray) -> DenseRows:
        # Along axes on which f does not change its slope is that of the multiple of x in it.
        slopes = multiple + np.einsum("ih,bqshj->bqsij", axes @ axes.T, slopes - multiple, optimize=True)
        moving = np.einsum("bqsij,kij->bqsk", slopes, space, optimize=True)
        return DenseRows((moving - turned).reshape(batches, q * s, k))

    # Terms: the gradient (less the identity's) in units of its own size, times the vector in the dual units.
    left = weak.model - multiple
    left = np.einsum("ia,bqsij->bqsaj", axes / sizes, left, optimize=True)
    left = _compressed(left.reshape(batches, -1, left.shape[-1]), weak.weights)
    right = np.einsum("ia,kij->kaj", axes * sizes, space) / np.sqrt(axes.shape[1])
    terms = [np.einsum("blj,kaj->blak", left, right, optimize=True).reshape(batches, -1, k)]
    if output.any():
        both = _compressed(np.concatenate([weak.values, -weak.identity * weak.points], axis=2), weak.weights)
        apart = np.concatenate([output, same], axis=2)
        terms.append(np.einsum("blj,ksj->blsk", both, apart, optimize=True).reshape(batches, -1, k))
    denominator = DenseRows(np.concatenate(terms, axis=1))
    sought = None if weak.calm is None else rows_of(weak.calm)
    return GuidedEvidence(rows_of(weak.slopes), weak.weights, actions.matrices, denominator, guide=guide, sought=sought)


def _compressed(stack: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B, l, j) -> (B, j, j): the rotations of l that hold all of the mean."""
    mean = np.tensordot(weights / weights.sum(), stack, axes=1)
    basis = np.linalg.svd(mean, full_matrices=False)[0]
    return np.einsum("lm,blj->bmj", basis, stack, optimize=True)


def guide_forms(
    z: np.ndarray,
    batch: np.ndarray,
    fitted: np.ndarray,
    gradient: np.ndarray,
    actions: Actions,
    frame: Frame,
    axes: Axes,
    multiple: np.ndarray,
    weight: np.ndarray,
) -> np.ndarray:
    """(B, K, K): mean squared rows of the models, with weights (n,); other arguments as above.

    Args:
        multiple: (s, r), the slope of the multiple of x in f.
    """
    space, output, _ = in_frame(actions, frame)
    active = axes.vectors @ axes.vectors.T
    gradient = multiple + (gradient - multiple) @ active
    ones = np.ones((len(z), 1))
    points, values = np.concatenate([z, ones], axis=1), np.concatenate([fitted, ones], axis=1)
    forms = np.zeros((BATCHES, len(space), len(space)))
    for b in np.unique(batch):
        mine = batch == b
        moved = np.einsum("kij,nj->nik", space, points[mine], optimize=True)
        rows = np.einsum("nsi,nik->nsk", gradient[mine], moved, optimize=True)
        rows -= np.einsum("ksj,nj->nsk", output, values[mine], optimize=True)
        rows *= np.sqrt(weight[mine])[:, None, None]
        flat = rows.reshape(-1, len(space))
        forms[b] = flat.T @ flat / mine.sum()
    return forms
