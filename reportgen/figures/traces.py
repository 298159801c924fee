"""Curves -> Plotly traces: no more points than paper shows, and no spike lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.figures.style import fade, plain_array
from reportgen.kinds import FloatArray, IntArray

__all__ = ["Drawn", "band", "joined", "line", "lone", "spike_lines", "thinned"]

_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve as a figure shows it; NaN is missing.

    Attributes:
        step: (points,) int64, rising.
        mean: (points,) float64; all missing where only a range is drawn.
        low: (points,) float64, the minimum of each point's range.
        high: (points,) float64, the maximum.
        whole: Every step from 0 to the last was logged.
    """

    step: IntArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    whole: bool = False


def joined(fine: Drawn | None, coarse: Drawn) -> Drawn:
    """Both curves as one, ``fine`` as far as it goes: for an axis that gives its beginning most room."""
    if fine is None or not len(fine.step):
        return coarse
    later = coarse.step > fine.step[-1]
    step, mean, low, high = (
        np.concatenate((getattr(fine, name), getattr(coarse, name)[later]))
        for name in ("step", "mean", "low", "high")
    )
    return Drawn(step, mean, low, high, coarse.whole)


def thinned(curve: Drawn, place: FloatArray, *, log: bool, points: int = _MOST_POINTS) -> Drawn:
    """The curve with about ``points`` points, each with the extremes of all that it stands for.

    Args:
        curve: What is to be drawn.
        place: (points,) float64, where its points stand on the axis; missing ones are left out.
        log: On a log axis of values, where zero and below are missing.
        points: 2 or more; they are spread evenly over the axis.
    """
    there = np.flatnonzero(np.isfinite(place))
    kept = there
    if len(there) > points:
        wanted = np.linspace(place[there[0]], place[there[-1]], points)
        kept = there[np.unique(np.searchsorted(place[there], wanted).clip(0, len(there) - 1))]
    starts = np.concatenate(([there[0]], (kept[:-1] + kept[1:]) // 2 + 1)) if len(kept) else kept
    low, high = _shown(curve.low, log), _shown(curve.high, log)
    return Drawn(
        curve.step[kept],
        _shown(curve.mean[kept], log),
        np.fmin.reduceat(low, starts) if len(kept) else low[kept],
        np.fmax.reduceat(high, starts) if len(kept) else high[kept],
        curve.whole,
    )


def line(
    curve: Drawn, place: FloatArray, colour: str, *, width: float = 1.1, dash: str = "solid", **fields: Any
) -> dict[str, Any]:
    """The mean; missing values break the line, and a point between two gaps is a dot."""
    there = np.isfinite(curve.mean)
    neighbours = np.concatenate(([False], there[:-1])) | np.concatenate((there[1:], [False]))
    alone = there & ~neighbours
    trace = {
        "type": "scatter",
        "x": plain_array(place),
        "y": plain_array(curve.mean),
        "mode": "lines",
        "line": {"color": colour, "width": width, "dash": dash},
        "hoverinfo": "skip",
        **fields,
    }
    if alone.any():
        sizes = np.where(alone, 4.0, 0.0)
        dots = {"color": colour, "size": plain_array(sizes), "opacity": 1, "line": {"width": 0}}
        trace |= {"mode": "lines+markers", "marker": dots}
    return trace


def band(curve: Drawn, place: FloatArray, colour: str, opacity: float, **fields: Any) -> dict[str, Any]:
    """The range from ``low`` to ``high`` as an area, in pieces where values are missing.

    An area around the points, not two lines with a fill between: it has no outline to hide, and a gap
    in one of the lines cannot shift the other.
    """
    there = np.isfinite(curve.low) & np.isfinite(curve.high)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], there, [False]))))
    x: list[FloatArray] = []
    y: list[FloatArray] = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        step = place[first:end].astype(np.float64)
        x += [step, step[::-1], np.array([np.nan])]
        y += [curve.low[first:end], curve.high[first:end][::-1], np.array([np.nan])]
    return {
        "type": "scatter",
        "x": plain_array(np.concatenate(x or [np.empty(0)])),
        "y": plain_array(np.concatenate(y or [np.empty(0)])),
        "mode": "none",
        "fill": "toself",
        "fillcolor": fade(colour, opacity),
        "hoverinfo": "skip",
        "showlegend": False,
        **fields,
    }


def lone(curve: Drawn, place: FloatArray, colour: str) -> list[dict[str, Any]]:
    """Ranges between two gaps, for which a band has no area: thin lines, dots where they are one value."""
    there = np.isfinite(curve.low) & np.isfinite(curve.high)
    near = np.concatenate(([False], there[:-1])) | np.concatenate((there[1:], [False]))
    found = there & ~near
    if not found.any():
        return []
    low, high = curve.low[found], curve.high[found]
    traces = [spike_lines(place[found], low, high, colour)]
    same = np.where(found & (curve.low == curve.high) & ~np.isfinite(curve.mean), curve.low, np.nan)
    if np.isfinite(same).any():
        traces.append(line(Drawn(curve.step, same, same, same), place, colour, showlegend=False))
    return traces


def spike_lines(place: FloatArray, foot: FloatArray, top: FloatArray, colour: str) -> dict[str, Any]:
    """A thin line for each spike, from the smoothed line up to the spike's value."""
    missing = np.full(len(place), np.nan)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": plain_array(np.stack((place, place, missing), 1).ravel()),
        "y": plain_array(np.stack((foot, top, missing), 1).ravel()),
        "line": {"color": fade(colour, 0.45), "width": 0.5},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _shown(values: FloatArray, log: bool) -> FloatArray:
    return np.where(np.isfinite(values) & ((values > 0) | (not log)), values, np.nan)
