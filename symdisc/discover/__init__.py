"""From data to generators with evidence: candidates, evidence and verdict shared by all, one module a method."""

from __future__ import annotations

from .fit import fit, test
from .settings import Settings

__all__ = ["Settings", "fit", "test"]
