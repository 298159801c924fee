"""A run's curve as it was and as it is, as a small picture in the news."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reportgen import notation
from reportgen.report import Report, RunReport

__all__ = ["HEIGHT", "WIDTH", "Lines", "Picture", "pictures"]

WIDTH, HEIGHT = 220, 48
_EDGE = 4.0
_SPAN = 30.0  # Above this ratio of the largest to the smallest value the axis is logarithmic.
_COLUMNS = 110  # Each keeps its first, lowest, highest and last value: no spike is lost.

_Point = tuple[float, float | None]
"""Step and value; None where there is none."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A curve in a picture.

    Attributes:
        lines: Points of its pieces, ``x,y x,y``; a missing value parts them.
        dots: Centres of values without a neighbour, and of the last one.
    """

    lines: tuple[Markup, ...]
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The old curve and the new one on the same axes.

    Attributes:
        words: What it shows, for those who do not see it.
        old: Of the baseline.
        new: Of this report.
    """

    words: str
    old: Lines
    new: Lines


def pictures(report: Report) -> dict[tuple[str, str], Picture]:
    """Family and run to its picture, of those runs whose old curve is known."""
    runs = {(family.name, run.spec.name): run for family in report.families for run in family.runs}
    made: dict[tuple[str, str], Picture] = {}
    for key, old in report.old_curves.items():
        before = list(zip(map(float, old.step), old.value, strict=True))
        picture = _picture(old.series, before, _points(runs[key], old.series))
        if picture is not None:
            made[key] = picture
    return made


def _points(run: RunReport, series: str) -> list[_Point]:
    curve = run.series[series].summary.curve
    steps, values = map(float, curve.step.tolist()), curve.mean.tolist()
    return [
        (step, value if math.isfinite(value) else None) for step, value in zip(steps, values, strict=True)
    ]


def _picture(series: str, old: Sequence[_Point], new: Sequence[_Point]) -> Picture | None:
    """None where one of the two has nothing to show."""
    known = [[value for _, value in points if value is not None] for points in (old, new)]
    if not all(known):
        return None
    every = [value for values in known for value in values]
    lowest, highest = min(every), max(every)
    scaled = lowest > 0 and highest / lowest > _SPAN
    scale: Callable[[float], float] = math.log if scaled else float
    low, high = scale(lowest), scale(highest)
    first = min(points[0][0] for points in (old, new))
    last = max(points[-1][0] for points in (old, new))

    def place(step: float, value: float) -> tuple[float, float]:
        across = 0.5 if last == first else (step - first) / (last - first)
        # Halves, since the whole span of two large values may be infinite.
        up = 0.5 if high == low else (scale(value) / 2 - low / 2) / (high / 2 - low / 2)
        return _EDGE + across * (WIDTH - 2 * _EDGE), HEIGHT - _EDGE - up * (HEIGHT - 2 * _EDGE)

    form = notation.form_of(every)
    ends = ["no finite value" if points[-1][1] is None else form(points[-1][1]) for points in (old, new)]
    axis = ", log axis" if scaled else ""
    words = f"{series} by step{axis}: pale as it was, to {ends[0]}; dark as it is, to {ends[1]}"
    return Picture(words, _lines(old, place), _lines(new, place))


def _lines(points: Sequence[_Point], place: Callable[[float, float], tuple[float, float]]) -> Lines:
    pieces = [[place(*point) for point in piece] for piece in _pieces(points)]
    kept = [list(_thinned(piece)) for piece in pieces]
    dots = [piece[0] for piece in kept if len(piece) == 1]
    if len(kept[-1]) > 1:
        dots.append(kept[-1][-1])
    # Numbers of our own, and so Markup: paper cuts long texts.
    lines = (Markup(" ".join(f"{x:.1f},{y:.1f}" for x, y in piece)) for piece in kept if len(piece) > 1)
    return Lines(tuple(lines), tuple(dots))


def _pieces(points: Iterable[_Point]) -> list[list[tuple[float, float]]]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for step, value in points:
        if value is not None:
            pieces[-1].append((step, value))
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _thinned(piece: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    columns: dict[int, list[int]] = {}
    for i, (x, _) in enumerate(piece):
        columns.setdefault(int(x * _COLUMNS / WIDTH), []).append(i)
    for own in columns.values():
        by_height = sorted(own, key=lambda i: piece[i][1])
        yield from (piece[i] for i in sorted({own[0], by_height[0], by_height[-1], own[-1]}))
