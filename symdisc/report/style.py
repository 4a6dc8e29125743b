"""How every plot looks: colours that survive colour blindness and grey print, one font, nothing of the user's own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib

from ..panels import Tone

# Okabe and Ito, "Color universal design" (2008), without black and the yellow that vanishes on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5D3A9B")
TONES: dict[Tone, str] = {"good": "#0072B2", "doubt": "#E69F00", "bad": "#D55E00", "neutral": "#8A8F98"}
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
DIVERGING = "RdBu_r"
SEQUENTIAL = "viridis"

INK = "#1F2430"
FAINT = "#5B6270"
HAIR = "#C9CDD4"
DPI = 150

_RC = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.unicode_minus": False,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "svg.hashsalt": "symdisc",
}
# Not of the picture: these say which windows a session opens.
_LEAVE = ("backend", "backend_fallback", "interactive", "toolbar")


@contextmanager
def style() -> Iterator[None]:
    """Our settings on top of matplotlib's defaults; the user's come back afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
        # A name of the user's in a script that the font lacks is drawn as boxes; no need to shout.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        settings: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
        for key in _LEAVE:
            settings.pop(key, None)
        with matplotlib.rc_context(settings | _RC):
            yield
