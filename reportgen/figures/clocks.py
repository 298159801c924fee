"""Where the steps of a run lie on other axes: its epochs, the tokens it has seen, the time it has trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from reportgen.curves.summary import Curve
from reportgen.figures.plot import Clock, Line, Range
from reportgen.kinds import FloatArray

__all__ = ["AGAINST", "clocks_of", "same_clocks", "with_clocks"]

AGAINST: Mapping[str, str] = MappingProxyType(
    {"epoch": "against epochs", "tokens": "against tokens", "time": "against the time of training"}
)
"""The axes that there may be, in the order in which they are offered, and how a caption says it."""

_TITLES = {"epoch": "Epoch", "tokens": "Tokens", "time": "Time of training"}
_UNITS = ((2 * 86_400.0, 86_400.0, "days"), (7_200.0, 3_600.0, "hours"), (120.0, 60.0, "minutes"))
"""Seconds from which on a time is told in a unit, its seconds, its name."""
_EXACT = 1 / 4_000
"""Part of an axis that a place may be off: less than a pixel."""


def clocks_of(curve: Curve) -> dict[str, Clock]:
    """The other axes of a curve, each as few of its points as tell where all are.

    One that falls back, or that holds fewer than two places, is none.
    """
    found = {}
    for name in AGAINST:
        if name not in curve.axes:
            continue
        there = np.isfinite(curve.axes[name])
        step, place = curve.step[there].astype(np.float64), curve.axes[name][there]
        if len(place) < 2 or np.any(np.diff(place) < 0) or place[0] == place[-1]:
            continue
        kept = _corners(step, place)
        found[name] = (tuple(step[kept].tolist()), tuple(place[kept].tolist()))
    return found


def _corners(step: FloatArray, place: FloatArray) -> list[int]:
    """Points between which all others lie on straight lines, as Douglas and Peucker choose them."""
    near = _EXACT * float(place[-1] - place[0])
    kept = {0, len(step) - 1}
    waiting = [(0, len(step) - 1)]
    while waiting:
        first, last = waiting.pop()
        ends = [first, last]
        away = np.abs(np.interp(step[first : last + 1], step[ends], place[ends]) - place[first : last + 1])
        farthest = first + int(np.argmax(away))
        if away.max() > near and first < farthest < last:
            kept.add(farthest)
            waiting += [(first, farthest), (farthest, last)]
    return sorted(kept)


def same_clocks(curves: Sequence[Curve]) -> dict[str, Clock]:
    """The other axes that curves have alike, so that a line of all of them has them too."""
    first, *others = [clocks_of(curve) for curve in curves]
    return {name: clock for name, clock in first.items() if all(one.get(name) == clock for one in others)}


def with_clocks(
    lines: Sequence[Line], unit: str = "step"
) -> tuple[list[Line], dict[str, Range], dict[str, str]]:
    """Lines with the other axes that all of them have, the axes' ranges and their titles.

    Args:
        lines: Of a figure.
        unit: What their steps count; an axis of the same is not offered twice.
    """
    shared = [name for name in AGAINST if name != unit and lines and all(name in one.clocks for one in lines)]
    titles = {name: _TITLES[name] for name in shared}
    seconds = 1.0
    if "time" in shared:
        longest = max(line.clocks["time"][1][-1] for line in lines)
        units = [(size, word) for least, size, word in _UNITS if longest >= least]
        seconds, word = units[0] if units else (1.0, "seconds")
        titles["time"] += f" ({word})"
    made = [
        replace(line, clocks={name: _in_units(line.clocks[name], seconds, name) for name in shared})
        for line in lines
    ]
    return made, {name: _range(made, name) for name in shared}, titles


def _in_units(clock: Clock, seconds: float, name: str) -> Clock:
    steps, places = clock
    return steps, tuple(place / seconds for place in places) if name == "time" else places


def _range(lines: Sequence[Line], name: str) -> Range:
    """From the first place that a line is drawn at to the last; from 0 where that is near."""
    ends = [np.interp([line.curve.step[0], line.curve.step[-1]], *line.clocks[name]) for line in lines]
    first, last = float(min(end[0] for end in ends)), float(max(end[1] for end in ends))
    start = 0.0 if 0 <= first <= 0.25 * last else first
    return (start, last) if last > start else (last - 0.5, last + 0.5)
