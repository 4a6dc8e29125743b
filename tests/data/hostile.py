"""Files that are damaged or mean harm, made on the spot.

`HOSTILE`: name -> (builder from a folder to paths, words that the message must hold).
"""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np

GOOD = np.arange(40.0).reshape(10, 4)


def hdf5(folder: Path, name: str = "bad.h5", **arrays: object) -> Path:
    with h5py.File(folder / name, "w") as file:
        for key, value in arrays.items():
            file[key] = value
    return folder / name


def npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npy_header(shape: object, descr: object = "<f8", version: int = 1, order: object = False) -> bytes:
    text = f"{{'descr': {descr!r}, 'fortran_order': {order!r}, 'shape': {shape!r}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text


def outside(folder: Path) -> Path:
    """A file next to the folder of the data."""
    place = folder.parent / f"{folder.name}-outside"
    place.mkdir(exist_ok=True)
    return hdf5(place, "secret.h5", x=GOOD)


def external_link(folder):
    path = folder / "bad.h5"
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink(str(outside(folder)), "x")
    return [path]


def relative_external_link(folder):
    path = folder / "bad.h5"
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink(os.path.relpath(outside(folder), folder), "x")
    return [path]


def external_link_through_a_symlink(folder):
    path = folder / "bad.h5"
    (folder / "near.h5").symlink_to(outside(folder))
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("near.h5", "x")
    return [path]


def soft_link_to_external_link(folder):
    (path,) = external_link(folder)
    with h5py.File(path, "r+") as file:
        file.move("x", "hidden")
        file["x"] = h5py.SoftLink("/hidden")
    return [path]


def external_group(folder):
    path = folder / "bad.h5"
    with h5py.File(path, "w") as file:
        file["g"] = h5py.ExternalLink(str(outside(folder)), "/")
        file["x"] = h5py.SoftLink("/g/x")
    return [path]


def link_by_way_of_a_near_file(folder):
    hdf5(folder, "near.h5", other=GOOD)
    with h5py.File(folder / "near.h5", "r+") as file:
        file["x"] = h5py.ExternalLink(str(outside(folder)), "x")
    with h5py.File(folder / "bad.h5", "w") as file:
        file["x"] = h5py.ExternalLink("near.h5", "x")
    return [folder / "bad.h5"]


def endless_soft_links(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        file["x"] = h5py.SoftLink("/y")
        file["y"] = h5py.SoftLink("/x")
    return [folder / "bad.h5"]


def dangling_soft_link(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        file["x"] = h5py.SoftLink("/nowhere")
    return [folder / "bad.h5"]


def external_storage(folder):
    secret = folder.parent / f"{folder.name}-secret.bin"
    secret.write_bytes(GOOD.tobytes())
    with h5py.File(folder / "bad.h5", "w") as file:
        file.create_dataset("x", GOOD.shape, "f8", external=[(str(secret), 0, GOOD.nbytes)])
    return [folder / "bad.h5"]


def virtual_outside(folder):
    layout = h5py.VirtualLayout(GOOD.shape, "f8")
    layout[:] = h5py.VirtualSource(str(outside(folder)), "x", GOOD.shape)
    with h5py.File(folder / "bad.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    return [folder / "bad.h5"]


def virtual_without_source(folder):
    layout = h5py.VirtualLayout(GOOD.shape, "f8")
    layout[:] = h5py.VirtualSource("gone.h5", "x", GOOD.shape)
    with h5py.File(folder / "bad.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    return [folder / "bad.h5"]


def virtual_over_external_storage(folder):
    (path,) = external_storage(folder)
    path.rename(folder / "near.h5")
    layout = h5py.VirtualLayout(GOOD.shape, "f8")
    layout[:] = h5py.VirtualSource("near.h5", "x", GOOD.shape)
    with h5py.File(folder / "bad.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    return [folder / "bad.h5"]


def declared_eight_terabytes(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        x = file.create_dataset("x", (1 << 20, 1 << 20), "f8", chunks=(16, 16))
        x[0, 0] = 1
    assert (folder / "bad.h5").stat().st_size < 100_000
    return [folder / "bad.h5"]


def never_written(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        file.create_dataset("x", (100, 4), "f8")
    return [folder / "bad.h5"]


def unknown_filter(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((10, 4))
        plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple(GOOD.shape)
        dataset = h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F64LE, space, plan)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, GOOD)
    return [folder / "bad.h5"]


def truncated_hdf5(folder):
    path = hdf5(folder, x=np.ones((1000, 4)))
    path.write_bytes(path.read_bytes()[:20_000])
    return [path]


def objects_in_hdf5(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        file.create_dataset("x", data=["a", "b"], dtype=h5py.string_dtype())
    return [folder / "bad.h5"]


def references(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        file["other"] = GOOD
        file.create_dataset("x", data=np.array([file["other"].ref], dtype=h5py.ref_dtype))
    return [folder / "bad.h5"]


def ragged(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        x = file.create_dataset("x", (2,), dtype=h5py.vlen_dtype(np.float64))
        x[0], x[1] = np.ones(3), np.ones(2)
    return [folder / "bad.h5"]


def opaque(folder):
    return [hdf5(folder, x=np.zeros((3, 2), "V8"))]


def null_space(folder):
    return [hdf5(folder, x=h5py.Empty("f8"))]


def compound(folder):
    return [hdf5(folder, x=np.zeros(5, dtype=[("px", "f8"), ("py", "f8")]))]


def content(name, data):
    def build(folder):
        (folder / name).write_bytes(data)
        return [folder / name]

    return build


def saved(name="bad.npy", **arrays):
    def build(folder):
        if name.endswith(".npy"):
            (folder / name).write_bytes(npy_bytes(arrays["x"]))
        elif name.endswith(".h5"):
            hdf5(folder, name, **arrays)
        else:
            np.savez(folder / name, **arrays)
        return [folder / name]

    return build


def zipped(*members, patch=None):
    def build(folder):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with zipfile.ZipFile(folder / "bad.npz", "w") as archive:
                for name, data, how in members:
                    archive.writestr(name, data, how)
        if patch:
            whole = (folder / "bad.npz").read_bytes()
            (folder / "bad.npz").write_bytes(patch(whole))
        return [folder / "bad.npz"]

    return build


def encrypted(whole):
    """Set bit 0 of the flags in both headers of the only member."""
    local, central = whole.index(b"PK\x03\x04"), whole.index(b"PK\x01\x02")
    out = bytearray(whole)
    out[local + 6] |= 1
    out[central + 8] |= 1
    return bytes(out)


def inflated_size(whole):
    """Declare 8 TB in the central directory's 32-bit size (as much as fits) of the only member."""
    central = whole.index(b"PK\x01\x02")
    out = bytearray(whole)
    out[central + 24 : central + 28] = struct.pack("<I", 0xFFFFFFF0)
    return bytes(out)


def spoilt(name, value):
    x = GOOD.copy()
    x[7, 2] = value
    return saved(name, x=x)


def fifo(folder):
    os.mkfifo(folder / "pipe.npy")
    return [folder / "pipe.npy"]


def deep_groups(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        for number in range(10_000):
            file.create_group(f"g{number}")
        file["g0/loop"] = file["/"]
    return [folder / "bad.h5"]


def cyclic_groups(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        file["a/b/c/back"] = file["a"] if "a" in file else file.create_group("a")
        file["a/b/root"] = file["/"]
        file["a/soft"] = h5py.SoftLink("/a/b")
    return [folder / "bad.h5"]


def groups_within_groups(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        group = file
        for _ in range(2000):
            group = group.create_group("g")
    return [folder / "bad.h5"]


def objects_by_another_name(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        file.create_dataset("words", data=["a", "b"], dtype=h5py.string_dtype())
    return [folder / "bad.h5"]


def text_in_hdf5(folder):
    return [hdf5(folder, x=np.array([b"a", b"b"]))]


def names_that_move_the_cursor(folder):
    return [hdf5(folder, **{"one\n\x1b[31mtwo": GOOD, "three\u202e": GOOD})]


def name_that_is_no_unicode(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        for name in (b"\xff\xfe", b"\xc3("):
            space = h5py.h5s.create_simple(GOOD.shape)
            h5py.h5d.create(file.id, name, h5py.h5t.IEEE_F64LE, space).write(h5py.h5s.ALL, h5py.h5s.ALL, GOOD)
    return [folder / "bad.h5"]


def time_type(folder):
    with h5py.File(folder / "bad.h5", "w") as file:
        space = h5py.h5s.create_simple((10, 4))
        h5py.h5d.create(file.id, b"x", h5py.h5t.UNIX_D32LE, space)
    return [folder / "bad.h5"]


def too_many_axes(folder):
    (folder / "bad.npy").write_bytes(npy_header((1,) * 40) + bytes(8))
    return [folder / "bad.npy"]


def different_layout(folder):
    return [hdf5(folder, "one.h5", x=GOOD), hdf5(folder, "two.h5", x=GOOD[:, :3])]


def missing_in_the_second(folder):
    return [hdf5(folder, "one.h5", x=GOOD), hdf5(folder, "two.h5", z=GOOD, w=GOOD)]


def twice(folder):
    return [*saved("bad.npy", x=GOOD)(folder), *saved("bad.npy", x=GOOD)(folder)]


def three_npy(folder):
    return [saved(f"{word}.npy", x=GOOD)(folder)[0] for word in ("one", "two", "three")]


def mixed(folder):
    return [*saved("a.npy", x=GOOD)(folder), *saved("b.npz", x=GOOD)(folder)]


STORED, PACKED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
BOMB = npy_header((1 << 40,)) + bytes(1 << 20)
DEEP = b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000

HOSTILE = {
    # paths
    "missing": (lambda folder: [folder / "no.h5"], ["no.h5", "does not exist"]),
    "misspelt": (lambda folder: [*saved("data.npy", x=GOOD)(folder)] and [folder / "dats.npy"], ["data.npy"]),
    "folder": (lambda folder: [folder], ["folder"]),
    "fifo": (fifo, ["pipe", "`-`"]),
    "device": (lambda folder: [Path("/dev/zero")], ["/dev/zero", "device"]),
    "nothing in it": (content("bad.npy", b""), ["bad.npy", "0 bytes"]),
    "given twice": (twice, ["twice"]),
    "three npy": (three_npy, ["NPY", "numpy.savez"]),
    "npy and npz": (mixed, ["a.npy"]),
    # what the file is
    "pickle": (content("bad.pkl", pickle.dumps([1, 2])), ["bad.pkl", "pickle", "numpy.savez"]),
    "pickle called npz": (content("bad.npz", pickle.dumps([1, 2])), ["pickle"]),
    "pytorch": (zipped(("archive/data.pkl", b"\x80\x02}.", STORED)), ["PyTorch", "numpy.savez"]),
    "csv": (content("bad.csv", b"1,2,3\n4,5,6\n"), ["bad.csv", "text", "numpy.loadtxt"]),
    "gzip": (content("bad.npy.gz", b"\x1f\x8b\x08\x00" + bytes(50)), ["gunzip"]),
    "matlab": (content("bad.mat", b"MATLAB 5.0 MAT-file" + bytes(600)), ["MATLAB"]),
    "noise": (content("bad.bin", bytes(range(256)) * 8), ["neither HDF5, NPY nor NPZ"]),
    # links, storage, virtual data
    "external link": (external_link, ["secret.h5", "--allow-external"]),
    "relative external link": (relative_external_link, ["--allow-external"]),
    "external link through a symlink": (external_link_through_a_symlink, ["--allow-external"]),
    "soft link to external link": (soft_link_to_external_link, ["--allow-external"]),
    "external group": (external_group, ["--allow-external"]),
    "link by way of a near file": (link_by_way_of_a_near_file, ["--allow-external"]),
    "endless soft links": (endless_soft_links, ["links"]),
    "dangling soft link": (dangling_soft_link, ["bad.h5"]),
    "external storage": (external_storage, ["secret.bin", "--allow-external"]),
    "virtual outside": (virtual_outside, ["secret.h5", "--allow-external"]),
    "virtual without source": (virtual_without_source, ["bad.h5", "gone.h5", "not there"]),
    "virtual over external storage": (virtual_over_external_storage, ["--allow-external"]),
    # HDF5 content
    "8 TB declared": (declared_eight_terabytes, ["8.8 TB", "`x`"]),
    "never written": (never_written, ["`x`", "written"]),
    "unknown filter": (unknown_filter, ["32015", "zstd", "h5repack"]),
    "truncated": (truncated_hdf5, ["bad.h5", "truncated"]),
    "strings": (objects_in_hdf5, ["`x`", "variable length"]),
    "references": (references, ["`x`", "references"]),
    "ragged": (ragged, ["`x`", "lengths"]),
    "opaque": (opaque, ["`x`", "raw bytes"]),
    "null": (null_space, ["`x`", "empty"]),
    "compound": (compound, ["`.px`", "`.py`"]),
    "10,000 groups": (deep_groups, ["bad.h5", "no array"]),
    "cyclic groups": (cyclic_groups, ["bad.h5", "no array"]),
    "2,000 levels": (groups_within_groups, ["bad.h5", "no array"]),
    "strings elsewhere": (objects_by_another_name, ["`words`", "variable length"]),
    "text in hdf5": (text_in_hdf5, ["`x`", "text"]),
    "names with escapes": (names_that_move_the_cursor, ["bad.h5", "--x"]),
    "names of no text": (name_that_is_no_unicode, ["bad.h5", "\\udcc3("]),
    "time": (time_type, ["bad.h5", "`x`"]),
    "quad complex": (saved("bad.h5", x=np.zeros((5, 2), np.clongdouble)), ["`x`", "complex"]),
    "complex parts of halves": (saved("bad.h5", x=np.zeros(5, [("r", "f2"), ("i", "f2")])), ["bad.h5", "`x`"]),
    "complex": (saved("bad.h5", x=GOOD + 1j), ["`x`", "complex", "real and imaginary"]),
    "complex npy": (saved("bad.npy", x=GOOD + 1j), ["complex", "real and imaginary"]),
    # NPY and NPZ
    "objects": (saved("bad.npy", x=np.array([{}, []], dtype=object)), ["pickle"]),
    "objects in npz": (saved("bad.npz", x=np.array([{}, []], dtype=object)), ["`x`", "pickle"]),
    "dates": (saved("bad.npy", x=np.zeros((3, 2), "M8[s]")), ["bad.npy", "real numbers"]),
    "header v1 too large": (content("bad.npy", npy_header((1 << 40,)) + bytes(80)), ["8.8 TB", "80 bytes"]),
    "header v2 too large": (content("bad.npy", npy_header((11,), version=2) + bytes(80)), ["88 bytes", "80 bytes"]),
    "header v3 too large": (content("bad.npy", npy_header((11,), version=3) + bytes(80)), ["88 bytes", "80 bytes"]),
    "header too small": (content("bad.npy", npy_header((9,)) + bytes(80)), ["72 bytes", "80 bytes"]),
    "header overflows": (content("bad.npy", npy_header((1 << 62, 1 << 62)) + bytes(80)), ["bad.npy"]),
    "header negative": (content("bad.npy", npy_header((-10, -1)) + bytes(80)), ["header"]),
    "header of floats": (content("bad.npy", npy_header((10.0,)) + bytes(80)), ["header"]),
    "header of code": (content("bad.npy", npy_header((1,)).replace(b"(1,)", b"f( )")), ["header"]),
    "header deep": (content("bad.npy", DEEP), ["header"]),
    "header cut": (content("bad.npy", npy_header((10,))[:30]), ["header"]),
    "version 9": (content("bad.npy", npy_header((10,), version=2).replace(b"\x02", b"\x09")), ["version 9"]),
    "too many axes": (too_many_axes, ["header"]),
    "bad dtype": (content("bad.npy", npy_header((10,), descr="spam") + bytes(80)), ["header"]),
    "npy cut": (content("bad.npy", npy_bytes(GOOD)[:-8]), ["bad.npy"]),
    "bomb stored": (zipped(("x.npy", BOMB, STORED)), ["`x`", "8.8 TB"]),
    "bomb packed": (zipped(("x.npy", BOMB, PACKED)), ["`x`", "8.8 TB"]),
    "false member size": (zipped(("x.npy", npy_bytes(GOOD), PACKED), patch=inflated_size), ["`x`", "impossible"]),
    "duplicate member": (zipped(*[("x.npy", npy_bytes(GOOD), STORED)] * 2), ["twice"]),
    "member above": (zipped(("../x.npy", npy_bytes(GOOD), STORED)), ["bad.npz"]),
    "nested archive": (zipped(("x.npz", b"PK\x03\x04", STORED)), ["bad.npz"]),
    "encrypted member": (zipped(("x.npy", npy_bytes(GOOD), STORED), patch=encrypted), ["encrypted"]),
    "bzip2 member": (zipped(("x.npy", npy_bytes(GOOD), zipfile.ZIP_BZIP2)), ["numpy.savez"]),
    "zip cut": (zipped(("x.npy", npy_bytes(GOOD), STORED), patch=lambda whole: whole[:-30]), ["bad.npz"]),
    "empty zip": (zipped(), ["bad.npz"]),
    "no npy in it": (zipped(("x.txt", b"hello", STORED)), ["bad.npz"]),
    # values
    "nan in npy": (spoilt("bad.npy", np.nan), ["bad.npy", "NaN", "(7, 2)"]),
    "nan in npz": (spoilt("bad.npz", np.nan), ["`x`", "NaN", "(7, 2)"]),
    "infinite in h5": (spoilt("bad.h5", -np.inf), ["`x`", "infinite", "(7, 2)"]),
    "nan in y": (saved("bad.npz", x=GOOD, y=np.where(np.arange(10) == 3, np.nan, 1)), ["`y`", "NaN", "index 3"]),
    "nan only": (saved("bad.h5", x=np.full((5, 2), np.nan, "f2")), ["NaN", "(0, 0)"]),
    "no samples": (saved("bad.h5", x=np.zeros((0, 3))), ["`x`", "empty", "(0, 3)"]),
    "no columns": (saved("bad.npz", x=np.zeros((3, 0))), ["`x`", "empty", "(3, 0)"]),
    "counts differ": (saved("bad.npz", x=GOOD, y=np.zeros(9)), ["`y`", "9 samples", "10"]),
    "groups differ": (saved("bad.npz", x=GOOD, group=np.zeros(9)), ["`group`", "9 samples", "10"]),
    "groups in a table": (saved("bad.npz", x=GOOD, group=np.zeros((10, 2))), ["`group`", "1-D"]),
    "text": (saved("bad.npz", x=np.array(["a", "b"])), ["`x`", "text"]),
    "scalar": (saved("bad.npz", x=np.array(3.0)), ["`x`", "single number"]),
    "several candidates": (saved("bad.npz", left=GOOD, right=GOOD), ["--x", "`left`", "`right`"]),
    "unknown kind": (saved("bad.npz", x=GOOD, kind=np.array("movies")), ["`movies`", "--kind"]),
    "different layout": (different_layout, ["one.h5", "two.h5", "(10, 3)"]),
    "missing in the second": (missing_in_the_second, ["one.h5", "two.h5", "`x`"]),
}
