"""Whether a symmetry helped: log ratios of held-out errors over splits, and a test that knows that splits overlap.

Source: Nadeau, Bengio, Inference for the Generalization Error (Machine Learning 52, 2003): training parts of different
splits share samples, so the plain t test is too sure; its variance is multiplied by 1 / J + n_test / n_train instead of
1 / J.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MARGIN = 0.05
"""A symmetry whose gain is surely below this share of the error did not help."""


@dataclass(frozen=True)
class Comparison:
    """Equivariant against plain.

    Attributes:
        verdict: `helped`, `did not help` or `cannot tell`.
        reason: one sentence.
        ratio: geometric mean over the splits of the equivariant network's error over the plain one's.
        interval: of the ratio at `level`; None where there are too few splits.
    """

    verdict: str
    reason: str
    ratio: float
    interval: tuple[float, float] | None
    level: float


def compare(equivariant: Sequence[float], plain: Sequence[float], held_share: float, level: float = 0.95) -> Comparison:
    """The verdict from held-out errors, one pair a split.

    Args:
        equivariant, plain: errors on the same held-out samples, split by split.
        held_share: n_test / n_train of a split.
        level: confidence of the two-sided interval; a false `helped` then has a chance of (1 - level) / 2.
    """
    floor = 1e-300
    logs = [math.log(max(e, floor) / max(p, floor)) for e, p in zip(equivariant, plain, strict=True)]
    count, mean = len(logs), sum(logs) / len(logs)
    ratio = math.exp(mean)
    if count < 3:
        return Comparison("cannot tell", f"{count} splits are too few for a test; take 3 or more", ratio, None, level)
    from scipy.stats import t

    spread = math.sqrt(sum((one - mean) ** 2 for one in logs) / (count - 1))
    half = float(t.ppf((1 + level) / 2, count - 1)) * spread * math.sqrt(1 / count + held_share)
    low, high = math.exp(mean - half), math.exp(mean + half)
    words = f"held-out error x {ratio:.3g} ({low:.3g} to {high:.3g} at level {level:g}, {count} splits)"
    if high < 1:
        verdict, reason = "helped", f"{words}: below 1"
    elif low > 1 - MARGIN:
        more = "the plain network is better" if low > 1 else f"a gain of {100 * MARGIN:.0f} % or more is ruled out"
        verdict, reason = "did not help", f"{words}: {more}"
    else:
        verdict, reason = "cannot tell", f"{words}: neither below 1 nor without a gain of {100 * MARGIN:.0f} %"
    return Comparison(verdict, reason, ratio, (low, high), level)


def folds(ids: Sequence[int], count: int, seed: int) -> list[int]:
    """The fold of each sample: different ids are dealt out at random, samples of one id stay together."""
    import numpy as np

    known, place = np.unique(np.asarray(ids), return_inverse=True)
    dealt = np.empty(len(known), dtype=np.intp)
    dealt[np.random.default_rng(seed).permutation(len(known))] = np.arange(len(known)) % count
    return [int(fold) for fold in dealt[place.ravel()]]
