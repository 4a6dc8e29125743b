"""Checkpoints of several processes: each writes its own, and all go on from states that fit together.

Between two sums over all ranks a rank depends on nobody, so states of different ranks fit together if they lie between
the same two sums: if as many sums came before. Each rank keeps the last state of every such stretch, and `--resume`
takes the latest stretch of which all of them have one; the beginning of a run counts as one that all have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import InputError
from .ranks import Ranks
from .task import CHECKPOINT, Checkpoint, Task

# More sums than any method makes.
MOST = 4096
_NAME = re.compile(r"checkpoint\.(\d+)of(\d+)\.(\d+)\.npz")


@dataclass(frozen=True)
class RankCheckpoint(Checkpoint):
    """Of one rank: `checkpoint.RANKofSIZE.SUMS.npz` beside where a single process writes its own."""

    ranks: Ranks = field(default_factory=Ranks)

    @property
    def target(self) -> Path:
        """Where the state of this stretch goes."""
        return self.path.with_name(f"checkpoint.{self.ranks.rank}of{self.ranks.size}.{self.ranks.sums}.npz")

    @property
    def kept(self) -> Path | None:
        """The folder, where this rank has written any state."""
        return self.path.parent if self._stretches() else None

    def _stretches(self) -> list[int]:
        found = (_NAME.fullmatch(path.name) for path in self.path.parent.glob("checkpoint.*of*.npz"))
        mine = str(self.ranks.rank), str(self.ranks.size)
        return [int(name[3]) for name in found if name and (name[1], name[2]) == mine and int(name[3]) < MOST]

    def read(self, task: Task) -> bool:
        """Restore the latest stretch of which every rank has a state; False where that is the beginning.

        Raises:
            InputError: the state is of other data or options, of another number of processes, or damaged.
            ResourceError: another rank ended.
        """
        votes = np.zeros(MOST)
        votes[self._stretches()] = 1
        self.ranks.restart(0)
        votes = self.ranks.total(votes)
        votes[0] = self.ranks.size
        common = int(np.flatnonzero(votes == self.ranks.size)[-1])
        self.ranks.restart(common)
        return self.restored(task, self.target)

    def remove(self) -> None:
        """The run is complete."""
        for number in self._stretches():
            self.path.with_name(f"checkpoint.{self.ranks.rank}of{self.ranks.size}.{number}.npz").unlink(missing_ok=True)


def checkpoint_of(folder: Path, identity: str, ranks: Ranks) -> Checkpoint:
    """The checkpoint of this process in a result folder."""
    if not ranks.several:
        return Checkpoint(folder / CHECKPOINT, identity)
    ranks.restart(0)
    return RankCheckpoint(folder / CHECKPOINT, identity, ranks=ranks)


def interrupted(folder: Path) -> int:
    """How many processes an interrupted run in a folder had; 0 where there is none.

    Raises:
        InputError: runs of different numbers of processes were interrupted there.
    """
    sizes = {int(found[2]) for path in folder.glob("checkpoint.*.npz") if (found := _NAME.fullmatch(path.name))}
    if (folder / CHECKPOINT).exists():
        sizes.add(1)
    if len(sizes) > 1:
        raise InputError(
            f"{folder}: holds interrupted runs of {' and '.join(map(str, sorted(sizes)))} processes; start afresh with "
            "--force, or choose another folder with -o"
        )
    return max(sizes, default=0)


def discard(folder: Path) -> None:
    """Remove the checkpoints of all processes."""
    for path in [folder / CHECKPOINT, *folder.glob("checkpoint.*.npz")]:
        if path.name == CHECKPOINT or _NAME.fullmatch(path.name):
            path.unlink(missing_ok=True)
