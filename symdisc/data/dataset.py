"""A typed data set that is read in chunks, whatever it is stored in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError, ResourceError
from .axes import Layout
from .files import Hashed
from .groups import group_ids
from .listing import Container
from .memory import budget, format_size
from .sources import ArraySource, Column

CHUNK_BYTES = 32 << 20
WINDOW_BYTES = 64 << 20
MOST_ROWS = 1 << 20


class Chunk(NamedTuple):
    """Samples `start`, `start` + 1, ... in the canonical axes.

    Attributes:
        start: number of the first sample.
        x: (b, d, m); (b, t, v) for trajectories; (b, t, s.., v) for fields. C-contiguous, the caller's own.
        y: (b, d, m) for pairs, (b, c) for labelled data, else None.
        group: (b,) uint64 ids, or None.
    """

    start: int
    x: np.ndarray
    y: np.ndarray | None
    group: np.ndarray | None


@dataclass
class DataSet:
    """x, perhaps y and group ids, and what their axes mean. A context manager; closing releases the files.

    Attributes:
        layout: kind and letters of x.
        columns: the arrays by role: "x", "y", "group".
        dt: step of t; spacing: step of each s axis; periodic: whether each s axis wraps; periodic_time: t.
        notes: what was assumed, in the user's words.
        memory: ceiling in bytes; None: 80 % of what is free.
        names: what the arrays are called in their files.
        recognised: "layout NAME: ..." where the file is of a known layout, else "".
    """

    layout: Layout
    columns: Mapping[str, Column]
    dt: float | None = None
    spacing: tuple[float, ...] | None = None
    periodic: tuple[bool, ...] | None = None
    periodic_time: bool = False
    notes: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    recognised: str = ""
    memory: int | None = None
    containers: list[Container] = field(default_factory=list)
    _hashes: list[dict[str, str]] = field(default_factory=list, repr=False)

    def __enter__(self) -> DataSet:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the files."""
        for container in self.containers:
            container.close()

    # --- what it is

    @property
    def kind(self) -> str:
        """pairs, samples, labelled, trajectory or field."""
        return self.layout.kind

    @property
    def axes(self) -> str:
        """A letter per axis of x."""
        return self.layout.axes

    @property
    def samples(self) -> int:
        """How many samples."""
        return self.columns["x"].samples

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Full shape of x in the user's axes."""
        return self.columns["x"].shape

    @property
    def y_shape(self) -> tuple[int, ...] | None:
        """Full shape of y, or None."""
        return self.columns["y"].shape if "y" in self.columns else None

    @property
    def x_dtype(self) -> np.dtype:
        """Element type of x as stored."""
        return self.columns["x"].dtype

    @property
    def y_dtype(self) -> np.dtype | None:
        """Element type of y as stored, or None."""
        return self.columns["y"].dtype if "y" in self.columns else None

    @property
    def space_shape(self) -> tuple[int, ...]:
        """Sizes of the s axes."""
        return self.layout.sizes(self.x_shape, "s")

    @property
    def d(self) -> int:
        """Dimension that generators act on: product of the s axes; of the v axes for trajectories and fields."""
        return math.prod(self.layout.sizes(self.x_shape, "v" if "t" in self.axes else "s"))

    @property
    def channels(self) -> int:
        """Product of the c axes; 1 without."""
        return math.prod(self.layout.sizes(self.x_shape, "c"))

    m = channels

    @property
    def has_group(self) -> bool:
        """Whether samples carry group ids."""
        return "group" in self.columns

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays as stored."""
        return sum(math.prod(column.shape) * column.dtype.itemsize for column in self.columns.values())

    # --- reading

    @property
    def chunk_rows(self) -> int:
        """Samples a chunk: about 32 MB in float64, a power of two; depends on the shapes alone."""
        row = 8 * sum(self.columns[role].row_items for role in ("x", "y") if role in self.columns)
        return 1 << max(0, min(CHUNK_BYTES // max(row, 1), MOST_ROWS).bit_length() - 1)

    @property
    def _window_rows(self) -> int:
        """Samples read from storage at once: a multiple of `chunk_rows`.

        More than a chunk where storage keeps many samples together or scatters each of them.
        """
        rows, many = self.chunk_rows, 1
        for column in self.columns.values():
            most = WINDOW_BYTES // max(1, rows * column.row_items * column.dtype.itemsize)
            block = max(part.block(column.axis) for part in column.parts)
            wanted = most if any(part.scattered(column.axis) for part in column.parts) else 4 * block // rows
            many = max(many, min(most, wanted))
        return rows * many

    @property
    def read_bytes(self) -> int:
        """Memory that reading takes at its peak: the chunk in use, the next one, and what storage hands over."""
        chunk = window = 0
        for column in self.columns.values():
            chunk += 8 * column.row_items * min(self.chunk_rows, self.samples)
            window += column.dtype.itemsize * column.row_items * min(self._window_rows, self.samples)
        return 2 * chunk + window

    def check_memory(self) -> None:
        """Refuse before the work what cannot be read within the ceiling.

        Raises:
            ResourceError: a chunk and its neighbour do not fit.
        """
        limit = budget(self.memory)
        if self.read_bytes > limit:
            label = self.columns["x"].parts[0].file
            raise ResourceError(
                f"{label}: reading takes {format_size(self.read_bytes)} at once, over the ceiling of "
                f"{format_size(limit)}; raise --memory, or give a slice of each sample"
            )

    def chunks(self, start: int = 0, dtype: DTypeLike | None = np.float64, stop: int | None = None) -> Iterator[Chunk]:
        """All samples from `start` on, in order, one chunk read ahead in a thread.

        Args:
            start: first sample, a multiple of `chunk_rows`; or `stop`, for none at all.
            dtype: float64 or float32; None: float32 for an array that it holds exactly, else float64.
            stop: the sample after the last one, a multiple of `chunk_rows`; None: to the end.

        Raises:
            InputError: NaN or infinite values (index of the first), a file cut short or changed meanwhile.
        """
        stop = self.samples if stop is None else min(stop, self.samples)
        if (start % self.chunk_rows and start != stop) or (stop % self.chunk_rows and stop != self.samples):
            raise ValueError(f"samples {start} to {stop} are no whole chunks of {self.chunk_rows}")
        return _ahead(self._chunks(start, stop, None if dtype is None else np.dtype(dtype)))

    def first(self, count: int) -> Chunk:
        """The first samples, `count` at most, in float64: for a look at the data.

        Raises:
            InputError: as `chunks`, of these samples.
        """
        last = min(count, self.samples)
        return self._chunk(
            0, {role: column.read(0, last) for role, column in self.columns.items()}, np.dtype(np.float64)
        )

    def distinct_labels(self, most: int) -> np.ndarray | None:
        """The different values in y, ascending, as float64; None where there are more than `most`, or no y.

        Reads y alone.

        Raises:
            InputError: NaN or infinite values.
        """
        if "y" not in self.columns:
            return None
        column, found = self.columns["y"], np.zeros(0)
        for low in range(0, self.samples, self._window_rows):
            stored = column.read(low, min(low + self._window_rows, self.samples))
            values = self._numbers("y", stored, stored, low, np.dtype(np.float64))
            found = np.union1d(found, values)
            if len(found) > most:
                return None
        return found

    def _chunks(self, start: int, stop: int, dtype: np.dtype | None) -> Iterator[Chunk]:
        rows = self.chunk_rows
        for low in range(start, stop, self._window_rows):
            high = min(low + self._window_rows, stop)
            window = {role: column.read(low, high) for role, column in self.columns.items()}
            for first in range(low, high, rows):
                last = min(first + rows, high)
                part = {
                    role: block[(slice(None),) * self.columns[role].axis + (slice(first - low, last - low),)]
                    for role, block in window.items()
                }
                if last == high:
                    window.clear()
                yield self._chunk(first, part, dtype)
        for handle in self.handles:
            handle.check_unchanged()

    def _chunk(self, first: int, part: dict[str, np.ndarray], dtype: np.dtype | None) -> Chunk:
        x = self._numbers("x", part["x"], self.layout.arrange(part["x"]), first, dtype)
        y = group = None
        if "y" in part:
            block = part["y"]
            if self.kind == "pairs" or self.columns["y"].shape == self.x_shape:
                block = self.layout.arrange(block)
            if self.kind == "labelled":
                block = block.reshape(len(block), -1)
            y = self._numbers("y", part["y"], block, first, dtype)
        if "group" in part:
            column = self.columns["group"]
            group = group_ids(part["group"], f"{column.parts[0].file}: `{column.parts[0].name}`", first)
        return Chunk(first, x, y, group)

    def _numbers(
        self, role: str, stored: np.ndarray, arranged: np.ndarray, first: int, dtype: np.dtype | None
    ) -> np.ndarray:
        column = self.columns[role]
        if dtype is None:
            dtype = np.dtype(np.float32 if np.can_cast(column.dtype, np.float32, "safe") else np.float64)
        with np.errstate(all="ignore"):
            if isinstance(column.parts[0].source, ArraySource):
                numbers = np.array(arranged, dtype=dtype, order="C")
            else:
                numbers = np.ascontiguousarray(arranged, dtype=dtype)
            if stored.dtype.kind == "f":
                flat = numbers.reshape(-1)
                # One pass at memory speed; not finite also where squares overflow, so then look closely.
                if not np.isfinite(np.dot(flat, flat)) and not np.isfinite(flat).all():
                    raise self._not_finite(column, stored, first)
        return numbers

    def _not_finite(self, column: Column, stored: np.ndarray, first: int) -> InputError:
        bad = np.moveaxis(~np.isfinite(stored), column.axis, 0)
        if not bad.any():
            part = column.parts[0]
            return InputError(f"{part.file}: `{part.name}` has values beyond single precision; use --dtype float64")
        place = [int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape)]
        place.insert(column.axis, place.pop(0))
        word = "NaN" if np.isnan(stored[tuple(place)]) else "an infinite value"
        place[column.axis] += first
        part, index = column.locate(tuple(place))
        shown = index[0] if len(index) == 1 else index
        return InputError(
            f"{part.file}: `{part.name}` has {word} at index {shown} (the first); remove or fill such samples"
        )

    # --- where it came from

    @property
    def handles(self) -> list[Hashed]:
        """All files it is read from."""
        return [handle for container in self.containers for handle in container.handles]

    def fingerprint(self) -> list[dict[str, str]]:
        """Name and SHA-256 of every file, computed once; of every array where they came from memory.

        Raises:
            InputError: a file was changed since it was opened.
        """
        if not self._hashes:
            self._hashes += [{"name": handle.name, "sha256": handle.sha256()} for handle in self.handles]
        return self._hashes

    def know(self, hashes: Sequence[str]) -> None:
        """The SHA-256 of every file, as computed elsewhere."""
        self._hashes = [
            {"name": handle.name, "sha256": digest} for handle, digest in zip(self.handles, hashes, strict=True)
        ]

    def describe(self) -> dict[str, Any]:
        """The `data` entry of a summary."""
        return {
            "files": self.fingerprint(),
            "x_shape": list(self.x_shape),
            "samples": self.samples,
            "axes": self.axes,
        }


def _ahead(items: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same items, each computed while its forerunner is in use."""
    pool = ThreadPoolExecutor(1)
    try:
        pending = pool.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = pool.submit(next, items, None)
            yield item
            del item
    finally:
        # Not waited for: after a failure this may run as garbage is collected, in a thread that is starting and holds
        # the lock that waiting for another one takes.
        pool.shutdown(wait=False)
