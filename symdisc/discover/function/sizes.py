"""How large models and chunks become: what is computed with, and what the estimate of memory counts."""

from __future__ import annotations

import math

MOST_TERMS = 1500
HIGHEST = 8
CENTRES = 1000
MOST_TRIED = 5000
"""Samples on which sizes of a model are tried."""
CHUNK_ITEMS = 2**22
PARTS = 10
"""Samples that a model is fitted to are in so many parts by turns, of which one is held out."""


def terms(r: int, degree: int) -> int:
    """How many polynomials in r coordinates there are up to a total degree."""
    return math.comb(r + degree, degree)


def degrees(r: int, samples: int) -> list[int]:
    """Degrees of polynomials that the samples can determine."""
    most = min(MOST_TERMS, samples // 3)
    return [degree for degree in range(1, HIGHEST + 1) if terms(r, degree) <= most] or [1]


def model_bytes(kinds: tuple[str, ...], r: int, samples: int, folds: int) -> int:
    """Of the largest fit: features and their centred copy, the Gram matrix and what its decomposition takes."""
    fitted = int(samples * (1 - 1 / folds) * (1 - 1 / PARTS))
    tried = min(fitted, MOST_TRIED)
    found = [0]
    if "polynomial" in kinds:
        p = terms(r, degrees(r, tried)[-1])
        found.append(8 * (2 * tried * p + 8 * p**2))
    if "kernel" in kinds:
        p = min(fitted, CENTRES)
        found.append(8 * (2 * fitted * p + 4 * p**2))
    return max(found)
