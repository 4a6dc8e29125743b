"""Fields: every one against its equation of motion and energy, every generator against moved solutions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from symdisc.data import open_dataset
from symdisc.errors import InputError
from symdisc.problems import make, save

INTERACTING = ["complex-phi4", "o3-phi4", "two-fields", "smooth-potential"]
LINEAR = ["klein-gordon", "wave", "klein-gordon-2d"]
SMALL = {"size": 64, "times": 41, "dt": 0.01}
FIRST = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([8 / 5, -1 / 5, 8 / 315, -1 / 560])


def rate(x, dt):
    """phi_t by differences of order 8, at times 4 to -4."""
    n = x.shape[1]
    pairs = [(x[:, 4 + j : n - 4 + j] - x[:, 4 - j : n - 4 - j]) * w for j, w in enumerate(FIRST, 1)]
    return sum(pairs) / dt


def acceleration(x, dt):
    """phi_tt, likewise."""
    n = x.shape[1]
    pairs = [(x[:, 4 + j : n - 4 + j] + x[:, 4 - j : n - 4 - j]) * w for j, w in enumerate(SECOND, 1)]
    return (sum(pairs) - 205 / 72 * x[:, 4:-4]) / dt**2


def slope(x, axis, spacing, order=1):
    k = 2 * np.pi * np.fft.fftfreq(x.shape[axis], spacing)
    shape = [-1 if place == axis else 1 for place in range(x.ndim)]
    return np.fft.ifft((1j * k.reshape(shape)) ** order * np.fft.fft(x, axis=axis), axis=axis).real


def potential(made, phi):
    facts = made.facts
    if made.recipe["problem"] == "two-fields":
        k, c, w = (np.array(facts[key]) for key in ("quadratic", "cubic", "quartic"))
        cubic = np.einsum("ijk,...i,...j,...k->...", c, phi, phi, phi, optimize=True)
        return np.einsum("...i,ij,...j->...", phi, k, phi, optimize=True) / 2 + cubic + ((phi @ w.T) ** 4).sum(-1)
    square = (phi**2).sum(-1)
    if made.recipe["problem"] == "smooth-potential":
        bent = phi[..., 0] ** 2 + (1 + facts["broken"]) * phi[..., 1] ** 2
        shape = facts["potential"].split(",")[0]
        values = {
            "1 - cos r": 1 - np.cos(np.sqrt(bent)),
            "r^2 / (2 (1 + r^2))": bent / (1 + bent) / 2,
            "1 - exp(-2 r^2)": 1 - np.exp(-2 * bent),
        }
        return facts["mass2"] * square / 2 + values[shape]
    return facts["mass2"] * square / 2 + facts.get("coupling", 0) * square**2 / 4


def force(made, phi):
    """-dV/dphi, by differences of order 8."""
    found = np.zeros(phi.shape)
    for i in range(phi.shape[-1]):
        aside = 5e-3 * np.eye(phi.shape[-1])[i]
        for j, w in enumerate(FIRST, 1):
            found[..., i] -= w * (potential(made, phi + j * aside) - potential(made, phi - j * aside)) / 5e-3
    return found


def residual(made, phi, dt=0.01, spacing=0.1):
    """Largest phi_tt - lap phi - force, over the largest phi_tt."""
    there = acceleration(phi, dt)
    lap = sum(slope(phi[:, 4:-4], axis, spacing, 2) for axis in range(2, phi.ndim - 1))
    return np.abs(there - lap - force(made, phi[:, 4:-4])).max() / np.abs(there).max()


@pytest.mark.parametrize("name", [*INTERACTING, *LINEAR])
def test_fields_solve_their_equation_and_conserve_energy(name):
    made = make(name, 1, 3, **{**SMALL, "size": 32 if name.endswith("2d") else 128})
    phi = made.arrays["x"]
    assert residual(made, phi) < 1e-8
    parts = [rate(phi, 0.01), *(slope(phi[:, 4:-4], axis, 0.1) for axis in range(2, phi.ndim - 1))]
    density = sum((part**2).sum(-1) for part in parts) / 2 + potential(made, phi[:, 4:-4])
    energy = density.reshape(*density.shape[:2], -1).mean(axis=2)
    assert np.ptp(energy, axis=1).max() < 1e-10 * energy.max()


@pytest.mark.parametrize("shape", ["saturated", "gaussian"])
@pytest.mark.parametrize("broken", [0.0, 2.0])
def test_shapes_of_smooth_potentials_are_those_stated(shape, broken):
    made = make("smooth-potential", 1, 2, shape=shape, broken=broken, amplitude=0.5, mass2=0.5, **SMALL)
    assert residual(made, made.arrays["x"]) < 1e-7
    assert len(made.generators) == (0 if broken else 1)
    phi = made.arrays["x"]
    pull, moved = force(made, phi), phi[..., ::-1] * [1, -1]
    change = np.sqrt(((pull * moved).sum(-1) ** 2).mean() / ((pull**2).sum(-1) * (moved**2).sum(-1)).mean())
    assert made.facts["broken_by"] == pytest.approx(change, abs=1e-6)
    assert change > 0.1 or not broken


@pytest.mark.parametrize("name", INTERACTING)
def test_half_the_step_and_half_the_spacing_give_the_same_field(name):
    coarse = make(name, 2, 2, size=64, times=41).arrays["x"]
    later = make(name, 2, 2, size=64, times=81, dt=0.025).arrays["x"][:, ::2]
    denser = make(name, 2, 2, size=128, spacing=0.05, times=41).arrays["x"][:, :, ::2]
    assert np.abs(coarse - later).max() < 1e-10
    assert np.abs(coarse - denser).max() < 1e-10


@pytest.mark.parametrize(
    ("name", "condition"), [("complex-phi4", 1), ("o3-phi4", 1), ("o3-phi4", 5), ("smooth-potential", 1)]
)
def test_turned_fields_are_solutions(name, condition):
    options = {"condition": condition} if name == "o3-phi4" else {}
    made = make(name, 3, 2, **SMALL, **options)
    frame = np.array(made.facts.get("frame", np.eye(made.arrays["x"].shape[-1])))
    assert np.linalg.cond(frame) == pytest.approx(condition)
    phi, v = made.arrays["x"], len(frame)
    for generator in made.generators:
        moved = phi @ expm(0.6 * generator).T
        assert np.abs(moved - phi).max() > 0.1
        assert residual(made, moved @ np.linalg.inv(frame).T) < 1e-7
    k = v * (v - 1) // 2
    flat = made.generators.reshape(k, -1)
    assert np.linalg.matrix_rank(flat) == len(flat) == made.facts["dimension"] == k
    if condition > 1:
        assert np.allclose(flat @ flat.T, np.eye(k))
        sheared = phi @ expm(0.6 * np.diag([1.0, -1, 0])).T
        assert residual(made, sheared @ np.linalg.inv(frame).T) > 1e-2


def between(made, run):
    """phi(t, s) of a run at any points from the grid's centre: its waves, read off the first two instants."""
    phi, dt, centre = made.arrays["x"][run, ..., 0], made.attributes["dt"], np.array(made.facts["centre"])
    spaces = phi.ndim - 1
    size, spacing = phi.shape[1], made.attributes["spacing"][0]
    k = np.stack(np.meshgrid(*[2 * np.pi * np.fft.fftfreq(size, spacing)] * spaces, indexing="ij"), -1)
    first, second = (np.fft.fftn(phi[i]) / size**spaces for i in (0, 1))
    used = np.abs(first) > 1e-9
    k, first, second = k[used], first[used], second[used]
    omega = np.sqrt((k**2).sum(-1) + made.facts["mass2"])
    sine = (second - first * np.cos(omega * dt)) / np.sin(omega * dt)

    def at(points):
        points = points + centre
        angle = points[:, :1] * omega
        return (np.exp(1j * points[:, 1:] @ k.T) * (first * np.cos(angle) + sine * np.sin(angle))).sum(1).real

    return at


def misfit(made, at, move):
    """How badly phi(g .) solves the equation, at random points."""
    spaces = len(made.attributes["spacing"])
    points = np.random.default_rng(0).uniform(-1, 1, (200, spaces + 1))
    step, terms = 0.01, []

    def moved(p):
        return at((np.column_stack([p, np.ones(len(p))]) @ move.T)[:, :-1])

    for axis in range(spaces + 1):
        aside = step * np.eye(spaces + 1)[axis]
        around = sum(w * (moved(points + j * aside) + moved(points - j * aside)) for j, w in enumerate(SECOND, 1))
        terms.append((around - 205 / 72 * moved(points)) / step**2)
    wrong = terms[0] - sum(terms[1:]) + made.facts["mass2"] * moved(points)
    return np.abs(wrong).max() / np.abs(terms[0]).max()


@pytest.mark.parametrize(("name", "count"), [("klein-gordon", 3), ("wave", 4), ("klein-gordon-2d", 6)])
def test_fields_at_moved_points_are_solutions(name, count):
    made = make(name, 2, 2)
    at, m = between(made, 1), made.generators.shape[1]
    grid = made.arrays["x"][1, ..., 0]
    assert np.array(made.facts["centre"]) == pytest.approx(
        [0.05 * (len(grid) - 1) / 2, *[0.05 * (grid.shape[1] - 1)] * (m - 2)]
    )
    middle = at(np.array([[0.05, *[0.05] * (m - 2)]]) / [[2, *[1] * (m - 2)]])[0]
    assert middle == pytest.approx(grid[(grid.shape[0] // 2, *[grid.shape[1] // 2] * (m - 2))], abs=1e-8)
    assert (made.blocks[0].role, made.generators.shape) == ("spacetime", (count, m, m))
    assert not made.generators[:, -1].any()
    assert np.linalg.matrix_rank(made.generators.reshape(count, -1)) == count == made.facts["dimension"]
    for generator in made.generators:
        assert misfit(made, at, expm(0.5 * generator)) < 1e-6
    for entries in ((0, 1, -1), (1, -1, 0)):
        other = np.zeros((m, m))
        other[0, 1], other[1, 0], other[1, 1] = entries
        assert misfit(made, at, expm(0.5 * other)) > 0.05
    if name != "wave":
        assert misfit(made, at, expm(0.5 * np.diag([*[1] * (m - 1), 0]))) > 0.05


def test_the_wave_does_not_drift():
    x = make("wave", 0, 3).arrays["x"]
    assert np.abs(x.mean(axis=2)).max() < 1e-12
    assert x.shape == (3, 160, 192, 1)


def test_the_null_breaks_the_rotation():
    made = make("two-fields", 1, 3, times=40)
    phi = made.arrays["x"].reshape(-1, 2)
    f, moved = force(made, phi), phi[:, ::-1] * [1, -1]
    broken = np.sqrt(((f * moved).sum(1) ** 2).mean() / ((f**2).sum(1) * (moved**2).sum(1)).mean())
    print(f"broken by {broken:.3f}")
    assert broken == pytest.approx(made.facts["broken_by"], rel=1e-6)
    assert broken >= 0.3
    low, high = np.linalg.eigvalsh(made.facts["quadratic"])
    assert high / low >= 2
    assert potential(made, 4 * np.random.default_rng(0).standard_normal((20_000, 2))).min() > 0
    assert made.generators.shape == (0, 2, 2)


@pytest.mark.parametrize("ending", ["h5", "npz"])
@pytest.mark.parametrize(("name", "spaces"), [("klein-gordon", 1), ("klein-gordon-2d", 2)])
def test_noise_and_sampling(name, spaces, ending, tmp_path):
    sampling = {"times": 20, "dt": 0.02, "spacing": 0.15, "size": 30}
    clean, noisy = (make(name, 2, 6, **sampling, noise=noise) for noise in (0, 0.1))
    x = clean.arrays["x"]
    added = noisy.arrays["x"] - x
    assert added.std() == pytest.approx(0.1 * np.sqrt(((x - x.mean()) ** 2).mean()), rel=0.05)
    with open_dataset([str(save(noisy, tmp_path / f"run.{ending}"))]) as data:
        assert (data.kind, data.axes, data.dt) == ("field", "nt" + "s" * spaces + "v", 0.02)
        assert (data.spacing, data.periodic, data.periodic_time) == ((0.15,) * spaces, (True,) * spaces, False)


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("wave", {"spacing": 1}, "spacing=1"),
        ("wave", {"size": 20}, "size=20"),
        ("wave", {"mass2": 1}, "no option"),
        ("klein-gordon", {"mass2": 0}, "problem wave"),
        ("complex-phi4", {"coupling": -1}, "coupling=-1"),
        ("o3-phi4", {"condition": 0.1}, "condition"),
        ("two-fields", {"times": 1}, "times=1"),
        ("smooth-potential", {"amplitude": 0}, "amplitude=0"),
        ("smooth-potential", {"broken": -1}, "broken=-1"),
        ("smooth-potential", {"shape": "round"}, "cosine, saturated, gaussian"),
    ],
)
def test_unusable_options_are_refused(name, options, word):
    with pytest.raises(InputError, match=word):
        make(name, 0, 3, **options)


@pytest.mark.parametrize("name", ["place-dependent-mass", "damped-field", "stiff-string"])
def test_fields_of_broken_laws_solve_their_own(name):
    made = make(name, 1, 3, size=128, times=41, dt=0.01)
    x, facts = made.arrays["x"], made.facts
    phi, there, bent = x[:, 4:-4], acceleration(x, 0.01), slope(x[:, 4:-4], 2, 0.1, 2)
    if name == "place-dependent-mass":
        place = 0.1 * np.arange(128)
        mass = facts["mass2"] * (1 + facts["depth"] * np.cos(2 * np.pi * facts["waves"] * place / 12.8))
        wrong = there - bent + mass[:, None] * phi
    elif name == "damped-field":
        wrong = there + facts["damping"] * rate(x, 0.01) - bent + facts["mass2"] * phi
    else:
        wrong = there - bent + facts["stiffness"] * slope(phi, 2, 0.1, 4) + facts["mass2"] * phi
    assert np.abs(wrong).max() < 1e-8 * np.abs(there).max()
    assert np.abs(there - bent + facts["mass2"] * phi).max() > 0.05 * np.abs(there).max()


@pytest.mark.parametrize(
    ("name", "kept"),
    [("place-dependent-mass", ["t"]), ("damped-field", ["x"]), ("stiff-string", ["t", "x"])],
)
def test_what_broken_laws_keep(name, kept):
    made = make(name, 0, 2, size=32, times=12)
    assert made.facts["generators"] == [f"translation of {letter}" for letter in kept]
    assert made.generators.shape == (len(kept), 3, 3)
    for generator, letter in zip(made.generators, kept, strict=True):
        expected = np.zeros((3, 3))
        expected["tx".index(letter), 2] = 1
        np.testing.assert_array_equal(generator, expected)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("place-dependent-mass", {"depth": 0}),
        ("place-dependent-mass", {"depth": 1.1}),
        ("place-dependent-mass", {"waves": 0}),
        ("damped-field", {"damping": 2.0}),
        ("damped-field", {"mass2": 0}),
        ("stiff-string", {"stiffness": 0}),
    ],
)
def test_constants_of_broken_laws_are_checked(name, options):
    with pytest.raises(InputError, match=next(iter(options))):
        make(name, 0, 2, **options)
