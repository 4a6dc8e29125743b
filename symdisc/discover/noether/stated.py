"""A Lagrangian that the user gives: coefficients by name, from a result, an NPZ or a JSON file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...data import read_json, read_npz
from ...errors import InputError
from .library import Library
from .potential import KEY, Smooth

RESULT = "generators.npz"
NEAREST = 5


def read_lagrangian(path: str, library: Library) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of a library from a file.

    Args:
        path: a result folder or its `generators.npz`; an NPZ with `lagrangian` (P,), `lagrangian_names` (P,) and, if
            the Lagrangian is that of phi -> F phi, `frame` F (v, v); or `NAME.json`, an object name -> coefficient.
        library: terms that are not named have the coefficient 0.

    Returns:
        theta (P,) and the frame (v, v), which is 1 unless given.

    Raises:
        InputError: no such file or arrays, a name that the library does not have, a value that is not finite, or a
            component without a derivative.
    """
    file = _file(path)
    frame = np.eye(library.components)
    if file.suffix.lower() == ".json":
        entries = list(read_json(file).items())
    else:
        members = read_npz(file)
        if "lagrangian" not in members or "lagrangian_names" not in members:
            raise InputError(
                f"{file}: no `lagrangian` and `lagrangian_names` in it; give the result of fields, or a .json of names "
                "and coefficients"
            )
        values, names = np.atleast_1d(members["lagrangian"]), np.atleast_1d(members["lagrangian_names"])
        if values.shape != names.shape or values.ndim != 1:
            raise InputError(f"{file}: `lagrangian` {values.shape} and `lagrangian_names` {names.shape} do not match")
        entries = list(zip((str(name) for name in names), values.tolist(), strict=True))
        frame = _frame(members.get("frame"), library.components, file)
    return _coefficients(entries, library, file), frame


def read_functions(path: str, components: int) -> Smooth | None:
    """The smooth functions of which the potential of a result or an NPZ is made, None where it has none.

    Raises:
        InputError: no such file, or arrays that do not belong together.
    """
    file = _file(path)
    if file.suffix.lower() == ".json":
        return None
    members = read_npz(file)
    names = [KEY + part for part in ("centres", "widths", "scale", "mix")]
    there = [name for name in names if name in members]
    if not there:
        return None
    if len(there) < len(names):
        raise InputError(f"{file}: of the potential {', '.join(names)} are needed together; it has {', '.join(there)}")
    arrays = {name: np.asarray(members[name]) for name in names}
    count = arrays[names[0]].shape[:1]
    shapes = (*count, components), count, (components, components), count + arrays[names[-1]].shape[1:2]
    for (name, array), shape in zip(arrays.items(), shapes, strict=True):
        if array.shape != shape:
            raise InputError(
                f"{file}: {name} {array.shape} is no part of a potential of {components} components: {shape} is"
            )
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise InputError(f"{file}: {name} is no array of finite numbers")
    if not (arrays[names[1]] > 0).all():
        raise InputError(f"{file}: {names[1]} must be above 0")
    return Smooth(*(array.astype(float) for array in arrays.values()))


def _file(path: str) -> Path:
    """The file that a path means: of a folder its result."""
    file = Path(path)
    if file.is_dir():
        if not (file / RESULT).exists():
            raise InputError(f"--set noether.lagrangian={path}: a folder without {RESULT}; give a result folder")
        file = file / RESULT
    return file


def _coefficients(entries: Sequence[tuple[str, object]], library: Library, file: os.PathLike[str]) -> np.ndarray:
    place = {name: number for number, name in enumerate(library.names)}
    theta, seen = np.zeros(library.size), set()
    for name, value in entries:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            raise InputError(f"{file}: the coefficient of {name!r} is {value!r}; a finite number is needed")
        if name in seen:
            raise InputError(f"{file}: {name!r} stands in it twice")
        seen.add(name)
        if name in place:
            theta[place[name]] = value
        elif value != 0:
            near = ", ".join(difflib.get_close_matches(name, library.names, NEAREST, 0.0))
            raise InputError(
                f"{file}: {name!r} is no term of fields with {library.components} components in {library.dimensions} "
                f"dimensions; near it are {near}; see also noether.degree and noether.terms"
            )
    if not theta.any():
        raise InputError(f"{file}: every coefficient is 0; a Lagrangian is needed")
    moving = np.abs(library.metric(theta)).max(axis=(0, 1, 3))
    if not moving.all():
        silent = int(np.argmin(moving)) + 1
        raise InputError(
            f"{file}: no derivative of component {silent} in it, but these fields have {library.components}; a "
            f"Lagrangian of all of them is needed, with h_tt[{silent},{silent}] and the like"
        )
    return theta


def _frame(given: np.ndarray | None, components: int, file: os.PathLike[str]) -> np.ndarray:
    if given is None:
        return np.eye(components)
    if given.shape != (components, components) or given.dtype.kind not in "iuf" or not np.isfinite(given).all():
        raise InputError(f"{file}: `frame` {given.shape} is no ({components}, {components}) array of finite numbers")
    if np.linalg.cond(given) > 1e12:
        raise InputError(f"{file}: `frame` cannot be inverted")
    return np.asarray(given, dtype=float)
