"""`symdisc inspect`: what is there, how it would be read, what it would cost."""

import io
import json
import sys

import h5py
import numpy as np
import pytest

from symdisc.cli.main import main

X = np.random.default_rng(0).normal(size=(50, 6, 2))


@pytest.fixture
def inspect(capsys):
    def run(*arguments):
        main(["inspect", *map(str, arguments)], standalone_mode=False)
        captured = capsys.readouterr()
        assert captured.err == ""
        assert "\x1b" not in captured.out
        return captured.out

    return run


@pytest.fixture
def table(tmp_path):
    """A file with everything in it."""
    path = tmp_path / "lab.h5"
    with h5py.File(path, "w") as file:
        file["run/x"] = X.astype("f4")
        for axis, label in enumerate(["sample", "space", "channel"]):
            file["run/x"].dims[axis].label = label
        file["run/labels"] = np.arange(50) % 3
        file["run/events"] = np.zeros(4, dtype=[("time", "f8"), ("pos", "f4", (3,))])
        file["phase"] = np.zeros(5, complex)
        file["who"] = h5py.ExternalLink("/etc/hosts.h5", "x")
        file["run/x"].attrs["spacing"] = 0.5
    return path


def test_json(inspect, table):
    found = json.loads(inspect(table, "--x", "run/x", "--y", "run/labels", "--json"))
    assert list(found)[:8] == [
        "files",
        "arrays",
        "kind",
        "samples",
        "methods",
        "memory_bytes",
        "seconds_estimate",
        "refused",
    ]
    assert found["files"] == [{"name": "lab.h5", "bytes": table.stat().st_size}]
    assert (found["kind"], found["samples"]) == ("labelled", 50)
    arrays = {entry["name"]: entry for entry in found["arrays"]}
    assert arrays["run/x"] == {"name": "run/x", "shape": [50, 6, 2], "dtype": "float32", "axes": "nsc", "role": "x"}
    assert (arrays["run/labels"]["role"], arrays["run/labels"]["axes"]) == ("y", "n")
    assert arrays["run/events.pos"]["shape"] == [4, 3]
    assert arrays["run/events.time"]["role"] is None
    refused = {entry["name"]: entry["why"] for entry in found["refused"]}
    assert set(refused) == {"phase", "who"}
    assert "complex" in refused["phase"]
    assert "--allow-external" in refused["who"]
    assert "covariance" in found["methods"]
    assert X.nbytes < found["memory_bytes"] < 2e9
    assert 0 < found["seconds_estimate"] < 60


def test_table(inspect, table):
    out = inspect(table, "--x", "run/x[:, 1:]")
    assert out.isascii()
    for words in (
        "run/events.pos",
        "nsc",
        "n sample, s space, c channel",
        "5 x 5, 2 channels",
        "spacing 0.5",
        "samples",
    ):
        assert words in out
    assert inspect(table, "--x", "run/x", "-q") == ""


def test_two_npy(inspect, tmp_path):
    np.save(tmp_path / "left.npy", X)
    np.save(tmp_path / "right.npy", X)
    found = json.loads(inspect(tmp_path / "left.npy", tmp_path / "right.npy", "--axes", "nss", "--json"))
    assert found["kind"] == "pairs"
    assert [(entry["name"], entry["role"], entry["axes"]) for entry in found["arrays"]] == [
        ("left", "x", "nss"),
        ("right", "y", "nss"),
    ]


def test_stdin(inspect, monkeypatch):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=X, y=np.zeros(50))
    buffer.seek(0)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(buffer))
    found = json.loads(inspect("-", "--json"))
    assert [entry["role"] for entry in found["arrays"]] == ["x", "y"]
    assert found["files"][0]["name"] == "stdin"


def test_arrays_are_shown_where_none_can_be_chosen(tmp_path, capsys):
    from symdisc.errors import InputError

    np.savez(tmp_path / "a.npz", left=X, right=X)
    with pytest.raises(InputError, match="--x"):
        main(["inspect", str(tmp_path / "a.npz"), "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in found["arrays"]] == ["left", "right"]
    assert found["kind"] is None


def test_it_reads_no_more_than_it_says(inspect, tmp_path, monkeypatch):
    from symdisc.cli import inspect as module

    x = np.zeros((4000, 4000), "f4")
    x[3999, 0] = np.nan
    np.save(tmp_path / "a.npy", x)
    monkeypatch.setattr(module, "LOOKED_AT", 1 << 20)
    found = json.loads(inspect(tmp_path / "a.npy", "--json"))
    assert any("looked at up to sample 1023 only" in note for note in found["notes"])


def test_names_with_markup_are_printed_as_they_are(inspect, tmp_path):
    np.savez(tmp_path / "a.npz", **{"x": X, "[red]y[/red]": X})
    assert "[red]y[/red]" in inspect(tmp_path / "a.npz")
