"""`symdisc analyze` as a shell sees it."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

import symdisc as package

ROTATIONS = np.array(
    [
        [[0, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[0, 0, 1], [0, 0, 0], [-1, 0, 0]],
        [[0, -1, 0], [1, 0, 0], [0, 0, 0]],
    ]
)


def symdisc(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "symdisc", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def rotations(tmp_path):
    np.savez(tmp_path / "rotations.npz", generators=ROTATIONS, other=np.eye(2)[None])
    return tmp_path


def test_json_is_what_the_library_says(rotations):
    done = symdisc("analyze", "rotations.npz", "--json", cwd=rotations)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == package.analyze(ROTATIONS).to_dict()
    assert (found["name"], found["aliases"], found["killing_signature"]) == ("so(3)", ["su(2)", "sp(1)"], [0, 3, 0])
    assert found["invariant_forms"]["symmetric"][0]["signature"] == [3, 0, 0]


def test_table_names_the_algebra_and_its_certainty(rotations):
    done = symdisc("analyze", "rotations.npz", cwd=rotations)
    assert done.returncode == 0, done.stderr
    assert "so(3) (also su(2), sp(1))" in done.stdout
    assert "high" in done.stdout
    assert "0 positive, 3 negative, 0 zero" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert done.stdout.isascii()


def test_out_writes_the_json_and_quiet_prints_nothing(rotations):
    done = symdisc("analyze", "rotations.npz", "-q", "-o", "facts.json", cwd=rotations)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((rotations / "facts.json").read_text()) == package.analyze(ROTATIONS).to_dict()


def test_array_chooses_among_several(rotations):
    done = symdisc("analyze", "rotations.npz", "--array", "other", "--json", cwd=rotations)
    found = json.loads(done.stdout)
    assert (found["name"], found["matrix_size"]) == ("R", 2)
    with h5py.File(rotations / "two.h5", "w") as file:
        file["deep/one"], file["deep/two"] = ROTATIONS, ROTATIONS[:1]
    done = symdisc("analyze", "two.h5", "--array", "deep/one", "--json", cwd=rotations)
    assert json.loads(done.stdout)["name"] == "so(3)"


def test_noise_decides_the_rank(tmp_path):
    noisy = np.stack([np.eye(2), np.eye(2)])
    noisy[1, 0, 1] = 1e-3
    np.save(tmp_path / "noisy.npy", noisy)
    dimensions = [
        json.loads(symdisc("analyze", "noisy.npy", "--json", *options, cwd=tmp_path).stdout)["dimension"]
        for options in ((), ("--noise", "0.01"))
    ]
    assert dimensions == [2, 1]


def test_an_empty_set_is_no_failure(tmp_path):
    np.save(tmp_path / "none.npy", np.zeros((0, 4, 4)))
    done = symdisc("analyze", "none.npy", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dimension"] == 0


def test_a_factored_result_is_known_by_construction(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "wide.npy", rng.standard_normal((400, 90)))
    fitted = symdisc("fit", "wide.npy", "--no-plots", "-q", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    done = symdisc("analyze", "wide.symdisc", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["name"], found["dimension"], found["matrix_size"]) == ("so(90)", 4005, 90)
    assert found["structure_constants"] == {"size": [4005, 4005, 4005]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.npz",), ("missing.npz",)),
        (("rotations.npz", "--array", "generator"), ("rotations.npz", "generators")),
        (("flat.npy",), ("flat.npy", "square")),
        (("rotations.npz", "--noise", "2"), ("--noise", "0<=x<1")),
    ],
)
def test_unusable_input_is_one_clear_line(rotations, arguments, words):
    np.save(rotations / "flat.npy", np.zeros((3, 4)))
    done = symdisc("analyze", *arguments, cwd=rotations)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_complete_closes_the_set_first(rotations):
    np.savez(rotations / "two.npz", generators=ROTATIONS[:2])
    open_set = json.loads(symdisc("analyze", "two.npz", "--json", cwd=rotations).stdout)
    closed = json.loads(symdisc("analyze", "two.npz", "--complete", "--json", cwd=rotations).stdout)
    assert open_set["name"].startswith("unnamed: not closed, 2")
    assert (closed["name"], closed["dimension"]) == ("so(3)", 3)
    assert "their brackets add 1" in closed["notes"][0]


def test_complete_refuses_what_it_cannot_name(tmp_path):
    np.save(tmp_path / "large.npy", np.random.default_rng(0).standard_normal((2, 9, 9)))
    done = symdisc("analyze", "large.npy", "--complete", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "more than 64 dimensions" in done.stderr


def test_latex_is_printed_in_place_of_the_table(rotations):
    done = symdisc("analyze", "rotations.npz", "--latex", cwd=rotations)
    assert done.returncode == 0, done.stderr
    assert r"\mathfrak{so}(3)" in done.stdout
    assert done.stdout.strip().endswith(r"\end{tabular}")


def test_plots_are_drawn(rotations):
    done = symdisc("analyze", "rotations.npz", "--plots", "drawn", cwd=rotations)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (rotations / "drawn").iterdir()} == {
        "canonical.png",
        "killing_form.png",
        "roots.png",
        "structure_constants.png",
    }
