"""Discovery in pairs as one task: verdicts on symmetric, broken and unrelated pairs; resuming; streaming; refusals."""

import numpy as np
import pytest
import torch
from scipy.linalg import expm
from turned_pairs import SE2, SO2, SO3, data_of, degrees, derivative, draw, image_rotation, turn

import symdisc
from symdisc.data import from_arrays
from symdisc.discover import Settings
from symdisc.discover.lconv import pairs as reading
from symdisc.discover.registry import get
from symdisc.errors import InputError, ResourceError
from symdisc.symmetry import Verdict

FEW_FOLDS = {"lconv.folds": 2}
PLANES = turn(0, 1, 4)[None] + 0.5 * turn(2, 3, 4)[None]


def fit(x, y, *, group=None, options=FEW_FOLDS, **settings):
    return symdisc.fit(data_of(x, y, group=group), options=options, **settings)


def task_of(data, **options):
    return get("lconv").task(data, Settings(**options))


@pytest.mark.parametrize(("noise", "pairs"), [(0.0, 120), (0.05, 500)])
def test_a_group_is_counted_found_and_certified(noise, pairs):
    x, y, t = draw(SO3, pairs, m=2, noise=noise, seed=1)
    found = fit(x, y)
    assert (found.verdict, found.dimension, found.certified_dimension) == (Verdict.SYMMETRIC, 3, 3)
    assert found.method == "lconv"
    assert degrees(found.generators, SO3) < (3.0 if noise else 1e-5)
    assert (found.defect_upper <= 0.1).all()
    assert found.algebra["name"] == "so(3)"
    # The coefficients are those of the generators that are written.
    algebra, truth = (
        np.einsum("nk,kij->nij", *c) for c in ((found.extras["coefficients"], found.generators), (t, SO3))
    )
    assert np.median(np.abs(algebra - truth)) < (0.05 if noise else 1e-8)
    assert np.argmax(found.extras["heldout_likelihood"]) >= 3


def test_affine_motions_of_points():
    x, y, _ = draw(SE2, 200, m=3, seed=2, affine=True)
    found = fit(x, y, candidates="affine")
    assert found.certified_dimension == 3
    assert found.blocks[0].role == "homogeneous"
    assert degrees(found.generators, SE2) < 1e-5


def state_bytes(outcome):
    arrays = [outcome.found.matrices, outcome.found.weights, *(outcome.extras[name] for name in sorted(outcome.extras))]
    trials = [np.array([trial.defect for trial in outcome.found.trials]), np.array(outcome.found.angle)]
    return b"".join(np.ascontiguousarray(a).tobytes() for a in (*arrays, *trials))


def test_resumed_at_any_point_it_ends_with_the_same_bytes():
    x, y, _ = draw(PLANES, 150, spread=0.7, noise=0.02, seed=3)
    whole = task_of(data_of(x, y), options=FEW_FOLDS)
    states = []
    while whole.advance():
        states.append({name: np.array(value) for name, value in whole.state().items()})
    end = state_bytes(whole.outcome())
    kept = [len(state) for state in states]
    # One state of each length: whenever a stage had just been finished.
    points = [kept.index(length) for length in sorted(set(kept))]
    assert len(points) >= 4
    assert kept[0] == 0
    for point in points:
        again = task_of(data_of(x, y), options=FEW_FOLDS)
        again.restore(states[point])
        steps = 0
        while again.advance():
            steps += 1
        assert state_bytes(again.outcome()) == end
        assert steps <= len(states) - point + 3


def test_progress_says_where_it_stands():
    x, y, _ = draw(SO2, 100, m=2, seed=4)
    task = task_of(data_of(x, y), options=FEW_FOLDS)
    shares, stages = [], []
    while task.advance():
        stages.append(task.progress().stage)
        shares.append(task.progress().done / task.progress().total)
    assert {"1 generator", "all pairs"} <= set(stages)
    assert min(shares) >= 0
    assert max(shares) <= 1


def test_given_generators():
    """The true ones are certified; a wrong one, and a basis that holds one, are not."""
    x, y, _ = draw(SO3, 250, m=2, noise=0.02, seed=5)
    data = data_of(x, y)
    right = symdisc.test(data, generators=SO3)
    assert (right.verdict, right.certified_dimension) == (Verdict.SYMMETRIC, 3)
    np.testing.assert_array_equal(right.status, ["certified"] * 3)
    boost = turn(0, 1, 3, 1.0)[None]
    for wrong in (boost, np.concatenate([SO3[:2], boost])):
        assert symdisc.test(data, generators=wrong).verdict is not Verdict.SYMMETRIC
    with pytest.raises(InputError, match="--generators"):
        symdisc.test(data, generators=turn(0, 1, 4)[None])


@pytest.mark.parametrize(("d", "furthest"), [(2, 1.0), (3, 2.0)])
def test_a_given_rotation_by_large_angles(d, furthest):
    rng = np.random.default_rng(0)
    angles, x, generator = rng.uniform(-furthest, furthest, 400), rng.standard_normal((400, d)), np.zeros((1, d, d))
    generator[0, :2, :2] = [[0.0, -1.0], [1.0, 0.0]]
    y = np.einsum("nij,nj->ni", expm(angles[:, None, None] * generator), x)
    result = symdisc.test(x, y, kind="pairs", generators=generator)
    assert result.verdict is Verdict.SYMMETRIC
    # Not exact: the prior of t shortens the angles of vectors that hardly move.
    np.testing.assert_allclose(result.extras["coefficients"][:, 0], angles, atol=5e-3)


def independent(rng, n, d):
    return rng.standard_normal((n, d)), rng.standard_normal((n, d))


def own_maps(rng, n, d):
    x = rng.standard_normal((n, d))
    return x, np.einsum("nij,nj->ni", expm(0.3 * rng.standard_normal((n, d, d)) / np.sqrt(d)), x)


def noise_only(rng, n, d):
    x = rng.standard_normal((n, d))
    return x, x + 0.1 * rng.standard_normal((n, d))


def bent(rng, n, d):
    x, weights = rng.standard_normal((n, d)), rng.standard_normal((d, d))
    return x, x + rng.standard_normal((n, 1)) * np.tanh(x @ weights.T)


@pytest.mark.parametrize("null", [independent, own_maps, noise_only, bent])
def test_pairs_without_a_group_are_not_certified(null):
    x, y = null(np.random.default_rng(0), 200, 4)
    found = symdisc.fit(x, y, kind="pairs", axes="ns", options=FEW_FOLDS)
    assert found.verdict is not Verdict.SYMMETRIC
    assert found.certified_dimension == 0
    assert found.reason


def test_one_map_for_all_pairs_is_constructed():
    """The pairs show R alone: its logarithm is given, and no symmetry is claimed."""
    x = np.random.default_rng(6).standard_normal((100, 4))
    angle = 0.4
    found = symdisc.fit(x, x @ expm(angle * PLANES[0]).T, kind="pairs", axes="ns")
    assert (found.verdict, found.certified_dimension, found.dimension) == (Verdict.CONSTRUCTED, 0, 1)
    np.testing.assert_allclose(found.extras["map"], expm(angle * PLANES[0]), atol=1e-10)
    np.testing.assert_allclose(found.canonical[0], angle * PLANES[0], atol=1e-9)
    assert degrees(found.generators, PLANES) < 1e-5
    assert "R" in found.reason


def test_a_noisy_map_is_told_from_a_group():
    rng = np.random.default_rng(7)
    x = rng.standard_normal((400, 4))
    y = x @ expm(0.8 * PLANES[0]).T + 0.05 * rng.standard_normal(x.shape)
    assert symdisc.fit(x, y, kind="pairs", axes="ns").verdict is Verdict.CONSTRUCTED
    forced = symdisc.fit(x, y, kind="pairs", axes="ns", options={"lconv.map": "always"})
    assert forced.verdict is Verdict.CONSTRUCTED
    assert degrees(forced.generators, PLANES) < 3


def test_a_map_without_a_real_logarithm_says_so():
    x = np.random.default_rng(8).standard_normal((100, 3))
    found = symdisc.fit(x, x * [1.0, 2.0, -1.5], kind="pairs", axes="ns")
    assert found.verdict is Verdict.CONSTRUCTED
    assert any("no real logarithm" in note for note in found.notes)
    assert found.defect[0] > 0.1


def test_nothing_moves():
    x = np.random.default_rng(9).standard_normal((100, 4))
    found = symdisc.fit(x, x, kind="pairs", axes="ns")
    assert (found.verdict, found.dimension) == (Verdict.INCONCLUSIVE, 0)
    assert "y equals x" in found.reason


def test_nothing_to_move():
    """x = 0 everywhere: refused before any search, which has nothing to learn from."""
    y = np.random.default_rng(9).standard_normal((100, 4))
    found = symdisc.fit(np.zeros_like(y), y, kind="pairs", axes="ns")
    assert (found.verdict, found.dimension) == (Verdict.INCONCLUSIVE, 0)
    assert "x is zero" in found.reason


@pytest.mark.parametrize("value", [0.0, 2.0])
def test_constant_columns(value):
    """A coordinate that is the same everywhere neither hides the group nor enters it."""
    x, y, _ = draw(PLANES, 100, m=2, seed=10)
    constant = np.full((100, 1, 2), value)
    x, y = (np.concatenate([a, constant], axis=1) for a in (x, y))
    found = fit(x, y)
    assert (found.verdict, found.certified_dimension) == (Verdict.SYMMETRIC, 1)
    assert degrees(found.generators[:, :4, :4], PLANES) < 1e-4
    assert np.abs(found.generators[0] @ [0, 0, 0, 0, value]).max() < 1e-6


@pytest.mark.parametrize(("noise", "close"), [(0.0, 1e-7), (0.02, 1e-5)])
def test_streaming_gives_what_memory_gives(monkeypatch, noise, close):
    """Pairs are read again in every pass. Both stop within the accuracy of the last step."""
    x, y, _ = draw(PLANES, 100, noise=noise, seed=11)
    whole = fit(x, y)
    monkeypatch.setattr(reading, "KEPT", 0)
    streamed = fit(x, y)
    np.testing.assert_allclose(streamed.generators, whole.generators, atol=close)
    np.testing.assert_allclose(streamed.defect, whole.defect, atol=close)
    np.testing.assert_allclose(streamed.extras["coefficients"], whole.extras["coefficients"], atol=100 * close)
    assert streamed.verdict is whole.verdict is Verdict.SYMMETRIC


def test_overfitted_pairs_end_in_a_verdict():
    """40 pairs for 225 unknowns, by force: coefficients run away, but not to infinity."""
    x, y, _ = draw(derivative(15)[None], 40, spread=1.0, seed=0)
    assert fit(x, y, generators=1).verdict is not Verdict.SYMMETRIC


def test_single_precision():
    x, y, _ = draw(PLANES, 120, noise=0.02, seed=12)
    double, single = fit(x, y), fit(x, y, dtype="float32")
    assert single.dtype == "float32"
    assert (single.verdict, single.certified_dimension) == (Verdict.SYMMETRIC, 1)
    assert degrees(single.generators, double.generators) < 0.05


def test_sources_are_never_split():
    """200 pairs of one source each time: as many batches as sources, and too few of them are refused."""
    x, y, _ = draw(SO2, 240, m=2, noise=0.02, seed=13)
    many = fit(x, y, group=np.repeat(np.arange(120), 2))
    assert many.verdict is Verdict.SYMMETRIC
    for sources in (12, 1):
        few = fit(x, y, group=np.arange(240) % sources)
        assert few.verdict is Verdict.INCONCLUSIVE
        assert "independent batches" in few.reason


def test_pairs_that_only_look_like_a_group():
    """Each of these was certified, or ended in a traceback, before it had a rule of its own."""
    rng = np.random.default_rng(7)
    x = 5 + rng.standard_normal((300, 4, 1))
    shifted = fit(x, x + np.array([1.0, 2, 3, 4])[:, None])
    assert (shifted.verdict, shifted.dimension) == (Verdict.INCONCLUSIVE, 0)
    assert "y = R x + b" in shifted.reason
    x = rng.standard_normal((300, 4, 2))
    maps = [expm(scale * (a - a.T)) for scale, a in ((0.4, rng.standard_normal((4, 4))), (0.5, np.eye(4, k=1)))]
    either = np.where(rng.random((300, 1, 1)) < 0.5, maps[0] @ x, maps[1] @ x)
    assert fit(x, either).certified_dimension == 0
    assert fit(x, x * rng.choice([-1.0, 1.0], size=(300, 1, 1))).certified_dimension == 0


def test_more_generators_than_the_pairs_can_show():
    x, y, _ = draw(SO2, 80, m=1, seed=15)
    with pytest.raises(InputError, match="at most 1"):
        fit(x, y, generators=9)


def test_channels_share_the_action():
    x, y, _ = draw(PLANES, 80, m=3, seed=14)
    together = symdisc.fit(x, y, kind="pairs", axes="nsc", options=FEW_FOLDS)
    assert together.generators.shape == (1, 4, 4)
    assert degrees(together.generators, PLANES) < 1e-5
    flipped = [np.ascontiguousarray(a.transpose(0, 2, 1)) for a in (x, y)]
    assert degrees(symdisc.fit(*flipped, kind="pairs", axes="ncs", options=FEW_FOLDS).generators, PLANES) < 1e-5


def test_images_have_pictures():
    basis = image_rotation(5)
    x, y, _ = draw(basis, 300, spread=0.4, seed=15)
    data = from_arrays(x.reshape(-1, 5, 5), y.reshape(-1, 5, 5), kind="pairs", axes="nss")
    found = symdisc.fit(data, generators=1, candidates="antisymmetric", options=FEW_FOLDS)
    assert found.certified_dimension == 1
    assert degrees(found.generators, basis) < 1e-4
    assert found.extras["residual_map"].shape == (5, 5)
    turned, by = found.extras["turned"], found.extras["turned_by"]
    for step, value in enumerate(by):
        truth = (expm(value * found.generators[0]) @ x[:2, :, 0].T).T.reshape(2, 5, 5)
        np.testing.assert_allclose(turned[:2, step], truth, atol=1e-8)


@pytest.mark.parametrize(("asked", "certified"), [(1, 0), (3, 3)])
def test_as_many_generators_as_asked_for(asked, certified):
    """One generator cannot explain so(3): it is written as a candidate, never certified."""
    x, y, _ = draw(SO3, 200, m=2, noise=0.01, seed=16)
    found = fit(x, y, generators=asked)
    assert found.certified_dimension == certified
    assert len(found.generators) <= asked


@pytest.mark.parametrize(
    ("n", "d", "options", "words"),
    [
        (30, 4, {}, ["30 pairs", "at least 40"]),
        (45, 25, {}, ["too few", "625 unknowns", "--candidates"]),
        (100, 4, {"options": {"lconv.folds": 1}}, ["lconv.folds"]),
        (100, 4, {"options": {"lconv.solver": "guess"}}, ["lconv.solver", "newton"]),
        (100, 4, {"options": {"lconv.solver": "network"}}, ["--generators K"]),
        (100, 4, {"candidates": "nosuch"}, ["nosuch", "linear"]),
        (100, 4, {"candidates": "blocks:2,3"}, ["blocks:2,3", "4 coordinates"]),
        (100, 4, {"device": "nosuch"}, ["--device", "cpu"]),
        (100, 4, {"method": "covariance"}, ["covariance", "lconv"]),
    ],
)
def test_refusals_in_one_line(n, d, options, words):
    x, y, _ = draw(derivative(25)[None] if d == 25 else PLANES, n, seed=17)
    with pytest.raises(InputError) as caught:
        fit(x, y, **options)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


@pytest.mark.parametrize("where", ["x", "y"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(where, value):
    arrays = dict(zip("xy", draw(PLANES, 100, seed=18)[:2], strict=True))
    arrays[where][37, 2, 0] = value
    with pytest.raises(InputError, match="37") as caught:
        fit(**arrays)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_the_unit_does_not_matter(unit):
    x, y, _ = draw(PLANES, 100, noise=0.02, seed=19)
    here, there = (fit(scale * x, scale * y) for scale in (1.0, unit))
    assert here.verdict is there.verdict is Verdict.SYMMETRIC
    np.testing.assert_allclose(there.generators, here.generators, atol=1e-6)
    np.testing.assert_allclose(there.defect, here.defect, rtol=1e-3, atol=1e-6)


def small_device(monkeypatch, rows):
    """A device that holds so many pairs: more in one block, or kept, and it is out of memory. Counts the refusals."""
    refused = []
    kinds = torch.cuda.OutOfMemoryError
    blocks = reading.Pairs.blocks

    def limited(self, wanted=None):
        for block in blocks(self, wanted):
            if len(block.x) > rows:
                refused.append(len(block.x))
                raise kinds("CUDA out of memory (simulated)")
            yield block

    monkeypatch.setattr(reading.Pairs, "blocks", limited)
    return refused


@pytest.mark.parametrize("large", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_device_out_of_memory_gets_smaller_blocks(monkeypatch, large):
    x, y, _ = draw(SO2, 80, seed=3)
    expected = fit(x, y, generators=1)
    if large:
        monkeypatch.setattr(reading, "KEPT", 0)
    monkeypatch.setattr(reading, "BLOCK", 8 * 80 * 2)
    refused = small_device(monkeypatch, 30)
    found = fit(x, y, generators=1)
    assert refused
    assert (found.verdict, found.dimension) == (expected.verdict, expected.dimension)
    assert degrees(found.generators, expected.generators) < 1e-6
    assert found.certified_dimension == expected.certified_dimension == 1


def test_a_device_that_is_too_small_at_all_is_refused(monkeypatch):
    x, y, _ = draw(SO2, 150, noise=0.02, seed=3)
    refused = small_device(monkeypatch, 0)
    with pytest.raises(ResourceError, match=r"cpu has too little free memory for 2 columns; take fewer, or --device"):
        fit(x, y, generators=1)
    assert len(refused) == 3


def test_other_errors_of_torch_are_not_taken_for_it(monkeypatch):
    x, y, _ = draw(SO2, 150, noise=0.02, seed=3)

    def broken(self, rows=None):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(reading.Pairs, "blocks", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        fit(x, y, generators=1)
