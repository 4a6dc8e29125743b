"""Candidate generators as flows of the standardised coordinates, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...data import DataSet
from ...errors import InputError
from ...symmetry import Block
from ..candidates import candidates_of
from ..method import Given
from .frame import Frame

AFFINE = "affine"
LINEAR = "linear"
NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Space:
    """Candidates, as the evidence sees them and as they are written.

    Attributes:
        blocks, description: for the result.
        flows: (r (r + 1), K), one flow of z a column; None: its unit entries.
        embed: (K, k) coefficients -> (k, m, m) generators in the units of x.
        unused: dimension of candidates that move only what the data never vary.
        necessary: why passing is not enough, where it is not.
    """

    blocks: tuple[Block, ...]
    description: dict[str, object]
    flows: np.ndarray | None
    embed: Callable[[np.ndarray], np.ndarray]
    unused: int = 0
    necessary: str | None = None
    notes: list[str] = field(default_factory=list)


def space_of(spec: str, data: DataSet, frame: Frame) -> Space:
    """The space of a specification; channels share the action, so a matrix acts on each of them.

    Raises:
        InputError: as `candidates_of`; or no candidate keeps the data where they lie.
    """
    d, r = data.d, frame.rank
    if spec == AFFINE and data.channels == 1:
        return _every_affine(frame)
    if spec == LINEAR and data.channels == 1 and r == d:
        return _every_linear(frame)
    found = candidates_of(spec, data)
    basis = found.matrices(np.eye(found.dimension))
    shifts = basis[:, :d, d] if found.affine else np.zeros((len(basis), d))
    whole = _on_channels(basis[:, :d, :d], shifts, data.channels)
    kept = np.eye(found.dimension)
    notes = []
    if r < len(frame.centre):
        leading = frame.leading_out(*whole).reshape(found.dimension, -1).T
        scale = max(float(np.linalg.norm(leading, axis=0).max(initial=0.0)), 1.0)
        kept = _null(leading, NEGLIGIBLE * scale)
        if not kept.shape[1]:
            raise InputError(
                f"--candidates {spec}: x lies in {r} of {len(frame.centre)} dimensions, and every candidate leads out "
                "of them; take other candidates or fewer columns"
            )
        notes.append(_inside(frame, found.dimension - kept.shape[1]))
    flows = frame.flow(*whole).reshape(found.dimension, -1).T @ kept
    return Space(
        (_block(found.affine, d),),
        found.to_dict(),
        flows,
        lambda directions: found.matrices(kept @ directions),
        notes=notes,
    )


def space_given(given: Given, data: DataSet, frame: Frame, mean: np.ndarray) -> Space:
    """Given generators: on (x, 1), or on x about the mean of the data.

    Args:
        mean: (D,) of all data.

    Raises:
        InputError: they do not fit x.
    """
    d = data.d
    matrices = given.part("homogeneous")
    affine = matrices is not None
    if matrices is None:
        matrices = given.part("space")
    if matrices is not None and not affine and matrices.shape[1] == d + 1 and not matrices[:, -1].any():
        affine = True
    if matrices is None or matrices.shape[1] != d + affine or not len(matrices):
        size = 0 if matrices is None else matrices.shape[1]
        raise InputError(f"--generators: they act on {size} coordinates, x has {d}")
    stack = np.asarray(matrices, dtype=float)
    linear, shifts = stack[:, :d, :d], stack[:, :d, d] if affine else np.zeros((len(stack), d))
    whole, moved = _on_channels(linear, shifts, data.channels)
    if not affine:
        moved = -whole @ mean
    necessary = None
    leading, size = frame.leading_out(whole, moved), frame.flow(whole, moved)
    if np.abs(leading).max(initial=0.0) > 1e-6 * max(float(np.abs(size).max(initial=0.0)), 1e-300):
        necessary = "they move the data out of the subspace in which they lie"
    return Space(
        (_block(affine, d),),
        {"space": "given", "dimension": len(stack)},
        size.reshape(len(stack), -1).T,
        lambda directions: np.tensordot(directions.T, stack, axes=1),
        necessary=necessary,
        notes=[] if affine else ["the given generators were taken to act about the mean of the data"],
    )


def _block(affine: bool, d: int) -> Block:
    if affine:
        return Block("homogeneous", 0, d + 1, "units of x, and a 1")
    return Block("space", 0, d, "units of x")


def _on_channels(linear: np.ndarray, shifts: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The same action on each of the channels, the coordinates flattened as (s, c)."""
    if channels == 1:
        return linear, shifts
    return np.stack([np.kron(part, np.eye(channels)) for part in linear]), np.repeat(shifts, channels, axis=1)


def _every_affine(frame: Frame) -> Space:
    size, r = len(frame.centre), frame.rank

    def embed(directions: np.ndarray) -> np.ndarray:
        return frame.back(directions.T.reshape(-1, r, r + 1))

    space = Space((_block(True, size),), {"space": AFFINE, "dimension": r * (r + 1)}, None, embed)
    if r == size:
        return space
    unused = size * (size - r)
    return Space(
        space.blocks,
        space.description,
        None,
        embed,
        unused,
        notes=[f"{_inside(frame, r * (size - r))}; {unused} move only what these data never vary: unused"],
    )


def _every_linear(frame: Frame) -> Space:
    r = frame.rank
    matrices = frame.root @ np.eye(r * r).reshape(-1, r, r) @ frame.inverse
    flows = frame.flow(matrices, np.zeros((r * r, r))).reshape(r * r, -1).T
    return Space(
        (_block(False, r),),
        {"space": LINEAR, "dimension": r * r},
        flows,
        lambda directions: np.tensordot(directions.T, matrices, axes=1),
    )


def _inside(frame: Frame, out: int) -> str:
    return (
        f"x lies in {frame.rank} of {len(frame.centre)} dimensions: {out} candidates lead out of them, so they are no "
        "symmetries, and are left out"
    )


def _null(matrix: np.ndarray, floor: float) -> np.ndarray:
    """(K, k): orthonormal basis of what a matrix (., K) takes to nothing."""
    if len(matrix) > matrix.shape[1]:
        matrix = np.asarray(np.linalg.qr(matrix, mode="r"))
    _, sizes, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((sizes > floor).sum())
    return np.asarray(right[rank:].T)
