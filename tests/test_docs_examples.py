"""Every code block of README and docs runs, and prints what stands there.

`python` blocks are doctests, one namespace a file. `console` blocks hold `$ command` lines, each of which must exit 0
(or as `# exit N` behind it says), followed by what it prints; a line `...` stands for anything. `sh` blocks stand only
between the markers of the README's two commands, which continuous integration runs word for word.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "sample_data" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(path: Path, language: str) -> list[str]:
    return [text for word, text in BLOCK.findall(path.read_text()) if word == language]


def with_blocks(language: str) -> list[Path]:
    return [path for path in PAGES if blocks(path, language)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with sample_data, and `symdisc` on the path."""
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    tools = tmp_path / ".bin"
    tools.mkdir()
    script = tools / "symdisc"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m symdisc "$@"\n')
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def commands(block: str) -> list[tuple[str, int, str]]:
    """(command, exit code, expected output) of a console block."""
    found = []
    for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, output = piece.partition("\n")
        code = re.search(r"\s+# exit (\d+)$", line)
        found.append((line[: code.start()] if code else line, int(code[1]) if code else 0, output))
    return found


def shows(expected: str, printed: str) -> bool:
    """Whether `printed` is `expected` but for line breaks and spaces; a line `...` stands for any lines or none."""
    pieces = re.split(r"^\.\.\.$", expected, flags=re.MULTILINE)
    pattern = ".*".join(re.escape(" ".join(piece.split())) for piece in pieces)
    return re.fullmatch(pattern, " ".join(printed.split())) is not None


def test_shows_sees_differences():
    assert shows("a  b\n...\nc\n", "a b\nx\nc")
    assert shows("a b\n...\nc\n", "a\nb c")
    assert not shows("a b\n", "a b\nc")
    assert not shows("a b\n...\n", "x a b c")


@pytest.mark.parametrize("path", with_blocks("console"), ids=lambda path: path.name)
def test_console_blocks_run_and_print_what_they_show(path, folder):
    for block in blocks(path, "console"):
        assert block.startswith("$ ")
        for line, code, expected in commands(block):
            run = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=120)
            assert run.returncode == code, f"{line}\n{run.stdout}{run.stderr}"
            printed = run.stdout if code == 0 else run.stderr
            if expected:
                assert shows(expected, printed), f"{line}\nshown:\n{expected}\nprinted:\n{printed}"


@pytest.mark.parametrize("path", with_blocks("python"), ids=lambda path: path.name)
def test_python_blocks_run_and_print_what_they_show(path, folder):
    text = "\n".join(blocks(path, "python"))
    assert text.count(">>> ")
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    failures: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=failures.append)
    assert not failures, "".join(failures)


def test_other_blocks_are_only_where_they_are_run_elsewhere():
    for path in PAGES:
        for word, text in BLOCK.findall(path.read_text()):
            assert word in {"python", "console", "sh", "text", "json", "{toctree}", "{eval-rst}"}, (
                f"{path.name}: {word}"
            )
            if word == "sh":
                marker = path.read_text().split(f"```sh\n{text}")[0].rstrip().splitlines()[-1]
                assert path.name == "README.md"
                assert marker in ("<!-- first-command -->", "<!-- test-command -->")
                assert len(text.splitlines()) == 1
