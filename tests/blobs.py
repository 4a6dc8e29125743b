"""Images made by hand, and moved by scipy: what the fields on images are checked against."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.linalg import expm


def blobs(n, shape, seed=0, count=6, width=1.6, margin=4):
    """(n, *shape): sums of Gaussians that fade out before the edge."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"))
    images = np.zeros((n, *shape))
    for _ in range(count):
        at = rng.uniform(margin, np.array(shape) - 1 - margin, (n, len(shape)))
        distance = ((grid[None] - at.reshape(n, -1, *[1] * len(shape))) ** 2).sum(axis=1)
        images += rng.normal(size=(n, *[1] * len(shape))) * np.exp(-distance / (2 * width**2))
    return images


def moved(images, coefficients, order=3):
    """x(g^-1 p) by scipy, g from the definition of the coefficients."""
    shape = images.shape[1:]
    s, centre = len(shape), (np.array(shape) - 1) / 2
    result = []
    for image, a in zip(images, coefficients, strict=True):
        algebra = np.zeros((s + 1, s + 1))
        algebra[:s] = a.reshape(s, s + 1)
        algebra[:s, s] *= max(shape) / 2
        back = np.linalg.inv(expm(algebra))
        offset = centre + back[:s, s] - back[:s, :s] @ centre
        result.append(ndimage.affine_transform(image, back[:s, :s], offset, order=order))
    return np.array(result)


def flat(images):
    return images.reshape(len(images), -1, 1)
