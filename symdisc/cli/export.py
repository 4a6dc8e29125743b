"""`symdisc export`: generators as other programs want them."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from ..atomic import write_bytes
from ..data import read_matrices
from ..discover.named import read_generators
from ..errors import InputError
from ..report.export import FORMATS, export, source_of
from ..report.export.plain import result_safetensors
from ..symmetry import Symmetry
from .common import Output, output_options

TEXT = ("latex", "csv")
PAIRS = (".npz", ".py")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("generators", metavar="GENERATORS")
@click.option("--to", "to", required=True, type=click.Choice(list(FORMATS)), help="What to write.")
@click.option("--block", metavar="ROLE", help="Which block of a result: space, output, ...; default: the one on x.")
@click.option("--array", metavar="NAME", help="Which array of a file holds the matrices; default: `generators`.")
@click.option("--discrete", metavar="FILE", help="Discrete generators (m, d, d) to go with them.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write; for a library, FILE.npz and FILE.py. LaTeX and CSV go to stdout without it.",
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@output_options
def command(
    generators: str,
    to: str,
    block: str | None,
    array: str | None,
    discrete: str | None,
    out: Path | None,
    force: bool,
    output: Output,
) -> None:
    """Write generators as another library, LaTeX, CSV or safetensors wants them.

    GENERATORS is a result, any NPZ, NPY or HDF5 file of square matrices, or a name such as so(3). For e3nn, escnn,
    cuequivariance and emlp two files are written side by side: arrays, and a few lines of Python that load them without
    symdisc.

    \b
    Example:
      symdisc export digits.symdisc --to latex
      symdisc export "so(3)" --to e3nn -o rotations
    """
    if out is None and to not in TEXT:
        raise InputError(f"--to {to} writes files; say where with -o FILE")
    content = _content(generators, to, block, array, discrete)
    if out is None:
        text = "".join(part.decode() for part in content.values())
        output.result({"files": [], "text": text}, lambda: click.echo(text, nl=False))
        return
    paths = _paths(out, list(content))
    there = next((path for path in paths if path.exists()), None)
    if there is not None and (not force or there.is_dir()):
        raise InputError(f"{there}: exists; replace it with --force, or choose another name with -o")
    for path, part in zip(paths, content.values(), strict=True):
        write_bytes(path, part)
    output.result({"files": [str(path) for path in paths]}, lambda: click.echo("\n".join(map(str, paths))))


def _content(generators: str, to: str, block: str | None, array: str | None, discrete: str | None) -> dict[str, bytes]:
    given: Symmetry | np.ndarray = read_matrices(generators, array) if array else read_generators(generators)
    if to == "safetensors" and isinstance(given, Symmetry) and block is None:
        return {".safetensors": result_safetensors(given.arrays())}
    return export(source_of(given, read_matrices(discrete, None) if discrete else None, block), to)


def _paths(out: Path, endings: list[str]) -> list[Path]:
    """One file has the name that was given; two share it but for their endings."""
    if len(endings) == 1:
        return [out]
    stem = out.with_suffix("") if out.suffix in PAIRS else out
    return [stem.with_name(stem.name + ending) for ending in endings]
