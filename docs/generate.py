"""The generated parts of the docs, called by cog: help of the commands, options of methods and problems."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from symdisc.cli.main import COMMANDS, main
from symdisc.options import describe

WIDTH = 100


def help_text(words: tuple[str, ...] = ()) -> str:
    """What `symdisc WORDS --help` prints on a terminal of fixed width."""
    context = _context(main, "symdisc", None)
    for word in words:
        command = main.get_command(context, word)
        assert command is not None, word
        context = _context(command, word, context)
    return context.get_help()


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    return click.Context(command, info_name=name, parent=parent, **settings)


def commands() -> str:
    """One section a command."""
    parts = [f"```text\n{help_text()}\n```\n"]
    parts += [f"## symdisc {name}\n\n```text\n{help_text((name,))}\n```\n" for name in COMMANDS]
    return "\n".join(parts)


def exit_codes() -> str:
    """The table of exit codes, from the enum."""
    from symdisc.errors import ExitCode

    meaning = {
        ExitCode.OK: "the run finished, whatever the verdict",
        ExitCode.BUG: "a bug of ours; run again with `-vv` and report what it prints",
        ExitCode.UNUSABLE: "the command line or the input is unusable; the message names file, array and remedy",
        ExitCode.REQUIREMENT_NOT_MET: "`--require N` asked for more certified generators",
        ExitCode.RESOURCE: "out of a resource (memory, disk, device), refused before the work where it can be foreseen",
        ExitCode.INTERRUPTED: "interrupted (SIGINT); the checkpoint is kept and the message says how to resume",
        ExitCode.TERMINATED: "terminated (SIGTERM); the same",
    }
    rows = [f"| {int(code)} | {meaning[code]} |" for code in ExitCode]
    return "\n".join(["| code | meaning |", "| --- | --- |", *rows])


def method_options(name: str) -> str:
    """The options of one method as a table."""
    from symdisc.discover.registry import get

    return _table(f"{name}.", describe(get(name).options))


def problems() -> str:
    """One section a problem."""
    from symdisc.problems import PROBLEMS

    parts = [
        f"## {problem.name}\n\n{problem.summary} Kind `{problem.kind}`, {problem.samples} samples unless said.\n\n"
        f"{_table('', describe(problem.options))}\n"
        for problem in PROBLEMS.values()
    ]
    return "\n".join(parts)


def _table(prefix: str, rows: list[dict[str, Any]]) -> str:
    lines = ["| `--set` | value | default | meaning |", "| --- | --- | --- | --- |"]
    for row in rows:
        value = ", ".join(row["choices"]) or row["type"]
        lines.append(f"| `{prefix}{row['name']}` | {value} | {_word(row['default'])} | {row['help']} |")
    return "\n".join(lines)


def _word(value: Any) -> str:
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(_word(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
