"""Small files written as the writers of each layout write them (their calls of h5py, by name and order)."""

from __future__ import annotations

import pickle

import h5py
import numpy as np

N, T, X, Y = 3, 8, 6, 5
DT, DX, DY = 0.05, 0.25, 0.5
RNG = np.random.default_rng(0)


def draw(*shape):
    return RNG.standard_normal(shape).astype("f4")


def grid(count, step, start=0.0):
    return (start + step * np.arange(count)).astype("f4")


def tensor(path):
    """PDEBench, Data_Merge.py `transform`: t-coordinate has one entry more than the tensor."""
    data = draw(N, T, X)
    with h5py.File(path, "w") as f:
        f.create_dataset("tensor", data=data)
        f.create_dataset("x-coordinate", data=grid(X, DX, DX / 2))
        f.create_dataset("t-coordinate", data=grid(T + 1, DT))
        f.attrs["beta"] = 0.1
    return data


def darcy(path):
    """PDEBench, Data_Merge.py `merge` of type ReacDiff."""
    medium, flow = draw(N, X, Y), draw(N, 1, X, Y)
    with h5py.File(path, "w") as f:
        f.create_dataset("tensor", data=flow)
        f.create_dataset("nu", data=medium)
        f.create_dataset("x-coordinate", data=grid(X, DX))
        f.create_dataset("y-coordinate", data=grid(Y, DY))
        f.attrs["beta"] = 1.0
    return medium, flow


def fluid(path, periodic=True):
    """PDEBench, Data_Merge.py `merge` of type CFD in two dimensions."""
    data = {name: draw(N, T, X, Y) for name in ("density", "pressure", "Vx", "Vy")}
    with h5py.File(path, "w") as f:
        for name, values in data.items():
            f.create_dataset(name, data=values)
        f.create_dataset("y-coordinate", data=grid(Y, DY))
        f.create_dataset("x-coordinate", data=grid(X, DX))
        f.create_dataset("t-coordinate", data=grid(T + 1, DT))
        f.attrs["eta"], f.attrs["zeta"], f.attrs["M"] = 0.01, 0.01, 0.1
    return data


def groups(path):
    """PDEBench, gen_diff_react.py: a group a seed, lzf."""
    data = draw(N, T, X, Y, 2)
    with h5py.File(path, "a") as f:
        for i in range(N):
            seed = str(i).zfill(4)
            f.create_dataset(f"{seed}/data", data=data[i], dtype="float32", compression="lzf")
            f.create_dataset(f"{seed}/grid/x", data=grid(X, DX), dtype="float32", compression="lzf")
            f.create_dataset(f"{seed}/grid/y", data=grid(Y, DY), dtype="float32", compression="lzf")
            f.create_dataset(f"{seed}/grid/t", data=grid(T, DT), dtype="float32", compression="lzf")
            f[seed].attrs["config"] = "sim:\n  seed: 0\n"
    return data


def incompressible(path):
    """PDEBench, data_io.py `h5_for` and the stores of sim_ns_incomp_2d.py."""
    shapes = {"velocity": (N, T, X, Y, 2), "particles": (N, T, X, Y, 1), "force": (N, X, Y, 2), "t": (N, T)}
    values = {name: draw(*shape) for name, shape in shapes.items()}
    values["t"] = np.broadcast_to(grid(T, DT), (N, T))
    with h5py.File(path, "a") as f:
        f.attrs["config"] = "n_steps: 8\n"
        f.attrs["latestIndex"] = -1
        for name, shape in shapes.items():
            f.require_dataset(name, shape, "float32", compression="lzf", chunks=(1, 1, *shape[2:]), shuffle=True)
            f[name][...] = values[name]
    return values


def well(path, grid_type="cartesian"):
    """The Well, docs/data_format.md and utils/dummy_data.py: text attributes of variable length, boolean lists."""
    scalar, vector, fixed = draw(N, T, X, Y), draw(N, T, X, Y, 2), draw(N, X, Y)
    with h5py.File(path, "w") as file:
        file.attrs["a"] = 0.25
        file.attrs["dataset_name"] = "dummy_dataset"
        file.attrs["grid_type"] = grid_type
        file.attrs["n_spatial_dims"] = 2
        file.attrs["n_trajectories"] = N
        file.attrs["simulation_parameters"] = ["a"]
        group = file.create_group("boundary_conditions")
        for name, kind in (("x", "PERIODIC"), ("y", "WALL")):
            sub = group.create_group(f"{name}_{kind.lower()}")
            sub.attrs["associated_dims"] = name
            sub.attrs["associated_fields"] = []
            sub.attrs["bc_type"] = kind
            sub.attrs["sample_varying"] = False
            sub.attrs["time_varying"] = False
            sub.create_dataset("mask", data=np.zeros(X if name == "x" else Y, bool))
        group = file.create_group("dimensions")
        group.attrs["spatial_dims"] = ["x", "y"]
        for name, values in (("time", grid(T, DT)), ("x", grid(X, DX)), ("y", grid(Y, DY))):
            group.create_dataset(name, data=values)
            group[name].attrs["sample_varying"] = False
        group = file.create_group("scalars")
        group.attrs["field_names"] = ["a"]
        group.create_dataset("a", data=np.array([0.25]))
        for name, fields in (
            ("t0_fields", {"pressure": (scalar, True), "medium": (fixed, False)}),
            ("t1_fields", {"velocity": (vector, True)}),
            ("t2_fields", {}),
        ):
            group = file.create_group(name)
            group.attrs["field_names"] = list(fields)
            for field, (values, moves) in fields.items():
                array = group.create_dataset(field, data=values)
                array.attrs["dim_varying"] = [True, True]
                array.attrs["sample_varying"] = True
                array.attrs["time_varying"] = moves
    return scalar, vector


def frame(path, columns, labels, key="table", protocol=0):
    """What pandas 3 and PyTables 3.11 write for `to_hdf(key, format="table")`: float columns, then whole ones."""
    rows = 40
    numbers, whole = draw(rows, len(columns)), RNG.integers(0, 2, (rows, len(labels)))
    kind = [("index", "<i8"), ("values_block_0", "<f4", (len(columns),)), ("values_block_1", "<i8", (len(labels),))]
    table = np.zeros(rows, dtype=kind)
    table["index"], table["values_block_0"], table["values_block_1"] = np.arange(rows), numbers, whole
    with h5py.File(path, "w") as f:
        f.attrs["CLASS"], f.attrs["PYTABLES_FORMAT_VERSION"] = np.bytes_("GROUP"), np.bytes_("2.1")
        group = f.create_group(key)
        group.attrs["CLASS"], group.attrs["pandas_type"] = np.bytes_("GROUP"), np.bytes_("frame_table")
        group.attrs["table_type"] = np.bytes_("appendable_frame")
        group.attrs["levels"], group.attrs["TITLE"] = np.int64(1), h5py.Empty("S1")
        group.attrs["non_index_axes"] = np.bytes_(pickle.dumps([(1, [*columns, *labels])], 0))
        index = f.create_group(f"{key}/_i_table/index")
        index.attrs["CLASS"] = np.bytes_("INDEX")
        index.create_dataset("sorted", (0, 64), "<i8", maxshape=(None, 64), chunks=(1, 64), compression="gzip")
        index.create_dataset("sortedLR", data=np.zeros(65))
        array = group.create_dataset("table", data=table, maxshape=(None,), chunks=(16,), compression="gzip")
        array.attrs["CLASS"], array.attrs["NROWS"] = np.bytes_("TABLE"), np.int64(rows)
        for place, names in enumerate((columns, labels)):
            array.attrs[f"values_block_{place}_kind"] = np.bytes_(pickle.dumps(list(names), protocol))
            array.attrs[f"values_block_{place}_meta"] = np.bytes_(b"N.")
    return numbers, whole


def top_tagging(path, constituents=3):
    """The columns of the top-tagging reference data: momenta, those of the top quark, test or train, label."""
    columns = [f"{letter}_{i}" for i in range(constituents) for letter in ("E", "PX", "PY", "PZ")]
    return frame(path, [*columns, "truthE", "truthPX", "truthPY", "truthPZ"], ["ttv", "is_signal_new"])


def mnist(path):
    """As keras.datasets.mnist keeps it."""
    arrays = {
        "x_train": RNG.integers(0, 256, (60, 8, 8)).astype("u1"),
        "y_train": RNG.integers(0, 10, 60).astype("u1"),
        "x_test": RNG.integers(0, 256, (10, 8, 8)).astype("u1"),
        "y_test": RNG.integers(0, 10, 10).astype("u1"),
    }
    np.savez(path, **arrays)
    return arrays


def nexus(path):
    """NeXus: an entry with an NXdata whose axes are time, x and an unnamed one; a second NXdata that is not default."""
    data = draw(T, X, 2)
    with h5py.File(path, "w") as f:
        f.attrs["default"] = "entry"
        entry = f.create_group("entry")
        entry.attrs["NX_class"], entry.attrs["default"] = "NXentry", "wave"
        for name in ("wave", "other"):
            group = entry.create_group(name)
            group.attrs["NX_class"], group.attrs["signal"] = "NXdata", "phi"
            group.attrs["axes"] = ["time", "x", "component"]
            group["phi"], group["time"], group["x"] = data, grid(T, DT), grid(X, DX)
            group["component"] = np.arange(2)
    return data


def netcdf(path, samples=True):
    """What the netCDF-4 library writes: dimension scales, one of them without coordinates, CF attributes."""
    data = {name: draw(N, T, X) for name in ("u", "w")}
    with h5py.File(path, "w") as f:
        f.attrs["Conventions"] = np.bytes_("CF-1.8")
        f.create_dataset("member", (N,), ">f4")
        f["member"].make_scale("This is a netCDF dimension but not a netCDF variable.         3")
        f["moment"], f["lon"] = grid(T, DT).astype("f8"), grid(X, DX).astype("f8")
        f["moment"].attrs["units"] = "seconds since 2000-01-01"
        f["lon"].attrs["axis"], f["lon"].attrs["units"] = np.bytes_("X"), np.bytes_("degrees_east")
        for name in ("moment", "lon"):
            f[name].make_scale(name)
        for name in data if samples else ("u",):
            f[name] = data[name] if samples else data[name][0]
            for axis, scale in enumerate(("member", "moment", "lon")[0 if samples else 1 :]):
                f[name].dims[axis].attach_scale(f[scale])
    return data
