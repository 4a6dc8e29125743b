"""Periodic grids and smooth random fields on them: waves of |k| up to 3, with amplitudes that fall as exp(-k^2 / 4)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..errors import InputError
from ..options import option
from .pairs import check_whole
from .runs import NOISE

LARGEST_WAVE = 3.0
WIDTH = 4.0


@dataclass(frozen=True)
class FieldOptions:
    """Options of all fields; of `wave` and `two-fields` no others."""

    times: int = option(160, "time points of a run")
    size: int = option(192, "points along each side, periodic")
    dt: float = option(0.05, "time from one point to the next")
    spacing: float = option(0.1, "distance from one point to the next")
    noise: float = option(0.0, NOISE)


@dataclass(frozen=True)
class Waves:
    """A basis of smooth fields; standard normal coefficients give fields with a population RMS of 1.

    Attributes:
        k: (m,) wave numbers |k|, in radians a unit of length.
        values: (m, points) cosines, sines and, if asked for, the constant, on the grid flattened row by row.
    """

    k: np.ndarray
    values: np.ndarray


def check_grid(size: int, spacing: float) -> None:
    """Refuse a grid that is too coarse for the waves, or too short for one.

    Raises:
        InputError: with the limits.
    """
    check_whole("size", size, 16, 4096)
    if not 0.01 <= spacing <= 0.25:
        raise InputError(f"--set spacing={spacing:g}: between .01 and .25, an eighth of the shortest wave")
    if size * spacing < 3:
        raise InputError(f"--set size={size}: size times spacing is {size * spacing:g}, and must be 3 or more")


def waves(size: int, spacing: float, dimension: int, constant: bool) -> Waves:
    """All waves of |k| <= 3 on a periodic grid; the same ones, in the same order, whatever the spacing of one length.

    Args:
        size: points along each side.
        spacing: between them.
        dimension: of space.
        constant: with the wave k = 0.
    """
    unit = 2 * np.pi / (size * spacing)
    most = int(LARGEST_WAVE / unit)
    numbers = [n for n in product(range(-most, most + 1), repeat=dimension) if n > (0,) * dimension]
    vectors = unit * np.array(numbers, dtype=float).reshape(-1, dimension)
    length = np.linalg.norm(vectors, axis=1)
    vectors, length = vectors[length <= LARGEST_WAVE], length[length <= LARGEST_WAVE]
    place = spacing * np.indices((size,) * dimension).reshape(dimension, -1)
    phase, amplitude = vectors @ place, np.exp(-(length**2) / WIDTH)[:, None]
    rows, k = [amplitude * np.cos(phase), amplitude * np.sin(phase)], [length, length]
    if constant:
        rows, k = [np.ones((1, place.shape[1])), *rows], [np.zeros(1), *k]
    norm = np.sqrt((amplitude**2).sum() + constant)
    return Waves(np.concatenate(k), np.concatenate(rows) / norm)
