"""Files that have half of what a layout has: it lets them be, so that the user's words and the defaults decide.

The trees are written down, not files: what a layout sees is names, shapes and attributes.
"""

import numpy as np
import pytest

from symdisc.data.layouts import LAYOUTS, keras, nexus, pandas, pdebench, recognise, scales, well
from symdisc.data.layouts.coordinates import letter_of, meaning
from symdisc.data.layouts.reading import UNKNOWN, Reading, parts_of, step_of
from symdisc.data.tree import FlatTree


class Planted:
    """A tree of {path: shape, {field: shape}, or None for a group}, with attributes {path: {name: value}}."""

    label = "planted"

    def __init__(self, places, attributes=None, coordinates=None):
        self.places, self.kept, self.coordinates = places, attributes or {}, coordinates or {}

    def children(self, path=""):
        inside = [place.removeprefix(f"{path}/") if path else place for place in self.places if place != path]
        if path:
            inside = [place.removeprefix(f"{path}/") for place in self.places if place.startswith(f"{path}/")]
        return sorted({place.split("/")[0] for place in inside})

    def shape(self, path):
        found = self.places.get(path)
        return (10,) if isinstance(found, dict) else found

    def fields(self, path):
        found = self.places.get(path)
        return found if isinstance(found, dict) else {}

    def attributes(self, wanted):
        return {
            path: {n: v for n, v in self.kept.get(path, {}).items() if n in names} for path, names in wanted.items()
        }

    def raw(self, path, name):
        return self.kept.get(path, {}).get(name)

    def coordinate(self, path):
        return self.coordinates.get(path)


def the_well(**change):
    """A file of The Well, one field, three dimensions of the array more than it needs; changed in places."""
    places = {"dimensions/time": (8,), "dimensions/x": (6,), "t0_fields/p": (3, 8, 6)} | change.pop("places", {})
    fields = {"sample_varying": True, "time_varying": True, "dim_varying": [True]}
    kept = {"": {"n_spatial_dims": 1, "grid_type": "cartesian"}, "dimensions": {"spatial_dims": ["x"]}}
    kept |= {"t0_fields/p": fields, "t0_fields": {"field_names": ["p"]}}
    return Planted(places, kept | change)


def test_what_is_planted_is_the_well():
    found = well.recognise(the_well(), None)
    assert (found.x, found.kind, found.axes, found.lead) == ("t0_fields/p", "field", "nts", None)
    # No other field, no fixed one, no walls: nothing to say but what the component is.
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("tree", "x"),
    [
        (the_well(**{"": {"n_spatial_dims": "one", "grid_type": "cartesian"}}), None),
        (the_well(**{"": {"n_spatial_dims": 1}}), None),
        (the_well(), "t0_fields/q"),
        (the_well(**{"dimensions": {"spatial_dims": ["x", "y"]}}), None),
        (the_well(places={"t0_fields/p": (3, 8)}), None),
        (Planted({"dimensions/x": (6,)}), None),
    ],
)
def test_not_the_well(tree, x):
    assert well.recognise(tree, x) is None


def flow(**change):
    places = {"velocity": (3, 8, 6, 5, 2), "particles": (3, 8, 6, 5, 1), "force": (3, 6, 5, 2), "t": (3, 8)}
    return Planted(places | change)


def test_what_is_planted_is_incompressible_flow():
    assert pdebench.recognise(flow(), None).x == "velocity"
    assert pdebench.recognise(flow(), "velocity+particles").axes == "ntssv"


@pytest.mark.parametrize(
    ("tree", "x"),
    [
        (flow(velocity=(3, 8, 6, 2)), None),
        (flow(velocity=(3, 8, 6, 5, 3)), None),
        (flow(t=(3, 9)), None),
        (flow(), "force"),
        # A steady flow whose medium is another array than `nu`, or has another shape.
        (Planted({"tensor": (3, 1, 6), "nu": (3, 6), "x-coordinate": (6,)}), "tensor"),
        (Planted({"tensor": (3, 1, 6), "nu": (3, 7), "x-coordinate": (6,)}), None),
        (Planted({"tensor": (3, 8, 6), "t-coordinate": (9,), "x-coordinate": (6,)}), "else"),
        (Planted({"tensor": (3, 8), "x-coordinate": (6,)}), None),
        (Planted({"x-coordinate": (6,), "density": (3, 8), "pressure": (3, 8), "Vx": (3, 8)}), None),
        (Planted({"x-coordinate": (6,), "density": (3, 8, 6), "pressure": (3, 8, 6)}), None),
        (Planted({"0000/data": (8, 6, 2), "0000/grid/x": (6,)}), "0000/data"),
        (Planted({"0000/data": (8, 6, 2), "other": (6,)}), None),
    ],
)
def test_not_pdebench(tree, x):
    assert pdebench.recognise(tree, x) is None


def table(blocks, kinds=None, kind="frame_table"):
    kept = {"t": {"pandas_type": kind}, "t/table": kinds or {}}
    return Planted({"t/table": {"index": ()} | blocks}, kept)


def test_tables_without_one_wide_block():
    assert pandas.recognise(table({"values_block_0": (3,)}), None).x == "t/table.values_block_0"
    assert pandas.recognise(table({"values_block_0": (3,), "values_block_1": (2,)}), None) is None
    assert pandas.recognise(table({"values_block_0": (3,)}, kind="series"), None) is None


def test_momenta_of_jets_under_another_name_are_a_table_like_others():
    import pickle

    names = [f"{letter}_0" for letter in ("E", "PX", "PY", "PZ")]
    kinds = {"values_block_0_kind": pickle.dumps(names, 0), "values_block_1_kind": pickle.dumps(["is_signal_new"], 0)}
    tree = table({"values_block_0": (4,), "values_block_1": (1,)}, kinds)
    assert pandas.recognise(tree, None).kind == "labelled"
    other = pandas.recognise(tree, "t/table.values_block_1")
    assert (other.layout, other.kind, other.x) == ("pandas table", None, "t/table.values_block_1")


def test_keras_without_labels():
    found = keras.recognise(FlatTree("a.npz", {"x_train": (60, 8, 8)}), None)
    assert (found.kind, found.x, found.y, found.notes) == ("samples", "x_train", None, ())
    found = keras.recognise(FlatTree("a.npz", {"x_train": (60, 8), "y_train": (59,), "x_test": (9, 8)}), "x_test")
    assert (found.kind, found.x) == ("samples", "x_test")
    assert keras.recognise(FlatTree("a.npz", {"x_test": (60, 8)}), None) is None


def test_a_tree_without_groups():
    tree = FlatTree("a.npz", {"x": (3,)})
    assert (tree.children("x"), tree.fields("x"), tree.raw("x", "kind"), tree.coordinate("x")) == ([], {}, None, None)
    assert tree.attributes({"x": ("kind",)}) == {"x": {}}
    assert recognise(tree, None) is None


def test_a_default_of_nexus_that_leads_deeper_than_is_looked():
    deep = {"default": "a"}
    groups = {"": deep, "a": deep, "a/a": deep, "a/a/a": deep, "a/a/a/a": deep}
    assert nexus._default(groups) == "a/a/a/a"
    assert nexus._default({"": {"default": 3}}) == ""


def test_scales_that_differ_from_part_to_part():
    lines = {"CLASS": "DIMENSION_SCALE"}
    kept = {"t": lines, "s": lines, "u": {"DIMENSION_LIST": ["t", "s"]}, "w": {"DIMENSION_LIST": ["s", "t"]}}
    tree = Planted({"t": (5,), "s": (5,), "u": (5, 5), "w": (5, 5)}, kept)
    assert scales.recognise(tree, "u+w") is None
    assert scales.recognise(tree, "u").x == "u"
    assert scales.recognise(tree, "u+elsewhere") is None


@pytest.mark.parametrize(
    ("name", "attributes", "letter"),
    [
        ("lat", {}, "s"),
        ("q", {}, None),
        ("q", {"axis": "t"}, "t"),
        ("q", {"axis": "Z"}, "s"),
        ("q", {"units": "days since 1850"}, "t"),
        ("q", {"standard_name": "time"}, "t"),
    ],
)
def test_letters_of_axes(name, attributes, letter):
    assert letter_of(name, attributes) == letter


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ([], (None, None, False)),
        (["t", None], (None, None, False)),
        (["t", "t", "s"], (None, None, False)),
        (["n", "n", "t", "s"], (None, None, False)),
        (["n", "t"], (None, None, False)),
        (["s", "v"], (None, None, False)),
        (["t", "s"], ("field", "nts", True)),
        (["n", "t", "v"], ("trajectory", "ntv", False)),
        (["t", "v"], ("trajectory", "ntv", True)),
    ],
)
def test_what_letters_mean(letters, found):
    assert meaning(letters) == found


@pytest.mark.parametrize(
    ("values", "count", "step"),
    [
        (None, 3, None),
        (np.arange(3.0), 4, None),
        (np.arange(4.0), 3, 1.0),
        (np.arange(4.0), 1, None),
        (np.zeros((2, 2, 2)), 2, None),
        (np.array([0.0, 1.0, np.nan]), 3, None),
        (np.array([3.0, 2.0, 1.0]), 3, None),
        (np.array([1.0, 1.0, 1.0]), 3, None),
        (np.array([0.0, 1.0, 2.002]), 3, None),
        (np.array([0.0, 1.0, 2.0009]), 3, 1.00045),
        (np.array([[0.0, 0.5], [7.0, 7.5]]), 2, 0.5),
        (np.array([[0.0, 0.5], [7.0, 7.6]]), 2, None),
    ],
)
def test_steps(values, count, step):
    assert step_of(values, count) == (None if step is None else pytest.approx(step))


def test_parts_of_a_name():
    assert parts_of(None, ["u"]) is None
    assert parts_of("u + w[:, 0]", ["u", "w"]) is None
    assert parts_of("u+w[:, 0]", ["u", "w"]) == ["u", "w"]
    assert Reading("", "") == UNKNOWN
    assert UNKNOWN.sentence == ""
    assert len(LAYOUTS) == 6
