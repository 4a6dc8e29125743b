"""Checkpoints: a run that was stopped in any way goes on to the same result, to the bit."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from toys import Walk

from symdisc.discover.task import CHECKPOINT, Checkpoint, drive, identity_of
from symdisc.errors import ExitCode, InputError, Interrupted

SCRIPT = Path(__file__).with_name("long_run.py")
ROOT = Path(__file__).parents[2]
STEPS = 120


def end_of(steps, seed=0):
    task = Walk(steps, seed=seed)
    while task.advance():
        pass
    return task.x


def start(folder, *flags, pause=0.01):
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), str(STEPS), str(pause), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )


def wait_for_step(process, step):
    for line in process.stdout:
        if int(line) >= step:
            return


def finish(folder, *flags):
    process = start(folder, *flags, pause=0)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return np.load(Path(folder) / "end.npy")


def test_round_trip_and_resume_to_the_bit(tmp_path):
    checkpoint = Checkpoint(tmp_path / CHECKPOINT, "mine")
    first = Walk(100)
    for _ in range(37):
        first.advance()
    checkpoint.write(first)
    second = Walk(100, seed=0)
    assert checkpoint.read(second)
    assert second.done == 37
    assert second.x.tobytes() == first.x.tobytes()
    drive(second, checkpoint)
    assert second.x.tobytes() == end_of(100).tobytes()


def test_no_checkpoint_yet(tmp_path):
    task = Walk(10)
    assert not Checkpoint(tmp_path / CHECKPOINT, "mine").read(task)
    assert task.done == 0


def test_another_run_is_refused(tmp_path):
    path = tmp_path / CHECKPOINT
    Checkpoint(path, identity_of({"data": "a"})).write(Walk(10))
    with pytest.raises(InputError, match="of other data, options or another version") as caught:
        Checkpoint(path, identity_of({"data": "b"})).read(Walk(10))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x93NUMPY"])
def test_damage_is_one_line(tmp_path, content):
    path = tmp_path / CHECKPOINT
    path.write_bytes(content)
    with pytest.raises(InputError, match=CHECKPOINT):
        Checkpoint(path, "mine").read(Walk(10))


def test_truncation_is_one_line(tmp_path):
    path = tmp_path / CHECKPOINT
    Checkpoint(path, "mine").write(Walk(10))
    whole = path.read_bytes()
    for length in range(1, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=CHECKPOINT):
            Checkpoint(path, "mine").read(Walk(10))


def test_remove(tmp_path):
    checkpoint = Checkpoint(tmp_path / "new" / CHECKPOINT, "mine")
    checkpoint.write(Walk(10))
    assert checkpoint.path.exists()
    checkpoint.remove()
    checkpoint.remove()
    assert not checkpoint.path.exists()


def test_identity_depends_on_every_entry():
    base = {"data": {"x": "abc"}, "seed": 0}
    assert identity_of(base) == identity_of({"seed": 0, "data": {"x": "abc"}})
    assert len({identity_of(base), identity_of(base | {"seed": 1}), identity_of(base | {"data": {"x": "abd"}})}) == 3


def test_watch_sees_every_step():
    seen = []
    drive(Walk(5), watch=lambda progress: seen.append((progress.done, progress.total)))
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(("number", "code", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_keeps_the_checkpoint(tmp_path, number, code, word):
    folder = tmp_path / "not" / "there" / "yet"
    process = start(folder)
    wait_for_step(process, 5)
    process.send_signal(getattr(signal, number))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    path = folder / CHECKPOINT
    assert errors == f"{word}; {path} is kept: the same command with --resume goes on from it\n"
    stopped = Walk(STEPS)
    assert Checkpoint(path, identity_of({"steps": STEPS})).read(stopped)
    assert 5 <= stopped.done < STEPS
    assert finish(folder, "--resume").tobytes() == end_of(STEPS).tobytes()


def test_without_a_checkpoint_nothing_is_written(tmp_path):
    process = start(tmp_path, "--no-checkpoint")
    wait_for_step(process, 3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "interrupted; nothing was written\n"
    assert not list(tmp_path.iterdir())


def test_killed_at_random_moments(tmp_path):
    """kill -9, several times over one run: each resume goes on from a whole checkpoint, the end is the same."""
    chance = random.Random(0)
    flags = []
    for _ in range(3):
        process = start(tmp_path, *flags, pause=0.004)
        wait_for_step(process, 1)
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.communicate()
        flags = ["--resume"]
    assert finish(tmp_path, "--resume").tobytes() == end_of(STEPS).tobytes()


def test_a_signal_in_the_last_step_is_not_lost(tmp_path):
    class Last(Walk):
        def advance(self):
            more = super().advance()
            if not more:
                os.kill(os.getpid(), signal.SIGTERM)
            return more

    before = signal.getsignal(signal.SIGTERM)
    checkpoint = Checkpoint(tmp_path / CHECKPOINT, "mine")
    with pytest.raises(Interrupted) as caught:
        drive(Last(3), checkpoint)
    assert caught.value.exit_code == ExitCode.TERMINATED
    assert signal.getsignal(signal.SIGTERM) is before
    again = Walk(3)
    checkpoint.read(again)
    drive(again, checkpoint)
    assert again.x.tobytes() == end_of(3).tobytes()


def test_handlers_come_back_after_an_error():
    class Broken(Walk):
        def advance(self):
            raise ZeroDivisionError

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError):
        drive(Broken(3))
    assert signal.getsignal(signal.SIGINT) is before


def test_in_a_thread():
    """Signals belong to the main thread; the work does not."""
    task = Walk(20)
    thread = threading.Thread(target=drive, args=(task,))
    thread.start()
    thread.join()
    assert task.x.tobytes() == end_of(20).tobytes()


class Endless(Walk):
    """Its third step takes longer than anybody waits."""

    def advance(self):
        if self.done == 2:
            os.kill(os.getpid(), signal.SIGINT)
            while True:
                time.sleep(0.01)
        return super().advance()


@pytest.mark.parametrize("kept", [True, False])
def test_a_step_that_takes_too_long_is_given_up(tmp_path, monkeypatch, kept):
    """What remains is the checkpoint after the long step before."""
    monkeypatch.setattr("symdisc.discover.task.GRACE", 0.2)
    monkeypatch.setattr("symdisc.discover.task.LONG", 0.0 if kept else 1e9)
    before = signal.getsignal(signal.SIGALRM)
    checkpoint = Checkpoint(tmp_path / CHECKPOINT, "mine")
    with pytest.raises(Interrupted, match="--resume" if kept else "interrupted; nothing was written"):
        drive(Endless(5), checkpoint)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert checkpoint.path.exists() == kept
    if kept:
        again = Walk(5)
        checkpoint.read(again)
        assert again.done in (1, 2)
        drive(again, checkpoint)
        assert again.x.tobytes() == end_of(5).tobytes()


def test_a_second_signal_ends_the_step(tmp_path):
    class Deaf(Endless):
        def advance(self):
            if self.done == 2:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            return super(Endless, self).advance()

    with pytest.raises(KeyboardInterrupt):
        drive(Deaf(5), Checkpoint(tmp_path / CHECKPOINT, "mine"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("step", "cost", "every", "written"),
    [
        (2.0, 0.1, 15.0, 9),  # each long step is worth a checkpoint
        (2.0, 1.0, 15.0, 2),  # unless writing takes more than a tenth of the time
        (0.5, 0.1, 15.0, 0),  # short steps wait for their turn
        (0.5, 0.1, 2.0, 1),
    ],
)
def test_writing_takes_a_tenth_of_the_time_at_most(tmp_path, monkeypatch, step, cost, every, written):
    """Ten steps on a clock of their own."""
    now = [0.0]

    class Clock:
        monotonic = staticmethod(lambda: now[0])

    class Timed(Walk):
        def advance(self):
            now[0] += step
            return super().advance()

    def write(self, task):
        now[0] += cost
        times.append(task.done)

    times = []
    monkeypatch.setattr("symdisc.discover.task.time", Clock)
    monkeypatch.setattr(Checkpoint, "write", write)
    drive(Timed(10), Checkpoint(tmp_path / CHECKPOINT, "mine", every=every))
    assert len(times) == written
