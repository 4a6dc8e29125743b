"""Recursive L-conv as a network, against the matrix exponential and groups known in closed form."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.linalg import expm, subspace_angles
from scipy.sparse import csc_array

from symdisc.discover.lconv.network import Network
from symdisc.discover.lconv.network_options import NetworkOptions
from symdisc.discover.lconv.network_start import spectral_start
from symdisc.discover.lconv.network_weights import whole
from symdisc.errors import InputError
from symdisc.options import describe
from symdisc.recursion import closure_penalty, orthogonality_penalty, recursive_lconv

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
QUICK = NetworkOptions(epochs=6, width=8)


def rotations():
    """so(3): L_i e_j = epsilon_ijk e_k up to sign."""
    found = np.zeros((3, 3, 3))
    for number, (a, b) in enumerate([(1, 2), (2, 0), (0, 1)]):
        found[number, a, b], found[number, b, a] = -1, 1
    return found


def pairs(generators, n, m=1, seed=0, spread=0.5):
    """x, y = exp(sum t_i L_i) x and t, by the exponential of each pair."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, generators.shape[1], m))
    t = spread * rng.standard_normal((n, len(generators)))
    y = np.stack([expm(np.tensordot(c, generators, 1)) @ point for c, point in zip(t, x, strict=True)])
    return x, y, t


def angle(a, b):
    """Largest principal angle of two spans, in degrees."""
    return float(np.degrees(subspace_angles(a.reshape(len(a), -1).T, b.reshape(len(b), -1).T).max()))


def trained(network, x, y, epochs):
    return [network.step(lambda: [(x, y)]) for _ in range(epochs)]


def tensor(array):
    return torch.from_numpy(np.asarray(array, dtype=np.float64))


def test_many_layers_are_the_exponential():
    generators = np.random.default_rng(0).standard_normal((2, 4, 4)) / 3
    x, y, t = pairs(generators, 5, m=3)

    def error(layers, order):
        made = recursive_lconv(tensor(generators), tensor(t), tensor(x), layers, order).numpy()
        return np.abs(made - y).max() / np.abs(y).max()

    errors = [error(layers, 1) for layers in (64, 128, 256)]
    assert errors[2] < 5e-3
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1), "one order a layer"
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.1)
    assert error(8, 4) / error(16, 4) == pytest.approx(16, rel=0.3), "four orders a layer"
    assert error(32, 8) < 1e-12


def test_one_layer_is_the_identity_plus_the_generators():
    generators, rng = rotations(), np.random.default_rng(1)
    x, t = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3))
    made = recursive_lconv(tensor(generators), tensor(t), tensor(x), 1).numpy()
    expected = np.stack(
        [(np.eye(3) + sum(c * g for c, g in zip(t[i], generators, strict=True))) @ x[i] for i in range(4)]
    )
    np.testing.assert_allclose(made, expected, atol=1e-14)


def test_penalties_vanish_on_so3_alone():
    closed = tensor(rotations())
    assert float(closure_penalty(closed)) < 1e-10
    for form in ("frobenius", "killing"):
        assert float(orthogonality_penalty(closed, form)) < 1e-10
    # Two rotations: their bracket is the third, wholly outside the span.
    assert float(closure_penalty(closed[:2])) == pytest.approx(1, abs=1e-9)
    # An abelian pair is closed.
    assert float(closure_penalty(tensor(np.stack([np.eye(3), rotations()[0]])))) < 1e-10


def test_closure_does_not_depend_on_the_basis_and_orthogonality_does():
    mix = np.array([[1.0, 0.5, 0.0], [0.0, 2.0, 0.3], [0.1, 0.0, 1.0]])
    mixed = tensor(np.tensordot(mix, rotations(), 1))
    assert float(closure_penalty(mixed)) < 1e-10
    # On so(3) both forms are a multiple of the identity in the standard basis, so that the Gram matrix is mix mix^T.
    gram = mix @ mix.T
    expected = 1 - (np.diag(gram) ** 2).sum() / (gram**2).sum()
    assert float(orthogonality_penalty(mixed, "frobenius")) == pytest.approx(expected, rel=1e-5)
    assert float(orthogonality_penalty(mixed, "killing")) == pytest.approx(expected, rel=1e-4)


def test_the_penalty_pulls_overlapping_generators_apart():
    x, y, _ = pairs(rotations(), 60, m=2)
    start = np.tensordot(np.array([[1, 0, 0], [0.95, 0.3, 0], [0.9, 0, 0.4]]), rotations(), 1)

    def overlap(weight):
        options = NetworkOptions(epochs=6, width=8, batch=5, nearest=1, orthogonality=weight)
        network = Network(3, 2, 3, options, generators=start)
        trained(network, x, y, 6)
        full = whole(network._factors()).detach().numpy().reshape(3, -1)
        full = full / np.linalg.norm(full, axis=1)[:, None]
        return np.abs(full @ full.T - np.eye(3)).max()

    assert overlap(1.0) < 0.2 * overlap(0.0)


@pytest.mark.parametrize(("encoder", "degrees", "error"), [("projection", 2, 0.1), ("mlp", 5, 0.5)])
def test_rotations_of_the_plane_are_found(encoder, degrees, error):
    x, y, t = pairs(TURN[None], 600)
    network = Network(2, 1, 1, NetworkOptions(epochs=60, width=32, encoder=encoder), seed=3)
    losses = trained(network, x, y, 60)
    assert losses[-1] < 0.1 * losses[0]
    found = network.generators()
    assert angle(found, TURN[None]) < degrees
    np.testing.assert_allclose(np.linalg.norm(found), 1, atol=1e-6)
    # One radian of rotation is sqrt(2) of the orthonormal generator; its sign is free.
    turned = network.coefficients(x, y)[:, 0] * np.sign(np.sum(found[0] * TURN)) / np.sqrt(2)
    # Points near the centre say little of their angle.
    weights = (x**2).sum((1, 2)) / (x**2).sum()
    assert np.sqrt(weights @ (turned - t[:, 0]) ** 2) < error
    assert np.sum((network.predict(x, y) - y) ** 2) < error**2 * np.sum((y - x) ** 2)


def test_coefficients_belong_to_the_generators():
    x, y, _ = pairs(rotations(), 40, m=2)
    network = Network(3, 2, 3, NetworkOptions(epochs=3, width=8, order=8, layers=32), dtype="float64")
    trained(network, x, y, 3)
    flat = network.generators().reshape(3, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(3), atol=1e-10)
    made = np.stack(
        [
            expm(np.tensordot(c, network.generators(), 1)) @ point
            for c, point in zip(network.coefficients(x, y), x, strict=True)
        ]
    )
    np.testing.assert_allclose(network.predict(x, y), made, atol=1e-10)


def test_restored_training_continues_to_the_same_bits():
    x, y, _ = pairs(rotations(), 150, m=2)
    options = NetworkOptions(epochs=8, width=8, batch=32)

    def parts():
        return iter([(x[:90], y[:90]), (x[90:], y[90:])])

    whole = Network(3, 2, 3, options, seed=5)
    for _ in range(4):
        whole.step(parts)
    kept = whole.state()
    rest = [whole.step(parts) for _ in range(4)]
    again = Network(3, 2, 3, options, seed=5)
    again.restore(kept)
    assert again.epoch == 4
    assert [again.step(parts) for _ in range(4)] == rest
    ours, theirs = whole.state(), again.state()
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
    assert any(not np.array_equal(kept[key], ours[key]) for key in ours if key.startswith("weights"))
    assert not any(value.dtype.hasobject for value in kept.values())


def test_seed_decides_the_result():
    x, y, _ = pairs(TURN[None], 100)
    first, same, other = (Network(2, 1, 1, QUICK, seed=seed) for seed in (1, 1, 2))
    for network in (first, same, other):
        trained(network, x, y, 3)
    assert np.array_equal(first.generators(), same.generators())
    assert not np.array_equal(first.generators(), other.generators())


def test_channels_share_one_action():
    x, y, _ = pairs(rotations(), 30, m=3)
    network = Network(3, 3, 2, QUICK)
    trained(network, x, y, 2)
    total = np.tensordot(network.coefficients(x, y), network.generators(), 1)
    steps = np.eye(3) + total / 8
    terms = total / 8
    layer = steps + (terms @ terms) / 2 + (terms @ terms @ terms) / 6 + (terms @ terms @ terms @ terms) / 24
    expected = np.linalg.matrix_power(layer, 8) @ x
    np.testing.assert_allclose(network.predict(x, y), expected, atol=2e-5)


def test_zeros_of_a_candidate_space_stay_zero():
    free = np.array([[True, True, False], [True, False, True], [False, False, True]])
    rows = np.flatnonzero(free)
    basis = csc_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(9, len(rows)))
    x, y, _ = pairs(rotations()[2:], 200, m=2)
    network = Network(3, 2, 2, QUICK, basis=basis)
    trained(network, x, y, 6)
    found = network.generators()
    assert (found[:, ~free] == 0).all()
    assert (np.abs(found[:, free]).max(axis=0) > 0).all()


def test_one_candidate_is_used_as_it_is():
    basis = csc_array((rotations()[2] / np.sqrt(2)).reshape(9, 1))
    x, y, _ = pairs(rotations()[2:], 200)
    network = Network(3, 1, 1, QUICK, basis=basis)
    trained(network, x, y, 2)
    assert angle(network.generators(), rotations()[2:]) < 1e-4


def test_rank_is_kept():
    x, y, _ = pairs(np.pad(TURN, (0, 3))[None], 200, m=2)
    network = Network(5, 2, 1, QUICK, rank=2)
    trained(network, x, y, 6)
    values = np.linalg.svd(network.generators()[0], compute_uv=False)
    assert values[1] > 1e-3
    assert values[2] < 1e-6


@pytest.mark.parametrize("how", ["dense", "rank", "basis"])
def test_given_generators_are_the_start(how):
    generator = np.pad(TURN, (0, 2))[None]
    extra = {"dense": {}, "rank": {"rank": 2}, "basis": {"basis": csc_array(np.eye(16))}}[how]
    network = Network(4, 1, 1, QUICK, generators=generator, **extra)
    assert angle(network.generators(), generator) < 1e-4


def test_a_start_at_the_truth_explains_the_pairs_at_once():
    x, y, _ = pairs(rotations(), 300, m=2, spread=0.1)
    options = NetworkOptions(epochs=6, width=8, start="random")
    known, random = (Network(3, 2, 3, options, generators=start) for start in (rotations(), None))
    assert trained(known, x, y, 2)[1] < 0.5 * trained(random, x, y, 2)[1]


def test_pairs_that_do_not_move_are_passed_over():
    x, y, _ = pairs(TURN[None], 100)
    y[:40] = x[:40]
    network = Network(2, 1, 1, QUICK)
    assert max(trained(network, x, y, 6)) < 2
    assert angle(network.generators(), TURN[None]) < 20


@pytest.mark.parametrize("m", [1, 3])
def test_the_spectral_start_is_near_the_truth_before_training(m):
    generator = np.random.default_rng(7).standard_normal((1, 6, 6)) / 3
    x, y, _ = pairs(generator, 900, m=m, spread=0.3)
    start = spectral_start(x, y, 1)
    assert angle(start, generator) < 25
    stretched = np.diag([1.0, 2, 3, 1, 2, 3])
    moved = stretched @ generator @ np.linalg.inv(stretched)
    assert angle(spectral_start(stretched @ x, stretched @ y, 1), moved) < 25
    assert spectral_start(x[:3], y[:3], 5) is None


@pytest.mark.parametrize("seed", range(4))
def test_every_seed_finds_the_rotation(seed):
    x, y, _ = pairs(TURN[None], 300, seed=seed)
    network = Network(2, 1, 1, NetworkOptions(epochs=20, width=16), seed=seed)
    trained(network, x, y, 20)
    assert angle(network.generators(), TURN[None]) < 10


def test_pairs_are_taken_nearest_first():
    x, y, _ = pairs(TURN[None], 400)
    network = Network(2, 1, 1, NetworkOptions(epochs=10, nearest=0.1, batch=400))
    network.step(lambda: [(x, y)])
    far = np.linalg.norm((y - x)[:, :, 0], axis=1) / np.linalg.norm(x[:, :, 0], axis=1)
    counts = []
    for epoch in range(7):
        network.epoch = epoch
        counts.append(int((far <= network._reach()).sum()))
    assert counts[0] == pytest.approx(40, abs=3)
    assert counts == sorted(counts)
    assert counts[5:] == [400, 400]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Network(3, 1, 1, basis=csc_array(np.eye(4))), "acts on 2 dimensions, the data have 3"),
        (lambda: Network(2, 1, 1, basis=csc_array(np.eye(4)), rank=1), "choose one"),
        (lambda: Network(2, 1, 1, rank=3), "from 1 to 2"),
        (lambda: Network(2, 1, 0), "must be 1 or more"),
        (lambda: Network(2, 1, 1, generators=np.zeros((2, 2, 2))), r"needed: \(1, 2, 2\)"),
        (lambda: Network(2, 1, 1, dtype="float16"), "float32 or float64"),
        (lambda: Network(2, 1, 1, generators=np.zeros((1, 2, 2))), "vanishes"),
        (lambda: NetworkOptions(layers=0), "layers is 0"),
        (lambda: NetworkOptions(nearest=0), "at most 1"),
        (lambda: NetworkOptions(start="zero"), "spectral, random"),
        (lambda: NetworkOptions(encoder="cnn"), "projection, mlp"),
        (lambda: NetworkOptions(closure=-1), "0 or more"),
        (lambda: Network(2, 1, 1).step(lambda: [(np.ones((3, 2)), np.ones((3, 2)))]), r"\(3, 2\)"),
        (lambda: Network(2, 1, 1).step(lambda: [(np.ones((3, 2, 1)), np.ones((3, 2, 1)))]), "y equals x"),
        (lambda: Network(2, 1, 1).step(lambda: []), "no pairs"),
        (lambda: Network(2, 1, 1).restore(Network(3, 1, 1).state()), "another network"),
    ],
)
def test_what_cannot_be_trained_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_divergence_is_said():
    x, y, _ = pairs(TURN[None], 100)
    with pytest.raises(InputError, match=r"diverged.*learning_rate"):
        trained(Network(2, 1, 1, NetworkOptions(learning_rate=1e30, nearest=1.0, width=8)), x, y, 20)


def test_every_option_is_described_and_torch_stays_out():
    assert all(row["help"] for row in describe(NetworkOptions))
    code = (
        "import sys; from symdisc.discover.lconv.network import NetworkOptions; NetworkOptions(); "
        "assert not {'torch', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
