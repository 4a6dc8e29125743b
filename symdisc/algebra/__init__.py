"""What a span of matrices is: rank, closure, structure constants, and the facts and name of the Lie algebra."""

from .analyze import analyze
from .closure import completion
from .families import orthogonal
from .lie import LieAlgebra
from .roots import RootSystem, root_system
from .sentence import sentence
from .span import Span, principal_angles, span
from .structure import structure_constants

__all__ = [
    "LieAlgebra",
    "RootSystem",
    "Span",
    "analyze",
    "completion",
    "orthogonal",
    "principal_angles",
    "root_system",
    "sentence",
    "span",
    "structure_constants",
]
