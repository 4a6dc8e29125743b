"""`analyze`: from matrices, noisy and redundant, to the structure of the Lie algebra they span."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from . import forms, ideals, names, series, structure
from .decisions import Ruler
from .families import abelian_facts
from .lie import LieAlgebra
from .span import Span, span

NOT_CLOSED = 0.15
DOUBTFUL = 0.01
UNEXPLAINED = 5.0


def analyze(generators: Any, *, noise: float | None = None) -> LieAlgebra:
    """Which Lie algebra a set of matrices spans.

    Rank by singular values, closure and structure constants by least squares, then every structural fact by ranks with
    thresholds that follow the noise: the given one, else the one that the failure to close reveals (perturbation of the
    linearised closure map), at least rounding. Facts need a set that closes; for one that does not, and above 64
    generators, what would need structure constants stays None.

    Args:
        generators: (n, m, m) real matrices in any basis, redundant or empty; a single (m, m) is one generator.
        noise: relative noise of their entries (error over root-mean-square entry), if known.

    Raises:
        InputError: not square finite real matrices, or a noise outside [0, 1).

    Example:
        >>> rotation = [[0, -1, 0], [1, 0, 0], [0, 0, 0]]
        >>> other = [[0, 0, 0], [0, 0, -1], [0, 1, 0]]
        >>> third = [[0, 0, -1], [0, 0, 0], [1, 0, 0]]
        >>> analyze([rotation, other, third]).name
        'so(3)'
    """
    if noise is not None and not 0 <= noise < 1:
        raise InputError(f"noise {noise:g} is not a relative noise; give a number from 0 to below 1")
    found = span(generators, noise)
    k, m, _ = found.basis.shape
    if k == 0:
        return _trivial(found)
    if not structure.affordable(k, m):
        return _large(found, noise)
    algebra, ruler = _measured(found, structure.brackets(found.basis), noise)
    if algebra.noise > NOT_CLOSED:
        algebra.name = f"unnamed: not closed, {k} independent generators"
        algebra.notes.append(
            f"the brackets leave the span (closure error {algebra.closure_error:.2g}): a generator is missing or the "
            "matrices are too noisy; the facts of an algebra are left open"
        )
    else:
        _facts(algebra, ruler)
        _name(algebra, ruler)
    _matrix_facts(algebra, ruler)
    algebra.notes.append(
        "not computed yet: neighbours, params, canonical_basis; levi_factors and factors only if abelian or semisimple"
    )
    return algebra


def _trivial(found: Span) -> LieAlgebra:
    m = found.basis.shape[1]
    algebra = LieAlgebra(0, m, names.TRIVIAL, confidence="high", jacobi_error=0.0, basis=found.basis)
    abelian_facts(algebra)
    algebra.structure_constants = np.zeros((0, 0, 0))
    algebra.matrix_compact = True
    algebra.commutant_dimension = m * m
    algebra.notes = [
        "every matrix is zero" if found.given else "no generators",
        "every form is invariant; none is listed",
    ]
    return algebra


def _measured(found: Span, brackets: structure.Brackets, noise: float | None) -> tuple[LieAlgebra, Ruler]:
    """Noise, closure, Jacobi, abelian or not: what brackets alone say."""
    k, m, _ = found.basis.shape
    shown = brackets.noise
    level = max(found.noise, shown or 0.0) if noise is None else max(noise * found.spread, found.noise)
    algebra = LieAlgebra(k, m, name=f"unnamed: dim {k}", noise=level, basis=found.basis)
    blind = shown is None and noise is None and found.gap is None
    ruler = Ruler(level, known=not blind or k == 1)
    algebra.abelian = ruler.count(np.array([brackets.typical]), 1.0) == 0
    if algebra.abelian and level > NOT_CLOSED:
        algebra.abelian = None
    algebra.closure_error = brackets.closure_error(bool(algebra.abelian))
    if found.given > k:
        algebra.notes.append(f"{found.given} matrices given, {k} independent")
    if brackets.constants is not None:
        algebra.structure_constants = brackets.constants
        algebra.jacobi_error = 0.0 if algebra.abelian else structure.jacobi_error(brackets.constants)
    if blind:
        algebra.notes.append(
            "every span of this dimension closes, so closure cannot show the noise: the entries are taken as exact "
            "unless --noise says otherwise"
        )
    elif noise is not None and shown is not None and shown > UNEXPLAINED * level:
        algebra.notes.append(
            f"the brackets leave the span by more than the stated noise explains (it would take {shown:.2g}): "
            "a generator is missing or the noise is larger"
        )
    elif DOUBTFUL < level <= NOT_CLOSED:
        algebra.notes.append(
            f"noise of {algebra.noise:.2g}, or an incomplete set: the facts are those of the nearest reading"
        )
    return algebra, ruler


def _large(found: Span, noise: float | None) -> LieAlgebra:
    k = len(found.basis)
    algebra, ruler = _measured(found, structure.sampled_brackets(found.basis), noise)
    if algebra.abelian:
        algebra.name = names.abelian(k)
        abelian_facts(algebra)
    algebra.margin = ruler.margin
    algebra.notes.append(
        f"{k} generators of size {algebra.matrix_size} are too many for structure constants: "
        "closure from random pairs; what needs them is left open"
    )
    return algebra


def _facts(algebra: LieAlgebra, ruler: Ruler) -> None:
    """Everything that follows from structure constants."""
    c, basis = algebra.structure_constants, algebra.basis
    assert c is not None
    assert basis is not None
    if algebra.abelian:
        abelian_facts(algebra)
        center = np.eye(algebra.dimension)
    else:
        center = _nonabelian_facts(algebra, c, ruler)
    # Weyl: compact semisimple matrices always preserve a positive definite form, so the centre alone decides.
    algebra.matrix_compact = algebra.compact and all(
        forms.bounded(np.tensordot(row, basis, axes=1), ruler) for row in center
    )


def _nonabelian_facts(algebra: LieAlgebra, c: np.ndarray, ruler: Ruler) -> np.ndarray:
    """Fills in the facts and returns the centre."""
    form = series.killing_form(c)
    algebra.killing_form = form
    algebra.killing_signature = series.killing_signature(form, c, ruler)
    derived = series.derived_series(c, ruler)
    lower = series.lower_central_series(c, ruler)
    upper = series.upper_central_series(c, ruler)
    radical = series.radical(form, derived[min(1, len(derived) - 1)], c, ruler)
    center = upper[min(1, len(upper) - 1)]
    algebra.derived_series = [len(term) for term in derived]
    algebra.lower_central_series = [len(term) for term in lower]
    algebra.upper_central_series = [len(term) for term in upper]
    algebra.center_dimension = len(center)
    algebra.radical_dimension = len(radical)
    algebra.nilradical_dimension = len(series.nilradical(c, radical, ruler))
    algebra.nilpotent = algebra.lower_central_series[-1] == 0
    algebra.solvable = algebra.derived_series[-1] == 0
    algebra.semisimple = len(radical) == 0
    algebra.rank = algebra.dimension if algebra.nilpotent else series.cartan_rank(c, ruler)
    plus, _, zero = algebra.killing_signature
    algebra.compact = plus == 0 and zero == len(center)
    return center


def _name(algebra: LieAlgebra, ruler: Ruler) -> None:
    """Name, factors, `simple`, and how sure they are."""
    k = algebra.dimension
    name: str | None = None
    levi = None
    consistent = _consistent(algebra)
    if algebra.abelian:
        name = names.abelian(k)
    elif algebra.semisimple:
        assert algebra.structure_constants is not None
        parts = ideals.simple_ideals(algebra.structure_constants, ruler)
        algebra.simple = None if parts is None else len(parts) == 1
        if parts is None:
            algebra.notes.append("simple ideals could not be told apart at this noise")
        else:
            algebra.factors = algebra.levi_factors = sorted(names.describe(part) for part in parts)
            name = names.semisimple(parts)
            levi = names.describe(parts[0]).removeprefix("unnamed: ") if algebra.simple else None
            consistent &= sum(part.rank for part in parts) == algebra.rank and all(part.possible for part in parts)
    else:
        algebra.simple = False
        name = names.solvable(k, bool(algebra.nilpotent)) if algebra.solvable else None
    algebra.margin = ruler.margin
    if not consistent:
        algebra.notes.append(
            "the facts contradict each other: a generator is missing or the noise is too large; none of them is sure"
        )
        name = levi = algebra.simple = None
        algebra.factors = algebra.levi_factors = []
    elif ruler.clear:
        algebra.confidence = "high"
    if name is None:
        assert algebra.radical_dimension is not None
        name = names.unnamed(k, algebra.radical_dimension, bool(algebra.nilpotent), levi)
    algebra.name, algebra.aliases = name, names.aliases(name)


def _consistent(algebra: LieAlgebra) -> bool:
    """Theorems that computed facts must obey: Cartan's criteria, and which property implies which."""
    assert algebra.killing_signature is not None
    perfect = len(algebra.derived_series) == 1
    return (
        (algebra.radical_dimension == algebra.dimension) == algebra.solvable
        and algebra.semisimple == (algebra.killing_signature[2] == 0)
        and (not algebra.nilpotent or bool(algebra.solvable))
        and (not algebra.semisimple or (perfect and algebra.center_dimension == 0))
        and (algebra.nilradical_dimension == algebra.dimension) == algebra.nilpotent
        and (not algebra.nilpotent or algebra.upper_central_series[-1] == algebra.dimension)
    )


def _matrix_facts(algebra: LieAlgebra, ruler: Ruler) -> None:
    """Forms, commutant, and what a single generator does."""
    assert algebra.basis is not None
    if algebra.matrix_size <= forms.LARGEST:
        algebra.commutant_dimension = len(forms.commutant(algebra.basis, ruler))
        algebra.symmetric_forms = forms.symmetric_forms(algebra.basis, ruler)
        algebra.antisymmetric_forms = forms.antisymmetric_forms(algebra.basis, ruler)
        if len(algebra.symmetric_forms) > 1:
            algebra.notes.append(
                f"any combination of the {len(algebra.symmetric_forms)} symmetric forms is invariant; "
                "signatures are those of the ones listed"
            )
    else:
        algebra.notes.append(f"commutant and invariant forms are left open above matrix size {forms.LARGEST}")
    if algebra.dimension == 1:
        kind = _one_parameter(algebra.basis[0], bool(algebra.matrix_compact), ruler)
        algebra.notes.append(f"the one generator acts as {kind}")
        if kind.startswith("rotations"):
            algebra.aliases = ["so(2)"]
        elif kind.startswith("boosts"):
            algebra.aliases = ["so(1,1)"]


def _one_parameter(matrix: np.ndarray, compact: bool, ruler: Ruler) -> str:
    m = len(matrix)
    if compact:
        return "rotations (bounded, imaginary eigenvalues)"
    if np.linalg.norm(matrix - np.trace(matrix) / m * np.eye(m)) < ruler.threshold:
        return "a dilation (a multiple of the identity)"
    # Jordan blocks split like a root of the noise: m-th powers tell nilpotent matrices, eigenvalues do not.
    if np.linalg.norm(np.linalg.matrix_power(matrix, m)) < ruler.threshold:
        return "a nilpotent map (translations or shears)"
    values = np.sort_complex(np.linalg.eigvals(matrix))
    if np.abs(values.imag).max() < ruler.threshold and np.abs(values + values[::-1]).max() < ruler.threshold:
        return "boosts (real eigenvalues in pairs of opposite sign)"
    return "a general linear flow"
