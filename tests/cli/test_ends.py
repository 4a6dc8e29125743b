"""How a command ends, whatever happened in it: exit code, one line on stderr, a traceback where it is asked for."""

import os
import sys

import click
import pytest

from symdisc.cli import main as module
from symdisc.errors import InputError, Interrupted, RequirementNotMet, ResourceError


class OutOfMemoryError(RuntimeError):
    """As torch calls it."""


def silent():
    error = InputError("another process says it")
    error.silent = True
    return error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("a.h5 is empty; write it again"), 2, "symdisc: a.h5 is empty; write it again\n"),
        (silent(), 2, ""),
        (RequirementNotMet("1 certified"), 3, "symdisc: 1 certified\n"),
        (ResourceError("full"), 4, "symdisc: full\n"),
        (Interrupted("stopped"), 130, "symdisc: stopped\n"),
        (KeyboardInterrupt(), 130, "symdisc: interrupted\n"),
        (click.exceptions.Abort(), 130, "symdisc: interrupted\n"),
        (OSError(28, "No space left on device"), 4, "symdisc: No space left on device; free space, or send the output"),
        (OSError("odd"), 4, "symdisc: odd; free space"),
        (MemoryError(), 4, "symdisc: out of memory; give fewer columns or samples, or raise --memory\n"),
        (
            OutOfMemoryError("CUDA"),
            4,
            "symdisc: the device is out of memory; take fewer columns or samples, or --device",
        ),
        (ZeroDivisionError("by 0"), 1, "symdisc: a bug of ours: ZeroDivisionError: by 0 (run again with -vv"),
        (click.UsageError("no such thing"), 2, "symdisc: no such thing"),
    ],
)
def test_exit_codes(error, code, line, monkeypatch, capsys):
    def fails(**named):
        raise error

    monkeypatch.setattr(module, "main", fails)
    monkeypatch.setattr(sys, "argv", ["symdisc", "fit", "x.npy"])
    with pytest.raises(SystemExit) as caught:
        module.run()
    assert caught.value.code == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(line)
    assert captured.err.count("\n") == bool(line)


@pytest.mark.parametrize("words", [["-vv"], ["-v", "--verbose"], ["-q", "-v", "-v"]])
def test_a_traceback_for_whom_asks(words, monkeypatch, capsys):
    monkeypatch.setattr(module, "main", lambda **named: 1 / 0)
    monkeypatch.setattr(sys, "argv", ["symdisc", "fit", *words])
    with pytest.raises(SystemExit):
        module.run()
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error():
    """`symdisc methods | true`: in a child, since its stdout is given up."""
    read, write = os.pipe()
    os.close(read)
    import subprocess
    from pathlib import Path

    code = (
        "import sys\nfrom symdisc.cli import main as module\n"
        "def fails(**named):\n    raise BrokenPipeError\nmodule.main = fails\nmodule.run()\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=write,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])},
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
