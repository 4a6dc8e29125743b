"""Writing so that a crash never leaves half a file: temporary name, fsync, rename."""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .errors import ResourceError


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step; on failure the old file stays whole.

    Raises:
        ResourceError: the folder is missing, read-only or full.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        reason = error.strerror or str(error)
        raise ResourceError(
            f"{path}: cannot be written ({reason}); free space, or choose another place with -o"
        ) from error


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
