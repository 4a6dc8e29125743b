"""Candidate generators of a labelled function: L on x, with or without translations, and what it does to y."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...symmetry import Block
from ..candidates import Candidates
from ..method import Given
from .frame import Frame

ACTIONS = "invariant, same, orthogonal, free, tensor:P,Q"
OWN = ("orthogonal", "free")
NULL = 1e-10


@dataclass(frozen=True)
class Actions:
    """K candidates.

    Attributes:
        name: as the user wrote the space and the action on y.
        generators: (K, m, m) block-diagonal; blocks: what they act on.
        space: (K, D, D + 1), delta x = L x + b on all columns of x.
        output: (K, c, c + 1), delta y likewise; zero where y is invariant.
    """

    name: str
    generators: np.ndarray
    blocks: tuple[Block, ...]
    space: np.ndarray
    output: np.ndarray

    def __len__(self) -> int:
        return len(self.generators)

    def matrices(self, directions: np.ndarray) -> np.ndarray:
        """(r, m, m) for coefficient vectors (K, r)."""
        return np.tensordot(directions.T, self.generators, axes=1)

    def to_dict(self) -> dict[str, object]:
        """JSON form."""
        return {"space": self.name, "dimension": len(self)}

    def mixed(self, coefficients: np.ndarray) -> Actions:
        """The candidates (K, k) of a subspace."""
        parts = [np.tensordot(coefficients.T, stack, axes=1) for stack in (self.generators, self.space, self.output)]
        return replace(self, generators=parts[0], space=parts[1], output=parts[2])

    @property
    def moves_output(self) -> bool:
        """Whether any of them acts on y."""
        return bool(self.output.any())


def block_size(spec: str) -> int | None:
    """B of `shared:B` in a specification."""
    for word in spec.split("+"):
        head, _, size = word.strip().partition(":")
        if head == "shared" and size.isdigit():
            return int(size)
    return None


def search_actions(found: Candidates, d: int, channels: int, outputs: int, action: str, frame: Frame) -> Actions:
    """All candidates of a search.

    Args:
        found: candidates on d coordinates, shared by all channels.
        outputs: columns of y. action: one of `ACTIONS`.

    Raises:
        InputError: the action does not fit the columns of y.
    """
    stack = found.matrices(np.eye(found.dimension))
    width = block_size(found.name) or d
    if action in OWN:
        return _with_own_output(found, stack, d, channels, outputs, action, frame)
    output = _implied(stack, found.affine, width, d, channels, outputs, action)
    return _joined(f"{found.name}, y {action}", stack, found.affine, d, channels, output)


def _implied(
    stack: np.ndarray, affine: bool, width: int, d: int, channels: int, outputs: int, action: str
) -> np.ndarray:
    """(K, c, c + 1): what follows for y from L; `width`: coordinates of the vectors that x consists of."""
    part = stack[:, :width, :width]
    if action == "invariant":
        return np.zeros((len(stack), outputs, outputs + 1))
    if action == "same" and outputs == d * channels:
        return _on_columns(stack, d, channels)
    if action == "same" and outputs == width and not affine:
        return np.concatenate([part, np.zeros((len(part), width, 1))], axis=2)
    if action == "same":
        raise InputError(
            f"--output-action same: y has {outputs} columns and x has {d * channels}; one matrix cannot act on both"
        )
    if action.startswith("tensor"):
        return _tensor(part, outputs, action, affine)
    raise InputError(f"--output-action {action}: unknown; it is one of {ACTIONS}")


def _with_own_output(
    found: Candidates, stack: np.ndarray, d: int, channels: int, outputs: int, action: str, frame: Frame
) -> Actions:
    """y moves by candidates of its own beside those of x."""
    if action == "orthogonal":
        own = _rotations(frame)
        shift = -(own @ frame.centre)[:, :, None]
    else:
        own = _all_maps(frame)
        shift = np.zeros((len(own), outputs, 1))
    count = len(stack)
    stack = np.concatenate([stack, np.zeros((len(own), *stack.shape[1:]))])
    output = np.zeros((len(stack), outputs, outputs + 1))
    output[count:] = np.concatenate([own, shift], axis=2)
    return _joined(f"{found.name}, y {action}", stack, found.affine, d, channels, output)


def _rotations(frame: Frame) -> np.ndarray:
    """(s(s-1)/2, c, c): the maps that preserve the covariance of y on its range."""
    i, j = np.triu_indices(frame.s, 1)
    turns = np.zeros((len(i), frame.s, frame.s))
    turns[np.arange(len(i)), i, j], turns[np.arange(len(i)), j, i] = 1.0, -1.0
    root = frame.expand * frame.spread
    inverse = frame.reduce / frame.spread[:, None]
    return root @ turns @ inverse


def _all_maps(frame: Frame) -> np.ndarray:
    """(K, c, c): the maps of y into itself, about its origin, on the subspace that y fills."""
    axes = frame.expand
    rest = frame.centre - axes @ (frame.reduce @ frame.centre)
    if np.linalg.norm(rest) > NULL * np.linalg.norm(frame.centre):
        axes = np.column_stack([axes, rest])
    axes = np.linalg.qr(axes)[0]
    return np.einsum("ai,bj->ijab", axes, axes).reshape(-1, len(axes), len(axes))


def _tensor(part: np.ndarray, outputs: int, action: str, affine: bool) -> np.ndarray:
    """The tensor power T(P, Q) of L, d rho(L) = sum over P factors of L and over Q of -L^T."""
    width = part.shape[1]
    try:
        p, q = (int(word) for word in action.partition(":")[2].split(","))
    except ValueError:
        raise InputError(f"--output-action {action}: write tensor:P,Q with whole numbers, such as tensor:2,0") from None
    if min(p, q) < 0 or p + q == 0 or affine:
        raise InputError(f"--output-action {action}: a tensor power needs P + Q of 1 or more, and linear candidates")
    if width ** (p + q) != outputs:
        raise InputError(
            f"--output-action {action}: y has {outputs} columns, but {p + q} factors of dimension {width} make "
            f"{width ** (p + q)}; where x is several vectors say so, --candidates linear+shared:B"
        )
    total = np.zeros((len(part), outputs, outputs))
    for place in range(p + q):
        factor = part if place < p else -np.swapaxes(part, 1, 2)
        before, after = np.eye(width**place), np.eye(width ** (p + q - place - 1))
        total += np.stack([np.kron(np.kron(before, one), after) for one in factor])
    return np.concatenate([total, np.zeros((len(part), outputs, 1))], axis=2)


def _on_columns(stack: np.ndarray, d: int, channels: int) -> np.ndarray:
    """(K, D, D + 1): [L | b] on every channel of x flattened with the channels last."""
    result = np.zeros((len(stack), d * channels, d * channels + 1))
    eye = np.eye(channels)
    result[:, :, :-1] = np.einsum("kij,cd->kicjd", stack[:, :d, :d], eye).reshape(len(stack), d * channels, -1)
    if stack.shape[1] > d:
        result[:, :, -1] = np.repeat(stack[:, :d, d], channels, axis=1)
    return result


def _joined(name: str, stack: np.ndarray, affine: bool, d: int, channels: int, output: np.ndarray) -> Actions:
    size, c = stack.shape[1], output.shape[1]
    first = Block("homogeneous", 0, size, "units of x, then 1") if affine else Block("space", 0, size, "units of x")
    generators = stack
    blocks: tuple[Block, ...] = (first,)
    if output.any():
        # Where y moves with an origin of its own the block is homogeneous too.
        moving = affine and bool(output[:, :, -1].any())
        generators = np.zeros((len(stack), size + c + moving, size + c + moving))
        generators[:, :size, :size] = stack
        generators[:, size : size + c, size : size + c] = output[:, :, :c]
        if moving:
            generators[:, size : size + c, -1] = output[:, :, -1]
        blocks = (first, Block("output", size, size + c + moving, "units of y, then 1" if moving else "units of y"))
    return Actions(name, generators, blocks, _on_columns(stack, d, channels), output)


def given_actions(given: Given, d: int, channels: int, outputs: int, action: str, frame: Frame) -> Actions:
    """Generators to be tested, as candidates.

    Raises:
        InputError: their blocks fit neither x nor y.
    """
    space = given.part("space")
    affine = space is None
    if space is None:
        space = given.part("homogeneous")
    if space is None or space.shape[1] != d + affine:
        shown = ", ".join(f"{block.role} of size {block.stop - block.start}" for block in given.blocks)
        raise InputError(f"--generators: they act on {shown}; x has {d} coordinates")
    part = given.part("output")
    if part is None and action in OWN:
        raise InputError(f"--output-action {action}: these generators do not say how y moves (no block `output`)")
    if part is None:
        output = _implied(space, affine, d, d, channels, outputs, action)
    elif part.shape[1] not in (outputs, outputs + 1):
        raise InputError(f"--generators: their block `output` acts on {part.shape[1]} columns, y has {outputs}")
    else:
        output = np.zeros((len(space), outputs, outputs + 1))
        output[:, :, : part.shape[1]] = part[:, :outputs]
        if action == "orthogonal":
            output[:, :, -1] = -(part @ frame.centre)
    return _joined("given", space, affine, d, channels, output)


def seen_actions(actions: Actions, frame: Frame) -> tuple[Actions, int, int]:
    """The candidates that keep x in the subspace that it fills, without those that move nothing there.

    Returns:
        the candidates that are left, how many directions lead out, and how many are never seen.
    """
    d, r = frame.root.shape
    if r == d:
        return actions, 0, 0
    moved = actions.space[:, :, :d] @ np.column_stack([frame.root, frame.mean])
    moved[:, :, -1] += actions.space[:, :, -1]
    size = np.sqrt((frame.root**2).sum(axis=1))
    size = np.where(size > 0, size, np.maximum(np.abs(frame.mean), 1.0))
    moved = moved / size[:, None]
    axes = np.linalg.qr(frame.root / size[:, None])[0]
    out = moved - axes @ (axes.T @ moved)
    staying = null_space(out.reshape(len(out), -1).T)
    silent = null_space(np.tensordot(staying.T, moved, axes=1).reshape(staying.shape[1], out[0].size).T)
    kept = staying @ null_space(silent.T) if silent.shape[1] else staying
    return actions.mixed(kept), len(actions) - staying.shape[1], silent.shape[1]


def null_space(rows: np.ndarray) -> np.ndarray:
    """(K, r) orthonormal coefficients that rows (q, K) send to zero."""
    _, values, right = np.linalg.svd(rows, full_matrices=True)
    rank = int((values > NULL * max(float(values.max(initial=0.0)), 1e-300)).sum())
    return right[rank:].T
