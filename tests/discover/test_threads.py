"""The same bytes again at one number of threads; between two numbers, a negligible angle."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from symdisc.algebra import principal_angles

ROOT = Path(__file__).parents[2]
CHILD = """
import hashlib, json
import numpy as np, symdisc
from symdisc.atomic import npz_bytes
rng = np.random.default_rng(0)
x = rng.standard_normal((40_000, 12)) @ rng.standard_normal((12, 12))
for _ in range(2):
    found = symdisc.fit(x, method="covariance")
    digest = hashlib.sha256(npz_bytes(found.arrays())).hexdigest()
    print(json.dumps([digest, found.generators.tolist(), found.verdict.value]))
"""


def runs(threads):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    environment = os.environ | dict.fromkeys(names, str(threads)) | path
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, env=environment, timeout=200
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_thread_and_two():
    one, two = runs(1), runs(2)
    for first, again in (one, two):
        assert first == again
    assert one[0][2] == two[0][2]
    assert np.max(principal_angles(np.array(one[0][1]), np.array(two[0][1]))) < 1e-6
