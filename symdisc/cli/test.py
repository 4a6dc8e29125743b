"""`symdisc test`: is this symmetry in the data?"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from ..atomic import locked
from ..discover import test
from ..discover.named import read_generators
from ..discover.ranks import joined
from ..errors import InputError
from ..report.table import print_summary
from .common import (
    Output,
    data_options,
    open_data,
    output_options,
    progress_bar,
    progress_options,
    read_settings,
    result_options,
    search_options,
    write_result,
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@data_options
@click.option(
    "--generators", required=True, metavar="FILE|NAME", help="A result, a file of matrices, or a name such as so(3)."
)
@search_options
@result_options
@output_options
@progress_options
def command(generators: str, output: Output, **options: Any) -> None:
    """Ask whether a given symmetry is in the data, and how far it is broken.

    The evidence of `fit` without its search, so with the most power. Writes a result folder only with -o.

    \b
    Example:
      symdisc test sample_data/gaussian.npy --generators "so(6)" --json
    """
    out, force = options.pop("out"), options.pop("force")
    plots, plot_format = not options.pop("no_plots"), options.pop("plot_format")
    with contextlib.ExitStack() as stack:
        ranks = stack.enter_context(joined())
        out = out if ranks.first else None
        if out is not None:
            _free_or_refuse(out, force)
            stack.enter_context(locked(out))
        output = output.of(ranks)
        data = stack.enter_context(open_data(options))
        settings = read_settings(options, data.memory)
        with progress_bar(output) as watch:
            symmetry = test(data, generators=read_generators(generators), settings=settings, watch=watch)
        paths = write_result(symmetry, out, plots, plot_format) if out is not None else []
    output.result(symmetry.to_dict(), lambda: print_summary(symmetry, files=paths))


def _free_or_refuse(out: Path, force: bool) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; choose another result folder with -o")
    if (out / "generators.npz").exists() and not force:
        raise InputError(f"{out}: holds a result; overwrite it with --force, or choose another folder with -o")
