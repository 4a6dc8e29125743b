"""The noether method, as the registry knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import InputError
from ...options import option
from ..device import torch_bytes
from ..method import Given
from ..settings import Settings

if TYPE_CHECKING:
    from ...data import DataSet
    from ...panels import Panel
    from ...symmetry import Symmetry
    from .runs import RunsTask

POTENTIALS = ("polynomial", "smooth")


@dataclass(frozen=True)
class NoetherOptions:
    """Options of the noether method."""

    mass: str = option("1", "trajectories: masses, one for all, one a particle or one a coordinate; or unknown")
    momenta: bool = option(False, "trajectories: the components are (q, p), not q alone")
    boosts: bool = option(False, "trajectories: with affine candidates, also motions b t (Galilei boosts)")
    degree: int = option(4, "fields: highest power of the components in the Lagrangian")
    potential: str = option("polynomial", "fields: what V is made of, powers or other functions", POTENTIALS)
    lagrangian: str | None = option(None, "fields: FILE of a Lagrangian to be used as it is; auto: found from the data")
    terms: str = option("none", "fields: what may depend on time or place, PART:AXIS joined by +, such as m2:x+all:t")
    order: int = option(4, "fields: powers of t or x, or waves around a periodic axis, in what depends on them")
    renoise: int = option(4, "times that noise is put into the smoothed data anew, to know what it does")


class Noether:
    """The method."""

    name = "noether"
    kinds: tuple[str, ...] = ("trajectory", "field")
    summary = "Noether currents: generators whose charge is conserved along trajectories, or whose current in fields."
    formula = (
        "Q = p . L q is constant: int psi' Q dt = 0 for every test function psi; defect^2 = mean (int psi' Q dt)^2, "
        "noise removed, over mean (|R_F L^T|^2 + |R_K L_s^T|^2) / d, R_F = int psi F q^T dt, R_K = int psi p q'^T dt, "
        "L_s the part of L that changes the kinetic energy. Fields: int d_a psi J^a = 0, J^a = Pi^a . L phi - T^a_b "
        "xi^b of the Lagrangian that the data obey, over the terms by which L or xi change it."
    )
    limits = (
        "Trajectories need their masses where these differ (or --set noether.mass=unknown). Runs are read one chunk at "
        "a time. Fewer than three runs show what these runs conserve, not a symmetry. Fields need a Lagrangian of "
        "their derivatives squared and a polynomial of low degree (or --set noether.potential=smooth), the same "
        "everywhere (but for --set noether.terms)."
    )
    source = (
        "Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network (NeurIPS 2021), section "
        "6; the weak form of the currents is ours"
    )
    cites = ("dehmamy2021automatic",)
    options = NoetherOptions

    def task(self, data: DataSet, settings: Settings, given: Given | None = None) -> RunsTask:
        """Prepare the work."""
        from .fields import FieldTask
        from .trajectories import TrajectoryTask

        if settings.output_action is not None:
            raise InputError(f"--output-action: data of kind {data.kind} have no y; leave it out")
        options = settings.of(self.name, NoetherOptions)
        if data.kind == "field":
            return FieldTask(data, settings, options, given)
        if options.lagrangian is not None or options.terms != "none":
            raise InputError("--set noether.lagrangian and noether.terms are for fields; trajectories need none")
        return TrajectoryTask(data, settings, options, given)

    def estimate(self, data: DataSet, settings: Settings) -> tuple[int, float]:
        """By counting: the interpreter with scipy, a chunk, its smoothed copies with noise, and K x K forms."""
        options = settings.of(self.name, NoetherOptions)
        d = data.d
        row = data.columns["x"].row_items
        rows = min(data.chunk_rows, data.samples)
        # Fields are counted run by run; what is smoothed at once are the first runs, from which the filters come.
        products = row * (d + 2) * 3 * (1 if data.kind == "field" else rows)
        forms = 60 * 2 * min(d * d, 4096) ** 2
        memory = 120e6 + torch_bytes(settings.device) + 8 * (products + 6 * rows * row + forms) + data.read_bytes
        seconds = 1.0 + data.samples * row * (d + 40) * (1 + options.renoise) / 2e8
        return int(memory), float(seconds)

    def panels(self, symmetry: Symmetry) -> Sequence[Panel]:
        """Charges over time."""
        from .panels import panels

        return panels(symmetry)


method = Noether()
