"""Small JSON files through the one door."""

import pytest

from symdisc.data import read_json
from symdisc.errors import InputError


def test_an_object(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": 1, "b": [1.5, "c"]}')
    assert read_json(path) == {"a": 1, "b": [1.5, "c"]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"[1]", "not a JSON object"),
        (b"{", "not a JSON object"),
        (b"\xff\xfe", "not a JSON object"),
        (b'{"a": 1, "a": 2}', "'a' stands in it twice"),
        (b"[" * 100_000, "not a JSON object"),
        (b" " * (2**20 + 1), "1 MiB"),
    ],
)
def test_what_is_none(tmp_path, content, words):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_json(path)


def test_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(InputError):
            read_json(path)
