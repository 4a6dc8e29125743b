"""Small JSON files, whole."""

from __future__ import annotations

import json
import os
from typing import Any

from ..errors import InputError
from .files import open_regular

LARGEST = 2**20


def read_json(path: str | os.PathLike[str], largest: int = LARGEST) -> dict[str, Any]:
    """The object of a small JSON file of at most `largest` bytes; its numbers, lists and text as Python has them.

    Raises:
        InputError: missing, too large, not JSON, not an object, or with a name twice.
    """
    handle = open_regular(os.fspath(path))
    try:
        if handle.size > largest:
            raise InputError(
                f"{handle.label} has {handle.size} bytes; a JSON file of {largest >> 20} MiB at most is read here"
            )
        try:
            found = json.loads(handle.read(0, handle.size).decode("utf-8"), object_pairs_hook=once)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{handle.label} is not a JSON object ({error})") from None
    finally:
        handle.close()
    if not isinstance(found, dict):
        raise InputError(f"{handle.label} is not a JSON object; write {{...}}")
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads`: an object whose names differ.

    Raises:
        ValueError: a name stands in it twice.
    """
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} stands in it twice")
    return dict(pairs)
