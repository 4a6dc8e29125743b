"""`Basis`: all invariant vectors of a representation, orthonormal, assembled from those of its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import InputError
from .kernels import Explicit, Kernel
from .rep import Rep
from .words import Piece

LARGEST_DENSE = 2**31
"""Bytes above which `dense()` refuses: the factors serve instead."""


@dataclass(frozen=True)
class Part:
    """All copies of one word, and the invariants of that word.

    Attributes:
        piece: the word and where its copies start.
        places: (n, m) indices of the entries of every copy in the vector of the representation.
        kernel: (m, r) orthonormal invariants, the same for every copy.
        first: number of the first column; columns run over copies, then over the invariants of one.
    """

    piece: Piece
    places: np.ndarray = field(repr=False)
    kernel: Kernel = field(repr=False)
    first: int

    @property
    def copies(self) -> int:
        """How often the word occurs."""
        return len(self.places)


class Basis:
    """Orthonormal invariant vectors of a representation: the columns of Q (size, rank).

    Attributes:
        rep: the representation; a basis of maps where it is `source >> target`.
        size, rank: of Q.
        parts: the words that have invariants, with these; most of Q is zero, and repeated.
        residual: the largest size of drho(A_i) v and of rho(h_k) v - v over unit vectors v of the basis, A_i of norm 1.
        gap: how clearly the rank shows; smallest singular value taken as nonzero over the largest taken as zero, or
            over the threshold.
        solver: how it was found.
        snapped: whether the generators were first moved to the nearest exact algebra.
        notes: what a user should know.
        steps: a line for each word that was solved.
    """

    def __init__(
        self,
        rep: Rep,
        sizes: tuple[int, ...],
        parts: tuple[Part, ...],
        size: int,
        residual: float,
        gap: float | None,
        solver: str,
        snapped: bool = False,
        notes: tuple[str, ...] = (),
        steps: tuple[str, ...] = (),
        shape: tuple[int, int] | None = None,
    ) -> None:
        self.rep, self.sizes, self.parts = rep, sizes, parts
        self.size, self.rank = size, sum(part.copies * part.kernel.rank for part in parts)
        self.residual, self.gap, self.solver, self.snapped, self.notes = residual, gap, solver, snapped, notes
        self.steps, self.shape = steps, shape

    def dense(self) -> np.ndarray:
        """Q as a (size, rank) float64 array with orthonormal columns.

        Raises:
            ResourceError: it would take more than 2 GiB; `coordinates`, `combine` and `project` need no such array.
        """
        self._affordable()
        if len(self.parts) == 1 and self.parts[0].kernel.size == self.size:
            columns = self.parts[0].kernel.dense()
            return columns.copy() if isinstance(self.parts[0].kernel, Explicit) else columns
        result = np.zeros((self.rank, self.size)).T
        for part in self.parts:
            columns = part.kernel.dense()
            rank = part.kernel.rank
            for copy, places in enumerate(part.places):
                first = part.first + copy * rank
                result[places, first : first + rank] = columns
        return result

    def matrices(self) -> np.ndarray:
        """(rank, out, in) orthonormal equivariant maps W: W rho_in(g) = rho_out(g) W.

        Raises:
            InputError: the representation is not one of maps.
            ResourceError: as `dense`.
        """
        if self.shape is None:
            raise InputError(f"{self.rep.text} is not a representation of maps; write source >> target")
        return self.dense().T.reshape(self.rank, *self.shape)

    def coordinates(self, w: np.ndarray) -> np.ndarray:
        """Q.T w, (rank,) or (rank, b), for w (size,) or (size, b)."""
        w = self._vector(w, self.size)
        columns = w if w.ndim == 2 else w[:, None]
        result = np.empty((self.rank, columns.shape[1]))
        batch = columns.shape[1]
        for part in self.parts:
            copies, rank = part.copies, part.kernel.rank
            stacked = columns[part.places].transpose(1, 0, 2).reshape(part.kernel.size, copies * batch)
            found = part.kernel.coordinates(stacked).reshape(rank, copies, batch).transpose(1, 0, 2)
            result[part.first : part.first + copies * rank] = found.reshape(copies * rank, batch)
        return result.reshape(self.rank, *w.shape[1:])

    def combine(self, c: np.ndarray) -> np.ndarray:
        """Q c, (size,) or (size, b), for c (rank,) or (rank, b)."""
        c = self._vector(c, self.rank)
        columns = c if c.ndim == 2 else c[:, None]
        batch = columns.shape[1]
        result = np.zeros((self.size, batch))
        for part in self.parts:
            copies, rank = part.copies, part.kernel.rank
            block = columns[part.first : part.first + copies * rank].reshape(copies, rank, batch)
            combined = part.kernel.combine(block.transpose(1, 0, 2).reshape(rank, copies * batch))
            result[part.places] = combined.reshape(part.kernel.size, copies, batch).transpose(1, 0, 2)
        return result.reshape(self.size, *c.shape[1:])

    def project(self, w: np.ndarray) -> np.ndarray:
        """The nearest invariant vector, Q Q.T w, for w (size,) or (size, b); a map may be given as (out, in)."""
        w = np.asarray(w, dtype=float)
        if self.shape is not None and w.shape == self.shape:
            return self.combine(self.coordinates(w.reshape(-1))).reshape(self.shape)
        return self.combine(self.coordinates(w))

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of `symdisc basis`, but for group and file."""
        return {
            "rep": self.rep.text,
            "size": self.size,
            "rank": self.rank,
            "residual": self.residual,
            "gap": self.gap,
            "solver": self.solver,
            "snapped": self.snapped,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return f"<Basis of {self.rep}: rank {self.rank} of {self.size}, {self.solver}, residual {self.residual:.1g}>"

    def _vector(self, w: np.ndarray, size: int) -> np.ndarray:
        w = np.asarray(w, dtype=float)
        if w.ndim not in (1, 2) or w.shape[0] != size:
            raise InputError(f"expected an array of shape ({size},) or ({size}, b), not {w.shape}")
        return w

    def _affordable(self) -> None:
        from ..data.memory import format_size
        from ..errors import ResourceError

        need = 8 * self.size * self.rank
        if need > LARGEST_DENSE:
            raise ResourceError(
                f"{self.size} x {self.rank} numbers are {format_size(need)}; use the factors: coordinates(), combine() "
                "and project() need no such array"
            )
