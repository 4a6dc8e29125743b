"""How much memory a run may take: what the user allows, what the machine has."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import InputError

SHARE = 0.8
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def parse_size(text: str) -> int:
    """Bytes of a size such as `4GB`, `512MiB`, `1.5g` or `50%` (of what is free).

    Raises:
        InputError: not a size, or not above zero.
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(?:([kmgt]i?)?b?|(%))\s*", text.lower())
    if match is None or float(match[1]) == 0:
        raise InputError(f"--memory {text}: not a size; write it as 4GB, 512MiB or 50%")
    number = float(match[1])
    return int(number / 100 * available_memory()) if match[3] else int(number * _UNITS[match[2] or ""])


def format_size(count: float) -> str:
    """A size for people: `1.5 GB`."""
    units = ["PB", "TB", "GB", "MB", "kB", "bytes"]
    while count >= 1000 and len(units) > 1:
        count /= 1000
        units.pop()
    unit = units[-1]
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.3g} {unit}"


def available_memory() -> int:
    """Memory that can be taken now without swapping, within the limit of a container."""
    free = _meminfo("MemAvailable")
    for folder, limit, used in (
        ("/sys/fs/cgroup", "memory.max", "memory.current"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        try:
            ceiling = Path(folder, limit).read_text().strip()
            if ceiling != "max":
                free = min(free, max(0, int(ceiling) - int(Path(folder, used).read_text())))
        except (OSError, ValueError):
            continue
    return free


def budget(memory: int | None) -> int:
    """The ceiling in bytes: as given, else 80 % of what is free."""
    return int(SHARE * available_memory()) if memory is None else memory


def _meminfo(key: str) -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":"))
    except (OSError, StopIteration, ValueError):
        return _sysconf()


def _sysconf() -> int:
    import os

    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 4 * 10**9
