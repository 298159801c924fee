"""Figures of effects on paper: panels of points and heat maps, as plain Plotly data.

``templates/page/effects.js`` draws the same on the page. Heat maps are rectangles and words: the bundle of
plotly.js that a page carries has no other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.figures.axes import categories_axis, plotly_axis, titled
from reportgen.figures.frame import layout, note, pixels, wrapped
from reportgen.figures.plot import Axis, Effects, Panel, Spot
from reportgen.figures.style import INK, TEXT_PX, Figure, fade, plain, plain_array, text_width
from reportgen.text import told_apart

__all__ = ["SHADES", "draw_effects", "shade_colour"]

SHADES = {
    "light": ("#f1f5fa", "#a9c8e4", "#2a6fae"),
    "dark": ("#262b31", "#35608c", "#86c1f2"),
}
"""Colours of a heat map from its worse to its better end, on white and on a dark page: one hue, whose
lightness goes one way, so grey print and every eye keep the order."""

_LINE = 1.3
_NAME_LIMIT = 36
_GAP = 18.0
_LEAST_WIDTH = 170.0
"""Of a panel of points, CSS pixels; more stand below each other."""
_ROW = 20.0
_MOST_ROWS_SHARE = 0.4
"""Part of a panel that names of its rows may take."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Room around and inside a panel, CSS pixels."""

    left: float
    right: float
    top: float
    bottom: float
    height: float


def draw_effects(
    shown: Effects, width_mm: float = 178.0, *, font_pt: float = 8.0, ratio: float = 0.5
) -> Figure:
    """The figure for paper.

    Args:
        shown: What it shows.
        width_mm: Width on paper, at which text is ``font_pt`` high.
        font_pt: Size of the text.
        ratio: Height to width of a figure of one panel of points.
    """
    text_px = font_pt * 96 / 72
    width = float(pixels(width_mm))
    columns = _columns(shown, width, text_px)
    cell = (width - (columns - 1) * _GAP) / columns
    sizes = [_sizes(shown, panel, cell, text_px, ratio) for panel in shown.panels]
    tops, height = [], 0.0
    for start in range(0, len(sizes), columns):
        tops += [height] * len(sizes[start : start + columns])
        height += max(one.top + one.height + one.bottom for one in sizes[start : start + columns]) + 6
    data: list[dict[str, Any]] = []
    fields: dict[str, Any] = {"shapes": [], "annotations": []}
    for at, (panel, size, top) in enumerate(zip(shown.panels, sizes, tops, strict=True)):
        left = (at % columns) * (cell + _GAP)
        box = (left + size.left, top + size.top, cell - size.left - size.right, size.height)
        number = "" if at == 0 else str(at + 1)
        x, y = _axes(shown, panel, box, text_px)
        across = [box[0] / width, (box[0] + box[2]) / width]
        upright = [1 - (box[1] + box[3]) / height, 1 - box[1] / height]
        fields[f"xaxis{number}"] = x | {"domain": across, "anchor": f"y{number}"}
        fields[f"yaxis{number}"] = y | {"domain": upright, "anchor": f"x{number}"}
        own = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        data += [trace | own for trace in _traces(shown, panel)]
        if panel.kind == "map":
            fields["shapes"] += _cells(panel, number)
            fields["annotations"] += _texts(panel, number, box, text_px)
        elif not any(spot.values for spot in panel.spots):
            fields["annotations"].append(note(shown.nothing, f"x{number}", f"y{number}"))
        if panel.name:
            fields["annotations"].append(_name(panel, box, width, height))
    margin = {"l": 0.0, "r": 0.0, "t": 0.0, "b": 0.0}
    return {"data": data, "layout": layout(round(width), round(height), margin, text_px=text_px, **fields)}


def shade_colour(shade: float, theme: str = "light") -> str:
    """The colour of a cell: 0 is the worse end, 1 the better."""
    stops = [tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5)) for colour in SHADES[theme]]
    place = min(max(shade, 0.0), 1.0) * (len(stops) - 1)
    left = min(int(place), len(stops) - 2)
    part = place - left
    ends = zip(stops[left], stops[left + 1], strict=True)
    return "#" + "".join(f"{round(one + part * (other - one)):02x}" for one, other in ends)


def _columns(shown: Effects, width: float, text_px: float) -> int:
    """How many panels stand side by side."""
    count = len(shown.panels)
    for columns in range(min(count, 4), 1, -1):
        cell = (width - (columns - 1) * _GAP) / columns
        if all(_fits(panel, cell, text_px) for panel in shown.panels):
            return columns
    return 1


def _fits(panel: Panel, cell: float, text_px: float) -> bool:
    if panel.kind != "map":
        return cell >= _LEAST_WIDTH * text_px / TEXT_PX * 1.15
    room = cell - _rows_room(panel, text_px) - 4
    return room / max(1, len(panel.ticks)) >= _widest(panel, text_px) + 6


def _widest(panel: Panel, text_px: float) -> float:
    """Of all words in a heat map's cells and over its columns."""
    texts = [text for spot in panel.spots for text in spot.texts if text]
    return max(text_width(text, text_px) for text in (*texts, *(name for _, name in panel.ticks)))


def _row_names(panel: Panel) -> Sequence[str]:
    names = panel.rows if panel.kind == "map" else [name for _, name in panel.ticks]
    return [plain(name) for name in told_apart(names, _NAME_LIMIT)]


def _rows_room(panel: Panel, text_px: float) -> float:
    """Left of a panel whose rows have names."""
    title = _LINE * text_px + 2 if panel.kind == "map" or panel.title else 0.0
    return max((text_width(name, text_px) for name in _row_names(panel)), default=0.0) + 11 + title


def _sizes(shown: Effects, panel: Panel, cell: float, text_px: float, ratio: float) -> _Sizes:
    line = _LINE * text_px
    top = line + 6 if panel.name else max(8.0, 0.7 * text_px)
    bottom = 2 * line + 12
    if panel.kind == "map":
        lines = 3 if any(spot.texts[1] for spot in panel.spots) else 2
        height = len(panel.rows) * (lines * 1.15 * text_px + 10)
        return _Sizes(_rows_room(panel, text_px), 4.0, top, bottom, height)
    if panel.kind == "category":
        height = _ROW * text_px / TEXT_PX * len(panel.ticks) + 12
        left = min(_rows_room(panel, text_px), _MOST_ROWS_SHARE * cell + line)
        return _Sizes(left, 10.0, top, bottom, height)
    height = max(ratio * cell, 140.0) - top - bottom
    texts = plotly_axis(shown.y, height, gap_px=22 * text_px / TEXT_PX)["ticktext"]
    left = max((text_width(text, text_px) for text in texts), default=0.0) + 12 + line
    last = panel.ticks[-1][1] if panel.ticks else "0.000"
    return _Sizes(left, max(8.0, 0.5 * text_width(plain(last), text_px)), top, bottom, height)


def _axes(
    shown: Effects, panel: Panel, box: tuple[float, float, float, float], text_px: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Across and upright."""
    _, _, width, height = box
    title = wrapped(plain(panel.title), width, text_px)
    if panel.kind == "map":
        names = [name for _, name in panel.ticks]
        across = categories_axis([plain(name) for name in told_apart(names, _NAME_LIMIT)]) | {"ticks": ""}
        down = categories_axis(_row_names(panel), rows=True) | {"showgrid": False}
        look = {"showline": False}
        return (
            titled(across | look, title, text_px),
            titled(down | look, wrapped(plain(panel.rows_title), height, text_px), text_px),
        )
    if panel.kind == "category":
        values = plotly_axis(shown.y, width, gap_px=46 * text_px / TEXT_PX)
        rows = categories_axis(_row_names(panel), rows=True)
        return (
            titled(values, wrapped(shown.y.title, width, text_px), text_px),
            titled(rows, wrapped(plain(panel.title), height, text_px), text_px),
        )
    upright = plotly_axis(shown.y, height, gap_px=22 * text_px / TEXT_PX)
    across = plotly_axis(
        Axis(panel.title, "log" if panel.log else "linear", {"log" if panel.log else "linear": panel.range}),
        width,
        gap_px=46 * text_px / TEXT_PX,
        grid=False,
    )
    if panel.ticks:
        kept = _apart(panel, width, text_px)
        across |= {"tickvals": [place for place, _ in kept], "ticktext": [plain(name) for _, name in kept]}
    return (
        titled(across, title, text_px),
        titled(upright, wrapped(shown.y.title, height, text_px), text_px),
    )


def _apart(panel: Panel, width: float, text_px: float) -> list[tuple[float, str]]:
    """Ticks whose names do not touch, the first and as many of the others as there is room for."""
    ends = [math.log10(end) if panel.log else end for end in panel.range]
    kept: list[tuple[float, str]] = []
    free = -math.inf
    for place, name in panel.ticks:
        at = (math.log10(place) if panel.log else place) - ends[0]
        middle, half = at / (ends[1] - ends[0]) * width, 0.5 * text_width(plain(name), text_px)
        if middle - half >= free:
            kept.append((place, name))
            free = middle + half + 8
    return kept


def _traces(shown: Effects, panel: Panel) -> list[dict[str, Any]]:
    if panel.kind == "map":
        # Plotly draws no axes where there is no trace.
        return [{"type": "scatter", "x": [0], "y": [None], "mode": "lines", "hoverinfo": "skip"}]
    lying = panel.kind == "category"
    colour = shown.style.light
    common = {"type": "scatter", "hoverinfo": "skip", "showlegend": False}
    several = panel.means
    runs = [(spot.place, value) for spot in panel.spots for value in spot.values]
    traces = [
        common
        | _at([place for place, _ in runs], [value for _, value in runs], lying=lying)
        | {
            "mode": "markers",
            "marker": {"color": fade(colour, 0.4 if several else 0.95), "size": 4.5 if several else 6.5},
        }
    ]
    means = [spot for spot in panel.spots if spot.mean is not None]
    if panel.joined:
        traces.insert(
            0,
            common
            | _at([spot.place for spot in means], [_mean(spot) for spot in means], lying=lying)
            | {"mode": "lines", "line": {"color": fade(colour, 0.55), "width": 1.0}},
        )
    if several:
        traces.append(
            common
            | _at([spot.place for spot in means], [_mean(spot) for spot in means], lying=lying)
            | {"mode": "markers", "marker": {"color": INK, "size": 6.5, "symbol": "diamond"}}
            | {"error_x" if lying else "error_y": _errors(means)}
        )
    if lost := [spot.place for spot in panel.spots if len(spot.values) < spot.of]:
        traces.append(
            common
            | _at(lost, [_worse(shown)] * len(lost), lying=lying)
            | {
                "mode": "markers",
                "cliponaxis": False,
                "marker": {"color": INK, "size": 6, "symbol": "x-thin", "line": {"width": 1.2, "color": INK}},
            }
        )
    return traces


def _at(places: Sequence[float], values: Sequence[float], *, lying: bool) -> dict[str, Any]:
    first, second = plain_array([float(place) for place in places]), plain_array(values)
    return {"x": second, "y": first} if lying else {"x": first, "y": second}


def _mean(spot: Spot) -> float:
    assert spot.mean is not None
    return spot.mean


def _errors(spots: Sequence[Spot]) -> dict[str, Any]:
    """Intervals as Plotly's error bars; none where a spot has none."""
    ends = [spot.interval or (_mean(spot), _mean(spot)) for spot in spots]
    return {
        "type": "data",
        "symmetric": False,
        "array": plain_array([high - _mean(spot) for (_, high), spot in zip(ends, spots, strict=True)]),
        "arrayminus": plain_array([_mean(spot) - low for (low, _), spot in zip(ends, spots, strict=True)]),
        "color": INK,
        "thickness": 1.0,
        "width": 2.5,
    }


def _worse(shown: Effects) -> float:
    """The edge of the axis of values where runs without one are marked."""
    return shown.y.range[0 if shown.higher else 1]


def _cells(panel: Panel, number: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "rect",
            "layer": "below",
            "xref": f"x{number}",
            "yref": f"y{number}",
            "x0": spot.place - 0.48,
            "x1": spot.place + 0.48,
            "y0": spot.row - 0.46,
            "y1": spot.row + 0.46,
            "line": {"width": 0.75 if spot.shade is None else 0, "color": "#b9b9b9"},
            "fillcolor": "#ffffff" if spot.shade is None else shade_colour(spot.shade),
        }
        for spot in panel.spots
    ]


def _texts(
    panel: Panel, number: str, box: tuple[float, float, float, float], text_px: float
) -> list[dict[str, Any]]:
    """What stands in the cells: the mean, and spread and number of runs where there is room for them."""
    room = box[2] / max(1, len(panel.ticks)) * 0.96 - 2
    found = []
    for spot in panel.spots:
        lines = [text for text in spot.texts if text and text_width(text, text_px) <= room]
        if not lines:
            continue
        lines[0] = f"<b>{lines[0]}</b>" if lines[0] == spot.texts[0] else lines[0]
        found.append(
            {
                "text": "<br>".join(lines),
                "xref": f"x{number}",
                "yref": f"y{number}",
                "x": spot.place,
                "y": spot.row,
                "showarrow": False,
                "borderpad": 0,
                "font": {"size": text_px, "color": _readable(spot)},
            }
        )
    return found


def _readable(spot: Spot) -> str:
    """Ink or white, whichever is further from the cell's colour (WCAG's contrast)."""
    if spot.shade is None:
        return INK
    colour = shade_colour(spot.shade)
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return INK if (light + 0.05) / 0.06 > 1.05 / (light + 0.05) else "#ffffff"


def _name(
    panel: Panel, box: tuple[float, float, float, float], width: float, height: float
) -> dict[str, Any]:
    return {
        "text": plain(panel.name, 60),
        "font": {"weight": 600},
        "xref": "paper",
        "yref": "paper",
        "x": box[0] / width,
        "y": 1 - box[1] / height,
        "yshift": 2,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "borderpad": 0,
    }
