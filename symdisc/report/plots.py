"""Panels to files: deterministic bytes, written whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from ..atomic import make_folder, write_bytes
from ..errors import InputError
from ..panels import Panel
from ..symmetry import Symmetry
from .draw import draw
from .standard import standard_panels
from .style import style

# What each writer would stamp with the time or its own version: None leaves it out.
FORMATS: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save_plots(symmetry: Symmetry, folder: str | Path, fmt: str = "png", panels: Sequence[Panel] = ()) -> list[Path]:
    """Draw the standard plots of a result, then the method's own, one file each.

    Args:
        folder: where the files go, `<name>.<fmt>`; made if missing.
        fmt: png, svg or pdf.
        panels: what the method adds (`Method.panels(symmetry)`).

    Returns:
        The paths, in the order drawn. One result gives the same bytes each time.

    Raises:
        InputError: another format.
        ResourceError: the folder cannot be written.
    """
    check_format(fmt)
    folder = Path(folder)
    make_folder(folder)
    paths = {}
    for panel in [*standard_panels(symmetry), *panels]:
        if panel.name in paths:
            raise ValueError(f"two panels are called {panel.name!r}")
        paths[panel.name] = folder / f"{panel.name}.{fmt}"
        write_bytes(paths[panel.name], render(panel, fmt))
    return list(paths.values())


def check_format(fmt: str) -> None:
    """Refuse what cannot be drawn.

    Raises:
        InputError: the message lists what can.
    """
    if fmt not in FORMATS:
        raise InputError(f"--plot-format {fmt}: unknown; the formats are {', '.join(FORMATS)}")


def render(panel: Panel, fmt: str = "png") -> bytes:
    """One panel as the content of an image file."""
    buffer = io.BytesIO()
    with style():
        draw(panel).savefig(buffer, format=fmt, metadata=FORMATS[fmt])
    return buffer.getvalue()
