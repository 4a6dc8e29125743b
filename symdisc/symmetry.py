"""`Symmetry`: what every method returns, and its one form on disk (`generators.npz`, `summary.json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from ._version import __version__
from .atomic import make_folder, npz_bytes, write_all, write_text
from .data.door import read_npz
from .data.text import read_json
from .errors import InputError
from .factored import FactoredRotations

SCHEMA = 1
SUMMARY = "summary.json"
LARGEST_SUMMARY = 2**26
RESERVED = (
    "generators",
    "eigenvalues",
    "eigenvectors",
    "structure_constants",
    "canonical",
    "defect",
    "defect_upper",
    "spectrum",
    "metadata",
)


class Verdict(str, Enum):
    """What the data say, at the stated tolerance and level."""

    SYMMETRIC = "symmetric"
    NONE = "none"
    INCONCLUSIVE = "inconclusive"
    CONSTRUCTED = "constructed"

    def sentence(self, given: bool = False) -> str:
        """The verdict for a person who has not read the manual; `given`: generators were tested, not searched."""
        return _GIVEN[self] if given and self in _GIVEN else _SENTENCES[self]


_SENTENCES = {
    Verdict.SYMMETRIC: "the data rule out a larger defect than the tolerance for at least one direction",
    Verdict.NONE: "every direction that the data can see breaks the symmetry by more than the tolerance",
    Verdict.INCONCLUSIVE: "the data cannot tell; nothing is certified",
    Verdict.CONSTRUCTED: "a formula makes such generators from any data; they are no discovery",
}

_GIVEN = {
    Verdict.SYMMETRIC: "the data rule out a larger defect than the tolerance for every given generator",
    Verdict.NONE: "the data break at least one of the given generators by more than the tolerance",
    Verdict.INCONCLUSIVE: "the data cannot tell for all of the given generators",
}


@dataclass(frozen=True)
class Block:
    """A diagonal block of the generators: which coordinates of the faithful matrix belong to what."""

    role: str
    start: int
    stop: int
    units: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as in the metadata of `generators.npz`."""
        return {"role": self.role, "start": self.start, "stop": self.stop, "units": self.units}


@dataclass(repr=False)
class Symmetry:
    """Generators, the evidence for them, and where both came from.

    Attributes:
        generators: (k, m, m) block-diagonal matrices, orthonormal in the Frobenius product, acting on column
            vectors as x -> x + eps L x; or `FactoredRotations` where the stack would be too large.
        blocks: the diagonal blocks; usually one of role "space" with m = d.
        defect, defect_upper: (k,) relative defect and its upper confidence bound at `level` (NaN: not bounded).
        status: per generator "certified" or "consistent" (or "constructed").
        origin: per generator "learned" or "closure" (or "given", "constructed").
        spectrum: (r,) defects of candidate directions, ascending.
        extras: a method's own arrays; they travel in the NPZ.
        run: what differs between identical runs (times, host); goes to `run.json` only.
    """

    generators: np.ndarray | FactoredRotations
    method: str
    kind: str
    verdict: Verdict
    reason: str
    blocks: tuple[Block, ...]
    defect: np.ndarray
    defect_upper: np.ndarray
    status: tuple[str, ...]
    origin: tuple[str, ...]
    dimension: int
    certified_dimension: int
    dimension_bounds: tuple[int, int] | None = None
    samples_needed: int | None = None
    unused_dimension: int = 0
    spectrum: np.ndarray = field(default_factory=lambda: np.zeros(0))
    next_defect: float | None = None
    closure_error: float | None = None
    structure_constants: np.ndarray | None = None
    canonical: np.ndarray | None = None
    algebra: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    candidates: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 0.1
    level: float = 0.95
    seed: int = 0
    device: str = "cpu"
    dtype: str = "float64"
    options: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    extras: dict[str, np.ndarray] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.generators)

    def block(self, role: str) -> np.ndarray:
        """(k, b, b): one diagonal block of every generator.

        Raises:
            InputError: the result has no such block.
        """
        for block in self.blocks:
            if block.role == role:
                part = slice(block.start, block.stop)
                return np.stack([generator[part, part] for generator in self.generators])
        roles = ", ".join(block.role for block in self.blocks)
        raise InputError(f"no block {role!r} in this result; it has {roles}")

    def generated(self) -> np.ndarray:
        """(k + a, m, m): the generators and what their brackets add (`closure`): a basis of what they generate.

        Raises:
            InputError: the result is kept by factors.
        """
        if not isinstance(self.generators, np.ndarray):
            size = self.generators.shape[1]
            raise InputError(f"a factored result with {len(self)} generators of so({size}): name the group instead")
        added = self.extras.get("closure")
        return self.generators if added is None else np.concatenate([self.generators, added])

    def preview(self, count: int) -> np.ndarray:
        """(<= count, m, m): the first generators, dense, whatever their form."""
        if isinstance(self.generators, FactoredRotations):
            return self.generators.preview(count)
        return self.generators[:count]

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of `symdisc fit` (interface: schema 1)."""
        return jsonable(
            {
                "schema": SCHEMA,
                "symdisc": __version__,
                "method": self.method,
                "kind": self.kind,
                "verdict": self.verdict.value,
                "reason": self.reason,
                "dimension": self.dimension,
                "certified_dimension": self.certified_dimension,
                "dimension_bounds": self.dimension_bounds,
                "samples_needed": self.samples_needed,
                "unused_dimension": self.unused_dimension,
                "generators": self._generator_rows(),
                "next_defect": self.next_defect,
                "closure_error": self.closure_error,
                "algebra": self.algebra,
                "notes": self.notes,
                "data": self.data,
                "tolerance": self.tolerance,
                "level": self.level,
                "candidates": self.candidates,
                "seed": self.seed,
                "device": self.device,
                "dtype": self.dtype,
                "versions": self.versions,
            }
        )

    def __repr__(self) -> str:
        name = f", {self.algebra['name']}" if self.algebra and self.algebra.get("name") and len(self) else ""
        counts = f"{self.certified_dimension} of {len(self)} certified"
        return f"<Symmetry: {self.verdict.value}, {counts}{name}, method {self.method}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: verdict, evidence and the first generators as pictures."""
        from .notebook import MOST, symmetry_html

        canonical = self.canonical is not None and len(self.canonical) > 0
        matrices = self.canonical[:MOST] if self.canonical is not None and canonical else self.preview(MOST)
        return symmetry_html(self.to_dict(), matrices, canonical)

    def _generator_rows(self) -> list[dict[str, Any]] | dict[str, Any]:
        if len(self) > 64:
            return {"size": [len(self)]}
        rows = zip(self.defect, self.defect_upper, self.status, self.origin, strict=True)
        return [
            {"defect": float(defect), "defect_upper": float(upper), "verdict": status, "origin": origin}
            for defect, upper, status, origin in rows
        ]

    def metadata(self) -> dict[str, Any]:
        """What stands beside the arrays in `generators.npz`: everything but times and host."""
        summary = self.to_dict()
        status, origin = self.status, self.origin
        if len(self) > 64:
            status, origin = tuple(dict.fromkeys(status)), tuple(dict.fromkeys(origin))
        summary.update(
            options=self.options,
            blocks=[block.to_dict() for block in self.blocks],
            extras={name: list(array.shape) for name, array in self.extras.items()},
            status=status,
            origin=origin,
        )
        return jsonable(summary)

    def arrays(self) -> dict[str, np.ndarray]:
        """The members of `generators.npz`."""
        arrays: dict[str, np.ndarray] = {}
        if isinstance(self.generators, FactoredRotations):
            arrays["eigenvalues"] = self.generators.eigenvalues
            arrays["eigenvectors"] = self.generators.eigenvectors
        else:
            arrays["generators"] = self.generators
        if self.structure_constants is not None:
            arrays["structure_constants"] = self.structure_constants
        if self.canonical is not None:
            arrays["canonical"] = self.canonical
        arrays.update(defect=self.defect, defect_upper=self.defect_upper, spectrum=self.spectrum)
        arrays.update(self.extras)
        arrays["metadata"] = np.array(to_json(self.metadata()))
        return arrays

    def save(self, folder: str | Path) -> list[Path]:
        """Write `generators.npz`, `summary.json` and `run.json` into `folder`, all or none.

        Raises:
            ResourceError: the folder cannot be written; a result that was there is whole.
        """
        folder = Path(folder)
        make_folder(folder)
        arrays, summary = npz_bytes(self.arrays()), (to_json(self.to_dict()) + "\n").encode()
        paths = [folder / name for name in ("generators.npz", SUMMARY, "run.json")]
        # The arrays last: with them the new result is there. Killed before, `load` finds a summary that is not theirs.
        write_all({paths[1]: summary, paths[2]: (to_json(self.run) + "\n").encode(), paths[0]: arrays})
        return paths

    def save_run(self, folder: Path) -> Path:
        """Write `run.json` alone: what differs between identical runs."""
        write_text(folder / "run.json", to_json(self.run) + "\n")
        return folder / "run.json"


def summary_schema() -> dict[str, Any]:
    """The JSON Schema of `summary.json`, which is what `symdisc fit --json` prints."""
    from importlib.resources import files

    schema: dict[str, Any] = json.loads(files(__package__).joinpath("summary.schema.json").read_text())
    return schema


def load(path: str | Path) -> Symmetry:
    """Read a result back, from its folder or from its `generators.npz`.

    Raises:
        InputError: no such file, not a result of symdisc, or a folder whose `summary.json` is of another run.
    """
    path = Path(path)
    folder = path if path.is_dir() else None
    file = path / "generators.npz" if folder else path
    members = read_npz(file)
    if "metadata" not in members:
        raise InputError(f"{file}: no `metadata` in it, so not a result of `symdisc fit`; use `symdisc analyze`")
    try:
        metadata = json.loads(str(members["metadata"][()]))
        symmetry = _from_members(metadata, members)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file}: its metadata are damaged ({error}); run `symdisc fit` again") from error
    if folder is not None and (folder / SUMMARY).exists():
        _require_pair(folder, metadata)
    return symmetry


def _require_pair(folder: Path, metadata: Mapping[str, Any]) -> None:
    """Refuse a summary that does not say what the metadata of the arrays say.

    No file system replaces two files in one step: a run that is killed between the two leaves this.

    Raises:
        InputError: as said.
    """
    summary = read_json(folder / SUMMARY, LARGEST_SUMMARY)
    if any(metadata.get(key) != value for key, value in summary.items()):
        raise InputError(
            f"{folder}: {SUMMARY} and generators.npz are of two runs, the later of which ended while it wrote; run it "
            f"again with --force, or give {folder / 'generators.npz'}, which is whole"
        )


# Fields that the metadata hold as they are.
_PLAIN = (
    *("method", "kind", "reason", "dimension", "certified_dimension", "samples_needed", "unused_dimension"),
    *("next_defect", "closure_error", "notes", "data", "candidates", "tolerance", "level", "seed", "device", "dtype"),
    *("options", "versions"),
)


def _from_members(metadata: Mapping[str, Any], members: Mapping[str, np.ndarray]) -> Symmetry:
    generators: np.ndarray | FactoredRotations
    if "eigenvectors" in members:
        generators = FactoredRotations(members["eigenvalues"], members["eigenvectors"])
    else:
        generators = members["generators"]
    count = len(generators)

    def per_generator(values: list[str]) -> tuple[str, ...]:
        return tuple(values) if len(values) == count else tuple(values) * count

    bounds = metadata["dimension_bounds"]
    return Symmetry(
        generators=generators,
        verdict=Verdict(metadata["verdict"]),
        blocks=tuple(Block(**block) for block in metadata["blocks"]),
        defect=members["defect"],
        defect_upper=members["defect_upper"],
        status=per_generator(metadata["status"]),
        origin=per_generator(metadata["origin"]),
        dimension_bounds=tuple(bounds) if bounds else None,
        spectrum=members["spectrum"],
        structure_constants=members.get("structure_constants"),
        canonical=members.get("canonical"),
        algebra=metadata["algebra"],
        extras={name: array for name, array in members.items() if name not in RESERVED},
        **{name: metadata[name] for name in _PLAIN},
    )


def jsonable(value: Any) -> Any:
    """Plain JSON types, with NaN and infinities as null (JSON has neither)."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    return value


def to_json(value: Any) -> str:
    """The one JSON style of the project: indented, keys in the order given, ASCII."""
    return json.dumps(jsonable(value), indent=2)
