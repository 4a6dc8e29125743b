"""`symdisc export`: what is written, against numbers and against the libraries themselves where they are installed.

The peers are no dependency: where one is missing its test is skipped. Every snippet runs in a namespace of its own.
"""

from __future__ import annotations

import csv
import io
import json
import runpy
import subprocess
import sys

import numpy as np
import pytest
from results import constants, result, rotations, three

from symdisc.data import read_safetensors
from symdisc.discover.named import named
from symdisc.errors import InputError
from symdisc.report.export import FORMATS, export, source_of
from symdisc.report.export.libraries import CUEQUIVARIANCE, coupling
from symdisc.symmetry import Block, load

CROSS = np.zeros((3, 3, 3))
for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
    CROSS[a, c, b], CROSS[a, b, c] = 1, -1
TURN = np.array([[[0.0, -1.0], [1.0, 0.0]]])


def square(generators):
    """The action on V x V."""
    one = np.eye(generators.shape[1])
    return np.stack([np.kron(x, one) + np.kron(one, x) for x in generators])


def framed(generators, seed=0):
    rng = np.random.default_rng(seed)
    d = generators.shape[1]
    skew = rng.standard_normal((d, d)) + 3 * np.eye(d)
    return skew @ generators @ np.linalg.inv(skew)


def written(folder, source, to):
    """The pair of files on disk; the path of the snippet."""
    for ending, content in export(source, to).items():
        (folder / f"found{ending}").write_bytes(content)
    return folder / "found.py"


def exponential(matrix):
    values, vectors = np.linalg.eig(matrix)
    return (vectors * np.exp(values) @ np.linalg.inv(vectors)).real


@pytest.mark.parametrize("to", FORMATS)
def test_bytes_repeat_and_need_no_symdisc(to):
    first, second = export(source_of(CROSS), to), export(source_of(CROSS.copy()), to)
    assert first == second
    assert b"import symdisc" not in b"".join(first.values())
    if ".py" in first:
        compile(first[".py"], "found.py", "exec")
        with np.load(io.BytesIO(first[".npz"]), allow_pickle=False) as members:
            assert members["generators"].shape == (3, 3, 3)


def test_csv_holds_every_digit():
    generators = framed(CROSS)
    rows = list(csv.DictReader(io.StringIO(export(source_of(generators), "csv")[".csv"].decode())))
    back = np.zeros_like(generators)
    for row in rows:
        back[int(row["generator"]), int(row["row"]), int(row["column"])] = float(row["value"])
    np.testing.assert_array_equal(back, generators)


def test_latex_has_the_table_and_the_matrices():
    text = export(source_of(CROSS), "latex")[".tex"].decode()
    assert r"\mathfrak{so}(3)" in text
    assert text.count(r"\begin{bmatrix}") == 3
    assert "not all are written" in export(source_of(rotations(13)[:2]), "latex")[".tex"].decode()


def test_safetensors_hold_a_whole_result(tmp_path):
    symmetry = three()
    symmetry.extras["names"] = np.array(["a", "b"])
    (tmp_path / "a.safetensors").write_bytes(export(source_of(symmetry), "safetensors")[".safetensors"])
    arrays, metadata = read_safetensors(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(arrays["generators"], symmetry.generators)
    assert json.loads(metadata["symdisc"])["algebra"]["name"] == "so(3)"
    assert json.loads(metadata["names"]) == ["a", "b"]


def test_blocks_of_a_result():
    both = np.zeros((3, 5, 5))
    both[:, :3, :3] = CROSS
    blocks = (Block("space", 0, 3), Block("output", 3, 5))
    symmetry = result(both, blocks=blocks)
    np.testing.assert_array_equal(source_of(symmetry).generators, CROSS)
    with pytest.raises(InputError, match="do nothing to it"):
        source_of(symmetry, block="output")
    with pytest.raises(InputError, match="has space, output"):
        source_of(symmetry, block="phase")


@pytest.mark.parametrize(
    ("generators", "to", "words"),
    [
        (named("so(1,3)"), "e3nn", r"these generators span so\(3,1\)"),
        (named("sl(2,R)"), "escnn", "cuequivariance and emlp take any group"),
        (np.array([np.diag([1.0, -1.0])]), "escnn", "no rotation"),
        (np.zeros((0, 3, 3)), "csv", "k = 0"),
        (np.zeros((2, 3)), "csv", "square matrices"),
        (np.full((1, 2, 2), np.nan), "csv", "finite"),
    ],
)
def test_what_cannot_be_exported_is_said(generators, to, words):
    with pytest.raises(InputError, match=words):
        export(source_of(generators), to)


def test_clebsch_gordan_of_vectors_is_the_cross_product():
    paths = coupling(CROSS, np.zeros((0, 3, 3)))
    epsilon = -CROSS.transpose(1, 2, 0) / np.sqrt(6) * np.sqrt(3)
    assert paths.shape == (1, 3, 3, 3)
    np.testing.assert_allclose(np.abs(paths[0]), np.abs(epsilon), atol=1e-9)
    mirror = -np.eye(3)[None]
    assert len(coupling(CROSS, mirror)) == 0, "the cross product of two vectors is no vector under reflections"
    assert coupling(rotations(11), np.zeros((0, 11, 11))).shape == (0, 11, 11, 11)


def test_clebsch_gordan_in_a_skewed_frame_is_equivariant():
    generators = framed(square(CROSS))
    paths = coupling(generators, np.zeros((0, 9, 9)), noise=1e-13)
    # V x V = 0 + 1 + 2; Hom((0+1+2)^2, 0+1+2) has 3 + 6 + 6 dimensions by the triangle rule.
    assert len(paths) == 15
    for x in generators:
        moved = np.einsum("pijc,kc->pijk", paths, x)
        moved -= np.einsum("pijk,ia->pajk", paths, x) + np.einsum("pijk,jb->pibk", paths, x)
        assert np.abs(moved).max() < 1e-7 * np.abs(x).max() * np.abs(paths).max()


def test_the_cuequivariance_file_has_less_than_fifteen_lines():
    assert len(CUEQUIVARIANCE.splitlines()) < 15


@pytest.mark.parametrize("generators", [CROSS, square(CROSS), framed(square(CROSS), 3)], ids=["V", "VV", "skewed VV"])
def test_e3nn_agrees(generators, tmp_path):
    o3 = pytest.importorskip("e3nn.o3")
    torch = pytest.importorskip("torch")
    found = runpy.run_path(str(written(tmp_path, source_of(generators), "e3nn")))
    irreps = found["irreps"]
    assert irreps == o3.Irreps("1x1e" if len(generators[0]) == 3 else "1x0e+1x1e+1x2e")
    j = found["data"]["generators"]
    for t in np.random.default_rng(0).standard_normal((4, 3)):
        ours = exponential(np.einsum("a,ade->de", t, j))
        rotation = torch.matrix_exp(torch.from_numpy(np.einsum("a,ade->de", t, CROSS)))
        np.testing.assert_allclose(found["representation"](rotation).numpy(), ours, atol=2e-6 * np.abs(ours).max())


@pytest.mark.parametrize("generators", [CROSS, square(square(CROSS))], ids=["V", "VVVV"])
def test_escnn_agrees_for_so3(generators, tmp_path):
    pytest.importorskip("escnn")
    from scipy.spatial.transform import Rotation

    found = runpy.run_path(str(written(tmp_path, source_of(framed(generators)), "escnn")))
    representation, j = found["representation"], found["data"]["generators"]
    for t in np.random.default_rng(0).standard_normal((4, 3)):
        element = found["group"].element(Rotation.from_rotvec(t).as_quat(), "Q")
        ours = exponential(np.einsum("a,ade->de", t, j))
        np.testing.assert_allclose(representation(element), ours, atol=1e-6 * np.abs(ours).max())


def test_escnn_agrees_for_so2_and_o2(tmp_path):
    pytest.importorskip("escnn")
    turn = np.zeros((1, 7, 7))
    turn[0, :2, :2], turn[0, 3:5, 3:5], turn[0, 5:, 5:] = TURN[0], 3 * TURN[0], TURN[0]
    mirror = np.diag([1.0, -1, -1, 1, -1, 1, -1])[None]
    turn, mirror = framed(turn), framed(mirror)
    for discrete, group in ((None, "SO(2)"), (mirror, "O(2)")):
        found = runpy.run_path(str(written(tmp_path, source_of(0.4 * turn, discrete), "escnn")))
        representation, j = found["representation"], found["data"]["generators"][0]
        assert str(found["group"]) == group
        for t in (0.3, 2.0):
            element = found["group"].element(t if discrete is None else (0, t), "radians")
            np.testing.assert_allclose(representation(element), exponential(t * j), atol=1e-9)
        if discrete is not None:
            element = found["group"].element((1, 0.0), "radians")
            np.testing.assert_allclose(representation(element), mirror[0], atol=1e-9)


@pytest.mark.parametrize("name", ["so(3)", "so(1,3)", "sl(2,R)"])
def test_cuequivariance_agrees(name, tmp_path):
    cue = pytest.importorskip("cuequivariance")
    found = runpy.run_path(str(written(tmp_path, source_of(framed(named(name))), "cuequivariance")))
    rep, paths = found["rep"], found["clebsch_gordan"]
    x, algebra = rep.X, rep.A
    assert rep.dim == x.shape[1]
    np.testing.assert_allclose(
        np.einsum("iab,jbc->ijac", x, x) - np.einsum("jab,ibc->ijac", x, x),
        np.einsum("ijk,kac->ijac", algebra, x),
        atol=1e-9,
    )
    assert rep.trivial().is_trivial()
    assert len(paths) == (name == "so(3)")
    if name == "so(3)":
        assert len(cue.clebsch_gordan(cue.SO3(1), cue.SO3(1), cue.SO3(1))) == 1
        theirs = np.abs(cue.clebsch_gordan(cue.SO3(1), cue.SO3(1), cue.SO3(1))[0])
        straight = coupling(CROSS, np.zeros((0, 3, 3)))[0]
        np.testing.assert_allclose(np.linalg.norm(straight), np.linalg.norm(theirs), atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_emlp_agrees(tmp_path):
    pytest.importorskip("emlp")
    from emlp.reps import V

    names = set()
    # Invariants of V x V: the metric; of so(3) + scalar in 4 dimensions: two; with the mirror -1 of the scalar: two.
    still = np.zeros((3, 4, 4))
    still[:, :3, :3] = CROSS
    for generators, discrete, rank in ((named("so(1,3)"), None, 1), (still, None, 2), (CROSS, -np.eye(3)[None], 1)):
        found = runpy.run_path(str(written(tmp_path, source_of(generators, discrete), "emlp")))
        group = found["group"]
        assert (V**2)(group).equivariant_basis().shape[-1] == rank
        names.add(repr(group))
    assert len(names) == 3, "emlp caches by repr"


def symdisc(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "symdisc", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def test_the_command_writes_two_files_and_keeps_old_ones(tmp_path):
    done = symdisc("export", "so(3)", "--to", "e3nn", "-o", "found.py", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"files": ["found.npz", "found.py"]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.npz", "found.py"]
    again = symdisc("export", "so(3)", "--to", "e3nn", "-o", "found", cwd=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_the_command_reads_results_and_report_draws_them_again(tmp_path):
    symmetry = three()
    symmetry.run = {"seconds": 1.0, "plots": []}
    symmetry.save(tmp_path / "ring.symdisc")
    text = symdisc("export", "ring.symdisc", "--to", "latex", cwd=tmp_path)
    assert text.returncode == 0, text.stderr
    assert r"\mathfrak{so}(3)" in text.stdout
    before = {path.name: path.read_bytes() for path in (tmp_path / "ring.symdisc").iterdir()}
    done = symdisc("report", "ring.symdisc", "--no-plots", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == {"files": ["ring.symdisc/report.html"]}
    after = {path.name: path.read_bytes() for path in (tmp_path / "ring.symdisc").iterdir()}
    assert after.pop("report.html").startswith(b"<!doctype html>")
    assert before == after
    assert load(tmp_path / "ring.symdisc").dimension == 3
    refused = symdisc("report", "nothing.symdisc", cwd=tmp_path)
    assert refused.returncode == 2
    assert "nothing.symdisc" in refused.stderr


def test_constants_of_the_helpers_agree_with_the_export():
    with np.load(io.BytesIO(export(source_of(three()), "cuequivariance")[".npz"])) as members:
        expected = constants(rotations(3) * np.sqrt(2)) / 2
        np.testing.assert_allclose(members["algebra"], expected, atol=1e-9)
