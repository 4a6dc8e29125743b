"""Representations of a group and the bases of their invariant vectors, that is, of equivariant linear maps."""

from .basis import Basis, Part
from .files import load_basis, save_basis
from .group import Block, Group
from .groups import group, named
from .kernels import Kernel
from .parse import parse_rep
from .rep import Map, Rep, Scalar, T, V
from .solve import equivariant_basis

__all__ = [
    "Basis",
    "Block",
    "Group",
    "Kernel",
    "Map",
    "Part",
    "Rep",
    "Scalar",
    "T",
    "V",
    "equivariant_basis",
    "group",
    "load_basis",
    "named",
    "parse_rep",
    "save_basis",
]
