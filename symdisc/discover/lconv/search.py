"""The search for k generators: annealed starts on near pairs, then windows that grow until all pairs are inside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from .anneal import anneal, expect
from .flow import Eigen, images
from .invariants import invariant_start
from .model import Model, normalised
from .pairs import Block, Pairs
from .quadratic import regularised
from .refine import FAR, SLIGHT, factor_of, locate, refine
from .sizes import SMALL
from .space import Space

FRACTIONS = (0.04, 0.08, 0.15, 0.3, 0.6, 1.0)
GROWTH = 1.5
SURE = 2.0
MOST = 0.8
# So many windows, each wider by GROWTH, have to take in more pairs, until they hold a few of them.
IDLE = 4
FEW = 0.4
STILL = 1e-24
ROUNDS = 8
TRIES = 3
HEAVY = 5e7
LABORIOUS = 3e8
RESTARTS = 16
STRAYS = 0.1
FINE = 1e-8
STALLED = 0.8
# Change of the generators, of norm 1, at which steps end; what a step of large matrices leaves is far smaller still.
ACCURACY = 3e-7
LARGE_ACCURACY = 3e-6
# A change of the generators after which pairs further out are no risk; and noise that is none, as a share of y^2.
SETTLED = 1e-2
EXACT = 1e-10
START_NUMBERS = 2**23
ANNEAL_FLOOR = 3e-3


@dataclass(frozen=True)
class Reach:
    """How far pairs lie apart: |y - x|^2 / |m|^2 and (|x|^2 + |y|^2) / 2, each (n,)."""

    distance: torch.Tensor
    energy: torch.Tensor

    @staticmethod
    def of(pairs: Pairs) -> Reach:
        """One pass over all pairs."""
        distance, energy = torch.empty(pairs.count), torch.empty(pairs.count)
        distance, energy = distance.to(pairs.dtype), energy.to(pairs.dtype)
        for block in pairs.blocks():
            middle = (((block.x + block.y) / 2) ** 2).sum((1, 2))
            moved = ((block.y - block.x) ** 2).sum((1, 2))
            distance[block.at] = (moved / middle.clamp(min=torch.finfo(pairs.dtype).tiny)).cpu()
            energy[block.at] = (((block.x**2).sum((1, 2)) + (block.y**2).sum((1, 2))) / 2).cpu()
        return Reach(distance, energy)


@dataclass(frozen=True)
class Found:
    """A model with the coefficients (r, k) of the pairs `rows` (r,) that it was fitted to."""

    model: Model
    t: torch.Tensor
    rows: torch.Tensor
    stage: str = ""


def search(
    pairs: Pairs, reach: Reach, rows: torch.Tensor, k: int, space: Space, *, short: bool = False
) -> Iterator[Found]:
    """Yields ever better models of the pairs `rows`; the last one is the result.

    Args:
        rows: numbers of the pairs to learn from, sorted.
        short: stop when the model is good enough to be compared with others.
    """
    near = rows[torch.argsort(reach.distance[rows], stable=True)]
    # Pairs that do not move at all have nothing to teach, and would pass for the nearest.
    near = near[reach.distance[near] > STILL]
    annealed = starts(pairs, near, k, space)
    yield annealed[0]
    # A quick look at one generator of large samples does without windows in t: they cost more than all else.
    heavy = short and len(rows) * pairs.channels * pairs.size**2 > HEAVY
    if k > 1 or heavy:
        yield from widening(pairs, near, annealed[0], space, short)
        return
    best = annealed[0]
    for number, start in enumerate(annealed[:TRIES]):
        for found in windows(pairs, reach, rows, start, space, short):
            yield found
        best = found if number == 0 or len(found.rows) > len(best.rows) else best
        if len(best.rows) >= MOST * len(rows):
            break
    yield best


def starts(pairs: Pairs, near: torch.Tensor, k: int, space: Space) -> list[Found]:
    """Annealed models of several fractions of the nearest pairs; first the one that leaves least on the nearest."""
    unknown = min(space.dimension, pairs.size * pairs.values) * k
    most = START_NUMBERS // (pairs.channels * pairs.size)
    test = pairs.take(torch.sort(near[: max(20, min(len(near) // 5, most))])[0])
    test_middle, test_moved = (test.x + test.y) / 2, test.y - test.x
    scored: list[tuple[float, Found]] = []
    sizes = sorted({min(most, max(20, int(f * len(near)))) for f in FRACTIONS})
    equations = max(1, pairs.values - k)
    if len(near) * pairs.values * pairs.size * k > LABORIOUS:
        # One start has to do: few pairs, since the mid-point model holds for near ones, but not too few.
        sizes = [s for s in sizes if s * equations >= 2 * SURE * unknown][:1] or sizes[-1:]
    sizes = [s for s in sizes if s * equations >= SURE * unknown][:5] or sizes[-1:]
    for size in sizes:
        chosen = torch.sort(near[:size])[0]
        block = pairs.take(chosen)
        middle, moved = (block.x + block.y) / 2, block.y - block.x
        generators, variance = anneal(k, middle, moved, space, pairs.values, floor=ANNEAL_FLOOR)
        identity = torch.eye(k, dtype=middle.dtype, device=middle.device)
        left = expect(generators, identity, variance, test_middle, test_moved).residual
        score = float(left.sum())
        posterior = expect(generators, identity, variance, middle, moved)
        second = posterior.covariance + posterior.mean[:, :, None] * posterior.mean[:, None, :]
        model, t = normalised(generators, posterior.mean, second.mean(0), variance)
        scored.append((score, Found(model, t, chosen, "start")))
    return [found for _, found in sorted(scored, key=lambda pair: pair[0])]


def windows(pairs: Pairs, reach: Reach, rows: torch.Tensor, start: Found, space: Space, short: bool) -> Iterator[Found]:
    """One generator: t by a search over a grid, the pairs sorted by |t|, and a window in |t| that grows.

    Distance saturates and wraps, so the pairs near in |t| under the present model are the ones to learn from next.
    """
    model = start.model
    window = 0.8 * float(start.t.abs().max())
    energy = reach.energy[rows]
    found = start
    counts: list[int] = []
    stuck = False
    for _ in range(24):
        before = math.inf
        for _ in range(3):
            t, left = grid_search(pairs, rows, model, window)
            further, less = grid_search(pairs, rows, model, 1.5 * window)
            fits, more = left < 0.6 * energy, less < 0.6 * energy
            # A group that comes round again fits the same pairs further out: that is no reason to go there.
            if float(fits.double().mean()) < MOST or int(more.sum()) > int(fits.sum()):
                t, left, fits = further, less, more
            inside = fits & (t[:, 0].abs() <= window)
            if int(inside.sum()) * pairs.values < 2 * pairs.size:
                window *= 1.2
                continue
            chosen = rows[inside]
            for step in refine(pairs, chosen, model, t[inside], space, iterations=2, inner=10):
                found = Found(step.model, step.t, chosen, f"window of {len(chosen)} pairs")
            model = found.model
            if model.variance > 0.8 * before:
                break
            before = model.variance
        yield found
        whole = not bool((fits & (t[:, 0].abs() > window)).any())
        counts.append(int(inside.sum()))
        stuck = idle(counts, len(rows))
        if whole or stuck or window * Eigen(model.generators[0]).radius > 80:
            break
        window *= GROWTH
    t, left = grid_search(pairs, rows, model, 1.1 * float(found.t.abs().max()))
    fits = left < 0.6 * energy
    if float(fits.double().mean()) < MOST:
        # Too few near pairs to grow from: ask what the group keeps instead.
        other = invariant_start(pairs, rows)
        if other is not None:
            size = other[0].norm()
            wide = Model((other[0] / size)[None], (other[1] * size).square()[None, None] / 3, model.variance)
            t_wide, left_wide = grid_search(pairs, rows, wide, 1.05 * other[1] * float(size))
            fits_wide = left_wide < 0.6 * energy
            if int(fits_wide.sum()) > int(fits.sum()):
                model, t, fits = wide, t_wide, fits_wide
    for _ in range(ROUNDS):
        before, count = model.variance, int(fits.sum())
        if count < 20 or (stuck and count < FEW * len(rows)):
            break
        for step in refine(pairs, rows[fits], model, t[fits], space, iterations=3, inner=12, accuracy=1e-3):
            model = step.model
            found = Found(model, step.t, rows[fits], f"{count} pairs")
        yield found
        t, left = grid_search(pairs, rows, model, 1.1 * float(found.t.abs().max()))
        fits = left < 0.6 * energy
        if step.change < 1e-3 or (int(fits.sum()) <= count and model.variance > 0.9 * before):
            break
    if not short and int(fits.sum()) >= 20:
        for step in refine(pairs, rows[fits], model, t[fits], space, iterations=10, inner=40, accuracy=LARGE_ACCURACY):
            found = Found(step.model, step.t, rows[fits], "all pairs")
            yield found


def idle(counts: list[int], most: int) -> bool:
    """Whether windows grow without taking in more pairs, of which there are plenty: these share no group."""
    return len(counts) > IDLE and counts[-1] < GROWTH * counts[-1 - IDLE] and counts[-1] < FEW * most


def grid_search(pairs: Pairs, rows: torch.Tensor, model: Model, reach: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(r, 1) coefficients and (r,) squared residuals |y - exp(t L) x|^2, t on a grid within +-reach."""
    eigen = Eigen(model.generators[0])
    t = torch.zeros((len(rows), 1), dtype=pairs.dtype, device=pairs.device)
    left = torch.full((len(rows),), math.inf, dtype=pairs.dtype, device=pairs.device)
    steps = 2 * math.ceil(min(1.2 * reach * eigen.radius, 200.0)) + 1
    for block in pairs.blocks(rows):
        at = block.at
        if not eigen.sound:
            t[at], left[at] = locate(block, model, torch.zeros_like(t[at]), 12)
            continue
        values = torch.linspace(-reach, reach, steps, dtype=pairs.dtype, device=pairs.device)
        if pairs.size <= SMALL:
            left[at], chosen = eigen.residuals(block.x, block.y, values).min(1)
            t[at] = values[chosen][:, None]
            continue
        inside = eigen.into(block.x)
        for value in values.tolist():
            turned = eigen.back(inside * torch.exp(value * eigen.values))
            size = ((block.y - turned) ** 2).sum((1, 2))
            better = size < left[at]
            t[at] = torch.where(better[:, None], torch.full_like(t[at], value), t[at])
            left[at] = torch.where(better, size, left[at])
    return t, left.cpu()


def widening(pairs: Pairs, near: torch.Tensor, start: Found, space: Space, short: bool) -> Iterator[Found]:
    """Several generators: the nearest pairs first, then more and more of them, until all are in.

    Large matrices learn from few pairs as long as they learn anything: a step costs what its pairs cost.
    """
    model, rows, t = start.model, start.rows, start.t
    small = pairs.size <= SMALL
    t = located(pairs, rows, model, t)[0] if small else t
    size = len(rows)
    while True:
        whole = size >= len(near)
        iterations = 14 if whole or not small else 3
        accuracy = LARGE_ACCURACY if not small else 1e-3 if short and not whole else ACCURACY
        nodes = 1 if model.count == 1 else None
        before, step = math.inf, None
        for step in refine(pairs, rows, model, t, space, iterations=iterations, accuracy=accuracy, nodes=nodes):
            model = step.model
            still, before = model.variance > STALLED * before, model.variance
            yield Found(model, step.t, rows, f"{len(rows)} pairs")
            if still and (short or not (whole or small)):
                break
        if whole:
            return
        if short and not small and model.variance < EXACT * float((pairs.take(rows[:100]).y ** 2).mean()):
            # Nothing but rounding is left: all pairs would say the same.
            return
        size = min(len(near), (4 if not small and step is not None and step.change < SETTLED else 2) * size)
        rows = torch.sort(near[:size])[0]
        t = first_guess(pairs, rows, model)


def locate_widely(
    block: Block, model: Model, t: torch.Tensor, rough: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """`locate`, and pairs that stay far off are sought again from starts drawn from the prior of t."""
    small = block.x.shape[2] <= SMALL
    rounds = 10 if small else 6
    t, left = locate(block, model, t, rounds, rough)
    if model.count == 1:
        return t, left
    energy = (block.y**2).sum((1, 2))
    root = torch.linalg.cholesky(regularised(model.spread, 1e-10))
    generator = torch.Generator().manual_seed(model.count)
    restarts = RESTARTS if small else 2
    for attempt in range(restarts + 1):
        last = attempt == restarts
        stray = left > FAR * left.median()
        far = torch.nonzero(stray if last else stray & (left > SLIGHT * energy))[:, 0]
        # Where many are far off, the model is wrong, not their t; unless it is all but exact.
        exact = last and bool(left.median() < FINE * energy.median())
        if not 0 < len(far) <= (len(t) if exact else STRAYS * len(t)):
            continue
        draws = torch.randn((len(far), model.count), generator=generator, dtype=torch.float64).to(t) @ root.T
        part = Block(slice(0, len(far)), block.x[far], block.y[far])
        # The last round is patience: pairs that are near but slow to settle.
        patience = 8 if last and small else 2
        again, size = locate(part, model, t[far] if last else draws, patience * rounds, rough)
        better = size < left[far]
        t[far] = torch.where(better[:, None], again, t[far])
        left[far] = torch.where(better, size, left[far])
    return t, left


def located(
    pairs: Pairs,
    rows: torch.Tensor,
    model: Model,
    t: torch.Tensor | None = None,
    reach: float = 0.0,
    rough: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Coefficients (r, k) and squared residuals (r,) of these pairs under a model.

    Args:
        t: (r, k) where to start; None: from the mid-point model, or for one generator from a search within +-reach.
        rough: of large matrices, as well as single precision tells.
    """
    if t is None and model.count == 1:
        t = grid_search(pairs, rows, model, reach)[0]
    found = torch.empty((len(rows), model.count), dtype=pairs.dtype, device=pairs.device)
    left = torch.empty(len(rows), dtype=pairs.dtype, device=pairs.device)
    for block in pairs.blocks(rows):
        start = t[block.at] if t is not None else at_once(block, model)
        found[block.at], left[block.at] = locate_widely(block, model, start, rough)
    return found, left


def at_once(block: Block, model: Model) -> torch.Tensor:
    """(b, k): coefficients by the linear mid-point model."""
    jacobian = images(model.generators, (block.x + block.y) / 2).flatten(2)
    factor = factor_of(jacobian @ jacobian.transpose(1, 2), model)
    return torch.cholesky_solve(jacobian @ (block.y - block.x).flatten(1)[:, :, None], factor)[:, :, 0]


def first_guess(pairs: Pairs, rows: torch.Tensor, model: Model) -> torch.Tensor:
    """(r, k): coefficients good enough for the next steps, which improve on them; more would cost what they do."""
    if pairs.size <= SMALL:
        return located(pairs, rows, model)[0]
    return torch.cat([at_once(block, model) for block in pairs.blocks(rows)])


def _continued(pairs: Pairs, rows: torch.Tensor, found: Found) -> torch.Tensor:
    """(r, k): coefficients as they were found, and those of pairs that are new."""
    if pairs.size <= SMALL:
        return located(pairs, rows, found.model)[0]
    t = found.t.new_empty((len(rows), found.model.count))
    _, at, where = np.intersect1d(rows.numpy(), found.rows.numpy(), return_indices=True)
    t[torch.from_numpy(at)] = found.t[torch.from_numpy(where)]
    fresh = torch.from_numpy(np.setdiff1d(np.arange(len(rows)), at))
    if len(fresh):
        t[fresh] = located(pairs, rows[fresh], found.model, rough=True)[0]
    return t


def finish(pairs: Pairs, rows: torch.Tensor, found: Found, space: Space, iterations: int = 14) -> Iterator[Found]:
    """Refine a model on these pairs, wherever it was found; yields after every step."""
    model = found.model
    if model.count == 1:
        t, left = grid_search(pairs, rows, model, 1.3 * float(found.t.abs().max()))
        energy = torch.cat([((b.x**2).sum((1, 2)) + (b.y**2).sum((1, 2))) / 2 for b in pairs.blocks(rows)]).cpu()
        fits = left < 0.6 * energy
        if int(fits.sum()) >= 20:
            rows, t = rows[fits], t[fits.to(t.device)]
    else:
        t = _continued(pairs, rows, found)
    inner = 40 if model.count == 1 else 12
    if not pairs.in_memory:
        # Every iteration reads the files again, and the start is good: it comes from many pairs.
        iterations, inner = min(iterations, 4), 6
    accuracy = ACCURACY if pairs.size <= SMALL else LARGE_ACCURACY
    for step in refine(pairs, rows, model, t, space, iterations=iterations, inner=inner, accuracy=accuracy):
        yield Found(step.model, step.t, rows, f"{len(rows)} pairs, change {step.change:.1e}")
