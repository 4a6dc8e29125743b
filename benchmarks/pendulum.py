"""Double spring pendulum: Hamiltonian networks and neural ODEs, plain, with the true SO(2), and with the one found.

    python benchmarks/pendulum.py [--runs 60] [--steps 1500] [--seeds 3] [--minutes 20] [--tiny]

H = |p1|^2 / 2 + |p2|^2 / 2 + (|x1| - 1)^2 / 2 + (|x1 - x2| - 1)^2 + x1z + x2z, starts as in Finzi, Welling, Wilson
(2021): x1 ~ (0, 0, -1.5) + .2 N, x2 ~ (0, 0, -3) + .2 N, p ~ .4 N. The group is looked for by the noether method in the
positions of runs alone. Networks are trained on derivatives along runs of 30 s, sampled every .2 s (the paper
trains through the integrator; derivatives cost a tenth), rolled out by RK4 for 30 s from new starts. Error: exp of the
mean log of |z - z'| / (|z| + |z'|). Published: N-ODE SO(2) .051, plain .048; HNN SO(2) .015, plain .028.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# ruff: noqa: E402  (the number of threads is read when numpy is imported)
import numpy as np
import torch
from common import keep, known, middle, record
from torch import nn

import symdisc
from symdisc.algebra import principal_angles
from symdisc.equivariant import Group, Scalar, V
from symdisc.nn import EMLP, MLP, Scaled, Trainer, Training
from symdisc.nn.layout import Layout

torch.set_num_threads(THREADS)
TURN = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])
DT, SECONDS, FINE, BATCH = 0.2, 30.0, 20, 250
KINDS, GROUPS = ("HNN", "N-ODE"), ("plain", "true SO(2)", "found SO(2)")


def field(z: np.ndarray) -> np.ndarray:
    """(n, 12) derivatives of z = (x1, x2, p1, p2)."""
    x1, x2, p = z[:, :3], z[:, 3:6], z[:, 6:]
    gap = x1 - x2
    first, second = (np.linalg.norm(v, axis=1, keepdims=True) for v in (x1, gap))
    pull = -2 * (second - 1) * gap / second
    force1, force2 = -(first - 1) * x1 / first + pull, -pull
    force1[:, 2] -= 1
    force2[:, 2] -= 1
    return np.concatenate([p, force1, force2], axis=1)


def rk4(f, z, dt):
    """One step."""
    a = f(z)
    b = f(z + dt / 2 * a)
    c = f(z + dt / 2 * b)
    d = f(z + dt * c)
    return z + dt / 6 * (a + 2 * b + 2 * c + d)


def runs_of(rng: np.random.Generator, count: int, dt: float) -> np.ndarray:
    """(count, times, 12), every dt for 30 s."""
    z = np.concatenate([0.2 * rng.standard_normal((count, 6)), 0.4 * rng.standard_normal((count, 6))], axis=1)
    z[:, 2] -= 1.5
    z[:, 5] -= 3
    found, small = [z], dt / FINE
    for _ in range(round(SECONDS / dt)):
        for _ in range(FINE):
            z = rk4(field, z, small)
        found.append(z)
    return np.stack(found, axis=1)


class Hamiltonian(nn.Module):
    """z -> J grad H(z)."""

    def __init__(self, energy: nn.Module) -> None:
        super().__init__()
        self.energy = energy

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        training = torch.is_grad_enabled()
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.energy(z).sum(), z, create_graph=training)
        return torch.cat([slope[:, 6:], -slope[:, :6]], dim=1)


def network(kind: str, of: Group | None, channels: int, seed: int, z: torch.Tensor, dz: torch.Tensor) -> nn.Module:
    """An untrained model of the derivative, in the units of its training data."""
    target = Scalar if kind == "HNN" else 4 * V
    out = 1 if kind == "HNN" else 12
    if of is None:
        body: nn.Module = MLP(12, out, width=128, layers=2, seed=seed)
        layouts: tuple[Layout | None, Layout | None] = (None, None)
    else:
        body = EMLP.of(of, 4 * V, target, channels=channels, layers=2, order=1, seed=seed)
        layouts = Layout.of(4 * V, of), Layout.of(target, of)
    if kind == "HNN":
        return Hamiltonian(Scaled.around(body, z, z[:, :1] * 0, layouts[0]))
    return Scaled.around(body, z, dz, *layouts)


def rollout_error(model: nn.Module, test: np.ndarray) -> float:
    """exp(mean log relative error) over times and runs."""
    truth = torch.from_numpy(test).float()
    z, logs = truth[:, 0], []
    with torch.no_grad():
        for place in range(1, truth.shape[1]):
            for _ in range(4):
                z = rk4(model, z, DT / 4)
            gap = (z - truth[:, place]).norm(dim=1) / (z.norm(dim=1) + truth[:, place].norm(dim=1))
            logs.append(torch.nan_to_num(gap, nan=1.0).clamp(1e-9, 1.0).log())
    return float(torch.stack(logs).mean().exp())


def found_group(rng: np.random.Generator, runs: int, seed: int) -> tuple[Group | None, float]:
    """The group that positions show, on one body, and its angle to the true one in degrees."""
    fine = runs_of(rng, runs, 0.05)[:, :400, :6]
    result = symdisc.fit(fine, kind="trajectory", axes="ntv", method="noether", seed=seed, settings=None)
    if result.certified_dimension != 1:
        return None, np.nan
    one = result.block("internal")
    mean = (one[:, :3, :3] + one[:, 3:, 3:]) / 2
    return Group(mean), float(np.max(principal_angles(one, np.array([np.kron(np.eye(2), TURN[0])]))))


def entry(seed: int, runs: int, steps: int, channels: int, tiny: bool) -> dict[str, Any]:
    """Errors of all models for one seed."""
    rng = np.random.default_rng(seed)
    train, test = runs_of(rng, runs, DT), runs_of(rng, 4 if tiny else 20, DT)
    flat = train.reshape(-1, 12)
    z, dz = (torch.from_numpy(part).float() for part in (flat, field(flat)))
    cut, spread = round(0.9 * len(z)), dz.std()
    found, angle = (Group(TURN), 0.0) if tiny else found_group(rng, runs, seed)
    made: dict[str, Any] = {"angle": angle, "errors": {}, "training": {}, "seconds": {}}

    def loss(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return (((given - wanted) / spread) ** 2).mean()

    for kind in KINDS:
        for name, of in zip(GROUPS, (None, Group(TURN), found), strict=True):
            if name.startswith("found") and of is None:
                continue
            start = time.process_time()
            model = network(kind, of, channels, seed, z, dz)
            training = Training(10**6, steps, BATCH, 0.003 if of is None else 0.01)
            trainer = Trainer(model, (z[:cut], dz[:cut]), (z[cut:], dz[cut:]), loss, training, seed)
            while not trainer.done:
                trainer.step()
            place = f"{kind}, {name}"
            made["seconds"][place], made["training"][place] = time.process_time() - start, trainer.best
            made["errors"][place] = rollout_error(model, test[:, :6] if tiny else test)
            print(place, seed, made["errors"][place], trainer.best, flush=True)
    return made


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60, help="training runs")
    parser.add_argument("--steps", type=int, default=1500, help="of the optimiser, 250 samples each")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=20.0, help="most wall time; later seeds are left out")
    parser.add_argument("--tiny", action="store_true", help="seconds, for tests; records nothing")
    options = parser.parse_args()
    if options.tiny:
        options.runs, options.steps, options.seeds, options.channels = 4, 3, 1, 12
    settings = {"runs": options.runs, "steps": options.steps, "channels": options.channels, "batch": BATCH}
    end, kept = time.monotonic() + 60 * options.minutes, {} if options.tiny else known("pendulum", settings)
    for seed in range(options.seeds):
        if (seed,) in kept:
            continue
        if time.monotonic() > end:
            break
        kept[seed,] = entry(seed, options.runs, options.steps, options.channels, options.tiny)
        if not options.tiny:
            keep("pendulum", settings, (seed,), kept[seed,])
    if options.tiny or not kept:
        return
    columns = ("errors", "training", "seconds")
    rows = [
        [kind, name, len(kept), *(middle([one[c][f"{kind}, {name}"] for one in kept.values()], ".3g") for c in columns)]
        for kind in KINDS
        for name in GROUPS
        if all(f"{kind}, {name}" in one["errors"] for one in kept.values())
    ]
    note = (
        f"{options.runs} runs of 30 s, {options.steps} steps of {BATCH} samples; equivariant {options.channels} "
        f"channels of order 0 and 1, plain width 128, 2 hidden layers each. Loss: mean square of the errors of "
        "derivatives along held-out runs, over their variance. Angle of the found rotation: "
        f"{middle([one['angle'] for one in kept.values()])} degrees."
    )
    header = ["model", "group", "seeds", "error of rollouts", "loss", "processor seconds"]
    record("pendulum", "Double spring pendulum: error of rollouts", header, rows, note)


if __name__ == "__main__":
    main()
