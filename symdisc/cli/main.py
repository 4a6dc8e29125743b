"""The command group and the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from .._version import __version__
from ..errors import ExitCode, Interrupted, SymdiscError
from .config import described_origin, variables
from .usage import print_usage

# name -> (module, one line for `symdisc --help`): the group's help must not import the commands,
# which load numpy and more.
COMMANDS = {
    "fit": ("fit", "Discover generators in data and say how sure they are."),
    "test": ("test", "Ask whether a given symmetry is in the data, and how far it is broken."),
    "analyze": ("analyze", "Say which Lie algebra a set of matrices spans."),
    "inspect": ("inspect", "Show what is in a file and how `fit` would read it."),
    "methods": ("methods", "List the methods, their options, formulas and limits."),
    "basis": ("basis", "Find all equivariant linear maps between tensor representations of a group."),
    "apply": ("apply", "Transform data by exp(sum t_i L_i), t given or drawn."),
    "compare": ("compare", "Measure the principal angles between two spans of generators."),
    "train": ("train", "Fit an equivariant network and say whether the symmetry helped."),
    "report": ("report", "Draw a result again: its plots, and one self-contained HTML page."),
    "export": ("export", "Write generators as another library, LaTeX, CSV or safetensors wants them."),
    "sample": ("sample", "Write a ready-made problem with its true generators."),
    "env": ("env", "Show versions, threads, devices and libraries, for a bug report."),
    "cite": ("cite", "Print BibTeX for what a result used."),
    "completion": ("completion", "Print a script for completion in bash, zsh or fish."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"symdisc.cli.{COMMANDS[cmd_name][0]}")
        variables(module.command, cmd_name)
        return module.command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="symdisc")
@click.option(
    "--usage-json",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_usage,
    help="Print all commands with their arguments, options and exit codes as one JSON object and exit.",
)
def main() -> None:
    """Find the continuous symmetries hidden in array data, and say how sure that is.

    \b
    Example:
      symdisc fit sample_data/digits.h5
      symdisc analyze digits.symdisc/generators.npz
    """


def run() -> NoReturn:
    """Entry point of the console script: run a command and exit with its code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = main(standalone_mode=False, complete_var="_SYMDISC_COMPLETE")
        sys.stdout.flush()
    except click.exceptions.Abort:
        _say("interrupted")
        code = ExitCode.INTERRUPTED
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        help_line = f" (see {context.command_path} --help)" if context else ""
        _say(f"{error.format_message()}{described_origin(error)}{help_line}".replace("\n", " "))
        code = error.exit_code
    except SymdiscError as error:
        if not error.silent:
            _say(str(error))
        _traceback_if_asked()
        code = error.exit_code
    except KeyboardInterrupt:
        _say("interrupted")
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`symdisc ... | head`): not our error, and stdout cannot be flushed any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    except OSError as error:
        _say(f"{error.strerror or error}; free space, or send the output elsewhere")
        code = ExitCode.RESOURCE
    except MemoryError:
        _say("out of memory; give fewer columns or samples, or raise --memory")
        code = ExitCode.RESOURCE
    except Exception as error:
        from ..discover.device import out_of_memory

        if out_of_memory(error):
            _say("the device is out of memory; take fewer columns or samples, or --device cpu")
            sys.exit(int(ExitCode.RESOURCE))
        _say(f"a bug of ours: {type(error).__name__}: {error} (run again with -vv and report what it prints)")
        _traceback_if_asked()
        code = ExitCode.BUG
    sys.exit(int(code or 0))


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted("terminated", ExitCode.TERMINATED)


def _say(message: str) -> None:
    print(f"symdisc: {message}", file=sys.stderr)


def _traceback_if_asked() -> None:
    flags = [word for word in sys.argv[1:] if word.startswith("-")]
    short = sum(word.count("v") for word in flags if not word.startswith("--") and set(word) <= set("-v"))
    if short + flags.count("--verbose") >= 2:
        import traceback

        traceback.print_exc()
