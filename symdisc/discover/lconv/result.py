"""What the lconv method hands over: generators with their trials, one map, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...algebra import completion
from ...symmetry import Block, Verdict
from ..batches import BATCHES
from ..method import Constructed, Outcome
from ..verdict import Found as Judged
from .fixed import FixedMap, logarithm
from .flow import flow
from .model import Model
from .refine import eigen_of
from .trials import generator_trial

if TYPE_CHECKING:
    from .pairs import Pairs

EXAMPLES = 4
TURNS = 5
SHOWN = 2000
CLUSTERED = 0.75


@dataclass(frozen=True)
class Trials:
    """Pairs under generators that were found without them, or given.

    Attributes:
        residual: (n,) squared residuals R of the whole model.
        explained: (k, n) what R grows by without each generator.
        batch: (n,) batch of each pair.
        angle: degrees between the generators and those found without the pairs; None where none were searched.
    """

    residual: np.ndarray
    explained: np.ndarray
    batch: np.ndarray
    angle: float | None


@dataclass
class Report:
    """Makes the outcomes of one run.

    Attributes:
        space: JSON form of the candidate space.
        rank: that the generators were cut to, or None.
        extras: arrays that every outcome carries.
    """

    pairs: Pairs
    space: dict[str, Any]
    rank: int | None
    extras: dict[str, np.ndarray] = field(default_factory=dict)

    def nothing(self, reason: str) -> Outcome:
        """No generators, and why. A search that is not exhaustive does not show that there are none."""
        return self._outcome(nothing=reason, nothing_verdict=Verdict.INCONCLUSIVE)

    def one_map(self, fixed: FixedMap) -> Outcome:
        """One linear map and its logarithm."""
        log = logarithm(fixed.matrix)
        size = float(np.linalg.norm(log.matrix))
        left = (fixed.residual / fixed.size) ** 0.5 if fixed.size > 0 else 0.0
        missed = (fixed.residual / fixed.moved) ** 0.5 if fixed.moved > 0 else 0.0
        exact = "its real logarithm" if log.exact else "the nearest generator"
        constructed = Constructed(
            generators=(log.matrix / size if size > 0 else log.matrix)[None],
            defect=np.array([max(log.misfit, missed)]),
            reason=(
                f"one linear map R says as much of the pairs as a group does (it leaves {left:.2g} of |y|): the pairs "
                "show R alone, not the group that it would generate"
            ),
            canonical=log.matrix[None],
        )
        return self._outcome(
            constructed=constructed,
            extras={"map": fixed.matrix, "coefficients": np.array([[size]])},
            notes=[f"{exact}: {log.reason}; |exp(L) - R| / |R| = {log.misfit:.2g}"],
        )

    def generators(self, model: Model, t: torch.Tensor, trials: Trials) -> Outcome:
        """Generators, searched or given, with the coefficients t (n, k) of all pairs."""
        k, values = model.count, self.pairs.values
        free = max(values - k, 1)
        matrices = model.generators.double().cpu().numpy()
        coefficients = t.double().cpu().numpy()
        searched = trials.angle is not None
        noise = float(np.sqrt(trials.residual.mean() / free))
        sizes = ", ".join(f"{value:.3g}" for value in np.sqrt(np.mean(coefficients**2, axis=0)))
        unit = "a generator of Frobenius norm 1" if searched else "a given generator"
        notes = [
            f"t is the coefficient of {unit}; its root mean square is {sizes}",
            f"what the generators leave of y has a standard deviation of {noise:.3g} a number",
        ]
        if self.rank is not None:
            notes.append(
                f"generators were cut to rank {self.rank}: good for classification, not for recovery; the generators "
                "of turned images have nearly full rank"
            )
        if values <= 2 * k:
            notes.append(
                f"{k} generators for {values} numbers a pair: much of what they explain they could explain in any pairs"
            )
        found = Judged(
            matrices,
            [generator_trial(trials.residual, row, free, trials.batch) for row in trials.explained],
            np.bincount(trials.batch, minlength=BATCHES).astype(float),
            trials.angle,
            given=not searched,
        )
        return self._outcome(
            found=found,
            necessary=open_question(matrices, coefficients, values) if searched else None,
            extras={"coefficients": coefficients, **self._pictures(model, t)},
            notes=notes,
        )

    def _outcome(self, extras: dict[str, np.ndarray] | None = None, **parts: Any) -> Outcome:
        role, units = "space", "units of x"
        if self.pairs.homogeneous:
            role, units = "homogeneous", "units of x, about the origin"
        return Outcome(
            blocks=(Block(role, 0, self.pairs.size, units),),
            candidates=self.space,
            extras={**self.extras, **(extras or {})},
            device=str(self.pairs.device),
            **parts,
        )

    def _pictures(self, model: Model, t: torch.Tensor) -> dict[str, np.ndarray]:
        """Arrays for the plots: where the residual lies, and on a grid what the first generator does."""
        pairs = self.pairs
        shape, d = pairs.data.space_shape, pairs.data.d
        block = pairs.take(torch.arange(min(SHOWN, pairs.count)))
        carried = flow(model.generators, t[: len(block.x)], eigen_of(model)).act(block.x, 1.0)
        left = ((block.y - carried) ** 2).mean((0, 1))[:d].double().cpu().numpy()
        if len(shape) != 2:
            return {"residual_map": left}
        first = Model(model.generators[:1], model.spread[:1, :1], model.variance)
        turns = np.linspace(-2.0, 2.0, TURNS) * float(first.spread[0, 0]) ** 0.5
        images = block.x[:EXAMPLES]
        turned = []
        for turn in turns:
            by = torch.full((len(images), 1), float(turn), dtype=pairs.dtype, device=pairs.device)
            moved = flow(first.generators, by, eigen_of(first)).act(images, 1.0)
            turned.append(moved[:, 0, :d].double().cpu().numpy().reshape(-1, *shape))
        return {"residual_map": left.reshape(shape), "turned": np.stack(turned, axis=1), "turned_by": turns}


def open_question(matrices: np.ndarray, t: np.ndarray, values: int) -> str | None:
    """Why passing the trials would not yet show a group of these generators, or None.

    Args:
        matrices: (k, m, m). t: (n, k). values: numbers of y a pair.
    """
    bins = max(len(t) // 5, 20)
    if all(np.mean(np.histogram(column, bins)[0] == 0) > CLUSTERED for column in t.T):
        return "their coefficients t take a few values only: the pairs show these maps, not the group between them"
    k = len(matrices)
    if k > 1 and values <= 2 * k:
        added = completion(matrices, 2 * k + 2)
        if added is None or len(added):
            return (
                f"they do not close under brackets, and pairs of {values} numbers can be explained by many spans of "
                f"{k} generators"
            )
    return None
