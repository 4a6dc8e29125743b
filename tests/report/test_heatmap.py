"""Generators as letters on a terminal: the right cells, signs without colour, only where they can be shown."""

import io
import re

import numpy as np
import pytest
from results import digits, nothing, one, result, three

from symdisc.report.heatmap import CELLS, GLYPHS, NEGATIVE, POSITIVE, heat_maps, levels
from symdisc.report.table import print_summary


class Terminal(io.StringIO):
    def __init__(self, encoding="utf-8"):
        super().__init__()
        self._encoding = encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self):
        return True


def printed(symmetry, out):
    print_summary(symmetry, out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def test_levels_are_shares_of_the_largest_entry():
    assert levels(np.array([[0, -2.0, 0], [1.0, 0.02, 0], [0, 0, 0.5]])).tolist() == [[0, -4, 0], [2, 0, 0], [0, 0, 1]]
    assert not levels(np.zeros((2, 2))).any()


def test_a_large_matrix_is_shown_by_the_largest_entry_of_each_cell():
    matrix = np.zeros((36, 36))
    matrix[4, 35], matrix[35, 0] = -3.0, 1.5
    found = levels(matrix)
    assert found.shape == (CELLS, CELLS)
    assert (found[1, 11], found[11, 0], np.count_nonzero(found)) == (-4, 2, 2)


def test_rotations_look_like_rotations():
    lines = heat_maps(three(), 80).plain.splitlines()
    assert lines[0].split() == ["C[0]", "C[1]", "C[2]"]
    assert [lines[1][column : column + 6].strip() for column in (0, 9)] == ["· ██·", "· · ██"]
    assert lines[2].startswith("⣿⣿")
    assert "canonical basis" in lines[-1]


def test_signs_are_told_apart_without_colour(monkeypatch):
    assert not set(POSITIVE) & set(NEGATIVE)
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(one(), Terminal())
    assert POSITIVE[-1] in text
    assert NEGATIVE[-1] in text
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)
    monkeypatch.delenv("NO_COLOR")
    assert re.search(r"\x1b\[[0-9;]*31m", printed(one(), Terminal()))


@pytest.mark.parametrize("width", [80, 40, 20])
def test_they_fit_the_terminal(width, monkeypatch):
    many = result(np.stack([np.eye(12)] * 5))
    assert max(map(len, heat_maps(many, width).plain.splitlines()[:-1])) <= max(width, 24)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed(many, Terminal())).splitlines()
    assert max(map(len, lines)) <= max(width, 24)


@pytest.mark.parametrize(
    ("make", "out"),
    [
        (three, io.StringIO()),
        (three, Terminal("ascii")),
        (three, Terminal("latin-1")),
        (nothing, Terminal()),
        (digits, Terminal()),
    ],
    ids=["pipe", "ascii", "latin-1", "no generators", "too large"],
)
def test_none_where_they_cannot_be_shown_or_say_nothing(make, out):
    assert not set(GLYPHS) & set(printed(make(), out)) - {"·"}


def test_none_on_a_dumb_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert POSITIVE[-1] not in printed(three(), Terminal())
