"""The version, read by the build and by `symdisc --version`."""

__version__ = "0.1.0"
