"""Networks from symmetry, as torch modules: L-conv layers and equivariant perceptrons. It needs torch alone."""

from __future__ import annotations

from .generators import Dense, Generators, LowRank, Stencil
from .lconv import LConv

__all__ = ["Dense", "Generators", "LConv", "LowRank", "Stencil"]
