import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from results import constants, digits, nothing, one, result, rotations, seventy, three

from symdisc.errors import InputError, ResourceError
from symdisc.panels import Arrows, Curve, Image, ImageGrid, Level, Message, Series
from symdisc.report import standard
from symdisc.report.plots import render, save_plots
from symdisc.symmetry import Verdict

STANDARD = ["generators", "spectrum", "structure_constants", "killing_form", "eigenvalues"]


def pixels(content):
    """The picture as an array; fails where the bytes are no image."""
    picture = Picture.open(io.BytesIO(content))
    picture.load()
    return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("make", [nothing, one, three, seventy, digits])
def test_every_result_has_the_standard_plots(make, tmp_path):
    paths = save_plots(make(), tmp_path / "plots")
    assert [path.stem for path in paths if path.stem not in ("canonical", "roots")] == STANDARD
    assert sorted(tmp_path.joinpath("plots").iterdir()) == sorted(paths)
    for path in paths:
        image = pixels(path.read_bytes())
        assert 150 < image.shape[0] < 2500
        assert 800 < image.shape[1] < 2500
        assert path.stat().st_size < 1_000_000
        assert len(np.unique(image.astype(int) @ [65536, 256, 1])) > 10
        assert (image[0] == 255).all(), "the frame touches the edge"


@pytest.mark.parametrize(("fmt", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF-")])
def test_bytes_depend_on_the_result_alone(fmt, start):
    for make in (standard.generators, standard.spectrum, standard.killing_form, standard.eigenvalues):
        first = render(make(three()), fmt)
        assert first.startswith(start)
        assert render(make(three()), fmt) == first


def test_two_calls_write_the_same_files(tmp_path):
    first, second = save_plots(one(), tmp_path / "a"), save_plots(one(), tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_an_unknown_format_lists_the_known(tmp_path):
    with pytest.raises(InputError, match="--plot-format gif: unknown; the formats are png, svg, pdf"):
        save_plots(one(), tmp_path, "gif")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    tmp_path.joinpath("file").write_text("")
    with pytest.raises(ResourceError, match="file"):
        save_plots(one(), tmp_path / "file" / "plots")


def test_the_users_matplotlib_is_left_alone():
    """No pyplot, settings as before; and the user's settings do not change our bytes."""
    code = """
import sys, matplotlib
sys.path.insert(0, sys.argv[1])
from results import one
from symdisc.report.plots import render
from symdisc.report.standard import generators
plain = render(generators(one()))
matplotlib.rcParams.update({"axes.titlesize": 30, "savefig.dpi": 20, "image.cmap": "hot"})
settings = lambda: {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}
before = settings()
assert render(generators(one())) == plain
assert settings() == before
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(Path(__file__).parent)], check=True)


def test_matplotlib_is_not_needed_to_describe_a_plot():
    code = "import sys, symdisc.panels; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_generators_beyond_sixteen_are_counted():
    panel = standard.generators(digits())
    assert isinstance(panel, ImageGrid)
    assert panel.title == "Constructed generators: first 16 of 1830"
    assert panel.arrays.shape == (16, 64, 64)
    assert "no discovery" in panel.caption


def test_generators_show_defect_and_bound():
    panel = standard.generators(three())
    assert panel.titles[0] == "L[0]  certified\ndefect 0.0011 (\u2264 0.0019)"


def test_nothing_found_says_why():
    for name in ("generators", "structure_constants", "killing_form", "eigenvalues"):
        panel = getattr(standard, name)(nothing())
        assert isinstance(panel, Message)
        assert "above 0.1, at level 0.95" in panel.text
    assert isinstance(standard.spectrum(nothing()), Curve)


def test_spectrum_marks_certified_undecided_and_broken():
    panel = standard.spectrum(three())
    found = {series.mark: list(series.x) for series in panel.series}
    assert found == {
        "area": list(range(9)),
        "dot": [0, 1, 2],
        "disc": [0, 1, 2],
        "ring": [3],
        "cross": [4, 5, 6, 7, 8],
    }
    certified = next(series for series in panel.series if series.mark == "disc")
    np.testing.assert_array_equal(certified.upper, three().defect_upper)
    assert panel.levels == [Level("tolerance 0.1", 0.1)]


def test_spectrum_of_given_generators_keeps_their_order():
    tested = result(
        rotations(3),
        Verdict.NONE,
        status=("certified", "broken", "consistent"),
        origin=("given",) * 3,
        defect=np.array([0.02, 0.4, 0.09]),
        defect_upper=np.array([0.03, 0.45, 0.2]),
    )
    marks = {series.mark: (list(series.x), list(series.y)) for series in standard.spectrum(tested).series}
    assert marks == {"disc": ([0], [0.02]), "cross": ([1], [0.4]), "ring": ([2], [0.09])}


def test_generators_from_brackets_are_not_in_the_spectrum():
    symmetry = result(rotations(3), origin=("learned", "learned", "closure"))
    panel = standard.spectrum(symmetry)
    assert [list(series.x) for series in panel.series if series.mark == "disc"] == [[0, 1]]
    assert "1 generator from brackets" in panel.caption


def test_a_constructed_basis_has_no_spectrum():
    panel = standard.spectrum(digits())
    assert isinstance(panel, Message)
    assert "a formula makes such generators from any data" in panel.text


def test_killing_form_of_so3_is_minus_one():
    """In the basis with norm 1, [L_i, L_j] = L_k / sqrt 2, so K = -2 / 2 on the diagonal."""
    panel = standard.killing_form(three())
    np.testing.assert_allclose(panel.array, -np.eye(3), atol=1e-12)
    assert panel.title == "Killing form: 0 positive, 3 negative, 0 zero"


def test_killing_form_of_sl2_has_its_signature():
    s = np.sqrt(0.5)
    basis = np.array([[[s, 0], [0, -s]], [[0, s], [s, 0]], [[0, s], [-s, 0]]])
    panel = standard.killing_form(result(basis, structure_constants=constants(basis)))
    assert panel.title == "Killing form: 2 positive, 1 negative, 0 zero"


def test_commuting_generators_are_said_to_commute():
    basis = np.zeros((2, 3, 3))
    basis[0, 0, 0] = basis[1, 1, 1] = 1
    symmetry = result(basis, structure_constants=np.zeros((2, 2, 2)))
    assert "All zero" in standard.structure_constants(symmetry).text
    assert "All zero" in standard.killing_form(symmetry).text
    assert "single generator" in standard.structure_constants(one()).text


def test_constants_above_64_are_named_not_drawn():
    assert (
        "1830 generators: not shown above k = 64. The algebra is so(61)." in standard.structure_constants(digits()).text
    )
    assert "70 generators" in standard.killing_form(seventy()).text


def test_eigenvalues_of_a_rotation_and_of_a_shear():
    panel = standard.eigenvalues(one())
    assert panel.equal
    np.testing.assert_allclose(sorted(panel.series[0].y), [-np.sqrt(0.5), np.sqrt(0.5)])
    shear = result(np.array([[[0.0, 1.0], [0.0, 0.0]]]))
    assert "nilpotent" in standard.eigenvalues(shear).text


def test_large_spaces_stay_readable(tmp_path):
    generator = np.zeros((1, 300, 300))
    i = np.arange(299)
    generator[0, i, i + 1], generator[0, i + 1, i] = 1, -1
    generator /= np.linalg.norm(generator)
    image = pixels(render(standard.generators(result(generator))))
    red, blue = image[..., 0].astype(int), image[..., 2].astype(int)
    assert (np.abs(red - blue) > 20).sum() > 500, "a band two entries wide has vanished"


def test_a_method_adds_its_own_plots(tmp_path):
    t = np.linspace(0, 1, 30)
    panels = [
        Curve(name="charge", title="Charge $Q_1$", x_label="t (s)", y_label="Q", series=[Series("run_0", t, t**2)]),
        Curve(name="zeros", title="Zeros", x_label="t", y_label="Q", series=[Series("", t, 0 * t, "ring")], log_y=True),
        Image(name="current", title="Current", array=np.outer(t, t), value_label="J", extent=(0, 1, 0, 2)),
        Image(name="thin", title="Thin", array=np.ones((2, 40)), value_label="1/s", centred=False),
        ImageGrid(name="grid", title="Grid", arrays=np.ones((5, 3, 30)), titles=list("abcde"), value_label="v"),
        Arrows(name="arrows", title="Arrows", fields=np.zeros((4, 30, 5, 2)), titles=list("abcd")),
        Message(name="words", title="Words", text="none"),
    ]
    paths = save_plots(one(), tmp_path, panels=panels)
    assert [path.stem for path in paths[-7:]] == ["charge", "zeros", "current", "thin", "grid", "arrows", "words"]
    for path in paths[-7:]:
        assert pixels(path.read_bytes()).shape[1] > 800


def test_arrows_point_down_the_rows_and_across_the_columns():
    """A field down the rows fills upright stretches of a column of pixels, one across the columns level ones."""
    longest = []
    for component in range(2):
        fields = np.zeros((1, 9, 9, 2))
        fields[..., component] = 1.0
        image = pixels(render(Arrows(name="a", title="A", fields=fields, titles=["L1"]))).astype(int)
        blue = (image[..., 2] > image[..., 0] + 80).astype(int)
        longest.append((blue.sum(axis=0).max(), blue.sum(axis=1).max()))
    (down, across), (down_of_across, across_of_across) = longest
    assert down > 1.5 * across
    assert across_of_across > 1.5 * down_of_across


def test_an_extent_puts_row_zero_at_the_bottom():
    array = np.zeros((20, 20))
    array[:10] = 1.0
    image = pixels(render(Image(name="a", title="A", array=array, value_label="v", extent=(0, 1, 0, 1))))
    column = image[:, image.shape[1] // 2].astype(int)
    dark_red = np.flatnonzero((column[:, 0] > 80) & (column[:, 0] < 130) & (column[:, 1] < 20))
    assert len(dark_red) > 100
    assert dark_red.min() > image.shape[0] * 0.4


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Message(name="../up", title="", text=""), "no file name"),
        (lambda: Series("a", np.zeros(3), np.zeros(2)), "y has shape"),
        (lambda: Image(name="a", title="", array=np.zeros(3), value_label=""), "1 axes, not 2"),
        (lambda: ImageGrid(name="a", title="", arrays=np.zeros((2, 3, 3)), titles=["x"], value_label=""), "1 titles"),
        (lambda: ImageGrid(name="a", title="", arrays=np.zeros((0, 3, 3)), titles=[], value_label=""), "not"),
        (lambda: Arrows(name="a", title="", fields=np.zeros((1, 3, 3)), titles=["x"]), "rows, columns, 2"),
        (lambda: Arrows(name="a", title="", fields=np.zeros((2, 3, 3, 2)), titles=["x"]), "1 titles"),
    ],
)
def test_a_wrong_panel_is_refused_where_it_is_made(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_two_panels_of_one_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="'spectrum'"):
        save_plots(one(), tmp_path, panels=[Message(name="spectrum", title="", text="")])


def test_generators_whose_brackets_leave_the_span_are_not_said_to_commute():
    two = rotations(3)[:2]
    symmetry = result(two, structure_constants=constants(two), closure_error=1.0)
    for name in ("structure_constants", "killing_form"):
        panel = getattr(standard, name)(symmetry)
        assert isinstance(panel, Message)
        assert "outside their span" in panel.text
        assert "commut" not in panel.text
