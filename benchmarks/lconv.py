"""Recursive L-conv on pairs with unknown group elements: accuracy against the bound, counts, nulls, images, seconds.

    python benchmarks/lconv.py [--table NAME ...] [--seeds 5] [--quick] [--minutes 40] [--mnist FILE]

Tables: rotated, shifts, vectors, count, nulls, bilinear, warped, images (all but images by default, which needs the
test images of MNIST, t10k-images-idx3-ubyte.gz). Data are those of `symdisc sample`; unless said, the number of
generators and the verdict are the tool's own. An angle is the largest principal angle in degrees, printed as the
median over the seeds and its range. Bounds come from `lconv_bound.py`. Seconds are of one thread, as the processor
counts them: "search" of the generators and their number, "one fit" the search with the number given and the refit on
all pairs, "held out" the fits without each fifth of the pairs.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import common
import numpy as np
import torch
from common import record, tallied
from lconv_bound import bound
from scipy.ndimage import affine_transform
from scipy.optimize import minimize_scalar

import symdisc
from symdisc.algebra import principal_angles
from symdisc.problems.problem import Made
from symdisc.problems.registry import make

Row = list[object]


@dataclass
class Run:
    """One fit: the result, its angle to the truth (NaN: nothing found), and processor seconds by stage."""

    found: symdisc.Symmetry
    angle: float
    wall: float
    seconds: Counter[str]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    @property
    def search(self) -> float:
        """Generators and their number."""
        return sum(value for stage, value in self.seconds.items() if stage.split()[0].isdigit())

    @property
    def fit(self) -> float:
        """What the search takes where the number is known, and the refit on all pairs."""
        k = self.k
        return self.seconds[f"{k} generator{'s' * (k > 1)}"] + self.seconds["all pairs"]

    @property
    def held(self) -> float:
        """Fits without each part of the pairs."""
        return sum(value for stage, value in self.seconds.items() if stage.startswith("held-out"))

    @property
    def k(self) -> int:
        """How many generators the search settled on; of a symmetric result only the certified ones are written."""
        t = self.found.extras.get("coefficients")
        return 0 if t is None or "map" in self.found.extras else t.shape[1]

    @property
    def says(self) -> str:
        certified = f", {self.found.certified_dimension} certified" if self.found.certified_dimension != self.k else ""
        return f"{self.found.verdict.value} {self.k}{certified}"


def fitted(made: Made, **settings: Any) -> Run:
    """`symdisc.fit` on a problem's pairs."""
    return timed(made.arrays["x"], made.arrays["y"], made.axes, made.generators, **settings)


def timed(x: np.ndarray, y: np.ndarray, axes: str, truth: np.ndarray | None, **settings: Any) -> Run:
    """`symdisc.fit` on pairs; a step's time goes to the stage that it reports."""
    seconds: Counter[str] = Counter()
    last = time.process_time()

    def watch(progress: Any) -> None:
        nonlocal last
        now = time.process_time()
        seconds[progress.stage] += now - last  # type: ignore[assignment]
        last = now

    start = time.perf_counter()
    found = symdisc.fit(x, y, kind="pairs", axes=axes, device="cpu", watch=watch, **settings)
    seconds["verdict"] += time.process_time() - last  # type: ignore[assignment]
    angle = np.nan
    if truth is not None and truth.shape[1:] == found.generators.shape[1:] and len(truth) and len(found.generators):
        angle = float(np.max(principal_angles(found.generators, truth)))
    return Run(found, angle, time.perf_counter() - start, seconds)


def middle(values: list[float], form: str = ".2g") -> str:
    """Median (smallest .. largest)."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return "-"
    if len(known) == 1:
        return f"{known[0]:{form}}"
    return f"{np.median(known):{form}} ({min(known):{form}} .. {max(known):{form}})"


def said(runs: list[Run]) -> str:
    """Verdicts and counts with how often."""
    return tallied(run.says for run in runs)


class Clock:
    """Says when a long table has to stop drawing new runs."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes

    @property
    def over(self) -> bool:
        return time.monotonic() > self.end


HEADER = ["pairs", "angle, deg", "bound, deg", "verdict, k (times)", "defect", "one fit, s", "search, s", "held out, s"]


def row(label: str, runs: list[Run], bounds: list[float]) -> Row:
    """An entry of the tables of accuracy."""
    for run in runs:
        times = ", ".join(f"{stage} {value:.1f}" for stage, value in run.seconds.items())
        print(
            f"{label}: {run.angle:.3g} deg, {run.says}: {run.found.reason}; wall {run.wall:.0f} s; {times}", flush=True
        )
    shown = "" if not bounds else "not identified" if np.isinf(bounds).all() else middle(bounds, ".3g")
    return [
        label,
        middle([run.angle for run in runs], ".3g"),
        shown,
        said(runs),
        middle([float(run.found.defect.max()) if len(run.found) else np.nan for run in runs]),
        *(middle([getattr(run, part) for run in runs], ".3g") for part in ("fit", "search", "held")),
    ]


def deviation(made: Made) -> float:
    """Of the noise of a number of y: its share of the RMS of the noiseless y about its mean."""
    share = float(made.recipe["options"]["noise"])
    return share * float(made.arrays["y"].std()) / np.sqrt(1 + share**2)


def bound_of(made: Made) -> float:
    """The bound of a problem in degrees."""
    assert made.generators is not None
    x = made.arrays["x"]
    if made.axes in ("nss", "ns"):
        x = x.reshape(len(x), -1, 1)
    free = None
    if made.blocks[0].role == "homogeneous":
        x = np.concatenate([x, np.ones((len(x), 1, x.shape[2]))], axis=1)
        free = np.ones(made.generators.shape[1:], dtype=bool)
        free[-1] = False
    return bound(made.generators, x, made.arrays["t"], deviation(made), free=free)


# --- accuracy


def rotated(options: argparse.Namespace) -> None:
    """7 x 7 images, one rotation."""
    cases: list[tuple[str, int, dict[str, Any]]] = [
        ("[0, pi/3), exact", 2000, {}),
        *((f"[0, pi/3), 10 %, n = {n}", n, {"noise": 0.1}) for n in (400, 1000, 2000, 5000)),
        ("+-pi, exact", 2000, {"angle": np.pi, "symmetric": True}),
        ("+-pi, 10 %", 2000, {"angle": np.pi, "symmetric": True, "noise": 0.1}),
    ]
    accuracy(
        "lconv_rotated",
        "rotated-images 7 x 7, k and verdict found; n = 2000 unless said",
        [(label, "rotated-images", n, chosen, {}) for label, n, chosen in cases],
        options,
    )


def shifts(options: argparse.Namespace) -> None:
    """Periodic shifts."""
    cases: list[tuple[str, int, dict[str, Any]]] = [
        *((f"d = {d}, +-2, exact", 20 * d, {"size": d}) for d in (15, 33, 65)),
        ("d = 33, +-2, 10 %", 660, {"size": 33, "noise": 0.1}),
        ("d = 33, +-8, exact", 660, {"size": 33, "reach": 8.0}),
    ]
    accuracy(
        "lconv_shifts",
        "shifts, n = 20 d, k and verdict found",
        [(label, "shifts", n, chosen, {}) for label, n, chosen in cases],
        options,
    )


def vectors(options: argparse.Namespace) -> None:
    """Small matrix groups."""
    cases: list[tuple[str, str, int, dict[str, Any], dict[str, Any]]] = []
    for noise in (0.0, 0.1):
        words = f"{100 * noise:g} %" if noise else "exact"
        for name, m in (("so3", 2), ("so4", 2), ("so13", 2), ("se2", 2), ("heis3", 2), ("heis3", 3), ("sl2", 2)):
            settings = {"candidates": "affine"} if name == "se2" else {}
            label = f"{name}{f', {m} channels' if name == 'heis3' else ''}, {words}"
            cases.append((label, f"vectors-{name}", 1000, {"noise": noise, "channels": m}, settings))
        cases.append((f"so3-scale, {words}", "vectors-so3-scale", 1000, {"noise": noise}, {}))
        for algebra in ("aff(1)", "e(2)", "sl(2,R)"):
            # On two channels aff(1) moves the first coordinate at will: three are needed to tell it from other groups.
            chosen = {"noise": noise, "algebra": algebra, "channels": 3}
            cases.append((f"random frame, d = 4, 3 channels: {algebra}, {words}", "vectors-random", 1000, chosen, {}))
    accuracy("lconv_vectors", "vectors, n = 1000, 2 channels unless said, k and verdict found", cases, options)


def accuracy(
    table: str,
    title: str,
    cases: list[tuple[str, str, int, dict[str, Any], dict[str, Any]]],
    options: argparse.Namespace,
    bounded: bool = True,
) -> None:
    """A table of (label, problem, samples, its options, settings of the fit), written again after every entry."""
    rows: list[Row] = []
    wanted = [case for case in cases if options.case is None or options.case in case[0]]
    for label, name, samples, chosen, settings in wanted[:1] if options.quick else wanted:
        runs, bounds = [], []
        for seed in range(options.seeds):
            made = make(name, seed, samples, **chosen)
            runs.append(fitted(made, **settings))
            if bounded and chosen.get("noise"):
                bounds.append(bound_of(made))
        rows.append(row(label, runs, bounds))
        words = f"{options.seeds} seeds an entry: median (smallest .. largest)."
        record(table, title, HEADER, rows, words)


# --- how many generators


def drawn(seed: int) -> tuple[Made, str]:
    """A random problem of the vectors family whose pairs have clearly more numbers than its orbits have dimensions."""
    rng = np.random.default_rng([4, seed])
    while True:
        channels, dimension = int(rng.integers(2, 4)), int(rng.integers(2, 5))
        samples, noise = int(rng.choice([500, 1000, 2000])), float(rng.choice([0.0, 0.03, 0.1]))
        condition = float(rng.uniform(1.0, 3.0))
        made = make(
            "vectors-random",
            int(rng.integers(2**31)),
            samples,
            channels=channels,
            dimension=dimension,
            condition=condition,
            noise=noise,
        )
        assert made.generators is not None
        orbit, allowed = orbits(made)
        d, k = made.generators.shape[1], len(made.generators)
        if d * channels - orbit >= 2 and orbit == allowed == k:
            return made, f"{made.facts['algebra']}, d = {d}, m = {channels}, n = {samples}, noise {noise:g}"


def orbits(made: Made) -> tuple[int, int]:
    """Dimension of a generic pair's orbit, and of the space of all matrices that are tangent to the orbits.

    Only where both are k do pairs show what moves them: heis(3) on two channels moves the first coordinate of both at
    will, and so do many other groups.
    """
    assert made.generators is not None
    generators, d = made.generators, made.generators.shape[1]
    rows, ranks = [], []
    for x in made.arrays["x"][:40].reshape(-1, d, made.arrays["x"].shape[2]):
        tangents = (generators @ x).reshape(len(generators), -1).T
        left, singular, _ = np.linalg.svd(tangents)
        ranks.append(int((singular > 1e-8 * singular[0]).sum()))
        # vec(L x) = (I (x) x^T) vec(L), row by row.
        rows.append(left[:, ranks[-1] :].T @ np.kron(np.eye(d), x.T))
    singular = np.linalg.svd(np.concatenate(rows), compute_uv=False)
    return max(ranks), int(d * d - (singular > 1e-8 * singular[0]).sum())


def count(options: argparse.Namespace) -> None:
    """k of random settings."""
    wanted = 12 if options.quick else 200
    clock, seconds = Clock(options.minutes), []
    tally: Counter[tuple[int, int]] = Counter()
    verdicts: Counter[str] = Counter()
    wrong: list[str] = []
    by_noise: Counter[tuple[float, bool]] = Counter()
    for seed in range(wanted):
        if clock.over:
            break
        made, words = drawn(seed)
        try:
            run = fitted(made)
        except Exception as error:
            wrong.append(f"failed, seed {seed}: {words}: {str(error).splitlines()[0]}")
            print(wrong[-1], flush=True)
            continue
        truth, learned = made.facts["dimension"], run.k
        tally[truth, learned] += 1
        verdicts[f"{run.found.verdict.value}, {run.found.certified_dimension} of {truth} certified"] += 1
        by_noise[made.recipe["options"]["noise"], truth == learned] += 1
        seconds.append(run.total)
        if truth != learned:
            wrong.append(f"seed {seed}: {words}: {learned} for {truth}, {run.says}")
            print(wrong[-1], "|", run.found.reason, flush=True)
        if seed % 10 == 9 or seed == wanted - 1:
            print(f"{seed + 1}: {dict(tally)}", flush=True)
            done = sum(tally.values())
            right = sum(number for (k, found), number in tally.items() if k == found)
            ks = sorted({found for _, found in tally})
            rows: list[Row] = [[k, *(tally[k, found] for found in ks)] for k in sorted({k for k, _ in tally})]
            noises = ", ".join(
                f"{by_noise[noise, True]} of {by_noise[noise, True] + by_noise[noise, False]} at noise {noise:g}"
                for noise in (0.0, 0.03, 0.1)
            )
            shown = "; ".join(f"{word}: {number}" for word, number in verdicts.most_common())
            record(
                "lconv_count",
                f"Number of generators in {done} random settings: right in {right} ({100 * right / done:.1f} %)",
                ["true k", *(f"found {k}" for k in ks)],
                rows,
                "Five algebras in random frames of condition 1 .. 3, d = 2 .. 4, 2 or 3 channels, n = 500, 1000 or "
                f"2000, orbits of dimension k <= d m - 2 that no other matrices are tangent to. Right in {noises}. "
                f"Verdicts: {shown}. Seconds a fit: {middle(seconds)}." + "".join(f"\n- {line}" for line in wrong),
            )


# --- no common group


HOW = ("independent", "maps", "sine", "tanh", "noise")


def unrelated(seed: int) -> dict[str, Any]:
    """Options of a null; sizes are shared out so that a hundred take a few minutes."""
    rng = np.random.default_rng([5, seed])
    how = HOW[seed % len(HOW)]
    # Cost grows as n d^2 k^2: large n goes with small d but for one set in twenty.
    size = rng.random()
    if size < 0.5:
        samples, dimension = int(rng.choice([300, 500])), int(rng.integers(4, 7))
    elif size < 0.8:
        samples, dimension = int(rng.choice([500, 1000])), int(rng.integers(4, 11))
    elif size < 0.95:
        samples, dimension = int(rng.choice([2000, 5000])), int(rng.integers(4, 7))
    else:
        samples, dimension = int(rng.choice([1000, 2000])), int(rng.choice([12, 16, 20]))
    channels = int(rng.integers(2, 4)) if dimension < 8 else int(rng.integers(1, 3))
    return {"how": how, "samples": samples, "dimension": dimension, "channels": channels}


def nulls(options: argparse.Namespace) -> None:
    """False discoveries."""
    wanted = 10 if options.quick else 500
    clock, seconds = Clock(options.minutes), []
    tally: Counter[tuple[str, str]] = Counter()
    sizes: Counter[str] = Counter()
    false: list[str] = []
    least: dict[str, float] = {}
    for seed in range(wanted):
        if clock.over:
            break
        chosen = unrelated(seed)
        how, samples = chosen["how"], chosen.pop("samples")
        made = make("unrelated-pairs", seed, samples, **chosen)
        defect = made.facts.get("population_defect")
        if defect is not None:
            least[how] = min(least.get(how, np.inf), defect)
            if defect < 0.2:
                continue
        try:
            run = fitted(made)
        except Exception as error:
            tally[how, "failed"] += 1
            false.append(f"failed, seed {seed}, {chosen}, n = {samples}: {str(error).splitlines()[0]}")
            print("FAILED", false[-1], flush=True)
            continue
        verdict = run.found.verdict.value
        tally[how, verdict] += 1
        sizes[f"n = {samples}"] += 1
        seconds.append(run.total)
        if verdict == "symmetric":
            false.append(f"seed {seed}, {chosen}, n = {samples}: {run.found.dimension} generators")
            print("FALSE", false[-1], run.found.defect, run.found.reason, flush=True)
        if seed % 20 == 19 or seed == wanted - 1:
            print(f"{seed + 1}: {dict(tally)}, {sum(seconds):.0f} s", flush=True)
            words = ("symmetric", "inconclusive", "none", "constructed", "failed")
            rows: list[Row] = [
                [name, sum(tally[name, w] for w in words), *(tally[name, w] for w in words)]
                for name in sorted({name for name, _ in tally})
            ]
            done = sum(tally.values())
            rows.append(["all", done, *(sum(tally[name, w] for name in HOW) for w in words)])
            shared = ", ".join(f"{name}: {number}" for name, number in sorted(sizes.items()))
            bends = ", ".join(f"{name} {value:.2f}" for name, value in sorted(least.items()))
            record(
                "lconv_nulls",
                f"Pairs without a common group: {rows[-1][2]} false discoveries in {done}",
                ["pairs", "sets", *words],
                rows,
                f"d = 4 .. 20, 1 to 3 channels; {shared}. Smallest population defect: {bends}. "
                f"Seconds a fit: {middle(seconds)}." + "".join(f"\n- {line}" for line in false),
            )


# --- interpolated images, which are no group


def turns(p: int, angles: np.ndarray) -> np.ndarray:
    """(a, p^2, p^2): the maps of bilinear resampling, from the images of the basis."""
    cos, sin, zero = np.cos(angles), np.sin(angles), np.zeros_like(angles)
    return resampling(p, np.stack([cos, -sin, zero, sin, cos, zero], axis=1).reshape(-1, 2, 3))


def resampling(p: int, affine: np.ndarray) -> np.ndarray:
    """(a, p^2, p^2): torch's `affine_grid` and `grid_sample`, zeros outside, corners not aligned."""
    images = torch.eye(p * p, dtype=torch.float64).reshape(1, p * p, p, p)
    theta = torch.from_numpy(np.ascontiguousarray(affine))
    grid = torch.nn.functional.affine_grid(theta, [len(affine), p * p, p, p], align_corners=False)
    moved = torch.nn.functional.grid_sample(images.expand(len(affine), -1, -1, -1), grid, align_corners=False)
    return moved.reshape(len(affine), p * p, p * p).transpose(1, 2).numpy()


@dataclass
class Maps:
    """Maps at Gauss-Legendre nodes of the angle, and errors of exp(theta L) against them."""

    p: int
    widest: float

    def __post_init__(self) -> None:
        nodes, weights = np.polynomial.legendre.leggauss(24)
        self.angles, self.weights = self.widest * (nodes + 1) / 2, weights / 2
        self.maps = turns(self.p, self.angles)

    def rms(self, maps: np.ndarray) -> float:
        """Root mean square of |maps - R| over that of |R|."""
        return float(np.sqrt(self.weights @ _squares(maps - self.maps) / (self.weights @ _squares(self.maps))))

    def moved(self, maps: np.ndarray) -> float:
        """The same over that of |R - I|."""
        apart = _squares(self.maps - np.eye(self.p**2))
        return float(np.sqrt(self.weights @ _squares(maps - self.maps) / (self.weights @ apart)))

    def best(self, start: np.ndarray) -> np.ndarray:
        """The L of least squares, given the angles."""
        target, weights, angles = (torch.from_numpy(a) for a in (self.maps, self.weights, self.angles))
        matrix = torch.from_numpy(start.copy()).requires_grad_()
        solver = torch.optim.LBFGS([matrix], max_iter=600, history_size=30, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            solver.zero_grad()
            left = torch.linalg.matrix_exp(angles[:, None, None] * matrix) - target
            value = (weights * left.square().sum((1, 2))).sum()
            value.backward()
            return value

        solver.step(loss)
        return matrix.detach().numpy()


def _squares(maps: np.ndarray) -> np.ndarray:
    return np.asarray((maps**2).sum((1, 2)))


def flows(matrix: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(a, d, d): exp(t L)."""
    return torch.linalg.matrix_exp(torch.from_numpy(t[:, None, None] * matrix)).numpy()


def along(maps: Maps, matrix: np.ndarray) -> tuple[float, float]:
    """Errors of exp(t L): t proportional to the angle, and t free at each angle."""
    unit = matrix / np.linalg.norm(matrix)

    def error(rate: float) -> float:
        return maps.rms(flows(unit, rate * maps.angles))

    rates = np.geomspace(1.0, 200.0, 40)
    rate = min((*-rates, *rates), key=error)
    refined = minimize_scalar(error, bounds=sorted((0.85 * rate, 1.15 * rate)), method="bounded")
    t = np.linspace(-0.2, 2.0, 441) * refined.x * maps.widest
    candidates = flows(unit, t)
    apart = _squares(candidates) - 2 * np.tensordot(maps.maps, candidates, axes=((1, 2), (1, 2)))
    apart += _squares(maps.maps)[:, None]
    free = float(np.sqrt(maps.weights @ apart.min(1) / (maps.weights @ _squares(maps.maps))))
    return float(refined.fun), free


def reference(made: Made, layers: int, epochs: int) -> tuple[np.ndarray, float]:
    """The papers' recursive recipe, given the angles: y = (I + theta L / layers)^layers x by Adam; L and seconds."""
    start = time.process_time()
    n = len(made.arrays["x"])
    x, y = (torch.from_numpy(made.arrays[name].reshape(n, -1)).float() for name in ("x", "y"))
    angle = torch.from_numpy(made.arrays["t"]).float()
    seeded = torch.Generator().manual_seed(0)
    matrix = (1e-3 * torch.randn((x.shape[1],) * 2, generator=seeded)).requires_grad_()
    solver = torch.optim.Adam([matrix], lr=1e-2)
    for epoch in range(epochs):
        for group in solver.param_groups:
            group["lr"] = 1e-2 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for chosen in torch.randperm(n, generator=seeded).split(64):
            state = x[chosen]
            for _ in range(layers):
                state = state + angle[chosen] / layers * (state @ matrix.T)
            solver.zero_grad()
            (state - y[chosen]).square().mean().backward()
            solver.step()
    return matrix.detach().double().numpy(), time.process_time() - start


def bilinear(options: argparse.Namespace) -> None:
    """The papers' own rotated images."""
    rows: list[Row] = []
    header = ["pairs", "what", "reached", "seconds", "verdict, k"]

    def add(*cells: object) -> None:
        rows.append(list(cells))
        record(
            "lconv_bilinear",
            "Bilinear rotations of random images",
            header,
            rows,
            "Errors are root mean squares over the angle of the difference to the maps R, from images of the basis. "
            "exp(t L): t proportional to the angle, then t free at each angle. The recipe of the papers is given the "
            "angles: (I + theta L / 3)^3, Adam, 20 epochs of batches of 64.",
        )

    for p in (7, 20):
        truth = turns(p, np.array([np.pi / 10]))[0]
        runs = []
        for seed in range(options.seeds):
            made = make("interpolated-images", seed, 50_000 if p == 7 else 5000, size=p, angle=np.pi / 10, fixed=True)
            runs.append(fitted(made))
        errors = [
            float(np.linalg.norm(run.found.extras["map"] - truth) / np.linalg.norm(truth))
            for run in runs
            if "map" in run.found.extras
        ]
        label = f"{p} x {p}, pi/10 fixed, n = {len(made.arrays['x'])}"
        add(label, "relative error of R", middle(errors), middle([run.total for run in runs]), said(runs))
        print(runs[0].found.notes, flush=True)
    maps = Maps(7, np.pi / 3)
    label = "7 x 7, [0, pi/3)"
    began = time.process_time()
    starts = [(turns(7, np.array([0.1]))[0] - np.eye(49)) / 0.1, exact_rotation(7)]
    best = min((maps.best(start) for start in starts), key=lambda matrix: maps.rms(flows(matrix, maps.angles)))
    share = maps.rms(flows(best, maps.angles)), maps.moved(flows(best, maps.angles))
    words = f"{share[0]:.4f} of R, {share[1]:.4f} of R - I"
    add(label, "best L, angles given", words, f"{time.process_time() - began:.0f}", "")
    at = along(maps, best)
    add(label, "the same L, t proportional; t free", f"{at[0]:.4f}; {at[1]:.4f}", "", "")
    recipe, seconds = reference(make("interpolated-images", 0, 50_000), 3, 2 if options.quick else 20)
    at = along(maps, recipe)
    layered = np.linalg.matrix_power(np.eye(49) + maps.angles[:, None, None] / 3 * recipe, 3)
    words = f"{maps.rms(layered):.4f} as layers; {at[0]:.4f}; {at[1]:.4f}"
    add(label, "recipe of the papers, angles given, n = 50000", words, f"{seconds:.0f}", "")
    runs, errors, angles = [], [], []
    for seed in range(options.seeds):
        run = fitted(make("interpolated-images", seed, 2000), candidates="grid")
        runs.append(run)
        if len(run.found.generators):
            found = run.found.preview(6)
            angles.append(field_angle(found, PLANE_ROTATION, 7))
            errors.append(map_error(maps, found[0]))
    reached, seconds_of = f"{middle(errors, '.4f')}; {middle(angles)} deg", middle([run.total for run in runs])
    add(label, "grid: map error of generator 1; angle as field", reached, seconds_of, said(runs))
    runs, shared, free = [], [], []
    for seed in range(options.seeds):
        run = fitted(make("interpolated-images", seed, 2000), generators=1)
        runs.append(run)
        print(run.says, run.found.reason, dict(run.seconds), flush=True)
        if len(run.found.generators):
            errors_of = along(maps, run.found.preview(1)[0])
            shared.append(errors_of[0])
            free.append(errors_of[1])
    reached = f"{middle(shared, '.4f')}; {middle(free, '.4f')}"
    times = f"{middle([run.fit for run in runs])}, all {middle([run.total for run in runs])}"
    add(label, "fit, 1 generator, n = 2000: t proportional; t free", reached, times, said(runs))
    run = fitted(make("interpolated-images", 0, 2000))
    add(label, "fit, k found, 1 seed", "", middle([run.total]), said([run]))


def exact_rotation(p: int) -> np.ndarray:
    """The exact generator of `rotated-images`."""
    truth = make("rotated-images", 0, 2, size=p).generators
    assert truth is not None
    return truth[0]


PLANE_ROTATION = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])


def field_angle(found: np.ndarray, truth: np.ndarray, p: int) -> float:
    """Largest principal angle between spans of vector fields q -> A q + b on the pixels of a p x p image."""
    place = np.arange(p) - (p - 1) / 2
    row, column = np.meshgrid(place, place, indexing="ij")
    points = np.stack([row.ravel(), column.ravel(), np.ones(p * p)])
    one, two = (np.linalg.qr((stack[:, :2] @ points).reshape(len(stack), -1).T)[0] for stack in (found, truth))
    cosines = np.linalg.svd(one.T @ two, compute_uv=False)
    sines = np.linalg.svd(two - one @ (one.T @ two) if len(found) >= len(truth) else one - two @ (two.T @ one))[1]
    least, most = float(cosines.min()), float(sines.max())
    return float(np.degrees(np.arcsin(min(1.0, most)) if most < 0.7 else np.arccos(least)))


def map_error(maps: Maps, field: np.ndarray) -> float:
    """Of resampling along the flow of a field (row, column, 1), scaled to turn by the angle, either way."""
    rate = (field[1, 0] - field[0, 1]) / 2
    swap = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    errors = []
    for sign in (-1, 1):
        flow = flows(swap @ (sign * field / rate) @ swap, maps.angles)[:, :2].copy()
        flow[:, :, 2] *= 2 / maps.p  # pixels -> torch's [-1, 1]
        errors.append(maps.rms(resampling(maps.p, flow)))
    return min(errors)


# --- larger images


def warped(options: argparse.Namespace) -> None:
    """Two translations and a rotation."""
    mask = "local:all+antisymmetric"
    small, large = {"size": 16}, {"size": 28}
    noisy = {"size": 16, "noise": 0.1}
    accuracy(
        "lconv_warped",
        "warped-images, n = 3000; 3 generators are given where said",
        [
            ("16 x 16, linear, k given, exact", "warped-images", 3000, small, {"generators": 3}),
            (
                "16 x 16, scrambled, linear, k given, exact",
                "warped-images",
                3000,
                small | {"scrambled": True},
                {"generators": 3},
            ),
            (f"16 x 16, {mask}, k given, 10 %", "warped-images", 3000, noisy, {"generators": 3, "candidates": mask}),
            (
                "16 x 16, local:all, k given, 10 %",
                "warped-images",
                3000,
                noisy,
                {"generators": 3, "candidates": "local:all"},
            ),
            (
                "28 x 28, local:all, k given, exact",
                "warped-images",
                3000,
                large,
                {"generators": 3, "candidates": "local:all"},
            ),
            ("16 x 16, linear, exact", "warped-images", 3000, small, {}),
            (
                "16 x 16, scrambled, linear, k given, 10 %",
                "warped-images",
                3000,
                noisy | {"scrambled": True},
                {"generators": 3},
            ),
        ],
        options,
        bounded=False,
    )


def images(options: argparse.Namespace) -> None:
    """Digits turned and warped by cubic splines; fields on the grid."""
    if options.mnist is None or not options.mnist.exists():
        print("images: give the test images of MNIST, --mnist t10k-images-idx3-ubyte.gz; skipped")
        return
    with gzip.open(options.mnist) as file:
        digits = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28) / 255.0
    units = np.zeros((6, 3, 3))
    for unit, place in zip(units, ((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (1, 2)), strict=True):
        unit[place] = 1.0
    rows: list[Row] = []
    for label, widest, truth in (("rotation +-pi/6", np.pi / 6, PLANE_ROTATION), ("affine, sd .1", 0.1, units)):
        runs, angles, errors = [], [], []
        for seed in range(options.seeds):
            rng = np.random.default_rng([8, seed])
            x = digits[rng.permutation(len(digits))[: 200 if options.quick else 1000]]
            if len(truth) == 1:
                t = rng.uniform(-widest, widest, (len(x), 1))
            else:
                t = widest * rng.standard_normal((len(x), 6)) * np.array([1, 1, 1, 1, 14, 14])
            flow = torch.linalg.matrix_exp(torch.from_numpy(np.tensordot(t, truth, axes=1))).numpy()
            y = np.stack([warp(image, np.linalg.inv(g)) for image, g in zip(x, flow, strict=True)])
            run = timed(x, y, "nss", None, candidates="grid")
            runs.append(run)
            if len(run.found.generators):
                angles.append(field_angle(run.found.preview(6), truth, 28))
                if len(truth) == 1 and len(run.found.generators) == 1:
                    learned = run.found.extras["coefficients"][:, 0] / np.sqrt(2)
                    errors.append(float(np.degrees(np.abs(np.abs(learned) - np.abs(t[:, 0])).mean())))
            print(label, seed, angles[-1:], run.says, run.found.notes, run.seconds, flush=True)
        rows.append([label, middle(angles), middle(errors), said(runs), middle([run.total for run in runs], ".3g")])
        record(
            "lconv_images",
            f"{len(x)} MNIST digits moved by cubic splines, candidates grid",
            [
                "pairs",
                "angle as vector fields, deg",
                "mean error of a pair's angle, deg",
                "verdict, k (times)",
                "seconds",
            ],
            rows,
            f"{options.seeds} seeds an entry.",
        )


def warp(image: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """The image at inverse q, q = (row, column) from the centre; zeros outside."""
    centre = (np.array(image.shape) - 1) / 2
    offset = centre + inverse[:2, 2] - inverse[:2, :2] @ centre
    return np.asarray(affine_transform(image, inverse[:2, :2], offset, order=3))


# --- the list


TABLES: dict[str, Callable[[argparse.Namespace], None]] = {
    "rotated": rotated,
    "shifts": shifts,
    "vectors": vectors,
    "count": count,
    "nulls": nulls,
    "bilinear": bilinear,
    "warped": warped,
    "images": images,
}


def main() -> None:
    """Print and record the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="append", choices=tuple(TABLES), help="one table; again for more")
    parser.add_argument("--seeds", type=int, default=5, help="data sets an entry")
    parser.add_argument("--case", help="rotated, shifts, vectors, warped: only the entries with this in their label")
    parser.add_argument("--quick", action="store_true", help="one small run of everything")
    parser.add_argument("--minutes", type=float, default=60.0, help="count, nulls: no new run after this")
    parser.add_argument("--mnist", type=Path, default=None, help="t10k-images-idx3-ubyte.gz")
    options = parser.parse_args()
    if options.quick:
        options.seeds = 1
    torch.set_num_threads(THREADS)
    if options.quick or options.case:
        common.TABLES = Path(tempfile.mkdtemp())  # a part of a table must not replace the whole
    for name in options.table or list(TABLES):
        TABLES[name](options)


if __name__ == "__main__":
    main()
