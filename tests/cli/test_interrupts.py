"""Interrupted before the work starts: exit 130 (143), one line, no traceback, whatever is being loaded."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

# What is mapped into the process when the signal is sent.
LOADED = ["_multiarray_umath", "h5py/defs", "scipy/linalg/_fblas"]


@pytest.mark.parametrize(
    ("number", "code", "loaded"),
    [(signal.SIGINT, 130, name) for name in LOADED] + [(signal.SIGTERM, 143, LOADED[1])],
)
def test_while_libraries_are_loaded(tmp_path, number, code, loaded):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.random.default_rng(0).exponential(size=(20_000, 6))
    process = subprocess.Popen(
        [sys.executable, "-m", "symdisc", "fit", "x.h5", "--method", "moments", "--no-plots", "-q"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": PATH},
    )
    maps = Path(f"/proc/{process.pid}/maps")
    while process.poll() is None and loaded not in maps.read_text():
        time.sleep(0.001)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert not out
    assert err.strip().startswith("symdisc: ")
    assert err.strip().count("\n") == 0
    assert "Traceback" not in err
    assert not (tmp_path / "x.symdisc" / "generators.npz").exists()


def test_while_the_command_line_itself_is_loaded(tmp_path):
    """Before click is there, by a module of that name that takes its time."""
    (tmp_path / "click.py").write_text("import time\nopen('here', 'w').close()\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "symdisc", "methods"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), PATH])},
    )
    while process.poll() is None and not (tmp_path / "here").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "symdisc: interrupted\n")
