"""Bilinear rotations, the papers' own pairs: one map, the best single generator, the recipe of the papers."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
import torch
from common import record
from lconv_runs import Row, fitted, middle, said
from scipy.optimize import minimize_scalar

from symdisc.problems.problem import Made
from symdisc.problems.registry import make


def turns(p: int, angles: np.ndarray) -> np.ndarray:
    """(a, p^2, p^2): the maps of bilinear resampling, from the images of the basis."""
    cos, sin, zero = np.cos(angles), np.sin(angles), np.zeros_like(angles)
    return resampling(p, np.stack([cos, -sin, zero, sin, cos, zero], axis=1).reshape(-1, 2, 3))


def resampling(p: int, affine: np.ndarray) -> np.ndarray:
    """(a, p^2, p^2): torch's `affine_grid` and `grid_sample`, zeros outside, corners not aligned."""
    images = torch.eye(p * p, dtype=torch.float64).reshape(1, p * p, p, p)
    theta = torch.from_numpy(np.ascontiguousarray(affine))
    grid = torch.nn.functional.affine_grid(theta, [len(affine), p * p, p, p], align_corners=False)
    moved = torch.nn.functional.grid_sample(images.expand(len(affine), -1, -1, -1), grid, align_corners=False)
    return moved.reshape(len(affine), p * p, p * p).transpose(1, 2).numpy()


@dataclass
class Maps:
    """Maps at Gauss-Legendre nodes of the angle, and errors of exp(theta L) against them."""

    p: int
    widest: float

    def __post_init__(self) -> None:
        nodes, weights = np.polynomial.legendre.leggauss(24)
        self.angles, self.weights = self.widest * (nodes + 1) / 2, weights / 2
        self.maps = turns(self.p, self.angles)

    def rms(self, maps: np.ndarray) -> float:
        """Root mean square of |maps - R| over that of |R|."""
        return float(np.sqrt(self.weights @ _squares(maps - self.maps) / (self.weights @ _squares(self.maps))))

    def moved(self, maps: np.ndarray) -> float:
        """The same over that of |R - I|."""
        apart = _squares(self.maps - np.eye(self.p**2))
        return float(np.sqrt(self.weights @ _squares(maps - self.maps) / (self.weights @ apart)))

    def best(self, start: np.ndarray) -> np.ndarray:
        """The L of least squares, given the angles."""
        target, weights, angles = (torch.from_numpy(a) for a in (self.maps, self.weights, self.angles))
        matrix = torch.from_numpy(start.copy()).requires_grad_()
        solver = torch.optim.LBFGS([matrix], max_iter=600, history_size=30, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            solver.zero_grad()
            left = torch.linalg.matrix_exp(angles[:, None, None] * matrix) - target
            value = (weights * left.square().sum((1, 2))).sum()
            value.backward()
            return value

        solver.step(loss)
        return matrix.detach().numpy()


def _squares(maps: np.ndarray) -> np.ndarray:
    return np.asarray((maps**2).sum((1, 2)))


def flows(matrix: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(a, d, d): exp(t L)."""
    return torch.linalg.matrix_exp(torch.from_numpy(t[:, None, None] * matrix)).numpy()


def along(maps: Maps, matrix: np.ndarray) -> tuple[float, float]:
    """Errors of exp(t L): t proportional to the angle, and t free at each angle."""
    unit = matrix / np.linalg.norm(matrix)

    def error(rate: float) -> float:
        return maps.rms(flows(unit, rate * maps.angles))

    rates = np.geomspace(1.0, 200.0, 40)
    rate = min((*-rates, *rates), key=error)
    refined = minimize_scalar(error, bounds=sorted((0.85 * rate, 1.15 * rate)), method="bounded")
    t = np.linspace(-0.2, 2.0, 441) * refined.x * maps.widest
    candidates = flows(unit, t)
    apart = _squares(candidates) - 2 * np.tensordot(maps.maps, candidates, axes=((1, 2), (1, 2)))
    apart += _squares(maps.maps)[:, None]
    free = float(np.sqrt(maps.weights @ apart.min(1) / (maps.weights @ _squares(maps.maps))))
    return float(refined.fun), free


def reference(made: Made, layers: int, epochs: int) -> tuple[np.ndarray, float]:
    """The papers' recursive recipe, given the angles: y = (I + theta L / layers)^layers x by Adam; L and seconds."""
    start = time.process_time()
    n = len(made.arrays["x"])
    x, y = (torch.from_numpy(made.arrays[name].reshape(n, -1)).float() for name in ("x", "y"))
    angle = torch.from_numpy(made.arrays["t"]).float()
    seeded = torch.Generator().manual_seed(0)
    matrix = (1e-3 * torch.randn((x.shape[1],) * 2, generator=seeded)).requires_grad_()
    solver = torch.optim.Adam([matrix], lr=1e-2)
    for epoch in range(epochs):
        for group in solver.param_groups:
            group["lr"] = 1e-2 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for chosen in torch.randperm(n, generator=seeded).split(64):
            state = x[chosen]
            for _ in range(layers):
                state = state + angle[chosen] / layers * (state @ matrix.T)
            solver.zero_grad()
            (state - y[chosen]).square().mean().backward()
            solver.step()
    return matrix.detach().double().numpy(), time.process_time() - start


def bilinear(options: argparse.Namespace) -> None:
    """The papers' own rotated images."""
    rows: list[Row] = []
    header = ["pairs", "what", "reached", "seconds", "verdict, k"]

    def add(*cells: object) -> None:
        rows.append(list(cells))
        record(
            "lconv_bilinear",
            "Bilinear rotations of random images",
            header,
            rows,
            "Errors are root mean squares over the angle of the difference to the maps R, from images of the basis. "
            "exp(t L): t proportional to the angle, then t free at each angle. The recipe of the papers is given the "
            "angles: (I + theta L / 3)^3, Adam, 20 epochs of batches of 64.",
        )

    for p in (7, 20):
        truth = turns(p, np.array([np.pi / 10]))[0]
        runs = []
        for seed in range(options.seeds):
            made = make("interpolated-images", seed, 50_000 if p == 7 else 5000, size=p, angle=np.pi / 10, fixed=True)
            runs.append(fitted(made))
        errors = [
            float(np.linalg.norm(run.found.extras["map"] - truth) / np.linalg.norm(truth))
            for run in runs
            if "map" in run.found.extras
        ]
        label = f"{p} x {p}, pi/10 fixed, n = {len(made.arrays['x'])}"
        add(label, "relative error of R", middle(errors), middle([run.total for run in runs]), said(runs))
        print(runs[0].found.notes, flush=True)
    maps = Maps(7, np.pi / 3)
    label = "7 x 7, [0, pi/3)"
    began = time.process_time()
    starts = [(turns(7, np.array([0.1]))[0] - np.eye(49)) / 0.1, exact_rotation(7)]
    best = min((maps.best(start) for start in starts), key=lambda matrix: maps.rms(flows(matrix, maps.angles)))
    share = maps.rms(flows(best, maps.angles)), maps.moved(flows(best, maps.angles))
    words = f"{share[0]:.4f} of R, {share[1]:.4f} of R - I"
    add(label, "best L, angles given", words, f"{time.process_time() - began:.0f}", "")
    at = along(maps, best)
    add(label, "the same L, t proportional; t free", f"{at[0]:.4f}; {at[1]:.4f}", "", "")
    recipe, seconds = reference(make("interpolated-images", 0, 50_000), 3, 2 if options.quick else 20)
    at = along(maps, recipe)
    layered = np.linalg.matrix_power(np.eye(49) + maps.angles[:, None, None] / 3 * recipe, 3)
    words = f"{maps.rms(layered):.4f} as layers; {at[0]:.4f}; {at[1]:.4f}"
    add(label, "recipe of the papers, angles given, n = 50000", words, f"{seconds:.0f}", "")
    runs, errors, angles = [], [], []
    for seed in range(options.seeds):
        run = fitted(make("interpolated-images", seed, 2000), candidates="grid")
        runs.append(run)
        if len(run.found.generators):
            found = run.found.preview(6)
            angles.append(field_angle(found, PLANE_ROTATION, 7))
            errors.append(map_error(maps, found[0]))
    reached, seconds_of = f"{middle(errors, '.4f')}; {middle(angles)} deg", middle([run.total for run in runs])
    add(label, "grid: map error of generator 1; angle as field", reached, seconds_of, said(runs))
    runs, shared, free = [], [], []
    for seed in range(options.seeds):
        run = fitted(make("interpolated-images", seed, 2000), generators=1)
        runs.append(run)
        print(run.says, run.found.reason, dict(run.seconds), flush=True)
        if len(run.found.generators):
            errors_of = along(maps, run.found.preview(1)[0])
            shared.append(errors_of[0])
            free.append(errors_of[1])
    reached = f"{middle(shared, '.4f')}; {middle(free, '.4f')}"
    times = f"{middle([run.fit for run in runs])}, all {middle([run.total for run in runs])}"
    add(label, "fit, 1 generator, n = 2000: t proportional; t free", reached, times, said(runs))
    run = fitted(make("interpolated-images", 0, 2000))
    add(label, "fit, k found, 1 seed", "", middle([run.total]), said([run]))


def exact_rotation(p: int) -> np.ndarray:
    """The exact generator of `rotated-images`."""
    truth = make("rotated-images", 0, 2, size=p).generators
    assert truth is not None
    return truth[0]


PLANE_ROTATION = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])


def field_angle(found: np.ndarray, truth: np.ndarray, p: int) -> float:
    """Largest principal angle between spans of vector fields q -> A q + b on the pixels of a p x p image."""
    place = np.arange(p) - (p - 1) / 2
    row, column = np.meshgrid(place, place, indexing="ij")
    points = np.stack([row.ravel(), column.ravel(), np.ones(p * p)])
    one, two = (np.linalg.qr((stack[:, :2] @ points).reshape(len(stack), -1).T)[0] for stack in (found, truth))
    cosines = np.linalg.svd(one.T @ two, compute_uv=False)
    sines = np.linalg.svd(two - one @ (one.T @ two) if len(found) >= len(truth) else one - two @ (two.T @ one))[1]
    least, most = float(cosines.min()), float(sines.max())
    return float(np.degrees(np.arcsin(min(1.0, most)) if most < 0.7 else np.arccos(least)))


def map_error(maps: Maps, field: np.ndarray) -> float:
    """Of resampling along the flow of a field (row, column, 1), scaled to turn by the angle, either way."""
    rate = (field[1, 0] - field[0, 1]) / 2
    swap = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    errors = []
    for sign in (-1, 1):
        flow = flows(swap @ (sign * field / rate) @ swap, maps.angles)[:, :2].copy()
        flow[:, :, 2] *= 2 / maps.p  # pixels -> torch's [-1, 1]
        errors.append(maps.rms(resampling(maps.p, flow)))
    return min(errors)
