"""`symdisc methods`: the methods, their options, formulas and limits."""

from __future__ import annotations

from typing import Any

import click

from ..discover.registry import METHODS, get
from ..options import describe
from .common import Output, output_options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", required=False)
@output_options
def command(name: str | None, output: Output) -> None:
    """List the methods, their options, formulas and limits.

    \b
    Example:
      symdisc methods
      symdisc methods covariance
    """
    rows = [_row(key) for key in ([name] if name else METHODS)]
    output.result({"methods": rows}, lambda: _show(rows, whole=name is not None))


def _row(name: str) -> dict[str, Any]:
    method = get(name)
    return {
        "name": method.name,
        "kinds": list(method.kinds),
        "summary": method.summary,
        "formula": method.formula,
        "limits": method.limits,
        "options": describe(method.options),
    }


def _show(rows: list[dict[str, Any]], whole: bool) -> None:
    for row in rows:
        click.echo(f"{row['name']}  (for {', '.join(row['kinds'])})")
        click.echo(click.wrap_text(row["summary"], 80, "  ", "  "))
        if not whole:
            continue
        for title in ("formula", "limits"):
            click.echo(f"\n{title.capitalize()}:")
            click.echo(click.wrap_text(row[title], 80, "  ", "  "))
        click.echo("\nOptions:")
        for option in row["options"]:
            default = "auto" if option["default"] is None else option["default"]
            words = f", one of {', '.join(option['choices'])}" if option["choices"] else ""
            meaning = f"{option['help']} ({option['type']}{words}; default {default})"
            line = f"--set {row['name']}.{option['name']}=...  {meaning}"
            click.echo(click.wrap_text(line, 80, "  ", "      "))
    if not whole:
        click.echo("\nMore: symdisc methods NAME")
