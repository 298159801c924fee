"""Thirty nights of each family's ranked metric, as small pictures for the index of nights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reportgen import notation, tables

__all__ = ["Trend", "trends"]

_WIDTH, _HEIGHT, _EDGE = 240.0, 36.0, 4.0
_LONG, _SHORT = 30, 10  # nights; fewer than the second fill a part of the width
_SPAN = 30.0  # Above this ratio of the largest to the smallest value the axis is logarithmic.
_MOST_FAMILIES = 40


class _Night(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def ranked(self) -> Mapping[str, tuple[str, float | None]]: ...


@dataclass(frozen=True, slots=True)
class Trend:
    """One family over the nights.

    Attributes:
        family: Its name.
        metric: What it ranks by, in words.
        latest: The newest value, in words.
        span: The lowest and the highest value, in words; one where they are the same.
        words: What the picture shows, for those who do not see it.
        lines: Points of the picture's lines, ``x,y x,y``; a night without a value parts them.
        dots: Centres of the picture's points: values without a neighbour, and the newest.
    """

    family: str
    metric: str
    latest: str
    span: str
    words: str
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]


def trends(nights: Sequence[_Night]) -> tuple[Trend, ...]:
    """The families of the newest night, over all nights that rank them by the same metric.

    Args:
        nights: Newest first.
    """
    if not nights:
        return ()
    found = []
    for family, (metric, _) in list(nights[0].ranked.items())[:_MOST_FAMILIES]:
        values = [_value(night, family, metric) for night in reversed(nights[:_LONG])]
        if any(value is not None for value in values):
            found.append(_trend(family, metric, values))
    return tuple(found)


def _value(night: _Night, family: str, metric: str) -> float | None:
    by, value = night.ranked.get(family, (metric, None))
    return value if by == metric and value is not None and math.isfinite(value) else None


def _trend(family: str, metric: str, values: Sequence[float | None]) -> Trend:
    known = [value for value in values if value is not None]
    form = notation.form_of(known)
    lowest, highest = min(known), max(known)
    scaled = lowest > 0 and highest / lowest > _SPAN
    step = (_WIDTH - 2 * _EDGE) / (max(_SHORT, len(values)) - 1)
    places = [
        None if value is None else (_EDGE + i * step, _height(value, known, scaled))
        for i, value in enumerate(values)
    ]
    pieces: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            pieces.append([])
        else:
            pieces[-1].append(place)
    title = tables.metric_title(metric)
    latest = values[-1]
    return Trend(
        family=family,
        metric=title,
        latest="none" if latest is None else form(latest),
        span=form(lowest) if lowest == highest else f"{form(lowest)} to {form(highest)}",
        words=f"{title} of {notation.count(len(known), 'night')}, from {form(lowest)} to {form(highest)}"
        + (", log axis" if scaled else ""),
        lines=tuple(" ".join(f"{x:.1f},{y:.1f}" for x, y in piece) for piece in pieces if len(piece) > 1),
        dots=tuple(piece[0] for piece in pieces if len(piece) == 1)
        + ((places[-1],) if places[-1] is not None and len(pieces[-1]) > 1 else ()),
    )


def _height(value: float, known: Sequence[float], scaled: bool) -> float:
    low, high, own = min(known), max(known), value
    if scaled:
        low, high, own = math.log(low), math.log(high), math.log(own)
    share = 0.5 if high == low else (own - low) / (high - low)
    return _HEIGHT - _EDGE - share * (_HEIGHT - 2 * _EDGE)
