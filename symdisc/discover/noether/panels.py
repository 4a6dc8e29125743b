"""Plots of the noether method: charges over time; of fields the Lagrangian and the flow in space-time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...panels import Arrows, Curve, Image, Panel, Series
from .potential import FUNCTION, KEY, Smooth
from .terms import pairs, symmetric

if TYPE_CHECKING:
    from ...symmetry import Symmetry

MOST = 4
EDGE = 20
SEEN = 5e-3
LISTED = 10
ARROWS = 8
GRID = 11
LINE = 101


def panels(symmetry: Symmetry) -> Sequence[Panel]:
    """Of trajectories the charges of the first runs; of fields the Lagrangian and the flow in space-time."""
    extras = symmetry.extras
    if "lagrangian" in extras:
        return field_panels(symmetry)
    if "shown_q" not in extras or not len(symmetry):
        return []
    q, p, dt = extras["shown_q"], extras["shown_p"], float(extras["dt"])
    t = np.arange(q.shape[1]) * dt
    inner = slice(len(t) // EDGE, len(t) - len(t) // EDGE)
    shown: list[Panel] = []
    for number, generator in enumerate(symmetry.preview(MOST)):
        charge, noise, scale = charges(
            generator,
            q,
            p,
            extras["shown_q_noise"],
            extras["shown_p_noise"],
            extras["masses"],
            dt,
            symmetry.blocks[0].role,
        )
        charge, noise = charge[:, inner] / scale, noise[:, inner] / scale
        shown.append(
            Curve(
                name=f"charge_{number + 1}",
                title=f"Charge of generator {number + 1} along the first runs",
                caption="In units of the root mean square of |p| |L q|, the largest that it could be. A conserved "
                "charge stays in the band, its mean and twice what noise does to it after smoothing. The ends, where "
                "smoothing is poorest, are left out here and by the test functions.",
                x_label="t",
                y_label="charge / rms of |p| |L q|",
                series=[
                    *(Series(f"run {run}", t[inner], values) for run, values in enumerate(charge)),
                    *(
                        Series("" if run else "mean +- 2 noise", t[inner], low, "band", upper, tone="neutral")
                        for run, (low, upper) in enumerate(bands(charge, noise))
                    ),
                ],
            )
        )
    return shown


def field_panels(symmetry: Symmetry) -> Sequence[Panel]:
    """Coefficients of the Lagrangian, how far other ones are from fitting, what moves in the (t, s) plane."""
    extras = symmetry.extras
    theta, names = extras["lagrangian"], [str(name) for name in extras["lagrangian_names"]]
    residuals = extras["lagrangian_residuals"]
    large = np.flatnonzero(np.abs(theta) > SEEN)
    listed = ", ".join(f"{number + 1}: {names[number]}" for number in large[:LISTED])
    shown: list[Panel] = [
        Curve(
            name="lagrangian",
            title="Coefficients of the Lagrangian",
            caption=f"h of the derivatives, m2 of the masses, then powers of the components. {listed}.",
            x_label="number of the term",
            y_label="coefficient",
            series=[
                Series("", np.arange(1, len(theta) + 1), theta, mark="ring", tone="neutral"),
                Series("", large + 1, theta[large], mark="disc"),
            ],
            whole_x=True,
        ),
        Curve(
            name="euler_lagrange",
            title="Euler-Lagrange residual of the best Lagrangians",
            caption="Relative to the terms if they did not cancel. The first is the Lagrangian used; the second shows "
            "how clearly the data choose it.",
            x_label="number of the Lagrangian",
            y_label="residual",
            series=[Series("", np.arange(1, len(residuals) + 1), residuals, mark="disc")],
            log_y=True,
            whole_x=True,
        ),
    ]
    shown.append(_where(extras["residual_map"], extras["residual_extent"]))
    if KEY + "centres" in extras:
        shown += potential_panels(extras)
    moving = [block for block in symmetry.blocks if block.role == "spacetime"]
    if not moving or not len(symmetry):
        return shown
    block = moving[0]
    maps = np.array([g[block.start : block.stop, block.start : block.stop] for g in symmetry.preview(ARROWS)])
    half = extras["half_extent"][:2]
    t, s = (np.linspace(-h, h, GRID) for h in half)
    place = np.stack(np.meshgrid(t, s, indexing="ij"), axis=-1)
    fields = np.einsum("kab,tsb->ktsa", maps[:, :2, :2], place) + maps[:, None, None, :2, -1]
    shown.append(
        Arrows(
            name="spacetime_flow",
            title="Where the generators move the points of space-time",
            caption="The plane of t (down) and the first s axis (across) through the centre of the grid, each in units "
            "of half its length.",
            fields=fields / half,
            titles=[f"L{number}" for number in range(len(maps))],
            x_label="s",
            y_label="t",
        )
    )
    return shown


def _where(square: np.ndarray, ends: np.ndarray) -> Panel:
    """The Euler-Lagrange residual over t and the first s axis."""
    across = np.sqrt((square.reshape(*square.shape[:2], -1) ** 2).mean(axis=2))
    (first, last), (left, right) = ends[:2]
    return Image(
        name="euler_lagrange_map",
        title="Where the Lagrangian's equation fails",
        caption="Euler-Lagrange residual of each test function, t down and s across, over the root mean square of the "
        "terms everywhere; means over runs, components and further s axes. What noise adds is taken off, so where it "
        "is all there is, about half of the places are 0 and the others show how far it strays from its mean.",
        array=across[::-1],
        value_label="residual / terms",
        x_label="s",
        y_label="t",
        centred=False,
        extent=(float(left), float(right), float(last), float(first)),
    )


def potential_panels(extras: Mapping[str, np.ndarray]) -> list[Panel]:
    """A smooth potential along each component, and over the plane of two."""
    frame = extras["frame"]
    places = np.linalg.solve(frame, extras[KEY + "centres"].T).T
    low, high, middle = places.min(axis=0), places.max(axis=0), places.mean(axis=0)
    here = potential_of(extras, middle)
    series = []
    for i in range(len(middle)):
        line = np.linspace(low[i], high[i], LINE)
        points = np.tile(middle, (LINE, 1))
        points[:, i] = line
        series.append(Series(f"component {i + 1}", line, potential_of(extras, points) - here))
    shown: list[Panel] = [
        Curve(
            name="potential",
            title="The potential along each component",
            caption="The others at the middle of the data; from its value there. It is drawn as far as the data go.",
            x_label="component, units of x",
            y_label="V",
            series=series,
        )
    ]
    if len(middle) == 2:
        grid = np.stack(np.meshgrid(*(np.linspace(low[i], high[i], LINE) for i in range(2)), indexing="xy"), axis=-1)
        shown.append(
            Image(
                name="potential_plane",
                title="The potential over both components",
                caption="From its value at the middle of the data. Corners that the data do not reach mean nothing: "
                "there the smooth functions fall to 0 and the masses alone are left.",
                array=potential_of(extras, grid) - here,
                value_label="V",
                x_label="component 1, units of x",
                y_label="component 2, units of x",
                centred=False,
                extent=(float(low[0]), float(high[0]), float(low[1]), float(high[1])),
            )
        )
    return shown


def potential_of(extras: Mapping[str, np.ndarray], phi: np.ndarray) -> np.ndarray:
    """(..): V of a result with a smooth potential at phi (.., v), where nothing depends on time or place."""
    turned = phi @ extras["frame"].T
    names = [str(name) for name in extras["lagrangian_names"]]
    theta = dict(zip(names, extras["lagrangian"], strict=True))
    v = turned.shape[-1]
    mass = symmetric(np.array([theta[f"m2[{i + 1},{j + 1}]"] for i, j in pairs(v)]), v)
    functions = Smooth(*(extras[KEY + name] for name in ("centres", "widths", "scale", "mix")))
    weights = np.array([theta[f"{FUNCTION}{number + 1}]"] for number in range(functions.count)])
    return np.asarray((turned @ mass * turned).sum(-1) / 2 + functions.value(weights, turned))


def bands(charge: np.ndarray, noise: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Lower and upper edge (t,) for each run: its mean charge, and twice the noise."""
    middle = charge.mean(axis=1, keepdims=True)
    return list(zip(middle - 2 * noise, middle + 2 * noise, strict=True))


def charges(
    generator: np.ndarray,
    q: np.ndarray,
    p: np.ndarray,
    q_noise: np.ndarray,
    p_noise: np.ndarray,
    masses: np.ndarray,
    dt: float,
    role: str,
) -> tuple[np.ndarray, np.ndarray, float]:
    """(r, t) charge of a generator along runs q, p (r, t, d), (r, t) its noise, and the rms of its factors.

    Args:
        q_noise, p_noise: (d,) standard deviations of what noise does to q and p.
    """
    d = q.shape[2]
    if role == "phase":
        z = np.concatenate([q, p], axis=2)
        omega = np.block([[np.zeros((d, d)), np.eye(d)], [-np.eye(d), np.zeros((d, d))]])
        force = z @ (-omega @ generator).T
        noise = np.sqrt(((force * np.concatenate([q_noise, p_noise])) ** 2).sum(2))
        return (z * force).sum(2) / 2, noise, float(np.sqrt(((z**2).sum(2) * (force**2).sum(2)).mean()) / 2) or 1.0
    t = (np.arange(q.shape[1])[:, None] - (q.shape[1] - 1) / 2) * dt
    moved = q @ generator[:d, :d].T
    boost = generator[:d, d] if len(generator) == d + 2 else np.zeros(d)
    if len(generator) > d:
        moved = moved + generator[:d, -1]
    charge = (p * (moved + boost * t)).sum(2) - q @ (masses * boost)
    noise = np.sqrt(
        ((p_noise * (moved + boost * t)) ** 2).sum(2)
        + ((q_noise * (p @ generator[:d, :d] - masses * boost)) ** 2).sum(2)
    )
    return charge, noise, float(np.sqrt(((p**2).sum(2) * (moved**2).sum(2)).mean())) or 1.0
