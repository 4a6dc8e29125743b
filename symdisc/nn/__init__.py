"""Networks from symmetry, as torch modules: L-conv layers and equivariant perceptrons.

Importing it loads torch alone; bases are solved for by `symdisc.equivariant` when a layer is made of a group.
"""

from __future__ import annotations

from .equivariant import Bilinear, EquivariantLinear, Gated
from .files import load, save
from .generators import Dense, Generators, LowRank, Stencil
from .lconv import LConv
from .perceptron import EMLP, MLP
from .scaled import Scaled
from .training import Trainer, Training

__all__ = [
    "EMLP",
    "MLP",
    "Bilinear",
    "Dense",
    "EquivariantLinear",
    "Gated",
    "Generators",
    "LConv",
    "LowRank",
    "Scaled",
    "Stencil",
    "Trainer",
    "Training",
    "load",
    "save",
]
