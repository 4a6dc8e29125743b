"""Noether currents of trajectories and fields: angles to the truth, verdicts, nulls, seconds.

    python benchmarks/noether.py [--table NAME ...] [--seeds 5] [--nulls 100] [--broken 20]
        [--smooth 20]

Tables: trajectories, fields, nulls, broken, smooth, speed. Data are those of `symdisc sample` with the noise said;
dimension and verdict are the tool's own, the default candidates unless said. An angle is the largest principal angle to
the true span in degrees, printed as the median over the seeds and its range; it is left out where the dimensions
differ. Seconds are of one thread, as the processor counts them.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
from common import middle, record, tallied

import symdisc
from symdisc.algebra import principal_angles
from symdisc.data import DataSet, from_arrays
from symdisc.problems.problem import Made
from symdisc.problems.registry import make

NOISES = (0.0, 0.01, 0.03, 0.1)
Row = list[object]


@dataclass
class Run:
    """One fit, its angle to the truth (NaN: another dimension) and its processor seconds."""

    found: symdisc.Symmetry
    angle: float
    seconds: float


def data_of(made: Made) -> DataSet:
    """A problem as data, with the steps of its axes."""
    x = made.arrays["x"]
    data = from_arrays(x, kind=made.kind, axes=made.axes)
    data.dt = float(made.attributes["dt"])
    if made.kind == "field":
        spacing = np.atleast_1d(made.attributes["spacing"]).astype(float)
        data.spacing = tuple(np.broadcast_to(spacing, x.ndim - 3).tolist())
        data.periodic = (True,) * (x.ndim - 3)
    return data


def fitted(made: Made, truth: np.ndarray | None, **settings: Any) -> Run:
    """`symdisc.fit` on a problem."""
    start = time.process_time()
    found = symdisc.fit(data_of(made), **settings)
    seconds = time.process_time() - start
    angle = np.nan
    if truth is not None and 0 < len(truth) == len(found) and truth.shape[1:] == found.generators.shape[1:]:
        angle = float(np.max(principal_angles(found.generators, truth)))
    return Run(found, angle, seconds)


def said(runs: list[Run]) -> str:
    """Verdict and number of certified generators, with how often."""
    return tallied(f"{run.found.verdict.value} {run.found.certified_dimension}" for run in runs)


def galilei(masses: tuple[float, ...]) -> np.ndarray:
    """Rotations, translations and boosts of three bodies alike, on (q.., t, 1)."""
    stack = np.zeros((9, 11, 11))
    for axis in range(3):
        i, j = [other for other in range(3) if other != axis]
        for body in range(len(masses)):
            at = 3 * body
            stack[axis, at + i, at + j], stack[axis, at + j, at + i] = 1, -1
            stack[3 + axis, at + axis, 10] = 1
            stack[6 + axis, at + axis, 9] = 1
    return stack


MASSES = {"noether.mass": "1,2,.5"}
MOTIONS: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("oscillator, linear", "oscillator", "linear", {}),
    ("kepler, default", "kepler", None, {}),
    ("kepler, linear", "kepler", "linear", {}),
    ("three bodies, shared:3", "three-body", "shared:3", MASSES),
    ("three bodies, shared:3+linear", "three-body", "shared:3+linear", MASSES),
    ("three bodies, affine+shared:3, boosts", "three-body", "affine+shared:3", {**MASSES, "noether.boosts": "yes"}),
    ("three bodies, shared:3, masses unknown", "three-body", "shared:3", {"noether.mass": "unknown"}),
    ("double spring pendulum, shared:3", "double-spring-pendulum", "shared:3", {}),
    ("double spring pendulum, shared:3+linear", "double-spring-pendulum", "shared:3+linear", {}),
    ("double spring pendulum, linear", "double-spring-pendulum", "linear", {}),
]


def truth_of(made: Made, options: dict[str, Any], name: str) -> np.ndarray | None:
    """The true generators among the candidates."""
    if "noether.boosts" in options:
        return galilei((1.0, 2.0, 0.5))
    return made.generators[:3] if name == "three-body" and made.generators is not None else made.generators


def trajectories(options: argparse.Namespace) -> None:
    """Angles and verdicts of mechanics."""
    rows: list[Row] = []
    for label, name, candidates, own in MOTIONS:
        for noise in (*NOISES, 0.05) if "boosts" in label else NOISES:
            runs = []
            for seed in range(options.seeds):
                made = make(name, seed, noise=noise)
                runs.append(fitted(made, truth_of(made, own, name), candidates=candidates, options=own))
            rows.append(_entry(label, noise, runs))
            record("noether_trajectories", TITLE.format("Trajectories", options.seeds), HEADER, rows)
    phase(rows, options)


def phase(rows: list[Row], options: argparse.Namespace) -> None:
    """u(2) of the isotropic oscillator, and frequencies that are nearly equal."""
    for noise in NOISES:
        runs = [
            fitted(make("oscillator", seed, noise=noise), None, candidates="phase") for seed in range(options.seeds)
        ]
        rows.append(_entry("oscillator, phase: u(2)", noise, runs))
    for tolerance in (0.1, 0.015):
        for noise in (0.0, 0.01, 0.03):
            runs = [
                fitted(make("oscillator", seed, noise=noise, frequencies=(1.0, 1.03)), None, tolerance=tolerance)
                for seed in range(options.seeds)
            ]
            rows.append(_entry(f"oscillator, frequencies 1 and 1.03, tolerance {tolerance}", noise, runs))
    record("noether_trajectories", TITLE.format("Trajectories", options.seeds), HEADER, rows)


def _entry(label: str, noise: float, runs: list[Run]) -> Row:
    following = [run.found.next_defect for run in runs if run.found.next_defect is not None]
    largest = middle([float(run.found.defect.max(initial=0.0)) for run in runs])
    seconds = middle([run.seconds for run in runs])
    angle = middle([run.angle for run in runs])
    return [label, f"{100 * noise:g} %", angle, said(runs), largest, middle(following), seconds]


HEADER = ["problem, candidates", "noise", "angle, deg", "verdict, certified (times)", "defect", "next", "seconds"]
TITLE = "{}: {} seeds an entry, median (smallest .. largest)"
FIELDS: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("complex-phi4: u(1)", "complex-phi4", None, {}),
    ("o3-phi4: so(3)", "o3-phi4", None, {}),
    ("o3-phi4 in a frame of condition 20", "o3-phi4", None, {"condition": 20.0}),
    ("klein-gordon: boost, translations", "klein-gordon", None, {}),
    ("wave: these and the dilation", "wave", None, {}),
    ("klein-gordon-2d: so(2,1), translations", "klein-gordon-2d", None, {}),
]


def fields(options: argparse.Namespace) -> None:
    """Angles and verdicts of fields."""
    rows: list[Row] = []
    for label, name, candidates, chosen in FIELDS:
        for noise in NOISES:
            runs = []
            for seed in range(options.seeds):
                made = make(name, seed, noise=noise, **chosen)
                runs.append(fitted(made, made.generators, candidates=candidates))
            rows.append(_entry(label, noise, runs))
            record("noether_fields", TITLE.format("Fields", options.seeds), HEADER, rows)


def nulls(options: argparse.Namespace) -> None:
    """False discoveries."""
    rows: list[Row] = []
    cases = [("anharmonic, default", "anharmonic", None, 1.0), ("anharmonic, linear", "anharmonic", "linear", 1.0)]
    for label, name, candidates, share in [*cases, ("two-fields", "two-fields", None, 0.5)]:
        for noise in (0.01, 0.1):
            tally: Counter[str] = Counter()
            least = np.inf
            for seed in range(int(share * options.nulls)):
                own = {"dimension": 2 + seed % 2} if name == "anharmonic" else {}
                made = make(name, seed, noise=noise, **own)
                least = min(least, float(made.facts["broken_by"]))
                tally[fitted(made, None, candidates=candidates).found.verdict.value] += 1
            counts = [tally[word] for word in ("symmetric", "inconclusive", "none")]
            rows.append([label, f"{100 * noise:g} %", sum(counts), *counts, f"{least:.2g}"])
            header = ["problem, candidates", "noise", "sets", "symmetric", "inconclusive", "none", "least broken by"]
            record("noether_nulls", "Motions and fields without a symmetry", header, rows)


@dataclass
class Null:
    """A field some of whose space-time generators, or all, are broken.

    Attributes:
        whole: dimension of those that hold in the Lagrangian asked for; more certified ones are false.
        tolerance: at most half of the defect of the next direction, in 40 runs without noise.
    """

    label: str
    problem: str
    own: dict[str, Any]
    candidates: str
    options: dict[str, Any]
    whole: int
    tolerance: float = 0.1


BROKEN = [
    Null("stiff string: no boost", "stiff-string", {"stiffness": 0.03}, "spacetime", {}, 2),
    Null("stiff string: no boost", "stiff-string", {"stiffness": 0.03}, "joint", {}, 2),
    Null("damped 0.4, without t", "damped-field", {}, "spacetime", {}, 0, 0.03),
    Null("damped 1, without t", "damped-field", {"damping": 1.0}, "joint", {}, 0, 0.03),
    Null("damped 0.4, all:t", "damped-field", {}, "spacetime", {"noether.terms": "all:t"}, 1, 0.03),
    Null("damped 0.4, all:t", "damped-field", {}, "joint", {"noether.terms": "all:t"}, 2),
    Null("mass of x, without x", "place-dependent-mass", {}, "spacetime", {}, 0, 0.06),
    Null("mass of x, m2:x", "place-dependent-mass", {}, "spacetime", {"noether.terms": "m2:x"}, 1, 0.08),
    Null("mass of x, m2:x", "place-dependent-mass", {}, "joint", {"noether.terms": "m2:x"}, 1, 0.08),
]


def broken(options: argparse.Namespace) -> None:
    """False discoveries among generators of space-time."""
    rows: list[Row] = []
    for null in BROKEN:
        chosen = {"candidates": null.candidates, "options": null.options, "tolerance": null.tolerance}
        many = make(null.problem, 1000, 40, **null.own)
        defect = float(fitted(many, None, **chosen).found.spectrum[null.whole])
        for noise in (0.0, 0.01, 0.1):
            tally: Counter[str] = Counter()
            for seed in range(options.broken):
                made = make(null.problem, seed, noise=noise, **null.own)
                found = fitted(made, None, **chosen).found
                false = found.certified_dimension > null.whole
                tally["false" if false else found.verdict.value] += 1
            counts = [tally[word] for word in ("false", "symmetric", "inconclusive", "none")]
            case = [null.label, null.candidates, null.tolerance, f"{defect:.2g}", null.whole]
            rows.append([*case, f"{100 * noise:g} %", sum(counts), *counts])
            title = "Fields with broken symmetries of space-time"
            header = ["problem", "candidates", "tolerance", "population defect", "true", "noise"]
            header += ["sets", "false", "symmetric", "inconclusive", "none"]
            note = (
                "The population defect is that of the first broken direction, from 40 runs without noise. False: more "
                "generators are certified than hold."
            )
            record("noether_broken", title, header, rows, note)


SMOOTH: list[tuple[str, dict[str, Any]]] = [
    ("1 - cos r", {"shape": "cosine"}),
    ("r^2 / (2 (1 + r^2)), amplitude .5", {"shape": "saturated", "amplitude": 0.5}),
    ("1 - exp(-2 r^2), amplitude .5", {"shape": "gaussian", "amplitude": 0.5}),
]
WIDE = ("1 - cos r, amplitude 3", {"shape": "cosine", "amplitude": 3.0})


def smooth(options: argparse.Namespace) -> None:
    """U(1) in potentials that are no polynomials, and fields in which it is broken."""
    rows: list[Row] = []
    note = "b: r^2 = phi1^2 + (1 + b) phi2^2, in which U(1) is broken. Amplitude 1 unless said; without a mass."

    def entry(label: str, potential: str, noise: float, sets: int, **chosen: Any) -> None:
        made = [make("smooth-potential", seed, noise=noise, **chosen) for seed in range(sets)]
        runs = [fitted(one, one.generators, options={"noether.potential": potential}) for one in made]
        residuals = middle([float(run.found.extras["lagrangian_residuals"][0]) for run in runs])
        first = middle([float(run.found.spectrum[0]) for run in runs])
        angle, seconds = middle([run.angle for run in runs]), middle([run.seconds for run in runs])
        rows.append([label, potential, f"{100 * noise:g} %", sets, angle, said(runs), residuals, first, seconds])
        header = ["V", "noether.potential", "noise", "sets", "angle, deg", "verdict, certified (times)", "residual"]
        header += ["smallest defect", "seconds"]
        record("noether_smooth", "U(1) in potentials that are no polynomials", header, rows, note)

    for label, chosen in [*SMOOTH, WIDE]:
        entry(label, "polynomial", 0.01, options.seeds, **chosen)
        for noise in NOISES if chosen != WIDE[1] else (0.01,):
            entry(label, "smooth", noise, options.seeds, **chosen)
    for label, chosen in [*SMOOTH, WIDE]:
        for noise in (0.01, 0.1):
            entry(f"{label}, b = 2", "smooth", noise, options.smooth, broken=2.0, **chosen)


def speed(options: argparse.Namespace) -> None:
    """The complex field of 6 x 160 x 192 with ten candidates, against the bytes that must be read."""
    made = make("complex-phi4", 0, noise=0.03)
    seconds = [fitted(made, None, candidates="joint").seconds for _ in range(max(3, options.seeds))]
    size = made.arrays["x"].nbytes
    rows: list[Row] = [
        ["6 x 160 x 192, 2 components, joint: 10 candidates", middle(seconds), f"{size / 2**20:.1f} MiB"]
    ]
    header = ["field", "seconds", "read"]
    note = (
        "Each run is smoothed, and with noise put in anew four times, in both passes: ten times the fields, their "
        "gradients and about 30 products of them, so the time is arithmetic, not reading."
    )
    record("noether_speed", "Seconds after import, one thread", header, rows, note)


TABLES = {
    "trajectories": trajectories,
    "fields": fields,
    "nulls": nulls,
    "broken": broken,
    "smooth": smooth,
    "speed": speed,
}


def main() -> None:
    """Print and record the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="append", choices=tuple(TABLES), help="one table; again for more")
    parser.add_argument("--seeds", type=int, default=5, help="data sets an entry")
    parser.add_argument("--broken", type=int, default=20, help="fields of each broken law")
    parser.add_argument("--smooth", type=int, default=20, help="fields of each broken potential that is smooth")
    parser.add_argument("--nulls", type=int, default=100, help="random potentials; half as many pairs of fields")
    options = parser.parse_args()
    for name in options.table or list(TABLES):
        TABLES[name](options)


if __name__ == "__main__":
    main()
