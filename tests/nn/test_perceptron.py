"""Equivariant layers: their error against the group itself, in skewed frames too; states, files, compilation."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import expm

from symdisc.atomic import safetensors_bytes
from symdisc.data.safetensors import read_safetensors
from symdisc.equivariant import Group, Scalar, V, group
from symdisc.errors import InputError
from symdisc.nn import EMLP, MLP, Bilinear, EquivariantLinear, Gated, Scaled, load, save
from symdisc.nn.bases import Bases
from symdisc.nn.equivariant import gated_layout
from symdisc.nn.layout import Layout
from symdisc.nn.perceptron import hidden_layout

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _values_alone():
    with torch.no_grad():
        yield


def skewed(lie, seed=0):
    """The same algebra in a frame with condition number 5."""
    d = lie.shape[1]
    rng = np.random.default_rng(seed)
    u, v = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
    frame = u @ np.diag(np.geomspace(1, 5, d)) @ v
    return frame @ lie @ np.linalg.inv(frame)


def equivariance_error(net, of, source, target, dtype, seed=0):
    """Norm of f(g x) - g f(x) over that of g f(x), g by scipy's exponential and Kronecker products alone."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((200, source.size(of)))
    t = rng.standard_normal(len(of.lie))
    g = expm(np.tensordot(t / np.linalg.norm(t), of.lie, 1))
    on_x, on_y = source.rho(of, g), target.rho(of, g)
    f, moved = (net(torch.from_numpy(points).to(dtype)).double().numpy() for points in (x, x @ on_x.T))
    assert np.linalg.norm(f) > 1e-3
    return np.linalg.norm(moved - f @ on_y.T) / np.linalg.norm(f @ on_y.T)


CASES = {
    "so3": (group("so(3)"), 2 * V + Scalar, V * V + Scalar),
    "so3 skewed": (Group(skewed(group("so(3)").lie)), V + Scalar + V, V * V.T + V),
    "lorentz": (group("so(1,3)"), 2 * V, V + Scalar),
    "sl2 skewed": (Group(skewed(group("sl(2)").lie)), 2 * V + V.T, V.T + Scalar),
}


@pytest.mark.parametrize("name", CASES)
def test_equivariance_error_in_single_and_double_precision(name):
    of, source, target = CASES[name]
    solved = Bases(of)
    for dtype, bound in ((torch.float64, 1e-12), (torch.float32, 1e-6)):
        net = EMLP.of(solved, source, target, channels=24, layers=2, dtype=dtype)
        # A bias would hide an error behind a constant.
        assert equivariance_error(net, of, source, target, dtype) <= bound


def test_rho_of_the_test_is_the_kronecker_product():
    g = expm(np.tensordot([0.3, -0.2, 0.5], group("so(3)").lie, 1))
    x, y = np.random.default_rng(0).standard_normal((2, 3))
    np.testing.assert_allclose((V * V).rho(group("so(3)"), g) @ np.kron(x, y), np.kron(g @ x, g @ y))


def test_the_linear_layer_is_complete_and_nothing_else():
    """so(3): V -> V are multiples of 1; V*V -> V one map (the cross product); V*V -> V*V three; no invariant vector."""
    of = group("so(3)")
    assert sum(p.numel() for p in EquivariantLinear.of(of, V, V).parameters()) == 1
    cross = EquivariantLinear.of(of, V * V, V, dtype=torch.float64)
    a, b = np.random.default_rng(1).standard_normal((2, 3))
    made = cross(torch.from_numpy(np.kron(a, b))).numpy()
    size = float(cross.weight_0_0.abs()) / np.sqrt(6)
    np.testing.assert_allclose(np.abs(made / size), np.abs(np.cross(a, b)), atol=1e-12)
    both = EquivariantLinear.of(of, V * V, V * V)
    assert both.weight_0_0.shape == (1, 1, 3)
    assert both.bias_0.shape == (1, 1)
    assert EquivariantLinear.of(of, V, V).offset() is None
    nothing = EquivariantLinear.of(group("so(5)"), V, Scalar + V)
    assert torch.equal(nothing(torch.ones(2, 5))[:, 0], torch.zeros(2))


def test_places_keep_the_order_of_the_user():
    """Scalar + V + Scalar: the scalars stand apart in x and together in the layer."""
    of = group("so(3)")
    layer = EquivariantLinear.of(of, Scalar + V + Scalar, V + Scalar, dtype=torch.float64)
    layer.weight_1_0.copy_(torch.tensor([[[2.0], [5.0]]]))  # output scalar from the two input scalars
    x = torch.tensor([[1.0, 7.0, 8.0, 9.0, 10.0]], dtype=torch.float64)
    assert abs(float(layer(x)[0, 3])) == pytest.approx(2 * 1 + 5 * 10)
    ratio = layer(x)[0, :3] / x[0, 1:4]
    torch.testing.assert_close(ratio, ratio[:1].expand(3))


def test_the_contraction_of_the_paper_is_one_of_the_bilinear_maps():
    """Reshape(v_a) v_b for v_a in V*V.T and v_b in V lies in the span of the layer's maps, in a skewed frame."""
    of = Group(skewed(group("sl(3)").lie))
    maps = Bases(of).maps(("V1*V1.T", "V1"), "V1").numpy()
    contraction = np.einsum("ab,cd->abcd", np.eye(3), np.eye(3)).reshape(3, 27)
    inside = np.einsum("rab,ab,rcd->cd", maps, contraction, maps)
    np.testing.assert_allclose(inside, contraction, atol=1e-9)


def test_gates_act_on_whole_copies():
    layout = Layout.from_dict({"spaces": [["Scalar", 2, 1], ["V1", 2, 3]], "places": None})
    x = torch.arange(10.0)[None] - 4
    made = Gated(layout)(x)
    gates, scalars, first, second = x[0, :2], x[0, 2:4], x[0, 4:7], x[0, 7:]
    expected = [scalars * scalars.sigmoid(), first * gates[0].sigmoid(), second * gates[1].sigmoid()]
    torch.testing.assert_close(made[0], torch.cat(expected))
    assert gated_layout(layout).size == 10


def test_channels_are_shared_as_in_the_paper():
    """256 channels of SO(3): 70 T0 + 23 T1 + 7 T2 + 2 T3."""
    of = Bases(group("so(3)"))
    x, y = (Layout.of(rep, of.group) for rep in (V, Scalar))
    assert [space.copies for space in hidden_layout(of, x, y, 256, 3).spaces] == [70, 23, 7, 2]
    assert not of.self_dual("V1") or str(hidden_layout(of, x, y, 16, 1)) == "10 Scalar + 2 V1"
    assert "V1.T" in str(hidden_layout(Bases(group("sl(3)")), x, y, 60, 1))


def test_products_make_the_invariants_that_linear_layers_cannot():
    of = group("so(1,3)")
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((40, 4)))
    layout = Layout.of(V + Scalar, of)
    layer = Bilinear.of(of, layout, layout, dtype=torch.float64)
    square = x[:, 0] ** 2 - (x[:, 1:] ** 2).sum(1)
    made = layer(torch.cat([x, torch.zeros(40, 1, dtype=torch.float64)], dim=1))[:, 4]
    torch.testing.assert_close(made / square, (made / square)[:1].expand(40), rtol=1e-9, atol=0)


def test_a_saved_model_is_the_same_to_the_bit(tmp_path):
    of = group("so(3)")
    source, target = Scalar + V + Scalar, V * V
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((30, 5)))
    y = torch.from_numpy(np.random.default_rng(1).standard_normal((30, 9)))
    for dtype in (torch.float32, torch.float64):
        body = EMLP.of(of, source, target, channels=20, layers=2, dtype=dtype)
        layouts = Layout.of(source, of), Layout.of(target, of)
        for inner, places in ((body, layouts), (MLP(5, 9, width=4, layers=2, dtype=dtype), (None, None))):
            model = Scaled.around(inner, x.to(dtype), y.to(dtype), *places)
            paths = save(model, tmp_path / "model")
            again = load(tmp_path / "model")
            assert torch.equal(again(x.to(dtype)), model(x.to(dtype)))
            before = [path.read_bytes() for path in paths]
            save(again, tmp_path / "model")
            assert before == [path.read_bytes() for path in paths]


def test_files_of_two_models_are_told_apart(tmp_path):
    """What a kill between the two replacements leaves."""
    torch.manual_seed(0)
    for name, bias in (("one", 1.0), ("two", 2.0)):
        save(Scaled(MLP(2, 1, width=3, layers=1), 2, 1), tmp_path / name, {"verdict": bias})
    (tmp_path / "one" / "model.json").replace(tmp_path / "two" / "model.json")
    with pytest.raises(InputError, match=r"model.json and model.safetensors are of two trainings.*--force"):
        load(tmp_path / "two")


def test_loading_takes_torch_alone_and_says_what_is_wrong(tmp_path):
    save(Scaled(MLP(2, 1, width=3, layers=1), 2, 1), tmp_path)
    code = (
        "import sys, torch\nfrom symdisc.nn import load\n"
        f"print(load({str(tmp_path)!r})(torch.ones(1, 2)).shape)\n"
        "print([n for n in ('scipy', 'h5py', 'matplotlib', 'click', 'symdisc.equivariant') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["torch.Size([1, 1])", "[]"]
    form = json.loads((tmp_path / "model.json").read_text())
    arrays, _ = read_safetensors(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").write_bytes(safetensors_bytes(arrays))
    for change in ({"body": {"kind": "else"}}, {"body": {"kind": "mlp", "sizes": [2, 1, 4, 1]}}, {"dtype": "x"}):
        (tmp_path / "model.json").write_text(json.dumps({**form, **change}))
        with pytest.raises(InputError, match="do not make a model"):
            load(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps({**form, "schema": 9}))
    with pytest.raises(InputError, match="schema 9"):
        load(tmp_path)


def test_units_keep_equivariance():
    """Shifts stand at scalars alone, and one copy of a word has one scale."""
    of = group("so(3)")
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal((50, 7)) * 10 + 3)
    layout = Layout.of(Scalar + 2 * V, of)
    made = Scaled.around(MLP(7, 1), x, x[:, :1], layout, None)
    assert made.shift_x[1:].abs().max() == 0
    assert made.shift_x[0] != 0
    for copy in (made.scale_x[1:4], made.scale_x[4:]):
        torch.testing.assert_close(copy, copy[:1].expand(3))


def test_it_compiles_without_a_break():
    """One graph; without inductor, so that no C++ compiler is needed."""
    of = group("so(3)")
    net = EMLP.of(of, Scalar + V + Scalar, V, channels=12, layers=1)
    x = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.compile(net, backend="eager", fullgraph=True)(x), net(x))


def test_width_for_gives_the_nearest_number_of_parameters():
    for wanted in (50, 500, 20_000):
        for layers in (1, 2, 4):
            width = MLP.width_for(wanted, 6, 2, layers)
            sizes = {
                w: sum(p.numel() for p in MLP(6, 2, width=w, layers=layers).parameters())
                for w in range(max(1, width - 2), width + 3)
            }
            assert abs(sizes[width] - wanted) == min(abs(size - wanted) for size in sizes.values())


def test_any_number_of_samples_and_axes_in_front():
    net = EMLP.of(group("SO(3)"), 2 * V, Scalar + V, channels=24, layers=2, dtype=torch.float64)
    x = torch.randn(2, 3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert net(x).shape == (2, 3, 4)
    assert net(x[0, :0]).shape == (0, 4)
    torch.testing.assert_close(net(x)[1, 2], net(x[1, 2]))


def test_a_layer_depends_on_the_group_and_not_on_its_generators():
    """Other generators of one group, and generators a little off, give the same layer and nearly the same layer."""
    rng, own = np.random.default_rng(0), group("so(3)").lie
    other = np.einsum("ab,bij->aij", rng.standard_normal((3, 3)), own)
    turn = expm(1e-4 * rng.standard_normal((3, 3)))
    x = torch.from_numpy(rng.standard_normal((5, 6)))
    values = [
        EMLP.of(Group(one), 2 * V, V * V, channels=24, layers=1, seed=1, dtype=torch.float64)(x).detach()
        for one in (own, other, turn @ own @ np.linalg.inv(turn))
    ]
    assert values[0].std() > 0.1
    torch.testing.assert_close(values[1], values[0], rtol=0, atol=1e-8)
    torch.testing.assert_close(values[2], values[0], rtol=0, atol=1e-2)
