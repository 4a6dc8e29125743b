"""Perceptrons: the equivariant one of a group, the plain one, and the units of the data around either.

Source: Finzi, Welling, Wilson (ICML 2021), section "Network architecture".
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .bases import Bases
from .equivariant import Bilinear, EquivariantLinear, Gated, gated_layout
from .layout import Layout, direct_sum

if TYPE_CHECKING:
    from ..equivariant import Group, Rep

SHORTCUT = 0.3
"""Weight of the bilinear layer beside its shortcut (the reference has 0.1)."""


class EMLP(nn.Module):
    """Blocks of equivariant linear layer, bilinear layer with a shortcut, gated nonlinearity; a linear layer last.

    Args:
        blocks: (linear, bilinear, gated) of each block. last: the final linear layer.

    Shapes:
        input (..., size of rep_in), output (..., size of rep_out).

    Example:
        >>> import torch
        >>> from symdisc.equivariant import Scalar, V, group
        >>> net = EMLP.of(group("SO(3)"), 2 * V, Scalar, channels=32, layers=2)
        >>> net(torch.randn(10, 6)).shape
        torch.Size([10, 1])
    """

    def __init__(self, blocks: list[tuple[EquivariantLinear, Bilinear, Gated]], last: EquivariantLinear) -> None:
        super().__init__()
        self.linear = nn.ModuleList(linear for linear, _, _ in blocks)
        self.bilinear = nn.ModuleList(bilinear for _, bilinear, _ in blocks)
        self.gated = nn.ModuleList(gated for _, _, gated in blocks)
        self.last = last

    @classmethod
    def of(
        cls,
        group: Group | Bases,
        rep_in: Rep | Layout,
        rep_out: Rep | Layout,
        *,
        channels: int = 96,
        layers: int = 3,
        order: int = 2,
        products: int = 8,
        seed: int = 0,
        dtype: torch.dtype | None = None,
    ) -> EMLP:
        """The perceptron of a group, its bases solved for.

        Args:
            group: as `symdisc.equivariant.group` makes it. rep_in, rep_out: how it acts on x and on y.
            channels: width of the hidden layers, shared among tensors of order 0 to `order`.
            layers: hidden layers. products: of the bilinear layers.
            seed: of the weights. dtype: of weights and bases.

        Raises:
            InputError: sizes below 1.
        """
        if min(channels, layers, products) < 1 or order < 0:
            raise InputError("channels, layers and products are whole numbers from 1, order from 0")
        solved = Bases.of(group)
        source, target = (r if isinstance(r, Layout) else Layout.of(r, solved.group) for r in (rep_in, rep_out))
        hidden = hidden_layout(solved, source, target, channels, order)
        wide, blocks, before = gated_layout(hidden), [], source
        for number in range(layers):
            linear = EquivariantLinear.of(solved, before, wide, seed=_seed(seed, 2 * number), dtype=dtype)
            bilinear = Bilinear.of(solved, wide, wide, products=products, seed=_seed(seed, 2 * number + 1), dtype=dtype)
            blocks.append((linear, bilinear, Gated(hidden)))
            before = hidden
        return cls(blocks, EquivariantLinear.of(solved, before, target, seed=_seed(seed, 2 * layers), dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        """(..., size of rep_out) for x (..., size of rep_in)."""
        for linear, bilinear, gated in zip(self.linear, self.bilinear, self.gated, strict=True):
            x = linear(x)
            x = gated(x + SHORTCUT * bilinear(x))
        return self.last(x)

    @property
    def _first(self) -> tuple[EquivariantLinear, Bilinear, Gated]:
        return self.linear[0], self.bilinear[0], self.gated[0]  # type: ignore[return-value]

    @property
    def hidden(self) -> Layout:
        """Layout of the hidden features."""
        return self._first[2].layout

    def configuration(self) -> dict[str, Any]:
        """What `from_configuration` makes an equal module of, but for its values."""
        first, bilinear, gated = self._first
        return {
            "kind": "emlp",
            "source": first.source.to_dict(),
            "hidden": gated.layout.to_dict(),
            "target": self.last.target.to_dict(),
            "products": bilinear.products,
            "linear": [_ranks(layer) for layer in (*self.linear, self.last)],
            "bilinear": [[*triple, rank] for triple, rank in _bilinear_ranks(bilinear)],
        }

    @classmethod
    def from_configuration(cls, form: dict[str, Any], dtype: torch.dtype | None = None) -> EMLP:
        """A module of that shape, to be filled by `load_state_dict`."""
        source, hidden, target = (Layout.from_dict(form[name]) for name in ("source", "hidden", "target"))
        wide, blocks, before = gated_layout(hidden), [], source
        triples = {
            (c, a, b): torch.zeros(rank, wide.spaces[c].size, wide.spaces[a].size * wide.spaces[b].size)
            for c, a, b, rank in form["bilinear"]
        }
        for ranks in form["linear"][:-1]:
            linear = _empty(before, wide, ranks, dtype)
            blocks.append(
                (linear, Bilinear(wide, wide, triples, products=form["products"], dtype=dtype), Gated(hidden))
            )
            before = hidden
        return cls(blocks, _empty(before, target, form["linear"][-1], dtype))


class MLP(nn.Module):
    """A plain perceptron with the nonlinearity x sigmoid(x) of the gated scalars.

    Args:
        size_in, size_out: of x and y. width: of the hidden layers. layers: hidden layers.
        seed: of the weights. dtype: of the weights.
    """

    def __init__(
        self, size_in: int, size_out: int, *, width: int = 96, layers: int = 3, seed: int = 0, dtype: Any = None
    ) -> None:
        super().__init__()
        self.sizes = (size_in, size_out, width, layers)
        widths = [size_in, *[width] * layers, size_out]
        rng = torch.Generator().manual_seed(seed)
        self.layers = nn.ModuleList()
        for a, b in pairwise(widths):
            layer = nn.utils.skip_init(nn.Linear, a, b, dtype=dtype)
            with torch.no_grad():
                for values in (layer.weight, layer.bias):
                    values.copy_((2 * torch.rand(values.shape, generator=rng) - 1) / math.sqrt(a))
            self.layers.append(layer)

    def forward(self, x: Tensor) -> Tensor:
        """(..., size_out) for x (..., size_in)."""
        for layer in self.layers[:-1]:
            x = torch.nn.functional.silu(layer(x))
        return self.layers[-1](x)

    def configuration(self) -> dict[str, Any]:
        """What `from_configuration` makes an equal module of, but for its values."""
        return {"kind": "mlp", "sizes": list(self.sizes)}

    @classmethod
    def from_configuration(cls, form: dict[str, Any], dtype: torch.dtype | None = None) -> MLP:
        """A module of that shape, to be filled by `load_state_dict`."""
        size_in, size_out, width, layers = form["sizes"]
        return cls(size_in, size_out, width=width, layers=layers, dtype=dtype)

    @staticmethod
    def width_for(parameters: int, size_in: int, size_out: int, layers: int) -> int:
        """The width whose number of parameters comes nearest."""
        a, b, c = layers - 1, size_in + size_out + layers, size_out - parameters
        exact = -c / b if a == 0 else (math.sqrt(b * b - 4 * a * c) - b) / (2 * a) if c < 0 else 1.0
        return max(1, round(exact))


def hidden_layout(group: Group | Bases, source: Layout, target: Layout, channels: int, order: int) -> Layout:
    """Channels shared equally among the tensor orders 0 to `order`, and within an order among its words.

    The words are products of the letters that occur in x and y, with their duals where these are not equivalent, and
    the words of y. Words too large for their share are left out.
    """
    from ..equivariant import Scalar, V, parse_rep

    solved = Bases.of(group)
    words = [parse_rep(space.label) for layout in (source, target) for space in layout.spaces]
    blocks = [block for word in words for piece in word.pieces(solved.group) for block, _ in piece.word]
    letters: list[Rep] = []
    for block in dict.fromkeys(blocks):
        letter = V[block + 1]
        letters.append(letter)
        if not solved.self_dual(letter.text):
            letters.append(letter.T)
    by_order: list[list[Rep]] = [[Scalar]]
    for _ in range(order):
        longer = [word * letter for word in by_order[-1] for letter in letters]
        by_order.append(list(dict.fromkeys(longer)))
    wanted = [parse_rep(space.label) for space in target.spaces if not space.scalar]
    known = {word for words in by_order for word in words}
    extra = [word for word in dict.fromkeys(wanted) if word not in known]
    by_order += [extra] if extra else []
    left, counts = channels, {}
    for place in range(len(by_order) - 1, -1, -1):
        words = by_order[place]
        for number, word in enumerate(words):
            share = left // (place + 1) // max(1, len(words) - number) if place else left
            size = word.size(solved.group)
            copies = max(share // size, 1 if word in wanted or place == 0 else 0)
            counts[word] = copies
            left -= copies * size
    ordered = [word for words in by_order for word in words]
    return direct_sum([(word, counts[word]) for word in ordered], solved.group)


def _seed(seed: int, number: int) -> int:
    return 1000 * seed + number


def _ranks(layer: EquivariantLinear) -> dict[str, list[list[int]]]:
    return {
        "maps": [[b, a, len(getattr(layer, f"basis_{b}_{a}"))] for b, a in layer.pairs],
        "invariants": [[b, len(getattr(layer, f"invariant_{b}"))] for b in layer.biased],
    }


def _bilinear_ranks(layer: Bilinear) -> list[tuple[tuple[int, int, int], int]]:
    return [((c, a, b), len(getattr(layer, f"basis_{c}_{a}_{b}"))) for c, a, b in layer.triples]


def _empty(source: Layout, target: Layout, ranks: dict[str, Any], dtype: torch.dtype | None) -> EquivariantLinear:
    bases = {(b, a): torch.zeros(rank, target.spaces[b].size, source.spaces[a].size) for b, a, rank in ranks["maps"]}
    invariants = {b: torch.zeros(rank, target.spaces[b].size) for b, rank in ranks["invariants"]}
    return EquivariantLinear(source, target, bases, invariants, dtype=dtype)
