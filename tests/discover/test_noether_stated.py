"""Lagrangians that the user gives: which files say one, what is refused, and what becomes of the verdict."""

import json

import numpy as np
import pytest

import symdisc
from symdisc.data import from_arrays
from symdisc.discover import Settings
from symdisc.discover.noether.fields import FieldTask
from symdisc.discover.noether.library import Library
from symdisc.discover.noether.method import NoetherOptions
from symdisc.discover.noether.stated import read_lagrangian
from symdisc.errors import InputError
from symdisc.problems.registry import make

LAW = {"h_tt[1,1]": 1.0, "h_xx[1,1]": -1.0, "m2[1,1]": 1.0}
ONE = Library(1, 2)


def data_of(name="klein-gordon", seed=0, **options):
    made = make(name, seed, **options)
    data = from_arrays(made.arrays["x"], kind="field", axes="ntsv")
    data.dt, data.spacing, data.periodic = 0.05, (0.1,), (True,)
    return data


def written(folder, entries, name="law.json"):
    path = folder / name
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    return str(path)


def test_json_and_npz_say_the_same(tmp_path):
    theta, frame = read_lagrangian(written(tmp_path, LAW), ONE)
    assert dict(zip(ONE.names, theta, strict=True)) == {**dict.fromkeys(ONE.names, 0.0), **LAW}
    np.testing.assert_array_equal(frame, np.eye(1))
    np.savez(tmp_path / "law.npz", lagrangian=theta, lagrangian_names=np.array(ONE.names), frame=2 * frame)
    again, frame = read_lagrangian(str(tmp_path / "law.npz"), ONE)
    np.testing.assert_array_equal(again, theta)
    np.testing.assert_array_equal(frame, 2 * np.eye(1))


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_the_true_law_finds_what_the_fit_finds(tmp_path, noise):
    data = data_of(noise=noise)
    found = symdisc.fit(data, options={"noether.lagrangian": written(tmp_path, LAW)})
    assert found.verdict.value == "symmetric"
    assert found.certified_dimension == 3
    assert np.all(found.extras["lagrangian"] == [LAW.get(name, 0.0) for name in ONE.names])
    assert any("Lagrangian as given" in note and "Euler-Lagrange residual" in note for note in found.notes)


def test_the_result_of_one_field_serves_another(tmp_path):
    """The frame of a skew triplet travels with the coefficients."""
    first, second = (data_of("o3-phi4", 0, noise=noise, times=100, size=96, condition=20.0) for noise in (0.01, 0.02))
    out = tmp_path / "first"
    found = symdisc.fit(first)
    found.save(out)
    again = symdisc.fit(second, options={"noether.lagrangian": str(out)})
    assert again.certified_dimension == 3
    np.testing.assert_array_equal(again.extras["frame"], found.extras["frame"])


def test_a_wrong_law_decides_nothing(tmp_path):
    wrong = written(tmp_path, {**LAW, "m2[1,1]": 2.0})
    for candidates in ("spacetime", "internal"):
        found = symdisc.fit(data_of(), candidates=candidates, options={"noether.lagrangian": wrong})
        assert found.certified_dimension == 0
        assert found.verdict.value == "inconclusive"
        assert "residual" in found.reason


def test_one_of_several_lagrangians_may_be_chosen(tmp_path):
    """Free fields of equal mass have three: the nullity is not asked once the user has said which."""
    x = np.concatenate([make("klein-gordon", seed).arrays["x"] for seed in range(2)], axis=-1)
    data = from_arrays(x, kind="field", axes="ntsv")
    data.dt, data.spacing, data.periodic = 0.05, (0.1,), (True,)
    law = {name.replace("1,1", f"{i},{i}"): value for name, value in LAW.items() for i in (1, 2)}
    found = symdisc.fit(data, options={"noether.lagrangian": written(tmp_path, law)})
    assert found.verdict.value == "symmetric"
    assert found.certified_dimension == 1
    generator = found.generators[0]
    np.testing.assert_allclose(generator, -generator.T, atol=1e-4)


def test_a_file_that_changed_is_no_resumed_run(tmp_path):
    data, path = data_of(), written(tmp_path, LAW)
    options = NoetherOptions(lagrangian=path)
    task = FieldTask(data, Settings(), options, None)
    task.advance()
    task.advance()
    state = task.state()
    written(tmp_path, {**LAW, "m2[1,1]": 1.1})
    with pytest.raises(InputError, match="changed since"):
        FieldTask(data, Settings(), options, None).restore(state)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({**LAW, "m2[2,2]": 1.0}, "'m2\\[2,2\\]' is no term of fields with 1 components"),
        ({**LAW, "phi1^6": 1.0}, "noether.degree"),
        ({**LAW, "m2[1,1]": "one"}, "'one'; a finite number"),
        ({**LAW, "m2[1,1]": True}, "a finite number"),
        ('{"h_tt[1,1]": NaN}', "finite"),
        ({"m2[1,1]": 1.0}, "no derivative of component 1"),
        ({"h_tt[1,1]": 0}, "every coefficient is 0"),
        ('{"h_tt[1,1]": 1, "h_tt[1,1]": 2}', "twice"),
        ("[1, 2]", "JSON object"),
        ("h_tt = 1", "JSON object"),
    ],
)
def test_json_that_says_no_lagrangian(tmp_path, entries, words):
    with pytest.raises(InputError, match=words):
        read_lagrangian(written(tmp_path, entries), ONE)


def test_a_lagrangian_of_fewer_components(tmp_path):
    with pytest.raises(InputError, match="component 2 in it, but these fields have 2"):
        read_lagrangian(written(tmp_path, LAW), Library(2, 2))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"theta": np.ones(3)}, "no `lagrangian`"),
        ({"lagrangian": np.ones(2), "lagrangian_names": np.array(["m2[1,1]"])}, "do not match"),
        ({"lagrangian": np.ones(2), "lagrangian_names": np.array(["h_tt[1,1]", "h_tt[1,1]"])}, "twice"),
        ({"lagrangian": np.ones(1), "lagrangian_names": np.array(["h_tt[1,1]"]), "frame": np.eye(2)}, "`frame`"),
        (
            {"lagrangian": np.ones(1), "lagrangian_names": np.array(["h_tt[1,1]"]), "frame": np.zeros((1, 1))},
            "inverted",
        ),
        ({"lagrangian": np.array([np.inf]), "lagrangian_names": np.array(["h_tt[1,1]"])}, "finite"),
    ],
)
def test_npz_that_says_no_lagrangian(tmp_path, arrays, words):
    np.savez(tmp_path / "law.npz", **arrays)
    with pytest.raises(InputError, match=words):
        read_lagrangian(str(tmp_path / "law.npz"), ONE)


def test_files_that_are_not_there(tmp_path):
    for path in (tmp_path, tmp_path / "law.json", tmp_path / "law.npz"):
        with pytest.raises(InputError):
            read_lagrangian(str(path), ONE)


def test_trajectories_have_no_lagrangian():
    made = make("oscillator", 0)
    data = from_arrays(made.arrays["x"], kind="trajectory", axes="ntv")
    for option in ("noether.lagrangian", "noether.terms"):
        with pytest.raises(InputError, match="for fields"):
            symdisc.fit(data, options={option: "m2:x"})
