"""`symdisc report`: draw a result again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..atomic import write_text
from ..errors import InputError
from ..report.result import PAGE, write_report
from ..symmetry import load, to_json
from .common import Output, output_options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("result", metavar="RESULT", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the page goes; default report.html in the folder of the result.",
)
@click.option(
    "--plots",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the plots go; default plots/ in the folder of the result, or the page alone with -o.",
)
@click.option("--no-plots", is_flag=True, help="A page of text and tables, and no plots.")
@click.option(
    "--plot-format",
    type=click.Choice(["png", "svg", "pdf"]),
    default="png",
    show_default=True,
    help="Of plots; the page has svg where they are svg, else png.",
)
@output_options
def command(
    result: Path, out: Path | None, plots: Path | None, no_plots: bool, plot_format: str, output: Output
) -> None:
    """Draw a result again: its plots, and one self-contained HTML page.

    RESULT is a result folder of `fit` or `test`, or the generators.npz in it. Only plots and page are written.

    \b
    Example:
      symdisc report digits.symdisc
      symdisc report digits.symdisc -o digits.html --plot-format svg
    """
    symmetry = load(result)
    folder = result if result.is_dir() else result.parent
    if no_plots and plots is not None:
        raise InputError("--no-plots and --plots: give one of them")
    page = out or folder / PAGE
    if page.is_dir():
        raise InputError(f"{page} is a folder; give the name of a file with -o")
    into = plots or (None if out else folder / "plots")
    paths = write_report(symmetry, page, into, plot_format, pictures=not no_plots)
    _remember(folder, [path.name for path in paths if path.parent == folder / "plots"])
    output.result({"files": [str(path) for path in paths]}, lambda: click.echo("\n".join(map(str, paths))))


def _remember(folder: Path, drawn: list[str]) -> None:
    """So that `fit --force` removes these plots with the result that they show."""
    path = folder / "run.json"
    try:
        run: dict[str, Any] = json.loads(path.read_text())
        known = run.get("plots", [])
        missing = [name for name in drawn if name not in known]
    except (OSError, ValueError, AttributeError, TypeError):
        return
    if missing:
        write_text(path, to_json({**run, "plots": [*known, *missing]}) + "\n")
