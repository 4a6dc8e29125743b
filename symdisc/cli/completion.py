"""`symdisc completion`: the script that a shell needs to complete commands, options and arrays inside a file."""

from __future__ import annotations

import contextlib
import os

import click
from click.shell_completion import CompletionItem, get_completion_class

from .common import Output, output_options

VARIABLE = "_SYMDISC_COMPLETE"
INSTALL = {
    "bash": "symdisc completion bash > ~/.local/share/bash-completion/completions/symdisc",
    "zsh": "symdisc completion zsh > ~/.zfunc/_symdisc   (with fpath=(~/.zfunc $fpath) before compinit)",
    "fish": "symdisc completion fish > ~/.config/fish/completions/symdisc.fish",
}
MOST = 2000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(list(INSTALL)))
@output_options
def command(shell: str, output: Output) -> None:
    """Print a script for completion in bash, zsh or fish.

    It completes commands, options and their values and, after --x, --y and --group, the arrays inside the data file.

    \b
    Example:
      symdisc completion bash > ~/.local/share/bash-completion/completions/symdisc
    """
    from .main import main

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(main, {}, "symdisc", VARIABLE).source()
    output.result({"shell": shell, "install": INSTALL[shell], "script": script}, lambda: click.echo(script, nl=False))


def complete_array(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Arrays and columns in the data file on the line so far; nothing where it cannot be read."""
    from ..data.door import names_in

    # Behind an option without its value click leaves the whole line in `args`.
    data = [word for word in (*(context.params.get("data") or ()), *context.args) if os.path.isfile(word)]
    before, plus, last = incomplete.rpartition("+")
    with contextlib.suppress(Exception):  # a shell that completes is no place for an error message
        names = [name for name in names_in(data[0]) if name.startswith(last)]
        return [CompletionItem(f"{before}{plus}{name}") for name in names[:MOST]]
    return []
