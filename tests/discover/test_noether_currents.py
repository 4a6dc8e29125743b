"""Noether currents: signs and identities by hand, then the symmetries of problems."""

from functools import cache

import numpy as np
import pytest
from scipy.linalg import expm
from test_noether_lagrangian import Sampled, problem, sampled, spectral, wavy

from symdisc.algebra import principal_angles
from symdisc.discover.eigen import smallest
from symdisc.discover.evidence import mixed
from symdisc.discover.noether.bumps import Bumps, widths_for
from symdisc.discover.noether.currents import Currents, all_internal, all_spacetime
from symdisc.discover.noether.library import Library
from symdisc.discover.rows import Form
from symdisc.problems.registry import make

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


def coefficients(library, **values):
    """theta from names such as h_tt_11 for h_tt[1,1]."""
    names = {name.replace("[", "_").replace(",", "").replace("]", ""): name for name in library.names}
    wanted = {names[name]: value for name, value in values.items()}
    return np.array([wanted.get(name, 0.0) for name in library.names])


def entry(d, row, column):
    generator = np.zeros((1, d + 1, d + 1))
    generator[0, row, column] = 1
    return generator


# --- by hand


def test_energy_of_an_oscillator():
    dt, omega = 0.02, 1.3
    t = dt * np.arange(400)
    q, rate = np.sin(omega * t)[None, :, None], omega * np.cos(omega * t)[None, :, None]
    library, bumps = Library(1, 1), Bumps((400,), (dt,), (False,), (40,))
    right = Currents(library, coefficients(library, h_tt_11=1, m2_11=omega**2), None, entry(1, 0, 1))
    wrong = Currents(library, coefficients(library, h_tt_11=1, m2_11=0), None, entry(1, 0, 1))
    assert np.abs(right.rows(q, (rate,), bumps)).max() < 1e-9
    # delta q = -q': J = -H, here -q'^2 / 2.
    expected = bumps.integrate(-(rate**2) / 2, (1,)).ravel()
    np.testing.assert_allclose(wrong.rows(q, (rate,), bumps)[:, 0], expected, atol=1e-12)


def standing(k=2 * np.pi / 6.4, mass2=0.5):
    t, x = np.meshgrid(0.05 * np.arange(160), 0.1 * np.arange(64), indexing="ij")
    omega = np.sqrt(k**2 + mass2)
    phi = np.cos(k * x - omega * t) + 0.7 * np.cos(2 * k * x + np.sqrt(4 * k**2 + mass2) * t)
    rate = omega * np.sin(k * x - omega * t) - 0.7 * np.sqrt(4 * k**2 + mass2) * np.sin(
        2 * k * x + np.sqrt(4 * k**2 + mass2) * t
    )
    slope = -k * np.sin(k * x - omega * t) - 1.4 * k * np.sin(2 * k * x + np.sqrt(4 * k**2 + mass2) * t)
    return tuple(f[None, ..., None] for f in (phi, rate, slope))


@pytest.mark.parametrize("mass2", [0.5, 0.0])
def test_boost_is_conserved_and_its_neighbours_are_not(mass2):
    phi, rate, slope = standing(mass2=mass2)
    library, bumps = Library(1, 2), Bumps((160, 64), (0.05, 0.1), (False, True), (16, 8))
    theta = coefficients(library, h_tt_11=1, h_xx_11=-1, m2_11=mass2)
    boost, turn, galilei, dilation = np.zeros((4, 3, 3))
    boost[0, 1] = boost[1, 0] = 1
    turn[0, 1], turn[1, 0] = -1, 1
    galilei[1, 0] = 1
    dilation[0, 0] = dilation[1, 1] = 1
    currents = Currents(library, theta, None, np.array([boost, turn, galilei, dilation]))
    rows, sizes = currents.rows(phi, (rate, slope), bumps), currents.sizes(phi, (rate, slope), bumps)
    defects = np.sqrt((rows**2).mean(axis=0) / np.diag(sizes))
    assert defects[0] < 1e-4
    assert defects[1] > 0.9
    assert defects[2] == pytest.approx(1, abs=1e-4)
    assert (defects[3] > 0.2) == (mass2 > 0)
    assert defects[3] > 0.2 or defects[3] < 1e-4


class TurningPotential:
    """- q.R(omega t) K R(omega t)^T q / 2: a term that depends on t, as a user would write it."""

    names = ("k",)

    def __init__(self, omega, k):
        self.omega, self.k = omega, np.diag(k)

    def matrix(self, x):
        angle = self.omega * x[0]
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
        return turn @ self.k @ turn.swapaxes(1, 2)

    def rows(self, phi, bumps):
        return bumps.integrate(self.force(np.ones(1), phi, (), bumps.coordinates()), (0,))[..., None]

    def value(self, theta, phi, gradient, x):
        return -theta[0] * np.einsum("nti,tij,ntj->nt", phi, self.matrix(x), phi) / 2

    def momentum(self, theta, phi, gradient, x):
        return {}

    def force(self, theta, phi, gradient, x):
        return -theta[0] * np.einsum("tij,ntj->nti", self.matrix(x), phi)


def test_turning_potential_conserves_angular_momentum_times_omega_minus_energy():
    omega, k, dt, n = 0.6, (1.0, 2.0), 0.05, 301
    t = dt * (np.arange(n) - (n - 1) / 2)
    # In the turning frame Q' = P + omega J^T Q, P' = -K Q + omega J^T P with J = TURN.
    flow = np.block([[-omega * TURN, np.eye(2)], [-np.diag(k), -omega * TURN]])
    states = np.array([expm(flow * time) @ [1.0, 0.3, -0.2, 0.7] for time in t])
    turn = np.array([[np.cos(omega * t), -np.sin(omega * t)], [np.sin(omega * t), np.cos(omega * t)]]).transpose(
        2, 0, 1
    )
    q, rate = (np.einsum("tij,tj->ti", turn, states[:, part])[None] for part in (slice(2), slice(2, 4)))
    library = Library(2, 1, 2, extra=(TurningPotential(omega, k),))
    bumps = Bumps((n,), (dt,), (False,), (20,))
    theta = coefficients(library, h_tt_11=1, h_tt_22=1, k=1)
    assert np.abs(library.rows(q, bumps) @ theta).max() < 1e-6
    rows = Currents(library, theta, TURN[None], entry(1, 0, 1)).rows(q, (rate,), bumps)
    assert np.abs(rows @ [omega, 1]).max() < 1e-6
    assert np.abs(rows @ [omega, -1]).max() > 0.1
    # Neither is conserved alone.
    assert np.abs(rows).max(axis=0).min() > 0.05


# --- identities that hold for any field


@pytest.mark.parametrize(("components", "dimensions"), [(2, 1), (2, 2), (1, 3)])
def test_divergence_is_the_equation_and_the_change_of_the_lagrangian(components, dimensions):
    sizes, steps = (48,) * dimensions, (0.1, 0.15, 0.2)[:dimensions]
    phi, gradient = wavy(sizes, steps, components)
    library = Library(components, dimensions)
    rng = np.random.default_rng(1)
    theta = rng.standard_normal(library.size)
    internal = rng.standard_normal((1, components, components))
    linear, shift = rng.standard_normal((dimensions, dimensions)), rng.standard_normal(dimensions)
    spacetime = np.zeros((1, dimensions + 1, dimensions + 1))
    spacetime[0, :dimensions] = np.column_stack([linear, shift])
    bumps = Bumps(sizes, steps, (True,) * dimensions, (12,) * dimensions)
    x, none = bumps.coordinates(), [0] * dimensions
    momentum, lag = library.momentum(theta, phi, gradient, x), library.value(theta, phi, gradient, x)
    force = library.force(theta, phi, gradient, x)
    equation = force - sum(spectral(p, a + 1, steps[a]) for a, p in enumerate(momentum))
    moved = phi @ internal[0].T
    changed = force * moved + sum(p * (g @ internal[0].T) for p, g in zip(momentum, gradient, strict=True))
    inner = bumps.integrate((equation * moved - changed).sum(axis=-1), none)
    outer = 0
    for b, slope in enumerate(gradient):
        push = -(equation * slope).sum(axis=-1)
        outer = outer + shift[b] * bumps.integrate(push, none)
        for c in range(dimensions):
            outer = outer + linear[b, c] * bumps.integrate(push, none, moment=c)
        for a, p in enumerate(momentum):
            outer = outer + linear[b, a] * bumps.integrate((p * slope).sum(axis=-1) - lag * (a == b), none)
    rows = Currents(library, theta, internal, spacetime).rows(phi, gradient, bumps)
    for column, wanted in zip(rows.T, (inner.ravel(), outer.ravel()), strict=True):
        np.testing.assert_allclose(column, wanted, atol=2e-5 * np.abs(wanted).max())


def test_sizes_turn_with_the_components_and_follow_the_formula():
    sizes, steps = (40, 48), (0.1, 0.15)
    phi, gradient = wavy(sizes, steps, 2)
    library, bumps = Library(2, 2), Bumps(sizes, steps, (True, True), (10, 12))
    theta = coefficients(library, h_tt_11=1, h_tt_22=1, h_xx_11=-1, h_xx_22=-1, m2_11=1, m2_22=1)
    currents = Currents(library, theta, all_internal(2), all_spacetime(2))
    form = currents.sizes(phi, gradient, bumps)
    assert np.linalg.eigvalsh(form).min() > 0
    assert not form[:4, 4:].any()
    turn = expm(0.7 * TURN)
    turned = currents.sizes(phi @ turn.T, [g @ turn.T for g in gradient], bumps)
    for generator in np.random.default_rng(0).standard_normal((3, 2, 2)):
        one, other = generator.ravel(), (turn @ generator @ turn.T).ravel()
        assert one @ form[:4, :4] @ one == pytest.approx(other @ turned[:4, :4] @ other)
    np.testing.assert_allclose(turned[4:, 4:], form[4:, 4:])
    # A rotation: the force, and a tenth of the kinetic part.
    outer = [
        bumps.integrate(a[..., :, None] * b[..., None, :], (0, 0))
        for a, b in ((-phi, phi), *zip(gradient, gradient, strict=True))
    ]
    squares = [((part @ TURN.T) ** 2).sum(axis=(-1, -2)).mean() / 2 for part in outer]
    rotation = TURN.ravel()
    assert rotation @ form[:4, :4] @ rotation == pytest.approx(squares[0] + 0.1 * (squares[1] + squares[2]))


def test_translations_are_measured_against_the_terms_of_the_equation():
    sizes, steps = (48, 48), (0.1, 0.15)
    phi, gradient = wavy(sizes, steps, 1)
    library, bumps = Library(1, 2), Bumps(sizes, steps, (True, True), (12, 12))
    theta = coefficients(library, h_tt_11=1, h_xx_11=-0.5, m2_11=2)
    shift = Currents(library, theta, None, np.concatenate([entry(2, 0, 2), entry(2, 1, 2)])).sizes(phi, gradient, bumps)
    terms = (-spectral(gradient[0], 1, 0.1), 0.5 * spectral(gradient[1], 2, 0.15), -2 * phi)
    moved = [np.stack([bumps.integrate(e * g, (0, 0)).ravel() for g in gradient]) for e in terms]
    np.testing.assert_allclose(shift, sum(m @ m.T / m.shape[1] for m in moved), rtol=1e-4)


# --- problems


def solved(data, thetas, library, internal, spacetime, count=None):
    """Coefficients of the directions, their defects, and the forms."""
    bumps = Bumps(*data.grid, widths_for(*data.grid, data.gradient))
    currents = Currents(library, thetas, internal, spacetime)
    raw, noise = data.forms(lambda phi, gradient: currents.rows(phi, gradient, bumps))
    sizes = currents.sizes(data.phi, data.gradient, bumps)
    size, denominator = currents.size, Form(currents.size, sizes)
    found = smallest(Form(size, raw), mixed(Form(size, noise), denominator), count or size)
    violation, scale = (np.einsum("kr,kl,lr->r", found.vectors, form, found.vectors) for form in (raw - noise, sizes))
    return found.vectors, np.sqrt(np.maximum(violation, 0) / scale), (raw - noise, sizes)


@cache
def currents_of(name, noise):
    data, made = sampled(name, noise), problem(name)
    found = data.lagrangian()
    v, d = found.library.components, found.library.dimensions
    inner = made.blocks[0].role == "internal"
    basis = all_internal(v) if inner else all_spacetime(d)
    vectors, defects, forms = solved(data, found.theta, found.library, *((basis, None) if inner else (None, basis)))
    return basis, vectors, defects, forms


# Degrees at noise 0, 1, 3 and 10 %.
ANGLES = {
    "complex-phi4": (0.001, 0.05, 0.1, 0.3),
    "o3-phi4": (0.001, 0.06, 0.15, 0.5),
    "klein-gordon": (0.001, 0.15, 0.4, 1.2),
    "wave": (0.001, 0.07, 0.2, 0.6),
    "klein-gordon-2d": (0.001, 0.2, 0.5, 1.5),
}


@pytest.mark.parametrize("name", ANGLES)
@pytest.mark.parametrize(("place", "noise"), list(enumerate([0.0, 0.01, 0.03, 0.1])))
def test_symmetries_of_problems(name, place, noise):
    basis, vectors, defects, _ = currents_of(name, noise)
    truth = problem(name).generators
    k = len(truth)
    found = np.tensordot(vectors[:, :k].T, basis, axes=1)
    angle = principal_angles(found, truth).max()
    print(f"{name} {noise:g}: {angle:.4f} deg, defects {np.round(defects[: k + 2], 3)}")
    assert angle < ANGLES[name][place]
    assert defects[:k].max() < 1e-3 + 0.6 * noise
    assert defects[k:].min() > 0.35


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_two_fields_have_no_symmetry(noise):
    assert currents_of("two-fields", noise)[2].min() > 0.3


def test_guard_dilation_of_a_massive_field_whatever_translation_is_added():
    basis, _, _, (violation, sizes) = currents_of("klein-gordon", 0.0)
    for shift in np.random.default_rng(0).standard_normal((20, 2)):
        generator = np.diag([1.0, 1.0, 0.0])
        generator[:2, 2] = shift / np.linalg.norm(shift)
        v = basis.reshape(len(basis), -1) @ generator.ravel()
        assert v @ violation @ v > 0.3**2 * (v @ sizes @ v)


def test_boost_of_the_wrong_speed_is_broken():
    basis, _, _, (violation, sizes) = currents_of("klein-gordon", 0.0)
    generator = np.zeros((3, 3))
    generator[0, 1], generator[1, 0] = 1, 0.5
    v = basis.reshape(len(basis), -1) @ generator.ravel()
    assert v @ violation @ v > 0.2**2 * (v @ sizes @ v)


def test_dilation_in_three_dimensions_needs_a_scaled_field():
    rng, n = np.random.default_rng(0), 32
    t, x, y = np.meshgrid(0.1 * np.arange(40), *[0.2 * np.arange(n)] * 2, indexing="ij")
    k = 2 * np.pi / (0.2 * n)
    phi = np.zeros((3, *t.shape))
    for run in phi:
        for a, b in [(1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (-1, 2), (-1, 0), (0, -1)]:
            run += rng.standard_normal() * np.cos(k * (a * x + b * y - np.hypot(a, b) * t) + rng.uniform(0, 6))
    data = Sampled(phi[..., None], (0.1, 0.2, 0.2))
    library = Library(1, 3)
    theta = coefficients(library, h_tt_11=1, h_xx_11=-1, h_yy_11=-1)
    dilation = np.diag([1.0, 1.0, 1.0, 0.0])[None]
    vectors, defects, _ = solved(data, theta, library, all_internal(1), dilation)
    assert defects[0] < 1e-3
    assert defects[1] > 0.5
    assert vectors[0, 0] / vectors[1, 0] == pytest.approx(-0.5, abs=1e-3)


def test_several_lagrangians_conserve_what_they_share():
    x = make("klein-gordon", 0, 12).arrays["x"]
    data = Sampled(np.concatenate([x[:6], x[6:]], axis=-1), (0.05, 0.1))
    found = data.lagrangian()
    assert found.nullity == 3
    one, alone, _ = solved(data, found.theta, found.library, all_internal(2), None)
    assert alone[0] < 1e-4 < 0.3 < alone[1]
    # The rotation in this Lagrangian's own metric.
    metric = found.library.metric(found.theta)[0, 0]
    rotation = metric @ one[:, 0].reshape(2, 2)
    np.testing.assert_allclose(rotation, -rotation.T, atol=1e-3 * np.abs(rotation).max())
    assert solved(data, found.null, found.library, all_internal(2), None)[1].min() > 0.3
    assert solved(data, found.null, found.library, None, all_spacetime(2))[1][:3].max() < 1e-4
