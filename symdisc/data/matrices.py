"""Matrices from a file: generators of a result, or of somebody else."""

from __future__ import annotations

import math
import os

import numpy as np

from ..errors import InputError, ResourceError
from .door import open_container
from .listing import Container, unknown
from .memory import budget, format_size
from .selection import Name, spans
from .sources import View


def read_matrices(path: str | os.PathLike[str], name: str | None = None) -> np.ndarray:
    """(k, d, d) float64 matrices from NPZ, NPY or HDF5, or from a result folder.

    Args:
        path: the file; a folder means its `generators.npz`.
        name: which array, with `[slice]` if wanted; default `generators`, else `truth/generators` of a `sample` file,
            else the only array of square matrices. A single (d, d) matrix is k = 1.

    Raises:
        InputError: no such array, not square, not finite, or a factored result.
        ResourceError: it would not fit into memory.
    """
    file = os.fspath(path)
    if os.path.isdir(file):
        inside = os.path.join(file, "generators.npz")
        if not os.path.exists(inside):
            raise InputError(f"{file} is a folder without generators.npz; give a result folder or a file of matrices")
        file = inside
    container = open_container(file)
    try:
        chosen = name or _default(container)
        parsed = Name.parse(chosen, container.exists, container.label)
        if not container.exists(parsed.path):
            names = [info.name for info in container.arrays() if not info.refused]
            raise unknown(container.label, parsed.path, names)
        source = container.source(parsed.path, parsed.fields)
        label = f"{container.label}: `{chosen}`"
        view = View(source, spans(parsed.index, source.shape, label), container.label, chosen)
        return _checked(view, label)
    finally:
        container.close()


def _default(container: Container) -> str:
    for name in ("generators", "truth/generators"):
        if container.exists(name):
            return name
    if container.exists("eigenvectors") and container.exists("eigenvalues"):
        raise InputError(
            f"{container.label} is a factored result (eigenvalues and eigenvectors, no matrices); symdisc.load reads it"
        )
    infos = [info for info in container.arrays() if info.numeric]
    square = [info.name for info in infos if len(info.shape) == 3 and info.shape[1] == info.shape[2]]
    single = [info.name for info in infos if len(info.shape) == 2 and info.shape[0] == info.shape[1]]
    found = square or single
    if len(found) == 1:
        return found[0]
    if len(infos) == 1:
        return infos[0].name
    if not found:
        raise InputError(f"{container.label} holds no array of square matrices (k, d, d){_why(container)}")
    shown = ", ".join(f"`{name}`" for name in found[:10])
    raise InputError(
        f"{container.label}: which array holds the matrices? there are {shown}; name one where the command takes "
        "--array, or call it `generators`"
    )


def _why(container: Container) -> str:
    """What keeps the array that was probably meant from being read."""
    refused = next((info for info in container.arrays() if info.refused and len(info.shape) in (2, 3)), None)
    if refused is None:
        return "; give another file"
    if "complex" in refused.dtype:
        return f": `{refused.name}` is complex; write a + ib as the real matrix [[a, -b], [b, a]]"
    return f": `{refused.name}` {refused.refused}"


def _checked(view: View, label: str) -> np.ndarray:
    shape = view.shape
    if len(shape) not in (2, 3) or shape[-1] != shape[-2]:
        raise InputError(f"{label} has shape {shape}; square matrices (k, d, d) or (d, d) are needed")
    if 0 in shape[-2:]:
        raise InputError(f"{label} is empty, shape {shape}; square matrices (k, d, d) are needed")
    need = math.prod(shape) * (8 + view.dtype.itemsize)
    if need > budget(None):
        raise ResourceError(f"{label} needs {format_size(need)} of memory at once; give fewer matrices by a slice")
    with np.errstate(all="ignore"):
        matrices = np.array(view.read_all(), dtype=np.float64, order="C").reshape(-1, *shape[-2:])
    bad = ~np.isfinite(matrices)
    if bad.any():
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))[3 - len(shape) :]
        raise InputError(f"{label} is not finite at index {place} (the first); correct it")
    return matrices


def read_elements(path: str | os.PathLike[str], required: bool = True) -> np.ndarray | None:
    """Discrete group elements of an NPZ or NPY: (j, d, d) matrices, or permutations as (j, d) or (d,) integers.

    Args:
        path: the file; the array called `discrete`, else its only array. A folder means its `generators.npz`.
        required: whether a file without `discrete` is an error; if not, only that name counts.

    Raises:
        InputError: no such file or array.
    """
    file = os.fspath(path)
    if os.path.isdir(file):
        file = os.path.join(file, "generators.npz")
    container = open_container(file)
    try:
        if container.exists("discrete"):
            name = "discrete"
        elif not required:
            return None
        else:
            names = [info.name for info in container.arrays() if info.numeric]
            if len(names) != 1:
                shown = ", ".join(f"`{found}`" for found in names[:10]) or "none"
                raise InputError(
                    f"{container.label}: which array holds the discrete generators? there are {shown}; call it "
                    "`discrete`"
                )
            name = names[0]
        parsed = Name.parse(name, container.exists, container.label)
        source = container.source(parsed.path, parsed.fields)
        label = f"{container.label}: `{name}`"
        view = View(source, spans(parsed.index, source.shape, label), container.label, name)
        if math.prod(view.shape) * view.dtype.itemsize > budget(None):
            raise ResourceError(f"{label} would not fit into memory")
        return np.array(view.read_all())
    finally:
        container.close()
