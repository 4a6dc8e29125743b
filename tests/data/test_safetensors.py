"""Safetensors, written and read: against bytes laid by hand, the format's own library, and damaged files."""

import json
import struct

import numpy as np
import pytest

from symdisc.atomic import safetensors_bytes
from symdisc.data import read_safetensors
from symdisc.errors import InputError

ARRAYS = {
    "b": np.arange(6, dtype=np.float64).reshape(2, 3),
    "a": np.array(2.5),
    "flags": np.array([True, False]),
    "no/rows": np.zeros((0, 4), np.float32),
    "größe": np.arange(4, dtype=np.int64)[::2],
    "half": np.array([1, -2], np.float16),
}


def by_hand(header, values=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + values


def entry(dtype="F32", shape=(2,), start=0, stop=8):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


def test_the_bytes_are_those_of_the_specification():
    header = b'{"__metadata__":{"k":"v"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    header += b" " * (-len(header) % 8)
    expected = struct.pack("<Q", len(header)) + header + struct.pack("<2f", 1.0, -2.0)
    assert safetensors_bytes({"x": np.array([1, -2], ">f4")}, {"k": "v"}) == expected


def test_order_does_not_matter():
    backwards = dict(reversed(ARRAYS.items()))
    one = safetensors_bytes(ARRAYS, {"a": "1", "b": "2"})
    assert one == safetensors_bytes(backwards, {"b": "2", "a": "1"})


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors_bytes(ARRAYS, {"schema": "1"}))
    found, metadata = read_safetensors(path)
    assert metadata == {"schema": "1"}
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    found["a"][...] = 0


def test_brain_floats_become_float32(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(by_hand({"x": entry("BF16", (2,), 0, 4)}, struct.pack("<2H", 0x3F80, 0xC000)))
    found = read_safetensors(path)[0]["x"]
    assert found.dtype == np.float32
    assert found.tolist() == [1.0, -2.0]


@pytest.mark.parametrize("array", [np.array([1j]), np.array(["a"]), np.array([None]), np.array([1], np.longdouble)])
def test_what_the_format_lacks_is_not_written(array):
    with pytest.raises(ValueError, match="'x' of type"):
        safetensors_bytes({"x": array})


GOOD = by_hand({"x": entry()}, b"\0" * 8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"{}", "not a safetensors file"),
        (b"\x93NUMPY" + b"\0" * 100, "not a safetensors file"),
        (by_hand(b"{}", length=2**62), "not a safetensors file"),
        (by_hand(b"{'x'}"), "its header cannot be read"),
        (by_hand(b'{"x":' + b"[" * 100_000), "its header cannot be read"),
        (by_hand(b'{"x":\xff}'), "its header cannot be read"),
        (by_hand(b'{"x":1,"x":1}'), "'x' stands in it twice"),
        (by_hand({"__metadata__": {"a": 1}}), "__metadata__"),
        (by_hand({"x": 1}), "header of `x`"),
        (by_hand({"x": entry(shape=(-2,))}, b"\0" * 8), "header of `x`"),
        (by_hand({"x": entry(shape=(2.0,))}, b"\0" * 8), "header of `x`"),
        (by_hand({"x": entry("F8_E4M3", (8,))}, b"\0" * 8), "elements of type 'F8_E4M3'"),
        (by_hand({"x": entry(shape=(2**40,), stop=2**42)}, b"\0" * 8), "4.4 TB of values, but 8 bytes follow"),
        (by_hand({"x": entry(shape=(2**40,))}, b"\0" * 8), "shape \\(1099511627776,\\), but 8 bytes"),
        (by_hand({"x": entry(shape=(1,) * 40 + (2,))}, b"\0" * 8), "`x` declares"),
        (by_hand({"x": entry(), "y": entry(start=4, stop=12)}, b"\0" * 12), "`y` starts at byte 4"),
        (by_hand({"x": entry(start=8, stop=16)}, b"\0" * 16), "`x` starts at byte 8"),
        (GOOD[:-1], "8 bytes of values, but 7 bytes follow"),
        (GOOD + b"\0", "8 bytes of values, but 9 bytes follow"),
        (by_hand({"x": entry("BOOL", (2,), 0, 2)}, b"\1\2"), "booleans other than 0 and 1"),
    ],
)
def test_damaged_files_are_refused_in_one_sentence(tmp_path, content, words):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_safetensors(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_truncation_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    content = safetensors_bytes(ARRAYS)
    for cut in range(1, len(content), 7):
        path.write_bytes(content[:cut])
        with pytest.raises(InputError):
            read_safetensors(path)


def test_the_formats_own_library_agrees(tmp_path):
    peer = pytest.importorskip("safetensors.numpy")
    ours, theirs = tmp_path / "ours.safetensors", tmp_path / "theirs.safetensors"
    ours.write_bytes(safetensors_bytes(ARRAYS, {"a": "b"}))
    loaded = peer.load_file(ours)
    peer.save_file({name: np.ascontiguousarray(array) for name, array in ARRAYS.items()}, theirs, {"a": "b"})
    found, metadata = read_safetensors(theirs)
    assert metadata == {"a": "b"}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(loaded[name], array)
        np.testing.assert_array_equal(np.squeeze(found[name]), array)
