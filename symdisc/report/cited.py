"""What a result used and a paper should cite, as keys of `symdisc.citations`."""

from __future__ import annotations

from ..discover.registry import get
from ..symmetry import Symmetry


def used(symmetry: Symmetry) -> list[str]:
    """Keys of the entries, the program first. Only a verdict that rests on bounds used the rule for them.

    Raises:
        InputError: a method that this version does not know.
    """
    bounded = ["read2002cls"] if symmetry.dimension_bounds is not None or symmetry.certified_dimension else []
    return ["symdisc", *get(symmetry.method).cites, *bounded]
