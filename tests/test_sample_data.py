"""The files of sample_data are what their README says, and what their script writes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from symdisc.data import open_dataset
from symdisc.problems import make

FOLDER = Path(__file__).parents[1] / "sample_data"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".h5", ".npy", ".npz"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_small_and_has_a_line_in_the_readme(path):
    assert path.stat().st_size < 1_000_000
    assert f"| `{path.name}` |" in (FOLDER / "README.md").read_text()


def test_digits_are_those_of_the_uci_test_set():
    """1797 images of 8x8 counts from 0 to 16, and the class counts that the donors list."""
    with h5py.File(FOLDER / "digits.h5") as file:
        x, labels = file["x"][...], file["labels"][...]
    assert (x.shape, x.dtype, labels.shape, labels.dtype) == ((1797, 8, 8), np.float32, (1797,), np.int64)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.array_equal(np.unique(x), np.arange(17))
    assert np.linalg.matrix_rank(np.cov(x.reshape(1797, 64), rowvar=False)) == 61


def test_digits_are_read_as_samples_and_with_labels():
    path = str(FOLDER / "digits.h5")
    with open_dataset([path]) as data:
        assert (data.kind, data.axes, data.samples, data.d) == ("samples", "nss", 1797, 64)
    with open_dataset([path], y="labels", kind="labelled") as data:
        assert (data.kind, data.y_shape) == ("labelled", (1797,))


def test_turned_digits_are_digits_and_the_same_turned_about_their_centre():
    with h5py.File(FOLDER / "turned_digits.h5") as file, h5py.File(FOLDER / "digits.h5") as source:
        x, y, angle = (file[name][...].astype(float) for name in ("x", "y", "angle"))
        digits = {image.tobytes() for image in source["x"][...]}
    assert x.shape == y.shape == (500, 12, 12)
    assert np.abs(angle).max() < np.pi / 4
    assert np.corrcoef(np.sort(angle), np.linspace(-1, 1, 500))[0, 1] > 0.99
    assert all((image[2:-2, 2:-2] / 15).astype(np.float32).tobytes() in digits for image in x)
    # What lies at q = (row, column) from the centre now lies at R(angle) q.
    place = np.arange(12) - 5.5
    for image, turned, t in zip(x, y, angle, strict=True):
        row, column = np.cos(t) * place[:, None] + np.sin(t) * place, np.cos(t) * place - np.sin(t) * place[:, None]
        expected = map_coordinates(image, [row + 5.5, column + 5.5], order=3)
        assert np.abs(np.clip(expected, 0, 255) - turned).max() < 1


@pytest.mark.parametrize("name", ["equal_correlations.h5", "no_symmetry.h5"])
def test_problems_are_those_that_the_command_makes(name):
    with h5py.File(FOLDER / name) as file:
        recipe = json.loads(file.attrs["problem"])
        made = make(recipe["problem"], recipe["seed"], recipe["samples"], **recipe["options"])
        default = make(name.removesuffix(".h5").replace("_", "-"))
        for key, array in made.arrays.items():
            assert np.allclose(file[key][...], array, rtol=1e-9, atol=1e-12)
            assert np.array_equal(default.arrays[key], array)
        assert np.allclose(file["truth/generators"][...], made.generators, atol=1e-9)


def test_gaussian_is_the_problem_it_says():
    x = np.load(FOLDER / "gaussian.npy")
    assert np.allclose(x, make("hidden-gaussian", dimension=6).arrays["x"], rtol=1e-9, atol=1e-12)


def test_planets_go_round_the_sun_twice_and_obey_keplers_law():
    """Sizes and shapes of the orbits: eccentricities and inclinations to the ecliptic of Standish, JPL (J2000)."""
    eccentricity = [0.2056, 0.0068, 0.0167, 0.0934, 0.0484, 0.0539, 0.0473, 0.0086]
    inclination = [7.00, 3.39, 0.0, 1.85, 1.30, 2.49, 0.77, 1.77]
    with h5py.File(FOLDER / "planets.h5") as file:
        x, dt = file["x"][...], file.attrs["dt"]
    assert x.shape == (8, 200, 3)
    radius = np.linalg.norm(x, axis=2)
    least, most = radius.min(axis=1), radius.max(axis=1)
    assert np.allclose((most + least) / 2, 1, atol=0.03)
    assert np.allclose((most - least) / (most + least), eccentricity, atol=0.006)
    acceleration = (x[:, 2:] - 2 * x[:, 1:-1] + x[:, :-2]) / dt**2
    law = -x[:, 1:-1] / radius[:, 1:-1, None] ** 3
    # Second differences miss about 1 % near the sun, and the planets pull at one another.
    assert np.linalg.norm(acceleration - law) < 0.02 * np.linalg.norm(law)
    normal = np.cross(x[:, 0], x[:, 20])
    tilt = np.radians(23.439)
    pole = np.array([0.0, -np.sin(tilt), np.cos(tilt)])
    angle = np.degrees(np.arccos(normal @ pole / np.linalg.norm(normal, axis=1)))
    assert np.allclose(angle, inclination, atol=0.05)


README = (FOLDER.parent / "README.md").read_text()
ROWS = re.findall(r"^\| `(sample_data/.*?)` \| (\w+) \| (\d+) \|", README, re.MULTILINE)


@pytest.mark.parametrize(("words", "verdict", "dimension"), ROWS)
def test_readme_says_what_fit_says(words, verdict, dimension, tmp_path):
    arguments = ["fit", *words.split(), "-o", str(tmp_path / "out"), "--no-plots", "--json"]
    command = [sys.executable, "-m", "symdisc", *arguments]
    run = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    summary = json.loads(run.stdout)
    assert (summary["verdict"], summary["dimension"]) == (verdict, int(dimension))


def test_readme_has_a_row_for_every_file():
    rows = [words.split()[0] for words, _, _ in ROWS]
    assert {Path(row).name for row in rows} == {path.name for path in FILES}
