"""Problems of pairs: every y against the group's own formula, every generator against calculus or its invariants."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.linalg import expm
from scipy.stats import kstest

from symdisc.cli.sample import command
from symdisc.data import open_dataset
from symdisc.errors import InputError
from symdisc.problems import PROBLEMS, make

EXACT = [
    ("rotated-images", {}),
    ("rotated-images", {"size": 6, "symmetric": True, "angle": np.pi, "channels": 3}),
    ("shifts", {}),
    ("shifts", {"size": 12, "reach": 8}),
    ("warped-images", {"size": 7}),
    ("warped-images", {"size": 8, "reach": 0.4, "scrambled": True}),
    *[(name, {"condition": 3, "spread": 1.0}) for name in PROBLEMS if name.startswith("vectors-")],
]

# (k, positive, negative, zero) of the Killing form, by hand: it tells these algebras apart.
KILLING = {
    "vectors-so3": (3, 0, 3, 0),
    "vectors-so4": (6, 0, 6, 0),
    "vectors-so13": (6, 3, 3, 0),
    "vectors-se2": (3, 0, 1, 2),
    "vectors-heis3": (3, 0, 0, 3),
    "vectors-sl2": (3, 2, 1, 0),
    "vectors-so3-scale": (4, 0, 3, 1),
}
DRAWN = {
    "so(3)": (3, 0, 3, 0),
    "sl(2,R)": (3, 2, 1, 0),
    "heis(3)": (3, 0, 0, 3),
    "aff(1)": (2, 1, 0, 1),
    "e(2)": (3, 0, 1, 2),
}


def columns(made):
    """x and y as (n, d, c), and t."""
    x, y, t = (made.arrays[name] for name in "xyt")
    channels = x.shape[-1] if made.axes.endswith("c") else 1
    return x.reshape(len(x), -1, channels), y.reshape(len(y), -1, channels), t


def killing(generators):
    """(k, positive, negative, zero), and how far the span is from closed."""
    flat = generators.reshape(len(generators), -1)
    brackets = [(a @ b - b @ a).ravel() for a in generators for b in generators]
    constants, *_ = np.linalg.lstsq(flat.T, np.array(brackets).T, rcond=None)
    ad = constants.T.reshape(len(generators), len(generators), -1).transpose(0, 2, 1)
    form = np.linalg.eigvalsh(np.einsum("aij,bji->ab", ad, ad))
    small = 1e-8 * np.abs(form).max() + 1e-8
    found = (len(form), int((form > small).sum()), int((form < -small).sum()), int((np.abs(form) <= small).sum()))
    return found, np.abs(flat.T @ constants - np.array(brackets).T).max()


@pytest.mark.parametrize(("name", "options"), EXACT)
def test_y_is_the_exponential_of_the_generators(name, options):
    made = make(name, 3, 40, **options)
    x, y, t = columns(made)
    assert t.shape == (40, len(made.generators)) == (40, made.facts["dimension"])
    assert len(made.facts["parameters"]) == t.shape[1]
    worst = 0.0
    for n in range(0, 40, 7):
        g = expm(np.tensordot(t[n], made.generators, 1))
        affine = made.blocks[0].role == "homogeneous"
        moved = g[:2, :2] @ x[n] + g[:2, 2:] if affine else g @ x[n]
        worst = max(worst, np.abs(moved - y[n]).max() / np.abs(y[n]).max())
    assert worst < 1e-12
    assert np.abs(y - x).max() > 0.01


@pytest.mark.parametrize("p", [5, 6, 7, 8])
def test_image_generators_differentiate_waves(p):
    """On cos(2 pi (a r + b c) / p + 1) below Nyquist all three generators are those of calculus."""
    d_row, d_col, turn = make("warped-images", 0, 2, size=p).generators
    r, c = np.meshgrid(np.arange(p) - (p - 1) / 2, np.arange(p) - (p - 1) / 2, indexing="ij")
    for a in range(-((p - 1) // 2), (p - 1) // 2 + 1):
        for b in range((p - 1) // 2 + 1):
            phase = 2 * np.pi * (a * r + b * c) / p + 1
            along_r, along_c = (-2 * np.pi * k / p * np.sin(phase) for k in (a, b))
            for generator, truth in ((d_row, along_r), (d_col, along_c), (turn, r * along_c - c * along_r)):
                assert np.allclose(generator @ np.cos(phase).ravel(), truth.ravel(), atol=1e-12)
    if p % 2 == 0:
        nyquist = np.cos(np.pi * np.arange(p))
        assert np.allclose(d_row @ np.outer(nyquist, np.ones(p)).ravel(), 0, atol=1e-12)
        assert np.allclose(make("shifts", 0, 2, size=p).generators[0] @ nyquist, 0, atol=1e-12)
    for generator in (d_row, d_col, turn):
        assert np.array_equal(generator, -generator.T)
    assert np.array_equal(make("rotated-images", 0, 2, size=p).generators, turn[None])


def test_shifts_read_the_signal_further_on():
    made = make("shifts", 1, 50, size=9)
    x, y, t = (made.arrays[name] for name in "xyt")
    s = np.arange(9)
    modes = np.fft.fft(x) / 9
    k = np.fft.fftfreq(9, 1 / 9)
    assert np.allclose(y, np.einsum("nk,nks->ns", modes, np.exp(2j * np.pi / 9 * k[:, None] * (s + t[:, None]))).real)
    assert PROBLEMS["shifts"].samples == 20 * make("shifts", 0, 2).arrays["x"].shape[1]


@pytest.mark.parametrize(
    ("name", "options", "low", "high"),
    [
        ("rotated-images", {}, 0, np.pi / 3),
        ("rotated-images", {"symmetric": True, "angle": 2}, -2, 2),
        ("shifts", {"reach": 8}, -8, 8),
        ("warped-images", {"size": 4}, -0.1, 0.1),
        ("interpolated-images", {}, 0, np.pi / 3),
        ("turned-strokes", {"size": 8}, -np.pi / 6, np.pi / 6),
    ],
)
def test_coefficients_fill_their_range(name, options, low, high):
    for t in make(name, 5, 2000, **options).arrays["t"].T:
        assert kstest(t, "uniform", args=(low, high - low)).pvalue > 1e-4


def test_coefficients_of_vectors_are_normal():
    made = make("vectors-so13", 5, 3000, spread=0.7)
    for t in made.arrays["t"].T:
        assert kstest(t, "norm", args=(0, 0.7)).pvalue > 1e-4
    assert kstest(made.arrays["x"].ravel(), "norm").pvalue > 1e-4


@pytest.mark.parametrize("name", ["rotated-images", "shifts", "vectors-se2", "turned-strokes", "unrelated-pairs"])
def test_noise_is_a_fraction_of_the_size_of_y(name):
    clean, noisy = make(name, 4, 1000), make(name, 4, 1000, noise=0.1)
    for key in set(clean.arrays) - {"y"}:
        assert np.array_equal(clean.arrays[key], noisy.arrays[key])
    y = clean.arrays["y"]
    noise = noisy.arrays["y"] - y
    size = 0.1 * np.sqrt(np.mean((y - y.mean()) ** 2))
    assert noise.std() == pytest.approx(size, rel=0.06)
    assert abs(noise.mean()) < 6 * size / np.sqrt(noise.size)


def test_scrambling_is_one_permutation_of_everything():
    plain, mixed = (make("warped-images", 2, 30, size=6, scrambled=s, noise=0.1) for s in (False, True))
    order = np.array(mixed.facts["permutation"])
    assert sorted(order) == list(range(36))
    assert not np.array_equal(order, np.arange(36))
    for key in "xy":
        a, b = (made.arrays[key].reshape(30, -1) for made in (plain, mixed))
        assert np.array_equal(a[:, order], b)
    image, moved = plain.arrays["x"][0].ravel(), plain.generators @ plain.arrays["x"][0].ravel()
    assert np.allclose(mixed.generators @ image[order], moved[:, order])


def test_channels_share_one_angle():
    made = make("rotated-images", 6, 20, size=5, channels=2)
    assert made.arrays["x"].shape == made.arrays["y"].shape == (20, 5, 5, 2)
    for n in range(20):
        g = expm(made.arrays["t"][n, 0] * made.generators[0])
        for c in range(2):
            moved = g @ made.arrays["x"][n, :, :, c].ravel()
            assert np.allclose(moved, made.arrays["y"][n, :, :, c].ravel())


@pytest.mark.parametrize("name", KILLING)
@pytest.mark.parametrize("condition", [1, 5])
def test_vector_algebras_close_and_are_what_they_say(name, condition):
    made = make(name, 1, 10, condition=condition)
    found, open_by = killing(made.generators)
    assert found == KILLING[name]
    assert open_by < 1e-10
    d = made.arrays["x"].shape[1]
    assert np.linalg.cond(np.array(made.facts["frame"])) == pytest.approx(condition)
    assert made.generators.shape[1] == d + (made.blocks[0].role == "homogeneous")
    assert made.axes == "nsc"


def test_vector_groups_by_their_formulas():
    x, y, t = columns(make("vectors-se2", 2, 50))
    angle, along = t[:, 0], t[:, 1:]
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]).transpose(2, 0, 1)
    # Integral of R(s angle) over s in [0, 1]: what a steady motion adds up to.
    path = np.array([[sin, cos - 1], [1 - cos, sin]]).transpose(2, 0, 1) / angle[:, None, None]
    assert np.allclose(y, turn @ x + (path @ along[:, :, None]))

    x, y, t = columns(make("vectors-so3", 2, 50))
    axis = np.stack([t[:, 2], -t[:, 1], t[:, 0]], axis=1)  # planes 1-2, 0-2 and 0-1, right-handed
    angle = np.linalg.norm(axis, axis=1)[:, None, None]
    unit = np.repeat(axis[:, :, None] / angle, 2, axis=2)
    along = (1 - np.cos(angle)) * unit * (unit * x).sum(axis=1, keepdims=True)
    assert np.allclose(y, np.cos(angle) * x + np.sin(angle) * np.cross(unit, x, axis=1) + along)

    x, y, _ = columns(make("vectors-so13", 2, 50))
    eta = np.diag([1.0, -1, -1, -1])
    assert np.allclose(y.transpose(0, 2, 1) @ eta @ y, x.transpose(0, 2, 1) @ eta @ x)

    x, y, t = columns(make("vectors-heis3", 2, 50))
    a, b, c = t.T[:, :, None]
    assert np.allclose(y[:, 2], x[:, 2])
    assert np.allclose(y[:, 1], x[:, 1] + b * x[:, 2])
    assert np.allclose(y[:, 0], x[:, 0] + a * x[:, 1] + (c + a * b / 2) * x[:, 2])

    x, y, _ = columns(make("vectors-sl2", 2, 50))
    assert np.allclose(np.linalg.det(y), np.linalg.det(x))

    x, y, t = columns(make("vectors-so3-scale", 2, 50))
    grown = np.exp(t[:, 3, None, None]) ** 2
    assert np.allclose(y.transpose(0, 2, 1) @ y, grown * (x.transpose(0, 2, 1) @ x))


@pytest.mark.parametrize("algebra", DRAWN)
def test_random_algebra_can_be_named(algebra):
    made = make("vectors-random", 1, 10, algebra=algebra, dimension=5)
    found, open_by = killing(made.generators)
    assert (made.facts["algebra"], found) == (algebra, DRAWN[algebra])
    assert open_by < 1e-10
    assert made.arrays["x"].shape == (10, 5, 2)
    assert make("vectors-random", 1, 10, algebra=algebra, dimension=2).arrays["x"].shape[1] in (2, 3)


def test_random_algebra_is_drawn_by_the_seed():
    names = [make("vectors-random", seed, 2).facts["algebra"] for seed in range(40)]
    assert set(names) == set(DRAWN)
    assert names == [make("vectors-random", seed, 2).facts["algebra"] for seed in range(40)]


@pytest.mark.parametrize("p", [7, 8, 20])
def test_interpolation_is_that_of_torch(p):
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    made = make("interpolated-images", 3, 200, size=p, angle=3.0)
    x, y, t = (made.arrays[name] for name in "xyt")
    angle = torch.from_numpy(t[:, 0])
    cos, sin, zero = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
    theta = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).reshape(-1, 2, 3)
    images = torch.from_numpy(x)[:, None]
    grid = affine_grid(theta, list(images.shape), align_corners=False)
    truth = grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)[:, 0].numpy()
    assert np.abs(truth - y).max() < 1e-13
    assert made.generators is None


def test_one_fixed_turn_is_one_linear_map():
    made = make("interpolated-images", 3, 30, fixed=True, angle=0.3)
    x, y, t = columns(made)
    assert np.array_equal(t, np.full((30, 1), 0.3))
    assert np.allclose(np.array(made.facts["linear map"]) @ x, y)
    assert "linear map" not in make("interpolated-images", 3, 30).facts


@pytest.mark.parametrize("options", [{}, {"warp": "affine", "spread": 0.08}])
def test_strokes_move_as_their_coordinates_do(options):
    """Centre of mass and second moments of every drawing follow exp(sum t L); only the blur of splines is between."""
    made = make("turned-strokes", 4, 60, **options)
    (block,) = made.blocks
    assert (block.role, block.start, block.stop) == ("homogeneous", 0, 3)
    x, y, t = (made.arrays[name] for name in "xyt")
    place = np.arange(28) - 13.5
    r, c = np.meshgrid(place, place, indexing="ij")
    q = np.stack([r.ravel(), c.ravel(), np.ones(r.size)])
    inside = 0
    for before, after, coefficient in zip(x, y, t, strict=True):
        g = expm(np.tensordot(coefficient, made.generators, 1))
        mass, moved = before.sum(), after.sum()
        moments, found = (np.einsum("ip,p,jp->ij", q, image.ravel(), q) for image in (before, after))
        corners = g @ q[:, before.ravel() > 0.01]
        if np.abs(corners[:2]).max() > 13:
            continue  # part of the drawing left the image
        inside += 1
        assert moved == pytest.approx(mass * np.linalg.det(g), rel=3e-3)
        truth = g @ moments @ g.T * np.linalg.det(g)
        assert np.abs(found[:2, 2] - truth[:2, 2]).max() / moved < 0.03
        assert np.abs(found[:2, :2] - truth[:2, :2]).max() < 0.02 * np.abs(truth[:2, :2]).max()
    assert inside >= 40


@pytest.mark.parametrize("how", ["sine", "tanh"])
def test_misleading_fields_are_far_from_linear(how):
    """Least squares over all d x d matrices on 100,000 draws gives the stated misfit, and it is twice a tolerance."""
    made = make("unrelated-pairs", 1, 500, how=how, dimension=5)
    x, y, t = columns(made)
    many = np.random.default_rng(0).standard_normal((100_000, 5))
    mixing = np.array(made.facts["mixing"]) if how == "tanh" else 3 * np.eye(5)
    f = (np.tanh if how == "tanh" else np.sin)(many @ mixing.T)
    best, *_ = np.linalg.lstsq(many, f, rcond=None)
    misfit = np.sqrt(np.mean((f - many @ best) ** 2) / np.mean((many @ best) ** 2))
    stated = made.facts["population_defect"]
    print(f"{how}: misfit of the best linear field {misfit:.3f}, stated {stated:.3f}")
    assert stated == pytest.approx(misfit, rel=0.05)
    assert stated >= 0.2
    field = (np.tanh if how == "tanh" else np.sin)(np.einsum("ij,njc->nic", mixing, x))
    assert np.allclose(y, x + t[:, :, None] * field)


def test_the_other_nulls():
    x, y = (make("unrelated-pairs", 1, 4000).arrays[name].reshape(4000, -1) for name in "xy")
    assert np.abs(np.corrcoef(x, y, rowvar=False)[:12, 12:]).max() < 0.08
    assert kstest(y.ravel(), "norm").pvalue > 1e-4

    made = make("unrelated-pairs", 1, 3000, how="maps", dimension=3, channels=3)
    x, y = (made.arrays[name] for name in "xy")
    maps = (y @ np.linalg.inv(x) - np.eye(3)).reshape(3000, -1)
    assert kstest(maps.ravel(), "norm", args=(0, 0.5 / np.sqrt(3))).pvalue > 1e-4
    assert np.abs(np.corrcoef(maps, rowvar=False) - np.eye(9)).max() < 0.1

    x, y = (make("unrelated-pairs", 1, 3000, how="noise", noise=0.3).arrays[name] for name in "xy")
    assert kstest((y - x).ravel(), "norm", args=(0, 0.3 * x.std())).pvalue > 1e-4
    x, y = (make("unrelated-pairs", 1, 3000, how="noise").arrays[name] for name in "xy")
    assert (y - x).std() == pytest.approx(0.5, rel=0.05)
    for how in ("independent", "maps", "noise", "sine", "tanh"):
        made = make("unrelated-pairs", 1, 10, how=how, dimension=4)
        assert made.generators.shape == (0, 4, 4)
        assert made.facts["algebra"] == "none"


@pytest.mark.parametrize("ending", ["h5", "npz"])
@pytest.mark.parametrize(
    ("name", "settings", "shape"),
    [
        ("rotated-images", ["size=6", "angle=1", "symmetric=yes"], (20, 6, 6)),
        ("rotated-images", ["size=4", "channels=2", "noise=.1"], (20, 4, 4, 2)),
        ("shifts", ["size=15", "reach=8"], (20, 15)),
        ("warped-images", ["size=5", "scrambled=yes", "reach=.2"], (20, 5, 5)),
        ("vectors-so3", ["channels=1"], (20, 3, 1)),
        ("vectors-se2", ["condition=2", "noise=.1"], (20, 2, 2)),
        ("vectors-random", ["algebra=aff(1)", "dimension=3", "spread=.2"], (20, 3, 2)),
        ("interpolated-images", ["fixed=yes", "angle=.314"], (20, 7, 7)),
        ("turned-strokes", ["size=12", "warp=affine", "spread=.05"], (20, 12, 12)),
        ("unrelated-pairs", ["how=tanh", "dimension=3", "channels=4"], (20, 3, 4)),
    ],
)
def test_command_writes_pairs_that_fit_can_read(name, settings, shape, ending, tmp_path):
    path = tmp_path / f"pairs.{ending}"
    words = [name, "-o", str(path), "--samples", "20", "--json", *(w for s in settings for w in ("--set", s))]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert json.loads(result.stdout) == {"files": [str(path)]}
    with open_dataset([str(path)]) as data:
        assert (data.kind, data.x_shape, data.y_shape) == ("pairs", shape, shape)
        assert data.names["x"] == "x"
        assert data.names["y"] == "y"
        assert data.channels == (shape[-1] if data.axes.endswith("c") else 1)


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("rotated-images", {"size": 2}, "size=2"),
        ("rotated-images", {"size": 1000}, "size=1000"),
        ("rotated-images", {"channels": 0}, "channels=0"),
        ("rotated-images", {"angle": float("nan")}, "angle=nan"),
        ("rotated-images", {"noise": -1}, "noise=-1"),
        ("warped-images", {"reach": 0}, "reach=0"),
        ("shifts", {"reach": float("inf")}, "reach=inf"),
        ("vectors-so3", {"condition": 0.5}, "condition"),
        ("vectors-so3", {"spread": 100}, "spread=100"),
        ("vectors-random", {"algebra": "g2"}, "so(3), sl(2,R)"),
        ("vectors-random", {"dimension": 1}, "dimension=1"),
        ("interpolated-images", {"angle": -1}, "angle=-1"),
        ("turned-strokes", {"warp": "shear"}, "rotation, affine"),
        ("turned-strokes", {"warp": "affine", "spread": 0}, "spread=0"),
        ("unrelated-pairs", {"how": "else"}, "independent, maps"),
        ("unrelated-pairs", {"how": "noise", "noise": 0}, "noise=0"),
    ],
)
def test_unusable_options_are_refused_with_the_remedy(name, options, word):
    with pytest.raises(InputError) as refused:
        make(name, 0, 10, **options)
    assert word in str(refused.value)
