"""What starting loads: the package and its help stay light, so that a shell does not wait for torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAST = "import sys; print(' '.join(sys.modules), file=sys.stderr)"


def loaded(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running `code`."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LAST}"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return {name.split(".")[0] for name in run.stderr.splitlines()[-1].split()}


def command(*words: str) -> str:
    return (
        f"import sys\nsys.argv = ['symdisc', *{list(words)!r}]\nfrom symdisc.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )


@pytest.mark.parametrize("code", ["import symdisc", command("--help"), command("--version")])
def test_package_and_help_load_nothing_heavy(code):
    modules = loaded(code)
    assert "symdisc" in modules
    assert not modules & {"torch", "scipy", "matplotlib", "numpy", "h5py", "rich", "jinja2"}


def test_methods_and_their_options_load_neither_torch_nor_scipy():
    modules = loaded(command("methods", "covariance"))
    assert "numpy" in modules
    assert not modules & {"torch", "scipy", "matplotlib"}


def test_a_problem_loads_neither_torch_nor_scipy_nor_matplotlib(tmp_path):
    modules = loaded(command("sample", "no-symmetry", "-o", str(tmp_path / "a.npz")))
    assert not modules & {"torch", "scipy", "matplotlib", "h5py"}


def test_public_names_exist_and_unknown_ones_do_not():
    import symdisc

    for name in symdisc.__all__:
        assert getattr(symdisc, name) is not None
    assert not hasattr(symdisc, "no_such_verb")
