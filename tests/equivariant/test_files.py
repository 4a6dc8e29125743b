"""Bases on disk, and the cache."""

from __future__ import annotations

import json

import numpy as np
import pytest

from symdisc.equivariant import Group, equivariant_basis, files, group, load_basis, save_basis
from symdisc.equivariant.panels import basis_panels
from symdisc.errors import InputError

CASES = [("SO(3)", "2*V + T(2) -> V*V"), ("S(4)", "V*V -> V"), ("SO(3) x S(3)", "V1*V2 -> V2*V1"), ("SO(3)", "V")]


@pytest.mark.parametrize("factored", [False, True])
@pytest.mark.parametrize(("name", "text"), CASES)
def test_a_file_gives_the_basis_back(tmp_path, monkeypatch, name, text, factored):
    if factored:
        monkeypatch.setattr(files, "LARGEST_DENSE", -1)
    basis = equivariant_basis(name, text)
    save_basis(basis, tmp_path / "basis.npz", group(name))
    found = load_basis(tmp_path / "basis.npz")
    np.testing.assert_array_equal(found.dense(), basis.dense())
    assert found.to_dict() == basis.to_dict()
    assert found.shape == basis.shape
    with np.load(tmp_path / "basis.npz", allow_pickle=False) as arrays:
        assert ("basis" in arrays) != factored
        assert arrays["rank"] == basis.rank
        assert str(arrays["generators"]) == group(name).digest()
        assert json.loads(str(arrays["metadata"]))["group"] == name


def test_what_is_no_basis_is_said(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(InputError, match="not a basis"):
        load_basis(tmp_path / "other.npz")


def test_the_cache_depends_on_content_alone(tmp_path):
    one = equivariant_basis("SO(3)", "T(4)", cache=tmp_path)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    again = equivariant_basis(Group(group("SO(3)").lie, name="mine", noise=0.0), "T(4)", cache=tmp_path)
    assert again.dense().tobytes() == one.dense().tobytes()
    assert len(list(tmp_path.iterdir())) == 1
    # Another group of the same size, another tolerance and another rep have entries of their own.
    equivariant_basis("so(2,1)", "T(4)", cache=tmp_path)
    equivariant_basis("SO(3)", "T(4)", noise=0.1, cache=tmp_path)
    equivariant_basis("SO(3)", "T(3,1)", cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    path.write_bytes(content[:100])
    assert equivariant_basis("SO(3)", "T(4)", cache=tmp_path).rank == 3
    assert path.read_bytes() == content


def test_pictures_colour_what_is_tied_together():
    image, solutions = basis_panels(equivariant_basis("S(3)", "V -> V"))
    assert image.array.shape == (3, 3)
    assert len(set(np.diag(image.array))) == 1
    assert set(image.array.ravel()) == {1.0, 2.0}
    assert solutions.arrays.shape == (2, 3, 3)
    (message,) = basis_panels(equivariant_basis("SO(3)", "V"))
    assert "no invariant" in message.text
