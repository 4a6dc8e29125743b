"""`symdisc train`: an equivariant network from generators, and whether it is better than a plain one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..discover.named import read_generators
from ..discover.task import CHECKPOINT
from ..errors import InputError
from .common import Output, data_options, open_data, output_options, progress_bar, read_settings, search_options

if TYPE_CHECKING:
    from ..nn.train import Trained

VALUES = "model.safetensors"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@data_options
@click.option("--generators", metavar="FILE|NAME", help="A result, a file of matrices, or a name such as so(3).")
@click.option("--discover", is_flag=True, help="Look for the generators with `fit`, in each training part anew.")
@click.option(
    "--rep",
    metavar="'X -> Y'",
    help="How x and y transform, such as '5*Scalar + 5*V -> V*V'; default: x copies of V, y as the result says, "
    "else invariant.",
)
@click.option("--channels", type=int, default=96, show_default=True, help="Width of the hidden layers.")
@click.option("--layers", type=int, default=2, show_default=True, help="Hidden layers.")
@click.option("--order", type=int, default=2, show_default=True, help="Highest order of the hidden tensors.")
@click.option("--epochs", type=int, default=300, show_default=True, help="Passes over the training part, at most.")
@click.option("--steps", type=int, default=6000, show_default=True, help="Steps of the optimiser, at most.")
@click.option("--folds", type=int, default=5, show_default=True, help="Splits; each sample is held out in one of them.")
@click.option(
    "--labels",
    type=click.Choice(["auto", "classes", "values"]),
    default="auto",
    show_default=True,
    help="Integer y: class labels or values.",
)
@search_options
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Folder of the model.")
@click.option("--force", is_flag=True, help="Overwrite the model that is there.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of an interrupted run.")
@output_options
def command(generators: str | None, discover: bool, output: Output, **options: Any) -> None:
    """Fit an equivariant network and say whether the symmetry helped.

    DATA are labelled, x and y. On each split an equivariant and plain networks are trained, the plain ones of as many
    parameters and as wide; held-out errors give the verdict: helped, did not help, cannot tell. The equivariant network
    of all data is written to FOLDER (default: <first file's stem>.model), to be loaded by symdisc.nn.load.

    \b
    Example:
      symdisc train data.h5 --generators data.symdisc
      symdisc train data.npz --generators "so(3)" --rep "2*V -> Scalar" --json
      symdisc train data.npz --discover --candidates linear+shared:3
    """
    from ..nn.study import StudyOptions
    from ..nn.train import train
    from ..nn.training import Training

    if (generators is None) != discover:
        raise InputError("say whose symmetry: either --generators FILE, or --discover to look for it in the data")
    folder = _folder(options["data"], options.pop("out"))
    force, resume = options.pop("force"), options.pop("resume")
    _free_or_refuse(folder, force, resume)
    training = Training(epochs=options.pop("epochs"), steps=options.pop("steps"), rate=0.01)
    names = ("channels", "layers", "order", "folds", "labels")
    study = StudyOptions(training=training, **{name: options.pop(name) for name in names})
    rep = options.pop("rep")
    given = None if generators is None else read_generators(generators)
    if options["y_name"] is not None and options["kind"] is None:
        options["kind"] = "labelled"  # Whatever the file says that x alone is.
    with open_data(options) as data:
        settings = read_settings(options, data.memory)
        with progress_bar(output) as watch:
            made = train(
                data,
                generators=given,
                settings=settings,
                options=study,
                rep=rep,
                out=folder,
                resume=resume,
                watch=watch,
            )
    made.run["argv"] = sys.argv
    paths = made.save(folder)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    summary = {**made.to_dict(), "files": [str(path) for path in paths]}
    output.result(summary, lambda: _show(made, paths))


def _folder(data: tuple[str, ...], out: Path | None) -> Path:
    if out is not None:
        return out
    if data[0] == "-":
        raise InputError("data from stdin have no name; say where the model goes with -o FOLDER")
    return Path(f"{Path(data[0]).stem}.model")


def _free_or_refuse(folder: Path, force: bool, resume: bool) -> None:
    """An old model or a checkpoint is never overwritten unasked."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose another folder with -o")
    if force and resume:
        raise InputError("--force starts afresh and --resume goes on: give one of them")
    interrupted, finished = ((folder / name).exists() for name in (CHECKPOINT, VALUES))
    if force and interrupted:
        (folder / CHECKPOINT).unlink()
    elif interrupted and not resume:
        raise InputError(f"{folder}: holds an interrupted run; go on with --resume, or start afresh with --force")
    elif finished and not force and not interrupted:
        raise InputError(f"{folder}: holds a model; overwrite it with --force, or choose another folder with -o")


def _show(made: Trained, paths: list[Path]) -> None:
    summary = made.to_dict()
    click.echo(f"{summary['verdict']}: {summary['reason']}")
    click.echo(f"representations: {summary['rep'] or 'none (no symmetry was found)'}")
    for network in summary["networks"]:
        click.echo(f"{network['name']}: {network['parameters']} parameters")
    click.echo(f"held-out {summary['loss']}, split by split:")
    for number, split in enumerate(summary["splits"], 1):
        click.echo(f"  {number}: equivariant {split['equivariant']:.4g}, plain {split['plain']:.4g}")
    for note in summary["notes"]:
        click.echo(f"note: {note}")
    click.echo(f"written: {', '.join(str(path) for path in paths)}")
