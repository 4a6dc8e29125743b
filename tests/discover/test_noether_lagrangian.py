"""Lagrangians from data: the terms by hand, and the fit on problems whose equation is known."""

from functools import cache

import numpy as np
import pytest
from numpy.polynomial import legendre

from symdisc.discover.noether.bumps import EQUATION, Bumps, widths_for
from symdisc.discover.noether.lagrangian import fit
from symdisc.discover.noether.library import Library
from symdisc.problems.registry import make

# Fourier modes in space, degree of the polynomial in time: what a chooser would find with noise.
SMOOTH = {
    "complex-phi4": (22, 32),
    "o3-phi4": (28, 40),
    "klein-gordon": (9, 22),
    "wave": (9, 22),
    "klein-gordon-2d": (3, 12),
    "two-fields": (30, 24),
}


def smoothed(x, steps, modes=None, degree=56):
    """Fields of (runs, t, s.., v), periodic in space, and their gradient."""
    for axis in range(2, x.ndim - 1):
        amplitudes = np.fft.rfft(x, axis=axis)
        if modes is not None:
            amplitudes.swapaxes(axis, 0)[modes + 1 :] = 0
        x = np.fft.irfft(amplitudes, x.shape[axis], axis=axis)
    times = x.shape[1]
    values = legendre.legvander(np.linspace(-1, 1, times), degree)
    slopes = values[:, :-1] @ legendre.legder(np.eye(degree + 1)) * 2 / (steps[0] * (times - 1))
    amplitudes = np.tensordot(np.linalg.pinv(values), x, axes=(1, 1))
    phi, rate = (np.moveaxis(np.tensordot(matrix, amplitudes, axes=1), 0, 1) for matrix in (values, slopes))
    return phi, (rate, *(spectral(phi, axis, steps[axis - 1]) for axis in range(2, x.ndim - 1)))


def spectral(phi, axis, step):
    """d phi along a periodic axis."""
    n = phi.shape[axis]
    k = 2 * np.pi * np.fft.rfftfreq(n, step)
    k[-1] *= n % 2
    shape = [1] * phi.ndim
    shape[axis] = -1
    return np.fft.irfft(1j * k.reshape(shape) * np.fft.rfft(phi, axis=axis), n, axis=axis)


class Sampled:
    """A smoothed field, copies of it with noise put in once more, and its grid."""

    def __init__(self, x, steps, noise=0.0, smooth=(None, 56), seed=1):
        rng = np.random.default_rng(seed)
        scale = noise * x.std()
        smooth = smooth if noise else (None, min(56, 3 * x.shape[1] // 5))
        self.phi, self.gradient = smoothed(x + scale * rng.standard_normal(x.shape), steps, *smooth)
        self.again = [
            smoothed(self.phi + scale * rng.standard_normal(x.shape), steps, *smooth) for _ in range(2 * (noise > 0))
        ]
        self.grid = (x.shape[1:-1], steps, (False, *(True,) * (x.ndim - 3)))

    def forms(self, rows):
        """Mean squares of rows(phi, gradient), and of their noise."""
        clean = rows(self.phi, self.gradient)
        noise = np.zeros((clean.shape[1],) * 2)
        for copy in self.again:
            change = rows(*copy) - clean
            noise += change.T @ change / len(clean) / len(self.again)
        return clean.T @ clean / len(clean), noise

    def lagrangian(self, degree=4):
        bumps = Bumps(*self.grid, widths_for(*self.grid, self.gradient, EQUATION))
        library = Library(self.phi.shape[-1], len(self.grid[0]), degree)
        raw, noise = self.forms(lambda phi, gradient: library.rows(phi, bumps))
        return fit(library, raw, noise, np.diag(np.diag(raw)))


@cache
def problem(name):
    small = {"klein-gordon-2d": {"times": 40, "size": 40, "spacing": 0.15, "dt": 0.075}, "two-fields": {"times": 80}}
    options = small.get(name, {})
    return make(name, **options)


@cache
def sampled(name, noise=0.0):
    made = problem(name)
    steps = (made.attributes["dt"], *made.attributes["spacing"])
    return Sampled(made.arrays["x"], steps, noise, SMOOTH[name])


def wavy(sizes, steps, components, seed=0):
    """A smooth periodic field of all axes, no solution of anything, and its gradient."""
    rng = np.random.default_rng(seed)
    phi = rng.standard_normal((2, *sizes, components))
    for axis in range(1, len(sizes) + 1):
        amplitudes = np.fft.rfft(phi, axis=axis)
        amplitudes.swapaxes(axis, 0)[4:] = 0
        phi = np.fft.irfft(amplitudes, phi.shape[axis], axis=axis)
    phi /= phi.std()
    return phi, tuple(spectral(phi, axis + 1, step) for axis, step in enumerate(steps))


# --- terms


def test_names_and_number_of_coefficients():
    assert Library(1, 2).names == ("h_tt[1,1]", "h_tx[1,1]", "h_xx[1,1]", "m2[1,1]", "phi1", "phi1^3", "phi1^4")
    assert "phi1^2 phi2" in Library(2, 1).names
    assert "h_ty[1,2]" in Library(2, 3).names
    assert Library(2, 1, degree=2).names == (
        "h_tt[1,1]",
        "h_tt[1,2]",
        "h_tt[2,2]",
        "m2[1,1]",
        "m2[1,2]",
        "m2[2,2]",
        "phi1",
        "phi2",
    )
    assert Library(3, 2).size == 18 + 6 + 3 + 10 + 15


@pytest.mark.parametrize(("components", "dimensions"), [(1, 1), (2, 2), (1, 3)])
def test_momentum_and_force_are_derivatives_of_the_value(components, dimensions):
    library, rng = Library(components, dimensions), np.random.default_rng(0)
    theta = rng.standard_normal(library.size)
    shape = (2, *(3,) * dimensions, components)
    phi, gradient = rng.standard_normal(shape), list(rng.standard_normal((dimensions, *shape)))
    x = (np.zeros(1),) * dimensions

    def slope(change, put):
        return sum(sign * library.value(theta, *put(sign * 1e-6 * change), x) for sign in (1, -1)) / 2e-6

    change = rng.standard_normal(shape)
    force = library.force(theta, phi, gradient, x)
    np.testing.assert_allclose((force * change).sum(-1), slope(change, lambda e: (phi + e, gradient)), atol=1e-6)
    for a, momentum in enumerate(library.momentum(theta, phi, gradient, x)):
        moved = slope(change, lambda e, a=a: (phi, [g + e * (a == b) for b, g in enumerate(gradient)]))
        np.testing.assert_allclose((momentum * change).sum(-1), moved, atol=1e-6)
    h = library.metric(theta)
    np.testing.assert_allclose(h, h.transpose(1, 0, 3, 2))
    np.testing.assert_allclose(library.mass(theta), library.mass(theta).T)


@pytest.mark.parametrize(("components", "dimensions"), [(2, 1), (2, 2), (1, 3)])
def test_rows_are_the_weak_equation_of_any_field(components, dimensions):
    sizes, steps = (48,) * dimensions, (0.1, 0.15, 0.2)[:dimensions]
    phi, gradient = wavy(sizes, steps, components)
    library = Library(components, dimensions)
    theta = np.random.default_rng(1).standard_normal(library.size)
    bumps = Bumps(sizes, steps, (True,) * dimensions, (12,) * dimensions)
    x = bumps.coordinates()
    equation = library.force(theta, phi, gradient, x)
    for a, momentum in enumerate(library.momentum(theta, phi, gradient, x)):
        equation = equation - spectral(momentum, a + 1, steps[a])
    expected = bumps.integrate(equation, [0] * dimensions)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(library.rows(phi, bumps) @ theta, expected.ravel(), atol=1e-4 * scale)


def test_plane_wave_obeys_its_equation_and_no_other():
    k, omega = 2 * np.pi / 6.4, np.sqrt((2 * np.pi / 6.4) ** 2 + 1)
    t, x = np.meshgrid(0.05 * np.arange(200), 0.1 * np.arange(64), indexing="ij")
    phi = np.cos(k * x - omega * t)[None, ..., None]
    library = Library(1, 2)
    rows = library.rows(phi, Bumps((200, 64), (0.05, 0.1), (False, True), (24, 12)))
    theta = {"h_tt[1,1]": 1.0, "h_xx[1,1]": -1.0, "m2[1,1]": 1.0}
    right = rows @ [theta.get(name, 0.0) for name in library.names]
    theta["m2[1,1]"] = 1.1
    wrong = rows @ [theta.get(name, 0.0) for name in library.names]
    assert np.abs(right).max() < 1e-5
    assert 0.03 < np.abs(wrong).max() < 0.1


# --- fit


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03, 0.1])
def test_problems_have_one_lagrangian(name, noise):
    found = sampled(name, noise).lagrangian()
    assert found.nullity == 1
    assert found.residual < (2e-3 if noise else 1e-5)
    assert found.residuals[1] > 0.02
    coefficients, facts = found.named(), problem(name).facts
    error = 1e-4 + 0.2 * noise
    assert coefficients["h_tt[1,1]"] == pytest.approx(1, abs=error)
    assert coefficients["h_xx[1,1]"] == pytest.approx(-1, abs=error)
    if name == "two-fields":
        np.testing.assert_allclose(found.library.mass(found.theta), facts["quadratic"], atol=30 * error)
        assert coefficients["phi1^3"] == pytest.approx(facts["cubic"][0][0][0], abs=30 * error)
    else:
        assert coefficients["m2[1,1]"] == pytest.approx(facts.get("mass2", 0), abs=5 * error)
    if "phi4" in name:
        assert coefficients["phi1^4"] == pytest.approx(facts["coupling"] / 4, abs=5 * error)
        assert coefficients["phi1^2 phi2^2"] == pytest.approx(facts["coupling"] / 2, abs=5 * error)


def test_scale_and_sign_do_not_depend_on_units():
    made = problem("klein-gordon")
    x, steps = made.arrays["x"], (0.05, 0.1)
    one, other = Sampled(x, steps).lagrangian(), Sampled(1e3 * x, (5e-4, 2.0)).lagrangian()
    expected = [1.0, 0.0, -400 * 1e4, 1e4, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(one.theta, [1, 0, -1, 1, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(other.theta, expected, atol=1)


def chiral():
    rng, k = np.random.default_rng(0), 2 * np.pi / 19.2
    place = 0.1 * np.arange(192) - (0.05 * np.arange(160))[:, None]
    modes = np.arange(1, 9)[:, None, None] * k
    waves = np.exp(-(modes**2) / 4) * np.array([np.cos(modes * place), np.sin(modes * place)])
    return np.tensordot(rng.standard_normal((6, 2, 8)), waves, axes=2)[..., None]


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_several_lagrangians(noise):
    steps, smooth = (0.05, 0.1), SMOOTH["klein-gordon"]
    light, heavy = make("klein-gordon", 0, 12).arrays["x"], make("klein-gordon", 3, mass2=1.5).arrays["x"]
    equal = Sampled(np.concatenate([light[:6], light[6:]], axis=-1), steps, noise, smooth).lagrangian()
    assert equal.nullity == 3
    sizes = np.abs(equal.library.metric(equal.null[1])[0, 0]).max()
    assert 0.1 < sizes < 10
    # Two fields without interaction: a Lagrangian each.
    assert Sampled(np.concatenate([light[:6], heavy], axis=-1), steps, noise, smooth).lagrangian().nullity == 2
    # phi(x - t): h_tt - 2 h_tx + h_xx = 0.
    one_way = Sampled(chiral(), steps, noise, smooth).lagrangian()
    assert one_way.nullity == 2
    for theta in one_way.null:
        assert theta[0] - 2 * theta[1] + theta[2] == pytest.approx(0, abs=0.02 * np.abs(theta).max())


def test_no_lagrangian_is_a_large_residual():
    t, x = np.meshgrid(0.05 * np.arange(160), 0.1 * np.arange(192), indexing="ij")
    rng = np.random.default_rng(0)
    # Heat: phi_t = phi_xx.
    modes = 2 * np.pi / 19.2 * np.arange(1, 7)[:, None, None]
    waves = np.exp(-(modes**2) * t) * np.cos(modes * x)
    phi = np.tensordot(rng.standard_normal((4, 6)), waves, axes=1)[..., None]
    assert Sampled(phi, (0.05, 0.1)).lagrangian().residual > 0.01
