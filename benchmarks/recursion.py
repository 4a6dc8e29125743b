"""How deep a recursive L-conv must be: 7 x 7 images turned by up to pi / 3 (figure 4 of the L-conv paper).

    python benchmarks/recursion.py [--seeds 3] [--samples 1000] [--epochs 60] [--papers] [--tiny]

The network form of recursive L-conv, (I + t L / N)^N with N equal layers of first order, learns L and t from pairs
(x, R(theta) x), theta in [0, pi / 3), for N = 1, 2, 3, 5, 8. Angle: between the learned and the true generator, in
degrees. Error: |y - network(x)|^2 over |y - x|^2 on 500 new pairs. `--papers` starts from random generators with an
encoder of t that is a perceptron, all pairs from the first epoch, as in the paper.
"""

from __future__ import annotations

import argparse
import os
import time

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
import torch
from common import middle, record

from symdisc.algebra import principal_angles
from symdisc.discover.lconv.network import Network, NetworkOptions
from symdisc.problems.registry import make

torch.set_num_threads(THREADS)
DEPTHS = (1, 2, 3, 5, 8)
TEST = 500


def one(layers: int, seed: int, samples: int, epochs: int, papers: bool) -> tuple[float, float, float]:
    """Angle in degrees, relative error on new pairs, processor seconds."""
    made = make("rotated-images", seed, samples + TEST, size=7)
    x, y = (made.arrays[name].reshape(samples + TEST, 49, -1) for name in ("x", "y"))
    own = {"encoder": "mlp", "start": "random", "nearest": 1.0, "hidden": 2} if papers else {}
    options = NetworkOptions(layers=layers, order=1, epochs=epochs, **own)
    network = Network(49, x.shape[2], 1, options, seed=seed)
    start = time.process_time()
    for _ in range(epochs):
        network.step(lambda: [(x[:samples], y[:samples])])
    seconds = time.process_time() - start
    error = ((y[samples:] - network.predict(x[samples:], y[samples:])) ** 2).sum()
    error /= ((y[samples:] - x[samples:]) ** 2).sum()
    return float(np.max(principal_angles(network.generators(), made.generators))), float(error), seconds


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="data sets and networks an entry")
    parser.add_argument("--samples", type=int, default=1000, help="training pairs")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--papers", action="store_true", help="start and encoder of the paper")
    parser.add_argument("--tiny", action="store_true", help="seconds, for tests; records nothing")
    options = parser.parse_args()
    if options.tiny:
        options.seeds, options.samples, options.epochs = 1, 60, 2
    rows: list[list[object]] = []
    for layers in DEPTHS:
        runs = [one(layers, seed, options.samples, options.epochs, options.papers) for seed in range(options.seeds)]
        rows.append([layers, options.seeds, *(middle([run[i] for run in runs]) for i in range(3))])
        print(rows[-1], flush=True)
    if not options.tiny:
        header = ["layers N", "seeds", "angle, deg", "error of new pairs", "processor seconds"]
        note = f"{options.samples} pairs, {options.epochs} epochs, layers of first order."
        name = "recursion_papers" if options.papers else "recursion"
        record(name, "Depth of recursive L-conv, rotated 7 x 7 images", header, rows, note)


if __name__ == "__main__":
    main()
