"""`equivariant_basis`: the invariant vectors of a representation, word by word."""

from __future__ import annotations

import numpy as np

from .basis import Basis, Part
from .group import Group
from .groups import group as as_group
from .kernels import Explicit, Kernel
from .parse import parse_rep
from .rep import Map, Rep, Word, kronecker, kronecker_sum


def equivariant_basis(group: object, rep: Rep | str, solver: str = "auto", snap: bool = True) -> Basis:
    """All v with rho(g) v = v for every g of a group; for maps, all W with rho_out(g) W = W rho_in(g)."""
    chosen = group if isinstance(group, Group) else as_group(group)  # type: ignore[arg-type]
    rep = parse_rep(rep) if isinstance(rep, str) else rep
    kernels: dict[Word, Kernel] = {}
    parts, first, gaps = [], 0, []
    for piece in rep.pieces(chosen):
        if piece.word not in kernels:
            kernels[piece.word], gap = _dense(chosen, piece.word)
            gaps.append(gap)
        kernel = kernels[piece.word]
        if not kernel.rank:
            continue
        part = Part(piece, piece.places(chosen.sizes), kernel, first)
        parts.append(part)
        first += part.copies * kernel.rank
    size = rep.size(chosen)
    shape = (rep.target.size(chosen), rep.source.size(chosen)) if isinstance(rep, Map) else None
    known = [gap for gap in gaps if gap is not None]
    return Basis(rep, chosen.sizes, tuple(parts), size, 0.0, min(known) if known else None, "dense", shape=shape)


def _dense(group: Group, word: Word) -> tuple[Kernel, float | None]:
    rows = []
    for a in group.lie:
        rows.append(kronecker_sum([-group.block(a, b).T if dual else group.block(a, b) for b, dual in word]))
    for h in group.discrete:
        letters = [np.linalg.inv(group.block(h, b)).T if dual else group.block(h, b) for b, dual in word]
        matrix = kronecker(letters)
        rows.append(matrix - np.eye(len(matrix)))
    m = int(np.prod([group.sizes[b] for b, _ in word]))
    gram = sum((row.T @ row for row in rows), np.zeros((m, m)))
    values, vectors = np.linalg.eigh(gram)
    s = np.sqrt(np.maximum(values, 0.0))
    rank = int((s <= 1e-6 * s[-1]).sum())
    gap = float(s[rank] / max(s[rank - 1], 1e-8)) if 0 < rank < m else None
    return Explicit(np.ascontiguousarray(vectors[:, :rank])), gap
