"""A few algebras for every property of `analyze`; the names that it must give stand in known_algebras.py."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import disguise
import exact
import numpy as np
from matrices import (
    BOOST,
    ROTATION,
    affine,
    bianchi,
    block,
    borel,
    galilei,
    general_linear,
    heisenberg,
    on_tensors,
    oscillator,
    pseudo_orthogonal,
    special_linear,
    special_linear_complex,
    stack,
    symplectic,
    unit,
    unitary,
    upper,
)


@dataclass(frozen=True)
class Known:
    """Integer generators (k, m, m) and what textbooks say; the other facts follow by exact arithmetic.

    called: the name that the tool must give; None where it must say `unnamed: ...`.
    """

    generators: np.ndarray
    nilradical: int
    rank: int
    simple: bool = False
    compact: bool = False
    matrix_compact: bool = False
    called: str | None = None

    @property
    def fills_gl(self) -> bool:
        """Whether closure is blind to noise."""
        k, m, _ = self.generators.shape
        return k == m * m


SO3_SO3 = "so(3) + so(3)"

REGISTRY = {
    "R as so(2)": Known(ROTATION, 1, 1, compact=True, matrix_compact=True, called="R"),
    "R as so(1,1)": Known(BOOST, 1, 1, compact=True, called="R"),
    "R nilpotent": Known(unit(3, 0, 1)[None] + unit(3, 1, 2)[None], 1, 1, compact=True, called="R"),
    "R dilation": Known(np.eye(3, dtype=int)[None], 1, 1, compact=True, called="R"),
    "R^3 diagonal": Known(stack(*(unit(3, i, i) for i in range(3))), 3, 3, compact=True, called="R^3"),
    "R^2 torus": Known(block(ROTATION, ROTATION), 2, 2, compact=True, matrix_compact=True, called="R^2"),
    "R^2 torus and boost": Known(block(ROTATION, BOOST), 2, 2, compact=True, called="R^2"),
    "R^4 commuting shears": Known(
        stack(*(unit(4, i, j) for i in (0, 1) for j in (2, 3))), 4, 4, compact=True, called="R^4"
    ),
    "R complex shear": Known(
        np.array([[[0, -1, 1, 0], [1, 0, 0, 1], [0, 0, 0, -1], [0, 0, 1, 0]]]), 1, 1, compact=True, called="R"
    ),
    "so(3)": Known(pseudo_orthogonal(3), 0, 1, True, True, True, "so(3)"),
    "so(3) on tensors": Known(on_tensors(pseudo_orthogonal(3)), 0, 1, True, True, True, "so(3)"),
    "su(2)": Known(unitary(2), 0, 1, True, True, True, "so(3)"),
    "so(4)": Known(pseudo_orthogonal(4), 0, 2, False, True, True, SO3_SO3),
    "so(3) + so(3) block": Known(block(pseudo_orthogonal(3), pseudo_orthogonal(3)), 0, 2, False, True, True, SO3_SO3),
    "so(5)": Known(pseudo_orthogonal(5), 0, 2, True, True, True),
    "so(6)": Known(pseudo_orthogonal(6), 0, 3, True, True, True),
    "su(3)": Known(unitary(3), 0, 2, True, True, True),
    "so(2,1)": Known(pseudo_orthogonal(2, 1), 0, 1, True, called="sl(2,R)"),
    "sl(2,R)": Known(special_linear(2), 0, 1, True, called="sl(2,R)"),
    "so(2,2)": Known(pseudo_orthogonal(2, 2), 0, 2, called="sl(2,R) + sl(2,R)"),
    "so(3,1)": Known(pseudo_orthogonal(3, 1), 0, 2, True, called="so(3,1)"),
    "sl(2,C)": Known(special_linear_complex(2), 0, 2, True, called="so(3,1)"),
    "so(3) + sl(2,R)": Known(block(pseudo_orthogonal(3), special_linear(2)), 0, 2, called="sl(2,R) + so(3)"),
    "sl(3,R)": Known(special_linear(3), 0, 2, True),
    "sl(3,C)": Known(special_linear_complex(3), 0, 4, True),
    "su(2,1)": Known(unitary(2, 1), 0, 2, True),
    "sp(4,R)": Known(symplectic(2), 0, 2, True),
    "so(3,2)": Known(pseudo_orthogonal(3, 2), 0, 2, True),
    "gl(2,R)": Known(general_linear(2), 1, 2),
    "gl(3,R)": Known(general_linear(3), 1, 3),
    "so(3) + R": Known(block(pseudo_orthogonal(3), ROTATION), 1, 2, False, True, True),
    "so(3) + boost": Known(block(pseudo_orthogonal(3), BOOST), 1, 2, False, True, False),
    "aff(1)": Known(affine(np.eye(1, dtype=int)[None]), 1, 1, called="aff(1)"),
    "aff(2)": Known(affine(general_linear(2)), 2, 2),
    "sl(2,R) |x R^2": Known(affine(special_linear(2)), 2, 1),
    "heis(3)": Known(heisenberg(1), 3, 3, called="heis(3)"),
    "heis(5)": Known(heisenberg(2), 5, 5),
    "galilei(1)": Known(galilei(1), 3, 3, called="heis(3)"),
    "galilei(3)": Known(galilei(3), 7, 4),
    "e(2)": Known(affine(pseudo_orthogonal(2)), 2, 1),
    "e(3)": Known(affine(pseudo_orthogonal(3)), 3, 2),
    "poincare(2,1)": Known(affine(pseudo_orthogonal(2, 1)), 3, 2),
    "poincare(3,1)": Known(affine(pseudo_orthogonal(3, 1)), 4, 2),
    "sim(2)": Known(affine(stack(*pseudo_orthogonal(2), np.eye(2, dtype=int))), 2, 2),
    "oscillator": Known(oscillator(), 3, 2),
    "n(4)": Known(upper(4, True), 6, 6),
    "borel(sl(3,R))": Known(borel(3), 3, 2),
    "upper triangular(3)": Known(upper(3, False), 4, 3),
    "bianchi(III)": Known(bianchi([[1, 0], [0, 0]]), 2, 2),
    "bianchi(IV)": Known(bianchi([[1, 1], [0, 1]]), 2, 1),
    "bianchi(V)": Known(bianchi([[1, 0], [0, 1]]), 2, 1),
    "e(1,1)": Known(bianchi([[1, 0], [0, -1]]), 2, 1),
    "bianchi(VI,h=-9)": Known(bianchi([[4, 0], [0, 2]]), 2, 1),
    "bianchi(VII,h=1)": Known(bianchi([[1, -1], [1, 1]]), 2, 1),
}


@cache
def truth(name: str) -> dict[str, object]:
    """Everything that `analyze` must say about a registry entry, whatever the basis."""
    known = REGISTRY[name]
    return {
        **exact.facts(known.generators),
        "nilradical_dimension": known.nilradical,
        "rank": known.rank,
        "simple": known.simple,
        "compact": known.compact,
        "matrix_compact": known.matrix_compact,
    }


def disguised(name: str, rng: np.random.Generator, noise: float, condition: float, extra: int = 0) -> np.ndarray:
    """Random basis of the algebra after a random similarity, with `extra` redundant combinations and noisy entries."""
    return disguise.disguised(REGISTRY[name].generators, rng, noise, condition, extra)
