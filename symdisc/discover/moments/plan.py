"""What a run would take, and the degree that follows from it. Constants only: nothing here looks at free memory."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

from ...data.memory import format_size
from ..batches import BATCHES
from ..candidates import candidates_of, is_grid
from ..device import torch_bytes
from ..settings import Settings
from .halves import MANY

if TYPE_CHECKING:
    from ...data import DataSet
    from .method import MomentsOptions

DEGREES = (4, 3)
MOST_BYTES = 3e9
MOST_SECONDS = 600.0
ROWS_PER_CANDIDATE = 2
# Rows of all batches are written out once where they take no more values than this.
WRITTEN_VALUES = 1 << 25
FOLDS = 45
FLOPS = 2e10
# Directions whose rows are held at once, and how often rows of all flows are made, a value in so many seconds.
DIRECTIONS, MADE, SECONDS_A_VALUE = 64, 12, 2e-8


def tests(d: int, degree: int) -> int:
    """Number of test functions of d variables with degrees 1 to `degree`."""
    return comb(d + degree, d) - 1


def cost(d: int, candidates: int, samples: int, degree: int) -> tuple[float, float]:
    """Bytes and seconds of sums and search, for d variables and K candidates."""
    rows, sums, low = tests(d, degree), comb(d + degree + 2, d), comb(d + degree + 1, d)
    flows = d * (d + 1)
    written = BATCHES * rows * candidates <= WRITTEN_VALUES
    held = 2 * BATCHES * sums + min(BATCHES * rows * candidates, WRITTEN_VALUES) + 3 * rows * flows
    held += 0 if written else BATCHES * rows * DIRECTIONS
    forms = 8 * candidates**2 + flows**2
    memory = 8 * (held + forms + 3 * low * (d + 1) + (1 << 21) + 8192 * d * d)
    products = 2 * rows * candidates**2
    search = (FOLDS + BATCHES) * products + FOLDS * (12 * candidates**3 + 20 * rows * flows)
    making = 0.0 if written else MADE * BATCHES * rows * flows * SECONDS_A_VALUE
    # Few sums are made one by one, many as products of tables.
    return memory, samples * (4e-9 * min(sums, MANY) + 4e-10 * sums + d**4 / FLOPS) + search / FLOPS + making


def affordable(d: int, candidates: int, samples: int) -> int | None:
    """The highest degree whose cost is bearable and whose rows outnumber the candidates; None: there is none."""
    for degree in DEGREES:
        memory, seconds = cost(d, candidates, samples, degree)
        if memory <= MOST_BYTES and seconds <= MOST_SECONDS and tests(d, degree) >= ROWS_PER_CANDIDATE * candidates:
            return degree
    return None


def foreseen(data: DataSet, settings: Settings, options: MomentsOptions) -> tuple[int | None, int, float]:
    """Degree that will be used (None: no bearable one), bytes and seconds, if no column is redundant."""
    columns = data.d * data.channels
    spec = settings.candidates or "affine"
    if is_grid(spec):
        d, candidates = min(options.components, columns), 12
    elif spec in ("affine", "linear") and data.channels == 1:
        d, candidates = columns, columns * (columns + 1)
    else:
        d, candidates = columns, candidates_of(spec, data).dimension
    degree = options.degree or affordable(d, candidates, data.samples)
    memory, seconds = cost(d, candidates, data.samples, degree or min(DEGREES))
    started = 6e7 + torch_bytes(settings.device)
    reading = started + data.read_bytes + 8 * (6 * columns**2 + 3 * min(data.chunk_rows, data.samples) * columns)
    seconds += 1.0 + data.samples * (columns**2 + columns * d) * 4 / FLOPS
    return degree, int(memory + reading), float(seconds)


def too_much(degree: int | None, memory: int, seconds: float) -> str | None:
    """Why the cost is not bearable without being asked for, or None."""
    if degree is not None:
        return None
    return f"higher moments would take {format_size(memory)} and about {seconds / 60:.0f} minutes"
