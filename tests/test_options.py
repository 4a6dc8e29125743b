"""Options dataclasses: parsing, choices, messages, the table of the docs."""

from dataclasses import dataclass

import pytest

from symdisc.errors import InputError
from symdisc.options import describe, option, read


@dataclass(frozen=True)
class Plenty:
    steps: int = option(10, "how many steps")
    rate: float = option(0.5, "how fast")
    solver: str = option("dense", "which solver", ("dense", "network"))
    rank: int | None = option(None, "rank")
    snap: bool = option(False, "round the result")
    widths: tuple[float, ...] = option((1.0, 2.0), "window widths")
    mode: str | None = option(None, "mode", ("slow", "fast"))


@dataclass(frozen=True)
class Empty:
    pass


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("steps", "7", 7),
        ("steps", 7, 7),
        ("steps", 7.0, 7),
        ("rate", "1e-3", 1e-3),
        ("rate", 2, 2.0),
        ("solver", "network", "network"),
        ("rank", "3", 3),
        ("rank", "auto", None),
        ("rank", None, None),
        ("snap", "yes", True),
        ("snap", "No", False),
        ("snap", "1", True),
        ("snap", True, True),
        ("widths", "1,2.5", (1.0, 2.5)),
        ("widths", [3, 4], (3.0, 4.0)),
        ("mode", "fast", "fast"),
        ("mode", "auto", None),
    ],
)
def test_text_and_values(name, given, value):
    result = getattr(read(Plenty, {name: given}, "plenty"), name)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("steps", "seven", "--set p.steps=seven: expected whole number"),
        ("steps", "7.5", "expected whole number"),
        ("steps", 7.5, "expected whole number"),
        ("steps", float("inf"), "expected whole number"),
        ("steps", None, "--set p.steps: expected whole number, not None"),
        ("steps", "auto", "expected whole number"),
        ("rate", "fast", "--set p.rate=fast: expected number"),
        ("rate", [1], "expected number"),
        ("solver", "dens", "--set p.solver=dens: one of dense, network"),
        ("solver", None, "--set p.solver: expected word"),
        ("rank", "x", "expected whole number or auto"),
        ("snap", "maybe", "--set p.snap=maybe: yes or no"),
        ("snap", None, "expected yes or no"),
        ("widths", "1,x", "expected numbers with commas"),
        ("mode", "medium", "one of slow, fast"),
    ],
)
def test_wrong_values_are_named(name, given, message):
    with pytest.raises(InputError, match=message):
        read(Plenty, {name: given}, "plenty", "p.")


def test_unknown_option_lists_all_nearest_first():
    with pytest.raises(InputError) as caught:
        read(Plenty, {"step": 1}, "plenty", "p.")
    text = str(caught.value)
    assert text.startswith("--set p.step: plenty has no option 'step'; it has steps, ")
    assert all(name in text for name in Plenty.__dataclass_fields__)


def test_unknown_option_where_there_are_none():
    with pytest.raises(InputError, match="empty has no option 'x'; it has none"):
        read(Empty, {"x": 1}, "empty")
    assert read(Empty, {}, "empty") == Empty()


def test_table():
    rows = {row["name"]: row for row in describe(Plenty)}
    assert list(rows) == list(Plenty.__dataclass_fields__)
    assert rows["rank"] == {
        "name": "rank",
        "type": "whole number or auto",
        "default": None,
        "choices": [],
        "help": "rank",
    }
    assert rows["solver"]["choices"] == ["dense", "network"]
    assert rows["snap"]["type"] == "yes or no"
