"""The function method on labelled data: angles to the truth, verdicts, nulls, seconds.

    python benchmarks/function.py [--table NAME ...] [--seeds 5] [--nulls 100] [--minutes 60] [--orbits FILE]

Tables: lorentz, o5, liegg, inertia, step, null, maps. Data are those of `symdisc sample` with the noise said; dimension
and verdict are the tool's own, tolerance 0.1 unless said. An angle is the largest principal angle to the true span in
degrees, median over the seeds and its range; it is left out where the dimensions differ. Seconds are of one thread, as
the processor counts them. A table stops before its next entry once its minutes are over. `step` reads the two-body
orbits of LieGAN (github Rose-STL-Lab/LieGAN) from an NPZ file with `coords` (runs, steps, 8).
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
from common import middle, record, tallied

import symdisc
from symdisc.algebra import principal_angles
from symdisc.discover.function import choice
from symdisc.problems.registry import make

Row = list[object]


class Run:
    """One fit, its angle to the truth (NaN: another dimension) and its processor seconds."""

    def __init__(self, x: np.ndarray, y: np.ndarray, truth: np.ndarray | None, **settings: Any) -> None:
        start = time.process_time()
        self.found = symdisc.fit(x, y, kind="labelled", method="function", **settings)
        self.seconds = time.process_time() - start
        self.angle = np.nan
        if truth is not None and len(truth) == len(self.found) and truth.shape[1:] == self.found.generators.shape[1:]:
            self.angle = float(np.max(principal_angles(self.found.generators, truth)))


class Clock:
    """Says when a table's time is over."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes

    @property
    def over(self) -> bool:
        """Whether it is."""
        return time.monotonic() > self.end


def of_problem(name: str, seed: int, samples: int, own: dict[str, Any], **settings: Any) -> Run:
    """A fit of a ready-made problem."""
    made = make(name, seed, samples, **own)
    settings.setdefault("output_action", made.facts.get("output_action"))
    settings.setdefault("candidates", made.facts.get("candidates"))
    return Run(made.arrays["x"], made.arrays["y"], made.generators, seed=seed, **settings)


def _seeds(options: argparse.Namespace) -> range:
    return range(options.first, options.first + options.seeds)


def said(runs: list[Run]) -> str:
    """Verdict and number of certified generators, with how often."""
    return tallied(f"{run.found.verdict.value} {run.found.certified_dimension}" for run in runs)


HEADER = ["data", "samples", "angle, deg", "verdict, certified (times)", "defect", "next", "model", "seconds"]


def entry(label: str, samples: int, runs: list[Run]) -> Row:
    """One line of a table of angles."""
    following = [run.found.next_defect for run in runs if run.found.next_defect is not None]
    models = Counter(str(note).split(";")[0][3:] for run in runs for note in run.found.notes if note.startswith("f: "))
    return [
        label,
        samples,
        middle([run.angle for run in runs]),
        said(runs),
        middle([float(run.found.defect.max(initial=0.0)) for run in runs]),
        middle(following),
        ", ".join(f"{name} {count}" for name, count in models.most_common()),
        middle([run.seconds for run in runs]),
    ]


def angles(name: str, cases: list[tuple[str, str, int, dict[str, Any], dict[str, Any]]], options: Any) -> None:
    """A table of problems: label, problem, samples, its options, settings of the fit."""
    clock, rows = Clock(options.minutes), []
    for label, problem, samples, own, settings in cases:
        runs = []
        for seed in _seeds(options):
            if clock.over:
                break
            runs.append(of_problem(problem, seed, samples, own, **settings))
        if runs:
            rows.append(entry(f"{label} ({len(runs)} seeds)", samples, runs))
            record(f"function_{name}", f"The function method: {name}", HEADER, rows)


def lorentz(options: argparse.Namespace) -> None:
    """y = f(p.p) with 10 % noise."""
    noisy = {"noise": 0.1}
    cases = [
        ("lorentz, 10 % noise", "lorentz", 4000, noisy, {}),
        ("lorentz, 10 % noise", "lorentz", 16000, noisy, {}),
        ("lorentz, sine, 10 % noise", "lorentz", 16000, {**noisy, "profile": "sine"}, {}),
    ]
    angles("lorentz", cases, options)


def o5(options: argparse.Namespace) -> None:
    """LieGG's task."""
    cases = [("o5", "o5", n, {}, {}) for n in (1000, 10_000)]
    angles("o5", [*cases, ("o5, all of gl(10)", "o5", 10_000, {}, {"candidates": "linear"})], options)


def liegg(options: argparse.Namespace) -> None:
    """Angle and seconds beside LieGG's recipe on the same data, in one process; LieGG is told the dimension."""
    from liegg import liegg as peer

    names = ("function", "LieGG, DataLoader", "LieGG, slices")
    clock = Clock(options.minutes)
    tally: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for seed in range(options.seeds):
        if clock.over:
            break
        run = of_problem("o5", seed, 10_000, {})
        tally["function"].append((run.angle, run.seconds))
        made = make("o5", seed, 10_000)
        assert made.generators is not None
        for word, loader in (("LieGG, DataLoader", True), ("LieGG, slices", False)):
            small, seconds = peer(made.arrays["x"], made.arrays["y"].ravel(), 10, seed, loader)
            whole = np.stack([np.kron(np.eye(2), one) for one in small])
            tally[word].append((float(np.max(principal_angles(whole, made.generators))), seconds))
    rows: list[Row] = [
        [word, len(runs), middle([angle for angle, _ in runs]), middle([seconds for _, seconds in runs])]
        for word, runs in tally.items()
    ]
    note = (
        "LieGG: its published settings, written anew (`liegg.py`). DataLoader: a sample at a time, as its notebook "
        "does; slices: of one tensor, which is the least that recipe can take. Imports are not counted."
    )
    record("function_liegg", "O(5), n = 10000", ["method", "sets", "angle, deg", "seconds"], rows, note)


def inertia(options: argparse.Namespace) -> None:
    """LieSD's task; the dilation is a symmetry beside so(3)."""
    cases = [(f"inertia, noise {noise:g}", "inertia", 20_000, {"noise": noise}, {}) for noise in (0.0, 0.1)]
    angles("inertia", cases, options)


def step(options: argparse.Namespace) -> None:
    """One step of LieGAN's two bodies, without a mask: so(2) on the data's range."""
    if options.orbits is None:
        print("step: needs --orbits FILE")
        return
    with np.load(options.orbits, allow_pickle=False) as file:
        orbits = file["coords"][:, :, [0, 2, 4, 6, 1, 3, 5, 7]]
    x, y = orbits[:, :-1].reshape(-1, 8), orbits[:, 1:].reshape(-1, 8)
    group = np.repeat(np.arange(len(orbits)), orbits.shape[1] - 1)
    axes = np.linalg.svd(x, full_matrices=False)[2][:4]
    inside = axes.T @ axes
    turn = inside @ np.kron(np.eye(4), [[0.0, 1.0], [-1.0, 0.0]]) @ inside
    truth = np.kron(np.eye(2), turn)[None]
    runs = [Run(x, y, truth, group=group, output_action="same", seed=seed) for seed in _seeds(options)]
    rows = [entry(f"two-body step ({len(runs)} seeds of the folds)", len(x), runs)]
    record("function_step", "The function method: one step of two bodies", HEADER, rows)


MODELS = ["quadratic", "polynomial", "kernel", "forms", "auto"]
NULLS: list[tuple[str, int, dict[str, Any], str]] = [
    (f"d = {d}{', linear term' * linear}", n, {"dimension": d, "linear": linear}, model)
    for model in MODELS
    for n in (600, 3000)
    for d, linear in ((3, True), (4, False), (5, True))
]


def null(options: argparse.Namespace) -> None:
    """Random functions: false discoveries, also of a model class that is itself symmetric."""
    clock, rows = Clock(options.minutes), []
    degrees = choice.degrees
    for label, samples, own, model in [entry for entry in NULLS if entry[3] in options.models]:
        tally: Counter[str] = Counter()
        least = np.inf
        choice.degrees = (lambda r, n: [2]) if model == "quadratic" else degrees
        word = "polynomial" if model == "quadratic" else model
        for seed in range(options.first, options.first + options.nulls):
            if clock.over:
                break
            made = make("random-function", seed, samples, **own)
            least = min(least, float(made.facts["population_defect"]))
            found = Run(made.arrays["x"], made.arrays["y"], None, seed=seed, options={"function.model": word}).found
            tally[found.verdict.value] += 1
        choice.degrees = degrees
        if sum(tally.values()) == options.nulls:
            counts = [tally[verdict] for verdict in ("symmetric", "inconclusive", "none")]
            rows.append([label, samples, model, sum(counts), *counts, f"{least:.2g}"])
            header = [
                "random function",
                "samples",
                "model",
                "sets",
                "symmetric",
                "inconclusive",
                "none",
                "least defect",
            ]
            name = "function_null" if options.models == MODELS else f"function_null_{'_'.join(options.models)}"
            record(name, "Functions without a symmetry, 10 % noise, tolerance 0.1", header, rows)


def maps(options: argparse.Namespace) -> None:
    """SymCert's setting: polynomial maps, box-distributed x, noisy y, tolerance and alpha 0.05."""
    clock, rows = Clock(options.minutes), []
    for samples in options.sizes:
        for noise in (0.05, 0.2):
            tally: Counter[str] = Counter()
            least = np.inf
            for symmetry in ("none", "rotation", "rotations"):
                for n in range(2, 7):
                    for degree in (2, 3):
                        if degree == 2 and (symmetry == "rotations" or (symmetry == "rotation" and n == 2)):
                            continue
                        for seed in _seeds(options):
                            if clock.over:
                                break
                            own = {"dimension": n, "degree": degree, "symmetry": symmetry, "noise": noise}
                            made = make("polynomial-map", seed, samples, **own)
                            found = Run(
                                made.arrays["x"], made.arrays["y"], None, output_action="same", tolerance=0.05,
                                seed=seed, options={"function.model": "polynomial"},
                            ).found  # fmt: skip
                            true = made.facts["dimension"]
                            kind = "null" if not true else "planted"
                            tally[kind] += 1
                            tally[f"{kind} false"] += found.certified_dimension > true
                            tally[f"{kind} found"] += bool(true and found.certified_dimension == true)
                            tally[f"{kind} none"] += found.verdict.value == "none"
                            if not true:
                                least = min(least, made.facts["population_defect"])
            if tally["planted"] and not clock.over:
                rows.append(
                    [
                        samples, f"{100 * noise:g} %", tally["null"], tally["null false"], tally["null none"],
                        tally["planted"], tally["planted false"], f"{tally['planted found'] / tally['planted']:.3f}",
                        f"{least:.2g}",
                    ]
                )  # fmt: skip
                header = ["samples", "noise", "nulls", "certified", "none", "planted", "too many", "detected"]
                note = (
                    "A grid of our own in SymCert's setting: n = 2 to 6, degrees 2 and 3, no symmetry, a rotation of "
                    "one plane, all rotations. Detected: certified with the right dimension. SymCert's tables, 240 "
                    "settings: false 0.000, detection 0.484."
                )
                record("function_maps", "Polynomial maps, tolerance 0.05", [*header, "least defect"], rows, note)


TABLES = {"lorentz": lorentz, "o5": o5, "liegg": liegg, "inertia": inertia, "step": step, "null": null, "maps": maps}


def main() -> None:
    """Print and record the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="append", choices=tuple(TABLES), help="one table; again for more")
    parser.add_argument("--seeds", type=int, default=5, help="data sets an entry")
    parser.add_argument("--nulls", type=int, default=100, help="random functions an entry")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, help="null: of f")
    parser.add_argument("--first", type=int, default=0, help="the first seed (not of liegg)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1000, 3000], help="maps: numbers of samples")
    parser.add_argument("--minutes", type=float, default=60.0, help="most a table may take")
    parser.add_argument("--orbits", help="two-body orbits, for the table step")
    options = parser.parse_args()
    for name in options.table or list(TABLES):
        TABLES[name](options)


if __name__ == "__main__":
    main()
