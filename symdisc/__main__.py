"""`python -m symdisc`."""

from .cli.main import run

run()
