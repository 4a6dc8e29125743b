"""Sums of covariance, moments and noether on torch's arrays: on its CPU, its meta device, and on one without memory.

No GPU is asked for: what one runs is run on torch's `cpu:0`, which is a device like any other to the code under test.
"""

import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.polynomial.hermite_e import hermeval
from scipy.linalg import subspace_angles

import symdisc
from symdisc.data import from_arrays
from symdisc.discover import device as devices
from symdisc.discover.device import Arrays, Blocks, device_of
from symdisc.discover.moments.frame import Frame
from symdisc.discover.moments.hermite import Hermite
from symdisc.discover.moments.sums import FlowSums
from symdisc.discover.noether.bumps import Bumps
from symdisc.discover.noether.filters import Polynomial, SavitzkyGolay, Waves
from symdisc.discover.noether.mechanics import Mechanics
from symdisc.discover.noether.smoothing import Smoother
from symdisc.discover.noether.tally import Tally
from symdisc.discover.registry import get
from symdisc.discover.scatter import Scatter
from symdisc.discover.settings import Settings
from symdisc.errors import InputError
from symdisc.problems.registry import make
from symdisc.symmetry import Verdict

TORCH = Arrays(torch, "cpu:0")


@pytest.fixture
def on_torch(monkeypatch):
    """All sums on torch's arrays."""
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: Arrays(torch, "cpu:0", dtype or "float64"))


def degrees(one, other):
    """Largest angle between two spans of matrices."""
    return float(np.rad2deg(subspace_angles(*(np.reshape(list(s), (len(s), -1)).T for s in (one, other))).max()))


def rotations(d, *planes):
    stack = np.zeros((len(planes), d, d))
    for matrix, (i, j) in zip(stack, planes, strict=True):
        matrix[i, j], matrix[j, i] = 1, -1
    return stack


def rings(n, seed=0):
    """A ring, a thick sphere and a skew column under a linear map (n, 6), and the four generators of its symmetry."""
    rng = np.random.default_rng(seed)
    parts = [rng.standard_normal((n, d)) for d in (2, 3)]
    parts = [u / np.linalg.norm(u, axis=1, keepdims=True) * rng.uniform(0.85, 1.15, (n, 1)) for u in parts]
    frame = np.eye(6) + 0.3 * rng.standard_normal((6, 6))
    x = np.concatenate([*parts, rng.exponential(size=(n, 1))], axis=1) @ frame.T
    truth = frame @ rotations(6, (0, 1), (2, 3), (2, 4), (3, 4)) @ np.linalg.inv(frame)
    return x, truth


def correlated(n, correlations=(0.9, 0.9, 0.5), d=5, seed=0):
    """x (n, d) of unit covariance, and y of whose columns each has a stated correlation with its column of x."""
    rng = np.random.default_rng(seed)
    x, rho = rng.standard_normal((n, d)), np.array(correlations)
    return x, x[:, : len(rho)] * rho + np.sqrt(1 - rho**2) * rng.standard_normal((n, len(rho)))


# What --device names.


@pytest.mark.parametrize("name", ["tpu", "cudax", "cuda:", "cuda:x", "meta", "CUDA", ""])
def test_unknown_devices(name):
    with pytest.raises(InputError, match=r"^--device .*: auto, cpu or cuda\[:i\]$"):
        device_of(name)


def test_devices_that_are_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"^--device cuda:1: torch sees no GPU here; use cpu or auto$"):
        device_of("cuda:1")
    monkeypatch.setattr(devices, "GPUS", ("/",))
    assert (device_of("auto"), device_of("cpu")) == ("cpu", "cpu")


def test_devices_that_are_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(devices, "GPUS", ("/",))
    assert [device_of(name) for name in ("auto", "cuda", "cuda:1", "cpu")] == ["cuda", "cuda", "cuda:1", "cpu"]
    with pytest.raises(InputError, match=r"^--device cuda:2: torch sees no GPU beyond cuda:1 here$"):
        device_of("cuda:2")


@pytest.mark.parametrize("name", ["tpu", "cuda"])
@pytest.mark.parametrize("method", ["covariance", "moments", "noether", "lconv"])
def test_every_method_refuses_alike(monkeypatch, name, method):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    x = np.random.default_rng(0).standard_normal((50, 20, 4))
    data = {
        "covariance": {"x": x[:, 0]},
        "moments": {"x": x[:, 0]},
        "noether": {"x": x, "kind": "trajectory"},
        "lconv": {"x": x[:, 0], "y": x[:, 1], "kind": "pairs"},
    }[method]
    with pytest.raises(InputError, match=rf"^--device {name}: ") as caught:
        symdisc.fit(**data, method=method, device=name)
    assert "\n" not in str(caught.value)


def test_work_without_a_part_for_a_gpu_says_so(monkeypatch):
    monkeypatch.setattr(sys.modules["symdisc.discover.fit"], "device_of", lambda name: name)
    made = make("warped-images", 0, 40)
    data = from_arrays(made.arrays["x"], made.arrays["y"], kind="pairs", axes="nss")
    found = symdisc.fit(data, candidates="grid", device="cuda")
    assert found.device == "cpu"
    assert "--device cuda: this work has no part for a GPU, the CPU did it" in found.notes


def test_the_cpu_needs_no_torch():
    code = """
import sys, numpy as np, symdisc
x = np.random.default_rng(0).standard_normal((200, 3))
symdisc.fit(x, method="moments", device="cpu")
symdisc.fit(x, method="covariance", device="cpu")
symdisc.fit(x, x + 1, kind="labelled", method="covariance", device="cpu")
print("torch" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_what_torch_takes_is_counted(monkeypatch):
    monkeypatch.setattr(devices, "GPUS", ("/",))
    data = from_arrays(np.zeros((100, 3)))
    for name in ("covariance", "moments"):
        with_torch, without = (get(name).estimate(data, Settings(device=where))[0] for where in ("auto", "cpu"))
        assert 1e8 < with_torch - without < 5e8


# The same result.


@pytest.mark.parametrize(("dtype", "most"), [(None, 1e-4), ("float64", 1e-4), ("float32", 0.05)])
def test_covariance_of_samples(on_torch, dtype, most):
    rng = np.random.default_rng(1)
    frame = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    x = (rng.standard_normal((4000, 6)) * [3.0, 2.5, 2.0, 1.5, 1.0, 0.7]) @ frame.T + 100
    found = symdisc.fit(x, method="covariance", dtype=dtype)
    assert (found.verdict, found.device, len(found)) == (Verdict.CONSTRUCTED, "cpu:0", 15)
    assert any(note.startswith("computed on cpu:0") for note in found.notes)
    root = np.linalg.cholesky(np.cov(x.T, bias=True))
    planes = [(i, j) for i in range(6) for j in range(i)]
    assert degrees(found.generators, root @ rotations(6, *planes) @ np.linalg.inv(root)) <= most


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_covariance_with_channels_and_offsets(on_torch, dtype):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((900, 4, 2)) * [[3], [2], [1], [0.5]] + 1e4
    found = symdisc.fit(x, axes="nsc", method="covariance", dtype=dtype)
    centred = x - x.mean(axis=0)
    expected = np.einsum("nic,njc->ij", centred, centred) / 1800
    np.testing.assert_allclose(found.extras["covariance_spectrum"], np.linalg.eigvalsh(expected)[::-1], rtol=1e-5)


@pytest.mark.parametrize(("dtype", "most"), [("float64", 1e-4), ("float32", 0.05)])
def test_covariance_of_labelled_data(monkeypatch, dtype, most):
    x, y = correlated(8000)
    one = symdisc.fit(x, y, kind="labelled", method="covariance")
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: Arrays(torch, "cpu:0", dtype or "float64"))
    other = symdisc.fit(x, y, kind="labelled", method="covariance", dtype=dtype)
    assert (other.verdict, other.certified_dimension, other.device) == (Verdict.SYMMETRIC, 1, "cpu:0")
    assert degrees(other.generators, one.generators) <= most
    joint = np.zeros((1, 8, 8))
    joint[0, :5, :5], joint[0, 5:, 5:] = rotations(5, (0, 1))[0], rotations(3, (0, 1))[0]
    assert degrees(other.generators, joint) < 5
    np.testing.assert_allclose(other.defect, one.defect, rtol=1e-9 if dtype == "float64" else 1e-3)


def test_a_given_generator_is_tested_alike(monkeypatch):
    x = np.random.default_rng(3).standard_normal((3000, 3)) * [1, 1, 2]
    one = symdisc.test(x, generators=rotations(3, (0, 1), (0, 2)), method="covariance")
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: TORCH)
    other = symdisc.test(x, generators=rotations(3, (0, 1), (0, 2)), method="covariance")
    np.testing.assert_allclose(other.defect, one.defect, rtol=1e-9, atol=1e-12)
    assert other.status == one.status


def test_moments(monkeypatch):
    x, truth = rings(20_000)
    one = symdisc.fit(x, method="moments")
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: TORCH)
    other = symdisc.fit(x, method="moments")
    assert (other.verdict, other.certified_dimension, other.device) == (Verdict.SYMMETRIC, 4, "cpu:0")
    assert degrees(other.generators, one.generators) <= 1e-4
    assert degrees(other.generators[:, :6, :6], truth) < 5
    np.testing.assert_allclose(other.defect, one.defect, rtol=1e-6)


def test_moments_of_images(monkeypatch):
    """Rings of any size, each shifted along one axis: their density is not changed by that."""
    rng = np.random.default_rng(4)
    p, q = np.meshgrid(np.arange(9) - 4.0, np.arange(9) - 4.0, indexing="ij")
    angle, size = rng.uniform(0, 2 * np.pi, (2000, 1, 1)), rng.uniform(0.5, 1.5, (2000, 1, 1))
    x = np.exp(-((p - 2 * np.cos(angle)) ** 2 + (q - 2 * np.sin(angle)) ** 2) / 2) * size
    asked = {"axes": "nss", "method": "moments", "candidates": "grid", "options": {"moments.comparison": "all"}}
    one = symdisc.fit(x, **asked)
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: TORCH)
    other = symdisc.fit(x, **asked)
    assert other.verdict is one.verdict
    assert len(other) == len(one)
    np.testing.assert_allclose(other.defect, one.defect, rtol=1e-6)


@pytest.mark.parametrize("d", [3, 9], ids=["one by one", "by halves"])
def test_sums_are_those_of_the_functions(d):
    z = np.random.default_rng(d).standard_normal((300, d))
    z[0] = 1e160
    batch = np.arange(300) % 3
    sums = FlowSums(Hermite(d, 4, TORCH), 3)
    assert isinstance(sums.sums, torch.Tensor)
    sums.add(z[:120], batch[:120])
    sums.add(z[120:], batch[120:])
    home = sums.home()
    damped = np.exp(-(z[1:] ** 2).sum(axis=1) / (4 * d))
    places = home.hermite._places(home.hermite._plan[1])
    for place, alpha in list(zip(places, home.hermite.low, strict=True))[:: 1 if d == 3 else 50]:
        factors = [
            hermeval(z[1:, i], [0] * k + [1]) / np.sqrt(float(np.prod(range(1, k + 1)))) for i, k in enumerate(alpha)
        ]
        values = damped * np.prod(factors, axis=0)
        np.testing.assert_allclose(
            home.sums[:, place], [values[batch[1:] == b].sum() for b in range(3)], rtol=1e-9, atol=1e-9
        )
    assert home.count.tolist() == [100, 100, 100]


def swinging(n=80, times=120, seed=0, noise=0.01):
    """Runs (n, times, 2) of a plane oscillator of frequency 1."""
    rng = np.random.default_rng(seed)
    dt = 12 / times
    t = dt * np.arange(times)[:, None]
    a, b = rng.standard_normal((2, n, 1, 2))
    x = a * np.cos(t) + b * np.sin(t)
    data = from_arrays(x + noise * rng.standard_normal(x.shape), kind="trajectory", axes="ntv")
    data.dt = dt
    return data


@pytest.mark.parametrize(("dtype", "most"), [("float64", 1e-4), ("float32", 0.05)])
@pytest.mark.parametrize(
    "asked",
    [
        {"candidates": "linear"},
        {"candidates": "phase"},
        {"candidates": "affine", "options": {"noether.boosts": "yes"}},
        {"candidates": "linear", "options": {"noether.renoise": "1"}},
        {"candidates": "phase", "noise": 0.0},
    ],
    ids=["linear", "phase", "boosts", "one renoising", "exact"],
)
def test_charges_of_trajectories(monkeypatch, asked, dtype, most):
    asked = dict(asked)
    data = swinging(noise=asked.pop("noise", 0.01))
    one = symdisc.fit(data, **asked)
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: Arrays(torch, "cpu:0", dtype or "float64"))
    other = symdisc.fit(data, dtype=dtype, **asked)
    assert (other.verdict, other.device, len(other)) == (one.verdict, "cpu:0", len(one))
    assert len(other)
    assert degrees(other.generators, one.generators) <= most
    exact = dtype == "float64"
    # In float32 1e-3 is added in squares, to a square that noise may have made less than nothing.
    expected = one.defect if exact else np.hypot(one.defect, 1e-3)
    np.testing.assert_allclose(other.defect, expected, rtol=1e-6 if exact else 0.02, atol=1e-6 if exact else 1e-3)


def travelling(n=30):
    """Waves of one speed (n, 24, 24, 1) around a circle: a field with translations, whose Lagrangian is to be found."""
    grid, rng = np.arange(24) / 4, np.random.default_rng(0)
    k = np.pi / 3 * np.array([1, 2])
    phase = k * grid[:, None] - (k * grid[:, None])[:, None] + rng.uniform(0, 6, (n, 1, 1, 2))
    data = from_arrays(
        (np.cos(phase) * rng.standard_normal((n, 1, 1, 2))).sum(-1)[..., None], kind="field", axes="ntsv"
    )
    data.dt, data.spacing, data.periodic = 0.25, (0.25,), (True,)
    return data


@pytest.mark.parametrize("room", [True, False], ids=["room", "no room"])
@pytest.mark.parametrize(("dtype", "most"), [("float64", 1e-4), ("float32", 0.05)])
def test_currents_of_fields(monkeypatch, room, dtype, most):
    one = symdisc.fit(travelling())
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: Arrays(torch, "cpu:0", dtype or "float64"))
    there = []
    verb = Bumps._integrated

    def integrated(self, f, orders, moment):
        there.append(isinstance(f, torch.Tensor))
        if not room and there[-1]:
            raise torch.OutOfMemoryError("simulated")
        return verb(self, f, orders, moment)

    monkeypatch.setattr(Bumps, "_integrated", integrated)
    other = symdisc.fit(travelling(), dtype=dtype)
    assert np.mean(there) > (0.9 if room else 0.4)
    assert (other.verdict, other.device, len(other)) == (one.verdict, "cpu:0", len(one))
    assert len(other)
    assert degrees(other.generators, one.generators) <= most


def test_other_errors_of_a_device_are_raised():
    bumps = Bumps((60,), (0.1,), (False,), (6,)).on(TORCH)
    with pytest.raises(RuntimeError, match="Expected size"):
        bumps.integrate(np.zeros((1, 50, 1)), (0,))


def test_the_rotation_of_an_oscillator(on_torch):
    data = swinging(n=200)
    found = symdisc.fit(data, candidates="antisymmetric")
    assert (found.verdict, found.certified_dimension) == (Verdict.SYMMETRIC, 1)
    assert degrees(found.generators, rotations(2, (0, 1))) < 1e-6


@pytest.mark.parametrize(("dtype", "most"), [("float64", 1e-11), ("float32", 2e-4)])
@pytest.mark.parametrize(
    "one",
    [Waves(48, 7), Waves(47, 23), Polynomial(48, 9), SavitzkyGolay(48, 11, 3), SavitzkyGolay(200, 71, 5)],
    ids=lambda one: one.name,
)
def test_filters(one, dtype, most):
    values = np.random.default_rng(9).standard_normal((3, one.n, 2))
    there = Arrays(torch, "cpu:0", dtype).here(values)
    for verb in ("smooth", "derivative"):
        found = getattr(one, verb)(there, 1)
        assert found.dtype == getattr(torch, dtype)
        np.testing.assert_allclose(found.numpy(), getattr(one, verb)(values, 1), rtol=0, atol=most)


@pytest.mark.parametrize("sizes", [(60, 24), (600, 16)], ids=["dense", "sparse"])
def test_integrals(sizes):
    bumps = Bumps(sizes, (0.1, 0.2), (False, True), (6, 5))
    values = np.random.default_rng(8).standard_normal((2, *sizes, 3))
    for orders, moment in (((0, 0), None), ((1, 0), 1), ((0, 2), 0)):
        found = bumps.integrate(TORCH.here(values), orders, moment)
        np.testing.assert_allclose(found.numpy(), bumps.integrate(values, orders, moment), rtol=1e-11, atol=1e-11)


# Checkpoints.


@pytest.mark.parametrize("method", ["covariance", "moments"])
def test_a_stopped_run_goes_on(on_torch, monkeypatch, method):
    x = rings(3000)[0]
    settings = Settings(method=method, device="cpu")
    data = from_arrays(x)
    monkeypatch.setattr(type(data), "chunk_rows", 700)
    whole, first, second = (get(method).task(data, settings) for _ in range(3))
    while whole.advance():
        pass
    steps = 0
    while first.advance():
        steps += 1
        if steps == (2 if method == "covariance" else 7):
            break
    second.restore({name: np.array(value) for name, value in first.state().items()})
    while second.advance():
        pass
    for name, value in whole.state().items():
        np.testing.assert_array_equal(second.state()[name], value, err_msg=name)


# Memory.


def refusing(most):
    """Torch's arrays on a device that has no room for more rows than that; counts how many it refused."""
    refused = []

    class Small(Arrays):
        def here(self, values, dtype=None):
            if values.ndim > 1 and values.dtype.kind == "f" and len(values) > most:
                refused.append(len(values))
                raise torch.OutOfMemoryError("simulated")
            return super().here(values, dtype)

    return Small(torch, "cpu:0"), refused


def test_blocks_are_halved_and_stay_so():
    tried = []

    def work(part):
        tried.append(len(range(1000)[part]))
        if tried[-1] > 300:
            raise torch.OutOfMemoryError("simulated")
        return range(1000)[part]

    blocks = Blocks()
    assert [i for part in blocks.of(work, 1000) for i in part] == list(range(1000))
    assert tried == [1000, 500, 250, 250, 250, 250]
    assert list(blocks.of(work, 1000))[-1][-1] == 999
    assert tried[6:] == [250] * 4
    assert [len(part) for part in Blocks(10).of(lambda part: range(0)[part], 0)] == [0]


def test_blocks_that_are_too_small_and_other_errors_are_raised():
    def never(part):
        raise torch.OutOfMemoryError("simulated")

    with pytest.raises(torch.OutOfMemoryError):
        list(Blocks().of(never, 1000))

    def broken(part):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1"):
        list(Blocks().of(broken, 1000))


def test_scatter_without_room_takes_smaller_chunks():
    x = np.random.default_rng(5).standard_normal((5000, 4, 1)) + 10
    batch = np.arange(5000) % 4
    arrays, refused = refusing(400)
    small = Scatter(4, 4, arrays=arrays)
    small.add(x, batch)
    assert refused == [1250, 625]
    np.testing.assert_allclose(small.pooled()[2], np.cov(x[..., 0].T, bias=True), rtol=1e-12)
    assert small.count.tolist() == [1250] * 4


@pytest.mark.parametrize("late", [False, True])
def test_moments_without_room_take_smaller_chunks(monkeypatch, late):
    """Also where memory runs out half way through: nothing is counted twice."""
    rng = np.random.default_rng(6)
    z, x, batch = rng.standard_normal((3000, 3)), rng.standard_normal((3000, 5)), rng.integers(0, 3, 3000)
    fields = rng.standard_normal((5, 2, 3))
    expected = FlowSums(Hermite(3, 4), 3, fields)
    expected.add(z, batch, x)
    arrays, refused = refusing(800)
    if late:
        arrays, spread = TORCH, Hermite.spread

        def limited(self, near):
            if len(near) > 800:
                refused.append(len(near))
                raise torch.OutOfMemoryError("simulated")
            return spread(self, near)

        monkeypatch.setattr(Hermite, "spread", limited)
    small = FlowSums(Hermite(3, 4, arrays), 3, fields)
    small.add(z, batch, x)
    assert refused == [3000, 1500]
    for name, value in expected.state().items():
        np.testing.assert_allclose(small.state()[name], value, rtol=1e-10, atol=1e-9, err_msg=name)


def test_trajectories_without_room_take_smaller_chunks(monkeypatch):
    """Wherever memory runs out, no run is counted twice, and the noise of each is the same."""
    data = swinging(n=200)
    one = symdisc.fit(data, candidates="linear")
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: TORCH)
    for kind, name in ((Mechanics, "see"), (Tally, "_rows"), (Tally, "_sum")):
        refused = []
        verb = getattr(kind, name)

        def limited(*given, verb=verb, refused=refused):
            if len(given[-1]) > 90 and isinstance(given[-1], torch.Tensor):
                refused.append(len(given[-1]))
                raise torch.OutOfMemoryError("simulated")
            return verb(*given)

        with monkeypatch.context() as patch:
            patch.setattr(kind, name, staticmethod(limited) if name == "_sum" else limited)
            other = symdisc.fit(data, candidates="linear")
        assert refused[:2] == [200, 100]
        assert degrees(other.generators, one.generators) <= 1e-6
        np.testing.assert_allclose(other.defect, one.defect, rtol=1e-6)


def test_a_fit_without_room_is_the_same(monkeypatch):
    x, _ = rings(6000)
    one = symdisc.fit(x, method="moments", generators=1)
    arrays, refused = refusing(500)
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: arrays)
    other = symdisc.fit(x, method="moments", generators=1)
    assert refused
    assert degrees(other.generators, one.generators) <= 1e-4


def test_no_room_at_all_ends_the_run(monkeypatch):
    arrays, _ = refusing(10)
    monkeypatch.setattr(Arrays, "on", lambda device, dtype=None: arrays)
    with pytest.raises(torch.OutOfMemoryError):
        symdisc.fit(np.random.default_rng(0).standard_normal((1000, 3)), method="covariance")


# Torch's meta device has shapes and no values: whatever would have to come back to be looked at, it refuses.

META = Arrays(torch, "meta")


@pytest.mark.parametrize("d", [3, 9])
def test_sums_of_moments_stay_on_the_device(d):
    fields = np.zeros((5, 2, d)) if d == 3 else None
    sums = FlowSums(Hermite(d, 4, META), 3, fields)
    sums.add(np.zeros((500, d)), np.arange(500) % 3, None if fields is None else np.zeros((500, 5)))
    for name in ("sums", "second", "fourth", "pushed", "pushed_second"):
        assert getattr(sums, name).device.type == "meta"
    with pytest.raises(NotImplementedError, match="meta"):
        sums.state()


@pytest.mark.parametrize("smoother", [Waves(60, 9), Polynomial(60, 9), SavitzkyGolay(60, 9, 3)])
@pytest.mark.parametrize("asked", [{}, {"extended": 1}, {"extended": 2}, {"phase": True}])
def test_what_test_functions_see_stays_on_the_device(smoother, asked):
    bumps = Bumps((60,), (0.1,), (False,), (6,))
    look = Mechanics(Smoother((smoother,), np.ones(2), (0.1,)), bumps, 0.1, np.ones(2), **asked)
    seen = look.see(META.here(np.zeros((5, 60, 2))))
    for part in (seen.charge, seen.force, seen.kinetic):
        assert part is None or (part.device.type, len(part)) == ("meta", 5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scatter_stays_on_the_device(monkeypatch, dtype):
    """But for the means, of which there are few; zeros stand for them here."""
    scatter = Scatter(2, 4, 3, Arrays(torch, "meta", dtype))
    kept = scatter._scatter
    brought = []

    def back(self, values):
        brought.append(tuple(values.shape))
        return np.zeros(values.shape)

    monkeypatch.setattr(Arrays, "back", back)
    for _ in range(2):
        scatter.add(np.zeros((100, 4, 3)), np.arange(100) % 2)
    assert scatter._scatter is kept
    assert (kept.device.type, kept.dtype) == ("meta", torch.float64)
    assert set(brought) == {(3, 4)}
    products = scatter._moments(np.zeros((100, 4, 3)))[3]
    assert (products.shape, products.dtype) == ((4, 4), getattr(torch, dtype))


def test_coordinates_are_those_of_the_covariance(on_torch):
    x = np.random.default_rng(7).standard_normal((2000, 3)) * [1, 2, 3] + 5
    scatter = Scatter(1, 3, arrays=TORCH)
    scatter.add(x[:, :, None])
    z = Frame.of(scatter, x, np.dtype(float))(x)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(np.cov(z.T, bias=True), np.eye(3), atol=1e-10)
