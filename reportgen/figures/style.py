"""What all figures share: size, type, colours, axes, and text that is safe to print."""

from __future__ import annotations

import base64
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from reportgen.report import RunReport

__all__ = [
    "LOSS",
    "TEXT_PX",
    "Figure",
    "LineStyle",
    "categories_axis",
    "category",
    "colours",
    "fade",
    "layout",
    "legend",
    "legend_height",
    "legend_width",
    "line_styles",
    "loss_axis",
    "loss_axis_linear",
    "note",
    "pixels",
    "plain",
    "plain_array",
    "power",
    "step_axis",
    "text_width",
    "titled",
    "whole",
]

Figure = dict[str, Any]
"""A Plotly figure as plain data: ``{"data": [...], "layout": {...}}``."""

FONT = '"Source Sans 3", "Source Sans Pro", Arial, sans-serif'
LOSS = "Training loss (nats per token)"
INK = "#1a1a1a"
RULE = "#4d4d4d"
GRID = "#e4e4e4"
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

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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
    digits = [run.attributes.digits for run in runs]
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
    """About how wide text is, CSS pixels: an upper bound for usual Latin text."""
    return 0.56 * size * len(text)


def plain_array(values: npt.ArrayLike) -> dict[str, str]:
    """(n,) numbers as Plotly's typed array, little-endian; NaN is missing."""
    numbers = np.asarray(values)
    kind = "i4" if numbers.dtype.kind in "iu" else "f8"
    data = base64.b64encode(numbers.astype(f"<{kind}").tobytes())
    return {"dtype": kind, "bdata": data.decode("ascii")}


def pixels(width_mm: float) -> int:
    """CSS pixels of a width on paper."""
    return round(width_mm / 25.4 * 96)


def power(exponent: int, factor: int = 1) -> str:
    """A number as print shows it on a log axis: ``10⁻⁸``, ``2×10⁻³``, ``0.5``."""
    if factor == 1:
        return "10" + str(exponent).translate(_SUPERSCRIPTS)
    return f"{factor * 10.0**exponent:g}" if -2 <= exponent <= 2 else f"{factor}×{power(exponent)}"


def loss_axis(
    low: float, high: float, height_px: float, wanted: tuple[float, float] | None = None
) -> dict[str, Any]:
    """A logarithmic axis.

    Args:
        low: Least value to show, above 0.
        high: Greatest.
        height_px: Of the axis, for the number of ticks.
        wanted: The list's own range; an end that a log axis cannot have is ignored.
    """
    start, end = math.log10(low), math.log10(high)
    margin = 0.02 * (end - start)
    start, end = start - margin, end + margin
    if wanted is not None:
        start = math.log10(wanted[0]) if wanted[0] > 0 else start
        end = math.log10(wanted[1]) if wanted[1] > 0 else end
    if end - start < 0.5:
        middle = (start + end) / 2
        start, end = middle - 0.25, middle + 0.25
    most = max(2, int(height_px / 18))
    decades = range(math.ceil(start), math.floor(end) + 1)
    gap = max(1, math.ceil(len(decades) / most))
    ticks = [(k, 1) for k in decades if k % gap == 0]
    for factors in ((1, 2, 5), tuple(range(1, 10))):
        if len(ticks) < 3 and gap == 1:
            candidates = [(k, f) for k in range(math.floor(start), math.ceil(end)) for f in factors]
            ticks = [(k, f) for k, f in candidates if start <= k + math.log10(f) <= end]
    return _axis(
        type="log",
        range=[start, end],
        tickvals=[float(f"{f}e{k}") for k, f in ticks],
        ticktext=[power(k, f) for k, f in ticks],
    )


def loss_axis_linear(low: float, high: float, height_px: float) -> dict[str, Any]:
    """A linear axis from 0, or from ``low`` where that is below."""
    start = min(low, 0.0)
    end = high if high > start else start + 1.0
    end += 0.03 * (end - start)
    gap = _round_gap((end - start) / max(2, min(8, height_px / 22)))
    ticks = [k * gap for k in range(math.ceil(start / gap), math.floor(end / gap) + 1)]
    return _axis(range=[start, end], tickvals=ticks, ticktext=[_number(tick, gap) for tick in ticks])


def whole(steps: int) -> tuple[float, float]:
    """First and last place of an axis that shows ``steps`` steps, from 0.

    One place past the last step: 40,000 steps end at a tick, not one before it.
    """
    return (0.0, float(steps)) if steps > 1 else (-0.5, 0.5)


def step_axis(first: float, last: float, width_px: float, *, tick_px: float = 62) -> dict[str, Any]:
    """A linear axis of whole numbers, ``first`` to ``last``, with ticks ``tick_px`` apart or more."""
    gap = max(1, round(_round_gap((last - first) / max(2, min(20, width_px / tick_px)))))
    ticks = range(math.ceil(first / gap) * gap, math.floor(last) + 1, gap)
    return _axis(
        range=[first, last],
        tickvals=list(ticks),
        ticktext=[f"{tick:,}" for tick in ticks],
        showgrid=False,
    )


def categories_axis(texts: Sequence[str]) -> dict[str, Any]:
    """An axis of names without distances between them, in the given order."""
    names = [plain(text) for text in texts]
    return _axis(
        type="category",
        categoryorder="array",
        categoryarray=names,
        range=[-0.5, len(names) - 0.5],
        showgrid=False,
    )


def legend() -> dict[str, Any]:
    """A legend to the right of the plot, in the order of the traces."""
    return {
        "x": 1.0,
        "xanchor": "left",
        "y": 1.0,
        "yanchor": "top",
        "traceorder": "normal",
        "itemwidth": 30,
        "bgcolor": "rgba(0,0,0,0)",
    }


def legend_width(names: Iterable[str], width_px: float) -> float:
    """Pixels that a legend of such names takes beside a plot, at most two fifths of the figure."""
    return min(0.4 * width_px, 48 + max(text_width(name) for name in names))


def legend_height(names: int) -> float:
    """Pixels that a figure with such a legend is high."""
    return 19.0 * names + 50


def layout(
    width: int, height: int, margin: dict[str, float], *, text_px: float = TEXT_PX, **fields: Any
) -> dict[str, Any]:
    """The layout of a figure of ``width`` by ``height`` CSS pixels."""
    return {
        "width": width,
        "height": height,
        "autosize": False,
        "margin": {**margin, "pad": 0, "autoexpand": False},
        "font": {"family": FONT, "size": text_px, "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "hovermode": False,
        "showlegend": False,
        "uirevision": 0,
        **fields,
    }


def titled(axis: dict[str, Any], title: str) -> dict[str, Any]:
    """The axis with a title in the size of all other text."""
    return axis | {"title": {"text": title, "standoff": 6, "font": {"size": TEXT_PX}}}


def note(text: str, x_axis: str = "x", y_axis: str = "y") -> dict[str, Any]:
    """Words in the middle of a plot that has nothing else to show."""
    place = {"xref": f"{x_axis} domain", "yref": f"{y_axis} domain", "x": 0.5, "y": 0.5}
    return {"text": text, "showarrow": False, **place}


def _axis(**fields: Any) -> dict[str, Any]:
    return {
        "showline": True,
        "linecolor": RULE,
        "linewidth": 0.75,
        "ticks": "outside",
        "ticklen": 3,
        "tickwidth": 0.75,
        "tickcolor": RULE,
        "showgrid": True,
        "gridcolor": GRID,
        "gridwidth": 0.5,
        "zeroline": False,
        "automargin": False,
        "fixedrange": True,
        **fields,
    }


def _round_gap(least: float) -> float:
    """1, 2 or 5 times a power of ten, ``least`` or a little more."""
    magnitude = 10.0 ** math.floor(math.log10(least))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= 0.999 * least)


def _number(value: float, gap: float) -> str:
    """A tick of a linear axis, with as many decimals as ticks that are ``gap`` apart need."""
    exponent = math.floor(math.log10(gap))
    if value == 0 or -3 <= exponent <= 4:
        return f"{value:,.{max(0, -exponent)}f}" if value else "0"
    return power(exponent, round(value / 10.0**exponent))


def _between(scale: Sequence[str], place: float) -> str:
    """The colour at ``place`` (0 to 1) of a scale."""
    at = place * (len(scale) - 1)
    left = min(int(at), len(scale) - 2)
    ends = zip(_channels(scale[left]), _channels(scale[left + 1]), strict=True)
    return "#" + "".join(f"{round(a + (at - left) * (b - a)):02x}" for a, b in ends)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
