"""The model of f through quadratic forms: its derivatives, what it finds exactly, and that it makes no symmetry."""

import numpy as np
import pytest

import symdisc
from symdisc.discover.function import forms
from symdisc.discover.function.choice import Recipe, Target, chosen, fitted, possible
from symdisc.discover.function.frame import Frame
from symdisc.discover.function.sizes import FORMS, form_counts
from symdisc.errors import InputError

MINKOWSKI = np.diag([1.0, -1.0, -1.0, -1.0])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def products_of_squares(x: np.ndarray) -> np.ndarray:
    """(n, 1), of vectors a, b of 4: (a.a) (a.b) - 2 (b.b) (a.b) in Minkowski's metric, a polynomial of degree 4."""
    a, b = x[:, :4] @ MINKOWSKI, x[:, 4:]
    aa, ab, bb = (a * x[:, :4]).sum(1), (a * b).sum(1), (b @ MINKOWSKI * b).sum(1)
    return (aa * ab - 2 * bb * ab)[:, None]


def test_the_normal_equations_are_those_of_differences(rng):
    z, y = rng.standard_normal((30, 3)), rng.standard_normal((30, 2))
    phi = forms.lifted(z)
    model = forms._start(phi, y, 4, rng)
    numbers = model.flat()

    def rest(at: np.ndarray) -> np.ndarray:
        moved = model.moved(numbers - at)
        return (moved.of_features(phi)[2] @ moved.head.T - y).ravel()

    eye = np.eye(len(numbers))
    jacobian = np.stack([(rest(numbers + 1e-6 * e) - rest(numbers - 1e-6 * e)) / 2e-6 for e in eye], axis=1)
    normal, slope, error = forms._normal_equations(model, phi, y)
    assert error == pytest.approx((rest(numbers) ** 2).mean(), rel=1e-12)
    assert np.allclose(normal, jacobian.T @ jacobian / y.size, atol=1e-6)
    assert np.allclose(slope, jacobian.T @ rest(numbers) / y.size, atol=1e-6)


def test_blocks_of_rows_make_no_difference(rng, monkeypatch):
    phi, y = forms.lifted(rng.standard_normal((500, 3))), rng.standard_normal((500, 1))
    model = forms._start(phi, y, 4, rng)
    whole = forms._normal_equations(model, phi, y)
    monkeypatch.setattr(forms, "BLOCK_ITEMS", 1)
    for part, other in zip(whole, forms._normal_equations(model, phi, y), strict=True):
        assert np.allclose(part, other, atol=1e-12)


def test_features_have_no_mean_on_whitened_samples(rng):
    z = rng.standard_normal((4000, 3))
    z = (z - z.mean(0)) / z.std(0)
    assert np.abs(forms.lifted(z).mean(0)).max() < 0.1
    assert forms.lifted(z).shape == (4000, 9)


def test_products_of_forms_are_found_exactly_from_few_samples(rng):
    x = rng.standard_normal((1000, 8))
    y = products_of_squares(x)
    frame = Frame.of(x, y)
    z, target = frame.inner(x), Target(frame, frame.reduced(y), False)
    recipe, model = chosen("forms", z, target, np.arange(1000) % 10, 0)
    assert recipe.size in FORMS
    new = rng.standard_normal((2000, 8))
    rest = frame.reduced(products_of_squares(new)) - model.values(frame.inner(new))
    assert (rest**2).mean() < 1e-6
    # 1287 polynomials of degree 5 and fewer in 8 variables: no linear model can know this one from 1000 samples.
    assert chosen("polynomial", z, target, np.arange(1000) % 10, 0)[0].error > 1e-2


def test_wrong_samples_are_left_out(rng):
    x = rng.standard_normal((1000, 4))
    y = ((x**2) @ np.array([1.0, -1.0, -1.0, -1.0]))[:, None]
    true = y.copy()
    y[[3, 500]] += 40.0
    frame = Frame.of(x, true)
    z, held = frame.inner(x), np.arange(1000) % 10 == 5
    held[[3, 500]] = False
    _, model = fitted(Recipe("forms", 4), z, Target(frame, frame.reduced(y), False), held, 0)
    assert ((model.values(z) - frame.reduced(true)) ** 2).mean() < 1e-6


def test_where_it_cannot_be(rng):
    assert form_counts(60, 1, 500) == []
    assert form_counts(4, 1, 500) == [4, 8]
    assert form_counts(15, 6, 18_000) == [4]
    z = rng.standard_normal((500, 60))
    frame = Frame.of(z, z[:, :1])
    assert not possible("forms", z, Target(frame, z[:, :1], False))
    assert not possible("forms", z[:, :2], Target(frame, np.eye(2)[rng.integers(0, 2, 500)], True))
    assert possible("kernel", z, Target(frame, z[:, :1], True))
    with pytest.raises(InputError, match=r"function\.model=forms: not for classes, nor for 500 samples of 3 dim"):
        symdisc.fit(z[:, :3], rng.integers(0, 2, 500), method="function", options={"function.model": "forms"})


def test_no_symmetry_is_made_by_the_model():
    """Every single form has a group of rotations; y is one, and half as much of what every rotation changes."""
    certified = 0
    for seed in range(6):
        rng = np.random.default_rng((seed, 77))
        x = rng.standard_normal((1000, 4))
        square = (x**2).sum(1)
        rough = np.sin(2 * x @ np.linalg.qr(rng.standard_normal((4, 4)))[0]) @ np.array([1.0, -1.0, 1.5, 2.0])
        y = square + 0.5 * square.std() * rough / rough.std()
        found = symdisc.fit(x, y, method="function", options={"function.model": "forms"}, seed=seed)
        certified += found.certified_dimension
    assert certified == 0


def test_a_poor_minimum_is_left_for_other_starts(rng, monkeypatch):
    x = rng.standard_normal((300, 3))
    y = np.sin(x[:, :1]) + 0.1 * rng.standard_normal((300, 1))
    frame = Frame.of(x, y)
    seeds, train = [], forms.train

    def counted(*given):
        seeds.append(given[-1])
        return train(*given)

    monkeypatch.setattr(forms, "train", counted)
    target, held = Target(frame, frame.reduced(y), False), np.arange(300) % 10 == 5
    for expected, tries in ((1.0, 1), (1e-12, 3)):
        seeds.clear()
        recipe, _ = fitted(Recipe("forms", 4, None, expected), frame.inner(x), target, held, 7)
        assert len(set(seeds)) == tries
        assert recipe.error < 0.1


def test_classes_are_left_to_other_models(rng):
    x = rng.standard_normal((400, 2))
    labels = ((x**2).sum(1) > 1.4).astype(int)
    found = symdisc.fit(x, labels, method="function", options={"function.folds": 2})
    assert any("forms not tried" in note for note in found.notes)


def test_many_samples_are_thinned(rng, monkeypatch):
    z = rng.standard_normal((2000, 3))
    y = (z[:, :1] * z[:, 1:2]) / 2
    monkeypatch.setattr("symdisc.discover.function.sizes.FORM_WORK", 200 * 36**2)
    seen = []
    start = forms._start
    monkeypatch.setattr(forms, "_start", lambda phi, *rest: seen.append(len(phi)) or start(phi, *rest))
    held = np.arange(2000) % 10 == 5
    model = forms.train(z, y, held, ~held, 4, 0)
    assert set(seen) == {200}
    assert ((model.values(z) - y) ** 2).mean() < 1e-4


def test_a_search_ends_where_no_step_helps(rng):
    phi, y = forms.lifted(rng.standard_normal((60, 2))), rng.standard_normal((60, 1))
    state = forms.State(forms._start(phi, y, 4, rng), damping=2 * forms.MOST_DAMPING)
    before = state.model
    forms._step(state, phi, y)
    assert state.ended
    assert state.model is before
