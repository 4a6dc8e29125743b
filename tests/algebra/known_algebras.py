"""The registry of known algebras. What exact arithmetic can tell is not written down: `known_facts` computes it."""

from __future__ import annotations

from collections import Counter
from functools import cache

import disguise
import known_mixed
import known_semisimple
import known_solvable
import numpy as np
from known import KnownAlgebra, facts_of

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

FEW = (
    "R as so(2)", "R as so(1,1)", "R nilpotent", "R screw", "R^3 diagonal", "R^2 torus and boost",
    "R^4 commuting shears", "so(3)", "so(3) on tensors", "so(3) as su(2)", "so(4)", "su(3)", "sl(2,R)",
    "so(2,2)", "so(3,1) as sl(2,C)", "so(3) + sl(2,R)", "sl(3,R)", "su(2,1)", "gl(2,R)", "gl(3,R)",
    "so(5) and boost", "aff(1)", "aff(2)", "sl(2,R) |x R^2", "heis(5)", "galilei(3)", "e(2)", "e(3)",
    "poincare(3,1)", "sim(2)", "oscillator", "n(4)", "borel(sl(3,R))", "upper triangular(3)", "bianchi(III)",
    "bianchi(IV)", "e(1,1)", "bianchi(VII,h=1)",
)  # fmt: skip
"""Some of every kind, for properties that need not be tried on all."""


@cache
def known_facts(title: str) -> dict[str, object]:
    """Everything that `analyze` must say about an entry besides names, whatever the basis."""
    return facts_of(KNOWN[title])


def distinct_names() -> Counter[str]:
    return Counter(known.called for known in KNOWN.values() if known.called)


def disguised(title: str, rng: np.random.Generator, noise: float, condition: float, extra: int = 0) -> np.ndarray:
    """An entry in a random basis after a random similarity, with `extra` redundant combinations and noisy entries."""
    return disguise.disguised(KNOWN[title].generators, rng, noise, condition, extra)
