"""A problem as a file: the arrays under their default names, the truth beside them where `fit` never looks."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..atomic import npz_bytes, write_bytes
from ..errors import InputError
from ..symmetry import to_json
from .problem import Made

TRUTH = "truth/generators"


def save(made: Made, path: str | Path) -> Path:
    """Write a problem to an HDF5 (`.h5`, `.hdf5`) or NPZ file, atomically; equal problems give equal bytes.

    The file holds `x` (and `y`, and the true coefficients `t` of pairs), `kind`, the true generators as
    `truth/generators` where they are known, the sampling of x (`dt`, `spacing`, `periodic`) where it has one, and the
    JSON text `problem`: recipe, blocks and facts. In HDF5 `kind`, the sampling and `problem` are attributes of the file
    and the axes of x are its dimension labels; in NPZ `kind`, `axes`, the sampling and `problem` are members.

    Raises:
        InputError: another ending.
        ResourceError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix in (".h5", ".hdf5"):
        content = _hdf5(made)
    elif path.suffix == ".npz":
        content = _npz(made)
    else:
        raise InputError(f"{path}: the ending says the format; use .h5 or .npz")
    write_bytes(path, content)
    return path


def _problem(made: Made) -> str:
    about: dict[str, Any] = {"symdisc": __version__, **made.recipe}
    about.update(kind=made.kind, axes=made.axes, blocks=[block.to_dict() for block in made.blocks], facts=made.facts)
    return to_json(about)


def _npz(made: Made) -> bytes:
    arrays = dict(made.arrays)
    if made.generators is not None:
        arrays[TRUTH] = made.generators
    about = {"kind": made.kind, "axes": made.axes, **made.attributes, "problem": _problem(made)}
    return npz_bytes({**arrays, **{key: np.array(value) for key, value in about.items()}})


def _hdf5(made: Made) -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in made.arrays.items():
            file.create_dataset(name, data=array, track_times=False)
        for axis, letter in enumerate(made.axes):
            file["x"].dims[axis].label = letter
        if made.generators is not None:
            file.create_dataset(TRUTH, data=made.generators, track_times=False)
        file.attrs["kind"] = made.kind
        for name, value in made.attributes.items():
            file.attrs[name] = value
        file.attrs["problem"] = _problem(made)
    return buffer.getvalue()
