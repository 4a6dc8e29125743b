"""The NPY format, read by offset: the header is checked against the true size before anything is allocated."""

from __future__ import annotations

import ast
import math
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .files import Handle, guarded
from .memory import format_size

MAGIC = b"\x93NUMPY"
PREFIX = 12 + 65536
_BLOCK = 8 << 20
_WASTE = 16


@dataclass(frozen=True)
class Header:
    """What an NPY header says: element type, shape, order, where the data start."""

    dtype: np.dtype
    shape: tuple[int, ...]
    fortran: bool
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of the data."""
        return math.prod(self.shape) * self.dtype.itemsize


def parse_header(prefix: bytes, size: int, label: str) -> Header:
    """Read an NPY header (versions 1 to 3) from the first bytes of a file or member.

    Args:
        prefix: the first `PREFIX` bytes, or all of it.
        size: bytes of the whole file or member.
        label: what messages call it.

    Raises:
        InputError: not NPY, damaged, object arrays, or a size that is not the true one.
    """
    if prefix[:6] != MAGIC:
        raise InputError(f"{label} is not an NPY array; write it with numpy.save or numpy.savez")
    with guarded(label, "its NPY header"):
        header = _parse(prefix)
    if header.dtype.hasobject:
        raise InputError(
            f"{label} holds Python objects (a pickle), which can run code when loaded; "
            "convert it to a numeric array where you trust it"
        )
    if header.offset + header.nbytes != size:
        raise InputError(
            f"{label} declares {header.dtype} of shape {header.shape}, {format_size(header.nbytes)}, "
            f"but {format_size(size - header.offset)} follow; the file is damaged, write it again"
        )
    return header


def _parse(prefix: bytes) -> Header:
    major = prefix[6]
    if major not in (1, 2, 3):
        raise ValueError(f"version {major} is unknown")
    form = "<H" if major == 1 else "<I"
    start = 8 + struct.calcsize(form)
    (length,) = struct.unpack(form, prefix[8:start])
    text = prefix[start : start + length]
    if len(text) != length:
        raise ValueError("it is cut short")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fields = ast.literal_eval(text.decode("utf-8" if major == 3 else "latin1").strip())
        except (MemoryError, RecursionError) as error:
            raise ValueError("it is nested too deeply") from error
        if not isinstance(fields, dict) or set(fields) != {"descr", "fortran_order", "shape"}:
            raise ValueError("it lacks descr, fortran_order and shape")
        dtype = np.lib.format.descr_to_dtype(fields["descr"])
    shape = fields["shape"]
    if not (isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape) and len(shape) <= 32):
        raise ValueError("its shape is no shape")
    if not isinstance(fields["fortran_order"], bool):
        raise ValueError("its fortran_order is not True or False")
    return Header(dtype, shape, fields["fortran_order"], start + length)


class NpySource:
    """An NPY array in an open file, read piece by piece with pread.

    A memory map would be shorter, but a file that is cut while mapped kills the process.

    Args:
        label: what messages call the file.
        header: its parsed header.
        open_: returns the file and the offset of the NPY data in it; called at the first read, so that a
            compressed member is unpacked only when it is needed.
    """

    chunks: tuple[int, ...] | None = None

    def __init__(self, label: str, header: Header, open_: Callable[[], tuple[Handle, int]]) -> None:
        self.label = label
        self.shape = header.shape
        self.dtype = header.dtype
        self._header = header
        self._open = open_
        self._place: tuple[Handle, int] | None = None

    def field(self, names: tuple[str, ...]) -> NpySource:
        """A field of a structured array.

        Raises:
            InputError: always; NPY stores fields interleaved and such files are rare.
        """
        raise InputError(f"{self.label} has fields, which are read from HDF5 only; save `{names[0]}` as its own array")

    def outer(self, axis: int) -> bool:
        """Whether `axis` is the slowest in the file, so that rows are contiguous."""
        return axis == (len(self.shape) - 1 if self._header.fortran else 0)

    def read(self, slices: tuple[slice, ...]) -> np.ndarray:
        """The block of forward slices, in the stored element type."""
        if self._place is None:
            self._place = self._open()
        handle, base = self._place
        shape, order = self.shape, slices
        if self._header.fortran:
            shape, order = shape[::-1], order[::-1]
        out = np.empty(tuple(len(range(*s.indices(n))) for s, n in zip(order, shape, strict=True)), self.dtype)
        if out.nbytes:
            _Reader(handle, shape, self.dtype).fill(out, base + self._header.offset, order)
        return out.T if self._header.fortran else out


class _Reader:
    """Hyperslabs of a C-ordered array by few, large reads."""

    def __init__(self, handle: Handle, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.handle = handle
        self.shape = shape
        self.dtype = dtype

    def fill(self, out: np.ndarray, offset: int, slices: tuple[slice, ...]) -> None:
        shape = self.shape[len(self.shape) - len(slices) :]
        if not slices or (
            slices[0].step in (None, 1)
            and all(s.indices(n) == (0, n, 1) for s, n in zip(slices[1:], shape[1:], strict=True))
        ):
            row = math.prod(shape[1:]) * self.dtype.itemsize
            first = slices[0].start * row if slices else 0
            self._direct(out, offset + first)
            return
        row = math.prod(shape[1:]) * self.dtype.itemsize
        chosen = range(*slices[0].indices(shape[0]))
        wanted = out.nbytes // len(chosen)
        if (len(slices) > 1 and row > max(_WASTE * wanted, 1 << 16)) or (len(slices) > 1 and row > _BLOCK):
            for place, index in enumerate(chosen):
                self.fill(out[place, ...], offset + index * row, slices[1:])
            return
        step = chosen.step
        count = max(1, _BLOCK // (row * step))
        for place in range(0, len(chosen), count):
            part = chosen[place : place + count]
            block = np.empty((part[-1] - part[0] + 1, *shape[1:]), self.dtype)
            self._direct(block, offset + part[0] * row)
            out[place : place + len(part)] = block[::step][(slice(None), *slices[1:])]

    def _direct(self, out: np.ndarray, offset: int) -> None:
        self.handle.read_into(offset, out.reshape(-1).view(np.uint8).data)


def open_npy(handle: Handle) -> NpySource:
    """The array of an NPY file.

    Raises:
        InputError: damaged, or no numeric array.
    """
    header = parse_header(handle.read(0, PREFIX), handle.size, handle.label)
    return NpySource(handle.label, header, lambda: (handle, 0))
