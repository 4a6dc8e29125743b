"""Which entries of a feature vector belong to which representation: the words of a direct sum, and their copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..errors import InputError

if TYPE_CHECKING:
    from ..equivariant import Group, Rep


@dataclass(frozen=True)
class Space:
    """All copies of one word, a tensor product of blocks V1, V2, ... and their duals.

    Attributes:
        label: as the representation prints, such as `V1*V1.T`; `Scalar` for the trivial one.
        copies: how often it occurs. size: its dimension.
    """

    label: str
    copies: int
    size: int

    @property
    def scalar(self) -> bool:
        """Whether the group does nothing here."""
        return self.label == SCALAR

    @property
    def width(self) -> int:
        """Entries of the feature vector."""
        return self.copies * self.size


SCALAR = "Scalar"


@dataclass(frozen=True)
class Layout:
    """A feature vector as a direct sum.

    Attributes:
        spaces: its words, in the order in which layers keep them.
        places: (size,) entry of the vector where each entry of that order stands; None: the vector is in that order.
    """

    spaces: tuple[Space, ...]
    places: tuple[int, ...] | None = None

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(space.width for space in self.spaces)

    def inverse(self) -> Tensor | None:
        """(size,) where each entry of the vector stands in the order of the spaces, or None."""
        return None if self.places is None else torch.argsort(torch.tensor(self.places))

    def copy_of(self) -> Tensor:
        """(size,) number of the copy, counted over all spaces, to which each entry of the vector belongs."""
        counts = torch.tensor([space.size for space in self.spaces for _ in range(space.copies)], dtype=torch.long)
        ordered = torch.repeat_interleave(torch.arange(len(counts)), counts)
        inverse = self.inverse()
        return ordered if inverse is None else ordered[inverse]

    def scalars(self) -> Tensor:
        """(size,) whether each entry of the vector is invariant."""
        kinds = torch.tensor([space.scalar for space in self.spaces for _ in range(space.width)], dtype=torch.bool)
        inverse = self.inverse()
        return kinds if inverse is None else kinds[inverse]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "spaces": [[space.label, space.copies, space.size] for space in self.spaces],
            "places": None if self.places is None else list(self.places),
        }

    @classmethod
    def from_dict(cls, form: dict[str, Any]) -> Layout:
        """From its JSON form.

        Raises:
            InputError: damaged.
        """
        try:
            spaces = tuple(Space(str(label), int(copies), int(size)) for label, copies, size in form["spaces"])
            places = form["places"] if form["places"] is None else tuple(int(place) for place in form["places"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the layout of a layer cannot be read ({error!r}); write the model again") from None
        layout = cls(spaces, places)
        if places is not None and sorted(places) != list(range(layout.size)):
            raise InputError("the places of a layer's entries are no permutation; write the model again")
        return layout

    @classmethod
    def of(cls, rep: Rep, group: Group) -> Layout:
        """The layout of a representation's vectors."""
        spaces, places = [], []
        for word, rows in words_of(rep, group):
            spaces.append(Space(word.text, len(rows), len(rows[0])))
            places += [place for row in rows for place in row]
        return cls(tuple(spaces), None if places == list(range(len(places))) else tuple(places))

    def __str__(self) -> str:
        return " + ".join(f"{'' if s.copies == 1 else f'{s.copies} '}{s.label}" for s in self.spaces)


def words_of(rep: Rep, group: Group) -> list[tuple[Rep, list[list[int]]]]:
    """The words of a representation as representations, each once, with the entries of every copy (copies, size)."""
    from ..equivariant import Scalar, V

    found: dict[Rep, list[list[int]]] = {}
    for piece in rep.pieces(group):
        word: Rep = Scalar
        for block, dual in piece.word:
            letter = V[block + 1]
            word = word * (letter.T if dual else letter)
        found.setdefault(word, []).extend(piece.places(group.sizes).tolist())
    return list(found.items())


def direct_sum(parts: Sequence[tuple[Rep, int]], group: Group) -> Layout:
    """The layout of so many copies of each word, in this order."""
    return Layout(tuple(Space(word.text, copies, word.size(group)) for word, copies in parts if copies))
