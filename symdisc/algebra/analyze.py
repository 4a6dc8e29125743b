"""`analyze`: from matrices, noisy and redundant, to the structure of the Lie algebra they span."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from . import certainty, closure, forms, names, series, structure
from .canonical import canonical
from .decisions import Ruler
from .families import abelian_facts
from .identify import Identity, Samples, identify, radical_name
from .invariants import EXACT_NOISE, Invariants, invariants
from .levi import restricted
from .lie import LieAlgebra
from .nearest import Nearest, Reading, drawn, nearest
from .span import Span, span

NOT_CLOSED = 0.15
INCOMPLETE = 0.03
MOST_GENERATED = 64
PROBE = 1e-4
DOUBTFUL = 0.01
UNEXPLAINED = 5.0


def analyze(generators: Any, *, noise: float | None = None) -> LieAlgebra:
    """Which Lie algebra a set of matrices spans.

    Rank by singular values, then the most degenerate exact algebra that the noise allows (`nearest`): noise is the
    given one, else the one that the failure to close reveals, at least rounding. Structure and name are read off that
    algebra. Facts need a set that closes; for one that does not, and above 64 generators, what would need structure
    constants stays None.

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
    brackets = structure.brackets(found.basis)
    algebra, ruler = _measured(found, brackets, noise)
    shown = algebra.noise / found.spread
    # A reading finds no less noise than is shown, so beyond this there is none; of large matrices it takes minutes.
    read = None if shown > NOT_CLOSED else _read(found, brackets, shown, noise)
    if read is None or read.noise > NOT_CLOSED or read.reading is None or _incomplete(found, read):
        algebra.abelian = None
        algebra.name = f"unnamed: not closed, {k} independent generators"
        algebra.notes.append(_generated(found))
    else:
        ruler = Ruler(max(algebra.noise, ruler.noise), known=ruler.known)
        _describe(algebra, read, found, ruler)
        if algebra.semisimple:
            # Its representations are rigid (Whitehead): that of the refined matrices is the true one.
            ruler = Ruler(max(EXACT_NOISE, read.reading.refined.error))
    _matrix_facts(algebra, ruler)
    if algebra.killing_signature is not None:
        _canonical(algebra)
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


def _read(found: Span, brackets: structure.Brackets, shown: float, noise: float | None) -> Nearest:
    """The most degenerate algebra that the noise of the matrices allows."""
    return nearest(found, shown, known=noise is not None or brackets.noise is None)


def _describe(algebra: LieAlgebra, read: Nearest, found: Span, ruler: Ruler) -> None:
    """Everything that follows from the exact algebra: facts, name, certainty."""
    reading = read.reading
    assert reading is not None
    back = reading.flag.frame.T
    algebra.basis = np.tensordot(back, reading.refined.basis, axes=1)
    algebra.structure_constants = restricted(reading.refined.constants, back)
    seen = invariants(reading.refined.constants, reading.flag, ruler)
    _facts(algebra, seen, algebra.structure_constants)
    center = seen.center_rows @ reading.flag.frame
    # Weyl: compact semisimple matrices always preserve a positive definite form, so the centre alone decides.
    algebra.matrix_compact = algebra.compact and all(
        forms.bounded(np.tensordot(row, algebra.basis, axes=1), ruler) for row in center
    )
    probe = max(read.noise, PROBE)
    samples = Samples(read.noise, probe, lambda: drawn(reading, found, probe))
    identity = identify(reading.refined.constants, seen, ruler, samples)
    _name(algebra, identity, seen, reading, ruler)
    certainty.judge(algebra, identity, read, found, ruler)


def _facts(algebra: LieAlgebra, seen: Invariants, constants: np.ndarray) -> None:
    k = algebra.dimension
    _, radical, nilradical, *_ = seen.flag
    algebra.jacobi_error = structure.jacobi_error(constants)
    algebra.killing_form = series.killing_form(constants)
    algebra.killing_signature = seen.killing
    algebra.derived_series = list(seen.derived)
    algebra.lower_central_series = list(seen.lower)
    algebra.upper_central_series = list(seen.upper)
    algebra.center_dimension = len(seen.center_rows)
    algebra.radical_dimension, algebra.nilradical_dimension = radical, nilradical
    algebra.rank = seen.rank
    algebra.abelian = not len(seen.derived_rows)
    algebra.nilpotent, algebra.solvable, algebra.semisimple = nilradical == k, radical == k, radical == 0
    plus, _, zero = seen.killing
    algebra.compact = plus == 0 and zero == len(seen.center_rows)


def _name(algebra: LieAlgebra, identity: Identity, seen: Invariants, reading: Reading, ruler: Ruler) -> None:
    algebra.factors, algebra.params, algebra.aliases = identity.factors, identity.params, identity.aliases
    algebra.levi_factors = [factor.name for factor in seen.factors or ()]
    algebra.simple = bool(algebra.semisimple) and len(algebra.levi_factors) == 1
    if identity.name is not None:
        algebra.name = identity.name
    elif seen.factors is None:
        algebra.simple = None
        algebra.name = f"unnamed: dim {algebra.dimension}"
        algebra.notes.append("simple ideals could not be told apart at this noise")
    else:
        radical = radical_name(reading.refined.constants, seen, ruler)
        algebra.name = names.unnamed(algebra.dimension, algebra.levi_factors, radical, bool(algebra.nilpotent))


def _incomplete(found: Span, read: Nearest) -> bool:
    """Whether the brackets leave the span in one direction, as they do where a generator is missing."""
    return read.noise > INCOMPLETE and len(closure.leaning(found.basis)) > 0


def _generated(found: Span) -> str:
    """What a set that does not close generates."""
    text = (
        "the brackets leave the span: a generator is missing or the matrices are too noisy; the facts of an algebra "
        "are left open"
    )
    k = len(found.basis)
    added = closure.completion(found.basis, most=min(4 * k + 8, MOST_GENERATED))
    if added is None:
        return f"{text}; with their brackets they span more than {min(4 * k + 8, MOST_GENERATED)} dimensions"
    if not len(added):
        return text
    whole = analyze(np.concatenate([found.basis, added]))
    return f"{text}; their brackets add {len(added)}, which makes {whole.dimension} in all: {whole.name}"


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


def _canonical(algebra: LieAlgebra) -> None:
    assert algebra.basis is not None
    forms_known = algebra.symmetric_forms, algebra.antisymmetric_forms
    found = canonical(algebra.basis, *forms_known, algebra.noise)
    if found is None:
        algebra.notes.append("no canonical basis is looked for at this size")
        return
    algebra.canonical_basis, algebra.canonical_frame = found.basis, found.frame
    if not np.array_equal(found.frame, np.eye(algebra.matrix_size)):
        algebra.notes.append("the canonical basis is sparse in other coordinates, the columns of canonical_frame")


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
