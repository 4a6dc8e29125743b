"""Writing so that a crash never leaves half a file: temporary name, fsync, rename; and one writer a folder."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import re
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from .errors import InputError, ResourceError

LOCK = ".lock"
_LEFT = re.compile(
    r"\.(generators\.npz|checkpoint(\.\d+of\d+\.\d+)?\.npz|summary\.json|run\.json|report\.html"
    r"|model\.(safetensors|json))\.\w+\.tmp"
)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step; on failure the old file stays whole.

    Raises:
        ResourceError: the folder is missing, read-only or full.
    """
    write_all({path: content})


def write_all(files: Mapping[Path, bytes]) -> None:
    """Replace files that belong together: all are written first, and where one cannot be replaced the old ones return.

    Raises:
        ResourceError: a folder is missing, read-only or full; every old file is whole, and all are old.
    """
    ready: dict[Path, str] = {}
    before: dict[Path, str | None] = {}
    path = next(iter(files), Path())
    try:
        for path, content in files.items():
            ready[path] = _written(path, content)
        for path in files:
            # The last one decides: after it there is nothing to go back to.
            before[path] = _kept(path) if len(before) < len(files) - 1 else None
            os.replace(ready[path], path)
            del ready[path]
    except BaseException as error:
        _go_back({path: second for path, second in before.items() if path not in ready})
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or str(error)
        raise ResourceError(
            f"{path}: cannot be written ({reason}); free space, or choose another place with -o"
        ) from error
    finally:
        for leftover in [*ready.values(), *before.values()]:
            if leftover is not None:
                with contextlib.suppress(OSError):
                    os.unlink(leftover)


def _written(path: Path, content: bytes) -> str:
    """The name of a new file beside `path` that holds `content`, on the disk for certain."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return temporary


def _kept(path: Path) -> str | None:
    """A second name of the file that is to be replaced; None where there is none."""
    second = f"{path.parent / f'.{path.name}.{os.getpid()}.tmp'}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(second)
    try:
        os.link(path, second)
    except FileNotFoundError:
        return None
    except OSError:
        # A file system without second names.
        shutil.copyfile(path, second)
    return second


def _go_back(before: Mapping[Path, str | None]) -> None:
    for path, second in before.items():
        with contextlib.suppress(OSError):
            if second is None:
                os.unlink(path)
            else:
                os.replace(second, path)


def make_folder(folder: Path) -> None:
    """Create a result folder, or say in one line why not.

    Raises:
        ResourceError: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResourceError(f"{folder}: cannot be created ({reason}); choose another place with -o") from error


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a result folder, made if missing, for this process alone; a new one that stays empty is removed again.

    The lock is the kernel's and ends with the process, however that dies. Where the file system has none, nothing is
    held.

    Raises:
        InputError: another process holds it. ResourceError: the folder cannot be written.
    """
    new = not folder.exists()
    make_folder(folder)
    path = folder / LOCK
    descriptor = _hold(path)
    for name in os.listdir(folder):
        if descriptor is not None and _LEFT.fullmatch(name):
            # Of a process that was killed while it wrote.
            with contextlib.suppress(OSError):
                os.unlink(folder / name)
    try:
        yield
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.unlink(path)
            os.close(descriptor)
        if new:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _hold(path: Path) -> int | None:
    try:
        import fcntl
    except ImportError:  # pragma: no cover - no such locks on this system
        return None
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ResourceError(f"{path.parent}: cannot be written ({reason}); choose another place with -o") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
            os.close(descriptor)
            raise InputError(
                f"{path.parent}: {holder} is writing there; wait for it, or choose another folder with -o"
            ) from None
        except OSError:
            os.close(descriptor)
            return None
        # The one before may have removed the file between our opening and locking it: then we hold nothing.
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, f"process {os.getpid()} on {platform.node()}".encode(), 0)
                return descriptor
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """As `write_bytes`, UTF-8."""
    write_bytes(path, text.encode())


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """NPZ content that depends on the arrays alone.

    `numpy.savez` stamps each member with the time of writing, so two equal results would differ in their bytes.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, member.getvalue())
    return buffer.getvalue()


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to an NPZ file, byte-identical for identical arrays."""
    write_bytes(path, npz_bytes(arrays))


SAFETENSORS_TYPES = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
}


def safetensors_bytes(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file that depends on its content alone, not on the order in which it is given.

    Eight bytes of header length (little endian), a JSON header, the raw little-endian values. The widest element
    types come first and the header is padded with spaces, as the format's own library does it, so that every array
    is aligned where the file is mapped. Source: the format's specification, github.com/huggingface/safetensors.

    Args:
        arrays: of real numbers or booleans, any shape, under any name but `__metadata__`.
        metadata: text to text.

    Raises:
        ValueError: an element type that the format lacks, or a name that it reserves.
    """
    codes = {np.dtype(letter): code for code, letter in SAFETENSORS_TYPES.items()}
    stored = {}
    for name, given in arrays.items():
        array = np.asarray(given)
        little = array.dtype.newbyteorder("<")
        if little not in codes or name == "__metadata__":
            raise ValueError(f"{name!r} of type {array.dtype} cannot be written to safetensors")
        stored[name] = np.asarray(array, little, order="C")
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    body, place = [], 0
    for name in sorted(stored, key=lambda name: (-stored[name].dtype.itemsize, name)):
        array = stored[name]
        header[name] = {
            "dtype": codes[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [place, place + array.nbytes],
        }
        body.append(array.tobytes())
        place += array.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *body])
