"""Plots and page of a result, drawn together: what `fit` and `test` write beside the arrays, and `report` again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..atomic import write_bytes, write_text
from ..errors import InputError
from ..panels import Panel
from ..symmetry import Symmetry, make_folder
from .page import TYPES, page

PAGE = "report.html"


def all_panels(symmetry: Symmetry) -> list[Panel]:
    """What is drawn of a result: what every result has, what its method adds, and the flow of its images."""
    from ..discover.registry import get
    from .flow import flow_panels
    from .standard import standard_panels

    own: Sequence[Panel] = ()
    try:
        own = get(symmetry.method).panels(symmetry)
    except InputError:
        # A result of a method that this version does not know: what every result has is still drawn.
        own = ()
    panels = [*standard_panels(symmetry), *own]
    names = {panel.name for panel in panels}
    return panels + [panel for panel in flow_panels(symmetry) if panel.name not in names]


def write_report(
    symmetry: Symmetry, path: str | Path, plots: str | Path | None = None, fmt: str = "png", pictures: bool = True
) -> list[Path]:
    """Write the page of a result, and its plots as files of their own if wanted.

    The bytes depend on the result alone. Matplotlib is loaded for pictures only.

    Args:
        path: where the page goes.
        plots: a folder for the plots, made if missing; None: they stand in the page alone.
        fmt: of the plots: png, svg or pdf. The page has svg where they are svg, else png.
        pictures: False for a page of text and tables; `plots` is then ignored.

    Returns:
        The paths written: plots, then the page.

    Raises:
        InputError: another format.
        ResourceError: a file cannot be written.
    """
    path = Path(path)
    if not pictures:
        write_text(path, page(symmetry))
        return [path]
    from .plots import check_format, render

    check_format(fmt)
    inlined = fmt if fmt in TYPES else "png"
    panels = {panel.name: panel for panel in all_panels(symmetry)}
    content = {panel: render(panel, inlined) for panel in panels.values()}
    paths = []
    if plots is not None:
        make_folder(Path(plots))
        for panel, drawn in content.items():
            paths.append(Path(plots) / f"{panel.name}.{fmt}")
            write_bytes(paths[-1], drawn if fmt == inlined else render(panel, fmt))
    write_text(path, page(symmetry, content, inlined))
    return [*paths, path]
