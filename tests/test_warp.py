"""Affine fields on images: against scipy's own interpolation, and images moved by hand."""

from __future__ import annotations

import numpy as np
import pytest
from blobs import blobs, flat, moved

from symdisc.errors import InputError
from symdisc.warp import Warp, field


def test_a_quarter_turn_permutes_pixels():
    image = np.random.default_rng(0).standard_normal((1, 7, 7))
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 0]]) * np.pi / 2
    warp = Warp((7, 7))
    turned = warp.transport(warp.splines(flat(image)), quarter[None]).reshape(7, 7)
    # (row, column) = (1, 0) from the centre moves to (0, 1): down becomes right.
    assert turned[3, 4] == pytest.approx(image[0, 4, 3])
    np.testing.assert_allclose(turned, np.rot90(image[0]), atol=1e-12)


@pytest.mark.parametrize("boundary", ["zero", "mirror", "periodic"])
def test_whole_pixel_shifts_are_exact(boundary):
    image = np.random.default_rng(1).standard_normal((1, 6, 9, 2))
    shift = np.zeros((3, 3))
    shift[0, 2], shift[1, 2] = 1, -2
    warp = Warp((6, 9), boundary)
    result = warp.transport(warp.splines(image.reshape(1, 54, 2)), shift[None]).reshape(6, 9, 2)
    np.testing.assert_allclose(result[1:, :-2], image[0, :-1, 2:], atol=1e-12)
    if boundary == "zero":
        np.testing.assert_allclose(result[0], 0, atol=1e-5)
    if boundary == "periodic":
        np.testing.assert_allclose(result, np.roll(image[0], (1, -2), (0, 1)), atol=1e-12)


@pytest.mark.parametrize("shape", [(24,), (14, 17), (9, 10, 8)])
def test_transport_agrees_with_scipy_in_one_to_three_axes(shape):
    images = blobs(3, shape, margin=3, width=1.2)
    size = len(shape) * (len(shape) + 1)
    a = 0.1 * np.random.default_rng(2).standard_normal((3, size))
    warp = Warp(shape, "mirror")
    ours = warp.transport(warp.splines(flat(images)), warp.algebra(a))
    expected = flat(moved(images, a))
    inside = warp.inside(warp.algebra(a))
    assert inside.mean() > 0.5
    np.testing.assert_allclose(ours[inside], expected[inside], atol=1e-9 * np.abs(images).max())


def test_fields_are_the_derivative_of_transport():
    warp = Warp((12, 15))
    images = np.random.default_rng(3).standard_normal((2, 180, 2))
    splines, step = warp.splines(images), 1e-5
    fields = warp.fields(images).reshape(2, 6, 180, 2)
    for k, unit in enumerate(np.eye(6)):
        algebra = np.stack([warp.algebra(step * unit)] * 2)
        difference = (warp.transport(splines, algebra) - warp.transport(splines, -algebra)) / (2 * step)
        np.testing.assert_allclose(fields[:, k], difference, atol=1e-3)


def test_normal_equations_are_those_of_the_fields():
    rng = np.random.default_rng(4)
    warp = Warp((8, 9))
    images, residuals, weights = rng.normal(size=(3, 72, 2)), rng.normal(size=(3, 72, 2)), rng.uniform(size=(3, 72))
    fields = warp.fields(images)
    information, score = warp.normal_equations(images, residuals, weights)
    spread = np.repeat(weights, 2, axis=1)
    np.testing.assert_allclose(information, np.einsum("nid,nd,njd->nij", fields, spread, fields), rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(score, np.einsum("nid,nd,nd->ni", fields, spread, residuals.reshape(3, -1)), atol=1e-9)


def test_laplacian_of_a_parabola():
    rows, columns = np.meshgrid(np.arange(30.0), np.arange(30.0), indexing="ij")
    warp = Warp((30, 30), "mirror")
    values = warp.laplacian(flat((rows**2 + 3 * columns**2)[None])).reshape(30, 30)
    np.testing.assert_allclose(values[12:-12, 12:-12], 8, atol=1e-3)


def test_coefficients_and_algebra_are_inverse_and_brackets_close():
    warp = Warp((10, 14))
    a = np.random.default_rng(5).standard_normal((2, 6))
    first, second = warp.algebra(a)
    np.testing.assert_allclose(warp.coefficients(warp.algebra(a)), a, atol=1e-15)
    assert warp.algebra(np.eye(6)[2])[0, 2] == 7
    bracket = np.einsum("i,j,ijl->l", a[0], a[1], warp.brackets)
    np.testing.assert_allclose(warp.algebra(bracket), first @ second - second @ first, atol=1e-12)


def test_the_field_for_a_quiver_plot():
    turn = np.array([[0.0, -1, 2], [1, 0, 0], [0, 0, 0]])
    arrows = field(turn, (5, 7))
    assert arrows.shape == (5, 7, 2)
    np.testing.assert_allclose(arrows[2, 3], [2, 0])
    np.testing.assert_allclose(arrows[4, 3], [2, 2])
    np.testing.assert_allclose(arrows[2, 6], [-1, 0])


@pytest.mark.parametrize("shape", [(3, 8), (4, 4, 4, 4)])
def test_a_grid_that_cannot_be_searched_is_refused(shape):
    with pytest.raises(InputError, match="one to three axes of at least 4 pixels"):
        Warp(shape)
