"""Bases on disk: NPZ with arrays and JSON, no pickles; and a cache keyed on content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..atomic import write_npz
from ..data import read_npz
from ..errors import InputError
from ..symmetry import to_json
from .basis import Basis, Part
from .group import Group
from .kernels import Aligned, Explicit, Kernel, Orbits, Outer, Reordered
from .parse import parse_rep
from .rep import Rep
from .words import Piece

SCHEMA = 1
LARGEST_DENSE = 2**25
"""Numbers up to which a file holds the basis as one array; above, its factors."""


def save_basis(basis: Basis, path: str | Path, group: Group) -> None:
    """Write a basis to NPZ.

    `basis` (size, rank) where that has at most 2^25 numbers, else `factors`: arrays `part<i>_places` and
    `part<i>_<factor>` for every word, described in `metadata` (JSON). `rank`, `residual`, `gap`, and `generators`, the
    SHA-256 of the group's generators, in every case.

    Raises:
        ResourceError: the file cannot be written.
    """
    dense = basis.size * basis.rank <= LARGEST_DENSE
    arrays = {"basis": basis.dense()} if dense else _factors(basis)
    arrays.update(
        rank=np.array(basis.rank),
        residual=np.array(basis.residual),
        gap=np.array(np.nan if basis.gap is None else basis.gap),
        generators=np.array(group.digest()),
        metadata=np.array(to_json(_metadata(basis, group, factors=not dense))),
    )
    write_npz(Path(path), arrays)


def load_basis(path: str | Path) -> Basis:
    """Read a basis back, whichever form it has.

    Raises:
        InputError: no such file, or not a basis of symdisc.
    """
    arrays = read_npz(path)
    try:
        metadata = json.loads(str(arrays["metadata"][()]))
        return _from_arrays(arrays, metadata)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(f"{path}: not a basis, or damaged ({error}); run `symdisc basis` again") from error


class Cache:
    """A folder of bases, each under a name made of all that determines it."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def path(self, group: Group, rep: Rep, solver: str, snap: bool, noise: float | None) -> Path:
        """Where a basis is or would be."""
        content = [SCHEMA, __version__, group.digest(), group.noise, rep.text, solver, snap, noise]
        return self.folder / f"basis-{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]}.npz"

    def get(self, path: Path) -> Basis | None:
        """A basis from before; None if there is none, or a damaged one."""
        if not path.is_file():
            return None
        try:
            return load_basis(path)
        except InputError:
            return None

    def put(self, path: Path, basis: Basis, group: Group) -> None:
        """Keep a basis, as factors."""
        self.folder.mkdir(parents=True, exist_ok=True)
        metadata = _metadata(basis, group, factors=True)
        write_npz(path, {**_factors(basis), "metadata": np.array(to_json(metadata))})


def _metadata(basis: Basis, group: Group, factors: bool) -> dict[str, Any]:
    kernels = list({id(part.kernel): part.kernel for part in basis.parts}.values())
    number = {id(kernel): i for i, kernel in enumerate(kernels)}
    return {
        "schema": SCHEMA,
        "symdisc": __version__,
        "group": group.name,
        **basis.to_dict(),
        "steps": list(basis.steps),
        "shape": basis.shape,
        "sizes": list(basis.sizes),
        "generators": group.digest(),
        "parts": [
            {"word": part.piece.word, "strides": part.piece.strides, "kernel": number[id(part.kernel)]}
            for part in basis.parts
        ]
        if factors
        else None,
        "kernels": [_describe(kernel) for kernel in kernels] if factors else None,
    }


def _factors(basis: Basis) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    kernels = list({id(part.kernel): part.kernel for part in basis.parts}.values())
    for number, kernel in enumerate(kernels):
        arrays.update({f"kernel{number}_{name}": array for name, array in kernel.arrays().items()})
    for number, part in enumerate(basis.parts):
        arrays[f"part{number}_starts"] = part.piece.starts
    return arrays


def _describe(kernel: Kernel) -> dict[str, Any]:
    if isinstance(kernel, Aligned):
        return {"form": "aligned", "sizes": kernel.sizes, "types": len(kernel.types), "mix": kernel.mix is not None}
    if isinstance(kernel, Orbits):
        return {"form": "orbits", "rank": kernel.rank}
    if isinstance(kernel, Reordered):
        return {"form": "reordered", "inner": _describe(kernel.inner)}
    if isinstance(kernel, Outer):
        return {"form": "outer", "first": _describe(kernel.first), "second": _describe(kernel.second)}
    return {"form": "columns"}


def _kernel(told: dict[str, Any], arrays: dict[str, np.ndarray], prefix: str) -> Kernel:
    form = told["form"]
    if form == "aligned":
        types = [(arrays[f"{prefix}left_{t}"], arrays[f"{prefix}right_{t}"]) for t in range(told["types"])]
        first, second = told["sizes"]
        return Aligned(types, (first, second), arrays[f"{prefix}mix"] if told["mix"] else None)
    if form == "orbits":
        return Orbits(arrays[f"{prefix}labels"], arrays[f"{prefix}signs"], told["rank"])
    if form == "reordered":
        return Reordered(_kernel(told["inner"], arrays, prefix), arrays[f"{prefix}order"])
    if form == "outer":
        parts = (_kernel(told[side], arrays, f"{prefix}{side}_") for side in ("first", "second"))
        return Outer(*parts)
    if form != "columns":
        raise ValueError(f"unknown form {form!r}")
    return Explicit(arrays[f"{prefix}columns"])


def _from_arrays(arrays: dict[str, np.ndarray], told: dict[str, Any]) -> Basis:
    rep = parse_rep(told["rep"])
    sizes = tuple(told["sizes"])
    parts: list[Part] = []
    if told["parts"] is None:
        columns = arrays["basis"]
        places = np.arange(told["size"])[None]
        if told["rank"]:
            parts = [Part(Piece((), (), np.zeros(1, dtype=np.intp)), places, Explicit(columns), 0)]
    else:
        kernels = [_kernel(each, arrays, f"kernel{i}_") for i, each in enumerate(told["kernels"])]
        first = 0
        for number, part in enumerate(told["parts"]):
            word = tuple((int(block), bool(dual)) for block, dual in part["word"])
            piece = Piece(word, tuple(part["strides"]), arrays[f"part{number}_starts"])
            kernel = kernels[part["kernel"]]
            parts.append(Part(piece, piece.places(sizes), kernel, first))
            first += parts[-1].copies * kernel.rank
    shape = None if told["shape"] is None else (told["shape"][0], told["shape"][1])
    return Basis(
        rep,
        sizes,
        tuple(parts),
        told["size"],
        told["residual"],
        told["gap"],
        told["solver"],
        told["snapped"],
        tuple(told["notes"]),
        tuple(told["steps"]),
        shape,
    )
