"""Covariance: the closed form H^{1/2} so(d) H^{-1/2} for samples, equal canonical correlations for labelled data.

Source: Dehmamy et al., Lie Algebra Convolutional Networks with Automatic Symmetry Extraction, appendix C.1,
Theorem 1 and Corollary 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..options import option
from ..panels import Curve, ImageGrid, Panel, Series
from ..symmetry import Block
from .batches import BATCHES, batch_numbers
from .covariance_basis import CovarianceBasis
from .device import Arrays, device_of, torch_bytes
from .method import Constructed, Given, Outcome
from .preserved import covariance_evidence
from .ranks import current
from .regression import MOST_PAIRS, CrossMoments, regression_outcome, regression_test
from .scatter import Scatter
from .settings import Settings
from .task import Progress

if TYPE_CHECKING:
    from ..data import Chunk, DataSet
    from ..symmetry import Symmetry

DENSE_BYTES = 4 * 2**20
MOST_CLASSES = 100


@dataclass(frozen=True)
class CovarianceOptions:
    """Options of the covariance method."""

    labels: str = option("auto", "integer y: class labels (made one-hot) or values", ("auto", "classes", "values"))
    rank: int | None = option(None, "rank of H; auto: eigenvalues above rounding")


class Covariance:
    """The method, as the registry knows it."""

    name = "covariance"
    kinds: tuple[str, ...] = ("samples", "labelled")
    summary = "Closed form: rotations that preserve the covariance; with labels, equal canonical correlations."
    formula = (
        "samples: L = H^{1/2} A H^{-1/2}, A in so(r), r = rank H; defect |L H + H L^T| / sqrt(2) |L H|. "
        "labelled: B the whitened cross-covariance of y and x; defect^2 = |A_c B - B A|^2 / (|A_c B|^2 + |B A|^2), "
        "zero where canonical correlations are equal: (rho_i - rho_j)^2 / (rho_i^2 + rho_j^2)."
    )
    limits = (
        "Without labels every distribution has these r(r-1)/2 generators, so the verdict is `constructed`. With labels "
        "it sees the linear part of the relation alone. The data are read once; memory is d^2 numbers (samples) or "
        "60 d^2 (labelled)."
    )
    source = "dehmamy2021lconv"
    cites = ("dehmamy2021lconv",)
    options = CovarianceOptions

    def task(self, data: DataSet, settings: Settings, given: Given | None = None) -> CovarianceTask:
        """One pass over the data."""
        return CovarianceTask(data, settings, settings.of(self.name, CovarianceOptions), given)

    def estimate(self, data: DataSet, settings: Settings) -> tuple[int, float]:
        """Chunk buffers, scatter matrices and their decomposition; n d^2 multiply-adds at 20 GF/s."""
        labelled = data.kind == "labelled"
        outputs = _outputs(data) if labelled else 0
        size = data.d + outputs
        batches = BATCHES if labelled else 1
        chunk = min(data.chunk_rows, data.samples) * size * data.channels
        dense = 8 * math.comb(data.d, 2) * data.d**2
        result = 0 if labelled or dense > DENSE_BYTES else dense
        # Labelled: strips of B in the frame of each of the 45 folds, a direction's rows in all of them, and the rows of
        # one batch for every candidate, whose forms take most of the time.
        pairs = min(data.d, outputs)
        strips = pairs * size * (45 * BATCHES * 5 // 2 + 5 * MOST_PAIRS)
        search = 45 * 2 * BATCHES * 3 * pairs * size * min(math.comb(pairs, 2), MOST_PAIRS) ** 2
        # The interpreter with numpy, and with scipy for labels; reading ahead, the chunk in use and its centred copy;
        # after them the strips; scatter matrices, and what their decomposition takes; the dense basis and its copies on
        # the way to the file.
        passing = 88e6 + 8 * max(strips, 1.7 * chunk) if labelled else 45e6 + 8 * (strips + 3 * chunk)
        memory = torch_bytes(settings.device) + passing + 8 * size**2 * (2 * batches + 12) + 6 * result
        seconds = 1.0 + data.samples * data.channels * size**2 * 2 / 20e9 + 20 * size**3 / 20e9 + search / 20e9
        return int(memory), float(seconds)

    def panels(self, symmetry: Symmetry) -> Sequence[Panel]:
        """The spectrum of H, and the principal axes as pictures where the space is a grid."""
        extras = symmetry.extras
        panels: list[Panel] = []
        if "covariance_spectrum" in extras:
            panels.append(_spectrum_panel(extras["covariance_spectrum"], int(extras["rank"])))
        if "principal_axes" in extras:
            panels.append(_axes_panel(extras["principal_axes"]))
        if "canonical_correlations" in extras:
            panels.append(_correlations_panel(extras["canonical_correlations"], int(extras["used"])))
        return panels


def _spectrum_panel(eigenvalues: np.ndarray, rank: int) -> Panel:
    number = np.arange(1, len(eigenvalues) + 1)
    return Curve(
        name="covariance",
        title=f"Eigenvalues of the covariance H: rank {rank} of {len(eigenvalues)}",
        caption="Variance along each principal axis. The generators rotate pairs of axes of the range of H; "
        "axes below rounding are left out.",
        x_label="principal axis",
        y_label="variance (units of x, squared)",
        series=[Series("range of H", number[:rank], eigenvalues[:rank], mark="disc", size=3.0)],
        log_y=rank > 0,
        whole_x=True,
    )


def _axes_panel(axes: np.ndarray) -> Panel:
    return ImageGrid(
        name="principal_axes",
        title="Leading principal axes of H on the grid",
        caption="Each generator turns two of these patterns into each other, in units of their standard deviations.",
        arrays=axes,
        titles=[f"axis {i + 1}" for i in range(len(axes))],
        value_label="component of the unit vector",
    )


def _correlations_panel(correlations: np.ndarray, used: int) -> Panel:
    number = np.arange(1, len(correlations) + 1)
    series = [Series("above noise", number[:used], correlations[:used], mark="disc")]
    if used < len(correlations):
        series.append(
            Series("unused: not above noise", number[used:], correlations[used:], mark="ring", tone="neutral")
        )
    return Curve(
        name="correlations",
        title="Canonical correlations of x and y",
        caption="Measured on held-out batches. Equal correlations can be rotated into each other: that is the symmetry "
        "of a linear relation.",
        x_label="pair of canonical directions",
        y_label="held-out correlation",
        series=series,
        whole_x=True,
    )


def _outputs(data: DataSet) -> int:
    """Columns of y."""
    return data.columns["y"].row_items


class CovarianceTask:
    """One streamed pass over the data, a chunk a step."""

    def __init__(self, data: DataSet, settings: Settings, options: CovarianceOptions, given: Given | None) -> None:
        self.data, self.settings, self.options, self.given = data, settings, options, given
        self.labelled = data.kind == "labelled"
        self._check()
        self.classes = self._classes() if self.labelled else None
        d, channels = data.d, data.channels
        if self.labelled:
            outputs = len(self.classes) if self.classes is not None else _outputs(data)
            d += outputs
        self.arrays = Arrays.on(device_of(settings.device), settings.dtype)
        batches = BATCHES if self.labelled or given is not None else 1
        self.scatter = Scatter(batches, d, channels, self.arrays)
        self.ranks = current()
        self.row, self._stop = self.ranks.rows(data)
        self._chunks: Iterator[Chunk] | None = None
        self._done = False

    def _check(self) -> None:
        data, settings = self.data, self.settings
        if settings.candidates is not None:
            raise InputError("--candidates: the covariance method has one space, H^{1/2} so(r) H^{-1/2}; leave it out")
        if settings.output_action not in (None, "orthogonal", "same"):
            raise InputError(
                f"--output-action {settings.output_action}: the covariance method lets y turn so that its covariance "
                "is preserved (orthogonal)"
            )
        if not self.labelled and settings.generators is not None and self.given is None:
            raise InputError("--generators: the covariance basis of samples always has r(r-1)/2 members; leave it out")
        if data.samples < 2:
            raise InputError(f"{data.names['x']}: {data.samples} sample; a covariance needs at least 2")
        if self.labelled and data.channels > 1:
            raise InputError(
                f"{data.names['x']}: labelled data with channels are beyond the covariance method; mark the channels "
                "as s in --axes, so that they are part of the space"
            )

    def _classes(self) -> np.ndarray | None:
        """The class labels, where y is to be read as classes."""
        data = self.data
        whole = data.y_dtype is not None and np.issubdtype(data.y_dtype, np.integer)
        single = _outputs(data) == 1
        if self.options.labels == "values" or not single or (self.options.labels == "auto" and not whole):
            return None
        distinct = data.distinct_labels(MOST_CLASSES)
        if distinct is None or len(distinct) * 5 > data.samples:
            if self.options.labels == "classes":
                raise InputError(
                    f"{data.names['y']}: more than {MOST_CLASSES} classes, or fewer than 5 samples a class; "
                    "use --set covariance.labels=values"
                )
            return None
        return distinct

    def advance(self) -> bool:
        """Take in one chunk."""
        if self._done:
            return False
        if self._chunks is None:
            self._chunks = self.data.chunks(self.row, np.float64 if self.labelled else None, self._stop)
        chunk = next(self._chunks, None)
        if chunk is None:
            self.scatter.of_all(self.ranks)
            self._done = True
            return False
        x = chunk.x
        batch = None
        if len(self.scatter.count) > 1:
            batch = batch_numbers(chunk.start, len(x), chunk.group, self.settings.seed)
        if self.labelled:
            x = np.concatenate([x.astype(np.float64, copy=False), self._outputs(chunk)[:, :, None]], axis=1)
        self._check_range(x)
        self.scatter.add(x, batch)
        self.row = chunk.start + len(chunk.x)
        return True

    def _check_range(self, x: np.ndarray) -> None:
        """Refuse what cannot be squared: in float64 beyond 1e150, or all below 1e-150."""
        if x.dtype != np.float64:
            return
        size = max(float(x.max()), -float(x.min()))
        if size > 1e150 or 0 < size < 1e-150:
            raise InputError(
                f"{self.data.names['x']}: values of size {size:.0e}, whose squares float64 cannot hold; rescale them"
            )

    def _outputs(self, chunk: Chunk) -> np.ndarray:
        y = chunk.y
        assert y is not None
        if self.classes is None:
            return y.reshape(len(y), -1).astype(np.float64, copy=False)
        return (y.reshape(-1, 1) == self.classes).astype(np.float64)

    def progress(self) -> Progress:
        """Samples read."""
        return Progress("covariance", self.row, self.data.samples, f"{self.row} of {self.data.samples} samples")

    def state(self) -> dict[str, np.ndarray]:
        """The accumulated moments and the next row."""
        return {"row": np.array(self.row), "done": np.array(self._done), **self.scatter.state()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to a saved state."""
        self.row, self._done = int(state["row"]), bool(state["done"])
        self.scatter.restore(state)
        self._chunks = None

    def outcome(self) -> Outcome:
        """The basis, or the evidence."""
        outcome = self._outcome()
        outcome.device = self.arrays.device
        return outcome

    def _outcome(self) -> Outcome:
        data = self.data
        if not self.labelled and self.given is not None:
            return covariance_evidence(self.scatter, self.given, data.d)
        if self.labelled and self.given is not None:
            same = self.settings.output_action == "same"
            return regression_test(CrossMoments.of(self.scatter, data.d), self.given, same)
        if self.labelled:
            outcome = regression_outcome(
                CrossMoments.of(self.scatter, data.d), 1 - self.settings.level, self.settings.tolerance
            )
            if self.classes is not None:
                shown = ", ".join(f"{label:g}" for label in self.classes[:12])
                more = ", ..." if len(self.classes) > 12 else ""
                outcome.notes.insert(0, f"y was read as {len(self.classes)} classes ({shown}{more}), made one-hot")
            return outcome
        return self._constructed()

    def _constructed(self) -> Outcome:
        data = self.data
        count, mean, covariance = self.scatter.pooled()
        basis = CovarianceBasis.of(covariance / data.channels, mean, np.dtype(data.x_dtype), self.options.rank)
        r, d = basis.rank, data.d
        notes = []
        if r < d:
            spurious = d * (d - r)
            notes.append(
                f"H has rank {r} of {d}: the generators act on its range alone; {spurious} further directions move "
                f"only what these data never vary, and are left out"
            )
        if count * data.channels <= d:
            notes.append(f"only {int(count)} samples for {d} columns: the rank is limited by the samples")
        if data.channels > 1:
            notes.append(f"H is the mean over {data.channels} channels")
        reason = "every distribution has these; add labels or higher moments to find which ones are real"
        if r < 2:
            reason = f"the covariance has rank {r}: there is no rotation to construct"
        k = r * (r - 1) // 2
        extras = {
            "centre": mean[:, 0] if data.channels == 1 else mean,
            "covariance_spectrum": basis.spectrum,
            "rank": np.array(r),
        }
        if len(data.space_shape) == 2 and r > 1:
            extras["principal_axes"] = basis.axes[:, :12].T.reshape(-1, *data.space_shape)
        factored = 8 * k * d * d > DENSE_BYTES
        return Outcome(
            blocks=(Block("space", 0, d, "units of x"),),
            candidates={"space": "H^{1/2} so(r) H^{-1/2}", "dimension": k},
            constructed=Constructed(
                generators=basis.factored() if factored else basis.dense(unit=True),
                defect=basis.defects(covariance / data.channels),
                reason=reason,
                orthogonal=r,
                canonical=None if factored else basis.dense(unit=False),
            ),
            extras=extras,
            notes=notes,
        )


method = Covariance()
