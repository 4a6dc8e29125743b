"""The user's own images before and after exp(t L): the flow of generators where the space is a grid."""

from __future__ import annotations

import math

import numpy as np

from ..exponential import exponential_action
from ..panels import ImageGrid, Panel
from ..symmetry import Symmetry
from ..transform import warp_images

STEPS = (-2, -1, 0, 1, 2)
MOST_ROWS = 6
TURN = 0.4  # of the image's own size, in Euclidean norm, for a step in pixel values
SHIFT = 0.08  # of the grid's larger side, for a step that moves content


def flow_panels(symmetry: Symmetry) -> list[Panel]:
    """One row for each generator and image, t from -2 to 2 steps; nothing where the result has no images.

    The images are `shown_images` (n, rows, columns) of the extras. A step of t moves an image by about 0.4 of its
    norm, or its content by about 8 % of the grid.
    """
    images = symmetry.extras.get("shown_images")
    if images is None or not len(symmetry) or np.ndim(images) != 3:
        return []
    blocks = {block.role: slice(block.start, block.stop) for block in symmetry.blocks}
    role = next((role for role in ("space", "homogeneous") if role in blocks), None)
    if role is None:
        return []
    named = symmetry.canonical is not None and len(symmetry.canonical) == len(symmetry)
    whole = symmetry.canonical if named and symmetry.canonical is not None else symmetry.preview(MOST_ROWS)
    matrices = np.asarray(whole[:MOST_ROWS])[:, blocks[role], blocks[role]]
    moving = role == "homogeneous" and matrices.shape[1] == 3 and images[0].size != 2
    rows = [(k, i) for k in range(len(matrices)) for i in range(len(images))]
    if len(matrices) > 1:
        rows = [(k, k % len(images)) for k in range(len(matrices))]
    letter = "C" if named else "L"
    panels, titles = [], []
    for number, index in rows:
        matrix, image = matrices[number], images[index]
        unit = _unit(matrix, image, moving, role == "homogeneous")
        if not math.isfinite(unit):
            continue
        t = unit * np.array(STEPS, float)
        panels.append(_moved(matrix, image, t, moving, role == "homogeneous"))
        titles += [f"{letter}[{number}], t = {value:g}" if value else "the image itself" for value in t]
    if not panels:
        return []
    what = "Content moves along the field" if moving else "exp(t L) acts on the pixel values"
    return [
        ImageGrid(
            name="flow",
            title="Your images under the flow of each generator",
            caption=f"{what}. A symmetry turns images into others that are as likely, or have the same label. "
            "A step of t is chosen so that something is seen.",
            arrays=np.concatenate(panels),
            titles=titles,
            value_label="value of x",
            x_label="column",
            y_label="row",
            centred=False,
            across=len(STEPS),
        )
    ]


def _unit(matrix: np.ndarray, image: np.ndarray, moving: bool, homogeneous: bool) -> float:
    """A round t that moves the image visibly; infinite for a generator that leaves it alone."""
    if moving:
        rows, columns = image.shape
        points = np.stack(np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in (rows, columns)), indexing="ij"), -1)
        speed = np.sqrt(np.square(points @ matrix[:2, :2].T + matrix[:2, 2]).sum(-1).mean())
        wanted = SHIFT * max(rows, columns)
    else:
        x = image.ravel()
        moved = matrix[: x.size, : x.size] @ x + (matrix[:-1, -1] if homogeneous else 0.0)
        speed, wanted = np.linalg.norm(moved), TURN * np.linalg.norm(x)
    if speed <= 1e-9 * max(wanted, 1e-300):
        return math.inf
    return float(f"{wanted / speed:.1g}")


def _moved(matrix: np.ndarray, image: np.ndarray, t: np.ndarray, moving: bool, homogeneous: bool) -> np.ndarray:
    """(steps, rows, columns)."""
    x = np.repeat(image.reshape(1, -1, 1), len(t), axis=0).astype(float)
    if moving:
        return warp_images(matrix[None], t[:, None], x, image.shape).reshape(-1, *image.shape)
    return exponential_action(matrix[None], t[:, None], x, homogeneous=homogeneous).reshape(-1, *image.shape)
