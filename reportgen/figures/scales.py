"""Which part of the numbers a figure shows: axes follow the lines of runs that did not diverge."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import numpy as np

from reportgen.figures.plot import Line, Range
from reportgen.figures.traces import Drawn
from reportgen.kinds import FloatArray, IntArray

__all__ = ["counting", "last_shown", "log_range", "positions", "spread", "step_ranges", "value_ranges"]

_SPAN = 1.5
"""Powers of ten from which on lines are shown on a log axis."""
_SETTLED = 0.05
"""Share of a run's steps that a linear axis does not follow: its first losses would flatten the rest."""
_FAR = 10.0
"""A line that ends over so many times the median of all ends does not count."""
_UNEVEN = 10.0
"""From this ratio of the longest to the shortest run on, steps are shown on a log axis."""
_FROM_ZERO = 0.2
"""A linear axis starts at zero where its lowest value is no more than this part of its greatest."""
_ROOM = 0.03
_GREATEST = 1e300
_POWERS = 307.0
"""Powers of ten that a log axis reaches up and down: beyond them numbers lose digits, or are none."""


def counting(lines: Sequence[Line]) -> list[Line]:
    """The lines that axes follow: all, where none would be left.

    Lines of runs that diverged do not count, nor do those that end over 10 times the median end.
    """
    kept = [line for line in lines if line.counts]
    ends = [(line, end) for line in kept if (end := _end(line.curve)) is not None]
    if ends:
        middle = statistics.median(end for _, end in ends)
        far = [line for line, end in ends if middle > 0 and end > _FAR * middle]
        kept = [line for line in kept if line not in far]
    return kept or list(lines)


def _end(curve: Drawn) -> float | None:
    there = np.flatnonzero(np.isfinite(curve.mean))
    return float(curve.mean[there[-1]]) if len(there) else None


def value_ranges(
    lines: Sequence[Line], within: Range | None = None, *, settled: bool = True, bands: bool = False
) -> dict[str, Range]:
    """The ranges of a log and of a linear axis, the one that the lines need first.

    A log axis is there where a line has a value above zero, and comes first where the lines span more
    than 1.5 powers of ten.

    Args:
        lines: Those that count.
        within: First and last step that is shown, all by default.
        settled: Whether a linear axis leaves the first 5 % of each run's steps out.
        bands: Whether the bands count, as of single raw losses.
    """
    whole = _values(lines, within, bands=bands)
    late = _values(lines, within, after=_SETTLED if settled else 0.0, bands=bands)
    ranges: dict[str, Range] = {}
    linear = _linear(late if len(late) else whole)
    positive = whole[whole > 0]
    if len(positive):
        low, high = float(positive.min()), float(positive.max())
        log = log_range(low, high, _ROOM)
        if spread(whole) > _SPAN and len(positive) == len(whole):
            return {"log": log, "linear": linear}
        ranges["log"] = log
    return {"linear": linear} | ranges


def spread(values: FloatArray) -> float:
    """Powers of ten from the least to the greatest value; 0 where one is not above zero."""
    if not len(values) or values.min() <= 0:
        return 0.0
    return math.log10(float(values.max())) - math.log10(float(values.min()))


def _values(
    lines: Sequence[Line], within: Range | None, *, after: float = 0.0, bands: bool = False
) -> FloatArray:
    first, last = within or (-math.inf, math.inf)
    found = []
    for line in lines:
        step = line.curve.step
        start = step[0] + after * (step[-1] - step[0])
        inside = (step >= max(first, start)) & (step <= last)
        curves = [line.curve.mean, line.curve.low, line.curve.high] if bands else [line.curve.mean]
        if not np.isfinite(line.curve.mean).any():  # only a range is drawn
            curves = [line.curve.low, line.curve.high]
        found += [values[inside & np.isfinite(values)] for values in curves]
    return np.concatenate(found) if found else np.empty(0)


def log_range(low: float, high: float, room: float) -> Range:
    """From ``low`` to ``high``, with ``room`` at both ends, within what a log axis can show.

    Args:
        low: Above zero.
        high: No less.
        room: Part of the powers of ten between them; never so little that no tick falls into it.
    """
    start, end = math.log10(low), math.log10(high)
    margin = max(room * (end - start), 0.004)
    first = min(max(start - margin, -_POWERS), _POWERS - 2 * margin)
    last = max(min(end + margin, _POWERS), first + 2 * margin)
    return math.pow(10.0, first), math.pow(10.0, last)


def _linear(values: FloatArray) -> Range:
    if not len(values):
        return 0.0, 1.0
    low, high = float(np.clip(values.min(), -_GREATEST, _GREATEST)), float(min(values.max(), _GREATEST))
    if 0 <= low <= _FROM_ZERO * high:
        low = 0.0
    margin = 0.04 * (high - low) or 0.05 * abs(high) or 0.5
    return (low if low == 0 and high > 0 else low - margin), high + margin


def step_ranges(lines: Sequence[Line]) -> Mapping[str, Range]:
    """The ranges of an axis of steps, of their logarithm and of shares of each run; the usual one first.

    Where lengths differ more than tenfold that is the log axis, on which the short runs are seen too.
    The axis goes on to the last evaluation of a line, which is often later than its last logged loss.
    """
    firsts = [float(line.curve.step[0]) for line in lines]
    lasts = [last_shown(line) for line in lines]
    first, last = min(firsts, default=0.0), max(lasts, default=1.0)
    start = 0.0 if 0 <= first <= 0.25 * last else first
    if last <= start:
        start, last = last - 0.5, last + 0.5
    share_start = min((line.curve.step[0] / line.last for line in lines), default=0.0)
    share = (0.0 if share_start < 0.25 else math.floor(20 * share_start) / 20, 1.0)
    after_zero = [float(line.curve.step[line.curve.step > 0][0]) for line in lines if line.curve.step[-1] > 0]
    ranges: dict[str, Range] = {"step": (start, last), "share": share}
    if after_zero and last > 1:
        begin = max(min(after_zero), last / 1e6)
        log = {"log": (min(begin, last / 10), last)}
        shortest = min(lasts)
        if shortest > 0 and last > _UNEVEN * shortest:
            return log | ranges
        ranges |= log
    return ranges


def last_shown(line: Line) -> float:
    """Where a line or its evaluation ends."""
    last = last_place(line.curve)
    return last if line.evaluation is None else max(last, float(line.evaluation.step[-1]))


def last_place(curve: Drawn) -> float:
    """Where a curve ends: one place past the last of steps 0, 1, 2, ..., so that 40,000 end at a tick."""
    last = float(curve.step[-1])
    return last + 1 if curve.whole and last > 0 else last


def positions(step: FloatArray | IntArray, scale: str, last: float) -> FloatArray:
    """Steps as places of an axis: shares of the run on that scale; 0 is missing on a log axis."""
    places = np.asarray(step, dtype=np.float64)
    if scale == "share":
        return places / last
    return np.where(places > 0, places, np.nan) if scale == "log" else places
