"""Every command and option is documented, in its help and in docs/cli.md, and the generated docs are current."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import click
import pytest

from symdisc.cli.main import COMMANDS, main
from symdisc.discover.registry import METHODS
from symdisc.errors import ExitCode
from symdisc.problems import PROBLEMS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
COG_BLOCK = re.compile(r"<!-- \[\[\[cog\n(.*?)\]\]\] -->\n(.*?)<!-- \[\[\[end\]\]\] -->", re.DOTALL)
GENERATED = ["cli.md", "problems.md", *(f"methods/{name}.md" for name in METHODS)]


def load(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


def section(name: str) -> str:
    """The part of docs/cli.md about one command."""
    text = (DOCS / "cli.md").read_text()
    return text.split(f"\n## symdisc {name}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help_and_stands_in_the_docs(name):
    text = section(name)
    for parameter in load(name).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            for word in parameter.opts:
                assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text), word
        else:
            assert parameter.make_metavar(click.Context(load(name))).strip("[].") in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_a_sentence_an_example_and_the_common_options(name):
    command = load(name)
    help_text = click.Context(command, info_name=f"symdisc {name}", **command.context_settings).get_help()
    first = (command.help or "").strip().splitlines()[0]
    assert first.endswith(".")
    assert re.search(rf"Example:\n +(\S.*\| )?symdisc {name}\b", help_text)
    for words in ("-h, --help", "--json", "-q, --quiet", "-v, --verbose"):
        assert words in help_text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_of_commands_is_that_of_the_command(name):
    """The list is kept apart so that it need not import the commands; it must say the same."""
    first = " ".join((load(name).help or "").strip().split("\n\n")[0].split())
    assert first.startswith(COMMANDS[name][1].rstrip("."))


@pytest.mark.parametrize("name", GENERATED)
def test_generated_parts_are_current(name, monkeypatch):
    """What cog would write is what stands there; done without cog, so that the tests need no docs tools."""
    monkeypatch.syspath_prepend(DOCS)
    blocks = COG_BLOCK.findall((DOCS / name).read_text())
    assert blocks
    names: dict[str, object] = {}
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, names)
        assert out.getvalue() == shown, "run: make docs-update"


def test_exit_codes_problems_and_methods_stand_in_the_docs():
    text = (DOCS / "cli.md").read_text()
    for code in ExitCode:
        assert f"\n| {int(code)} |" in text
    for name in PROBLEMS:
        assert f"\n## {name}\n" in (DOCS / "problems.md").read_text()
    for name in METHODS:
        assert f"methods/{name}\n" in (DOCS / "index.md").read_text()


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_every_page_is_in_the_table_of_contents():
    index = (DOCS / "index.md").read_text()
    for path in DOCS.rglob("*.md"):
        name = path.relative_to(DOCS).with_suffix("").as_posix()
        assert name == "index" or f"\n{name}\n" in index
