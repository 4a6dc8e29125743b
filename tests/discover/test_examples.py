"""Images of the user that stay in a result: which ones, and of what data."""

import numpy as np

import symdisc
from symdisc.data import from_arrays
from symdisc.discover.examples import shown_images


def pictures(n=100, shape=(4, 5)):
    x = np.random.default_rng(0).standard_normal((n, *shape))
    x[7] *= 10
    x[3] *= 20
    x[80] *= 30  # beyond what is looked at
    return x


def test_two_images_with_most_contrast_in_their_order():
    x = pictures()
    found = symdisc.fit(x, method="covariance", axes="nss")
    np.testing.assert_array_equal(found.extras["shown_images"], x[[3, 7]])


def test_the_first_channel_and_few_samples():
    x = pictures()[:1, ..., None] * np.array([1.0, 5.0])
    found = symdisc.fit(pictures(), method="covariance", axes="nss")
    np.testing.assert_array_equal(shown_images(found, from_arrays(x, axes="nssc"))["shown_images"], x[..., 0])


def test_nothing_is_kept_of_what_is_no_image():
    found = symdisc.fit(pictures(), method="covariance", axes="nss")
    assert shown_images(found, from_arrays(pictures(shape=(3, 5)), axes="nss")) == {}
    assert shown_images(found, from_arrays(pictures(shape=(20,)))) == {}
    found.extras["example_flow"] = np.zeros(1)
    assert shown_images(found, from_arrays(pictures(), axes="nss")) == {}


def test_first_reads_the_first_samples():
    x = np.arange(24.0).reshape(8, 3)
    chunk = from_arrays(x, x[:, 0], kind="labelled").first(5)
    np.testing.assert_array_equal(chunk.x[:, :, 0], x[:5])
    np.testing.assert_array_equal(chunk.y[:, 0], x[:5, 0])
    assert len(from_arrays(x).first(100).x) == 8
