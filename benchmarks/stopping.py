"""How long a run goes on after SIGINT: wall and CPU seconds from the signal to the end, at random moments.

`python benchmarks/stopping.py [--moments 4]`: a long run of each method, then whether --resume takes up what is there.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import middle, record

from symdisc.problems.files import save
from symdisc.problems.registry import make

# method -> problem, samples, options of the command
RUNS: dict[str, tuple[str, int, list[str]]] = {
    "lconv": ("vectors-so3", 2000, []),
    "lconv, grid": ("warped-images", 300, ["--candidates", "grid"]),
    "function, mlp": ("lorentz", 20000, ["--set", "function.model=mlp"]),
    "noether": ("klein-gordon-2d", 20, []),
    "moments": ("ring-so2-so3", 2_000_000, []),
}
SCRIPT = (
    "import sys\nfrom symdisc.discover import task\nsteps = task._steps\n"
    "def started(*given):\n    open('started', 'w').close()\n    steps(*given)\n"
    "task._steps = started\nfrom symdisc.__main__ import main\nmain()\n"
)


def cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def stopped(folder: Path, file: Path, options: list[str], wait: float) -> tuple[float, float, int, str]:
    """Wall and CPU seconds after the signal, exit code, message."""
    for old in ("started", "out/checkpoint.npz"):
        (folder / old).unlink(missing_ok=True)
    words = [sys.executable, "-c", SCRIPT, "fit", str(file), "-o", "out", "--no-plots", "-q", "--force", *options]
    process = subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True)
    while not (folder / "started").exists() and process.poll() is None:
        time.sleep(0.05)
    begun = cpu(process.pid)
    while process.poll() is None and cpu(process.pid) - begun < wait:
        time.sleep(0.05)
    if process.poll() is not None:
        return float("nan"), float("nan"), process.returncode, process.communicate()[1]
    sent, used = time.monotonic(), cpu(process.pid)
    process.send_signal(signal.SIGINT)
    last = used
    while process.poll() is None:
        # Of a process that has ended there is nothing left to read.
        try:
            last = max(last, cpu(process.pid))
        except (OSError, IndexError):
            break
        time.sleep(0.02)
    message = process.communicate()[1]
    return time.monotonic() - sent, last - used, process.returncode, message


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=4)
    count = parser.parse_args().moments
    rows: list[list[object]] = []
    chance = random.Random(0)
    for name, (problem, samples, options) in RUNS.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            save(make(problem, 0, samples), folder / "data.h5")
            found = [stopped(folder, folder / "data.h5", options, chance.uniform(0, 8)) for _ in range(count)]
            walls, cpus = [wall for wall, *_ in found], [used for _, used, *_ in found]
            codes = sorted({code for _, _, code, _ in found})
            kept = sum("--resume" in message for *_, message in found)
            rows.append(
                [
                    name,
                    f"{problem}, {samples}",
                    middle(walls),
                    middle(cpus),
                    ", ".join(map(str, codes)),
                    f"{kept} of {count}",
                ]
            )
            print(rows[-1], flush=True)
            assert all(np.isnan(wall) or code == 130 for wall, _, code, _ in found)
    header = ["method", "data", "wall s to the end", "CPU s to the end", "exit codes", "checkpoint kept"]
    record("stopping", "After SIGINT", header, rows, f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
