"""Numbers for people, by the names that the report uses; `symdisc.rounding` has them."""

from __future__ import annotations

from ..rounding import defect_text, plural, short, short_bound

__all__ = ["defect_text", "plural", "short", "short_bound"]
