"""Options as a frozen dataclass: the one source of `--set NAME=VALUE`, the Python keywords and the tables of docs."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from .errors import InputError

Options = TypeVar("Options")


def option(default: Any, text: str, choices: tuple[str, ...] = ()) -> Any:
    """A field of an options dataclass: its default, one sentence of help, and the words it may take."""
    return dataclasses.field(default=default, metadata={"help": text, "choices": choices})


def describe(kind: type) -> list[dict[str, Any]]:
    """One row an option of an options dataclass: name, type, default, choices, help."""
    hints = typing.get_type_hints(kind)
    return [
        {
            "name": f.name,
            "type": _type_name(hints[f.name]),
            "default": f.default,
            "choices": list(f.metadata.get("choices", ())),
            "help": f.metadata.get("help", ""),
        }
        for f in dataclasses.fields(kind)
    ]


def read(kind: type[Options], entries: Mapping[str, Any], owner: str, prefix: str = "") -> Options:
    """An options object from names and values, as text (command line) or as themselves (Python).

    Args:
        kind: the options dataclass.
        entries: name -> value.
        owner: whose options they are, for messages.
        prefix: what stands before a name on the command line: `covariance.` in `--set covariance.rank=3`.

    Raises:
        InputError: an unknown option (the message lists all, nearest first), or a value of the wrong type.
    """
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(kind)
    values = {}
    for name, value in entries.items():
        if name not in fields:
            close = ", ".join(difflib.get_close_matches(name, fields, max(len(fields), 1), 0.0)) or "none"
            raise InputError(f"--set {prefix}{name}: {owner} has no option {name!r}; it has {close}")
        values[name] = _parsed(prefix + name, value, hints[name], fields[name].metadata.get("choices"))
    return kind(**values)


def _plain(hint: Any) -> tuple[Any, bool]:
    """The type behind `T` or `T | None`, and whether None is allowed."""
    if isinstance(hint, types.UnionType):
        plain = [part for part in typing.get_args(hint) if part is not type(None)]
        return plain[0], True
    return hint, False


def _type_name(hint: Any) -> str:
    kind, optional = _plain(hint)
    names = {
        int: "whole number",
        float: "number",
        str: "word",
        bool: "yes or no",
        tuple[float, ...]: "numbers with commas",
    }
    return names.get(kind, str(kind)) + (" or auto" if optional else "")


def _parsed(key: str, value: Any, hint: Any, choices: tuple[str, ...] | None) -> Any:
    kind, optional = _plain(hint)
    if optional and (value is None or value == "auto"):
        return None
    if value is None:
        raise InputError(f"--set {key}: expected {_type_name(hint)}, not None")
    if choices and str(value) not in choices:
        raise InputError(f"--set {key}={value}: one of {', '.join(choices)}")
    if kind is bool and not isinstance(value, bool):
        words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
        if str(value).lower() not in words:
            raise InputError(f"--set {key}={value}: yes or no")
        return words[str(value).lower()]
    try:
        if kind == tuple[float, ...]:
            return tuple(float(part) for part in (value.split(",") if isinstance(value, str) else value))
        if kind is int and not isinstance(value, str) and value != int(value):
            raise ValueError(value)
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"--set {key}={value}: expected {_type_name(hint)}") from None
