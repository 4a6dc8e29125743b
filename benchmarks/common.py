"""What the benchmarks share: the machine's name, and tables that go to the screen and to `tables/`."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parent / "tables"


def machine() -> str:
    """One line: processor, cores, versions that matter."""
    model = platform.processor() or "unknown processor"
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    names = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "h5py"))
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, {names}"


def record(name: str, title: str, header: list[str], rows: list[list[object]], notes: str = "") -> None:
    """Print a Markdown table and write it to `tables/NAME.md`."""
    lines = [f"## {title}", "", f"{machine()}", "", "| " + " | ".join(header) + " |", "| --- " * len(header) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    if notes:
        lines += ["", notes]
    text = "\n".join(lines) + "\n"
    print(text)
    TABLES.mkdir(exist_ok=True)
    (TABLES / f"{name}.md").write_text(text)


def known(name: str, settings: dict[str, Any]) -> dict[tuple[Any, ...], Any]:
    """Entries of `tables/NAME.jsonl` that were measured with these settings, by their keys."""
    path = TABLES / f"{name}.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {tuple(line["key"]): line["entry"] for line in lines if line["settings"] == settings}


def keep(name: str, settings: dict[str, Any], key: tuple[Any, ...], entry: Any) -> None:
    """Add an entry, so that it need not be measured again."""
    with (TABLES / f"{name}.jsonl").open("a") as file:
        file.write(json.dumps({"settings": settings, "key": key, "entry": entry}) + "\n")


def middle(values: list[float], form: str = ".2g") -> str:
    """Median (smallest .. largest) of what is finite."""
    import numpy as np

    known = [value for value in values if np.isfinite(value)]
    return f"{np.median(known):{form}} ({min(known):{form}} .. {max(known):{form}})" if known else "-"


def tallied(words: Iterable[str]) -> str:
    """Words with how often, the most frequent first."""
    return ", ".join(f"{word} ({count})" for word, count in Counter(words).most_common())
