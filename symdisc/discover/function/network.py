"""A small perceptron as a model of f; the only module of the method that trains with torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

WIDTH, LAYERS = 64, 2
BATCH = 256
RATE, DECAY = 5e-3, 1e-5
LEAST_STEPS, MOST_STEPS = 1500, 6000
EPOCHS = 120
LOOK = 100
HELD = 0.1


@dataclass(frozen=True)
class Training:
    """How a perceptron is trained.

    Attributes:
        classes: y is one-hot, and the values are logits.
        device, dtype: of torch.
    """

    classes: bool
    device: str = "cpu"
    dtype: str = "float64"


class Network:
    """A trained perceptron.

    Args:
        weights: name -> array, the state of the layers.
        mean, scale: (c,) of y, taken out before training.
    """

    def __init__(self, sizes: tuple[int, int], training: Training) -> None:
        self.sizes, self.training = sizes, training
        self.kind = getattr(torch, training.dtype)
        widths = [sizes[0], *[WIDTH] * LAYERS]
        parts: list[nn.Module] = []
        for one, other in pairwise(widths):
            parts += [nn.Linear(one, other), nn.SiLU()]
        self.body = nn.Sequential(*parts, nn.Linear(widths[-1], sizes[1])).to(training.device, self.kind)

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, c)."""
        with torch.no_grad():
            return np.concatenate([self.body(part).cpu().numpy() for part in self._blocks(z)]).astype(float)

    def gradient(self, z: np.ndarray) -> np.ndarray:
        """(n, c, r), by automatic differentiation."""
        found = []
        for part in self._blocks(z):
            part.requires_grad_(True)
            values = self.body(part)
            each = [
                torch.autograd.grad(values[:, a].sum(), part, retain_graph=a + 1 < values.shape[1])[0]
                for a in range(values.shape[1])
            ]
            found.append(torch.stack(each, dim=1).cpu().numpy())
        return np.concatenate(found).astype(float)

    def _blocks(self, z: np.ndarray) -> Iterator[torch.Tensor]:
        for low in range(0, len(z), 4096):
            yield torch.from_numpy(z[low : low + 4096]).to(self.training.device, self.kind)

    def state(self) -> dict[str, np.ndarray]:
        """Weights as plain arrays."""
        return {name: value.detach().cpu().numpy() for name, value in self.body.state_dict().items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Back to saved weights."""
        self.body.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})


def train(z: np.ndarray, y: np.ndarray, training: Training, seed: int) -> Network:
    """Fit by Adam with a falling step; of all states that with the least error on a tenth held out is kept.

    Args:
        z: (n, r) whitened; y: (n, c) of about unit size, or one-hot.
    """
    # Small weights decay into denormal numbers, which cost a processor more than the rest of the arithmetic.
    torch.set_flush_denormal(True)
    try:
        return _trained(z, y, training, seed)
    finally:
        torch.set_flush_denormal(False)


def _trained(z: np.ndarray, y: np.ndarray, training: Training, seed: int) -> Network:
    generator = torch.Generator().manual_seed(seed)
    network = Network((z.shape[1], y.shape[1]), training)
    _initialise(network.body, generator)
    points = torch.from_numpy(z).to(training.device, network.kind)
    target = torch.from_numpy(y).to(training.device, network.kind)
    order = torch.randperm(len(z), generator=generator)
    held, rest = order[: max(1, int(HELD * len(z)))], order[max(1, int(HELD * len(z))) :]
    loss = _cross_entropy if training.classes else _squares
    steps = int(min(MOST_STEPS, max(LEAST_STEPS, EPOCHS * len(rest) / BATCH)))
    optimiser = torch.optim.AdamW(network.body.parameters(), lr=RATE, weight_decay=DECAY)
    best, kept = math.inf, network.state()
    queue = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        if len(queue) < BATCH:
            queue = torch.cat([queue, rest[torch.randperm(len(rest), generator=generator)]])
        chosen, queue = queue[:BATCH], queue[BATCH:]
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimiser.zero_grad(set_to_none=True)
        value = loss(network.body(points[chosen]), target[chosen])
        value.backward()
        optimiser.step()
        if (step + 1) % LOOK == 0 or step + 1 == steps:
            with torch.no_grad():
                error = float(loss(network.body(points[held]), target[held]))
            if error < best:
                best, kept = error, {name: value.copy() for name, value in network.state().items()}
    network.restore(kept)
    return network


def _squares(values: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return ((values - target) ** 2).mean()


def _cross_entropy(values: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return -(torch.log_softmax(values, dim=1) * target).sum(dim=1).mean()


def _initialise(body: nn.Sequential, generator: torch.Generator) -> None:
    """Uniform weights from a generator of our own, so that nothing depends on torch's global one."""
    with torch.no_grad():
        for layer in body:
            if isinstance(layer, nn.Linear):
                bound = 1 / math.sqrt(layer.in_features)
                for values in (layer.weight, layer.bias):
                    values.copy_((2 * torch.rand(values.shape, generator=generator) - 1) * bound)
