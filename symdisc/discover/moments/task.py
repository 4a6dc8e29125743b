"""The moments method as a resumable task: a pass for the coordinates, a pass for the sums, then the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from ...rounding import plural
from ...symmetry import Block, Verdict
from ..batches import BATCHES, batch_numbers, too_few
from ..candidates import candidates_of, is_grid
from ..device import Arrays, device_of
from ..evidence import MomentEvidence, whitened
from ..method import Given, Outcome
from ..ranks import current
from ..rows import DenseRows, Form, Rows
from ..scatter import Scatter
from ..settings import Settings
from ..task import Progress
from .frame import Frame, gaussian_fit, looks_gaussian, preserving
from .hermite import Hermite
from .images import Fields
from .plan import DEGREES, affordable
from .rotations import FlowEvidence
from .rows import FlowRows, typical_rows, written
from .space import AFFINE, LINEAR, Space, space_given, space_of
from .sums import FlowSums

if TYPE_CHECKING:
    from ...data import Chunk, DataSet
    from .method import MomentsOptions

SAMPLE = 20000
# Sums of one step, a few seconds of work at most.
STEP_VALUES = 1 << 32
# Of more comparison rotations than this many, so many combinations drawn at random serve as well.
MOST_TYPICAL = 128
CONSTRUCTED = (
    "{rotations} by the covariance alone: there for every distribution, and no discovery; "
    "--method covariance writes them"
)


class MomentsTask:
    """Two passes over samples.

    Args:
        data: samples. given: generators to test instead of searching.

    Raises:
        InputError: data or settings do not suit.
    """

    def __init__(self, data: DataSet, settings: Settings, options: MomentsOptions, given: Given | None) -> None:
        self.data, self.settings, self.options, self.given = data, settings, options, given
        self.spec = settings.candidates or AFFINE
        self.grid = is_grid(self.spec)
        self._check()
        self.columns = data.d * data.channels
        self.arrays = Arrays.on(device_of(settings.device))
        self.scatter = Scatter(1, self.columns, arrays=self.arrays)
        count = min(SAMPLE, data.samples)
        rng = np.random.default_rng([settings.seed, 5])
        self._chosen = np.sort(rng.choice(data.samples, count, replace=False, shuffle=False))
        self.sample = np.zeros((count, self.columns))
        self.ranks = current()
        self.stage, self.row = 0, self.ranks.rows(data)[0]
        self._chunks: Iterator[Chunk] | None = None
        self._chunk: Chunk | None = None
        self.frame: Frame | None = None
        self.sums: FlowSums | None = None
        self.fields: Fields | None = None
        self.silent: str | None = None

    def _check(self) -> None:
        data, settings, options = self.data, self.settings, self.options
        if settings.dtype == "float32":
            raise InputError("--dtype float32: the moments method computes in float64; leave it out")
        if settings.output_action is not None:
            raise InputError("--output-action: samples have no y; leave it out")
        if data.samples < 2:
            raise InputError(f"{data.names['x']}: {data.samples} sample; moments need at least 2")
        if options.degree is not None and not 3 <= options.degree <= 8:
            raise InputError(
                f"--set moments.degree={options.degree}: from 3 to 8; up to 2 every rotation that preserves the "
                "covariance would pass"
            )
        if options.components < 2:
            raise InputError(f"--set moments.components={options.components}: at least 2")
        if not self.grid and self.given is None and self.spec not in (AFFINE, LINEAR):
            candidates_of(self.spec, data)

    # --- steps

    def advance(self) -> bool:
        """Take in a chunk, or so much of it as takes a few seconds."""
        if self.stage == 2 or self.silent is not None:
            return False
        if self._chunk is None or self.row == self._chunk.start + len(self._chunk.x):
            if self._chunks is None:
                rows, stop = self.data.chunk_rows, self.ranks.rows(self.data)[1]
                start = stop if self.row == stop else self.row // rows * rows
                self._chunks = self.data.chunks(start, stop=stop)
            self._chunk = next(self._chunks, None)
        if self._chunk is None:
            self._next_stage()
            return self.stage < 2 and self.silent is None
        start = self._chunk.start
        part = slice(self.row - start, self.row - start + self._step)
        x = self._chunk.x[part]
        x = x.reshape(len(x), -1)
        if self.stage == 0:
            self._survey(x, self.row)
        else:
            group = None if self._chunk.group is None else self._chunk.group[part]
            self._sum(x, batch_numbers(self.row, len(x), group, self.settings.seed))
        self.row += len(x)
        return True

    @property
    def _step(self) -> int:
        """Samples in a step."""
        if self.stage == 0:
            return self.data.chunk_rows
        assert self.frame is not None
        wide = self.columns + (self.fields.count * self.frame.rank if self.fields else 0)
        return max(64, min(STEP_VALUES // self.hermite.sums, (1 << 22) // wide))

    def _next_stage(self) -> None:
        first = self.ranks.rows(self.data)[0]
        self.stage, self.row, self._chunks, self._chunk = self.stage + 1, first, None, None
        if self.stage == 1:
            self.scatter.of_all(self.ranks)
            self.sample = self.ranks.total(self.sample)
            self._prepare()
        elif self.sums is not None:
            self.sums.restore(self.ranks.totals(self.sums.state()))

    def _survey(self, x: np.ndarray, start: int) -> None:
        size = max(float(x.max()), -float(x.min()))
        if size > 1e150 or 0 < size < 1e-150:
            raise InputError(
                f"{self.data.names['x']}: values of size {size:.0e}, whose squares float64 cannot hold; rescale them"
            )
        low, high = np.searchsorted(self._chosen, [start, start + len(x)])
        self.sample[low:high] = x[self._chosen[low:high] - start]
        self.scatter.add(x[:, :, None])

    def _prepare(self) -> None:
        """Coordinates, degree and empty sums."""
        dtype = np.dtype(self.data.x_dtype)
        if self.grid:
            self.frame = Frame.principal(self.scatter, dtype, self.options.components)
        else:
            self.frame = Frame.of(self.scatter, self.sample, dtype)
        r = self.frame.rank
        if r < 2:
            self.silent = f"x varies along {r} direction{'s' * (r != 1)}: there are no rotations to compare with"
            return
        if self.grid:
            self.fields = Fields(self.data, self.sample, self.frame, self.options.boundary)
        self.degree = self.options.degree or affordable(r, self._candidates(r), self.data.samples) or min(DEGREES)
        self.hermite = Hermite(r, self.degree, self.arrays)
        self.sums = FlowSums(self.hermite, BATCHES, self.fields.velocity if self.fields else None)

    def _candidates(self, r: int) -> int:
        if self.given is not None or self.grid:
            return 12
        if self.spec in (AFFINE, LINEAR) and self.data.channels == 1:
            return r * (r + 1)
        return candidates_of(self.spec, self.data).dimension

    def _sum(self, x: np.ndarray, batch: np.ndarray) -> None:
        assert self.frame is not None
        assert self.sums is not None
        self.sums.add(self.frame(x), batch, x if self.fields else None)

    def progress(self) -> Progress:
        """Samples read in this pass."""
        name = "covariance" if self.stage == 0 else "moments"
        row = self.data.samples if self.stage == 2 else self.row
        return Progress(name, row, self.data.samples, f"{row} of {self.data.samples} samples")

    def state(self) -> dict[str, np.ndarray]:
        """Stage, next row and sums."""
        state = {"stage": np.array(self.stage), "row": np.array(self.row), "sample": self.sample}
        state |= {f"scatter_{name}": value for name, value in self.scatter.state().items()}
        if self.sums is not None:
            state |= {f"sums_{name}": value for name, value in self.sums.state().items()}
        return state

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state; coordinates follow from the first pass."""
        self.stage, self.row, self._chunks = int(state["stage"]), int(state["row"]), None
        self._chunk = None
        self.sample = np.array(state["sample"])
        self.scatter.restore({n.removeprefix("scatter_"): v for n, v in state.items() if n.startswith("scatter_")})
        if self.stage > 0:
            self._prepare()
        if self.sums is not None:
            self.sums.restore({n.removeprefix("sums_"): v for n, v in state.items() if n.startswith("sums_")})

    # --- the result

    def outcome(self) -> Outcome:
        """The evidence; or why there is none."""
        if self.sums is not None:
            self.sums = self.sums.home()
        outcome = self._outcome()
        outcome.device = self.arrays.device
        return outcome

    def _outcome(self) -> Outcome:
        d = self.data.d
        if self.silent is not None or self.frame is None or self.sums is None:
            return Outcome(
                (Block("space", 0, d, "units of x"),),
                {"space": self.spec, "dimension": 0},
                nothing=self.silent,
                nothing_verdict=Verdict.INCONCLUSIVE,
            )
        space = self._space(self.frame)
        notes = [*space.notes, *self._notes(self.frame)]
        extras = {"centre": self.frame.centre, "degree": np.array(self.degree)}
        outcome = Outcome(
            space.blocks,
            space.description,
            unused=space.unused,
            necessary=space.necessary,
            extras=extras,
            notes=notes,
        )
        evidence = self._evidence(space)
        alpha = 1 - self.settings.level
        few = too_few(self.sums.count)
        silent = None if few else self._uninformative(evidence, alpha)
        if few or (silent and self.given is None):
            outcome.nothing, outcome.nothing_verdict = few or silent, Verdict.INCONCLUSIVE
            return outcome
        if silent:
            notes.append(silent)
        outcome.evidence = evidence
        return outcome

    def _space(self, frame: Frame) -> Space:
        if self.fields is not None:
            return self.fields.space() if self.given is None else self.fields.space_given(self.given)
        if self.given is not None:
            return space_given(self.given, self.data, frame, self.scatter.pooled()[1][:, 0])
        return space_of(self.spec, self.data, frame)

    def _evidence(self, space: Space) -> MomentEvidence:
        sums, hermite = self.sums, self.hermite
        assert sums is not None
        means, samples = sums.means, sums.count.sum()
        overall = (sums.count / samples) @ means
        covariance, rates = sums.covariance(), hermite.rates(overall)
        comparison = self._comparison(overall)
        gram = comparison.T @ covariance @ comparison - _square(rates @ comparison)
        unit = comparison @ whitened(gram)
        if unit.shape[1] > MOST_TYPICAL:
            mix = np.random.default_rng(0).standard_normal((unit.shape[1], MOST_TYPICAL))
            unit = unit @ np.linalg.qr(mix)[0]
        # In units of the noise of the mean.
        typical = typical_rows(hermite, means, unit) * np.sqrt(samples)
        rows: Rows
        if self.fields is not None:
            assert space.flows is not None
            count, d = self.fields.count, hermite.d
            velocity = sums.pushed / np.maximum(sums.count, 1.0)[:, None, None]
            pushed = np.stack([hermite.divergence(part.reshape(-1, count, d)) for part in velocity])
            rows = DenseRows(pushed @ space.flows)
            second = space.flows.T @ (sums.pushed_second / samples) @ space.flows
            measure = second - _square(rows.mean(sums.count / samples))
        else:
            found = FlowRows(hermite, means, space.flows)
            rows = written(found)
            if space.flows is not None:
                rates, covariance = rates @ space.flows, space.flows.T @ covariance @ space.flows
            measure = covariance - _square(rates)
        form = Form(len(measure), (measure + measure.T) / (2 * samples))
        if self.given is None and self.spec == AFFINE and space.flows is None:
            return FlowEvidence(
                rows, sums.count, space.embed, measure=form, typical=typical, hermite=hermite, means=means
            )
        return MomentEvidence(rows, sums.count, space.embed, measure=form, typical=typical)

    def _comparison(self, overall: np.ndarray) -> np.ndarray:
        """(r (r + 1), c): the flows of the comparison set."""
        r = self.hermite.d
        if self.options.comparison == "all":
            return np.eye(r * (r + 1))
        centre, covariance, _ = gaussian_fit(self.hermite, overall)
        return preserving(centre, covariance).reshape(-1, r * (r + 1)).T

    def _uninformative(self, evidence: MomentEvidence, alpha: float) -> str | None:
        """Gaussian or spherical: the two ways in which nothing sets directions apart."""
        assert self.sums is not None
        everything = self.options.comparison == "all"
        if not everything and evidence.uninformative(alpha) is None:
            return None
        gaussian = looks_gaussian(self.hermite, self.sums.sums, self.sums.count, alpha)
        if gaussian:
            return (
                "uninformative: these data cannot be told from Gaussian ones, which every rotation that preserves the "
                "covariance leaves as they are"
            )
        if everything:
            return None
        return (
            "no rotation that preserves the covariance is broken beyond noise, though the data are not Gaussian: they "
            "look spherical, or are too few; there is no broken direction to compare with "
            "(--set moments.comparison=all compares with all affine maps)"
        )

    def _notes(self, frame: Frame) -> list[str]:
        r = frame.rank
        notes = [CONSTRUCTED.format(rotations=plural(comb(r, 2), "rotation"))] if not self.grid else []
        if self.options.degree is None and self.degree < max(DEGREES):
            notes.append(f"test functions up to degree {self.degree}: a higher one takes too long in {r} dimensions")
        if frame.heavy:
            notes.append("heavy tails: coordinates are centred and scaled by a robust scatter, not by the covariance")
        if self.fields is not None:
            notes.append(f"test functions of the {r} leading principal components")
        return notes


def _square(rows: np.ndarray) -> np.ndarray:
    return rows.T @ rows
