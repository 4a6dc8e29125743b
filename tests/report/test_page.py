"""`report.html`: what it says, that it loads nothing, that names of the user stay text, and that bytes repeat."""

from __future__ import annotations

import base64
import html
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from results import digits, nothing, one, result, rotations, seventy, three

from symdisc.panels import ImageGrid
from symdisc.report.flow import flow_panels
from symdisc.report.page import clean, page
from symdisc.report.plots import render
from symdisc.report.result import write_report
from symdisc.report.standard import spectrum
from symdisc.symmetry import Block, Verdict, load

RESULTS = [nothing, one, three, seventy, digits]
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """The tags and the text of a page; fails where tags are not closed in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.text, self.attributes = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def images(n=2, rows=6, columns=5):
    return np.random.default_rng(0).random((n, rows, columns))


@pytest.mark.parametrize("make", RESULTS)
def test_a_page_says_verdict_reason_and_provenance(make):
    symmetry = make()
    words = Reader(page(symmetry)).words
    assert symmetry.verdict.value in words
    assert symmetry.reason[1:] in words
    assert "ring.h5" in words
    assert "0" * 64 in words
    for part in ("Generators", "Evidence", "Use it", "Where it comes from", "symdisc cite ring.symdisc"):
        assert part in words
    for note in symmetry.notes:
        assert note in words


def test_a_page_shows_small_matrices_and_defects_with_bounds():
    text = page(one())
    assert re.search(r'<td class="minus[^>]*>-0.707</td>|<td class="plus[^>]*>0.707</td>', text)
    assert re.search(r'<td class="plus[^>]*>1</td>', text), "the canonical basis"
    assert "0.0011 (≤ 0.0019)" in Reader(text).words


@pytest.mark.parametrize("make", RESULTS)
def test_a_page_loads_nothing(make):
    reader = Reader(page(make()))
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(reader.tags)
    for _, name, value in reader.attributes:
        assert not name.startswith("on")
        if name in ("src", "href"):
            assert value.startswith(("data:image/", "#")), value
    policy = next(value for _, name, value in reader.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "http" not in page(make()).replace("http-equiv", "").replace("LieConv", "")


EVIL = "<script>alert(1)</script>\"'&{{7*7}}{% raw %}\u202e\x1b[31m\n.h5"


def test_names_of_the_user_stay_text():
    symmetry = three()
    symmetry.data["files"] = [{"name": EVIL, "sha256": EVIL}]
    symmetry.data["axes"] = EVIL
    symmetry.notes = [EVIL]
    symmetry.reason = EVIL
    symmetry.blocks = (Block(EVIL, 0, 2, EVIL), Block("space", 2, 3, EVIL))
    symmetry.options = {EVIL: EVIL}
    symmetry.versions = {EVIL: EVIL}
    symmetry.candidates = {"space": EVIL, "dimension": 3}
    symmetry.algebra["name"] = EVIL
    symmetry.algebra["aliases"] = [EVIL]
    symmetry.method = EVIL
    text = page(symmetry)
    reader = Reader(text)
    assert "script" not in reader.tags
    assert "&49" not in reader.words
    assert "{{7*7}}" in reader.words
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert {tag for tag, name, _ in reader.attributes if name == "class"} <= {
        "p",
        "span",
        "ul",
        "div",
        "table",
        "td",
    } | {"code"}


def test_clean_keeps_letters_and_drops_what_cannot_be_seen():
    assert clean("größe 測定 x") == "größe 測定 x"
    assert clean("a\x00b\u202ec\nd") == "a\ufffdb\ufffdc\ufffdd"
    assert len(clean("x" * 10_000)) == 400


def test_the_page_repeats_its_bytes_and_ignores_the_run():
    first, second = three(), three()
    second.run = {"seconds": 3.0, "host": "elsewhere"}
    drawn = [page(symmetry, {panel: render(panel)}) for symmetry in (first, second) for panel in [spectrum(symmetry)]]
    assert drawn[0] == drawn[1]
    assert "elsewhere" not in drawn[1]


def test_plots_stand_in_the_page_and_beside_it(tmp_path):
    symmetry = one()
    symmetry.generators = symmetry.canonical = np.zeros((1, 30, 30))
    symmetry.generators[0, 0, 1], symmetry.generators[0, 1, 0] = -1, 1
    symmetry.blocks = (Block("space", 0, 30),)
    symmetry.extras["shown_images"] = images()
    paths = write_report(symmetry, tmp_path / "report.html", tmp_path / "plots")
    assert paths[-1] == tmp_path / "report.html"
    reader = Reader(paths[-1].read_text())
    drawn = [value for tag, name, value in reader.attributes if (tag, name) == ("img", "src")]
    content = {base64.b64decode(value.split(",")[1]) for value in drawn}
    assert content <= {path.read_bytes() for path in paths[:-1]}
    assert {path.stem for path in paths[:-1]} >= {"generators", "spectrum", "eigenvalues", "flow"}
    for value in content:
        Picture.open(io.BytesIO(value)).load()
    assert all(value for tag, name, value in reader.attributes if (tag, name) == ("img", "alt"))


@pytest.mark.slow
def test_vector_plots_stand_in_the_page_too(tmp_path):
    paths = write_report(one(), tmp_path / "report.html", tmp_path / "plots", "svg")
    assert {path.suffix for path in paths[:-1]} == {".svg"}
    assert "data:image/svg+xml;base64," in paths[-1].read_text()
    paths = write_report(nothing(), tmp_path / "report.html", tmp_path / "pdf", "pdf")
    assert {path.suffix for path in paths[:-1]} == {".pdf"}
    assert "data:image/png;base64," in paths[-1].read_text()


def test_without_pictures_matplotlib_is_not_loaded(tmp_path):
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from results import three
from symdisc.report.result import write_report
assert [path.name for path in write_report(three(), sys.argv[2], pictures=False)] == ["report.html"]
assert "matplotlib" not in sys.modules and "torch" not in sys.modules
assert "symdisc report ring.symdisc" in open(sys.argv[2]).read()
"""
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / "report.html")], check=True)


def turning(size=1.0):
    """A turn about the centre, on (row, column, 1)."""
    matrix = np.zeros((1, 3, 3))
    matrix[0, 0, 1], matrix[0, 1, 0] = -size, size
    return matrix


def test_flow_moves_content_of_the_users_images():
    """A bright pixel off the centre goes round it: at -t and t to places that mirror each other."""
    image = np.zeros((1, 31, 31))
    image[0, 14:17, 24:27] = 1.0
    symmetry = result(turning(), blocks=(Block("homogeneous", 0, 3),), extras={"shown_images": image})
    (panel,) = flow_panels(symmetry)
    assert isinstance(panel, ImageGrid)
    assert panel.arrays.shape == (5, 31, 31)
    np.testing.assert_allclose(panel.arrays[2], image[0], atol=1e-6)
    t = [float(title.split("=")[1]) for title in panel.titles if "=" in title]
    assert t == [-2 * t[2], -t[2], t[2], 2 * t[2]]
    grid = np.arange(31) - 15
    for array, angle in zip(panel.arrays, [t[0], t[1], 0.0, t[2], t[3]], strict=True):
        centre = np.array([array.sum(1) @ grid, array.sum(0) @ grid]) / array.sum()
        np.testing.assert_allclose(centre, [-10 * np.sin(angle), 10 * np.cos(angle)], atol=0.15)


def test_flow_of_matrices_acts_on_pixel_values():
    image = images(1, 2, 2)
    basis = rotations(4)[:1]
    (panel,) = flow_panels(result(basis, extras={"shown_images": image}))
    t = float(panel.titles[3].split("=")[1]) * np.sqrt(0.5)
    x = image.ravel()
    turned = [np.cos(t) * x[0] + np.sin(t) * x[1], -np.sin(t) * x[0] + np.cos(t) * x[1], x[2], x[3]]
    np.testing.assert_allclose(panel.arrays[3].ravel(), turned, atol=1e-12)


def test_no_flow_without_images_or_generators():
    assert flow_panels(three()) == []
    assert flow_panels(nothing()) == []
    assert flow_panels(result(rotations(4)[:1] * 0, extras={"shown_images": images(1, 2, 2)})) == []


def test_the_words_of_given_generators():
    tested = result(
        rotations(3),
        Verdict.NONE,
        status=("certified", "broken", "consistent"),
        origin=("given",) * 3,
    )
    tested.certified_dimension = 1
    assert "1 of 3 given generators certified: not all of it is there" in Reader(page(tested)).words


def test_the_lines_of_python_on_the_page_run(tmp_path, monkeypatch):
    """Word for word, as a reader would paste them."""
    monkeypatch.chdir(tmp_path)
    symmetry = three()
    symmetry.save("ring.symdisc")
    lines = re.search(r"<pre>(import .*?)</pre>", page(symmetry), re.DOTALL)[1]
    names = {"x": np.ones((5, 3))}
    exec(html.unescape(lines), names)
    assert names["L"].shape == (3, 3, 3)
    np.testing.assert_allclose(np.linalg.norm(names["moved"], axis=1), np.sqrt(3))


def test_names_in_shell_lines_are_quoted():
    symmetry = three()
    symmetry.data["files"] = [{"name": "a; rm -rf ~.h5", "sha256": ""}]
    words = Reader(page(symmetry)).words
    assert "symdisc cite 'a; rm -rf ~.symdisc'" in words
    assert "cite a;" not in words


@pytest.mark.parametrize("make", RESULTS)
def test_a_result_read_back_has_the_same_page(make, tmp_path):
    make().save(tmp_path / "ring.symdisc")
    assert page(load(tmp_path / "ring.symdisc")) == page(make())
