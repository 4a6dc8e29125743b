"""The L-conv layer as a torch module: parameters, states, precision, penalties, results of `fit`, compilation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import symdisc
from symdisc.errors import InputError
from symdisc.nn import Dense, LConv, LowRank, Stencil
from symdisc.symmetry import Block, Symmetry, Verdict

TURN = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def so3():
    units = np.zeros((3, 3, 3))
    for number, (a, b) in enumerate([(1, 2), (2, 0), (0, 1)]):
        units[number, a, b], units[number, b, a] = -1, 1
    return units


def result(generators, blocks):
    k = len(generators)
    return Symmetry(
        generators, "lconv", "pairs", Verdict.SYMMETRIC, "", blocks, np.zeros(k), np.zeros(k), ("certified",) * k,
        ("learned",) * k, k, k,
    )  # fmt: skip


def test_given_generators_are_state_but_not_trained_and_learnable_ones_are_trained():
    for make in (
        lambda learnable: Dense(TURN, learnable),
        lambda learnable: LowRank.random(2, 2, 1, learnable=learnable),
        lambda learnable: Stencil.random(2, (2,), learnable=learnable),
    ):
        for learnable in (False, True):
            layer = LConv(1, 1, make(learnable))
            trained = {name for name, _ in layer.named_parameters() if name.startswith("generators.")}
            kept = {name for name in layer.state_dict() if name.startswith("generators.")}
            assert trained == (kept if learnable else set())
            assert kept


def test_a_state_dict_makes_the_same_layer():
    one = LConv(2, 3, Stencil.random(2, (3, 4), seed=1), seed=1)
    other = LConv(2, 3, Stencil.random(2, (3, 4), seed=2), seed=2)
    x = normal(5, 12, 2, dtype=torch.float32)
    assert not torch.equal(one(x), other(x))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(x), other(x))


def test_single_and_double_precision_agree_and_seeds_decide_the_weights():
    torch.manual_seed(1)
    layer = LConv(2, 3, Dense.random(2, 6, seed=3), layers=4, seed=3)
    torch.manual_seed(2)
    again = LConv(2, 3, Dense.random(2, 6, seed=3), layers=4, seed=3)
    x = normal(5, 6, 2)
    assert torch.equal(layer.epsilon, again.epsilon)
    single = layer(x.float())
    torch.testing.assert_close(single, layer.double()(x).float(), rtol=1e-5, atol=1e-5)
    assert layer.weight.dtype == torch.float64


def test_penalties_vanish_for_an_algebra_and_pull_others_towards_one():
    algebra = Dense(torch.from_numpy(so3()))
    assert float(algebra.penalty(1, 0)) < 1e-12
    assert float(algebra.penalty(0, 1, "killing")) < 1e-12
    skewed = Dense(torch.from_numpy(np.tensordot([[1.0, 0.5, 0], [0, 1, 0], [0, 0, 1]], so3(), 1)))
    assert float(skewed.penalty(1, 0)) < 1e-6
    assert float(skewed.penalty(0, 1, "killing")) > 0.1

    layer = LConv(1, 1, Dense.random(2, 3, seed=0), dtype=torch.float32)
    optimiser = torch.optim.Adam(layer.generators.parameters(), lr=0.02)
    before = float(layer.penalty().detach())
    for _ in range(150):
        optimiser.zero_grad()
        layer.penalty().backward()
        optimiser.step()
    assert before > 0.3
    assert float(layer.penalty().detach()) < 0.02


def test_a_result_of_fit_becomes_a_layer():
    generators = so3() / np.sqrt(2)
    found = result(generators, (Block("space", 0, 3),))
    x = normal(4, 3, 2)
    layer = LConv.from_symmetry(found, 2, 3, dtype=torch.float64)
    expected = x + sum(torch.from_numpy(g) @ x @ e for g, e in zip(generators, layer.epsilon, strict=True))
    torch.testing.assert_close(layer(x), expected @ layer.weight + layer.bias)
    low = LConv.from_symmetry(found, 2, 3, rank=2, learnable=True, dtype=torch.float64)
    torch.testing.assert_close(low(x), layer(x))
    assert isinstance(low.generators.left, torch.nn.Parameter)
    found.canonical = so3()
    torch.testing.assert_close(LConv.from_symmetry(found, 2, 3).generators.weight, torch.from_numpy(so3()).float())


def test_a_field_on_images_becomes_a_stencil_that_moves_them_as_apply_does():
    rows, columns = np.mgrid[0:24, 0:20]
    smooth = np.exp(-((rows - 10) ** 2 + (columns - 8) ** 2) / 18.0)
    field = np.array([[[0.0, -1.0, 0.3], [1.0, 0.2, -0.5], [0.0, 0.0, 0.0]]])
    t = 1e-4
    moved = symdisc.apply(field, smooth[None], [t], axes="nss")
    derivative = torch.from_numpy((moved - smooth[None])[0] / t)
    image = torch.from_numpy(smooth).reshape(1, 480, 1)
    errors = []
    for order in (2, 4):
        stencil = Stencil.of_fields(torch.from_numpy(field), (24, 20), order=order)
        errors.append(float((stencil(image)[0, 0, :, 0].reshape(24, 20) - derivative).norm() / derivative.norm()))
    assert errors[0] < 0.05
    assert errors[1] < 0.01
    found = result(field, (Block("homogeneous", 0, 3),))
    layer = LConv.from_symmetry(found, 1, 1, shape=(24, 20), dtype=torch.float64)
    assert torch.equal(layer.generators.weight, stencil.weight)


def test_what_cannot_be_is_refused_in_one_sentence():
    with pytest.raises(InputError, match="square"):
        Dense(torch.zeros(2, 3, 4))
    with pytest.raises(InputError, match="residual"):
        LConv(1, 1, TURN, residual=False, layers=2)
    with pytest.raises(InputError, match="V \\(k, r, d\\)"):
        LowRank(torch.zeros(2, 3, 1), torch.zeros(2, 3, 1))
    with pytest.raises(InputError, match="offset"):
        Stencil((3, 3), [(1,)], torch.zeros(1, 1, 1))
    with pytest.raises(InputError, match="homogeneous"):
        LConv.from_symmetry(result(so3(), (Block("homogeneous", 0, 3),)), 1, 1)
    with pytest.raises(InputError, match="0 generators"):
        LConv.from_symmetry(result(so3()[:0], (Block("space", 0, 3),)), 1, 1)


def test_it_compiles_without_a_break():
    """One graph, forwards and backwards; without inductor, so that no C++ compiler is needed."""
    layer = LConv(1, 2, Stencil.random(1, (3, 3)), layers=2)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    x = normal(2, 9, 1, dtype=torch.float32)
    torch.testing.assert_close(compiled(x), layer(x))
    compiled(x).sum().backward()
    assert layer.generators.weight.grad is not None
