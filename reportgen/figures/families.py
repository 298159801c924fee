"""The comparison of a family's runs, on a log axis over all steps and on a linear one over the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.figures.axes import LOSS, loss_axis, loss_axis_linear, step_axis, titled, whole
from reportgen.figures.frame import MOST_NAMED, Frame, note, sheet
from reportgen.figures.style import TEXT_PX, Figure, LineStyle, fade, line_styles, plain
from reportgen.figures.traces import Drawn, band, drawn, extent, line
from reportgen.report import FamilyReport
from reportgen.text import told_apart

__all__ = ["Line", "comparison", "family_linear", "family_log"]

_ALL_POINTS = 8_000
"""Of all lines of a figure together: what keeps its files small."""
_LABEL_GAP = 12.5
_LABEL_LIMIT = 28
_NEAR_THE_END = 0.9


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
    return comparison(
        _lines(family, log=True),
        x_range,
        width_mm,
        y_range=family.spec.y_range,
        log=True,
        nothing=_nothing(family, log=True),
    )


def family_linear(family: FamilyReport, width_mm: float = 178.0) -> Figure:
    """Smoothed loss over the first ``linear_steps``, linear axis (see ``family_log``)."""
    steps = max(run.summary.early.steps for run in family.runs)
    return comparison(
        _lines(family, log=False),
        whole(min(steps, family.spec.linear_steps)),
        width_mm,
        log=False,
        nothing=_nothing(family, log=False),
    )


def _nothing(family: FamilyReport, *, log: bool) -> str:
    """What stands in a figure without a line: the caption says why where it is not the losses."""
    greatest = [run.summary.raw.max[np.isfinite(run.summary.raw.max)] for run in family.runs]
    if any((losses > 0).any() if log else len(losses) for losses in greatest):
        return "Nothing to show"
    return "No loss above zero" if log else "No finite loss"


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
    nothing: str,
    y_range: tuple[float, float] | None = None,
) -> Figure:
    """Lines with their bands, and a legend or names at the lines' ends.

    Args:
        lines: In the legend's order.
        x_range: First and last step.
        width_mm: Width on paper.
        log: Losses on a log axis, else on a linear one.
        nothing: What is said where no line has a value.
        y_range: Of losses on the log axis; what the lines need by default.
    """
    many = len(lines) > MOST_NAMED
    names = [plain(name) for name in told_apart([one.name for one in lines], _LABEL_LIMIT)]
    frame = sheet(width_mm, names, at_ends=many)
    values = extent((one.curve for one in lines), x_range)
    if log:
        y_axis = loss_axis(*(values or (0.1, 1.0)), frame.plot_height, y_range)
    else:
        y_axis = loss_axis_linear(*(values or (0.0, 1.0)), frame.plot_height)
    x_axis = step_axis(*x_range, frame.plot_width)
    if many:
        ends = _ends(lines, x_axis["range"], y_axis["range"], frame, log)
        traces = _muted(lines, {end.line for end in ends})
        notes = [_label(names[end.line], lines[end.line].style.light, end) for end in ends]
    else:
        opacity = max(0.06, 0.22 - 0.008 * len(lines))
        traces = [band(one.curve, one.style.light, opacity) for one in lines] + [
            line(one.curve, one.style.light, dash=one.style.dash, name=name)
            for one, name in zip(lines, names, strict=True)
        ]
        notes = []
    return {
        "data": traces,
        "layout": frame.layout(
            xaxis=titled(x_axis, "Training step"),
            yaxis=titled(y_axis, LOSS),
            annotations=notes if values else [note(nothing)],
        ),
    }


def _muted(lines: Sequence[Line], named: set[int]) -> list[dict[str, Any]]:
    """Thin lines, those with a name on top."""
    order = sorted(range(len(lines)), key=lambda i: i in named)
    return [
        line(
            lines[i].curve,
            fade(lines[i].style.light, 0.9 if i in named else 0.35),
            width=0.9 if i in named else 0.5,
        )
        for i in order
    ]


@dataclass(frozen=True, slots=True)
class _End:
    """Where a line ends, as shares of the plot, and how many pixels right and down of it its name stands."""

    line: int
    x: float
    y: float
    right: float
    down: float


def _ends(
    lines: Sequence[Line], x_range: Sequence[float], y_range: Sequence[float], frame: Frame, log: bool
) -> list[_End]:
    """Names beside the plot, none over another; of too many lines, evenly many from best to worst.

    Lines that end long before the others are left without a name: what led to it would cross the rest.
    """
    found: list[tuple[float, float, int]] = []
    for i, one in enumerate(lines):
        inside = np.flatnonzero(np.isfinite(one.curve.mean) & (one.curve.step <= x_range[1]))
        if len(inside):
            value = float(one.curve.mean[inside[-1]])
            y = ((math.log10(value) if log else value) - y_range[0]) / (y_range[1] - y_range[0])
            x = (float(one.curve.step[inside[-1]]) - x_range[0]) / (x_range[1] - x_range[0])
            found.append((min(max(y, 0.0), 1.0), x, i))
    furthest = max((x for _, x, _ in found), default=0.0)
    ends = sorted(end for end in found if end[1] >= _NEAR_THE_END * furthest)
    room = int(frame.plot_height // _LABEL_GAP)
    if len(ends) > room:
        ends = [ends[round(k)] for k in np.linspace(0, len(ends) - 1, room)]
    places = _spread([y * frame.plot_height for y, _, _ in ends], frame.plot_height)
    return [
        _End(i, x, y, (1 - x) * frame.plot_width + 16, y * frame.plot_height - place)
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
