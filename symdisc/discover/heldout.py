"""Directions found without some of the samples, to be judged on those."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Protocol, runtime_checkable

import numpy as np

from .batches import GROUPS, group_masks
from .eigen import smallest
from .evidence import Evidence
from .rows import Form
from .trial import Trial


@runtime_checkable
class Closing(Protocol):
    """Candidates of which a span can be moved to the nearest one that is closed under brackets."""

    def closed(self, directions: np.ndarray) -> np.ndarray | None:
        """(K, k): directions near the given ones whose generators span an algebra; None: none is near."""


class HeldOut:
    """Directions found without some groups, to be judged on those groups.

    Args:
        evidence: of either type.
        count: how many directions.
        watch: told the stage and the share done.
    """

    def __init__(self, evidence: Evidence, count: int, watch: Callable[[str, float], None] | None = None) -> None:
        masks = group_masks(evidence.weights)
        folds = evidence.folds(GROUPS)
        self.evidence = evidence
        self.masks = np.stack([masks[list(fold)] for fold in folds])
        self.views: list[Evidence] = []
        self.denominators: list[Form] = []
        self.directions: list[np.ndarray] = []
        for done, held in enumerate(self.masks):
            if watch is not None:
                watch("held-out directions", done / len(folds))
            train = (evidence.weights > 0) & ~held.any(axis=0)
            view = evidence.view(train)
            forms = view.forms(train)
            found = smallest(forms.raw, forms.metric, min(count, view.size))
            self.views.append(view)
            self.denominators.append(forms.denominator)
            self.directions.append(in_order(found.vectors, forms.denominator))

    @property
    def count(self) -> int:
        """How many directions every fold has."""
        return min(directions.shape[1] for directions in self.directions)

    def trial(self, k: int) -> Trial:
        """The test of the k-th direction (from 0)."""
        return self.evidence.trial([directions[:, k] for directions in self.directions], self.views, self.masks)

    def closed(self, count: int) -> HeldOut | None:
        """The same folds, the first directions of each moved to the nearest algebra; None: some fold has none.

        An algebra is found by its fold's own directions alone, so its test is as valid as that of any direction.
        """
        moved = []
        for view, directions, denominator in zip(self.views, self.directions, self.denominators, strict=True):
            near = view.closed(directions[:, :count]) if isinstance(view, Closing) else None
            if near is None:
                return None
            moved.append(in_order(near, denominator))
        other = copy(self)
        other.directions = moved
        return other

    def angle(self, matrices: np.ndarray) -> float:
        """Degrees: median over folds of the largest principal angle to the span of the written generators."""
        written = matrices.reshape(len(matrices), -1)
        angles = []
        for view, directions in zip(self.views, self.directions, strict=True):
            span = view.matrices(directions[:, : len(written)]).reshape(len(written), -1)
            cosines = np.linalg.svd(written @ np.linalg.qr(span.T)[0], compute_uv=False)
            sine = np.sqrt(max(0.0, 1 - min(1.0, cosines.min()) ** 2))
            angles.append(np.degrees(np.arcsin(sine)))
        return float(np.median(angles))


def in_order(vectors: np.ndarray, denominator: Form) -> np.ndarray:
    """Gram-Schmidt in the denominator's product; keeps the order, so every leading span; what it does not see stays.

    Without it the k-th direction could carry a large share of an exact earlier one, whose action on the data would
    then hide its own violation: the mixture's relative defect is small though the second direction is broken.
    """
    gram = vectors.T @ denominator.apply(vectors)
    steps = np.eye(len(gram))
    unseen = 1e-14 * np.diag(gram).max(initial=0.0)
    for k in range(len(gram)):
        earlier = steps[:, :k]
        for _ in range(2):
            steps[:, k] -= earlier @ (earlier.T @ gram @ steps[:, k])
        size = steps[:, k] @ gram @ steps[:, k]
        if size > unseen:
            steps[:, k] /= np.sqrt(size)
    return vectors @ steps
