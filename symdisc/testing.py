"""For the test suites of others: assert that data have a symmetry."""

from __future__ import annotations

from typing import Any

from .discover import test
from .symmetry import Symmetry, Verdict


def assert_symmetry(x: Any, y: Any = None, *, generators: Any, tolerance: float = 0.1, **options: Any) -> Symmetry:
    """Fail unless the data show that every given generator is a symmetry, to within the tolerance.

    It is `symdisc.test` with an assertion: data that cannot tell fail as well, since failing to reject is no evidence.
    The answer is the same in every run with the same data and seed.

    Args:
        x: (n, ...) samples, points, images, orbits or fields: an array, a torch tensor or a `DataSet`.
        y: (n, ...) labels or partners of x, or None.
        generators: (k, d, d) or (d, d) matrices, a `Symmetry`, or the path of a result.
        tolerance: largest relative defect that still counts as a symmetry.
        options: as for `symdisc.test`: `kind`, `axes`, `level`, `method`, `seed`, ...

    Returns:
        What `symdisc.test` found.

    Raises:
        AssertionError: a generator is broken, or the data cannot tell; with the defects, their bounds and the reason.
        InputError: data, options or generators are unusable.

    Example:
        >>> import numpy as np
        >>> from symdisc.testing import assert_symmetry
        >>> x = np.random.default_rng(0).normal(size=(4000, 2))
        >>> angle = np.random.default_rng(1).uniform(-0.5, 0.5, 4000)
        >>> cos, sin = np.cos(angle), np.sin(angle)
        >>> y = np.stack([cos * x[:, 0] - sin * x[:, 1], sin * x[:, 0] + cos * x[:, 1]], 1)
        >>> found = assert_symmetry(x, y, kind="pairs", generators=[[0.0, -1.0], [1.0, 0.0]])
        >>> found.verdict.value
        'symmetric'
    """
    __tracebackhide__ = True  # pytest shows the caller's line
    found = test(x, y, generators=generators, tolerance=tolerance, **options)
    if found.verdict is not Verdict.SYMMETRIC or found.certified_dimension < len(found):
        raise AssertionError(_message(found))
    return found


def _message(found: Symmetry) -> str:
    """The verdict with the numbers behind it."""
    lines = [
        f"{found.certified_dimension} of {len(found)} generators are a symmetry of the data at tolerance "
        f"{found.tolerance:g}, level {found.level:g} (method {found.method}): {found.verdict.value}, {found.reason}"
    ]
    rows = zip(found.defect, found.defect_upper, found.status, strict=True)
    lines += [
        f"  L[{index}]: relative defect {defect:.3g}, at most {upper:.3g}: {status}"
        for index, (defect, upper, status) in enumerate(rows)
    ]
    if found.samples_needed is not None:
        lines.append(f"  about {found.samples_needed} samples would decide what is open")
    return "\n".join(lines)
