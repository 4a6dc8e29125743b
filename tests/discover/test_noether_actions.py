"""Candidate generators of trajectories: what leaves the kinetic energy as it is, boosts, phase space, masses."""

import numpy as np
import pytest

from symdisc.discover.candidates import candidates
from symdisc.discover.method import Given
from symdisc.discover.noether.actions import changes, given_actions, phase_actions, point_actions, symplectic
from symdisc.discover.noether.masses import mass_ratios, masses_of
from symdisc.errors import InputError
from symdisc.symmetry import Block

MASSES = np.array([1.0, 1.0, 2.0, 2.0])


def points(spec, masses=MASSES, boosts=False, free=False):
    return point_actions(candidates(spec, len(masses)), masses, boosts, free)


def test_only_what_leaves_the_kinetic_energy_is_kept():
    """so(4) in the metric of the masses: M L antisymmetric, six directions."""
    found = points("linear")
    assert found.name == "internal"
    assert len(found.generators) == 6
    weighted = MASSES[:, None] * found.generators
    np.testing.assert_allclose(weighted, -np.swapaxes(weighted, 1, 2), atol=1e-12)


@pytest.mark.parametrize(("spec", "count"), [("shared:2", 1), ("blocks:2,2", 2), ("antisymmetric", 2), ("affine", 10)])
def test_restrictions_add_up(spec, count):
    """Antisymmetric and antisymmetric in the metric: only turns within equal masses remain."""
    assert len(points(spec).generators) == count


def test_free_candidates_say_how_they_change_the_kinetic_energy():
    found = points("linear", free=True)
    assert len(found.generators) == 16
    np.testing.assert_allclose(found.kinetic, changes(found.generators, MASSES))
    turn = np.array([[0, 1], [-1, 0]])
    np.testing.assert_allclose(changes(np.kron(np.eye(2), turn)[None], MASSES), 0, atol=1e-15)


def test_boosts_are_a_motion_for_each_translation():
    """Shared by two particles in the plane: a turn, two translations and two boosts on (q.., t, 1)."""
    found = points("affine+shared:2", boosts=True)
    assert found.generators.shape == (5, 6, 6)
    assert found.block.role == "homogeneous"
    moving = found.generators[np.abs(found.generators[:, :4, 4]).max(axis=1) > 0]
    assert len(moving) == 2
    np.testing.assert_allclose(moving[:, :2, 4], moving[:, 2:4, 4])
    with pytest.raises(InputError, match="affine"):
        points("linear", boosts=True)


def test_nothing_left_is_said():
    with pytest.raises(InputError, match="kinetic energy"):
        points("blocks:1,1,1,1")


def test_phase_space_is_symplectic():
    found = phase_actions(2)
    assert len(found.generators) == 10
    omega = symplectic(2)
    np.testing.assert_allclose(np.swapaxes(found.generators, 1, 2) @ omega + omega @ found.generators, 0, atol=1e-12)


def test_given_generators():
    turn = np.kron(np.eye(2), np.array([[0.0, 1], [-1, 0]]))[None]
    assert given_actions(Given(turn, (Block("internal", 0, 4),)), MASSES).block.role == "internal"
    lifted = np.kron(np.eye(2), turn[0])[None]
    assert given_actions(Given(lifted, (Block("phase", 0, 8),)), MASSES).kinetic is None
    with pytest.raises(InputError, match="symplectic"):
        given_actions(Given(np.eye(8)[None], (Block("phase", 0, 8),)), MASSES)
    with pytest.raises(InputError, match="4 coordinates"):
        given_actions(Given(np.eye(3)[None], (Block("space", 0, 3),)), MASSES)


def test_masses():
    np.testing.assert_array_equal(masses_of("2", 4), [2, 2, 2, 2])
    np.testing.assert_array_equal(masses_of("1,2", 4), [1, 1, 2, 2])
    for text in ("0", "one", "1,2,3", "nan", ""):
        with pytest.raises(InputError, match="mass"):
            masses_of(text, 4)


def test_mass_ratios_of_one_turn_for_all():
    """Blocks m_i A for three generators A of so(3)."""
    rng = np.random.default_rng(0)
    turns = rng.standard_normal((3, 3, 3))
    turns = turns - np.swapaxes(turns, 1, 2)
    charges = np.zeros((3, 9, 9))
    for i, mass in enumerate((1.0, 2.0, 0.5)):
        charges[:, 3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = mass * turns
    ratios, misfit = mass_ratios(charges, 3)
    np.testing.assert_allclose(ratios / ratios[0], [1, 2, 0.5])
    assert misfit < 1e-12
    charges[:, :3, :3] += rng.standard_normal((3, 3, 3))
    assert mass_ratios(charges, 3)[1] > 0.1
