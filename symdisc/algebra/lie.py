"""`LieAlgebra`: everything known about the algebra that a set of matrices spans."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .forms import Form
from .structure import LISTED

Size = dict[str, list[int]]


@dataclass
class LieAlgebra:
    """A Lie algebra of matrices. None, or an empty list, is what was not computed; `notes` says why.

    Attributes:
        dimension: k, number of independent generators.
        matrix_size: m.
        name: ASCII, "unnamed: ..." where the facts below do not determine it; `aliases` are isomorphic.
        confidence: of name and facts; "high" has been wrong in less than one case of a hundred (docs/algebra.md).
        margin: relative noise at which the first statement would change; `neighbours` are what it would change to, and
            at the noise there is, the less degenerate algebras that cannot be told from it.
        noise: relative noise of the basis matrices, given or read off closure.
        closure_error: size of the part of [E_i, E_j] outside the span over that of [E_i, E_j]; for an abelian algebra
            over that of the products of E_i and E_j.
        jacobi_error: violation of the Jacobi identity relative to the size of its terms.
        basis: (k, m, m) orthonormal in the Frobenius product. `structure_constants` (k, k, k), with
            [E_i, E_j] = sum_k c[i, j, k] E_k, and `killing_form` (k, k), tr(ad E_i ad E_j), refer to it.
            None above k = 64.
        killing_signature: numbers of positive, negative and zero eigenvalues.
        compact: whether a compact group has this algebra (abelian ones have); `matrix_compact`: whether these matrices
            generate a group that preserves a positive definite form.
        derived_series, lower_central_series, upper_central_series: dimensions until they stop changing.
        rank: dimension of a Cartan subalgebra.
        levi_factors: simple parts of a Levi complement; `factors`: indecomposable direct summands.
        params: of a family, such as h of the Bianchi types.
        commutant_dimension: dimension of the matrices that commute with all generators.
        symmetric_forms, antisymmetric_forms: bases of the g with L^T g + g L = 0.
        canonical_basis: (k, m, m), the same span in its textbook form, physically scaled: a rotation turns by t
            radians.
        canonical_frame: (m, m) coordinates S, one a column, in which that basis is sparse, inverse(S) C S; the identity
            where it is so already.
    """

    dimension: int
    matrix_size: int
    name: str
    aliases: list[str] = field(default_factory=list)
    confidence: str = "low"
    margin: float | None = None
    neighbours: list[str] = field(default_factory=list)
    noise: float = 0.0
    closure_error: float = 0.0
    jacobi_error: float | None = None
    basis: np.ndarray | None = None
    structure_constants: np.ndarray | None = None
    killing_signature: tuple[int, int, int] | None = None
    killing_form: np.ndarray | None = None
    abelian: bool | None = None
    nilpotent: bool | None = None
    solvable: bool | None = None
    semisimple: bool | None = None
    simple: bool | None = None
    compact: bool | None = None
    matrix_compact: bool | None = None
    derived_series: list[int] = field(default_factory=list)
    lower_central_series: list[int] = field(default_factory=list)
    upper_central_series: list[int] = field(default_factory=list)
    center_dimension: int | None = None
    radical_dimension: int | None = None
    nilradical_dimension: int | None = None
    rank: int | None = None
    levi_factors: list[str] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    params: dict[str, float] = field(default_factory=dict)
    commutant_dimension: int | None = None
    symmetric_forms: list[Form] = field(default_factory=list)
    antisymmetric_forms: list[np.ndarray] = field(default_factory=list)
    canonical_basis: np.ndarray | None = None
    canonical_frame: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def sparse_basis(self) -> np.ndarray | None:
        """The canonical basis in the coordinates of `canonical_frame`."""
        if self.canonical_basis is None or self.canonical_frame is None:
            return self.canonical_basis
        sparse: np.ndarray = np.linalg.solve(self.canonical_frame, self.canonical_basis @ self.canonical_frame)
        return np.where(np.abs(sparse) > 1e-9 * np.abs(sparse).max(initial=0.0), sparse, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of `symdisc analyze`, in plain Python types.

        `structure_constants` lists every nonzero entry as [i, j, k, value], for i > j too; entries below the noise are
        left out. Arrays larger than 64 in k are replaced by {"size": [...]}.
        """
        k, m = self.dimension, self.matrix_size
        return {
            "dimension": k,
            "matrix_size": m,
            "name": self.name,
            "aliases": list(self.aliases),
            "confidence": self.confidence,
            "margin": self.margin,
            "neighbours": list(self.neighbours),
            "noise": self.noise,
            "closure_error": self.closure_error,
            "jacobi_error": self.jacobi_error,
            "structure_constants": self._sparse_constants(),
            "killing_signature": None if self.killing_signature is None else list(self.killing_signature),
            "killing_form": _array(self.killing_form, (k, k)),
            "abelian": self.abelian,
            "nilpotent": self.nilpotent,
            "solvable": self.solvable,
            "semisimple": self.semisimple,
            "simple": self.simple,
            "compact": self.compact,
            "matrix_compact": self.matrix_compact,
            "derived_series": list(self.derived_series),
            "lower_central_series": list(self.lower_central_series),
            "upper_central_series": list(self.upper_central_series),
            "center_dimension": self.center_dimension,
            "radical_dimension": self.radical_dimension,
            "nilradical_dimension": self.nilradical_dimension,
            "rank": self.rank,
            "levi_factors": list(self.levi_factors),
            "factors": list(self.factors),
            "params": dict(self.params),
            "commutant_dimension": self.commutant_dimension,
            "invariant_forms": {"symmetric": self._symmetric(), "antisymmetric": self._antisymmetric()},
            "canonical_basis": _array(self.canonical_basis, (k, m, m)),
            "canonical_frame": _array(self.canonical_frame, (m, m)),
            "notes": list(self.notes),
        }

    def _sparse_constants(self) -> list[list[float]] | Size:
        k = self.dimension
        if k > LISTED:
            return {"size": [k, k, k]}
        if self.structure_constants is None:
            return []
        c = self.structure_constants
        where = np.argwhere(np.abs(c) > self.noise)
        return [[*map(int, index), float(c[tuple(index)])] for index in where]

    def _symmetric(self) -> list[dict[str, Any]] | Size:
        if len(self.symmetric_forms) > LISTED:
            return {"size": [len(self.symmetric_forms), self.matrix_size, self.matrix_size]}
        return [{"matrix": f.matrix.tolist(), "signature": list(f.signature)} for f in self.symmetric_forms]

    def _antisymmetric(self) -> list[dict[str, Any]] | Size:
        if len(self.antisymmetric_forms) > LISTED:
            return {"size": [len(self.antisymmetric_forms), self.matrix_size, self.matrix_size]}
        return [{"matrix": matrix.tolist()} for matrix in self.antisymmetric_forms]


def _array(array: np.ndarray | None, shape: tuple[int, ...]) -> list[Any] | Size:
    if shape[0] > LISTED:
        return {"size": list(shape)}
    return [] if array is None else array.tolist()
