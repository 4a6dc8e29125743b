"""Small HDF5 attributes: numbers, short lists, text. Never any other: they may hold pickles."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..errors import InputError
from .variable import LIMIT, SCALES, TEXT

# The script has a limit of its own, of CPU time; this one is for a machine that gives it none.
_SECONDS = 60
_BYTES = 4096
_VARIABLE = Path(__file__).with_name("variable.py")


def raw(place: h5py.HLObject, name: str, most: int) -> bytes | None:
    """The bytes of a text of fixed length, `most` at most; None where there is no such attribute."""
    identifier = _open(place, name)
    if identifier is None or identifier.shape != () or _is_variable(identifier.get_type()):
        return None
    kind = identifier.get_type()
    if kind.get_class() != h5py.h5t.STRING or kind.get_size() > most:
        return None
    return bytes(np.asarray(place.attrs[name]).item())


def fixed(place: h5py.HLObject, name: str) -> Any:
    """A number, a list of numbers, a text or a list of texts of fixed length; None where there is no such attribute."""
    identifier = _open(place, name)
    if identifier is None or identifier.shape is None:
        return None
    kind, count = identifier.get_type(), math.prod(identifier.shape)
    if count > LIMIT or kind.get_size() > _BYTES or _is_variable(kind):
        return None
    if kind.get_class() == h5py.h5t.STRING:
        words = [_word(word) for word in np.asarray(place.attrs[name], dtype=object).reshape(-1)]
        return words if identifier.shape and count > 1 else words[0]
    if kind.get_class() in (h5py.h5t.INTEGER, h5py.h5t.FLOAT) or identifier.dtype == bool:
        return np.asarray(place.attrs[name]).tolist()
    return None


def _word(word: Any) -> str:
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)


def is_variable(place: h5py.HLObject, name: str) -> bool:
    """Whether there is such an attribute, and it is of variable length."""
    identifier = _open(place, name)
    return identifier is not None and _is_variable(identifier.get_type())


def has_variable(place: h5py.HLObject) -> bool:
    """Whether any attribute that matters is of variable length."""
    opened = (_open(place, name) for name in (*TEXT, SCALES))
    return any(_is_variable(identifier.get_type()) for identifier in opened if identifier is not None)


def variable(file: str, path: str, label: str) -> dict[str, dict[str, list[str]]]:
    """Attributes of variable length of a dataset ("dataset") and of its file ("root"), read in a child process.

    Raises:
        InputError: they are damaged, or take too long.
    """
    return _child([file, path], label)


def words(file: str, wanted: dict[str, list[str]], label: str) -> dict[str, dict[str, list[str]]]:
    """Text attributes of variable length of groups and datasets, {path: {name: words}}, read in a child process.

    Raises:
        InputError: they are damaged, or take too long.
    """
    return _child([file, "-", json.dumps(wanted)], label)


def took_too_long(error: InputError) -> bool:
    """Whether the child process that read attributes never came to an end: nobody should wait for the next one."""
    cause = error.__cause__
    stopped = isinstance(cause, subprocess.CalledProcessError) and cause.returncode == -signal.SIGXCPU
    return stopped or isinstance(cause, subprocess.TimeoutExpired)


def _child(arguments: list[str], label: str) -> dict[str, dict[str, list[str]]]:
    try:
        done = subprocess.run(
            [sys.executable, str(_VARIABLE), *arguments], capture_output=True, timeout=_SECONDS, check=True, text=True
        )
        return json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise InputError(
            f"{label}: its attributes of variable length are damaged; write the file again, with text as numpy.bytes_"
        ) from error


def _open(place: h5py.HLObject, name: str) -> Any:
    return h5py.h5a.open(place.id, name.encode()) if h5py.h5a.exists(place.id, name.encode()) else None


def _is_variable(kind: Any) -> bool:
    return kind.get_class() == h5py.h5t.VLEN or (kind.get_class() == h5py.h5t.STRING and kind.is_variable_str())
