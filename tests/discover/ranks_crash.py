"""One rank of `symdisc fit` that may die: `ranks_crash.py STEP WORD...`, killed after its step STEP (0: never).

STEP may be `STEP:SIGNAL`: then the signal is sent instead, to all ranks at once, as a terminal does. Every step writes
a checkpoint, and steps are small.
"""

import functools
import os
import signal
import sys

from symdisc.cli.main import run
from symdisc.data import dataset
from symdisc.discover import rank_checkpoints
from symdisc.discover import task as tasks


def main(when, *words):
    step, _, name = when.partition(":")
    number = getattr(signal, name) if name else signal.SIGKILL
    dataset.CHUNK_BYTES = 1 << 14
    tasks.SHARE = 1e9
    rank_checkpoints.Checkpoint = functools.partial(rank_checkpoints.Checkpoint, every=0.0)
    rank_checkpoints.RankCheckpoint = functools.partial(rank_checkpoints.RankCheckpoint, every=0.0)
    steps, done = tasks._steps, [0]

    def counted(task, checkpoint, watch, caught):
        def watched(progress):
            watch(progress)
            done[0] += 1
            if int(step) and done[0] == int(step):
                os.killpg(0, number) if name else os.kill(os.getpid(), number)

        steps(task, checkpoint, watched, caught)
        print(f"steps {done[0]}", file=sys.stderr)

    tasks._steps = counted
    sys.argv = ["symdisc", *words]
    run()


if __name__ == "__main__":
    main(*sys.argv[1:])
