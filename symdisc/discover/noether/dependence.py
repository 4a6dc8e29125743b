"""Functions of one coordinate by which the coefficients of a Lagrangian may depend on time or place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError

AXES = "txyz"
NONE = "none"
PARTS = {"h": ("h",), "m2": ("m2",), "V": ("m2", "V"), "all": ("h", "m2", "V")}


@dataclass(frozen=True)
class Factor(ABC):
    """A function of the coordinate of one axis, from the centre of the grid: its value and its slope."""

    axis: int

    @property
    @abstractmethod
    def name(self) -> str:
        """As it stands behind the name of a coefficient."""

    @abstractmethod
    def value(self, x: np.ndarray) -> np.ndarray:
        """f(x)."""

    @abstractmethod
    def slope(self, x: np.ndarray) -> np.ndarray:
        """f'(x)."""


@dataclass(frozen=True)
class Monomial(Factor):
    """x^power, along an axis with two ends."""

    power: int

    @property
    def name(self) -> str:
        """`x^2`."""
        return AXES[self.axis] + (f"^{self.power}" if self.power > 1 else "")

    def value(self, x: np.ndarray) -> np.ndarray:
        """x^power."""
        return np.asarray(x**self.power)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """power x^(power - 1)."""
        return np.asarray(self.power * x ** (self.power - 1))


@dataclass(frozen=True)
class Wave(Factor):
    """cos or sin (2 pi number x / length), around a periodic axis."""

    number: int
    length: float
    sine: bool

    @property
    def name(self) -> str:
        """`cos 3x`."""
        return f"{'sin' if self.sine else 'cos'} {self.number if self.number > 1 else ''}{AXES[self.axis]}"

    @property
    def _k(self) -> float:
        return 2 * np.pi * self.number / self.length

    def value(self, x: np.ndarray) -> np.ndarray:
        """The wave."""
        return np.asarray(np.sin(self._k * x) if self.sine else np.cos(self._k * x))

    def slope(self, x: np.ndarray) -> np.ndarray:
        """Its derivative."""
        return np.asarray(self._k * np.cos(self._k * x) if self.sine else -self._k * np.sin(self._k * x))


def factors_of(
    spec: str, order: int, sizes: Sequence[int], steps: Sequence[float], periodic: Sequence[bool]
) -> dict[str, tuple[Factor, ...]]:
    """The functions that multiply each part of a Lagrangian, by a specification such as `m2:x+all:t`.

    Args:
        spec: words joined by `+`, each a part (`h` the derivatives, `m2` the masses, `V` the whole potential, `all`)
            and an axis (`t`, `x`, `y`, `z`); or `none`.
        order: highest power of the coordinate, or number of waves around a periodic axis.
        sizes, steps, periodic: (D,), of the grid, time first.

    Returns:
        "h", "m2" and "V" (the powers but the second) -> their functions, without the constant.

    Raises:
        InputError: unknown part or axis, or an order that these points do not bear.
    """
    found: dict[str, list[Factor]] = {"h": [], "m2": [], "V": []}
    if spec == NONE:
        return dict.fromkeys(found, ())
    letters = AXES[: len(sizes)]
    for word in (word.strip() for word in spec.split("+")):
        part, _, letter = word.partition(":")
        if part not in PARTS or len(letter) != 1 or letter not in letters:
            raise InputError(
                f"--set noether.terms={spec}: {word!r} is not PART:AXIS with a part of {', '.join(PARTS)} and an axis "
                f"of {', '.join(letters)}, such as m2:x or all:t"
            )
        axis = letters.index(letter)
        if not 1 <= order <= sizes[axis] // 8:
            raise InputError(
                f"--set noether.order={order}: between 1 and {sizes[axis] // 8}, an eighth of the points along {letter}"
            )
        numbers = range(1, order + 1)
        functions: list[Factor]
        if periodic[axis]:
            length = sizes[axis] * steps[axis]
            functions = [Wave(axis, number, length, sine) for number in numbers for sine in (False, True)]
        else:
            functions = [Monomial(axis, power) for power in numbers]
        for name in PARTS[part]:
            found[name] += [function for function in functions if function not in found[name]]
    return {part: tuple(functions) for part, functions in found.items()}
