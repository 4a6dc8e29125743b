"""`symdisc inspect`: what is in a file, and how `fit` would read it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ..errors import SymdiscError, printable
from .common import Output, data_options, open_data, output_options

if TYPE_CHECKING:
    from ..data import ArrayInfo, DataSet
    from ..data.listing import Container

READ_RATE = 1e9
LOOKED_AT = 256 << 20
SHOWN = 60


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@data_options
@output_options
def command(output: Output, **options: Any) -> None:
    """Show what is in a file and how `fit` would read it; run nothing.

    \b
    Example:
      symdisc inspect pairs.h5
      symdisc inspect table.h5 --x 'table/table.values_block_0[:, :80]' --json
    """
    paths, allow_external = options["data"], options["allow_external"]
    try:
        dataset = open_data(options)
    except SymdiscError as error:
        _show_files(paths, allow_external, output, error.listed)
        raise
    with dataset:
        view = Inspection.of(dataset)
        output.result(view.to_dict(), view.show)


def _show_files(
    paths: tuple[str, ...], allow_external: bool, output: Output, listed: Mapping[str, list[ArrayInfo]]
) -> None:
    """The arrays alone, where they cannot be read as a data set: what a person needs to correct the command."""
    from ..data import list_arrays

    files = [path for path in paths if path != "-"]
    lists = [listed[path] if path in listed else list_arrays(path, allow_external) for path in files]
    arrays = [info for found in lists for info in found]
    if arrays:
        view = Inspection([{"name": path, "bytes": os.path.getsize(path)} for path in files], arrays)
        output.result(view.to_dict(), view.show)


@dataclass
class Inspection:
    """What `inspect` found.

    Attributes:
        files: name and bytes of each.
        arrays: the arrays of the first file (both of two NPY files).
        uses: role and letters of the arrays that are used, by place in `arrays`.
    """

    files: list[dict[str, Any]]
    arrays: list[ArrayInfo]
    uses: dict[int, tuple[str, str]] | None = None
    dataset: DataSet | None = None
    methods: list[str] | None = None
    memory_bytes: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, dataset: DataSet) -> Inspection:
        """Look into an open data set; the first values are read, so that NaN shows up here.

        Raises:
            InputError: NaN or infinite values among the first 256 MB.
        """
        _look(dataset)
        from ..discover.registry import preferred

        arrays: list[ArrayInfo] = []
        uses: dict[int, tuple[str, str]] = {}
        flat = len(dataset.containers) == 2 and all(len(c.arrays()) == 1 for c in dataset.containers)
        for container in dataset.containers if flat else dataset.containers[:1]:
            infos = container.arrays()
            for role, name in dataset.names.items():
                for place in _places(container, infos, name):
                    if not flat or (role == "x") == (container is dataset.containers[0]):
                        uses[len(arrays) + place] = (role, _letters(dataset, role))
            arrays += infos
        methods, (memory, seconds) = preferred(dataset)
        files = [{"name": handle.name, "bytes": handle.size} for handle in dataset.handles]
        seconds += dataset.nbytes / READ_RATE
        return cls(files, arrays, uses, dataset, methods, max(int(memory), dataset.read_bytes), seconds)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of `symdisc inspect`."""
        uses = self.uses or {}
        return {
            "files": self.files,
            "arrays": [
                {
                    "name": info.name,
                    "shape": list(info.shape),
                    "dtype": info.dtype,
                    "axes": uses.get(place, (None, None))[1],
                    "role": uses.get(place, (None, None))[0],
                }
                for place, info in enumerate(self.arrays)
                if not info.refused
            ],
            "kind": self.dataset.kind if self.dataset else None,
            "samples": self.dataset.samples if self.dataset else None,
            "methods": self.methods or [],
            "memory_bytes": self.memory_bytes,
            "seconds_estimate": None if self.seconds is None else round(self.seconds, 3),
            "refused": [{"name": info.name, "why": info.refused} for info in self.arrays if info.refused],
            "notes": self.dataset.notes if self.dataset else [],
            "layout": (self.dataset.recognised.removeprefix("layout ") or None) if self.dataset else None,
        }

    def show(self) -> None:
        """A table of the arrays, then how they would be read."""
        from rich import box
        from rich.console import Console
        from rich.table import Column, Table

        from ..data.memory import format_size

        console, uses = Console(highlight=False), self.uses or {}
        for file in self.files:
            console.print(f"{printable(file['name'])}  {format_size(file['bytes'])}", markup=False)
        table = Table(Column("array", overflow="fold"), "shape", "type", "role", "axes", "remarks", box=box.ASCII)
        for place, info in enumerate(self.arrays):
            if place == SHOWN:
                table.add_row("...", "", "", "", "", f"and {len(self.arrays) - SHOWN} more; --json lists all")
                break
            role, letters = uses.get(place, ("", ""))
            remark = f"refused: {info.refused}" if info.refused else info.note
            shape = " x ".join(map(str, info.shape))
            table.add_row(*map(_plain, (info.name, shape, info.dtype, role, letters, remark)))
        console.print(table)
        if self.dataset is not None:
            for line in self._lines():
                console.print(printable(line), markup=False, soft_wrap=True)

    def _lines(self) -> list[str]:
        from ..data.memory import format_size

        data = self.dataset
        assert data is not None
        space = " x ".join(map(str, data.space_shape))
        channels = f", {data.channels} channels" if data.channels > 1 else ""
        sampling = [f"dt {data.dt:g}"] if data.dt else []
        sampling += [f"spacing {', '.join(f'{step:g}' for step in data.spacing)}"] if data.spacing else []
        known = data.recognised.removeprefix("layout ")
        lines = [f"layout    {known}"] if known else []
        lines += [
            f"kind      {data.kind}, {data.samples} samples",
            f"axes      {data.axes} ({data.layout.words()})",
            f"space     {space + ': ' if space else ''}generators are {data.d} x {data.d}{channels}",
        ]
        lines += [f"sampling  {', '.join(sampling)}"] if sampling else []
        lines += [f"methods   {', '.join(self.methods or []) or 'none yet for this kind'}"]
        if self.methods:
            lines.append(
                f"cost      {self.methods[0]}: about {format_size(self.memory_bytes or 0)} of memory, "
                f"{self.seconds or 0:,.1f} s (reading at 1 GB/s; see `symdisc methods {self.methods[0]}`)"
            )
        return lines + [f"note      {note}" for note in data.notes if note != data.recognised]


def _look(dataset: DataSet) -> None:
    row = max(1, dataset.nbytes // dataset.samples)
    for chunk in dataset.chunks(dtype=None):
        if (chunk.start + len(chunk.x)) * row > LOOKED_AT:
            dataset.notes.append(f"values were looked at up to sample {chunk.start + len(chunk.x) - 1} only")
            break


def _places(container: Container, infos: list[ArrayInfo], name: str) -> list[int]:
    """Where the arrays that a name stands for are listed; a column of a table by the block that holds it."""
    from ..data.layouts.columns import place_of
    from ..data.naming import parts

    found = []
    listed = {info.name: place for place, info in enumerate(infos)}
    for part in parts(container, name):
        full = ".".join([part.path, *part.fields])
        if full not in listed and part.fields:
            block = place_of(container.tree, part.path, ".".join(part.fields))
            full = f"{part.path}.{block[0]}" if block else full
        if full in listed or len(infos) == 1:
            found.append(listed.get(full, 0))
    return found


def _letters(dataset: DataSet, role: str) -> str:
    if role == "x":
        return dataset.axes
    shape = dataset.columns[role].shape
    same = role == "y" and shape == dataset.x_shape
    return dataset.axes if same else "n" + "v" * (len(shape) - 1)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))
