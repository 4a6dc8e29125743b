"""`train`: folds, the test, what acts on what, verdicts on data whose answer is known, and resuming to the bit."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from scipy.stats import t as student

from symdisc.cli.main import main
from symdisc.data import from_arrays
from symdisc.equivariant import V, group
from symdisc.errors import InputError
from symdisc.nn import load, save
from symdisc.nn.acting import Action, acting, action_of, smallest_block
from symdisc.nn.bases import Bases
from symdisc.nn.comparison import compare, folds
from symdisc.nn.study import Samples, StudyOptions, StudyTask
from symdisc.nn.training import Training
from symdisc.symmetry import Block, Symmetry, Verdict

SO3 = group("so(3)").lie


def two_vectors(n, seed=0):
    """y = sin|a| + a.b, which every rotation of both leaves as it is."""
    x = np.random.default_rng(seed).standard_normal((n, 6))
    a, b = x[:, :3], x[:, 3:]
    return x, np.sin(np.linalg.norm(a, axis=1)) + (a * b).sum(1)


def test_folds_keep_groups_together_and_are_of_equal_size():
    ids = np.repeat(np.arange(50), 4)
    found = np.array(folds(ids.tolist(), 5, seed=1))
    assert np.bincount(found).tolist() == [40] * 5
    assert all(len(set(found[ids == one])) == 1 for one in range(50))
    assert folds(ids.tolist(), 5, seed=1) == found.tolist()
    assert folds(ids.tolist(), 5, seed=2) != found.tolist()


def test_the_interval_is_that_of_nadeau_and_bengio():
    e, p = [0.5, 0.6, 0.4, 0.55, 0.45], [1.0, 1.1, 0.9, 1.0, 1.0]
    logs = np.log(np.array(e) / p)
    half = student.ppf(0.975, 4) * logs.std(ddof=1) * np.sqrt(1 / 5 + 0.25)
    found = compare(e, p, 0.25)
    assert found.interval == pytest.approx(tuple(np.exp(logs.mean() + np.array([-half, half]))))
    assert found.verdict == "helped"
    assert compare(p, e, 0.25).verdict == "did not help"
    assert compare(e, [0.7, 0.4, 0.5, 0.6, 0.4], 0.25).verdict == "cannot tell"
    assert compare([1.0] * 5, [1.0] * 5, 0.25).verdict == "did not help"
    assert compare(e[:2], p[:2], 0.25).verdict == "cannot tell"


def test_the_test_rarely_calls_chance_a_help():
    """Log ratios of folds correlated as overlapping training parts make them (rho = n_test / n = .2): size <= 2.5 %."""
    rng = np.random.default_rng(0)
    shared, own = rng.standard_normal((4000, 1)), rng.standard_normal((4000, 5))
    ratios = np.exp(0.3 * (np.sqrt(0.2) * shared + np.sqrt(0.8) * own))
    verdicts = [compare(row.tolist(), [1.0] * 5, 0.25).verdict for row in ratios]
    assert verdicts.count("helped") / len(verdicts) <= 0.03


def test_actions_are_read_off_generators():
    copies = np.stack([np.kron(np.eye(3), one) for one in SO3])
    np.testing.assert_array_equal(smallest_block(copies), SO3)
    assert smallest_block(group("so(4)").lie).shape == (6, 4, 4)
    given = acting(Action(copies, None), 9, 1, 1)
    assert (given.rep, given.group.d, str(given.target)) == ("3*V -> Scalar", 3, "Scalar")
    tensor = np.stack([(V * V).drho(group("so(3)"), one) for one in SO3])
    assert acting(Action(copies, tensor), 9, 1, 9).rep == "3*V -> V**2"
    assert acting(Action(copies, copies), 9, 1, 9).rep == "3*V -> 3*V"
    other = np.stack([np.kron(one, np.eye(2)) for one in SO3])
    assert acting(Action(SO3, other), 3, 1, 6).rep == "V -> V2"
    channels = acting(Action(SO3, None), 3, 2, 1).source
    assert channels.places == (0, 2, 4, 1, 3, 5)
    stated = acting(Action(SO3, None), 8, 1, 9, "2*Scalar + 2*V -> V*V")
    assert (stated.source.size, stated.target.size) == (8, 9)
    for arguments, match in (
        ((Action(SO3), 8, 1, 1), "--rep"),
        ((Action(SO3), 8, 1, 1, "2*V -> Scalar"), "6 -> 1 with V of size 3, but the data are 8 -> 1"),
        ((Action(SO3[:0]), 3, 1, 1), "k = 0"),
        ((Action(SO3, tensor), 3, 1, 8), "8 columns"),
    ):
        with pytest.raises(InputError, match=match):
            acting(*arguments)


TURNS = Action(SO3)
QUICK = StudyOptions(channels=16, layers=1, order=1, folds=3, training=Training(epochs=6, batch=32, rate=0.02))


def task(samples, generators=TURNS, **more):
    return StudyTask(samples, generators, QUICK, rep="2*V -> Scalar", **more)


def samples_of(x, y):
    return Samples.of(from_arrays(x, y, kind="labelled"))


def finished(work):
    while work.advance():
        pass
    return work


def test_a_run_that_was_interrupted_goes_on_to_the_same_bits():
    samples = samples_of(*two_vectors(60))
    whole = finished(task(samples))
    first = task(samples)
    for _ in range(25):
        first.advance()
    saved = {key: np.array(value) for key, value in first.state().items()}
    again = task(samples)
    again.restore(saved)
    finished(again)
    np.testing.assert_array_equal(again.errors, whole.errors)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], value)


def test_a_search_sees_training_parts_alone_and_finding_nothing_is_no_gain():
    samples, seen = samples_of(*two_vectors(60)), []

    def search(rows):
        seen.append(set(rows.tolist()))
        return Action(SO3) if len(seen) == 1 else Action(SO3[:0])

    work = finished(task(samples, None, search=search))
    for part, rows in zip([*work.parts, work.whole], seen, strict=True):
        assert rows == set(range(60)) - set(part.held.tolist())
    assert work.errors[1, 0, 0] == work.plain()[1]
    assert work.errors[0, 0, 0] != work.plain()[0]
    nothing = finished(task(samples, None, search=lambda rows: Action(SO3[:0])))
    assert nothing.comparison().verdict == "cannot tell"
    assert "no symmetry was found" in nothing.comparison().reason


def test_channels_classes_and_refusals():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 3, 2))
    y = (np.linalg.norm(x[:, :, 0], axis=1) > 1.5).astype(np.int64)
    samples = Samples.of(from_arrays(x, y, kind="labelled", axes="nsc"))
    assert samples.classes.tolist() == [0, 1]
    work = finished(StudyTask(samples, Action(SO3), QUICK))
    with torch.no_grad():
        turned = np.einsum("ij,njc->nic", np.linalg.qr(rng.standard_normal((3, 3)))[0], x)
        before, after = (
            work.model(torch.from_numpy(points.reshape(60, 6)).float()) for points in (x, turned * np.sign(1.0))
        )
    assert before.shape == (60, 2)
    torch.testing.assert_close(before, after, rtol=1e-3, atol=1e-4)
    with pytest.raises(InputError, match="at least 30"):
        Samples.of(from_arrays(x[:20], y[:20], kind="labelled", axes="nsc"))
    with pytest.raises(InputError, match="which is y"):
        Samples.of(from_arrays(x, axes="nsc"))


def test_the_command_writes_a_model_and_says_what_it_did(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = two_vectors(60)
    np.savez("two.npz", x=x, y=y)
    words = ["train", "two.npz", "--generators", "so(3)", "--rep", "2*V -> Scalar", "--channels", "12", "--layers", "1"]
    words += ["--epochs", "3", "--folds", "3", "--json"]
    run = CliRunner().invoke(main, words, catch_exceptions=False)
    assert run.exit_code == 0
    said = json.loads(run.stdout)
    assert said["verdict"] in ("helped", "did not help", "cannot tell")
    assert [len(said["splits"]), said["rep"], said["group"]] == [3, "2*V -> Scalar", {"dimension": 3, "size": 3}]
    equivariant, same, _ = (network["parameters"] for network in said["networks"])
    assert abs(same / equivariant - 1) < 0.2
    first = (tmp_path / "two.model" / "model.safetensors").read_bytes()
    assert load("two.model")(torch.from_numpy(x).float()).shape == (60, 1)
    with pytest.raises(InputError, match="--force"):
        CliRunner().invoke(main, words, catch_exceptions=False)
    CliRunner().invoke(main, [*words, "--force"], catch_exceptions=False)
    assert (tmp_path / "two.model" / "model.safetensors").read_bytes() == first
    with pytest.raises(InputError, match="--discover"):
        CliRunner().invoke(main, ["train", "two.npz"], catch_exceptions=False)


def test_an_array_named_as_y_makes_the_data_labelled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = two_vectors(60)
    with h5py.File("two.h5", "w") as file:
        file["x"], file["labels"], file.attrs["kind"] = x, y, "samples"
    words = ["train", "two.h5", "--y", "labels", "--generators", "so(3)", "--channels", "8", "--layers", "1"]
    words += ["--order", "1", "--epochs", "1", "--folds", "2", "--json"]
    run = CliRunner().invoke(main, words, catch_exceptions=False)
    assert json.loads(run.stdout)["rep"] == "2*V -> Scalar"


def test_of_pairs_y_moves_as_x_does():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 3, 2))
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    work = finished(StudyTask(Samples.of(from_arrays(x, turn @ x, kind="pairs", axes="nsc")), TURNS, QUICK))
    assert work.whole.acting.rep == "2*V -> 2*V"
    turn *= np.linalg.det(turn)
    with torch.no_grad():
        before, after = (work.model(torch.from_numpy(p.reshape(60, 6)).float()) for p in (x, turn @ x))
    wanted = torch.from_numpy(turn).float() @ before.reshape(60, 3, 2)
    torch.testing.assert_close(after.reshape(60, 3, 2), wanted, rtol=1e-3, atol=1e-4)
    with pytest.raises(InputError, match="pairs, of 3 and 2 numbers"):
        acting(TURNS, 3, 1, 2, pairs=True)


def test_a_rotation_about_a_point_that_is_not_the_origin(tmp_path):
    """Homogeneous coordinates: the network takes x alone, and is the same on circles about that point."""
    centre, j = np.array([2.0, 1.0]), np.array([[0.0, -1.0], [1.0, 0.0]])
    matrices = np.zeros((1, 3, 3))
    matrices[0, :2, :2], matrices[0, :2, 2] = j, -j @ centre
    action = Action(matrices, homogeneous=True)
    x = centre + np.random.default_rng(0).standard_normal((60, 2))
    longer = StudyOptions(channels=16, layers=1, order=1, folds=2, training=Training(epochs=60, batch=32, rate=0.02))
    work = finished(StudyTask(samples_of(x, np.linalg.norm(x - centre, axis=1)), action, longer))
    again = StudyTask(samples_of(x, np.ones(60)), None, QUICK, search=lambda rows: action)
    again.found[0] = action
    other = StudyTask(samples_of(x, np.ones(60)), None, QUICK, search=lambda rows: action)
    other.restore(again.state())
    assert other.found[0].homogeneous
    save(work.model, tmp_path / "m")
    model = load(tmp_path / "m")
    values = model(torch.from_numpy(np.concatenate([x, centre + (x - centre) @ j.T])).float())
    torch.testing.assert_close(values[:60], values[60:], rtol=1e-4, atol=1e-5)
    assert values[:60].std() > 0.2
    with pytest.raises(InputError, match="affine"):
        acting(action, 2, 1, 2, pairs=True)


@pytest.mark.slow
def test_verdicts_on_data_whose_answer_is_known():
    """A true symmetry helps; a false one does not."""
    rng = np.random.default_rng(0)
    options = StudyOptions(channels=24, layers=2, order=1, training=Training(epochs=120, batch=64, rate=0.01))
    x, y = two_vectors(300)
    wave = np.sin(x @ rng.standard_normal((6, 3))).sum(1)
    verdicts = {}
    for name, values in (("true", y), ("false", wave)):
        work = StudyTask(samples_of(x, values), Action(SO3), options, rep="2*V -> Scalar")
        verdicts[name] = finished(work).comparison().verdict
    assert verdicts == {"true": "helped", "false": "did not help"}


def test_what_brackets_add_is_part_of_the_group():
    """so(3) certified up to one generator, the third from the bracket of the others."""
    found = Symmetry(
        SO3[:2], "function", "labelled", Verdict.SYMMETRIC, "", (Block("space", 0, 3),), np.zeros(2), np.zeros(2),
        ("certified",) * 2, ("learned",) * 2, 2, 2, extras={"closure": SO3[2:]},
    )  # fmt: skip
    action = action_of(found)
    np.testing.assert_array_equal(action.space, SO3)
    assert action.output is None
    found.blocks = (Block("phase", 0, 3),)
    with pytest.raises(InputError, match="phase"):
        action_of(found)


def test_a_search_that_is_interrupted_keeps_the_checkpoint(tmp_path, monkeypatch):
    """The search has its own handler of signals, which knows nothing of the checkpoint of the training around it."""
    from symdisc.errors import ExitCode, Interrupted
    from symdisc.nn import train as module

    def stopped(*args, **kwargs):
        raise Interrupted("interrupted; nothing was written", ExitCode.INTERRUPTED)

    monkeypatch.setattr(module, "fit", stopped)
    data = from_arrays(*two_vectors(60), kind="labelled")
    with pytest.raises(Interrupted, match="--resume"):
        module.train(data, options=QUICK, out=tmp_path / "a.model")
    assert (tmp_path / "a.model" / "checkpoint.npz").exists()


def test_a_noisy_rotation_still_has_its_invariants():
    """One generator closes whatever its noise; exp of a noisy one spirals, and nothing would be invariant."""
    noisy = np.array([[[0.01, -1.0], [1.02, 0.005]]]) / np.sqrt(2)
    found = Symmetry(
        noisy, "function", "labelled", Verdict.SYMMETRIC, "", (Block("space", 0, 2),), np.array([0.01]),
        np.array([0.03]), ("certified",), ("learned",), 1, 1,
    )  # fmt: skip
    action = action_of(found)
    assert action.noise == 0.03
    assert len(Bases(acting(action, 2, 1, 1).group).maps(("V1", "V1"), "Scalar")) == 2
    assert len(Bases(acting(Action(noisy), 2, 1, 1).group).maps(("V1", "V1"), "Scalar")) == 0
