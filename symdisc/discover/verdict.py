"""From evidence to a verdict with a stated error rate.

Certified: an equivalence test on held-out data, in order, stopping at the first failure; at most 1 - level is the
chance that any certified k-th direction has a defect above the tolerance. None: a lower bound of the smallest
defect over all candidates lies above the tolerance. Anything else is inconclusive: failing to reject is no evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from ..symmetry import Verdict
from .batches import too_few
from .eigen import Directions, smallest
from .evidence import Evidence
from .heldout import Closing, HeldOut, in_order
from .trial import MomentTrial, PointwiseTrial, Trial, draw_multipliers, upper_bound

LOOK = 64
FEW = 6.0
CLOSED = (
    "what was certified was moved to the nearest algebra, closed under brackets, and certified again as that: the "
    "defects are those of its generators"
)


@dataclass
class Decision:
    """What the evidence says.

    Attributes:
        matrices: (k, m, m) generators refitted on all data, orthonormal; the first k span the first k directions.
        defect, defect_upper: of the k-th tested direction, which is orthogonal to the earlier ones in the denominator.
        status: "certified" or "consistent", one a generator.
        bounds: lower and upper bound of the dimension, each at `level`.
        spectrum, noise_floor: (r,) root of the smallest defects^2 on all data, and of what noise alone gives there.
        heldout_angle: degrees; the largest principal angle between the generators and the held-out spans (median
            over folds).
        span_upper: upper bound of the defect of any combination of the certified directions.
    """

    verdict: Verdict
    reason: str
    matrices: np.ndarray
    defect: np.ndarray
    defect_upper: np.ndarray
    status: tuple[str, ...]
    bounds: tuple[int, int] | None
    unused: int = 0
    samples_needed: int | None = None
    next_defect: float | None = None
    spectrum: np.ndarray = field(default_factory=lambda: np.zeros(0))
    noise_floor: np.ndarray = field(default_factory=lambda: np.zeros(0))
    heldout_angle: float | None = None
    span_upper: float | None = None
    notes: list[str] = field(default_factory=list)


def decide(
    evidence: Evidence,
    *,
    tolerance: float,
    level: float,
    seed: int,
    most: int | None = None,
    watch: Callable[[str, float], None] | None = None,
) -> Decision:
    """Search the candidates and judge what is found.

    Args:
        evidence: of either type.
        tolerance: largest relative defect that still counts as a symmetry.
        level: confidence of every bound and of the verdict.
        seed: of the bootstrap's multipliers.
        most: certify no more than this many directions.
        watch: told the stage and the share done.
    """
    alpha = 1 - level
    weights = evidence.weights
    everything = weights > 0
    silent = too_few(weights) or evidence.uninformative(alpha)
    if silent:
        return _nothing(evidence, Verdict.INCONCLUSIVE, silent)

    forms = evidence.forms(everything)
    whole = smallest(forms.raw, forms.metric, min(evidence.size, LOOK))
    if not len(whole.values):
        return _nothing(
            evidence,
            Verdict.INCONCLUSIVE,
            "the data see none of the candidate directions: all are unused",
            whole.unused,
        )
    dense = forms.unbiased.matrix is not None
    found = smallest(forms.unbiased, forms.denominator, min(evidence.size, 4 * LOOK if dense else LOOK))
    noise = np.einsum("kr,kr->r", found.vectors, forms.noise.apply(found.vectors))
    upper = dimension_bound(evidence, found, tolerance, alpha)

    held_out = HeldOut(evidence, min(LOOK, most or LOOK), watch)
    if not held_out.count:
        return _nothing(
            evidence,
            Verdict.INCONCLUSIVE,
            "some groups of samples hold all that the data see of the candidate directions: nothing is left to test on",
            whole.unused,
        )
    multipliers = draw_multipliers(len(weights), seed)
    limit = min(held_out.count, most if most is not None else held_out.count)
    trials: list[Trial] = []
    certified = 0
    while certified < limit:
        trials.append(held_out.trial(certified))
        if not trials[-1].certified(tolerance, alpha, multipliers):
            break
        certified += 1
    upper = max(upper, certified)
    growth = None
    if certified < len(trials):
        growth = trials[certified].growth_needed(tolerance, alpha)
        if growth is not None and growth < 1 and not trials[certified].defect <= tolerance:
            growth = None  # decided against already: no number of samples would certify it

    notes = []
    if certified:
        verdict, written = Verdict.SYMMETRIC, certified
        reason = (
            f"{certified} direction{'s' * (certified > 1)} certified: a relative defect above {tolerance:g} "
            f"is ruled out at level {level:g}"
        )
    elif upper == 0:
        verdict, written = Verdict.NONE, 0
        reason = f"every identifiable direction has a relative defect above {tolerance:g}, at level {level:g}"
    else:
        verdict = Verdict.INCONCLUSIVE
        while len(trials) < min(upper, held_out.count) and trials[-1].defect <= tolerance:
            trials.append(held_out.trial(len(trials)))
        written = max(1, len(_leading(trials, tolerance)))
        bound = upper_bound(trials[0], alpha, multipliers)
        shown_to_be = f"only show it to be below {bound:.2g}" if np.isfinite(bound) else "do not bound it"
        reason = (
            f"the best direction's held-out defect is {trials[0].defect:.2g}, but at level {level:g} these samples "
            f"{shown_to_be}; the tolerance is {tolerance:g}"
        )
    if certified < len(trials):
        notes.extend(_uneven(trials[certified], tolerance))
    final = evidence.view(everything)
    directions = whole.vectors
    if final is not evidence:
        sought = final.forms(everything)
        directions = smallest(sought.raw, sought.metric, min(final.size, LOOK)).vectors
    directions = directions[:, :written]
    closed = _closed(held_out, final, directions, tolerance, alpha, multipliers) if certified > 1 else None
    if closed is not None:
        held_out, directions, trials[:certified] = closed
        notes.append(CLOSED)
    matrices = orthonormal(final, directions)
    shown = trials[: len(matrices)]
    angle = held_out.angle(matrices) if certified else None
    if angle is not None:
        notes.append(
            f"largest angle between these generators and the spans found without held-out data: {angle:.2g} deg"
        )
    span = upper_bound(_together(shown), alpha, multipliers) if certified else None
    return Decision(
        verdict=verdict,
        reason=reason,
        matrices=matrices,
        defect=np.array([trial.defect for trial in shown]),
        defect_upper=np.array([upper_bound(trial, alpha, multipliers) for trial in shown]),
        status=("certified" if certified else "consistent",) * len(matrices),
        bounds=(certified, upper),
        unused=whole.unused,
        samples_needed=_samples(growth, weights) if verdict is not Verdict.NONE and certified < upper else None,
        next_defect=trials[written].defect if written < len(trials) else None,
        spectrum=np.sqrt(np.maximum(found.values, 0.0)),
        noise_floor=np.sqrt(np.maximum(noise, 0.0)),
        heldout_angle=angle,
        span_upper=span,
        notes=notes,
    )


def _closed(
    held_out: HeldOut, final: Evidence, directions: np.ndarray, tolerance: float, alpha: float, multipliers: np.ndarray
) -> tuple[HeldOut, np.ndarray, list[Trial]] | None:
    """Folds, directions and trials of the nearest algebra, if each of its directions is certified too.

    All have to pass, so at most alpha that any of them is above the tolerance, whatever was certified before.
    """
    count = directions.shape[1]
    near = final.closed(directions) if isinstance(final, Closing) else None
    folds = held_out.closed(count) if near is not None else None
    if near is None or folds is None:
        return None
    trials = [folds.trial(k) for k in range(count)]
    if not all(trial.certified(tolerance, alpha, multipliers) for trial in trials):
        return None
    return folds, near, trials


def _uneven(trial: Trial, tolerance: float) -> list[str]:
    """Why a small defect is not certified, where one batch holds most of it."""
    if not isinstance(trial, PointwiseTrial) or not trial.defect <= tolerance or trial.effective_batches > FEW:
        return []
    return [
        f"of {np.count_nonzero(trial.weights)} batches about {trial.effective_batches:.0f} hold all that breaks the "
        f"next direction (defect {trial.defect:.2g}): how common such batches are, so few cannot tell"
    ]


def judge(evidence: Evidence, directions: np.ndarray, *, tolerance: float, level: float, seed: int) -> Decision:
    """Judge directions that were given, not found: no search, so all data serve the test.

    Each generator's verdict holds at `level` by itself; "symmetric" (all of them are) holds at `level` too, since it
    requires every single test to pass. "none" allows for having looked at each (Bonferroni).

    Args:
        directions: (K, k) candidate coefficients.
    """
    alpha = 1 - level
    weights = evidence.weights
    matrices = evidence.matrices(directions)
    count = len(matrices)
    few = too_few(weights)
    if few:
        return _nothing(evidence, Verdict.INCONCLUSIVE, few)
    multipliers = draw_multipliers(len(weights), seed)
    trials = [evidence.given(direction) for direction in directions.T]
    passed = [trial.certified(tolerance, alpha, multipliers) for trial in trials]
    z = NormalDist().inv_cdf(1 - alpha / max(count, 1))
    broken = [_shown_broken(evidence, d, trial, tolerance, z) for d, trial in zip(directions.T, trials, strict=True)]
    held, span = sum(passed), None
    growth = [trial.growth_needed(tolerance, alpha) for trial, ok in zip(trials, passed, strict=True) if not ok]
    if all(passed) and count:
        verdict = Verdict.SYMMETRIC
        # Given directions may lean on one another; only orthogonal ones bound what they combine to.
        apart = in_order(directions, evidence.forms(weights > 0).denominator)
        span = upper_bound(_together([evidence.given(d) for d in apart.T]), alpha, multipliers)
        reason = f"each given generator's relative defect is below {tolerance:g}, at level {level:g}"
    elif any(broken):
        verdict = Verdict.NONE
        reason = (
            f"{sum(broken)} of the {count} given generators are broken by more than {tolerance:g}, at level {level:g}"
        )
    else:
        verdict = Verdict.INCONCLUSIVE
        reason = f"{held} of the {count} given generators are certified at tolerance {tolerance:g}; the rest is open"
    needed = None if not growth or any(g is None for g in growth) else max(g for g in growth if g is not None)
    status = ["certified" if ok else "broken" if bad else "consistent" for ok, bad in zip(passed, broken, strict=True)]
    return Decision(
        verdict=verdict,
        reason=reason,
        matrices=matrices,
        defect=np.array([trial.defect for trial in trials]),
        defect_upper=np.array([upper_bound(trial, alpha, multipliers) for trial in trials]),
        status=tuple(status),
        bounds=(held, count - sum(broken)),
        samples_needed=_samples(needed, weights) if verdict is Verdict.INCONCLUSIVE else None,
        spectrum=np.sort([trial.defect for trial in trials]),
        span_upper=span,
    )


def _shown_broken(evidence: Evidence, direction: np.ndarray, trial: Trial, tolerance: float, z: float) -> bool:
    """Whether the defect is shown to lie above the tolerance: lower bound of violation - tolerance^2 denominator."""
    denominator = evidence.forms(evidence.weights > 0).denominator.value(direction)
    if not (denominator > 0 and np.isfinite(trial.defect)):
        return False
    unit = direction / np.sqrt(denominator)
    s1, s2 = evidence.sum_terms(unit[:, None], np.array([tolerance**2]))
    return bool(trial.defect**2 - tolerance**2 > z * np.sqrt(s1 + s2))


@dataclass(frozen=True)
class Found:
    """Generators that a method searched for itself, with the held-out trial of each.

    For models in which the generators do not enter linearly, so that there are no quadratic forms to search: every
    trial judges pairs or samples by generators that were found without them.

    Attributes:
        matrices: (k, m, m), refitted on all data, the best supported first.
        trials: one a generator, in that order.
        weights: (B,) samples in each batch.
        angle: degrees; largest principal angle to the spans found without held-out data, median over folds.
        given: the generators were not searched but given: each is judged by itself.
    """

    matrices: np.ndarray
    trials: Sequence[Trial]
    weights: np.ndarray
    angle: float | None = None
    given: bool = False


def settle(found: Found, *, tolerance: float, level: float, seed: int, most: int | None = None) -> Decision:
    """Judge generators that were found by a search of the method's own: certify in order, stop at the first failure.

    A search that is not exhaustive never shows that there is no symmetry: the verdict is `symmetric` or `inconclusive`.
    """
    alpha = 1 - level
    few = too_few(found.weights)
    empty = np.zeros(0)
    if few:
        none = np.zeros((0, *found.matrices.shape[1:]))
        return Decision(Verdict.INCONCLUSIVE, few, none, empty, empty, (), None)
    multipliers = draw_multipliers(len(found.weights), seed)
    if found.given:
        return _settle_given(found, tolerance, alpha, multipliers)
    certified = 0
    limit = min(len(found.trials), most if most is not None else len(found.trials))
    while certified < limit and found.trials[certified].certified(tolerance, alpha, multipliers):
        certified += 1
    defects = np.array([trial.defect for trial in found.trials])
    bounds = np.array([upper_bound(trial, alpha, multipliers) for trial in found.trials])
    notes = []
    growth = None
    if certified:
        verdict, written = Verdict.SYMMETRIC, certified
        reason = (
            f"{certified} generator{'s' * (certified > 1)} certified: a relative defect above {tolerance:g} is ruled "
            f"out at level {level:g}"
        )
        if found.angle is not None:
            notes.append(
                f"largest angle between these generators and the spans found without held-out data: "
                f"{found.angle:.2g} deg"
            )
    else:
        verdict, written = Verdict.INCONCLUSIVE, limit
        shown = f"it is shown to be below {bounds[0]:.2g} only" if np.isfinite(bounds[0]) else "it is not bounded"
        reason = (
            f"the best generator's held-out defect is {defects[0]:.2g}, and at level {level:g} {shown}; the tolerance "
            f"is {tolerance:g}"
        )
    if certified < len(found.trials):
        growth = found.trials[certified].growth_needed(tolerance, alpha)
        if growth is not None and growth < 1 and not defects[certified] <= tolerance:
            growth = None
    return Decision(
        verdict=verdict,
        reason=reason,
        matrices=found.matrices[:written],
        defect=defects[:written],
        defect_upper=bounds[:written],
        status=("certified" if certified else "consistent",) * written,
        bounds=None,
        samples_needed=_samples(growth, found.weights),
        next_defect=float(defects[written]) if written < len(defects) and np.isfinite(defects[written]) else None,
        spectrum=np.sort(defects),
        heldout_angle=found.angle,
        notes=notes,
    )


def _settle_given(found: Found, tolerance: float, alpha: float, multipliers: np.ndarray) -> Decision:
    """Each given generator by its own trial; "symmetric" when all of them pass.

    A trial bounds the violation from above, so a generator is never called broken by it.
    """
    passed = [trial.certified(tolerance, alpha, multipliers) for trial in found.trials]
    held, count = sum(passed), len(passed)
    growth = [t.growth_needed(tolerance, alpha) for t, ok in zip(found.trials, passed, strict=True) if not ok]
    known = [value for value in growth if value is not None]
    symmetric = held == count and count > 0
    defects = np.array([trial.defect for trial in found.trials])
    return Decision(
        verdict=Verdict.SYMMETRIC if symmetric else Verdict.INCONCLUSIVE,
        reason=(
            f"each given generator's relative defect is below {tolerance:g}, at level {1 - alpha:g}"
            if symmetric
            else f"{held} of the {count} given generators are certified at tolerance {tolerance:g}; the rest is open"
        ),
        matrices=found.matrices,
        defect=defects,
        defect_upper=np.array([upper_bound(trial, alpha, multipliers) for trial in found.trials]),
        status=tuple("certified" if ok else "consistent" for ok in passed),
        bounds=None,
        samples_needed=_samples(max(known), found.weights) if growth and len(known) == len(growth) else None,
        spectrum=np.sort(defects),
    )


def orthonormal(evidence: Evidence, vectors: np.ndarray) -> np.ndarray:
    """(r, m, m) Frobenius-orthonormal generators; the first k span what the first k vectors span."""
    matrices = evidence.matrices(vectors)
    if not len(matrices):
        return matrices
    basis, triangle = np.linalg.qr(matrices.reshape(len(matrices), -1).T)
    return (basis * np.where(np.diag(triangle) < 0, -1.0, 1.0)).T.reshape(matrices.shape)


def dimension_bound(evidence: Evidence, found: Directions, tolerance: float, alpha: float) -> int:
    """Upper bound of the number of directions within the tolerance.

    If r + 1 directions were within it, the sum of the r + 1 smallest eigenvalues of (U, T) would be at most
    (r + 1) tolerance^2 (Ky Fan). That sum is concave in U, so its estimate is biased downward: to the safe side.
    Tested from the largest r downward, stopping at the first one that is not rejected.

    Args:
        found: the smallest eigenpairs of (U, T), from all data.
    """
    z = NormalDist().inv_cdf(1 - alpha)
    bound = evidence.size - found.unused
    for terms in range(min(len(found.values), LOOK), 0, -1):
        s1, s2 = evidence.sum_terms(found.vectors[:, :terms], found.values[:terms])
        if not found.values[:terms].sum() - z * np.sqrt(s1 + s2) > terms * tolerance**2:
            break
        bound = terms - 1
    return bound


def _leading(trials: Sequence[Trial], tolerance: float) -> list[Trial]:
    leading = []
    for trial in trials:
        if not trial.defect <= tolerance:
            break
        leading.append(trial)
    return leading


def _together(trials: Sequence[Trial]) -> Trial:
    if isinstance(trials[0], MomentTrial):
        return MomentTrial.together([trial for trial in trials if isinstance(trial, MomentTrial)])
    return PointwiseTrial.together([trial for trial in trials if isinstance(trial, PointwiseTrial)])


def _samples(growth: float | None, weights: np.ndarray) -> int | None:
    if growth is None:
        return None
    needed = growth * weights.sum()
    if not needed < 1e15:
        return None
    return int(np.ceil(max(needed, weights.sum())))


def _nothing(evidence: Evidence, verdict: Verdict, reason: str, unused: int = 0) -> Decision:
    m = evidence.matrices(np.zeros((evidence.size, 0))).shape[1:]
    empty = np.zeros(0)
    return Decision(verdict, reason, np.zeros((0, *m)), empty, empty, (), (0, evidence.size - unused), unused)
