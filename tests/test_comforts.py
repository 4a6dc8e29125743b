"""What makes Python users at home: tensors, notebooks, pipelines, assertions, a schema."""

import html.parser
import json
import re

import numpy as np
import pytest
from schemas import problems

import symdisc
from symdisc.augment import RandomTransform
from symdisc.errors import InputError
from symdisc.testing import assert_symmetry

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
STRETCH = np.array([[1.0, 0.0], [0.0, -1.0]])


def turned(n, spread=0.5, seed=0):
    """Pairs (x, g x), g rotations by unknown angles."""
    rng = np.random.default_rng(seed)
    x, angle = rng.normal(size=(n, 2)), rng.uniform(-spread, spread, n)
    cos, sin = np.cos(angle), np.sin(angle)
    return x, np.stack([cos * x[:, 0] - sin * x[:, 1], sin * x[:, 0] + cos * x[:, 1]], 1)


# --- tensors


def test_tensors_and_arrays_give_the_same_result():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(300, 3)).astype("f4")
    expected = symdisc.fit(x, method="covariance")
    for tensor in (torch.tensor(x), torch.tensor(x, requires_grad=True) * 1.0, torch.tensor(x)[:, [2, 1, 0]].flip(1)):
        found = symdisc.fit(tensor, method="covariance")
        assert np.array_equal(found.generators, expected.generators)
        assert found.data == expected.data


def test_half_precision_of_torch_is_read():
    torch = pytest.importorskip("torch")
    x = torch.tensor(np.random.default_rng(0).normal(size=(300, 3))).bfloat16()
    assert symdisc.fit(x, method="covariance").data["x_shape"] == [300, 3]


def test_a_tensor_elsewhere_is_brought_to_the_cpu():
    class Elsewhere:
        """As a tensor on a GPU: NumPy cannot take it."""

        def __array__(self, *_, **__):
            raise TypeError("can't convert cuda:0 device type tensor to numpy")

        def detach(self):
            return self

        def cpu(self):
            import torch

            return torch.ones(20, 2) * torch.arange(20)[:, None]

    from symdisc.data import from_arrays

    assert next(from_arrays(Elsewhere()).chunks()).x[3].ravel().tolist() == [3.0, 3.0]


# --- notebooks


class Page(html.parser.HTMLParser):
    """Tags as they open and close, and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_notebook_shows_verdict_evidence_and_pictures():
    x, y = turned(2000)
    result = symdisc.test(x, y, kind="pairs", generators=TURN)
    page = Page(result._repr_html_())
    assert page.open == []
    assert page.tags.count("svg") == 1
    assert page.tags.count("rect") == 2
    assert {"script", "style", "link", "img"}.isdisjoint(page.tags)
    assert "symmetric" in page.text
    assert "certified1 of 1 written" in page.text
    result.defect_upper = np.array([0.01101])
    assert "\u2264 0.012 at 0.95" in Page(result._repr_html_()).text, "bounds are rounded up"


def test_names_in_a_notebook_are_text():
    result = symdisc.fit(np.random.default_rng(0).normal(size=(200, 3)), method="covariance")
    result.reason = "<script>alert(1)</script> & more"
    page = Page(result._repr_html_())
    assert "script" not in page.tags
    assert "<script>alert(1)</script> & more" in page.text


def test_a_result_prints_itself_in_a_line():
    result = symdisc.fit(np.random.default_rng(0).normal(size=(200, 3)), method="covariance")
    assert repr(result) == "<Symmetry: constructed, 0 of 3 certified, so(3), method covariance>"


# --- pipelines


def test_augmentation_moves_training_data_only():
    x = np.random.default_rng(0).normal(size=(50, 2))
    augment = RandomTransform(TURN, spread=0.5)
    moved = augment.fit_transform(x)
    assert np.allclose(np.linalg.norm(moved, axis=1), np.linalg.norm(x, axis=1))
    angle = np.angle((moved @ [1, 1j]) / (x @ [1, 1j]))
    assert 0.3 < angle.std() < 0.7
    assert np.array_equal(augment.transform(x), x)
    assert np.array_equal(augment.fit_transform(x), moved)
    always = RandomTransform(TURN, spread=0.5, training_only=False).fit(x)
    first, second = always.transform(x), always.transform(x)
    assert np.array_equal(first, moved)
    assert not np.allclose(first, second)


def test_augmentation_by_a_result_and_one_spread_a_generator(tmp_path):
    x = np.random.default_rng(0).normal(size=(400, 3))
    result = symdisc.fit(x, method="covariance")
    result.save(tmp_path / "a")
    for generators in (result, str(tmp_path / "a"), tmp_path / "a"):
        augment = RandomTransform(generators, spread=[0.0, 0.0, 0.0])
        assert np.allclose(augment.fit_transform(x), x)
        assert (augment.n_generators_, augment.n_features_in_) == (3, 3)


def test_parameters_as_pipelines_ask_for_them():
    augment = RandomTransform(TURN, spread=0.2)
    copy = RandomTransform(**augment.get_params())
    assert all(copy.get_params()[name] is value for name, value in augment.get_params().items())
    assert augment.set_params(spread=0.4) is augment
    assert augment.spread == 0.4
    with pytest.raises(ValueError, match="no parameter 'spreed'"):
        augment.set_params(spreed=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"spread": -1}, "spread -1"),
        ({"spread": [1, 2]}, "one for each of 1"),
        ({"generators": np.eye(3)}, "3 x 3"),
        ({"generators": np.eye(2), "basis": "canonical"}, "canonical"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        RandomTransform(**({"generators": TURN} | arguments)).fit(np.zeros((5, 2)))
    with pytest.raises(InputError, match="fit"):
        RandomTransform(TURN).transform(np.zeros((5, 2)))


# --- assertions


def test_a_symmetry_passes_and_its_evidence_is_returned():
    x, y = turned(2000)
    found = assert_symmetry(x, y, generators=TURN, kind="pairs")
    assert found.certified_dimension == 1


def test_a_broken_one_fails_with_the_numbers():
    x, y = turned(2000)
    with pytest.raises(AssertionError) as caught:
        assert_symmetry(x, y, generators=STRETCH, kind="pairs")
    text = str(caught.value)
    assert "0 of 1 generators" in text
    assert "tolerance 0.1, level 0.95" in text
    assert re.search(r"L\[0\]: relative defect [0-9.]+, at most", text)


def test_data_that_cannot_tell_fail_as_well():
    x = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(AssertionError, match="inconclusive"):
        assert_symmetry(x, generators=TURN)


# --- the schema


def test_results_follow_the_schema(tmp_path):
    schema = symdisc.summary_schema()
    x, y = turned(1500)
    for result in (
        symdisc.fit(np.random.default_rng(0).normal(size=(200, 3)), method="covariance"),
        symdisc.fit(np.random.default_rng(0).normal(size=(300, 13)), method="covariance"),
        symdisc.test(x, y, kind="pairs", generators=TURN),
        symdisc.test(x[:40], generators=STRETCH),
    ):
        result.save(tmp_path)
        summary = json.loads((tmp_path / "summary.json").read_text())
        assert problems(summary, schema) == []
        assert set(summary) == set(schema["properties"]), "the schema names every key"


def test_the_check_of_the_schema_sees_what_is_wrong():
    schema = symdisc.summary_schema()
    good = symdisc.fit(np.random.default_rng(0).normal(size=(200, 3)), method="covariance").to_dict()
    for change in (
        {"verdict": "yes"},
        {"dimension": -1},
        {"dimension_bounds": [1]},
        {"level": 1.0},
        {"notes": [1]},
        {"generators": [{"defect": 0.1}]},
        {"versions": {"numpy": 2}},
        {"schema": 2},
    ):
        assert problems(good | change, schema), change
    assert problems({key: value for key, value in good.items() if key != "reason"}, schema)
