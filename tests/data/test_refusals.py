"""Damaged and malicious files: one sentence that names the file and the remedy, never another exception."""

import os

import h5py
import numpy as np
import pytest
from hostile import GOOD, HOSTILE, hdf5, outside, saved

from symdisc.data import files, from_arrays, list_arrays, open_dataset
from symdisc.errors import InputError, ResourceError


def read_all(paths, **options):
    with open_dataset(paths, **options) as data:
        return np.concatenate([part.x for part in data.chunks()])


def refusal(paths):
    """The message, or "" where the files can be read."""
    try:
        read_all(paths)
    except (InputError, ResourceError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("case", HOSTILE)
def test_refused(case, tmp_path):
    build, words = HOSTILE[case]
    paths = build(tmp_path)
    with pytest.raises(InputError) as caught:
        read_all(paths)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    assert ";" in message or "?" in message, f"no remedy: {message}"
    for word in words:
        assert word in message, message


@pytest.mark.parametrize("case", [case for case in HOSTILE if case.startswith(("external", "virtual outside"))])
def test_allowed_on_request(case, tmp_path):
    paths = HOSTILE[case][0](tmp_path)
    np.testing.assert_array_equal(read_all(paths, allow_external=True)[:, :, 0], GOOD)


def test_links_within_the_folder(tmp_path):
    (tmp_path / "parts").mkdir()
    hdf5(tmp_path / "parts", "near.h5", values=GOOD)
    layout = h5py.VirtualLayout(GOOD.shape, "f8")
    layout[:] = h5py.VirtualSource("parts/near.h5", "values", GOOD.shape)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["linked"] = h5py.ExternalLink("parts/near.h5", "values")
        file["soft"] = h5py.SoftLink("/linked")
        file.create_virtual_dataset("virtual", layout)
    for name in ("linked", "soft", "virtual"):
        np.testing.assert_array_equal(read_all([tmp_path / "a.h5"], x=name)[:, :, 0], GOOD)


def test_link_refused_although_the_array_is_not_used(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = GOOD
        file["stray"] = h5py.ExternalLink(str(outside(tmp_path)), "x")
    np.testing.assert_array_equal(read_all([tmp_path / "a.h5"])[:, :, 0], GOOD)
    infos = {info.name: info for info in list_arrays(tmp_path / "a.h5")}
    assert infos["x"].refused == ""
    assert "leaves the folder" in infos["stray"].refused


@pytest.mark.parametrize("name", ["bad.npy", "bad.npz", "bad.h5"])
def test_truncated_anywhere(tmp_path, name):
    (path,) = saved(name, x=GOOD)(tmp_path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 64):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=name):
            read_all([path])


def test_index_is_in_the_axes_of_the_file(tmp_path):
    x = np.zeros((4, 1000, 3), "f4")
    x[2, 777, 1] = np.inf
    x[1, 900, 0] = np.nan
    np.save(tmp_path / "a.npy", x)
    with pytest.raises(InputError, match=r"infinite value at index \(2, 777, 1\)"):
        read_all([tmp_path / "a.npy"], axes="sns")
    paths = [hdf5(tmp_path, "one.h5", x=np.zeros((4, 50, 3))), hdf5(tmp_path, "two.h5", x=x)]
    with pytest.raises(InputError, match=r"two\.h5: `x` has an infinite value at index \(2, 777, 1\)"):
        read_all(paths, axes="sns")


def test_too_large_for_single_precision():
    with from_arrays(np.full((3, 2), 1e200)) as data, pytest.raises(InputError, match="--dtype float64"):
        list(data.chunks(dtype=np.float32))


def test_changed_while_read(tmp_path):
    x = np.zeros((64, 4))
    for name in ("a.npy", "a.h5"):
        (path,) = saved(name, x=x)(tmp_path)
        with open_dataset([path]) as data:
            parts = data.chunks()
            if name == "a.npy":
                with path.open("r+b") as file:
                    file.seek(200)
                    file.write(b"\1")
            os.utime(path, ns=(1, 1))
            with pytest.raises(InputError, match=f"{name} was changed"):
                list(parts)
            with pytest.raises(InputError, match="was changed"):
                data.fingerprint()


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.h5"])
def test_replaced_while_read(tmp_path, name, monkeypatch):
    """Another file under the same name: what was opened is read to its end, and then the run says so."""
    monkeypatch.setattr("symdisc.data.dataset.CHUNK_BYTES", 512)
    (path,) = saved(name, x=np.zeros((64, 4)))(tmp_path)
    (other,) = saved(f"new-{name}", x=np.ones((64, 4)))(tmp_path)
    with open_dataset([path]) as data:
        parts = data.chunks()
        assert next(parts).x.max() == 0
        os.replace(other, path)
        with pytest.raises(InputError, match=f"{name} was changed while it was read"):
            list(parts)


def test_cut_while_read(tmp_path):
    (path,) = saved("a.npy", x=np.ones((4096, 64)))(tmp_path)
    with open_dataset([path]) as data:
        os.truncate(path, 5000)
        with pytest.raises(InputError, match=r"a\.npy ends too early"):
            list(data.chunks())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    (path,) = saved("a.npy", x=GOOD)(tmp_path)
    path.chmod(0)
    with pytest.raises(InputError, match="permissions"):
        read_all([path])


def test_full_temporary_disk(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x=GOOD)
    usage = type("usage", (), {"free": 10})
    monkeypatch.setattr(files.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(ResourceError, match="TMPDIR"):
        read_all([tmp_path / "a.npz"])


def test_only_the_door_opens_user_files():
    """np.load, h5py.File and open() anywhere else in the package would be a second door."""
    import ast
    from pathlib import Path

    import symdisc

    root, doors = Path(symdisc.__file__).parent, {}
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in {
                    "np.load",
                    "numpy.load",
                    "h5py.File",
                    "torch.load",
                    "pickle.load",
                    "zipfile.ZipFile",
                }:
                    doors.setdefault(str(path.relative_to(root)), set()).add(called)
    writing = ("atomic.py", "data/writing.py")
    reading = {name: calls for name, calls in doors.items() if not name.startswith("problems") and name not in writing}
    assert reading == {
        "data/files.py": {"h5py.File"},
        "data/variable.py": {"h5py.File"},
        "data/npz.py": {"zipfile.ZipFile"},
    }
