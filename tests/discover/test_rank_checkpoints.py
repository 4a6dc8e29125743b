"""Runs of several processes that were stopped: resumed, they give the bytes of the run that was not."""

import functools
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from symdisc.discover import ranks as ranks_module
from symdisc.discover.rank_checkpoints import RankCheckpoint, checkpoint_of, discard, interrupted
from symdisc.discover.ranks import Ranks
from symdisc.discover.task import CHECKPOINT, Checkpoint, drive
from symdisc.errors import InputError
from symdisc.problems.files import save
from symdisc.problems.registry import make

SCRIPT, ROOT = Path(__file__).with_name("ranks_crash.py"), Path(__file__).parents[2]
# problem, samples, options of fit
CASES = {
    "covariance": ("equal-correlations", 3000, ["--method", "covariance"]),
    "moments": ("ring-so2-so3", 3000, []),
    "noether": ("oscillator", 24, ["--candidates", "linear"]),
    "function": ("lorentz", 400, ["--method", "function", "--set", "function.model=polynomial"]),
}


def fit(folder, deaths, *words):
    """Exit code and stderr of each rank; `deaths`: the step after which each is killed, 0 for never."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    shared = os.environ | {"PYTHONPATH": path, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared |= {"WORLD_SIZE": str(len(deaths))}
    processes: list[subprocess.Popen[str]] = []
    for rank, death in enumerate(deaths):
        # One process group of their own, so that a signal to all of them reaches nobody else.
        leader = processes[0].pid if processes else 0
        processes.append(
            subprocess.Popen(
                [sys.executable, str(SCRIPT), str(death), "fit", "data.h5", "--no-plots", "-q", *words],
                cwd=folder,
                stderr=subprocess.PIPE,
                text=True,
                env=shared | {"RANK": str(rank)},
                preexec_fn=functools.partial(os.setpgid, 0, leader),
            )
        )
    try:
        said = [process.communicate(timeout=600)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [process.returncode for process in processes], said


def result(folder, name):
    return (folder / name / "generators.npz").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_processes_go_on_where_they_were_killed(tmp_path, case):
    problem, samples, options = CASES[case]
    save(make(problem, 0, samples), tmp_path / "data.h5")
    codes, said = fit(tmp_path, [0, 0], "-o", "whole", *options)
    assert codes == [0, 0], said
    steps = min(int(re.search(r"steps (\d+)", text)[1]) for text in said)
    assert steps >= 3
    for number, step in enumerate(sorted({1, steps // 2, steps - 1})):
        name, deaths = f"cut{number}", [0, 0]
        deaths[number % 2] = step
        codes, said = fit(tmp_path, deaths, "-o", name, *options)
        assert -signal.SIGKILL in codes, said
        assert interrupted(tmp_path / name) in (0, 2)
        with pytest.raises(FileNotFoundError):
            result(tmp_path, name)
        codes, said = fit(tmp_path, [0, 0], "-o", name, "--resume", *options)
        assert codes == [0, 0], said
        assert result(tmp_path, name) == result(tmp_path, "whole"), f"killed after step {step}"
        assert interrupted(tmp_path / name) == 0
        assert {path.name for path in (tmp_path / name).iterdir()} >= {"generators.npz", "summary.json"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_to_all_of_them(tmp_path, name):
    problem, samples, options = CASES["moments"]
    save(make(problem, 0, samples), tmp_path / "data.h5")
    codes, said = fit(tmp_path, [f"4:{name}", 0], "-o", "out", *options)
    code = {"SIGINT": 130, "SIGTERM": 143}[name]
    assert codes == [code, code], said
    assert [text.count("--resume goes on from it") for text in said] == [1, 0]
    codes, said = fit(tmp_path, [0], "-o", "out", "--resume", *options)
    assert codes == [2]
    assert "holds an interrupted run of 2 processes, not of 1; go on with as many, or start afresh" in said[0]
    codes, said = fit(tmp_path, [0, 0], "-o", "out", *options)
    assert codes[0] == 2
    assert "go on with --resume" in said[0]
    assert not said[1].strip()
    codes, said = fit(tmp_path, [0, 0], "-o", "out", "--resume", *options)
    assert codes == [0, 0], said
    codes, said = fit(tmp_path, [0, 0], "-o", "whole", *options)
    assert result(tmp_path, "out") == result(tmp_path, "whole")


class Sums:
    """A task that adds up its share, over all ranks, twice: the second sum depends on the first."""

    def __init__(self, ranks, values, others):
        self.ranks, self.values, self.others = ranks, values, others
        self.stage, self.row, self.sum = 0, 0, 0.0

    def advance(self):
        if self.stage == 2:
            return False
        if self.row < len(self.values):
            self.sum += self.values[self.row] * (1 + self.stage * self.sum)
            self.row += 1
            return True
        self.sum = self.others(self.ranks, self.sum)
        self.stage, self.row = self.stage + 1, 0
        return self.stage < 2

    def progress(self):
        return None

    def state(self):
        return {"stage": np.array(self.stage), "row": np.array(self.row), "sum": np.array(self.sum)}

    def restore(self, state):
        self.stage, self.row, self.sum = int(state["stage"]), int(state["row"]), float(state["sum"])


class Table:
    """Two ranks as two threads: `total` of each waits for the other's, and each counts its own sums."""

    def __init__(self):
        self.barrier, self.given = threading.Barrier(2, timeout=20), {}

    def total(self, rank, array):
        self.given[rank] = np.array(array, dtype=float)
        self.barrier.wait()
        total = self.given[0] + self.given[1]
        self.barrier.wait()
        return total


class Seat:
    """A rank at a table."""

    def __init__(self, table, rank):
        self.table, self.rank, self.size, self.several, self.sums = table, rank, 2, True, 0

    def restart(self, sums):
        self.sums = sums

    def total(self, array):
        total = self.table.total(self.rank, array)
        self.sums += 1
        return total


VALUES = [np.linspace(0.1, 0.9, 5), np.linspace(-0.4, 0.7, 3)]


class Stopped(Exception):
    pass


def both(folder, stops, resume):
    """Sum of each rank; a rank with a stop ends before the step of that number, and its neighbour waits in vain."""
    table, found = Table(), {}

    def one(rank):
        seat = Seat(table, rank)
        task = Sums(seat, VALUES[rank], lambda ranks, value: float(ranks.total(np.array([value]))[0]))
        checkpoint = RankCheckpoint(folder / CHECKPOINT, "mine", every=-1.0, ranks=seat)
        try:
            if resume:
                checkpoint.read(task)
            left = stops[rank]
            while left and task.advance():
                checkpoint.write(task)
                left -= 1
            if not left:
                raise Stopped
            found[rank] = task.sum
        except (Stopped, threading.BrokenBarrierError):
            table.barrier.abort()

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_stretches_that_fit_together(tmp_path):
    """Whenever either rank is stopped, the run goes on to the same bits."""
    never = 100
    whole = both(tmp_path / "whole", (never, never), resume=False)
    assert whole[0] == whole[1]
    stopped = 0
    for first in range(1, 13):
        for second in (1, 3, 4, 6, 7, never):
            folder = tmp_path / f"{first}-{second}"
            found = both(folder, (first, second), resume=False)
            stopped += len(found) < 2
            assert both(folder, (never, never), resume=True) == whole, (first, second)
    assert stopped > 50


def test_checkpoints_of_ranks_are_found_and_removed(tmp_path):
    seat = Seat(None, 1)
    task = Sums(seat, VALUES[1], None)
    mine = RankCheckpoint(tmp_path / CHECKPOINT, "mine", ranks=seat)
    assert mine.kept is None
    assert interrupted(tmp_path) == 0
    mine.write(task)
    seat.restart(5)
    mine.write(task)
    assert mine.kept == tmp_path
    assert interrupted(tmp_path) == 2
    (tmp_path / "checkpoint.mine.npz").write_text("not ours")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.1of2.0.npz",
        "checkpoint.1of2.5.npz",
        "checkpoint.mine.npz",
    ]
    Checkpoint(tmp_path / CHECKPOINT, "alone").write(task)
    with pytest.raises(InputError, match="interrupted runs of 1 and 2 processes"):
        interrupted(tmp_path)
    mine.remove()
    assert interrupted(tmp_path) == 1
    mine.write(task)
    discard(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.mine.npz"]


def test_a_state_of_other_data_is_refused(tmp_path, monkeypatch):
    ranks = Ranks(0, 2)
    monkeypatch.setattr(Ranks, "total", lambda self, array: 2 * array)
    task = Sums(ranks, VALUES[0], None)
    for identity in ("mine", "other"):
        checkpoint = checkpoint_of(tmp_path, identity, ranks)
        assert isinstance(checkpoint, RankCheckpoint)
        if identity == "mine":
            checkpoint.write(task)
            assert checkpoint.read(task)
    with pytest.raises(InputError, match=r"checkpoint.0of2.0.npz: this checkpoint is of other data"):
        checkpoint.read(task)
    assert type(checkpoint_of(tmp_path, "mine", Ranks())) is Checkpoint


def test_a_rank_that_waits_is_stopped_by_the_signal_too(tmp_path, monkeypatch):
    """The others have ended of the same signal, so its wait fails: an interruption, not a failure."""
    from symdisc.errors import Interrupted, ResourceError

    monkeypatch.setattr(ranks_module, "_ranks", Ranks(1, 2))

    class Waiting(Sums):
        def advance(self):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            raise ResourceError("another process ended")

    task = Waiting(Ranks(1, 2), VALUES[0], None)
    with pytest.raises(Interrupted, match="nothing was written"):
        drive(task, None, None)
    checkpoint = checkpoint_of(tmp_path, "mine", Ranks(1, 2))
    checkpoint.write(task)
    with pytest.raises(Interrupted, match=r"is kept: the same command with --resume"):
        drive(task, checkpoint, None)


def test_a_rank_that_is_left_alone_without_a_signal_says_so(monkeypatch):
    from symdisc.errors import ResourceError

    monkeypatch.setattr(ranks_module, "_ranks", Ranks(1, 2))

    class Left(Sums):
        def advance(self):
            raise ResourceError("another process ended")

    with pytest.raises(ResourceError):
        drive(Left(Ranks(1, 2), VALUES[0], None), None, None)
