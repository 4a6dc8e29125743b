"""Results as objects: blocks, factors, JSON types; what a file that is no result says."""

import json
from enum import Enum

import numpy as np
import pytest

import symdisc
from symdisc.errors import InputError
from symdisc.factored import FactoredRotations
from symdisc.symmetry import Block, Symmetry, Verdict, jsonable, summary_schema, to_json


def result(generators, **changes):
    k = len(generators)
    size = generators.shape[1]
    values = {
        "method": "moments",
        "kind": "samples",
        "verdict": Verdict.SYMMETRIC,
        "reason": "told",
        "blocks": (Block("space", 0, size),),
        "defect": np.full(k, 0.01),
        "defect_upper": np.full(k, 0.02),
        "status": ("certified",) * k,
        "origin": ("learned",) * k,
        "dimension": k,
        "certified_dimension": k,
    }
    return Symmetry(generators=generators, **(values | changes))


def test_blocks_by_their_role():
    stack = np.zeros((2, 5, 5))
    stack[:, :3, :3], stack[:, 3:, 3:] = 1.0, 2.0
    found = result(stack, blocks=(Block("space", 0, 3), Block("output", 3, 5, "units of y")))
    assert found.block("space").shape == (2, 3, 3)
    np.testing.assert_array_equal(found.block("output"), np.full((2, 2, 2), 2.0))
    with pytest.raises(InputError, match="no block 'time' in this result; it has space, output"):
        found.block("time")
    assert found.metadata()["blocks"][1] == {"role": "output", "start": 3, "stop": 5, "units": "units of y"}


def test_factors_are_previewed_and_never_written_out(tmp_path):
    factors = FactoredRotations(np.arange(1.0, 15.0), np.eye(14))
    found = result(factors, verdict=Verdict.CONSTRUCTED, certified_dimension=0)
    assert len(found) == 91
    with pytest.raises(InputError, match=r"a factored result with 91 generators of so\(14\): name the group instead"):
        found.generated()
    assert found.preview(2).shape == (2, 14, 14)
    summary = found.to_dict()
    assert summary["generators"] == {"size": [91]}
    assert found.metadata()["status"] == ["certified"]
    found.save(tmp_path)
    again = symdisc.load(tmp_path)
    np.testing.assert_array_equal(again.preview(91), found.preview(91))
    assert again.status == ("certified",) * 91


def test_what_brackets_add_belongs_to_what_is_generated():
    found = result(np.eye(3)[None], extras={"closure": 2 * np.eye(3)[None]})
    assert found.generated().shape == (2, 3, 3)
    assert result(np.eye(3)[None]).generated().shape == (1, 3, 3)


def test_files_that_are_no_results(tmp_path):
    np.savez(tmp_path / "other.npz", generators=np.eye(3)[None])
    with pytest.raises(InputError, match=r"no `metadata` in it, so not a result of `symdisc fit`"):
        symdisc.load(tmp_path / "other.npz")
    for text in ("{", "[]", json.dumps({"status": []})):
        np.savez(tmp_path / "bad.npz", generators=np.eye(3)[None], metadata=np.array(text))
        with pytest.raises(InputError, match=r"its metadata are damaged .*run `symdisc fit` again"):
            symdisc.load(tmp_path / "bad.npz")


class Colour(Enum):
    RED = "red"


def test_json_types():
    given = {
        1: np.arange(2),
        "t": (np.float32(0.5), np.nan, np.inf),
        "b": np.bool_(True),
        "i": np.int64(3),
        "e": Colour.RED,
        "n": None,
    }
    assert jsonable(given) == {"1": [0, 1], "t": [0.5, None, None], "b": True, "i": 3, "e": "red", "n": None}
    assert json.loads(to_json(given)) == jsonable(given)
    assert set(summary_schema()["required"]) == set(result(np.eye(2)[None]).to_dict())


def test_verdicts_of_given_generators_are_told_apart():
    assert "at least one direction" in Verdict.SYMMETRIC.sentence()
    assert "every given generator" in Verdict.SYMMETRIC.sentence(given=True)
    assert Verdict.CONSTRUCTED.sentence(given=True) == Verdict.CONSTRUCTED.sentence()


def test_the_package_lists_its_verbs():
    assert dir(symdisc) == sorted(symdisc.__all__)
    assert symdisc.nn.load
    with pytest.raises(AttributeError):
        _ = symdisc.nothing
