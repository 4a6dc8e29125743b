"""`python -m symdisc`, and the console script."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; interrupted while its modules are loaded, it leaves in one line as it does later."""
    before = signal.signal(signal.SIGINT, _leave)
    from .cli.main import run

    signal.signal(signal.SIGINT, before)
    run()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, b"symdisc: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    main()
