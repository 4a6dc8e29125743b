"""What programs and shells ask of symdisc: usage as JSON, completion, environment, citations."""

import json
import re
import shutil
import subprocess
import sys

import h5py
import layouts
import numpy as np
import pytest

from symdisc.citations import ENTRIES, WHY, bibtex
from symdisc.cli.main import COMMANDS, main
from symdisc.discover.registry import METHODS, get
from symdisc.errors import ExitCode


def printed(capsys, *words):
    main(list(words), standalone_mode=False)
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_usage_lists_every_command_and_option(capsys):
    usage = json.loads(printed(capsys, "--usage-json"))
    assert list(usage["commands"]) == list(COMMANDS)
    assert usage["exit_codes"] == {code.name.lower(): int(code) for code in ExitCode}
    fit = usage["commands"]["fit"]
    assert fit["arguments"] == [{"name": "data", "required": True, "many": True, "type": "text", "choices": None}]
    options = {option["names"][0]: option for option in fit["options"]}
    assert options["--kind"]["choices"] == ["pairs", "samples", "labelled", "trajectory", "field"]
    assert options["--tolerance"]["default"] == 0.1
    assert options["--set"]["repeatable"]
    assert options["--no-plots"]["flag"]
    assert options["--level"]["variables"] == ["SYMDISC_FIT_LEVEL", "SYMDISC_LEVEL"]


def test_environment(capsys, monkeypatch):
    monkeypatch.setenv("SYMDISC_LEVEL", "a secret")
    out = printed(capsys, "env", "--json")
    found = json.loads(out)
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["packages"]["numpy"] == np.__version__
    assert found["hdf5"] == h5py.version.hdf5_version
    assert found["devices"][0] == "cpu"
    assert found["variables"] == ["SYMDISC_LEVEL"]
    assert "a secret" not in out
    table = printed(capsys, "env")
    assert max(map(len, table.splitlines())) <= 80
    assert np.__version__ in table


def test_what_a_method_cites_exists():
    assert set(ENTRIES) == set(WHY)
    for name in METHODS:
        assert get(name).cites
        assert set(get(name).cites) <= set(ENTRIES)


def test_entries_are_bibtex():
    for key, entry in ENTRIES.items():
        assert re.match(rf"@\w+\{{{key},\n", entry)
        assert entry.count("{") == entry.count("}")
        assert re.search(r"\n  title\s+= \{.+\},?\n", entry)
    assert bibtex(["symdisc", "symdisc"]).count("@software") == 1


def test_cite_names_program_method_and_rule(tmp_path, capsys, monkeypatch):
    import symdisc

    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    symdisc.fit(rng.normal(size=(200, 3)), method="covariance").save("built")
    assert re.findall(r"^@\w+\{(\w+)", printed(capsys, "cite", "built"), re.M) == ["symdisc", "dehmamy2021lconv"]
    x = rng.normal(size=(3000, 2))
    y = np.array([0.8, 0.8]) * x + 0.6 * rng.normal(size=x.shape)
    symdisc.fit(x, y, kind="labelled", method="covariance").save("judged")
    keys = [entry["key"] for entry in json.loads(printed(capsys, "cite", "judged", "--json"))["entries"]]
    assert keys == ["symdisc", "dehmamy2021lconv", "read2002cls"]


@pytest.fixture
def complete(tmp_path, monkeypatch, capsys):
    """What a shell is offered for a line that ends where the cursor is."""
    monkeypatch.chdir(tmp_path)

    def run(line):
        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv("_SYMDISC_COMPLETE", "bash_complete")
        with pytest.raises(SystemExit):
            main([], prog_name="symdisc", complete_var="_SYMDISC_COMPLETE")
        return [item.partition(",")[2] for item in capsys.readouterr().out.splitlines() if item]

    return run


def test_completion_of_commands_options_and_values(complete):
    assert complete("symdisc comp") == ["compare", "completion"]
    assert complete("symdisc fit --tol") == ["--tolerance"]
    assert complete("symdisc fit a.h5 --kind tra") == ["trajectory"]


def test_completion_looks_into_the_file(complete, tmp_path):
    layouts.fluid(tmp_path / "a.h5")
    layouts.top_tagging(tmp_path / "top.h5")
    assert complete("symdisc fit a.h5 --x V") == ["Vx", "Vy"]
    assert complete("symdisc test a.h5 --dt 0.1 --group pr") == ["pressure"]
    assert complete("symdisc fit a.h5 --x density+V") == ["density+Vx", "density+Vy"]
    assert complete("symdisc inspect top.h5 --y table/table.is") == ["table/table.is_signal_new"]
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\nnothing")
    assert complete("symdisc fit broken.h5 --x ") == []
    assert complete("symdisc fit missing.h5 --x ") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_accepts(shell, capsys, tmp_path):
    script = printed(capsys, "completion", shell)
    assert "_SYMDISC_COMPLETE" in script
    found = json.loads(printed(capsys, "completion", shell, "--json"))
    assert found["script"] == script
    if shutil.which(shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True, timeout=20)
