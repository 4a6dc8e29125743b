"""Long work in bounded steps, so that it can be watched, interrupted and resumed.

A method that runs long is a `Task`. `drive` takes its steps, writes a checkpoint now and then, and on SIGINT or
SIGTERM finishes the current step, writes the checkpoint and raises `Interrupted` (exit 130 or 143). A step that takes
longer than that may is given up, and the checkpoint before it is what remains: after long steps one is always written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, Protocol

import numpy as np

from ..atomic import make_folder, write_npz
from ..data.door import read_npz
from ..errors import ExitCode, InputError, Interrupted, ResourceError
from .ranks import current

IDENTITY = "identity"
CHECKPOINT = "checkpoint.npz"
# Seconds that a step may still take after a signal; of a step that is worth a checkpoint of its own, as long as
# writing takes a tenth of the time at most.
GRACE = 2.5
LONG = 1.0
SHARE = 0.1


@dataclass(frozen=True)
class Progress:
    """Where a task stands: `done` of `total` units of the stage; `detail` is for a person."""

    stage: str
    done: float
    total: float
    detail: str = ""


class Task(Protocol):
    """Resumable work."""

    def advance(self) -> bool:
        """Do one bounded step (seconds, not minutes); False once nothing is left."""

    def progress(self) -> Progress:
        """Where the task stands."""

    def state(self) -> dict[str, np.ndarray]:
        """Everything needed to go on from here, as plain arrays."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to a saved state; the steps that follow give the same result to the bit."""


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint file of one run.

    Args:
        path: where it lies; written atomically, so a crash leaves the one before.
        identity: hash of data, options and version: a checkpoint of another run is never continued.
        every: seconds between two writings.
    """

    path: Path
    identity: str
    every: float = 15.0

    @property
    def target(self) -> Path:
        """The file that the next state goes to."""
        return self.path

    @property
    def kept(self) -> Path | None:
        """What there is to go on from, for a message; None where there is nothing."""
        return self.path if self.path.exists() else None

    def write(self, task: Task) -> None:
        """Save the task's state; the folder is made where it is missing.

        Raises:
            ResourceError: it cannot be written.
        """
        make_folder(self.path.parent)
        write_npz(self.target, {IDENTITY: np.array(self.identity), **task.state()})

    def read(self, task: Task) -> bool:
        """Restore the task; False where there is no checkpoint.

        Raises:
            InputError: the checkpoint belongs to other data or options, or is damaged.
        """
        return self.restored(task, self.path)

    def restored(self, task: Task, path: Path) -> bool:
        """`read` of one file."""
        if not path.exists():
            return False
        members = read_npz(path)
        if str(members.pop(IDENTITY, "")) != self.identity:
            raise InputError(
                f"{path}: this checkpoint is of other data, options or another version; "
                "give the same command, or start afresh with --force"
            )
        task.restore(members)
        return True

    def remove(self) -> None:
        """The run is complete."""
        self.path.unlink(missing_ok=True)


def identity_of(description: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON description of data and options."""
    return hashlib.sha256(json.dumps(description, sort_keys=True, default=str).encode()).hexdigest()


def drive(
    task: Task,
    checkpoint: Checkpoint | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> None:
    """Take all steps of a task.

    Raises:
        Interrupted: SIGINT or SIGTERM came; the message says how to resume.
    """
    caught: list[int] = []
    whole: Task | None = task
    try:
        with _signals(caught):
            _steps(task, checkpoint, watch, caught)
    except _Late:
        whole = None
    except ResourceError:
        # Others that the same signal reached have ended, and this process was waiting for them.
        if not (caught and current().several):
            raise
        whole = None
    if caught:
        _stop(whole, checkpoint, caught[0])


def _steps(
    task: Task, checkpoint: Checkpoint | None, watch: Callable[[Progress], None] | None, caught: list[int]
) -> None:
    """All steps, or those before a signal."""
    written, cost = time.monotonic(), 0.0
    more = True
    while more and not caught:
        begun = time.monotonic()
        more = task.advance()
        now = time.monotonic()
        if watch is not None:
            watch(task.progress())
        if checkpoint is None or caught or not more:
            continue
        due = now - written > checkpoint.every or now - begun > LONG
        if due and now - written > cost / SHARE:
            checkpoint.write(task)
            written, cost = time.monotonic(), time.monotonic() - now


class _Late(BaseException):
    """A step is not over in the time that a signal leaves; no `except Exception` on the way may stop it."""


def _stop(task: Task | None, checkpoint: Checkpoint | None, number: int) -> NoReturn:
    """Keep what there is; without a task that is the last checkpoint."""
    word, code = {
        signal.SIGINT: ("interrupted", ExitCode.INTERRUPTED),
        signal.SIGTERM: ("terminated", ExitCode.TERMINATED),
    }[signal.Signals(number)]
    if checkpoint is not None and task is not None:
        checkpoint.write(task)
    if checkpoint is None or checkpoint.kept is None:
        raise Interrupted(f"{word}; nothing was written", code)
    raise Interrupted(f"{word}; {checkpoint.kept} is kept: the same command with --resume goes on from it", code)


@contextlib.contextmanager
def _signals(caught: list[int]) -> Iterator[None]:
    """Collect SIGINT and SIGTERM instead of dying of them; a second one does what it always did.

    Raises:
        _Late: in the step that is still at work so long after the first one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}

    def note(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        # Ctrl-C reaches a process of torchrun twice: from the terminal, and from torchrun.
        for other in () if current().several else numbers[:2]:
            signal.signal(other, before[other])
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    def late(number: int, frame: FrameType | None) -> None:
        raise _Late

    signal.signal(signal.SIGALRM, late)
    for number in numbers[:2]:
        signal.signal(number, note)
    try:
        yield
    finally:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
