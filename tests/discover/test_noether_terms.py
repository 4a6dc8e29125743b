"""Lagrangians whose coefficients depend on time or place: by hand, and identities that hold for any field."""

from dataclasses import replace

import numpy as np
import pytest

from symdisc.discover.noether.bumps import Bumps
from symdisc.discover.noether.currents import Currents, all_spacetime
from symdisc.discover.noether.dependence import Monomial, Wave, factors_of
from symdisc.discover.noether.lagrangian import sizes_of
from symdisc.discover.noether.library import Library
from symdisc.discover.noether.potential import smooth_functions
from symdisc.errors import InputError
from symdisc.problems.registry import make

SIZES, STEPS = (48, 48), (0.1, 0.15)
LENGTHS = tuple(n * h for n, h in zip(SIZES, STEPS, strict=True))
EVERY = {
    "h": (Wave(0, 1, LENGTHS[0], True), Wave(1, 1, LENGTHS[1], False)),
    "m2": (Wave(1, 2, LENGTHS[1], True),),
    "V": (Wave(0, 1, LENGTHS[0], False),),
}


def spectral(phi, axis, step):
    """d phi along a periodic axis."""
    k = 2 * np.pi * np.fft.fftfreq(phi.shape[axis], step)
    k[len(k) // 2] = 0
    shape = [-1 if place == axis else 1 for place in range(phi.ndim)]
    return np.fft.ifft(1j * k.reshape(shape) * np.fft.fft(phi, axis=axis), axis=axis).real


def wavy(components, seed=0):
    """A smooth periodic field, no solution of anything, and its gradient."""
    t, s = np.meshgrid(np.arange(48) / 48, np.arange(48) / 48, indexing="ij")
    rng = np.random.default_rng(seed)
    phi = np.zeros((2, *SIZES, components))
    for a in range(3):
        for b in range(3):
            size, phase = rng.standard_normal((2, components)), rng.uniform(0, 6, (2, components))
            phi += size[:, None, None] * np.cos(2 * np.pi * (a * t + b * s)[None, ..., None] + phase[:, None, None])
    phi /= phi.std()
    return phi, tuple(spectral(phi, axis + 1, step) for axis, step in enumerate(STEPS))


@pytest.fixture(params=[(1, False), (2, False), (1, True), (2, True)], ids=["1", "2", "1 smooth", "2 smooth"])
def varying(request):
    components, smooth = request.param
    phi, gradient = wavy(components)
    functions = smooth_functions(phi.reshape(-1, components), 10) if smooth else None
    if functions:
        # No wiggles that these coarse grids do not resolve.
        functions = replace(functions, widths=3 * functions.widths)
    library = Library(components, 2, 3, factors=EVERY, smooth=functions)
    bumps = Bumps(SIZES, STEPS, (True, True), (12, 12))
    return library, bumps, np.random.default_rng(1).standard_normal(library.size), phi, gradient


def test_names_say_the_function():
    factors = factors_of("m2:x+h:t", 2, (40, 64), (0.1, 0.1), (False, True))
    names = Library(1, 2, 2, factors=factors).names
    assert names[:3] == ("h_tt[1,1]", "h_tt[1,1] t", "h_tt[1,1] t^2")
    assert "m2[1,1] cos x" in names
    assert "m2[1,1] sin 2x" in names
    assert not any("x" in name for name in names if name.startswith("phi"))


@pytest.mark.parametrize("factor", [Monomial(0, 1), Monomial(1, 3), Wave(0, 2, 1.7, True), Wave(1, 3, 0.9, False)])
def test_slopes_are_those_of_the_values(factor):
    x = np.linspace(-1, 1, 9)
    around = (factor.value(x + 1e-5) - factor.value(x - 1e-5)) / 2e-5
    np.testing.assert_allclose(factor.slope(x), around, atol=1e-6)


def test_rows_are_the_weak_equation_of_any_field(varying):
    library, bumps, theta, phi, gradient = varying
    x = bumps.coordinates()
    equation = library.force(theta, phi, gradient, x)
    for a, momentum in enumerate(library.momentum(theta, phi, gradient, x)):
        equation = equation - spectral(momentum, a + 1, STEPS[a])
    expected = bumps.integrate(equation, [0, 0]).ravel()
    np.testing.assert_allclose(library.rows(phi, bumps) @ theta, expected, atol=1e-4 * np.abs(expected).max())
    by_slopes = library.equation(theta, phi, gradient, bumps)
    np.testing.assert_allclose(by_slopes.ravel(), expected, atol=1e-4 * np.abs(expected).max())


def test_powers_of_time_between_two_ends():
    """d_t (f d_t phi) = f' d_t phi + f d_tt phi, by hand."""
    phi, gradient = wavy(1)
    library = Library(1, 2, 2, factors={"h": (Monomial(0, 2),)})
    bumps = Bumps(SIZES, STEPS, (False, True), (12, 12))
    theta = np.array([name == "h_tt[1,1] t^2" for name in library.names], dtype=float)
    t = bumps.coordinates()[0][..., None]
    expected = -bumps.integrate(2 * t * gradient[0] + t**2 * spectral(gradient[0], 1, STEPS[0]), [0, 0]).ravel()
    np.testing.assert_allclose(library.rows(phi, bumps) @ theta, expected, atol=1e-4 * np.abs(expected).max())


def test_force_momentum_and_change_with_place_are_derivatives_of_the_value(varying):
    library, bumps, theta, phi, gradient = varying
    x, step, rng = bumps.coordinates(), 1e-6, np.random.default_rng(2)
    change = rng.standard_normal(phi.shape)

    def slope(put):
        return (library.value(theta, *put(step)) - library.value(theta, *put(-step))) / (2 * step)

    force = (library.force(theta, phi, gradient, x) * change).sum(-1)
    np.testing.assert_allclose(force, slope(lambda e: (phi + e * change, gradient, x)), atol=1e-5)
    for a, momentum in enumerate(library.momentum(theta, phi, gradient, x)):
        moved = slope(lambda e, a=a: (phi, [g + e * change * (a == b) for b, g in enumerate(gradient)], x))
        np.testing.assert_allclose((momentum * change).sum(-1), moved, atol=1e-5)
    for a, along in library.explicit(theta, phi, gradient, x).items():
        moved = slope(lambda e, a=a: (phi, gradient, [line + e * (a == b) for b, line in enumerate(x)]))
        np.testing.assert_allclose(along, moved, atol=1e-4)
    assert set(library.explicit(theta, phi, gradient, x)) == set(library.depends) == {0, 1}


def test_divergence_of_a_translation_is_the_equation_and_the_change_of_the_lagrangian(varying):
    """d_a J^a = E . d_b phi + d_b Lag for a translation along b; the rows are minus its integrals."""
    library, bumps, theta, phi, gradient = varying
    x, step = bumps.coordinates(), 1e-6
    equation = library.force(theta, phi, gradient, x)
    for a, momentum in enumerate(library.momentum(theta, phi, gradient, x)):
        equation = equation - spectral(momentum, a + 1, STEPS[a])
    translations = all_spacetime(2)[[2, 5]]
    rows = Currents(library, theta, None, translations).rows(phi, gradient, bumps)
    for b, column in enumerate(rows.T):
        ahead, behind = ([line + e * (a == b) for a, line in enumerate(x)] for e in (step, -step))
        change = library.value(theta, phi, gradient, ahead) - library.value(theta, phi, gradient, behind)
        divergence = (equation * gradient[b]).sum(-1) + change / (2 * step)
        expected = -bumps.integrate(divergence[..., None], [0, 0]).ravel()
        np.testing.assert_allclose(column, expected, atol=1e-3 * np.abs(expected).max())


def test_by_hand_a_mass_that_depends_on_the_place():
    """phi_tt = phi_xx - m2(x) phi: energy is conserved; momentum gains - m2'(x) phi^2 / 2."""
    made = make("place-dependent-mass", 0, 3)
    phi, (dt, dx) = made.arrays["x"], (0.05, 0.1)
    library = Library(1, 2, 2, factors={"m2": (Wave(1, 3, 19.2, False), Wave(1, 3, 19.2, True))})
    bumps = Bumps(phi.shape[1:3], (dt, dx), (False, True), (14, 10))
    # x of the problem is that from the centre of the grid plus half its length less half a step.
    shift, wave = 0.1 * 191 / 2, 2 * np.pi * 3 / 19.2
    theta = {"h_tt[1,1]": 1, "h_xx[1,1]": -1, "m2[1,1]": 1}
    theta |= {"m2[1,1] cos 3x": 0.5 * np.cos(wave * shift), "m2[1,1] sin 3x": -0.5 * np.sin(wave * shift)}
    theta = np.array([theta.get(name, 0.0) for name in library.names])
    assert np.abs(library.rows(phi, bumps) @ theta).max() < 1e-4
    # phi_t by differences of order 8: their ends are left out by the bumps.
    padded = np.pad(phi, ((0, 0), (4, 4), (0, 0), (0, 0)), mode="edge")
    weights = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
    n = phi.shape[1]
    rate = sum(w * (padded[:, 4 + j : 4 + j + n] - padded[:, 4 - j : 4 - j + n]) for j, w in enumerate(weights, 1)) / dt
    rows = Currents(library, theta, None, all_spacetime(2)[[2, 5]]).rows(phi, (rate, spectral(phi, 2, dx)), bumps)
    place = dx * np.arange(192)
    slope = -0.5 * wave * np.sin(wave * place)
    gained = bumps.integrate(slope[:, None] * phi**2 / 2, [0, 0])
    inner = slice(1, -1)
    shape = (3, *bumps.shape)
    energy, momentum = rows[:, 0].reshape(shape), rows[:, 1].reshape(shape)
    scale = np.abs(gained).max()
    assert scale > 0.1
    np.testing.assert_allclose(momentum[:, inner], gained.reshape(shape)[:, inner], atol=1e-4 * scale)
    assert np.abs(energy[:, inner]).max() < 1e-4 * scale


def test_a_potential_is_one_term_however_its_monomials_cancel():
    """A potential of any shape, by itself, explains nothing: its rows are exactly its size."""
    library = Library(1, 2, 8)
    phi = 3 * wavy(1)[0]
    rows = library.rows(phi, Bumps(SIZES, STEPS, (True, True), (12, 12)))
    form = rows.T @ rows / len(rows)
    sizes = sizes_of(library, form)
    rng = np.random.default_rng(0)
    inner = np.array([not name.startswith("h_") for name in library.names])
    for theta in rng.standard_normal((5, library.size)) * inner:
        assert theta @ form @ theta == pytest.approx(theta @ sizes @ theta, rel=1e-6)
    assert np.linalg.eigvalsh(sizes / np.sqrt(np.outer(np.diag(sizes), np.diag(sizes)))).min() > -1e-12
    np.testing.assert_allclose(np.diag(sizes), np.diag(form))


@pytest.mark.parametrize(
    ("spec", "order", "words"),
    [
        ("m2", 4, "PART:AXIS"),
        ("mass:x", 4, "'mass:x'"),
        ("m2:y", 4, "an axis of t, x"),
        ("m2:x", 9, "noether.order=9: between 1 and 8"),
        ("m2:x", 0, "noether.order=0"),
        ("m2:x+", 4, "PART:AXIS"),
    ],
)
def test_refusals(spec, order, words):
    with pytest.raises(InputError, match=words):
        factors_of(spec, order, (40, 64), (0.1, 0.1), (False, True))
