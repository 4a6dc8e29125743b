"""What a user may set for every method."""

from dataclasses import dataclass

import pytest

from symdisc.discover.settings import Settings
from symdisc.errors import InputError
from symdisc.options import option


@dataclass(frozen=True)
class ToyOptions:
    steps: int = option(10, "how many")
    rank: int | None = option(None, "rank")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tolerance": 0.0}, "--tolerance 0: a relative defect lies between 0 and 1"),
        ({"tolerance": 1.0}, "--tolerance 1"),
        ({"tolerance": float("nan")}, "--tolerance nan"),
        ({"level": 0.4}, "--level 0.4: a confidence lies between"),
        ({"level": 1.0}, "--level 1"),
        ({"generators": 0}, "--generators 0: at least 1, or auto"),
        ({"dtype": "float16"}, "--dtype float16: float32 or float64"),
        ({"seed": -1}, "--seed -1"),
    ],
)
def test_wrong_values(wrong, message):
    with pytest.raises(InputError, match=message):
        Settings(**wrong)


def test_defaults_are_those_of_the_command_line():
    settings = Settings()
    assert (settings.method, settings.tolerance, settings.level, settings.seed) == ("auto", 0.1, 0.95, 0)
    assert settings.generators is settings.candidates is settings.dtype is None


def test_a_method_reads_its_own_options_only():
    settings = Settings(options={"toy.steps": "7", "other.steps": "x", "toy.rank": 2})
    assert settings.of("toy", ToyOptions) == ToyOptions(7, 2)
    assert Settings().of("toy", ToyOptions) == ToyOptions()
    with pytest.raises(InputError, match=r"--set other\.steps=x: expected whole number"):
        settings.of("other", ToyOptions)


def test_messages_name_the_option_as_it_is_typed():
    with pytest.raises(InputError, match=r"--set toy\.stepps: toy has no option 'stepps'; it has steps, rank"):
        Settings(options={"toy.stepps": 1}).of("toy", ToyOptions)
