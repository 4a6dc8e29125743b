"""Models on disk: `model.safetensors` (values) and `model.json` (shape), written together and read with torch alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from .perceptron import EMLP, MLP
from .scaled import Scaled

SCHEMA = 1
VALUES, SHAPE = "model.safetensors", "model.json"
KINDS: dict[str, Any] = {"emlp": EMLP, "mlp": MLP}


def save(model: Scaled, folder: str | Path, about: dict[str, Any] | None = None) -> list[Path]:
    """Write a model into a folder.

    Args:
        model: an `EMLP` or `MLP` in its `Scaled` units.
        folder: made where it is missing. about: what else `model.json` shall say, in JSON types.

    Returns:
        The files. Their bytes depend on the model and `about` alone.

    Raises:
        ResourceError: the folder cannot be written.
    """
    from ..atomic import write_all
    from ..symmetry import make_folder

    make_folder(Path(folder))
    files = {Path(folder) / name: content for name, content in contents(model, about).items()}
    write_all(files)
    return [Path(folder) / VALUES, Path(folder) / SHAPE]


def contents(model: Scaled, about: dict[str, Any] | None = None) -> dict[str, bytes]:
    """Name and bytes of the files of a model, in the order in which they are replaced."""
    from ..atomic import safetensors_bytes
    from ..symmetry import to_json

    form = {
        "schema": SCHEMA,
        "body": model.body.configuration(),  # type: ignore[operator]
        "inputs": model.shift_x.shape[0],
        "ones": model.ones,
        "outputs": model.shift_y.shape[0],
        "dtype": str(model.shift_x.dtype).removeprefix("torch."),
        **(about or {}),
    }
    values = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
    text = to_json(form)
    return {SHAPE: (text + "\n").encode(), VALUES: safetensors_bytes(values, {"shape": _digest(text)})}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def load(folder: str | Path) -> Scaled:
    """The model in a folder that `symdisc train` or `save` wrote, ready to be called: y = model(x).

    No basis is solved for, and nothing of SciPy, h5py or matplotlib is loaded.

    Raises:
        InputError: no model there, a damaged one, or files of two models.

    Example:
        >>> import tempfile, torch
        >>> body = MLP(2, 1, width=4, layers=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = save(Scaled(body, 2, 1), folder)
        ...     again = load(folder)
        >>> bool((again(torch.ones(3, 2)) == body(torch.ones(3, 2))).all())
        True
    """
    from ..data import read_json
    from ..data.safetensors import read_safetensors
    from ..symmetry import to_json

    folder = Path(folder)
    form = read_json(folder / SHAPE)
    arrays, metadata = read_safetensors(folder / VALUES)
    if metadata.get("shape") not in (None, _digest(to_json(form))):
        raise InputError(
            f"{folder}: {SHAPE} and {VALUES} are of two trainings, the later of which ended while it wrote; "
            "train it again with --force"
        )
    if form.get("schema") != SCHEMA:
        raise InputError(f"{folder / SHAPE}: schema {form.get('schema')} is not read here; this version reads {SCHEMA}")
    try:
        dtype = {"float32": torch.float32, "float64": torch.float64}[form["dtype"]]
        body = KINDS[form["body"]["kind"]].from_configuration(form["body"], dtype)
        model = Scaled(body, int(form["inputs"]), int(form["outputs"]), dtype, int(form.get("ones", 0)))
        model.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{folder}: {SHAPE} and {VALUES} do not make a model ({reason}); train it again") from None
    return model.eval()


def parameters(model: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
