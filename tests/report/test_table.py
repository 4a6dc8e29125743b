import io
import re

import numpy as np
import pytest
from results import digits, nothing, one, result, rotations, seventy, three

from symdisc.report.numbers import defect_text, plural, short, short_bound
from symdisc.report.table import print_summary
from symdisc.symmetry import Verdict

RESULTS = [nothing, one, three, seventy, digits]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def printed(symmetry, out=None, files=()):
    out = out or io.StringIO()
    print_summary(symmetry, out, files)
    return out.getvalue()


def unwrapped(text):
    return " ".join(text.split())


@pytest.mark.parametrize("make", RESULTS)
def test_fits_eighty_columns_and_says_the_verdict_first(make):
    symmetry = make()
    text = printed(symmetry, files=["a/very/long/folder" * 6 + "/generators.npz", "summary.json"])
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith(symmetry.verdict.value.upper() + ": ")
    sentence = symmetry.verdict.sentence()
    assert sentence[1:] + "." in unwrapped(text)
    assert f"Reason: {symmetry.reason}" in unwrapped(text)


@pytest.mark.parametrize("make", RESULTS)
def test_no_escape_codes_unless_on_a_terminal(make, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in printed(make())


def test_colours_on_a_terminal_but_not_with_no_color(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    green = re.compile(r"\x1b\[[0-9;]*32m")
    assert green.search(printed(three(), Terminal()))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not green.search(printed(three(), Terminal()))


def test_a_narrow_terminal_is_respected(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed(three(), Terminal())).splitlines()
    assert max(map(len, lines)) <= 50


def test_an_encoding_without_the_letters_is_no_crash():
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", newline="\n")
    print_summary(three(), out, ["\u00fc\u6f22/generators.npz"])
    out.flush()
    text = raw.getvalue().decode("ascii")
    assert "\\xfc\\u6f22" in text
    assert "L[0]" in text


def test_control_characters_of_names_never_reach_the_terminal():
    symmetry = three()
    symmetry.notes = ["evil \x1b]0;title\x07 note"]
    assert "\x1b" not in printed(symmetry, files=["\x1b[31m.npz"])


def test_brackets_in_names_are_text_not_markup():
    assert "a note with [brackets]" in printed(three())


def test_rows_of_generators():
    text = printed(three())
    assert re.search(r"^L\[0\] +0\.0011 \(<= 0\.0019\) +certified +learned$", text, re.M)
    assert text.count("certified") >= 4
    assert "more" not in text


def test_twelve_rows_then_how_many_more():
    text = printed(seventy())
    assert len(re.findall(r"^L\[\d+\]", text, re.M)) == 12
    assert re.search(r"^\.\.\. +and 58 more$", text, re.M)


def test_facts_of_a_found_algebra():
    text = unwrapped(printed(three()))
    assert "so(3) (also su(2)): simple, compact, rank 1, high confidence" in text
    assert "3 certified; at least 3 and at most 4, each bound at level 0.95" in text
    assert "the next direction has defect 0.43 (tolerance 0.1)" in text
    assert "2 directions never seen by the data" in text
    assert "about 42000" in text


def test_a_constructed_basis_claims_no_discovery():
    text = unwrapped(printed(digits()))
    assert "A formula makes such generators from any data; they are no discovery." in text
    assert "1830 generators by construction, 0 certified" in text
    assert "found" not in text.replace("find which ones are real", "")


def test_consistent_is_not_called_certified():
    text = printed(result(rotations(3), Verdict.INCONCLUSIVE, dimension_bounds=(0, 5)))
    assert "INCONCLUSIVE" in text
    assert "0 certified, 3 written; at least 0 and at most 5" in unwrapped(text)
    assert not re.search(r"^L\[.*certified", text, re.M)


def test_written_files_by_folder():
    text = printed(one(), files=["r/generators.npz", "r/summary.json", "r/plots/spectrum.png", "-"])
    assert "r/: generators.npz, summary.json" in text
    assert "r/plots/: spectrum.png" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00114, "0.0011"), (0.002, "0.0020"), (0.0, "0"), (2.3e-16, "2.3e-16"), (12.0, "12"), (1.0, "1.0")],
)
def test_two_digits(value, text):
    assert short(value) == text


def test_unknown_numbers_are_a_dash():
    assert short(None) == short(float("nan")) == short_bound(float("inf")) == "-"
    assert defect_text(0.0011, float("nan")) == "0.0011"


def test_bounds_are_rounded_up():
    assert defect_text(0.0011, 0.00181) == "0.0011 (<= 0.0019)"
    assert short_bound(0.0019) == "0.0019"
    for value in np.random.default_rng(0).lognormal(-3, 3, 500):
        shown = float(short_bound(value))
        assert value * (1 - 1e-9) <= shown <= value * 1.11


def test_plural():
    assert [plural(1, "matrix", "matrices"), plural(2, "matrix", "matrices"), plural(0, "generator")] == [
        "1 matrix",
        "2 matrices",
        "0 generators",
    ]
