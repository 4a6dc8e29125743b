"""Higher moments of unlabelled samples: angles, dimensions found, nulls, power, images.

    python benchmarks/moments.py [--table NAME ...] [--seeds 20] [--nulls 1000] [--minutes 30]

Tables: rings, nulls, broken, clouds, digits. Data are those of `symdisc sample`; dimension and verdict are the
tool's own. An angle is the largest principal angle to the true span in degrees, of the smallest directions on all data
with the dimension given, printed as the median over the seeds and its range. A table stops after --minutes and says how
many data sets it saw. Seconds are of one thread, as the processor counts them.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import h5py
import numpy as np
from common import middle, record, tallied

import symdisc
from symdisc.algebra import principal_angles
from symdisc.data import from_arrays
from symdisc.discover.eigen import smallest
from symdisc.discover.evidence import MomentEvidence
from symdisc.discover.heldout import Closing
from symdisc.discover.method import Given
from symdisc.discover.moments import method
from symdisc.discover.settings import Settings
from symdisc.discover.task import drive
from symdisc.problems.registry import make
from symdisc.symmetry import Block
from symdisc.warp import Warp

Row = list[object]
DIGITS = Path(__file__).parents[1] / "sample_data" / "digits.h5"
WHOLE = (2_000, 4_000, 8_000, 16_000)
HOW = ("independent", "mixture", "heavy", "correlated")


class Clock:
    """How long a table may go on."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes

    def over(self) -> bool:
        """Whether its time has passed."""
        return time.monotonic() > self.end


def evidence_of(x: np.ndarray, given: np.ndarray | None = None, **settings: Any) -> MomentEvidence | None:
    """What the method hands over to the verdict; None where it hands over nothing."""
    wanted = None if given is None else Given(given, (Block("space", 0, given.shape[1]),))
    task = method.task(from_arrays(x, kind="samples"), Settings(**settings), wanted)
    drive(task)
    found = task.outcome().evidence
    assert found is None or isinstance(found, MomentEvidence)
    return found


def angle_of(evidence: MomentEvidence, truth: np.ndarray) -> float:
    """Degrees between the smallest directions, as many as are true, and the truth."""
    everything = evidence.weights > 0
    view = evidence.view(everything)
    forms = view.forms(everything)
    directions = smallest(forms.raw, forms.metric, len(truth)).vectors
    near = view.closed(directions) if isinstance(view, Closing) else None
    d = truth.shape[1]
    found = view.matrices(directions if near is None else near)[:, :d, :d]
    return float(np.max(principal_angles(found, truth)))


def rings(options: argparse.Namespace) -> None:
    """SO(2) x SO(3) of rings of two widths and of student-t blocks."""
    rows: list[Row] = []
    cases: list[tuple[str, str, dict[str, Any], tuple[int, ...]]] = [
        ("ring, width .15", "ring-so2-so3", {}, (10_000, 20_000, 40_000, 100_000)),
        ("ring, width .5", "ring-so2-so3", {"width": 0.5}, (40_000, 100_000)),
        ("student-t_3", "t3-so2-so3", {}, (10_000, 100_000)),
    ]
    for label, name, own, sizes in cases:
        for n in sizes:
            clock, words, angles, seconds, most = Clock(options.minutes / 8), Counter[str](), [], [], 0
            for seed in range(options.seeds):
                made = make(name, seed, n, **own)
                start = time.process_time()
                found = symdisc.fit(made.arrays["x"], method="moments")
                seconds.append(time.process_time() - start)
                words[f"{found.verdict.value} {found.certified_dimension}"] += 1
                most = max(most, found.certified_dimension)
                evidence = evidence_of(made.arrays["x"])
                if evidence is not None and made.generators is not None:
                    angles.append(angle_of(evidence, made.generators))
                if clock.over():
                    break
            rows.append([label, n, len(seconds), middle(angles), tallied(words.elements()), most, middle(seconds)])
            header = ["problem", "n", "sets", "angle, deg", "verdict, certified (times)", "most certified", "seconds"]
            record("moments_rings", "SO(2) x SO(3) under a map of condition 12; dimension 4 is true", header, rows)


def least_defect(how: str, d: int, seed: int, samples: int) -> float:
    """Smallest defect over all candidates, from many samples of the same density: biased to the safe side."""
    evidence = evidence_of(make("no-symmetry-samples", seed, samples, how=how, dimension=d).arrays["x"])
    if evidence is None:
        return 0.0
    forms = evidence.forms(evidence.weights > 0)
    return float(np.sqrt(max(smallest(forms.unbiased, forms.denominator, 1).values[0], 0.0)))


def nulls(options: argparse.Namespace) -> None:
    """False discoveries, n 300 to 30000, d 3 to 8; Gaussian data apart."""
    clock = Clock(options.minutes)
    name = f"moments_nulls_{options.first}" if options.first else "moments_nulls"
    words: dict[str, Counter[str]] = {how: Counter() for how in (*HOW, "gaussian")}
    least: dict[str, list[float]] = {how: [] for how in HOW}
    false, seen = 0, 0
    for number in range(options.first, options.first + options.nulls):
        rng = np.random.default_rng([17, number])
        how = (*HOW, "gaussian")[number % 5]
        d, n = int(rng.integers(3, 9)), int(np.exp(rng.uniform(np.log(300), np.log(30000))))
        if how == "gaussian":
            x = make("hidden-gaussian", number, n, dimension=d).arrays["x"]
        else:
            x = make("no-symmetry-samples", number, n, how=how, dimension=d).arrays["x"]
            defect = least_defect(how, d, number, options.population)
            if defect < 0.2:
                words[how]["left out: too near to a symmetry"] += 1
                continue
            least[how].append(defect)
        found = symdisc.fit(x, method="moments")
        words[how][found.verdict.value] += 1
        false += found.certified_dimension > 0
        seen += 1
        if number % 50 == 49 or clock.over():
            rows: list[Row] = [
                [how, tallied(count.elements()), f"{min(least[how]):.2g}" if least.get(how) else "-"]
                for how, count in words.items()
            ]
            note = (
                f"{false} false discoveries in {seen} data sets. Least population defect: over all candidates, from "
                f"{options.population} samples of each density; a set counts from twice the tolerance."
            )
            header = ["density", "verdict (times)", "least population defect"]
            record(name, "Densities without a symmetry, n 300 to 30000, d 3 to 8", header, rows, note)
        if clock.over():
            break


def broken_defect(harmonic: float, samples: int) -> float:
    """Defect of the broken SO(2), from many samples."""
    made = make("broken-ring", 12345, samples, harmonic=harmonic)
    evidence = evidence_of(made.arrays["x"], np.array(made.facts["broken_generator"])[None])
    assert evidence is not None
    return float(evidence.given(np.ones(1)).defect)


def broken(options: argparse.Namespace) -> None:
    """SO(2) broken by a fourth harmonic: certified at half its defect, at the defect itself, and whole rings."""
    rows: list[Row] = []
    cells = 2 * len(options.harmonics) * len(options.sizes) + len(WHOLE)
    for harmonic in options.harmonics:
        defect = broken_defect(harmonic, 2_000_000)
        for share in (0.5, 1.0):
            for n in options.sizes:
                clock, held, sets = Clock(options.minutes / cells), 0, 0
                while sets < 10 * options.seeds and not clock.over():
                    x = make("broken-ring", sets, n, harmonic=harmonic).arrays["x"]
                    found = symdisc.fit(x, method="moments", tolerance=share * defect)
                    held += found.certified_dimension > 0
                    sets += 1
                rows.append([harmonic, f"{defect:.3g}", f"{share * defect:.3g}", n, sets, f"{100 * held / sets:.1f} %"])
                header = ["eps", "population defect", "tolerance", "n", "sets", "certified"]
                record("moments_broken", "SO(2) broken by a fourth harmonic", header, rows)
    for n in WHOLE:
        clock, held, sets = Clock(options.minutes / cells), 0, 0
        while sets < 10 * options.seeds and not clock.over():
            found = symdisc.fit(make("broken-ring", sets, n, harmonic=0.0).arrays["x"], method="moments")
            held += found.certified_dimension > 0
            sets += 1
        rows.append([0, 0, 0.1, n, sets, f"{100 * held / sets:.1f} %"])
        record("moments_broken", "SO(2) broken by a fourth harmonic", header, rows)


def clouds(options: argparse.Namespace) -> None:
    """Molecule-like clouds; the angle is that of the generators written, where as many as are true."""
    for points in options.points:
        clock, angles, words, seconds = Clock(options.minutes), [], Counter[str](), []
        for seed in range(options.first, options.first + options.seeds):
            made = make("molecule-clouds", seed, 100_000, points=points)
            assert made.generators is not None
            start = time.process_time()
            own = {"moments.degree": 4}
            if options.angles:
                evidence = evidence_of(made.arrays["x"], options=own)
                assert evidence is not None
                angles.append(angle_of(evidence, made.generators))
            else:
                found = symdisc.fit(made.arrays["x"], method="moments", options=own)
                words[f"{found.verdict.value} {found.certified_dimension}"] += 1
                if len(found) == len(made.generators):
                    d = made.generators.shape[1]
                    angles.append(float(np.max(principal_angles(found.generators[:, :d, :d], made.generators))))
            seconds.append(time.process_time() - start)
            if clock.over():
                break
        row: Row = [3 * points, len(seconds), middle(angles), tallied(words.elements()), middle(seconds)]
        header = ["d", "sets", "angle, deg", "verdict, certified (times)", "seconds"]
        record(f"moments_clouds_{3 * points}", "Clouds that turn together: SO(3), n = 100000, degree 4", header, [row])


def framed(blank: int) -> np.ndarray:
    """(1797, p, p): the digits in a frame of so many blank pixels."""
    with h5py.File(DIGITS) as file:
        images = file["x"][...].astype(float)
    return np.pad(images, ((0, 0), (blank, blank), (blank, blank)))


def turned_digits(seed: int, times: int, blank: int) -> tuple[np.ndarray, np.ndarray]:
    """Each digit at so many random angles about the centre, by cubic splines, and which digit it is."""
    images = framed(blank)
    n, size, _ = images.shape
    rng = np.random.default_rng([23, seed])
    group = np.repeat(np.arange(n), times)
    warp = Warp((size, size), "zero")
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    algebra = rng.uniform(-np.pi, np.pi, len(group))[:, None, None] * turn
    splines = warp.splines(images.reshape(n, -1, 1))
    moved = [warp.transport(splines[group[i : i + 2000]], algebra[i : i + 2000]) for i in range(0, len(group), 2000)]
    return np.concatenate(moved).reshape(-1, size, size), group


def digits(options: argparse.Namespace) -> None:
    """Plain digits, and each digit turned at ten random angles; in a blank frame, and with what turning cuts off."""
    rows: list[Row] = []
    turn = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    for label, blank, turned, boundary in (
        ("plain, 8 x 8", 0, False, "auto"),
        ("plain, 8 x 8, moments.boundary=zero", 0, False, "zero"),
        ("plain, 12 x 12 with a blank frame", 2, False, "auto"),
        ("each at 10 random angles, 12 x 12", 2, True, "auto"),
        ("each at 10 random angles, 8 x 8", 0, True, "auto"),
        ("each at 10 random angles, 8 x 8, moments.boundary=zero", 0, True, "zero"),
    ):
        own = {"moments.boundary": boundary}
        words, angles, first, following = Counter[str](), [], [], []
        for seed in range(options.seeds if turned else 1):
            x, group = turned_digits(seed, 10, blank) if turned else (framed(blank), None)
            found = symdisc.fit(x, group=group, axes="nss", method="moments", candidates="grid", seed=seed, options=own)
            words[f"{found.verdict.value} {found.certified_dimension}"] += 1
            first.append(float(found.spectrum[0]))
            following.append(float(found.spectrum[1]))
            if len(found):
                angles.append(float(np.max(principal_angles(found.generators[:1], turn))))
        rows.append([label, len(first), tallied(words.elements()), middle(angles), middle(first), middle(following)])
        header = ["digits", "sets", "verdict, certified (times)", "to the rotation, deg", "least defect", "next"]
        record("moments_digits", "sklearn's digits, grid candidates", header, rows)


TABLES = {"rings": rings, "nulls": nulls, "broken": broken, "clouds": clouds, "digits": digits}


def main() -> None:
    """Print and record the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="append", choices=tuple(TABLES), help="one table; again for more")
    parser.add_argument("--seeds", type=int, default=20, help="data sets an entry; ten times as many in `broken`")
    parser.add_argument("--nulls", type=int, default=1000, help="null data sets")
    parser.add_argument("--first", type=int, default=0, help="nulls, clouds: first set, which is its seed")
    parser.add_argument("--population", type=int, default=300_000, help="samples for the population defect of nulls")
    parser.add_argument("--points", type=int, nargs="+", default=[8], help="points of the clouds, three columns each")
    parser.add_argument("--harmonics", type=float, nargs="+", default=[0.1, 0.2, 0.4], help="broken: eps")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 60_000], help="broken: numbers of samples")
    parser.add_argument("--angles", action="store_true", help="clouds: angles alone, without the verdict")
    parser.add_argument("--minutes", type=float, default=30.0, help="at most so long a table")
    options = parser.parse_args()
    for name in options.table or list(TABLES):
        TABLES[name](options)


if __name__ == "__main__":
    main()
