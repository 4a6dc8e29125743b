"""The only place where user files are opened: regular files by descriptor, HDF5 by path after the same checks."""

from __future__ import annotations

import contextlib
import difflib
import errno
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Protocol

from ..errors import InputError, ResourceError, SymdiscError
from .memory import format_size

if TYPE_CHECKING:
    import h5py

BLOCK = 1 << 22
_OUT_OF = {errno.ENOSPC: "disk space", errno.EDQUOT: "disk quota", errno.EMFILE: "file handles", errno.ENOMEM: "memory"}
_OTHER_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


@contextlib.contextmanager
def guarded(label: str, what: str = "") -> Iterator[None]:
    """The one wrapper around h5py, zipfile and numpy: hostile files raise a dozen types of exception.

    Raises:
        InputError: anything went wrong while reading.
        ResourceError: memory, disk or file handles ran out.
    """
    place = f"{label}: {what}" if what else label
    try:
        yield
    except SymdiscError:
        raise
    except MemoryError as error:
        raise ResourceError(f"{place} needs more memory than there is; free some, or give a slice") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OUT_OF:
            raise ResourceError(f"{place} cannot be read, out of {_OUT_OF[error.errno]}; free some") from error
        raise InputError(f"{place} cannot be read ({brief(error)}); the file is damaged, write it again") from error


def brief(error: BaseException) -> str:
    """The first 160 characters of an error on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


class Hashed(Protocol):
    """Where values come from: a file or an array in memory."""

    @property
    def name(self) -> str:
        """As results record it."""

    @property
    def size(self) -> int:
        """Bytes."""

    def sha256(self) -> str:
        """Hex digest of its bytes."""

    def check_unchanged(self) -> None:
        """An error if it was changed since it was opened."""

    def close(self) -> None:
        """Release it."""


class Handle:
    """One open regular file: reads by offset, its state when it was opened, its hash.

    Args:
        label: what messages call the file.
        descriptor: an open file descriptor, owned from now on.
        path: where it is, or None for a spooled stream.
    """

    def __init__(self, label: str, descriptor: int, path: str | None) -> None:
        self.label = label
        self.path = path
        self._file: BinaryIO = os.fdopen(descriptor, "rb", buffering=0)
        self._stamp = _stamp(os.fstat(descriptor))
        self._sha256: str | None = None
        self.size = self._stamp[0]

    @property
    def name(self) -> str:
        """Base name, as results record it."""
        return os.path.basename(self.path) if self.path else self.label

    @property
    def file(self) -> BinaryIO:
        """The raw file object, for zipfile."""
        return self._file

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        return os.pread(self._file.fileno(), count, offset)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill `buffer` from `offset`.

        Raises:
            InputError: the file ends before.
        """
        done = 0
        while done < len(buffer):
            with guarded(self.label):
                got = os.preadv(self._file.fileno(), [buffer[done : done + (1 << 30)]], offset + done)
            if got == 0:
                raise InputError(f"{self.label} ends too early; it was cut short, write it again")
            done += got

    def check_unchanged(self) -> None:
        """Compare size and time of change with those at the opening.

        Raises:
            InputError: somebody wrote to the file, or replaced it.
        """
        if self.path is None:
            return
        try:
            now = _stamp(os.stat(self.path))
        except OSError:
            now = None
        if now != self._stamp:
            raise InputError(f"{self.label} was changed while it was read; run again when it is complete")

    def sha256(self) -> str:
        """Hex digest of the content, computed once."""
        if self._sha256 is None:
            digest, buffer, offset = hashlib.sha256(), bytearray(BLOCK), 0
            view = memoryview(buffer)
            while offset < self.size:
                part = view[: min(BLOCK, self.size - offset)]
                self.read_into(offset, part)
                digest.update(part)
                offset += len(part)
            self.check_unchanged()
            self._sha256 = digest.hexdigest()
        return self._sha256

    def close(self) -> None:
        """Release the descriptor."""
        self._file.close()


def _stamp(info: os.stat_result) -> tuple[int, int, int, int]:
    return info.st_size, info.st_mtime_ns, info.st_ino, info.st_dev


def open_regular(path: str) -> Handle:
    """Open a regular file for reading.

    Raises:
        InputError: missing, a folder, a pipe or device, not permitted, or empty.
    """
    try:
        info = os.stat(path)
        if stat.S_ISDIR(info.st_mode):
            raise InputError(f"{path} is a folder; give a file in it")
        if not stat.S_ISREG(info.st_mode):
            kind = _OTHER_KINDS.get(stat.S_IFMT(info.st_mode), "no regular file")
            raise InputError(f"{path} is {kind}; copy the data to a file, or pipe NPY or NPZ in and give `-`")
        if info.st_size == 0:
            raise InputError(f"{path} is empty (0 bytes); write it again")
        return Handle(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), path)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist{_similar(path)}; check the path") from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _OUT_OF:
            raise ResourceError(f"{path}: out of {_OUT_OF[error.errno]}; free some") from error
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path} cannot be opened ({reason}); check path and permissions") from error


def _similar(path: str) -> str:
    folder, name = os.path.split(path)
    with contextlib.suppress(OSError):
        near = difflib.get_close_matches(name, os.listdir(folder or "."), n=1)
        if near:
            return f" (nearest name there: {near[0]})"
    return ""


def open_hdf5(handle: Handle) -> h5py.File:
    """Open the HDF5 file of a handle, read-only and never waiting for a lock.

    Raises:
        InputError: not a whole HDF5 file.
    """
    import h5py

    assert handle.path is not None
    with guarded(handle.label):
        return h5py.File(handle.path, "r", locking="best-effort")


def spool(stream: BinaryIO, label: str, limit: int | None = None) -> Handle:
    """Copy a stream into an unnamed temporary file.

    Args:
        stream: where to read from.
        label: what messages call it.
        limit: refuse more bytes than this.

    Raises:
        InputError: empty, or longer than `limit`.
        ResourceError: no space in the temporary folder.
    """
    with guarded(label):
        descriptor, path = tempfile.mkstemp(prefix="symdisc-")
        os.unlink(path)
        with os.fdopen(os.dup(descriptor), "wb") as target:
            done = 0
            while block := stream.read(BLOCK):
                done += len(block)
                if limit is not None and done > limit:
                    os.close(descriptor)
                    raise InputError(f"{label} is longer than it declares; the file is damaged, write it again")
                target.write(block)
        if done == 0:
            os.close(descriptor)
            raise InputError(f"{label} holds nothing; pipe an NPY or NPZ file in")
        return Handle(label, descriptor, None)


def spool_stdin() -> Handle:
    """Standard input as a file: `-` on the command line.

    Raises:
        InputError: nothing is piped in.
        ResourceError: no space in the temporary folder.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("stdin: nothing is piped in; give a file, or pipe an NPY or NPZ file in")
    return spool(sys.stdin.buffer, "stdin")


def require_disk(label: str, count: int) -> None:
    """Refuse before unpacking what the temporary folder cannot hold.

    Raises:
        ResourceError: less than `count` bytes free.
    """
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if count > free:
        raise ResourceError(
            f"{label} unpacks to {format_size(count)}, and {folder} has {format_size(free)} free; "
            "store it uncompressed (numpy.savez), or point TMPDIR to a larger disk"
        )
