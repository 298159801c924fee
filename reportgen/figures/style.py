"""What all figures share: type, colours, and text that is safe to print."""

from __future__ import annotations

import base64
import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from reportgen.report import RunReport

__all__ = [
    "FONT",
    "INK",
    "TEXT_PX",
    "Figure",
    "LineStyle",
    "category",
    "colours",
    "fade",
    "line_styles",
    "plain",
    "plain_array",
    "text_width",
]

Figure = dict[str, Any]
"""A Plotly figure as plain data: ``{"data": [...], "layout": {...}}``."""

FONT = '"Source Sans 3", "Source Sans Pro", Arial, sans-serif'
INK = "#1a1a1a"
TEXT_PX = 8 * 96 / 72
"""8 pt, the least that journals print, in CSS pixels."""

# For ordered things. Lightness rises evenly (CIELAB L* 14 to 60 on white, 50 to 92 on dark, so that
# grey print keeps the order and every colour stands out from the page, 3 to 1 or better); hue goes
# from blue through magenta to orange, which colour-blind eyes tell apart as well.
_SEQUENCE = {
    "light": (
        "#002159", "#0b198c", "#580187", "#7b0079", "#94006d", "#ac0062",
        "#c40056", "#d71545", "#df3b35", "#e25824", "#e0730f",
    ),
    "dark": (
        "#3870eb", "#936ae6", "#cb62d8", "#f45dc3", "#fe74a8", "#fe8c9a",
        "#ffa094", "#feb393", "#ffc593", "#ffd78f", "#f9ec57",
    ),
}  # fmt: skip

# Okabe and Ito's colours; those too pale for lines on white made darker, and paler on dark.
_CATEGORIES = {
    "light": ("#0072b2", "#d55e00", "#1a1a1a", "#009e73", "#b3588f", "#6a3d00", "#3a96d1"),
    "dark": ("#4ea6dc", "#ff8a3c", "#ececec", "#2fb98d", "#e39bc4", "#c9a15c", "#a5d8f7"),
}
_DASHES = ("solid", "7px,2px", "2px,2px", "7px,2px,2px,2px", "12px,3px", "4px,3px", "12px,2px,2px,2px")
_FEW = 7


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How one run's line is drawn.

    Attributes:
        light: ``#rrggbb`` on white.
        dark: ``#rrggbb`` on a dark page.
        dash: Plotly's ``line.dash``.
    """

    light: str
    dark: str
    dash: str


def line_styles(runs: Sequence[RunReport]) -> tuple[LineStyle, ...]:
    """One style a run, in the runs' order; every line of a figure differs from the others.

    Digits are ordered, so runs that differ by digits follow a sequential scale. Other runs take
    distinct colours; past the last one they come again, with another dash.
    """
    digits = [run.attributes.get("digits") for run in runs]
    known = [number for number in digits if number is not None]
    if len(known) == len(runs) and len(set(known)) > 1:
        few = len(runs) <= _FEW
        rank = {run: rank for rank, run in enumerate(sorted(range(len(runs)), key=lambda i: (known[i], i)))}
        return tuple(
            LineStyle(
                _between(_SEQUENCE["light"], rank[i] / (len(runs) - 1)),
                _between(_SEQUENCE["dark"], rank[i] / (len(runs) - 1)),
                _DASHES[rank[i]] if few else "solid",
            )
            for i in range(len(runs))
        )
    return tuple(category(i, few=len(runs) <= _FEW) for i in range(len(runs)))


def category(index: int, *, few: bool) -> LineStyle:
    """The style of the ``index``-th of several things without an order."""
    light, dark = _CATEGORIES["light"], _CATEGORIES["dark"]
    turn, place = divmod(index, len(light))
    return LineStyle(light[place], dark[place], _DASHES[place if few else turn % len(_DASHES)])


def colours(runs: Sequence[RunReport], *, theme: Literal["light", "dark"] = "light") -> list[str]:
    """One ``#rrggbb`` a run, in the runs' order (see ``line_styles``)."""
    return [style.light if theme == "light" else style.dark for style in line_styles(runs)]


def fade(colour: str, opacity: float) -> str:
    """``#rrggbb`` as ``rgba(...)`` of that opacity."""
    red, green, blue = _channels(colour)
    return f"rgba({red},{green},{blue},{opacity:.3g})"


def plain(text: object, limit: int = 40) -> str:
    """Anything as one line of Plotly text that shows what it holds.

    Plotly reads tags and entities in text; control and direction characters would break the SVG
    or the line.
    """
    printable = "".join(
        " " if character.isspace() else character
        for character in str(text)[: 4 * limit]
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    line = " ".join(printable.split())
    if len(line) > limit or len(str(text)) > 4 * limit:
        line = line[: limit - 1].rstrip() + "…"
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def text_width(text: str, size: float = TEXT_PX) -> float:
    """About how wide ``plain`` text is, CSS pixels: an upper bound for usual Latin text."""
    return 0.53 * size * len(html.unescape(text))


def plain_array(values: npt.ArrayLike) -> dict[str, str]:
    """(n,) numbers as Plotly's typed array, little-endian; NaN is missing."""
    numbers = np.asarray(values)
    kind = "i4" if numbers.dtype.kind in "iu" else "f8"
    data = base64.b64encode(numbers.astype(f"<{kind}").tobytes())
    return {"dtype": kind, "bdata": data.decode("ascii")}


def _between(scale: Sequence[str], place: float) -> str:
    """The colour at ``place`` (0 to 1) of a scale."""
    at = place * (len(scale) - 1)
    left = min(int(at), len(scale) - 2)
    ends = zip(_channels(scale[left]), _channels(scale[left + 1]), strict=True)
    return "#" + "".join(f"{round(a + (at - left) * (b - a)):02x}" for a, b in ends)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
