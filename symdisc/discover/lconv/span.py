"""The span of the fields that relate pairs of images: a factor analysis of their logarithms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...warp import CHUNK_VALUES, Warp
from .registration import Pairs, Registration, missed, register, register_widely, rotations, solve, variance_of

STEP_PAIRS = 256
WIDEST = 80.0  # degrees


def span(information: np.ndarray, natural: np.ndarray, variance: np.ndarray, k: int, rounds: int = 60) -> np.ndarray:
    """(K, k): orthonormal span of C in a_n = C t_n, t_n ~ N(0, 1), by expectation maximisation.

    Args:
        information: (n, K, K); natural: (n, K); variance: (n,) of the noise of one value; k: number of fields.
    """
    size = natural.shape[1]
    if k in (0, size):
        return np.eye(size)[:, :k]
    precision, linear = information / variance[:, None, None], natural / variance[:, None]
    # The start: principal axes of logarithms that are held to the size of the typical one.
    spread = float(np.median(np.einsum("ni,ni->n", *(2 * [solve(precision, linear)]))) / size)
    held = solve(precision + np.eye(size) / max(spread, 1e-300), linear)
    axes, sizes, _ = np.linalg.svd(held.T / np.sqrt(len(held)), full_matrices=False)
    loading = axes[:, :k] * sizes[:k]
    for _ in range(rounds):
        weighted = precision @ loading
        covariance = np.linalg.inv(np.eye(k) + np.einsum("ia,nib->nab", loading, weighted))
        mean = np.einsum("nab,nb->na", covariance, linear @ loading)
        second = covariance + mean[:, :, None] * mean[:, None, :]
        normal = np.tensordot(precision, second, axes=(0, 0)).transpose(0, 2, 1, 3).reshape(size * k, size * k)
        normal[np.diag_indices(size * k)] *= 1 + 1e-12
        loading = np.linalg.solve(normal, (linear.T @ mean).ravel()).reshape(size, k)
        # Whitening t speeds the scale of C up, which plain EM approaches slowly.
        loading = loading @ np.linalg.cholesky(second.mean(axis=0))
    return np.linalg.svd(loading, full_matrices=False)[0]


@dataclass(frozen=True)
class Fields:
    """The smooth vector fields that relate pairs of images.

    Attributes:
        generators: (k, s + 1, s + 1) in pixels, orthonormal in the coefficients' units.
        basis: (K, k) the same as coefficients, in the order of how far they move the pairs.
        coefficients: (n, k) t of every pair.
        defects: (K + 1,) by number of fields: root-mean-square residual that further fields would remove, over what all
            fields together remove; NaN where not tried. Entry 0: over the distance of the pairs.
        registration: at basis @ t, over all K directions.
        explained: share of the squared distance of the pairs that the fields remove.
        chance: the same for the same fields between images matched at random, a few hundred of them: unless `explained`
            is well above it, the pairs are not related.
        blur: coefficient of the Laplacian (square pixels) in what y differs from exp(a) x by: what interpolation took
            from y. A property of how the images were made, no generator.
        blur_error: its standard error.
    """

    generators: np.ndarray
    basis: np.ndarray
    coefficients: np.ndarray
    defects: np.ndarray
    registration: Registration
    explained: float
    chance: float
    blur: float
    blur_error: float


class FieldSearch:
    """The span of affine fields that relates pairs of images, and every pair's coefficients, in steps of seconds.

    Every pair is registered over all fields; a factor analysis of the logarithms gives a span, the pairs are
    registered again within it, and the span is fitted again there. The number of fields grows until no further one is
    missed.

    Args:
        warp: the grid.
        x, y: (n, d, m) pairs.
        count: number of fields; None for the smallest whose defect is at most the tolerance.
        tolerance: relative defect that may remain. Of six fields of equal coefficients the weakest still counts .11.
        widest: degrees; pairs that a start at rest leaves poor are tried again from rotations up to it.
        seed: of the starts.
    """

    def __init__(
        self,
        warp: Warp,
        x: np.ndarray,
        y: np.ndarray,
        *,
        count: int | None = None,
        tolerance: float = 0.05,
        widest: float = WIDEST,
        seed: int = 0,
    ) -> None:
        self.warp, self.x, self.y, self.count = warp, x, y, count
        self.tolerance, self.widest, self.seed = tolerance, widest, seed
        self.parts: list[Registration] = []
        self.unmoved: list[np.ndarray] = []
        self.defects = np.full(warp.dimension + 1, np.nan)
        self.tried = 0
        self.stage = "registration"
        self.basis = np.zeros((warp.dimension, 0))
        self.found: Registration | None = None
        self._all: Registration | None = None

    @property
    def share(self) -> float:
        """Share of the steps that is done, roughly."""
        done = min(1.0, len(self.parts) * STEP_PAIRS / len(self.x))
        return (
            0.7 * done + {"registration": 0.0, "fields": 0.04 * self.tried, "refinement": 0.25, "done": 0.3}[self.stage]
        )

    @property
    def full(self) -> Registration:
        """All pairs registered over all fields."""
        if self._all is None:
            self._all = Registration.joined(self.parts)
        return self._all

    def run(self) -> Fields:
        """All steps at once."""
        while self.advance():
            pass
        return self.fields()

    def advance(self) -> bool:
        """One step; False when all is done."""
        if self.stage == "registration":
            self._register()
        elif self.stage == "fields":
            self._grow()
        elif self.stage == "refinement":
            self._refine()
        return self.stage != "done"

    def _register(self) -> None:
        rows = slice(len(self.parts) * STEP_PAIRS, (len(self.parts) + 1) * STEP_PAIRS)
        warp, x, y = self.warp, self.x[rows], self.y[rows]
        rest = register(warp, x, y, levels=(0.0,), iterations=0)
        self.unmoved.append(missed(rest, np.zeros((warp.dimension, 0))))
        self.parts.append(register_widely(warp, x, y, rotations(warp, self.widest), register(warp, x, y)))
        if rows.stop < len(self.x):
            return
        still = _defect(np.concatenate(self.unmoved), self.full.displacement)
        # At rest, images of fine detail do not show a large motion that a search finds.
        self.defects[0] = max(still, np.sqrt(share) if (share := self.full.explained) > 0.5 else 0.0)
        moves = self.count is not None or self.defects[0] > self.tolerance
        self.stage = "fields" if moves else "done"
        if not moves:
            rests = [slice(first, first + STEP_PAIRS) for first in range(0, len(self.x), STEP_PAIRS)]
            self.found = Registration.joined(
                [register(warp, self.x[part], self.y[part], levels=(0.0,), iterations=0) for part in rests]
            )

    def _grow(self) -> None:
        """One more field, or as many as are asked for."""
        full = self.full
        k = self.tried + 1 if self.count is None else self.count
        variance = variance_of(full, self.x.shape[1] * self.x.shape[2])
        soft = 1 / (variance + np.median(variance))
        removed = soft * np.einsum("ni,ni->n", solve(full.information, full.natural), full.natural)
        self.basis, self.found = _within(self.warp, self.x, self.y, full, k)
        self.defects[k] = _defect(soft * missed(self.found, self.basis), removed)
        self.tried = k
        size = self.warp.dimension
        if self.count is not None or self.defects[k] <= self.tolerance or k == size:
            self.stage = "refinement" if k < size else "done"

    def _refine(self) -> None:
        """Pairs that are still poor are tried again within the span."""
        assert self.found is not None
        starts = spread_starts(self.found.coefficients @ self.basis, self.seed)
        registration = register_widely(self.warp, self.x, self.y, starts, self.found, basis=self.basis)
        self.basis, self.found = _within(self.warp, self.x, self.y, registration, self.basis.shape[1])
        self.stage = "done"

    def fields(self) -> Fields:
        """What was found, after the last step."""
        assert self.found is not None
        width, error = blur(self.warp, self.x, self.y, self.found.coefficients)
        return Fields(
            generators=self.warp.algebra(self.basis.T),
            basis=self.basis,
            coefficients=self.found.coefficients @ self.basis,
            defects=self.defects,
            registration=self.found,
            explained=self.found.explained,
            chance=_chance(self.warp, self.x, self.y, self.basis, self.seed),
            blur=width,
            blur_error=error,
        )

    def state(self) -> dict[str, np.ndarray]:
        """Plain arrays, for a checkpoint."""
        state = {
            "stage": np.array(self.stage),
            "tried": np.array(self.tried),
            "defects": self.defects,
            "basis": self.basis,
            "registered": np.array(len(self.parts)),
        }
        if self.parts:
            state |= {f"full_{name}": values for name, values in Registration.joined(self.parts).arrays().items()}
            state["unmoved"] = np.concatenate(self.unmoved)
        if self.found is not None:
            state |= {f"found_{name}": values for name, values in self.found.arrays().items()}
        return state

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state."""
        self.stage, self.tried = str(state["stage"]), int(state["tried"])
        self.defects, self.basis = np.array(state["defects"]), np.array(state["basis"])
        self.parts, self.unmoved, self._all, self.found = [], [], None, None
        if int(state["registered"]):
            whole = Registration.of({name: state[f"full_{name}"] for name in Registration.__dataclass_fields__})
            for first in range(0, int(state["registered"]) * STEP_PAIRS, STEP_PAIRS):
                part = slice(first, first + STEP_PAIRS)
                self.parts.append(whole.rows(part))
                self.unmoved.append(np.array(state["unmoved"][part]))
        if "found_coefficients" in state:
            self.found = Registration.of({name: state[f"found_{name}"] for name in Registration.__dataclass_fields__})


def _chance(warp: Warp, x: np.ndarray, y: np.ndarray, basis: np.ndarray, seed: int) -> float:
    """Share of the squared distance that the fields remove between images matched at random."""
    if basis.shape[1] == 0 or len(x) < 2:
        return 0.0
    order = np.random.default_rng(seed).permutation(len(x))
    # Neighbours in a random cycle: no image meets its own partner.
    rows, others = order[:300], np.roll(order, 1)[:300]
    return register(warp, x[rows], y[others], basis=basis).explained


def _defect(missing: np.ndarray, removed: np.ndarray) -> float:
    total = float(removed.sum())
    return float(np.sqrt(max(0.0, float(missing.sum()) / total))) if total > 0 else 0.0


def _within(
    warp: Warp, x: np.ndarray, y: np.ndarray, found: Registration, k: int, rounds: int = 2
) -> tuple[np.ndarray, Registration]:
    """The best span of k fields (K, k), and the pairs registered within it."""
    basis = np.eye(warp.dimension)
    for _ in range(rounds if k < warp.dimension else 0):
        information, natural = found.information, found.natural
        variance = variance_of(found, x.shape[1] * x.shape[2])
        # Pairs that hardly moved are hardly interpolated: their small residuals must not decide alone.
        basis = span(information, natural, variance + np.median(variance), k)
        t = solve(basis.T @ information @ basis, natural @ basis)
        found = register(warp, x, y, basis=basis, start=t, levels=(0.0,), iterations=4)
    return basis, found


def spread_starts(t: np.ndarray, seed: int) -> np.ndarray:
    """(8, k): starts drawn half as far again as the pairs move."""
    k = t.shape[1]
    scale = np.linalg.cholesky(t.T @ t / len(t) + 1e-12 * np.eye(k))
    return np.asarray(1.5 * np.random.default_rng(seed).standard_normal((8, k)) @ scale.T)


def blur(warp: Warp, x: np.ndarray, y: np.ndarray, a: np.ndarray) -> tuple[float, float]:
    """The coefficient of the Laplacian in y - exp(a) x, square pixels, and its standard error.

    Interpolation multiplies fine detail as a Gaussian of variance twice this does. The part of the Laplacian that a
    field could imitate is projected out.

    Args:
        warp: the grid; x, y: (n, d, m); a: (n, K) coefficients.
    """
    tops, bottoms = [], []
    step = max(1, CHUNK_VALUES // (4 * warp.pixels * x.shape[2]))
    for first in range(0, len(x), step):
        rows = slice(first, first + step)
        pairs = Pairs(warp, x[rows], y[rows])
        u, v, weights = pairs.halfway(a[rows], np.arange(len(x[rows])))
        middle = (u + v) / 2
        bend = warp.laplacian(middle)
        information, score = warp.normal_equations(middle, v - u, weights)
        _, cross = warp.normal_equations(middle, bend, weights)
        weight = np.ones(u.shape[:2]) if weights is None else weights
        projected = solve(information, cross)
        tops.append(np.einsum("nd,ndm,ndm->n", weight, bend, v - u) - np.einsum("ni,ni->n", projected, score))
        bottoms.append(np.einsum("nd,ndm,ndm->n", weight, bend, bend) - np.einsum("ni,ni->n", projected, cross))
    top, bottom = np.concatenate(tops), np.concatenate(bottoms)
    size = float(top.sum() / bottom.sum()) if bottom.sum() > 0 else 0.0
    error = float(np.sqrt(np.sum((top - size * bottom) ** 2)) / bottom.sum()) if bottom.sum() > 0 else 0.0
    return size, error
