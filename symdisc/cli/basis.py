"""`symdisc basis`: equivariant linear maps between tensor representations."""

from __future__ import annotations

from pathlib import Path

import click

from ..atomic import write_bytes
from ..data import list_arrays, read_matrices
from ..data.matrices import read_elements
from ..equivariant import Basis, Group, equivariant_basis, group, parse_rep
from ..equivariant.files import save_basis
from ..equivariant.groups import is_name
from ..equivariant.solve import SOLVERS
from ..errors import InputError
from ..symmetry import load, make_folder
from .common import Output, output_options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", metavar="GROUP")
@click.option(
    "--rep",
    "text",
    required=True,
    metavar="TEXT",
    help="The representation: V, V.T, Scalar, T(p,q), + * ** and -> for maps; V1, V2 for the groups of a product.",
)
@click.option(
    "--discrete",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Further discrete generators: (j, d, d) matrices, or permutations as integers (j, d).",
)
@click.option(
    "--solver",
    type=click.Choice(["auto", *SOLVERS]),
    default="auto",
    show_default=True,
    help="How to solve; auto takes what suits each word, -v shows what it took.",
)
@click.option("--no-snap", is_flag=True, help="Take noisy generators as they are, not the nearest exact algebra.")
@click.option(
    "--noise",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="LEVEL",
    help="Relative noise of the Lie generators, if known; default: what the failure to close reveals.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the basis there, as NPZ.")
@click.option(
    "--cache", type=click.Path(path_type=Path), metavar="FOLDER", help="Keep bases there and take them from there."
)
@click.option("--plot", type=click.Path(path_type=Path), metavar="FOLDER", help="Draw the basis into this folder.")
@output_options
def command(
    source: str,
    text: str,
    discrete: Path | None,
    solver: str,
    no_snap: bool,
    noise: float | None,
    out: Path | None,
    cache: Path | None,
    plot: Path | None,
    output: Output,
) -> None:
    """Find all equivariant linear maps between tensor representations of a group, as an orthonormal basis.

    GROUP is a name such as so(3), SO(1,3), S(5) or 'SO(3) x S(5)', a result of `fit`, or a file of generators.

    \b
    Example:
      symdisc basis so(3) --rep 'V*V -> V'
    """
    if out is not None and out.suffix != ".npz":
        raise InputError(f"{out}: a basis is written as NPZ; give a name that ends in .npz")
    rep = parse_rep(text)
    chosen = group(_group(source), None if discrete is None else read_elements(discrete))
    basis = equivariant_basis(chosen, rep, solver, snap=not no_snap, noise=noise, cache=cache)
    for step in basis.steps:
        output.log(f"symdisc: {step}", verbosity=1)
    for note in basis.notes:
        output.log(f"note: {note}")
    if plot is not None:
        output.log(f"written {', '.join(str(path) for path in _draw(basis, plot))}")
    if out is not None:
        save_basis(basis, out, chosen)
        output.log(f"written {out}")
    told = basis.to_dict()
    name = chosen.name or source
    value = {"rep": told.pop("rep"), "group": name, **told, "file": None if out is None else str(out)}
    output.result(value, lambda: _show(basis, chosen, name))


def _group(source: str) -> Group:
    path = Path(source)
    if not path.exists() and is_name(source):
        return group(source)
    file = path / "generators.npz" if path.is_dir() else path
    names = {info.name for info in list_arrays(file)}
    if {"metadata", "defect", "generators"} <= names:
        return group(load(path))
    elements = read_elements(file, required=False)
    if elements is not None and "generators" not in names:
        return Group(None, elements)
    return Group(read_matrices(file), elements)


def _show(basis: Basis, chosen: Group, name: str) -> None:
    click.echo(f"group           {name} ({_acting(chosen)})")
    click.echo(f"representation  {basis.rep}")
    click.echo(f"size            {basis.size}" + (f" = {basis.shape[0]} x {basis.shape[1]}" if basis.shape else ""))
    click.echo(f"rank            {basis.rank}")
    click.echo(f"residual        {basis.residual:.1g}")
    click.echo(f"gap             {'exact' if basis.gap is None else f'{basis.gap:.2g}'}")
    click.echo(f"solver          {basis.solver}{', generators snapped' if basis.snapped else ''}")


def _acting(chosen: Group) -> str:
    words = [f"{len(chosen.lie)} Lie generators"] if len(chosen.lie) else []
    words += [f"{len(chosen.discrete)} discrete"] if len(chosen.discrete) else []
    return f"{', '.join(words) or 'no generators'}, {chosen.d} x {chosen.d}"


def _draw(basis: Basis, folder: Path) -> list[Path]:
    from ..equivariant.panels import basis_panels
    from ..report.plots import render

    make_folder(folder)
    paths = []
    for panel in basis_panels(basis):
        paths.append(folder / f"{panel.name}.png")
        write_bytes(paths[-1], render(panel))
    return paths
