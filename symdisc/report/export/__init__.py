"""Generators as other programs want them: text, arrays, or a file of arrays with the few lines that load it."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import InputError
from . import libraries, plain
from .source import Source, source_of

Writer = Callable[[Source], dict[str, bytes]]

FORMATS: dict[str, Writer] = {
    "latex": plain.latex,
    "csv": plain.csv,
    "safetensors": plain.safetensors,
    "e3nn": libraries.e3nn,
    "escnn": libraries.escnn,
    "cuequivariance": libraries.cuequivariance,
    "emlp": libraries.emlp,
}


def export(source: Source, to: str) -> dict[str, bytes]:
    """Generators in another format: ending of the file -> its content.

    Args:
        source: see `source_of`.
        to: latex, csv or safetensors, one file; e3nn, escnn, cuequivariance or emlp, `.npz` with arrays and `.py` with
            the lines that load them, to stand side by side under one name. Those lines need NumPy and the library.

    Raises:
        InputError: another format, or a group that the library does not have.

    Example:
        >>> import numpy as np
        >>> turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
        >>> sorted(export(source_of(turn), "escnn"))
        ['.npz', '.py']
    """
    if to not in FORMATS:
        raise InputError(f"--to {to}: unknown; the formats are {', '.join(FORMATS)}")
    return FORMATS[to](source)


__all__ = ["FORMATS", "Source", "export", "source_of"]
