"""The moments method, as the registry knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...options import option
from ..method import Given
from ..settings import Settings

if TYPE_CHECKING:
    from ...data import DataSet
    from ...panels import Panel
    from ...symmetry import Symmetry
    from .task import MomentsTask


@dataclass(frozen=True)
class MomentsOptions:
    """Options of the moments method."""

    degree: int | None = option(None, "highest degree of the test functions, 3 to 8; auto: 4, or 3 where 4 is too much")
    components: int = option(6, "grid: leading principal components of the images that the test functions see")
    boundary: str = option(
        "auto",
        "grid: what lies outside the images; auto: zero where their edges are dark, else mirror",
        ("auto", "zero", "mirror"),
    )
    comparison: str = option(
        "rotations",
        "what a direction is compared with: rotations that preserve the covariance, or all affine maps",
        ("rotations", "all"),
    )


class Moments:
    """The method."""

    name = "moments"
    kinds: tuple[str, ...] = ("samples",)
    summary = "Higher moments: linear maps and translations that leave the density of unlabelled samples as it is."
    formula = (
        "a_w(L, b) = E[grad w(z) . (L z + b)] = 0 for damped Hermite functions w = He_alpha(z) exp(-|z|^2 / 4d) / "
        "sqrt(alpha!), z the standardised x; defect^2 = (|a(v)|^2 / v'Nv) / mean of the same over N-orthonormal "
        "rotations that preserve the covariance, N the covariance of one sample's rows."
    )
    limits = (
        "Gaussian data are uninformative: all rotations that preserve the covariance fit them. Every linear symmetry "
        "of a density of full rank and finite covariance is compact: Lorentz boosts need labels, pairs or fields. Sums "
        "are C(d + degree + 2, d) numbers a batch: to d about 24 at degree 4, 30 at degree 3."
    )
    source = (
        "ours; without the damping, rows of degree k are d rho(L) M_k = 0, the equation of finzi2021emlp with the "
        "roles of generators and invariants exchanged"
    )
    cites = ("finzi2021emlp",)
    options = MomentsOptions

    def task(self, data: DataSet, settings: Settings, given: Given | None = None) -> MomentsTask:
        """Check data and settings."""
        from .task import MomentsTask

        return MomentsTask(data, settings, settings.of(self.name, MomentsOptions), given)

    def estimate(self, data: DataSet, settings: Settings) -> tuple[int, float]:
        """By counting, at the degree that will be used if no column is redundant."""
        from .plan import foreseen

        return foreseen(data, settings, settings.of(self.name, MomentsOptions))[1:]

    def declines(self, data: DataSet, settings: Settings) -> str | None:
        """Why `auto` should not choose it for these data, or None."""
        from .plan import foreseen, too_much

        if settings.candidates is not None:
            return None
        return too_much(*foreseen(data, settings, settings.of(self.name, MomentsOptions)))

    def panels(self, symmetry: Symmetry) -> Sequence[Panel]:
        """None beside the standard ones."""
        return []


method = Moments()
