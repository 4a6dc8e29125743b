"""`symdisc env`: versions, threads, devices, libraries: what a bug report needs."""

from __future__ import annotations

import contextlib
import locale
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from .._version import __version__
from .common import Output, output_options

PACKAGES = ("numpy", "scipy", "torch", "h5py", "matplotlib", "rich", "click", "jinja2")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@output_options
def command(output: Output) -> None:
    """Show versions, threads, devices and libraries, for a bug report.

    It names no user, host or folder.

    \b
    Example:
      symdisc env
      symdisc env --json
    """
    found = environment()
    output.result(found, lambda: _show(found))


def environment() -> dict[str, Any]:
    """The JSON object of `symdisc env`."""
    import h5py
    import numpy as np
    import torch

    from ..data import available_memory

    return {
        "symdisc": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "hdf5": h5py.version.hdf5_version,
        "blas": _blas(np),
        "processors": os.cpu_count(),
        "threads": {"torch": torch.get_num_threads()} | {name: os.environ.get(name) for name in THREADS},
        "memory_bytes": available_memory(),
        "devices": ["cpu", *_gpus(torch)],
        "terminal": {
            "stdout": sys.stdout.isatty(),
            "stderr": sys.stderr.isatty(),
            "encoding": getattr(sys.stdout, "encoding", None),
            "locale": locale.getlocale()[0],
            "term": os.environ.get("TERM"),
            "no_color": bool(os.environ.get("NO_COLOR")),
        },
        "variables": sorted(name for name in os.environ if name.startswith("SYMDISC_")),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _blas(numpy: Any) -> str | None:
    with contextlib.suppress(Exception):  # the form of this report is NumPy's own affair
        found = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{found['name']} {found['version']}"
    return None


def _gpus(torch: Any) -> list[str]:
    if not torch.cuda.is_available():
        return []
    found = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found.append(
            f"cuda:{index} {properties.name}, {properties.total_memory / 1e9:.0f} GB, CUDA {torch.version.cuda}"
        )
    return found


def _show(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {'-' if item is None else item}" for key, item in value.items())
        elif isinstance(value, list):
            value = "; ".join(value) or "-"
        elif name == "memory_bytes":
            name, value = "memory", f"{value / 1e9:.1f} GB free"
        click.echo(click.wrap_text(f"{name:<11} {value}", 80, subsequent_indent=" " * 12))
