"""The sheet a figure is drawn on: its size, its margins, and where its lines are named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.figures.style import FONT, INK, TEXT_PX, Figure, text_width

__all__ = ["MOST_NAMED", "Frame", "layout", "note", "pixels", "sheet", "size_mm"]

MOST_NAMED = 39
"""From 40 lines on a legend cannot be read."""

_BESIDE = 14
"""Entries that stand beside a plot half as high as wide; more stand below it, in columns."""
_MOST_BESIDE = 0.27
"""Part of the width that they may take there."""
_ENTRY_PX = 19.0
_SAMPLE_PX = 48.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 50.0, 20.0, 8.0, 38.0


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
        return self.width - self.margin["l"] - self.margin["r"]

    @property
    def plot_height(self) -> float:
        return self.height - self.margin["t"] - self.margin["b"]

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
    left: float = _LEFT,
    at_ends: bool = False,
) -> Frame:
    """A frame with room for the names of its lines.

    Args:
        width_mm: Width on paper.
        names: In order; none for a figure without a legend.
        ratio: Height to width, without a legend below.
        height: The same in CSS pixels, in place of ``ratio``.
        left: Room to the left of the plot, CSS pixels.
        at_ends: Names stand at the lines' ends and need room to the right, no legend.
    """
    width = pixels(width_mm)
    height = ratio * width if height is None else height
    widest = max(map(text_width, names), default=0.0)
    margin = {"l": left, "r": _RIGHT, "t": _TOP, "b": _BOTTOM}
    legend: dict[str, Any] | None = None
    look = {
        "traceorder": "normal",
        "itemwidth": 30,
        "bgcolor": "rgba(0,0,0,0)",
        "yanchor": "top",
        "maxheight": 1,
    }
    if at_ends:
        margin["r"] = min(0.4 * width, widest + 22)
    elif 0 < len(names) <= _BESIDE and widest + _SAMPLE_PX <= _MOST_BESIDE * width:
        margin["r"] = widest + _SAMPLE_PX
        legend = look | {"x": 1.0, "xanchor": "left", "y": 1.0, "yanchor": "top"}
    elif names:
        columns = max(1, int((width - left) // (widest + _SAMPLE_PX)))
        below = _ENTRY_PX * math.ceil(len(names) / columns) + 8
        legend = look | {
            "orientation": "h",
            "entrywidth": (width - left - _RIGHT) / columns - _SAMPLE_PX,
            "x": 0.0,
            "xanchor": "left",
            "yanchor": "top",
            "y": -(_BOTTOM + 2) / (height - _TOP - _BOTTOM),
        }
        margin["b"] += below
        height += below
    return Frame(width, round(height), margin, legend)


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
