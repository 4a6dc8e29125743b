"""symdisc finds the continuous symmetries hidden in array data, and says how sure it is.

The verbs here are those of the command line. Importing the package loads neither torch nor matplotlib;
each verb loads what it needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .algebra import LieAlgebra, analyze
    from .discover import fit, test
    from .nn.train import train
    from .symmetry import Symmetry, load, summary_schema
    from .transform import apply

_HOME = {
    "LieAlgebra": "algebra",
    "Symmetry": "symmetry",
    "analyze": "algebra",
    "apply": "transform",
    "fit": "discover",
    "load": "symmetry",
    "summary_schema": "symmetry",
    "test": "discover",
    "train": "nn.train",
}

__all__ = [
    "LieAlgebra",
    "Symmetry",
    "__version__",
    "analyze",
    "apply",
    "fit",
    "load",
    "summary_schema",
    "test",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    if name == "nn":
        return import_module(".nn", __name__)
    raise AttributeError(f"module 'symdisc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
