"""Candidate generators of fields: on the components, on space-time, or on both at once."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ..candidates import Candidates, candidates, read_mask
from ..method import Given
from .actions import INTERNAL
from .currents import all_spacetime

SPACETIME = "spacetime"
JOINT = "joint"


def spaces_of(spec: str, components: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """(K1, v, v) internal and (K2, D+1, D+1) space-time candidates of a specification."""
    words = [word.strip() for word in spec.split("+")]
    known = {INTERNAL, SPACETIME, JOINT}
    rest = [word for word in words if word not in known]
    if SPACETIME in words and rest:
        raise InputError(f"--candidates {spec}: {', '.join(rest)} restricts the components; join it with {JOINT}")
    inner: Candidates | None = None
    if SPACETIME not in words or JOINT in words:
        inner = candidates("+".join(rest) or "linear", components, read_mask)
        if inner.affine:
            raise InputError(f"--candidates {spec}: fields have no affine generators here; drop affine")
    internal = inner.matrices(np.eye(inner.dimension)) if inner else np.zeros((0, components, components))
    moving = SPACETIME in words or JOINT in words
    return internal, all_spacetime(dimensions) if moving else np.zeros((0, dimensions + 1, dimensions + 1))


def given_spaces(given: Given, components: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Internal and space-time parts of given generators.

    Raises:
        InputError: they have neither, or of other sizes.
    """
    internal, spacetime = given.part(INTERNAL), given.part(SPACETIME)
    if internal is None and spacetime is None:
        internal = given.part("space")
    sizes = {INTERNAL: (internal, components), SPACETIME: (spacetime, dimensions + 1)}
    for role, (part, size) in sizes.items():
        if part is not None and part.shape[1] != size:
            raise InputError(f"--generators: their {role} block has size {part.shape[1]}, these fields need {size}")
    if internal is None and spacetime is None:
        raise InputError(f"--generators: they have no block {INTERNAL} or {SPACETIME}")
    none = np.zeros((0, components, components)), np.zeros((0, dimensions + 1, dimensions + 1))
    return (none[0] if internal is None else internal), (none[1] if spacetime is None else spacetime)
