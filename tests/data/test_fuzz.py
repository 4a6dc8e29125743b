"""200 mutants of each kind of file, every one in a child with limits; all that failed once is read again."""

import sys
from pathlib import Path

import fuzz
import pytest

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.*"))


@pytest.mark.parametrize("kind", fuzz.KINDS)
def test_mutants(kind):
    assert fuzz.fuzz(kind, seed=0, count=200) == []


@pytest.mark.parametrize("kind", fuzz.KINDS)
def test_the_originals_are_read(kind, tmp_path):
    """Else their mutants would try nothing but the first refusal."""
    from symdisc.data import open_dataset

    for number, content in enumerate(fuzz.originals(kind)):
        path = tmp_path / f"{number}{fuzz.KINDS[kind]}"
        path.write_bytes(content)
        with open_dataset([path]) as data:
            assert sum(len(chunk.x) for chunk in data.chunks()) == 15


def test_mutants_are_the_same_again_and_differ_from_each_other():
    files = fuzz.originals("numpy")
    found = [fuzz.mutant(files, 3, number) for number in range(50)]
    assert found == [fuzz.mutant(files, 3, number) for number in range(50)]
    assert len(set(found)) > 45


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_past_failures(path):
    fuzz.read(path)


CHILD = """
import os, signal, sys
first, last = map(int, sys.argv[-2:])
for number in range(first, last):
    print(number, flush=True)
    if number == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 5:
        print("KeyError: lost", flush=True)
    if number == 7:
        os.kill(os.getpid(), signal.SIGALRM)
"""


def test_a_crash_is_found_and_gone_around(tmp_path):
    """The harness itself: one failure each, by number, and the mutants behind them are still tried."""
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    found = fuzz.fuzz("hdf5", seed=1, count=12, command=(sys.executable, str(script)))
    assert [(failure.number, failure.what) for failure in found] == [
        (3, "signal 11"),
        (5, "KeyError: lost"),
        (7, "no end in 10 s"),
    ]
    path = fuzz.keep(found[0], tmp_path / "kept")
    assert path.name == "1-3.h5"
    assert path.read_bytes() == fuzz.mutant(fuzz.originals("hdf5"), 1, 3)
