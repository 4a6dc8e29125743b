"""The result as a table of at most 80 columns on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..algebra import sentence
from ..symmetry import Symmetry, Verdict
from .heatmap import GLYPHS, LARGEST, heat_maps
from .numbers import defect_text, plural, short

WIDTH = 80
ROWS = 12
COLOURS = {
    Verdict.SYMMETRIC: "bold green",
    Verdict.NONE: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.CONSTRUCTED: "bold cyan",
}
STATUS_COLOURS = {"certified": "green", "consistent": "yellow", "broken": "red"}
# A fact on the left says all that stand on its right, so those go without saying.
IMPLIES = {
    "abelian": ("nilpotent", "solvable"),
    "nilpotent": ("solvable",),
    "simple": ("semisimple",),
}
FACTS = ("simple", "semisimple", "abelian", "nilpotent", "solvable", "compact")


def print_summary(symmetry: Symmetry, out: TextIO | None = None, files: Sequence[str | Path] = ()) -> None:
    """Print what was found, how sure that is, and where it was written.

    Colours appear only on a terminal without `NO_COLOR`; what the encoding of `out` lacks is escaped.

    Args:
        out: a text stream; standard output by default.
        files: paths that were written.
    """
    out = out or sys.stdout
    console = _console(out)
    with console.capture() as capture:
        _print_verdict(console, symmetry)
        if len(symmetry) and symmetry.verdict is not Verdict.CONSTRUCTED:
            console.print()
            console.print(_generators(symmetry))
        if len(symmetry) and symmetry.blocks[-1].stop <= LARGEST and _drawable(out):
            console.print()
            console.print(heat_maps(symmetry, console.width))
        console.print()
        console.print(_facts(symmetry, files))
    encoding = getattr(out, "encoding", None) or "utf-8"
    lines = (line.rstrip() for line in capture.get().splitlines())
    text = "".join(f"{line}\n" for line in lines)
    out.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _console(out: TextIO) -> Console:
    """Never escape codes in a pipe (rich would send them under FORCE_COLOR); never wider than 80 columns."""
    terminal = bool(getattr(out, "isatty", bool)())
    console = Console(file=out, force_terminal=terminal, highlight=False, markup=False, emoji=False, soft_wrap=False)
    console.width = min(WIDTH, console.width) if terminal else WIDTH
    return console


def _drawable(out: TextIO) -> bool:
    """Whether heat maps of letters make sense: on a terminal that has the letters."""
    try:
        GLYPHS.encode(getattr(out, "encoding", None) or "utf-8")
    except UnicodeError:
        return False
    return bool(getattr(out, "isatty", bool)()) and os.environ.get("TERM") != "dumb"


def _print_verdict(console: Console, symmetry: Symmetry) -> None:
    verdict, given = symmetry.verdict, "given" in symmetry.origin
    console.print(Text.assemble((f"{verdict.value.upper()}: ", COLOURS[verdict]), _sentence(verdict.sentence(given))))
    if symmetry.reason:
        console.print(_plain(_sentence(f"reason: {symmetry.reason}")))


def _plain(text: str) -> Text:
    """Names of files and arrays are the user's: no control character of theirs reaches the terminal."""
    return Text("".join(letter if letter.isprintable() else "?" for letter in text))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _generators(symmetry: Symmetry) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for header in ("generator", f"relative defect (bound at {symmetry.level:g})", "verdict", "origin"):
        table.add_column(header, overflow="fold")
    for index in range(min(ROWS, len(symmetry))):
        defect = defect_text(symmetry.defect[index], symmetry.defect_upper[index])
        status = symmetry.status[index]
        table.add_row(f"L[{index}]", defect, Text(status, STATUS_COLOURS.get(status, "")), symmetry.origin[index])
    if len(symmetry) > ROWS:
        table.add_row("...", f"and {len(symmetry) - ROWS} more")
    return table


def _facts(symmetry: Symmetry, files: Sequence[str | Path]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in (*_findings(symmetry), *_circumstances(symmetry)):
        table.add_row(name, _plain(text))
    for note in symmetry.notes:
        table.add_row("note", _plain(note))
    for number, line in enumerate(_written(files)):
        table.add_row("" if number else "written", _plain(line))
    return table


def _findings(symmetry: Symmetry) -> Iterator[tuple[str, str]]:
    if symmetry.verdict is Verdict.CONSTRUCTED:
        worst = f"; largest defect {short(float(symmetry.defect.max()))}" if len(symmetry) else ""
        yield "basis", f"{plural(len(symmetry), 'generator')} by construction, 0 certified{worst}"
    else:
        yield "dimension", _dimension(symmetry)
    if symmetry.algebra and len(symmetry):
        yield "algebra", _algebra(symmetry.algebra)
        action = sentence(symmetry.algebra, [block.role for block in symmetry.blocks])
        yield "action", f"{action}{_missing(symmetry)}"
    if symmetry.next_defect is not None:
        yield "next", f"the next direction has defect {short(symmetry.next_defect)} (tolerance {symmetry.tolerance:g})"
    if symmetry.closure_error is not None and len(symmetry) > 1:
        yield "closure", f"relative size of brackets outside the span: {short(symmetry.closure_error)}"
    if symmetry.unused_dimension:
        count = plural(symmetry.unused_dimension, "direction")
        yield "unused", f"{count} never seen by the data: neither symmetric nor broken"
    if symmetry.samples_needed is not None:
        yield "samples", f"about {_round_up(symmetry.samples_needed)} would decide what is open"


def _dimension(symmetry: Symmetry) -> str:
    text = f"{symmetry.certified_dimension} certified"
    if symmetry.dimension != symmetry.certified_dimension:
        text += f", {symmetry.dimension} written"
    if symmetry.dimension_bounds is not None:
        low, high = symmetry.dimension_bounds
        text += f"; at least {low} and at most {high}, each bound at level {symmetry.level:g}"
    return text


def _missing(symmetry: Symmetry) -> str:
    """How sure it is that there are no more."""
    if symmetry.dimension_bounds is None or symmetry.dimension_bounds[1] != len(symmetry) or not symmetry.candidates:
        return ""
    return f"; {100 * symmetry.level:g} % sure that no generator is missing within {_within(symmetry)}"


def _within(symmetry: Symmetry) -> str:
    space = str(symmetry.candidates.get("space") or "the candidates")
    size = symmetry.generators.shape[1]
    return f"gl({size})" if space == "linear" and len(symmetry.blocks) == 1 else f"the candidates {space}"


def _round_up(count: int) -> int:
    """To two significant digits: an estimate has no more."""
    unit = 10 ** max(0, len(str(count)) - 2)
    return -(-count // unit) * unit


def _algebra(algebra: dict[str, Any]) -> str:
    text = str(algebra.get("name") or "unnamed")
    if algebra.get("aliases"):
        text += f" (also {', '.join(algebra['aliases'])})"
    true = [fact for fact in FACTS if algebra.get(fact) is True]
    facts = [fact for fact in true if not any(fact in IMPLIES.get(other, ()) for other in true)]
    if isinstance(algebra.get("rank"), int):
        facts.append(f"rank {algebra['rank']}")
    if algebra.get("confidence"):
        facts.append(f"{algebra['confidence']} confidence")
    return f"{text}: {', '.join(facts)}" if facts else text


def _circumstances(symmetry: Symmetry) -> Iterator[tuple[str, str]]:
    yield "method", f"{symmetry.method}, kind {symmetry.kind}"
    if symmetry.candidates.get("space"):
        size = symmetry.candidates.get("dimension")
        yield "candidates", f"{symmetry.candidates['space']}{f', {size} dimensions' if size is not None else ''}"
    if symmetry.data:
        names = ", ".join(file["name"] for file in symmetry.data.get("files", ()))
        shape = symmetry.data.get("x_shape")
        parts = [
            names,
            f"x {tuple(shape)}" if shape else "",
            f"axes {symmetry.data['axes']}" if symmetry.data.get("axes") else "",
        ]
        yield "data", ", ".join(part for part in parts if part)


def _written(files: Sequence[str | Path]) -> Iterator[str]:
    """One line a folder: "digits.symdisc/: generators.npz, summary.json"."""
    folders: dict[str, list[str]] = {}
    for file in files:
        folder, name = os.path.split(file)
        folders.setdefault(folder, []).append(name)
    for folder, names in folders.items():
        yield f"{os.path.join(folder, '')}: {', '.join(names)}" if folder else ", ".join(names)
