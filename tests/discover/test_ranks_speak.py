"""Who of several processes speaks, and what it says, without any process: the store of torch is a dictionary here."""

import pytest
from torch.distributed import distributed_c10d

from symdisc.discover import ranks as module
from symdisc.discover.ranks import Ranks
from symdisc.errors import InputError, Interrupted, ResourceError


class Store(dict):
    def set(self, key, value):
        self[key] = value

    def wait(self, keys, limit):
        self["waited"] = keys
        if not set(keys) <= set(self):
            raise RuntimeError("nobody refused")


@pytest.fixture
def store(monkeypatch):
    found = Store()
    monkeypatch.setattr(distributed_c10d, "_get_default_store", lambda: found)
    monkeypatch.setattr(module, "_apart", False)
    return found


def test_the_first_one_refuses_and_the_others_are_silent(store):
    error = InputError("bad data")
    module._speak_once(error, Ranks(0, 2))
    assert (error.silent, dict(store)) == (False, {module._REFUSED: "yes"})
    other = InputError("bad data")
    module._speak_once(other, Ranks(1, 2))
    assert other.silent
    assert store["waited"] == [module._REFUSED]


def test_nobody_waits_for_ever(store):
    error = InputError("bad data")
    module._speak_once(error, Ranks(1, 2))
    assert error.silent


def test_a_rank_on_its_own_says_which_one_it_is(store, monkeypatch):
    monkeypatch.setattr(module, "_apart", True)
    error = InputError("NaN at index 3")
    module._speak_once(error, Ranks(1, 2))
    assert str(error) == "rank 1 of 2: NaN at index 3"
    assert not error.silent


@pytest.mark.parametrize("rank", [0, 1])
def test_an_interruption_is_said_once(store, rank):
    error = Interrupted("stopped")
    module._speak_once(error, Ranks(rank, 2))
    assert error.silent == (rank > 0)
    assert not store


@pytest.mark.parametrize("word", ["soon", "0", "-3"])
def test_a_time_limit_is_a_number_of_seconds(word, monkeypatch):
    monkeypatch.setenv("SYMDISC_RANK_TIMEOUT", word)
    with pytest.raises(InputError, match=f"SYMDISC_RANK_TIMEOUT={word}: seconds above 0"):
        module._seconds()


def test_time_limits(monkeypatch):
    monkeypatch.delenv("SYMDISC_RANK_TIMEOUT", raising=False)
    assert module._seconds() == module.SECONDS
    monkeypatch.setenv("SYMDISC_RANK_TIMEOUT", "2.5")
    assert module._seconds() == 2.5


@pytest.mark.parametrize("error", [RuntimeError("Connection closed\nby peer"), ConnectionResetError("reset")])
def test_others_that_are_gone(error):
    with (
        pytest.raises(ResourceError, match=r"rank 1 of 3: another process ended .*; its own message says why"),
        module._together(Ranks(1, 3)),
    ):
        raise error


def test_sums_are_counted_from_where_it_is_said():
    ranks = Ranks(0, 2)
    ranks.restart(7)
    assert (ranks.sums, Ranks(1, 2).sums) == (7, 7)
    ranks.restart(0)
    assert ranks.sums == 0
    # One process makes no sums over others, and meets nobody.
    Ranks().meet()
    assert ranks.sums == 0
