"""Curves -> Plotly traces: no more points than paper shows, and no spike lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen.curves.summary import Curve, Envelope
from reportgen.figures.style import fade, plain_array
from reportgen.kinds import FloatArray

__all__ = ["Drawn", "band", "drawn", "extent", "line"]

_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve as a figure shows it; NaN is missing.

    Attributes:
        step: (points,) int64, rising.
        mean: (points,) float64; all missing where only a range is drawn.
        low: (points,) float64, least value of each point's range.
        high: (points,) float64, greatest.
    """

    step: npt.NDArray[np.int64]
    mean: FloatArray
    low: FloatArray
    high: FloatArray


def drawn(curve: Curve | Envelope, *, log: bool, points: int = _MOST_POINTS) -> Drawn:
    """The curve with at most ``points`` points, each with the extremes of all that it stands for.

    Args:
        curve: What is to be drawn.
        log: On a log axis, where values of zero and below are missing.
        points: 2 or more.
    """
    kept = np.unique(
        np.linspace(0, len(curve.step) - 1, min(points, len(curve.step))).round().astype(np.intp)
    )
    starts = np.concatenate(([0], (kept[:-1] + kept[1:]) // 2 + 1))
    mean = curve.line[kept] if isinstance(curve, Curve) else np.full(len(kept), np.nan)
    return Drawn(
        curve.step[kept],
        _shown(mean, log),
        _shown(np.fmin.reduceat(_shown(curve.min, log), starts), log),
        _shown(np.fmax.reduceat(_shown(curve.max, log), starts), log),
    )


def extent(curves: Iterable[Drawn], within: tuple[float, float] | None = None) -> tuple[float, float] | None:
    """Least and greatest value of all curves, None where there is none.

    Args:
        curves: What a figure shows.
        within: First and last step that count, all by default.
    """
    first, last = within or (-np.inf, np.inf)
    values = [
        values[(curve.step >= first) & (curve.step <= last)]
        for curve in curves
        for values in (curve.mean, curve.low, curve.high)
    ]
    finite = np.concatenate([part[np.isfinite(part)] for part in values]) if values else np.empty(0)
    return (float(finite.min()), float(finite.max())) if len(finite) else None


def line(
    curve: Drawn, colour: str, *, width: float = 1.1, dash: str = "solid", **fields: Any
) -> dict[str, Any]:
    """The mean; missing values break the line, and a point between two gaps is a dot."""
    there = np.isfinite(curve.mean)
    beside = np.concatenate(([False], there[:-1])) | np.concatenate((there[1:], [False]))
    alone = there & ~beside
    trace = {
        "type": "scatter",
        "x": plain_array(curve.step),
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


def band(curve: Drawn, colour: str, opacity: float, **fields: Any) -> dict[str, Any]:
    """The range from ``low`` to ``high`` as an area, in pieces where values are missing.

    An area around the points, not two lines with a fill between: it has no outline to hide, and a gap
    in one of the lines cannot shift the other.
    """
    there = np.isfinite(curve.low) & np.isfinite(curve.high)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], there, [False]))))
    x: list[FloatArray] = []
    y: list[FloatArray] = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        step = curve.step[first:end].astype(np.float64)
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


def _shown(values: FloatArray, log: bool) -> FloatArray:
    return np.where(np.isfinite(values) & ((values > 0) | (not log)), values, np.nan)
