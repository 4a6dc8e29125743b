"""Options of the network form."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import InputError
from ...options import option


@dataclass(frozen=True)
class NetworkOptions:
    """Options of the network."""

    layers: int = option(8, "N of (I + A / N)^N, one L-conv layer each")
    order: int = option(4, "terms of the Taylor series of exp(A / N) in a layer; 1: I + A / N, as in the papers")
    encoder: str = option(
        "projection",
        "t from the pair: `projection`, least squares on the current generators plus a perceptron; `mlp`, that alone",
        ("projection", "mlp"),
    )
    start: str = option(
        "spectral",
        "first generators: `spectral`, leading singular vectors of (y - x) x^T over near pairs; `random`",
        ("spectral", "random"),
    )
    width: int = option(64, "units of a hidden layer of the encoder")
    hidden: int = option(2, "hidden layers of the encoder")
    epochs: int = option(200, "passes over the pairs")
    learning_rate: float = option(0.01, "of Adam, at the start; falls to zero along a cosine")
    batch: int = option(256, "pairs a step")
    clip: float = option(1.0, "largest norm of the gradient")
    nearest: float = option(0.1, "share of the pairs, nearest first, in the first pass; grows to 1 by half time")
    closure: float = option(0.0, "weight of the distance of the brackets to the span")
    orthogonality: float = option(0.1, "weight of the overlaps of the generators")
    form: str = option("frobenius", "in which the generators are to be orthogonal", ("frobenius", "killing"))

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        for name in ("layers", "order", "width", "epochs", "batch"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        if self.hidden < 0:
            raise InputError(f"hidden is {self.hidden}; it must be 0 or more")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be above 0")
        for name in ("closure", "orthogonality"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is {getattr(self, name)}; a weight must be 0 or more")
        if not 0 < self.nearest <= 1:
            raise InputError(f"nearest is {self.nearest}; a share must be above 0 and at most 1")
        for name, choices in (
            ("encoder", ("projection", "mlp")),
            ("start", ("spectral", "random")),
            ("form", ("frobenius", "killing")),
        ):
            if getattr(self, name) not in choices:
                raise InputError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(choices)}")
