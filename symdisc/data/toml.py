"""Small TOML files, whole: the settings of `symdisc.toml`."""

from __future__ import annotations

import os
from typing import Any

from ..errors import InputError
from .files import open_regular

LARGEST = 2**20


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The tables of a small TOML file.

    Raises:
        InputError: missing, larger than 1 MiB, or not TOML; the message names line and column.
    """
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        raise InputError(f"{os.fspath(path)}: a TOML file needs Python 3.11; give the options themselves") from None
    handle = open_regular(os.fspath(path))
    try:
        if handle.size > LARGEST:
            raise InputError(f"{handle.label} has {handle.size} bytes; a settings file has 1 MiB at most")
        return tomllib.loads(handle.read(0, handle.size).decode("utf-8"))
    except ValueError as error:
        raise InputError(f"{handle.label} is not TOML ({error}); correct it") from None
    finally:
        handle.close()
