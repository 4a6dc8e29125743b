"""The plots that every result has, whatever the method: what to show of a `Symmetry`, as panels."""

from __future__ import annotations

import numpy as np

from ..factored import FactoredRotations
from ..panels import Curve, Image, ImageGrid, Level, Message, Panel, Series
from ..symmetry import Symmetry, Verdict
from .algebra_panels import roots
from .numbers import defect_text, plural, short

SHOWN = 16
COLOURED = 6
MOST_PIXELS = 4_000_000
MOST_CONSTANTS = 64
VANISHES = 1e-9
OPEN = 0.1  # relative size of brackets outside the span
STATUS = {
    "certified": ("certified: defect and its upper bound", "disc", "good"),
    "consistent": ("consistent: defect and its upper bound", "ring", "doubt"),
    "broken": ("broken: shown to be above tolerance", "cross", "bad"),
}


def standard_panels(symmetry: Symmetry) -> list[Panel]:
    """Generators, canonical basis if there is one, spectrum, structure constants, Killing form, eigenvalues."""
    panels = [generators(symmetry), spectrum(symmetry), structure_constants(symmetry)]
    panels += [killing_form(symmetry), eigenvalues(symmetry)]
    if symmetry.canonical is not None and len(symmetry.canonical):
        panels.insert(1, canonical(symmetry))
    facts = symmetry.algebra or {}
    if facts.get("semisimple") and facts.get("rank") and symmetry.structure_constants is not None:
        panels += roots(symmetry.structure_constants, facts["rank"], facts["name"])
    return panels


def generators(symmetry: Symmetry) -> Panel:
    """Heat maps of the first matrices, 16 at most and fewer large ones, on one colour scale centred on 0."""
    count = len(symmetry)
    if not count:
        return _nothing(symmetry, "generators", "Generators")
    size = symmetry.generators.shape[1]
    shown = symmetry.preview(int(np.clip(MOST_PIXELS / size**2, 1, SHOWN)))
    titles = []
    for index in range(len(shown)):
        defect = defect_text(symmetry.defect[index], symmetry.defect_upper[index], "\u2264")
        made = "by construction" if symmetry.verdict is Verdict.CONSTRUCTED else symmetry.status[index]
        titles.append(f"L[{index}]  {made}\ndefect {defect}")
    kind = "Constructed generators" if symmetry.verdict is Verdict.CONSTRUCTED else "Generators"
    caption = f"L[i] acts as x -> x + eps L[i] x; one colour scale, white is 0.{_blocks(symmetry)}"
    if symmetry.verdict is Verdict.CONSTRUCTED:
        caption += " Every distribution has such generators: they are no discovery."
    elif np.isfinite(symmetry.defect_upper).any():
        caption += f" In brackets: upper bound of the relative defect at level {symmetry.level:g}."
    return ImageGrid(
        name="generators",
        title=f"{kind}: {_how_many(len(shown), count)}",
        caption=caption,
        arrays=shown,
        titles=titles,
        value_label="matrix entry (Frobenius norm 1)",
        x_label="input component",
        y_label="output component",
        cuts=_cuts(symmetry),
    )


def canonical(symmetry: Symmetry) -> Panel:
    """The same span in its canonical basis."""
    assert symmetry.canonical is not None
    shown = symmetry.canonical[:SHOWN]
    name = _algebra_name(symmetry)
    return ImageGrid(
        name="canonical",
        title=f"Canonical basis{f' of {name}' if name else ''}: {_how_many(len(shown), len(symmetry.canonical))}",
        caption="The same span in its canonical, physically scaled basis (a rotation turns by t radians); "
        f"one colour scale, white is 0.{_blocks(symmetry)}",
        arrays=shown,
        titles=[f"C[{index}]" for index in range(len(shown))],
        value_label="matrix entry",
        x_label="input component",
        y_label="output component",
        cuts=_cuts(symmetry),
    )


def spectrum(symmetry: Symmetry) -> Panel:
    """Defects of candidate directions, ascending, with tolerance, noise floor and what was decided about each."""
    title = "Spectrum: relative defect of the candidate directions"
    if symmetry.verdict is Verdict.CONSTRUCTED:
        worst = symmetry.defect.max() if len(symmetry) else 0.0
        return Message(
            name="spectrum",
            title=title,
            text="No candidate was put to the test: a formula makes such generators from any data "
            f"(largest defect {short(worst)}).",
        )
    given = [index for index, origin in enumerate(symmetry.origin) if origin == "given"]
    found = given or [index for index, origin in enumerate(symmetry.origin) if origin != "closure"]
    values = np.zeros(0) if given else np.asarray(symmetry.spectrum, float)
    if not found and not len(values):
        return _nothing(symmetry, "spectrum", title)
    series = _floor(symmetry, len(values)) + _untested(symmetry, values, len(found))
    status = np.array(symmetry.status)[found]
    for word, (label, mark, tone) in STATUS.items():
        at = np.flatnonzero(status == word)
        rows = np.asarray(found)[at] if len(at) else at
        if len(at):
            series.append(Series(label, at, symmetry.defect[rows], mark, symmetry.defect_upper[rows], tone, 6.5))  # type: ignore[arg-type]
    closures = len(symmetry) - len(found)
    caption = "0: exact symmetry; 1: no cancellation at all. "
    if any(item.mark == "dot" for item in series):
        caption += "Small dots: defects on all data, which selection makes look smaller than the held-out ones. "
    if closures:
        caption += f"{plural(closures, 'generator')} from brackets (closure) not shown. "
    if any((item.y == 0).any() for item in series):
        caption += "Zeros lie on the lower edge. "
    return Curve(
        name="spectrum",
        title="Relative defect of the given generators" if given else title,
        caption=caption.strip(),
        x_label="generator" if given else "direction, in order of its defect",
        y_label="relative defect",
        series=series,
        levels=[Level(f"tolerance {symmetry.tolerance:g}", symmetry.tolerance)],
        log_y=True,
        whole_x=True,
    )


def _floor(symmetry: Symmetry, count: int) -> list[Series]:
    floor = symmetry.extras.get("noise_floor")
    if floor is None or not count:
        return []
    floor = np.asarray(floor, float)
    if floor.ndim and len(floor) != count:
        return []
    floor = np.broadcast_to(floor, (count,))
    if not (floor > 0).any():
        return []
    return [Series("noise floor: what noise alone would show", np.arange(count), floor, "area", None, "neutral")]


def _untested(symmetry: Symmetry, values: np.ndarray, found: int) -> list[Series]:
    """The spectrum, split where the bound of the dimension says that the rest is broken."""
    if not len(values):
        return []
    size = 5.0 if len(values) <= 64 else 3.0
    at = np.arange(len(values))
    series = []
    if symmetry.dimension_bounds is None:
        return [Series("candidate directions, on all data", at, values, "dot", None, "neutral")]
    if found:
        label = "the same directions, on all data"
        series.append(Series(label, at[:found], values[:found], "dot", None, "neutral"))
    edge = max(found, symmetry.dimension_bounds[1])
    undecided, broken = at[found:edge], at[edge:]
    if len(undecided):
        label = "undecided: neither certified nor shown broken"
        series.append(Series(label, undecided, values[undecided], "ring", None, "doubt", size))
    if len(broken):
        label = f"broken: beyond the bound of the dimension, {symmetry.dimension_bounds[1]}"
        series.append(Series(label, broken, values[broken], "cross", None, "bad", size))
    return series


def structure_constants(symmetry: Symmetry) -> Panel:
    """One slice c[:, :, k] for each generator."""
    name, title = "structure_constants", "Structure constants"
    missing = _no_constants(symmetry, name, title)
    if missing:
        return missing
    constants = symmetry.structure_constants
    assert constants is not None
    largest = float(np.abs(constants).max())
    if largest <= VANISHES:
        return Message(name=name, title=title, text=_commute(symmetry))
    k = len(constants)
    called = _algebra_name(symmetry)
    return ImageGrid(
        name=name,
        title=f"{title}{f' of {called}' if called else ''}: largest |c| = {short(largest)}",
        caption="[L[i], L[j]] = sum over k of c[i, j, k] L[k]: slice k holds the share of L[k] in the bracket of "
        "L[i] (row) and L[j] (column). All white would be commuting generators.",
        arrays=np.moveaxis(constants, 2, 0),
        titles=[f"k = {index}" for index in range(k)],
        value_label="c[i, j, k]",
        x_label="j",
        y_label="i",
    )


def killing_form(symmetry: Symmetry) -> Panel:
    """K[i, j] = tr(ad L_i ad L_j) = sum_ab c[i, a, b] c[j, b, a], with eigenvalues and signature."""
    name, title = "killing_form", "Killing form"
    missing = _no_constants(symmetry, name, title)
    if missing:
        return missing
    constants = symmetry.structure_constants
    assert constants is not None
    form = np.einsum("iab,jba->ij", constants, constants)
    form = (form + form.T) / 2
    if np.abs(form).max() <= VANISHES:
        reason = "the algebra is nilpotent, abelian or another one without a Killing form to show"
        if np.abs(constants).max() <= VANISHES:
            return Message(name=name, title=title, text=_commute(symmetry))
        return Message(name=name, title=title, text=f"All zero: {reason}.")
    values = np.linalg.eigvalsh(form)
    plus, minus, zero = _signature(symmetry, values)
    return Image(
        name=name,
        title=f"{title}: {plus} positive, {minus} negative, {zero} zero",
        caption=f"K[i, j] = tr(ad L[i] ad L[j]). Eigenvalues: {_listed(values)}. Negative definite: compact and "
        "semisimple; none zero: semisimple.",
        array=form,
        value_label="K[i, j]",
        x_label="j",
        y_label="i",
    )


def eigenvalues(symmetry: Symmetry) -> Panel:
    """Eigenvalues of the first generators in the complex plane."""
    name, title = "eigenvalues", "Eigenvalues of the generators"
    if not len(symmetry):
        return _nothing(symmetry, name, title)
    if isinstance(symmetry.generators, FactoredRotations):
        values = np.stack([symmetry.generators.eigenvalues_of(index) for index in range(min(COLOURED, len(symmetry)))])
    else:
        affordable = int(np.clip(3e8 / symmetry.generators.shape[1] ** 3, 1, COLOURED))
        values = np.linalg.eigvals(symmetry.preview(affordable))
    if np.abs(values).max() < 1e-6:
        return Message(name=name, title=title, text="All eigenvalues are 0: the generators are nilpotent (shears).")
    count = len(values)
    return Curve(
        name=name,
        title=f"{title}: {_how_many(count, len(symmetry))}",
        caption="On the imaginary axis: rotations (exp(tL) oscillates); on the real axis: scalings and boosts; at 0: "
        "directions left alone, or shears. Points that coincide are drawn inside each other.",
        x_label="real part (per unit of t)",
        y_label="imaginary part (per unit of t)",
        series=[
            Series(f"L[{index}]", row.real, row.imag, "ring", size=5.0 + 3.0 * (count - 1 - index))
            for index, row in enumerate(values)
        ],
        equal=True,
    )


def _nothing(symmetry: Symmetry, name: str, title: str) -> Message:
    """No generators: the reason, in the words of the result."""
    reason = (symmetry.reason or symmetry.verdict.sentence()).rstrip(".")
    return Message(name=name, title=title, text=f"Nothing to draw: no generator was found. Reason: {reason}.")


def _no_constants(symmetry: Symmetry, name: str, title: str) -> Message | None:
    if not len(symmetry):
        return _nothing(symmetry, name, title)
    if symmetry.structure_constants is not None and len(symmetry.structure_constants) <= MOST_CONSTANTS:
        return None
    called = _algebra_name(symmetry)
    known = f" The algebra is {called}." if called else ""
    why = f"not shown above k = {MOST_CONSTANTS}" if len(symmetry) > MOST_CONSTANTS else "not computed for this result"
    return Message(name=name, title=title, text=f"{plural(len(symmetry), 'generator')}: {why}.{known}")


def _commute(symmetry: Symmetry) -> str:
    if len(symmetry) == 1:
        return "All zero: a single generator commutes with itself."
    if (symmetry.closure_error or 0.0) > OPEN:
        return "All zero: the brackets of these generators lie outside their span, which is no Lie algebra by itself."
    return f"All zero: the {len(symmetry)} generators commute with each other (an abelian algebra)."


def _signature(symmetry: Symmetry, values: np.ndarray) -> tuple[int, int, int]:
    """From the algebra's analysis, which knows the noise; else by rounding alone."""
    known = (symmetry.algebra or {}).get("killing_signature")
    if isinstance(known, (list, tuple)) and len(known) == 3 and sum(known) == len(values):
        return tuple(known)
    zero = np.abs(values) <= 1e-8 * np.abs(values).max()
    return int((values[~zero] > 0).sum()), int((values[~zero] < 0).sum()), int(zero.sum())


def _listed(values: np.ndarray) -> str:
    if np.ptp(values) <= 1e-6 * np.abs(values).max():
        return f"{values[0]:.3g} ({plural(len(values), 'time')})"
    if len(values) > 8:
        return f"{len(values)} from {values[0]:.3g} to {values[-1]:.3g}"
    largest = np.abs(values).max()
    return ", ".join(f"{0.0 if abs(value) < 1e-8 * largest else value:.3g}" for value in values)


def _how_many(shown: int, count: int) -> str:
    return plural(count, "matrix", "matrices") if shown == count else f"first {shown} of {count}"


def _algebra_name(symmetry: Symmetry) -> str:
    name = (symmetry.algebra or {}).get("name") or ""
    return "" if name.startswith("unnamed") else name


def _cuts(symmetry: Symmetry) -> list[int]:
    return [block.start for block in symmetry.blocks if block.start > 0]


def _blocks(symmetry: Symmetry) -> str:
    if len(symmetry.blocks) < 2 and not any(block.units for block in symmetry.blocks):
        return ""
    spans = [
        f"{block.role} {block.start}-{block.stop - 1}{f' ({block.units})' if block.units else ''}"
        for block in symmetry.blocks
    ]
    return f" Components: {', '.join(spans)}."
