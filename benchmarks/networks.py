"""Equivariant perceptrons on the synthetic tasks of Finzi, Welling, Wilson (ICML 2021): plain, true group, found group.

    python benchmarks/networks.py [--task o5 ...] [--samples 3000,1000,300] [--seeds 5] [--minutes 30] [--tiny]

For each task, number N of training samples and seed: a plain perceptron, one equivariant under the true group, and one
equivariant under the group that `symdisc.fit` (the function method) certifies in the same N samples. Where it
certifies nothing the plain perceptron stands in its place, as `symdisc train --discover` has it. The published size is
384 channels, 3 layers and up to 900,000 sample passes; ours is smaller and said in the table; sizes and steps were
chosen on seed 900. Test error: mean squared error on 5000 new samples; the best weights are chosen on N further ones,
1000 at most. Data as in the paper. Every entry is kept in `tables/networks_TASK.jsonl`, and what is there is not run
again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
import torch
from common import keep, known, middle, record

import symdisc
from symdisc.algebra import principal_angles
from symdisc.equivariant import Group, Rep, Scalar, V, group
from symdisc.nn import EMLP, MLP, Scaled, Trainer, Training
from symdisc.nn.acting import action_of
from symdisc.nn.layout import Layout

torch.set_num_threads(THREADS)
HELD, TEST, FEW = 1000, 5000, 1000


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
class Size:
    """Of networks and training."""

    channels: int = 96
    layers: int = 3
    steps: int = 1000
    batch: int = 125
    width: int = 256


@dataclass(frozen=True)
class Task:
    """A task, its true group, and how the group is looked for.

    Attributes:
        make: data. group, rep_in, rep_out: the truth. order: of the hidden tensors. size: of the networks.
        fit: settings of the search. particles: x is looked at as blocks (mass, position), and only positions move.
        published: N -> (true group, plain) test errors of the paper, at its size.
    """

    make: Any
    group: str
    rep_in: Rep
    rep_out: Rep
    order: int
    size: Size
    fit: dict[str, Any]
    particles: bool = False
    published: dict[int, tuple[float, float]] = field(default_factory=dict)


TASKS = {
    "o5": Task(
        o5, "so(5)", 2 * V, Scalar, 1, Size(steps=2000), {"candidates": "linear+shared:5"}, False,
        {300: (0.0384, 0.248), 1000: (0.0198, 0.0892), 10_000: (0.0231, 0.0616)},
    ),
    "inertia": Task(
        inertia, "so(3)", 5 * Scalar + 5 * V, V * V, 2, Size(layers=2, steps=2000),
        {"candidates": "traceless+shared:4", "output_action": "tensor:2,0"}, True,
        {300: (0.316, 4.94), 1000: (0.0604, 3.24), 10_000: (0.0185, 0.154)},
    ),
    "particle": Task(
        particle, "SO+(1,3)", 4 * V, Scalar, 1, Size(128, steps=3000),
        {"candidates": "linear+shared:4", "options": {"function.folds": 5}}, False,
        {300: (0.0026, 0.70), 1000: (0.00037, 0.36), 10_000: (0.0002, 0.017)},
    ),
}  # fmt: skip


def tensors(data: tuple[np.ndarray, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = (torch.from_numpy(part).to(torch.float32) for part in data)
    return x, y


def error_of(body: torch.nn.Module, layouts: Any, parts: list[Any], size: Size, seed: int, rate: float) -> float:
    """Mean squared test error of a trained body."""
    (x, y), held, test = parts
    model = Scaled.around(body, x, y, *layouts)
    options = Training(epochs=10**6, steps=size.steps, batch=size.batch, rate=rate)
    trainer = Trainer(model, (x, y), held, model.mean_square, options, seed)
    while not trainer.done:
        trainer.step()
    with torch.no_grad():
        return float(((model(test[0]) - test[1]) ** 2).mean())


def searched(task: Task, x: np.ndarray, y: np.ndarray, seed: int) -> tuple[symdisc.Symmetry, slice]:
    """What `fit` finds in these samples, and where in x its action on the first vector stands."""
    # Few samples: each model then sees 80 % of them and not half.
    own = {"function.folds": 5 if len(x) <= FEW else 2, **task.fit.get("options", {})}
    settings: dict[str, Any] = {"kind": "labelled", "method": "function", "seed": seed, **task.fit, "options": own}
    d = group(task.group).d
    if not task.particles:
        return symdisc.fit(x, y, **settings), slice(0, d)
    # A mass is a number and stays as it is: L acts on the positions of blocks (mass, position), and y is filled up with
    # zeros to a tensor over such a block.
    count, n = x.shape[1] // (d + 1), len(x)
    blocks = np.concatenate([x[:, :count, None], x[:, count:].reshape(n, count, d)], axis=2)
    moved = np.kron(np.eye(count), np.pad(np.ones((d, d)), (1, 0)))
    tensor = np.pad(y.reshape(n, d, d), ((0, 0), (1, 0), (1, 0)))
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "mask.npy", moved)
        settings["candidates"] += f"+mask:{folder}/mask.npy"
        return symdisc.fit(blocks.reshape(n, -1), tensor.reshape(n, -1), **settings), slice(1, d + 1)


def found_group(task: Task, x: np.ndarray, y: np.ndarray, seed: int) -> tuple[Group | None, float, int]:
    """The group that these samples certify; degrees between what was found and the true one; certified dimension."""
    result, place = searched(task, x, y, seed)
    if not len(result):
        return None, np.nan, 0
    action = action_of(result)
    one = action.space[:, place, place]
    angle = float(np.max(principal_angles(one, group(task.group).lie)))
    certified = result.certified_dimension
    return Group(one, noise=action.noise) if certified else None, angle, certified


def cell(task: Task, n: int, seed: int) -> dict[str, float]:
    """All three errors for one N and seed."""
    rng, size = np.random.default_rng((seed, n)), task.size
    raw = [task.make(rng, count) for count in (n, min(n, HELD), TEST)]
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

    start = time.process_time()
    found, out["angle"], out["certified"] = found_group(task, *raw[0], seed)
    out["search"] = time.process_time() - start
    out["found"] = equivariant(found) if found is not None else out["plain"]
    start = time.process_time()
    out["true"] = equivariant(group(task.group))
    out["training"] = time.process_time() - start
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


def written(name: str, task: Task, kept: dict[tuple[int, ...], dict[str, float]]) -> None:
    """Record the table of all kept entries."""
    rows, size, dimension = [], task.size, len(group(task.group).lie)
    for n in sorted({n for n, _ in kept}):
        cells = [one for (count, _), one in sorted(kept.items()) if count == n]
        published = task.published.get(n)
        rows.append(
            [
                n, len(cells), *(middle([one[key] for one in cells], ".3g") for key in ("plain", "true", "found")),
                ratio(cells), middle([one["angle"] for one in cells]),
                f"{', '.join(str(int(one['certified'])) for one in cells)} of {dimension}",
                "" if published is None else f"{published[0]:g}, plain {published[1]:g}",
            ]
        )  # fmt: skip
    cells = list(kept.values())
    note = (
        f"Equivariant: {size.channels} channels, {size.layers} layers, order {task.order}, "
        f"{min(one['parameters'] for one in cells):.0f} parameters with the true group, rate .01; plain: width "
        f"{size.width}, 3 layers, rate .003; {size.steps} steps of {size.batch} samples each. Certified: generators, "
        "seed by seed; 0: the plain network stands for the one of the found group, and the angle is that of the "
        "uncertified candidates; fewer than all: the network is equivariant under what these generate, the "
        "angle is from that to the true group. Found / true: geometric mean, 95 % interval. "
        f"Processor seconds: search {middle([one['search'] for one in cells])}, training of one equivariant network "
        f"{middle([one['training'] for one in cells])}. Published: 384 channels, 3 layers, 900 passes or more."
    )
    record(f"networks_{name}", f"Test error of networks: {name}", HEADER, rows, note)


def main() -> None:
    """Print and record the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=tuple(TASKS), help="one task; again for more")
    parser.add_argument("--samples", default="3000,1000,300", help="N, with commas")
    parser.add_argument("--seeds", type=int, default=5, help="data sets and networks an entry")
    parser.add_argument("--minutes", type=float, default=30.0, help="no new entry is begun later than that")
    parser.add_argument("--tiny", action="store_true", help="seconds, for tests; records nothing")
    options = parser.parse_args()
    if options.tiny:
        options.samples, options.seeds = "100", 1
        for name, task in TASKS.items():
            TASKS[name] = replace(task, size=Size(16, 1, 5, 50, 8))
        TASKS["o5"].fit["options"] = {"function.model": "polynomial"}
    end = time.monotonic() + 60 * options.minutes
    for name in options.task or list(TASKS):
        task = TASKS[name]
        kept = {} if options.tiny else known(f"networks_{name}", asdict(task.size))
        for n in map(int, options.samples.split(",")):
            for seed in range(options.seeds):
                if (n, seed) in kept:
                    continue
                if time.monotonic() > end:
                    break
                kept[n, seed] = cell(task, n, seed)
                print(name, n, seed, kept[n, seed], flush=True)
                if not options.tiny:
                    keep(f"networks_{name}", asdict(task.size), (n, seed), kept[n, seed])
        if kept and not options.tiny:
            written(name, task, kept)


if __name__ == "__main__":
    main()
