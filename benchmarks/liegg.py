"""LieGG's recipe for its O(5) task, written anew from its paper and published settings: a peer to take times against.

A perceptron of two hidden layers of 32 without shifts, standardised data, Adam at 3e-3 with decay 1e-4, batches of 500,
900,000 / N epochs, float32; then the null space of grad f(r1) r1^T + grad f(r2) r2^T over all samples, its dimension
given. Source: Moskalev et al., LieGG (NeurIPS 2022).
"""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

BATCH, RATE, DECAY = 500, 3e-3, 1e-4
SEEN = 900_000
APART = 500


def liegg(x: np.ndarray, y: np.ndarray, dimension: int, seed: int, loader: bool) -> tuple[np.ndarray, float]:
    """Generators (dimension, B, B) of one action on both halves of x (n, 2 B), and processor seconds.

    Args:
        loader: batches by torch's DataLoader, a sample at a time, as published; else slices of one tensor.
    """
    start = time.process_time()
    torch.manual_seed(seed)
    n, width = x.shape
    points = torch.from_numpy((x - x.mean(axis=0)) / x.std(axis=0)).float()
    target = torch.from_numpy((y - y.mean()) / y.std()).float().reshape(-1, 1)
    layers = [nn.Linear(one, other, bias=False) for one, other in ((width, 32), (32, 32), (32, 1))]
    net = nn.Sequential(layers[0], nn.SiLU(), layers[1], nn.SiLU(), layers[2])
    adam = torch.optim.Adam(net.parameters(), lr=RATE, weight_decay=DECAY)
    order = torch.randperm(n)[APART:]
    data = TensorDataset(points[order], target[order])
    for _ in range(SEEN // n):
        shuffled = torch.randperm(len(order))
        slices = ((data.tensors[0][part], data.tensors[1][part]) for part in shuffled.split(BATCH))
        for inputs, wanted in DataLoader(data, BATCH, shuffle=True) if loader else slices:
            adam.zero_grad()
            nn.functional.mse_loss(net(inputs), wanted).backward()
            adam.step()
    points.requires_grad_(True)
    slope = torch.autograd.grad(net(points).sum(), points)[0].numpy().astype(float) / x.std(axis=0)
    half = width // 2
    rows = sum(slope[:, part, None] * x[:, None, part] for part in (slice(half), slice(half, None)))
    null = np.linalg.svd(rows.reshape(n, -1), full_matrices=False)[2][-dimension:]
    return null.reshape(dimension, half, half), time.process_time() - start
