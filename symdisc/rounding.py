"""Numbers for people: two digits, and bounds that are never rounded to the optimistic side."""

from __future__ import annotations

import math


def short(value: float | None) -> str:
    """Two significant digits; "-" for what is not known."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:#.2g}".rstrip(".") if value else "0"


def short_bound(value: float | None) -> str:
    """An upper bound with two significant digits, rounded up."""
    if value is None or not math.isfinite(value):
        return "-"
    if value > 0:
        unit = 10.0 ** (math.floor(math.log10(value)) - 1)
        steps = value / unit
        value = math.ceil(steps - 1e-9) * unit
    return short(value)


def defect_text(defect: float, upper: float, sign: str = "<=") -> str:
    """A defect with its upper bound: "0.0011 (<= 0.0019)"."""
    return short(defect) if math.isnan(upper) else f"{short(defect)} ({sign} {short_bound(upper)})"


def plural(count: int, noun: str, many: str = "") -> str:
    """A count with its noun: plural(1, "generator"), plural(3, "matrix", "matrices")."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"
