"""Results built by hand, from textbook matrices, for the tests of the report."""

from __future__ import annotations

import itertools

import numpy as np

from symdisc.factored import FactoredRotations
from symdisc.symmetry import Block, Symmetry, Verdict


def rotations(d: int) -> np.ndarray:
    """(d(d-1)/2, d, d): (E_ij - E_ji) / sqrt(2), the standard basis of so(d)."""
    basis = np.zeros((d * (d - 1) // 2, d, d))
    for matrix, (i, j) in zip(basis, itertools.combinations(range(d), 2), strict=True):
        matrix[i, j], matrix[j, i] = np.sqrt(0.5), -np.sqrt(0.5)
    return basis


def constants(basis: np.ndarray) -> np.ndarray:
    """c[i, j, k] = <[L_i, L_j], L_k> for an orthonormal basis."""
    products = np.einsum("iab,jbc->ijac", basis, basis)
    return np.einsum("ijac,kac->ijk", products - products.swapaxes(0, 1), basis)


def result(
    generators: np.ndarray | FactoredRotations, verdict: Verdict = Verdict.SYMMETRIC, **changes: object
) -> Symmetry:
    """A result around these generators; certified unless the verdict says otherwise."""
    k, size = len(generators), generators.shape[1]
    status = {Verdict.SYMMETRIC: "certified", Verdict.CONSTRUCTED: "constructed"}.get(verdict, "consistent")
    certified = k if verdict is Verdict.SYMMETRIC else 0
    defect = np.geomspace(0.0011, 0.04, k) if k else np.zeros(0)
    values: dict[str, object] = {
        "generators": generators,
        "method": "moments",
        "kind": "samples",
        "verdict": verdict,
        "reason": "the reason that the method gave",
        "blocks": (Block("space", 0, size),),
        "defect": defect,
        "defect_upper": defect * 1.7,
        "status": (status,) * k,
        "origin": ("learned",) * k,
        "dimension": k,
        "certified_dimension": certified,
        "dimension_bounds": (certified, k),
        "spectrum": np.concatenate([defect * 0.8, np.geomspace(0.43, 0.9, 6)]),
        "next_defect": 0.43,
        "data": {
            "files": [{"name": "ring.h5", "sha256": "0" * 64}],
            "x_shape": [2000, size],
            "samples": 2000,
            "axes": "ns",
        },
        "candidates": {"space": "linear", "dimension": size * size},
    }
    return Symmetry(**(values | changes))  # type: ignore[arg-type]


def nothing() -> Symmetry:
    """k = 0: every direction broken."""
    return result(
        np.zeros((0, 4, 4)),
        Verdict.NONE,
        reason="every identifiable direction has a relative defect above 0.1, at level 0.95",
        spectrum=np.linspace(0.4, 1.0, 16),
        extras={"noise_floor": np.linspace(0.01, 0.03, 16)},
    )


def one() -> Symmetry:
    """k = 1: the rotation of the plane."""
    basis = rotations(2)
    return result(basis, structure_constants=constants(basis), canonical=basis * np.sqrt(2))


def three() -> Symmetry:
    """k = 3: so(3) in a rotated basis, with a noise floor and an undecided fourth direction."""
    turn, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))
    basis = np.einsum("ij,jab->iab", turn, rotations(3))
    return result(
        basis,
        structure_constants=constants(basis),
        canonical=rotations(3) * np.sqrt(2),
        dimension_bounds=(3, 4),
        unused_dimension=2,
        samples_needed=41234,
        closure_error=0.0021,
        spectrum=np.array([0.0005, 0.003, 0.02, 0.08, 0.41, 0.5, 0.55, 0.72, 0.9]),
        extras={"noise_floor": np.full(9, 0.012)},
        notes=[
            "a note with [brackets] and a long tail that says what was assumed about axes, units and the groups of x"
        ],
        algebra={
            "dimension": 3,
            "name": "so(3)",
            "aliases": ["su(2)"],
            "confidence": "high",
            "killing_signature": [0, 3, 0],
            "abelian": False,
            "nilpotent": False,
            "solvable": False,
            "semisimple": True,
            "simple": True,
            "compact": True,
            "rank": 1,
        },
    )


def seventy() -> Symmetry:
    """k = 70 in d = 13: more than fits in a table, a page or the structure constants."""
    return result(rotations(13)[:70])


def digits() -> Symmetry:
    """The unlabelled covariance basis by factors: d = 64, rank 61, k = 1830."""
    rng = np.random.default_rng(0)
    vectors, _ = np.linalg.qr(rng.standard_normal((64, 61)))
    k = 61 * 60 // 2
    return result(
        FactoredRotations(np.geomspace(100, 0.1, 61), vectors),
        Verdict.CONSTRUCTED,
        method="covariance",
        reason="every distribution has these; add labels or use higher moments to find which ones are real",
        defect=np.full(k, 2.3e-16),
        defect_upper=np.full(k, np.nan),
        origin=("constructed",) * k,
        dimension_bounds=None,
        next_defect=None,
        spectrum=np.zeros(0),
        algebra={"name": "so(61)", "aliases": [], "dimension": k, "killing_form": [k, k]},
    )
