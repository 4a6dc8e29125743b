"""What a user may set for every method; a method's own options stand in its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from ..errors import InputError
from ..options import Options, read


@dataclass(frozen=True)
class Settings:
    """Options of `fit` and `test` that every method understands.

    Attributes:
        method: a name of `symdisc methods`, or "auto".
        generators: how many to certify at most; None: as many as the data show.
        candidates: where to look; None: the method's own space.
        output_action: labelled data: how y transforms; None: the method's own.
        tolerance: largest relative defect that still counts as a symmetry.
        level: confidence of every bound and verdict.
        device, dtype, seed: as on the command line.
        memory: ceiling in bytes; None: 80 % of what is free.
        function: labelled data from Python: f itself, a torch callable, instead of a model fitted to y.
        options: the methods' own options, "method.option" -> text or value.
    """

    method: str = "auto"
    generators: int | None = None
    candidates: str | None = None
    output_action: str | None = None
    tolerance: float = 0.1
    level: float = 0.95
    device: str = "auto"
    dtype: str | None = None
    seed: int = 0
    memory: int | None = None
    function: Callable[..., Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in (("tolerance", Real), ("level", Real), ("seed", Integral), ("generators", Integral)):
            value = getattr(self, name)
            if not isinstance(value, kind) and not (name == "generators" and value is None):
                raise InputError(f"--{name} {value}: a number is needed")
        if not 0 < self.tolerance < 1:
            raise InputError(f"--tolerance {self.tolerance:g}: a relative defect lies between 0 and 1, such as 0.1")
        if not 0.5 <= self.level < 1:
            raise InputError(f"--level {self.level:g}: a confidence lies between 0.5 and 1, such as 0.95")
        if self.generators is not None and self.generators < 1:
            raise InputError(f"--generators {self.generators}: at least 1, or auto")
        if self.dtype not in (None, "float32", "float64"):
            raise InputError(f"--dtype {self.dtype}: float32 or float64")
        if self.seed < 0:
            raise InputError(f"--seed {self.seed}: a whole number from 0")

    def of(self, method: str, kind: type[Options]) -> Options:
        """The own options of one method, from the entries `method.option`.

        Raises:
            InputError: an unknown option, or a value of the wrong type.
        """
        own = {}
        for key, value in self.options.items():
            owner, _, name = key.partition(".")
            if owner == method:
                own[name] = value
        return read(kind, own, owner=method, prefix=f"{method}.")
