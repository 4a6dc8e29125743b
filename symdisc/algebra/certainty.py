"""How sure a reading is: margins, neighbours and confidence."""

from __future__ import annotations

from math import sqrt

import numpy as np

from .decisions import Ruler
from .identify import NO_SAMPLES, Identity, identify
from .invariants import invariants
from .lie import LieAlgebra
from .nearest import Nearest, Reading
from .series import killing_form
from .span import SURE_GAP, Span

NEIGHBOURS = 8
LARGEST = 20
REACH = 4.0
SAFE = 3.0
FAINT = 1e-7
SKEW = 3e-3
CURVED = 0.01
CLEAR_GAP = 20.0
FEW_DEPENDENT = 3


def judge(algebra: LieAlgebra, identity: Identity, read: Nearest, found: Span, ruler: Ruler) -> None:
    """Fills in margin, neighbours and confidence.

    The margin is the smallest relative noise at which another flag of ideals or another parameter class would be
    accepted. "high" asks that this is at least three times the noise, that no reading with fewer ideals fits clearly
    better, that what was discarded as dependent is far smaller than what was kept, and that what was read is known:
    noise can also make an algebra unlike all known ones.
    """
    chosen = read.reading
    assert chosen is not None
    noise = max(read.noise, 1e-16)
    margins = [1.0, identity.margin]
    neighbours = list(dict.fromkeys(name for name in identity.neighbours if name != algebra.name))
    for other in read.others:
        degenerate = not other.accepted
        if degenerate:
            margins.append(noise * sqrt(max(other.excess / other.limit, 0.0)))
        if (degenerate and margins[-1] < REACH * noise) or (not degenerate and noise > FAINT):
            name = _named(other, ruler)
            if name and name != algebra.name and name not in neighbours:
                neighbours.append(name)
    algebra.neighbours = neighbours[:NEIGHBOURS]
    margin = min(margins)
    algebra.margin = margin if margin < 1.0 else None
    sure = ruler.known and margin > SAFE * noise and chosen.excess < chosen.limit / 2
    # In skewed coordinates a rigid algebra lies nearer to a degenerate one than such noise, and noise makes one with an
    # abelian ideal a simple one of little curvature.
    rigid = not chosen.flag.radical and _curvature(chosen) > CURVED
    sure = sure and (noise < SKEW or rigid or bool(algebra.abelian))
    sure = sure and (identity.name is not None or bool(identity.aliases) or noise < FAINT)
    needed = CLEAR_GAP if found.given - algebra.dimension >= FEW_DEPENDENT else SURE_GAP
    if found.gap is not None and found.gap < needed:
        sure = False
        algebra.notes.append(
            f"the smallest direction kept is only {found.gap:.2g} times the largest one discarded: how many generators "
            "are independent is not sure"
        )
    algebra.confidence = "high" if sure else "low"


def _curvature(reading: Reading) -> float:
    """Smallest over largest eigenvalue of the Killing form: near 0 where some directions nearly commute."""
    values = np.abs(np.linalg.eigvalsh(killing_form(reading.refined.constants)))
    return float(values.min() / max(values.max(), 1e-300))


def _named(reading: Reading, ruler: Ruler) -> str | None:
    constants = reading.refined.constants
    if len(constants) > LARGEST:
        return None
    return identify(constants, invariants(constants, reading.flag, ruler), ruler, NO_SAMPLES).name
