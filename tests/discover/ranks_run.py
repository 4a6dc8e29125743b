"""One rank of a run of several, started by test_ranks.py: `ranks_run.py FOLDER CASE...`, as torchrun would start it."""

import os
import signal
import sys
from pathlib import Path

import numpy as np

import symdisc
from symdisc.data import dataset, from_arrays
from symdisc.problems.registry import make

# So small that a few hundred samples are many chunks.
CHUNK = 1 << 15


def drifting():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4000, 4)) @ rng.standard_normal((4, 4)) + np.linspace(0, 1e3, 4000)[:, None]
    return from_arrays(x), {"method": "covariance"}


def labelled():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((6000, 4)), rng.standard_normal((6000, 3))
    rho = np.array([0.8, 0.8, 0.3])
    return from_arrays(x, rho * x[:, :3] + np.sqrt(1 - rho**2) * y, kind="labelled"), {"method": "covariance"}


def ring():
    return from_arrays(make("ring-so2-so3", 1, 6000).arrays["x"]), {"method": "moments"}


def oscillator():
    made = make("oscillator", 0, 24, noise=0.01)
    data = from_arrays(made.arrays["x"], kind="trajectory", axes="ntv")
    data.dt = made.attributes["dt"]
    return data, {"candidates": "linear"}


def fields():
    made = make("complex-phi4", 0, 4)
    data = from_arrays(made.arrays["x"], kind="field", axes="ntsv")
    data.dt, data.periodic = made.attributes["dt"], (True,)
    data.spacing = (float(np.atleast_1d(made.attributes["spacing"])[0]),)
    return data, {}


def function():
    made = make("lorentz", 0, 400)
    return from_arrays(made.arrays["x"], made.arrays["y"], kind="labelled"), {
        "method": "function",
        "options": {"function.model": "polynomial"},
    }


def pairs():
    made = make("vectors-so3", 0, 300)
    return from_arrays(made.arrays["x"], made.arrays["y"], kind="pairs"), {"generators": 3}


CASES = {case.__name__: case for case in (drifting, labelled, ring, oscillator, fields, function, pairs)}


def fitted(case):
    dataset.CHUNK_BYTES = CHUNK
    data, options = CASES[case]()
    return symdisc.fit(data, **options)


def main(folder, *cases):
    from symdisc.discover.ranks import joined
    from symdisc.errors import SymdiscError

    try:
        with joined() as ranks:
            for case in cases:
                if case == "killed":
                    if not ranks.first:
                        os.kill(os.getpid(), signal.SIGKILL)
                    ranks.total(np.ones(3))
                elif case == "spoilt":
                    dataset.CHUNK_BYTES = CHUNK
                    x = np.ones((4000, 4))
                    x[3999, 2] = np.nan
                    symdisc.fit(x, method="covariance")
                elif case == "refused":
                    symdisc.fit(np.ones((1, 4)), method="covariance")
                else:
                    fitted(case).save(Path(folder, f"{case}.{ranks.rank}"))
    except SymdiscError as error:
        print("" if error.silent else error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main(*sys.argv[1:])
