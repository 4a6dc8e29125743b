"""Where the reader could have been wrong without a test to notice it: each was shown by a mutant that lived."""

import h5py
import layouts
import numpy as np
import pytest
from hostile import GOOD
from test_almost_a_layout import Planted

from symdisc.atomic import safetensors_bytes
from symdisc.data import attributes, from_arrays, open_dataset, toml
from symdisc.data import safetensors as safetensors_reader
from symdisc.data.assembled import Joined
from symdisc.data.axes import default_axes
from symdisc.data.door import open_container
from symdisc.data.layouts import keras, pdebench
from symdisc.data.listing import unknown
from symdisc.data.tree import FlatTree
from symdisc.errors import InputError, ResourceError


def whole(data, name="x"):
    return np.concatenate([getattr(chunk, name) for chunk in data.chunks()])


def test_a_single_number_is_no_choice_for_x(tmp_path):
    np.savez(tmp_path / "a.npz", data=GOOD, number=np.float64(3.0), words=np.array(["a", "b"]))
    with open_dataset([tmp_path / "a.npz"]) as data:
        assert data.names["x"] == "data"


class Source:
    label, chunks = "source", None

    def __init__(self, values):
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def outer(self, axis):
        return axis == 0

    def read(self, slices):
        return self.values[slices]


def test_arrays_side_by_side_of_three_axes():
    one, two = np.arange(24.0).reshape(2, 3, 4), 100 + np.arange(12.0).reshape(2, 3, 2)
    both = Joined([Source(one), Source(two)], "both", 2)
    assert both.shape == (2, 3, 6)
    found = both.read((slice(0, 2, 1), slice(1, 3, 1), slice(3, 5, 1)))
    np.testing.assert_array_equal(found, np.concatenate([one, two], axis=2)[:, 1:3, 3:5])
    with pytest.raises(InputError, match="must agree in their first 2 axes"):
        Joined([Source(one), Source(two[:, :2])], "both", 2)


def test_weights_that_just_fit(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors_bytes({"a": np.arange(4.0), "b": np.arange(6.0), "c": np.arange(2.0)}))
    monkeypatch.setattr(safetensors_reader, "budget", lambda limit: 2 * 12 * 8)
    assert set(safetensors_reader.read_safetensors(path)[0]) == {"a", "b", "c"}
    monkeypatch.setattr(safetensors_reader, "budget", lambda limit: 2 * 12 * 8 - 1)
    with pytest.raises(ResourceError):
        safetensors_reader.read_safetensors(path)


@pytest.mark.parametrize("labels", [[1, 2], [5], [0, 7, 9]])
def test_labels_are_those_that_are_there(labels):
    """No label is made up: not even 0."""
    y = np.resize(labels, 30)
    with from_arrays(np.ones((30, 2)), y, kind="labelled") as data:
        np.testing.assert_array_equal(data.distinct_labels(10), sorted(labels))
        assert data.distinct_labels(len(labels)) is not None
        assert data.distinct_labels(len(labels) - 1) is None


def test_labelled_y_in_the_order_of_x():
    """y of the shape of x has its samples along the same axis, whatever the kind."""
    x, y = np.arange(20.0).reshape(4, 5), 100 + np.arange(20.0).reshape(4, 5)
    with from_arrays(x, y, kind="labelled", axes="sn") as data:
        np.testing.assert_array_equal(whole(data)[:, :, 0], x.T)
        np.testing.assert_array_equal(whole(data, "y"), y.T)


@pytest.mark.parametrize(
    ("kind", "rank", "axes"),
    [("field", 4, "ntsv"), ("field", 5, "ntssv"), ("trajectory", 3, "ntv"), ("samples", 1, "n")],
)
def test_default_axes(kind, rank, axes):
    assert default_axes(kind, rank, "x") == axes


def test_fluids_along_a_line():
    names = ("density", "pressure", "Vx")
    tree = Planted(dict.fromkeys(names, (3, 8, 6)) | {"x-coordinate": (6,)})
    found = pdebench.recognise(tree, None)
    assert (found.x, found.axes, found.lead) == ("density+pressure+Vx", "ntsv", 3)
    single = pdebench.recognise(tree, "Vx")
    assert (single.axes, single.lead) == ("nts", None)


def test_incompressible_flow_alone_and_with_particles():
    places = {"velocity": (3, 8, 6, 5, 2), "particles": (3, 8, 6, 5, 1), "force": (3, 6, 5, 2), "t": (3, 8)}
    assert pdebench.recognise(Planted(places), None).lead is None
    both = pdebench.recognise(Planted(places), "velocity+particles")
    assert both.lead == 4
    assert "3 runs" in both.notes
    few = {name: (2, *shape[1:]) for name, shape in places.items()}
    assert any("2 runs: give several files" in note for note in pdebench.recognise(Planted(few), None).notes)


def test_rows_of_numbers_have_no_advice_on_images():
    tree = FlatTree("a.npz", {"x_train": (60, 8), "y_train": (60,), "x_test": (9, 8), "y_test": (9,)})
    assert keras.recognise(tree, None).notes == ("the part `test` is there too: --x x_test",)


def test_an_attribute_of_the_array_comes_before_one_of_the_file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["z"] = GOOD, GOOD
        for place, kind, text in ((file, "samples", "file"), (file["x"], "labelled", "array")):
            place.attrs["kind"] = np.bytes_(kind)
            place.attrs["axes"] = text
            place.attrs["dt"] = 2.0 if place == file else 1.0
    container = open_container(str(tmp_path / "a.h5"))
    try:
        assert [container.attribute("x", name) for name in ("kind", "axes", "dt")] == ["labelled", "array", 1.0]
        assert [container.attribute("z", name) for name in ("kind", "axes", "dt")] == ["samples", "file", 2.0]
        assert container.attribute("z", "spacing") is None
    finally:
        container.close()


@pytest.mark.parametrize(("index", "axes"), [("[:, 4:12]", "nss"), ("[:, 2:10]", "ns"), ("[:, 0:6]", "ns")])
def test_whole_particles_are_folded_and_parts_are_not(tmp_path, index, axes):
    numbers, _ = layouts.top_tagging(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"], x=f"table/table.values_block_0{index}", kind="samples") as data:
        assert data.axes == axes
        low, high = map(int, index.strip("[:, ]").split(":"))
        np.testing.assert_array_equal(whole(data).reshape(len(numbers), -1), numbers[:, low:high])


def test_limits_are_the_largest_that_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.toml"
    path.write_text("seed = 1\n")
    monkeypatch.setattr(toml, "LARGEST", 9)
    assert toml.read_toml(path) == {"seed": 1}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["kind"] = np.bytes_("x" * 10)
    monkeypatch.setattr(attributes, "_BYTES", 10)
    with h5py.File(tmp_path / "a.h5") as file:
        assert attributes.fixed(file, "kind") == "x" * 10
        monkeypatch.setattr(attributes, "_BYTES", 9)
        assert attributes.fixed(file, "kind") is None


def test_what_reading_takes_is_counted_to_the_byte(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((10, 3), "f4"))
    with open_dataset([tmp_path / "x.npy"]) as data:
        # The chunk in use and the next one in float64, and what storage hands over.
        assert data.read_bytes == 2 * 8 * 30 + 4 * 30
        need = data.read_bytes
    open_dataset([tmp_path / "x.npy"], memory=need).close()
    with pytest.raises(ResourceError):
        open_dataset([tmp_path / "x.npy"], memory=need - 1)


def test_storage_inside_the_folder_is_followed_by_its_absolute_name(tmp_path):
    (tmp_path / "values.raw").write_bytes(GOOD.tobytes())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", GOOD.shape, "f8", external=[(str(tmp_path / "values.raw"), 0, GOOD.nbytes)])
    with open_dataset([tmp_path / "a.h5"]) as data:
        np.testing.assert_array_equal(whole(data)[:, :, 0], GOOD)


def test_the_nearest_names_come_first_and_ten_are_shown():
    names = [f"temperature_{number}" for number in range(12)] + ["pressure"]
    text = str(unknown("a.h5", "presure", names))
    assert text.startswith("a.h5: no array `presure` in it; choose one of `pressure`, ")
    assert text.count("`") == 2 * 11
    assert "and 3 more with --x or --y" in text
    few = str(unknown("a.h5", "q", ["alpha", "beta"]))
    assert "more" not in few
    assert few.count("`alpha`") == few.count("`beta`") == 1
    assert "no array that can be read" in str(unknown("a.h5", "q", []))
