"""The comparison of a family's runs, on a log axis over all steps and on a linear one over the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.figures.style import (
    LOSS,
    TEXT_PX,
    Figure,
    LineStyle,
    fade,
    layout,
    legend,
    legend_width,
    line_styles,
    loss_axis,
    loss_axis_linear,
    note,
    pixels,
    plain,
    step_axis,
    titled,
    whole,
)
from reportgen.figures.traces import Drawn, band, drawn, extent, line
from reportgen.report import FamilyReport

__all__ = ["MANY_RUNS", "Line", "comparison", "family_linear", "family_log"]

MANY_RUNS = 40
"""With more runs than this lines are muted, bands are left out, and only some lines are named."""

_LEGEND_MOST = 14
"""Entries of a legend beside a plot of half its width; with more lines each is named at its end."""
_ALL_POINTS = 12_000
"""Of all lines of a figure together: what keeps its files small."""
_LABEL_GAP = 12.5
_LABEL_LIMIT = 28


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison: its name, its values, its looks."""

    name: str
    curve: Drawn
    style: LineStyle


def family_log(family: FamilyReport, width_mm: float = 178.0) -> Figure:
    """Smoothed loss over all steps of the longest run, log axis: lines, and bands of the same colour.

    Args:
        family: One run or more.
        width_mm: Width on paper, at which text is 8 pt.
    """
    steps = max(run.summary.curve.steps for run in family.runs)
    x_range = family.spec.x_range or whole(steps)
    return comparison(_lines(family, log=True), x_range, width_mm, y_range=family.spec.y_range, log=True)


def family_linear(family: FamilyReport, width_mm: float = 178.0) -> Figure:
    """Smoothed loss over the first ``linear_steps``, linear axis (see ``family_log``)."""
    steps = max(run.summary.early.steps for run in family.runs)
    return comparison(
        _lines(family, log=False), whole(min(steps, family.spec.linear_steps)), width_mm, log=False
    )


def _lines(family: FamilyReport, *, log: bool) -> list[Line]:
    points = max(50, min(400, _ALL_POINTS // len(family.runs)))
    return [
        Line(run.label, drawn(run.summary.curve if log else run.summary.early, log=log, points=points), style)
        for run, style in zip(family.runs, line_styles(family.runs), strict=True)
    ]


def comparison(
    lines: Sequence[Line],
    x_range: tuple[float, float],
    width_mm: float,
    *,
    log: bool,
    y_range: tuple[float, float] | None = None,
) -> Figure:
    """Lines with their bands, and a legend or names at the lines' ends.

    Args:
        lines: In the legend's order.
        x_range: First and last step.
        width_mm: Width on paper.
        log: Losses on a log axis, else on a linear one.
        y_range: Of losses on the log axis; what the lines need by default.
    """
    width = pixels(width_mm)
    in_legend = len(lines) <= _LEGEND_MOST
    named = len(lines) if len(lines) <= MANY_RUNS else 0
    height = round(min(0.8 * width, max(0.5 * width, 0 if in_legend else named * _LABEL_GAP + 50)))
    names = [plain(one.name, _LABEL_LIMIT) for one in lines]
    margin = {
        "l": 50.0,
        "r": legend_width(names, width) - (0 if in_legend else 26),
        "t": 8.0,
        "b": 38.0,
    }
    plot_width, plot_height = width - margin["l"] - margin["r"], height - margin["t"] - margin["b"]

    values = extent((one.curve for one in lines), x_range)
    if log:
        y_axis = loss_axis(*(values or (0.1, 1.0)), plot_height, y_range)
    else:
        y_axis = loss_axis_linear(*(values or (0.0, 1.0)), plot_height)
    x_axis = step_axis(*x_range, plot_width)
    many = len(lines) > MANY_RUNS
    ends = [] if in_legend else _ends(lines, x_axis["range"], y_axis["range"], plot_width, plot_height, log)
    bold = {end.line for end in ends} if many else set(range(len(lines)))
    opacity = max(0.06, 0.22 - 0.008 * len(lines))
    areas = [] if many else [band(one.curve, one.style.light, opacity) for one in lines]
    muted = [i for i in range(len(lines)) if i not in bold]
    traces = [
        line(
            one.curve,
            one.style.light if i in bold else fade(one.style.light, 0.4),
            width=1.1 if i in bold else 0.6,
            dash=one.style.dash,
            name=names[i],
        )
        for i, one in ((i, lines[i]) for i in (*muted, *sorted(bold)))
    ]
    notes: list[dict[str, Any]] = [] if values else [note("No finite loss to show")]
    return {
        "data": areas + traces,
        "layout": layout(
            width,
            height,
            margin,
            xaxis=titled(x_axis, "Training step"),
            yaxis=titled(y_axis, LOSS),
            showlegend=in_legend,
            legend=legend(),
            annotations=[_label(names[end.line], lines[end.line].style.light, end) for end in ends] + notes,
        ),
    }


@dataclass(frozen=True, slots=True)
class _End:
    """Where a line ends, as shares of the plot, and how many pixels right and down of it its name stands."""

    line: int
    x: float
    y: float
    right: float
    down: float


def _ends(
    lines: Sequence[Line],
    x_range: Sequence[float],
    y_range: Sequence[float],
    width: float,
    height: float,
    log: bool,
) -> list[_End]:
    """Names beside the plot, none over another; of too many lines, evenly many from best to worst."""
    ends: list[tuple[float, float, int]] = []
    for i, one in enumerate(lines):
        inside = np.flatnonzero(np.isfinite(one.curve.mean) & (one.curve.step <= x_range[1]))
        if len(inside):
            value = float(one.curve.mean[inside[-1]])
            y = ((math.log10(value) if log else value) - y_range[0]) / (y_range[1] - y_range[0]) * height
            x = (float(one.curve.step[inside[-1]]) - x_range[0]) / (x_range[1] - x_range[0]) * width
            ends.append((min(max(y, 0.0), height), x, i))
    ends.sort()
    room = int(height // _LABEL_GAP)
    if len(ends) > room:
        ends = [ends[round(k)] for k in np.linspace(0, len(ends) - 1, room)]
    places = _spread([y for y, _, _ in ends], height)
    return [
        _End(i, x / width, y / height, width + 16 - x, y - place)
        for (y, x, i), place in zip(ends, places, strict=True)
    ]


def _spread(wanted: Sequence[float], height: float) -> list[float]:
    """Rising places at least a label apart, within ``height``, near those wanted (rising too)."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + _LABEL_GAP if places else 0.0))
    limit = height
    for i in reversed(range(len(places))):
        places[i] = min(places[i], limit)
        limit = places[i] - _LABEL_GAP
    return places


def _label(name: str, colour: str, end: _End) -> dict[str, Any]:
    """A line's name with a thin line that leads to its end."""
    return {
        "text": name,
        "font": {"color": colour, "size": TEXT_PX},
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
        "arrowcolor": fade(colour, 0.6),
        "standoff": 2,
        "borderpad": 0,
    }
