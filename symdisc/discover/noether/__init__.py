"""Noether currents: generators whose charge stays constant along trajectories and in fields."""

from .method import method

__all__ = ["method"]
