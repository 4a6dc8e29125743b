"""Random settings of pairs: how often the number of generators is right, and false discoveries without a group."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

import common
import numpy as np
from common import record, tallied
from lconv_runs import Clock, Ledger, Row, fitted, middle

from symdisc.errors import Interrupted
from symdisc.problems.problem import Made
from symdisc.problems.registry import make

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
    ledger, clock = Ledger(common.TABLES / "lconv_count.jsonl"), Clock(options.minutes)
    last = 12 if options.quick else 200
    for seed in ledger.missing(range(options.first, last)):
        if clock.over:
            break
        made, words = drawn(seed)
        line: dict[str, Any] = {"seed": seed, "setting": words, "noise": made.recipe["options"]["noise"]}
        try:
            run = fitted(made)
        except Interrupted:
            raise
        except Exception as error:
            ledger.add(**line, true=made.facts["dimension"], failed=str(error).splitlines()[0])
            continue
        ledger.add(
            **line,
            true=made.facts["dimension"],
            found=run.k,
            verdict=run.found.verdict.value,
            certified=run.found.certified_dimension,
            seconds=round(run.total, 2),
        )
        print(ledger.lines[-1], flush=True)
    counted(ledger)


def counted(ledger: Ledger) -> None:
    """The table of all runs of `count`."""
    done = [line for line in ledger.lines if "failed" not in line]
    tally = Counter((line["true"], line["found"]) for line in done)
    right = sum(number for (k, found), number in tally.items() if k == found)
    ks = sorted({found for _, found in tally})
    rows: list[Row] = [[k, *(tally[k, found] for found in ks)] for k in sorted({k for k, _ in tally})]
    by_noise = Counter((line["noise"], line["true"] == line["found"]) for line in done)
    noises = ", ".join(
        f"{by_noise[noise, True]} of {by_noise[noise, True] + by_noise[noise, False]} at noise {noise:g}"
        for noise in (0.0, 0.03, 0.1)
    )
    shown = tallied(f"{line['verdict']}, {line['certified']} of {line['true']} certified" for line in done)
    wrong = [
        f"seed {line['seed']}: {line['setting']}: "
        + (
            f"failed: {line['failed']}"
            if "failed" in line
            else f"{line['found']} for {line['true']}, {line['verdict']}"
        )
        for line in ledger.lines
        if "failed" in line or line["true"] != line["found"]
    ]
    total = len(ledger.lines)
    record(
        "lconv_count",
        f"Number of generators in {total} random settings: right in {right} ({100 * right / total:.1f} %)",
        ["true k", *(f"found {k}" for k in ks)],
        rows,
        "Five algebras in random frames of condition 1 .. 3, d = 2 .. 4, 2 or 3 channels, n = 500, 1000 or "
        f"2000, orbits of dimension k <= d m - 2 that no other matrices are tangent to; seeds {ledger.spans()}. "
        f"Right in {noises}. Verdicts: {shown}. Seconds a fit: {middle([line['seconds'] for line in done])}."
        + "".join(f"\n- {line}" for line in wrong),
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
    ledger, clock = Ledger(common.TABLES / "lconv_nulls.jsonl"), Clock(options.minutes)
    last = 10 if options.quick else 500
    for seed in ledger.missing(range(options.first, last)):
        if clock.over:
            break
        chosen = unrelated(seed)
        samples = chosen.pop("samples")
        made = make("unrelated-pairs", seed, samples, **chosen)
        line = {"seed": seed, **chosen, "samples": samples, "bend": made.facts.get("population_defect")}
        if line["bend"] is not None and line["bend"] < 0.2:
            # Too near a group to count as without one.
            ledger.add(**line, verdict="left out")
            continue
        try:
            run = fitted(made)
        except Interrupted:
            raise
        except Exception as error:
            ledger.add(**line, verdict="failed", reason=str(error).splitlines()[0])
            continue
        found = run.found
        ledger.add(
            **line,
            verdict=found.verdict.value,
            certified=run.found.certified_dimension,
            reason=found.reason,
            seconds=round(run.total, 2),
        )
        print(ledger.lines[-1], flush=True)
    discovered(ledger)


def discovered(ledger: Ledger) -> None:
    """The table of all runs of `nulls`."""
    done = [line for line in ledger.lines if line["verdict"] != "left out"]
    tally = Counter((line["how"], line["verdict"]) for line in done)
    words = ("symmetric", "inconclusive", "none", "constructed", "failed")
    rows: list[Row] = [
        [name, sum(tally[name, w] for w in words), *(tally[name, w] for w in words)]
        for name in sorted({name for name, _ in tally})
    ]
    rows.append(["all", len(done), *(sum(tally[name, w] for name in HOW) for w in words)])
    sizes = Counter(line["samples"] for line in done)
    shared = ", ".join(f"n = {samples}: {number}" for samples, number in sorted(sizes.items()))
    bends = ", ".join(
        f"{how} {min(known):.2f}"
        for how in HOW
        if (known := [line["bend"] for line in done if line["how"] == how and line["bend"] is not None])
    )
    false = [line for line in done if line["verdict"] in ("symmetric", "failed")]
    seconds = [line["seconds"] for line in done if "seconds" in line]
    record(
        "lconv_nulls",
        f"Pairs without a common group: {rows[-1][2]} false discoveries in {len(done)}",
        ["pairs", "sets", *words],
        rows,
        f"d = 4 .. 20, 1 to 3 channels, seeds {ledger.spans()}; {shared}. Smallest population defect: {bends}. "
        f"Seconds a fit: {middle(seconds)}." + "".join(f"\n- {line}" for line in false),
    )
