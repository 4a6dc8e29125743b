"""What a span of matrices is: rank, closure, structure constants, and the facts and name of the Lie algebra."""

from .analyze import analyze
from .closure import completion
from .families import orthogonal
from .lie import LieAlgebra
from .span import Span, principal_angles, span
from .structure import structure_constants

__all__ = [
    "LieAlgebra",
    "Span",
    "analyze",
    "completion",
    "orthogonal",
    "principal_angles",
    "span",
    "structure_constants",
]
