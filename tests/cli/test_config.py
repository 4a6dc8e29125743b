"""Where options come from, in order: command line, environment, settings file, default; and how a command says so."""

import json

import click
import numpy as np
import pytest

from symdisc.cli.main import COMMANDS, main
from symdisc.errors import InputError


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A working directory with a data file; returns a function that writes symdisc.toml."""
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.random.default_rng(0).normal(size=(60, 2)))
    return lambda text, name="symdisc.toml": (tmp_path / name).write_text(text)


@pytest.fixture
def shown(data, capsys):
    """(value, source) of every option, and the file."""

    def run(*words, command="fit"):
        main([command, "a.npy", *words, "--show-config", "--json"], standalone_mode=False)
        found = json.loads(capsys.readouterr().out)
        return {row["name"]: (row["value"], row["source"]) for row in found["options"]}, found["file"]

    return run


def test_each_source_outranks_the_next(data, shown, monkeypatch):
    assert shown()[0]["level"] == (0.95, "default")
    data("level = 0.9\n[fit]\nseed = 1\n")
    assert shown()[0]["level"] == (0.9, "symdisc.toml")
    data("level = 0.9\n[fit]\nseed = 1\nlevel = 0.8\n")
    options, file = shown()
    assert (options["level"], options["seed"], file) == ((0.8, "symdisc.toml"), (1, "symdisc.toml"), "symdisc.toml")
    monkeypatch.setenv("SYMDISC_LEVEL", "0.7")
    assert shown()[0]["level"] == (0.7, "SYMDISC_LEVEL")
    monkeypatch.setenv("SYMDISC_FIT_LEVEL", "0.6")
    assert shown()[0]["level"] == (0.6, "SYMDISC_FIT_LEVEL")
    assert shown("--level", "0.55")[0]["level"] == (0.55, "command line")


def test_a_table_is_of_its_command_alone(data, shown):
    data('tolerance = 0.3\n[fit]\nlevel = 0.8\n[test]\nlevel = 0.7\ngenerators = "so(2)"\n')
    assert shown()[0]["level"] == (0.8, "symdisc.toml")
    options = shown(command="test")[0]
    assert (options["level"][0], options["generators"][0], options["tolerance"][0]) == (0.7, "so(2)", 0.3)


@pytest.mark.parametrize(
    "text",
    ['set = ["noether.mass=unknown", "noether.momenta=yes"]', "[fit.set.noether]\nmass = 'unknown'\nmomenta = true"],
)
def test_values_in_the_words_of_toml(data, shown, text):
    data(f"[fit]\nspacing = [0.1, 2]\nno-plots = true\nverbose = 1\ngenerators = 2\n{text}\n")
    options = {name: value for name, (value, _) in shown()[0].items()}
    assert (options["spacing"], options["no-plots"], options["verbose"]) == ("0.1,2", True, 1)
    assert (options["generators"], options["set"]) == ("2", ["noether.mass=unknown", "noether.momenta=yes"])


def test_another_file(data, shown, monkeypatch):
    data("seed = 1\n")
    data("seed = 2\n", "other.toml")
    assert shown("--config", "other.toml")[0]["seed"] == (2, "other.toml")
    monkeypatch.setenv("SYMDISC_CONFIG", "other.toml")
    assert shown()[0]["seed"] == (2, "other.toml")


def test_settings_take_effect(data, tmp_path, capsys):
    data('[fit]\nmethod = "covariance"\nno-plots = true\nout = "here"\njson = true\n')
    main(["fit", "a.npy", "-v"], standalone_mode=False)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["method"] == "covariance"
    assert "symdisc: settings of symdisc.toml\n" in captured.err
    options = json.loads((tmp_path / "here" / "run.json").read_text())["options"]
    assert {"name": "method", "value": "covariance", "source": "symdisc.toml"} in options
    assert {"name": "verbose", "value": 1, "source": "command line"} in options
    assert "level" not in [row["name"] for row in options]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("levle = 1", ["levle", "level"]),
        ("[fit]\nlevle = 1", ["[fit] levle", "level"]),
        ("[fits]\nlevel = 1", ["fits", "fit"]),
        ("level = \nseed = 1", ["not TOML", "line 1"]),
    ],
)
def test_slips_in_the_file_are_named(data, text, words):
    data(text)
    with pytest.raises(InputError) as caught:
        main(["fit", "a.npy"], standalone_mode=False)
    assert all(word in str(caught.value) for word in ("symdisc.toml", *words)), caught.value


def test_an_option_of_another_command_is_fine_above_all_tables(data, shown):
    data("repeat = 3\nlevel = 0.9\n")
    assert shown()[0]["level"] == (0.9, "symdisc.toml")


def test_a_missing_file_that_was_asked_for_is_an_error(data):
    with pytest.raises(InputError, match=r"nowhere\.toml does not exist"):
        main(["fit", "a.npy", "--config", "nowhere.toml"], standalone_mode=False)


def test_a_refused_value_says_where_it_stands(data, monkeypatch):
    from symdisc.cli.config import described_origin

    data('[fit]\nlevel = "high"\n')
    with pytest.raises(click.BadParameter) as caught:
        main(["fit", "a.npy"], standalone_mode=False)
    assert described_origin(caught.value) == " (from symdisc.toml)"
    with pytest.raises(click.BadParameter) as caught:
        main(["fit", "a.npy", "--level", "low"], standalone_mode=False)
    assert described_origin(caught.value) == ""


def test_show_config_runs_nothing_and_is_a_table(data, tmp_path, capsys):
    main(["fit", "a.npy", "--tolerance", "0.2", "--show-config"], standalone_mode=False)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["tolerance", "0.2", "command", "line"] in rows
    assert ["level", "0.95", "default"] in rows
    assert not (tmp_path / "a.symdisc").exists()


def test_every_command_has_both_options():
    context = click.Context(main)
    for name in COMMANDS:
        options = [word for item in main.get_command(context, name).params for word in item.opts]
        assert {"--config", "--show-config"} <= set(options)
