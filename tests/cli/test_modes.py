"""Every command on a terminal, in a pipe, without colour, with --json, -q and -vv: streams and exit codes.

A new command is tried with the first example of its help. One that needs something of its own gets a line in
`EXAMPLES`; one whose help has no example fails here.
"""

import io
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import symdisc
from symdisc.cli.main import COMMANDS, main, run
from symdisc.errors import ExitCode

ROOT = Path(__file__).parents[2]
COLOUR = re.compile(r"\x1b\[[0-9;]*\b(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;[0-9;]*)?m")

# Small, and free to run again in the same folder; the others are taken from their help.
EXAMPLES = {
    "fit": "fit x.npy --method covariance --no-plots -o new --force",
    "test": "test x.npy --method covariance --generators so(3)",
    "analyze": "analyze x.symdisc",
    "inspect": "inspect x.npy",
    "methods": "methods covariance",
    "apply": "apply x.symdisc x.npy -t 0.1,0.2,0.3 -o turned.npy --force",
    "compare": "compare x.symdisc x.symdisc",
    "sample": "sample no-symmetry -o drawn.npz --samples 50 --force",
    "train": "train data.h5 --generators data.symdisc --channels 8 --layers 1 --steps 20 --folds 2 -o model --force",
}
# Commands whose result is a text to be sent on, so that -q does not silence it.
TEXTS = {"cite", "completion", "export"}

MODES = {
    "terminal": ([], True, {}),
    "terminal without colour": ([], True, {"NO_COLOR": "1"}),
    "pipe": ([], False, {}),
    "pipe without colour": ([], False, {"NO_COLOR": "1"}),
    "json": (["--json"], False, {}),
    "json on a terminal": (["--json"], True, {}),
    "quiet": (["-q"], False, {}),
    "quiet json": (["-q", "--json"], False, {}),
    "verbose": (["-vv"], False, {}),
    "verbose json": (["-vv", "--json"], False, {}),
}


def help_of(name):
    return main.get_command(None, name).help or ""


def example(name):
    """The arguments of a command, those of `EXAMPLES` or of its help."""
    if name in EXAMPLES:
        return shlex.split(EXAMPLES[name].replace("(", r"\(").replace(")", r"\)"))
    lines = re.findall(rf"^\s*symdisc ({name}\b.*)$", help_of(name), re.MULTILINE)
    assert lines, f"no example given for `symdisc {name}`: put one into its help, or a small one into EXAMPLES"
    words = shlex.split(lines[0])
    cut = next((place for place, word in enumerate(words) if word in (">", ">>", "|")), len(words))
    return words[:cut]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A result under several names, data and sample_data."""
    folder = tmp_path_factory.mktemp("modes")
    rng = np.random.default_rng(0)
    np.save(folder / "x.npy", rng.standard_normal((60, 3)))
    symdisc.fit(np.load(folder / "x.npy"), method="covariance").save(folder / "x.symdisc")
    with h5py.File(folder / "data.h5", "w") as file:
        file["x"] = rng.standard_normal((200, 3))
        file["y"] = (file["x"][:] ** 2).sum(1)
    for name in ("digits.symdisc", "data.symdisc", "pairs.symdisc"):
        shutil.copytree(folder / "x.symdisc", folder / name)
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    return folder


class Stream(io.StringIO):
    """Text that says whether it is a terminal."""

    encoding = "utf-8"

    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.fixture
def call(monkeypatch, folder):
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def symdisc_(arguments, terminal=False, **environment):
        monkeypatch.chdir(folder)
        for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        out, err = Stream(terminal), Stream(terminal)
        monkeypatch.setattr(sys, "argv", ["symdisc", *arguments])
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as end:
                run()
        return end.value.code, out.getvalue(), err.getvalue()

    yield symdisc_
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", COMMANDS)
def test_streams(name, mode, call):
    more, terminal, environment = MODES[mode]
    code, out, err = call([*example(name), *more], terminal, **environment)
    assert code == ExitCode.OK, err
    assert "Traceback" not in err
    if not terminal:
        assert "\x1b" not in out + err
    if "NO_COLOR" in environment:
        assert not COLOUR.search(out + err)
    if "--json" in more:
        value = json.loads(out)
        assert isinstance(value, dict)
        assert "\x1b" not in out
    elif "-q" in more:
        assert name in TEXTS or not out
    else:
        assert out.strip()
    if "-q" in more:
        assert not err


@pytest.mark.parametrize("name", COMMANDS)
def test_more_detail_does_not_reach_stdout(name, call):
    shown = [call([*example(name), "--json", *more])[1] for more in ([], ["-vv"])]
    if name == "env":
        # Free memory is another at each look.
        shown = [re.sub(r'"memory_bytes": \d+', "", text) for text in shown]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_a_wrong_option(name, call):
    code, out, err = call([name, "--help"])
    assert code == ExitCode.OK
    assert "Example:" in out
    assert not err
    for flag in ("--json", "--quiet", "--verbose"):
        assert flag in out
    code, out, err = call([name, "--no-such-option"])
    assert code == ExitCode.UNUSABLE
    assert not out
    assert err.count("\n") == 1
    assert err.startswith("symdisc: ")


@pytest.mark.parametrize(("number", "code"), [(0, 2), (1, 2)])
def test_no_command_and_an_unknown_one(call, number, code):
    found, _, err = call([[], ["fitt"]][number])
    assert found == code
    assert "Traceback" not in err


def test_an_example_is_needed(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "help_of", lambda name: "Does something.")
    with pytest.raises(AssertionError, match="no example given"):
        example("another")
    monkeypatch.setattr(sys.modules[__name__], "help_of", lambda name: "Example:\n  symdisc another 'a b' > file")
    assert example("another") == ["another", "a b"]


def on_a_terminal(arguments, folder, stdout_too, **environment):
    """stdout and what the terminal shows, of a process whose stderr (and stdout) is one."""
    ours, theirs = pty.openpty()
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-m", "symdisc", *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=theirs if stdout_too else subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"PYTHONPATH": path, "TERM": "xterm-256color", "COLUMNS": "80"} | environment,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    out = process.stdout.read() if process.stdout else b""
    assert process.wait(timeout=60) == 0, shown
    os.close(ours)
    if process.stdout:
        process.stdout.close()
    return out.decode(), shown.decode()


def test_a_real_terminal(folder):
    """The progress bar is on the terminal, and not in the pipe."""
    out, shown = on_a_terminal([*example("fit"), "--json"], folder, stdout_too=False)
    assert json.loads(out)["dimension"] == 3
    assert "\x1b" in shown
    _, shown = on_a_terminal(example("inspect"), folder, stdout_too=True, NO_COLOR="1")
    assert "x.npy" in shown
    assert not COLOUR.search(shown)
