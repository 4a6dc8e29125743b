"""`symdisc compare` as a shell sees it."""

import json
import subprocess
import sys

import numpy as np
import pytest

UNIT = np.eye(9).reshape(9, 3, 3)


def symdisc(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "symdisc", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def spans(tmp_path):
    """`b` turns one of the two directions of `a` by 2 degrees, in another basis; `c` is larger."""
    t = np.radians(2)
    turned = np.cos(t) * UNIT[1] + np.sin(t) * UNIT[4]
    np.savez(tmp_path / "a.npz", generators=UNIT[:2], other=UNIT[2:3])
    np.save(tmp_path / "b.npy", np.array([UNIT[0] + 3 * turned, 5 * turned, UNIT[0]]))
    np.save(tmp_path / "c.npy", UNIT[:3])
    np.save(tmp_path / "empty.npy", UNIT[:0])
    np.save(tmp_path / "small.npy", np.eye(2)[None])
    return tmp_path


def test_angles_do_not_depend_on_basis_or_redundancy(spans):
    done = symdisc("compare", "a.npz", "b.npy", "--json", cwd=spans)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ["dimension", "angles_degrees", "largest_degrees"]
    assert found["dimension"] == [2, 2]
    assert found["angles_degrees"] == pytest.approx([0, 2], abs=1e-10)
    assert found["largest_degrees"] == pytest.approx(2)


def test_table_shows_the_largest_angle(spans):
    done = symdisc("compare", "a.npz", "b.npy", cwd=spans)
    assert "largest angle  2 degrees" in done.stdout


@pytest.mark.parametrize(
    ("first", "second", "most", "code"),
    [
        ("a.npz", "b.npy", 2.1, 0),
        ("a.npz", "b.npy", 1.9, 3),
        ("a.npz", "c.npy", 90, 3),
        ("empty.npy", "empty.npy", 0, 0),
    ],
)
def test_max_degrees_is_a_pipeline_check(spans, first, second, most, code):
    done = symdisc("compare", first, second, "--max-degrees", most, "--json", cwd=spans)
    assert done.returncode == code
    assert json.loads(done.stdout)["dimension"]
    assert bool(done.stderr) == (code == 3)


def test_arrays_are_chosen_by_name(spans):
    done = symdisc("compare", "a.npz", "a.npz", "--array-b", "other", "--json", cwd=spans)
    assert json.loads(done.stdout) == {"dimension": [2, 1], "angles_degrees": [90.0], "largest_degrees": 90.0}


def test_the_truth_of_a_sample_of_square_images_needs_no_name(tmp_path):
    assert symdisc("sample", "rotated-images", "-o", "r.h5", "--samples", 3, cwd=tmp_path).returncode == 0
    done = symdisc("compare", "r.h5", "r.h5", "--max-degrees", 1e-5, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["dimension"] == [1, 1]


def test_an_empty_span_has_no_angle(spans):
    found = json.loads(symdisc("compare", "a.npz", "empty.npy", "--json", cwd=spans).stdout)
    assert found == {"dimension": [2, 0], "angles_degrees": [], "largest_degrees": None}


def test_a_factored_result_is_compared_with_itself(tmp_path):
    np.save(tmp_path / "wide.npy", np.random.default_rng(0).standard_normal((400, 90))[:, :20])
    assert symdisc("fit", "wide.npy", "--method", "covariance", "--no-plots", "-q", cwd=tmp_path).returncode == 0
    found = json.loads(symdisc("compare", "wide.symdisc", "wide.symdisc", "--json", cwd=tmp_path).stdout)
    assert found["dimension"] == [190, 190]
    assert found["largest_degrees"] < 1e-10


def test_sizes_that_differ_are_refused(spans):
    done = symdisc("compare", "a.npz", "small.npy", cwd=spans)
    assert done.returncode == 2
    assert "size 3" in done.stderr
    assert "size 2" in done.stderr
    assert "Traceback" not in done.stderr
