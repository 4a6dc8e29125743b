"""Names of the columns of a table that pandas wrote, out of a pickle that is never run.

pandas keeps the names of a block's columns as a pickled list in the attribute `values_block_0_kind`. The opcodes of a
pickle can be listed without executing any; only those that push text or a whole number are looked at, and anything
but a plain list of them means that the names are not known.
"""

from __future__ import annotations

import pickletools

from ..tree import Tree

_PUSHES = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
_COUNTS = {"INT", "LONG", "BININT", "BININT1", "BININT2", "LONG1", "LONG4"}
_OTHERS = {
    *("PROTO", "FRAME", "MARK", "LIST", "EMPTY_LIST", "APPEND", "APPENDS", "STOP"),
    *("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"),
}


def column_names(tree: Tree, path: str, block: str) -> list[str] | None:
    """Names of the columns in a block of a table; None where they are not a plain list of its width.

    Args:
        tree: the file.
        path: of the table, such as `table/table`.
        block: a field of it, such as `values_block_0`.
    """
    width = tree.fields(path).get(block)
    pickled = tree.raw(path, f"{block}_kind")
    if width is None or pickled is None:
        return None
    names = listed(pickled)
    return names if names is not None and len(names) == (width[0] if width else 1) else None


def listed(pickled: bytes) -> list[str] | None:
    """The words of a pickled flat list of text and whole numbers; None for any other pickle. Nothing is executed."""
    words: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            if opcode.name in _PUSHES or opcode.name in _COUNTS:
                words.append(str(argument))
            elif opcode.name not in _OTHERS:
                return None
    except Exception:  # a damaged pickle raises whatever its opcodes' readers raise
        return None
    return words


def place_of(tree: Tree, path: str, column: str) -> tuple[str, int] | None:
    """The block that holds a column, and where in it; None where no column has that name."""
    for block in tree.fields(path):
        names = column_names(tree, path, block)
        if names is not None and column in names:
            return block, names.index(column)
    return None
