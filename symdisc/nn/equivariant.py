"""Equivariant layers of a perceptron: linear, gated nonlinearity, bilinear.

Source: Finzi, Welling, Wilson, A Practical Method for Constructing Equivariant Multilayer Perceptrons for Arbitrary
Matrix Groups (ICML 2021). The weights are coordinates in the bases of equivariant maps, so every value of them is
equivariant. Modules hold bases as tensors: a saved model needs no solver.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .bases import Bases
from .layout import SCALAR, Layout, Space

if TYPE_CHECKING:
    from ..equivariant import Group, Rep

Pair = tuple[int, int]
"""Numbers of an output space and of an input space."""
Triple = tuple[int, int, int]
"""Numbers of an output space and of two input spaces."""


class EquivariantLinear(nn.Module):
    """y = W x + b, W any equivariant map and b any invariant vector.

    Between spaces of copies_in and copies_out words, W is a (copies_out, copies_in, rank) array of weights times the
    (rank, size_out, size_in) basis of the maps of one word.

    Args:
        source, target: layouts of x and y.
        bases: (output space, input space) -> (rank, size_out, size_in) orthonormal maps.
        invariants: output space -> (rank, size_out) orthonormal invariant vectors.
        seed: of the weights: those that keep the variance of N(0, I). dtype: of weights and bases.

    Shapes:
        input (..., source.size), output (..., target.size).
    """

    def __init__(
        self,
        source: Layout,
        target: Layout,
        bases: Mapping[Pair, Tensor],
        invariants: Mapping[int, Tensor],
        *,
        seed: int = 0,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.from_source: Tensor | None
        self.to_target: Tensor | None
        self.source, self.target = source, target
        self.pairs = tuple(pair for pair, basis in bases.items() if len(basis))
        self.biased = tuple(b for b, basis in invariants.items() if len(basis))
        rng = torch.Generator().manual_seed(seed)
        for b, a in self.pairs:
            basis = bases[b, a]
            # Each map of norm 1 gives a vector of mean square 1 / size for N(0, 1): all together shall give 1.
            fan = sum(source.spaces[i].copies * len(bases[j, i]) for j, i in self.pairs if j == b)
            size = (target.spaces[b].copies, source.spaces[a].copies, len(basis))
            scale = math.sqrt(target.spaces[b].size / fan)
            self.register_buffer(f"basis_{b}_{a}", basis.to(dtype or torch.get_default_dtype()))
            self.register_parameter(f"weight_{b}_{a}", _parameter(size, scale, rng, dtype))
        for b in self.biased:
            self.register_buffer(f"invariant_{b}", invariants[b].to(dtype or torch.get_default_dtype()))
            self.register_parameter(
                f"bias_{b}", _parameter((target.spaces[b].copies, len(invariants[b])), 0, rng, dtype)
            )
        self.register_buffer("from_source", source.inverse(), persistent=False)
        self.register_buffer("to_target", target.inverse(), persistent=False)

    @classmethod
    def of(
        cls,
        group: Group | Bases,
        rep_in: Rep | Layout,
        rep_out: Rep | Layout,
        *,
        seed: int = 0,
        dtype: torch.dtype | None = None,
    ) -> EquivariantLinear:
        """The layer of a group, its bases solved for.

        Args:
            group: as `symdisc.equivariant.group` makes it. rep_in, rep_out: how it acts on x and on y.

        Example:
            >>> from symdisc.equivariant import Scalar, V, group
            >>> EquivariantLinear.of(group("SO(3)"), 2 * V + Scalar, V + Scalar)
            EquivariantLinear(2 V1 + Scalar -> V1 + Scalar, 4 weights)
        """
        solved = Bases.of(group)
        source, target = (r if isinstance(r, Layout) else Layout.of(r, solved.group) for r in (rep_in, rep_out))
        bases = {
            (b, a): solved.maps((one.label,), out.label)
            for b, out in enumerate(target.spaces)
            for a, one in enumerate(source.spaces)
        }
        constant = {b: solved.invariants(out.label) for b, out in enumerate(target.spaces)}
        return cls(source, target, bases, constant, seed=seed, dtype=dtype)

    def matrix(self) -> Tensor:
        """(target.size, source.size): W."""
        like = next(self.parameters())
        rows = []
        for b, out in enumerate(self.target.spaces):
            blocks = []
            for a, one in enumerate(self.source.spaces):
                if (b, a) in self.pairs:
                    weight, basis = getattr(self, f"weight_{b}_{a}"), getattr(self, f"basis_{b}_{a}")
                    block = (weight @ basis.flatten(1)).unflatten(-1, basis.shape[1:]).transpose(1, 2)
                    block = block.reshape(out.width, one.width)
                else:
                    block = like.new_zeros(out.width, one.width)
                blocks.append(block)
            rows.append(torch.cat(blocks, dim=1))
        whole = torch.cat(rows)
        if self.from_source is not None:
            whole = whole[:, self.from_source]
        return whole if self.to_target is None else whole[self.to_target]

    def offset(self) -> Tensor | None:
        """(target.size,): b; None where no vector is invariant."""
        if not self.biased:
            return None
        like, parts = next(self.parameters()), []
        for b, out in enumerate(self.target.spaces):
            if b in self.biased:
                parts.append((getattr(self, f"bias_{b}") @ getattr(self, f"invariant_{b}")).reshape(-1))
            else:
                parts.append(like.new_zeros(out.width))
        whole = torch.cat(parts)
        return whole if self.to_target is None else whole[self.to_target]

    def forward(self, x: Tensor) -> Tensor:
        """(..., target.size) for x (..., source.size)."""
        if not self.pairs:
            flat = x.new_zeros((*x.shape[:-1], self.target.size))
            offset = self.offset() if self.biased else None
            return flat if offset is None else flat + offset
        return torch.nn.functional.linear(x, self.matrix(), self.offset())

    def extra_repr(self) -> str:
        """For `print`."""
        weights = sum(parameter.numel() for parameter in self.parameters())
        return f"{self.source} -> {self.target}, {weights} weights"


class Gated(nn.Module):
    """Every copy of a word times a sigmoid of its own scalar; scalars are their own gates, x sigmoid(x).

    Args:
        layout: of the output, scalars first, in the order of its spaces.

    Shapes:
        input (..., gates + layout.size), the gates in front, one for each copy that is not a scalar; output
        (..., layout.size). `gated_layout` is the input's.
    """

    index: Tensor

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        gates = count_gates(layout)
        index, place, gate = [], gates, 0
        for space in layout.spaces:
            for _ in range(space.copies):
                index += [place if space.scalar else gate] * space.size
                place, gate = place + space.size, gate + (not space.scalar)
        self.register_buffer("index", torch.tensor(index, dtype=torch.long), persistent=False)
        self.gates = gates
        self._used = max(index, default=-1) + 1

    def forward(self, x: Tensor) -> Tensor:
        """(..., layout.size) for x (..., gates + layout.size)."""
        gates = torch.sigmoid(x[..., : self._used])
        return x[..., self.gates :] * gates.index_select(-1, self.index)

    def extra_repr(self) -> str:
        """For `print`."""
        return f"{self.layout}, {self.gates} gates"


def count_gates(layout: Layout) -> int:
    """How many gates a layout takes."""
    return sum(space.copies for space in layout.spaces if not space.scalar)


def gated_layout(layout: Layout) -> Layout:
    """A layout (scalars first) with its gates in front of it."""
    scalars = sum(space.copies for space in layout.spaces if space.scalar)
    rest = tuple(space for space in layout.spaces if not space.scalar)
    return Layout((Space(SCALAR, scalars + count_gates(layout), 1), *rest))


class Bilinear(nn.Module):
    """Products of copies of two words, mapped by every equivariant bilinear map to all words of the output.

    For each pair of words (a, b), p products l (x) r of mixtures l of the copies of a and r of those of b; then
    y_c = sum_pr w_cpr Q_r (l_p (x) r_p). The contraction Reshape(v_a) v_b of the paper is one of the maps Q_r; all of
    them together are complete in any frame, and the cost is linear in the number of copies. Products of two scalars
    are left out: gates make them.

    Args:
        source, target: layouts without places.
        bases: (output space, input space, input space) -> (rank, size_out, size_in * size_in) orthonormal maps.
        products: p, no more than the copies of either word.
        seed: of the weights. dtype: of weights and bases.

    Shapes:
        input (..., source.size), output (..., target.size).
    """

    def __init__(
        self,
        source: Layout,
        target: Layout,
        bases: Mapping[Triple, Tensor],
        *,
        products: int = 8,
        seed: int = 0,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.source, self.target, self.products = source, target, products
        self.triples = tuple(triple for triple, basis in bases.items() if len(basis))
        self.pairs = tuple(dict.fromkeys((a, b) for _, a, b in self.triples))
        rng = torch.Generator().manual_seed(seed)
        for a, b in self.pairs:
            p, left, right = self._products(a, b), source.spaces[a].copies, source.spaces[b].copies
            self.register_parameter(f"left_{a}_{b}", _parameter((p, left), left**-0.5, rng, dtype))
            self.register_parameter(f"right_{a}_{b}", _parameter((p, right), right**-0.5, rng, dtype))
        for c, a, b in self.triples:
            basis, p, out = bases[c, a, b], self._products(a, b), target.spaces[c]
            terms = sum(self._products(i, j) * len(bases[k, i, j]) for k, i, j in self.triples if k == c)
            self.register_buffer(f"basis_{c}_{a}_{b}", basis.to(dtype or torch.get_default_dtype()))
            scale = math.sqrt(out.size / terms)
            self.register_parameter(f"weight_{c}_{a}_{b}", _parameter((out.copies, p, len(basis)), scale, rng, dtype))

    @classmethod
    def of(
        cls,
        group: Group | Bases,
        source: Layout,
        target: Layout,
        *,
        products: int = 8,
        largest: int = 256,
        seed: int = 0,
        dtype: torch.dtype | None = None,
    ) -> Bilinear:
        """The layer of a group; maps of more than `largest` entries are left out."""
        solved = Bases.of(group)
        bases: dict[Triple, Tensor] = {}
        for c, out in enumerate(target.spaces):
            for a, left in enumerate(source.spaces):
                for b, right in enumerate(source.spaces[a:], a):
                    if (left.scalar and right.scalar) or out.size * left.size * right.size > largest:
                        continue
                    bases[c, a, b] = solved.maps((left.label, right.label), out.label)
        return cls(source, target, bases, products=products, seed=seed, dtype=dtype)

    def _products(self, a: int, b: int) -> int:
        return min(self.products, max(self.source.spaces[a].copies, self.source.spaces[b].copies))

    def forward(self, x: Tensor) -> Tensor:
        """(..., target.size) for x (..., source.size)."""
        # Samples come last inside: every product is then one of large matrices, and nothing is copied between them.
        flat = x.reshape(-1, x.shape[-1]).T.contiguous()
        mixed = self._mixed(flat)
        terms: list[list[Tensor]] = [[] for _ in self.target.spaces]
        for a, b in self.pairs:
            left, right = mixed[f"left_{a}_{b}"], mixed[f"right_{a}_{b}"]
            outputs = [c for c, *pair in self.triples if pair == [a, b]]
            bases = [getattr(self, f"basis_{c}_{a}_{b}").flatten(0, 1) for c in outputs]
            maps, (p, size, n) = torch.cat(bases), left.shape
            if len(maps) < right.shape[1]:  # Fewer numbers than the products have.
                wanted = maps.reshape(len(maps) * size, -1).expand(p, -1, -1)
                made = (torch.bmm(wanted, right).unflatten(1, (len(maps), size)) * left[:, None]).sum(2)
            else:
                made = torch.bmm(maps.expand(p, -1, -1), (left[:, :, None] * right[:, None]).flatten(1, 2))
            for c, part in zip(outputs, made.split([len(basis) for basis in bases], dim=1), strict=True):
                width = self.target.spaces[c].size
                terms[c].append(part.reshape(p * part.shape[1] // width, width * n))
        whole = torch.cat([self._summed(flat, c, parts) for c, parts in enumerate(terms)])
        return whole.T.reshape(*x.shape[:-1], self.target.size)

    def _mixed(self, flat: Tensor) -> dict[str, Tensor]:
        """(p, size, n): mixtures of the copies of words in flat (source.size, n), by the names of their weights."""
        made: dict[str, Tensor] = {}
        for a, part in enumerate(flat.split([space.width for space in self.source.spaces])):
            names = [f"left_{i}_{j}" for i, j in self.pairs if i == a]
            names += [f"right_{i}_{j}" for i, j in self.pairs if j == a]
            if names:
                space, weights = self.source.spaces[a], [getattr(self, name) for name in names]
                mix = torch.cat(weights) @ part.reshape(space.copies, space.size * flat.shape[1])
                pieces = mix.reshape(len(mix), space.size, flat.shape[1]).split([len(weight) for weight in weights])
                made |= zip(names, pieces, strict=True)
        return made

    def _summed(self, flat: Tensor, c: int, terms: list[Tensor]) -> Tensor:
        """(width, n): all terms (p * rank, size * n) of a word of the output, with their weights."""
        space, n = self.target.spaces[c], flat.shape[1]
        if not terms:
            return flat.new_zeros(space.width, n)
        weights = [getattr(self, f"weight_{k}_{a}_{b}").flatten(1) for k, a, b in self.triples if k == c]
        return (torch.cat(weights, dim=1) @ torch.cat(terms)).reshape(space.width, n)

    def extra_repr(self) -> str:
        """For `print`."""
        return f"{self.source} -> {self.target}, {len(self.triples)} products of words"


def _parameter(shape: tuple[int, ...], scale: float, rng: torch.Generator, dtype: torch.dtype | None) -> nn.Parameter:
    return nn.Parameter(scale * torch.randn(shape, generator=rng, dtype=dtype))
