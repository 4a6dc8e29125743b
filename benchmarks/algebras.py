"""Names and invariants of known algebras by noise and condition, how often "high" is wrong, seconds.

    python benchmarks/algebras.py [--table NAME ...] [--seeds 5] [--first 0] [--minutes 60]

Tables: noise, condition, canonical, speed. Algebras are those of tests/algebra/known_algebras.py with at most 28
generators, each in a random basis after a random similarity, with Gaussian noise of the stated size relative to the RMS
entry of each generator. A parameter is right within 50 times the noise. Where every span closes (all of gl, one
generator) the tool is told the noise. A seed is a whole pass over the registry; what did not fit into the minutes is
said.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "algebra"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
from common import record
from disguise import disguised, remixed
from known_algebras import KNOWN, SMALL, known_facts
from test_names import named_right

from symdisc.algebra import LieAlgebra, analyze
from symdisc.algebra.definitions import rotation

NOISES = (0.0, 1e-8, 1e-4, 1e-2, 5e-2)
ORDER = list(KNOWN)


def read(title: str, seed: int, noise: float, condition: float, extra: int = 0) -> tuple[LieAlgebra, float]:
    """One reading and its processor seconds."""
    known = KNOWN[title]
    rng = np.random.default_rng([ORDER.index(title), seed, 7])
    generators = disguised(known.generators, rng, noise, condition, extra)
    blind = known.fills_gl or len(known.generators) == 1
    start = time.process_time()
    found = analyze(generators, noise=noise if blind and noise else None)
    return found, time.process_time() - start


def passes(noise: float, condition: float, seeds: range, deadline: float, extra: int = 0) -> list[list[float]]:
    """For each seed: shares of right facts, right names, name or neighbour, "high", and wrong at "high"; readings."""
    rows = []
    for seed in seeds:
        if time.monotonic() > deadline:
            break
        facts = names = listed = sure = wrong = 0
        for title in SMALL:
            algebra, _ = read(title, seed, noise, condition, extra)
            found, expected = algebra.to_dict(), known_facts(title)
            facts += {key: found[key] for key in expected} == expected
            right = named_right(title, found, max(1e-6, 50 * noise))
            others = ({**found, "name": name} for name in found["neighbours"])
            names += right
            listed += right or any(named_right(title, other, max(1e-6, 50 * noise)) for other in others)
            sure += found["confidence"] == "high"
            wrong += found["confidence"] == "high" and not right
        count = len(SMALL)
        rows.append([facts / count, names / count, listed / count, sure / count, wrong / max(sure, 1)])
    return rows


def shown(rows: list[list[float]]) -> list[object]:
    """Median (smallest .. largest) of each share, in percent."""
    columns = 100 * np.array(rows).T
    return [f"{np.median(c):.1f} ({c.min():.1f} .. {c.max():.1f})" for c in columns]


HEADER = ["facts right %", "name right %", "name or neighbour %", "high %", "wrong at high %", "seeds"]


def noise_table(seeds: range, deadline: float) -> None:
    rows: list[list[object]] = []
    for noise in NOISES:
        for extra in (0, 5):
            found = passes(noise, 3, seeds, deadline, extra)
            if found:
                rows.append([f"{noise:g}", extra, *shown(found), len(found)])
    record("algebras_noise", "Known algebras at condition 3", ["noise", "redundant matrices", *HEADER], rows)


def condition_table(seeds: range, deadline: float) -> None:
    rows: list[list[object]] = []
    for condition in (10, 30):
        for noise in NOISES[1:]:
            found = passes(noise, condition, seeds, deadline)
            if found:
                rows.append([condition, f"{noise:g}", *shown(found), len(found)])
    record("algebras_condition", "Known algebras at condition 10 and 30", ["condition", "noise", *HEADER], rows)


def nonzero(matrices: np.ndarray) -> int:
    flat = matrices.reshape(len(matrices), -1)
    return int((np.abs(flat) > 1e-6 * np.abs(flat).max(axis=1, keepdims=True)).sum())


def canonical_table(seeds: range, deadline: float) -> None:
    """Whether the canonical basis has no more entries than the textbook matrices of the registry."""
    counts = {"random basis": [0, 0], "and similarity of condition 3, regular invariant form": [0, 0]}
    for seed in seeds:
        if time.monotonic() > deadline:
            break
        for title, known in SMALL.items():
            rng = np.random.default_rng([ORDER.index(title), seed])
            textbook = known.generators.astype(float)
            for key, generators in zip(counts, (remixed(textbook, rng), disguised(textbook, rng)), strict=True):
                found = analyze(generators)
                regular = any(not form.signature[2] for form in found.symmetric_forms) or any(
                    np.linalg.matrix_rank(form, tol=1e-6) == len(form) for form in found.antisymmetric_forms
                )
                if found.sparse_basis is None or (key != "random basis" and not regular):
                    continue
                counts[key][0] += nonzero(found.sparse_basis) <= nonzero(textbook)
                counts[key][1] += 1
    rows: list[list[object]] = [[key, f"{right} of {of}"] for key, (right, of) in counts.items()]
    record("algebras_canonical", "Canonical bases as sparse as the textbook ones", ["input", "as sparse"], rows)


def speed_table(seeds: range, deadline: float) -> None:
    del deadline
    rows: list[list[object]] = []
    for n, noise in ((3, 0.01), (5, 0.01), (8, 0.0), (8, 0.01), (11, 0.01), (13, 0.01)):
        seconds, name = [], ""
        for seed in seeds:
            generators = disguised(rotation(n), np.random.default_rng(seed), noise, 3)
            start = time.process_time()
            name = analyze(generators).name
            seconds.append(time.process_time() - start)
        rows.append([f"so({n})", n * (n - 1) // 2, n, f"{noise:g}", name, f"{np.median(seconds):.2g}"])
    record("algebras_speed", "Seconds of one thread", ["algebra", "k", "d", "noise", "read as", "seconds"], rows)


TABLES = {"noise": noise_table, "condition": condition_table, "canonical": canonical_table, "speed": speed_table}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="append", choices=TABLES)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0)
    given = parser.parse_args()
    deadline = time.monotonic() + 60 * given.minutes
    for name in given.table or TABLES:
        TABLES[name](range(given.first, given.first + given.seeds), deadline)


if __name__ == "__main__":
    main()
