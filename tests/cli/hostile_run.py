"""A child of test_hostile.py: commands on hostile files, one after the other, each measured.

`hostile_run.py FOLDER`: one JSON object a line: command, case, exit code, stderr, stdout, CPU seconds; then the peak
of memory in kB.
"""

import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))

from hostile import HOSTILE

from symdisc.cli.main import run

COMMANDS = {"inspect": [], "fit": ["--method", "covariance", "--no-plots", "-q", "-o", "out"]}


def called(arguments):
    sys.argv = ["symdisc", *arguments]
    out, err, start = io.StringIO(), io.StringIO(), time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run()
        except SystemExit as end:
            code = end.code
    return {"code": code, "out": out.getvalue(), "err": err.getvalue(), "seconds": time.process_time() - start}


def peak():
    """kB, of this program alone: `ru_maxrss` also counts what forked it."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def main(folder):
    for number, (case, (build, _)) in enumerate(HOSTILE.items()):
        place = Path(folder, str(number))
        place.mkdir()
        os.chdir(place)
        Path("in").mkdir()
        paths = build(place / "in")
        for command, more in COMMANDS.items():
            found = called([command, *map(str, paths), *more])
            left = sorted(path.name for path in place.iterdir() if path.name == "out")
            print(json.dumps({"command": command, "case": case, "left": left, **found}))
    print(peak())


if __name__ == "__main__":
    main(*sys.argv[1:])
