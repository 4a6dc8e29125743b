"""Training one model: Adam along a cosine, the weights with the least error on a validation part kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..options import option

Loss = Callable[[Tensor, Tensor], Tensor]
CLIP = 1.0


@dataclass(frozen=True)
class Training:
    """Options of the training."""

    epochs: int = option(300, "passes over the training part, unless `steps` are fewer")
    steps: int = option(6000, "most steps of the optimiser")
    batch: int = option(256, "samples a step")
    rate: float = option(0.003, "learning rate of Adam at the start; falls to zero along a cosine")
    decay: float = option(0.0, "weight decay of Adam (decoupled)")

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        for name in ("epochs", "steps", "batch"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        if not 0 < self.rate < math.inf or not 0 <= self.decay < math.inf:
            raise InputError(f"rate is {self.rate:g} and decay {self.decay:g}; above 0, and at least 0")

    def passes(self, samples: int) -> int:
        """Epochs for so many samples."""
        return max(1, min(self.epochs, self.steps // self.steps_an_epoch(samples)))

    def steps_an_epoch(self, samples: int) -> int:
        """Steps of one pass."""
        return -(-samples // self.batch)


class Trainer:
    """A model in training, one epoch a call; on a CPU the same to the bit for one seed and number of threads.

    Args:
        model: whose parameters are trained, in place.
        train, held: (x, y) tensors: to train on, and to choose the best weights by.
        loss: of outputs and targets, a mean over samples.
        options: of the training. seed: of the order of the samples.

    Attributes:
        best: the least loss on the held part. epoch: passes made; epochs: of how many.
    """

    def __init__(
        self,
        model: nn.Module,
        train: tuple[Tensor, Tensor],
        held: tuple[Tensor, Tensor],
        loss: Loss,
        options: Training | None = None,
        seed: int = 0,
    ) -> None:
        self.model, self.train, self.held, self.loss = model, train, held, loss
        self.options, self.seed = options or Training(), seed
        self.epochs, self.epoch, self.best = self.options.passes(len(train[0])), 0, math.inf
        self._steps = self.options.steps_an_epoch(len(train[0]))
        self._adam = torch.optim.AdamW(
            model.parameters(), lr=self.options.rate, weight_decay=self.options.decay, fused=True
        )
        self._kept = self._copy()

    @property
    def done(self) -> bool:
        """Whether all epochs are over; the model then has the best weights."""
        return self.epoch >= self.epochs

    def step(self) -> None:
        """One epoch, and a look at the held part.

        Raises:
            InputError: training diverged.
        """
        x, y = self.train
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch))
        for number, rows in enumerate(order.to(x.device).tensor_split(self._steps)):
            share = (self.epoch + number / self._steps) / self.epochs
            for group in self._adam.param_groups:
                group["lr"] = self.options.rate * 0.5 * (1 + math.cos(math.pi * share))
            self._adam.zero_grad(set_to_none=True)
            self.loss(self.model(x[rows]), y[rows]).backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
            self._adam.step()
        self.epoch += 1
        error = self.error(*self.held)
        if not math.isfinite(error) and self.best == math.inf:
            raise InputError(f"training diverged in epoch {self.epoch}; use a smaller rate")
        if error < self.best:
            self.best, self._kept = error, self._copy()
        if self.done:
            self._fill(self._kept)

    def error(self, x: Tensor, y: Tensor) -> float:
        """The loss on given samples."""
        with torch.no_grad():
            total = sum(
                float(self.loss(self.model(x[rows]), y[rows])) * len(rows)
                for rows in torch.arange(len(x), device=x.device).split(4096)
            )
        return total / len(x)

    def state(self) -> dict[str, Any]:
        """All that training goes on from, as tensors."""
        found: dict[str, Any] = {
            "epoch": torch.tensor(self.epoch),
            "best": torch.tensor(self.best, dtype=torch.float64),
        }
        for name, parameter in self.model.named_parameters():
            found[f"now.{name}"] = parameter.detach().clone()
            found[f"kept.{name}"] = self._kept[name].clone()
            for key, value in self._adam.state.get(parameter, {}).items():
                found[f"adam.{key}.{name}"] = value.detach().clone()
        return found

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()` of a trainer made with the same arguments.

        Raises:
            InputError: the state is of another model.
        """
        names = {name for name, _ in self.model.named_parameters()}
        if names != {key[len("now.") :] for key in state if key.startswith("now.")}:
            raise InputError("the saved state is of another model; start again without it")
        self.epoch, self.best = int(state["epoch"]), float(state["best"])
        self._fill({name: state[f"now.{name}"] for name in names})
        self._kept = {name: state[f"kept.{name}"].clone() for name in names}
        for name, parameter in self.model.named_parameters():
            own = {
                key.split(".", 2)[1]: value.clone()
                for key, value in state.items()
                if key.startswith("adam.") and key.split(".", 2)[2] == name
            }
            if own:
                self._adam.state[parameter] = own

    def _copy(self) -> dict[str, Tensor]:
        return {name: parameter.detach().clone() for name, parameter in self.model.named_parameters()}

    def _fill(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(values[name])


def mean_square(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error."""
    return ((outputs - targets) ** 2).mean()


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean of minus the log of the probability of the true class (targets: class numbers)."""
    return torch.nn.functional.cross_entropy(outputs, targets)
