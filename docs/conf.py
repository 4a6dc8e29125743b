"""Sphinx configuration."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from symdisc import __version__

project = "symdisc"
author = "The symdisc authors"
copyright = "2026, The symdisc authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# Formulas without the network: MathJax comes along in the pages where this package is installed (extra `docs`).
if find_spec("sphinx-mathjax-offline"):
    extensions.append("sphinx-mathjax-offline")
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"symdisc {version}"
html_show_sphinx = False

autodoc_typehints = "none"
autodoc_member_order = "bysource"
