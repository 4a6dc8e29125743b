"""Ready-made problems whose symmetry is known: data to try the tool on, and truth to check it against."""

from .files import save
from .problem import Made, Problem
from .registry import PROBLEMS, get, make

__all__ = ["PROBLEMS", "Made", "Problem", "get", "make", "save"]
