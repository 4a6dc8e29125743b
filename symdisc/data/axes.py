"""What the data are and what each axis means: kinds, letters, defaults, the canonical order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError

KINDS = ("pairs", "samples", "labelled", "trajectory", "field")
LETTERS = {"n": "sample", "s": "space", "c": "channel", "t": "time", "v": "component"}
_ORDER = {"trajectory": "ntv", "field": "ntsv"}
_WORDS = {word: letter for letter, name in LETTERS.items() for word in (letter, name, name + "s")}
_TRUTH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def order_of(kind: str) -> str:
    """The letters of a kind in canonical order."""
    return _ORDER.get(kind, "nsc")


@dataclass(frozen=True)
class Layout:
    """What each axis of x was taken for.

    Args:
        kind: one of `KINDS`.
        axes: a letter per axis of x.
    """

    kind: str
    axes: str

    @property
    def sample_axis(self) -> int:
        """Where the samples are counted."""
        return self.axes.index("n")

    def sizes(self, shape: Sequence[int], letter: str) -> tuple[int, ...]:
        """Sizes of the axes with that letter."""
        return tuple(size for size, other in zip(shape, self.axes, strict=True) if other == letter)

    def arrange(self, block: np.ndarray) -> np.ndarray:
        """A block in the user's axes as (b, d, m); (b, t, v) for trajectories; (b, t, s.., v) for fields."""
        order = order_of(self.kind)
        places = [place for letter in order for place, other in enumerate(self.axes) if other == letter]
        return block.transpose(places).reshape(self.arranged_shape(block.shape))

    def arranged_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of a block after `arrange`: axes of one letter are flattened, those of a field's space are not."""
        result: list[int] = []
        for letter in order_of(self.kind):
            sizes = self.sizes(shape, letter)
            result += sizes if letter == "s" and self.kind == "field" else [math.prod(sizes)]
        return tuple(result)

    def words(self) -> str:
        """`n sample, s space`: for people."""
        return ", ".join(f"{letter} {LETTERS[letter]}" for letter in dict.fromkeys(self.axes))


def choose_kind(x_shape: tuple[int, ...], y_shape: tuple[int, ...] | None) -> str:
    """The kind that the shapes suggest."""
    if y_shape is None:
        return "samples"
    return "pairs" if y_shape == x_shape else "labelled"


def check_kind(kind: str, label: str) -> str:
    """Refuse a kind that does not exist.

    Raises:
        InputError: not one of `KINDS`.
    """
    if kind not in KINDS:
        raise InputError(f"{label}: kind `{kind}` is unknown; use --kind with one of {', '.join(KINDS)}")
    return kind


def default_axes(kind: str, rank: int, label: str) -> str:
    """`n` then `s`; `ntv`; `nts..v`.

    Raises:
        InputError: too few axes for the kind.
    """
    if kind == "trajectory" and rank != 3:
        raise InputError(f"{label}: a trajectory is read as ntv, but x has {rank} axes; say with --axes what they are")
    if kind == "field" and rank < 4:
        raise InputError(f"{label}: a field is read as nts..v, but x has {rank} axes; say with --axes what they are")
    if kind == "trajectory":
        return "ntv"
    return "nt" + "s" * (rank - 3) + "v" if kind == "field" else "n" + "s" * (rank - 1)


def from_labels(labels: Sequence[str]) -> str | None:
    """Letters from HDF5 dimension labels, single letters or full words; None if any is something else."""
    letters = [_WORDS.get(label.strip().lower()) for label in labels]
    return "".join(letter for letter in letters if letter) if letters and all(letters) else None


def check_axes(axes: str, kind: str, shape: tuple[int, ...], label: str) -> Layout:
    """A layout whose letters fit kind and shape.

    Raises:
        InputError: unknown letters, wrong number, no or two `n`, letters of another kind.
    """
    allowed = order_of(kind)
    meaning = ", ".join(f"{letter} {LETTERS[letter]}" for letter in allowed)
    wrong = [letter for letter in axes if letter not in allowed]
    if wrong:
        raise InputError(f"{label}: --axes {axes}: `{wrong[0]}` has no meaning for {kind}; use {meaning}")
    if len(axes) != len(shape):
        raise InputError(
            f"{label}: --axes {axes} has {len(axes)} letters, but the array has {len(shape)} axes, shape {shape}; "
            f"give a letter per axis: {meaning}"
        )
    once = "nt" if "t" in allowed else "n"
    for letter in once:
        if axes.count(letter) != 1:
            alone = "; a single run or sample is x[None], with n first" if letter == "n" and "n" not in axes else ""
            raise InputError(
                f"{label}: --axes {axes} must have one `{letter}` ({LETTERS[letter]}), "
                f"not {axes.count(letter)}; use {meaning}{alone}"
            )
    if kind == "field" and "s" not in axes:
        raise InputError(f"{label}: --axes {axes} has no `s`; a field over time alone is --kind trajectory")
    return Layout(kind, axes)


def parse_spacing(value: object, count: int, label: str) -> tuple[float, ...] | None:
    """Steps of the s axes from `0.1`, `0.1,0.2`, a number or a sequence; one number serves all.

    Raises:
        InputError: not positive numbers, or not one an axis.
    """
    if value is None:
        return None
    try:
        items = value.split(",") if isinstance(value, str) else np.asarray(value).reshape(-1).tolist()
        numbers = tuple(float(item) for item in items)
    except (TypeError, ValueError):
        numbers = ()
    if not numbers or not all(math.isfinite(number) and number > 0 for number in numbers):
        raise InputError(f"{label}: spacing {value} is not a list of steps; give --spacing 0.1 or --spacing 0.1,0.2")
    if len(numbers) == 1:
        return numbers * count
    if len(numbers) != count:
        raise InputError(f"{label}: spacing has {len(numbers)} steps for {count} s axes; give one, or one an axis")
    return numbers


def parse_dt(value: object, label: str) -> float | None:
    """The sampling step of t.

    Raises:
        InputError: not a positive number.
    """
    if value is None:
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise InputError(f"{label}: dt {value} is not a positive number; give --dt in the units of time")
    return number


def parse_periodic(value: object, count: int, label: str) -> tuple[bool, tuple[bool, ...] | None]:
    """Which axes wrap around: `s`, `t`, `s,t`, `yes,no` (an answer per s axis), or a sequence of booleans.

    Returns:
        whether t does; an answer for each s axis, None where nothing is known.

    Raises:
        InputError: none of these, or not an answer an axis.
    """
    if value is None:
        return False, None
    if isinstance(value, str):
        words = [word.strip().lower() for word in value.split(",")]
        if set("".join(words)) <= {"s", "t"} and value:
            letters = "".join(words)
            return "t" in letters, ("s" in letters,) * count
        answers = [_TRUTH.get(word) for word in words]
    else:
        answers = [bool(item) for item in np.asarray(value).reshape(-1).tolist()]
    if not answers or None in answers:
        raise InputError(f"{label}: periodic {value} is not understood; give --periodic s, t, or yes,no per s axis")
    if len(answers) == 1:
        answers *= count
    if len(answers) != count:
        raise InputError(f"{label}: periodic has {len(answers)} answers for {count} s axes; give one, or one an axis")
    return False, tuple(bool(answer) for answer in answers)
