"""Solvable algebras of dimension 2 to 4 that are no direct sums: the Bianchi types, and A4,k of Patera and Winternitz
(J. Math. Phys. 18, 1449 (1977), table I; notation of Patera, Sharp, Winternitz and Zassenhaus 1976).

Where an algebra has a codimension-one nilradical, everything follows from how one more element acts on it, up to scale.
Each class is a set of equations for that action; how far each is from zero, in units of its own standard deviation,
decides whether it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor, isfinite, log10

import numpy as np

Deviation = Callable[[Callable[[np.ndarray], np.ndarray]], np.ndarray]
SIGMAS = 4.0
TINY = 1e-7
BLIND = 0.2
DENOMINATORS = 12
REACH, FAINT = 4.0, 1e-7


@dataclass
class Named:
    """A name, isomorphic ones, parameters, and the noise at which the closest equation that does not hold would."""

    name: str
    aliases: list[str] = field(default_factory=list)
    params: dict[str, float] = field(default_factory=dict)
    margin: float = np.inf
    neighbours: list[str] = field(default_factory=list)


class Judge:
    """Holds quantities against their standard deviations.

    `deviation` gives those for noise of relative size 1 (small noise, scaled up); `noise` is the one there is. The
    decision number `turned` is taken the other way; `doubtful` are the numbers of those that the noise leaves open.
    """

    def __init__(self, constants: np.ndarray, deviation: Deviation, noise: float, turned: int | None = None) -> None:
        self.constants, self.deviation, self.noise, self.turned = constants, deviation, noise, turned
        self.margin = np.inf
        self.doubtful: list[int] = []
        self._asked = 0

    def vanishes(self, quantity: Callable[[np.ndarray], np.ndarray]) -> bool:
        """Whether a quantity (n,) computed from structure constants is zero within the noise."""
        number, self._asked = self._asked, self._asked + 1
        size = float(np.linalg.norm(quantity(self.constants)))
        unit = float(np.linalg.norm(self.deviation(quantity)))
        if self.noise > FAINT and TINY < size <= REACH * SIGMAS * unit * self.noise:
            self.doubtful.append(number)
        vanishes = self._judged(size, unit)
        return vanishes != (number == self.turned)

    def _judged(self, size: float, unit: float) -> bool:
        if size <= SIGMAS * unit * self.noise + TINY:
            if SIGMAS * unit * self.noise > BLIND:
                # Too much noise to say that it does not vanish.
                self.margin = min(self.margin, self.noise)
            return True
        if unit > 0:
            self.margin = min(self.margin, size / (SIGMAS * unit))
        return False

    def value(self, quantity: Callable[[np.ndarray], np.ndarray], zero: bool = False) -> float:
        """A number, as the simplest fraction that fits it, else itself to a tenth of its standard deviation; 0 only
        where that may be."""
        raw = float(quantity(self.constants)[0])
        spread = float(self.deviation(quantity)[0]) * self.noise
        if not isfinite(spread):
            return raw
        near = simplest(raw, 3 * spread + TINY * max(1.0, abs(raw)))
        if near == raw and spread > 0:
            near = round(raw, 1 - floor(log10(spread)))
        return near if near or zero else raw


def simplest(value: float, within: float) -> float:
    """The fraction with the smallest denominator up to 12 within some distance of a value, else the value."""
    for denominator in range(1, DENOMINATORS + 1):
        fraction = Fraction(round(value * denominator), denominator)
        if abs(float(fraction) - value) <= within:
            return float(fraction)
    return value


def bianchi(judge: Judge, nilradical: int) -> Named | None:
    """Three-dimensional solvable algebras; the last `nilradical` basis vectors span the nilradical."""
    if nilradical == 3:
        return Named("heis(3)", ["n(3)", "galilei(1)", "carroll(1)", "bianchi(II)", "A3,1"])
    if nilradical != 2 or not _acts(judge.constants[0, 1:, 1:]):
        return None

    def discriminant(c: np.ndarray) -> np.ndarray:
        a = _action(c, 2)
        return np.array([(np.trace(a) / 2) ** 2 - np.linalg.det(a)])

    def trace(c: np.ndarray) -> np.ndarray:
        return np.array([np.trace(_action(c, 2))])

    def traceless(c: np.ndarray) -> np.ndarray:
        a = _action(c, 2)
        return (a - np.trace(a) / 2 * np.eye(2)).ravel()

    def h(c: np.ndarray) -> np.ndarray:
        return -((trace(c) / 2) ** 2) / discriminant(c)

    if judge.vanishes(traceless):
        return Named("bianchi(V)", ["A3,3"])
    if judge.vanishes(discriminant):
        return Named("bianchi(IV)", ["A3,2"])
    real = discriminant(judge.constants)[0] > 0
    value = 0.0 if judge.vanishes(trace) else judge.value(h)
    if value == 0:
        if real:
            return Named("e(1,1)", ["bianchi(VI,h=0)", "newton-hooke(1,+)", "poincare(1,1)", "A3,4"])
        return Named("e(2)", ["bianchi(VII,h=0)", "newton-hooke(1,-)", "A3,6"])
    return Named(f"bianchi({'VI' if real else 'VII'},h={number(value)})", [], {"h": value})


def four(judge: Judge, nilradical: int, powers: tuple[int, ...], derived: int) -> Named | None:
    """Four-dimensional solvable algebras that are no direct sums."""
    if nilradical == 4:
        return Named("A4,1", ["bargmann(1)"]) if powers == (2, 1) else None
    if nilradical == 2:
        return Named("sim(2)", ["A4,12", "aff(1,C)"])
    if nilradical != 3:
        return None
    if powers == (1,):
        return _on_heisenberg(judge) if _acts(judge.constants[0, 1:3, 1:3]) else None
    return _on_abelian(judge, derived) if not powers and _acts(judge.constants[0, 1:, 1:]) else None


def _acts(action: np.ndarray) -> bool:
    """False where a flag that fits badly left nothing of it: then the nilradical is larger than the flag says."""
    return float(np.abs(action).max()) > TINY


def _on_heisenberg(judge: Judge) -> Named | None:
    """R |x heis(3), by the action on heis(3) / centre; on the centre it acts by the trace."""

    def block(c: np.ndarray) -> np.ndarray:
        a = _action(c, 3)
        return a[:2, :2] / np.linalg.norm(a[:2, :2])

    def discriminant(c: np.ndarray) -> np.ndarray:
        b = block(c)
        return np.array([(np.trace(b) / 2) ** 2 - np.linalg.det(b)])

    def trace(c: np.ndarray) -> np.ndarray:
        return np.array([np.trace(block(c))])

    def traceless(c: np.ndarray) -> np.ndarray:
        b = block(c)
        return (b - np.trace(b) / 2 * np.eye(2)).ravel()

    def ratio(c: np.ndarray) -> np.ndarray:
        values = np.sort_complex(np.linalg.eigvals(block(c))).real
        values = values[np.argsort(-np.abs(values))]
        return np.array([values[1] / values[0]])

    def spiral(c: np.ndarray) -> np.ndarray:
        return np.abs(trace(c) / 2) / np.sqrt(np.maximum(-discriminant(c), 1e-300))

    if judge.vanishes(traceless):
        return _with("A4,9", b=1.0)
    if judge.vanishes(discriminant):
        return Named("A4,7")
    real = discriminant(judge.constants)[0] > 0
    if judge.vanishes(trace):
        return Named("A4,8") if real else Named("oscillator", ["A4,10"])
    return _with("A4,9", b=judge.value(ratio, zero=True)) if real else _with("A4,11", a=judge.value(spiral))


def _on_abelian(judge: Judge, derived: int) -> Named | None:
    """R |x R^3, by the eigenvalues of the action and its Jordan type."""
    if derived == 2:
        return Named("A4,3")

    def centred(c: np.ndarray) -> np.ndarray:
        a = _action(c, 3)
        return a - np.trace(a) / 3 * np.eye(3)

    def cubic(c: np.ndarray) -> np.ndarray:
        d = centred(c)
        return np.array([np.trace(d @ d), np.linalg.det(d)])

    def discriminant(c: np.ndarray) -> np.ndarray:
        d = centred(c)
        p, q = -np.trace(d @ d) / 2, -np.linalg.det(d)
        return np.array([-4 * p**3 - 27 * q**2])

    def second(c: np.ndarray) -> np.ndarray:
        """The 2 x 2 minors of D - lambda, lambda its double eigenvalue: they vanish unless it has a Jordan block."""
        d = centred(c)
        p, q = -np.trace(d @ d) / 2, -np.linalg.det(d)
        shifted = d + 3 * q / (2 * p) * np.eye(3)
        return np.array([_minor(shifted, i, j) for i in range(3) for j in range(3)])

    if judge.vanishes(lambda c: centred(c).ravel()):
        return _with("A4,5", a=1.0, b=1.0)
    if judge.vanishes(cubic):
        # One eigenvalue: rank of the nilpotent part.
        if judge.vanishes(lambda c: (centred(c) @ centred(c)).ravel()):
            return _with("A4,2", a=1.0)
        return Named("A4,4")
    if judge.vanishes(discriminant):
        if not judge.vanishes(second):
            return _with("A4,2", a=judge.value(lambda c: np.array([_simple_over_double(_action(c, 3))])))
        return _with("A4,5", **_ordered(judge, _double_real))
    if discriminant(judge.constants)[0] > 0:
        return _with("A4,5", **_ordered(judge, _three_real))
    a = judge.value(lambda c: _complex_pair(c)[:1])
    b = judge.value(lambda c: _complex_pair(c)[1:], zero=True)
    sign = -1 if b < 0 or (b == 0 and a < 0) else 1
    return _with("A4,6", a=sign * a, b=sign * b + 0.0)


def _ordered(judge: Judge, eigenvalues: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    """-1 <= a <= b <= 1, the others over the largest; where the largest has an opposite, b > 0."""
    ratios = [judge.value(lambda c, i=i: eigenvalues(c)[i : i + 1]) for i in (1, 2)]  # type: ignore[misc]
    a, b = sorted(ratios)
    if abs(a + 1) < TINY and b < 0:
        b = -b
    return {"a": a, "b": b}


def _three_real(c: np.ndarray) -> np.ndarray:
    values = np.sort(np.linalg.eigvals(_action(c, 3)).real)
    values = values if np.abs(values[-1]) >= np.abs(values[0]) else -values[::-1]
    return np.array([1.0, values[0] / values[2], values[1] / values[2]])


def _double_real(c: np.ndarray) -> np.ndarray:
    """As if two eigenvalues were one: its estimate is linear in the noise, that of each is not."""
    a = _action(c, 3)
    single, double = _single_and_double(a)
    if abs(single) >= abs(double):
        return np.array([1.0, double / single, double / single])
    return np.array([1.0, single / double, 1.0])


def _single_and_double(a: np.ndarray) -> tuple[float, float]:
    mean = np.trace(a) / 3
    d = a - mean * np.eye(3)
    p, q = -np.trace(d @ d) / 2, -np.linalg.det(d)
    return mean + 3 * q / p, mean - 3 * q / (2 * p)


def _simple_over_double(a: np.ndarray) -> float:
    single, double = _single_and_double(a)
    return single / double


def _complex_pair(c: np.ndarray) -> np.ndarray:
    """(real eigenvalue, real part of the pair) over its imaginary part."""
    values = np.linalg.eigvals(_action(c, 3))
    values = values[np.argsort(np.abs(values.imag))]
    real, pair = values[0].real, values[-1]
    return np.array([real, pair.real]) / abs(pair.imag)


def _action(c: np.ndarray, size: int) -> np.ndarray:
    """ad of the first basis vector on the last `size` ones, of norm 1."""
    a = c[0, -size:, -size:].T
    return a / np.linalg.norm(a)


def _minor(a: np.ndarray, i: int, j: int) -> float:
    kept = np.delete(np.delete(a, i, axis=0), j, axis=1)
    return float(kept[0, 0] * kept[1, 1] - kept[0, 1] * kept[1, 0])


def _with(name: str, **params: float) -> Named:
    text = ",".join(map(number, params.values()))
    return Named(f"{name}({text})", [], dict(params))


def number(value: float) -> str:
    """A parameter as it stands in a name."""
    return f"{value:.6g}"
