"""A process that drives the toy long task as `fit` drives a method: `long_run.py FOLDER STEPS PAUSE [--resume]`."""

import sys
from pathlib import Path

import numpy as np
from toys import Walk

from symdisc.discover.task import CHECKPOINT, Checkpoint, drive, identity_of
from symdisc.errors import SymdiscError


def main(folder, steps, pause, *flags):
    task = Walk(int(steps), float(pause))
    identity = identity_of({"steps": int(steps)})
    checkpoint = None if "--no-checkpoint" in flags else Checkpoint(Path(folder) / CHECKPOINT, identity, every=0.05)
    try:
        if "--resume" in flags:
            checkpoint.read(task)
        drive(task, checkpoint, lambda progress: print(progress.done, flush=True))
    except SymdiscError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    np.save(Path(folder) / "end.npy", task.x)


if __name__ == "__main__":
    main(*sys.argv[1:])
