"""The experiments of benchmarks/ run, at a size of seconds: what they record is not looked at here."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


def run(monkeypatch, name, *words):
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(sys, "argv", [name, "--tiny", *words])
    before = {path: path.stat().st_mtime_ns for path in (FOLDER / "tables").iterdir()}
    runpy.run_path(str(FOLDER / name), run_name="__main__")
    assert {path: path.stat().st_mtime_ns for path in (FOLDER / "tables").iterdir()} == before


@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [("images.py", (), 18), ("recursion.py", (), 5), ("pendulum.py", (), 6)],
)
def test_a_tiny_version_runs_and_records_nothing(monkeypatch, capsys, name, words, lines):
    run(monkeypatch, name, *words)
    assert len(capsys.readouterr().out.strip().splitlines()) == lines


@pytest.mark.slow
def test_a_tiny_search_and_its_networks(monkeypatch, capsys):
    run(monkeypatch, "networks.py", "--task", "o5")
    assert "'found'" in capsys.readouterr().out
