"""`symdisc sample`: the file, what `fit` sees of it, and the command."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from symdisc.cli.sample import command
from symdisc.data import open_dataset, read_matrices
from symdisc.errors import InputError
from symdisc.problems import PROBLEMS, make, save

FEW = {"trajectory": (5, {"times": 20}), "field": (3, {"times": 12, "size": 32})}


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=True)


@pytest.mark.parametrize("ending", ["h5", "npz"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_fit_reads_the_data_and_not_the_truth(name, ending, tmp_path):
    samples, options = FEW.get(PROBLEMS[name].kind, (60, {}))
    made = make(name, 2, samples, **options)
    path = save(made, tmp_path / f"problem.{ending}")
    with open_dataset([str(path)]) as data:
        assert data.kind == made.kind
        assert data.axes == made.axes
        chunks = list(data.chunks())
        for key in {"x", "y"} & set(made.arrays):
            read = np.concatenate([getattr(chunk, key) for chunk in chunks])
            assert np.array_equal(read.reshape(made.arrays[key].shape), made.arrays[key])
        assert {value for value in data.names.values() if value} == {"x", "y"} & set(made.arrays)


@pytest.mark.parametrize("ending", ["h5", "npz"])
def test_the_truth_can_be_read_back(ending, tmp_path):
    made = make("equal-correlations", 2, 60)
    path = save(made, tmp_path / f"problem.{ending}")
    assert np.array_equal(read_matrices(path, "truth/generators"), made.generators)


def test_hdf5_holds_labels_attributes_and_recipe(tmp_path):
    made = make("rank-deficient", 4, 50, rank=3)
    with h5py.File(save(made, tmp_path / "a.h5")) as file:
        assert [axis.label for axis in file["x"].dims] == ["n", "s"]
        assert file.attrs["kind"] == "samples"
        about = json.loads(file.attrs["problem"])
        assert np.array_equal(file["truth/generators"][...], made.generators)
    assert {key: about[key] for key in ("problem", "seed", "samples")} == {
        "problem": "rank-deficient",
        "seed": 4,
        "samples": 50,
    }
    again = make(about["problem"], about["seed"], about["samples"], **about["options"])
    assert np.array_equal(again.arrays["x"], made.arrays["x"])


@pytest.mark.parametrize("ending", ["h5", "npz"])
def test_equal_problems_give_equal_bytes(ending, tmp_path):
    first = save(make("equal-correlations", 1, 50), tmp_path / f"first.{ending}")
    again = save(make("equal-correlations", 1, 50), tmp_path / f"again.{ending}")
    assert first.read_bytes() == again.read_bytes()


def test_another_ending_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=r"\.h5 or \.npz"):
        save(make("no-symmetry", 1, 50), tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_command_writes_and_says_what(tmp_path):
    path = tmp_path / "pair.h5"
    result = run("equal-correlations", "-o", path, "--samples", 80, "--set", "correlations=.9,.9,.4", "--json")
    assert json.loads(result.stdout) == {"files": [str(path)]}
    with h5py.File(path) as file:
        assert file["x"].shape == (80, 3)
        assert file["truth/generators"].shape == (1, 6, 6)


def test_command_keeps_an_existing_file_unless_forced(tmp_path):
    path = tmp_path / "a.npz"
    path.write_text("mine")
    refused = run("no-symmetry", "-o", path)
    assert isinstance(refused.exception, InputError)
    assert path.read_text() == "mine"
    assert run("no-symmetry", "-o", path, "--force", "--samples", 50).exit_code == 0
    assert np.load(path)["x"].shape == (50, 4)


def test_list_names_every_problem_and_option():
    listed = json.loads(run("--list", "--json").stdout)["problems"]
    assert [row["name"] for row in listed] == list(PROBLEMS)
    text = run("--list").stdout
    for row in listed:
        assert row["name"] in text
        assert row["summary"] in text
        for option in row["options"]:
            assert option["help"]
            assert option["name"] in text
    assert [row["name"] for row in json.loads(run("no-symmetry", "--list", "--json").stdout)["problems"]] == [
        "no-symmetry"
    ]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "--list"),
        (["no-symmetry"], "-o"),
        (["no-symetry", "-o", "a.h5"], "no-symmetry"),
        (["no-symmetry", "-o", "a.h5", "--set", "seed"], "KEY=VALUE"),
        (["no-symmetry", "-o", "a.h5", "--set", "seed=3"], "no option"),
    ],
)
def test_command_refuses_with_the_remedy(arguments, word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert isinstance(result.exception, InputError)
    assert word in str(result.exception)
    assert not list(tmp_path.iterdir())
