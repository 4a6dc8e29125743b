"""`symdisc fit`: discover generators in data."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import click

from ..atomic import locked
from ..discover import fit
from ..discover.rank_checkpoints import discard, interrupted
from ..discover.ranks import joined
from ..errors import InputError, RequirementNotMet
from ..report.table import print_summary
from .common import (
    Output,
    data_options,
    open_data,
    output_options,
    progress_bar,
    progress_options,
    read_settings,
    result_folder,
    result_options,
    search_options,
    write_result,
)
from .config import chosen_options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@data_options
@search_options
@click.option(
    "--generators", "count", default="auto", show_default=True, metavar="K", help="How many at most, or auto."
)
@result_options
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of an interrupted run.")
@click.option(
    "--require", type=click.IntRange(min=0), metavar="N", help="Exit 3 unless at least N generators are certified."
)
@output_options
@progress_options
def command(count: str, require: int | None, resume: bool, output: Output, **options: Any) -> None:
    """Discover generators in data and say how sure they are.

    DATA is one HDF5, NPY or NPZ file; two NPY files (x, then y); several HDF5 files of one layout, read as one data
    set; or - for NPY or NPZ on stdin.

    \b
    Example:
      symdisc fit sample_data/digits.h5
      symdisc fit sample_data/equal_correlations.h5 --method covariance --json
      symdisc fit sample_data/turned_digits.h5 --candidates grid
      symdisc fit x.npy y.npy --kind pairs --axes ns
    """
    folder = result_folder(options["data"], options.pop("out"))
    force, plots, plot_format = options.pop("force"), not options.pop("no_plots"), options.pop("plot_format")
    _no_file(folder)
    with contextlib.ExitStack() as stack:
        ranks = stack.enter_context(joined())
        if ranks.first:
            stack.enter_context(locked(folder))
            _free_or_refuse(folder, force, resume, ranks.size)
        ranks.meet()
        output = output.of(ranks)
        data = stack.enter_context(open_data(options))
        settings = read_settings(options, data.memory, _count(count))
        with progress_bar(output) as watch:
            symmetry = fit(data, settings=settings, out=folder, resume=resume, watch=watch)
        symmetry.run |= {"argv": sys.argv, "options": chosen_options()}
        paths = []
        if ranks.first:
            paths = write_result(symmetry, folder, plots, plot_format)
        # Checkpoints go when the result is there.
        ranks.meet()
        if ranks.first:
            discard(folder)
    output.result(symmetry.to_dict(), lambda: print_summary(symmetry, files=paths))
    if ranks.first and require is not None and symmetry.certified_dimension < require:
        raise RequirementNotMet(
            f"{symmetry.certified_dimension} certified generators, --require asked for {require}; see {folder}"
        )


def _count(text: str) -> int | None:
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--generators {text}: a whole number or auto") from None


def _no_file(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose another result folder with -o")


def _free_or_refuse(folder: Path, force: bool, resume: bool, size: int) -> None:
    """An old result or a checkpoint is never overwritten unasked."""
    if force and resume:
        raise InputError("--force starts afresh and --resume goes on: give one of them")
    if force:
        discard(folder)
        return
    before = interrupted(folder)
    if before and not resume:
        raise InputError(f"{folder}: holds an interrupted run; go on with --resume, or start afresh with --force")
    if before and before != size:
        raise InputError(
            f"{folder}: holds an interrupted run of {before} process{'es' * (before > 1)}, not of {size}; go on with "
            "as many, or start afresh with --force"
        )
    if (folder / "generators.npz").exists() and not before:
        raise InputError(f"{folder}: holds a result; overwrite it with --force, or choose another folder with -o")
