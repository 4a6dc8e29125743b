"""Killed at any moment, of its work or of its writing, a run goes on to the bytes of one that was never stopped.

The runs are forks of this process: nothing is imported again, so that many can die.
"""

import functools
import os
import random
import signal
import tempfile
import time
import warnings

import numpy as np
import pytest

import symdisc
from symdisc.data import dataset, from_arrays
from symdisc.discover import rank_checkpoints
from symdisc.discover import task as tasks
from symdisc.discover.task import CHECKPOINT, Checkpoint
from symdisc.errors import ResourceError
from symdisc.problems.registry import make


@pytest.fixture
def eager(monkeypatch):
    """A checkpoint after every step, and many steps."""
    monkeypatch.setattr(rank_checkpoints, "Checkpoint", functools.partial(Checkpoint, every=0.0))
    monkeypatch.setattr(tasks, "SHARE", 1e9)
    monkeypatch.setattr(dataset, "CHUNK_BYTES", 1 << 14)


def ring():
    return from_arrays(make("ring-so2-so3", 1, 4000).arrays["x"]), {"method": "moments"}


def labelled():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((6000, 4)), rng.standard_normal((6000, 3))
    rho = np.array([0.8, 0.8, 0.3])
    return from_arrays(x, rho * x[:, :3] + np.sqrt(1 - rho**2) * y, kind="labelled"), {"method": "covariance"}


def oscillator():
    made = make("oscillator", 0, 24, noise=0.01)
    data = from_arrays(made.arrays["x"], kind="trajectory", axes="ntv")
    data.dt = made.attributes["dt"]
    return data, {"candidates": "linear"}


def turned():
    """Pairs, for lconv."""
    rng = np.random.default_rng(2)
    x, t = rng.standard_normal((60, 2)), rng.uniform(-0.5, 0.5, 60)
    c, s = np.cos(t), np.sin(t)
    y = np.stack([c * x[:, 0] - s * x[:, 1], s * x[:, 0] + c * x[:, 1]], axis=1)
    return from_arrays(x, y + 0.01 * rng.standard_normal(y.shape), kind="pairs"), {"generators": 1}


def squares():
    """A function, for the perceptron."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((400, 3))
    y = (x**2).sum(axis=1) + 0.01 * rng.standard_normal(400)
    return from_arrays(x, y, kind="labelled"), {"method": "function", "options": {"function.model": "mlp"}}


def run(case, folder):
    """As the command line does it: resume what is there, save, then remove the checkpoint."""
    data, options = case()
    symdisc.fit(data, out=folder, resume=True, **options).save(folder)
    (folder / CHECKPOINT).unlink()


def child(function):
    """The process id of a fork that calls a function; 0 is its exit status where that returned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        function()
        status = 0
    finally:
        os._exit(status)


def dies_at(call):
    """Make this process die at that call of those that write."""
    calls = [0]

    def dying(name, verb):
        def wrapped(*given, **named):
            calls[0] += 1
            if calls[0] == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return verb(*given, **named)

        return wrapped

    for name in ("fsync", "replace", "chmod", "unlink"):
        setattr(os, name, dying(name, getattr(os, name)))
    tempfile.mkstemp = dying("mkstemp", tempfile.mkstemp)


def whole(case, tmp_path):
    """The bytes without any interruption."""
    (tmp_path / "whole").mkdir()
    run(case, tmp_path / "whole")
    return (tmp_path / "whole" / "generators.npz").read_bytes()


def killed(case, tmp_path, times, seed):
    """One run, killed `times` times or until it ends, at random moments or calls."""
    # In a fork too: libraries that have started threads of their own do not survive one.
    pid = child(lambda: whole(case, tmp_path))
    begun = time.monotonic()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    seconds = time.monotonic() - begun
    expected = (tmp_path / "whole" / "generators.npz").read_bytes()
    chance, deaths, number = random.Random(seed), 0, 0
    while deaths < times:
        folder = tmp_path / str(number)
        folder.mkdir()
        number += 1
        while True:
            if deaths < times and chance.random() < 0.5:
                call = chance.randint(1, 60)
                pid = child(lambda call=call, folder=folder: (dies_at(call), run(case, folder)))
            else:
                pid = child(lambda folder=folder: run(case, folder))
                if deaths < times:
                    time.sleep(chance.uniform(0, seconds))
                    os.kill(pid, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            assert status in (0, -signal.SIGKILL)
            if (folder / CHECKPOINT).exists():
                with np.load(folder / CHECKPOINT, allow_pickle=False) as members:
                    assert all(member.size >= 0 for member in members.values())
            if status == 0:
                break
            deaths += 1
        assert (folder / "generators.npz").read_bytes() == expected
    assert deaths >= times


def test_killed_now_and_then(tmp_path, eager):
    killed(labelled, tmp_path, 6, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("case", [ring, labelled, oscillator, turned, squares])
def test_killed_fifty_times(tmp_path, eager, case):
    killed(case, tmp_path, 50, seed=1)


def test_an_allocation_that_fails(tmp_path, monkeypatch, eager):
    """Whichever it is: an error of ours or MemoryError, the old result as it was, and the next run is whole."""
    expected = whole(labelled, tmp_path)
    folder = tmp_path / "out"
    run(labelled, folder.mkdir() or folder)
    chance = random.Random(0)
    for k in [1, 2, 3, *(chance.randint(4, 3000) for _ in range(7))]:
        with monkeypatch.context() as patch:
            count = failing_allocations(patch, k)
            try:
                run(labelled, folder)
            except (MemoryError, ResourceError):
                # At least: a thread may be reading ahead.
                assert count[0] >= k
            else:
                assert count[0] < k
        assert (folder / "generators.npz").read_bytes() == expected
    run(labelled, folder)
    assert (folder / "generators.npz").read_bytes() == expected


def failing_allocations(patch, k):
    """Make the k-th array that is asked of NumPy fail."""
    count = [0]

    def failing(verb):
        def wrapped(*given, **named):
            count[0] += 1
            if count[0] == k:
                raise MemoryError
            return verb(*given, **named)

        return wrapped

    for name in ("empty", "zeros", "zeros_like", "ones", "full", "concatenate", "array", "ascontiguousarray", "stack"):
        patch.setattr(np, name, failing(getattr(np, name)))
    return count
