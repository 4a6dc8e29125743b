"""Generators recovered from pairs alone, their coefficients unknown: groups with known generators, by scipy's expm."""

import numpy as np
import pytest
import torch
from turned_pairs import SE2, SL2, SO3, SO13, data_of, degrees, derivative, draw, image_rotation, turn

from symdisc.discover.candidates import candidates
from symdisc.discover.lconv.count import best_count, most_generators
from symdisc.discover.lconv.pairs import Pairs
from symdisc.discover.lconv.search import Reach, finish, idle, located, search
from symdisc.discover.lconv.space import Space


def found_in(x, y, k, spec="linear", mask=None):
    """The generators (k, d, d) of the search on all pairs, and the pairs."""
    space = candidates(spec, x.shape[1], None if mask is None else lambda name: mask)
    pairs = Pairs(data_of(x, y), torch.device("cpu"), torch.float64, space.affine)
    within, rows = Space(space, torch.device("cpu"), torch.float64), torch.arange(len(x))
    *_, last = search(pairs, Reach.of(pairs), rows, k, within)
    *_, last = finish(pairs, rows, last, within)
    return last, pairs


def angle(x, y, basis, spec="linear", mask=None):
    return degrees(found_in(x, y, len(basis), spec, mask)[0].model.generators.numpy(), basis)


GROUPS = {
    "so(3)": (SO3, 2, 0.5, "linear"),
    "sl(2)": (SL2, 2, 0.4, "linear"),
    "so(1,3)": (SO13, 3, 0.4, "linear"),
    "se(2)": (SE2, 3, 0.5, "affine"),
    "so(3), antisymmetric": (SO3, 1, 0.5, "antisymmetric"),
    "boost": (turn(0, 2, 3, 1.0)[None], 1, 0.7, "linear"),
    "scale": (np.eye(3)[None], 1, 0.3, "linear"),
    "shear": (np.eye(4, k=2)[None], 1, 0.7, "linear"),
}


@pytest.mark.parametrize("group", GROUPS)
def test_exact_vectors(group):
    basis, m, spread, spec = GROUPS[group]
    x, y, _ = draw(basis, 200, m=m, spread=spread, seed=1, affine=spec == "affine")
    assert angle(x, y, basis, spec) < 1e-4


def test_noisy_vectors():
    """10 % noise: the error falls as 1 / sqrt(n), to a few degrees here."""
    errors = {}
    for n in (120, 480):
        errors[n] = np.mean([angle(*draw(SO3, n, m=2, spread=0.5, noise=0.1, seed=s)[:2], SO3) for s in range(2)])
    assert errors[480] < 3.5
    assert errors[480] < 0.75 * errors[120]


def test_rotated_images():
    """Angles in [0, pi/3), never told: 25 x 25 unknowns."""
    basis = image_rotation(5)
    t = np.random.default_rng(2).uniform(0, np.pi / 3, (400, 1))
    x, y, _ = draw(basis, 400, t=t, seed=2)
    assert angle(x, y, basis) < 1e-4
    x, y, _ = draw(basis, 400, t=t, noise=0.1, seed=2)
    assert angle(x, y, basis) < 2.5


def test_scrambled_pixels_are_no_harder():
    basis = image_rotation(5)
    order = np.random.default_rng(3).permutation(25)
    x, y, _ = draw(basis, 300, spread=0.4, seed=3)
    assert angle(x[:, order], y[:, order], basis[:, order][:, :, order]) < 1e-4


@pytest.mark.parametrize("spec", ["linear", "antisymmetric"])
def test_shifts(spec):
    """Shifts by up to two of 15 points, which nearest-pair distance cannot sort."""
    basis = derivative(15)[None] * 15 / (2 * np.pi)
    t = np.random.default_rng(4).uniform(-2, 2, (200, 1)) * 2 * np.pi / 15
    x, y, _ = draw(basis, 200, t=t, seed=4)
    assert angle(x, y, basis, spec) < 1e-4


def test_turns_all_the_way_round():
    """Angles up to half a turn: the window grows until every pair is inside, and their coefficients come back."""
    basis = turn(0, 1, 4)[None] + 2 * turn(2, 3, 4)[None]
    t = np.random.default_rng(5).uniform(-3, 3, (200, 1))
    x, y, _ = draw(basis, 200, m=2, t=t, seed=5)
    last, pairs = found_in(x, y, 1)
    assert degrees(last.model.generators.numpy(), basis) < 1e-4
    # L has the norm sqrt(10): coefficients are those of the generator of norm 1.
    found, left = located(pairs, torch.arange(200), last.model, reach=1.02 * 3 * np.sqrt(10))
    found = found[:, 0].numpy()
    sign = np.sign(found @ t[:, 0])
    np.testing.assert_allclose(sign * found, t[:, 0] * np.sqrt(10), atol=1e-5)
    assert float(left.max()) < 1e-8


def test_a_mask_finds_what_few_pairs_cannot_show_without_it():
    """Shifts of 15 points, a nearest-neighbour stencil as generator, n = 20: 30 unknowns in place of 225."""
    ring = np.roll(np.eye(15), 1, axis=1) - np.roll(np.eye(15), -1, axis=1)
    x, y, _ = draw(ring[None], 20, spread=0.3, seed=6)
    assert angle(x, y, ring[None], "mask:m", (ring != 0).astype(float)) < 1e-4
    assert angle(x, y, ring[None]) > 5


def test_the_search_does_not_depend_on_chance():
    x, y, _ = draw(SO3, 200, m=2, spread=0.5, noise=0.05, seed=7)
    first, second = (found_in(x, y, 3)[0] for _ in range(2))
    assert first.model.generators.numpy().tobytes() == second.model.generators.numpy().tobytes()
    assert first.t.numpy().tobytes() == second.t.numpy().tobytes()


def test_reach_is_the_distance_of_pairs():
    x, y, _ = draw(SO3, 50, m=2, spread=0.5, seed=8)
    reach = Reach.of(Pairs(data_of(x, y), torch.device("cpu"), torch.float64))
    moved, middle = ((y - x) ** 2).sum((1, 2)), (((x + y) / 2) ** 2).sum((1, 2))
    np.testing.assert_allclose(reach.distance, moved / middle)
    np.testing.assert_allclose(reach.energy, ((x**2).sum((1, 2)) + (y**2).sum((1, 2))) / 2)


def test_best_count_is_the_smallest_within_two_errors():
    rng = np.random.default_rng(9)
    common = rng.standard_normal(400)
    ladder = [common, common + 1 + 0.1 * rng.standard_normal(400), common + 1.001 + 0.1 * rng.standard_normal(400)]
    assert best_count(ladder) == 1
    assert best_count(ladder[:1]) == 0
    assert best_count([common, common - 1]) == 0
    assert best_count([common, common - 1, common + 5]) == 2


def test_most_generators_stays_below_what_pairs_can_decide():
    def most(d, m, n):
        x = np.random.default_rng(10).standard_normal((n, d, m))
        return most_generators(Pairs(data_of(x, x), torch.device("cpu"), torch.float64), d * d, n)

    assert most(3, 1, 1000) <= 2
    assert most(3, 2, 1000) <= 5
    assert most(25, 1, 30) == 0
    assert 0 < most(25, 1, 100) < most(25, 1, 1000)


@pytest.mark.parametrize(
    ("counts", "given_up"),
    [
        ([8, 12, 15, 26], False),
        ([26, 44, 46, 45, 38], True),
        ([26, 44, 60, 80, 100], False),
        ([260, 260, 260, 260, 260], False),
    ],
)
def test_windows_that_take_in_no_more_pairs_are_given_up(counts, given_up):
    """Unless there are too few windows to tell, they do grow, or they hold most pairs already."""
    assert idle(counts, 500) is given_up
