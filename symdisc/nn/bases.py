"""Bases of equivariant maps between words, as tensors: the one place where `nn` calls the solver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ..equivariant import Group


class Bases:
    """What a group leaves invariant, word by word, each solved for once.

    Args:
        group: as `symdisc.equivariant.group` makes it.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self._known: dict[str, Tensor] = {}

    @classmethod
    def of(cls, group: Group | Bases) -> Bases:
        """Itself, or those of a group."""
        return group if isinstance(group, Bases) else cls(group)

    def maps(self, sources: tuple[str, ...], target: str) -> Tensor:
        """(rank, size_out, size_in) float64: orthonormal equivariant maps from a product of words to a word.

        Args:
            sources, target: words as text, such as `V1*V1.T` or `Scalar`.
        """
        from ..equivariant import equivariant_basis, parse_rep

        text = f"{'*'.join(sources)} -> {target}"
        if text not in self._known:
            rep = parse_rep(text)
            found = torch.as_tensor(equivariant_basis(self.group, rep).matrices(), dtype=torch.float64)
            self._known[text] = settled(found)
        return self._known[text]

    def invariants(self, word: str) -> Tensor:
        """(rank, size) float64: orthonormal invariant vectors of a word."""
        return self.maps(("Scalar",), word)[:, :, 0]

    def self_dual(self, letter: str) -> bool:
        """Whether a block and its dual are equivalent: then words without duals are enough."""
        maps = self.maps((letter,), f"{letter}.T")
        if not len(maps):
            return False
        # A random map is invertible if any is.
        weights = torch.randn(len(maps), generator=torch.Generator().manual_seed(0), dtype=maps.dtype)
        values = torch.linalg.svdvals(torch.einsum("r,rab->ab", weights, maps))
        return bool(values[-1] > 1e-6 * values[0])


def settled(basis: Tensor) -> Tensor:
    """(rank, ...): that orthonormal basis of the same span which lies nearest to a fixed random frame.

    A solver's basis may be any. This one changes as little as its span does, so that a group found in data and the true
    one give nearly the same layer for one seed.
    """
    flat = basis.flatten(1)
    frame = torch.randn(flat.shape, generator=torch.Generator().manual_seed(0), dtype=flat.dtype)
    u, _, v = torch.linalg.svd(frame @ flat.T)
    return (u @ v @ flat).reshape(basis.shape)
