"""How generators act on the x and y of labelled data: a group, and a representation for each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError
from ..symmetry import Symmetry
from .layout import SCALAR, Layout, Space

if TYPE_CHECKING:
    from ..equivariant import Group, Rep

SAME = 1e-6
"""Relative difference up to which an action on y counts as a tensor power of that on x."""


@dataclass(frozen=True)
class Acting:
    """A group and what it does to flattened x (d space points, then m channels) and y.

    Attributes:
        group: acting. source, target: layouts of x and y. rep: as text.
        notes: what was assumed. ones: how many numbers 1 follow x (homogeneous coordinates: one a channel).
    """

    group: Group
    source: Layout
    target: Layout
    rep: str
    notes: list[str] = field(default_factory=list)
    ones: int = 0


class Action(NamedTuple):
    """What generators do.

    Attributes:
        space: (k, v, v) on x. output: (k, c, c) on y; None: y is invariant. noise: error of the generators over their
        size, where it is known: bases then allow for it. homogeneous: they act on (x, 1), translations included.
    """

    space: np.ndarray
    output: np.ndarray | None = None
    noise: float | None = None
    homogeneous: bool = False


def acting(
    action: Action, d: int, channels: int, outputs: int, rep: str | None = None, *, pairs: bool = False
) -> Acting:
    """From generators to representations.

    Args:
        action: of the generators; `rep` may give y another one.
        d, channels: of x; outputs: size of y.
        rep: such as `5*Scalar + 5*V -> V*V`; V is the smallest block that the generators repeat, or the whole.
            Default: copies of V for x; for y the given action.
        pairs: x and y are points of one space: where the generators say nothing of y, it moves as x does.

    Raises:
        InputError: no generators, or sizes that do not fit.
    """
    from ..equivariant import Group, parse_rep

    space, output, noise, homogeneous = action
    if not len(space):
        raise InputError("there are no generators to build a network from: k = 0")
    if homogeneous:
        if pairs:
            raise InputError(
                "these generators move the origin, and y with it: no network is built for that; leave `affine` out of "
                "--candidates"
            )
        linear = acting(action._replace(homogeneous=False), d + 1, channels, outputs, rep)
        return replace(linear, ones=channels, notes=[*linear.notes, "V is (x, 1): the generators move the origin"])
    small = smallest_block(space)
    if rep is not None:
        return _stated(parse_rep(rep), rep, [small, space], action, d, channels, outputs)
    size = space.shape[1]
    if d % len(small[0]) or (output is not None and d != size):
        raise InputError(
            f"the generators are {size} x {size} matrices, but each x has {d} dimensions; say with --rep what x is "
            "made of, such as '5*Scalar + 5*V -> Scalar'"
        )
    copies, notes = d // len(small[0]), []
    if copies * len(small[0]) != size:
        notes.append(f"x was read as {copies} vectors that the generators move alike")
    source = _repeated("V1", len(small[0]), copies, channels)
    if output is None and pairs:
        if outputs != source.size:
            raise InputError(f"x and y are pairs, of {source.size} and {outputs} numbers; say with --rep how y moves")
        notes.append("x and y are pairs: y was read as moving with x")
        return Acting(Group(small, noise=noise), source, source, _text(source, _text(source)), notes)
    if output is None:
        target = Layout((Space(SCALAR, outputs, 1),))
        return Acting(
            Group(small, noise=noise),
            source,
            target,
            _text(source, "Scalar" if outputs == 1 else f"{outputs}*Scalar"),
            notes,
        )
    if output.shape[1] != outputs:
        raise InputError(f"the result's action on y has size {output.shape[1]}, but y has {outputs} columns")
    chosen = Group(small, noise=noise)
    known = _recognised(chosen, output)
    if known is not None:
        return Acting(chosen, source, Layout.of(known, chosen), _text(source, known.text), notes)
    both = _side_by_side(small, output, noise)
    target = Layout((Space("V2", 1, outputs),))
    return Acting(both, source, target, _text(source, "V2"), notes)


def smallest_block(generators: np.ndarray) -> np.ndarray:
    """(k, b, b): the generators are this action on each of d / b blocks, b as small as may be."""
    d = generators.shape[1]
    for b in range(1, d):
        if d % b:
            continue
        first = generators[:, :b, :b]
        alike = np.kron(np.eye(d // b), first)
        if np.abs(alike - generators).max() <= 1e-9 * np.abs(generators).max():
            return first
    return generators


def action_of(generators: Symmetry | np.ndarray) -> Action:
    """The action of a result, with the noise that its evidence leaves, or of plain matrices.

    What brackets add to certified generators (`closure` in the result) is part of the group that they generate: without
    it noisy ones would close to something larger.

    Raises:
        InputError: an action on something other than x, such as phase space, or a factored result.
    """
    if not isinstance(generators, Symmetry):
        return Action(np.asarray(generators, dtype=np.float64))
    roles = [block.role for block in generators.blocks]
    on_x = [role for role in roles if role != "output"]
    if on_x not in (["space"], ["homogeneous"]):
        raise InputError(
            f"these generators act on {', '.join(roles)}; networks are built from actions on x (block `space`, or "
            "`homogeneous` with translations)"
        )
    matrices = generators.generated()
    part = {block.role: matrices[:, block.start : block.stop, block.start : block.stop] for block in generators.blocks}
    output = part.get("output")
    moves = output is not None and np.abs(output).max(initial=0.0) > 0
    # A direction that is off by an angle has a defect of about its sine: the bound on the defect bounds the noise.
    bounds = generators.defect_upper[np.isfinite(generators.defect_upper)]
    noise = float(np.clip(bounds.max(), 1e-9, generators.tolerance)) if len(bounds) else generators.tolerance
    return Action(part[on_x[0]], output if moves else None, noise, on_x == ["homogeneous"])


def _stated(
    rep: Rep, text: str, choices: list[np.ndarray], action: Action, d: int, channels: int, outputs: int
) -> Acting:
    from ..equivariant import Group, Map

    if not isinstance(rep, Map):
        raise InputError(f"--rep {text}: write maps, such as 'V+V -> Scalar'")
    if channels != 1:
        raise InputError(f"--rep {text}: x has {channels} channels; leave --rep out, or give them as dimensions (s)")
    output, noise, tried = action.output, action.noise, []
    for matrices in choices:
        chosen = (
            Group(matrices, noise=noise)
            if output is None or "V2" not in text
            else _side_by_side(matrices, output, noise)
        )
        sizes = rep.source.size(chosen), rep.target.size(chosen)
        if sizes == (d, outputs):
            return Acting(chosen, Layout.of(rep.source, chosen), Layout.of(rep.target, chosen), rep.text)
        tried.append(f"{sizes[0]} -> {sizes[1]} with V of size {matrices.shape[1]}")
    raise InputError(f"--rep {text}: that is {' or '.join(dict.fromkeys(tried))}, but the data are {d} -> {outputs}")


def _recognised(group: Group, output: np.ndarray) -> Rep | None:
    """V, V*, V*V, V*V*, or copies of one of them, if that is the action on y."""
    from ..equivariant import V

    c = output.shape[1]
    for word in (V, V.T, V * V, V * V.T, V.T * V.T):
        size = word.size(group)
        if c % size:
            continue
        rep = (c // size) * word
        made = np.stack([rep.drho(group, one) for one in group.lie])
        if np.abs(made - output).max() <= SAME * np.abs(output).max():
            return rep
    return None


def _side_by_side(space: np.ndarray, output: np.ndarray, noise: float | None) -> Group:
    from ..equivariant import Block, Group

    b, c = space.shape[1], output.shape[1]
    joint = np.zeros((len(space), b + c, b + c))
    joint[:, :b, :b], joint[:, b:, b:] = space, output
    return Group(joint, noise=noise, blocks=[Block("V1", 0, b), Block("V2", b, b + c)])


def _repeated(label: str, size: int, copies: int, channels: int) -> Layout:
    """Vectors of one word in x (d, m) flattened row by row: one for each block of d and each channel."""
    spaces = (Space(label, copies * channels, size),)
    if channels == 1:
        return Layout(spaces)
    order = np.arange(copies * size * channels).reshape(copies, size, channels).transpose(0, 2, 1)
    return Layout(spaces, tuple(int(place) for place in order.ravel()))


def _text(source: Layout, target: str | None = None) -> str:
    copies = source.spaces[0].copies
    own = f"{'' if copies == 1 else f'{copies}*'}V"
    return own if target is None else f"{own} -> {target}"
