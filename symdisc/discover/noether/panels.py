"""Plots of the noether method: charges over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...panels import Curve, Panel, Series

if TYPE_CHECKING:
    from ...symmetry import Symmetry

MOST = 4
EDGE = 20


def panels(symmetry: Symmetry) -> Sequence[Panel]:
    """Charges of the first runs, each over its own scale."""
    extras = symmetry.extras
    if "shown_q" not in extras or not len(symmetry):
        return []
    q, p, dt = extras["shown_q"], extras["shown_p"], float(extras["dt"])
    shown: list[Panel] = []
    for number, generator in enumerate(symmetry.preview(MOST)):
        charge, scale = charges(generator, q, p, dt, symmetry.blocks[0].role)
        t = np.arange(q.shape[1]) * dt
        inner = slice(len(t) // EDGE, len(t) - len(t) // EDGE)
        shown.append(
            Curve(
                name=f"charge_{number + 1}",
                title=f"Charge of generator {number + 1} along the first runs",
                caption="In units of the root mean square of |p| |L q|, the largest that it could be. A conserved "
                "charge is flat; the smoothed data carry what is left of their noise. The ends, where smoothing is "
                "poorest, are left out here and by the test functions.",
                x_label="t",
                y_label="charge / rms of |p| |L q|",
                series=[Series(f"run {run}", t[inner], values[inner] / scale) for run, values in enumerate(charge)],
            )
        )
    return shown


def charges(generator: np.ndarray, q: np.ndarray, p: np.ndarray, dt: float, role: str) -> tuple[np.ndarray, float]:
    """(r, t) charge of a generator along runs q, p (r, t, d), and the root mean square of its factors."""
    d = q.shape[2]
    if role == "phase":
        z = np.concatenate([q, p], axis=2)
        omega = np.block([[np.zeros((d, d)), np.eye(d)], [-np.eye(d), np.zeros((d, d))]])
        force = z @ (-omega @ generator).T
        return (z * force).sum(2) / 2, float(np.sqrt(((z**2).sum(2) * (force**2).sum(2)).mean()) / 2) or 1.0
    t = (np.arange(q.shape[1]) - (q.shape[1] - 1) / 2) * dt
    moved = q @ generator[:d, :d].T
    if len(generator) > d:
        moved = moved + generator[:d, -1]
    charge = (p * moved).sum(2)
    if len(generator) == d + 2:
        boost = generator[:d, d]
        charge = charge + (p @ boost) * t - (q @ boost)
    return charge, float(np.sqrt(((p**2).sum(2) * (moved**2).sum(2)).mean())) or 1.0
