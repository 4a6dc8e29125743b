"""A small perceptron as a model of f, on numpy's arrays, or on torch's where a GPU is asked for.

Its layers are few and small, so that calling them takes more time than their arithmetic: the derivatives are written
out, and all weights lie in one vector for the optimiser.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ..device import Array, Arrays, Blocks

WIDTH, LAYERS = 64, 2
BATCH = 256
RATE, DECAY = 5e-3, 1e-5
FIRST, SECOND, TINY = 0.9, 0.999, 1e-8
WARM_UP = 50
LEAST_STEPS, MOST_STEPS = 1500, 6000
EPOCHS = 120
LOOK = 100
BLOCK = 4096


@dataclass(frozen=True)
class Training:
    """How a perceptron is trained.

    Attributes:
        classes: y is one-hot, and the values are logits.
        device, dtype: "cpu", or a device of torch; of the arrays. Single precision is far finer than what training
            reaches, at half the time; the trained network computes in float64.
    """

    classes: bool
    device: str = "cpu"
    dtype: str = "float32"


class Network:
    """Layers with x sigmoid(x) between them.

    Args:
        sizes: inputs and outputs. weights: (p,) all weights, layer by layer; None: zeros.
    """

    def __init__(self, sizes: tuple[int, int], training: Training, weights: np.ndarray | None = None) -> None:
        self.arrays = Arrays.on(training.device, training.dtype)
        self.blocks = Blocks(BLOCK)
        self.widths = [sizes[0], *[WIDTH] * LAYERS, sizes[1]]
        count = sum((one + 1) * other for one, other in pairwise(self.widths))
        self.weights = self.arrays.here(np.zeros(count) if weights is None else weights)
        self.layers = self.split(self.weights)

    def split(self, vector: Array) -> list[tuple[Array, Array]]:
        """Matrix (inputs, outputs) and shift (1, outputs) of every layer, as views of a vector (p,)."""
        parts, at = [], 0
        for one, other in pairwise(self.widths):
            matrix, at = vector[at : at + one * other].reshape(one, other), at + one * other
            parts.append((matrix, vector[at : at + other].reshape(1, other)))
            at += other
        return parts

    def forward(self, z: Array) -> tuple[Array, list[Array], list[Array]]:
        """Values (n, c); what enters every layer; and the slopes (n, width) of every nonlinearity."""
        inputs, slopes = [z], []
        for matrix, shift in self.layers[:-1]:
            raw = inputs[-1] @ matrix
            raw += shift
            gate = 1 / (1 + self.arrays.library.exp(-raw))
            out = raw * gate
            inputs.append(out)
            slopes.append(gate + out * (1 - gate))
        matrix, shift = self.layers[-1]
        return inputs[-1] @ matrix + shift, inputs, slopes

    def backward(
        self, inputs: Sequence[Array], slopes: Sequence[Array], away: Array, into: Sequence[tuple[Array, Array]]
    ) -> None:
        """Write the derivative of a loss by all weights into layers of the same shape, from that by the values."""
        for place in range(len(self.layers) - 1, -1, -1):
            matrix, shift = into[place]
            matrix[...] = inputs[place].T @ away
            shift[...] = away.sum(0)
            if place:
                away = away @ self.layers[place][0].T
                away *= slopes[place - 1]

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, c)."""
        return self._by_blocks(z, lambda part: self.arrays.back(self.forward(part)[0]))

    def gradient(self, z: np.ndarray) -> np.ndarray:
        """(n, c, r)."""
        return self._by_blocks(z, self._gradient)

    def _gradient(self, z: Array) -> np.ndarray:
        slopes = self.forward(z)[2]
        each = []
        for output in range(self.widths[-1]):
            along = self.layers[-1][0][:, output] * slopes[-1]
            for place in range(len(slopes) - 1, 0, -1):
                along = (along @ self.layers[place][0].T) * slopes[place - 1]
            each.append(self.arrays.back(along @ self.layers[0][0].T))
        return np.stack(each, axis=1)

    def _by_blocks(self, z: np.ndarray, asked: Callable[[Array], np.ndarray]) -> np.ndarray:
        """`asked` of all rows."""
        with np.errstate(over="ignore"):
            return np.concatenate(list(self.blocks.of(lambda part: asked(self.arrays.here(z[part])), len(z))))


def train(z: np.ndarray, y: np.ndarray, held: np.ndarray, training: Training, seed: int) -> tuple[Network, float]:
    """Fit by Adam with a falling step; of all states that with the least error on held-out samples is kept.

    Args:
        z: (n, r) whitened; y: (n, c) of about unit size, or one-hot; held: (n,) mask of the samples held out.

    Returns:
        the network, and its mean loss on the samples held out.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization (ICLR 2019).
    """
    rng = np.random.default_rng([seed, 11])
    network = Network((z.shape[1], y.shape[1]), training, _initial(z.shape[1], y.shape[1], rng))
    library, here = network.arrays.library, network.arrays.here
    points, target, apart, wanted = here(z[~held]), here(y[~held]), here(z[held]), here(y[held])
    loss = _cross_entropy if training.classes else _squares
    steps = int(min(MOST_STEPS, max(LEAST_STEPS, EPOCHS * len(points) / BATCH)))
    weights, slope = network.weights, 0 * network.weights
    into = network.split(slope)
    mean, square = 0 * slope, 0 * slope
    best, kept = math.inf, network.arrays.back(weights).copy()
    with np.errstate(over="ignore"):
        for step, chosen in enumerate(_batches(len(points), steps, rng), start=1):
            values, inputs, slopes = network.forward(points[chosen])
            network.backward(inputs, slopes, loss(library, values, target[chosen])[1], into)
            rate = RATE * min(1.0, step / WARM_UP) * 0.5 * (1 + math.cos(math.pi * (step - 1) / steps))
            mean += (1 - FIRST) * (slope - mean)
            square += (1 - SECOND) * (slope * slope - square)
            weights *= 1 - rate * DECAY
            spread = library.sqrt(square / (1 - SECOND**step))
            weights -= (rate / (1 - FIRST**step)) * mean / (spread + TINY)
            if step % LOOK == 0 or step == steps:
                error = float(loss(library, network.forward(apart)[0], wanted)[0])
                if error < best:
                    best, kept = error, network.arrays.back(weights).copy()
    return Network((z.shape[1], y.shape[1]), replace(training, dtype="float64"), kept), best


def _batches(samples: int, steps: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Indices of so many batches; every sample comes once before any comes again."""
    size = min(BATCH, samples)
    queue = np.empty(0, dtype=np.int64)
    for _ in range(steps):
        if len(queue) < size:
            queue = np.concatenate([queue, rng.permutation(samples)])
        yield queue[:size]
        queue = queue[size:]


def _squares(library: Any, values: Array, target: Array) -> tuple[Array, Array]:
    """The squared error, summed over outputs and averaged over samples, and its derivative by the values."""
    away = values - target
    return (away * away).sum() / len(away), away * (2 / len(away))


def _cross_entropy(library: Any, values: Array, target: Array) -> tuple[Array, Array]:
    """Minus the mean log of the probability of the true class, and its derivative by the logits."""
    raised = library.exp(values - library.amax(values, 1)[:, None])
    chances = raised / raised.sum(1)[:, None]
    true = (chances * target).sum(1)
    return -library.log(true + 1e-300).sum() / len(true), (chances - target) / len(true)


def _initial(inputs: int, outputs: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform weights, by what enters a layer."""
    widths = [inputs, *[WIDTH] * LAYERS, outputs]
    parts = [rng.uniform(-1, 1, (one + 1) * other) / math.sqrt(one) for one, other in pairwise(widths)]
    return np.concatenate(parts)
