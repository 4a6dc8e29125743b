"""Files as others write them: recognised by names and attributes, said aloud, and read as what they are."""

import json
import pickle

import h5py
import layouts
import numpy as np
import pytest
from layouts import DT, DX, DY, N, T, X

from symdisc.cli.main import main
from symdisc.data import list_arrays, open_dataset
from symdisc.data.layouts.columns import listed
from symdisc.errors import InputError


def whole(data, role="x"):
    """Everything as the user's axes have it."""
    return data.columns[role].read(0, data.samples)


def near(*values):
    return pytest.approx(values, rel=1e-6)


def says(data, *words):
    assert all(word in data.recognised for word in words), data.recognised
    assert data.notes[0] == data.recognised


def test_pdebench_tensor(tmp_path):
    values = layouts.tensor(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.kind, data.axes, data.periodic) == ("field", "nts", None)
        assert (data.dt, *data.spacing) == near(DT, DX)
        assert np.array_equal(whole(data), values)
        says(data, "PDEBench (a)", "tensor (N,T,X)", "dx = 0.25", "dt = 0.05")
        assert any("--periodic" in note for note in data.notes)
        assert next(data.chunks()).x.shape == (N, T, X, 1)


def test_pdebench_darcy(tmp_path):
    medium, flow = layouts.darcy(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.kind, data.axes) == ("labelled", "nss")
        assert np.array_equal(whole(data), medium)
        assert np.array_equal(whole(data, "y"), flow[:, 0])
        says(data, "steady flow")


def test_pdebench_fluid(tmp_path):
    values = layouts.fluid(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.kind, data.axes) == ("field", "ntssv")
        assert (data.dt, *data.spacing) == near(DT, DX, DY)
        assert np.array_equal(whole(data), np.stack(list(values.values()), -1))
        says(data, "PDEBench (b)", "density + pressure + Vx + Vy")
    with open_dataset([tmp_path / "a.h5"], x="Vx+density[:, ::2, 1:, 2]") as data:
        expected = np.stack([values["Vx"], values["density"]], -1)[:, ::2, 1:, 2]
        assert data.axes == "ntsv"
        assert (data.dt, *data.spacing) == near(2 * DT, DX)
        assert np.array_equal(whole(data), expected)
    with open_dataset([tmp_path / "a.h5"], x="pressure") as data:
        assert data.axes == "ntss"


def test_pdebench_groups(tmp_path):
    values = layouts.groups(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.kind, data.axes, data.names["x"]) == ("field", "ntssv", "*/data")
        assert (data.dt, *data.spacing) == near(DT, DX, DY)
        assert np.array_equal(whole(data), values)
        assert np.array_equal(data.columns["x"].read(1, 2), values[1:2])
        says(data, "PDEBench (c)", "3 runs")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["0001/data"]
        file["0001/data"] = values[0, :3]
    with open_dataset([tmp_path / "a.h5"]) as data, pytest.raises(InputError, match="0001/data"):
        whole(data)


def test_pdebench_incompressible(tmp_path):
    values = layouts.incompressible(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.kind, data.axes, data.spacing) == ("field", "ntssv", None)
        assert data.dt == pytest.approx(DT)
        assert np.array_equal(whole(data), values["velocity"])
        says(data, "PDEBench (d)")
    with open_dataset([tmp_path / "a.h5"], x="velocity+particles") as data:
        assert np.array_equal(whole(data), np.concatenate([values["velocity"], values["particles"]], -1))


def test_the_well(tmp_path):
    scalar, vector = layouts.well(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.kind, data.axes, data.periodic) == ("field", "ntssv", (True, False))
        assert (data.dt, *data.spacing) == near(DT, DX, DY)
        assert np.array_equal(whole(data), np.concatenate([scalar[..., None], vector], -1))
        says(data, "The Well", "cartesian", "periodic in x")
        assert any("1 to 2 t1_fields/velocity (vector)" in note for note in data.notes)
        assert any("left out" in note and "t0_fields/medium" in note for note in data.notes)
    with open_dataset([tmp_path / "a.h5"], x="t1_fields/velocity") as data:
        assert np.array_equal(whole(data), vector)


def test_several_files_of_the_well_are_one_data_set(tmp_path):
    first, second = (layouts.well(tmp_path / name)[0] for name in ("a.h5", "b.h5"))
    with open_dataset([tmp_path / "a.h5", tmp_path / "b.h5"], x="t0_fields/pressure") as data:
        assert np.array_equal(whole(data), np.concatenate([first, second]))


def test_a_curved_grid_of_the_well_is_said(tmp_path):
    layouts.well(tmp_path / "a.h5", "spherical")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert any("spherical" in note and "differ" in note for note in data.notes)


def test_top_tagging(tmp_path):
    numbers, labels = layouts.top_tagging(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.kind, data.axes, data.d, data.channels) == ("labelled", "ncs", 4, 3)
        assert np.array_equal(whole(data), numbers[:, :12].reshape(-1, 3, 4))
        assert np.array_equal(whole(data, "y"), labels[:, 1])
        says(data, "top tagging", "3 constituents", "is_signal_new")
        assert np.array_equal(next(data.chunks()).x[5, :, 1], numbers[5, 4:8])
    with open_dataset([tmp_path / "a.h5"], x="table/table.values_block_0[5:, :8]", y=None, kind="samples") as data:
        assert np.array_equal(whole(data), numbers[5:, :8].reshape(-1, 2, 4))
        assert data.y_shape is None
    with open_dataset([tmp_path / "a.h5"], x="table/table.values_block_0[:, 4:8]", axes="ns") as data:
        assert np.array_equal(whole(data), numbers[:, 4:8])


@pytest.mark.parametrize("protocol", [0, 2])
def test_columns_of_a_table_by_name(tmp_path, protocol):
    numbers, labels = layouts.frame(tmp_path / "a.h5", ["mass", "p.T", "eta"], ["quark"], "jets", protocol)
    with open_dataset([tmp_path / "a.h5"], x="jets/table.mass+jets/table.eta", y="jets/table.quark") as data:
        assert np.array_equal(whole(data), numbers[:, [0, 2]])
        assert np.array_equal(whole(data, "y"), labels[:, 0])
        assert (data.kind, data.axes) == ("labelled", "ns")
        says(data, "pandas table", "mass, p.T, eta")
    with open_dataset([tmp_path / "a.h5"], x="jets/table.p.T") as data:
        assert np.array_equal(whole(data), numbers[:, 1])
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert data.names["x"] == "jets/table.values_block_0"
    assert not any("_i_table" in info.name for info in list_arrays(tmp_path / "a.h5"))
    with pytest.raises(InputError, match="no field `masse`"):
        open_dataset([tmp_path / "a.h5"], x="jets/table.masse")


class Harm:
    """What a pickle in an attribute could do."""

    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_names_are_read_from_any_protocol_and_nothing_is_run(protocol):
    names = ["E_0", "p\u00e9", "x" * 300]
    assert listed(pickle.dumps([*names, 7], protocol)) == [*names, "7"]
    assert listed(pickle.dumps(["a", Harm()], protocol)) is None
    assert listed(pickle.dumps([("a", "b")], protocol)) is None
    assert listed(pickle.dumps(names, protocol)[:-3]) is None


def test_keras(tmp_path):
    arrays = layouts.mnist(tmp_path / "mnist.npz")
    with open_dataset([tmp_path / "mnist.npz"]) as data:
        assert (data.kind, data.axes, data.names) == ("labelled", "nss", {"x": "x_train", "y": "y_train"})
        assert np.array_equal(whole(data), arrays["x_train"])
        says(data, "Keras", "x_train")
    with open_dataset([tmp_path / "mnist.npz"], x="x_test") as data:
        assert data.names["y"] == "y_test"
    with open_dataset([tmp_path / "mnist.npz"], kind="samples") as data:
        assert data.y_shape is None


def test_nexus(tmp_path):
    values = layouts.nexus(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.names["x"], data.kind, data.axes) == ("entry/wave/phi", "field", "ntsv")
        assert (data.dt, *data.spacing) == near(DT, DX)
        assert np.array_equal(whole(data), values[None])
        says(data, "NeXus", "time,x,component")
        assert any("one run" in note for note in data.notes)
    with open_dataset([tmp_path / "a.h5"], x="entry/other/phi[::2, :, 0]") as data:
        assert (data.axes, data.dt) == ("nts", pytest.approx(2 * DT))
        assert np.array_equal(whole(data), values[None, ::2, :, 0])


def test_netcdf(tmp_path):
    values = layouts.netcdf(tmp_path / "a.h5")
    with pytest.raises(InputError, match="--x"):
        open_dataset([tmp_path / "a.h5"])
    with open_dataset([tmp_path / "a.h5"], x="u+w") as data:
        assert (data.kind, data.axes) == ("field", "ntsv")
        assert (data.dt, *data.spacing) == near(DT, DX)
        assert np.array_equal(whole(data), np.stack([values["u"], values["w"]], -1))
        says(data, "CF-1.8", "member,moment,lon")
    layouts.netcdf(tmp_path / "one.h5", samples=False)
    with open_dataset([tmp_path / "one.h5"]) as data:
        assert (data.kind, data.axes, data.samples) == ("field", "nts", 1)


@pytest.mark.parametrize(
    ("change", "option"),
    [
        (lambda f: f.move("tensor", "data"), {}),
        (lambda f: f.move("x-coordinate", "x-grid"), {}),
    ],
)
def test_rank_alone_is_no_layout(tmp_path, change, option):
    """The same shapes under other names are not recognised."""
    layouts.tensor(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        change(file)
    name = "tensor" if "tensor" in h5py.File(tmp_path / "a.h5") else "data"
    with open_dataset([tmp_path / "a.h5"], x=name) as data:
        assert (data.recognised, data.kind) == ("", "samples")


def test_what_the_user_says_comes_first(tmp_path):
    layouts.tensor(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"], dt=0.5, spacing=2.0, periodic="s") as data:
        assert (data.dt, data.spacing, data.periodic) == (0.5, (2.0,), (True,))
    with open_dataset([tmp_path / "a.h5"], kind="samples") as data:
        assert (data.kind, data.axes) == ("samples", "nss")


def test_coordinates_that_are_not_uniform_give_no_step(tmp_path):
    layouts.tensor(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["x-coordinate"][...] = np.arange(X) ** 2
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert data.spacing is None
        says(data, "step of x not known")


def test_attributes_of_another_form_are_no_crash(tmp_path):
    """Names as the layouts have them, attributes as nobody writes them: an array that is named is read all the same."""
    layouts.well(tmp_path / "a.h5")
    layouts.nexus(tmp_path / "b.h5")
    layouts.top_tagging(tmp_path / "c.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["dimensions"].attrs["spatial_dims"] = [1.5, 2.5]
        file["t0_fields/pressure"].attrs["dim_varying"] = "yes"
        file["t0_fields"].attrs["field_names"] = 7
        file["boundary_conditions/x_periodic"].attrs["associated_dims"] = 3
    with h5py.File(tmp_path / "b.h5", "a") as file:
        file["entry"].attrs["default"] = 1
        file["entry/wave"].attrs["axes"] = [[1, 2], [3, 4]]
    with h5py.File(tmp_path / "c.h5", "a") as file:
        file["table/table"].attrs["values_block_0_kind"] = np.arange(3)
        file["table"].attrs["pandas_type"] = 4
    for name, x, rank in (
        ("a.h5", "t0_fields/pressure", 4),
        ("b.h5", "entry/wave/phi", 3),
        ("c.h5", "table/table.values_block_0", 2),
    ):
        with open_dataset([tmp_path / name], x=x, kind="samples") as data:
            assert len(data.x_shape) == rank


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ("density+Vz", ["Vz", "density"]),
        ("density[:, 0]+Vx", ["index", "behind all names"]),
        ("density+x-coordinate", ["agree in their first"]),
        ("*/nothing", ["`*/nothing`"]),
    ],
)
def test_wrong_names_of_several_arrays(tmp_path, x, words):
    layouts.fluid(tmp_path / "a.h5")
    with pytest.raises(InputError) as caught:
        open_dataset([tmp_path / "a.h5"], x=x)
    assert all(word in str(caught.value) for word in words), caught.value


def test_inspect_says_the_layout_and_marks_all_parts(tmp_path, capsys):
    layouts.well(tmp_path / "a.h5")
    main(["inspect", str(tmp_path / "a.h5"), "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert found["layout"].startswith("The Well: t0_fields/pressure + t1_fields/velocity")
    roles = {entry["name"]: entry["role"] for entry in found["arrays"]}
    assert roles["t0_fields/pressure"] == roles["t1_fields/velocity"] == "x"
    assert roles["t0_fields/medium"] is None
    main(["inspect", str(tmp_path / "a.h5")], standalone_mode=False)
    assert capsys.readouterr().out.count("layout    The Well: ") == 1


def two_fields(path):
    """A complex wave as two fields of The Well, and the problem that it is."""
    from symdisc.problems import make

    made = make("complex-phi4", samples=6)
    x = made.arrays["x"]
    with h5py.File(path, "w") as file:
        file.attrs["grid_type"], file.attrs["n_spatial_dims"] = "cartesian", 1
        file["dimensions/time"] = np.arange(x.shape[1]) * made.attributes["dt"]
        file["dimensions/x"] = np.arange(x.shape[2]) * made.attributes["spacing"]
        file["dimensions"].attrs["spatial_dims"] = ["x"]
        file.create_group("t0_fields").attrs["field_names"] = ["re", "im"]
        for place, name in enumerate(("re", "im")):
            array = file.create_dataset(f"t0_fields/{name}", data=x[..., place])
            array.attrs["sample_varying"] = array.attrs["time_varying"] = True
            array.attrs["dim_varying"] = [True]
        wrap = file.create_group("boundary_conditions/x_periodic")
        wrap.attrs["bc_type"], wrap.attrs["associated_dims"] = "PERIODIC", ["x"]
    return made


@pytest.mark.slow
def test_a_problem_in_the_layout_of_the_well_is_read_as_it_was(tmp_path):
    made = two_fields(tmp_path / "a.h5")
    with open_dataset([tmp_path / "a.h5"]) as data:
        assert (data.kind, data.axes, data.periodic) == ("field", "ntsv", (True,))
        assert np.array_equal(whole(data), made.arrays["x"])
        assert (data.dt, *data.spacing) == near(made.attributes["dt"], *made.attributes["spacing"])


@pytest.mark.slow
def test_fit_on_a_file_of_the_well_needs_no_options(tmp_path, capsys):
    """The phase of the complex wave is found from the file alone."""
    two_fields(tmp_path / "a.h5")
    main(["fit", str(tmp_path / "a.h5"), "--no-plots", "--json", "-o", str(tmp_path / "a")], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["dimension"]) == ("symmetric", 1)
    with np.load(tmp_path / "a" / "generators.npz") as file:
        turn = file["generators"][0]
    assert np.allclose(np.abs(turn), [[0, np.sqrt(0.5)], [np.sqrt(0.5), 0]], atol=1e-3)
    assert turn[0, 1] * turn[1, 0] < 0
