"""`symdisc --usage-json`: every command, argument and option, for programs that call symdisc."""

from __future__ import annotations

import json
from typing import Any

import click

from .._version import __version__
from ..errors import ExitCode


def print_usage(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    """Print it and end."""
    if not wanted or context.resilient_parsing:
        return
    assert isinstance(context.command, click.Group)
    click.echo(json.dumps(usage(context.command, context), indent=2))
    context.exit()


def usage(group: click.Group, context: click.Context) -> dict[str, Any]:
    """{"symdisc", "commands": {name: {"summary", "arguments", "options"}}, "exit_codes"}."""
    commands = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        commands[name] = {
            "summary": " ".join((command.help or "").strip().split("\n\n")[0].split()),
            "arguments": [_argument(item) for item in command.params if isinstance(item, click.Argument)],
            "options": [_option(item) for item in command.params if isinstance(item, click.Option)],
        }
    return {
        "symdisc": __version__,
        "commands": commands,
        "exit_codes": {code.name.lower(): int(code) for code in ExitCode},
    }


def _argument(item: click.Argument) -> dict[str, Any]:
    return {"name": item.name, "required": item.required, "many": item.nargs == -1, **_type(item)}


def _option(item: click.Option) -> dict[str, Any]:
    default = item.default
    plain = default if isinstance(default, (bool, int, float, str)) else None
    return {
        "names": [*item.opts, *item.secondary_opts],
        "help": item.help,
        "required": item.required,
        "flag": item.is_flag or item.count,
        "repeatable": item.multiple or item.count,
        "default": plain,
        "variables": [item.envvar] if isinstance(item.envvar, str) else list(item.envvar or ()),
        **_type(item),
    }


def _type(item: click.Parameter) -> dict[str, Any]:
    choices = list(item.type.choices) if isinstance(item.type, click.Choice) else None
    return {"type": item.type.name, "choices": choices}
