"""The registry of known algebras. What exact arithmetic can tell is not written down: `known_facts` computes it."""

from __future__ import annotations

from collections import Counter
from functools import cache

import exact
import known_mixed
import known_semisimple
import known_solvable
from known import KnownAlgebra

SMALL: dict[str, KnownAlgebra] = {
    **known_semisimple.compact_simple(),
    **known_semisimple.noncompact_simple(),
    **known_solvable.abelian(),
    **known_solvable.low_solvable(),
    **known_solvable.larger_solvable(),
    **known_mixed.physics(),
    **known_mixed.sums(),
    **known_mixed.semidirect(),
}
"""k <= 28."""

LARGE: dict[str, KnownAlgebra] = known_semisimple.large_simple()

KNOWN: dict[str, KnownAlgebra] = SMALL | LARGE


@cache
def known_facts(title: str) -> dict[str, object]:
    """Everything that `analyze` must say about an entry besides names, whatever the basis."""
    known = KNOWN[title]
    found = exact.facts(known.generators)
    antisymmetric = not (known.generators + known.generators.transpose(0, 2, 1)).any()
    # Weyl: a representation of a compact semisimple algebra preserves a positive form; a centre need not.
    torus = known.torus if known.torus is not None else antisymmetric or not found["center_dimension"]
    return {**found, "simple": known.simple, "matrix_compact": bool(found["compact"] and torus)}


def distinct_names() -> Counter[str]:
    return Counter(known.called for known in KNOWN.values() if known.called)
