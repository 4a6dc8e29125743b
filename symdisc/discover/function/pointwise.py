"""A function given from Python: its own gradient at every sample, so pointwise rows without an error of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...errors import InputError
from ...symmetry import Verdict
from ..batches import BATCHES
from ..evidence import PointwiseEvidence
from ..method import Given, Outcome
from ..rows import DenseForms
from ..settings import Settings
from ..task import Progress
from .actions import Actions
from .frame import Frame
from .task import FunctionTask
from .weak import ROWS_A_CANDIDATE, Axes, Degrees, in_frame

if TYPE_CHECKING:
    from ...data import DataSet
    from .method import FunctionOptions

BLOCK = 4096
FLOOR = 0.01
MOST_CANDIDATES = 2500
ROUNDING = 1e-7


def values_of(function: Callable[..., Any], x: Any) -> np.ndarray:
    """(n,) or (n, c) values of a torch function at x (n, d).

    Raises:
        InputError: x is not (n, d), or the function does not give one row a sample.
    """
    if not callable(function):
        raise InputError(f"function: a callable that takes a tensor (n, d) is needed, not {type(function).__name__}")
    points = np.asarray(x)
    if points.ndim != 2 or not np.issubdtype(points.dtype, np.number):
        raise InputError(f"function: x must be an array of numbers (n, d), not of shape {points.shape}")
    values = [
        _called(function, torch.from_numpy(np.ascontiguousarray(points[low : low + BLOCK])), False)[1]
        for low in range(0, len(points), BLOCK)
    ]
    return np.concatenate([part.detach().cpu().numpy() for part in values]).astype(float)


def gradient_of(function: Callable[..., Any], x: np.ndarray) -> np.ndarray:
    """(n, c, d) by automatic differentiation, a block of samples at a time; samples must not see one another."""
    found = []
    for low in range(0, len(x), BLOCK):
        points, values = _called(function, torch.from_numpy(np.ascontiguousarray(x[low : low + BLOCK])), True)
        columns = values.reshape(len(values), -1)
        each = [
            torch.autograd.grad(columns[:, a].sum(), points, retain_graph=a + 1 < columns.shape[1])[0]
            for a in range(columns.shape[1])
        ]
        found.append(torch.stack(each, dim=1).detach().cpu().numpy().astype(float))
    return np.concatenate(found)


def _called(function: Callable[..., Any], points: torch.Tensor, slope: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The points as the function wants them, and its values."""
    known = next(iter(function.parameters()), None) if isinstance(function, torch.nn.Module) else None
    points = points.to(torch.float64) if known is None else points.to(known.device, known.dtype)
    points.requires_grad_(slope)
    with torch.set_grad_enabled(slope):
        values = function(points)
    if not isinstance(values, torch.Tensor) or values.ndim not in (1, 2) or len(values) != len(points):
        shape = tuple(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
        raise InputError(f"function: it must take a tensor (n, d) and return (n,) or (n, c), not {shape}")
    if slope and not values.requires_grad:
        raise InputError("function: its values do not depend on x by torch operations, so they have no gradient")
    return points, values


class PointwiseTask(FunctionTask):
    """The function's gradient at every sample; nothing is fitted."""

    def __init__(self, data: DataSet, settings: Settings, options: FunctionOptions, given: Given | None) -> None:
        super().__init__(data, settings, options, given)
        assert settings.function is not None
        self.function = settings.function

    def _classes(self, columns: int) -> np.ndarray | None:
        return None

    def _enough(self, candidates: int) -> Degrees | None:
        """Every sample is a row of its own; the degrees are not used."""
        rows = len(self.x) * self.frame.s
        return Degrees(0, 0) if candidates <= MOST_CANDIDATES and ROWS_A_CANDIDATE * candidates <= rows else None

    def advance(self) -> bool:
        """A chunk."""
        if self._read < self.data.samples:
            self._take()
            return True
        return False

    def progress(self) -> Progress:
        """Samples read."""
        return Progress("reading", self._read, self.data.samples)

    def state(self) -> dict[str, np.ndarray]:
        """Nothing: data are read again."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Nothing to go back to."""

    def outcome(self) -> Outcome:
        """Pointwise evidence."""
        outcome = Outcome(self.blocks, self.space, device=self.device)
        outcome.unused = self.leading_out + self.unseen
        outcome.notes = [*self._notes_on_data(), "f was given: no error of a model enters, and none is allowed for"]
        outcome.extras = {"output_centre": self.frame.centre}
        silent = self._silent()
        if silent is not None:
            outcome.nothing, outcome.nothing_verdict = silent, Verdict.INCONCLUSIVE
            return outcome
        slopes = gradient_of(self.function, self.x)
        gradient = np.einsum("sc,ncd,dr->nsr", self.frame.reduce, slopes, self.frame.root, optimize=True)
        identity, as_output = self._identity()
        shown = gradient - identity * as_output[:, :-1]
        axes = Axes.of(np.stack([shown, shown]), np.ones(len(shown)), self.settings.tolerance)
        if not len(axes.sizes):
            outcome.nothing, outcome.nothing_verdict = "f does not change with x", Verdict.INCONCLUSIVE
            return outcome
        outcome.extras["gradient_energy"] = axes.energy
        if len(axes.sizes) < self.frame.r:
            outcome.notes.append(self._unused_note(len(axes.sizes)))
        actions, ignored = self._used(axes)
        outcome.unused += ignored
        outcome.evidence = pointwise_evidence(
            self.z, self.u, gradient, self.batch, actions, self.frame, axes, identity, as_output
        )
        return outcome


def pointwise_evidence(
    z: np.ndarray,
    u: np.ndarray,
    gradient: np.ndarray,
    batch: np.ndarray,
    actions: Actions,
    frame: Frame,
    axes: Axes,
    identity: float,
    as_output: np.ndarray,
) -> PointwiseEvidence:
    """Mean squared rows  grad f . (L x + b) - L_c f  and their terms, every sample in units of its own size.

    Only level sets matter, so a sample's row is divided by |grad f| |x| + |f|, one scale for the whole row.

    Args:
        z: (n, r); u: (n, s); gradient: (n, s, r); batch: (n,); the rest as in `weak_evidence`.
    """
    space, output, same = in_frame(actions, frame)
    ones = np.ones((len(z), 1))
    points, values = np.concatenate([z, ones], axis=1), np.concatenate([u, ones], axis=1)
    count, k = axes.vectors.shape[1], len(space)
    left = (gradient - identity * as_output[:, :-1]) @ (axes.vectors / axes.sizes)
    right = np.einsum("ia,kij->kaj", axes.vectors * axes.sizes, space)
    steep = (left**2).sum(axis=(1, 2)) / count
    offset = (frame.inverse @ frame.mean)[None] + z
    far = ((offset @ (axes.vectors * axes.sizes)) ** 2).sum(axis=1)
    if np.abs(actions.space[:, :, -1]).max(initial=0.0) > 0:
        far = far + (axes.sizes**2).sum()
    size = steep * far
    if actions.moves_output:
        size = size + ((u - identity * points @ as_output.T) ** 2).sum(axis=1)
    weight = 1 / (size + FLOOR * size.mean())
    violation, denominator = np.zeros((BATCHES, k, k)), np.zeros((BATCHES, k, k))
    weights = np.bincount(batch, minlength=BATCHES).astype(float)
    multiple = identity * as_output[:, :-1]
    # Along axes on which f does not change its slope is that of the multiple of x in it.
    active = multiple + (gradient - multiple) @ (axes.vectors @ axes.vectors.T)
    for b in np.unique(batch):
        mine = batch == b
        moved = np.einsum("kij,nj->nik", space, points[mine], optimize=True)
        turned = np.einsum("ksj,nj->nsk", output, values[mine], optimize=True)
        rows = (np.einsum("nsi,nik->nsk", active[mine], moved, optimize=True) - turned).reshape(-1, k)
        part = np.repeat(weight[mine], frame.s)[:, None] / mine.sum()
        violation[b] = rows.T @ (rows * part)
        apart = np.einsum("kaj,nj->nak", right, points[mine], optimize=True).reshape(-1, k)
        denominator[b] = apart.T @ (apart * np.repeat((weight * steep)[mine], count)[:, None] / mine.sum())
        if actions.moves_output:
            turned = (turned - identity * np.einsum("ksj,nj->nsk", same, points[mine])).reshape(-1, k)
            denominator[b] += turned.T @ (turned * part)
    # What is zero but for rounding is as large in every batch, not wherever rounding happened to be worst.
    violation += ROUNDING**2 * denominator
    return PointwiseEvidence(DenseForms(violation), None, DenseForms(denominator), weights, actions.matrices)
