"""What single methods refuse, and what they do at the edge of what they can decide."""

import numpy as np
import pytest

import symdisc
from symdisc.data import from_arrays
from symdisc.discover import Settings, fit, test
from symdisc.discover.function import choice, pointwise, weak
from symdisc.discover.function.choice import Recipe
from symdisc.discover.function.sizes import degrees, model_bytes
from symdisc.discover.lconv import network_options
from symdisc.discover.lconv.fields import FieldsTask
from symdisc.discover.moments import rows as moment_rows
from symdisc.discover.registry import get
from symdisc.errors import InputError
from symdisc.problems.registry import make
from symdisc.symmetry import Block, Symmetry, Verdict

RNG = np.random.default_rng(0)
X = RNG.standard_normal((300, 3))
RADIUS = (X**2).sum(1)
IMAGES = RNG.standard_normal((50, 6, 6))
PAIRS = RNG.standard_normal((60, 3))
SQUARE = {"kind": "labelled", "method": "function", "options": {"function.model": "polynomial"}}
GRID = {"kind": "pairs", "axes": "nss", "candidates": "grid"}
RUNS = np.cos(np.linspace(0, 6, 60)[None, :, None] + RNG.uniform(0, 6, (24, 1, 2)))


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda: fit(X, RADIUS, output_action="tensor:0,0", **SQUARE), "a tensor power needs P + Q of 1 or"),
        (lambda: fit(X, RADIUS * 1e120, **SQUARE), "whose squares float64 cannot hold; rescale"),
        (lambda: fit(X, RADIUS, device="tpu", **SQUARE), "--device tpu: auto, cpu or cuda[:i]"),
        (lambda: fit(X, RADIUS, device="cuda", **SQUARE), "torch sees no GPU here; use cpu or auto"),
        (lambda: fit(X, RADIUS, kind="labelled", options={"function.folds": 1}), "function.folds: at least 2"),
        (lambda: test(X, RADIUS, generators=np.eye(4), **SQUARE), "of size 4"),
        (lambda: fit(PAIRS, PAIRS * 1e120, kind="pairs"), "whose squares float64 cannot hold"),
        (lambda: fit(PAIRS, PAIRS, kind="pairs", device="tpu"), "--device tpu: auto, cpu or cuda[:i]"),
        (lambda: fit(PAIRS, PAIRS, kind="pairs", device="cuda"), "torch sees no GPU here; use cpu or auto"),
        (lambda: fit(PAIRS, PAIRS, kind="pairs", options={"lconv.folds": 1}), "lconv.folds: at least 2"),
        (lambda: fit(PAIRS[:20], PAIRS[:20], kind="pairs"), "at least 40 are needed"),
        (lambda: fit(PAIRS, PAIRS, kind="pairs", generators=9), "can show at most"),
        (lambda: fit(PAIRS, PAIRS, kind="pairs", options={"lconv.solver": "network"}), "say how many generators"),
        (lambda: fit(IMAGES, IMAGES, generators=9, **GRID), "a grid of this kind has 6 smooth fields"),
        (lambda: test(IMAGES, IMAGES, generators=np.eye(3), **GRID), "3 x 3 matrices with a last row of"),
        (lambda: fit(RUNS, kind="trajectory", output_action="same"), "have no y; leave it out"),
        (lambda: fit(RUNS * 1e120, kind="trajectory"), "whose squares float64 cannot hold; rescale them"),
        (lambda: fit(RUNS[:, :8], kind="trajectory"), "12 are needed to see a charge change"),
        (lambda: fit(RUNS, kind="trajectory", options={"noether.renoise": 0}), "noether.renoise: at least 1"),
        (lambda: fit(RUNS[..., :1], kind="trajectory", options={"noether.momenta": True}), "are not (q, p)"),
        (lambda: fit(X * 1e160, method="moments"), "whose squares float64 cannot hold; rescale them"),
        (lambda: network_options.NetworkOptions(hidden=-1), "it must be 0 or more"),
        (lambda: network_options.NetworkOptions(epochs=0), "it must be 1 or more"),
    ],
)
def test_refusals(verb, words):
    with pytest.raises(InputError) as caught:
        verb()
    assert words in str(caught.value)


def test_periodic_on_some_axes_only_is_refused():
    for kind, y in (("pairs", IMAGES), ("samples", None)):
        data = from_arrays(IMAGES, y, kind=kind, axes="nss", periodic=(True, False))
        method = "lconv" if kind == "pairs" else "moments"
        with pytest.raises(InputError, match="either all s axes are periodic or none; leave --periodic out"):
            fit(data, method=method, candidates="grid")


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.ones((200, 3)), RNG.standard_normal(200), "x is constant: there is no function to look at"),
        (X[:200], np.ones(200), "y is constant: there is no function to look at"),
        (X[:50], RADIUS[:50], "only 50 samples; 100 are needed"),
        (X, RNG.standard_normal(300), "predicts y better than its mean"),
    ],
)
def test_no_function_to_look_at(x, y, words):
    found = fit(x, y, **SQUARE)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert words in found.reason


def test_labels_are_classes_where_there_are_enough_of_each():
    many = np.arange(300)
    asked = SQUARE | {"options": {"function.model": "polynomial", "function.labels": "classes"}}
    with pytest.raises(InputError, match=r"or fewer than 5 samples a class; use --set function.labels=values"):
        fit(X, many, **asked)
    assert not any("classes" in note for note in fit(X, many, **SQUARE).notes)


def given(**blocks):
    """A result whose generator does nothing to each block of these sizes."""
    size = sum(blocks.values())
    ends = np.cumsum(list(blocks.values()))
    placed = tuple(Block(r, int(e - s), int(e)) for (r, s), e in zip(blocks.items(), ends, strict=True))
    return Symmetry(
        generators=np.eye(size)[None],
        method="function",
        kind="labelled",
        verdict=Verdict.SYMMETRIC,
        reason="",
        blocks=placed,
        defect=np.zeros(1),
        defect_upper=np.zeros(1),
        status=("certified",),
        origin=("given",),
        dimension=1,
        certified_dimension=1,
    )


@pytest.mark.parametrize(
    ("symmetry", "options", "words"),
    [
        (given(homogeneous=3), {}, "homogeneous of size 3"),
        (given(space=3), {"output_action": "free"}, "do not say how y m"),
        (given(space=3, output=4), {"output_action": "free"}, "their block `output` acts on 4 co"),
    ],
)
def test_given_generators_that_do_not_fit(symmetry, options, words):
    with pytest.raises(InputError) as caught:
        test(X, RADIUS, generators=symmetry, **SQUARE, **options)
    assert words in str(caught.value)


def test_models_that_were_not_tried_say_so():
    assert Recipe("mlp").words() == "mlp not tried"
    assert Recipe("kernel", 1.25, error=0.031).words() == "kernel of width 1.2 0.031"


def test_sizes_are_tried_on_few_samples(monkeypatch):
    from symdisc.discover.function.frame import Frame

    y = RADIUS[:, None]
    frame = Frame.of(X, y)
    target = choice.Target(frame, frame.reduced(y), False)
    monkeypatch.setattr(choice, "MOST_TRIED", 100)
    seen = []
    fitted = choice.fitted

    def counted(recipe, z, *given):
        seen.append(len(z))
        return fitted(recipe, z, *given)

    monkeypatch.setattr(choice, "fitted", counted)
    recipe, _ = choice.chosen("polynomial", frame.inner(X), target, np.arange(300) % 10, 0)
    assert (recipe.size, seen[-1], set(seen[:-1])) == (2.0, 300, {100})
    assert recipe.error < 1e-12


def test_what_a_model_takes():
    assert degrees(3, 10) == [1]
    assert degrees(30, 5) == [1]
    assert model_bytes(("mlp",), 3, 1000, 2) == 0
    few, many = (model_bytes(("polynomial", "kernel"), 5, n, 2) for n in (1000, 100000))
    assert 0 < few < many


def test_too_many_test_functions_for_the_samples():
    # Of no coordinates there is one function: no degree has two.
    assert weak.degrees_for(0, 1, 3, 500) is None
    assert weak.degrees_for(2, 1, 3, 5) is None
    assert weak.degrees_for(2, 1, 3, 500) is not None


def test_a_function_is_asked_where_its_samples_are():
    with pytest.raises(InputError, match="x must be an array of numbers"):
        pointwise.values_of(lambda x: x, np.ones(3))
    with pytest.raises(InputError, match="x must be an array of numbers"):
        pointwise.values_of(lambda x: x, np.array([["a"]]))
    flat = symdisc.fit(X.astype(np.float32), function=lambda x: (x * 0).sum(1))
    assert flat.verdict is Verdict.INCONCLUSIVE


def test_pairs_from_two_sources_cannot_be_held_out():
    group = np.repeat([0, 1], 30)
    turned = PAIRS @ np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]]).T
    found = fit(PAIRS, turned, kind="pairs", group=group)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "only 2 independent batches of samples" in found.reason


def test_many_images_are_represented_by_some(monkeypatch):
    from symdisc.discover.lconv import fields

    monkeypatch.setattr(fields, "MOST_PAIRS", 30)
    data = from_arrays(IMAGES, IMAGES, kind="pairs", axes="nss")
    task = FieldsTask(data, Settings(candidates="grid"))
    assert len(task._rows) == 30
    assert len(np.unique(task._rows)) == 30
    x, _, batch = task._pairs
    np.testing.assert_array_equal(x[:, :, 0], IMAGES.reshape(50, -1)[task._rows])
    assert len(batch) == 30


def test_rows_too_many_to_be_written_are_made_one_batch_at_a_time(monkeypatch):
    ring = make("ring-so2-so3", 1, 1000).arrays["x"]
    expected = fit(ring, method="moments")
    monkeypatch.setattr(moment_rows, "WRITTEN_VALUES", 10)
    found = fit(ring, method="moments")
    assert found.verdict == expected.verdict
    np.testing.assert_allclose(found.defect, expected.defect, rtol=1e-6)


def test_moments_of_periodic_images():
    data = from_arrays(IMAGES, kind="samples", axes="nss", periodic="s")
    task = get("moments").task(data, Settings(method="moments", candidates="grid"), None)
    while task.advance():
        pass
    assert task.progress().stage == "moments"
    assert task.fields is not None
