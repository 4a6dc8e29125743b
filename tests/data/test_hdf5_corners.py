"""What hardly ever happens in HDF5 files, one by one."""

import subprocess

import h5py
import numpy as np
import pytest
from hostile import GOOD

from symdisc.data import attributes, hdf5_tree, open_dataset
from symdisc.data import matrices as matrices_module
from symdisc.data import safetensors as safetensors_reader
from symdisc.data.assembled import Folded, Joined, Selected
from symdisc.data.door import open_container
from symdisc.data.matrices import read_elements
from symdisc.data.toml import read_toml
from symdisc.errors import InputError, ResourceError, SymdiscError


@pytest.fixture
def lab(tmp_path):
    path = tmp_path / "lab.h5"
    with h5py.File(path, "w") as file:
        file["x"] = GOOD
        file["x"].attrs["spacing"] = h5py.Empty("f8")
        file["x"].attrs["number"] = 3.0
        file["x"].attrs["title"] = h5py.Empty("S1")
        file["words"] = np.array([b"a", b"b"])
        file["never"] = h5py.Empty("f8")
        file.create_dataset("declared", (4,), "f8", chunks=(2,))
        file["elsewhere"] = h5py.ExternalLink("/etc/hosts.h5", "x")
        file["group/x"] = GOOD
    container = open_container(str(path))
    yield container
    container.close()


def test_attributes_without_a_value_are_none(lab):
    assert attributes.fixed(lab.place("x"), "spacing") is None
    assert attributes.fixed(lab.place("x"), "number") == 3.0
    assert attributes.raw(lab.place("x"), "number", 100) is None
    assert attributes.raw(lab.place("x"), "nothing", 100) is None
    assert attributes.raw(lab.place("x"), "title", 100) is None
    assert lab.attribute("x", "spacing") is None


def test_a_tree_and_its_corners(lab, monkeypatch):
    tree = lab.tree
    assert tree.children("x") == []
    assert tree.children("group") == ["x"]
    assert tree.shape("never") is None
    assert tree.shape("elsewhere") is None
    assert tree.fields("words") == {}
    assert tree.fields("nothing") == {}
    assert tree.raw("nothing", "kind") is None
    assert tree.coordinate("words") is None
    assert tree.coordinate("declared") is None
    assert tree.coordinate("nothing") is None
    np.testing.assert_array_equal(tree.coordinate("x"), GOOD)
    assert tree.attributes({"x": ("number",), "nothing": ("number",)}) == {"x": {"number": 3.0}, "nothing": {}}
    monkeypatch.setattr(hdf5_tree, "_NAMES", 2)
    assert tree.children("") == []


def test_words_that_were_damaged_are_not_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = GOOD
        file["x"].attrs["kind"] = "samples"
    calls = []

    def child(words, label):
        calls.append(words)
        error = InputError(f"{label}: its attributes take too long")
        error.__cause__ = subprocess.TimeoutExpired("python", 1)
        raise error

    monkeypatch.setattr(attributes, "_child", child)
    container = open_container(str(path))
    try:
        wanted = {"x": ("kind",)}
        assert container.tree.attributes(wanted) == {"x": {}}
        assert container.tree.attributes(wanted) == {"x": {}}
        assert len(calls) == 1
        # Nobody waits a second time.
        with pytest.raises(InputError, match="take too long"):
            container.attribute("x", "kind")
        assert len(calls) == 1
        assert attributes.took_too_long(container.damaged_words)
    finally:
        container.close()
    assert not attributes.took_too_long(InputError("damaged"))


def test_a_scale_without_values_gives_no_step(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = GOOD
        for axis, values in enumerate((None, np.arange(4.0))):
            scale = file.create_dataset(f"s{axis}", (GOOD.shape[axis],), "f8", data=values, chunks=(2,))
            scale.make_scale()
            file["x"].dims[axis].attach_scale(scale)
    container = open_container(str(tmp_path / "a.h5"))
    try:
        assert container.step("x", 0) is None
        assert container.step("x", 1) == 1.0
        assert container.step("x", 2) is None
    finally:
        container.close()


def test_what_was_listed_before_an_error_travels_with_it(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["one"], file["two"] = GOOD, GOOD
    with pytest.raises(SymdiscError) as caught:
        open_dataset([tmp_path / "a.h5"])
    listed = caught.value.listed[str(tmp_path / "a.h5")]
    assert [info.name for info in listed] == ["one", "two"]
    with pytest.raises(SymdiscError) as caught:
        open_dataset([tmp_path / "a.h5"], x="one", kind="none such")
    assert caught.value.listed == {}


def test_a_named_type_is_no_array(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = GOOD
        file["kind"] = np.dtype("f8")
    container = open_container(str(tmp_path / "a.h5"))
    try:
        assert not container.exists("kind")
        assert isinstance(container.place("kind"), h5py.Datatype)
        assert [info.name for info in container.arrays()] == ["x"]
        assert container.arrays() is not container.arrays()
    finally:
        container.close()


def test_attributes_that_never_end_are_given_up(tmp_path, monkeypatch):
    """By the CPU time that they take: a machine that others keep busy is no reason to refuse a file."""
    loop = tmp_path / "loop.py"
    loop.write_text("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True:\n    pass\n")
    monkeypatch.setattr(attributes, "_VARIABLE", loop)
    with pytest.raises(InputError, match="attributes of variable length are damaged") as caught:
        attributes.variable("a.h5", "x", "a.h5")
    assert attributes.took_too_long(caught.value)
    loop.write_text("raise SystemExit(3)")
    with pytest.raises(InputError) as caught:
        attributes.variable("a.h5", "x", "a.h5")
    assert not attributes.took_too_long(caught.value)


# --- arrays of several


class Plain:
    """A source with an order of its own."""

    label, dtype, chunks = "plain", np.dtype(float), (2, 6)

    def __init__(self, values):
        self.values, self.shape = values, values.shape
        self.read_parts = []

    def outer(self, axis):
        return axis == 1

    def read(self, slices):
        self.read_parts.append(slices)
        return self.values[slices]


def test_parts_that_are_not_asked_for_are_not_read():
    one, two = Plain(np.arange(12.0).reshape(4, 3)), Plain(100 + np.arange(8.0).reshape(4, 2))
    both = Joined([one, two], "both", 1)
    np.testing.assert_array_equal(both.read((slice(0, 4, 1), slice(3, 5, 1))), two.values)
    assert not one.read_parts
    np.testing.assert_array_equal(both.read((slice(1, 3, 1), slice(2, 4, 1))), [[5, 102], [8, 104]])


def test_folded_rows_keep_the_order_of_the_axes_before_them():
    source = Plain(np.arange(24.0).reshape(4, 6))
    folded = Folded(source, 3)
    assert (folded.shape, folded.chunks) == ((4, 2, 3), (2, 2, 3))
    assert [folded.outer(axis) for axis in range(3)] == [False, False, False]
    deep = Folded(Plain(np.zeros((2, 4, 6))), 3)
    assert [deep.outer(axis) for axis in range(4)] == [False, True, False, False]
    np.testing.assert_array_equal(
        folded.read((slice(1, 3, 1), slice(1, 2, 1), slice(0, 2, 1))), source.values.reshape(4, 2, 3)[1:3, 1:2, :2]
    )


def test_a_selection_is_stored_as_its_source_is(tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray(np.arange(60.0).reshape(10, 6)))
    with open_dataset([tmp_path / "x.npy"], x="x[:, 1:5]") as data:
        view = data.columns["x"].parts[0]
        chosen = Selected(view)
        assert [chosen.outer(axis) for axis in range(2)] == [view.source.outer(axis) for axis in range(2)]


# --- matrices, settings, weights


def test_discrete_elements(tmp_path, monkeypatch):
    swap = np.array([1, 0, 2])
    np.savez(tmp_path / "one.npz", p=swap)
    np.savez(tmp_path / "two.npz", p=swap, q=swap)
    np.savez(tmp_path / "named.npz", discrete=swap, q=swap)
    np.testing.assert_array_equal(read_elements(tmp_path / "one.npz"), swap)
    np.testing.assert_array_equal(read_elements(tmp_path / "named.npz"), swap)
    assert read_elements(tmp_path / "two.npz", required=False) is None
    with pytest.raises(InputError, match=r"which array holds the discrete generators\? there are `p`, `q`"):
        read_elements(tmp_path / "two.npz")
    (tmp_path / "folder").mkdir()
    (tmp_path / "named.npz").rename(tmp_path / "folder" / "generators.npz")
    np.testing.assert_array_equal(read_elements(tmp_path / "folder"), swap)
    monkeypatch.setattr(matrices_module, "budget", lambda limit: 10)
    with pytest.raises(ResourceError, match="`p` would not fit into memory"):
        read_elements(tmp_path / "one.npz")


def test_weights_that_do_not_fit(tmp_path, monkeypatch):
    from symdisc.atomic import safetensors_bytes

    content = safetensors_bytes({"a": np.arange(100.0)})
    (tmp_path / "a.safetensors").write_bytes(content)
    monkeypatch.setattr(safetensors_reader, "budget", lambda limit: 100)
    with pytest.raises(ResourceError, match=r"needs 1.6 kB of memory at once"):
        safetensors_reader.read_safetensors(tmp_path / "a.safetensors")
    monkeypatch.setattr(safetensors_reader, "LARGEST_HEADER", 10)
    with pytest.raises(InputError, match="the format allows 100 MB"):
        safetensors_reader.read_safetensors(tmp_path / "a.safetensors")


def test_settings_that_are_too_large_or_too_new(tmp_path, monkeypatch):
    import sys

    from symdisc.data import toml

    path = tmp_path / "symdisc.toml"
    path.write_text("[fit]\nseed = 3\n")
    if sys.version_info >= (3, 11):
        assert read_toml(path) == {"fit": {"seed": 3}}
        monkeypatch.setattr(toml, "LARGEST", 5)
        with pytest.raises(InputError, match="has 15 bytes; a settings file has 1 MiB at most"):
            read_toml(path)
    monkeypatch.setitem(sys.modules, "tomllib", None)
    with pytest.raises(InputError, match=r"needs Python 3.11; give the options themselves"):
        read_toml(path)


def test_an_interruption_closes_what_is_open(tmp_path, monkeypatch):
    from symdisc.data import opening

    (tmp_path / "a.h5").touch()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = GOOD
    opened = []

    def kept(*given):
        opened.append(open_container(*given))
        monkeypatch.setattr(opened[-1], "arrays", lambda: 1 / 0)
        monkeypatch.setattr(opened[-1], "exists", interrupted)
        return opened[-1]

    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "open_container", kept)
    with pytest.raises(KeyboardInterrupt):
        open_dataset([tmp_path / "a.h5"])
    with pytest.raises(ValueError, match="closed"):
        opened[0].handles[0].file.read(1)


# --- what mutants of the code went unnoticed by


@pytest.mark.parametrize("block", [1, 3, 16])
def test_windows_of_several_chunks(tmp_path, monkeypatch, block):
    """Storage is read in windows, some chunks at once: every sample once, in order, no chunk larger than said."""
    from symdisc.data import dataset

    x = np.arange(200.0 * 3).reshape(200, 3)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=x, chunks=(block, 3))
    monkeypatch.setattr(dataset, "CHUNK_BYTES", 4 * 3 * 8)
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert data.chunk_rows == 4
        assert (data._window_rows > 4) == (block > 1)
        parts = list(data.chunks())
    assert [len(part.x) for part in parts] == [4] * 50
    assert [part.start for part in parts] == list(range(0, 200, 4))
    np.testing.assert_array_equal(np.concatenate([part.x for part in parts])[:, :, 0], x)


def test_text_is_refused_unless_it_is_asked_for(tmp_path):
    words = np.array([b"a", b"b"])
    np.savez(tmp_path / "a.npz", words=words)
    np.save(tmp_path / "a.npy", words)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["words"] = words
    for name in ("a.npz", "a.npy", "a.h5"):
        container = open_container(str(tmp_path / name))
        try:
            with pytest.raises(InputError, match="text"):
                container.source("words" if name != "a.npy" else "a", ())
            assert container.source("words" if name != "a.npy" else "a", (), True).shape == (2,)
        finally:
            container.close()


def test_arrays_one_behind_the_other_are_read_one_after_the_other():
    from symdisc.data.assembled import Stacked

    stacked = Stacked([lambda: Plain(np.zeros((4, 6))), lambda: Plain(np.ones((4, 6)))], "both")
    assert [stacked.outer(axis) for axis in range(3)] == [True, False, False]
    assert stacked.chunks == (1, 2, 6)
    np.testing.assert_array_equal(stacked.read((slice(0, 2, 1), slice(0, 1, 1), slice(0, 2, 1)))[:, 0, 0], [0, 1])
