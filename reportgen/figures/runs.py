"""Single runs: raw losses with the smoothed line on top, one figure a run or many runs in one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen.figures.axes import plotly_axis
from reportgen.figures.clocks import clocks_of, with_clocks
from reportgen.figures.draw import lines_shown, nothing, traces_of
from reportgen.figures.evaluations import evaluated, evaluation_title, with_evaluations
from reportgen.figures.families import diverged, run_line, value_title
from reportgen.figures.frame import layout, note, pixels
from reportgen.figures.plot import Axis, Line, Plot, Range
from reportgen.figures.scales import counting, step_ranges, value_ranges
from reportgen.figures.style import INK, Figure, LineStyle, category, plain
from reportgen.figures.traces import Drawn
from reportgen.figures.vocabulary import step_title
from reportgen.kinds import FloatArray
from reportgen.report import FamilyReport, RunReport, step_unit

__all__ = ["PRINTED_EVENTS", "panels_axis", "panels_scale", "run_early", "run_panels", "run_whole"]

PRINTED_EVENTS = {"drop": ("triangle-down", "▼"), "divergence": ("x", "×")}
"""What is marked in small multiples, as Plotly and as text marks it; spikes are many, plateaus are seen."""
_NOTHING = {"linear": "No finite loss", "log": "No loss above zero"}
_PANEL_TEXT_PX = 7 * 96 / 72
_PANEL_POINTS = 200
_ALL = 10**9


def run_whole(
    family: FamilyReport, run: RunReport, *, log: bool | None = None, smooth: Line | None = None
) -> Plot:
    """All steps of a run: the range of its raw losses, the smoothed line on top.

    Args:
        family: Its family.
        run: The run.
        log: Whether values are on a log axis; what they need by default.
        smooth: Its smoothed line, where that is at hand.
    """
    raw = run.summary.raw
    smooth = smooth or run_line(run, category(0), run.label)
    mean = np.interp(raw.step, smooth.curve.step, smooth.curve.mean)
    whole = bool(raw.step[-1] + 1 == raw.steps)
    curve = Drawn(raw.step, mean, raw.min, raw.max, whole=whole)
    return _plot(family, run, curve, smooth.curve, early=False, log=log)


def run_early(family: FamilyReport, run: RunReport, *, points: int | None = None) -> Plot:
    """The raw losses of a run's first steps.

    Args:
        family: Its family.
        run: The run.
        points: Of more losses the ranges of so many parts are kept.
    """
    losses = run.summary.raw_early
    finite = np.where(np.isfinite(losses), losses, np.nan)
    step = run.summary.raw_early_step
    curve = Drawn(step, finite, finite, finite, whole=True)
    if points is not None and len(finite) > points:
        kept = (np.arange(points) * (len(finite) - 1) + (points - 1) // 2) // (points - 1)
        starts = np.concatenate(([0], (kept[:-1] + kept[1:]) // 2 + 1))
        low, high = np.fmin.reduceat(finite, starts), np.fmax.reduceat(finite, starts)
        curve = Drawn(step[kept], np.full(points, np.nan), low, high, whole=True)
    return _plot(family, run, curve, curve, early=True, log=False)


def _plot(
    family: FamilyReport, run: RunReport, curve: Drawn, smooth: Drawn, *, early: bool, log: bool | None
) -> Plot:
    style = category(0)
    line = Line(
        run.slug,
        run.label,
        run.label,
        curve,
        LineStyle(style.light, style.dark),
        counts=not diverged(run),
        clocks=clocks_of(run.summary.curve),
        events=run.summary.events,
    )
    line = line if early else evaluated(line, run)
    (line,), clock_ranges, clock_titles = with_clocks([line], step_unit([run]))
    calm = line
    if run.summary.metrics.spikes and not early:  # a few losses a thousand times the others do not count
        high = np.interp(curve.step, smooth.step, smooth.high)
        calm = replace(line, curve=replace(curve, high=np.fmin(high, curve.high)))
    y = value_ranges(with_evaluations([calm]), settled=not early, bands=True)
    scale = next(iter(y)) if log is None else "log" if log else "linear"
    y.setdefault(scale, (0.1, 1.0))
    x = {**step_ranges([line]), **clock_ranges}
    words = ("Loss", "", "") if early else ("Smoothed loss", "Minimum loss", "Maximum loss")
    return Plot(
        (line,),
        Axis(step_title(step_unit([run])), "step", x, whole=True),
        Axis(value_title(family), scale, y),
        "all",
        words,
        _NOTHING[scale],
        raw=True,
        titles={
            "step": step_title(step_unit([run])),
            "log": step_title(step_unit([run])),
            "share": "Share of the run",
            **clock_titles,
        },
        evaluation="" if line.evaluation is None else evaluation_title([run]),
    )


def run_panels(
    family: FamilyReport,
    runs: Sequence[RunReport],
    axis: tuple[str, Range] | None = None,
    width_mm: float = 178.0,
) -> Figure:
    """Small multiples: for each run its first raw losses and all its steps, two runs a row.

    All axes of all steps share one scale, so that runs compare at a glance.

    Args:
        family: Theirs.
        runs: Those of one figure, two or a few more.
        axis: The scale and its range (``panels_axis``); what ``runs`` need by default.
        width_mm: Width on paper, at which text is 7 pt.
    """
    width = pixels(width_mm)
    columns = 2
    rows = -(-len(runs) // columns)
    left, gap, between, right = 36.0, 34.0, 52.0, 16.0
    title, plot_height, below = 19.0, 78.0, 21.0
    height = round(rows * (title + plot_height + below))
    cell = (width - left - right - between) / 2
    early_width = round(0.3 * (cell - gap))
    whole_width = cell - gap - early_width

    wholes = [run_whole(family, run) for run in runs]
    shared = axis or _shared([plot.lines[0] for plot in wholes])
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    notes: list[dict[str, Any]] = []
    for i, run in enumerate(runs):
        row, column = divmod(i, columns)
        start = left + column * (cell + between)
        top = row * (title + plot_height + below) + title
        vertical = [1 - (top + plot_height) / height, 1 - top / height]
        early = _thinned_raw(run_early(family, run))
        whole = _on(wholes[i], shared)
        for half, (plot, place, size) in enumerate(
            ((early, start, early_width), (whole, start + early_width + gap, whole_width))
        ):
            number = 2 * i + half + 1
            suffix = "" if number == 1 else str(number)
            horizontal = [place / width, (place + size) / width]
            x_axis = plotly_axis(plot.x, size, gap_px=44, grid=False)
            y_axis = plotly_axis(plot.y, plot_height, gap_px=19)
            axes[f"xaxis{suffix}"] = x_axis | {"domain": horizontal, "anchor": f"y{suffix}"}
            axes[f"yaxis{suffix}"] = y_axis | {"domain": vertical, "anchor": f"x{suffix}"}
            traces, empty = traces_of(plot, lines_shown(plot, _PANEL_POINTS if half else _ALL), [])
            if half and not empty:
                traces += _events(run, wholes[i].lines[0].curve, shared)
            data += [
                trace | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"} for trace in traces or [nothing()]
            ]
            if empty:
                notes.append(note(plot.nothing, f"x{suffix}", f"y{suffix}"))
        notes.append(
            {
                "text": plain(run.label, 48),
                "font": {"weight": 600},
                "xref": "paper",
                "yref": "paper",
                "x": start / width,
                "y": vertical[1],
                "yshift": 2,
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "borderpad": 0,
            }
        )
    empty_margin = {"l": 0.0, "r": 0.0, "t": 0.0, "b": 0.0}
    return {
        "data": data,
        "layout": layout(width, height, empty_margin, text_px=_PANEL_TEXT_PX, annotations=notes, **axes),
    }


def _events(run: RunReport, curve: Drawn, shared: tuple[str, Range]) -> list[dict[str, Any]]:
    """Marks of the drops of a run and of where it diverged, within the range that is drawn."""
    _, (low, high) = shared
    levels = curve.mean[np.isfinite(curve.mean)]
    traces = []
    for kind, (symbol, _) in PRINTED_EVENTS.items():
        found = [event for event in run.summary.events if event.kind == kind]
        at = [
            math.sqrt(event.before * event.after)
            if event.before and event.after
            else float(np.interp(event.step, curve.step[np.isfinite(curve.mean)], levels))
            for event in found
            if len(levels)
        ]
        if at:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [event.step for event in found],
                    "y": [min(max(value, low), high) for value in at],
                    "marker": {"symbol": symbol, "size": 4, "color": INK},
                    "cliponaxis": False,
                    "showlegend": False,
                }
            )
    return traces


def panels_axis(family: FamilyReport) -> tuple[str, Range]:
    """The scale that all steps of a family's runs share, and its range: of those that did not diverge."""
    return _shared([run_whole(family, run).lines[0] for run in family.runs])


def panels_scale(family: FamilyReport) -> str:
    """The scale of all steps in the small multiples of a family: ``log`` or ``linear``."""
    return panels_axis(family)[0]


def _shared(lines: Sequence[Line]) -> tuple[str, Range]:
    """The scale and the range that the runs of a page share."""
    ranges = value_ranges(with_evaluations(counting(lines)))
    scale = next(iter(ranges))
    return scale, ranges[scale]


def _on(plot: Plot, shared: tuple[str, Range]) -> Plot:
    scale, values = shared
    y = Axis(plot.y.title, scale, {scale: values})
    return Plot(plot.lines, plot.x, y, plot.bands, plot.words, _NOTHING[scale], raw=True)


def _thinned_raw(plot: Plot) -> Plot:
    """The same with the extremes of its raw losses only, in the width of a panel."""
    (line,) = plot.lines
    raw, bins = line.curve.mean, _PANEL_POINTS // 2
    if len(raw) <= 2 * bins:
        return plot
    kept = _extremes(raw, bins)
    curve = Drawn(line.curve.step[kept], raw[kept], raw[kept], raw[kept], whole=True)
    few = Line(line.id, line.label, line.short, curve, line.style, counts=line.counts)
    return Plot((few,), plot.x, plot.y, plot.bands, plot.words, plot.nothing, raw=True)


def _extremes(raw: FloatArray, bins: int) -> npt.NDArray[np.intp]:
    """Places of the minimum and the maximum of each of ``bins`` parts, and of one missing if any is."""
    kept: set[int] = {0, len(raw) - 1}
    for part in np.array_split(np.arange(len(raw)), bins):
        missing = np.isnan(raw[part])
        kept.update(part[missing][:1].tolist())
        if not missing.all():
            kept.update((int(part[np.nanargmin(raw[part])]), int(part[np.nanargmax(raw[part])])))
    return np.array(sorted(kept), dtype=np.intp)
