"""Ranks against theory, in standard coordinates and in skewed ones, and what every basis has to be."""

from __future__ import annotations

import numpy as np
import pytest
from invariant_theory import pairs

from symdisc.equivariant import Group, T, equivariant_basis, group

PAIRS = pairs()


def skewed(chosen: Group, condition: float = 10.0) -> Group:
    """The same group in coordinates of a condition number."""
    rng = np.random.default_rng(5)
    u, _, v = np.linalg.svd(rng.standard_normal((chosen.d, chosen.d)))
    s = u * np.geomspace(1.0, condition, chosen.d) @ v
    inverse = np.linalg.inv(s)
    return Group(inverse @ chosen.lie @ s, inverse @ chosen.discrete @ s, noise=0.0)


def check(chosen: Group, p: int, q: int, rank: int) -> None:
    basis = equivariant_basis(chosen, T(p, q))
    assert basis.rank == rank
    assert basis.residual < 1e-9
    columns = basis.dense()
    assert np.abs(columns.T @ columns - np.eye(rank)).max(initial=0.0) < 1e-9
    # Checked by group elements, which the solvers never see.
    g = chosen.sample(np.random.default_rng(0), spread=0.3)
    moved = T(p, q).apply_rho(chosen, g, columns)
    size = max(np.linalg.norm(g, 2), np.linalg.norm(np.linalg.inv(g), 2)) ** (p + q)
    assert np.abs(moved - columns).max(initial=0.0) < 1e-10 * size


def test_there_are_at_least_sixty_pairs():
    assert len(PAIRS) >= 60


@pytest.mark.parametrize(("name", "p", "q", "rank"), PAIRS, ids=[f"{n}-T({p},{q})" for n, p, q, _ in PAIRS])
def test_rank_is_that_of_theory(name, p, q, rank):
    check(group(name), p, q, rank)


@pytest.mark.parametrize(("name", "p", "q", "rank"), PAIRS, ids=[f"{n}-T({p},{q})" for n, p, q, _ in PAIRS])
def test_rank_in_skewed_coordinates(name, p, q, rank):
    if group(name).d ** (p + q) <= 1300:
        check(skewed(group(name)), p, q, rank)
