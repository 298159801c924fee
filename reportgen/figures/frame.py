"""The sheet a figure is drawn on: its size, its margins, and where its lines are named."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.figures.style import FONT, INK, TEXT_PX, Figure, text_width

__all__ = ["Frame", "fitting", "layout", "note", "pixels", "sheet", "size_mm", "wrapped"]

_BESIDE = 14
"""Entries that stand beside a plot half as high as wide; more stand below it, in columns."""
_MOST_BESIDE = 0.27
"""Part of the width that they may take there."""
_SAMPLE_PX = 48.0
_TICK_PX = 7.0
"""From the axis to the numbers at its ticks."""
_LINE = 1.3
"""Height of a line of text over its size."""
_LEAST_PLOT = 96.0
"""Height of the plot of the narrowest figure, CSS pixels."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Sizes in CSS pixels.

    Attributes:
        width: Of the whole figure.
        height: Of the whole figure.
        margin: Plotly's ``margin``.
        legend: Plotly's ``legend``, None where there is none.
    """

    width: int
    height: int
    margin: dict[str, float]
    legend: dict[str, Any] | None

    @property
    def plot_width(self) -> float:
        return max(1.0, self.width - self.margin["l"] - self.margin["r"])

    @property
    def plot_height(self) -> float:
        return max(1.0, self.height - self.margin["t"] - self.margin["b"])

    def layout(self, **fields: Any) -> dict[str, Any]:
        """Plotly's ``layout`` of a figure on this frame."""
        named: dict[str, Any] = {} if self.legend is None else {"showlegend": True, "legend": self.legend}
        return layout(self.width, self.height, self.margin, **named, **fields)


def sheet(
    width_mm: float,
    names: Sequence[str],
    *,
    ratio: float = 0.5,
    height: float | None = None,
    at_ends: bool = False,
    text_px: float = TEXT_PX,
    ticks: Sequence[str] = (),
    x_ticks: Sequence[str] = (),
    x_lines: int = 1,
    y_title: str = "",
    x_title: str = "",
) -> Frame:
    """A frame with room for the names of its lines and for every word of its axes.

    Args:
        width_mm: Width on paper.
        names: In order; none for a figure without a legend.
        ratio: Height to width, without a legend below.
        height: The same in CSS pixels, in place of ``ratio``.
        at_ends: Names stand at the lines' ends and need room to the right, no legend.
        text_px: Size of text.
        ticks: What stands at the ticks of the vertical axis.
        x_ticks: Of the other axis; the last may reach beyond the plot.
        x_lines: In how many lines they stand.
        y_title: Title of the vertical axis, which may take several lines.
        x_title: Of the other axis.
    """
    width = pixels(width_mm)
    height = ratio * width if height is None else height
    widest = max((text_width(name, text_px) for name in names), default=0.0)
    line = _LINE * text_px
    left = max((text_width(text, text_px) for text in ticks), default=0.0) + _TICK_PX + 4
    right = max(8.0, 0.5 * max((text_width(text, text_px) for text in x_ticks[-1:]), default=0.0) + 3)
    bottom = _TICK_PX + line * x_lines + 4
    height = max(height + line * (x_lines - 1), _LEAST_PLOT + bottom)
    margin = {"l": left, "r": right, "t": max(8.0, 0.7 * text_px), "b": bottom}
    sample = _SAMPLE_PX * text_px / TEXT_PX
    beside = 0 < len(names) <= _BESIDE and widest + sample <= _MOST_BESIDE * width
    if at_ends:
        margin["r"] = min(0.4 * width, widest + 22)
    elif beside:
        margin["r"] = widest + sample
    if x_title:
        margin["b"] += line * len(_lines(x_title, width - margin["l"] - margin["r"], text_px))
    if y_title:
        margin["l"] += line * len(_lines(y_title, height - margin["t"] - margin["b"], text_px))
    legend: dict[str, Any] | None = None
    look = {
        "traceorder": "normal",
        "itemwidth": 30,
        "bgcolor": "rgba(0,0,0,0)",
        "maxheight": 1,
        "font": {"size": text_px},
        "tracegroupgap": 0,
    }
    if beside and not at_ends:
        legend = look | {"x": 1.0, "xanchor": "left", "y": 1.0, "yanchor": "top"}
        height = max(height, line * 1.45 * len(names) + margin["t"] + margin["b"])
    elif names and not at_ends:
        # Plotly's legends end where the plot does; a gap is left for what it adds between entries.
        room = width - margin["r"] - 10
        columns = max(1, int(room // (widest + sample)))
        below = (19.0 * text_px / TEXT_PX) * math.ceil(len(names) / columns) + 8
        height += below
        legend = look | {
            "orientation": "h",
            "entrywidth": max(widest, room / columns - sample),
            # Not by the container: Plotly would move axis titles to where it keeps room for the legend.
            "x": max(-2.0, -(margin["l"] - 4) / max(1.0, width - margin["l"] - margin["r"])),
            "xanchor": "left",
            "y": max(-2.0, -(margin["b"] + 2) / max(1.0, height - below - margin["t"] - margin["b"])),
            "yanchor": "top",
        }
        margin["b"] += below
    return Frame(width, round(height), margin, legend)


def wrapped(title: str, room: float, text_px: float = TEXT_PX) -> str:
    """A title in as many lines as ``room`` CSS pixels need."""
    return "<br>".join(_lines(title, room, text_px))


def _lines(title: str, room: float, text_px: float) -> list[str]:
    lines: list[str] = []
    for word in title.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, text_px) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def fitting(names_of: Callable[[int], Sequence[str]], room: float, text_px: float = TEXT_PX) -> Sequence[str]:
    """Names that fit ``room`` CSS pixels: as long as they can be.

    Args:
        names_of: Gives names of at most so many characters, 8 or more.
        room: For a name, its sample of a line included.
        text_px: Size of text.
    """
    sample = _SAMPLE_PX * text_px / TEXT_PX
    names: Sequence[str] = ()
    for limit in (40, 32, 24, 20, 16, 12, 8):
        names = names_of(limit)
        if max((text_width(name, text_px) for name in names), default=0.0) + sample <= room:
            break
    return names


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
        **fields,
    }


def note(text: str, x_axis: str = "x", y_axis: str = "y") -> dict[str, Any]:
    """Words in the middle of a plot that has nothing else to show."""
    place = {"xref": f"{x_axis} domain", "yref": f"{y_axis} domain", "x": 0.5, "y": 0.5}
    return {"text": text, "showarrow": False, **place}


def pixels(width_mm: float) -> int:
    """CSS pixels of a width on paper."""
    return round(width_mm / 25.4 * 96)


def size_mm(figure: Figure) -> tuple[float, float]:
    """Width and height at which a figure's text has its size."""
    return figure["layout"]["width"] / 96 * 25.4, figure["layout"]["height"] / 96 * 25.4
