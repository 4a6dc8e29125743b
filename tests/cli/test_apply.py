"""`symdisc apply` as a shell sees it, and the files it writes."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
import scipy.linalg
from click.testing import CliRunner

from symdisc.cli.apply import command
from symdisc.data import open_dataset
from symdisc.errors import InputError, ResourceError
from symdisc.symmetry import Block, Symmetry, Verdict

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


def symdisc(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "symdisc", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def apply(*arguments):
    """The command in this process; errors of ours come out as they are."""
    done = CliRunner().invoke(command, [str(word) for word in arguments], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def found(folder, generators, blocks, canonical=None):
    k = len(generators)
    evidence = np.zeros(k), np.zeros(k), ("certified",) * k, ("learned",) * k
    Symmetry(generators, "made", "labelled", Verdict.SYMMETRIC, "", blocks, *evidence, k, k, canonical=canonical).save(
        folder
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    monkeypatch.chdir(tmp_path)
    np.save("turn.npy", TURN)
    np.save("wide.npy", rng.standard_normal((2, 20, 20)) / 5)
    np.save("plane.npy", rng.standard_normal((9, 2)))
    np.save("images.npy", rng.standard_normal((3, 50, 4, 5)).astype("f4"))  # channel, sample, space, space
    return tmp_path


def test_a_shell_turns_points_by_a_quarter(folder):
    done = symdisc("apply", "so(2)", "plane.npy", "-t", np.pi / 2, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"files": ["plane.applied.npy"]}
    np.testing.assert_allclose(np.load("plane.applied.npy"), np.load("plane.npy") @ TURN.T, atol=1e-14)
    again = symdisc("apply", "so(2)", "plane.npy", "-t", 1, cwd=folder)
    assert again.returncode == 2
    assert "exists" in again.stderr
    assert "Traceback" not in again.stderr
    table = symdisc("apply", "so(2)", "plane.npy", "-t", -1, "--force", cwd=folder).stdout
    assert table == "plane.applied.npy: x (9, 2); 1 generator, as given\n"


@pytest.mark.parametrize("ending", [".npy", ".npz", ".h5"])
@pytest.mark.parametrize("small", [True, False])
def test_axes_and_type_are_kept_in_every_format(folder, monkeypatch, ending, small):
    if small:
        monkeypatch.setattr("symdisc.data.dataset.CHUNK_BYTES", 2000)
    apply("wide.npy", "images.npy", "--axes", "cnss", "-t", ".3,-.2", "-o", f"new{ending}")
    with open_dataset([f"new{ending}"], axes="cnss" if ending == ".npy" else None) as data:
        assert (data.axes, data.x_dtype, data.x_shape) == ("cnss", np.float32, (3, 50, 4, 5))
        moved = np.concatenate([chunk.x for chunk in data.chunks()])
    before = np.load("images.npy").astype(float).reshape(3, 50, 20)
    g = scipy.linalg.expm(np.tensordot([0.3, -0.2], np.load("wide.npy"), 1))
    np.testing.assert_allclose(moved, np.einsum("ij,cnj->nic", g, before), atol=1e-6)
    assert [path.name for path in folder.iterdir() if ".tmp" in path.name] == []


def test_an_npy_and_an_npz_load_with_numpy_alone(folder):
    apply("turn.npy", "plane.npy", "--random", 0.5, "--seed", 4, "-o", "new.npz")
    with np.load("new.npz", allow_pickle=False) as file:
        assert sorted(file) == ["axes", "kind", "t", "x"]
        x, t = file["x"], file["t"]
    assert (t == 0.5 * np.random.default_rng(4).standard_normal((9, 1))).all()
    truth = [scipy.linalg.expm(a * TURN) @ point for a, point in zip(t[:, 0], np.load("plane.npy"), strict=True)]
    np.testing.assert_allclose(x, truth, atol=1e-14)


@pytest.mark.parametrize("ending", [".npz", ".h5"])
def test_equal_input_gives_equal_bytes_and_another_seed_does_not(folder, ending):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        apply("turn.npy", "plane.npy", "--random", 1, "--seed", seed, "-o", name + ending)
    a, b, c = ((folder / (name + ending)).read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("ending", [".npz", ".h5"])
def test_copies_of_a_sample_stay_together_with_their_labels(folder, monkeypatch, ending):
    np.savez("labelled.npz", x=np.load("plane.npy"), y=np.arange(9))
    whole = None
    for size in (32 << 20, 64):
        monkeypatch.setattr("symdisc.data.dataset.CHUNK_BYTES", size)
        apply("turn.npy", "labelled.npz", "--random", 0.3, "--repeat", 4, "-o", f"new{ending}", "--force")
        with open_dataset([f"new{ending}"]) as data:
            assert (data.kind, data.samples, data.y_dtype) == ("labelled", 36, np.int64)
            chunks = list(data.chunks())
        x, y, group = (np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in ("x", "y", "group"))
        assert y[:, 0].tolist() == group.tolist() == np.repeat(np.arange(9), 4).tolist()
        radii = np.linalg.norm(np.load("plane.npy"), axis=1)
        np.testing.assert_allclose(np.linalg.norm(x[:, :, 0], axis=1), np.repeat(radii, 4), rtol=1e-13)
        assert len(np.unique(x)) == x.size
        assert whole is None or np.abs(x - whole).max() < 1e-13
        whole = x


def test_partners_stay_and_group_ids_are_kept(folder):
    x = np.load("plane.npy")
    np.savez("pairs.npz", x=x, y=2 * x, group=np.arange(9) // 3)
    apply("turn.npy", "pairs.npz", "-t", np.pi, "-o", "new.h5")
    with h5py.File("new.h5") as file:
        np.testing.assert_allclose(file["x"][...], -x, atol=1e-14)
        assert (file["y"][...] == 2 * x).all()
        assert file["group"][...].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
        assert (file.attrs["kind"], "t" in file) == ("pairs", False)


def test_a_result_says_its_basis_and_moves_labels_that_are_not_invariant(folder):
    both = np.zeros((1, 4, 4))
    both[0, :2, :2], both[0, 2:, 2:] = TURN, 2 * TURN
    blocks = (Block("space", 0, 2), Block("output", 2, 4))
    found(folder / "found.symdisc", both / np.linalg.norm(both), blocks, canonical=both)
    x = np.load("plane.npy")
    np.savez("vectors.npz", x=x, y=x.astype("f4"))
    shown = apply("found.symdisc", "vectors.npz", "--kind", "labelled", "-t", np.pi / 4, "-o", "new.npz")
    assert "canonical basis" in shown
    with np.load("new.npz") as file:
        np.testing.assert_allclose(file["x"], x @ scipy.linalg.expm(np.pi / 4 * TURN).T, atol=1e-14)
        np.testing.assert_allclose(file["y"], x @ TURN.T, atol=1e-6)
        assert file["y"].dtype == np.float32
    size = np.linalg.norm(both)
    apply("found.symdisc", "plane.npy", "-t", np.pi * size, "--basis", "generators", "-o", "half.npy")
    np.testing.assert_allclose(np.load("half.npy"), -x, atol=1e-13)


def test_a_trajectory_keeps_its_sampling(folder):
    q = np.random.default_rng(0).standard_normal((4, 30, 2))
    with h5py.File("runs.h5", "w") as file:
        file["x"] = q
        file.attrs.update(kind="trajectory", dt=0.25, periodic="t")
    for ending in (".h5", ".npz"):
        apply("turn.npy", "runs.h5", "-t", np.pi / 2, "-o", f"new{ending}")
        with open_dataset([f"new{ending}"]) as data:
            assert (data.kind, data.axes, data.dt, data.periodic_time) == ("trajectory", "ntv", 0.25, True)
            np.testing.assert_allclose(next(data.chunks()).x, q @ TURN.T, atol=1e-14)


def test_a_factored_result_keeps_the_covariance(folder):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 20)) * np.geomspace(0.5, 2, 20)
    np.save("x.npy", x - x.mean(axis=0))
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    np.savez("factors.npz", values=values)
    from symdisc.factored import FactoredRotations

    found("fact.symdisc", FactoredRotations(values, vectors), (Block("space", 0, 20),))
    apply("fact.symdisc", "x.npy", "--random", 0.1, "-o", "new.npy")
    new, old = np.load("new.npy"), np.load("x.npy")
    assert np.abs(new - old).max() > 0.1
    # Each sample moves on its own ellipsoid x^T H^{-1} x.
    size = np.einsum("ni,ij,nj->n", new, vectors / values @ vectors.T, new)
    np.testing.assert_allclose(size, np.einsum("ni,ij,nj->n", old, vectors / values @ vectors.T, old), rtol=1e-12)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["turn.npy", "plane.npy", "-t", "1,2"], "k = 1"),
        (["so(3)", "plane.npy", "-t", "1,2,3"], "3 x 3 matrices"),
        (["turn.npy", "plane.npy"], "either -t"),
        (["turn.npy", "plane.npy", "-t", "1", "--random", "1"], "either -t"),
        (["turn.npy", "plane.npy", "-t", "1,x"], "commas"),
        (["turn.npy", "plane.npy", "-t", "nan"], "finite"),
        (["turn.npy", "plane.npy", "-t", "1", "--repeat", "2"], "needs --random"),
        (["turn.npy", "plane.npy", "-t", "1", "--basis", "canonical"], "leave --basis out"),
        (["turn.npy", "plane.npy", "-t", "1", "-o", "new.txt"], ".npy, .npz or .h5"),
        (["turn.npy", "-", "-t", "1"], "-o FILE"),
        (["no(3)", "plane.npy", "-t", "1"], "no(3): no such file"),
        (["huge.npy", "plane.npy", "-t", "1e6"], "smaller t"),
        (["turn.npy", "bad.npy", "-t", "1"], "NaN"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_left_behind(folder, words, said):
    np.save("huge.npy", 1e300 * np.eye(2))
    np.save("bad.npy", np.array([[0.0, 1.0], [np.nan, 0.0]]))
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(InputError) as error:
        apply(*words)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_an_old_file_stays_whole_when_the_new_one_fails(folder):
    np.save("new.npy", np.arange(3))
    np.save("late.npy", np.vstack([np.zeros((2000, 2)), [[np.inf, 0]]]))
    with pytest.raises(InputError, match="2000"):
        apply("turn.npy", "late.npy", "-t", 1, "-o", "new.npy", "--force")
    assert np.load("new.npy").tolist() == [0, 1, 2]
    with pytest.raises(ResourceError, match="cannot be written"):
        apply("turn.npy", "plane.npy", "-t", 1, "-o", "nowhere/new.npy")
