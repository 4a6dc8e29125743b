"""The arrays that a name stands for: one, `A+B` side by side as components, or `*/A`, one sample a group."""

from __future__ import annotations

import functools

from ..errors import InputError
from .assembled import Joined, Stacked
from .listing import Container, unknown
from .selection import Name
from .sources import Source


def parts(container: Container, text: str, first: str | None = None) -> list[Name]:
    """The arrays that a name stands for, at least one.

    Args:
        container: the open file.
        text: what the user typed, without regard to an index behind it.
        first: label of the first of several files, where this is another.

    Raises:
        InputError: one is not there; the message lists those that are.
    """
    name = Name.parse(text, container.exists, container.label)
    body = ".".join([name.path, *name.fields])
    found = [Name.parse(part.strip(), container.exists, container.label) for part in body.split("+")]
    if container.exists(name.path) and (len(found) == 1 or not all(container.exists(part.path) for part in found)):
        return [name]
    if len(found) == 1:
        found = [Name(path) for path in matching(container, name.path)] or [name]
    for part in found:
        if not container.exists(part.path):
            others = [info.name for info in container.arrays() if info.numeric or (not info.refused and info.shape)]
            error = unknown(container.label, part.path, others)
            raise (
                error if first is None else InputError(f"{error}; {first} has it, and files of one data set are alike")
            )
        if part.index:
            raise InputError(f"{container.label}: `{text}`: an index stands behind all names, and is of the whole")
    return found


def matching(container: Container, pattern: str) -> list[str]:
    """Paths of the arrays that `GROUP/*/NAME` stands for, in the order of their names; [] for other patterns."""
    words = pattern.split("/")
    if words.count("*") != 1:
        return []
    before, after = "/".join(words[: words.index("*")]), "/".join(words[words.index("*") + 1 :])
    paths = ["/".join(filter(None, (before, child, after))) for child in container.tree.children(before)]
    return [path for path in paths if container.exists(path)]


def source_of(container: Container, names: list[Name], label: str, text: bool, lead: int | None) -> Source:
    """The array of one name, or several as one.

    Args:
        container: the open file.
        names: from `parts`.
        label: what messages call the whole.
        text: whether fixed-length strings are fine too (group ids).
        lead: of names joined by `+`: how many axes they share; None: those of the smallest.

    Raises:
        InputError: not numbers, or arrays that do not fit together.
    """
    if len(names) == 1:
        return container.source(names[0].path, names[0].fields, text=text)
    if not names[0].text:
        return Stacked([functools.partial(container.source, name.path, ()) for name in names], label)
    return Joined([container.source(name.path, name.fields) for name in names], label, lead)
