"""What `fit` and `test` refuse, and what they do where methods decline, are interrupted, or compute elsewhere."""

import sys

import numpy as np
import pytest

import symdisc
from symdisc.data import from_arrays
from symdisc.discover import Settings, fit, test
from symdisc.discover import registry as registry_module
from symdisc.discover.eigen import smallest
from symdisc.discover.registry import choose, get, preferred
from symdisc.discover.rows import Form
from symdisc.discover.task import CHECKPOINT
from symdisc.errors import InputError, Interrupted, ResourceError
from symdisc.factored import FactoredRotations
from symdisc.symmetry import Verdict

module = sys.modules["symdisc.discover.fit"]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 3)) @ RNG.standard_normal((3, 3))
Y = X[:, :2] + 0.5 * RNG.standard_normal((200, 2))
TURN = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda: fit(X, settings=Settings(), seed=1), "give either settings or single options, not both"),
        (lambda: fit(X, colour="red"), "unknown option colour; known are method"),
        (lambda: fit(X, seed="one"), "--seed one: a number is needed"),
        (lambda: fit(X, tolerance="a"), "--tolerance a: a number is needed"),
        (lambda: fit(X, tolerance=1.5), "a relative defect lies between 0 and 1"),
        (lambda: fit(X, level=0.2), "a confidence lies between 0.5 and 1"),
        (lambda: fit(X, generators=0), "at least 1, or auto"),
        (lambda: fit(X, dtype="float16"), "float32 or float64"),
        (lambda: fit(X, seed=-1), "a whole number from 0"),
        (lambda: fit(X, options={"rank": 3}), "write METHOD.OPTION=VALUE"),
        (lambda: fit(X, options={"no.rank": 3}), "no method 'no'"),
        (lambda: fit(X, method="lconv"), "--method lconv takes data of kind pairs, not samples; for samples use"),
        (lambda: fit(X, method="covariance", device="cuda"), "torch sees no GPU here; use cpu or auto"),
        (lambda: fit(X, method="covariance", candidates="linear"), "the covariance method has one space"),
        (lambda: fit(X, method="covariance", generators=2), "the covariance basis of samples always has"),
        (lambda: fit(X[:1], method="covariance"), "1 sample; a covariance needs at least 2"),
        (lambda: fit(X, Y, kind="labelled", method="covariance", output_action="free"), "lets y turn"),
        (lambda: fit(X, method="moments", device="cuda"), "torch sees no GPU here; use cpu or auto"),
        (lambda: fit(X, method="moments", dtype="float32"), "the moments method computes in float64"),
        (lambda: fit(X, method="moments", output_action="same"), "samples have no y"),
        (lambda: fit(X[:1], method="moments"), "moments need at least 2"),
        (lambda: fit(X, method="moments", options={"moments.degree": 2}), "from 3 to 8"),
        (lambda: fit(X, method="moments", options={"moments.components": 1}), "at least 2"),
        (lambda: test(X, generators=np.zeros((2, 3))), "an array of shape (k, d, d) of finite numbers is needed"),
        (lambda: test(X, generators=np.full((3, 3), np.nan)), "of finite numbers is needed"),
        (lambda: test(X, generators=np.eye(4), method="covariance"), "they act on 4 coordinates, x has 3"),
        (lambda: test(X, Y, generators=np.eye(4), method="covariance", kind="labelled"), "they act on 4 coordinates"),
        (lambda: test(X, generators="nowhere.npz"), "nowhere.npz"),
        (lambda: fit(X, function=lambda x: x, y=Y), "it takes the place of y"),
    ],
)
def test_refusals(verb, words):
    with pytest.raises(InputError) as caught:
        verb()
    assert words in str(caught.value)


def test_labels_read_as_classes_or_not():
    few = np.arange(200) % 3
    many = np.arange(200)
    asked = {"method": "covariance", "kind": "labelled"}
    assert any("3 classes" in note for note in fit(X, few, **asked).notes)
    assert not any("classes" in note for note in fit(X, many, **asked).notes)
    assert not any("classes" in note for note in fit(X, few, options={"covariance.labels": "values"}, **asked).notes)
    with pytest.raises(InputError, match=r"or fewer than 5 samples a class; use --set covariance.labels=values"):
        fit(X, many, options={"covariance.labels": "classes"}, **asked)


def test_a_result_and_its_path_are_generators(tmp_path):
    found = fit(X, method="covariance")
    found.save(tmp_path)
    for given in (found, tmp_path, str(tmp_path)):
        tested = test(X, generators=given, method="covariance")
        assert len(tested) == 3
        assert any(note.startswith("these generators were found in these very data") for note in tested.notes)
    found.generators = FactoredRotations(np.ones(3), np.eye(3))
    with pytest.raises(InputError, match="this result is kept by factors"):
        test(X, generators=found, method="covariance")


def test_generators_that_leave_the_subspace_of_the_data():
    flat = np.column_stack([X[:, :2], X[:, 0]])
    tested = test(flat, generators=TURN, method="covariance")
    assert any("out of the subspace" in note for note in tested.notes)
    from symdisc.discover import preserved

    before = preserved.MOST_BYTES
    preserved.MOST_BYTES = 10
    try:
        with pytest.raises(ResourceError, match="testing 1 generators on 3 dimensions at once needs too much memory"):
            test(X, generators=TURN, method="covariance")
    finally:
        preserved.MOST_BYTES = before


def test_stopped_between_the_last_step_and_the_result(tmp_path, monkeypatch):
    """The work is done, so the checkpoint holds all of it."""
    expected = fit(X, Y, kind="labelled", method="covariance")

    def stopped(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "_assemble", stopped)
        with pytest.raises(KeyboardInterrupt):
            fit(X, Y, kind="labelled", method="covariance")
        with pytest.raises(Interrupted, match=r"checkpoint.npz is kept: the same command with --resume"):
            fit(X, Y, kind="labelled", method="covariance", out=tmp_path)
    assert (tmp_path / CHECKPOINT).exists()
    again = fit(X, Y, kind="labelled", method="covariance", out=tmp_path, resume=True)
    np.testing.assert_array_equal(again.generators, expected.generators)
    np.testing.assert_array_equal(again.defect, expected.defect)


def test_a_result_of_another_device_says_so(monkeypatch):
    method = get("covariance")
    task = method.task(from_arrays(X), Settings(method="covariance"))
    while task.advance():
        pass
    outcome = task.outcome()
    outcome.device = "cuda:0"

    class Done:
        def outcome(self):
            return outcome

    found = module._conclude(method, Done(), from_arrays(X), Settings(method="covariance"), None, 0.0, [], None)
    assert any(note.startswith("computed on cuda:0, which adds in another order") for note in found.notes)
    assert found.device == "cuda:0"


def test_methods_that_decline_are_passed_over(monkeypatch):
    data = from_arrays(X)

    class Declines:
        def __init__(self, name):
            self.name, self.kinds = name, ("samples",)

        def declines(self, data, settings):
            return f"{self.name} would take too long"

        def estimate(self, data, settings):
            return 7, 1.0

    monkeypatch.setattr(registry_module, "Declining", Declines)
    monkeypatch.setattr(registry_module, "get", Declines)
    method, notes = choose("auto", data, Settings())
    # Where each declines the first one runs, and nothing is said of the others.
    assert (method.name, notes) == (registry_module.suited("samples")[0], [])
    assert preferred(data)[1] == (7, 1.0)


def test_a_kind_that_no_method_takes(monkeypatch):
    data = from_arrays(X)
    monkeypatch.setattr(registry_module, "suited", lambda kind: [])
    with pytest.raises(InputError, match=r"no method here takes data of kind 'samples' \(.*; say --kind"):
        choose("auto", data, Settings())
    assert preferred(data) == ([], (data.read_bytes, 0.0))
    with pytest.raises(InputError, match="no method here takes samples"):
        choose("lconv", data, Settings())


def test_an_inconclusive_result_has_no_generators():
    found = symdisc.fit(RNG.standard_normal((50, 3)), method="moments")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert not len(found)


def form(matrix):
    matrix = np.asarray(matrix, dtype=float)
    return Form(len(matrix), matrix)


def test_directions_that_nothing_sees():
    unseen = smallest(form(np.eye(3)), form(np.zeros((3, 3))), 2)
    assert (unseen.values.size, unseen.vectors.shape, unseen.unused) == (0, (3, 0), 3)
    none = smallest(form(np.eye(3)), form(np.eye(3)), 0)
    assert none.vectors.shape == (3, 0)
    values = np.arange(1.0, 601.0)
    many = smallest(form(np.diag(values)), form(np.eye(600)), 3)
    np.testing.assert_allclose(many.values, [1, 2, 3])
    np.testing.assert_allclose(np.abs(many.vectors[:3]), np.eye(3), atol=1e-12)
