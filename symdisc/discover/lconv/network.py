"""Recursive L-conv as a network: y = (I + A / N)^N x, A = sum_i t_i(x, y) L_i, with learnable L_i and an encoder of t.

Source: Dehmamy et al., Automatic Symmetry Discovery with Lie Algebra Convolutional Network, section 4 ("Learning
symmetries using L-conv") and appendix C.3; Dehmamy et al., Lie Algebra Convolutional Networks with Automatic Symmetry
Extraction, section 3 (low rank, regularisers).

Four things the papers do not have make it recover generators: a spectral start, an encoder that begins at the
least-squares t of the current L_i, training on the nearest pairs first, and layers of higher order. `start="random"`,
`encoder="mlp"`, `nearest=1`, `order=1` is the papers' network. The sizes |L_i| are fixed by the first pass over the
pairs, which makes t of order 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ...recursion import closure_penalty, flow, images, orthogonality_penalty
from ..device import device_of
from .network_options import NetworkOptions
from .network_start import distance, spectral_start
from .network_weights import Parametrisation, orthonormal, whole

if TYPE_CHECKING:
    from torch import Tensor

Chunks = Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]
"""A new pass over the pairs at each call: x and y, both (b, d, m)."""

DISTANCES_A_CHUNK = 10_000
QUANTILES = np.linspace(0, 1, 201)
FORGET = 0.9
FARTHEST = 1e30


class Network:
    """Recursive L-conv with its encoder, trained by Adam one epoch a call.

    On a CPU the result depends on data, options, seed and number of threads alone.

    Attributes:
        epoch: passes made.
        options: as given.
    """

    def __init__(
        self,
        d: int,
        m: int,
        k: int,
        options: NetworkOptions | None = None,
        *,
        basis: Any = None,
        rank: int | None = None,
        generators: np.ndarray | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        seed: int = 0,
    ) -> None:
        """Random weights, or given generators to start from.

        Args:
            d: dimension of the space acted on; m: channels sharing the action; k: generators.
            options: of the training.
            basis: (d d, K) sparse, orthonormal columns: where generators are looked for; None: all matrices.
            rank: R, for L_i = U_i V_i^T with (d, R) factors; not together with a basis.
            generators: (k, d, d) to start from in place of `options.start`, projected on the basis or cut to the rank;
                only directions are used.
            device: of torch; dtype: `float32` or `float64`.
            seed: of the weights and of the order of the pairs.

        Raises:
            InputError: sizes that do not fit, both basis and rank, a device that is not there.
        """
        import torch

        self.options = options or NetworkOptions()
        if min(d, m, k) < 1:
            raise InputError(f"d, m, k = {d}, {m}, {k}: all must be 1 or more")
        if basis is not None and rank is not None:
            raise InputError("both a candidate space and a rank are given; choose one")
        if basis is not None and basis.shape[0] != d * d:
            raise InputError(f"the candidate space acts on {math.isqrt(basis.shape[0])} dimensions, the data have {d}")
        if rank is not None and not 1 <= rank <= d:
            raise InputError(f"rank {rank}: it must be from 1 to {d}")
        if generators is not None and np.shape(generators) != (k, d, d):
            raise InputError(f"generators to start from have shape {np.shape(generators)}; needed: {(k, d, d)}")
        if dtype not in ("float32", "float64"):
            raise InputError(f"dtype {dtype!r}: it must be float32 or float64")
        self.d, self.m, self.k, self.rank, self.seed = d, m, k, rank, seed
        self._device, self._type = torch.device(device_of(device)), getattr(torch, dtype)
        self._forms = Parametrisation(d, k, basis, rank, self._device, self._type)
        start = self._start(generators, np.random.default_rng((seed, 0)))
        self._spectral = self.options.start == "spectral" and generators is None
        self._weights: dict[str, Tensor] = {
            name: torch.from_numpy(value).to(self._device, self._type).requires_grad_() for name, value in start.items()
        }
        self._adam = torch.optim.Adam(list(self._weights.values()), lr=self.options.learning_rate)
        self.epoch = 0
        # Of the first pass: means and scales of the encoder's inputs, size of t, quantiles of |y - x| / |x|.
        self._means = np.zeros(2 * d * m)
        self._scales = np.ones(2 * d * m)
        self._size = 1.0
        self._distances = np.zeros(len(QUANTILES))
        self._noise = 0.0

    def step(self, chunks: Chunks) -> float:
        """One epoch: Adam once over the admitted pairs, nearest pairs only in the first half.

        Args:
            chunks: a new pass over the pairs, x and y (b, d, m) each, at every call. Pairs are shuffled within a
                chunk; those with y = x are passed over; the spectral start sees the first chunk alone.

        Returns:
            The mean of sum |y - y_network|^2 / sum |y - x|^2 over batches.

        Raises:
            InputError: pairs of another shape, pairs that do not move at all, training that diverges.
        """
        import torch

        if self.epoch == 0:
            self._survey(chunks)
        rate = 0.5 * self.options.learning_rate * (1 + math.cos(math.pi * min(1, self.epoch / self.options.epochs)))
        for group in self._adam.param_groups:
            group["lr"] = rate
        reach = self._reach()
        losses: list[float] = []
        for number, (x, y) in enumerate(chunks()):
            self._check(x, y)
            far = distance(x, y)
            near = np.flatnonzero((far > 0) & (far <= reach))
            if not len(near):
                continue
            order = np.random.default_rng((self.seed, 1, self.epoch, number)).permutation(near)
            for rows in np.array_split(order, -(-len(order) // self.options.batch)):
                losses.append(self._descend(self._tensor(x[rows]), self._tensor(y[rows])))
        if not losses or not math.isfinite(sum(losses)):
            raise InputError(
                f"the network diverged in epoch {self.epoch + 1}; use a smaller learning_rate or more layers"
            )
        with torch.no_grad():
            if not all(bool(torch.isfinite(weight).all()) for weight in self._weights.values()):
                raise InputError(f"the network diverged in epoch {self.epoch + 1}; use a smaller learning_rate")
        self.epoch += 1
        return float(np.mean(losses))

    def generators(self) -> np.ndarray:
        """(k, d, d) float64, orthonormal in the Frobenius product, spanning the learned L_i."""
        return self._orthonormal()[0]

    def coefficients(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(n, k): t of each pair in the basis of `generators()`: y_n is near exp(sum_i t_ni L_i) x_n.

        Args:
            x, y: (n, d, m).
        """
        found = np.concatenate([t for t, _ in self._evaluate(x, y)])
        return found @ self._orthonormal()[1].T

    def predict(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(n, d, m): what the network makes of x, with t read from the pair (x, y), both (n, d, m)."""
        return np.concatenate([made for _, made in self._evaluate(x, y)])

    def state(self) -> dict[str, np.ndarray]:
        """All that training goes on from: weights, moments of Adam, epoch, what the first pass measured."""
        found: dict[str, np.ndarray] = {
            "epoch": np.array(self.epoch),
            "means": self._means.copy(),
            "scales": self._scales.copy(),
            "size": np.array(self._size),
            "distances": self._distances.copy(),
            "noise": np.array(self._noise),
        }
        for name, weight in self._weights.items():
            moments = self._adam.state.get(weight, {})
            found[f"weights.{name}"] = weight.detach().cpu().numpy().copy()
            for key, value in moments.items():
                found[f"adam.{key}.{name}"] = value.detach().cpu().numpy().copy()
        return found

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from `state()` of a network made with the same arguments; on a CPU, to the same bits.

        Raises:
            InputError: the state is of another network.
        """
        import torch

        for name, weight in self._weights.items():
            if f"weights.{name}" not in state or state[f"weights.{name}"].shape != tuple(weight.shape):
                raise InputError(f"the saved state is of another network ({name} differs); start again without it")
        self.epoch = int(state["epoch"])
        self._means, self._scales = np.array(state["means"]), np.array(state["scales"])
        self._size, self._noise = float(state["size"]), float(state["noise"])
        self._distances = np.array(state["distances"])
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(torch.from_numpy(np.array(state[f"weights.{name}"])))
                self._adam.state[weight] = {
                    key.split(".", 2)[1]: torch.from_numpy(np.array(value)).to(
                        "cpu" if key.startswith("adam.step.") else self._device
                    )
                    for key, value in state.items()
                    if key.startswith("adam.") and key.split(".", 2)[2] == name
                }

    def _start(self, given: np.ndarray | None, rng: np.random.Generator) -> dict[str, np.ndarray]:
        d, k = self.d, self.k
        weights = self._forms.directions(self._forms.drawn(rng) if given is None else given)
        inputs = 2 * d * self.m + (k + 1 if self.options.encoder == "projection" else 0)
        widths = [inputs, *[self.options.width] * self.options.hidden, k]
        for number, (a, b) in enumerate(pairwise(widths)):
            last = number == len(widths) - 2
            zero = last and self.options.encoder == "projection"
            weights[f"encoder.{number}"] = rng.standard_normal((b, a)) * (0 if zero else 1 / math.sqrt(a))
            weights[f"bias.{number}"] = np.zeros(b)
        return weights

    def _survey(self, chunks: Chunks) -> None:
        """The first pass: scales of x and y - x, the size of t, the distances of pairs."""
        n, sums, squares, distances = 0, np.zeros(2 * self.d * self.m), np.zeros(2 * self.d * self.m), []
        for x, y in chunks():
            self._check(x, y)
            if n == 0 and self._spectral and len(x):
                self._set_start(spectral_start(x, y, self.k))
            rows = np.concatenate([x.reshape(len(x), -1), (y - x).reshape(len(x), -1)], axis=1).astype(np.float64)
            n += len(x)
            sums += rows.sum(axis=0)
            squares += (rows**2).sum(axis=0)
            far = distance(x, y)
            far = np.minimum(far[far > 0], FARTHEST)
            distances.append(far[:: max(1, -(-len(far) // DISTANCES_A_CHUNK))])
        if n == 0:
            raise InputError("there are no pairs to train on")
        half = len(sums) // 2
        if not squares[half:].any():
            raise InputError("y equals x in every pair: there is nothing to learn a generator from")
        self._means = sums / n
        spread = np.sqrt(np.maximum(squares / n - self._means**2, 0))
        self._scales = np.where(spread > 1e-6 * spread.max(), spread, 1.0)
        # |L_i| = size sqrt(d) makes |L_i x| about |y - x|, so that t is of order 1.
        self._size = math.sqrt(squares[half:].sum() / squares[:half].sum() / self.k) if squares[:half].any() else 1.0
        self._distances = np.quantile(np.concatenate(distances), QUANTILES)
        self._noise = float(squares[half:].mean() / n)

    def _set_start(self, generators: np.ndarray | None) -> None:
        """Replace the random directions where the spectral ones exist in the candidate space."""
        import torch

        if generators is None:
            return
        try:
            start = self._forms.directions(generators)
        except InputError:
            return
        with torch.no_grad():
            for name, value in start.items():
                self._weights[name].copy_(torch.from_numpy(value))

    def _reach(self) -> float:
        """The largest |y - x| / |x| admitted in this epoch."""
        share = self.options.nearest ** max(0.0, 1 - 2 * self.epoch / self.options.epochs)
        return math.inf if share >= 1 else float(np.interp(share, QUANTILES, self._distances))

    def _descend(self, x: Tensor, y: Tensor) -> float:
        import torch

        factors = self._factors()
        made = flow(factors, self._encode(factors, x, y), x, self.options.layers, self.options.order)
        moved = ((y - x) ** 2).mean()
        error = ((y - made) ** 2).mean()
        loss = error / (moved + torch.finfo(self._type).tiny)
        if self.options.closure or self.options.orthogonality:
            full = whole(factors)
            if self.options.closure:
                loss = loss + self.options.closure * closure_penalty(full)
            if self.options.orthogonality:
                loss = loss + self.options.orthogonality * orthogonality_penalty(full, self.options.form)
        self._adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self._weights.values()), self.options.clip)
        self._adam.step()
        left, size = float(error.detach()), float(moved)
        self._noise = FORGET * self._noise + (1 - FORGET) * min(left, size)
        return left / (size + float(torch.finfo(self._type).tiny))

    def _encode(self, factors: tuple[Tensor, Tensor | None], x: Tensor, y: Tensor) -> Tensor:
        """(n, k): t of the pairs x, y (d, n, m)."""
        import torch

        n = x.shape[1]
        rows = torch.cat([x.permute(1, 0, 2).reshape(n, -1), (y - x).permute(1, 0, 2).reshape(n, -1)], dim=1)
        means, scales = (torch.from_numpy(a).to(rows) for a in (self._means, self._scales))
        inputs, base = (rows - means) / scales, None
        if self.options.encoder == "projection":
            with torch.no_grad():
                base = self._project(factors, x, y)
                far = torch.linalg.vector_norm(y - x, dim=(0, 2)) / self._size
                near = torch.linalg.vector_norm(x + y, dim=(0, 2)) / 2
                distance = torch.where(near > 0, far / near.clamp_min(torch.finfo(self._type).tiny), 0).clamp_max(10)
            inputs = torch.cat([inputs, base, distance[:, None]], dim=1)
        last = self.options.hidden
        for number in range(last + 1):
            inputs = torch.nn.functional.linear(
                inputs, self._weights[f"encoder.{number}"], self._weights[f"bias.{number}"]
            )
            if number < last:
                inputs = torch.nn.functional.silu(inputs)
        return inputs if base is None else base + inputs

    def _project(self, factors: tuple[Tensor, Tensor | None], x: Tensor, y: Tensor) -> Tensor:
        """(n, k): least squares y - x = sum_i t_i L_i (x + y) / 2 with prior t ~ N(0, I), as in methods of EM type."""
        import torch

        seen = images(factors, (x + y) / 2).permute(2, 0, 1, 3).flatten(2)
        gram = seen @ seen.transpose(1, 2)
        ridge = self._noise + 1e-6 * gram.diagonal(dim1=1, dim2=2).mean(1) + torch.finfo(self._type).tiny
        gram = gram + ridge[:, None, None] * torch.eye(self.k, dtype=self._type, device=self._device)
        target = seen @ (y - x).permute(1, 0, 2).flatten(1)[:, :, None]
        return torch.linalg.solve(gram, target)[:, :, 0]

    def _factors(self) -> tuple[Tensor, Tensor | None]:
        """The L_i at their fixed sizes, as `act` wants them."""
        return self._forms.factors(self._weights, self._size * math.sqrt(self.d))

    def _orthonormal(self) -> tuple[np.ndarray, np.ndarray]:
        """The L_i as (k, d, d) orthonormal matrices times (k, k): A = sum_j (mix t)_j Q_j."""
        import torch

        with torch.no_grad():
            return orthonormal(whole(self._factors()).cpu().numpy().astype(np.float64))

    def _evaluate(self, x: np.ndarray, y: np.ndarray) -> Iterable[tuple[np.ndarray, np.ndarray]]:
        import torch

        self._check(x, y)
        with torch.no_grad():
            factors = self._factors()
            for first in range(0, max(len(x), 1), self.options.batch):
                rows = slice(first, first + self.options.batch)
                inputs, outputs = self._tensor(x[rows]), self._tensor(y[rows])
                t = self._encode(factors, inputs, outputs)
                made = flow(factors, t, inputs, self.options.layers, self.options.order).permute(1, 0, 2)
                yield t.cpu().numpy().astype(np.float64), made.cpu().numpy()

    def _tensor(self, x: np.ndarray) -> Tensor:
        """(d, n, m) on the device: one matrix product then acts on all pairs and channels."""
        import torch

        rows = np.moveaxis(x, 1, 0).astype(str(self._type).removeprefix("torch."), order="C")
        return torch.from_numpy(rows).to(self._device)

    def _check(self, x: np.ndarray, y: np.ndarray) -> None:
        for name, array in (("x", x), ("y", y)):
            if array.ndim != 3 or array.shape[1:] != (self.d, self.m) or len(array) != len(x):
                raise InputError(
                    f"{name} has shape {array.shape}; the network wants ({len(x)}, {self.d}, {self.m}), the pairs first"
                )
