"""`symdisc cite`: BibTeX for what a result used."""

from __future__ import annotations

import click

from ..citations import ENTRIES, WHY, bibtex
from ..report.cited import used
from ..symmetry import load
from .common import Output, output_options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("result", metavar="RESULT")
@output_options
def command(result: str, output: Output) -> None:
    """Print BibTeX for what a result used: the program, the method, the rule of its verdict.

    RESULT is a result folder or its generators.npz.

    \b
    Example:
      symdisc cite digits.symdisc >> paper.bib
    """
    keys = used(load(result))
    entries = [{"key": key, "for": WHY[key], "bibtex": ENTRIES[key]} for key in keys]
    output.result({"entries": entries}, lambda: click.echo(bibtex(keys), nl=False))
