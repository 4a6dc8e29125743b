"""What a long run says while it runs."""

import re

import pytest

from symdisc.cli.progress import Clock, Lines, duration
from symdisc.discover.task import Progress


class Watch:
    """A clock that is set by hand."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (185, "3:05"), (7385, "2:03:05")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_time_left_by_the_rate_of_the_stage():
    watch = Watch()
    clock = Clock(watch)
    assert clock.left(Progress("reading", 0, 100)) is None
    watch.time += 10
    assert clock.left(Progress("reading", 1, 100)) is None
    watch.time += 10
    assert clock.left(Progress("reading", 40, 100)) == pytest.approx(20 * 60 / 40)
    assert clock.left(Progress("fitting", 1, 4)) is None
    watch.time += 6
    assert clock.left(Progress("fitting", 2, 4)) == pytest.approx(6 * 2)
    assert clock.left(Progress("fitting", 4, 4)) is None
    assert clock.elapsed == 26


def test_lines_come_with_each_stage_and_every_so_many_seconds():
    watch, lines = Watch(), []
    note = Lines(lines.append, 5, watch)
    for done in range(21):
        note(Progress("reading", done, 20, f"{done} of 20 samples"))
        watch.time += 1
    note(Progress("fitting", 0, 2, "defect 0.03"))
    assert len(lines) == 6
    assert lines[0] == "symdisc: 0 s, reading, 0 %, 0 of 20 samples"
    assert lines[2] == "symdisc: 10 s, reading, 50 %, 10 of 20 samples, 10 s left"
    assert lines[-1] == "symdisc: 21 s, fitting, 0 %, defect 0.03"


def test_without_an_interval_only_stages_are_said():
    watch, lines = Watch(), []
    note = Lines(lines.append, None, watch)
    for stage in ("reading", "reading", "fitting", "reading"):
        watch.time += 100
        note(Progress(stage, 1, 0))
    assert [line.split(", ")[1] for line in lines] == ["reading", "fitting"]


def test_log_every_writes_plain_lines_even_on_a_terminal(tmp_path, capsys, monkeypatch):
    import sys

    import numpy as np

    from symdisc.cli.main import main

    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.random.default_rng(0).normal(size=(500, 3)))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    main(["fit", "a.npy", "--method", "covariance", "--no-plots", "--log-every", "0.001"], standalone_mode=False)
    captured = capsys.readouterr()
    assert re.search(r"^symdisc: \d+ s, covariance, \d+ %", captured.err, re.M)
    assert "\x1b" not in captured.err
    main(["fit", "a.npy", "--no-plots", "--force", "--log-every", "1", "-q"], standalone_mode=False)
    assert capsys.readouterr() == ("", "")
