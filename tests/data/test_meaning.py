"""Which array is taken for what, and what each axis means."""

import contextlib

import h5py
import numpy as np
import pytest

from symdisc.data import available_memory, from_arrays, list_arrays, open_dataset, parse_size
from symdisc.errors import InputError, ResourceError


@pytest.fixture
def read():
    with contextlib.ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(open_dataset(*args, **options))


@pytest.fixture
def make(tmp_path):
    def build(name="a.h5", attributes=None, labels=None, **arrays):
        path = tmp_path / name
        if name.endswith(".npz"):
            np.savez(path, **arrays)
            return path
        with h5py.File(path, "w") as file:
            for key, value in arrays.items():
                file[key] = value
            file.attrs.update(attributes or {})
            for axis, label in enumerate(labels or []):
                file["x"].dims[axis].label = label
        return path

    return build


@pytest.mark.parametrize(
    ("y", "kind"), [({}, "samples"), ({"y": np.zeros((5, 3))}, "pairs"), ({"y": np.zeros(5)}, "labelled")]
)
def test_kind_by_shape(make, read, y, kind):
    assert read([make(x=np.zeros((5, 3)), **y)]).kind == kind


@pytest.mark.parametrize("name", ["a.h5", "a.npz"])
def test_attributes_decide(make, name):
    x = np.zeros((5, 20, 2))
    settings = {"kind": "trajectory", "dt": 0.25}
    path = make(name, x=x, **settings) if name == "a.npz" else make(attributes=settings, x=x)
    with open_dataset([path]) as data:
        assert (data.kind, data.axes, data.dt, data.d, data.space_shape) == ("trajectory", "ntv", 0.25, 2, ())
    with open_dataset([path], dt=0.5) as data:
        assert data.dt == 0.5
    with open_dataset([path], x="x[:, ::3]") as data:
        assert data.dt == 0.75
    with open_dataset([path], kind="samples") as data:
        assert (data.kind, data.axes, data.d) == ("samples", "nss", 40)


def test_attribute_of_the_array_comes_before_that_of_the_file(tmp_path, read):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros((5, 20, 2))
        file.attrs["kind"] = "samples"
        file["x"].attrs["kind"] = np.bytes_("trajectory")
    assert read([tmp_path / "a.h5"]).kind == "trajectory"


@pytest.mark.parametrize(
    ("labels", "axes"),
    [
        (["s", "n"], "sn"),
        (["space", "samples"], "sn"),
        (["Channel", "Sample"], "cn"),
        (["width", "n"], "ns"),
        (["", "c"], "ns"),
    ],
)
def test_dimension_labels(make, labels, axes):
    with open_dataset([make(x=np.zeros((4, 6)), labels=labels)]) as data:
        assert data.axes == axes
        understood = all(label and label != "width" for label in labels)
        assert any("not understood" in note for note in data.notes) is not understood


def test_labels_follow_the_slice(make):
    with open_dataset([make(x=np.zeros((4, 6, 3)), labels=["s", "n", "c"])], x="x[:, :, 0]") as data:
        assert data.axes == "sn"


def test_dimension_scales_give_the_sampling(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["phi"] = np.zeros((2, 30, 8, 1))
        file["time"], file["grid"] = np.arange(30) * 0.05 + 7, np.linspace(0, 1.4, 8)
        for axis, name in [(1, "time"), (2, "grid")]:
            file[name].make_scale(name)
            file["phi"].dims[axis].attach_scale(file[name])
    with open_dataset([tmp_path / "a.h5"], kind="field", periodic="s") as data:
        assert data.names["x"] == "phi"
        assert data.dt == pytest.approx(0.05)
        assert data.spacing == pytest.approx((0.2,))
        assert (data.periodic, data.periodic_time) == ((True,), False)


@pytest.mark.parametrize(
    ("shape", "kind", "axes"),
    [
        ((5, 3, 2), "samples", "nss"),
        ((5,), "samples", "n"),
        ((2, 9, 4), "trajectory", "ntv"),
        ((2, 9, 4, 4, 1), "field", "ntssv"),
    ],
)
def test_default_axes(make, read, shape, kind, axes):
    assert read([make(x=np.zeros(shape))], kind=kind).axes == axes


def test_the_only_array_is_x(make):
    with open_dataset([make(images=np.zeros((5, 3)), y=np.zeros(5), group=np.arange(5))]) as data:
        assert data.names == {"x": "images", "y": "y", "group": "group"}
        assert data.has_group
        assert any("only array" in note for note in data.notes)


def test_y_is_left_alone_where_the_kind_has_none(make):
    with open_dataset([make(x=np.zeros((5, 3)), y=np.full(5, np.nan))], kind="samples") as data:
        assert data.y_shape is None
        assert len(list(data.chunks())) == 1


def test_sizes(make):
    with open_dataset([make(x=np.zeros((3, 7, 4, 2)), y=np.zeros((7, 3, 1)))], axes="snsc") as data:
        assert (data.samples, data.d, data.channels, data.m, data.space_shape) == (7, 12, 2, 2, (3, 4))
        assert (data.y_shape, data.nbytes) == ((7, 3, 1), 8 * (168 + 21))


@pytest.mark.parametrize("name", ["odd.name", "odd[1]", "a.b[:, 1]"])
def test_dots_and_brackets_in_names(make, name):
    with open_dataset([make(**{name: np.arange(6.0).reshape(3, 2)}, other=np.zeros(3))], x=name) as data:
        assert data.x_shape == (3, 2)


def test_npy_names(tmp_path):
    np.save(tmp_path / "cats.npy", np.zeros((5, 3)))
    for name in ("x[:, :2]", "cats[:, :2]", "[:, :2]", "[..., :2]"):
        with open_dataset([tmp_path / "cats.npy"], x=name) as data:
            assert data.x_shape == (5, 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"axes": "ns"}, ["2 letters", "3 axes"]),
        ({"axes": "nsq"}, ["`q`", "n sample"]),
        ({"axes": "sss"}, ["one `n`"]),
        ({"axes": "nns"}, ["one `n`", "2"]),
        ({"axes": "ntv"}, ["`t`", "samples"]),
        ({"axes": "nsv", "kind": "trajectory"}, ["`s`"]),
        ({"axes": "nvv", "kind": "trajectory"}, ["one `t`"]),
        ({"axes": "ntv", "kind": "field"}, ["--kind trajectory"]),
        ({"kind": "field"}, ["nts..v", "--axes"]),
        ({"kind": "fields"}, ["`fields`", "labelled"]),
        ({"kind": "pairs"}, ["needs y"]),
        ({"dt": -1.0}, ["dt -1.0"]),
        ({"spacing": "1,x"}, ["--spacing"]),
        ({"spacing": "1,2,3"}, ["3 steps for 2"]),
        ({"periodic": "maybe"}, ["--periodic"]),
    ],
)
def test_wrong_options(options, words):
    with pytest.raises(InputError) as caught:
        from_arrays(np.zeros((5, 4, 3)), **options)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x[0.5]", ["`0.5`", "slices"]),
        ("x[::0]", ["`::0`"]),
        ("x[[0, 1]]", ["no array"]),
        ("x[9]", ["index 9", "size 5"]),
        ("x[:, :, :, 0]", ["4 indices"]),
        ("x[..., ...]", ["once"]),
        ("x[:, 9:]", ["axis 1", "nothing"]),
        ("x.re", ["no field `re`"]),
    ],
)
def test_wrong_selection(make, text, words):
    with pytest.raises(InputError) as caught:
        open_dataset([make(x=np.zeros((5, 4, 3)))], x=text)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4e9),
        ("4 gb", 4e9),
        ("512MiB", 512 * 2**20),
        ("1.5g", 1.5e9),
        ("800", 800),
        ("2kB", 2000),
        ("1TiB", 2**40),
    ],
)
def test_sizes_of_memory(text, size):
    assert parse_size(text) == size


def test_share_of_memory():
    assert parse_size("50%") == pytest.approx(available_memory() / 2, rel=0.2)


@pytest.mark.parametrize("text", ["", "lots", "-4GB", "0", "4XB", "1e9"])
def test_no_size(text):
    with pytest.raises(InputError, match="--memory"):
        parse_size(text)


def test_ceiling(make, read):
    path = make(x=np.zeros((5000, 30)))
    assert read([path], memory=10**8).samples == 5000
    with pytest.raises(ResourceError, match="--memory"):
        open_dataset([path], memory=10**6)


def test_listing(make):
    path = make(x=np.zeros((5, 3), "f4"), names=np.array([b"a", b"b"]), z=np.zeros(3, complex))
    infos = {info.name: info for info in list_arrays(path)}
    assert (infos["x"].shape, infos["x"].dtype, infos["x"].refused) == ((5, 3), "float32", "")
    assert "complex" in infos["z"].refused
    assert "text" in infos["names"].note
