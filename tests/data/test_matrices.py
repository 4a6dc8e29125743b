"""Matrices from files of any origin."""

import h5py
import numpy as np
import pytest

from symdisc.data import read_matrices, read_npz
from symdisc.errors import InputError

STACK = np.random.default_rng(0).normal(size=(2, 3, 3))


def test_every_format(tmp_path):
    np.save(tmp_path / "a.npy", STACK)
    np.savez(tmp_path / "a.npz", generators=STACK, defect=np.full(2, np.nan), metadata=np.array("{}"))
    np.savez_compressed(tmp_path / "b.npz", basis=STACK.astype("f4"), other=np.zeros(3))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/lie"] = np.asfortranarray(STACK)
    for name in ("a.npy", "a.npz", "a.h5"):
        np.testing.assert_array_equal(read_matrices(tmp_path / name), STACK)
    found = read_matrices(tmp_path / "b.npz")
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, STACK, rtol=1e-6)
    np.testing.assert_array_equal(read_matrices(tmp_path / "a.h5", "group/lie[1]"), STACK[1:])
    np.testing.assert_array_equal(read_matrices(tmp_path / "a.npz", "generators[:1]"), STACK[:1])


def test_result_folder(tmp_path):
    np.savez(tmp_path / "generators.npz", generators=STACK)
    np.testing.assert_array_equal(read_matrices(tmp_path), STACK)


def test_single_matrix_is_one_generator(tmp_path):
    np.save(tmp_path / "a.npy", STACK[0])
    np.testing.assert_array_equal(read_matrices(tmp_path / "a.npy"), STACK[:1])


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"eigenvalues": np.ones(2), "eigenvectors": np.eye(2)}, ["factored", "symdisc.load"]),
        ({"generators": STACK[:, :2]}, ["(2, 2, 3)", "square"]),
        ({"a": STACK, "b": STACK}, ["`a`", "`b`", "which"]),
        ({"a": np.ones(3), "b": np.ones(4)}, ["square"]),
        ({"generators": np.where(np.arange(18).reshape(2, 3, 3) == 13, np.nan, 1.0)}, ["(1, 1, 1)", "finite"]),
        ({"generators": STACK + 1j}, ["complex"]),
        ({"generators": np.zeros((2, 0, 0))}, ["empty"]),
    ],
)
def test_refusals(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError) as caught:
        read_matrices(tmp_path / "a.npz")
    assert all(word in str(caught.value) for word in ["a.npz", *words]), caught.value


def test_unknown_name_lists_those_there(tmp_path):
    np.savez(tmp_path / "a.npz", left=STACK, right=STACK)
    with pytest.raises(InputError, match="`left`, `right`"):
        read_matrices(tmp_path / "a.npz", "lefty")


def test_empty_span(tmp_path):
    np.savez(tmp_path / "a.npz", generators=np.zeros((0, 4, 4)))
    assert read_matrices(tmp_path / "a.npz").shape == (0, 4, 4)


def test_folder_without_result(tmp_path):
    with pytest.raises(InputError, match=r"generators\.npz"):
        read_matrices(tmp_path)


def test_npz_whole(tmp_path):
    arrays = {
        "a": STACK,
        "f": np.asfortranarray(STACK),
        "none": np.zeros((0, 2)),
        "one": np.float64(3),
        "text": np.array("hello"),
    }
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    found = read_npz(tmp_path / "a.npz")
    assert set(found) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(found[name], value)
    found["a"][0] = 0


def test_npz_with_a_flipped_byte(tmp_path):
    np.savez(tmp_path / "a.npz", a=STACK)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(STACK.tobytes()[:16]) + 3] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npz"):
        read_npz(tmp_path / "a.npz")


def test_npz_only(tmp_path):
    np.save(tmp_path / "a.npy", STACK)
    with pytest.raises(InputError, match="not an NPZ"):
        read_npz(tmp_path / "a.npy")


def test_what_keeps_the_likely_array_from_being_read(tmp_path):
    np.savez(tmp_path / "a.npz", lie=np.zeros((2, 3, 3), dtype=complex))
    with pytest.raises(InputError, match=r"`lie` is complex; write a \+ ib as the real matrix"):
        read_matrices(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", lie=np.full((2, 2), "word"))
    with pytest.raises(InputError, match=r"no array of square matrices \(k, d, d\)"):
        read_matrices(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", lie=np.zeros((2, 3, 3), dtype="datetime64[s]"))
    with pytest.raises(InputError, match=r"\(k, d, d\): `lie` .*datetime"):
        read_matrices(tmp_path / "c.npz")
