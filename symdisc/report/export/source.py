"""What is exported: a result, or matrices from elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...algebra import LieAlgebra, analyze
from ...errors import InputError
from ...symmetry import Symmetry

ON_X = ("space", "internal", "homogeneous", "spacetime", "phase")


@dataclass(frozen=True, eq=False)
class Source:
    """Generators on their way out.

    Attributes:
        generators: (k, d, d): one block of a result, in its canonical basis where there is one; or as given.
        discrete: (m, d, d) discrete generators that came with them; m may be 0.
        result: the whole result, if it is one.
    """

    generators: np.ndarray
    discrete: np.ndarray
    result: Symmetry | None = None

    @cached_property
    def algebra(self) -> LieAlgebra:
        """What these matrices span."""
        return analyze(self.generators)

    @cached_property
    def standard(self) -> np.ndarray:
        """(k, d, d): the canonical basis of the span where one is known, else the generators."""
        found = self.algebra.canonical_basis
        if self.result is not None and self.result.canonical is not None:
            return self.generators
        return self.generators if found is None else found

    @property
    def digest(self) -> str:
        """Sixteen hex digits of the content: other generators have another name, in caches too."""
        content = hashlib.sha256()
        for part in (self.standard, self.discrete):
            content.update(repr(part.shape).encode() + np.ascontiguousarray(part, "<f8").tobytes())
        return content.hexdigest()[:16]


def source_of(
    generators: Symmetry | np.ndarray, discrete: np.ndarray | None = None, block: str | None = None
) -> Source:
    """Generators to export.

    Args:
        generators: a result, or (k, d, d) or (d, d) matrices.
        discrete: (m, d, d) or (d, d) discrete generators; default: the array `discrete` of a result.
        block: which block of a result, by its role; default: the one that acts on x.

    Raises:
        InputError: nothing to export, no such block, a result by factors, or sizes that differ.
    """
    result = generators if isinstance(generators, Symmetry) else None
    matrices = _block(result, block) if result is not None else np.asarray(generators, dtype=float)
    if result is None and block is not None:
        raise InputError(f"--block {block}: matrices from a file have no blocks; leave it out")
    matrices = matrices[None] if matrices.ndim == 2 else matrices
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2] or not np.isfinite(matrices).all():
        raise InputError(f"generators are finite square matrices (k, d, d), not an array of shape {matrices.shape}")
    if not len(matrices):
        raise InputError("there are no generators to export: k = 0")
    if discrete is None and result is not None:
        discrete = result.extras.get("discrete")
    group = np.zeros((0, *matrices.shape[1:])) if discrete is None else np.asarray(discrete, dtype=float)
    group = group[None] if group.ndim == 2 else group
    if group.shape[1:] != matrices.shape[1:]:
        raise InputError(f"discrete generators of shape {group.shape} do not fit generators of {matrices.shape}")
    return Source(matrices, group, result)


def _block(result: Symmetry, role: str | None) -> np.ndarray:
    if not isinstance(result.generators, np.ndarray):
        raise InputError(
            f"this result is kept by factors ({len(result)} generators that exist for every distribution); "
            "only --to safetensors writes it"
        )
    whole = result.generators if result.canonical is None else result.canonical
    roles = {block.role: slice(block.start, block.stop) for block in result.blocks}
    chosen = role or next((name for name in ON_X if name in roles), None)
    if chosen not in roles:
        raise InputError(f"--block {role}: this result has {', '.join(roles)}")
    matrices = whole[:, roles[chosen], roles[chosen]]
    if np.abs(matrices).max(initial=0.0) == 0.0:
        raise InputError(f"--block {chosen}: the generators do nothing to it")
    return matrices
