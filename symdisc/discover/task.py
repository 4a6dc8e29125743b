"""Long work in bounded steps, so that it can be watched, interrupted and resumed.

A method that runs long is a `Task`. `drive` takes its steps, writes a checkpoint now and then, and on SIGINT or
SIGTERM finishes the current step, writes the checkpoint and raises `Interrupted` (exit 130 or 143).
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
from typing import Any, Protocol

import numpy as np

from ..atomic import make_folder, write_npz
from ..data.door import read_npz
from ..errors import ExitCode, InputError, Interrupted

IDENTITY = "identity"
CHECKPOINT = "checkpoint.npz"


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

    def write(self, task: Task) -> None:
        """Save the task's state; the folder is made where it is missing.

        Raises:
            ResourceError: it cannot be written.
        """
        make_folder(self.path.parent)
        write_npz(self.path, {IDENTITY: np.array(self.identity), **task.state()})

    def read(self, task: Task) -> bool:
        """Restore the task; False where there is no checkpoint.

        Raises:
            InputError: the checkpoint belongs to other data or options, or is damaged.
        """
        if not self.path.exists():
            return False
        members = read_npz(self.path)
        if str(members.pop(IDENTITY, "")) != self.identity:
            raise InputError(
                f"{self.path}: this checkpoint is of other data, options or another version; "
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
    with _signals() as caught:
        written = time.monotonic()
        while task.advance():
            if watch is not None:
                watch(task.progress())
            if caught:
                _stop(task, checkpoint, caught[0])
            if checkpoint is not None and time.monotonic() - written > checkpoint.every:
                checkpoint.write(task)
                written = time.monotonic()
        if watch is not None:
            watch(task.progress())
        if caught:
            _stop(task, checkpoint, caught[0])


def _stop(task: Task, checkpoint: Checkpoint | None, number: int) -> None:
    word, code = {
        signal.SIGINT: ("interrupted", ExitCode.INTERRUPTED),
        signal.SIGTERM: ("terminated", ExitCode.TERMINATED),
    }[signal.Signals(number)]
    if checkpoint is None:
        raise Interrupted(f"{word}; nothing was written", code)
    checkpoint.write(task)
    raise Interrupted(f"{word}; {checkpoint.path} is kept: the same command with --resume goes on from it", code)


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying of them; a second one does what it always did."""
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        for other, handler in before.items():
            signal.signal(other, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
