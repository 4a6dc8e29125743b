"""The methods by name. A new method is a new module and one line here."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING

from ..errors import InputError
from .method import Declining
from .settings import Settings

if TYPE_CHECKING:
    from ..data import DataSet
    from .method import Method

# name -> module that holds the object `method`; in the order in which `auto` prefers them.
METHODS = {
    "lconv": "lconv",
    "moments": "moments",
    "function": "function",
    "covariance": "covariance",
    "noether": "noether",
}


def get(name: str) -> Method:
    """The method of that name.

    Raises:
        InputError: unknown name; the message lists all, nearest first.
    """
    if name not in METHODS:
        known = ", ".join(difflib.get_close_matches(name, METHODS, len(METHODS), 0.0))
        raise InputError(f"--method {name}: unknown; the methods are auto, {known}")
    method: Method = importlib.import_module(f"symdisc.discover.{METHODS[name]}").method
    return method


def check_owners(settings: Settings) -> None:
    """Every own option is written METHOD.OPTION with a method that exists.

    Raises:
        InputError: it is not.
    """
    for key in settings.options:
        owner, dot, _ = key.partition(".")
        if not dot:
            raise InputError(f"--set {key}: write METHOD.OPTION=VALUE, such as covariance.rank=3")
        if owner not in METHODS:
            raise InputError(f"--set {key}: no method {owner!r}; the methods are {', '.join(METHODS)}")


def suited(kind: str) -> list[str]:
    """Names of the methods for data of this kind, the preferred one first."""
    return [name for name in METHODS if kind in get(name).kinds]


def choose(name: str, data: DataSet, settings: Settings) -> tuple[Method, list[str]]:
    """The method asked for, or for `auto` the preferred one; and what a user should know about the choice.

    `auto` takes a method whose own options are set, where there is one; else the first that does not decline the data.

    Raises:
        InputError: the method does not take this kind of data, or none does.
    """
    kind = data.kind
    names = suited(kind)
    if name == "auto":
        if not names:
            takes = "; ".join(f"{method} takes {' or '.join(get(method).kinds)}" for method in METHODS)
            raise InputError(
                f"no method here takes data of kind {kind!r} ({takes}); say --kind if they are another kind"
            )
        owners = {key.partition(".")[0] for key in settings.options}
        asked = [name for name in names if name in owners]
        return _affordable(asked or names, data, settings)
    method = get(name)
    if kind not in method.kinds:
        fitting = f"for {kind} use {', '.join(names)}" if names else f"no method here takes {kind}"
        if kind == "pairs" and "labelled" in method.kinds:
            fitting += "; where y is a function of x that is not the group's own action, say --kind labelled"
        raise InputError(f"--method {name} takes data of kind {' or '.join(method.kinds)}, not {kind}; {fitting}")
    return method, []


def _affordable(names: list[str], data: DataSet, settings: Settings) -> tuple[Method, list[str]]:
    """The first of these methods that does not decline the data; the first of all where each does."""
    notes: list[str] = []
    for name in names:
        method = get(name)
        reason = method.declines(data, settings) if isinstance(method, Declining) else None
        if reason is None:
            return method, notes
        notes.append(f"{reason}: --method {name} runs it all the same")
    return get(names[0]), []


def preferred(data: DataSet) -> tuple[list[str], tuple[int, float]]:
    """Names of the methods for these data, first the one that `auto` runs, and its bytes and seconds by counting."""
    names = suited(data.kind)
    if not names:
        return [], (data.read_bytes, 0.0)
    method = _affordable(names, data, Settings())[0]
    return sorted(names, key=lambda name: name != method.name), method.estimate(data, Settings())
