"""Names and invariants of known algebras by noise and condition, how often "high" is wrong, seconds.

    python benchmarks/algebras.py [--table NAME ...] [--seeds 5] [--first 0] [--every 1] [--minutes 60]

Tables: noise, heldout, further, condition, canonical, speed. Algebras are those of tests/algebra/known_algebras.py with
at most 28 generators, for `heldout` those of known_heldout.py, for `further` those of known_further.py, each in a
random basis after a random similarity, with Gaussian noise of the stated size relative to the RMS entry of each one. A
parameter is right within 50 times the noise.
Where every span closes (all of gl, one generator) the tool is told the noise. With a lost generator, right is whatever
is not a name at "high" for a set that does not close. A seed is a whole pass; --every N passes over each N-th algebra;
what did not fit into the minutes is left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "algebra"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
from common import record
from disguise import disguised, remixed
from known import KnownAlgebra
from known_algebras import SMALL, known_facts
from known_further import FURTHER, brought, further_facts
from known_heldout import HELD_OUT, held_out_facts
from test_names import named_right

from symdisc.algebra import LieAlgebra, analyze
from symdisc.algebra.definitions import rotation

NOISES = (0.0, 1e-8, 1e-4, 1e-2, 5e-2)


@dataclass(frozen=True)
class Registry:
    """Algebras by title, and their facts."""

    entries: dict[str, KnownAlgebra]
    facts: Callable[[str], dict[str, object]]


REGISTERED = Registry(SMALL, known_facts)
APART = Registry(HELD_OUT, held_out_facts)
STRANGERS = Registry({title: brought(known) for title, known in FURTHER.items()}, further_facts)


@dataclass(frozen=True)
class Disguise:
    """What is done to them; every N-th entry takes part."""

    noise: float
    condition: float = 3.0
    extra: int = 0
    lost: int = 0
    every: int = 1


def read(title: str, known: KnownAlgebra, seed: int, how: Disguise) -> LieAlgebra:
    rng = np.random.default_rng([crc32(title.encode()), seed, 7])
    generators = disguised(known.generators, rng, how.noise, how.condition, how.extra, how.lost)
    blind = known.fills_gl or len(known.generators) == 1
    return analyze(generators, noise=how.noise if blind and how.noise else None)


def passes(registry: Registry, how: Disguise, seeds: range, deadline: float) -> list[list[float]]:
    """For each seed: shares of right facts, right names, name or neighbour at "low", "high", and wrong at "high"."""
    rows = []
    for seed in seeds:
        if time.monotonic() > deadline:
            break
        counts = np.zeros(5)
        taken = [item for item in list(registry.entries.items())[:: how.every] if len(item[1].generators) > how.lost]
        for title, known in taken:
            found = read(title, known, seed, how).to_dict()
            counts += judged(found, known, registry.facts(title), how)
        *shares, wrong = counts
        rows.append([share / len(taken) for share in shares] + [wrong / max(shares[-1], 1)])
    return rows


def judged(found: dict, known: KnownAlgebra, expected: dict[str, object], how: Disguise) -> np.ndarray:
    """Facts right, name right, name or neighbour at "low", "high", wrong at "high"."""
    sure = found["confidence"] == "high"
    if how.lost:
        # Any hyperplane of commuting matrices is closed, whatever the noise.
        exact = found["closure_error"] < 1e-6 or all(factor == "R" for factor in known.factors)
        closed = exact and found["dimension"] == len(known.generators) - how.lost
        right = not sure or closed
        return np.array([right, right, right, sure, not right], dtype=float)
    tolerance = max(1e-6, 50 * how.noise)
    right = named_right(known, found, tolerance)
    others = ({**found, "name": name} for name in found["neighbours"])
    listed = right or (not sure and any(named_right(known, other, tolerance) for other in others))
    facts = {key: found[key] for key in expected} == expected
    return np.array([facts, right, listed, sure, sure and not right], dtype=float)


def shown(rows: list[list[float]]) -> list[object]:
    """Median (smallest .. largest) of each share, in percent."""
    columns = 100 * np.array(rows).T
    return [f"{np.median(c):.1f} ({c.min():.1f} .. {c.max():.1f})" for c in columns]


HEADER = ["facts right %", "name right %", "name, or neighbour at low %", "high %", "wrong at high %", "seeds"]


def noise_table(seeds: range, deadline: float, every: int) -> None:
    _by_noise("algebras_noise", "Known algebras at condition 3", REGISTERED, seeds, deadline, every)


def heldout_table(seeds: range, deadline: float, every: int) -> None:
    _by_noise("algebras_heldout", "Algebras kept apart, at condition 3", APART, seeds, deadline, every)


def further_table(seeds: range, deadline: float, every: int) -> None:
    _by_noise(
        "algebras_further", "Algebras that strangers might bring, at condition 3", STRANGERS, seeds, deadline, every
    )


def _by_noise(table: str, title: str, registry: Registry, seeds: range, deadline: float, every: int) -> None:
    rows: list[list[object]] = []
    for extra, lost in ((0, 0), (5, 0), (0, 1)):
        for noise in NOISES:
            how = Disguise(noise, extra=extra, lost=lost, every=every)
            found = passes(registry, how, seeds, deadline)
            if found:
                change = f"{extra} more" if extra else f"{lost} lost" if lost else "none"
                rows.append([f"{noise:g}", change, *shown(found), len(found)])
                record(table, title, ["noise", "matrices added or lost", *HEADER], rows, _which(every))


def _which(every: int) -> str:
    return "" if every == 1 else f"Every {every}th algebra."


def condition_table(seeds: range, deadline: float, every: int) -> None:
    rows: list[list[object]] = []
    for noise in (1e-2, 1e-4, 1e-8):
        for condition in (10, 30):
            found = passes(REGISTERED, Disguise(noise, condition, every=every), seeds, deadline)
            if found:
                rows.append([condition, f"{noise:g}", *shown(found), len(found)])
                title = "Known algebras at condition 10 and 30"
                record("algebras_condition", title, ["condition", "noise", *HEADER], rows, _which(every))


def nonzero(matrices: np.ndarray) -> int:
    flat = matrices.reshape(len(matrices), -1)
    return int((np.abs(flat) > 1e-6 * np.abs(flat).max(axis=1, keepdims=True)).sum())


def canonical_table(seeds: range, deadline: float, every: int) -> None:
    """Whether the canonical basis has no more entries than the textbook matrices of the registry."""
    counts = {
        "random basis": [0, 0],
        "and similarity of condition 3, any invariant form": [0, 0],
        "the same, a regular form": [0, 0],
    }
    for seed in seeds:
        if time.monotonic() > deadline:
            break
        for title, known in list(SMALL.items())[::every]:
            rng = np.random.default_rng([crc32(title.encode()), seed])
            textbook = known.generators.astype(float)
            for moved in (False, True):
                found = analyze(disguised(textbook, rng) if moved else remixed(textbook, rng))
                if found.sparse_basis is None:
                    continue
                forms = bool(found.symmetric_forms or found.antisymmetric_forms)
                regular = any(not form.signature[2] for form in found.symmetric_forms) or any(
                    np.linalg.matrix_rank(form, tol=1e-6) == len(form) for form in found.antisymmetric_forms
                )
                for key, asked in zip(counts, (not moved, moved and forms, moved and regular), strict=True):
                    counts[key][0] += asked and nonzero(found.sparse_basis) <= nonzero(textbook)
                    counts[key][1] += asked
    rows: list[list[object]] = [[key, f"{right} of {of}"] for key, (right, of) in counts.items()]
    title = "Canonical bases as sparse as the textbook ones"
    record("algebras_canonical", title, ["input", "as sparse"], rows, _which(every))


def speed_table(seeds: range, deadline: float, every: int) -> None:
    del deadline, every
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


TABLES = {
    "noise": noise_table,
    "heldout": heldout_table,
    "further": further_table,
    "condition": condition_table,
    "canonical": canonical_table,
    "speed": speed_table,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="append", choices=TABLES)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    given = parser.parse_args()
    deadline = time.monotonic() + 60 * given.minutes
    for name in given.table or TABLES:
        TABLES[name](range(given.first, given.first + given.seeds), deadline, given.every)


if __name__ == "__main__":
    main()
