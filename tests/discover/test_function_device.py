"""A perceptron on a device that has little memory: smaller blocks, or main memory; and on torch's arrays at all."""

import numpy as np
import pytest
import torch

from symdisc.discover.device import Arrays
from symdisc.discover.function import choice, network
from symdisc.discover.function.network import Network, Training, train


def trained(device, monkeypatch, **options):
    monkeypatch.setattr(network, "LEAST_STEPS", 60)
    monkeypatch.setattr(network, "MOST_STEPS", 60)
    rng = np.random.default_rng(0)
    z = rng.standard_normal((300, 3))
    y = np.stack([z[:, 0] * z[:, 1], z[:, 2]], axis=1)
    return train(z, y, np.arange(300) % 10 == 0, Training(False, device, **options), 0)


def test_torch_and_numpy_train_alike(monkeypatch):
    one, error = trained("cpu", monkeypatch, dtype="float64")
    monkeypatch.setattr(network.Arrays, "on", lambda device, dtype: Arrays(torch, "cpu", dtype))
    other, same = trained("cpu", monkeypatch, dtype="float64")
    assert isinstance(other.weights, torch.Tensor)
    assert same == pytest.approx(error, rel=1e-9)
    z = np.random.default_rng(1).standard_normal((50, 3))
    np.testing.assert_allclose(other.values(z), one.values(z), rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.gradient(z), one.gradient(z), rtol=0, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_best_weights_are_kept_and_not_the_last(monkeypatch, dtype):
    """Of noise nothing can be learned: the error on samples held out rises while the others are learned by heart."""
    monkeypatch.setattr(network, "LEAST_STEPS", 400)
    monkeypatch.setattr(network, "MOST_STEPS", 400)
    monkeypatch.setattr(network, "LOOK", 20)
    rng = np.random.default_rng(0)
    z, y, held = rng.standard_normal((60, 3)), rng.standard_normal((60, 1)), np.arange(60) % 3 == 0
    net, error = train(z, y, held, Training(False, "cpu", dtype), 0)
    assert ((net.values(z[held]) - y[held]) ** 2).mean() == pytest.approx(error, rel=1e-5)


def test_shapes_on_a_device_without_memory():
    """Torch's meta device has shapes and no values: every product fits, and what leaves the device would have to be
    copied, which it refuses."""
    net = Network((3, 2), Training(False, "meta", "float32"))
    values, inputs, slopes = net.forward(net.arrays.here(np.zeros((7, 3))))
    assert (values.shape, values.device.type) == ((7, 2), "meta")
    net.backward(inputs, slopes, values, net.split(0 * net.weights))


def test_out_of_memory_blocks_are_halved(monkeypatch):
    net, _ = trained("cpu", monkeypatch)
    z = np.random.default_rng(1).standard_normal((5000, 3))
    values, gradient = net.values(z), net.gradient(z)
    forward, sizes = net.forward, []

    def limited(part):
        sizes.append(len(part))
        if len(part) > 600:
            raise torch.cuda.OutOfMemoryError("simulated")
        return forward(part)

    monkeypatch.setattr(net, "forward", limited)
    np.testing.assert_allclose(net.values(z), values, rtol=1e-12, atol=1e-12)
    assert sizes[:4] == [4096, 2048, 1024, 512]
    np.testing.assert_allclose(net.gradient(z), gradient, rtol=1e-12, atol=1e-12)

    def never(part):
        raise torch.cuda.OutOfMemoryError("simulated")

    monkeypatch.setattr(net, "forward", never)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        net.values(z)


def test_training_that_does_not_fit_is_done_in_main_memory(monkeypatch):
    from symdisc.discover.function.frame import Frame

    tried = []

    def fails(z, y, held, training, seed):
        tried.append(training.device)
        if training.device != "cpu":
            raise torch.cuda.OutOfMemoryError("simulated")
        return "network", 0.5

    monkeypatch.setattr(network, "train", fails)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((100, 3)), rng.standard_normal((100, 1))
    target = choice.Target(Frame.of(x, y), y, False, "cuda:0")
    _, model = choice.fitted(choice.Recipe("mlp"), x, target, np.arange(100) < 10, 0)
    assert tried == ["cuda:0", "cpu"]
    assert model == "network"
    monkeypatch.setattr(network, "train", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        choice.fitted(choice.Recipe("mlp"), x, target, np.arange(100) < 10, 0)
