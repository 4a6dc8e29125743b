"""Recursive L-conv on pairs: the `lconv` method."""

from .method import method

__all__ = ["method"]
