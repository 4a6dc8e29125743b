"""`grid` candidates end to end: images moved by scipy are found to be, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from blobs import blobs, flat, moved
from scipy import ndimage

from symdisc.data import from_arrays
from symdisc.discover.lconv.field_trials import Held, distances, trials_of
from symdisc.discover.lconv.fields import FieldsTask, describe, estimate, field_panels
from symdisc.discover.method import Given
from symdisc.discover.settings import Settings
from symdisc.discover.task import drive
from symdisc.discover.trial import draw_multipliers
from symdisc.discover.verdict import settle
from symdisc.errors import InputError
from symdisc.report.plots import render
from symdisc.symmetry import Block, Symmetry, Verdict
from symdisc.warp import Warp

SETTINGS = Settings(candidates="grid")
ROTATION = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 0]])
PICTURES = blobs(120, (16, 16), 0, width=1.3)
ANGLES = np.random.default_rng(1).uniform(-0.6, 0.6, 120)


def turned(images, angles, order=3):
    """Rows towards columns, as scipy does it."""
    return np.array(
        [ndimage.rotate(i, np.degrees(t), reshape=False, order=order) for i, t in zip(images, angles, strict=True)]
    )


def run(x, y, axes="nss", given=None, **options):
    task = FieldsTask(from_arrays(x, y, kind="pairs", axes=axes), Settings(candidates="grid", **options), None, given)
    drive(task)
    return task.outcome()


def decided(outcome):
    return settle(outcome.found, tolerance=0.1, level=0.95, seed=0)


@pytest.fixture(scope="module")
def rotation():
    return run(PICTURES, turned(PICTURES, ANGLES))


def test_turned_images_are_symmetric_under_a_rotation(rotation):
    decision = decided(rotation)
    assert (decision.verdict, len(decision.matrices), decision.status) == (Verdict.SYMMETRIC, 1, ("certified",))
    found = decision.matrices[0]
    assert np.linalg.norm(found) == pytest.approx(1)
    assert np.degrees(np.arccos(np.sum(found * ROTATION) / np.sqrt(2))) < 0.5
    assert decision.defect_upper[0] < 0.05
    t = rotation.extras["coefficients"][:, 0]
    np.testing.assert_allclose(t / np.sqrt(2), ANGLES, atol=0.02)
    assert rotation.blocks == (Block("homogeneous", 0, 3, "pixels about the centre (7.5, 7.5)"),)
    assert rotation.candidates == {"space": "grid", "dimension": 6}
    assert any("a rotation about (7.5" in note for note in rotation.notes)


def test_what_interpolation_blurs_is_said_and_is_no_generator():
    y = turned(PICTURES, ANGLES, order=1)
    outcome = run(PICTURES, y)
    assert decided(outcome).status == ("certified",)
    assert any("interpolation blurs the images by sigma^2" in note for note in outcome.notes)
    assert outcome.extras["blur"][0] > 10 * outcome.extras["blur"][1]


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow) for kind in ("other images", "smooth deformations")] + ["noise"]
)
def test_nothing_is_certified_where_no_field_relates_the_pairs(kind):
    rng = np.random.default_rng(2)
    x = blobs(40, (10, 10), 8, width=1.2, margin=3)
    if kind == "other images":
        y = blobs(40, (10, 10), 3, width=1.2, margin=3)
    elif kind == "smooth deformations":
        shift = ndimage.gaussian_filter(rng.standard_normal((40, 2, 10, 10)), (0, 0, 2, 2))
        shift *= 1.2 / shift.std()
        grid = np.stack(np.meshgrid(np.arange(10), np.arange(10), indexing="ij"))
        y = np.array([ndimage.map_coordinates(i, grid + s, order=3) for i, s in zip(x, shift, strict=True)])
    else:
        y = x + 0.1 * x.std() * rng.standard_normal(x.shape)
    outcome = run(x, y)
    if outcome.found is None:
        assert outcome.nothing_verdict is Verdict.INCONCLUSIVE
        assert len(outcome.nothing) > 40
    else:
        assert decided(outcome).verdict is Verdict.INCONCLUSIVE


def test_noise_is_taken_off_and_a_wrong_motion_is_not():
    warp = Warp((16, 16))
    x, y = flat(PICTURES), flat(turned(PICTURES, ANGLES))
    a = warp.coefficients(ANGLES[:, None, None] * ROTATION)
    noise = 0.3 * x.std()
    noisy = [part + noise * np.random.default_rng(seed).standard_normal(x.shape) for seed, part in enumerate((x, y))]
    clean, quiet = distances(warp, x, y, a, 0.0)
    left, level = distances(warp, *noisy, a, 0.0)
    still = distances(warp, x, y, 0 * a, 0.0)[0]
    assert clean.sum() < 1e-3 * still.sum()
    assert quiet.mean() < 1e-3 * level.mean()
    # Halfway, interpolated noise of x and of y: less than twice, more than once its variance.
    assert 0.3 < level.mean() / (2 * noise**2) < 1
    half = distances(warp, x, y, a / 2, 0.0)[0]
    assert half.sum() > 100 * clean.sum()
    assert left.sum() > 10 * clean.sum()


def test_the_trial_takes_off_what_images_matched_at_random_explain():
    rng = np.random.default_rng(4)
    n = 600
    batch = np.arange(n) % 60
    residual, explained = rng.uniform(0.5, 1.5, n), rng.uniform(99, 101, n)
    chance = np.column_stack([np.full(100, 3.0), np.full(100, 1.0)])
    held = Held(np.arange(n), residual, 0 * residual, explained[:, None], np.zeros((n, 1)))
    (trial,), beyond, share = trials_of([held], chance, batch)
    expected = np.sqrt(residual.mean() / (explained - 0.25 * (explained + residual)).mean())
    assert trial.defect == pytest.approx(expected, rel=1e-12)
    assert beyond[0] > 100
    assert share[0] == pytest.approx(0.99, abs=0.002)
    multipliers = draw_multipliers(60, 0)
    assert not trial.certified(0.1, 0.05, multipliers)
    assert trial.certified(0.15, 0.05, multipliers)
    alike = Held(np.arange(n), residual, 0 * residual, residual[:, None] / 3, np.zeros((n, 1)))
    assert abs(trials_of([alike], chance, batch)[1][0]) < 3
    white = Held(np.arange(n), residual, 1.05 * residual, explained[:, None], np.zeros((n, 1)))
    assert trials_of([white], chance, batch)[0][0].defect == 0
    refuted = Held(np.arange(n), residual, 3 * residual, explained[:, None], np.zeros((n, 1)))
    assert trials_of([refuted], chance, batch)[0][0].defect == pytest.approx(expected)


def test_given_generators_are_tested_and_wrong_ones_do_not_pass():
    y = turned(PICTURES, ANGLES)
    scaling = np.diag([1.0, 1.0, 0.0])
    block = (Block("homogeneous", 0, 3),)
    right = run(PICTURES, y, given=Given(ROTATION[None], block))
    assert decided(right).status == ("certified",)
    np.testing.assert_allclose(right.found.matrices[0], ROTATION, atol=1e-12)
    np.testing.assert_allclose(right.extras["coefficients"][:, 0], ANGLES, atol=0.02)
    wrong = run(PICTURES[:60], y[:60], given=Given(scaling[None], block))
    assert wrong.found is None
    assert wrong.nothing.startswith("the given fields do not bring the images of a pair nearer")
    with pytest.raises(InputError, match="3 x 3 matrices with a last row of zeros, not 4 x 4"):
        run(PICTURES, y, given=Given(np.eye(4)[None], (Block("space", 0, 4),)))


@pytest.mark.parametrize("given", [None, Given(ROTATION[None], (Block("homogeneous", 0, 3),))])
def test_a_restored_task_gives_the_same_bytes(given):
    x = np.concatenate([PICTURES[:80], 2 * PICTURES[:80], -PICTURES[:100]])
    y = turned(x, np.concatenate([ANGLES[:80], ANGLES[40:], ANGLES[:100]]))
    whole = run(x, y, given=given)
    data = from_arrays(x, y, kind="pairs", axes="nss")
    task = FieldsTask(data, SETTINGS, None, given)
    steps = 1
    while task.advance():
        steps += 1
        state = {name: value.copy() for name, value in task.state().items()}
        task = FieldsTask(data, SETTINGS, None, given)
        task.restore(state)
        assert 0 <= task.progress().done <= task.progress().total * 1.5
    assert steps >= 7
    again = task.outcome()
    assert again.found.matrices.tobytes() == whole.found.matrices.tobytes()
    assert again.found.trials[0].violation.tobytes() == whole.found.trials[0].violation.tobytes()
    assert all(again.extras[name].tobytes() == array.tobytes() for name, array in whole.extras.items())


def test_few_sources_cannot_be_judged():
    group = np.repeat(np.arange(4), 30)
    data = from_arrays(PICTURES, turned(PICTURES, ANGLES), group=group, kind="pairs", axes="nss")
    task = FieldsTask(data, SETTINGS)
    drive(task)
    decision = decided(task.outcome())
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "independent batches" in decision.reason


def test_images_that_do_not_move():
    outcome = run(PICTURES[:30], PICTURES[:30])
    assert outcome.found is None
    assert "no smooth field moves x towards y" in outcome.nothing


def test_channels_and_signals():
    shift = np.random.default_rng(5).uniform(-2, 2, 120)
    signals = np.stack([blobs(120, (32,), seed, width=1.5, margin=8) for seed in (6, 7)], axis=-1)
    a = np.column_stack([0 * shift, shift / 16])
    y = np.stack([moved(signals[..., channel], a) for channel in range(2)], axis=-1)
    outcome = run(signals, y, axes="nsc")
    decision = decided(outcome)
    assert decision.status == ("certified",)
    assert abs(decision.matrices[0][0, 1]) > 0.99
    assert any("a translation along" in note for note in outcome.notes)


def test_pictures_of_the_result_are_drawn(rotation):
    decision = decided(rotation)
    symmetry = Symmetry(
        generators=decision.matrices,
        verdict=decision.verdict,
        reason=decision.reason,
        blocks=rotation.blocks,
        defect=decision.defect,
        defect_upper=decision.defect_upper,
        status=decision.status,
        origin=("learned",),
        dimension=1,
        certified_dimension=1,
        method="lconv",
        kind="pairs",
        candidates=rotation.candidates,
        tolerance=0.1,
        level=0.95,
        seed=0,
        device="cpu",
        dtype="float64",
        data={},
        versions={},
        options={},
        extras=rotation.extras,
        notes=[],
    )
    panels = field_panels(symmetry)
    assert [panel.name for panel in panels] == ["fields", "before_after", "flow"]
    assert all(render(panel)[:4] == b"\x89PNG" for panel in panels)
    example = rotation.extras["example_pairs"][0]
    np.testing.assert_allclose(example[3], example[1] - example[2])
    assert np.abs(example[3]).max() < 0.2 * np.abs(example[2]).max()


def test_fields_in_words():
    assert describe(ROTATION, (9, 9)).startswith("a rotation about (4.00, 4.00) px")
    off = ROTATION.copy()
    off[:2, 2] = [2, 0]
    assert describe(off, (9, 9)).startswith("a rotation about (4.00, 6.00) px")
    assert describe(np.diag([1.0, 1, 0]), (9, 9)).startswith("a scaling about (4.00, 4.00) px")
    assert describe(np.array([[0, 0, 0], [0, 0, -2], [0, 0, 0.0]]), (9, 9)) == "a translation along (+0.00, -1.00)"
    assert describe(np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0.0]]), (9, 9)) is None


def test_data_that_are_no_pairs_of_images_are_refused():
    with pytest.raises(InputError, match="pairs of images are needed"):
        FieldsTask(from_arrays(PICTURES, kind="samples", axes="nss"), SETTINGS)
    with pytest.raises(InputError, match="one to three axes of at least 4 pixels"):
        run(PICTURES[:, :3], PICTURES[:, :3])


def test_the_estimate_grows_with_the_pairs_up_to_the_most_that_are_used():
    small, large, huge = (
        estimate(from_arrays(np.zeros((n, 8, 8)), np.zeros((n, 8, 8)), kind="pairs", axes="nss"))
        for n in (100, 4000, 20000)
    )
    assert small[0] < large[0] <= huge[0] < 2 * large[0]
    assert small[1] < large[1] == huge[1]
