"""NPZ files: stored members are read by offset in place, compressed ones are unpacked to a temporary file once.

The checksum of a stored member is checked where it is read whole (`read_members`), not where it is streamed.
"""

from __future__ import annotations

import functools
import struct
import zipfile
from typing import Any, BinaryIO, cast

import numpy as np

from ..errors import InputError, ResourceError, SymdiscError
from .files import Handle, guarded, require_disk, spool
from .listing import ArrayInfo, described
from .memory import budget, format_size
from .npy import PREFIX, Header, NpySource, parse_header
from .sources import require_numbers
from .tree import FlatTree, Tree

_LOCAL = struct.Struct("<4s22xHH")
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# Deflate cannot pack tighter than 1032 to 1.
_DEFLATE = 1040


class NpzContainer:
    """An open NPZ file."""

    def __init__(self, handle: Handle) -> None:
        self.label = handle.label
        self.handles = [handle]
        self._handle = handle
        with guarded(self.label):
            self._zip = zipfile.ZipFile(handle.file)
            infos = [info for info in self._zip.infolist() if not info.is_dir()]
        names = [info.filename for info in infos]
        if any(name.rsplit("/", 1)[-1] == "data.pkl" for name in names):
            raise InputError(
                f"{self.label} is a PyTorch file (a pickle inside), which can run code when loaded; "
                "where you trust it, save x.numpy() with numpy.savez"
            )
        double = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
        if double:
            raise InputError(f"{self.label} holds `{double}` twice; write it again with one member a name")
        self._infos = {name.removesuffix(".npy"): info for name, info in zip(names, infos, strict=True)}
        self._headers: dict[str, Header] = {}

    def members(self) -> list[str]:
        """Names of all members, without `.npy`."""
        return list(self._infos)

    def arrays(self) -> list[ArrayInfo]:
        """All members, in file order."""
        return [self._info(name) for name in self._infos]

    def _info(self, name: str) -> ArrayInfo:
        try:
            header = self.header(name)
            packed = self._infos[name].compress_type != zipfile.ZIP_STORED
            return described(name, header.dtype, header.shape, "compressed" if packed else "")
        except SymdiscError as error:
            return ArrayInfo(name, (), "", "", _why(error, f"{self.label}: `{name}`"))

    def exists(self, path: str) -> bool:
        """Whether there is such a member."""
        return path in self._infos

    def header(self, name: str) -> Header:
        """The checked header of a member, read once.

        Raises:
            InputError: encrypted, packed in an unknown way, not NPY, damaged, objects, or a false size.
        """
        if name not in self._headers:
            self._headers[name] = self._read_header(name)
        return self._headers[name]

    def _read_header(self, name: str) -> Header:
        info, label = self._infos[name], f"{self.label}: `{name}`"
        if not info.filename.endswith(".npy"):
            raise InputError(f"{label} is not an NPY member; write the file with numpy.savez")
        if info.filename.startswith("/") or ".." in info.filename.split("/"):
            raise InputError(f"{label} has a name that leaves the archive; write the file with numpy.savez")
        if info.flag_bits & 0x1:
            raise InputError(f"{label} is encrypted; write the file with numpy.savez")
        if info.compress_type not in _METHODS:
            raise InputError(f"{label} is packed in a way NumPy does not use; write the file with numpy.savez")
        if info.file_size > _DEFLATE * max(info.compress_size, 1) or (
            info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size
        ):
            raise InputError(
                f"{label} declares {format_size(info.file_size)} in {format_size(info.compress_size)}, "
                "which is impossible; the file is damaged, write it again"
            )
        if info.compress_type == zipfile.ZIP_STORED:
            offset = self._offset(info, label)
            prefix = self._handle.read(offset, min(PREFIX, info.file_size))
        else:
            with guarded(label), self._zip.open(info) as stream:
                prefix = stream.read(PREFIX)
        return parse_header(prefix, info.file_size, label)

    def _offset(self, info: zipfile.ZipInfo, label: str) -> int:
        with guarded(label):
            signature, name, extra = _LOCAL.unpack(self._handle.read(info.header_offset, _LOCAL.size))
        start = info.header_offset + _LOCAL.size + name + extra
        if signature != b"PK\x03\x04" or start + info.file_size > self._handle.size:
            raise InputError(f"{label} lies outside the file; the file is damaged, write it again")
        return start

    def source(self, path: str, fields: tuple[str, ...], text: bool = False) -> NpySource:
        """A member as an array that is read piece by piece.

        Raises:
            InputError: as `header`, or no real numbers.
        """
        header, label = self.header(path), f"{self.label}: `{path}`"
        require_numbers(header.dtype, label, text)
        source = NpySource(label, header, lambda: self._place(path))
        return source.field(fields) if fields else source

    def _place(self, name: str) -> tuple[Handle, int]:
        info, label = self._infos[name], f"{self.label}: `{name}`"
        if info.compress_type == zipfile.ZIP_STORED:
            return self._handle, self._offset(info, label)
        require_disk(label, info.file_size)
        with guarded(label), self._zip.open(info) as stream:
            spooled = spool(cast(BinaryIO, stream), label, info.file_size)
        self.handles_spooled.append(spooled)
        if spooled.size != info.file_size:
            raise InputError(f"{label} ends too early; it was cut short, write it again")
        return spooled, 0

    @functools.cached_property
    def handles_spooled(self) -> list[Handle]:
        """Temporary files of unpacked members."""
        return []

    @property
    def tree(self) -> Tree:
        """The file as layouts see it."""
        return FlatTree(self.label, {info.name: info.shape for info in self.arrays() if info.numeric})

    def attribute(self, path: str, name: str) -> Any:
        """A small member of that name: NPZ has no attributes."""
        if name not in self._infos:
            return None
        header = self.header(name)
        if header.nbytes > 4096 or header.dtype.kind not in "biufU":
            return None
        return self.read(name).tolist()

    def read(self, name: str) -> np.ndarray:
        """A whole member, its checksum verified.

        Raises:
            InputError: as `header`, or a wrong checksum.
        """
        header = self.header(name)
        with guarded(f"{self.label}: `{name}`"):
            content = self._zip.read(self._infos[name])
            order = "F" if header.fortran else "C"
            if header.nbytes == 0:
                return np.zeros(header.shape, header.dtype)
            flat = np.frombuffer(content, header.dtype, offset=header.offset)
            return flat.reshape(header.shape, order=order).copy()  # type: ignore[call-overload]

    def labels(self, path: str) -> tuple[str, ...]:
        """None: NPZ has no labels."""
        return ()

    def step(self, path: str, axis: int) -> float | None:
        """None: NPZ has no scales."""
        return None

    def close(self) -> None:
        """Release the file and what was unpacked."""
        self._zip.close()
        for handle in [*self.handles, *self.handles_spooled]:
            handle.close()


def read_members(handle: Handle) -> dict[str, np.ndarray]:
    """All members of a small NPZ, whole.

    Raises:
        InputError: any member is unusable.
        ResourceError: together they would not fit into memory.
    """
    container = NpzContainer(handle)
    try:
        need = sum(container.header(name).nbytes for name in container.members())
        if need > budget(None):
            raise ResourceError(f"{handle.label} needs {format_size(need)} of memory at once; free some")
        return {name: container.read(name) for name in container.members()}
    finally:
        container.close()


def _why(error: Exception, prefix: str) -> str:
    return str(error).removeprefix(prefix).removeprefix(":").strip()
