"""Where the generators of trajectories are looked for: linear actions on (q.., t, 1), or on phase space (q, p).

An internal symmetry of L = q'^T M q' / 2 - V(q) leaves the kinetic energy as it is, so M L is antisymmetric on the
coordinates; this holds whatever V is, and the candidates are restricted by it unless `linear` is asked for by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...symmetry import Block
from ..candidates import Candidates
from ..method import Given

INTERNAL = "internal"
PHASE = "phase"


@dataclass(frozen=True)
class Actions:
    """K candidate generators and the bilinear forms of their charges.

    Attributes:
        name: as the user wrote it.
        generators: (K, m, m), x -> x + eps L x.
        charges: (K, r, c) coefficients C of the charge, Q = <C, G>: L itself on (q.., t, 1) with G = p (q.., t, 1)^T,
            or S with L = Omega S on phase space, with G = z z^T / 2.
        kinetic: (K, r, r), the part of L by which the kinetic energy changes; None on phase space.
        block: what the generators act on.
    """

    name: str
    generators: np.ndarray
    charges: np.ndarray
    kinetic: np.ndarray | None
    block: Block

    def matrices(self, directions: np.ndarray) -> np.ndarray:
        """(r, m, m) for coefficient vectors (K, r)."""
        return np.tensordot(directions.T, self.generators, axes=1)

    def to_dict(self) -> dict[str, object]:
        """JSON form."""
        return {"space": self.name, "dimension": len(self.generators)}


def point_actions(found: Candidates, masses: np.ndarray, boosts: bool, free: bool) -> Actions:
    """Actions on positions: L q, translations where the candidates are affine, and boosts b t.

    Args:
        found: candidates on d coordinates. masses: (d,) one a coordinate.
        boosts: add a motion b t for every translation b.
        free: keep candidates that change the kinetic energy.

    Raises:
        InputError: boosts without translations; no candidate leaves the kinetic energy as it is.
    """
    d = len(masses)
    stack = found.matrices(np.eye(found.dimension))
    if boosts and not found.affine:
        raise InputError("--set noether.boosts=yes: boosts move the origin; use --candidates affine (joined by +)")
    changed = changes(stack[:, :d, :d], masses)
    if not free:
        left = _null(changed.reshape(len(stack), -1).T)
        if not left.shape[1]:
            raise InputError(f"--candidates {found.name}: none of these leaves the kinetic energy as it is; add linear")
        stack = np.tensordot(left.T, stack, axes=1)
        changed = np.zeros_like(changed[:1]).repeat(len(stack), axis=0)
    size = d + found.affine + boosts
    generators = np.zeros((len(stack), size, size))
    generators[:, :d, :d] = stack[:, :d, :d]
    if found.affine:
        generators[:, :d, -1] = stack[:, :d, d]
    if boosts:
        moving = generators[np.abs(generators[:, :d, -1]).max(axis=1) > 0]
        shifted = np.zeros_like(moving)
        shifted[:, :d, d] = moving[:, :d, -1]
        generators = np.concatenate([generators, shifted])
        changed = np.concatenate([changed, np.zeros((len(shifted), d, d))])
    role, units = ("homogeneous", "coordinates, then t, then 1" if boosts else "coordinates, then 1")
    if not found.affine:
        role, units = INTERNAL, "units of x"
    name = found.name if free or found.name != "linear" else INTERNAL
    return Actions(name, generators, generators[:, :d], changed, Block(role, 0, size, units))


def phase_actions(n: int) -> Actions:
    """Quadratic charges z^T S z / 2 of z = (q, p), dz = Omega S z: the symplectic algebra sp(2n)."""
    forms = []
    for i in range(2 * n):
        for j in range(i, 2 * n):
            form = np.zeros((2 * n, 2 * n))
            form[i, j] = form[j, i] = 1.0 if i == j else np.sqrt(0.5)
            forms.append(form)
    stack = np.array(forms)
    return Actions(PHASE, symplectic(n) @ stack, stack, None, Block(PHASE, 0, 2 * n, "coordinates, then momenta"))


def given_actions(given: Given, masses: np.ndarray) -> Actions:
    """Generators to be tested, as candidates.

    Raises:
        InputError: they act on something else, or on phase space without being symplectic.
    """
    d = len(masses)
    roles = {block.role: given.part(block.role) for block in given.blocks}
    for role, part in roles.items():
        assert part is not None
        size = part.shape[1]
        if role in (INTERNAL, "space") and size == d:
            return Actions("given", part, part, changes(part, masses), Block(INTERNAL, 0, d, "units of x"))
        if role == "homogeneous" and size in (d + 1, d + 2):
            units = "coordinates, then t, then 1" if size == d + 2 else "coordinates, then 1"
            return Actions("given", part, part[:, :d], changes(part[:, :d, :d], masses), Block(role, 0, size, units))
        if role in (PHASE, "space") and size == 2 * d:
            forms = -symplectic(d) @ part
            if np.abs(forms - np.swapaxes(forms, 1, 2)).max() > 1e-6 * np.abs(forms).max():
                raise InputError("--generators: these do not preserve the symplectic form of (q, p), so have no charge")
            return Actions("given", part, forms, None, Block(PHASE, 0, size, "coordinates, then momenta"))
    shown = ", ".join(f"{role} of size {part.shape[1]}" for role, part in roles.items() if part is not None)
    raise InputError(f"--generators: they act on {shown}; these trajectories have {d} coordinates")


def seen_actions(actions: Actions, seen: np.ndarray) -> tuple[Actions, int, int]:
    """The candidates that keep the data where they are, without those that the data never see.

    Where the coordinates lie in a subspace, a generator that leads out of it has terms that cancel for every law, and
    one that is zero there has none.

    Args:
        seen: (d, r) orthonormal basis of the subspace that the coordinates fill.

    Returns:
        the candidates that are left, how many directions lead out, and how many are never seen.
    """
    d = len(seen)
    size = actions.generators.shape[1]
    inside = np.zeros((size, seen.shape[1] + size - d))
    inside[:d, : seen.shape[1]] = seen
    inside[d:, seen.shape[1] :] = np.eye(size - d)
    moved = actions.generators[:, :d] @ inside
    out = moved - seen @ (seen.T @ moved)
    staying = _null(out.reshape(len(out), -1).T)
    silent = _null(np.tensordot(staying.T, moved, axes=1).reshape(staying.shape[1], out[0].size).T)
    kept = staying @ _null(silent.T) if silent.shape[1] else staying

    def mixed(stack: np.ndarray) -> np.ndarray:
        return np.tensordot(kept.T, stack, axes=1)

    kinetic = None if actions.kinetic is None else mixed(actions.kinetic)
    left = Actions(actions.name, mixed(actions.generators), mixed(actions.charges), kinetic, actions.block)
    return left, len(out) - staying.shape[1], silent.shape[1]


def symplectic(n: int) -> np.ndarray:
    """(2n, 2n): Omega, with dz/dt = Omega grad H."""
    return np.block([[np.zeros((n, n)), np.eye(n)], [-np.eye(n), np.zeros((n, n))]])


def changes(linear: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """(K, d, d): the part of L by which the kinetic energy changes, (L + M^{-1} L^T M) / 2."""
    weighted = masses[:, None] * linear
    return (weighted + np.swapaxes(weighted, 1, 2)) / (2 * masses[:, None])


def _null(rows: np.ndarray) -> np.ndarray:
    """(K, r) orthonormal coefficients that rows (q, K) send to zero."""
    if not rows.shape[1]:
        return np.zeros((0, 0))
    _, values, right = np.linalg.svd(rows, full_matrices=True)
    rank = int((values > 1e-10 * max(values.max(initial=0.0), 1e-300)).sum())
    return right[rank:].T
