"""Several processes as one run: each reads its own chunks, and what they have summed is added up.

`torchrun` starts the processes and tells each its number. All of them take the same steps, so that everything but the
reading is done in each of them with the same result; the first one speaks and writes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError, Interrupted, ResourceError, SymdiscError

if TYPE_CHECKING:
    from ..data import DataSet

SECONDS = 600.0
# The largest piece of an array that is added up at once: its copy is all the memory that takes.
PIECE = 1 << 24
# The key under which the first rank says that it refuses, and how long the others give it to say why.
_REFUSED = "symdisc/refused"
_WAIT = timedelta(seconds=10)


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this one is.

    Attributes:
        rank: from 0. size: how many.
    """

    rank: int = 0
    size: int = 1

    @property
    def sums(self) -> int:
        """How many sums over all ranks the task has made: the same number at the same place in every rank."""
        return _sums

    def restart(self, sums: int) -> None:
        """Count from that number on."""
        global _sums
        _sums = sums

    @property
    def several(self) -> bool:
        """Whether the work is shared at all."""
        return self.size > 1

    @property
    def first(self) -> bool:
        """Whether this is the rank that speaks and writes."""
        return self.rank == 0

    def rows(self, data: DataSet) -> tuple[int, int]:
        """First sample of this rank's share, and the one after its last: whole chunks, as even as these allow.

        Chunks are those of a single process, since a method may look at a chunk as a whole.
        """
        global _apart
        _apart = True
        chunks = -(-data.samples // data.chunk_rows)
        first, last = (chunks * rank // self.size for rank in (self.rank, self.rank + 1))
        return min(first * data.chunk_rows, data.samples), min(last * data.chunk_rows, data.samples)

    def mine(self, number: int) -> bool:
        """Whether this rank does the piece of work of that number."""
        return number % self.size == self.rank

    def total(self, array: np.ndarray) -> np.ndarray:
        """The sum over all ranks, the same to the bit in each; the array itself where there is one rank.

        Raises:
            ResourceError: another rank ended, or did not come within the time limit.
        """
        if not self.several:
            return array
        import torch
        import torch.distributed as dist

        total = np.array(array, order="C")
        flat = torch.from_numpy(total.reshape(-1))
        with _together(self):
            for start in range(0, len(flat), PIECE):
                dist.all_reduce(flat[start : start + PIECE])
        self.restart(self.sums + 1)
        return total

    def meet(self) -> None:
        """Wait until all ranks are here.

        Raises:
            ResourceError: another rank ended, or did not come within the time limit.
        """
        self.total(np.zeros(1))

    def totals(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """`total` of each, in the order of their names."""
        return {name: self.total(np.asarray(arrays[name])) for name in sorted(arrays)}

    def fingerprint(self, data: DataSet) -> None:
        """Hash the files of a data set, each in one rank only."""
        if not self.several:
            return
        found = np.zeros((len(data.handles), 32), dtype=np.uint8)
        for number, handle in enumerate(data.handles):
            if self.mine(number):
                found[number] = np.frombuffer(bytes.fromhex(handle.sha256()), np.uint8)
        data.know([bytes(row).hex() for row in self.total(found)])


_ranks = Ranks()
# Whether the ranks have gone separate ways: before, an error is the same in all of them.
_apart = False
_sums = 0


def current() -> Ranks:
    """The ranks of this run; one, unless `joined` is active."""
    return _ranks


@contextlib.contextmanager
def joined() -> Iterator[Ranks]:
    """Be one of the processes that torchrun started; a run of one process where it did not.

    A library call inside somebody's own torchrun is not shared: its data may differ from rank to rank.

    Raises:
        InputError: the variables of torchrun are damaged.
        ResourceError: the other processes cannot be reached.
    """
    global _ranks, _apart
    ranks = of_environment()
    if not ranks.several:
        yield ranks
        return
    import torch
    import torch.distributed as dist

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    # The sums are NumPy's, in main memory, whichever device a method computes on: gloo serves them all.
    with _together(ranks):
        dist.init_process_group("gloo", timeout=timedelta(seconds=_seconds()))
    _ranks, _apart = ranks, False
    try:
        yield ranks
    except SymdiscError as error:
        _speak_once(error, ranks)
        raise
    finally:
        _ranks = Ranks()
        with contextlib.suppress(Exception):
            dist.destroy_process_group()


def _speak_once(error: SymdiscError, ranks: Ranks) -> None:
    """What all ranks have to say the first one says, before torchrun ends it because another has failed."""
    from torch.distributed import distributed_c10d

    if isinstance(error, Interrupted):
        error.silent = not ranks.first
        return
    with contextlib.suppress(Exception):
        store = distributed_c10d._get_default_store()
        if ranks.first:
            store.set(_REFUSED, "yes")
        elif _apart:
            error.args = (f"rank {ranks.rank} of {ranks.size}: {error}",)
        else:
            error.silent = True
            store.wait([_REFUSED], _WAIT)


def of_environment() -> Ranks:
    """What torchrun says of this process; one process where it says nothing.

    Raises:
        InputError: its variables are damaged.
    """
    words = os.environ.get("RANK", "0"), os.environ.get("WORLD_SIZE", "1")
    try:
        rank, size = (int(word) for word in words)
    except ValueError:
        rank, size = -1, 0
    if not 0 <= rank < size:
        raise InputError(
            f"RANK={words[0]}, WORLD_SIZE={words[1]}: start several processes with torchrun, which sets both"
        )
    return Ranks(rank, size)


def _seconds() -> float:
    word = os.environ.get("SYMDISC_RANK_TIMEOUT", str(SECONDS))
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise InputError(f"SYMDISC_RANK_TIMEOUT={word}: seconds above 0")
    return seconds


@contextlib.contextmanager
def _together(ranks: Ranks) -> Iterator[None]:
    """Waiting for others: they may be gone."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        raise ResourceError(
            f"rank {ranks.rank} of {ranks.size}: another process ended or does not answer "
            f"({' '.join(str(error).split())[:120]}); its own message says why, then run again"
        ) from error
