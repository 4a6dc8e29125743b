"""The methods by name. A new method is a new module and one line here."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING

from ..errors import InputError
from .settings import Settings

if TYPE_CHECKING:
    from ..data import DataSet
    from .method import Method

# name -> module that holds the object `method`; in the order in which `auto` prefers them.
METHODS = {
    "lconv": "lconv",
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


def choose(name: str, kind: str) -> Method:
    """The method asked for, or the preferred one for `auto`.

    Raises:
        InputError: the method does not take this kind of data, or none does.
    """
    names = suited(kind)
    if name == "auto":
        if not names:
            takes = "; ".join(f"{method} takes {' or '.join(get(method).kinds)}" for method in METHODS)
            raise InputError(
                f"no method here takes data of kind {kind!r} ({takes}); say --kind if they are another kind"
            )
        return get(names[0])
    method = get(name)
    if kind not in method.kinds:
        fitting = f"for {kind} use {', '.join(names)}" if names else f"no method here takes {kind}"
        raise InputError(f"--method {name} takes data of kind {' or '.join(method.kinds)}, not {kind}; {fitting}")
    return method


def estimate(name: str, data: DataSet, settings: Settings | None = None) -> tuple[int, float]:
    """Peak memory in bytes and time in seconds that a method would need, by counting."""
    return get(name).estimate(data, settings or Settings())
