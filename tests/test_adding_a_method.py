"""The worked example of docs/adding-a-method.md: one file and one line in the registry make a method."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import symdisc
from symdisc.data import from_arrays
from symdisc.discover import registry
from symdisc.discover.settings import Settings
from symdisc.report.result import all_panels

FILE = Path(__file__).parents[1] / "docs" / "examples" / "isotropy.py"


@pytest.fixture
def installed(monkeypatch):
    name = "symdisc.discover.isotropy"
    spec = importlib.util.spec_from_file_location(name, FILE)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(registry.METHODS, "isotropy", "isotropy")
    return module


def samples(variances, n=4000):
    return np.random.default_rng(0).standard_normal((n, len(variances))) * np.sqrt(variances) + 5.0


def test_equal_variances_are_found_and_not_certified(installed):
    """By hand: C = diag(1, 1, 4); the defect of a rotation of i and j is |c_i - c_j| / sqrt(c_i^2 + c_j^2)."""
    found = symdisc.fit(samples([1.0, 1.0, 4.0], 20000), method="isotropy")
    assert (found.method, found.verdict.value, found.certified_dimension) == ("isotropy", "inconclusive", 0)
    assert "second moments alone" in found.reason
    assert found.dimension == 1
    expected = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 0]]) / np.sqrt(2)
    assert abs(np.sum(found.generators[0] * expected)) > 0.99
    assert found.next_defect == pytest.approx(3 / np.sqrt(17), abs=0.05)
    assert "second_moments" in {panel.name for panel in all_panels(found)}


def test_different_variances_are_broken(installed):
    found = symdisc.fit(samples([1.0, 2.0, 4.0]), method="isotropy")
    assert (found.verdict.value, found.dimension) == ("none", 0)


def test_options_and_checkpoints(installed):
    assert symdisc.fit(samples([1.0, 1.0]), method="isotropy", options={"isotropy.centre": "no"}).method == "isotropy"
    data = from_arrays(samples([1.0, 1.0, 4.0]))
    whole, resumed = (registry.get("isotropy").task(data, Settings(method="isotropy")) for _ in range(2))
    while whole.advance():
        pass
    resumed.restore(whole.state())
    one, two = whole.outcome(), resumed.outcome()
    np.testing.assert_array_equal(one.extras["second_moments"], two.extras["second_moments"])
