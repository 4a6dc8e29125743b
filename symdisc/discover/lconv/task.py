"""The search and the held-out test of generators of pairs, as one resumable task."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ...algebra import principal_angles
from ...errors import InputError, ResourceError
from ..batches import BATCHES, batch_numbers, too_few
from ..candidates import candidates_of, low_rank
from ..device import SMALLEST, device_of, out_of_memory, released
from ..method import Given, Outcome
from ..settings import Settings
from ..task import Progress
from .count import Held, ahead, best_count, held_out, most_generators, nothing, settled
from .fixed import FixedMap, fixed_map
from .flow import Eigen
from .model import Model, normalised, principal
from .pairs import Pairs
from .result import Report, Trials
from .search import Found, Reach, finish, located, search
from .sizes import SMALL
from .space import Space

if TYPE_CHECKING:
    from ...data import DataSet
    from .method import LConvOptions

COUNT_PAIRS = 20000
EXACT, NEARLY = 1e-10, 1e-6


class PairsTask:
    """Count, search, hold out: every stage is kept, so a stopped run goes on with the one it was in."""

    def __init__(self, data: DataSet, settings: Settings, options: LConvOptions, given: Given | None) -> None:
        self.data, self.settings, self.options, self.given = data, settings, options, given
        self.device = torch.device(device_of(settings.device))
        self.dtype = torch.float32 if settings.dtype == "float32" else torch.float64
        spec, self.rank = low_rank(settings.candidates or "linear")
        self.candidates = candidates_of(spec, data)
        self.pairs = Pairs(data, self.device, self.dtype, self.candidates.affine)
        self.space = Space(self.candidates, self.device, self.dtype)
        described = self.candidates.to_dict()
        if self.rank is not None:
            described["space"] = settings.candidates
        self.report = Report(self.pairs, described, self.rank)
        self._check()
        self._kept: dict[str, np.ndarray] = {}
        self._progress = Progress("reading", 0, 1)
        self._steps = self._run()
        self._outcome: Outcome | None = None

    def _check(self) -> None:
        names = self.data.names
        if self.settings.output_action is not None:
            raise InputError(
                f"--output-action {self.settings.output_action}: kind pairs asks what takes x to y, not how a function "
                "y = f(x) moves; say --kind labelled, or leave it out"
            )
        if self.options.folds < 2:
            raise InputError("--set lconv.folds: at least 2")
        if self.data.samples < 40:
            raise InputError(f"{names['x']}: {self.data.samples} pairs; at least 40 are needed to hold some out")
        if self.given is not None:
            role = "homogeneous" if self.candidates.affine else "space"
            part = self.given.part(role)
            if part is None or part.shape[1] != self.pairs.size:
                shown = 0 if part is None else part.shape[1]
                raise InputError(
                    f"--generators: they act on {shown} coordinates ({role}), the pairs have {self.pairs.size}"
                )
        wanted, most = self.settings.generators, min(self.space.dimension, self.pairs.values - 1)
        if self.given is None and wanted is not None and wanted > most:
            raise InputError(
                f"--generators {wanted}: pairs of {self.pairs.values} numbers and {self.space.dimension} candidates "
                f"can show at most {most}"
            )
        if self.options.solver == "network" and self.settings.generators is None and self.given is None:
            raise InputError("--set lconv.solver=network: say how many generators, --generators K")

    # Steps and their memory.

    def advance(self) -> bool:
        """One step of the search; the stage begins again, with smaller blocks, where the device is too small.

        Raises:
            ResourceError: it is too small for the smallest blocks.
        """
        try:
            self._progress = next(self._steps)
        except StopIteration:
            return False
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            self._shrink()
        return True

    def _shrink(self) -> None:
        if self.pairs.shrink >= SMALLEST:
            raise ResourceError(
                f"{self.data.names['x']}: {self.device} has too little free memory for {self.pairs.size} columns; take "
                "fewer, or --device cpu"
            )
        self.pairs = replace(self.pairs, shrink=8 * self.pairs.shrink)
        self.report.pairs = self.pairs
        released(self.device)
        self._steps = self._run()

    def progress(self) -> Progress:
        """Stage, k and residual."""
        return self._progress

    def state(self) -> dict[str, np.ndarray]:
        """What the finished stages found."""
        return dict(self._kept)

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Back to the finished stages; the one that was cut short starts again."""
        self._kept = {name: np.array(value) for name, value in state.items()}
        self._steps = self._run()

    def _known(self, name: str) -> Found | None:
        if f"{name}/generators" not in self._kept:
            return None
        kept = {key: self._kept[f"{name}/{key}"] for key in ("generators", "spread", "variance", "t", "rows")}
        model = Model(self._back(kept["generators"]), self._back(kept["spread"]), float(kept["variance"]))
        return Found(model, self._back(kept["t"]), torch.from_numpy(kept["rows"]))

    def _keep(self, name: str, found: Found) -> None:
        model = found.model
        self._kept[f"{name}/generators"] = model.generators.cpu().numpy()
        self._kept[f"{name}/spread"] = model.spread.cpu().numpy()
        self._kept[f"{name}/variance"] = np.array(model.variance)
        self._kept[f"{name}/t"] = found.t.cpu().numpy()
        self._kept[f"{name}/rows"] = found.rows.cpu().numpy()

    def _back(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(self.device, self.dtype)

    # The stages.

    def _run(self) -> Iterator[Progress]:
        yield Progress("reading pairs", 0, 1)
        self.batch = self._batches()
        refused = self._refused()
        if refused:
            self._outcome = self.report.nothing(refused)
            return
        if self.given is not None:
            yield from self._judge_given(self.given)
            return
        # k is chosen on no more pairs than that takes; all of them are used once it is known.
        count = self.data.samples
        chosen = np.unique(np.linspace(0, count - 1, min(count, COUNT_PAIRS)).astype(np.int64))
        sample = self.pairs.subset(torch.from_numpy(chosen))
        train, test = self._split(self.batch[chosen])
        fixed = fixed_map(sample, train, test)
        early = self._one_map_at_sight(sample, train, test, fixed)
        if early is not None:
            self._outcome = early
            return
        found, held = yield from self._counted(sample, train, test)
        if found is None:
            self._outcome = self.report.nothing(nothing(len(self._kept["likelihood"]) - 1))
            return
        k = found.model.count
        if not ahead(held.likelihood, fixed.likelihood(sample.values)):
            self._outcome = self._no_better_than(fixed, k)
            return
        whole = yield from self._whole(found, k)
        yield from self._held_out(whole)

    def _refused(self) -> str | None:
        """Why these pairs cannot be judged at all, or None.

        Raises:
            InputError: values that cannot be squared.
        """
        size = moved = seen = 0.0
        for block in self.pairs.blocks():
            seen = max(seen, float(block.x.abs().max()))
            size = max(size, seen, float(block.y.abs().max()))
            moved = max(moved, float((block.y - block.x).abs().max()))
        if size > 1e100 or 0 < size < 1e-100:
            raise InputError(
                f"{self.data.names['x']}: values of size {size:.0e}, whose squares float64 cannot hold; rescale them"
            )
        few = too_few(np.bincount(self.batch, minlength=BATCHES).astype(float))
        if few:
            return few
        if any(not (self.batch % self.options.folds == fold).any() for fold in range(self.options.folds)):
            return "some held-out parts would be empty; take fewer, --set lconv.folds"
        if not moved > 0:
            return "y equals x in every pair: nothing moves"
        return None if seen > 0 else "x is zero in every pair: no matrix moves it"

    def _one_map_at_sight(
        self, sample: Pairs, train: torch.Tensor, test: torch.Tensor, fixed: FixedMap
    ) -> Outcome | None:
        """The outcome where one map leaves nothing but rounding, or was asked for."""
        always = self.options.map == "always"
        if always or (self.options.map != "never" and fixed.residual < EXACT * fixed.size):
            return self._one_map()
        if not self.candidates.affine:
            shifted = fixed_map(sample, train, test, shifted=True)
            if shifted.residual < EXACT * shifted.size:
                return self.report.nothing(
                    "one map y = R x + b relates all pairs, and no linear one does; use --candidates affine"
                )
        return None

    def _no_better_than(self, fixed: FixedMap, k: int) -> Outcome:
        """A group says no more of held-out pairs than one map: that map, or y has nothing to do with x."""
        if self.options.map != "never" and fixed.residual < min(0.25 * fixed.moved, 0.1 * fixed.size):
            return self._one_map()
        return self.report.nothing(
            f"{k} generator{'s' * (k > 1)} explain{'s' * (k == 1)} held-out pairs no better than one linear map does, "
            f"and that leaves {fixed.residual / fixed.size:.2g} of |y|^2"
        )

    def _one_map(self) -> Outcome:
        return self.report.one_map(fixed_map(self.pairs, *self._split(self.batch)))

    def _whole(self, found: Found, k: int) -> Generator[Progress, None, Found]:
        """The model refined on all pairs, its generators in the order of how widely t spreads."""
        whole = self._known("whole")
        if whole is not None:
            return whole
        everything = torch.arange(self.data.samples)
        if self.options.solver == "network":
            found = yield from self._trained("whole network", self.pairs, everything, k)
        else:
            for step in finish(self.pairs, everything, found, self.space):
                found = step
                yield self._said("all pairs", found, 0.6)
        model, t = principal(found.model, found.t)
        whole = Found(self._low(model), t, found.rows)
        self._keep("whole", whole)
        return whole

    def _split(self, batch: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Numbers of the pairs without a tenth of the batches, and of that tenth."""
        chosen = np.arange(len(batch))
        held = batch % 10 == 0
        if held.all() or not held.any():
            raise InputError(
                f"{self.data.names['x']}: too few sources of pairs to hold some of them out; "
                "give finer --group ids, or none"
            )
        return torch.from_numpy(chosen[~held]), torch.from_numpy(chosen[held])

    def _batches(self) -> np.ndarray:
        """(n,) batch of every pair."""
        batch = np.empty(self.data.samples, dtype=np.intp)
        if not self.data.has_group:
            return batch_numbers(0, self.data.samples, None, self.settings.seed)
        for chunk in self.data.chunks(0, np.float64):
            part = slice(chunk.start, chunk.start + len(chunk.x))
            batch[part] = batch_numbers(chunk.start, len(chunk.x), chunk.group, self.settings.seed)
        return batch

    def _counted(
        self, pairs: Pairs, train: torch.Tensor, test: torch.Tensor
    ) -> Generator[Progress, None, tuple[Found | None, Held]]:
        """k by held-out likelihood unless it was given, the model of that k and how it does on held-out pairs."""
        base = held_out(pairs, test, None)
        held = [base]
        models: list[Found | None] = [None]
        wanted = self.settings.generators
        most = most_generators(pairs, self.space.dimension, len(train))
        if wanted is None and most == 0:
            raise InputError(
                f"{self.data.names['x']}: {len(train)} pairs of {pairs.values} numbers are too few to learn a "
                f"generator of {self.space.dimension} unknowns; give more pairs, or restrict --candidates"
            )
        reach = Reach.of(pairs)
        for k in [wanted] if wanted is not None else range(1, min(most, self.options.most) + 1):
            if self.options.solver == "network":
                found: Found | None = yield from self._trained("network", pairs, train, k)
            else:
                found = self._known(f"count/{k}")
            if found is None:
                for found in search(pairs, reach, train, k, self.space, short=True):
                    yield self._said(f"{k} generator{'s' * (k > 1)}", found, 0.5 * (k - 1) / (k + 1))
                assert found is not None
                left = held_out(pairs, test, found).variance
                if wanted is None and EXACT * base.variance < left < NEARLY * base.variance:
                    # A few steps show whether nothing is left; a search for one more generator takes minutes.
                    for better in finish(pairs, train, found, self.space):
                        yield self._said(f"{k} generator{'s' * (k > 1)}", better, 0.5 * (k - 1) / (k + 1))
                        found = better
                self._keep(f"count/{k}", found)
            held.append(held_out(pairs, test, found))
            models.append(found)
            if wanted is None and (settled([h.likelihood for h in held]) or held[-1].variance < EXACT * base.variance):
                break
        likelihoods = [h.likelihood for h in held]
        self._kept["likelihood"] = np.array([values.mean() for values in likelihoods])
        self.report.extras["heldout_likelihood"] = self._kept["likelihood"]
        chosen = 1 if wanted is not None else best_count(likelihoods)
        return models[chosen], held[chosen]

    def _trained(self, name: str, pairs: Pairs, rows: torch.Tensor, k: int) -> Generator[Progress, None, Found]:
        """A model from the network form."""
        from .network import Network
        from .network_options import NetworkOptions

        known = self._known(name)
        if known is not None:
            return known
        own = ("epochs", "layers", "width", "closure", "orthogonality")
        network = Network(
            pairs.size,
            pairs.channels,
            k,
            NetworkOptions(**{name: getattr(self.options, name) for name in own}),
            basis=None if self.space.full or self.rank is not None else self.candidates.basis,
            rank=self.rank,
            device=str(self.device),
            seed=self.settings.seed,
        )

        def chunks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for block in pairs.blocks(rows):
                yield block.x.transpose(1, 2).cpu().numpy(), block.y.transpose(1, 2).cpu().numpy()

        for epoch in range(self.options.epochs):
            loss = network.step(chunks)
            yield Progress(name, epoch + 1, self.options.epochs, f"{k} generators, relative loss {loss:.3g}")
        generators = self._back(network.generators())
        t = torch.cat([self._back(network.coefficients(x, y)) for x, y in chunks()])
        model = Model(generators, t.T @ t / len(t), 0.0)
        found = Found(model, located(pairs, rows, model, t)[0], rows)
        self._keep(name, found)
        return found

    def _low(self, model: Model) -> Model:
        """Generators cut to the rank that was asked for."""
        if self.rank is None:
            return model
        left, values, right = torch.linalg.svd(model.generators)
        values[:, self.rank :] = 0.0
        cut = (left * values[:, None, :]) @ right
        return normalised(cut, cut.new_zeros((0, model.count)), model.spread, model.variance)[0]

    def _held_out(self, whole: Found) -> Iterator[Progress]:
        """Refit without each part of the pairs, and look at that part."""
        k, n = whole.model.count, self.data.samples
        residual, explained = np.zeros(n), np.zeros((k, n))
        angles = []
        reach = 1.3 * float(whole.t.abs().max())
        for fold in range(self.options.folds):
            name = f"fold/{fold}"
            test = torch.from_numpy(np.flatnonzero(self.batch % self.options.folds == fold))
            if f"{name}/residual" not in self._kept:
                rest = np.ones(n, dtype=bool)
                rest[test.numpy()] = False
                train = torch.from_numpy(np.flatnonzero(rest))
                found = whole
                share = 0.7 + 0.3 * fold / self.options.folds
                if self.options.solver == "network":
                    found = yield from self._trained(f"{name} network", self.pairs, train, k)
                else:
                    for found in finish(self.pairs, train, whole, self.space, 4):
                        yield self._said(f"held-out part {fold + 1} of {self.options.folds}", found, share)
                model = self._low(aligned(found.model, whole.model))
                values = self._held_values(model, test, reach, self._near(whole, test))
                self._kept[f"{name}/residual"], self._kept[f"{name}/explained"] = values
                self._kept[f"{name}/angle"] = np.array(_angle(model, whole.model))
            residual[test.numpy()] = self._kept[f"{name}/residual"]
            explained[:, test.numpy()] = self._kept[f"{name}/explained"]
            angles.append(float(self._kept[f"{name}/angle"]))
            yield Progress("held-out parts", fold + 1, self.options.folds, f"angle {angles[-1]:.2g} deg")
        t = self._near(whole, torch.arange(n))
        if t is None:
            t = located(self.pairs, torch.arange(n), whole.model, reach=reach)[0]
        trials = Trials(residual, explained, self.batch, float(np.median(angles)))
        self._outcome = self.report.generators(whole.model, t, trials)

    def _near(self, found: Found, rows: torch.Tensor) -> torch.Tensor | None:
        """(r, k): coefficients of these pairs where large matrices have them all; others are soon sought anew."""
        known = self.pairs.size > SMALL and found.model.count > 1 and len(found.rows) == self.data.samples
        return found.t[rows.to(found.t.device)] if known else None

    def _held_values(
        self, model: Model, rows: torch.Tensor, reach: float, start: torch.Tensor | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """R (r,) of the whole model and S (k, r), what it grows by without each generator; t of R from a start."""
        size = located(self.pairs, rows, model, start, reach)[1]
        parts = []
        for i in range(model.count):
            others = [j for j in range(model.count) if j != i]
            if not others:
                without = torch.cat([((b.y - b.x) ** 2).sum((1, 2)) for b in self.pairs.blocks(rows)])
            else:
                spread = model.spread[others][:, others]
                rest = Model(model.generators[others], spread, model.variance)
                without = located(self.pairs, rows, rest, reach=reach)[1]
            parts.append((without - size).double().cpu().numpy())
        return size.double().cpu().numpy(), np.stack(parts)

    def _judge_given(self, given: Given) -> Iterator[Progress]:
        """Given generators on all pairs: nothing is fitted but t."""
        part = given.part("homogeneous" if self.candidates.affine else "space")
        assert part is not None
        generators = self._back(np.ascontiguousarray(part))
        k = len(generators)
        moved = size = 0.0
        for block in self.pairs.blocks():
            moved += float(((block.y - block.x) ** 2).sum())
            size += sum(float(((block.x @ g.T) ** 2).sum()) for g in generators) / k
        variance = 1e-6 * moved / (self.data.samples * self.pairs.values)
        spread = max(moved / max(size, np.finfo(float).tiny), 1e-300)
        model = Model(generators, spread * torch.eye(k, dtype=self.dtype, device=self.device), variance)
        yield Progress("given generators", 0, 1, f"{k} generators")
        # Well inside the 8 standard deviations that `locate` allows; of t and t + a full turn the nearer one.
        everything, reach = torch.arange(self.data.samples), 6 * spread**0.5
        if k == 1:
            reach = min(reach, Eigen(generators[0]).turn / 2)
        residual, explained = self._held_values(model, everything, reach)
        t = located(self.pairs, everything, model, reach=reach)[0]
        self._outcome = self.report.generators(model, t, Trials(residual, explained, self.batch, None))

    def outcome(self) -> Outcome:
        """The generators with their trials, one map, or nothing."""
        assert self._outcome is not None
        return self._outcome

    def _said(self, stage: str, found: Found, share: float) -> Progress:
        return Progress(stage, share, 1.0, f"{found.stage}, noise variance {found.model.variance:.3g}")


def aligned(model: Model, onto: Model) -> Model:
    """The same span in the basis nearest to another model's (Procrustes): generator i stays generator i."""
    overlap = onto.generators.reshape(onto.count, -1) @ model.generators.reshape(model.count, -1).T
    left, _, right = torch.linalg.svd(overlap)
    turn = left @ right
    generators = torch.einsum("ij,jab->iab", turn, model.generators).contiguous()
    return Model(generators, turn @ model.spread @ turn.T, model.variance)


def _angle(a: Model, b: Model) -> float:
    """Degrees between two spans."""
    angles = principal_angles(a.generators.double().cpu().numpy(), b.generators.double().cpu().numpy())
    return float(np.max(angles))
