"""Writing under failures: whatever call fails, and however often, a file is whole: all old or all new."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest

import symdisc
from symdisc import atomic
from symdisc.atomic import LOCK, locked, npz_bytes, write_all, write_bytes
from symdisc.discover.task import CHECKPOINT, Checkpoint
from symdisc.errors import InputError, ResourceError

ROOT = Path(__file__).parents[1]
ERRORS = [errno.EIO, errno.ENOSPC, errno.EACCES]


class Faults:
    """Makes the k-th call that touches the disk fail; counts them."""

    def __init__(self, monkeypatch, error):
        self.calls, self.at, self.error = 0, None, error
        for name in ("fsync", "replace", "link", "chmod", "open"):
            monkeypatch.setattr(os, name, self.failing(getattr(os, name)))
        monkeypatch.setattr(tempfile, "mkstemp", self.failing(tempfile.mkstemp))
        fdopen = os.fdopen
        monkeypatch.setattr(os, "fdopen", lambda *given: Failing(fdopen(*given), self))

    def failing(self, call):
        def wrapped(*given, **named):
            self.count()
            return call(*given, **named)

        return wrapped

    def count(self):
        self.calls += 1
        if self.calls == self.at:
            raise OSError(self.error, os.strerror(self.error))


class Failing:
    """A file whose write, flush and closing may fail, half of the bytes written."""

    def __init__(self, file, faults):
        self.file, self.faults = file, faults

    def write(self, content):
        try:
            self.faults.count()
        except OSError:
            self.file.write(content[: len(content) // 2])
            self.file.flush()
            raise
        return self.file.write(content)

    def flush(self):
        self.faults.count()
        self.file.flush()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)


def results(seed):
    rng = np.random.default_rng(seed)
    return symdisc.fit(rng.standard_normal((50, 3)) @ rng.standard_normal((3, 3)), method="covariance")


def refusal(verb):
    """The message, or "" where the verb went through: a copy may have stood in for a second name."""
    try:
        verb()
    except ResourceError as error:
        return str(error)
    return ""


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def of_result(found):
    return {name: found[name] for name in ("generators.npz", "summary.json")}


@pytest.mark.parametrize("error", ERRORS)
def test_a_result_is_all_old_or_all_new(tmp_path, monkeypatch, error):
    old, new = results(0), results(1)
    old.save(tmp_path / "old")
    new.save(tmp_path / "new")
    before, after = content(tmp_path / "old"), of_result(content(tmp_path / "new"))
    with monkeypatch.context() as patch:
        faults = Faults(patch, error)
        new.save(tmp_path / "old")
        calls = faults.calls
    assert calls >= 15
    for k in range(1, calls + 1):
        old.save(tmp_path / "old")
        before = content(tmp_path / "old")
        with monkeypatch.context() as patch:
            Faults(patch, error).at = k
            message = refusal(lambda: new.save(tmp_path / "old"))
        found = content(tmp_path / "old")
        if message:
            assert os.strerror(error) in message
            assert ";" in message
            assert found == before, f"call {k}"
        else:
            assert of_result(found) == after
            assert set(found) == set(before)


@pytest.mark.parametrize("error", ERRORS)
def test_the_first_result_is_there_or_not(tmp_path, monkeypatch, error):
    new = results(1)
    for k in range(1, 40):
        folder = tmp_path / str(k)
        with monkeypatch.context() as patch:
            faults = Faults(patch, error)
            faults.at = k
            if refusal(lambda folder=folder: new.save(folder)):
                assert not folder.exists() or content(folder) == {}
        if faults.calls < k:
            break
    assert k > 12
    assert len(content(folder)) == 3


def stopped_at_replace(number, verb):
    """What a kill leaves at that replacement: nothing after it is done, no clean-up either."""
    replace, calls = os.replace, []

    def dying(one, other):
        calls.append(other)
        if len(calls) == number:
            os._exit(0)
        replace(one, other)

    with warnings.catch_warnings():
        # Threads of the linear algebra do no harm to a child that only writes.
        warnings.simplefilter("ignore")
        pid = os.fork()
    if not pid:
        os.replace = dying
        try:
            verb()
        finally:
            os._exit(len(calls))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_killed_between_two_replacements_a_folder_says_so(tmp_path):
    old, new = results(0), results(1)
    new.save(tmp_path / "new")
    after = of_result(content(tmp_path / "new"))
    outcomes = []
    for number in range(1, 5):
        folder = tmp_path / str(number)
        old.save(folder)
        before = of_result(content(folder))
        done = stopped_at_replace(number, lambda folder=folder: new.save(folder))
        assert done == (3 if number == 4 else 0)
        found = of_result(content(folder))
        if found in (before, after):
            assert symdisc.load(folder).reason
            outcomes.append("old" if found == before else "new")
        else:
            with pytest.raises(InputError, match=r"are of two runs.*--force, or give .*generators.npz, which is whole"):
                symdisc.load(folder)
            np.testing.assert_array_equal(symdisc.load(folder / "generators.npz").generators, old.generators)
            outcomes.append("said")
        with locked(folder):
            new.save(folder)
            assert content(folder).keys() == {"generators.npz", "summary.json", "run.json", LOCK}
        assert of_result(content(folder)) == after
    assert outcomes == ["old", "said", "said", "new"]


def test_a_result_without_its_summary_is_read(tmp_path):
    results(0).save(tmp_path)
    (tmp_path / "summary.json").unlink()
    assert len(symdisc.load(tmp_path)) == 3
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(InputError, match=r"summary.json is not a JSON object"):
        symdisc.load(tmp_path)


class Counting:
    """A task whose state is its number."""

    def __init__(self, number):
        self.number = number

    def state(self):
        return {"number": np.array(self.number)}

    def restore(self, state):
        self.number = int(state["number"])


@pytest.mark.parametrize("error", ERRORS)
def test_a_checkpoint_that_fails_leaves_the_one_before(tmp_path, monkeypatch, error):
    checkpoint = Checkpoint(tmp_path / CHECKPOINT, "mine")
    for k in range(1, 20):
        checkpoint.write(Counting(1))
        with monkeypatch.context() as patch:
            faults = Faults(patch, error)
            faults.at = k
            failed = bool(refusal(lambda: checkpoint.write(Counting(2))))
        task = Counting(0)
        assert checkpoint.read(task)
        assert task.number == (1 if failed else 2)
        assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]
        if not failed:
            break
    assert k > 5


def test_a_disk_that_is_full(tmp_path):
    """A child whose files may not grow beyond 10 kB, as on a full disk: the kernel refuses, not a stand-in."""
    (tmp_path / "x").write_bytes(b"old")
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\nfrom symdisc.atomic import write_bytes\n"
        "from symdisc.errors import ResourceError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "try:\n    write_bytes(Path('x'), bytes(50_000))\nexcept ResourceError as error:\n    print(error)\n"
    )
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
        timeout=60,
    )
    assert done.stdout == "x: cannot be written (File too large); free space, or choose another place with -o\n"
    assert content(tmp_path) == {"x": b"old"}


def test_interrupted_between_two_files(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    write_all({first: b"old", second: b"old"})
    replace, calls = os.replace, []

    def stopped(one, other):
        calls.append(other)
        if len(calls) == 2:
            raise KeyboardInterrupt
        replace(one, other)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stopped)
        with pytest.raises(KeyboardInterrupt):
            write_all({first: b"new", second: b"new"})
    assert content(tmp_path) == {"first": b"old", "second": b"old"}


def test_a_file_system_without_second_names(tmp_path, monkeypatch):
    def refuse(*given):
        raise OSError(errno.EPERM, "no links here")

    first, second = tmp_path / "first", tmp_path / "second"
    write_all({first: b"old", second: b"old"})
    monkeypatch.setattr(os, "link", refuse)
    write_all({first: b"new", second: b"new"})
    assert content(tmp_path) == {"first": b"new", "second": b"new"}


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "x", b"1")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_equal_arrays_are_equal_bytes():
    arrays = {"a": np.arange(3.0), "b": np.array("text")}
    assert npz_bytes(arrays) == npz_bytes(dict(arrays))


# --- one writer a folder


def test_a_folder_is_held_by_one(tmp_path):
    folder = tmp_path / "deep" / "out"
    with locked(folder):
        assert (folder / LOCK).exists()
        with (
            pytest.raises(InputError, match=f"process {os.getpid()} on .* is writing there; wait") as caught,
            locked(folder),
        ):
            pass
        assert str(folder) in str(caught.value)
        assert (folder / LOCK).exists()
        (folder / "kept").write_text("")
    assert [path.name for path in folder.iterdir()] == ["kept"]
    with locked(folder):
        pass


def test_an_empty_folder_is_not_left_behind(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "out"):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    with locked(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").exists()


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom symdisc.atomic import locked\n"
        "with locked(Path('out')):\n    print('held', flush=True)\n    time.sleep(600)\n"
    )
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    ) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"process {process.pid}"), locked(tmp_path / "out"):
            pass
        (tmp_path / "out" / ".generators.npz.abc_12.tmp").write_bytes(b"half")
        (tmp_path / "out" / ".mine.tmp").write_bytes(b"not ours")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / "out" / LOCK).exists()
    with locked(tmp_path / "out"):
        left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {LOCK, ".mine.tmp"}


def test_a_lock_that_was_removed_meanwhile_is_no_lock(tmp_path, monkeypatch):
    """The holder before removes the file between our opening and locking it."""
    import fcntl

    flock, calls = fcntl.flock, []

    def late(descriptor, how):
        calls.append(descriptor)
        if len(calls) == 1:
            (tmp_path / LOCK).unlink()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked(tmp_path):
        assert len(calls) == 2
        assert (tmp_path / LOCK).exists()


def test_without_locks_the_work_goes_on(tmp_path, monkeypatch):
    import fcntl

    def refuse(*given):
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ResourceError, match=r"cannot be created .*; choose another place with -o"),
        locked(tmp_path / "file" / "out"),
    ):
        pass

    def refuse(*given, **named):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(atomic.os, "open", refuse)
    with pytest.raises(ResourceError, match="Read-only file system"), locked(tmp_path / "out"):
        pass
