"""Timed fits of pairs, as the benchmarks of recursive L-conv run them, and a ledger of those that are done."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import tallied

import symdisc
from symdisc.algebra import principal_angles
from symdisc.problems.problem import Made

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


class Ledger:
    """Finished runs, a line of JSON each with its `seed`, kept after every run: a stopped table goes on with the rest.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []
        if path.exists():
            self.lines = [json.loads(line) for line in path.read_text().splitlines()]

    def missing(self, seeds: range) -> Iterator[int]:
        """Those seeds that have no line yet."""
        done = {line["seed"] for line in self.lines}
        return (seed for seed in seeds if seed not in done)

    def add(self, **line: Any) -> None:
        """One more run."""
        self.lines.append(line)
        self.path.parent.mkdir(exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def spans(self) -> str:
        """Which seeds it holds, as `0 .. 29, 40`."""
        seeds = sorted(line["seed"] for line in self.lines)
        parts: list[list[int]] = []
        for seed in seeds:
            if parts and seed == parts[-1][-1] + 1:
                parts[-1].append(seed)
            else:
                parts.append([seed])
        return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]} .. {part[-1]}" for part in parts)
