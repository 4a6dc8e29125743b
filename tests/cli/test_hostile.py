"""Hostile files as the shell meets them: exit 2, one sentence with the remedy, quickly, in little memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))

from hostile import HOSTILE

SCRIPT, ROOT = Path(__file__).with_name("hostile_run.py"), Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path_factory.mktemp("hostile"))],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    *lines, peak = done.stdout.splitlines()
    return [json.loads(line) for line in lines], int(peak)


def test_every_case_ran(runs):
    assert len(HOSTILE) >= 40
    assert {run["case"] for run in runs[0]} == set(HOSTILE)
    assert len(runs[0]) == 2 * len(HOSTILE)


@pytest.mark.parametrize("case", HOSTILE)
def test_one_sentence_and_exit_2(case, runs):
    for run in runs[0]:
        if run["case"] == case:
            assert run["code"] == 2, run
            message = run["err"]
            assert message.startswith("symdisc: ")
            assert message.endswith("\n")
            assert message.count("\n") == 1
            assert message[:-1].isprintable()
            assert ";" in message or "?" in message or "`" in message, f"no remedy: {message}"
            for word in HOSTILE[case][1]:
                assert word in message, message
            assert all(letter.isprintable() or letter == "\n" for letter in run["out"])
            assert "Traceback" not in message + run["out"]
            # 2 s on a machine of its own: CPU time doubles where it is shared.
            assert run["seconds"] < 3
            assert not run["left"], "an empty result folder is left behind"


def test_memory(runs):
    assert runs[1] < 300_000
