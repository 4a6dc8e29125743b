"""Symmetries of labelled data through a model of y = f(x): the `function` method."""

from .method import method

__all__ = ["method"]
