"""Symmetries of a linear regression: equal canonical correlations, by the equivalence test.

Theorem 1 of the L-conv preprint asks for u H u^T = H and u_c Y X^T u^T = Y X^T. With u_c preserving the covariance of
y, whitening both sides leaves  A_c B = B A  for antisymmetric A, A_c and the whitened cross-covariance B. In the
frame of its singular vectors the pair (i, j) reads  A_c rho_j = rho_i A  and  A_c rho_i = rho_j A, so rho_i = rho_j
and A_c = A. In every other direction the defect is at least that of the joint rotation A_c = A of some pair, so the
joint rotations are all the candidates there are; what B never sees is unused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..errors import InputError
from ..symmetry import Block, Verdict
from .batches import GROUPS, group_masks, too_few
from .covariance_basis import column_scale, whitening
from .evidence import MomentEvidence, u_statistic_variance
from .method import Given, Outcome
from .rows import DenseRows
from .scatter import Scatter

MOST_PAIRS = 100
NEARLY_LINEAR = 0.99


@dataclass(frozen=True)
class CrossMoments:
    """Second moments of z = (x, y) about the mean of all data, batch by batch.

    Attributes:
        weights: (B,) samples; second: (B, d + c, d + c); d: columns of x; scale: (d + c,) standard deviations.
    """

    weights: np.ndarray
    second: np.ndarray
    mean: np.ndarray
    d: int
    scale: np.ndarray

    @classmethod
    def of(cls, scatter: Scatter, d: int) -> CrossMoments:
        """From streamed moments of (x, y) joined."""
        _, mean, covariance = scatter.pooled()
        return cls(scatter.count, scatter.about(mean), mean[:, 0], d, column_scale(covariance, mean))

    def covariance(self, batches: np.ndarray) -> np.ndarray:
        """(d + c, d + c) over the batches of a mask."""
        share = np.where(batches, self.weights, 0.0) / self.weights[batches].sum()
        return np.tensordot(share, self.second, axes=1)


@dataclass(frozen=True)
class Frame:
    """Whitened canonical coordinates fixed by some batches.

    Attributes:
        x_root, y_root: (d, r), (c, c'): from canonical coordinates to data units; x_inverse, y_inverse: (r, d),
            (c', c); r and c' are the ranks of the covariances.
        correlations: singular values of B, descending.
    """

    x_root: np.ndarray
    x_inverse: np.ndarray
    y_root: np.ndarray
    y_inverse: np.ndarray
    correlations: np.ndarray

    @classmethod
    def of(cls, cross: CrossMoments, batches: np.ndarray) -> Frame:
        """From the covariance over the batches of a mask."""
        covariance = cross.covariance(batches)
        d = cross.d
        x_root, x_inverse = whitening(covariance[:d, :d], cross.scale[:d])
        y_root, y_inverse = whitening(covariance[d:, d:], cross.scale[d:])
        left, correlations, right = np.linalg.svd(y_inverse @ covariance[d:, :d] @ x_inverse.T)
        return cls(
            x_root @ right.T,
            right @ x_inverse,
            y_root @ left,
            left.T @ y_inverse,
            correlations,
        )

    def strips(self, cross: CrossMoments, used: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows (B, used, r) and the columns (B, c', used) of the whitened cross-covariance of every batch.

        To first order in the batch's own whitening: C_yy^{-1/2} C_yx C_xx^{-1/2} linearised about the frame is
        B_b - ((G_y - I) B + B (G_x - I)) / 2, a plain mean over samples (the influence function of a canonical
        correlation). It varies by (1 - rho^2)^2 a sample where B_b alone varies by 1 + rho^2, and it forgives the frame
        its whitening error. Beyond the used directions B is zero in the population's own frame; what is found there is
        the tilt of this frame.
        """
        d, x, y, rho = cross.d, self.x_inverse, self.y_inverse, self.correlations[:used]
        x_excess = x[:used] @ cross.second[:, :d, :d] @ x.T - np.eye(used, len(x))
        y_excess = y @ cross.second[:, d:, d:] @ y[:used].T - np.eye(len(y), used)
        rows = y[:used] @ cross.second[:, d:, :d] @ x.T - rho[:, None] * x_excess / 2
        columns = y @ cross.second[:, d:, :d] @ x[:used].T - y_excess * rho / 2
        rows[:, :, :used] -= y_excess[:, :used] * rho / 2
        columns[:, :used] -= rho[:, None] * x_excess[:, :, :used] / 2
        return rows, columns


@dataclass(frozen=True)
class JointRotationRows:
    """Rows A B_b - B_b A of rotations A of the used directions, or their two terms apart; built when asked for.

    Args:
        rotations: (K, p, p) candidates.
        rows: (B, p, r), columns: (B, c', p): strips of B_b.
        apart: give A B_b and B_b A one after the other (the denominator), not their difference.
    """

    rotations: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    apart: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, q, K)."""
        batches, p, r = self.rows.shape
        size = p * r + self.columns.shape[1] * p
        return batches, size if self.apart else size - p * p, len(self.rotations)

    def apply(self, directions: np.ndarray) -> np.ndarray:
        """(B, q, r)."""
        return self._act(self.rows, self.columns, np.tensordot(directions.T, self.rotations, axes=1))

    def batch(self, number: int) -> np.ndarray:
        """(q, K): the rows of one batch for every candidate."""
        return self._act(self.rows[number : number + 1], self.columns[number : number + 1], self.rotations)[0]

    def mean(self, share: np.ndarray) -> np.ndarray:
        """(q, K): the rows are linear in the strips."""
        rows, columns = (np.tensordot(share, strips, axes=1)[None] for strips in (self.rows, self.columns))
        return self._act(rows, columns, self.rotations)[0]

    def adjoint(self, values: np.ndarray) -> np.ndarray:
        """(K, r)."""
        total = np.zeros((len(self.rotations), values.shape[2]))
        for number, part in enumerate(values):
            total += self.batch(number).T @ part
        return total

    def _act(self, rows: np.ndarray, columns: np.ndarray, rotations: np.ndarray) -> np.ndarray:
        p = rows.shape[1]
        left = np.matmul(rotations, rows[:, None])
        right = np.matmul(columns[:, None], rotations)
        parts = [left, right]
        if not self.apart:
            parts = [left[..., :p] - right[:, :, :p], left[..., p:], right[:, :, p:]]
        flat = [part.reshape(*part.shape[:2], -1) for part in parts]
        return np.swapaxes(np.concatenate(flat, axis=2), 1, 2)


@dataclass(frozen=True)
class RegressionEvidence(MomentEvidence):
    """Moment rows A B_b - B_b A of joint rotations, in a frame fixed by the training batches of each fold."""

    cross: CrossMoments | None = None
    used: int = 0

    def view(self, train: np.ndarray) -> MomentEvidence:
        """The rows in the frame of the training batches."""
        assert self.cross is not None
        return joint_rotations(self.cross, Frame.of(self.cross, train), self.used)


def joint_rotations(cross: CrossMoments, frame: Frame, used: int) -> MomentEvidence:
    """Evidence about the rotations of pairs of canonical directions, x and y together; the nearest pairs if many."""
    i, j = nearest_pairs(frame, used)[:2]
    rotations = np.zeros((len(i), used, used))
    rotations[np.arange(len(i)), i, j], rotations[np.arange(len(i)), j, i] = 1.0, -1.0
    rows, columns = frame.strips(cross, used)
    embed = _embedding(
        rotations,
        (frame.x_root[:, :used], frame.x_inverse[:used]),
        (frame.y_root[:, :used], frame.y_inverse[:used]),
    )
    return MomentEvidence(
        JointRotationRows(rotations, rows, columns, apart=False),
        cross.weights,
        embed,
        JointRotationRows(rotations, rows, columns, apart=True),
    )


def nearest_pairs(frame: Frame, used: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The `MOST_PAIRS` pairs (i, j) of used directions with the nearest correlations, and the defects of the others."""
    i, j = np.triu_indices(used, 1)
    rho = frame.correlations
    defect = np.abs(rho[i] - rho[j]) / np.hypot(rho[i], rho[j])
    order = np.argsort(defect, kind="stable")
    near = np.sort(order[:MOST_PAIRS])
    return i[near], j[near], defect[order[MOST_PAIRS:]]


def _embedding(
    rotations: np.ndarray, x: tuple[np.ndarray, np.ndarray], y: tuple[np.ndarray, np.ndarray]
) -> Callable[[np.ndarray], np.ndarray]:
    def embed(directions: np.ndarray) -> np.ndarray:
        inner = np.tensordot(directions.T, rotations, axes=1)
        d, c = len(x[0]), len(y[0])
        matrices = np.zeros((len(inner), d + c, d + c))
        matrices[:, :d, :d] = x[0] @ inner @ x[1]
        matrices[:, d:, d:] = y[0] @ inner @ y[1]
        return matrices

    return embed


def canonical_correlations(cross: CrossMoments, alpha: float) -> tuple[np.ndarray, int]:
    """Held-out canonical correlations, and how many of them stand above noise.

    Each group of batches is measured in the frame of the others, so a correlation that is only overfitted comes out
    around zero. The leading ones are counted while their mean exceeds its one-sided bound at level 1 - alpha.
    """
    filled = cross.weights > 0
    held = []
    for mask in group_masks(cross.weights, GROUPS):
        frame = Frame.of(cross, filled & ~mask)
        rows = frame.strips(cross, len(frame.correlations))[0][mask]
        held.append((cross.weights[mask], np.diagonal(rows, axis1=1, axis2=2)))
    pairs = min(values.shape[1] for _, values in held)
    weights = np.concatenate([w for w, _ in held])
    values = np.concatenate([v[:, :pairs] for _, v in held])
    share = weights / weights.sum()
    mean = share @ values
    error = np.sqrt((share**2) @ (values - mean) ** 2 * len(share) / (len(share) - 1))
    above = mean > NormalDist().inv_cdf(1 - alpha) * error
    used = len(above) if above.all() else int(np.argmin(above))
    return mean, used


def largest_dropped(cross: CrossMoments, frame: Frame, used: int, alpha: float) -> float:
    """Upper bound, at level 1 - alpha, of every canonical correlation beyond the used ones.

    Their squares add up to the squared norm of the rest of B, which products of different batches estimate without
    bias, whatever the frame.
    """
    rest = frame.y_inverse[used:] @ cross.second[:, cross.d :, : cross.d] @ frame.x_inverse[used:].T
    filled = cross.weights > 0
    flat, weights = rest[filled].reshape(int(filled.sum()), -1), cross.weights[filled]
    kernel = flat @ flat.T
    pairs = np.outer(weights, weights)
    np.fill_diagonal(pairs, 0.0)
    squared = float((pairs * kernel).sum() / pairs.sum())
    error = np.sqrt(sum(u_statistic_variance(kernel, weights)))
    return float(np.sqrt(max(squared, 0.0) + NormalDist().inv_cdf(1 - alpha) * error))


def regression_outcome(cross: CrossMoments, alpha: float, tolerance: float) -> Outcome:
    """Evidence about all joint rotations of the used canonical directions."""
    d, c = cross.d, len(cross.scale) - cross.d
    blocks = (Block("space", 0, d, "units of x"), Block("output", d, d + c, "units of y"))
    filled = cross.weights > 0
    few = too_few(cross.weights)
    if few:
        return Outcome(
            blocks, {"space": "joint rotations", "dimension": 0}, nothing=few, nothing_verdict=Verdict.INCONCLUSIVE
        )
    whole = Frame.of(cross, filled)
    correlations, used = canonical_correlations(cross, alpha)
    r_x, r_y = len(whole.x_inverse), len(whole.y_inverse)
    unused = (r_x - used) * (r_x - used - 1) // 2 + (r_y - used) * (r_y - used - 1) // 2
    extras = {
        "centre": cross.mean[:d],
        "output_centre": cross.mean[d:],
        "canonical_correlations": correlations,
        "used": np.array(used),
    }
    shown = ", ".join(f"{rho:.3g}" for rho in correlations[: min(used, 12)]) + (", ..." if used > 12 else "")
    notes = [f"canonical correlations above noise (held-out): {shown or 'none'}"]
    if unused:
        notes.append(
            f"{unused} rotations move only inputs or outputs not shown to take part in the linear relation: unused, "
            "neither symmetric nor broken"
        )
    for name, rank, size in (("x", r_x, d), ("y", r_y, c)):
        if rank < size:
            notes.append(f"{name} varies in {rank} of its {size} columns' directions; the rest is projected out")
    outcome = Outcome(blocks, {"space": "joint rotations", "dimension": used * (used - 1) // 2}, unused=unused)
    outcome.extras, outcome.notes = extras, notes
    pairs = min(r_x, r_y)
    bound = largest_dropped(cross, whole, used, alpha) if used < pairs else 0.0
    if used < pairs - (used == 0) and bound > tolerance * correlations[0]:
        outcome.open = math.comb(pairs, 2) - math.comb(used, 2)
        notes.append(
            f"{pairs - used} canonical correlations are not above noise, but may be as large as {bound:.2g}: "
            "equal ones among them cannot be ruled out"
        )
    elif 0 < used < pairs:
        notes.append(
            f"{pairs - used} canonical correlations are at most {bound:.2g}, less than the tolerance times the "
            "largest: taken as zero"
        )
    if used == len(correlations) and used > 1 and correlations.min() > NEARLY_LINEAR:
        notes.append(
            "y is nearly an invertible linear map of x: then every rotation of x is shared by y, whatever the data, "
            "and finding them says no more than that"
        )
    if used == 0:
        outcome.nothing = "no canonical correlation stands above noise: no linear relation of x and y to be symmetric"
        outcome.nothing_verdict = Verdict.INCONCLUSIVE
    elif used == 1:
        outcome.nothing = "a single canonical correlation stands above noise: no second one that could equal it"
        if outcome.open:
            outcome.nothing = "a single canonical correlation stands above noise, and the others may equal one another"
            outcome.nothing_verdict = Verdict.INCONCLUSIVE
    else:
        start = joint_rotations(cross, whole, used)
        others = nearest_pairs(whole, used)[2]
        if (others <= 3 * tolerance).any():
            outcome.open += len(others)
            notes.append(f"only the {MOST_PAIRS} nearest pairs of canonical correlations were tested")
        outcome.evidence = RegressionEvidence(
            start.rows, start.weights, start.embed, start.denominator_rows, cross=cross, used=used
        )
    return outcome


def regression_test(cross: CrossMoments, given: Given, same: bool) -> Outcome:
    """Evidence about given generators: u_c A = A u of the regression A (eq. 16 of the preprint), whitened.

    Raises:
        InputError: the generators' blocks do not fit x and y.
    """
    d, c = cross.d, len(cross.scale) - cross.d
    space, output = given.part("space"), given.part("output")
    if space is None or space.shape[1] != d:
        raise InputError(f"--generators: they act on {0 if space is None else space.shape[1]} coordinates, x has {d}")
    if output is None and same and c == d:
        output = space
    if output is None or output.shape[1] != c:
        raise InputError(
            f"--generators: labelled data need a block of role `output` that acts on the {c} columns of y; give a "
            "result of `symdisc fit`, or --output-action same where y has x's columns"
        )
    filled = cross.weights > 0
    covariance = cross.covariance(filled)
    x_root, x_inverse = whitening(covariance[:d, :d], cross.scale[:d])
    y_root, y_inverse = whitening(covariance[d:, d:], cross.scale[d:])
    regression = y_inverse @ covariance[d:, :d] @ x_inverse.T
    excess = x_inverse @ cross.second[:, :d, :d] @ x_inverse.T - np.eye(len(x_inverse))
    # The regression coefficients of each batch, to first order in its own covariance of x.
    cores = y_inverse @ cross.second[:, d:, :d] @ x_inverse.T - regression @ excess
    turned = np.einsum("kab,nbc->nack", y_inverse @ output @ y_root, cores, optimize=True)
    inner = np.einsum("nab,kbc->nack", cores, x_inverse @ space @ x_root, optimize=True)
    turned, inner = (part.reshape(len(cores), -1, len(space)) for part in (turned, inner))
    stacked = np.zeros((len(space), d + c, d + c))
    stacked[:, :d, :d], stacked[:, d:, d:] = space, output
    return Outcome(
        (Block("space", 0, d, "units of x"), Block("output", d, d + c, "units of y")),
        {"space": "given", "dimension": len(space)},
        evidence=MomentEvidence(
            DenseRows(turned - inner),
            cross.weights,
            lambda directions: np.tensordot(directions.T, stacked, axes=1),
            DenseRows(np.concatenate([turned, inner], axis=1)),
        ),
        extras={"centre": cross.mean[:d], "output_centre": cross.mean[d:]},
        notes=["tested: u_c A = A u for the linear regression A of y on x"],
    )
