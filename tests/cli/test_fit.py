"""`symdisc fit` and `symdisc test` as a shell sees them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

DIGITS = Path(__file__).parents[2] / "sample_data" / "digits.h5"


def symdisc(*arguments, cwd, **options):
    return subprocess.run(
        [sys.executable, "-m", "symdisc", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


@pytest.fixture
def gaussian(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "gaussian.npy", rng.standard_normal((400, 4)) @ rng.standard_normal((4, 4)))
    return tmp_path / "gaussian.npy"


@pytest.fixture
def pair(tmp_path):
    """Labelled data with one pair of equal canonical correlations."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((5000, 4)), rng.standard_normal((5000, 3))
    rho = np.array([0.8, 0.8, 0.3])
    y = rho * x[:, :3] + np.sqrt(1 - rho**2) * y
    with h5py.File(tmp_path / "pair.h5", "w") as file:
        file["x"], file["y"] = x, y
        file.attrs["kind"] = "labelled"
    return tmp_path / "pair.h5"


def test_fit_writes_the_result_folder_and_one_json_object(gaussian, tmp_path):
    done = symdisc("fit", "--method", "covariance", gaussian, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    folder = tmp_path / "gaussian.symdisc"
    assert summary == json.loads((folder / "summary.json").read_text())
    assert summary["verdict"] == "constructed"
    assert (summary["dimension"], summary["certified_dimension"]) == (6, 0)
    assert summary["data"]["samples"] == 400
    with np.load(folder / "generators.npz", allow_pickle=False) as members:
        assert members["generators"].shape == (6, 4, 4)
        assert members["structure_constants"].shape == (6, 6, 6)
        assert json.loads(str(members["metadata"]))["blocks"][0]["role"] == "space"
    for name in ("generators", "spectrum", "structure_constants", "killing_form", "eigenvalues", "covariance"):
        assert (folder / "plots" / f"{name}.png").stat().st_size > 3000
    assert json.loads((folder / "run.json").read_text())["argv"][-2:] == [str(gaussian), "--json"]
    assert not (folder / "checkpoint.npz").exists()


def test_the_table_is_honest_about_a_construction(gaussian, tmp_path):
    done = symdisc("fit", gaussian, "--method", "covariance", "--no-plots", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "every distribution" in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_an_old_result_is_not_overwritten_unasked(gaussian, tmp_path):
    assert symdisc("fit", gaussian, "--no-plots", "-q", cwd=tmp_path).returncode == 0
    again = symdisc("fit", gaussian, "--no-plots", "-q", cwd=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert symdisc("fit", gaussian, "--no-plots", "-q", "--force", cwd=tmp_path).returncode == 0


def test_labelled_pair_is_certified_and_can_be_required(pair, tmp_path):
    done = symdisc("fit", pair, "--method", "covariance", "--json", "--no-plots", "--require", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["verdict"], summary["certified_dimension"]) == ("symmetric", 1)
    assert summary["generators"][0]["defect_upper"] <= 0.1
    again = ("--json", "--no-plots", "--require", "2", "--force")
    more = symdisc("fit", pair, "--method", "covariance", *again, cwd=tmp_path)
    assert more.returncode == 3
    assert json.loads(more.stdout)["certified_dimension"] == 1
    assert "--require" in more.stderr
    tested = symdisc("test", pair, "--method", "covariance", "--generators", "pair.symdisc", "--json", cwd=tmp_path)
    assert json.loads(tested.stdout)["verdict"] == "symmetric"


def test_stdin_needs_a_place_for_the_result(gaussian, tmp_path):
    with gaussian.open("rb") as stream:
        refused = symdisc("fit", "-", cwd=tmp_path, stdin=stream)
    assert refused.returncode == 2
    assert "-o" in refused.stderr
    with gaussian.open("rb") as stream:
        done = symdisc(
            "fit", "-", "-o", "out", "--method", "covariance", "--json", "--no-plots", cwd=tmp_path, stdin=stream
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dimension"] == 6


def test_named_algebra(gaussian, tmp_path):
    done = symdisc("test", gaussian, "--generators", "so(4)", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] in ("none", "inconclusive")
    wrong = symdisc("test", gaussian, "--generators", "so(3)", "--json", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "3 coordinates, x has 4" in wrong.stderr


def test_digits_by_factors_and_byte_identical(tmp_path):
    for name in ("a", "b"):
        done = symdisc("fit", DIGITS, "-o", name, "--json", "--no-plots", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["dimension"] == 1830
    assert summary["algebra"]["name"] == "so(61)"
    with np.load(tmp_path / "a" / "generators.npz", allow_pickle=False) as members:
        assert members["eigenvectors"].shape == (64, 61)
        assert "structure_constants" not in members
    for file in ("generators.npz", "summary.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A file of three chunks, and the result of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("rows")
    rng = np.random.default_rng(0)
    with h5py.File(folder / "rows.h5", "w") as file:
        x = file.create_dataset("x", (120_000, 200), "f4")
        for start in range(0, len(x), 20_000):
            x[start : start + 20_000] = rng.standard_normal((20_000, 200), dtype=np.float32)
    whole = symdisc("fit", "rows.h5", "-q", "--no-plots", "-o", "whole", cwd=folder)
    assert whole.returncode == 0, whole.stderr
    return folder


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_and_resumed(rows, tmp_path, number, code):
    """A run that is stopped keeps its checkpoint; resumed, it ends with the same bytes as one that was not."""
    command = [sys.executable, "-m", "symdisc", "fit", str(rows / "rows.h5"), "-q", "--no-plots"]
    # Slow the steps down, so that the signal meets the run at work whatever the machine.
    slow = dict(os.environ, PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    (tmp_path / "sitecustomize.py").write_text(
        "import time\n"
        "from symdisc.discover import scatter\n"
        "add = scatter.Scatter.add\n"
        "def slowly(self, *arguments):\n"
        "    add(self, *arguments)\n"
        "    open('started', 'w').close()\n"
        "    time.sleep(0.5)\n"
        "scatter.Scatter.add = slowly\n"
    )
    run = subprocess.Popen([*command, "-o", "part"], cwd=tmp_path, env=slow, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(number)
    _, message = run.communicate(timeout=30)
    assert run.returncode == code, message
    assert "--resume" in message
    assert (tmp_path / "part" / "checkpoint.npz").exists()
    refused = subprocess.run([*command, "-o", "part"], cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    resumed = subprocess.run([*command, "-o", "part", "--resume"], cwd=tmp_path, capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    for file in ("generators.npz", "summary.json"):
        assert (tmp_path / "part" / file).read_bytes() == (rows / "whole" / file).read_bytes()


def test_a_checkpoint_of_other_options_is_refused(gaussian, tmp_path):
    from symdisc.atomic import write_npz

    (tmp_path / "out").mkdir()
    write_npz(tmp_path / "out" / "checkpoint.npz", {"identity": np.array("another run")})
    done = symdisc("fit", gaussian, "-o", "out", "--resume", cwd=tmp_path)
    assert done.returncode == 2
    assert "checkpoint" in done.stderr


def test_over_the_ceiling_is_refused_before_the_work(tmp_path):
    np.save(tmp_path / "wide.npy", np.zeros((10, 2000), np.float32))
    done = symdisc("fit", "wide.npy", "--memory", "50MB", cwd=tmp_path)
    assert done.returncode == 4
    assert "--memory" in done.stderr
    assert not (tmp_path / "wide.symdisc").exists()


def test_methods_and_unknown_words(tmp_path):
    listed = json.loads(symdisc("methods", "--json", cwd=tmp_path).stdout)
    assert [method["name"] for method in listed["methods"]][:4] == ["lconv", "moments", "function", "covariance"]
    own = {method["name"]: {option["name"] for option in method["options"]} for method in listed["methods"]}
    assert own["covariance"] == {"labels", "rank"}
    assert {"solver", "map", "folds"} <= own["lconv"]
    wrong = symdisc("methods", "covarience", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "covariance" in wrong.stderr
