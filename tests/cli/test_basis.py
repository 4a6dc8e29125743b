"""`symdisc basis` as a shell sees it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import symdisc
from symdisc.cli.basis import command
from symdisc.equivariant import equivariant_basis, group, load_basis
from symdisc.errors import InputError
from symdisc.problems import make
from symdisc.symmetry import Block, Symmetry, Verdict


def run(*arguments):
    """stdout of a command that must succeed."""
    done = CliRunner().invoke(command, list(map(str, arguments)))
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_json_is_the_contract_and_the_file_holds_the_basis(tmp_path):
    out = tmp_path / "maps.npz"
    found = json.loads(run("SO(3)", "--rep", "V*V -> V*V", "--json", "-o", out))
    wanted = ["rep", "group", "size", "rank", "residual", "gap", "solver", "snapped", "notes", "file"]
    assert list(found) == wanted
    assert (found["rep"], found["group"], found["size"], found["rank"]) == ("V**2 -> V**2", "SO(3)", 81, 3)
    assert found["residual"] < 1e-9
    assert found["file"] == str(out)
    with np.load(out, allow_pickle=False) as arrays:
        columns = arrays["basis"]
        assert arrays["rank"] == 3
    assert columns.shape == (81, 3)
    g = group("SO(3)").sample(np.random.default_rng(0))
    np.testing.assert_allclose(np.kron(np.kron(g, g), np.kron(g, g)) @ columns, columns, atol=1e-10)
    assert load_basis(out).matrices().shape == (3, 9, 9)


def test_a_person_sees_words_and_with_v_the_solver_of_each_word(tmp_path):
    done = CliRunner().invoke(command, ["so(3)", "--rep", "V -> V*V", "-v"])
    assert "representation  V → V²" in done.stdout
    assert "rank            1" in done.stdout
    assert "V1*V1*V1: dense, rank 1 of 27" in done.stderr


def test_groups_from_files(tmp_path):
    lie, swap = group("so(2)").lie, np.array([[1, 0]])
    np.savez(tmp_path / "both.npz", generators=lie, discrete=np.eye(2)[swap])
    np.savez(tmp_path / "finite.npz", discrete=swap)
    np.save(tmp_path / "swap.npy", swap)
    np.save(tmp_path / "turn.npy", lie)
    ranks = [
        ("both.npz", []),
        ("turn.npy", ["--discrete", tmp_path / "swap.npy"]),
        ("turn.npy", ["--discrete", tmp_path / "finite.npz"]),
        ("turn.npy", []),
        ("finite.npz", []),
    ]
    found = [json.loads(run(tmp_path / name, "--rep", "T(2)", "--json", *more))["rank"] for name, more in ranks]
    assert found == [1, 1, 1, 2, 2]


def test_results_of_fit_have_their_blocks(tmp_path):
    made = make("equal-correlations")
    result = symdisc.fit(made.arrays["x"], made.arrays["y"], kind=made.kind, method="covariance")
    result.save(tmp_path / "pair")
    maps = json.loads(run(tmp_path / "pair", "--rep", "V1 -> V2", "--json"))
    sizes = [block.stop - block.start for block in result.blocks]
    assert maps["size"] == sizes[0] * sizes[1]
    # The joint rotation of two planes, as far as the noise of the result tells; everything else is free.
    rest = (sizes[0] - 2) * (sizes[1] - 2)
    assert maps["rank"] == 2 + rest
    assert equivariant_basis(result, "V1 -> V2").rank == maps["rank"]


def two_turns(status):
    """Two rotations of a result, and the third that their bracket adds."""
    turns = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        turns[i, k, j], turns[i, j, k] = np.sqrt(0.5), -np.sqrt(0.5)
    return Symmetry(
        generators=turns[:2],
        method="noether",
        kind="trajectory",
        verdict=Verdict.SYMMETRIC,
        reason="",
        blocks=(Block("space", 0, 3),),
        defect=np.zeros(2),
        defect_upper=np.full(2, 1e-6),
        status=status,
        origin=("learned",) * 2,
        dimension=2,
        certified_dimension=status.count("certified"),
        extras={"closure": turns[2:]},
    )


def test_what_brackets_add_is_part_of_the_group(tmp_path):
    two_turns(("certified",) * 2).save(tmp_path / "two")
    found = json.loads(run(tmp_path / "two", "--rep", "V -> V*V", "--json"))
    # The maps from V to V x V that commute with all rotations: the cross product alone.
    assert found["rank"] == 1
    assert not any("not certified" in note for note in found["notes"])


def test_generators_that_are_not_certified_are_told(tmp_path):
    two_turns(("certified", "consistent")).save(tmp_path / "two")
    notes = json.loads(run(tmp_path / "two", "--rep", "V -> V*V", "--json"))["notes"]
    assert any("1 of 2 generators" in note and "not certified" in note for note in notes)


def test_forced_solver_cache_and_picture(tmp_path):
    found = json.loads(
        run("SO(3)", "--rep", "T(4)", "--solver", "chebyshev", "--cache", tmp_path / "kept", "--json", "-q")
    )
    assert (found["solver"], found["rank"]) == ("chebyshev", 3)
    assert len(list((tmp_path / "kept").iterdir())) == 1
    run("S(3)", "--rep", "V -> V", "--plot", tmp_path / "drawn", "-q")
    assert (tmp_path / "drawn" / "basis.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody(3)", "--rep", "V"], "no group named"),
        (["so(3)", "--rep", "V -"], "representation"),
        (["so(3)", "--rep", "V", "-o", "basis.csv"], ".npz"),
        (["heis(3)", "--rep", "V*V", "--solver", "torus"], "no solver applies"),
    ],
)
def test_what_is_unusable_is_said_in_one_line(arguments, words):
    with pytest.raises(InputError) as error:
        run(*arguments)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
