"""The search and the held-out test of generators of pairs, as one resumable task."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ...algebra import completion, principal_angles
from ...errors import InputError
from ...symmetry import Block, Verdict
from ..batches import BATCHES, batch_numbers, too_few
from ..candidates import candidates_of, low_rank
from ..method import Constructed, Given, Outcome
from ..settings import Settings
from ..task import Progress
from ..verdict import Found as Judged
from .count import Held, ahead, best_count, held_out, most_generators, nothing, settled
from .fixed import fixed_map, logarithm
from .model import Model, normalised, principal
from .pairs import Pairs
from .search import Found, Reach, finish, located, relocated, search
from .space import Space
from .trials import generator_trial

if TYPE_CHECKING:
    from ...data import DataSet
    from .method import LConvOptions

COUNT_PAIRS = 20000
EXAMPLES = 4
TURNS = 5
EXACT = 1e-10
CLUSTERED = 0.75


class PairsTask:
    """Count, search, hold out: every stage is kept, so a stopped run goes on with the one it was in."""

    def __init__(self, data: DataSet, settings: Settings, options: LConvOptions, given: Given | None) -> None:
        self.data, self.settings, self.options, self.given = data, settings, options, given
        self.device = _device(settings.device)
        self.dtype = torch.float32 if settings.dtype == "float32" else torch.float64
        spec, self.rank = low_rank(settings.candidates or "linear")
        self.candidates = candidates_of(spec, data)
        self.pairs = Pairs(data, self.device, self.dtype, self.candidates.affine)
        self.space = Space(self.candidates, self.device, self.dtype)
        self._check()
        self._kept: dict[str, np.ndarray] = {}
        self._progress = Progress("reading", 0, 1)
        self._steps = self._run()
        self._outcome: Outcome | None = None

    def _check(self) -> None:
        names = self.data.names
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
        """One step of the search."""
        try:
            self._progress = next(self._steps)
        except StopIteration:
            return False
        return True

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
        data = self.data
        yield Progress("reading pairs", 0, 1)
        self.batch = self._batches()
        everything = torch.arange(data.samples)
        few = too_few(np.bincount(self.batch, minlength=BATCHES).astype(float))
        folds = min(self.options.folds, int(self.batch.max()) + 1)
        if few or any(not (self.batch % folds == fold).any() for fold in range(folds)):
            self._outcome = self._empty(few or "some held-out parts would be empty; take fewer --set lconv.folds")
            return
        size = max(float(block.x.abs().max().maximum(block.y.abs().max())) for block in self.pairs.blocks())
        if size > 1e100 or 0 < size < 1e-100:
            raise InputError(
                f"{data.names['x']}: values of size {size:.0e}, whose squares float64 cannot hold; rescale them"
            )
        if self.given is not None:
            yield from self._judge_given(everything)
            return
        # k is chosen on no more pairs than that takes; all of them are used once it is known.
        chosen = np.unique(np.linspace(0, data.samples - 1, min(data.samples, COUNT_PAIRS)).astype(np.int64))
        sample = self.pairs.subset(torch.from_numpy(chosen))
        reach = Reach.of(sample)
        if not float(reach.distance.max()) > 0:
            self._outcome = self._empty("y equals x in every pair: nothing moves")
            return
        train, test = self._split(self.batch[chosen])
        fixed = fixed_map(sample, train, test)
        single = self.options.map != "never"
        shifted = fixed_map(sample, train, test, shifted=True)
        if not self.candidates.affine and shifted.residual < min(EXACT * shifted.size, 1e-3 * fixed.residual):
            self._outcome = self._empty(
                "one map y = R x + b relates all pairs, and no linear one does; use --candidates affine"
            )
            return
        if self.options.map == "always" or (single and fixed.residual < EXACT * fixed.size):
            self._outcome = self._one_map()
            return
        if self.options.solver == "network":
            found: Found | None = yield from self._trained("network", sample, train, self.settings.generators or 1)
            likelihoods: list[np.ndarray] = []
            group = held_out(sample, test, found)
        else:
            found, likelihoods, group = yield from self._counted(sample, reach, train, test)
        if found is None:
            self._outcome = self._empty(nothing(len(likelihoods) - 1))
            return
        k = found.model.count
        if not ahead(group.likelihood, fixed.likelihood(sample.values)):
            # One map says as much of the pairs as a group does, or y has nothing to do with x.
            related = single and fixed.residual < min(0.25 * fixed.moved, 0.1 * fixed.size)
            reason = (
                f"{k} generator{'s' * (k > 1)} explain{'s' * (k == 1)} held-out pairs no better than one linear map "
                f"does, and that leaves {fixed.residual / fixed.size:.2g} of |y|^2"
            )
            self._outcome = self._one_map() if related else self._empty(reason)
            return
        whole = self._known("whole")
        if whole is None:
            if self.options.solver == "network":
                last = yield from self._trained("whole network", self.pairs, everything, k)
            else:
                for last in finish(self.pairs, everything, found, self.space):
                    yield self._said("all pairs", last, 0.6)
            model, t = principal(last.model, last.t)
            whole = Found(self._low(model), t, last.rows)
            self._keep("whole", whole)
        yield from self._held_out(whole, everything)

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
        self, pairs: Pairs, reach: Reach, train: torch.Tensor, test: torch.Tensor
    ) -> Generator[Progress, None, tuple[Found | None, list[np.ndarray], Held]]:
        """k by held-out likelihood, and the model of that k."""
        base = held_out(pairs, test, None)
        likelihoods, held = [base.likelihood], [base]
        models: list[Found | None] = [None]
        wanted = self.settings.generators
        most = most_generators(pairs, self.space.dimension, len(train))
        if wanted is None and most == 0:
            raise InputError(
                f"{self.data.names['x']}: {len(train)} pairs of {pairs.values} numbers are too few to learn a "
                f"generator of {self.space.dimension} unknowns; give more pairs, or restrict --candidates"
            )
        counts = [wanted] if wanted is not None else range(1, min(most, self.options.most) + 1)
        for k in counts:
            name = f"count/{k}"
            found = self._known(name)
            if found is None:
                for found in search(pairs, reach, train, k, self.space, short=True):
                    yield self._said(f"{k} generator{'s' * (k > 1)}", found, 0.5 * (k - 1) / (k + 1))
                assert found is not None
                self._keep(name, found)
            held.append(held_out(pairs, test, found))
            likelihoods.append(held[-1].likelihood)
            models.append(found)
            if wanted is None and (settled(likelihoods) or held[-1].variance < EXACT * base.variance):
                break
        self._kept["likelihood"] = np.array([values.mean() for values in likelihoods])
        chosen = 1 if wanted is not None else best_count(likelihoods)
        return models[chosen], likelihoods, held[chosen]

    def _trained(self, name: str, pairs: Pairs, rows: torch.Tensor, k: int) -> Generator[Progress, None, Found]:
        """A model from the network form."""
        from .network import Network, NetworkOptions

        known = self._known(name)
        if known is not None:
            return known
        chosen = NetworkOptions(
            epochs=self.options.epochs,
            layers=self.options.layers,
            width=self.options.width,
            closure=self.options.closure,
            orthogonality=self.options.orthogonality,
        )
        basis = None if self.space.full else self.candidates.basis
        network = Network(
            pairs.size,
            pairs.channels,
            k,
            chosen,
            basis=basis if self.rank is None else None,
            rank=self.rank,
            device=str(self.device),
            seed=self.settings.seed,
        )

        def chunks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for block in pairs.blocks(rows):
                yield (
                    block.x.transpose(1, 2).cpu().numpy(),
                    block.y.transpose(1, 2).cpu().numpy(),
                )

        for epoch in range(self.options.epochs):
            loss = network.step(chunks)
            yield Progress(name, epoch + 1, self.options.epochs, f"{k} generators, relative loss {loss:.3g}")
        generators = self._back(network.generators())
        t = torch.cat(
            [
                self._back(
                    network.coefficients(block.x.transpose(1, 2).cpu().numpy(), block.y.transpose(1, 2).cpu().numpy())
                )
                for block in pairs.blocks(rows)
            ]
        )
        model = Model(generators, t.T @ t / len(t), 0.0)
        found = Found(model, relocated(pairs, rows, model, t), rows)
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

    def _held_out(self, whole: Found, everything: torch.Tensor) -> Iterator[Progress]:
        """Refit without each part of the pairs, and look at that part."""
        k, n = whole.model.count, self.data.samples
        residual, explained = np.zeros(n), np.zeros((k, n))
        angles = []
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
                values = self._held_values(model, test, 1.3 * float(whole.t.abs().max()))
                self._kept[f"{name}/residual"], self._kept[f"{name}/explained"] = values
                self._kept[f"{name}/angle"] = np.array(_angle(model, whole.model))
            residual[test.numpy()] = self._kept[f"{name}/residual"]
            explained[:, test.numpy()] = self._kept[f"{name}/explained"]
            angles.append(float(self._kept[f"{name}/angle"]))
            yield Progress("held-out parts", fold + 1, self.options.folds, f"angle {angles[-1]:.2g} deg")
        self._outcome = self._found(whole, everything, residual, explained, float(np.median(angles)))

    def _held_values(self, model: Model, rows: torch.Tensor, limit: float) -> tuple[np.ndarray, np.ndarray]:
        """R (r,) of the whole model and S (k, r), what it grows by without each generator."""
        _, size = located(self.pairs, rows, model, limit)
        parts = []
        for i in range(model.count):
            others = [j for j in range(model.count) if j != i]
            if not others:
                without = torch.cat([((b.y - b.x) ** 2).sum((1, 2)) for b in self.pairs.blocks(rows)])
            else:
                spread = model.spread[others][:, others]
                without = located(self.pairs, rows, Model(model.generators[others], spread, model.variance), limit)[1]
            parts.append((without - size).double().cpu().numpy())
        return size.double().cpu().numpy(), np.stack(parts)

    def _judge_given(self, everything: torch.Tensor) -> Iterator[Progress]:
        """Given generators on all pairs: nothing is fitted but t."""
        assert self.given is not None
        part = self.given.part("homogeneous" if self.candidates.affine else "space")
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
        limit = 10 * spread**0.5
        residual, explained = self._held_values(model, everything, limit)
        t = located(self.pairs, everything, model, limit)[0]
        whole = Found(model, t, everything)
        self._outcome = self._found(whole, everything, residual, explained, None)

    # The result.

    def outcome(self) -> Outcome:
        """The generators with their trials."""
        assert self._outcome is not None
        self._outcome.device = str(self.device)
        return self._outcome

    def _found(
        self,
        whole: Found,
        everything: torch.Tensor,
        residual: np.ndarray,
        explained: np.ndarray,
        angle: float | None,
    ) -> Outcome:
        model, k = whole.model, whole.model.count
        free = max(self.pairs.values - k, 1)
        trials = [generator_trial(residual, row, free, self.batch) for row in explained]
        weights = np.bincount(self.batch, minlength=BATCHES).astype(float)
        matrices = model.generators.double().cpu().numpy()
        t = located(self.pairs, everything, model, 1.3 * float(whole.t.abs().max()))[0]
        noise = float(np.sqrt(residual.mean() / free))
        notes = [
            f"t is the coefficient of a generator of Frobenius norm 1; its root mean square is "
            f"{', '.join(f'{value:.3g}' for value in t.square().mean(0).sqrt().tolist())}",
            f"what the generators leave of y has a standard deviation of {noise:.3g} a number",
        ]
        if self.rank is not None:
            notes.append(
                f"generators were cut to rank {self.rank}: good for classification, not for recovery; the generators "
                "of turned images have nearly full rank"
            )
        if self.pairs.values <= 2 * k:
            notes.append(
                f"{k} generators for {self.pairs.values} numbers a pair: much of what they explain they could explain "
                "in any pairs"
            )
        extras = {"coefficients": t.double().cpu().numpy()}
        extras.update(self._pictures(model, t, residual))
        if "likelihood" in self._kept:
            extras["heldout_likelihood"] = self._kept["likelihood"]
        return Outcome(
            blocks=(self._block(),),
            candidates=self._space(),
            found=Judged(matrices, trials, weights, angle, given=self.given is not None),
            necessary=self._open_question(matrices, extras["coefficients"]),
            extras=extras,
            notes=notes,
        )

    def _open_question(self, matrices: np.ndarray, t: np.ndarray) -> str | None:
        """Why passing the trials would not yet show a group of these generators, or None."""
        if self.given is not None:
            return None
        bins = max(len(t) // 5, 20)
        empty = [np.mean(np.histogram(column, bins)[0] == 0) for column in t.T]
        if all(share > CLUSTERED for share in empty):
            return "their coefficients t take a few values only: the pairs show these maps, not the group between them"
        k = len(matrices)
        if k > 1 and self.pairs.values <= 2 * k:
            added = completion(matrices, 2 * k + 2)
            if added is None or len(added):
                return (
                    f"they do not close under brackets, and pairs of {self.pairs.values} numbers can be explained by "
                    f"many spans of {k} generators"
                )
        return None

    def _pictures(self, model: Model, t: torch.Tensor, residual: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays for the plots: examples before and after, and where the residual lies."""
        shape = self.data.space_shape
        d = self.data.d
        block = self.pairs.take(torch.arange(min(2000, self.data.samples)))
        one = Model(model.generators[:1], model.spread[:1, :1], model.variance)
        from .refine import eigen_of, flow

        carried = flow(model.generators, t[block.rows.to(t.device)], eigen_of(model)).act(block.x, 1.0)
        left = ((block.y - carried) ** 2).mean((0, 1))[:d].double().cpu().numpy()
        extras = {"residual_map": left.reshape(shape) if len(shape) == 2 else left}
        if len(shape) != 2:
            return extras
        first = block.x[:EXAMPLES]
        size = float(one.spread[0, 0]) ** 0.5
        rows = []
        for share in np.linspace(-2.0, 2.0, TURNS):
            turn = torch.full((len(first), 1), float(share) * size, dtype=self.dtype, device=self.device)
            turned = flow(one.generators, turn, eigen_of(one)).act(first, 1.0)
            rows.append(turned[:, 0, :d].double().cpu().numpy().reshape(-1, *shape))
        extras["turned"] = np.stack(rows, axis=1)
        extras["turned_by"] = np.linspace(-2.0, 2.0, TURNS) * size
        return extras

    def _one_map(self) -> Outcome:
        fixed = fixed_map(self.pairs, *self._split(self.batch))
        log = logarithm(fixed.matrix[: self.data.d, : self.data.d])
        if self.candidates.affine:
            log = logarithm(fixed.matrix)
        size = float(np.linalg.norm(log.matrix))
        share = (fixed.residual / fixed.size) ** 0.5 if fixed.size > 0 else 0.0
        reason = (
            f"one linear map R says as much of the pairs as a group does (it leaves {share:.2g} of |y|): the pairs "
            "show R alone, not the group that it would generate"
        )
        exact = "its real logarithm" if log.exact else "the nearest generator"
        notes = [f"{exact}: {log.reason}; |exp(L) - R| / |R| = {log.misfit:.2g}"]
        return Outcome(
            blocks=(self._block(),),
            candidates=self._space(),
            constructed=Constructed(
                generators=(log.matrix / size if size > 0 else log.matrix)[None],
                defect=np.array([max(log.misfit, (fixed.residual / fixed.moved) ** 0.5 if fixed.moved > 0 else 0.0)]),
                reason=reason,
                canonical=log.matrix[None],
            ),
            extras={"map": fixed.matrix, "coefficients": np.array([[size]])},
            notes=notes,
        )

    def _empty(self, reason: str) -> Outcome:
        extras = {"heldout_likelihood": self._kept["likelihood"]} if "likelihood" in self._kept else {}
        return Outcome(
            blocks=(self._block(),),
            candidates=self._space(),
            nothing=reason,
            nothing_verdict=Verdict.INCONCLUSIVE,
            extras=extras,
        )

    def _block(self) -> Block:
        if self.candidates.affine:
            return Block("homogeneous", 0, self.pairs.size, "units of x, about the origin")
        return Block("space", 0, self.pairs.size, "units of x")

    def _space(self) -> dict[str, object]:
        described = self.candidates.to_dict()
        if self.rank is not None:
            described["space"] = self.settings.candidates or ""
        return described

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


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"--device {name}: auto, cpu or cuda[:i]") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"--device {name}: torch sees no GPU here; use auto or cpu")
    return device
