"""The import graph, read from the sources: imports point downward only, and one package opens the user's files."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "symdisc"

# A part may import from the layers before its own, and from itself.
LAYERS = [
    ["errors"],
    ["_version", "atomic", "options"],
    ["citations", "rounding"],
    ["notebook"],
    ["data"],
    ["factored", "panels", "recursion"],
    ["exponential"],
    ["symmetry", "warp"],
    ["algebra", "transform"],
    ["discover", "problems", "equivariant"],
    ["nn", "report", "augment", "testing"],
    ["cli"],
    ["__init__", "__main__"],
]
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}

READERS = {"h5py.File", "np.load", "np.loadtxt", "np.genfromtxt", "np.fromfile", "np.memmap", "zipfile.ZipFile"}
NEVER = {"pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}


def module_name(path: Path) -> str:
    """`symdisc.data.door` of symdisc/data/door.py; `symdisc.data.__init__` of a package."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(source: str, name: str, runtime_only: bool = False) -> set[str]:
    """Modules of the package that a module names in import statements, wherever these stand.

    Args:
        runtime_only: only those executed when the module is imported: neither in functions nor for type checkers.
    """
    found = set()
    for node in _nodes(ast.parse(source), runtime_only):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = name.split(".")[: -node.level] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            targets = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            if target.split(".")[0] == "symdisc":
                found.add(_resolve(target))
    return found - {name}


def _nodes(tree: ast.AST, runtime_only: bool):
    for node in ast.iter_child_nodes(tree):
        if runtime_only:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                continue
        yield node
        yield from _nodes(node, runtime_only)


def _resolve(target: str) -> str:
    words = target.split(".")
    for cut in range(len(words), 0, -1):
        for candidate in (".".join(words[:cut]), ".".join([*words[:cut], "__init__"])):
            if candidate in MODULES:
                return candidate
    raise AssertionError(f"{target} is no module of the package")


def part_of(name: str) -> str:
    return name.split(".")[1]


def upward(name: str, source: str) -> list[str]:
    """Imports that break the layering."""
    own = part_of(name)
    return [
        target for target in imports(source, name) if part_of(target) != own and LEVEL[part_of(target)] >= LEVEL[own]
    ]


def readers(source: str) -> list[str]:
    """Calls that open a file for reading, and imports of what runs code while it loads."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            call = ast.unparse(node.func).replace("numpy.", "np.")
            modes = [argument.value for argument in node.args[1:] if isinstance(argument, ast.Constant)]
            if call in READERS and modes[:1] != ["w"]:
                found.append(ast.unparse(node))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [name for name in names if name.split(".")[0] in NEVER]
    return found


def test_every_part_has_a_layer():
    assert {part_of(name) for name in MODULES} <= set(LEVEL)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_downward(name):
    assert upward(name, MODULES[name].read_text()) == []


def test_modules_import_each_other_without_cycles():
    graph = {name: imports(path.read_text(), name, runtime_only=True) for name, path in MODULES.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name) != "data"])
def test_only_the_data_package_opens_files_of_the_user(name):
    assert readers(MODULES[name].read_text()) == []


def test_the_readers_of_this_test_see_what_they_should():
    assert upward("symdisc.data.door", "def f():\n    from ..discover import Settings") == ["symdisc.discover.__init__"]
    assert upward("symdisc.problems.linear", "import symdisc.discover.fit") == ["symdisc.discover.fit"]
    assert upward("symdisc.discover.fit", "from .method import Given\nfrom ..data import door") == []
    assert imports("from ..data import door", "symdisc.problems.draws", runtime_only=True) == {"symdisc.data.door"}
    assert imports("if TYPE_CHECKING:\n    from ..data import door", "symdisc.cli.fit", runtime_only=True) == set()
    assert set(readers("h5py.File(path)\nnp.load(p)\nimport pickle")) == {"h5py.File(path)", "np.load(p)", "pickle"}
    assert readers("h5py.File(buffer, 'w')\nzipfile.ZipFile(buffer, 'w', 0)\njson.load(file)") == []
