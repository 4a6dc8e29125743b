"""L-conv with learnable generators on images, after section 4 and figure 2 of the L-conv preprint.

    python benchmarks/images.py [--mnist IMAGES LABELS] [--seeds 3] [--epochs 30] [--only KIND] [--minutes 30] [--tiny]

One hidden layer, then a linear classifier of all of it: L-conv with 9 learnable generators of rank 16 and 32 filters;
a small one, 4 generators of rank 16 and 8 filters; the former with random fixed generators; a CNN with 32 filters of
3 x 3; fully connected layers as wide as give the number of parameters of either L-conv. The size of the small one was
chosen among nine on seeds 900 to 902. Images as they are; each turned by an angle from +-90 degrees; turned, and all
pixels then scrambled by one permutation. Digits are `sample_data/digits.h5` (8 x 8); MNIST comes in idx files (.gz),
its path as an argument. A fifth is tested on, a tenth of the rest chooses the best epoch. Published (MNIST turned and
scrambled, 48,000 training images, 30 epochs): L-conv .944 to .945 with 188k parameters, CNN .893 to .926 with 175k to
225k.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
from itertools import product
from pathlib import Path

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import h5py
import numpy as np
import torch
from common import keep, known, middle, record
from scipy.ndimage import rotate
from torch import nn

from symdisc.nn import LConv, LowRank, Trainer, Training
from symdisc.nn.training import cross_entropy

torch.set_num_threads(THREADS)
ROOT = Path(__file__).parents[1]
FILTERS, RANK = 32, 16
SIZES = {"L-conv": (FILTERS, 9), "small L-conv": (8, 4), "L-conv, random fixed L": (FILTERS, 9)}
"""Filters, generators."""
NAMES = (*SIZES, "CNN", "fully connected", "small fully connected")
KINDS = ("as they are", "turned", "turned and scrambled")


def digits() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 8, 8) in [0, 1], and labels."""
    with h5py.File(ROOT / "sample_data" / "digits.h5") as file:
        images = np.asarray(file["x" if "x" in file else "images"], dtype=np.float64)
        return images.reshape(len(images), 8, 8) / images.max(), np.asarray(file["labels"], dtype=np.int64)


def mnist(images: str, labels: str) -> tuple[np.ndarray, np.ndarray]:
    """(n, 28, 28) in [0, 1], and labels, from idx files."""
    with gzip.open(images) as file:
        pixels = np.frombuffer(file.read()[16:], dtype=np.uint8).reshape(-1, 28, 28)
    with gzip.open(labels) as file:
        return pixels / 255.0, np.frombuffer(file.read()[8:], dtype=np.uint8).astype(np.int64)


def changed(images: np.ndarray, kind: str, seed: int) -> np.ndarray:
    """(n, d) images of one of `KINDS`."""
    rng = np.random.default_rng((seed, 1))
    if kind != KINDS[0]:
        angles = rng.uniform(-90, 90, len(images))
        images = np.stack([rotate(one, a, reshape=False, order=1) for one, a in zip(images, angles, strict=True)])
    flat = images.reshape(len(images), -1)
    return flat[:, rng.permutation(flat.shape[1])] if kind == KINDS[2] else flat


class Classifier(nn.Module):
    """One layer on (n, d) images, relu, all of it into 10 classes."""

    def __init__(self, name: str, size: int, seed: int) -> None:
        super().__init__()
        self.name, self.size, d = name, size, size * size
        filters, count = SIZES.get(name, (FILTERS, 0))
        hidden = d * filters
        if name == "CNN":
            self.layer: nn.Module = nn.Conv2d(1, FILTERS, 3, padding=1)
        elif "fully" in name:
            lconv = sum(
                p.numel() for p in Classifier(name.replace("fully connected", "L-conv"), size, seed).parameters()
            )
            hidden = max(1, round((lconv - 10) / (d + 11)))
            self.layer = nn.Linear(d, hidden)
        else:
            generators = LowRank.random(count, d, RANK, learnable="fixed" not in name, seed=seed)
            self.layer = LConv(1, filters, generators, residual=False, seed=seed)
        self.last = nn.Linear(hidden, 10)
        rng = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for part in (self.layer, self.last):
                if isinstance(part, (nn.Linear, nn.Conv2d)):
                    for values in (part.weight, part.bias):
                        bound = part.weight[0].numel() ** -0.5
                        values.copy_((2 * torch.rand(values.shape, generator=rng) - 1) * bound)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.name == "CNN":
            h = self.layer(x.reshape(-1, 1, self.size, self.size))
        elif "fully" in self.name:
            h = self.layer(x)
        else:
            h = self.layer(x[:, :, None])
        return self.last(torch.relu(h).flatten(1))


def accuracy(name: str, x: np.ndarray, y: np.ndarray, seed: int, epochs: int) -> tuple[float, int, float]:
    """Test accuracy, number of parameters, processor seconds."""
    order = np.random.default_rng((seed, 2)).permutation(len(x))
    cuts = [round(0.72 * len(x)), round(0.8 * len(x))]
    train, held, test = (
        (torch.from_numpy(x[rows]).float(), torch.from_numpy(y[rows])) for rows in np.split(order, cuts)
    )
    start = time.process_time()
    model = Classifier(name, round(x.shape[1] ** 0.5), seed)
    trainer = Trainer(model, train, held, cross_entropy, Training(epochs, 10**9, 64, 0.003), seed)
    while not trainer.done:
        trainer.step()
    with torch.no_grad():
        right = float((model(test[0]).argmax(1) == test[1]).double().mean())
    return right, sum(p.numel() for p in model.parameters()), time.process_time() - start


def main() -> None:
    """Print and record the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", nargs=2, metavar=("IMAGES", "LABELS"), help="idx files, gzipped")
    parser.add_argument("--seeds", type=int, default=3, help="rotations, permutations, splits and networks")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--only", action="append", choices=KINDS, help="of the images; again for more; default: all")
    parser.add_argument("--minutes", type=float, default=30.0, help="most wall time; rows that come later are left out")
    parser.add_argument("--tiny", action="store_true", help="seconds, for tests; records nothing")
    options = parser.parse_args()
    images, labels = mnist(*options.mnist) if options.mnist else digits()
    if options.tiny:
        images, labels, options.seeds, options.epochs = images[:200], labels[:200], 1, 1
    what, end = "mnist" if options.mnist else "digits", time.monotonic() + 60 * options.minutes
    settings = {"epochs": options.epochs, "images": len(images), "filters": FILTERS, "rank": RANK, "sizes": SIZES}
    settings = json.loads(json.dumps(settings))
    kept = {} if options.tiny else known(f"images_{what}", settings)
    for kind, seed in product(reversed(KINDS), range(options.seeds)):
        names = [name for name in NAMES if (kind, name, seed) not in kept]
        if not names or kind not in (options.only or KINDS) or time.monotonic() > end:
            continue
        data = changed(images, kind, seed)
        for name in names:
            if time.monotonic() > end:
                break
            kept[kind, name, seed] = accuracy(name, data, labels, seed, options.epochs)
            if options.tiny:
                print(kind, name, *kept[kind, name, seed])
            else:
                keep(f"images_{what}", settings, (kind, name, seed), kept[kind, name, seed])
    if options.tiny:
        return
    rows = []
    for kind, name in product(reversed(KINDS), NAMES):
        runs = [run for (one, other, _), run in sorted(kept.items()) if (one, other) == (kind, name)]
        if runs:
            right, count, seconds = zip(*runs, strict=True)
            rows.append([kind, name, len(runs), middle(right, ".3f"), count[0], middle(seconds)])
    header = ["images", "network", "seeds", "test accuracy", "parameters", "processor seconds"]
    note = f"{len(images)} images: 72 % to train on, 8 % choose the epoch, 20 % tested; {options.epochs} epochs."
    record(f"images_{what}", f"L-conv on {what}", header, rows, note)


if __name__ == "__main__":
    main()
