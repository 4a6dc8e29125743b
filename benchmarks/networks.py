"""Equivariant perceptrons on the synthetic tasks of Finzi, Welling, Wilson (ICML 2021): plain, true group, found group.

    python benchmarks/networks.py [--task o5 ...] [--samples 300,1000,3000] [--seeds 3] [--minutes 30] [--tiny]

For each task, number N of training samples and seed: a plain perceptron, one equivariant under the true group, and one
equivariant under the group that `symdisc.fit` (the function method) finds in the same N samples: what it certifies, or,
where it certifies nothing, its consistent candidates. Where it has none, the plain perceptron stands in its place. The
published size is 384 channels, 3 layers and up to 900,000 sample passes; ours is smaller and said in the table. Test
error: mean squared error on 5000 new samples; the best weights are chosen on 1000 further ones. Data as in the paper.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass, field
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
import torch
from common import middle, record

import symdisc
from symdisc.algebra import principal_angles
from symdisc.equivariant import Group, Rep, Scalar, V, group
from symdisc.nn import EMLP, MLP, Scaled, Trainer, Training
from symdisc.nn.acting import action_of
from symdisc.nn.layout import Layout

torch.set_num_threads(THREADS)
HELD, TEST = 1000, 5000


def o5(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """y = sin|a| - |b|^3 / 2 + a.b / (|a| |b|)."""
    x = rng.standard_normal((n, 10))
    a, b = x[:, :5], x[:, 5:]
    first, second = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    return x, (np.sin(first) - second**3 / 2 + (a * b).sum(1) / first / second)[:, None]


def inertia(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """y = sum m (|r|^2 I - r r^T) of five points; x holds the masses, then the points."""
    masses = np.log1p(np.exp(rng.standard_normal((n, 5))))
    points = rng.standard_normal((n, 5, 3))
    squares = (points**2).sum(2)[:, :, None, None]
    each = squares * np.eye(3) - points[..., :, None] * points[..., None, :]
    y = (masses[:, :, None, None] * each).sum(1)
    return np.concatenate([masses, points.reshape(n, 15)], axis=1), y.reshape(n, 9)


def particle(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The squared matrix element of electron-muon scattering of four momenta, up to a factor."""
    x = rng.standard_normal((n, 4, 4)) / 4
    eta = np.diag([1.0, -1.0, -1.0, -1.0])
    p1, p2, p3, p4 = x.transpose(1, 0, 2)

    def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.einsum("ni,ij,nj->n", a, eta, b)[:, None, None]

    electron = p1[:, :, None] * p3[:, None] - (dot(p1, p3) - dot(p1, p1)) * eta
    muon = (p2 @ eta)[:, :, None] * (p4 @ eta)[:, None] - (dot(p2, p4) - dot(p2, p2)) * eta
    return x.reshape(n, 16), 4 * (electron * muon).sum((1, 2))[:, None]


@dataclass(frozen=True)
class Task:
    """A task, its true group, and how the group is looked for.

    Attributes:
        make: data. group, rep_in, rep_out: the truth. order: of the hidden tensors.
        columns: of x that the generators act on; fit: settings of the search.
        published: N -> (true group, plain) test errors of the paper, at its size.
    """

    make: Any
    group: str
    rep_in: Rep
    rep_out: Rep
    order: int
    columns: slice
    fit: dict[str, Any]
    published: dict[int, tuple[float, float]] = field(default_factory=dict)


TASKS = {
    "o5": Task(
        o5, "so(5)", 2 * V, Scalar, 1, slice(None), {"candidates": "linear+shared:5"},
        {300: (0.0384, 0.248), 1000: (0.0198, 0.0892), 10_000: (0.0231, 0.0616)},
    ),
    "inertia": Task(
        inertia, "so(3)", 5 * Scalar + 5 * V, V * V, 2, slice(5, None),
        {"candidates": "antisymmetric+shared:3", "output_action": "tensor:2,0"},
        {300: (0.316, 4.94), 1000: (0.0604, 3.24), 10_000: (0.0185, 0.154)},
    ),
    "particle": Task(
        particle, "SO+(1,3)", 4 * V, Scalar, 2, slice(None), {"candidates": "linear+shared:4"},
        {300: (0.0026, 0.70), 1000: (0.00037, 0.36), 10_000: (0.0002, 0.017)},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """Of networks and training."""

    channels: int = 64
    layers: int = 2
    steps: int = 400
    width: int = 128


def tensors(data: tuple[np.ndarray, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = (torch.from_numpy(part).to(torch.float32) for part in data)
    return x, y


def error_of(body: torch.nn.Module, layouts: Any, parts: list[Any], size: Size, seed: int, rate: float) -> float:
    """Mean squared test error of a trained body."""
    (x, y), held, test = parts
    model = Scaled.around(body, x, y, *layouts)
    options = Training(epochs=10**6, steps=size.steps, batch=250, rate=rate)
    trainer = Trainer(model, (x, y), held, model.mean_square, options, seed)
    while not trainer.done:
        trainer.step()
    with torch.no_grad():
        return float(((model(test[0]) - test[1]) ** 2).mean())


def found_group(task: Task, x: np.ndarray, y: np.ndarray, seed: int) -> tuple[Group | None, float, bool]:
    """The group that these samples show, its largest principal angle to the true one in degrees, whether certified."""
    result = symdisc.fit(x[:, task.columns], y, kind="labelled", method="function", seed=seed, **task.fit)
    truth = group(task.group)
    if not len(result):
        return None, np.nan, False
    action = action_of(result)
    one = action.space[:, : truth.d, : truth.d]
    same = len(one) == len(truth.lie)
    angle = float(np.max(principal_angles(one, truth.lie))) if same else np.nan
    return Group(one, noise=action.noise), angle, result.certified_dimension > 0


def cell(task: Task, n: int, seed: int, size: Size) -> dict[str, float]:
    """All three errors for one N and seed."""
    rng = np.random.default_rng((seed, n))
    raw = [task.make(rng, count) for count in (n, HELD, TEST)]
    parts = [tensors(part) for part in raw]
    out: dict[str, float] = {}
    plain = MLP(parts[0][0].shape[1], parts[0][1].shape[1], width=size.width, layers=3, seed=seed)
    out["plain"] = error_of(plain, (None, None), parts, size, seed, 0.003)

    def equivariant(of: Group) -> float:
        body = EMLP.of(
            of, task.rep_in, task.rep_out, channels=size.channels, layers=size.layers, order=task.order, seed=seed
        )
        out["parameters"] = sum(p.numel() for p in body.parameters())
        layouts = (Layout.of(task.rep_in, of), Layout.of(task.rep_out, of))
        return error_of(body, layouts, parts, size, seed, 0.01)

    out["true"] = equivariant(group(task.group))
    start = time.process_time()
    found, out["angle"], out["certified"] = found_group(task, *raw[0], seed)
    out["search"] = time.process_time() - start
    out["found"] = equivariant(found) if found is not None else out["plain"]
    return out


def ratio(cells: list[dict[str, float]]) -> str:
    """Geometric mean of found / true over the seeds, with its 95 % interval where there are three or more."""
    from scipy.stats import t

    logs = np.log([one["found"] / one["true"] for one in cells])
    if len(logs) < 3:
        return f"{np.exp(logs.mean()):.2f}"
    half = t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    return f"{np.exp(logs.mean()):.2f} ({np.exp(logs.mean() - half):.2f} .. {np.exp(logs.mean() + half):.2f})"


HEADER = ["N", "seeds", "plain", "true group", "found group", "found / true", "angle, deg", "certified", "published"]


def main() -> None:
    """Print and record the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=tuple(TASKS), help="one task; again for more")
    parser.add_argument("--samples", default="300,1000,3000", help="N, with commas")
    parser.add_argument("--seeds", type=int, default=3, help="data sets and networks an entry")
    parser.add_argument("--minutes", type=float, default=30.0, help="most wall time that a task may take")
    parser.add_argument("--channels", type=int, default=Size.channels, help="of the hidden layers")
    parser.add_argument("--steps", type=int, default=Size.steps, help="of the optimiser, 250 samples each")
    parser.add_argument("--tiny", action="store_true", help="seconds, for tests; records nothing")
    options = parser.parse_args()
    size = Size(options.channels, steps=options.steps)
    if options.tiny:
        size, options.samples, options.seeds = Size(16, 1, 5, 8), "100", 1
        TASKS["o5"].fit["options"] = {"function.model": "polynomial"}
    for name in options.task or list(TASKS):
        task, end, rows = TASKS[name], time.monotonic() + 60 * options.minutes, []
        for n in map(int, options.samples.split(",")):
            cells = []
            for seed in range(options.seeds):
                if cells and time.monotonic() > end:
                    break
                cells.append(cell(task, n, seed, size))
                print(name, n, seed, cells[-1], flush=True)
            published = task.published.get(n)
            rows.append(
                [
                    n, len(cells), *(middle([one[key] for one in cells], ".3g") for key in ("plain", "true", "found")),
                    ratio(cells), middle([one["angle"] for one in cells]),
                    f"{sum(one['certified'] for one in cells):.0f} of {len(cells)}",
                    "" if published is None else f"{published[0]:g}, plain {published[1]:g}",
                ]
            )  # fmt: skip
            if not options.tiny:
                note = (
                    f"Equivariant: {size.channels} channels, {size.layers} layers, "
                    f"{cells[0]['parameters']:.0f} parameters, rate .01; plain: width {size.width}, 3 layers, rate "
                    f".003; {size.steps} steps of 250 samples each. The search took "
                    f"{middle([one['search'] for one in cells])} processor seconds at the last N. Published: 384 "
                    "channels, 3 layers, 900 passes or more."
                )
                record(f"networks_{name}", f"Test error of networks: {name}", HEADER, rows, note)
            if time.monotonic() > end:
                break


if __name__ == "__main__":
    main()
