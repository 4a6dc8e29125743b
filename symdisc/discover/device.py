"""What every method says and does about the memory of a device."""

from __future__ import annotations

SMALLEST = 64


def out_of_memory(error: BaseException) -> bool:
    """Whether a device of torch ran out of memory; asked by name, so that torch need not be loaded."""
    return any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)


def released(device: object) -> None:
    """Give what torch has set aside on a GPU back to it."""
    import torch

    if torch.device(str(device)).type == "cuda":  # pragma: no cover - needs a GPU
        torch.cuda.empty_cache()
