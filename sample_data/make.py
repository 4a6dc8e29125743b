"""Writes the files of this folder again: `python sample_data/make.py [FOLDER]`.

The digits come from scikit-learn, which nothing else here needs: `pip install scikit-learn`.
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


if __name__ == "__main__":
    main()
