"""Where options come from: command line > environment > `symdisc.toml` > default, and how a command says so."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..errors import InputError

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = "symdisc.toml"
PREFIX = "SYMDISC_"
# Options about the options: they are taken from the command line only (but --config has a variable).
APART = {"help", "show_config", "config_file"}
_FOUND = "symdisc.config_file"


def config_options(function: Command) -> Command:
    """`--config`, handled here, and the flag `--show-config`."""
    file = click.option(
        "--config",
        "config_file",
        metavar="FILE",
        envvar=f"{PREFIX}CONFIG",
        is_eager=True,
        expose_value=False,
        callback=_load,
        help=f"Settings file (TOML); default: {FILE} in the working directory, if there is one.",
    )
    show = click.option(
        "--show-config", is_flag=True, help="Show every option with its value and where it comes from; run nothing."
    )
    return file(show(function))


def settings_file() -> str | None:
    """The settings file that the command that runs has read."""
    found: str | None = click.get_current_context().meta.get(_FOUND)
    return found


def chosen_options() -> list[dict[str, Any]]:
    """Options of the command that runs which have not their defaults, with their sources: for the record of a run."""
    return [row for row in origins(click.get_current_context()) if row["source"] != "default"]


def config_shown() -> tuple[dict[str, Any], Callable[[], None]]:
    """What `--show-config` prints: the JSON object, and the table."""
    rows = origins(click.get_current_context())
    return {"file": settings_file(), "options": rows}, lambda: _show(rows)


def variables(command: click.Command, name: str) -> None:
    """Give every option its environment variables: `SYMDISC_FIT_LEVEL` for one command, `SYMDISC_LEVEL` for all."""
    for option in _options(command):
        if option.envvar is None:
            word = _key(option).upper().replace("-", "_")
            option.envvar = [f"{PREFIX}{name.upper()}_{word}", f"{PREFIX}{word}"]


def _options(command: click.Command) -> list[click.Option]:
    return [item for item in command.params if isinstance(item, click.Option) and item.name not in APART]


def _key(option: click.Option) -> str:
    """The name in a settings file: the long option without its dashes, `-t` as t."""
    return max(option.opts, key=len).lstrip("-")


def _load(context: click.Context, option: click.Parameter, path: str | None) -> None:
    """Take the settings of a file as defaults; called before any other option is read."""
    if context.resilient_parsing or (path is None and not os.path.exists(FILE)):
        return
    from ..data.toml import read_toml

    path = path or FILE
    context.meta[_FOUND] = path
    context.default_map = settings_of(read_toml(path), context, path)


def settings_of(tables: Mapping[str, Any], context: click.Context, path: str) -> dict[str, Any]:
    """The settings for one command, by parameter name: its own table before the lines above all tables.

    Args:
        tables: the file. Lines above all tables hold for every command that has such an option; `[fit]` for one.
        context: of the command that runs.
        path: of the file, for messages.

    Raises:
        InputError: a name that no command (in a table: this command) has; the message names the nearest.
    """
    from .main import COMMANDS

    own, name = {_key(option): option for option in _options(context.command)}, context.info_name or ""
    found: dict[str, Any] = {}
    for key, value in tables.items():
        if key in COMMANDS and isinstance(value, Mapping):
            continue
        if key in own:
            found[own[key].name or key] = _value(own[key], value)
        else:
            _refuse_unknown(key, path)
    mine = tables.get(name, {})
    for key, value in mine.items() if isinstance(mine, Mapping) else ():
        if key not in own:
            raise InputError(f"{path}: [{name}] {key}: no such option; {_nearest(key, own)}")
        found[own[key].name or key] = _value(own[key], value)
    return found


def _refuse_unknown(key: str, path: str) -> None:
    """An option of another command is fine above all tables; anything else is a slip."""
    from .main import COMMANDS, main

    commands = [main.get_command(click.Context(main), name) for name in COMMANDS]
    known = {_key(option) for command in commands if command is not None for option in _options(command)}
    if key not in known:
        raise InputError(f"{path}: {key}: no command has such an option; {_nearest(key, [*known, *COMMANDS])}")


def _nearest(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), 3, 0.0)
    return f"nearest: {', '.join(near)}"


def _value(option: click.Option, value: Any) -> Any:
    """A value of TOML as the option would get it from a command line."""
    if option.multiple:
        return _pairs(value) if isinstance(value, Mapping) else [value] if isinstance(value, str) else list(value)
    if option.is_flag or option.count:
        return value
    return _word(value)


def _pairs(table: Mapping[str, Any], prefix: str = "") -> list[str]:
    """`[fit.set.noether]` with `mass = "unknown"` as `noether.mass=unknown`."""
    found: list[str] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            found += _pairs(value, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}={_word(value)}")
    return found


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(_word, value)) if isinstance(value, list) else str(value)


# --- where a value comes from


def origin(context: click.Context, option: click.Parameter) -> str:
    """`command line`, the environment variable, the settings file, or `default`."""
    source = context.get_parameter_source(option.name or "")
    if source is ParameterSource.ENVIRONMENT:
        names = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
        return next((name for name in names if os.environ.get(name)), "environment")
    if source is ParameterSource.DEFAULT_MAP:
        return str(context.meta.get(_FOUND, FILE))
    return "command line" if source is ParameterSource.COMMANDLINE else "default"


def described_origin(error: click.ClickException) -> str:
    """` (from symdisc.toml)` for a value that was refused and does not stand on the command line."""
    option, context = getattr(error, "param", None), getattr(error, "ctx", None)
    if option is None or context is None:
        return ""
    source = origin(context, option)
    return "" if source in ("command line", "default") else f" (from {source})"


def origins(context: click.Context) -> list[dict[str, Any]]:
    """Name, value and source of every option of the command that runs."""
    return [
        {
            "name": _key(option),
            "value": _plain(context.params.get(option.name or "")),
            "source": origin(context, option),
        }
        for option in _options(context.command)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _show(rows: list[dict[str, Any]]) -> None:
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        value = row["value"]
        shown = "-" if value is None or value == [] else " ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(f"{row['name']:<{width}}  {shown!s:<24}  {row['source']}")
