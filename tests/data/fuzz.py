"""Mutated files, read in a child process with limits: no signal, no hang, no exception that is not ours.

`python tests/data/fuzz.py [--count N] [--seed S] [--keep FOLDER]` tries N mutants of HDF5 and N of NPZ and NPY. A
mutant is known by its kind, seed and number, so that a failure can be made again; what fails is kept in the folder.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).parents[2]
KINDS = {"hdf5": ".h5", "numpy": ".npz"}
# Seconds of CPU time, and of waiting on a machine that others keep busy.
MEMORY, SECONDS, WAITING, BATCH = 4 << 30, 10, 180, 500
# Bytes that mean something: lengths, versions, signs.
TELLING = [bytes(4), b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", bytes(8), b"\x01\x00\x00\x00", b"\x80" * 8]


@dataclass(frozen=True)
class Failure:
    """What a mutant did: `signal 11`, `no end in 10 s`, or the name and words of an exception."""

    kind: str
    seed: int
    number: int
    what: str


# --- what is mutated


def originals(kind: str) -> list[bytes]:
    """Small files that use what the reader understands."""
    return _hdf5_files() if kind == "hdf5" else _numpy_files()


def _hdf5_files() -> list[bytes]:
    x = np.arange(60.0).reshape(15, 4)
    files = []
    for number in range(8):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w", libver="latest" if number % 2 else None) as file:
            file.create_dataset("x", data=x, chunks=(4, 4) if number % 3 else None, track_times=False)
            file.create_dataset("y", data=x, chunks=(5, 2), compression="gzip", shuffle=True, fletcher32=number > 3)
            file["deep/er/x"] = x.astype(">f4")
            file["soft"] = h5py.SoftLink("/deep/er/x")
            file.create_dataset("table", data=np.zeros(15, [("a", "f8"), ("b", "i4", (2,))]))
            file["words"] = np.array([b"one", b"two"])
            file["x"].attrs["kind"] = np.bytes_(b"pairs")
            file["x"].attrs["dt"] = 0.5
            file.attrs["spacing"] = np.array([2.0])
            if number == 7:
                # Of variable length, so read by a child of its own, which takes its time.
                file["x"].attrs["axes"] = "ns"
                file["x"].dims[0].label = "n"
        files.append(buffer.getvalue())
    return files


def _numpy_files() -> list[bytes]:
    x = np.arange(60.0).reshape(15, 4)
    files = []
    for number in range(6):
        buffer = io.BytesIO()
        if number == 0:
            np.save(buffer, x)
        elif number == 1:
            np.save(buffer, np.asfortranarray(x.astype(">f4")))
        else:
            metadata = np.array('{"verdict": "none", "blocks": []}')
            save = np.savez_compressed if number % 2 else np.savez
            save(buffer, x=x, y=x, generators=np.zeros((2, 4, 4)), kind=np.array("pairs"), metadata=metadata)
        files.append(buffer.getvalue())
    return files


def mutant(files: list[bytes], seed: int, number: int) -> bytes:
    """The mutant of that number: a few bytes, a telling word, a cut, a piece moved, doubled or left out."""
    random = np.random.default_rng([seed, number])
    # The last original is the slow one: a twentieth of the mutants.
    chosen = len(files) - 1 if random.random() < 0.05 else int(random.integers(len(files) - 1))
    content = bytearray(files[chosen])
    for _ in range(int(random.integers(1, 4))):
        size = len(content)
        # Half of the changes in the first kilobyte, where the structure is.
        place = int(random.integers(min(1024, size) if random.random() < 0.5 else size)) if size else 0
        other, length = int(random.integers(size + 1)), int(random.integers(1, 64))
        action = int(random.choice([0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 6]))
        if action <= 1:
            for where in random.integers(place, min(size, place + 64) + 1, 3):
                content[where : where + 1] = random.bytes(1)
        elif action == 2:
            word = TELLING[int(random.integers(len(TELLING)))]
            content[place : place + len(word)] = word
        elif action == 3 and random.random() < 0.3:
            del content[place:]
        elif action == 4:
            content[place : place + length] = content[other : other + length]
        elif action == 5:
            content[other:other] = content[place : place + length]
        else:
            del content[place : place + length]
    # A file of another length is refused at the first look: most keep theirs.
    whole = len(files[chosen])
    return bytes(content[:whole].ljust(whole, b"\0")) if random.random() < 0.85 else bytes(content)


# --- the child


def read(path: Path) -> None:
    """Everything that opens a file of the user."""
    from symdisc import load
    from symdisc.data import list_arrays, open_dataset, read_matrices, read_npz
    from symdisc.errors import SymdiscError

    def values() -> None:
        with open_dataset([path], memory=1 << 30) as data:
            for _ in data.chunks():
                pass
            data.describe()

    for verb in (values, lambda: list_arrays(path), lambda: read_matrices(path), lambda: read_npz(path)):
        with contextlib.suppress(SymdiscError):
            verb()
    if path.suffix == ".npz":
        with contextlib.suppress(SymdiscError):
            load(path)


def child(kind: str, seed: int, first: int, last: int) -> None:
    """Read mutants; a line before each, and one after each that raised what is not ours."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files = originals(kind)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"mutant{KINDS[kind]}")
        for number in range(first, last):
            path.write_bytes(mutant(files, seed, number))
            print(number, flush=True)
            # Not caught: what is stuck in C ends too.
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            signal.alarm(WAITING)
            try:
                read(path)
            except Exception as error:
                print(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}", flush=True)
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_PROF, 0)


# --- the parent


def fuzz(kind: str, seed: int, count: int, command: tuple[str, ...] = (sys.executable, __file__)) -> list[Failure]:
    """Failures among `count` mutants; a child that dies is followed by one that goes on behind the culprit."""
    failures, first = [], 0
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    while first < count:
        last = min(first + BATCH, count)
        done = subprocess.run(
            [*command, "--child", kind, str(seed), str(first), str(last)],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
        )
        number = first - 1
        for line in done.stdout.splitlines():
            if line.isdecimal():
                number = int(line)
            else:
                failures.append(Failure(kind, seed, number, line))
        if done.returncode == 0:
            first = last
            continue
        if number < first:
            raise RuntimeError(f"the child did not start: {done.stderr[-500:]}")
        late = done.returncode in (-signal.SIGPROF, -signal.SIGALRM)
        what = f"no end in {SECONDS} s" if late else f"signal {-done.returncode}"
        failures.append(Failure(kind, seed, number, what if done.returncode < 0 else done.stderr[-200:]))
        first = number + 1
    return failures


def keep(failure: Failure, folder: Path) -> Path:
    """Write the mutant into the corpus."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{failure.seed}-{failure.number}{KINDS[failure.kind]}"
    path.write_bytes(mutant(originals(failure.kind), failure.seed, failure.number))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(__file__).with_name("corpus"))
    parser.add_argument("--child", nargs=4)
    given = parser.parse_args()
    if given.child:
        child(given.child[0], *map(int, given.child[1:]))
        return 0
    found = [failure for kind in KINDS for failure in fuzz(kind, given.seed, given.count)]
    for failure in found:
        print(f"{failure.kind} {failure.seed} {failure.number}: {failure.what}; kept as {keep(failure, given.keep)}")
    print(f"{len(found)} failures among {given.count} mutants of each of {', '.join(KINDS)}, seed {given.seed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
