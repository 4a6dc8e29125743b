"""`report.html`: a result as one self-contained page.

The page holds what `generators.npz` holds and nothing of `run.json`, so identical results give identical bytes. It
loads nothing: pictures are inlined, there is no script, and its own policy forbids both. Names are the user's: jinja2
escapes all of them.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from .._version import __version__
from ..algebra import sentence
from ..citations import bibtex
from ..discover.registry import get
from ..errors import InputError
from ..panels import Message, Panel
from ..symmetry import Symmetry, Verdict
from .cited import used
from .facts import algebra_of, facts
from .latex import latex
from .numbers import defect_text, plural, short, short_bound

MOST_ROWS = 24
MOST_MATRICES = 12
LARGEST_MATRIX = 10
MOST_NOTES = 40
LONGEST = 400
MOVED = ("space", "homogeneous", "internal")
"""Blocks that `symdisc apply` moves data by."""
TYPES = {"png": "image/png", "svg": "image/svg+xml"}
WORDS = {"symmetric": "good", "none": "bad", "inconclusive": "doubt", "constructed": "neutral"}
WHERE = {
    "generators": ("generators", "canonical"),
    "evidence": ("spectrum",),
    "algebra": ("structure_constants", "killing_form", "roots", "root_projection", "eigenvalues"),
    "flow": ("flow", "fields", "before_after"),
}


def page(symmetry: Symmetry, pictures: Mapping[Panel, bytes] | None = None, fmt: str = "png") -> str:
    """The HTML of a result.

    Args:
        pictures: its plots and their content, as `render` makes it; None: a page without pictures.
        fmt: png or svg.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("symdisc.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["clean"] = clean
    environment.finalize = _printable
    return environment.get_template("report.html").render(_context(symmetry, pictures, fmt))


def _printable(value: object) -> object:
    """Everything that is put into the page, but for markup that the template made itself."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return value if value.isprintable() else "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in value)


def clean(text: object) -> str:
    """A user's text on one line: no control characters, none that reverse the direction of writing, not too long."""
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in str(text))
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


def _context(symmetry: Symmetry, pictures: Mapping[Panel, bytes] | None, fmt: str) -> dict[str, Any]:
    given = "given" in symmetry.origin
    known = symmetry.algebra or {}
    return {
        "title": clean(_called(symmetry)),
        "method": symmetry.method,
        "count": len(symmetry),
        "most_matrices": MOST_MATRICES,
        "parts": _parts(symmetry, pictures or {}),
        "versions_symdisc": __version__,
        "verdict": symmetry.verdict.value,
        "tone": WORDS[symmetry.verdict.value],
        "headline": _headline(symmetry, known),
        "sentence": _sentence(symmetry.verdict.sentence(given)),
        "reason": _sentence(symmetry.reason) if symmetry.reason else "",
        "key_facts": _key_facts(symmetry),
        "matrices": _matrices(symmetry),
        "matrix_note": _matrix_note(symmetry),
        "rows": _rows(symmetry),
        "more_rows": max(0, len(symmetry) - MOST_ROWS) if symmetry.verdict is not Verdict.CONSTRUCTED else 0,
        "level": f"{symmetry.level:g}",
        "tolerance": f"{symmetry.tolerance:g}",
        "evidence": _evidence(symmetry),
        "formula": _method_words(symmetry.method),
        "algebra": facts(known) if len(symmetry) else [],
        "acts": sentence(known, [block.role for block in symmetry.blocks]) if known and len(symmetry) else "",
        "latex": _latex(symmetry),
        "plots": _plots(pictures or {}, fmt),
        "with_pictures": pictures is not None,
        "use": _use(symmetry),
        "bibtex": _bibtex(symmetry),
        "provenance": _provenance(symmetry),
        "files": symmetry.data.get("files") or [],
        "options": sorted(symmetry.options.items()),
        "versions": sorted(symmetry.versions.items()),
        "notes": symmetry.notes[:MOST_NOTES],
    }


def _parts(symmetry: Symmetry, pictures: Mapping[Panel, bytes]) -> list[tuple[str, str]]:
    """Anchors and words of the sections that this page has."""
    filled = {name for name, plots in _plots(pictures, "png").items() if plots}
    every = {"generators": "Generators", "evidence": "Evidence", "flow": "Flow", "algebra": "Algebra"}
    every |= {"method": "Method", "use": "Use it", "provenance": "Provenance", "cite": "Cite"}
    absent = {"flow", "method"} - filled
    if not (symmetry.algebra or {}).get("name") or not len(symmetry):
        absent.add("algebra")
    return [(name, words) for name, words in every.items() if name not in absent]


def _called(symmetry: Symmetry) -> str:
    names = [str(file.get("name", "")) for file in symmetry.data.get("files") or []]
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "") or "arrays in memory"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _headline(symmetry: Symmetry, known: Mapping[str, Any]) -> str:
    name = str(known.get("name") or "")
    of = f", algebra {name}" if name and not name.startswith("unnamed") else ""
    count = plural(len(symmetry), "generator")
    if "given" in symmetry.origin:
        held = f"{symmetry.certified_dimension} of {plural(len(symmetry), 'given generator')} certified"
        return f"{held}: {'the symmetry is' if symmetry.verdict is Verdict.SYMMETRIC else 'not all of it is'} there"
    if symmetry.verdict is Verdict.SYMMETRIC:
        return f"Symmetry found: {count}{of}"
    if symmetry.verdict is Verdict.NONE:
        return "No symmetry among the candidates"
    if symmetry.verdict is Verdict.CONSTRUCTED:
        return f"{count}{of} by construction, no discovery"
    return f"The data cannot tell: {count} not ruled out" if len(symmetry) else "The data cannot tell"


def _key_facts(symmetry: Symmetry) -> list[tuple[str, str]]:
    found = [("certified generators", str(symmetry.certified_dimension))]
    if symmetry.dimension_bounds is not None:
        low, high = symmetry.dimension_bounds
        found.append(("dimension, bounds", f"{low} to {high}" if low != high else str(low)))
    if len(symmetry) and symmetry.verdict is not Verdict.CONSTRUCTED:
        found.append(("largest defect", short(_largest(symmetry.defect))))
        if np.isfinite(symmetry.defect_upper).any():
            found.append((f"its bound, at {symmetry.level:g}", short_bound(_largest(symmetry.defect_upper))))
    if symmetry.next_defect is not None:
        found.append(("next direction", short(symmetry.next_defect)))
    if symmetry.samples_needed is not None:
        found.append(("samples would decide", f"{_two_digits(symmetry.samples_needed):,}"))
    return found


def _largest(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else float("nan")


def _two_digits(count: int) -> int:
    """Rounded up: an estimate has no more."""
    unit = 10 ** max(0, len(str(count)) - 2)
    return -(-count // unit) * unit


def _matrices(symmetry: Symmetry) -> list[dict[str, Any]]:
    """Small matrices as tables whose cells carry their colour: the canonical basis where there is one."""
    if not len(symmetry) or symmetry.generators.shape[1] > LARGEST_MATRIX:
        return []
    shown = [("C", symmetry.canonical)] if symmetry.canonical is not None and len(symmetry.canonical) else []
    shown.append(("L", symmetry.preview(MOST_MATRICES)))
    tables = []
    for letter, stack in shown:
        assert stack is not None
        scale = float(np.abs(stack).max()) or 1.0
        cuts = {block.start for block in symmetry.blocks if block.start}
        for index, matrix in enumerate(stack[:MOST_MATRICES]):
            title = "canonical basis, a rotation turns by t radians" if letter == "C" else symmetry.status[index]
            tables.append({"name": f"{letter}[{index}]", "title": title, "rows": _cells(matrix, scale, cuts)})
    return tables


def _cells(matrix: np.ndarray, scale: float, cuts: set[int]) -> list[list[dict[str, Any]]]:
    return [
        [
            {
                "text": "0" if abs(value) < 5e-4 * scale else f"{value:.3g}",
                "sign": "plus" if value > 0 else "minus",
                "depth": f"{min(1.0, abs(value) / scale):.2f}",
                "cut": " ".join(word for word, at in (("cut-left", j), ("cut-top", i)) if at in cuts),
            }
            for j, value in enumerate(row)
        ]
        for i, row in enumerate(matrix)
    ]


def _matrix_note(symmetry: Symmetry) -> str:
    blocks = "; ".join(
        f"{block.role}: rows and columns {block.start} to {block.stop - 1}{f', {block.units}' if block.units else ''}"
        for block in symmetry.blocks
    )
    k, m, _ = symmetry.generators.shape
    shape = f"{plural(k, 'matrix', 'matrices')} of {m} x {m}, acting as x -> x + eps L x on column vectors"
    return f"{shape}. Blocks: {blocks}." if len(symmetry.blocks) > 1 or "units" in blocks else f"{shape}."


def _rows(symmetry: Symmetry) -> list[dict[str, Any]]:
    if symmetry.verdict is Verdict.CONSTRUCTED:
        return []
    return [
        {
            "name": f"L[{index}]",
            "defect": defect_text(float(symmetry.defect[index]), float(symmetry.defect_upper[index]), "\u2264"),
            "status": symmetry.status[index],
            "origin": symmetry.origin[index],
        }
        for index in range(min(MOST_ROWS, len(symmetry)))
    ]


def _evidence(symmetry: Symmetry) -> list[tuple[str, str]]:
    found = []
    if symmetry.candidates.get("space"):
        size = symmetry.candidates.get("dimension")
        found.append(("candidates", f"{symmetry.candidates['space']}{f', {size} dimensions' if size else ''}"))
    if symmetry.next_defect is not None:
        found.append(("next direction", f"the best one not accepted has defect {short(symmetry.next_defect)}"))
    if symmetry.closure_error is not None and len(symmetry) > 1:
        found.append(("closure", f"relative size of brackets outside the span: {short(symmetry.closure_error)}"))
    if symmetry.unused_dimension:
        count = plural(symmetry.unused_dimension, "direction")
        found.append(("unused", f"{count} never seen by the data: neither symmetric nor broken"))
    if symmetry.samples_needed is not None:
        found.append(("samples", f"about {_two_digits(symmetry.samples_needed):,} would decide what is open"))
    return found


def _method_words(name: str) -> dict[str, str]:
    try:
        method = get(name)
    except InputError:
        return {}
    return {"summary": method.summary, "formula": method.formula, "limits": method.limits, "source": method.source}


def _bibtex(symmetry: Symmetry) -> str:
    try:
        return bibtex(used(symmetry))
    except InputError:
        return bibtex(["symdisc"])


def _latex(symmetry: Symmetry) -> str:
    algebra = algebra_of(symmetry)
    return latex(algebra) if algebra is not None else ""


def _plots(pictures: Mapping[Panel, bytes], fmt: str) -> dict[str, list[dict[str, str]]]:
    """By section; what no section asks for stands under `method`."""
    sections: dict[str, list[dict[str, str]]] = {name: [] for name in (*WHERE, "method")}
    for panel, content in pictures.items():
        section = next((name for name, names in WHERE.items() if panel.name in names), "method")
        if isinstance(panel, Message):
            sections[section].append({"source": "", "alt": f"{panel.title}: {panel.text}"})
            continue
        coded = base64.b64encode(content).decode("ascii")
        sections[section].append(
            {
                "source": f"data:{TYPES[fmt]};base64,{coded}",
                "alt": clean(f"{panel.title}. {panel.caption}"),
            }
        )
    return sections


def _use(symmetry: Symmetry) -> dict[str, Any]:
    """Commands and lines of Python with the names of this result in them."""
    files = symmetry.data.get("files") or [{}]
    data = clean(files[0].get("name") or "data.h5")
    folder = f"{PurePath(data).stem or 'result'}.symdisc"
    quoted, source = shlex.quote(folder), shlex.quote(data)
    factored = not isinstance(symmetry.generators, np.ndarray)
    shape = " x ".join(map(str, symmetry.generators.shape))
    python = [
        "import symdisc",
        f"result = symdisc.load({folder!r})",
        f"L = result.{'preview(4)' if factored else 'generators'}  # {shape}{', by factors' if factored else ''}",
    ]
    shell = [f"symdisc report {quoted}", f"symdisc cite {quoted}"]
    if len(symmetry) and not factored:
        shell = [
            f"symdisc analyze {quoted}",
            f"symdisc test NEW_DATA --generators {quoted}",
            f"symdisc export {quoted} --to latex",
            *shell,
        ]
        if symmetry.kind == "labelled":
            shell.insert(2, f"symdisc train {source} --generators {quoted}")
    if len(symmetry) and {block.role for block in symmetry.blocks} & set(MOVED):
        k = len(symmetry)
        t = "0.3" if k == 1 else f"np.full({k}, 0.3)"
        kind = f", kind={symmetry.kind!r}" if symmetry.kind in ("trajectory", "field") else ""
        axes = f", axes={clean(symmetry.data['axes'])!r}" if symmetry.data.get("axes") else ""
        python.append(f"moved = symdisc.apply(result, x, {t}{kind}{axes})  # x: data of yours")
        python = ["import numpy as np", *python] if k > 1 else python
        shell.insert(0, f"symdisc apply {quoted} {source} --random 0.3")
    return {
        "folder": folder,
        "quoted": quoted,
        "python": "\n".join(python),
        "shell": "\n".join(shell),
        "factored": factored,
    }


def _provenance(symmetry: Symmetry) -> list[tuple[str, str]]:
    data = symmetry.data
    shape = data.get("x_shape")
    found = [
        ("method", f"{symmetry.method}, kind {symmetry.kind}"),
        ("x", f"{' x '.join(map(str, shape))}, axes {data.get('axes', '-')}" if shape else "-"),
        ("samples", str(data.get("samples", "-"))),
        ("tolerance, level", f"{symmetry.tolerance:g}, {symmetry.level:g}"),
        ("seed", str(symmetry.seed)),
        ("computed on", f"{symmetry.device}, {symmetry.dtype}"),
    ]
    return found
