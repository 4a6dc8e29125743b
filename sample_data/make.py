"""Writes the files of this folder again: `python sample_data/make.py [FOLDER]`.

The digits come from scikit-learn and the planets from astropy, which nothing else here needs: `pip install
scikit-learn astropy`.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import h5py
import numpy as np

from symdisc.atomic import write_bytes
from symdisc.problems import make, save


def digits(folder: Path) -> None:
    """Handwritten digits: x (1797, 8, 8) float32, labels (1797,) int64."""
    from sklearn.datasets import load_digits

    source = load_digits()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        images = source.images.astype(np.float32)
        x = file.create_dataset(
            "x", data=images, chunks=(599, 8, 8), compression="gzip", shuffle=True, track_times=False
        )
        x.attrs["kind"] = "samples"
        labels = file.create_dataset("labels", data=source.target.astype(np.int64), track_times=False)
        for axis, letter in enumerate("nss"):
            x.dims[axis].label = letter
        labels.dims[0].label = "n"
        file.attrs["source"] = "scikit-learn load_digits; UCI Optical Recognition of Handwritten Digits, CC BY 4.0"
    write_bytes(folder / "digits.h5", buffer.getvalue())


def turned_digits(folder: Path, seed: int = 0) -> None:
    """500 of the digits and the same turned by unknown angles, rows towards columns: x, y (500, 12, 12) uint8.

    Each is padded by two dark pixels on every side and turned by cubic splines; grey values are 15 times the counts.
    """
    from scipy.ndimage import rotate
    from sklearn.datasets import load_digits

    source = load_digits().images
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(source))[:500])
    angle = rng.uniform(-np.pi / 4, np.pi / 4, len(chosen))
    images = np.pad(15 * source[chosen], ((0, 0), (2, 2), (2, 2)))
    turned = [rotate(image, np.degrees(t), reshape=False, order=3) for image, t in zip(images, angle, strict=True)]
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, values in (("x", images), ("y", np.clip(np.rint(turned), 0, 255))):
            array = file.create_dataset(
                name, data=values.astype(np.uint8), chunks=(250, 12, 12), compression="gzip", track_times=False
            )
            for axis, letter in enumerate("nss"):
                array.dims[axis].label = letter
        file.create_dataset("angle", data=angle.astype(np.float32), track_times=False)
        file.attrs["kind"] = "pairs"
        file.attrs["source"] = "digits.h5, turned by angles (radians) that symdisc does not read"
    write_bytes(folder / "turned_digits.h5", buffer.getvalue())


YEARS = {
    "mercury": 0.2408467,
    "venus": 0.61519726,
    "earth-moon-barycenter": 1.0000174,
    "mars": 1.8808476,
    "jupiter": 11.862615,
    "saturn": 29.447498,
    "uranus": 84.016846,
    "neptune": 164.79132,
}


def planets(folder: Path) -> None:
    """Two turns of each planet round the sun, 100 points a turn: x (8, 200, 3), each in its own units.

    A unit of length is T^(2/3) au and a turn lasts 2 pi, T the period in years, so that by Kepler's third law all
    planets obey q'' = -q / r^3. Axes are those of the equator of 2000.
    """
    from astropy.coordinates import get_body_barycentric
    from astropy.time import Time

    runs = []
    for name, period in YEARS.items():
        times = Time(1900 + period * np.arange(200) / 100, format="jyear", scale="tdb")
        planet, sun = (get_body_barycentric(body, times, ephemeris="builtin") for body in (name, "sun"))
        runs.append((planet - sun).xyz.to_value("au").T / period ** (2 / 3))
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        x = file.create_dataset("x", data=np.array(runs), track_times=False)
        for axis, letter in enumerate("ntv"):
            x.dims[axis].label = letter
        planets = ", ".join(name.split("-")[0] for name in YEARS)
        file.attrs.update({"kind": "trajectory", "dt": 2 * np.pi / 100, "planets": planets})
        file.attrs["source"] = "astropy, built-in ephemeris (ERFA: epv00, plan94)"
    write_bytes(folder / "planets.h5", buffer.getvalue())


def gaussian(folder: Path) -> None:
    """2000 samples of a Gaussian in 6 dimensions, as a bare NPY."""
    buffer = io.BytesIO()
    np.save(buffer, make("hidden-gaussian", dimension=6).arrays["x"], allow_pickle=False)
    write_bytes(folder / "gaussian.npy", buffer.getvalue())


def linear(folder: Path) -> None:
    """The two labelled problems with their truth, as `symdisc sample` writes them."""
    save(make("equal-correlations"), folder / "equal_correlations.h5")
    save(make("no-symmetry"), folder / "no_symmetry.h5")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    gaussian(folder)
    linear(folder)
    digits(folder)
    turned_digits(folder)
    planets(folder)


if __name__ == "__main__":
    main()
