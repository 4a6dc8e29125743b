"""Where results go, and what commands refuse before any work: each with the file and the remedy."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import symdisc
from symdisc.cli import compare, env, inspect
from symdisc.cli.common import write_result
from symdisc.cli.main import main
from symdisc.errors import InputError, ResourceError
from symdisc.factored import FactoredRotations


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.standard_normal((60, 3)) @ rng.standard_normal((3, 3)))
    (tmp_path / "file").write_text("")
    return tmp_path


FIT = ["fit", "x.npy", "--method", "covariance", "--no-plots", "-q"]
TEST = ["test", "x.npy", "--generators", "so(3)", "--method", "covariance", "--no-plots", "-q"]


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ([*FIT, "-o", "file"], "file: is a file; choose another result folder with -o"),
        ([*FIT, "--force", "--resume"], "--force starts afresh and --resume goes on: give one of them"),
        ([*FIT, "--generators", "many"], "--generators many: a whole number or auto"),
        (["fit", "-", "--method", "covariance"], "data from stdin have no name; say where the result goes"),
        ([*FIT, "--set", "covariance.rank"], "write METHOD.OPTION=VALUE"),
        ([*FIT, "--set", "rank=3"], "--set rank: write METHOD.OPTION=VALUE, such as covariance.rank=3"),
        ([*FIT, "--set", "nothing.rank=3"], "no method 'nothing'; the methods are"),
        ([*TEST, "-o", "file"], "file: is a file; choose another result folder with -o"),
        (["train", "-", "--generators", "so(3)"], "data from stdin have no name; say where the model goes with -o"),
        (["train", "x.npy", "--generators", "so(3)", "-o", "file"], "file: is a file; choose another folder with -o"),
        (["train", "x.npy", "--generators", "so(3)", "--force", "--resume"], "give one of them"),
        (["export", "so(3)", "--to", "e3nn"], "--to e3nn writes files; say where with -o FILE"),
        (["export", "so(3)", "--to", "csv", "--block", "space"], "matrices from a file have no blocks"),
        (["compare", "nothing.npz", "x.npy"], "nothing.npz does not exist"),
    ],
)
def test_refused_before_any_work(place, words, refusal):
    with pytest.raises(InputError, match=None) as caught:
        run(*words)
    assert refusal in str(caught.value)
    assert not [path for path in place.iterdir() if path.name not in ("x.npy", "file")]


def test_a_result_is_not_overwritten_unasked(place):
    for words, name in ((FIT, "out"), (TEST, "tested")):
        assert run(*words, "-o", name).exit_code == 0
        with pytest.raises(InputError, match=f"{name}: holds a result; overwrite it with --force, or choose another"):
            run(*words, "-o", name)
        assert run(*words, "-o", name, "--force").exit_code == 0
    (place / "out" / "checkpoint.npz").write_bytes(b"")
    with pytest.raises(InputError, match="out: holds an interrupted run; go on with --resume, or start afresh"):
        run(*FIT, "-o", "out")
    assert run(*FIT, "-o", "out", "--force").exit_code == 0
    assert not (place / "out" / "checkpoint.npz").exists()
    (place / "out" / "checkpoint.0of2.0.npz").write_bytes(b"")
    with pytest.raises(InputError, match="holds an interrupted run of 2 processes, not of 1; go on with as many"):
        run(*FIT, "-o", "out", "--resume")
    (place / "out" / "checkpoint.0of2.0.npz").rename(place / "out" / "checkpoint.npz")
    with pytest.raises(InputError, match=r"checkpoint.npz is empty"):
        run(*FIT, "-o", "out", "--resume")


def test_a_model_is_not_overwritten_unasked(place):
    (place / "m").mkdir()
    words = ["train", "x.npy", "--generators", "so(3)", "-o", "m"]
    (place / "m" / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="m: holds a model; overwrite it with --force"):
        run(*words)
    (place / "m" / "checkpoint.npz").write_bytes(b"")
    with pytest.raises(InputError, match="m: holds an interrupted run; go on with --resume"):
        run(*words)
    with pytest.raises(InputError):
        run(*words, "--force")
    assert not (place / "m" / "checkpoint.npz").exists()


def test_plots_of_an_older_result_go(place):
    symmetry = symdisc.fit(np.load("x.npy"), method="covariance")
    write_result(symmetry, place / "out", False, "png")
    (place / "out" / "plots").mkdir()
    for name in ("old.png", "mine.png"):
        (place / "out" / "plots" / name).write_bytes(b"")
    for listed in (["old.png", "../x.npy", 3], "none"):
        (place / "out" / "run.json").write_text(json.dumps({"plots": listed}))
        write_result(symmetry, place / "out", False, "png")
    assert [path.name for path in (place / "out" / "plots").iterdir()] == ["mine.png"]
    assert (place / "x.npy").exists()
    (place / "out" / "run.json").write_text("[]")
    write_result(symmetry, place / "out", False, "png")


def test_reports_go_where_they_are_sent(place):
    symdisc.fit(np.load("x.npy"), method="covariance").save(place / "out")
    with pytest.raises(InputError, match="--no-plots and --plots: give one of them"):
        run("report", "out", "--no-plots", "--plots", "p")
    with pytest.raises(InputError, match="out is a folder; give the name of a file with -o"):
        run("report", "out", "-o", "out")
    (place / "out" / "run.json").write_text("[1]")
    assert run("report", "out", "--no-plots").exit_code == 0
    (place / "out" / "run.json").unlink()
    assert run("report", "out", "--no-plots", "--json").exit_code == 0
    assert (place / "out" / "report.html").stat().st_size > 1000


def test_export_to_one_file_and_of_a_result(place):
    symdisc.fit(np.load("x.npy"), method="covariance").save(place / "out")
    assert run("export", "so(3)", "--to", "csv", "-o", "a.csv").exit_code == 0
    assert (place / "a.csv").read_text().startswith("generator,row,column,value")
    with pytest.raises(InputError, match=r"a.csv: exists; replace it with --force"):
        run("export", "so(3)", "--to", "csv", "-o", "a.csv")
    assert run("export", "out", "--to", "safetensors", "-o", "b.safetensors").exit_code == 0
    arrays, metadata = symdisc.data.read_safetensors(place / "b.safetensors")
    assert arrays["generators"].shape == (3, 3, 3)
    assert json.loads(metadata["symdisc"])["method"] == "covariance"


def test_spans_that_are_compared(place, monkeypatch):
    np.savez("none.npz", generators=np.zeros((0, 3, 3)))
    np.savez("some.npz", generators=np.eye(3)[None])
    found = run("compare", "some.npz", "none.npz")
    assert "none: one of the spans is empty" in found.output
    wide = FactoredRotations(np.arange(1.0, 5.0), np.eye(4)[:, :4])
    monkeypatch.setattr(compare, "read_span", lambda path, array: wide)
    assert compare._dense("a", None).shape == (6, 4, 4)
    monkeypatch.setattr(compare, "budget", lambda limit: 100)
    with pytest.raises(ResourceError, match=r"a: its 6 generators need 2.3 kB of memory as matrices"):
        compare._dense("a", None)


def test_an_environment_that_lacks_things():
    assert env._version("no-such-package-anywhere") is None
    assert env._blas(None) is None

    class Cuda:
        is_available, device_count = staticmethod(lambda: True), staticmethod(lambda: 2)

        class get_device_properties:
            def __init__(self, index):
                self.name, self.total_memory = f"GPU {index}", 80e9

    class Torch:
        cuda, version = Cuda, type("version", (), {"cuda": "12.1"})

    assert env._gpus(Torch) == [f"cuda:{n} GPU {n}, 80 GB, CUDA 12.1" for n in range(2)]
    Cuda.is_available = staticmethod(lambda: False)
    assert env._gpus(Torch) == []


def test_inspect_shows_so_many_arrays_and_says_that_there_are_more(place, monkeypatch):
    np.savez("many.npz", x=np.ones((5, 2)), **{f"a{n}": np.ones(3) for n in range(6)})
    monkeypatch.setattr(inspect, "SHOWN", 4)
    out = run("inspect", "many.npz", "--kind", "samples").output
    assert "and 3 more; --json lists all" in out
    assert "methods   moments" in out
