"""Two processes give the result of one, to rounding; one that dies ends the other with a clear line."""

import itertools
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ranks_run import CASES, CHUNK, fitted

import symdisc
from symdisc.data import dataset, from_arrays
from symdisc.discover.ranks import Ranks, current, joined, of_environment
from symdisc.discover.scatter import Scatter
from symdisc.errors import InputError, ResourceError

SCRIPT, ROOT = Path(__file__).with_name("ranks_run.py"), Path(__file__).parents[2]
QUICK = ["drifting", "oscillator"]


def start(folder, *cases, size=2, seconds=600):
    """Processes 0 .. size-1, as torchrun starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    shared = os.environ | {"PYTHONPATH": path, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), *cases],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=shared | {"RANK": str(rank), "WORLD_SIZE": str(size), "SYMDISC_RANK_TIMEOUT": str(seconds)},
        )
        for rank in range(size)
    ]


def ends(processes):
    """Exit code and stderr of each."""
    try:
        return [(process.communicate(timeout=1500)[1], process.returncode) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def same(folder, case, size, monkeypatch):
    monkeypatch.setattr(dataset, "CHUNK_BYTES", CHUNK)
    alone = fitted(case)
    for rank in range(size):
        together = symdisc.load(folder / f"{case}.{rank}")
        assert together.verdict == alone.verdict
        assert (together.dimension, together.dimension_bounds) == (alone.dimension, alone.dimension_bounds)
        assert len(together)
        np.testing.assert_allclose(_projector(together), _projector(alone), rtol=0, atol=1e-10)
        np.testing.assert_allclose(together.defect, alone.defect, rtol=1e-6, atol=1e-10)
        np.testing.assert_allclose(together.defect_upper, alone.defect_upper, rtol=1e-6, atol=1e-10)
        assert together.data == alone.data


def _projector(symmetry):
    """Onto the span of the generators; of orthonormal rows."""
    rows = np.linalg.qr(symmetry.generators.reshape(len(symmetry), -1).T)[0]
    return rows @ rows.T


def test_two_processes_are_one(tmp_path, monkeypatch):
    for errors, code in ends(start(tmp_path, *QUICK)):
        assert code == 0, errors
    for case in QUICK:
        same(tmp_path, case, 2, monkeypatch)


@pytest.mark.slow
def test_three_processes_are_one_for_every_method(tmp_path, monkeypatch):
    for errors, code in ends(start(tmp_path, *CASES, size=3, seconds=1500)):
        assert code == 0, errors
    for case in CASES:
        same(tmp_path, case, 3, monkeypatch)
    notes = symdisc.load(tmp_path / "pairs.0").notes
    assert any(note.startswith("3 processes: ") for note in notes)


@pytest.mark.slow
def test_a_rank_that_dies_ends_the_run(tmp_path):
    """At once: the time limit would come after the test has given up."""
    (errors, code), (_, killed) = ends(start(tmp_path, "killed", seconds=3600))
    assert killed == -9
    assert code == 4, errors
    assert errors.startswith("rank 0 of 2: another process ended or does not answer")


@pytest.mark.slow
def test_the_rank_that_finds_bad_data_says_so(tmp_path):
    (errors, code), (found, refused) = ends(start(tmp_path, "spoilt"))
    assert refused == 2
    assert found.startswith("rank 1 of 2: ")
    assert "NaN at index (3999, 2)" in found
    assert code == 4
    assert "its own message says why" in errors


@pytest.mark.slow
def test_what_all_ranks_refuse_one_says(tmp_path):
    (errors, code), (others, other) = ends(start(tmp_path, "refused"))
    assert (code, other) == (2, 2)
    assert "a covariance needs at least 2" in errors
    assert others.strip() == ""


@pytest.mark.slow
def test_torchrun(tmp_path):
    import json

    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.standard_normal((500, 3)))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "symdisc", "fit", "x.npy"]
    done = subprocess.run(
        [*command, "--method", "covariance", "--json", "--no-plots", "-o", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dimension"] == 3
    assert (tmp_path / "out" / "generators.npz").exists()


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("samples", [1, 4, 5, 12, 13])
def test_shares_are_whole_chunks_and_hold_every_sample_once(size, samples, monkeypatch):
    monkeypatch.setattr(dataset, "CHUNK_BYTES", 8 * 2 * 4)
    with from_arrays(np.arange(2.0 * samples).reshape(samples, 2)) as data:
        assert data.chunk_rows == 4
        shares = [Ranks(rank, size).rows(data) for rank in range(size)]
        assert (shares[0][0], shares[-1][1]) == (0, samples)
        assert all(one[1] == other[0] for one, other in itertools.pairwise(shares))
        parts = [chunk.x for first, last in shares for chunk in data.chunks(first, stop=last)]
        np.testing.assert_array_equal(np.concatenate(parts)[:, :, 0], np.arange(2.0 * samples).reshape(samples, 2))
        if samples > 3:
            with pytest.raises(ValueError, match="whole chunks"):
                data.chunks(0, stop=3)


class Together:
    """Ranks that are objects of one process: `total` adds what all of them will say, in the order of the questions."""

    several = True

    def __init__(self, rank, answers, asked):
        self.rank, self.size, self.answers, self.asked = rank, len(answers), answers, asked
        self.turn = 0

    def total(self, array):
        self.asked[self.rank].append(np.array(array))
        self.turn += 1
        row = [words[self.turn - 1] for words in self.answers if len(words) >= self.turn]
        return sum(row) if len(row) == self.size else np.array(array)


def test_a_mean_that_drifts_costs_no_digits():
    """Scatter of two ranks, far apart: within rounding of the scatter of all, about a mean that neither has."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 3, 1))
    x[150:] += 1e7
    batch = rng.integers(0, 4, 300)
    answers = [[], []]
    # Each question is answered when both have asked the ones before: so many rounds as there are questions.
    for _ in range(6):
        asked = [[], []]
        parts = []
        for rank, part in enumerate((slice(0, 150), slice(150, 300))):
            scatter = Scatter(4, 3)
            scatter.add(x[part], batch[part])
            scatter.of_all(Together(rank, answers, asked))
            parts.append(scatter)
        answers = asked
    for number in range(4):
        chosen = np.arange(4) == number
        exact = np.cov((x[batch == number, :, 0] - 5e6).T.astype(np.longdouble), bias=True)
        for scatter in parts:
            found = scatter.pooled(chosen)
            assert found[0] == (batch == number).sum()
            np.testing.assert_allclose(found[2], exact.astype(float), rtol=1e-13)


def test_one_process_is_left_alone(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert of_environment() == Ranks(0, 1)
    with joined() as ranks:
        assert not ranks.several
        assert ranks.first
        array = np.ones(3)
        assert ranks.total(array) is array
    assert current() == Ranks()


@pytest.mark.parametrize(("rank", "size"), [("a", "2"), ("2", "2"), ("-1", "1"), ("0", "0")])
def test_damaged_variables(rank, size, monkeypatch):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", size)
    with pytest.raises(InputError, match="torchrun"):
        of_environment()


@pytest.mark.slow
def test_nobody_else_comes(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MASTER_PORT", str(free.getsockname()[1]))
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SYMDISC_RANK_TIMEOUT", "3")
    with pytest.raises(ResourceError, match="rank 0 of 2"), joined():
        pass
