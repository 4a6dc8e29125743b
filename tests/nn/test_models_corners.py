"""What networks and their training refuse; what they print; states of discovered actions."""

import numpy as np
import pytest
import torch

from symdisc.data import from_arrays
from symdisc.discover import Settings
from symdisc.equivariant import Scalar, V, group
from symdisc.errors import InputError, ResourceError
from symdisc.nn import EMLP
from symdisc.nn.acting import Action
from symdisc.nn.generators import Stencil
from symdisc.nn.layout import Layout
from symdisc.nn.study import Samples, StudyOptions, StudyTask
from symdisc.nn.train import device_of, train
from symdisc.nn.training import Training

SO3 = group("so(3)")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
Y = (X**2).sum(1)


def samples(x=X, y=Y, labels="auto", **options):
    return Samples.of(from_arrays(x, y, kind="labelled", **options), labels)


def layer():
    return EMLP.of(SO3, V, Scalar, channels=6, layers=1)


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda: Training(epochs=0), "epochs is 0; it must be 1 or more"),
        (lambda: Training(rate=0.0), "above 0, and at least 0"),
        (lambda: Training(decay=-1.0), "above 0, and at least 0"),
        (lambda: StudyOptions(channels=0), "channels and layers are whole numbers from 1"),
        (lambda: StudyOptions(folds=1), "channels and layers are whole numbers from 1"),
        (lambda: EMLP.of(SO3, V, Scalar, channels=0), "whole numbers from 1"),
        (lambda: samples(y=np.arange(60), labels="classes"), "y has 60 different values, no classes of 5 samples"),
        (lambda: device_of("tpu"), "--device tpu: auto, cpu or cuda[:i]"),
        (lambda: device_of("cuda:1"), "torch sees no GPU here"),
        (lambda: train(X, Y, generators="nowhere.npz"), "nowhere.npz"),
        (lambda: train(X, Y, generators=SO3.lie, rep="V"), "write maps, such as 'V+V -> Scalar'"),
        (lambda: train(X, Y, generators=SO3.lie, rep="V*V -> Scalar"), "but the data are 3 -> 1"),
        (lambda: Layout.from_dict({"spaces": [["V", 1]]}), "the layout of a layer cannot be read"),
        (lambda: Layout.from_dict({"spaces": [["V", 1, 2]], "places": [0, 0]}), "are no permutation"),
        (lambda: Stencil((4,), [(1, 1)], torch.ones(1, 1, 1)), "one number for each of the 1 axes"),
        (lambda: Stencil((4,), [(1,)], torch.ones(1, 2, 1)), "needed: (k, 1, 4), or 1 at the end"),
        (lambda: Stencil.of_fields(torch.zeros(1, 2, 2), (4, 4)), "fields on 2 axes are 3 x 3 matrices"),
        (lambda: Stencil.of_fields(torch.zeros(1, 3, 3), (4, 4), order=3), "order 3: differences of order"),
    ],
)
def test_refusals(verb, words):
    with pytest.raises(InputError) as caught:
        verb()
    assert words in str(caught.value)


def test_channels_and_a_representation_exclude_each_other():
    x = RNG.standard_normal((60, 3, 2))
    with pytest.raises(InputError, match="x has 2 channels; leave --rep out, or give them as dimensions"):
        train(x, Y, generators=SO3.lie, rep="2*V -> Scalar", axes="nsc")


def test_whole_numbers_are_classes_where_each_has_enough_samples():
    assert samples(y=np.arange(60) % 3).classes.tolist() == [0, 1, 2]
    assert samples(y=np.arange(60)).classes is None
    assert samples(y=np.zeros(60, int)).classes is None
    assert samples(y=np.arange(60) % 3, labels="values").classes is None
    with pytest.raises(ResourceError, match=r"training takes about .*; give fewer samples, or raise --memory"):
        samples(memory=4000)


def test_what_layers_print():
    text = repr(layer())
    assert "products of words" in text
    assert "gates" in text
    assert device_of("auto") == "cpu"
    assert device_of("cpu") == "cpu"


def test_what_was_discovered_travels_in_the_state():
    """Of every split: the action on x and on y, its noise; the network in training, and the finished one."""
    options = StudyOptions(channels=6, layers=1, folds=2, training=Training(epochs=1, steps=1))
    searched = []

    def search(rows):
        searched.append(len(rows))
        return Action(SO3.lie, None, 1e-3 if len(searched) == 1 else None)

    def task():
        return StudyTask(samples(), None, options, search=search, rep=None, seed=0, device="cpu", dtype="float32",
                         level=0.95)  # fmt: skip

    whole = task()
    states = []
    while whole.advance():
        states.append({key: np.array(value) for key, value in whole.state().items()})
    assert not whole.advance()
    count = len(searched)
    for state in (states[len(states) // 2], states[-1]):
        again = task()
        again.restore(state)
        while again.advance():
            pass
        np.testing.assert_array_equal(again.errors, whole.errors)
        for name, value in whole.model.state_dict().items():
            assert torch.equal(again.model.state_dict()[name], value)
    last = task()
    last.restore(states[-1])
    assert set(last.found) == set(whole.found)
    assert np.isnan([float(states[-1][f"noise.{number}"]) for number in whole.found]).sum() == len(whole.found) - 1
    assert len(searched) <= count + 3


def test_a_search_that_certifies_nothing_is_an_action_of_nothing():
    from symdisc.nn.train import _search

    found = _search(from_arrays(X, RNG.standard_normal(60), kind="labelled"), samples(), Settings(method="covariance"))
    assert found(np.arange(60)).space.shape == (0, 3, 3)
