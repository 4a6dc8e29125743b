"""`symdisc fit` on pairs: the whole way from a file to the result folder."""

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.linalg import expm

ROTATION = np.zeros((4, 4))
ROTATION[0, 1], ROTATION[1, 0], ROTATION[2, 3], ROTATION[3, 2] = -1.0, 1.0, -0.5, 0.5


def symdisc(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "symdisc", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def turned(n, seed=0):
    rng = np.random.default_rng(seed)
    x, t = rng.standard_normal((n, 4)), 0.7 * rng.standard_normal(n)
    y = np.einsum("nij,nj->ni", expm(t[:, None, None] * ROTATION), x)
    return x, y + 0.01 * rng.standard_normal(y.shape)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    x, y = turned(200)
    np.savez(folder / "pairs.npz", x=x, y=y)
    return folder


@pytest.fixture(scope="module")
def done(folder):
    return symdisc("fit", "pairs.npz", "--json", "--require", "1", cwd=folder)


def test_summary(folder, done):
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary == json.loads((folder / "pairs.symdisc" / "summary.json").read_text())
    assert (summary["method"], summary["kind"], summary["verdict"]) == ("lconv", "pairs", "symmetric")
    assert (summary["dimension"], summary["certified_dimension"]) == (1, 1)
    assert summary["candidates"] == {"space": "linear", "dimension": 16}
    assert summary["data"]["samples"] == 200
    (generator,) = summary["generators"]
    assert set(generator) == {"defect", "defect_upper", "verdict", "origin"}
    assert (generator["verdict"], generator["origin"]) == ("certified", "learned")
    assert 0 <= generator["defect"] <= generator["defect_upper"] <= summary["tolerance"] == 0.1
    for key in ("schema", "symdisc", "reason", "notes", "closure_error", "algebra", "level", "seed", "versions"):
        assert key in summary
    assert any("Frobenius norm 1" in note for note in summary["notes"])


def test_arrays(folder, done):
    with np.load(folder / "pairs.symdisc" / "generators.npz", allow_pickle=False) as members:
        generator, t = members["generators"], members["coefficients"]
        metadata = json.loads(str(members["metadata"]))
    assert generator.shape == (1, 4, 4)
    assert np.linalg.norm(generator) == pytest.approx(1)
    assert abs(np.vdot(generator, ROTATION) / np.linalg.norm(ROTATION)) > 0.999
    # Each pair by its own coefficient.
    assert t.shape == (200, 1)
    x, y = turned(200)
    carried = np.einsum("nij,nj->ni", expm(t[:, :, None] * generator), x)
    assert np.sqrt(np.mean((carried - y) ** 2)) < 0.015
    assert metadata["blocks"][0]["role"] == "space"
    assert "coefficients" in str(metadata)


def test_plots(folder, done):
    plots = folder / "pairs.symdisc" / "plots"
    names = {path.stem for path in plots.glob("*.png")}
    assert {"generators", "spectrum", "eigenvalues", "coefficients", "count", "residual"} <= names
    assert all((plots / f"{name}.png").stat().st_size > 3000 for name in names)


def test_one_seed_gives_the_same_bytes_and_a_table_for_a_person(folder, done):
    again = symdisc("fit", "pairs.npz", "-o", "again", "--no-plots", cwd=folder)
    assert again.returncode == 0, again.stderr
    for file in ("generators.npz", "summary.json"):
        assert (folder / "again" / file).read_bytes() == (folder / "pairs.symdisc" / file).read_bytes()
    assert "1 generator certified" in " ".join(again.stdout.split())
    assert max(map(len, again.stdout.splitlines())) <= 80


def test_too_few_pairs_are_refused_in_one_line(folder):
    np.savez(folder / "few.npz", x=np.ones((20, 4)), y=np.ones((20, 4)))
    done = symdisc("fit", "few.npz", cwd=folder)
    assert done.returncode == 2
    assert "x: 20 pairs" in done.stderr
    assert "at least 40" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "few.symdisc" / "generators.npz").exists()
