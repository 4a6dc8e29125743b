"""Recursive L-conv: generators from pairs y = exp(sum_i t_i L_i) x whose t are not known.

Source: Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network (NeurIPS 2021), and Lie
Algebra Convolutional Neural Networks with Automatic Symmetry Extraction, where the angles are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...options import option
from ..method import DiscoveryTask, Given
from ..settings import Settings
from .sizes import KEPT, SMALL, WORKED

if TYPE_CHECKING:
    from ...data import DataSet
    from ...panels import Panel
    from ...symmetry import Symmetry


@dataclass(frozen=True)
class LConvOptions:
    """Options of the lconv method."""

    solver: str = option("newton", "how generators are fitted", ("newton", "network"))
    map: str = option("auto", "one fixed map for all pairs instead of a group", ("auto", "always", "never"))
    folds: int = option(5, "held-out parts of the test; each is a fit without it")
    most: int = option(12, "most generators that are tried when their number is not given")
    epochs: int = option(200, "network: passes over the pairs")
    layers: int = option(8, "network: layers (I + t L / layers)")
    width: int = option(64, "network: width of the encoder of t")
    closure: float = option(0.0, "network: weight of the closure penalty")
    orthogonality: float = option(0.1, "network: weight of the orthogonality penalty")


class LConv:
    """The method, as the registry knows it."""

    name = "lconv"
    kinds: tuple[str, ...] = ("pairs",)
    summary = "Recursive L-conv: generators that relate the pairs, their coefficients unknown; or one fixed map."
    formula = (
        "y_n = exp(sum_i t_ni L_i) x_n + noise. R squared residual of held-out pairs at their best t, S_i what R grows "
        "by without generator i, W_i = R + S_i: defect_i^2 is the larger of [Cov(R, W_i) - Var(noise)] / Var(S_i), the "
        "residual that grows with the motion, and of its difference between far and near pairs over that of S_i; at "
        "most E[R] / E[S_i]."
    )
    limits = (
        "The search is not exhaustive, so it never says `none`. Pairs decide only if they have more numbers than the "
        "orbits of the group have dimensions. Learns from n (values - k) equations for k K unknowns: about twice as "
        "many are needed, more with noise. Memory is k^2 d^2 numbers and the pairs, which are read again in every pass "
        "where they exceed 2 GiB."
    )
    source = "dehmamy2021automatic"
    unshared = "each of them did the whole search, whose steps depend on one another; one process is as fast"
    cites = ("dehmamy2021automatic",)
    options = LConvOptions

    def task(self, data: DataSet, settings: Settings, given: Given | None = None) -> DiscoveryTask:
        """Checks the candidates, then searches."""
        from ..candidates import is_grid

        options = settings.of(self.name, LConvOptions)
        if settings.candidates is not None and is_grid(settings.candidates):
            from .fields import FieldsTask

            return FieldsTask(data, settings, options, given)
        from .task import PairsTask

        return PairsTask(data, settings, options, given)

    def estimate(self, data: DataSet, settings: Settings) -> tuple[int, float]:
        """Pairs, what is worked out of them, and the Gram matrices; flops of the search at 20 GF/s."""
        from ..candidates import candidates_of, is_grid, low_rank

        d, m, n = data.d, data.channels, data.samples
        k = settings.generators or 3
        size = 16 * n * d * m
        spec = settings.candidates or "linear"
        if is_grid(spec):
            from .fields import estimate

            return estimate(data)
        unknown = candidates_of(low_rank(spec)[0], data).dimension if d <= 2000 else d * d
        # One generator is carried in its eigenvectors, small matrices by nodes; large ones by series, which keep less.
        times = 6 + 4 * k if d > SMALL and settings.generators not in (None, 1) else 34
        memory = 3.2e8 + 2.2 * min(size, KEPT) + times * min(size, WORKED) + 8 * (6 * k * k * d * d + 4 * unknown)
        flops = 600.0 * n * m * d * d * k * k + 60.0 * (k * d) ** 3
        return int(memory), float(4.0 + flops / 20e9)

    def panels(self, symmetry: Symmetry) -> Sequence[Panel]:
        """Coefficients, before and after, residual."""
        from .panels import panels

        return panels(symmetry)


method = LConv()
