"""Options that several commands share, and the two streams: results on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import InputError
from ..symmetry import to_json
from .config import config_options, config_shown, settings_file

if TYPE_CHECKING:
    from ..data import DataSet
    from ..discover import Settings
    from ..discover.ranks import Ranks
    from ..discover.task import Progress
    from ..symmetry import Symmetry

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Output:
    """How a command talks: `--json`, `--quiet`, `--verbose`."""

    as_json: bool
    quiet: bool
    verbose: int
    log_every: float | None = None

    def of(self, ranks: Ranks) -> Output:
        """The same for the first of several processes; the others say nothing."""
        return self if ranks.first else Output(as_json=False, quiet=True, verbose=0)

    def result(self, value: dict[str, Any], show: Callable[[], None]) -> None:
        """The result: one JSON object with `--json`, else whatever `show` prints (nothing with `-q`)."""
        if self.as_json:
            click.echo(to_json(value))
        elif not self.quiet:
            show()

    def log(self, message: str, verbosity: int = 0) -> None:
        """A line for the person, on stderr; `verbosity` is how many -v it takes."""
        if not self.quiet and self.verbose >= verbosity:
            click.echo(message, err=True)

    @property
    def progress(self) -> bool:
        """Whether a live progress bar makes sense."""
        return not self.quiet and self.log_every is None and sys.stderr.isatty()


def _complete_array(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    from .completion import complete_array

    return complete_array(context, parameter, incomplete)


def output_options(function: Command) -> Command:
    """`--json`, `-q/--quiet`, `-v/--verbose`, passed on as `output: Output`; `--config` and `--show-config`."""
    import functools

    @config_options
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, nothing else.")
    @click.option("-q", "--quiet", is_flag=True, help="Print no table and no log lines.")
    @click.option("-v", "--verbose", count=True, help="More detail; twice: tracebacks too.")
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, quiet: bool, verbose: int, show_config: bool, **kwargs: Any) -> Any:
        output = Output(as_json, quiet, verbose)
        if show_config:
            return output.result(*config_shown())
        if settings_file() is not None:
            output.log(f"symdisc: settings of {settings_file()}", verbosity=1)
        return function(*args, output=output, **kwargs)

    return wrapped  # type: ignore[return-value]


def progress_options(function: Command) -> Command:
    """`--log-every`, for commands that may run long; stands below `output_options`."""
    import functools

    @click.option(
        "--log-every",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Instead of the progress bar, a line on stderr every so many seconds.",
    )
    @functools.wraps(function)
    def wrapped(*args: Any, log_every: float | None, output: Output, **kwargs: Any) -> Any:
        return function(*args, output=replace(output, log_every=log_every), **kwargs)

    return wrapped  # type: ignore[return-value]


def data_options(function: Command) -> Command:
    """How the input is read: arrays, kind, axes, sampling."""
    for option in reversed(
        [
            click.argument("data", nargs=-1, required=True, metavar="DATA..."),
            click.option(
                "--x",
                "x_name",
                metavar="NAME",
                shell_complete=_complete_array,
                help="Which array is x: HDF5 path or NPZ key, then `.field` and `[slice]` if wanted; A+B side by side, "
                "*/A over groups.",
            ),
            click.option(
                "--y", "y_name", metavar="NAME", shell_complete=_complete_array, help="Which array is y; as for --x."
            ),
            click.option(
                "--group",
                "group_name",
                metavar="NAME",
                shell_complete=_complete_array,
                help="Which array holds group ids; samples of one group are never split between parts of a test.",
            ),
            click.option(
                "--kind",
                type=click.Choice(["pairs", "samples", "labelled", "trajectory", "field"]),
                help="What the data are; else taken from the attribute `kind` or from the shapes.",
            ),
            click.option(
                "--axes",
                metavar="LETTERS",
                help="A letter per axis of x: n sample, s space, c channel, t time, v component.",
            ),
            click.option("--dt", type=float, help="Sampling step of t."),
            click.option("--spacing", metavar="A,B,...", help="Sampling steps of the s axes."),
            click.option(
                "--periodic",
                metavar="LETTERS",
                help="Which axes wrap around: `s`, `t`, or a comma-separated yes/no per s axis.",
            ),
            click.option(
                "--allow-external",
                is_flag=True,
                help="Follow HDF5 links, storage and virtual data that leave the folder of the file.",
            ),
            click.option(
                "--memory",
                metavar="SIZE",
                help="Ceiling on memory, such as 4GB; default 80 % of what is free.",
            ),
        ]
    ):
        function = option(function)
    return function


def search_options(function: Command) -> Command:
    """How evidence is judged and how the work is done: shared by `fit` and `test`."""
    for option in reversed(
        [
            click.option(
                "--method",
                default="auto",
                show_default=True,
                metavar="NAME",
                help="How to look; `symdisc methods` lists them.",
            ),
            click.option(
                "--candidates",
                metavar="SPACE",
                help="Where to look: names joined by +, such as antisymmetric+local, or grid for images "
                "(docs/candidates.md); default: the method's own space.",
            ),
            click.option(
                "--output-action",
                metavar="ACTION",
                help="Labelled data: how y transforms: invariant, same, orthogonal, free or tensor:P,Q.",
            ),
            click.option(
                "--tolerance",
                type=float,
                default=0.1,
                show_default=True,
                help="Largest relative defect that still counts as a symmetry.",
            ),
            click.option(
                "--level", type=float, default=0.95, show_default=True, help="Confidence of every bound and verdict."
            ),
            click.option(
                "--set",
                "method_options",
                multiple=True,
                metavar="METHOD.OPTION=VALUE",
                help="An option of a method's own; `symdisc methods NAME` lists them.",
            ),
            click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:I."),
            click.option("--dtype", type=click.Choice(["float32", "float64"]), help="Precision; float64 on the CPU."),
            click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random draw."),
        ]
    ):
        function = option(function)
    return function


def result_options(function: Command) -> Command:
    """Where a result folder goes and what is drawn into it: shared by `fit` and `test`."""
    for option in reversed(
        [
            click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Result folder."),
            click.option("--force", is_flag=True, help="Overwrite the result that is there."),
            click.option("--no-plots", is_flag=True, help="Write no plots."),
            click.option(
                "--plot-format",
                type=click.Choice(["png", "svg", "pdf"]),
                default="png",
                show_default=True,
                help="Of plots.",
            ),
        ]
    ):
        function = option(function)
    return function


def open_data(options: dict[str, Any]) -> DataSet:
    """Take the data options out of a command's options and open what they name."""
    from ..data import open_dataset, parse_size

    memory = options.pop("memory")
    return open_dataset(
        options.pop("data"),
        x=options.pop("x_name"),
        y=options.pop("y_name"),
        group=options.pop("group_name"),
        memory=parse_size(memory) if memory else None,
        **{name: options.pop(name) for name in ("kind", "axes", "dt", "spacing", "periodic", "allow_external")},
    )


def read_settings(options: dict[str, Any], memory: int | None, generators: int | None = None) -> Settings:
    """Take the search options out of a command's options."""
    from ..discover import Settings

    own: dict[str, str] = {}
    for entry in options.pop("method_options"):
        key, equals, value = entry.partition("=")
        if not equals:
            raise InputError(f"--set {entry}: write METHOD.OPTION=VALUE, such as covariance.rank=3")
        own[key] = value
    names = ("method", "candidates", "output_action", "tolerance", "level", "device", "dtype", "seed")
    return Settings(generators=generators, memory=memory, options=own, **{name: options.pop(name) for name in names})


@contextlib.contextmanager
def progress_bar(output: Output) -> Iterator[Callable[[Progress], None]]:
    """A live line on a terminal; plain lines with `--log-every`, or with -v in a log; else nothing."""
    from .progress import Lines, live

    if output.progress:
        with live() as show:
            yield show
    elif output.quiet:
        yield lambda progress: None
    elif output.log_every is not None:
        yield Lines(output.log, output.log_every)
    else:
        yield Lines(lambda line: output.log(line, verbosity=1), None)


def result_folder(data: tuple[str, ...], out: Path | None) -> Path:
    """`<first file's stem>.symdisc` unless -o says otherwise."""
    if out is not None:
        return out
    if data[0] == "-":
        raise InputError("data from stdin have no name; say where the result goes with -o FOLDER")
    return Path(f"{Path(data[0]).stem}.symdisc")


def write_result(symmetry: Symmetry, folder: Path, plots: bool, plot_format: str) -> list[Path]:
    """The result folder: arrays, summaries, plots, page."""
    before = _plots_of(folder)
    paths = symmetry.save(folder)
    # A plot of the result that stood here before would contradict this one.
    for old in before:
        (folder / "plots" / old).unlink(missing_ok=True)
    from ..report.result import PAGE, write_report

    (folder / PAGE).unlink(missing_ok=True)
    drawn = write_report(symmetry, folder / PAGE, folder / "plots", plot_format, pictures=plots)
    symmetry.run["plots"] = [path.name for path in drawn if path.parent != folder]
    symmetry.save_run(folder)
    return paths + drawn


def _plots_of(folder: Path) -> list[str]:
    """Names of the plots that an earlier result in this folder lists as its own."""
    try:
        names = json.loads((folder / "run.json").read_text()).get("plots", [])
    except (OSError, ValueError, AttributeError):
        return []
    return [name for name in names if isinstance(name, str) and Path(name).name == name]
