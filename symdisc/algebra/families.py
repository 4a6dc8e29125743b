"""Algebras known by construction: their facts in closed form, for any size and without structure constants."""

from __future__ import annotations

import numpy as np

from . import names
from .forms import Form
from .lie import LieAlgebra
from .realforms import simple_names
from .series import killing_form
from .span import matrices, span
from .structure import LISTED, brackets, jacobi_error

LARGEST_FORM = 64


def orthogonal(n: int, generators: np.ndarray | None = None, matrix_size: int | None = None) -> LieAlgebra:
    """so(n), the rotations of n dimensions: n(n-1)/2 generators.

    Args:
        n: 0 and 1 give dimension 0, 2 the abelian algebra R, 4 the sum so(3) + so(3).
        generators: (k, m, m) matrices known to span a similar copy of so(n); structure constants and Killing form are
            then those of the orthonormal basis nearest to them, else of (e_i e_j^T - e_j e_i^T) / sqrt 2, i < j.
            Above 64 generators neither is made.
        matrix_size: m, where the rotations act on part of a larger space (default: of the generators, else n).

    Raises:
        InputError: generators that are not square finite real matrices.
    """
    k = n * (n - 1) // 2
    m = matrix_size or (n if generators is None else int(matrices(generators).shape[1]))
    rounding = 8 * float(np.finfo(float).eps) * max(m, 1)
    algebra = LieAlgebra(k, m, _name(n), _aliases(n), "high", noise=rounding, jacobi_error=0.0)
    algebra.notes.append("known by construction: the facts are those of so(n), not measured")
    if n == 2:
        algebra.aliases = ["so(2)"]
    if n <= 2:
        abelian_facts(algebra)
    else:
        _semisimple_facts(algebra, n)
    algebra.matrix_compact = True
    if m == n:
        _defining_forms(algebra, n)
    else:
        algebra.notes.append("the rotations act on part of the space; commutant and invariant forms are left open")
    if k <= LISTED:
        _basis(algebra, n, generators)
    return algebra


def _name(n: int) -> str:
    if n < 2:
        return names.TRIVIAL
    return {2: "R", 4: "so(3) + so(3)", 6: "su(4)"}.get(n, f"so({n})")


def _aliases(n: int) -> list[str]:
    if n < 3 or n == 4:
        return names.aliases(_name(n))
    known = simple_names("BD"[n % 2 == 0], n // 2, 0, False) if n not in (3, 6) else simple_names("A", n // 2, 0, False)
    return known[1:]


def abelian_facts(algebra: LieAlgebra) -> None:
    """The invariants that every abelian algebra of this dimension has, 0 included."""
    k = algebra.dimension
    algebra.abelian = algebra.nilpotent = algebra.solvable = algebra.compact = True
    algebra.semisimple = algebra.simple = False
    algebra.killing_signature = (0, 0, k)
    algebra.derived_series = algebra.lower_central_series = [k, 0] if k else [0]
    algebra.upper_central_series = [0, k] if k else [0]
    algebra.center_dimension = algebra.radical_dimension = algebra.nilradical_dimension = algebra.rank = k
    algebra.factors = ["R"] * k
    if k <= LISTED:
        algebra.killing_form = np.zeros((k, k))


def _semisimple_facts(algebra: LieAlgebra, n: int) -> None:
    k = algebra.dimension
    algebra.abelian = algebra.nilpotent = algebra.solvable = False
    algebra.semisimple = algebra.compact = True
    algebra.simple = n != 4
    algebra.killing_signature = (0, k, 0)
    algebra.derived_series = algebra.lower_central_series = [k]
    algebra.upper_central_series = [0]
    algebra.center_dimension = algebra.radical_dimension = algebra.nilradical_dimension = 0
    algebra.rank = n // 2
    algebra.factors = algebra.levi_factors = algebra.name.split(" + ")


def _defining_forms(algebra: LieAlgebra, n: int) -> None:
    """On R^n itself so(n) preserves the metric alone; complex numbers commute with so(2), scalars with the others."""
    algebra.commutant_dimension = 2 if n == 2 else min(n, 1)
    if n > LARGEST_FORM:
        algebra.notes.append("the one invariant form is the metric of the space; it is not listed at this size")
    elif n:
        algebra.symmetric_forms = [Form(np.eye(n), (n, 0, 0))]
    if n == 2:
        algebra.antisymmetric_forms = [np.array([[0.0, 1.0], [-1.0, 0.0]])]


def _basis(algebra: LieAlgebra, n: int, generators: np.ndarray | None) -> None:
    if generators is None:
        i, j = np.triu_indices(n, 1)
        basis = np.zeros((len(i), n, n))
        basis[np.arange(len(i)), i, j] = 1 / np.sqrt(2)
        basis[np.arange(len(i)), j, i] = -1 / np.sqrt(2)
    else:
        basis = span(generators).basis
    found = brackets(basis)
    assert found.constants is not None
    algebra.basis, algebra.structure_constants = basis, found.constants
    algebra.killing_form = killing_form(found.constants)
    algebra.closure_error = found.closure_error(bool(algebra.abelian))
    algebra.jacobi_error = jacobi_error(found.constants)
    if found.noise is not None:
        algebra.noise = max(algebra.noise, found.noise)
