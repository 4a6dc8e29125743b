"""Equivariant bases: CPU seconds against emlp, named figures, and ranks from noisy generators.

Run: python benchmarks/bases.py [peers|figures|noise|fits ...]; `peers` needs a Python with emlp 1.0.3 in EMLP_PYTHON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from common import record

from symdisc.equivariant import Group, equivariant_basis, group, parse_rep
from symdisc.errors import InputError

CASES = [
    ("SO(3)", 6, 0),
    ("SO(3)", 7, 0),
    ("S(6)", 4, 0),
    ("Rubik", 2, 0),
    ("SO+(1,3)", 2, 2),
    ("SO+(1,3)", 3, 3),
    ("O(5)", 4, 0),
    ("Sp(2)", 4, 0),
    ("Sp(2)", 6, 0),
    ("SL(3)", 3, 3),
]
STOP = 300
EMLP_FAILED = "emlp did not run"
EMLP = """
import json, sys, time
from emlp.groups import O, RubiksCube, S, SL, SO, SO13p, Sp
from emlp.reps import T
name, p, q = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
make = {"SO(3)": lambda: SO(3), "S(6)": lambda: S(6), "Rubik": RubiksCube, "SO+(1,3)": SO13p, "O(5)": lambda: O(5),
        "Sp(2)": lambda: Sp(2), "SL(3)": lambda: SL(3)}[name]
rep = T(p, q)(make())
print(json.dumps([0, time.process_time()]), flush=True)
for run in range(2):
    rep.solcache.clear()
    start = time.process_time()
    basis = rep.equivariant_basis()
    print(json.dumps([int(basis.shape[1]), time.process_time() - start]), flush=True)
"""
ALGEBRAS = {
    "so(3)": ("so(3)", "T(4)"),
    "su(2)": ("su(2)", "T(2) + T(1,1)"),
    "gl(2)": ("gl(2)", "T(2,2) + T(2,1) + T(1,1)"),
    "so(1,3)": ("SO+(1,3)", "T(1,1) + T(2) + T(2,2)"),
    "heis(3)": ("heis(3)", "T(1,1) + T(2) + T(0,2) + T(2,1)"),
    "se(3)": ("se(3)", "T(1,1) + T(0,2) + T(2,1)"),
}
NOISES = (1e-6, 1e-3, 0.05, 0.2)
RAW = 4
"""Every so many trials are solved without snapping too."""
TRIALS = int(os.environ.get("TRIALS", "200"))


def ours(name: str, p: int, q: int) -> tuple[int, float, float]:
    """Rank, cold and warm CPU seconds: group, solution, check and dense basis, in a process of its own."""
    code = (
        "import json, time\nfrom symdisc.equivariant import T, equivariant_basis, group\nimport scipy.sparse.csgraph\n"
        "times = []\nfor _ in range(7):\n    start = time.process_time()\n"
        f"    basis = equivariant_basis(group({name!r}), T({p}, {q}))\n    assert basis.residual < 1e-9\n"
        "    basis.dense()\n    times.append(time.process_time() - start)\n"
        "print(json.dumps([basis.rank, times[0], sorted(times[1:])[3]]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rank, cold, warm = json.loads(run.stdout)
    return rank, cold, warm


def theirs(name: str, p: int, q: int) -> tuple[str, list[float], float | None]:
    """Rank, CPU seconds of the first and second solution, and of one that was stopped."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [os.environ["EMLP_PYTHON"], "-c", EMLP, name, str(p), str(q)]
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    found, stopped = "", None
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=STOP, env={**os.environ, "XLA_FLAGS": flags}
        )
        found = run.stdout
        if run.returncode:
            raise SystemExit(f"{EMLP_FAILED}: {run.stderr[-500:]}")
    except subprocess.TimeoutExpired as error:
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        stopped = after.ru_utime - before.ru_utime
        found = (error.stdout or b"").decode()
    begun, *lines = [json.loads(line) for line in found.splitlines() if line.startswith("[")]
    if stopped is not None:
        # Imports, and solutions that ended, are not part of the one that was stopped.
        stopped -= begun[1] + sum(line[1] for line in lines)
    return (str(lines[0][0]) if lines else "-"), [line[1] for line in lines], stopped


def peers() -> None:
    rows, ratios = [], []
    for name, p, q in CASES:
        rank, times, stopped = theirs(name, p, q)
        mine, cold, warm = ours(name, p, q)
        least = times[-1] if times else (stopped or 0.0)
        ratios.append(least / warm)
        shown = [f"{value:.3g}" for value in times]
        while len(shown) < 2:
            shown.append(f"> {stopped:.0f} (stopped)")
        rows.append([name, f"T({p},{q})", mine, rank, *shown, f"{cold:.4f}", f"{warm:.4f}", f"{ratios[-1]:.0f}"])
        _record_peers(rows, ratios)


def _record_peers(rows: list[list[object]], ratios: list[float]) -> None:
    mean = float(np.exp(np.mean(np.log(ratios))))
    record(
        "bases_peers",
        "Equivariant bases: CPU seconds against emlp 1.0.3",
        ["group", "rep", "rank", "emlp rank", "emlp cold", "emlp warm", "cold", "warm", "ratio"],
        rows,
        f"Geometric mean of the ratios {mean:.0f}, least {min(ratios):.0f}. emlp 1.0.3 with jax 0.4.13 and objax "
        "1.7.0, its solution cache cleared before each run; cold is the first solution of a process, warm the second "
        "(ours: the median of six more, each with group, self-check and dense basis). Each rep of emlp is stopped "
        f"after {STOP} s of wall time; where the second run did not end, the ratio is to the first, else to the CPU "
        "seconds spent until then. emlp's Rubik has other permutations: docs/bases.md.",
    )


def reference() -> float:
    """CPU seconds of a 1000 x 1000 matrix product, the yardstick."""
    a = np.random.default_rng(0).standard_normal((1000, 1000))
    times = []
    for _ in range(4):
        start = time.process_time()
        a @ a
        times.append(time.process_time() - start)
    return min(times)


FIGURES = [
    ("SO(3)", "T(10)", True, "2"),
    ("SO(3)", "T(12)", False, "10"),
    ("SO(1,3)", "T(4,4)", True, "8"),
    ("S(6)", "T(6)", True, "0.5"),
    ("Rubik", "T(3)", True, "0.2"),
    ("Sp(2)", "T(8)", True, "8"),
]


def figures() -> None:
    rows = []
    for name, rep, explicit, asked in FIGURES:
        code = (
            "import json, resource, time\nfrom symdisc.equivariant import equivariant_basis, group\n"
            "import scipy.sparse.csgraph\nequivariant_basis('SO(3)', 'T(4)')\nstart = time.process_time()\n"
            f"basis = equivariant_basis(group({name!r}), {rep!r})\nsolved = time.process_time() - start\n"
            f"dense = basis.dense() if {explicit} else None\ntotal = time.process_time() - start\n"
            "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
            "print(json.dumps([basis.size, basis.rank, basis.residual, solved, total, peak, basis.solver]))"
        )
        found = []
        for _ in range(3):
            gemm = reference()
            run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            found.append((*json.loads(run.stdout), gemm))
        found.sort(key=lambda f: f[4])
        size, rank, residual, _, total, peak, solver, gemm = found[1]
        spread = f"{total:.2f} ({found[0][4]:.2f} .. {found[2][4]:.2f})"
        kind = "explicit" if explicit else "factored"
        rows.append([name, rep, size, rank, kind, solver, asked, spread, f"{total / gemm:.0f}", f"{peak:.0f}"])
        rows[-1].append(f"{residual:.0e}")
        print(rows[-1], flush=True)
    record(
        "bases_figures",
        "Large bases: CPU seconds with self-check",
        ["group", "rep", "size", "rank", "form", "solver", "asked s", "CPU s", "in gemms", "peak MB", "residual"],
        rows,
        "Median (least .. largest) of three processes. A gemm is a product of two 1000 x 1000 matrices on the same "
        "core, measured just before. Peak memory is that of the process, about 70 MB of it before anything is solved.",
    )


def noise() -> None:
    rows = []
    for label, (name, text) in ALGEBRAS.items():
        exact = group(name)
        lie = np.linalg.qr(exact.lie.reshape(len(exact.lie), -1).T)[0].T.reshape(exact.lie.shape)
        rep = parse_rep(text)
        rank = equivariant_basis(exact, rep, solver="dense").rank
        start = time.process_time()
        for level in NOISES:
            right = {True: 0, False: 0}
            other: Counter[str] = Counter()
            for trial in range(TRIALS):
                noisy = lie + level * np.random.default_rng(trial).standard_normal(lie.shape) / lie.shape[1]
                for snap in (True, False) if trial % RAW == 0 else (True,):
                    try:
                        found = str(equivariant_basis(Group(noisy), rep, snap=snap).rank)
                    except InputError:
                        found = "refused"
                    right[snap] += found == str(rank)
                    if snap and found != str(rank):
                        other[found] += 1
            shown = ", ".join(f"{word} ({count})" for word, count in other.most_common()) or "-"
            rows.append(
                [
                    label,
                    text,
                    rank,
                    f"{level:g}",
                    f"{right[True]}/{TRIALS}",
                    f"{right[False]}/{-(-TRIALS // RAW)}",
                    shown,
                ]
            )
            print(f"{time.process_time() - start:.0f} s", flush=True)
            record(
                "bases_noise",
                "Ranks from noisy generators",
                ["algebra", "rep", "rank", "noise", "right, snapped", "right, --no-snap", "else, snapped"],
                rows,
                "Noise: normal, relative to the entries of orthonormal generators in standard coordinates; never told "
                "to the solver. Right: the rank of the exact group.",
            )


def fits() -> None:
    """Generators as `fit` finds them in few data: structured noise."""
    import symdisc

    rows = []
    for label, name, text, problem in FITS:
        rank = equivariant_basis(group(name), text, solver="dense").rank
        for samples, sigma in ((100, 0.0), (300, 0.1), (300, 0.3)):
            found: Counter[str] = Counter()
            noises = []
            for seed in range(5):
                x, y = problem(samples, sigma, seed)
                result = symdisc.fit(x, y, kind="pairs", axes="nsc", generators=len(group(name).lie), seed=seed)
                if len(result) != len(group(name).lie):
                    found[f"{len(result)} generators"] += 1
                    continue
                try:
                    basis = equivariant_basis(result, text)
                    found[f"rank {basis.rank}"] += 1
                except InputError:
                    found["refused"] += 1
                noises.append(result.closure_error or 0.0)
            shown = ", ".join(f"{word} ({count})" for word, count in found.most_common())
            rows.append([label, text, rank, samples, sigma, f"{np.median(noises) if noises else np.nan:.1g}", shown])
            print(rows[-1], flush=True)
    record(
        "bases_fits",
        "Ranks from generators that `fit` found",
        ["algebra", "rep", "rank", "pairs", "noise of y", "closure error", "found"],
        rows,
        "Pairs y = exp(sum t_i L_i) x of two vectors x ~ N(0, 1), t ~ N(0, 0.5^2), L in coordinates of condition 3; "
        "noise relative to y; five seeds.",
    )


def pairs_of(name: str):
    """A maker of pairs (x, y) for a group in skewed coordinates."""
    from scipy.linalg import expm

    lie = group(name).lie
    d = lie.shape[1]
    rng = np.random.default_rng(7)
    u, _, v = np.linalg.svd(rng.standard_normal((d, d)))
    s = u * np.geomspace(1.0, 3.0, d) @ v
    skew = np.linalg.inv(s) @ lie @ s

    def make(samples: int, sigma: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
        draw = np.random.default_rng(seed)
        # Two vectors a pair: single ones cannot show a group whose orbits fill a sphere.
        x = draw.standard_normal((samples, d, 2))
        t = 0.5 * draw.standard_normal((samples, len(skew)))
        y = np.stack([expm(np.tensordot(a, skew, axes=1)) @ b for a, b in zip(t, x, strict=True)])
        return x, y + sigma * np.sqrt((y**2).mean()) * draw.standard_normal(y.shape)

    return make


FITS = [(name, name, rep, pairs_of(name)) for name, rep in (("so(3)", "T(1,1) + T(2,2)"), ("sl(2)", "T(2) + T(2,2)"))]
PARTS = {"peers": peers, "figures": figures, "noise": noise, "fits": fits}

if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1]))
    wanted = sys.argv[1:] or [part for part in PARTS if part != "peers" or "EMLP_PYTHON" in os.environ]
    for part in wanted:
        PARTS[part]()
