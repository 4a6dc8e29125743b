"""Does a given generator preserve the covariance of samples?  Moment rows  L H_b + H_b L^T.

A necessary condition of any symmetry that leaves the mean in place, and a real question: unlike the search, which
always finds so(r), a given L may fail it.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError, ResourceError
from ..symmetry import Block
from .covariance_basis import column_scale, whitening
from .evidence import MomentEvidence
from .method import Given, Outcome
from .rows import DenseRows
from .scatter import Scatter

MOST_BYTES = 2**31


def covariance_evidence(scatter: Scatter, given: Given, d: int) -> Outcome:
    """Evidence about given generators in the whitened frame, where H = I and only antisymmetric matrices preserve it.

    What L moves out of the range of H is a violation without noise: the data never go there.

    Raises:
        InputError: the generators do not act on the columns of x.
        ResourceError: too many generators for one test.
    """
    space = given.part("space")
    if space is None or space.shape[1] != d:
        raise InputError(f"--generators: they act on {0 if space is None else space.shape[1]} coordinates, x has {d}")
    _, mean, covariance = scatter.pooled()
    scale = column_scale(covariance, mean)
    root, inverse = whitening(covariance, scale)
    scale = np.where(np.isfinite(scale), scale, 1.0)
    r, k = root.shape[1], len(space)
    if 8 * 3 * len(scatter.count) * r * r * k > MOST_BYTES:
        raise ResourceError(
            f"--generators: testing {k} generators on {r} dimensions at once needs too much memory; test fewer"
        )
    second = inverse @ scatter.about(mean) @ inverse.T
    inner = inverse @ space @ root
    leak = (space @ root - root @ inner) / scale[:, None]
    action = np.einsum("kab,nbc->nack", inner, second, optimize=True)
    transposed = np.swapaxes(action, 1, 2)
    filled = scatter.count > 0
    out = np.broadcast_to(np.sqrt(2) * leak.reshape(k, -1).T, (len(second), leak[0].size, k)) * filled[:, None, None]
    flat = [part.reshape(len(second), -1, k) for part in (action + transposed, action, transposed)]
    notes = ["tested: L H + H L^T = 0, a necessary condition; higher moments may still break the symmetry"]
    if np.abs(leak).max(initial=0.0) > 1e-6 * np.abs(inner).max(initial=0.0):
        notes.append("some generators move the data out of the subspace in which they lie")
    return Outcome(
        (Block("space", 0, d, "units of x"),),
        {"space": "given", "dimension": k},
        evidence=MomentEvidence(
            DenseRows(np.concatenate([flat[0], out], axis=1)),
            scatter.count,
            lambda directions: np.tensordot(directions.T, space, axes=1),
            DenseRows(np.concatenate([flat[1], flat[2], out], axis=1)),
        ),
        necessary="the covariance alone cannot show a symmetry: every distribution has rotations that preserve it",
        extras={"centre": mean[:, 0] if mean.shape[1] == 1 else mean},
        notes=notes,
    )
