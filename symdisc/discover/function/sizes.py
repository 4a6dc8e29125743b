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

FORMS = (4, 8)
"""Numbers of quadratic forms."""
FORM_UNITS = 16
FORM_WORK = 3.2e9
"""Most multiply-adds of a step for one output; several outputs take more time, and are rarely of the same forms."""
POINTS_A_FORM_NUMBER = 0.5
"""Fewer than one: a penalty holds what the samples leave open."""


def terms(r: int, degree: int) -> int:
    """How many polynomials in r coordinates there are up to a total degree."""
    return math.comb(r + degree, degree)


def degrees(r: int, samples: int) -> list[int]:
    """Degrees of polynomials that the samples can determine."""
    most = min(MOST_TERMS, samples // 3)
    return [degree for degree in range(1, HIGHEST + 1) if terms(r, degree) <= most] or [1]


def form_numbers(r: int, m: int) -> int:
    """How many numbers are in m quadratic forms of r coordinates."""
    return m * r * (r + 3) // 2


def form_counts(r: int, s: int, samples: int) -> list[int]:
    """Numbers of forms that the samples can determine, in a bearable time."""
    return [m for m in FORMS if form_samples(r, s, m, samples) >= POINTS_A_FORM_NUMBER * form_numbers(r, m)]


def form_samples(r: int, s: int, m: int, samples: int) -> int:
    """How many of the samples m forms for s outputs are fitted to."""
    return min(samples, int(FORM_WORK / (s * form_numbers(r, m)) ** 2))


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
    if "forms" in kinds:
        p = max((form_numbers(r, m) for m in form_counts(r, 1, fitted)), default=0)
        found.append(8 * (2 * fitted * r * (r + 3) // 2 + 4 * p**2))
    return max(found)
