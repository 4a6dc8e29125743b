"""The moments method: linear symmetries of an unlabelled density, by weak rows of damped Hermite functions.

`method` is what the registry loads.
"""

from __future__ import annotations

from .method import method

__all__ = ["method"]
