"""Recursive L-conv on pairs with unknown group elements: accuracy against the bound, counts, nulls, images, seconds.

    python benchmarks/lconv.py [--table NAME ...] [--seeds 5] [--quick] [--minutes 40] [--mnist FILE]

Tables: rotated, shifts, vectors, bound, count, nulls, bilinear, warped, images (all but images by default, which needs
the test images of MNIST, t10k-images-idx3-ubyte.gz). Data are those of `symdisc sample`; unless said, the number of
generators and the verdict are the tool's own. An angle is the largest principal angle in degrees, printed as the median
over the seeds and its range. Bounds come from `lconv_bound.py`. Seconds are of one thread, as the processor counts
them: "search" of the generators and their number, "one fit" the search with the number given and the refit on all
pairs, "held out" the fits without each fifth of the pairs.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import common
import numpy as np
import torch
from common import record
from lconv_bilinear import PLANE_ROTATION, bilinear, field_angle
from lconv_bound import bound, excess
from lconv_random import count, nulls
from lconv_runs import Clock, Ledger, Row, Run, fitted, middle, said, timed
from scipy.ndimage import affine_transform

from symdisc.problems.problem import Made
from symdisc.problems.registry import make

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


def efficiency(options: argparse.Namespace) -> None:
    """All of the error against the bound, at noise where the bound is tight and where it need not be."""
    ledger, clock = Ledger(common.TABLES / "lconv_bound.jsonl"), Clock(options.minutes)
    cases = [("so4", 0.1), ("so3", 0.1), ("sl2", 0.1), ("so4", 0.01), ("sl2", 0.01)]
    # Seeds first, so that a table cut short has all entries.
    for seed in range(1 if options.quick else options.seeds):
        for place, (name, noise) in enumerate(cases[:1] if options.quick else cases):
            for number in ledger.missing(range(1000 * place + seed, 1000 * place + seed + 1)):
                if clock.over:
                    break
                made = make(f"vectors-{name}", seed, 1000, noise=noise, channels=2)
                assert made.generators is not None
                # At a tolerance that nothing meets all generators are written, certified or not.
                run = fitted(made, generators=len(made.generators), tolerance=1e-9, options={"lconv.folds": 2})
                found = run.found.preview(len(made.generators))
                size, free = excess(made.generators, found, made.arrays["x"], made.arrays["t"], deviation(made))
                ledger.add(seed=number, ratio=round(run.angle / bound_of(made), 4), excess=round(size, 3), free=free)
                print(name, noise, seed, ledger.lines[-1], flush=True)
    rows: list[Row] = []
    for place, (name, noise) in enumerate(cases):
        done = [line for line in ledger.lines if line["seed"] // 1000 == place]
        if done:
            freedom = sum(line["free"] for line in done)
            efficient = np.sqrt(sum(line["excess"] for line in done) / freedom)
            spread = f"{efficient:.3f} +- {efficient / np.sqrt(2 * freedom):.3f}"
            ratios = middle([line["ratio"] for line in done], ".3g")
            rows.append([name, f"{100 * noise:g} %", len(done), ratios, spread, freedom])
    record(
        "lconv_bound",
        "Error of the span over the bound, k given, n = 1000, 2 channels",
        ["pairs", "noise", "data sets", "largest angle: median (range)", "all of the error: rms", "degrees of freedom"],
        rows,
        "Even at the bound, the largest angle of one data set over its median is a draw from a wide distribution; the "
        "root of chi^2 over its degrees of freedom says more.",
    )


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
    "bound": efficiency,
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
    parser.add_argument("--first", type=int, default=0, help="count, nulls: the first seed; runs on record are kept")
    parser.add_argument("--minutes", type=float, default=60.0, help="count, nulls, bound: no new run after this")
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
