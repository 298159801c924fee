"""What all figures share: type, colours, marks, and text that is safe to print."""

from __future__ import annotations

import base64
import hashlib
import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen.figures.ruler import Ruler
from reportgen.kinds import Scalar
from reportgen.report import FamilyReport

__all__ = [
    "FONT",
    "INK",
    "MARKS",
    "MOST_NAMED",
    "TEXT_PX",
    "Figure",
    "LineStyle",
    "category",
    "fade",
    "line_styles",
    "named_styles",
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

MOST_NAMED = 39
"""From 40 lines on a legend cannot be read."""

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

# Hues of Okabe and Ito's colours (Color Universal Design, 2008), on white and on dark. They stand out from
# the page (3 to 1 or better) and differ in lightness, so that colour-blind eyes tell them apart: by 12 of
# CIEDE2000 or more without red or green cones.
_CATEGORIES = (
    ("#0057a8", "#4f85e6"),
    ("#d9620a", "#ee7030"),
    ("#1a1a1a", "#ececec"),
    ("#00856a", "#22b086"),
    ("#c0609c", "#bb5f9f"),
    ("#7a2410", "#e6d35a"),
    ("#3a9ad9", "#6fdcfa"),
)
_DASHES = ("solid", "7px,2px", "2px,2px", "7px,2px,2px,2px", "12px,3px", "4px,3px", "12px,2px,2px,2px")
_NEIGHBOURS = 3
"""Neighbours on a scale of colours that differ by their dashes as well."""

MARKS: tuple[tuple[str, str], ...] = (
    ("circle", "●"),
    ("square", "■"),
    ("diamond", "◆"),
    ("triangle-up", "▲"),
    ("cross", "✚"),
    ("triangle-down", "▼"),
    ("star", "★"),
)
"""Marks of things without an order, as Plotly names them and as text shows them; then they are hollow."""


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How one line, or the marks of one family, are drawn.

    Attributes:
        light: ``#rrggbb`` on white.
        dark: ``#rrggbb`` on a dark page.
        dash: Plotly's ``line.dash``.
        mark: Plotly's ``marker.symbol``.
    """

    light: str
    dark: str
    dash: str = "solid"
    mark: str = "circle"


def line_styles(family: FamilyReport) -> tuple[LineStyle, ...]:
    """One style a run of a family, in the runs' order; every line of a figure differs from the others.

    Colours follow the attribute that the list names in ``color_by``: a sequential scale where its values
    are numbers, else distinct colours. Else they follow the run's name and who comes before it, so that a
    run keeps its colour from night to night where others join after it.
    """
    by, palette = family.spec.color_by, family.spec.palette
    if by is None:
        return named_styles([run.spec.name for run in family.runs], palette)
    return _valued_styles([run.attributes.get(by) for run in family.runs], palette)


def named_styles(names: Sequence[str], palette: Sequence[str] = ()) -> tuple[LineStyle, ...]:
    """A style for each name: its colour follows the name, and is the next free one where that is taken.

    So as many names as there are colours have one each, and whoever joins at the end changes nobody's.
    Each further round of the colours has a dash of its own.
    """
    colours = _colours(palette)
    styles: list[LineStyle] = []
    free: set[int] = set()
    for i, name in enumerate(names):
        free = free or set(range(len(colours)))
        wanted = _hashed(name)
        place = min(free, key=lambda one: (one - wanted) % len(colours))
        free.remove(place)
        styles.append(_style(place, i // len(colours), palette))
    return tuple(styles)


def _valued_styles(values: Sequence[Scalar | None], palette: Sequence[str]) -> tuple[LineStyle, ...]:
    """A style for each value; runs of one value differ by their dashes, neighbours on a scale do too."""
    known = sorted({value for value in values if isinstance(value, (int, float))})
    numeric = len(known) > 1 and all(value is None or isinstance(value, (int, float)) for value in values)
    texts = sorted({str(value) for value in values})
    seen: dict[Scalar | None, int] = {}
    styles = []
    for value in values:
        turn = seen.get(value, 0)
        seen[value] = turn + 1
        if numeric and isinstance(value, (int, float)):
            rank = known.index(value)
            place = rank / (len(known) - 1)
            dash = _DASHES[(turn + rank % _NEIGHBOURS) % len(_DASHES)]
            light, dark = (_between(_SEQUENCE[theme], place) for theme in ("light", "dark"))
            styles.append(LineStyle(light, dark, dash, MARKS[rank % len(MARKS)][0]))
        else:
            styles.append(_style(texts.index(str(value)), turn, palette))
    return tuple(styles)


def category(index: int) -> LineStyle:
    """The style of the ``index``-th of several things without an order, of families say."""
    colours = _CATEGORIES
    mark = MARKS[index % len(MARKS)][0] + ("-open" if index // len(MARKS) % 2 else "")
    return LineStyle(*colours[index % len(colours)], _DASHES[index % len(_DASHES)], mark)


def _style(place: int, turn: int, palette: Sequence[str]) -> LineStyle:
    colours = _colours(palette)
    return LineStyle(
        *colours[place % len(colours)], _DASHES[turn % len(_DASHES)], MARKS[place % len(MARKS)][0]
    )


def _colours(palette: Sequence[str]) -> Sequence[tuple[str, str]]:
    """Pairs on white and on dark; the list's own are the same on both."""
    return [(colour, colour) for colour in palette] or _CATEGORIES


def _hashed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:6])


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


@cache
def _ruler() -> Ruler:
    return Ruler()


def text_width(text: str, size: float = TEXT_PX) -> float:
    """How wide ``plain`` text is in the figures' font, CSS pixels."""
    return _ruler()(html.unescape(text)) * size


def plain_array(values: npt.ArrayLike) -> dict[str, str]:
    """(n,) numbers as Plotly's typed array, little-endian; NaN is missing."""
    numbers = np.asarray(values)
    kind = "i4" if numbers.dtype.kind in "iu" and np.abs(numbers).max(initial=0) < 2**31 else "f8"
    data = base64.b64encode(numbers.astype(f"<{kind}").tobytes())
    return {"dtype": kind, "bdata": data.decode("ascii")}


def _between(scale: Sequence[str], place: float) -> str:
    """The colour at ``place`` (0 to 1) of a scale."""
    if len(scale) < 2:
        return scale[0]
    at = place * (len(scale) - 1)
    left = min(int(at), len(scale) - 2)
    ends = zip(_channels(scale[left]), _channels(scale[left + 1]), strict=True)
    return "#" + "".join(f"{round(a + (at - left) * (b - a)):02x}" for a, b in ends)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
