"""`symdisc sample`: a ready-made problem with its truth inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import InputError
from ..options import describe
from ..problems import PROBLEMS, Made, get, save
from .common import Output, output_options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", required=False)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to write: .h5 or .npz.")
@click.option("--list", "listing", is_flag=True, help="List the problems and their options; write nothing.")
@click.option("--samples", type=int, metavar="N", help="Number of samples; default: the problem's own.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random numbers.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the problem; see --list.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@output_options
def command(
    name: str | None,
    out: Path | None,
    listing: bool,
    samples: int | None,
    seed: int,
    settings: tuple[str, ...],
    force: bool,
    output: Output,
) -> None:
    """Write a ready-made problem with its true generators inside.

    `fit` reads `x` and `y` of the file and never its truth; `symdisc compare RESULT FILE` measures the angle to it.

    \b
    Example:
      symdisc sample equal-correlations -o pair.h5 --set correlations=.9,.9,.4
    """
    if listing:
        chosen = list(PROBLEMS) if name is None else [get(name).name]
        output.result({"problems": [_row(key) for key in chosen]}, lambda: _show(chosen))
        return
    if name is None:
        raise InputError(f"no problem named; choose one of {', '.join(PROBLEMS)}, or see --list")
    problem = get(name)
    if out is None:
        raise InputError(f"no file to write to; say it with -o, such as -o {name}.h5")
    if out.exists() and not force:
        raise InputError(f"{out}: exists; choose another name with -o, or replace it with --force")
    made = problem.make(seed, samples, dict(_pair(text) for text in settings))
    save(made, out)
    output.result({"files": [str(out)]}, lambda: click.echo(_written(made, out)))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"--set {text}: write it as KEY=VALUE")
    return key, value


def _row(name: str) -> dict[str, Any]:
    problem = PROBLEMS[name]
    return {
        "name": name,
        "summary": problem.summary,
        "kind": problem.kind,
        "samples": problem.samples,
        "options": describe(problem.options),
    }


def _show(names: list[str]) -> None:
    for name in names:
        problem = PROBLEMS[name]
        click.echo(f"{name} ({problem.kind}, {problem.samples} samples)\n  {problem.summary}")
        for row in describe(problem.options):
            click.echo(f"    {row['name']}={_word(row['default'])}  {row['help']}")


def _word(value: Any) -> str:
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(_word(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _written(made: Made, path: Path) -> str:
    arrays = ", ".join(f"{name} {array.shape}" for name, array in made.arrays.items())
    truth = "" if made.generators is None else f"; true generators: {len(made.generators)} ({made.facts['algebra']})"
    return f"{path}: {arrays}, kind {made.kind}{truth}"
