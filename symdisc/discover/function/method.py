"""The function method, as the registry knows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...options import option
from ..device import torch_bytes
from ..method import DiscoveryTask, Given
from ..settings import Settings
from .sizes import CHUNK_ITEMS, model_bytes

if TYPE_CHECKING:
    from ...data import DataSet
    from ...panels import Panel
    from ...symmetry import Symmetry

MOST_TRAINED = 8000


@dataclass(frozen=True)
class FunctionOptions:
    """Options of the function method."""

    model: str = option(
        "auto",
        "model of f; auto: the one with the least error on held-out samples, or the mean of those that come close",
        ("auto", "forms", "kernel", "mlp", "polynomial"),
    )
    folds: int = option(2, "fits; each is judged on the part of the samples that it has not seen")
    labels: str = option("auto", "integer y: class labels or values", ("auto", "classes", "values"))


class Function:
    """The method."""

    name = "function"
    kinds: tuple[str, ...] = ("labelled",)
    summary = "Generators under which y = f(x) is invariant, or moves as stated, f fitted to the data."
    formula = (
        "grad f(x) . (L x + b) = L_c f(x). Rows E[w grad f . (L x + b) - w L_c y], w damped Hermite functions of "
        "whitened x, f from models that never saw the sample, corrected for their error by E[a (y - f)]; defect^2 = "
        "sum over w of the rows squared, over that of their terms apart: every component of grad f with every one of "
        "L x + b, each in units of the gradient's spread, and L_c y."
    )
    limits = (
        "Sees what its test functions see: a part of f that oscillates faster is missed. The model is smooth; class "
        "labels are read as probabilities. Candidates must be fewer than rows: about 12 columns with all of gl(d), "
        "more with --candidates. All samples are held in memory."
    )
    source = (
        "invariant functions by the null space of gradients: Moskalev et al., LieGG (NeurIPS 2022); equivariance: Hu "
        "et al., LieSD (2025); the debiased rows and their test are ours"
    )
    cites = ("moskalev2022liegg", "hu2025liesd")
    options = FunctionOptions

    def task(self, data: DataSet, settings: Settings, given: Given | None = None) -> DiscoveryTask:
        """Prepare the work."""
        options = settings.of(self.name, FunctionOptions)
        if settings.function is not None:
            from .pointwise import PointwiseTask

            return PointwiseTask(data, settings, options, given)
        from .task import FunctionTask

        return FunctionTask(data, settings, options, given)

    def estimate(self, data: DataSet, settings: Settings) -> tuple[int, float]:
        """By counting: the arrays, a gradient a sample, the features of models; training at 2 GF/s."""
        n, d, m = data.samples, data.d, data.channels
        options = settings.of(self.name, FunctionOptions)
        size = d * m
        outputs = min(data.columns["y"].row_items, 100) if "y" in data.columns else 1
        trained = min(n, MOST_TRAINED)
        arrays = 8 * n * (3 * size + 4 * outputs + outputs * size)
        kinds = ("polynomial", "kernel", "forms") if options.model == "auto" else (options.model,)
        models = model_bytes(kinds, size, n, options.folds)
        rows = 8 * 60 * min(math.comb(size + 3, 3), 1000) * min(outputs, 100) * min(size, 64) ** 2
        seconds = 6.0 + 120 * (trained + n) * 6 * 64 * (size + 64 + outputs) / 2e9 + n * 1000**2 * 2 / 10e9
        # The interpreter with scipy, or with torch; the models, and after them the test functions of a chunk.
        started = 9.5e7 + torch_bytes(settings.device if settings.function is None else "cuda")
        tests = 12 * min(n * 500, CHUNK_ITEMS) + min(rows, 2**31)
        memory = started + arrays + data.read_bytes + max(models, tests)
        return int(memory), float(min(seconds, 40 + n / 1e4))

    def panels(self, symmetry: Symmetry) -> Sequence[Panel]:
        """The model against the data, and along how many axes f changes."""
        from .panels import panels

        return panels(symmetry)


method = Function()
