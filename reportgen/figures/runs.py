"""Single runs: raw losses with the smoothed line on top, one figure a run or many runs in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen.figures.axes import LOSS, loss_axis, loss_axis_linear, step_axis, titled, whole
from reportgen.figures.frame import Frame, layout, note, pixels, sheet
from reportgen.figures.style import Figure, category, plain
from reportgen.figures.traces import Drawn, band, drawn, extent, line
from reportgen.kinds import FloatArray
from reportgen.report import RunReport

__all__ = ["run_linear", "run_log", "run_panels"]

_COLOUR = category(0, few=True).light
_RAW = "#9aa7b4"
_NOTHING = ("No finite loss", "No loss above zero")
"""What stands on an empty linear axis, and on an empty log axis."""
_RATIO = 0.45
_PANEL_TEXT_PX = 7 * 96 / 72
_PANEL_POINTS = 200

_Half = tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]
"""Traces, step axis and loss axis."""


def run_log(run: RunReport, width_mm: float = 178.0) -> Figure:
    """All steps, log axis: the range of raw losses as a band, the smoothed line on top.

    Args:
        run: The run.
        width_mm: Width on paper, at which text is 8 pt.
    """
    frame = sheet(width_mm, [], ratio=_RATIO)
    return _single(_all_steps(run, frame.plot_width, frame.plot_height), frame, _NOTHING[1])


def run_linear(run: RunReport, width_mm: float = 178.0) -> Figure:
    """The raw losses of the first steps, linear axis (see ``run_log``)."""
    frame = sheet(width_mm, [], ratio=_RATIO)
    return _single(_first_steps(run, frame.plot_width, frame.plot_height), frame, _NOTHING[0])


def run_panels(runs: Sequence[RunReport], width_mm: float = 178.0) -> Figure:
    """Small multiples: for each run its first raw losses, linear, and all steps, log, side by side.

    Losses of all runs share one scale on the log axes, so that runs compare at a glance.

    Args:
        runs: Those of one page, a dozen or so.
        width_mm: Width on paper, at which text is 7 pt.
    """
    width = pixels(width_mm)
    columns = min(2, len(runs))
    rows = -(-len(runs) // columns)
    left, gap, between, right = 36.0, 34.0, 52.0, 16.0
    title, plot_height, below = 19.0, 78.0, 21.0
    height = round(rows * (title + plot_height + below))
    cell = (width - left - right - between) / 2
    linear_width = round(0.3 * (cell - gap))
    log_width = cell - gap - linear_width

    shown = [drawn(run.summary.raw, log=True, points=_PANEL_POINTS) for run in runs]
    shared = extent(shown)
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    notes: list[dict[str, Any]] = []
    for i, run in enumerate(runs):
        row, column = divmod(i, columns)
        start = left + column * (cell + between)
        top = row * (title + plot_height + below) + title
        vertical = [1 - (top + plot_height) / height, 1 - top / height]
        halves = (
            (
                _first_steps(run, linear_width, plot_height, bins=_PANEL_POINTS // 2, tick_px=40),
                start,
                linear_width,
            ),
            (
                _all_steps(run, log_width, plot_height, points=_PANEL_POINTS, tick_px=44, shared=shared),
                start + linear_width + gap,
                log_width,
            ),
        )
        for half, ((traces, x_axis, y_axis), place, size) in enumerate(halves):
            number = 2 * i + half + 1
            suffix = "" if number == 1 else str(number)
            horizontal = [place / width, (place + size) / width]
            axes[f"xaxis{suffix}"] = x_axis | {"domain": horizontal, "anchor": f"y{suffix}"}
            axes[f"yaxis{suffix}"] = y_axis | {"domain": vertical, "anchor": f"x{suffix}"}
            data += [
                trace | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"} for trace in traces or [_nothing()]
            ]
            if not traces:
                notes.append(note(_NOTHING[half], f"x{suffix}", f"y{suffix}"))
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
    empty = {"l": 0.0, "r": 0.0, "t": 0.0, "b": 0.0}
    return {
        "data": data,
        "layout": layout(width, height, empty, text_px=_PANEL_TEXT_PX, annotations=notes, **axes),
    }


def _all_steps(
    run: RunReport,
    width: float,
    height: float,
    *,
    points: int = 400,
    tick_px: float = 62,
    shared: tuple[float, float] | None = None,
) -> _Half:
    """Traces and axes of all steps; losses over ``shared`` or over what the run needs."""
    raw = drawn(run.summary.raw, log=True, points=points)
    mean = drawn(run.summary.curve, log=True, points=points)
    found = extent([raw])
    # A band of single losses has no area, and would not be seen.
    single = np.array_equal(raw.low, raw.high, equal_nan=True)
    losses = line(Drawn(raw.step, raw.low, raw.low, raw.low), _RAW) if single else band(raw, _RAW, 0.75)
    traces = [losses, line(mean, _COLOUR)] if found else []
    x_axis = step_axis(*whole(run.summary.raw.steps), width, tick_px=tick_px)
    return traces, x_axis, loss_axis(*(shared or found or (0.1, 1.0)), height)


def _first_steps(
    run: RunReport, width: float, height: float, *, bins: int | None = None, tick_px: float = 62
) -> _Half:
    """Traces and axes of the first raw losses."""
    raw = np.where(np.isfinite(run.summary.raw_early), run.summary.raw_early, np.nan)
    step = np.arange(len(raw))
    if bins is not None and len(raw) > 2 * bins:
        kept = _extremes(raw, bins)
        step, raw = step[kept], raw[kept]
    curve = Drawn(step, raw, raw, raw)
    found = extent([curve])
    traces = [line(curve, _COLOUR, width=0.7)] if found else []
    x_axis = step_axis(*whole(len(run.summary.raw_early)), width, tick_px=tick_px)
    return traces, x_axis, loss_axis_linear(*(found or (0.0, 1.0)), height)


def _extremes(raw: FloatArray, bins: int) -> npt.NDArray[np.intp]:
    """Places of the least and the greatest value of each of ``bins`` parts, and of one missing if any is."""
    kept: set[int] = {0, len(raw) - 1}
    for part in np.array_split(np.arange(len(raw)), bins):
        missing = np.isnan(raw[part])
        kept.update(part[missing][:1].tolist())
        if not missing.all():
            kept.update((int(part[np.nanargmin(raw[part])]), int(part[np.nanargmax(raw[part])])))
    return np.array(sorted(kept), dtype=np.intp)


def _single(half: _Half, frame: Frame, nothing: str) -> Figure:
    traces, x_axis, y_axis = half
    return {
        "data": traces or [_nothing()],
        "layout": frame.layout(
            xaxis=titled(x_axis, "Training step"),
            yaxis=titled(y_axis, LOSS),
            annotations=[] if traces else [note(nothing)],
        ),
    }


def _nothing() -> dict[str, Any]:
    """A trace without a mark: Plotly draws no axes where there is no trace."""
    return {"type": "scatter", "x": [0], "y": [None], "mode": "lines", "hoverinfo": "skip"}
