"""What hardly ever happens to a reader, one by one: each is a sentence of ours, or a value that is right."""

import errno
import io
import json
import os
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hostile import GOOD, hdf5, npy_header, saved

from symdisc.data import available_memory, from_arrays, list_arrays, memory, open_dataset, read_matrices, read_npz
from symdisc.data import hdf5 as hdf5_reader
from symdisc.data import variable as variable_script
from symdisc.data.axes import parse_dt, parse_periodic
from symdisc.data.files import guarded, open_regular, spool
from symdisc.data.groups import group_ids
from symdisc.data.listing import unknown
from symdisc.data.npy import parse_header
from symdisc.data.selection import parse_index
from symdisc.data.writing import NewArray, new_file
from symdisc.errors import InputError, ResourceError


def read_all(paths, **options):
    with open_dataset(paths, **options) as data:
        return np.concatenate([part.x for part in data.chunks()])


class Odd:
    def __array__(self, *given, **named):
        raise RuntimeError("no")


# --- arrays in memory


def test_what_is_no_array():
    with pytest.raises(InputError, match="x: is no array"):
        from_arrays(Odd())
    with pytest.raises(InputError, match="Python objects; convert it to a numeric array"):
        from_arrays(np.array([{}, []], dtype=object))


def test_fields_of_an_array_in_memory():
    from symdisc.data.arrays import ArrayContainer

    table = np.zeros(4, [("a", "f8"), ("b", "i4", (2,))])
    container = ArrayContainer({"x": table})
    assert container.source("x", ("b",)).shape == (4, 2)
    with pytest.raises(InputError, match="compound"):
        container.source("x", ())
    container.close()


# --- settings


@pytest.mark.parametrize(("value", "answer"), [([True], (True, True)), ([1, 0], (True, False)), ("yes", (True, True))])
def test_periodic_as_a_sequence(value, answer):
    assert parse_periodic(value, 2, "x") == (False, answer)


def test_answers_that_do_not_fit():
    with pytest.raises(InputError, match="3 answers for 2 s axes"):
        parse_periodic([True, True, False], 2, "x")
    with pytest.raises(InputError, match="2 steps for 3 s axes"):
        from_arrays(np.zeros((2, 3, 4, 5)), axes="nsss", spacing=[1, 2])
    with from_arrays(np.zeros((2, 3, 4)), axes="nss", spacing=[1, 2]) as data:
        assert data.spacing == (1.0, 2.0)
    with pytest.raises(InputError, match="dt soon is not a positive number"):
        parse_dt("soon", "x")


def test_indices():
    assert parse_index(":, 2,", "x") == (slice(None), 2)
    with pytest.raises(InputError, match="only once"):
        parse_index("..., ...", "x")


def test_group_ids_that_are_missing():
    with pytest.raises(InputError, match="NaN at index 12"):
        group_ids(np.array([1.0, 2.0, np.nan]), "group", 10)


def test_no_file_and_no_array():
    with pytest.raises(InputError, match="no data file given"):
        open_dataset([])
    assert "holds no array that can be read" in str(unknown("a.h5", "x", []))


def test_two_npy_files(tmp_path):
    one, two = (saved(f"{name}.npy", x=GOOD)(tmp_path)[0] for name in ("one", "two"))
    with pytest.raises(InputError, match="samples has no y; give one file"):
        open_dataset([one, two], kind="samples")
    with pytest.raises(InputError, match="two NPY files hold x and y only"):
        open_dataset([one, two], group="ids")
    with pytest.raises(InputError, match="holds one array, x; give y as a second NPY file"):
        open_dataset([one], y="y")


def test_axes_of_a_slice(tmp_path):
    path = hdf5(tmp_path, x=np.zeros((5, 4, 3)))
    with h5py.File(path, "r+") as file:
        file["x"].attrs["axes"] = np.bytes_(b"nsc")
    with open_dataset([path], x="x[:, :, 1]") as data:
        assert data.axes == "ns"


def test_files_of_different_rank(tmp_path):
    paths = [hdf5(tmp_path, "one.h5", x=GOOD), hdf5(tmp_path, "two.h5", x=GOOD[:, :, None])]
    with pytest.raises(InputError, match="differ in the number of samples only"):
        open_dataset(paths)


# --- files


@pytest.mark.parametrize(
    ("error", "words"),
    [(MemoryError(), "more memory than there is"), (OSError(errno.ENOSPC, "full"), "out of disk space")],
)
def test_out_of_a_resource(error, words):
    with pytest.raises(ResourceError, match=words), guarded("a.h5", "`x`"):
        raise error


def test_a_file_that_vanishes(tmp_path):
    (path,) = saved("a.npy", x=GOOD)(tmp_path)
    handle = open_regular(str(path))
    assert handle.sha256() == handle.sha256()
    path.unlink()
    with pytest.raises(InputError, match="was changed while it was read"):
        handle.check_unchanged()
    handle.close()


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [(errno.EMFILE, ResourceError, "out of file handles"), (errno.EACCES, InputError, "check path and permissions")],
)
def test_a_file_that_cannot_be_opened(tmp_path, monkeypatch, number, kind, words):
    def refuse(*given):
        raise OSError(number, os.strerror(number))

    (path,) = saved("a.npy", x=GOOD)(tmp_path)
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(kind, match=words):
        open_regular(str(path))


def test_a_path_that_is_none():
    with pytest.raises(InputError, match="cannot be opened"):
        open_regular("a\0b")


def test_streams(monkeypatch):
    with pytest.raises(InputError, match="longer than it declares"):
        spool(io.BytesIO(bytes(100)), "x", limit=10)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="nothing is piped in"):
        open_dataset(["-"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\x89HDF\r\n\x1a\n" + bytes(600))))
    with pytest.raises(InputError, match="HDF5, which needs a file"):
        open_dataset(["-"])


# --- HDF5


def test_a_link_of_a_kind_of_its_own(tmp_path, monkeypatch):
    path = hdf5(tmp_path, x=GOOD)
    monkeypatch.setattr(h5py.h5l, "TYPE_HARD", -1)
    with pytest.raises(InputError, match="a link of a kind of its own"):
        open_dataset([path], x="x")


def test_a_link_to_a_file_that_is_none(tmp_path):
    (tmp_path / "near.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = h5py.ExternalLink("near.h5", "x")
    with pytest.raises(InputError, match=r"near\.h5 cannot be read"):
        open_dataset([tmp_path / "a.h5"])


def virtual(folder, file, path):
    layout = h5py.VirtualLayout(GOOD.shape, "f8")
    layout[:] = h5py.VirtualSource(file, path, GOOD.shape)
    with h5py.File(folder / "a.h5", "w") as new:
        new.create_virtual_dataset("x", layout)
    return folder / "a.h5"


def numbered(folder):
    """Blocks of 10 rows from near-0.h5, near-1.h5 and so on, without end."""
    rest = h5py.h5s.create_simple((10, 4), (h5py.h5s.UNLIMITED, 4))
    rest.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), (10, 4), (10, 4))
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_virtual(rest, b"near-%b.h5", b"values", h5py.h5s.create_simple((10, 4)))
    space = h5py.h5s.create_simple((10, 4), (h5py.h5s.UNLIMITED, 4))
    with h5py.File(folder / "numbered.h5", "w") as file:
        h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F64LE, space, plan)
    return folder / "numbered.h5"


def test_virtual_data(tmp_path, monkeypatch):
    hdf5(tmp_path, "near.h5", values=GOOD)
    with pytest.raises(InputError, match=r"takes values from `other` of near\.h5, which is not there"):
        open_dataset([virtual(tmp_path, "near.h5", "other")])
    with pytest.raises(InputError, match="numbered sources"):
        open_dataset([numbered(tmp_path)])
    path = virtual(tmp_path, "near.h5", "values")
    np.testing.assert_array_equal(read_all([path])[:, :, 0], GOOD)
    monkeypatch.setenv("HDF5_VDS_PREFIX", "/elsewhere")
    with pytest.raises(InputError, match="HDF5_VDS_PREFIX is set; unset it"):
        open_dataset([path])


def test_values_beyond_the_end(tmp_path, monkeypatch):
    """As it is where the end of the file was cut off and its header mended."""
    path = hdf5(tmp_path, x=np.ones((1000, 4)))
    stat = os.stat

    def shorter(name, *given, **named):
        found = stat(name, *given, **named)
        return (
            os.stat_result((*found[:6], 5000, *found[7:]))
            if name == str(path) and sys._getframe(1).f_code.co_name == "_check_written"
            else found
        )

    monkeypatch.setattr(os, "stat", shorter)
    with pytest.raises(InputError, match="declares 32 kB, more than the file has"):
        open_dataset([path])


def test_a_group_is_no_array(tmp_path):
    path = hdf5(tmp_path, **{"g/x": GOOD})
    container = hdf5_reader.Hdf5Container(open_regular(str(path)))
    with pytest.raises(InputError, match="is no array"):
        container.source("g", ())
    container.close()


def test_long_lists_end(tmp_path, monkeypatch):
    path = hdf5(tmp_path, **{f"g{number}/x": GOOD for number in range(6)})
    with h5py.File(path, "r+") as file:
        file["named"] = np.dtype("f8")
    assert len(list_arrays(path)) == 6
    monkeypatch.setattr(hdf5_reader, "_LISTED", 3)
    assert len(list_arrays(path)) <= 3
    with h5py.File(path, "w") as file:
        file["x"] = GOOD
        for number in range(6):
            file[f"link{number}"] = h5py.SoftLink("/x")
    assert len(list_arrays(path)) == 3


def test_notes_on_storage(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (100, 4), "f8", chunks=(10, 4), compression="gzip")[:10] = 1
        file["scale"] = np.arange(100.0)
        file["scale"].make_scale()
        file.create_dataset("whole", data=GOOD, chunks=(5, 4))
    notes = {info.name: info.note for info in list_arrays(tmp_path / "a.h5")}
    assert "never written and read as the fill value" in notes["x"]
    assert "gzip" in notes["x"]
    assert notes["scale"] == "dimension scale"
    assert notes["whole"] == "chunks (5, 4)"


def test_a_scale_that_does_not_fit(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros((5, 20, 3))
        file["t"] = np.arange(7.0)
        file["t"].make_scale()
        file["x"].dims[1].attach_scale(file["t"])
    with open_dataset([tmp_path / "a.h5"], kind="trajectory") as data:
        assert data.dt is None


def test_fields_within_fields(tmp_path):
    inner = np.dtype([("p", "f8", (2,)), ("q", "i4")])
    table = np.zeros(6, [("a", inner)])
    table["a"]["p"] = np.arange(12.0).reshape(6, 2)
    path = hdf5(tmp_path, table=table)
    np.testing.assert_array_equal(read_all([path], x="table.a.p")[:, :, 0], np.arange(12.0).reshape(6, 2))
    np.testing.assert_array_equal(read_all([path], x="table.a.p[:, 1:]")[:, 0, 0], np.arange(1.0, 12, 2))


def test_quad_precision(tmp_path):
    x = np.arange(8.0).reshape(4, 2).astype(np.longdouble) / 3
    np.testing.assert_array_equal(read_all([hdf5(tmp_path, x=x)])[:, :, 0], x.astype(float))


@pytest.mark.parametrize("damage", ["shifted", "outside", "short", "twice"])
def test_an_index_of_chunks_that_lies(tmp_path, damage):
    """Of a real file, seen through an index that is wrong in one place."""
    from symdisc.data.chunks import chunks_are_sound

    with h5py.File(tmp_path / "a.h5", "w") as file:
        x = file.create_dataset("x", data=np.zeros((20, 4)), chunks=(10, 4))
        size = 10_000
        assert chunks_are_sound(x, size)

        class Index:
            get_create_plist, get_type = x.id.get_create_plist, x.id.get_type

            @staticmethod
            def chunk_iter(look):
                def seen(chunk):
                    wrong = {
                        "shifted": {"chunk_offset": (5, 0)},
                        "outside": {"byte_offset": size - 8},
                        "short": {"size": 8},
                        "twice": {"chunk_offset": (0, 0)},
                    }[damage]
                    return look(chunk._replace(**wrong))

                return x.id.chunk_iter(seen)

        class Seen:
            shape, chunks, id = x.shape, x.chunks, Index

        assert not chunks_are_sound(Seen, size)


def test_attributes_that_are_no_words(tmp_path, monkeypatch):
    path = hdf5(tmp_path, x=GOOD)
    with h5py.File(path, "r+") as file:
        file["x"].attrs["kind"] = np.zeros(3, "V4")
        file["x"].attrs["axes"] = "ns"
    assert read_all([path]).shape == (10, 4, 1)
    monkeypatch.setattr("symdisc.data.attributes._VARIABLE", tmp_path / "gone.py")
    with pytest.raises(InputError, match="attributes of variable length are damaged"):
        open_dataset([path])


def test_the_script_that_reads_attributes(tmp_path, capsys):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["t"] = GOOD, np.arange(10.0)
        file["t"].make_scale()
        file["x"].dims[0].attach_scale(file["t"])
        file["x"].dims[0].label = "n"
        file["x"].attrs["kind"] = "samples"
        file["x"].attrs["axes"] = np.array([b"n", b"s"], dtype=object).astype(h5py.string_dtype())
        file["x"].attrs["spacing"] = 2.0
        file.attrs.create("periodic", ["yes"] * 100, dtype=h5py.string_dtype())
    variable_script.main(str(tmp_path / "a.h5"), "x")
    found = json.loads(capsys.readouterr().out)
    assert found["root"] == {}
    assert found["dataset"]["kind"] == ["samples"]
    assert found["dataset"]["axes"] == ["n", "s"]
    assert found["dataset"]["DIMENSION_LIST"] == ["/t", ""]
    assert found["dataset"]["DIMENSION_LABELS"] == ["n", ""]


# --- NPY and NPZ


@pytest.mark.parametrize(
    "text",
    [b"{'descr': '<f8'}", b"[1, 2]", b"{'descr': '<f8', 'fortran_order': 1, 'shape': (1,)}", b"-" * 60_000 + b"1"],
)
def test_headers(text):
    header = npy_header((1,))
    whole = header[:8] + len(text).to_bytes(2, "little") + text
    with pytest.raises(InputError, match="its NPY header cannot be read"):
        parse_header(whole + bytes(8), len(whole) + 8, "a.npy")
    with pytest.raises(InputError, match="is not an NPY array"):
        parse_header(b"PK\3\4", 100, "a.npy")


def test_fields_of_an_npz(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(5, [("a", "f8")]), y=GOOD)
    with pytest.raises(InputError, match="compound"):
        open_dataset([tmp_path / "a.npz"], x="x.a", kind="samples")
    with pytest.raises(InputError, match="has fields, which are read from HDF5 only"):
        open_dataset([tmp_path / "a.npz"], x="y.a", kind="samples")


def test_rows_of_a_fortran_array(tmp_path):
    x = np.arange(4000.0).reshape(50, 80)
    np.save(tmp_path / "a.npy", np.asfortranarray(x))
    for name in ("x[:, 5]", "x[::7]", "x[3:40:2, ::9]", "x[::-1, 60:]"):
        index = eval(f"np.s_{name[1:]}") if name != "x" else ()
        wanted = x[index]
        found = read_all([tmp_path / "a.npy"], x=name)
        np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)


def test_a_member_that_lies_outside(tmp_path):
    (path,) = saved("a.npz", x=GOOD)(tmp_path)
    content = bytearray(path.read_bytes())
    # The length of the name in the local header: the data would begin behind the end.
    content[26:28] = (60_000).to_bytes(2, "little")
    path.write_bytes(content)
    with pytest.raises(InputError, match="lies outside the file"):
        open_dataset([path])


def test_attributes_of_an_npz_are_small(tmp_path):
    np.savez(tmp_path / "a.npz", x=GOOD, kind=np.zeros(1000))
    with open_dataset([tmp_path / "a.npz"]) as data:
        assert data.kind == "samples"


def test_a_packed_member_that_ends_early(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x=GOOD)
    from symdisc.data import npz

    class Short(io.BytesIO):
        size = 10

    monkeypatch.setattr(npz, "spool", lambda *given: Short())
    with pytest.raises(InputError, match="ends too early"):
        read_all([tmp_path / "a.npz"])


# --- memory and disk


def test_more_than_there_is(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", generators=np.zeros((3, 4, 4)))
    for name in ("npz", "matrices"):
        monkeypatch.setattr(f"symdisc.data.{name}.budget", lambda given: 10)
    with pytest.raises(ResourceError, match="of memory at once"):
        read_npz(tmp_path / "a.npz")
    with pytest.raises(ResourceError, match="give fewer matrices by a slice"):
        read_matrices(tmp_path / "a.npz")
    usage = type("usage", (), {"free": 10})
    monkeypatch.setattr("symdisc.data.writing.shutil.disk_usage", lambda folder: usage)
    new = new_file(tmp_path / "out.npy", {"x": NewArray((3, 4), np.dtype("f8"))}, {"axes": "ns"})
    with pytest.raises(ResourceError, match="writing takes 96 bytes of disk, and 10 bytes are free"), new:
        pass
    assert not (tmp_path / "out.npy").exists()


def test_the_only_array_is_meant(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    with pytest.raises(InputError, match="square matrices"):
        read_matrices(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("number", "words"), [(12, "12 bytes"), (1.5e9, "1.5 GB"), (3e16, "30 PB"), (4e18, "4e+03 PB")]
)
def test_sizes_for_people(number, words):
    assert memory.format_size(number) == words


def test_the_limit_of_a_container(monkeypatch):
    files = {
        "/proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 8000000 kB\n",
        "/sys/fs/cgroup/memory.max": "max\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "5000000",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000",
    }

    def read(path):
        if str(path) not in files:
            raise OSError
        return files[str(path)]

    monkeypatch.setattr(Path, "read_text", read)
    assert available_memory() == 4_000_000
    files["/sys/fs/cgroup/memory.max"] = "3000000"
    files["/sys/fs/cgroup/memory.current"] = "2500000"
    assert available_memory() == 500_000
    for name in list(files):
        del files[name]
    assert available_memory() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    def refuse(name):
        raise ValueError(name)

    monkeypatch.setattr(os, "sysconf", refuse)
    assert available_memory() == 4 * 10**9


def test_hashes_that_were_computed_elsewhere():
    with from_arrays(GOOD) as data:
        data.know(["ab"])
        assert data.fingerprint() == [{"name": "x", "sha256": "ab"}]
        with pytest.raises(ValueError, match="whole chunks"):
            data.chunks(0, stop=3)
