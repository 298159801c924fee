"""Plots -> figures for paper, as plain Plotly data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.figures.axes import plotly_axis, titled
from reportgen.figures.evaluations import evaluation_trace
from reportgen.figures.frame import Frame, fitting, note, pixels, sheet, wrapped
from reportgen.figures.panels import draw_effects
from reportgen.figures.plot import Axis, Effects, Line, Plot
from reportgen.figures.scales import positions
from reportgen.figures.style import MOST_NAMED, TEXT_PX, Figure, fade, plain, plain_array
from reportgen.figures.traces import Drawn, band, joined, line, lone, spike_lines, thinned
from reportgen.text import told_apart

__all__ = ["draw", "lines_shown", "nothing", "traces_of"]

_ALL_POINTS = 8_000
"""Of all lines of a figure together: what keeps its files small."""
_LABEL_GAP = 1.18
"""Heights of text between the names of two lines."""
_NEAR_THE_END = 0.9
X_TICK_PX = 56.0
Y_TICK_PX = 22.0
_RAW = "#9aa7b4"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A line as it is drawn."""

    line: Line
    curve: Drawn
    place: Any


def draw(
    plot: Plot | Effects, width_mm: float = 178.0, *, font_pt: float = 8.0, ratio: float = 0.5
) -> Figure:
    """A figure with a legend, or with names at the lines' ends where they are many.

    Args:
        plot: What it shows.
        width_mm: Width on paper, at which text is ``font_pt`` high.
        font_pt: Size of the text.
        ratio: Height to width, without what a legend below needs.
    """
    if isinstance(plot, Effects):
        return draw_effects(plot, width_mm, font_pt=font_pt, ratio=ratio)
    text_px = font_pt * 96 / 72
    front = [one for one in plot.lines if not one.behind]
    at_ends = len(front) > MOST_NAMED
    room = (0.4 if at_ends else 1.0) * pixels(width_mm)
    names = [] if plot.raw else [plain(name) for name in fitting(_names_of(front), room, text_px)]
    title = plot.titles.get(plot.x.scale, plot.x.title)
    # Twice: the ticks need room, and the room decides on the ticks.
    width, height = 0.8 * room, 0.8 * ratio * room
    for _ in range(2):
        x_axis = plotly_axis(plot.x, width, gap_px=X_TICK_PX * text_px / TEXT_PX, grid=plot.marks)
        y_axis = plotly_axis(plot.y, height, gap_px=Y_TICK_PX * text_px / TEXT_PX)
        frame = sheet(
            width_mm,
            names,
            ratio=ratio,
            at_ends=at_ends,
            text_px=text_px,
            ticks=y_axis["ticktext"],
            x_ticks=x_axis["ticktext"],
            x_title=title,
            y_title=plot.y.title,
        )
        width, height = frame.plot_width, frame.plot_height
    shown = lines_shown(plot, max(50, min(400, _ALL_POINTS // max(1, len(plot.lines)))))
    traces, empty = traces_of(plot, shown, names, frame, at_ends=at_ends)
    notes: list[Mapping[str, Any]] = [note(plot.nothing)] if empty else []
    if at_ends and not empty:
        notes = _names_at_ends(plot, shown, names, frame, text_px)
    return {
        "data": traces or [nothing()],
        "layout": frame.layout(
            text_px=text_px,
            xaxis=titled(x_axis, wrapped(title, width, text_px), text_px),
            yaxis=titled(y_axis, wrapped(plot.y.title, height, text_px), text_px),
            annotations=notes,
        ),
    }


def _names_of(lines: Sequence[Line]) -> Callable[[int], Sequence[str]]:
    return lambda limit: told_apart([one.label for one in lines], limit)


def nothing() -> dict[str, Any]:
    """A trace without a mark: Plotly draws no axes where there is no trace."""
    return {"type": "scatter", "x": [0], "y": [None], "mode": "lines", "hoverinfo": "skip"}


def lines_shown(plot: Plot, points: int) -> list[_Shown]:
    """The lines on the axes that the plot opens with, with no more points than paper shows."""
    found = []
    for one in plot.lines:
        curve = joined(one.fine, one.curve) if plot.x.scale == "log" else one.curve
        place = positions(curve.step, plot.x.scale, one.last)
        if plot.marks or plot.x.ticks is not None:
            found.append(_Shown(one, curve, place))
            continue
        on_axis = np.log10(place) if plot.x.scale == "log" else place
        low, high = plot.x.range
        inside = _inside(place, low, high)
        kept = thinned(curve, np.where(inside, on_axis, np.nan), log=plot.y.scale == "log", points=points)
        found.append(_Shown(one, kept, positions(kept.step, plot.x.scale, one.last)))
    return found


def _inside(place: Any, low: float, high: float) -> Any:
    """Places on the axis, and the next ones on either side: a line goes on to the edge."""
    inside = (place >= low) & (place <= high)
    return inside | np.append(inside[1:], False) | np.append(False, inside[:-1])


def traces_of(
    plot: Plot,
    shown: Sequence[_Shown],
    names: Sequence[str],
    frame: Frame | None = None,
    *,
    at_ends: bool = False,
) -> tuple[list[dict[str, Any]], bool]:
    """Traces of lines, bands, spikes and of what goes beyond the edge; whether there is nothing to see."""
    if not any(_has_values(plot, one) for one in shown):
        return [], True
    front = [one for one in shown if not one.line.behind]
    behind = [one for one in shown if one.line.behind]
    traces = [line(one.curve, one.place, fade(_RAW, 0.35), width=0.4, showlegend=False) for one in behind]
    if plot.raw:
        traces += [*_raw_traces(front[0]), *_evaluations(plot, front)]
    elif at_ends and frame is not None:
        named = {end.place for end in _ends(plot, front, frame, TEXT_PX)}
        order = sorted(range(len(front)), key=lambda i: i in named)
        traces += [
            line(
                front[i].curve,
                front[i].place,
                fade(front[i].line.style.light, 0.9 if i in named else 0.35),
                width=0.9 if i in named else 0.5,
            )
            for i in order
        ]
    else:
        if plot.bands == "all":
            opacity = max(0.1, 0.24 - 0.03 * len(front))
            for one in front:
                traces.append(band(one.curve, one.place, one.line.style.light, opacity))
                traces += _spikes(plot, one)
        traces += _evaluations(plot, front)
        for one, name in zip(front, names, strict=True):
            traces.append(_line_trace(plot, one, name))
    return [*traces, *_beyond(plot, front)], False


def _line_trace(plot: Plot, one: _Shown, name: str) -> dict[str, Any]:
    style = one.line.style
    if not plot.marks:
        return line(one.curve, one.place, style.light, dash=style.dash, name=name)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": plain_array(one.place),
        "y": plain_array(one.curve.mean),
        "line": {"color": style.light, "width": 1.0, "dash": style.dash},
        "marker": {"color": style.light, "size": 5, "symbol": style.mark},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _raw_traces(one: _Shown) -> list[dict[str, Any]]:
    curve, colour = one.curve, one.line.style.light
    if not np.isfinite(curve.low).any():
        return []
    # A band of single losses has no area, and would not be seen.
    if np.array_equal(curve.low, curve.high, equal_nan=True):
        alone = not np.isfinite(curve.mean).any() or np.array_equal(curve.mean, curve.low, equal_nan=True)
        losses = line(
            Drawn(curve.step, curve.low, curve.low, curve.low),
            one.place,
            colour if alone else _RAW,
            width=0.7,
        )
        return [losses] if alone else [losses, line(curve, one.place, colour)]
    return [band(curve, one.place, _RAW, 0.75), *lone(curve, one.place, _RAW), line(curve, one.place, colour)]


def _evaluations(plot: Plot, shown: Sequence[_Shown]) -> list[dict[str, Any]]:
    """Points of the lines that have evaluations."""
    found = []
    for one in shown:
        if one.line.evaluation is None:
            continue
        place = positions(one.line.evaluation.step, plot.x.scale, one.line.last)
        found.append(evaluation_trace(one.line.evaluation, place, one.line.style.light))
    return found


def _spikes(plot: Plot, one: _Shown) -> list[dict[str, Any]]:
    spikes = np.array(one.line.spikes, dtype=np.float64).reshape(-1, 2)
    there = np.isfinite(one.curve.mean)
    if not len(spikes) or not there.any():
        return []
    foot = np.interp(spikes[:, 0], one.curve.step[there], one.curve.mean[there])
    place = positions(spikes[:, 0], plot.x.scale, one.line.last)
    return [spike_lines(place, foot, spikes[:, 1], one.line.style.light)]


def _has_values(plot: Plot, one: _Shown) -> bool:
    low, high = plot.x.range
    values = np.where(np.isfinite(one.curve.mean), one.curve.mean, one.curve.high)
    seen = np.isfinite(values) & (one.place >= low) & (one.place <= high)
    return bool((seen & ((values > 0) | (plot.y.scale != "log"))).any())


def _beyond(plot: Plot, shown: Sequence[_Shown]) -> list[dict[str, Any]]:
    """A mark at the edge where a line leaves the range of the axis: what is beyond is clipped."""
    low, high = plot.y.range
    start, stop = plot.x.range
    marks: list[tuple[float, float, str, str]] = []
    taken: set[tuple[int, bool]] = set()
    for one in shown:
        values = one.curve.mean
        seen = np.isfinite(values) & (one.place >= start) & (one.place <= stop)
        for above, outside in ((True, seen & (values > high)), (False, seen & (values < low))):
            edges = np.flatnonzero(np.diff(np.concatenate(([False], outside, [False]))))
            for first, end in zip(edges[::2], edges[1::2], strict=True):
                part = slice(first, end)
                furthest = first + int(np.argmax(values[part]) if above else np.argmin(values[part]))
                # A line that begins or ends beyond is marked where it crosses the edge.
                at = end - 1 if first == 0 or not seen[:first].any() else furthest
                at = first if end == len(values) and at == furthest else at
                place = float(one.place[at])
                share = (
                    math.log(place / start) / math.log(stop / start)
                    if plot.x.scale == "log"
                    else (place - start) / (stop - start)
                )
                spot = (round(60 * share), above)
                if spot not in taken:
                    taken.add(spot)
                    marks.append(
                        (
                            place,
                            high if above else low,
                            "triangle-up" if above else "triangle-down",
                            one.line.style.light,
                        )
                    )
    if not marks:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [mark[0] for mark in marks],
            "y": [mark[1] for mark in marks],
            "marker": {
                "symbol": [mark[2] for mark in marks],
                "color": [mark[3] for mark in marks],
                "size": 5,
            },
            "cliponaxis": False,
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]


@dataclass(frozen=True, slots=True)
class _End:
    """Where a line ends, as shares of the plot, and how many pixels right and down of it its name stands."""

    place: int
    x: float
    y: float
    right: float
    down: float


def _ends(plot: Plot, shown: Sequence[_Shown], frame: Frame, text_px: float) -> list[_End]:
    """Names beside the plot, none over another; of too many lines, evenly many from lowest to highest.

    Lines that end long before the others are left without a name: what led to it would cross the rest.
    """
    x_of, y_of = _share(plot.x), _share(plot.y)
    found: list[tuple[float, float, int]] = []
    for i, one in enumerate(shown):
        inside = np.flatnonzero(np.isfinite(one.curve.mean) & (one.place <= plot.x.range[1]))
        if len(inside):
            y, x = y_of(float(one.curve.mean[inside[-1]])), x_of(float(one.place[inside[-1]]))
            found.append((min(max(y, 0.0), 1.0), x, i))
    furthest = max((x for _, x, _ in found), default=0.0)
    ends = sorted(end for end in found if end[1] >= _NEAR_THE_END * furthest)
    gap = _LABEL_GAP * text_px
    room = int(frame.plot_height // gap)
    if len(ends) > room:
        ends = [ends[round(k)] for k in np.linspace(0, len(ends) - 1, room)]
    places = _spread([y * frame.plot_height for y, _, _ in ends], frame.plot_height, gap)
    return [
        _End(i, x, y, (1 - x) * frame.plot_width + 16, y * frame.plot_height - place)
        for (y, x, i), place in zip(ends, places, strict=True)
    ]


def _share(axis: Axis) -> Any:
    low, high = axis.range
    if axis.scale == "log":
        low, high = math.log10(low), math.log10(high)
        return lambda value: (math.log10(max(value, 1e-320)) - low) / (high - low)
    return lambda value: (value - low) / (high - low)


def _spread(wanted: Sequence[float], height: float, gap: float) -> list[float]:
    """Rising places at least ``gap`` apart, within ``height``, near those wanted (rising too)."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + gap if places else 0.0))
    limit = height
    for i in reversed(range(len(places))):
        places[i] = min(places[i], limit)
        limit = places[i] - gap
    return places


def _names_at_ends(
    plot: Plot, shown: Sequence[_Shown], names: Sequence[str], frame: Frame, text_px: float
) -> list[Mapping[str, Any]]:
    """Lines' names with thin lines that lead to their ends."""
    front = [one for one in shown if not one.line.behind]
    return [
        {
            "text": names[end.place],
            "font": {"color": front[end.place].line.style.light, "size": text_px},
            "xref": "x domain",
            "yref": "y domain",
            "x": end.x,
            "y": end.y,
            "ax": end.right,
            "ay": end.down,
            "xanchor": "left",
            "showarrow": True,
            "arrowhead": 0,
            "arrowwidth": 0.5,
            "arrowcolor": fade(front[end.place].line.style.light, 0.6),
            "standoff": 2,
            "borderpad": 0,
        }
        for end in _ends(plot, front, frame, text_px)
    ]
