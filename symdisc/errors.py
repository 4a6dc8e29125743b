"""Every error a user can meet, each with the exit code the command line returns for it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the process returns. Scripts depend on these numbers."""

    OK = 0
    BUG = 1
    UNUSABLE = 2
    REQUIREMENT_NOT_MET = 3
    RESOURCE = 4
    INTERRUPTED = 130
    TERMINATED = 143


def printable(text: str) -> str:
    """Text on one line of a terminal: names from files may hold line breaks, escape sequences or broken Unicode."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


class SymdiscError(Exception):
    """Base of all errors a user can meet: one sentence with the fact and the remedy.

    Attributes:
        silent: another process of the same run says it.
        listed: label of a file to the list of what it holds, as far as that was made before the error.
    """

    exit_code = ExitCode.BUG
    silent = False
    listed: Mapping[str, list[Any]] = {}

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(message))


class InputError(SymdiscError):
    """The command line or the input is unusable; the message names file, array and remedy."""

    exit_code = ExitCode.UNUSABLE


class ResourceError(SymdiscError):
    """Memory, disk or a device is missing; refused before the work where it can be foreseen."""

    exit_code = ExitCode.RESOURCE


class RequirementNotMet(SymdiscError):
    """The run finished, but `--require N` asked for more certified generators."""

    exit_code = ExitCode.REQUIREMENT_NOT_MET


class Interrupted(SymdiscError):
    """A signal ended the run after its current step; the checkpoint is kept."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
