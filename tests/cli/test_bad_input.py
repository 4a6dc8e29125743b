"""Unusable input: exit 2 (4 over the ceiling), one line on stderr that names file, array and remedy, no traceback."""

import io
import os
import signal
import sys

import h5py
import numpy as np
import pytest

from symdisc.atomic import LOCK, locked
from symdisc.cli.main import run

COMMANDS = {"inspect": [], "fit": ["-o", "out", "--no-plots"]}
X = np.arange(40.0).reshape(10, 4)


def npz(**arrays):
    def write(path):
        np.savez(path, **arrays)

    return "a.npz", write


def hdf5(**arrays):
    def write(path):
        with h5py.File(path, "w") as file:
            for name, value in arrays.items():
                file[name] = value

    return "a.h5", write


def raw(name, content):
    return name, lambda path: path.write_bytes(content)


def packed(path):
    with h5py.File(path, "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((10, 4))
        plan.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((10, 4))
        dataset = h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F64LE, space, plan)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, X)


def cut(path):
    np.save(path, X)
    path.write_bytes(path.read_bytes()[:-8])


def outside(path):
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("/etc/passwd", "x")


NAN = np.where(X == 30, np.nan, X)
OBJECTS = np.array([{}, []], dtype=object)

# name -> ((file, writer), options, words that the line must hold beside the file's name)
BAD = {
    "missing file": (("a.h5", lambda path: None), [], ["does not exist"]),
    "folder": (("a.h5", lambda path: path.mkdir()), [], ["folder", "file in it"]),
    "pipe": (("a.npy", os.mkfifo), [], ["pipe", "`-`"]),
    "empty file": (raw("a.npy", b""), [], ["empty", "write it again"]),
    "text": (raw("a.csv", b"1,2\n3,4\n"), [], ["text", "numpy.loadtxt"]),
    "pickle": (raw("a.pkl", b"\x80\x04]\x94."), [], ["pickle", "numpy.savez"]),
    "objects": (npz(x=OBJECTS), [], ["`x`", "pickle"]),
    "cut short": (("a.npy", cut), [], ["320 bytes", "312 bytes"]),
    "damaged": (raw("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(90)), [], ["cannot be read"]),
    "unknown array": (npz(points=X, images=X), ["--x", "point"], ["`point`", "`points`, `images`"]),
    "unknown y": (hdf5(x=X, other=X), ["--y", "z"], ["`z`", "`x`", "`other`"]),
    "which array": (hdf5(left=X, right=X), [], ["`left`, `right`", "--x"]),
    "unknown field": (hdf5(x=np.zeros(5, [("e", "f8"), ("p", "f8")])), ["--x", "x.q"], ["`q`", "`.e`, `.p`"]),
    "compound": (hdf5(x=np.zeros(5, [("e", "f8"), ("p", "f8")])), [], ["`x`", "`.e`, `.p`"]),
    "bad slice": (npz(x=X), ["--x", "x[:, 1.5]"], ["`1.5`", "slices"]),
    "slice selects nothing": (npz(x=X), ["--x", "x[:, 9:]"], ["`x[:, 9:]`", "nothing"]),
    "too few letters": (npz(x=X), ["--axes", "n"], ["`x`", "(10, 4)", "n sample, s space"]),
    "unknown letter": (npz(x=X), ["--axes", "nz"], ["`z`", "n sample, s space"]),
    "no sample axis": (npz(x=X), ["--axes", "ss"], ["one `n`"]),
    "axes of another kind": (npz(x=X), ["--axes", "ns", "--kind", "trajectory"], ["`s`", "t time"]),
    "trajectory of two axes": (npz(x=X), ["--kind", "trajectory"], ["ntv", "--axes"]),
    "pairs without y": (npz(x=X), ["--kind", "pairs"], ["needs y"]),
    "pairs of two shapes": (npz(x=X, y=X[:, :3]), ["--kind", "pairs"], ["`y`", "(10, 3)", "labelled"]),
    "samples with y": (npz(x=X, y=X), ["--kind", "samples", "--y", "y"], ["no y", "--kind"]),
    "sample counts": (hdf5(x=X, y=np.zeros(9)), [], ["`y`", "9 samples", "`x`", "10"]),
    "group counts": (npz(x=X, ids=np.zeros(3)), ["--group", "ids"], ["`ids`", "3 samples"]),
    "empty array": (hdf5(x=np.zeros((0, 4))), [], ["`x`", "empty", "(0, 4)"]),
    "complex": (hdf5(x=X * 1j), [], ["`x`", "complex", "imaginary"]),
    "strings": (npz(x=np.array(["a", "b"])), [], ["`x`", "text", "numbers"]),
    "not a number": (hdf5(x=NAN), [], ["`x`", "NaN", "(7, 2)", "remove"]),
    "infinite label": (npz(x=X, y=np.where(np.arange(10) == 4, np.inf, 0)), [], ["`y`", "infinite", "index 4"]),
    "external link": (("a.h5", outside), [], ["/etc/passwd", "--allow-external"]),
    "unknown filter": (("a.h5", packed), [], ["`x`", "blosc", "h5repack"]),
    "wrong dt": (npz(x=X[:, :, None]), ["--kind", "trajectory", "--dt", "-1"], ["dt -1", "--dt"]),
    "wrong spacing": (npz(x=X), ["--spacing", "a"], ["spacing a", "--spacing"]),
    "wrong periodic": (npz(x=X), ["--periodic", "never"], ["periodic never", "--periodic"]),
}


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run the command line as the console script does: exit code, stdout, stderr."""
    handler = signal.getsignal(signal.SIGTERM)

    monkeypatch.chdir(tmp_path)

    def symdisc(command, *arguments):
        monkeypatch.setattr(sys, "argv", ["symdisc", command, *map(str, arguments), *COMMANDS[command], "-q"])
        with pytest.raises(SystemExit) as exit_:
            run()
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    yield symdisc
    signal.signal(signal.SIGTERM, handler)


def assert_one_line(err, words):
    assert err.count("\n") == 1, err
    assert err.startswith("symdisc: ")
    assert "Traceback" not in err
    assert "bug of ours" not in err
    for word in words:
        assert word in err, err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", BAD)
def test_one_line_and_exit_2(case, command, tmp_path, call):
    (name, write), options, words = BAD[case]
    path = tmp_path / name
    write(path)
    code, _, err = call(command, path, *options)
    assert code == 2
    assert_one_line(err, [name, *words])


@pytest.mark.parametrize("command", COMMANDS)
def test_layouts_that_differ(command, tmp_path, call):
    for name, x in (("one.h5", X), ("two.h5", X[:, :3])):
        hdf5(x=x)[1](tmp_path / name)
    code, _, err = call(command, tmp_path / "one.h5", tmp_path / "two.h5")
    assert code == 2
    assert_one_line(err, ["one.h5", "two.h5", "`x`", "(10, 3)"])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", ["stdin", "holds nothing"]), (b"1,2\n", ["stdin", "text"]), (b"\x80\x04N.", ["pickle"])],
)
def test_stdin(command, content, words, call, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    code, _, err = call(command, "-")
    assert code == 2
    assert_one_line(err, words)


@pytest.mark.parametrize("command", COMMANDS)
def test_over_the_ceiling_is_exit_4(command, tmp_path, call):
    np.save(tmp_path / "a.npy", np.zeros((1000, 1000)))
    code, _, err = call(command, tmp_path / "a.npy", "--memory", "1MB")
    assert code == 4
    assert_one_line(err, ["a.npy", "1 MB", "--memory"])


def test_a_folder_in_use(tmp_path, call):
    np.save(tmp_path / "a.npy", X)
    with locked(tmp_path / "out"):
        code, _, err = call("fit", tmp_path / "a.npy")
    assert code == 2
    assert_one_line(err, ["out", f"process {os.getpid()}", "is writing there", "-o"])
    assert call("fit", tmp_path / "a.npy", "--method", "covariance")[0] == 0
    assert not (tmp_path / "out" / LOCK).exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_no_size(command, tmp_path, call):
    np.save(tmp_path / "a.npy", X)
    code, _, err = call(command, tmp_path / "a.npy", "--memory", "plenty")
    assert code == 2
    assert_one_line(err, ["--memory plenty", "4GB"])
