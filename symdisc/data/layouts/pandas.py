"""Tables that pandas wrote with PyTables (`DataFrame.to_hdf(..., format="table")`), among them top tagging."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..tree import Tree
from .columns import column_names
from .reading import Reading

MOMENTA = ("E", "PX", "PY", "PZ")
LABEL = "is_signal_new"
_SHOWN = 6


def recognise(tree: Tree, x: str | None) -> Reading | None:
    """By the group attribute `pandas_type` and the compound dataset `table` in the group."""
    frames = [name for name in tree.children() if tree.fields(f"{name}/table")]
    kinds = tree.attributes(dict.fromkeys(frames, ("pandas_type",)))
    frames = [name for name in frames if kinds[name].get("pandas_type") == "frame_table"]
    named = None if x is None else x.split("/")[0]
    if not frames or (named is not None and named not in frames) or (named is None and len(frames) > 1):
        return None
    path = f"{named or frames[0]}/table"
    blocks = {block: column_names(tree, path, block) for block in tree.fields(path) if block != "index"}
    return _top_tagging(path, blocks, x) or _table(tree, path, blocks, x)


def _top_tagging(path: str, blocks: dict[str, list[str] | None], x: str | None) -> Reading | None:
    """Momenta E_0, PX_0, PY_0, PZ_0, E_1, ... of the constituents of jets, and whether a top quark made the jet."""
    block = next((block for block, names in blocks.items() if names and names[:4] == [f"{c}_0" for c in MOMENTA]), None)
    if block is None or not any(LABEL in (names or ()) for names in blocks.values()):
        return None
    count = _constituents(blocks[block] or [])
    whole = f"{path}.{block}[:, :{4 * count}]"
    if x is not None and not re.match(re.escape(f"{path}.{block}"), x):
        return None
    return Reading(
        "top tagging (pandas table)",
        f"momenta E, PX, PY, PZ of {count} constituents in {block}, label {LABEL}",
        x=whole,
        y=f"{path}.{LABEL}",
        kind="labelled",
        axes="ncs",
        fold=4,
        notes=(
            "a constituent is a channel and its four-momentum the space; --axes ns for one long row instead",
            f"the first 20 constituents alone: --x '{path}.{block}[:, :80]'",
        ),
    )


def _constituents(names: Sequence[str]) -> int:
    count = 0
    while list(names[4 * count : 4 * count + 4]) == [f"{letter}_{count}" for letter in MOMENTA]:
        count += 1
    return count


def _table(tree: Tree, path: str, blocks: dict[str, list[str] | None], x: str | None) -> Reading | None:
    """Any other table: its columns are said; x is the only block of several columns, where there is one."""
    wide = [block for block in blocks if (tree.fields(path)[block] or (1,))[0] > 1]
    first = x or (f"{path}.{wide[0]}" if len(wide) == 1 else None)
    said = "; ".join(f"{block} ({_some(names)})" for block, names in blocks.items())
    example = next((name for names in blocks.values() for name in names or ()), None)
    notes = [f"a column is named {path}.{example}; several side by side are joined by +"] if example else []
    if first is None:
        return None
    return Reading("pandas table", f"{path}: {said}", x=first, notes=tuple(notes))


def _some(names: list[str] | None) -> str:
    if names is None:
        return "names not known"
    return ", ".join(names[:_SHOWN]) + (f", ... {len(names)} columns" if len(names) > _SHOWN else "")
