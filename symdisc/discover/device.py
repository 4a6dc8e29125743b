"""Where arrays live, NumPy's in main memory or torch's on a GPU, and what is done where a GPU has no room for them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..errors import InputError

SMALLEST = 64
# What the drivers of NVIDIA, AMD and WSL put there: without any, torch need not be loaded to find no GPU.
GPUS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
TORCH = 2.05e8

# An array of NumPy or a tensor of torch.
Array = Any
Found = TypeVar("Found")


def on_cpu(device: str) -> bool:
    """Whether that is certain without torch."""
    known = sys.platform == "linux" and not any(Path(node).exists() for node in GPUS)
    return device == "cpu" or (device == "auto" and known)


def torch_bytes(device: str) -> float:
    """What torch takes in main memory, where it may have to be loaded."""
    return 0.0 if on_cpu(device) else TORCH


def device_of(name: str) -> str:
    """What torch calls the device that `--device` names; torch is loaded only where there may be a GPU.

    Raises:
        InputError: unknown, or not at hand.
    """
    if on_cpu(name):
        return "cpu"
    if name != "auto" and not re.fullmatch(r"cuda(:\d+)?", name):
        raise InputError(f"--device {name}: auto, cpu or cuda[:i]")
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if not torch.cuda.is_available():
        raise InputError(f"--device {name}: torch sees no GPU here; use cpu or auto")
    count, number = torch.cuda.device_count(), int(name.partition(":")[2] or 0)
    if number >= count:
        raise InputError(f"--device {name}: torch sees no GPU beyond cuda:{count - 1} here")
    return name


@dataclass(frozen=True)
class Arrays:
    """Where arrays live, and in which precision. What both libraries call alike is called through `library`.

    Attributes:
        library: numpy or torch; device: of torch; dtype: `float32` or `float64`.
    """

    library: Any = np
    device: str = "cpu"
    dtype: str = "float64"

    @classmethod
    def on(cls, device: str, dtype: str | None = None) -> Arrays:
        """NumPy's for `cpu`, torch's for every other device."""
        if device == "cpu":
            return cls(dtype=dtype or "float64")
        import torch

        return cls(torch, device, dtype or "float64")

    @classmethod
    def of(cls, values: Array) -> Arrays:
        """Those that an array is one of."""
        if isinstance(values, np.ndarray):
            return cls()
        import torch

        return cls(torch, str(values.device), str(values.dtype).removeprefix("torch."))

    @property
    def ours(self) -> bool:
        """Whether they are NumPy's."""
        return self.library is np

    @property
    def ample(self) -> int:
        """How many times as much is worked on at once as suits a processor's caches: small steps keep a GPU waiting."""
        return 1 if self.ours else 8

    def here(self, values: np.ndarray, dtype: Any = None) -> Array:
        """The values where the work is done, in `dtype` if given; no copy is made where none is needed."""
        kind = np.dtype(dtype or self.dtype)
        if self.ours:
            return np.asarray(values, dtype=kind)
        return self.library.from_numpy(np.require(values, kind, ["C", "W"])).to(self.device)

    def cast(self, values: Array) -> Array:
        """In the precision of these arrays."""
        return values.astype(self.dtype) if self.ours else values.to(getattr(self.library, self.dtype))

    def back(self, values: Array) -> np.ndarray:
        """float64 of NumPy."""
        return np.asarray(values if self.ours else values.cpu().numpy(), dtype=float)

    def zeros(self, *shape: int) -> Array:
        """Sums to begin with."""
        if self.ours:
            return np.zeros(shape, dtype=self.dtype)
        return self.library.zeros(shape, dtype=getattr(self.library, self.dtype), device=self.device)

    def empty(self, like: Array, *shape: int) -> Array:
        """Room for values of the kind of others."""
        return np.empty(shape, dtype=like.dtype) if self.ours else like.new_empty(shape)


# NumPy's in float64, where nothing else is asked for.
MAIN = Arrays()


class Blocks:
    """Work on rows in blocks, which become smaller where the device has no room for them, and stay so.

    Args:
        size: rows of a block to begin with.
    """

    def __init__(self, size: int = sys.maxsize) -> None:
        self.size = size

    def of(self, work: Callable[[slice], Found], rows: int) -> Iterator[Found]:
        """What `work` gives for each block, one at least; it must leave nothing behind where it fails."""
        low = 0
        while True:
            try:
                found = work(slice(low, low + self.size))
            except RuntimeError as error:
                tried = min(self.size, rows - low)
                if not out_of_memory(error) or tried <= SMALLEST:
                    raise
                self.size = tried // 2
                continue
            low += self.size
            yield found
            if low >= rows:
                return


def out_of_memory(error: BaseException) -> bool:
    """Whether a device of torch ran out of memory; asked by name, so that torch need not be loaded."""
    return any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)


def released(device: object) -> None:
    """Give what torch has set aside on a GPU back to it."""
    import torch

    if torch.device(str(device)).type == "cuda":  # pragma: no cover - needs a GPU
        torch.cuda.empty_cache()
