"""Chunks against plain NumPy: any shape, order of axes, slice, format and storage."""

import gc
import io
import math
import sys
import threading

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symdisc.data import dataset, from_arrays, npy, open_dataset
from symdisc.data.npz import NpzContainer

FORMATS = ["npy", "npy-fortran", "npz", "npz-packed", "h5", "h5-chunks", "h5-gzip", "memory"]


def write(path, form, arrays, chunks=None):
    if form.startswith("npz"):
        (np.savez if form == "npz" else np.savez_compressed)(path, **arrays)
        return [path]
    if form.startswith("npy"):
        order = "F" if form == "npy-fortran" else "C"
        paths = []
        for name, array in arrays.items():
            paths.append(path.with_name(f"{path.name}-{name}.npy"))
            np.save(paths[-1], np.asarray(array, order=order))
        return paths
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            extra = {} if form == "h5" else {"chunks": (*chunks, *chunks)[: array.ndim] if chunks else True}
            if form == "h5-gzip":
                extra.update(compression="gzip", shuffle=True, fletcher32=True)
            if "chunks" in extra and extra["chunks"] is not True:
                extra["chunks"] = tuple(min(c, s) for c, s in zip(extra["chunks"], array.shape, strict=True))
            file.create_dataset(name, data=array, **extra)
    return [path]


def canonical(array, axes, kind):
    """(n, ...) by einsum over one distinct subscript an axis."""
    order = {"trajectory": "ntv", "field": "ntsv"}.get(kind, "nsc")
    subscripts = "abcdefgh"[: len(axes)]
    wanted = "".join(s for letter in order for s, other in zip(subscripts, axes, strict=True) if other == letter)
    moved = np.einsum(f"{subscripts}->{wanted}", array)
    size = {letter: [n for n, other in zip(array.shape, axes, strict=True) if other == letter] for letter in order}
    n = size["n"]
    if kind == "trajectory":
        return moved.reshape(*n, *size["t"], math.prod(size["v"]))
    if kind == "field":
        return moved.reshape(*n, *size["t"], *size["s"], math.prod(size["v"]))
    return moved.reshape(*n, math.prod(size["s"]), math.prod(size["c"]))


@st.composite
def selections(draw, shape, axes):
    """A NumPy index as text and as value, and the letters that remain; the sample axis always remains."""
    words, index, letters = [], [], ""
    for size, letter in zip(shape, axes, strict=True):
        choice = draw(st.sampled_from(["all", "all", "slice", "integer"]))
        left = axes[len(index) + 1 :].count(letter) + letters.count(letter)
        if choice == "integer" and letter in "sc" and left:
            place = draw(st.integers(-size, size - 1))
            words.append(str(place))
            index.append(place)
            continue
        item = slice(None)
        if choice == "slice":
            bound = st.none() | st.integers(-size, size)
            step = st.none() | st.sampled_from([-2, -1, 1, 2, 3])
            candidate = slice(draw(bound), draw(bound), draw(step))
            if len(range(size)[candidate]):
                item = candidate
        words.append(":".join("" if part is None else str(part) for part in (item.start, item.stop, item.step)))
        if item.step is None and words[-1].count(":") == 2:
            words[-1] = words[-1].rstrip(":") + ":"
        index.append(item)
        letters += letter
    return "[" + ", ".join(words) + "]", tuple(index), letters


@st.composite
def problems(draw):
    kind = draw(st.sampled_from(["samples", "pairs", "labelled", "trajectory", "field"]))
    inner = {"trajectory": "tv", "field": "ts" + "s" * draw(st.integers(0, 1)) + "v"}.get(
        kind, "s" * draw(st.integers(1, 2)) + "c" * draw(st.integers(0, 2))
    )
    axes = "".join(draw(st.permutations(list("n" + inner))))
    shape = tuple(draw(st.integers(2, 23)) if letter == "n" else draw(st.integers(1, 4)) for letter in axes)
    text, index, letters = draw(selections(shape, axes))
    dtype = draw(st.sampled_from(["f8", ">f8", "f4", "f2", "i4", ">i2", "u1", "?"]))
    form = draw(st.sampled_from(FORMATS))
    chunks = tuple(draw(st.integers(1, 7)) for _ in axes)
    rows = draw(st.sampled_from([1, 2, 4, 8]))
    return kind, shape, text, index, letters, dtype, form, chunks, rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reading")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(problem=problems(), seed=st.integers(0, 2**16))
def test_chunks_are_the_plain_array(folder, problem, seed, monkeypatch):
    kind, shape, text, index, letters, dtype, form, chunks, rows = problem
    random = np.random.default_rng(seed)
    x = (random.normal(size=shape) * 20).astype(np.int16).astype(dtype)
    arrays = {"x": x}
    expected_x = canonical(x[index].astype(float), letters, kind)
    expected_y = None
    if kind == "pairs":
        arrays["y"] = (random.normal(size=shape) * 20).astype("i2")
        expected_y = canonical(arrays["y"][index].astype(float), letters, kind)
    elif kind == "labelled":
        arrays["y"] = random.normal(size=(expected_x.shape[0], 3, 1))
        expected_y = arrays["y"].reshape(-1, 3)

    items = expected_x[0].size + (expected_y[0].size if expected_y is not None else 0)
    monkeypatch.setattr(dataset, "CHUNK_BYTES", 8 * items * rows)
    monkeypatch.setattr(dataset, "WINDOW_BYTES", 8 * items * rows * 3)
    monkeypatch.setattr(npy, "_BLOCK", 64)
    names = {"x": "x" + text}
    if kind == "pairs":
        names["y"] = "y" + text
    if form == "memory":
        values = {"x": x[index]} | (
            {"y": arrays["y"][index] if kind == "pairs" else arrays["y"]} if "y" in arrays else {}
        )
        opened = from_arrays(**values, kind=kind, axes=letters)
    else:
        paths = write(folder / f"file-{form}", form, arrays, chunks)
        paths = [p if p.suffix or not form.startswith("npz") else p.with_name(p.name + ".npz") for p in paths]
        opened = open_dataset(paths, kind=kind, axes=letters, **names)
    with opened as data:
        assert data.kind == kind
        assert data.samples == len(expected_x)
        assert data.x_shape == x[index].shape
        parts = list(data.chunks())
        assert [part.start for part in parts] == list(range(0, data.samples, data.chunk_rows))
        np.testing.assert_array_equal(np.concatenate([part.x for part in parts]), expected_x)
        assert all(part.x.flags.c_contiguous and part.x.dtype == np.float64 for part in parts)
        if expected_y is None:
            assert all(part.y is None for part in parts)
        else:
            np.testing.assert_array_equal(np.concatenate([part.y for part in parts]), expected_y)
        middle = len(parts) // 2 * data.chunk_rows
        if middle < data.samples:
            rest = np.concatenate([part.x for part in data.chunks(middle, dtype=np.float32)])
            assert rest.dtype == np.float32
            np.testing.assert_array_equal(rest, expected_x[middle:].astype(np.float32))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4), axis=st.integers(0, 1), rows=st.sampled_from([2, 4]))
def test_several_files_are_one(folder, sizes, axis, rows, monkeypatch):
    monkeypatch.setattr(dataset, "CHUNK_BYTES", 8 * 4 * rows)
    whole = np.random.default_rng(0).normal(size=(sum(sizes), 3))
    label = np.arange(sum(sizes)) % 3
    paths, low = [], 0
    for number, size in enumerate(sizes):
        paths.append(folder / f"part{number}.h5")
        with h5py.File(paths[-1], "w") as file:
            part = whole[low : low + size]
            file["x"] = part if axis == 0 else part.T
            file["y"] = label[low : low + size]
        low += size
    with open_dataset(paths, kind="labelled", axes="ns" if axis == 0 else "sn") as data:
        parts = list(data.chunks())
        assert data.samples == sum(sizes)
        assert [len(part.x) for part in parts[:-1]] == [data.chunk_rows] * (len(parts) - 1)
        np.testing.assert_array_equal(np.concatenate([part.x for part in parts])[:, :, 0], whole)
        np.testing.assert_array_equal(np.concatenate([part.y for part in parts])[:, 0], label)
        assert [entry["name"] for entry in data.fingerprint()] == [path.name for path in paths]


@pytest.mark.parametrize("pack", [np.savez, np.savez_compressed])
def test_stdin(pack, monkeypatch):
    x = np.random.default_rng(0).normal(size=(30, 4))
    buffer = io.BytesIO()
    pack(buffer, x=x)
    buffer.seek(0)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(buffer))
    with open_dataset(["-"]) as data:
        (part,) = data.chunks()
        np.testing.assert_array_equal(part.x[:, :, 0], x)
        assert data.fingerprint()[0]["name"] == "stdin"


def test_compound_table_as_pandas_writes_it(tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 12)).astype("f4")
    table = np.zeros(50, dtype=[("index", "i8"), ("values_block_0", "f4", (12,)), ("values_block_1", "i8", (1,))])
    table["values_block_0"], table["values_block_1"] = values, np.arange(50)[:, None] % 2
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["table/table"] = table
    names = {"x": "table/table.values_block_0[:, :8]", "y": "table/table.values_block_1[:, 0]"}
    with open_dataset([tmp_path / "t.h5"], **names) as data:
        (part,) = data.chunks()
        assert data.kind == "labelled"
        np.testing.assert_array_equal(part.x[:, :, 0], values[:, :8])
        np.testing.assert_array_equal(part.y[:, 0], np.arange(50) % 2)
        assert data.y_dtype == np.int64


def test_nothing_of_the_caller_can_be_changed_through_a_chunk():
    x = np.ones((4, 2))
    (part,) = from_arrays(x).chunks()
    part.x[:] = 5
    assert (x == 1).all()


def test_stored_precision_is_kept_on_request():
    x = np.random.default_rng(0).normal(size=(6, 2))
    for stored, wanted in [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i2", "f4"), ("i4", "f8")]:
        (part,) = from_arrays(x.astype(stored)).chunks(dtype=None)
        assert part.x.dtype == wanted


def test_large_finite_values_are_no_false_alarm():
    x = np.full((8, 3), 1e300)
    (part,) = from_arrays(x).chunks()
    assert (part.x == 1e300).all()


def test_tensors_lists_and_integers_are_arrays():
    torch = pytest.importorskip("torch")
    (part,) = from_arrays(torch.arange(6.0).reshape(3, 2), [[1], [2], [3]]).chunks()
    np.testing.assert_array_equal(part.x[:, :, 0], [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(part.y, [[1], [2], [3]])


def test_chunk_size_depends_on_shapes_alone(tmp_path):
    x = np.zeros((100, 1024), "f4")
    write(tmp_path / "a.h5", "h5-chunks", {"x": x}, (7, 100))
    with open_dataset([tmp_path / "a.h5"]) as stored, from_arrays(x.astype("i1")) as held:
        assert stored.chunk_rows == held.chunk_rows == 4096
    with from_arrays(np.zeros((2, 3, 1 << 21), "i1")) as wide:
        assert wide.chunk_rows == 1


def test_hash_is_of_the_bytes(tmp_path):
    import hashlib

    x = np.random.default_rng(0).normal(size=(9, 3))
    np.save(tmp_path / "x.npy", x)
    with open_dataset([tmp_path / "x.npy"]) as data:
        entry = {"name": "x.npy", "sha256": hashlib.sha256((tmp_path / "x.npy").read_bytes()).hexdigest()}
        assert data.describe() == {"files": [entry], "x_shape": [9, 3], "samples": 9, "axes": "ns"}
    for array in (x, np.asfortranarray(x)):
        assert from_arrays(array).fingerprint() == [{"name": "x", "sha256": hashlib.sha256(x.tobytes()).hexdigest()}]


def test_distinct_labels(tmp_path):
    x = np.zeros((500, 2))
    y = np.arange(500) % 7
    np.savez(tmp_path / "a.npz", x=x, y=y)
    with open_dataset([tmp_path / "a.npz"]) as data:
        np.testing.assert_array_equal(data.distinct_labels(7), np.arange(7))
        assert data.distinct_labels(6) is None
    assert from_arrays(x).distinct_labels(5) is None


def test_groups_hash_by_value():
    x = np.zeros((6, 2))
    for ids in (
        np.array([3, 3, 1, 0, 1, -2]),
        np.array([0.5, 0.5, -0.0, 2.0, 0.0, 7.0]),
        np.array(["b", "b", "a", "c", "a", "zz"]),
        np.array([b"b", b"b", b"a", b"c", b"a", b"zz"]),
    ):
        (part,) = from_arrays(x, group=ids).chunks()
        assert part.group.dtype == np.uint64
        assert part.group[0] == part.group[1]
        assert part.group[2] == part.group[4]
        assert len(set(part.group.tolist())) == 4
    (text,) = from_arrays(x, group=np.array(["b", "b", "a", "c", "a", "zz"])).chunks()
    (wider,) = from_arrays(x, group=np.array([b"b", b"b", b"a", b"c", b"a", b"zz"], "S9")).chunks()
    np.testing.assert_array_equal(text.group, wider.group)


def test_a_closed_file_is_forgotten(tmp_path):
    """A cache on a method once kept every NPZ ever opened: 60 kB a fit."""
    np.savez(tmp_path / "x.npz", x=np.eye(3))
    with open_dataset([tmp_path / "x.npz"]) as data:
        assert data.samples == 3
    del data
    gc.collect()
    assert not any(type(kept) is NpzContainer for kept in gc.get_objects())


def test_a_reader_that_is_given_up_waits_for_no_thread(monkeypatch):
    """What is collected as garbage may be so in a thread that is starting: joining another one there ends never."""
    monkeypatch.setattr(dataset, "CHUNK_BYTES", 1 << 10)
    chunks = from_arrays(np.arange(4000.0).reshape(1000, 4)).chunks(0, np.float64)
    assert next(chunks).start == 0
    joined = []
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "join", lambda self, timeout=None: joined.append(self.name))
        chunks.close()
    assert not joined
