"""The same integer matrices read by GAP, exactly, and by `symdisc analyze`: agreement of facts, seconds of each.

    python benchmarks/gap_algebras.py [--most 40] [--seconds 60]

GAP (https://www.gap-system.org; Debian: gap-core) gets the generators of tests/algebra/ as they are written there and
answers for dimension, derived and lower central series, centre, radical, nilradical, rank of a Cartan subalgebra and,
for a semisimple algebra, its type over the algebraic closure. Without GAP nothing is run and this is said.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from math import ceil
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "algebra"))


from common import record
from known_algebras import KNOWN

from symdisc.algebra import analyze

TITLES = [
    "so(3)", "so(5)", "so(8)", "so(3,1)", "sl(3,R)", "sl(5,R)", "su(3)", "su(3,2)", "sp(6,R)", "sp(2,1)", "g2(-14)",
    "sl(3,C)", "so(5) adjoint", "so(7) spinor", "e(3)", "poincare(3,1)", "galilei(3)", "bargmann(3)", "schrodinger(3)",
    "aff(3)", "heis(7)", "n(5)", "borel(sl(4,R))", "e(3) + e(3)", "su(3) + so(3)", "gl(4,R)", "oscillator",
    "bianchi(VII,h=1)", "A4,5(-0.5,0.25)", "R^5 shifts",
]  # fmt: skip

PROGRAM = """
start := Runtimes().user_time;;
L := LieAlgebra(Rationals, %s);;
kind := "";;
if Dimension(LieSolvableRadical(L)) = 0 then kind := SemiSimpleType(L); fi;;
Print("[", Dimension(L), ",", List(LieDerivedSeries(L), Dimension), ",", List(LieLowerCentralSeries(L), Dimension),
  ",", Dimension(LieCentre(L)), ",", Dimension(LieSolvableRadical(L)), ",", Dimension(LieNilRadical(L)), ",",
  Dimension(CartanSubalgebra(L)), ",\\"", kind, "\\",", Runtimes().user_time - start, "]\\n");
QUIT;
"""
KEYS = (
    "dimension", "derived_series", "lower_central_series", "center_dimension", "radical_dimension",
    "nilradical_dimension", "rank",
)  # fmt: skip


def gap(title: str, seconds: float) -> list | None:
    """What GAP answers, its milliseconds last; None where it took too long."""
    with tempfile.NamedTemporaryFile("w", suffix=".g") as program:
        program.write(PROGRAM % json.dumps(KNOWN[title].generators.tolist()))
        program.flush()
        # A limit of processor time: the machine may be busy.
        command = ["sh", "-c", f"ulimit -t {ceil(seconds)}; exec gap -q {program.name}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if "[" not in done.stdout:
        return None
    text = "".join(done.stdout.split("\n"))
    return json.loads(text[text.index("[") :])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=len(TITLES))
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    if shutil.which("gap") is None:
        print("GAP is not installed: nothing is compared")
        return
    rows: list[list[object]] = []
    header = ["algebra", "k", "symdisc", "GAP: type", "facts that agree", "GAP, s", "symdisc, s"]
    note = (
        "Facts: dimension, derived and lower central series, centre, radical, nilradical, Cartan rank. CPU seconds "
        "without start-up. In its time symdisc also finds real form, factors, forms, commutant, canonical basis; GAP "
        "names the complex types of semisimple algebras, and takes no floating-point matrices."
    )
    for title in TITLES[: given.most]:
        start = time.process_time()
        found = analyze(KNOWN[title].generators)
        ours = time.process_time() - start
        answer = gap(title, given.seconds)
        if answer is None:
            rows.append([title, found.dimension, found.name, "", "", f"more than {given.seconds:g}", f"{ours:.2f}"])
            continue
        *theirs, kind, milliseconds = answer
        facts = found.to_dict()
        apart = [key for key, value in zip(KEYS, theirs, strict=True) if facts[key] != value]
        agreed = "all" if not apart else f"not {', '.join(apart)}"
        rows.append([title, found.dimension, found.name, kind, agreed, f"{milliseconds / 1000:.2f}", f"{ours:.2f}"])
        record("algebras_gap", "GAP on the same integer matrices", header, rows, note)


if __name__ == "__main__":
    main()
