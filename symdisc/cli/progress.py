"""What a long run says while it runs: a live line on a terminal, plain lines in a log. Always on stderr."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..discover.task import Progress

# A share of a stage that is too small to say how long the rest will take.
EARLY = 0.02


class Clock:
    """How long the run and its stage take, and how long the stage will yet take at its present rate.

    Args:
        now: seconds; another clock for tests.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.started = now()
        self.stage, self._since, self._first = "", self.started, 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._now() - self.started

    def left(self, progress: Progress) -> float | None:
        """Seconds to the end of the stage; None where it is too early to say."""
        share = progress.done / progress.total if progress.total else 0.0
        if progress.stage != self.stage or share < self._first:
            self.stage, self._since, self._first = progress.stage, self._now(), share
        done = share - self._first
        return (self._now() - self._since) * (1 - share) / done if done >= EARLY and share < 1 else None


class Lines:
    """Plain lines: one when a stage begins, then one every so many seconds.

    Args:
        log: where a line goes.
        every: seconds; None: the first line of each stage only.
        now: seconds; another clock for tests.
    """

    def __init__(
        self, log: Callable[[str], None], every: float | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._log, self._every, self._now = log, every, now
        self._clock = Clock(now)
        self._last = -float("inf")
        self._stages: set[str] = set()

    def __call__(self, progress: Progress) -> None:
        """Take note of where the task stands."""
        left = self._clock.left(progress)
        due = self._every is not None and self._now() - self._last >= self._every
        if progress.stage in self._stages and not due:
            return
        self._stages.add(progress.stage)
        self._last = self._now()
        share = f"{100 * progress.done / progress.total:.0f} %" if progress.total else ""
        after = f"{duration(left)} left" if left is not None else ""
        parts = [duration(self._clock.elapsed), progress.stage, share, progress.detail, after]
        self._log("symdisc: " + ", ".join(part for part in parts if part))


def duration(seconds: float) -> str:
    """`7 s`, `3:05`, `2:03:05`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


@contextlib.contextmanager
def live() -> Iterator[Callable[[Progress], None]]:
    """One line that is drawn anew, never wider than the terminal: stage, bar, share, time left, detail."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    clock, rest = Clock(), Column(no_wrap=True, overflow="ellipsis", ratio=1)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f} %", table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[left]}", markup=False, table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[detail]}", markup=False, table_column=rest),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        line = bar.add_task("starting", total=1.0, detail="", left="")

        def show(progress: Progress) -> None:
            left = clock.left(progress)
            words = f"{duration(left)} left" if left is not None else duration(clock.elapsed)
            bar.update(
                line,
                description=progress.stage,
                completed=progress.done,
                total=progress.total,
                detail=progress.detail,
                left=words,
            )

        yield show
